"""Every diagnostic code, with what is true of it. A code's meaning never changes once released."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import Literal, TypeAlias

from seqdsl.source.frozen import frozen

# The names, for the type checker: it refuses one that is not here wherever a code is named.
CodeName: TypeAlias = Literal[
    "missing-file",
    "is-directory",
    "not-utf8",
    "empty-file",
    "unreadable-file",
    "file-too-large",
    "unknown-revision",
    "no-git",
    "other-kind",
    "syntax",
    "nesting",
    "integer-range",
    "unknown-allow",
    "idle-allow",
    "unknown-layer",
    "undefined-name",
    "unused-name",
    "shadowed-name",
    "duplicate-definition",
    "unknown-argument",
    "missing-argument",
    "duplicate-argument",
    "wrong-type",
    "recursion",
    "import-cycle",
    "missing-import",
    "import-outside",
    "unknown-attribute",
    "unknown-network",
    "unknown-convention",
    "duplicate-parameter",
    "unknown-type",
    "model-body",
    "output-name",
    "output-place",
    "idle-rule",
    "unused-import",
    "unknown-recipe",
    "train-place",
    "outer-it",
    "unnamed-setting",
    "near-output",
    "product-as-size",
    "odd-setting",
    "size-or-repeat",
    "channels-last",
    "foreign-order",
    "broken-requirement",
    "not-positive",
    "not-whole",
    "division-by-zero",
    "index-range",
    "groups-divide",
    "cuts-hierarchy",
    "ungrouped-window",
    "add-mismatch",
    "concat-mismatch",
    "kernel-too-large",
    "vector-operand",
    "pool-padding",
    "empty-window",
    "no-input",
    "input-again",
    "even-kernel",
    "no-output",
    "pad-width",
    "multiply-mismatch",
    "unread-layer",
    "whole-window",
    "single-group",
    "dead-branch",
    "bad-setting",
    "unread-pipe",
    "repeated-layer",
    "same-map",
    "padded-windows",
    "inner-softmax",
    "unwritable",
    "false-claim",
    "stage-output",
    "concat-width",
    "no-convention",
    "idle-tolerance",
    "wide-tolerance",
    "repeat-limit",
    "node-limit",
    "depth-limit",
    "import-limit",
    "time-limit",
    "weights-mismatch",
    "unreadable-weights",
    "backend",
    "unreadable-input",
    "no-graphviz",
    "ambiguous-weights",
    "name-map",
    "not-finite",
    "unwritable-output",
    "picture-too-large",
    "unreadable-schedule",
    "missing-weights",
    "bad-index",
    "idle-skip",
    "negative-variance",
    "no-head",
    "preprocessing",
    "missing-data",
    "unreadable-data",
    "unfit-data",
    "unfit-run",
    "other-network",
    "diverged",
    "missing-extra",
    "malformed-graph",
]


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


class ClaimFault(Enum):
    """What is wrong with a claim."""

    FALSE = "false"  # its figure; an edit anywhere in the network can cause or mend it
    WORDING = "wording"  # how it is written


@frozen
class Code:
    id: str  # stable: SEQ201
    name: CodeName  # readable: unknown-layer
    description: str
    severity: Severity = Severity.ERROR
    claim: ClaimFault | None = None  # of a claim: the network is the same without it
    usage: bool = False  # without a span, the command line is at fault: exit code 2
    whole_file: bool = False  # unknown where a syntax error hides a part of the file
    flow: bool = False  # about feature maps: unknown after a statement that is left out
    hides_names: bool = False  # names of a file that is not imported are unknown
    unknown_name: bool = False  # such a name
    unnecessary: bool = False  # about code without effect, which editors fade
    always_shown: bool = False  # a warning that no comment can allow
    argument: bool = False  # about an argument that a layer does not take as it is given
    internal: bool = False  # a mistake of ours, not of the source: exit code 70
    kernel: bool = False  # about a kernel's size: arguments may be in another framework's order

    @property
    def allowable(self) -> bool:
        """Whether a comment can suppress it: `# seqdsl: allow(SEQ203)`."""
        return self.severity is Severity.WARNING and not self.always_shown


_warning = partial(Code, severity=Severity.WARNING)
_usage = partial(Code, usage=True)
_flow = partial(Code, flow=True)
_false_claim = partial(Code, claim=ClaimFault.FALSE, whole_file=True)
_WORDING = ClaimFault.WORDING

CODES: tuple[Code, ...] = (
    # SEQ0xx: files
    _usage("SEQ001", "missing-file", "The file does not exist."),
    _usage("SEQ002", "is-directory", "A directory is given where a file is expected."),
    Code("SEQ003", "not-utf8", "The file is not UTF-8 text."),
    Code("SEQ004", "empty-file", "The file defines nothing."),
    _usage("SEQ005", "unreadable-file", "The file can't be read."),
    Code("SEQ006", "file-too-large", "The file is larger than a source may be."),
    _usage("SEQ007", "unknown-revision", "No git revision of this name exists."),
    _usage("SEQ008", "no-git", "There is no git, or no git repository, to read a revision from."),
    _usage("SEQ009", "other-kind", "The command does not take this kind of file."),
    # SEQ1xx: syntax
    Code("SEQ101", "syntax", "The text is not in the language's grammar."),
    Code("SEQ102", "nesting", "Brackets are nested deeper than the limit."),
    Code("SEQ103", "integer-range", "An integer does not fit into 64 bits."),
    _warning("SEQ104", "unknown-allow", "A comment allows what is no warning.", always_shown=True),
    _warning(
        "SEQ105",
        "idle-allow",
        "A comment allows a warning that is not given.",
        unnecessary=True,
        always_shown=True,
    ),
    # SEQ2xx: names, calls and imports
    Code(
        "SEQ201",
        "unknown-layer",
        "No layer of this name is defined or imported.",
        unknown_name=True,
    ),
    Code("SEQ202", "undefined-name", "No value of this name is in scope.", unknown_name=True),
    _warning(
        "SEQ203", "unused-name", "A named value is never read.", whole_file=True, unnecessary=True
    ),
    _warning("SEQ204", "shadowed-name", "A name hides another of the same spelling."),
    Code("SEQ205", "duplicate-definition", "Two definitions share a name."),
    Code("SEQ206", "unknown-argument", "The layer has no such parameter.", argument=True),
    _usage("SEQ207", "missing-argument", "A parameter without a default is not given."),
    Code("SEQ208", "duplicate-argument", "A parameter is given twice.", argument=True),
    Code("SEQ209", "wrong-type", "A value is of another type than is needed."),
    Code("SEQ210", "recursion", "A block contains itself."),
    Code("SEQ211", "import-cycle", "Files import one another in a circle.", hides_names=True),
    Code("SEQ212", "missing-import", "An imported file does not exist.", hides_names=True),
    Code("SEQ213", "import-outside", "An import leaves the project.", hides_names=True),
    Code("SEQ214", "unknown-attribute", "A value has no such attribute."),
    _usage(
        "SEQ215",
        "unknown-network",
        "No network or model of this name is in the file.",
        unknown_name=True,
    ),
    Code(
        "SEQ216",
        "unknown-convention",
        "No counting convention of this name exists.",
        claim=_WORDING,
    ),
    Code("SEQ217", "duplicate-parameter", "Two parameters share a name."),
    Code("SEQ218", "unknown-type", "No parameter type of this name exists."),
    Code("SEQ219", "model-body", "A model holds something other than claims and a recipe."),
    Code("SEQ220", "output-name", "An output's name is taken."),
    Code("SEQ221", "output-place", "An output is named outside of a network."),
    _warning(
        "SEQ222", "idle-rule", "A rule of a derived network replaces nothing.", whole_file=True
    ),
    _warning(
        "SEQ223",
        "unused-import",
        "Nothing of an imported file is used.",
        whole_file=True,
        unnecessary=True,
    ),
    _usage("SEQ224", "unknown-recipe", "No recipe of this name exists, or no such setting of one."),
    Code("SEQ225", "train-place", "A recipe stands outside of a network."),
    _warning("SEQ226", "outer-it", "`it` in a pipeline is easily taken for what is piped in."),
    Code("SEQ227", "unnamed-setting", "A setting is given without its name.", argument=True),
    _warning("SEQ228", "near-output", "An output has almost the name of a value or stage."),
    Code("SEQ229", "product-as-size", "A product of two numbers is given where a size is needed."),
    _warning("SEQ230", "odd-setting", "A setting has a value that no network is known to have."),
    _warning("SEQ231", "size-or-repeat", "A repeat of a layer reads like a size."),
    _warning("SEQ236", "channels-last", "An input's channels seem to come last."),
    _warning("SEQ237", "foreign-order", "Numbers seem to be in another framework's order."),
    # SEQ3xx: values and shapes
    Code("SEQ301", "broken-requirement", "A `require` does not hold."),
    Code("SEQ302", "not-positive", "A width, size or count is zero or negative."),
    Code("SEQ303", "not-whole", "A division leaves a remainder where a whole number is needed."),
    Code("SEQ304", "division-by-zero", "A division by zero."),
    Code("SEQ305", "index-range", "An index or a range is outside what it indexes."),
    _flow("SEQ306", "groups-divide", "Channels can't be divided into so many groups."),
    _flow("SEQ307", "cuts-hierarchy", "A grouped convolution cuts across the group hierarchy."),
    _flow("SEQ308", "ungrouped-window", "A window needs groups that its input does not have."),
    _flow("SEQ309", "add-mismatch", "Feature maps of different shapes are added or averaged."),
    _flow("SEQ310", "concat-mismatch", "Feature maps of different sizes are concatenated."),
    _flow("SEQ311", "kernel-too-large", "A kernel does not fit into its input.", kernel=True),
    _flow("SEQ312", "vector-operand", "A vector stands where a feature map is needed."),
    Code("SEQ313", "pool-padding", "The padding is more than half of a pooling window."),
    Code("SEQ314", "empty-window", "A window sees no group."),
    Code("SEQ315", "no-input", "A layer stands before the network's input.", whole_file=True),
    Code("SEQ316", "input-again", "A network has one input, and it comes first."),
    Code("SEQ317", "even-kernel", "An even kernel has no symmetric padding.", kernel=True),
    Code("SEQ318", "no-output", "A network has no layers.", whole_file=True),
    _flow("SEQ319", "pad-width", "Channels are padded to a width below their number."),
    _flow("SEQ320", "multiply-mismatch", "Feature maps are multiplied that don't fit."),
    _warning("SEQ321", "unread-layer", "No output reads what a layer gives.", whole_file=True),
    _warning(
        "SEQ322", "whole-window", "A window sees every group, as `all` does.", whole_file=True
    ),
    _warning("SEQ323", "single-group", "An aggregation makes one group only.", whole_file=True),
    _warning(
        "SEQ324", "dead-branch", "A condition or a repeat is always the same.", unnecessary=True
    ),
    _usage("SEQ325", "bad-setting", "A recipe can't have this value for a setting."),
    Code("SEQ331", "unread-pipe", "A layer doesn't read what is piped into it."),
    _warning(
        "SEQ332",
        "repeated-layer",
        "A batch norm follows `conv`, which has its own.",
        whole_file=True,
    ),
    _warning("SEQ333", "same-map", "A feature map is added to itself."),
    _warning("SEQ334", "padded-windows", "Windows of a convolution hold nothing but padding."),
    _warning("SEQ335", "inner-softmax", "A layer reads what a softmax gives.", whole_file=True),
    Code("SEQ330", "unwritable", "The network can't be written as a plain source."),
    # SEQ4xx: claims
    _false_claim("SEQ401", "false-claim", "A claimed number is not what the network computes to."),
    _false_claim("SEQ402", "stage-output", "A stage's output is not what it claims."),
    _false_claim("SEQ403", "concat-width", "A concatenation's width is not what it claims."),
    _warning("SEQ404", "no-convention", "FLOPs are claimed without a convention.", claim=_WORDING),
    _warning(
        "SEQ405",
        "idle-tolerance",
        "A claim holds without its tolerance.",
        claim=_WORDING,
        whole_file=True,
    ),
    _warning(
        "SEQ406",
        "wide-tolerance",
        "A claim's tolerance lets almost any number hold.",
        claim=_WORDING,
    ),
    # SEQ5xx: limits
    Code("SEQ501", "repeat-limit", "A repeat is longer than the limit."),
    Code("SEQ502", "node-limit", "The network has more nodes than the limit."),
    Code("SEQ503", "depth-limit", "Blocks expand deeper than the limit."),
    Code("SEQ504", "import-limit", "More files are imported than the limit.", hides_names=True),
    Code("SEQ505", "time-limit", "Compiling takes longer than the limit."),
    # SEQ6xx: building and running
    _usage("SEQ601", "weights-mismatch", "A checkpoint does not fit the network."),
    _usage("SEQ602", "unreadable-weights", "A checkpoint can't be read safely."),
    Code("SEQ603", "backend", "A backend refused the network."),
    _usage("SEQ604", "unreadable-input", "An image or array can't be read."),
    _usage("SEQ605", "no-graphviz", "No Graphviz engine is here to lay a picture out."),
    Code("SEQ606", "ambiguous-weights", "A checkpoint fits the network in more than one way."),
    _usage("SEQ607", "name-map", "A name map can't be read, or names what is not there."),
    Code("SEQ608", "not-finite", "Weights, an input or an output hold NaN or infinity."),
    _usage("SEQ609", "unwritable-output", "The output can't be written."),
    Code("SEQ610", "picture-too-large", "A picture has more in it than can be laid out and read."),
    _usage(
        "SEQ611", "unreadable-schedule", "A file of schedules can't be read, or fits no network."
    ),
    _usage(
        "SEQ612", "missing-weights", "A checkpoint lacks the kind of weights that is asked for."
    ),
    _usage("SEQ613", "bad-index", "An index of a checkpoint in several files can't be used."),
    _usage("SEQ614", "idle-skip", "A pattern of --skip matches no key of the checkpoint."),
    Code("SEQ615", "negative-variance", "A running variance of a batch norm is below zero."),
    _usage("SEQ616", "no-head", "The network has no classifier that --head new could initialise."),
    _usage("SEQ617", "preprocessing", "How an input is made can't be read, or fits no network."),
    # SEQ7xx: training
    _usage("SEQ701", "missing-data", "A data set is not where it is looked for."),
    _usage("SEQ702", "unreadable-data", "A file of a data set can't be read."),
    _usage("SEQ703", "unfit-data", "A data set does not fit the network or the recipe."),
    _usage("SEQ704", "unfit-run", "A run can't be begun or resumed so, or in this folder."),
    _usage("SEQ705", "other-network", "A run is of another network than the one given."),
    Code("SEQ706", "diverged", "A loss or a weight is NaN or infinite."),
    _usage("SEQ707", "missing-extra", "A library that a command needs is not installed."),
    # SEQ9xx: mistakes of seqdsl itself
    Code(
        "SEQ901",
        "malformed-graph",
        "A pass of the compiler made a graph that is malformed.",
        internal=True,
    ),
)

BY_NAME: dict[CodeName, Code] = {code.name: code for code in CODES}
BY_ID: dict[str, Code] = {code.id: code for code in CODES}
_BY_WORD: dict[str, Code] = {word: code for code in CODES for word in (code.id, code.name)}


def find_code(word: str) -> Code | None:
    """Return the code with this id or name, in upper or lower case; None where there is none."""
    return _BY_WORD.get(word.upper()) or _BY_WORD.get(word.lower())

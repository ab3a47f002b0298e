"""Every diagnostic code, a line each. A code's meaning never changes once released."""

from __future__ import annotations

from enum import Enum

from seqdsl.source.frozen import frozen


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@frozen
class Code:
    id: str  # stable: SEQ201
    name: str  # readable: unknown-layer
    description: str
    severity: Severity = Severity.ERROR


_WARNING = Severity.WARNING

CODES: tuple[Code, ...] = (
    # SEQ0xx: files
    Code("SEQ001", "missing-file", "The file does not exist."),
    Code("SEQ002", "is-directory", "A directory stands where a file is expected."),
    Code("SEQ003", "not-utf8", "The file is not UTF-8 text."),
    Code("SEQ004", "empty-file", "The file defines nothing."),
    Code("SEQ005", "unreadable-file", "The file can't be read."),
    Code("SEQ006", "file-too-large", "The file is larger than a source may be."),
    Code("SEQ007", "unknown-revision", "No git revision of this name exists."),
    Code("SEQ008", "no-git", "There is no git, or no git repository, to read a revision from."),
    Code("SEQ009", "other-kind", "The file is of another kind than the command takes."),
    # SEQ1xx: syntax
    Code("SEQ101", "syntax", "The text is not in the language's grammar."),
    Code("SEQ102", "nesting", "Brackets are nested deeper than the limit."),
    Code("SEQ103", "integer-range", "An integer does not fit into 64 bits."),
    Code("SEQ104", "unknown-allow", "A comment allows what is no warning.", _WARNING),
    Code("SEQ105", "idle-allow", "A comment allows a warning that is not given.", _WARNING),
    # SEQ2xx: names, calls and imports
    Code("SEQ201", "unknown-layer", "No layer of this name is defined or imported."),
    Code("SEQ202", "undefined-name", "No value of this name is in scope."),
    Code("SEQ203", "unused-name", "A named value is never read.", _WARNING),
    Code("SEQ204", "shadowed-name", "A name hides another of the same spelling.", _WARNING),
    Code("SEQ205", "duplicate-definition", "Two definitions share a name."),
    Code("SEQ206", "unknown-argument", "The layer has no such parameter."),
    Code("SEQ207", "missing-argument", "A parameter without a default is not given."),
    Code("SEQ208", "duplicate-argument", "A parameter is given twice."),
    Code("SEQ209", "wrong-type", "A value is of another type than is needed."),
    Code("SEQ210", "recursion", "A block contains itself."),
    Code("SEQ211", "import-cycle", "Files import one another in a circle."),
    Code("SEQ212", "missing-import", "An imported file does not exist."),
    Code("SEQ213", "import-outside", "An import leaves the project."),
    Code("SEQ214", "unknown-attribute", "A value has no such attribute."),
    Code("SEQ215", "unknown-network", "No network or model of this name is in the file."),
    Code("SEQ216", "unknown-convention", "No counting convention of this name exists."),
    Code("SEQ217", "duplicate-parameter", "Two parameters share a name."),
    Code("SEQ218", "unknown-type", "No parameter type of this name exists."),
    Code("SEQ219", "model-body", "A model holds something other than claims and a recipe."),
    Code("SEQ220", "output-name", "An output's name is taken."),
    Code("SEQ221", "output-place", "An output is named outside of a network."),
    Code("SEQ222", "idle-rule", "A rule of a derived network replaces nothing.", _WARNING),
    Code("SEQ223", "unused-import", "Nothing of an imported file is used.", _WARNING),
    Code("SEQ224", "unknown-recipe", "No recipe of this name exists, or no such setting of one."),
    Code("SEQ225", "train-place", "A recipe stands outside of a network."),
    Code(
        "SEQ226", "outer-it", "`it` in a pipeline is easily taken for what is piped in.", _WARNING
    ),
    Code("SEQ227", "unnamed-setting", "A setting is given without its name."),
    Code("SEQ228", "near-output", "An output has almost the name of a value or stage.", _WARNING),
    Code("SEQ229", "product-as-size", "A product of two numbers is given where a size is needed."),
    Code(
        "SEQ230", "odd-setting", "A setting has a value that no network is known to have.", _WARNING
    ),
    Code("SEQ231", "size-or-repeat", "A repeat of a layer reads like a size.", _WARNING),
    Code("SEQ236", "channels-last", "An input's channels seem to come last.", _WARNING),
    Code("SEQ237", "foreign-order", "Numbers seem to be in another framework's order.", _WARNING),
    # SEQ3xx: values and shapes
    Code("SEQ301", "broken-requirement", "A `require` does not hold."),
    Code("SEQ302", "not-positive", "A width, size or count is zero or negative."),
    Code("SEQ303", "not-whole", "A division leaves a remainder where a whole number is needed."),
    Code("SEQ304", "division-by-zero", "A division by zero."),
    Code("SEQ305", "index-range", "An index or a range is outside what it indexes."),
    Code("SEQ306", "groups-divide", "Channels can't be divided into so many groups."),
    Code("SEQ307", "cuts-hierarchy", "A grouped convolution cuts across the group hierarchy."),
    Code("SEQ308", "ungrouped-window", "A window needs groups that its input does not have."),
    Code("SEQ309", "add-mismatch", "Feature maps of different shapes are added or averaged."),
    Code("SEQ310", "concat-mismatch", "Feature maps of different sizes are concatenated."),
    Code("SEQ311", "kernel-too-large", "A kernel does not fit into its input."),
    Code("SEQ312", "vector-operand", "A vector stands where a feature map is needed."),
    Code("SEQ313", "pool-padding", "The padding is more than half of a pooling window."),
    Code("SEQ314", "empty-window", "A window sees no group."),
    Code("SEQ315", "no-input", "A layer stands before the network's input."),
    Code("SEQ316", "input-again", "A network has one input, and it comes first."),
    Code("SEQ317", "even-kernel", "An even kernel has no symmetric padding."),
    Code("SEQ318", "no-output", "A network has no layers."),
    Code("SEQ319", "pad-width", "Channels are padded to a width below their number."),
    Code("SEQ320", "multiply-mismatch", "Feature maps are multiplied that don't fit."),
    Code("SEQ321", "unread-layer", "No output reads what a layer gives.", _WARNING),
    Code("SEQ322", "whole-window", "A window sees every group, as `all` does.", _WARNING),
    Code("SEQ323", "single-group", "An aggregation makes one group only.", _WARNING),
    Code("SEQ324", "dead-branch", "A condition or a repeat is always the same.", _WARNING),
    Code("SEQ325", "bad-setting", "A recipe can't have this value for a setting."),
    Code("SEQ331", "unread-pipe", "A layer doesn't read what is piped into it."),
    Code("SEQ332", "repeated-layer", "A batch norm follows `conv`, which has its own.", _WARNING),
    Code("SEQ333", "same-map", "A feature map is added to itself.", _WARNING),
    Code(
        "SEQ334", "padded-windows", "Windows of a convolution hold nothing but padding.", _WARNING
    ),
    Code("SEQ335", "inner-softmax", "A layer reads what a softmax gives.", _WARNING),
    Code("SEQ330", "unwritable", "The network can't be written as a plain source."),
    # SEQ4xx: claims
    Code("SEQ401", "false-claim", "A claimed number is not what the network computes to."),
    Code("SEQ402", "stage-output", "A stage's output is not what it claims."),
    Code("SEQ403", "concat-width", "A concatenation's width is not what it claims."),
    Code("SEQ404", "no-convention", "FLOPs are claimed without a convention.", _WARNING),
    Code("SEQ405", "idle-tolerance", "A claim holds without its tolerance.", _WARNING),
    Code("SEQ406", "wide-tolerance", "A claim's tolerance lets almost any number hold.", _WARNING),
    # SEQ5xx: limits
    Code("SEQ501", "repeat-limit", "A repeat is longer than the limit."),
    Code("SEQ502", "node-limit", "The network has more nodes than the limit."),
    Code("SEQ503", "depth-limit", "Blocks expand deeper than the limit."),
    Code("SEQ504", "import-limit", "More files are imported than the limit."),
    Code("SEQ505", "time-limit", "Compiling takes longer than the limit."),
    # SEQ6xx: building and running
    Code("SEQ601", "weights-mismatch", "A checkpoint does not fit the network."),
    Code("SEQ602", "unreadable-weights", "A checkpoint can't be read safely."),
    Code("SEQ603", "backend", "A backend refused the network."),
    Code("SEQ604", "unreadable-input", "An image or array can't be read."),
    Code("SEQ605", "no-graphviz", "No Graphviz engine is here to lay a picture out."),
    Code("SEQ606", "ambiguous-weights", "A checkpoint fits the network in more than one way."),
    Code("SEQ607", "name-map", "A name map can't be read, or names what is not there."),
    Code("SEQ608", "not-finite", "Weights, an input or an output hold NaN or infinity."),
    Code("SEQ609", "unwritable-output", "The output can't be written."),
    Code("SEQ610", "picture-too-large", "A picture has more in it than can be laid out and read."),
    Code("SEQ611", "unreadable-schedule", "A file of schedules can't be read, or fits no network."),
    Code("SEQ612", "missing-weights", "A checkpoint lacks the kind of weights that is asked for."),
    Code("SEQ613", "bad-index", "An index of a checkpoint in several files can't be used."),
    Code("SEQ614", "idle-skip", "A pattern of --skip matches no key of the checkpoint."),
    Code("SEQ615", "negative-variance", "A running variance of a batch norm is below zero."),
    Code("SEQ616", "no-head", "The network has no classifier that --head new could initialise."),
    Code("SEQ617", "preprocessing", "How an input is made can't be read, or fits no network."),
    # SEQ7xx: training
    Code("SEQ701", "missing-data", "A data set is not where it is looked for."),
    Code("SEQ702", "unreadable-data", "A file of a data set can't be read."),
    Code("SEQ703", "unfit-data", "A data set does not fit the network or the recipe."),
    Code("SEQ704", "unfit-run", "A run can't be begun or resumed so, or in this folder."),
    Code("SEQ705", "other-network", "A run is of another network than the one given."),
    Code("SEQ706", "diverged", "A loss or a weight is NaN or infinite."),
    Code("SEQ707", "missing-extra", "A library that a command needs is not installed."),
    # SEQ9xx: mistakes of seqdsl itself
    Code("SEQ901", "malformed-graph", "A pass of the compiler made a graph that is malformed."),
)

BY_NAME: dict[str, Code] = {code.name: code for code in CODES}
BY_ID: dict[str, Code] = {code.id: code for code in CODES}

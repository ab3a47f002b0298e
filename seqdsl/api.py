"""The Python API: a few names that do what the commands do."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from seqdsl.graph.network import Network
from seqdsl.graph.scope import ScopeKind
from seqdsl.passes.check import check_program, expand_checked, settled, without_shared_fixes
from seqdsl.passes.coverage import Coverage, coverage
from seqdsl.passes.schedule.strategy import OF_TORCH, STRATEGIES, Strategy
from seqdsl.passes.vet import vetted
from seqdsl.semantic.compile import (
    Instance,
    choose,
    unique,
)
from seqdsl.semantic.compile import (
    expand as _expand,
)
from seqdsl.semantic.expansion.given import Argument
from seqdsl.semantic.expansion.recorder import Recorder
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.semantic.names.reading import DISK, Files, read_stdin
from seqdsl.semantic.rules import LATE_RULES, check_rules
from seqdsl.source.codes import BY_NAME
from seqdsl.source.diagnostic import CompileError, Diagnostic, Failure, Label, has_errors
from seqdsl.source.limits import LIMITS
from seqdsl.source.meter import metered
from seqdsl.source.text import Source
from seqdsl.source.timing import stage
from seqdsl.syntax import ast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import onnx
    import torch

    from seqdsl.backends.inputs.preprocessing import Preprocessing
    from seqdsl.backends.weights.recorded import Recorded


def load(path: str | Path, network: str | None = None, **params: Argument) -> Network:
    """Compiles one network of a `.seq` file.

    ``network`` names a network or model where the file has several; ``params`` bind its
    parameters, as ``-D`` does, and every number exactly: 0.1 is one tenth. Raises `CompileError`
    with every diagnostic of the file that is an error, false claims included; TypeError for a
    parameter that is no value of the language.
    """
    instance, diagnostics = load_instance(path, network, params)
    if has_errors(diagnostics) or instance is None or instance.network is None:
        raise CompileError(diagnostics)
    return instance.network


@metered()
def load_instance(
    path: str | Path,
    network: str | None = None,
    params: Mapping[str, Argument] | None = None,
    revision: str | None = None,
) -> tuple[Instance | None, list[Diagnostic]]:
    """One network of a file, and all that is to be said about the file and about it."""
    try:
        program = read_program(path, revision)
    except Failure as failure:
        return None, [failure.diagnostic]
    return _one(program, network, params or {})


def _one(
    program: Program, network: str | None, params: Mapping[str, Argument]
) -> tuple[Instance | None, list[Diagnostic]]:
    """One network of a program, and the findings, with those of their fixes that mend them."""
    instance, found = _unvetted(program, network, params)
    return instance, vetted(program, found, lambda copy: _unvetted(copy, network, params)[1])


def _unvetted(
    program: Program, network: str | None, params: Mapping[str, Argument]
) -> tuple[Instance | None, list[Diagnostic]]:
    diagnostics = [*program.diagnostics, *check_rules(program)]
    try:
        definition = choose(program, network)
        _require_arguments(definition, params, program)
    except Failure as failure:
        # what can't be read may define what is missed
        unread = has_errors(diagnostics)
        return None, diagnostics if unread else [*diagnostics, failure.diagnostic]
    instance = expand_checked(program, definition, params)
    late = check_rules(program, LATE_RULES)
    own = without_shared_fixes(instance.diagnostics, program, definition)
    found = [*diagnostics, *own, *late]
    return instance, settled(found, program, whole=False)


def _require_arguments(
    definition: ast.Buildable, params: Mapping[str, Argument], program: Program
) -> None:
    """Raises `Failure` where a template is called for, and a parameter of it is left open."""
    if isinstance(definition, ast.Model):
        return
    missing = [p.name for p in definition.parameters if p.default is None and p.name not in params]
    if not missing:
        return
    models = [model.name for model in program.root.networks if isinstance(model, ast.Model)]
    otherwise = f", or choose a model: {', '.join(models)}" if models else ""
    raise Failure(
        Diagnostic(
            BY_NAME["missing-argument"],
            f"`{definition.name}` is a template, and no {', '.join(missing)} is given",
            None,
            help=f"give {' '.join(f'-D {name}=...' for name in missing)}{otherwise}",
            name=program.root.syntax.source.name,
            in_python=f"give {', '.join(f'{name}=...' for name in missing)}{otherwise}",
        )
    )


def check(path: str | Path) -> list[Diagnostic]:
    """Everything that is to be said about a file and every network that it builds."""
    return check_file(path)[1]


@metered()
def check_file(
    path: str | Path, revision: str | None = None
) -> tuple[list[Instance], list[Diagnostic]]:
    """Every network that a file builds, and all that is to be said about them."""
    try:
        program = read_program(path, revision)
    except Failure as failure:
        return [], [failure.diagnostic]
    return _all(program)


def _all(program: Program) -> tuple[list[Instance], list[Diagnostic]]:
    """Every network of a program, and the findings, with those of their fixes that mend them."""
    built, found = check_program(program)
    return built, vetted(program, found, lambda copy: check_program(copy)[1])


@metered()
def survey(
    path: str | Path, network: str | None = None, params: Mapping[str, Argument] | None = None
) -> tuple[Coverage, list[Diagnostic]]:
    """What a check of a file looks at, and all that is to be said about it.

    It builds every network of the file, or the one that a name and parameters describe.
    """
    try:
        program = read_program(path)
    except Failure as failure:
        return Coverage(), [failure.diagnostic]
    if network is None and not params:
        built, found = _all(program)
        return coverage(program, built, picked=False, void=False), found
    instance, found = _one(program, network, params or {})
    one = [] if instance is None else [instance]
    return coverage(program, one, picked=True, void=bool(params)), found


def expand(path: str | Path, network: str | None = None, **params: Argument) -> str:
    """Write one network of a file as a plain source, with every parameter bound.

    Loops and conditions are worked out, and the layers of a derived network are in their places;
    only groups of an aggregation that differ are told apart by its index. The source compiles to
    the same graph, node for node, under the same names, which is checked here. Raises
    `CompileError`.
    """
    text, diagnostics = expand_plainly(path, network, params)
    if text is None:
        raise CompileError(diagnostics)
    return text


def expand_plainly(
    path: str | Path, network: str | None, params: Mapping[str, Argument]
) -> tuple[str | None, list[Diagnostic]]:
    """The text that `expand` writes, or None and why, of parameters that may be called what its
    own are.
    """
    from seqdsl.semantic.writing import Unwritable, plain_sources  # no other command needs it

    try:
        program = read_program(path)
        definition = choose(program, network)
        _require_arguments(definition, params, program)
    except Failure as failure:
        return None, [failure.diagnostic]
    recorder = Recorder()
    instance = _expand(program, definition, params, recorder)
    found = [*program.diagnostics, *check_rules(program), *instance.diagnostics]
    if has_errors(found) or instance.network is None:
        return None, unique(found)
    try:
        for text in plain_sources(program, instance.network, recorder):
            if len(text.encode()) > (most := LIMITS.get().bytes):
                raise Unwritable(f"it would be longer than the {most:,} bytes of a source")
            if _is_of(text, instance.network):
                return text, []
        raise Unwritable("what would be written compiles to another graph")
    except Unwritable as reason:
        message = f"`{instance.name}` can't be written as a plain source: {reason}"
        where = Label(definition.name_span, "this network")
        return None, [Diagnostic(BY_NAME["unwritable"], message, where)]


def _is_of(text: str, network: Network) -> bool:
    """Whether a source compiles to the graph of a network: its nodes, their names and scopes."""
    from seqdsl.graph.dump import dump

    program = load_program(Source("<expanded>", text), None)
    if has_errors([*program.diagnostics, *check_rules(program)]):
        return False
    instance = _expand(program, choose(program, None))
    again = instance.network
    return (
        again is not None
        and not has_errors(instance.diagnostics)
        and dump(again) == dump(network)
        and _places(again) == _places(network)
    )


def _places(network: Network) -> list[tuple[str, tuple[ScopeKind, ...]]]:
    return [(node.path, tuple(s.kind for s in node.scope.ancestry())) for node in network.nodes]


def read_program(path: str | Path, revision: str | None = None) -> Program:
    """Reads a file, or standard input for ``-``, and what it uses. Raises `Failure`.

    With a revision, both are read as git has them there.
    """
    with stage("read"):
        if str(path) == "-":
            return load_program(read_stdin(), None)
        files: Files = DISK if revision is None else _revision(revision, Path(path))
        return load_program(files.read(Path(path), str(path)), Path(path), files)


def _revision(name: str, near: Path) -> Files:
    from seqdsl.semantic.names.revision import Revision  # git is for those who ask for it

    return Revision(name, near)


def to_torch(
    network: Network,
    mode: str = "training",
    *,
    schedule: str = "auto",
    recompute: bool = False,
    state_dict: Mapping[str, torch.Tensor] | None = None,
) -> torch.nn.Module:
    """The network as a live module: float32 ``[batch, C, H, W]`` in, logits out; where the
    source names further outputs, a tuple of the logits and those.

    ``mode="training"`` is initialised as section 4.2 says, and is the source that ``build``
    writes, loaded; ``"inference"`` is in evaluation mode, without gradients, with batch norms
    folded. ``state_dict`` is one of a module for training, or a checkpoint that holds one.
    ``schedule`` says how layers of groups are computed: ``"gather"`` as the equations say,
    ``"auto"`` as runs fastest. With ``recompute`` the backward pass keeps less, and computes it
    again. Raises `CompileError` where a state_dict does not fit, or weights are more than memory
    holds; ValueError for another word.
    """
    from seqdsl.backends.torch.execution import Execution
    from seqdsl.backends.torch.inference import to_inference
    from seqdsl.backends.torch.module import to_training

    if mode not in ("training", "inference"):
        raise ValueError(f"mode is 'training' or 'inference', not {mode!r}")
    strategy = _strategy(schedule)
    if strategy not in OF_TORCH:
        raise ValueError(f"PyTorch has no schedule {schedule!r}: take 'auto' or 'gather'")
    if recompute and (mode == "inference" or strategy is Strategy.GATHER):
        raise ValueError("recompute is of mode 'training' and schedule 'auto'")
    execution = Execution(strategy, recompute)
    make = to_training if mode == "training" else to_inference
    try:
        return make(network, state_dict, execution)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None


def to_onnx(
    network: Network,
    state_dict: Mapping[str, np.ndarray | torch.Tensor] | None = None,
    *,
    schedule: str = "auto",
    batch: int = 1,
    preprocessing: Preprocessing | Mapping[str, object] | str | None = None,
    classes: Sequence[str] | None = None,
) -> onnx.ModelProto:
    """The network as an ONNX model for inference: batch norms folded, a dynamic batch axis.

    ``state_dict`` has the keys of `to_torch`'s module; without one the weights are initialised
    as section 4.2 says. ``schedule`` says how layers of groups are computed: ``"gather"``,
    ``"scatter"``, ``"blocked"``, or ``"auto"``, the fastest that is expected at a ``batch``.
    ``preprocessing`` (a value, its JSON, ``"imagenet"``, ``"cifar"``, ``"digits"`` or a ``.json``
    file) and the names of the ``classes`` go into the model's metadata. Raises `CompileError`
    where these or the weights do not fit, ValueError for another word or a batch below 1.
    """
    from seqdsl.backends.onnx.model import to_onnx
    from seqdsl.backends.weights.recorded import Recorded, checked_names, given_preprocessing
    from seqdsl.passes.schedule.choose import choose

    if batch < 1:
        raise ValueError(f"a batch must be at least 1 (got {batch})")
    schedules = choose(network, _strategy(schedule), batch)
    try:
        given = Recorded(
            None
            if preprocessing is None
            else given_preprocessing(preprocessing, network.input.type),
            None if classes is None else checked_names(classes, "classes"),
        )
        return to_onnx(network, state_dict, schedules=schedules, recorded=given)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None


def recorded(path: str | Path) -> Recorded:
    """What a ``.safetensors`` or an ``.onnx`` file records: ``preprocessing``, how an input is
    made, and ``classes``, their names; None each where it is unknown.

    ``recorded(path).preprocessing.input(image, channels)`` makes the input of a PIL image. Raises
    `CompileError` where the file can't be read. Keys of these names that are others' are left out
    with a warning.
    """
    notes: list[str] = []
    try:
        from seqdsl.backends.targets import file_target
        from seqdsl.backends.weights.recorded import recorded

        target = file_target(path)
        if target is not None and target.open is not None:
            found = target.open(Path(path), notes.append).recorded
        else:
            found = recorded(Path(path), notes.append)
    except Failure as failure:
        raise CompileError([failure.diagnostic]) from None
    for text in notes:
        warnings.warn(text, stacklevel=2)
    return found


def _strategy(word: str) -> Strategy:
    """Raises ValueError, which names the words that there are."""
    if word not in STRATEGIES:
        raise ValueError(f"schedule is one of {', '.join(STRATEGIES)}, not {word!r}")
    return Strategy(word)

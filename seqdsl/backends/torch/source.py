"""Writes a network as PyTorch source that stands alone: a class for each kind of scope."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import dedent

from seqdsl.backends.torch.classes import ModuleClass, classify
from seqdsl.backends.torch.constructor import constructor
from seqdsl.backends.torch.execution import FASTEST, Execution, counters, runtime
from seqdsl.backends.torch.forward import Forward
from seqdsl.backends.torch.habits import Habits, Method, habits_of
from seqdsl.backends.torch.plan import planned
from seqdsl.backends.torch.python_layout import MAX_LINE, lay_out
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import ScopeKind

_IMPORTS = {"torch": "import torch", "F": "import torch.nn.functional as F"}  # where used
_TORCH = "from torch import Tensor, nn"


def torch_source(network: Network, execution: Execution = FASTEST) -> str:
    """Python source whose last class is the network; it imports torch alone.

    ``forward`` takes float ``[batch, channels, height, width]`` and gives the logits, or a tuple
    of the logits and the further outputs. The keys of ``state_dict()`` are those of
    `seqdsl.graph.parameters.layout`, in that order, whatever the execution.
    """
    root = planned(network, gathers=execution.defines)
    laid_out = any(module.held for module in root.walk())
    *inner, outermost = classify(root, execution).ordered
    habits = habits_of(network, root, outermost.steps)
    written = [_written(each, execution, laid_out, _plain(each)) for each in inner]
    written.append(_written(outermost, execution, laid_out, habits))
    imports, shared = _imports(written), []
    if any(module.held for module in root.walk()):
        imports, text = runtime(execution)
        shared.append(text)
    if habits.counts:
        shared.append(counters())
    heading = f"{_heading(network)}\n\nfrom __future__ import annotations\n\n{imports}\n"
    return "\n\n".join([heading, *shared, *written])


def _imports(written: Sequence[str]) -> str:
    """What classes need of torch."""
    lines = [
        line
        for text in written
        for line in text.splitlines()
        if '"""' not in line and not line.startswith(("#", "class "))
    ]
    used = [
        statement
        for name, statement in _IMPORTS.items()
        if any(re.search(rf"(?<![.\w]){name}\.", line) for line in lines)
    ]
    return "\n".join([*used, _TORCH])


def network_class_name(source: str) -> str:
    """The class of the network in an emitted source: the last one."""
    return source.rsplit("\nclass ", 1)[1].split("(", 1)[0]


def _heading(network: Network) -> str:
    """The module's docstring, with nothing in it that could end it."""
    bound = ", ".join(f"{name}={value}" for name, value in network.parameters)
    title = _inert(f"{network.name}({bound}), written by seqdsl.")
    doc = dedent("\n".join(line.rstrip() for line in _inert(network.doc).split("\n"))).strip("\n")
    return f'"""{title}\n\n{doc}\n"""' if doc else f'"""{title}"""'


def _inert(text: str) -> str:
    """Text as part of a docstring: no quote, escape or control character stays itself."""
    return "".join(
        c if c == "\n" or (c.isprintable() and c not in "\"\\") else " " if c == "\t"
        else "'" if c == '"' else "/" if c == "\\" else "?" for c in text
    )  # fmt: skip


def _plain(made: ModuleClass) -> Habits:
    """What every class but the network's has: `forward`, which runs all of it."""
    return Habits(methods=(Method(made.example, tuple(made.steps)),))


def _written(made: ModuleClass, execution: Execution, laid_out: bool, habits: Habits) -> str:
    """One class. A network whose layers of groups run in channels_last is ``laid_out`` so."""
    is_network = made.example.scope.kind is ScopeKind.NETWORK
    if made.is_sequential and not is_network:
        base, kept, methods = "Sequential", [], []
    else:
        forwards = [Forward(made, execution, laid_out, method) for method in habits.methods]
        methods = [*(list(each.write()) for each in forwards), *habits.others]
        base, kept = "Module", [name for each in forwards for name in each.kept]
    head, what = f"class {made.name}(nn.{base}):", _described(made)
    if is_network:
        lines = [head, f'    """{what}."""', ""]
    elif len(f"{head}  # {what}") <= MAX_LINE:
        lines = [f"{head}  # {what}"]
    else:
        lines = [f"# {what}", head]
    for part in filter(None, [list(constructor(made, kept, habits.constructor)), *methods]):
        lines += [*(f"    {line}" for line in part), ""]
    return "\n".join(piece for line in lines[:-1] for piece in lay_out(line)) + "\n"


def _described(made: ModuleClass) -> str:
    """What a class is, with the shapes of what an instance takes and gives."""
    module = made.example
    scope, network = module.scope, module.network
    enters = [_shape(network.nodes[i]) for i in module.inputs]
    leaves = [_shape(network.nodes[i]) for i in module.outputs]
    path = scope.path or scope.name
    if scope.kind is ScopeKind.STAGE:
        what = f"stage {path}" if len(made.modules) == 1 else f"stages as {path}"
    elif scope.kind is ScopeKind.NETWORK:
        what = f"{path}, {_returned(network)}"
    else:
        what = f"as in {path}"
    return f"{what}: {_repeated(enters)} -> {_repeated(leaves) or 'nothing read'}"


def _returned(network: Network) -> str:
    """The outputs by their names, in the order in which `forward` gives them."""
    names = [output.name for output in network.returned]
    return ", ".join(names) if len(names) <= 4 else f"logits and {len(names) - 1} outputs"


def _shape(node: Node) -> str:
    return "x".join(map(str, node.type.shape))


def _repeated(shapes: list[str]) -> str:
    """``8 x [32x56x56]`` for eight of one shape."""
    if len(shapes) > 1 and len(set(shapes)) == 1:
        return f"{len(shapes)} x [{shapes[0]}]"
    return ", ".join(shapes) if len(shapes) <= 4 else f"{len(shapes)} tensors"

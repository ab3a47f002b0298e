"""A plan of modules as text: what each holds, and the values that enter and leave it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seqdsl.backends.torch.plan import Module
from seqdsl.graph.dump import spell_node


def dump(root: Module) -> str:
    """Every module in the order in which it runs, with its operations.

    ``holds`` marks a module whose parameters an aggregation around it uses; inside, values have
    the numbers of the definition.
    """
    return "\n".join(_lines(root, 0, "module")) + "\n"


def _lines(module: Module, depth: int, word: str) -> Iterator[str]:
    margin = "  " * depth
    name = module.scope.path or module.scope.name
    yield f"{margin}{word} {name}({_values(module.inputs)}) -> {_values(module.outputs)}"
    for held in module.held:
        yield from _lines(held, depth + 1, "holds")
    for item in module.items:
        if isinstance(item, Module):
            yield from _lines(item, depth + 1, "module")
        else:
            yield f"{margin}  {spell_node(item)}"


def _values(indices: Sequence[int]) -> str:
    return ", ".join(f"%{index}" for index in indices)

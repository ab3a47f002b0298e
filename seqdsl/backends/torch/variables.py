"""The variables of an emitted ``forward``, and the numbers that it reads."""

from __future__ import annotations

from collections.abc import Sequence

from seqdsl.backends.torch.classes import ModuleClass
from seqdsl.backends.torch.expressions import literal
from seqdsl.backends.torch.parameters import Number
from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
from seqdsl.graph.parameters import attribute_name


class Variables:
    """``values`` are what each node's value is called, or the expression for it; ``kept`` the
    parameters of the constructor that the method reads.
    """

    def __init__(self, made: ModuleClass) -> None:
        self.kept: list[str] = []
        self._made = made
        self._module = made.example
        self._network = self._module.network
        self._last = _last_uses(made)
        self._readers: dict[int, int] = {}
        for step in made.steps:
            for index in step.reads:
                self._readers[index] = self._readers.get(index, 0) + 1
        inputs = self._module.inputs
        names = ["x", "y"] if len(inputs) < 3 else [f"x{i}" for i in range(1, len(inputs) + 1)]
        names = names[: len(inputs)]
        self._inputs = frozenset(names)
        self.values = dict(zip(inputs, names, strict=True))
        self.arguments = names
        self._names = set(names)
        self._flows: dict[int, str] = {}
        self.optional_inputs = frozenset(names[made.required :])

    def is_read_once(self, index: int) -> bool:
        return self._readers.get(index, 0) + (index in self._module.outputs) == 1

    def is_read(self, index: int) -> bool:
        return index in self._readers or index in self._module.outputs

    def ends(self, index: int, position: int) -> bool:
        """Whether a value is a variable that nothing reads after a step."""
        return self._last[index] == position and self.values[index] in self._names

    def text(self, number: Number) -> str:
        """A number inside the method."""
        if not number.parameter:
            assert number.value is not None
            return literal(number.value)
        return self.keep(number.parameter)

    def keep(self, parameter: str) -> str:
        if parameter not in self.kept:
            self.kept.append(parameter)
        return f"self.{parameter}"

    def target(self, name: str, operands: Sequence[int], position: int) -> str:
        """The variable for a result: `x`, if nothing reads that any more, or one of its name."""
        return self._flowing(operands, position) or self.fresh(name)

    def nest(self, index: int, text: str, operands: Sequence[int], position: int) -> None:
        """Writes a value where the next step reads it, instead of into a variable."""
        self._flows[index] = self._flowing(operands, position)
        self.values[index] = text

    def _flowing(self, operands: Sequence[int], position: int) -> str:
        """The argument that is in the first operand and in nothing that is read later, if any."""
        if not operands or self._last[operands[0]] != position:
            return ""
        first = self._flows.get(operands[0], self.values[operands[0]])
        return first if first in self._inputs else ""

    def fresh(self, name: str) -> str:
        """A variable of a name that nothing else in the method has."""
        name = f"{name}_" if name in _RESERVED or attribute_name(name) != name else name
        while name in self._names:
            name += "_"
        self._names.add(name)
        return name

    def raw_of(self, gives: Sequence[int]) -> int | None:
        """Which of two values is the other before its norm and activation."""
        if len(gives) != 2:
            return None
        one, other = gives
        return 0 if self._is_raw(one, other) else 1 if self._is_raw(other, one) else None

    def _is_raw(self, face: int, index: int) -> bool:
        """Whether a value is another before its norm and activation."""
        nodes = self._network.nodes
        wanted = {face}
        if isinstance(nodes[face].operation, ops.Concat):
            wanted.add(nodes[face].operands[-1])
        if isinstance(nodes[face].operation, ops.Raw):
            return nodes[face].operands == (index,)
        for _ in range(4):
            if not nodes[index].operands:
                return False
            index = nodes[index].operands[-1]
            if index in wanted:
                return True
        return False


def _last_uses(made: ModuleClass) -> dict[int, int]:
    """For each value, the position of the last step that reads it; outputs outlive all.

    A join may be written where it is read, so what it joins lives as long as the join.
    """
    uses: dict[int, int] = {}
    for position, step in enumerate(made.steps):
        uses.update(dict.fromkeys(step.reads, position))
    uses.update(dict.fromkeys(made.example.outputs, len(made.steps)))
    for step in reversed(made.steps):
        if isinstance(step.part, Node) and isinstance(step.part.operation, ops.Concat | ops.Slice):
            for operand in step.reads:
                uses[operand] = max(uses[operand], uses.get(step.gives[0], 0))
    return uses


# What the source calls otherwise, and what is read as a digit.
_RESERVED = frozenset(
    {"self", "torch", "nn", "F", "Tensor", "aggregate", "defined", "range", "_", "l", "I", "O"}
    | {"i", "o", "getattr", "enumerate", "len", "list"}
)

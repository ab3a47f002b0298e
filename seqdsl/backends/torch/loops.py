"""Modules that a loop makes and runs: the groups of an aggregation, and repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from seqdsl.backends.torch.plan import Item, Module
from seqdsl.graph.node import Node
from seqdsl.graph.operations import Concat, Slice
from seqdsl.graph.parameters import attribute_name
from seqdsl.graph.scope import ScopeKind
from seqdsl.graph.segment import Segment, cut, joined


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a list of feature maps something reads: all, the last ones, or those at offsets.

    ``offsets`` are positions from the end, the farthest first.
    """

    kind: str  # "all", "last" or "offsets"
    last: int = 0
    offsets: tuple[int, ...] = ()

    def of(self, sequence: Sequence[Segment]) -> Sequence[Segment]:
        if self.kind == "all":
            return sequence
        if self.kind == "last":
            return sequence[-self.last :]
        return [sequence[-o] for o in self.offsets if o <= len(sequence)]


@dataclass(frozen=True, slots=True)
class Grouped:
    """Group i reads a window over ``pieces`` equal parts of an input and the groups before it.

    ``ports`` say what each group reads: the ``window``, a ``part`` of a value, or the ``same``.
    ``results`` are what is read of the groups: for each, the position among a group's outputs,
    and whether the input is in front.
    """

    window: Shown
    pieces: int
    ports: tuple[str, ...]
    features: int  # which of a group's outputs later groups see
    results: tuple[tuple[int, Shown | None], ...]


@dataclass(frozen=True, slots=True)
class Chained:
    """Each reads what the one before it gives: for each input, which output, or None for a value
    that all of them read.
    """

    carried: tuple[int | None, ...]
    outputs: tuple[int, ...]  # those of the last that are read


@dataclass(frozen=True, slots=True)
class Held:
    """Modules that one operation runs: an aggregation as a whole."""


Form: TypeAlias = Grouped | Chained | Held


@dataclass(slots=True, eq=False)
class Loop:
    """Modules of one class with consecutive names. ``inputs`` and ``outputs`` are indices of nodes,
    in the order in which the form reads and gives them.
    """

    stem: str
    first: int
    modules: list[Module]
    form: Form
    inputs: list[int]
    outputs: list[int]


Part: TypeAlias = "Item | Loop"


def numbered(modules: Sequence[Module]) -> tuple[str, int] | None:
    """The stem and the first number of modules called ``group1``, ``group2``, ..."""
    found = [_NUMBERED.fullmatch(attribute_name(m.scope.name)) for m in modules]
    if not all(found):
        return None
    stems = {match[1] for match in found if match}
    numbers = [int(match[2]) for match in found if match]
    if len(stems) > 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return None
    return stems.pop(), numbers[0]


_NUMBERED = re.compile(r"(\w*[A-Za-z_])([1-9]\d{0,8})")


def grouped(module: Module) -> Iterator[tuple[Loop, set[Item]]]:
    """The aggregations directly inside a module that a loop computes, and the items of each."""
    runs: list[list[Module]] = []
    for item in module.items:
        if not isinstance(item, Module) or item.scope.kind is not ScopeKind.GROUP:
            continue
        turn = item.scope.repeat
        if runs and turn and turn[0] > 1 and runs[-1][-1].scope.span == item.scope.span:
            runs[-1].append(item)
        else:
            runs.append([item])
    for run in runs:
        named = numbered(run)
        if len(run) > 1 and named is not None and named[1] == 1:
            found = _Grouping(module, run).find()
            if found is not None:
                yield found


class _Grouping:
    """Reads a loop from the windows of the groups of an aggregation."""

    def __init__(self, module: Module, run: list[Module]) -> None:
        self._module = module
        self._nodes = module.network.nodes
        self._run = run
        self._made = {index: i for i, each in enumerate(run) for index in each.outputs}
        self._own = {i.index: i for i in module.items if isinstance(i, Node)}
        self._readers: dict[int, list[Item]] = {}
        for item in module.items:
            for index in item.inputs if isinstance(item, Module) else item.operands:
                self._readers.setdefault(index, []).append(item)
        self._hidden: set[Item] = set(run)

    def find(self) -> tuple[Loop, set[Item]] | None:
        run = self._run
        if len({(len(m.inputs), len(m.outputs)) for m in run}) > 1 or not run[0].outputs:
            return None
        # inside of its groups an input may come in any order: the order of the first is all's
        ports: list[str] = []
        inputs: list[int] = []
        windows: list[list[tuple[Segment, ...]]] = []
        for column in zip(*(m.inputs for m in run), strict=True):
            port, reads = self._port(column)
            if port == "window":
                windows.append([self._flat(index) for index in column])
            else:
                inputs.append(reads)
            ports.append(port)
        if len(windows) != 1:
            return None
        features = self._features(windows[0])
        if features is None:
            return None
        seen = self._window(windows[0], features)
        if seen is None:
            return None
        window, x, pieces = seen
        inputs.insert(ports.index("window"), x)
        results = self._results(features, x, pieces)
        if results is None:
            return None
        outputs = list(results)
        for index in [i for m in run for i in m.inputs]:
            self._hide(index)
        hidden = {*self._made, *(i.index for i in self._hidden if isinstance(i, Node))}
        hidden -= set(outputs)
        readers = (reader for index in hidden for reader in self._readers.get(index, ()))
        if not hidden.isdisjoint(self._module.outputs) or not self._hidden.issuperset(readers):
            return None
        named = numbered(run)
        assert named is not None
        form = Grouped(window, pieces, tuple(ports), features, tuple(results.values()))
        return Loop(*named, run, form, inputs, outputs), self._hidden

    def _hide(self, index: int) -> None:
        """Makes a join that only the loop reads a part of it."""
        node = self._own.get(index)
        if node is None or not isinstance(node.operation, Concat | Slice) or node in self._hidden:
            return
        if index in self._module.outputs:
            return
        if any(reader not in self._hidden for reader in self._readers[index]):
            return
        self._hidden.add(node)
        for operand in node.operands:
            self._hide(operand)

    def _port(self, column: Sequence[int]) -> tuple[str, int]:
        """What an input is for the groups, and what all of them read for that."""
        if len(set(column)) == 1 and not self._reads_group(column[0]):
            return "same", column[0]
        if any(self._reads_group(index) for index in column):
            return "window", -1
        slices = [self._own.get(index) for index in column]
        sources, at = set(), 0
        for node in slices:
            if node is None or not isinstance(node.operation, Slice):
                return "window", -1
            sources.add(node.operands[0])
            if node.operation.start != at or node.type.channels != slices[0].type.channels:  # type: ignore[union-attr]
                return "window", -1
            at = node.operation.stop
        source = sources.pop()
        if sources or at != self._nodes[source].type.channels:
            return "window", -1
        return "part", source

    def _reads_group(self, index: int) -> bool:
        if index in self._made:
            return True
        node = self._own.get(index)
        if node is None or not isinstance(node.operation, Concat | Slice):
            return False
        return any(map(self._reads_group, node.operands))

    def _flat(self, index: int) -> tuple[Segment, ...]:
        """A value as channels of groups, and of what is made outside of the loop."""
        node = self._own.get(index)
        if node is not None and isinstance(node.operation, Slice):
            start, stop = node.operation.start, node.operation.stop
            return cut(self._flat(node.operands[0]), start, stop)
        if node is not None and isinstance(node.operation, Concat) and self._reads_group(index):
            return joined(s for operand in node.operands for s in self._flat(operand))
        return (self._whole(index),)

    def _whole(self, index: int) -> Segment:
        return Segment(index, 0, self._nodes[index].type.channels)

    def _features(self, windows: Sequence[Sequence[Segment]]) -> int | None:
        """Which of a group's outputs the windows show."""
        seen = {
            self._run[self._made[s.node]].outputs.index(s.node)
            for window in windows
            for s in window
            if s.node in self._made
        }
        return seen.pop() if len(seen) == 1 else None

    def _window(
        self, windows: Sequence[tuple[Segment, ...]], features: int
    ) -> tuple[Shown, int, int] | None:
        """The window, the input, and in how many parts the input is taken."""
        outside = {s.node for window in windows for s in window if s.node not in self._made}
        if len(outside) != 1:
            return None
        x = outside.pop()
        channels = self._nodes[x].type.channels
        made = [self._whole(m.outputs[features]) for m in self._run]
        widths = {segment.width for segment in made}
        counts = [1]
        if len(widths) == 1 and channels % made[0].width == 0:
            counts.append(channels // made[0].width)
        for pieces in dict.fromkeys(counts):
            sequence = [*self._pieces(x, pieces), *made]
            for shown in _candidates(sequence, windows, pieces):
                if all(
                    joined(shown.of(sequence[: pieces + i])) == window
                    for i, window in enumerate(windows)
                ):
                    return shown, x, pieces
        return None

    def _pieces(self, x: int, count: int) -> list[Segment]:
        width = self._nodes[x].type.channels // count
        return [Segment(x, i * width, (i + 1) * width) for i in range(count)]

    def _results(
        self, features: int, x: int, pieces: int
    ) -> Mapping[int, tuple[int, Shown | None]] | None:
        """The joins of all groups that others read."""
        found: dict[int, tuple[int, Shown | None]] = {}
        columns = list(zip(*(m.outputs for m in self._run), strict=True))
        for index, node in self._own.items():
            if not isinstance(node.operation, Concat) or not self._reads_group(index):
                continue
            flat = self._flat(index)
            for position, column in enumerate(columns):
                if flat == joined(map(self._whole, column)):
                    found[index] = (position, None)
            sequence = [*self._pieces(x, pieces), *map(self._whole, columns[features])]
            if index not in found:
                for shown in _candidates(sequence, [flat], 0):
                    if joined(shown.of(sequence)) == flat and self._is_read(index):
                        found[index] = (features, shown)
                        break
        wanted = {index: how for index, how in found.items() if self._is_read(index)}
        for index in wanted:
            self._hidden.add(self._own[index])
        ways = [how for position, how in wanted.values() if position == features]
        chosen = any(how is not None and how.kind == "offsets" for how in ways)
        if len(set(wanted.values())) != len(wanted) or (chosen and len(ways) > 1):
            return None
        return wanted or None

    def _is_read(self, index: int) -> bool:
        """Whether anything but the groups reads a value."""
        return index in self._module.outputs or any(
            reader not in self._run for reader in self._readers.get(index, ())
        )


def _candidates(
    sequence: Sequence[Segment], windows: Sequence[Sequence[Segment]], known: int
) -> Iterator[Shown]:
    """Ways in which windows may be shown; the last window tells most."""
    yield Shown("all")
    whole = sequence[: known + len(windows) - 1] if known else sequence
    count, left = 0, sum(s.width for s in windows[-1])
    for segment in reversed(whole):
        if left <= 0:
            break
        left -= segment.width
        count += 1
    if left == 0:
        yield Shown("last", count)
    at = {segment: len(whole) - position for position, segment in enumerate(whole)}
    parts: list[Segment] = []
    for segment in windows[-1]:
        rest = [s for s in whole if s.node == segment.node]
        parts += [s for s in rest if segment.start <= s.start and s.stop <= segment.stop]
    if sum(s.width for s in parts) == sum(s.width for s in windows[-1]):
        yield Shown("offsets", offsets=tuple(at[s] for s in parts))


def chains(items: Sequence[Part], alike: Mapping[Module, object]) -> Iterator[list[Module]]:
    """Runs of modules that are alike, one directly behind the other."""
    run: list[Module] = []
    for item in items:
        if isinstance(item, Module) and run and item in alike and alike[item] == alike[run[-1]]:
            run.append(item)
            continue
        if len(run) > 1:
            yield run
        run = [item] if isinstance(item, Module) and item in alike else []
    if len(run) > 1:
        yield run


def chained(module: Module, run: list[Module]) -> Loop | None:
    """A loop of modules each of which reads the one before it, and nothing else of them."""
    named = numbered(run)
    first, second = run[:2]
    if named is None or len({(len(m.inputs), len(m.outputs)) for m in run}) > 1:
        return None
    carried = tuple(
        first.outputs.index(index) if index in first.outputs else None for index in second.inputs
    )
    if all(position is None for position in carried) or len(set(carried)) != len(carried):
        return None
    for before, after in pairwise(run):
        for position, old, new in zip(carried, before.inputs, after.inputs, strict=True):
            if new != (old if position is None else before.outputs[position]):
                return None
    inside = {index for each in run[:-1] for index in each.outputs}
    for item in module.items:
        reads = item.inputs if isinstance(item, Module) else item.operands
        if item not in run and not inside.isdisjoint(reads):
            return None
    if not inside.isdisjoint(module.outputs):
        return None
    outputs = run[-1].outputs
    return Loop(
        *named, run, Chained(carried, tuple(range(len(outputs)))), list(first.inputs), list(outputs)
    )

"""Writes the loops of an emitted ``forward``: groups of an aggregation, and repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seqdsl.backends.torch.classes import ModuleClass
from seqdsl.backends.torch.loops import Chained, Grouped, Loop, Shown
from seqdsl.backends.torch.steps import Step, is_stateful
from seqdsl.backends.torch.variables import Variables
from seqdsl.graph.node import Node


class LoopLines:
    """The lines of the loops of one method, over its variables. The class has ``all_steps``."""

    def __init__(self, made: ModuleClass, variables: Variables, all_steps: Sequence[Step]) -> None:
        self._made = made
        self._all_steps = all_steps
        self._module = made.example
        self._network = made.example.network
        self._variables = variables

    def chained(self, at: int, step: Step, loop: Loop, form: Chained) -> Iterator[str]:
        outputs = list(step.gives)
        variables: dict[int, str] = {}
        arguments = []
        for position, index in zip(form.carried, step.reads, strict=True):
            if position is None:
                arguments.append(self._variables.values[index])
                continue
            value = self._variables.values[index]
            keeps = self._variables.ends(index, at)
            name = value if keeps else self._variables.fresh(_stem(loop.stem))
            if not keeps:
                yield f"{name} = {value}"
            variables[position] = name
            arguments.append(name)
        for position, index in enumerate(outputs):
            if position not in variables:
                variables[position] = self._variables.fresh(self._network.nodes[index].name)
        targets = ", ".join(variables[i] for i in range(len(outputs)))
        if self.holds_only(loop):
            item = self._variables.fresh("block")
            yield f"for {item} in self.children():"
        else:
            item = f'getattr(self, f"{loop.stem}{{i}}")'
            yield f"for i in {self._range(at, loop)}:"
        yield f"    {targets} = {item}({', '.join(arguments)})"
        self._variables.values.update((index, variables[i]) for i, index in enumerate(outputs))

    def holds_only(self, loop: Loop) -> bool:
        """Whether a loop is over all that the class holds."""
        return all(
            step.part is loop
            or not (step.modules or (isinstance(step.part, Node) and is_stateful(step.part)))
            for step in self._all_steps
        )

    def _range(self, at: int, loop: Loop) -> str:
        count = self._variables.text(self._made.numbers[at][0])
        stop = f"{int(count) + 1}" if count.isdigit() else f"{count} + 1"
        return f"range({loop.first}, {stop})"

    def grouped(self, at: int, step: Step, loop: Loop, form: Grouped) -> Iterator[str]:
        pieces, last, kept = map(self._variables.text, self._made.numbers[at][-3:])
        values = [self._variables.values[index] for index in step.reads]
        x = values[form.ports.index("window")]
        features = self._variables.fresh("features")
        if pieces == "1":
            yield f"{features} = [{x}]"
        else:  # by index, for what traces the module can't tell how many there are
            chunks = self._variables.fresh("chunks")
            yield f"{chunks} = {x}.chunk({pieces}, 1)"
            yield f"{features} = [{chunks}[i] for i in range({pieces})]"
        others = {position for position, _ in form.results if position != form.features}
        lists = {position: self._variables.fresh(self._list_name(loop)) for position in others}
        for name in lists.values():
            yield f"{name} = []"
        holds = self.holds_only(loop)
        groups = "self.children()" if holds else self.members(at, loop)
        parts = [v for v, port in zip(values, form.ports, strict=True) if port == "part"]
        item = self._variables.fresh("group")
        names = []
        for value in parts:
            count = self._variables.text(self._made.numbers[at][0])
            chunk = f"{value}.chunk({count}, 1)"
            if value in self._variables.optional_inputs:
                chunk = f"[None] * {count} if {value} is None else {chunk}"
            names.append(self._variables.fresh("parts"))
            yield f"{names[-1]} = {chunk}"
        if parts:
            yield f"for i, {item} in enumerate({groups}):"
        else:
            yield f"for {item} in {groups}:"
        given = iter(names)
        arguments = []
        for port, value in zip(form.ports, values, strict=True):
            if port == "window":
                if form.window.kind == "offsets":
                    seen = self._variables.fresh("seen")
                    yield f"    {seen} = {_chosen(form.window, features)}"
                    arguments.append(f"torch.cat({seen}, 1)")
                    continue
                arguments.append(_joined(form.window, features, last))
            else:
                arguments.append(f"{next(given)}[i]" if port == "part" else value)
        call = f"{item}({', '.join(arguments)})"
        yield from (f"    {line}" for line in self._turn(loop, form, call, features, lists))
        yield from self._results(step, loop, features, lists, pieces, kept)

    def _turn(
        self, loop: Loop, form: Grouped, call: str, features: str, lists: Mapping[int, str]
    ) -> Iterator[str]:
        """What one turn adds to the lists."""
        outputs = len(loop.modules[0].outputs)
        if outputs == 1:
            yield f"{features}.append({call})"
        elif self._made.raw:
            value, raw = self._variables.fresh("value"), self._variables.keep(self._made.raw)
            (raws,) = lists.items()
            yield f"{value} = {call}"
            yield f"if {raw}:"
            yield f"    {raws[1]}.append({value}[{raws[0]}])"
            yield f"{features}.append({value}[{form.features}] if {raw} else {value})"
        else:
            targets = [self._variables.fresh("value") if i in (*lists, form.features) else "_"
                       for i in range(outputs)]  # fmt: skip
            yield f"{', '.join(targets)} = {call}"
            for position, name in {**lists, form.features: features}.items():
                yield f"{name}.append({targets[position]})"

    def _results(
        self,
        step: Step,
        loop: Loop,
        features: str,
        lists: Mapping[int, str],
        pieces: str,
        last: str,
    ) -> Iterator[str]:
        """What others read of the groups."""
        form = loop.form
        assert isinstance(form, Grouped)
        for shown in dict.fromkeys(shown for _, shown in form.results):
            if shown is not None and shown.kind == "offsets":
                yield f"{features} = {_chosen(shown, features)}"
        for index, (position, shown) in zip(step.gives, form.results, strict=True):
            if position != form.features:
                text = f"torch.cat({lists[position]}, 1)"
            elif shown is None:
                text = f"torch.cat({features}[{_bound(pieces)}], 1)"
            else:
                text = _joined(shown, features, last)
            alone = self._made.raw and index == self._module.outputs[self._made.alone]
            if self._variables.is_read_once(index) and not alone:
                self._variables.values[index] = text
                continue
            name = self._variables.values[index] = self._variables.fresh(_stem(loop.stem))
            yield f"{name} = {text}"

    def members(self, at: int, loop: Loop) -> str:
        return f'(getattr(self, f"{loop.stem}{{i}}") for i in {self._range(at, loop)})'

    def _list_name(self, loop: Loop) -> str:
        """The name for a list of one of the outputs of each group."""
        return "values" if self._variables.raw_of(loop.modules[0].outputs) is None else "raws"


def _joined(shown: Shown, features: str, last: str) -> str:
    """What is shown of a list, as one value."""
    if shown.kind == "all":
        return f"torch.cat({features}, 1)"
    if shown.kind == "last":
        return (
            f"{features}[-1]" if last == "1" else f"torch.cat({features}[{_bound(f'-{last}')}], 1)"
        )
    return f"torch.cat({features}, 1)"


def _chosen(shown: Shown, features: str) -> str:
    """The elements of a list at some offsets from its end."""
    offsets = ", ".join(map(str, shown.offsets)) + ("," if len(shown.offsets) == 1 else "")
    return f"[{features}[-o] for o in ({offsets}) if o <= len({features})]"


def _bound(start: str) -> str:
    """A slice from a place on, as formatters space it."""
    return f"{start} :" if "." in start else f"{start}:"


def _stem(name: str) -> str:
    return name.rstrip("0123456789_") or "x"

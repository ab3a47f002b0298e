"""Matches a checkpoint's entries to a network's: by a map, by name, or by order and shape.

docs/weights.md states the rule. Only keys and shapes are looked at, never a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from seqdsl.graph.network import Network
from seqdsl.graph.parameters import layout, module_path
from seqdsl.passes.matching.assignment import (
    Flow,
    Possible,
    Stuck,
    Targets,
    admissible,
    dataflow,
    resolve,
)
from seqdsl.passes.matching.head import Head
from seqdsl.passes.matching.keys import renamed
from seqdsl.passes.matching.orders import Numbered, Order, Registered, series
from seqdsl.passes.matching.refusal import (
    DIFFERENT,
    Refusal,
    Row,
    any_of,
    layers,
    prefixes,
    row,
    way_on,
    why,
)
from seqdsl.passes.matching.units import Entry, Unit, spell, squeezed, surplus, units
from seqdsl.source.codes import BY_NAME, CodeName
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.frozen import frozen, frozen_value
from seqdsl.source.suggest import nearest


class Evidence(Enum):
    """What told the units apart."""

    MAP = "the map"
    NAME = "name"
    SHAPE = "shape"
    REGISTRATION = "the order of registration"
    NUMBERS = "the numbers in its names"
    WRITTEN = "the order as written"


@frozen_value
class Line:
    """A line of a map: an entry, a unit or a subtree of ours, and which of theirs it is."""

    ours: str
    theirs: str
    file: str = ""  # the map, as diagnostics print it


@frozen_value
class Pair:
    """An entry of the network, and that of the checkpoint which it takes."""

    ours: Entry
    theirs: Entry


@frozen_value
class Match:
    """Every entry of a network, but for a new head's, with its counterpart, in layout order."""

    pairs: tuple[Pair, ...]
    evidence: tuple[Evidence, ...]
    guessed: tuple[str, ...] = ()  # their units that only the order as written told apart


def match(
    network: Network,
    entries: Sequence[Entry],
    name: str,
    *,
    registered: bool,
    lines: Sequence[Line] = (),
    head: Head | None = None,
    as_written: bool = False,
) -> Match | Refusal:
    """The one match that the map, the names, the order and the shapes allow.

    ``entries`` come in order of registration where ``registered`` says so; ``name`` is the
    checkpoint's. Lines of the map come before any order. A ``head`` is left out on both sides.
    ``as_written`` takes the first of several matches: each unit of the checkpoint in its order
    takes the first of ours that it can.
    """
    return _Matcher(network, entries, name, registered, head, as_written).match(lines)


@frozen
class _Part:
    """A part of the network that is a part of the checkpoint, by a line of the map."""

    ours: list[Unit]
    theirs: list[Unit]
    line: Line | None = None

    def split(self, line: Line) -> tuple[_Part, _Part]:
        """What the line ties, and the rest."""
        inside = (_within(self.ours, line.ours), _within(self.theirs, line.theirs))
        names = [{unit.name for unit in side} for side in inside]
        rest = (
            [unit for unit in self.ours if unit.name not in names[0]],
            [unit for unit in self.theirs if unit.name not in names[1]],
        )
        return _Part(*inside, line), _Part(*rest)

    def by_name(self) -> list[tuple[Unit, Unit]] | None:
        """The pairs where both sides have the same names, behind those that are tied."""
        start = (len(self.line.ours), len(self.line.theirs)) if self.line else (0, 0)
        ours = {unit.name[start[0] :]: unit for unit in self.ours}
        theirs = {unit.name[start[1] :]: unit for unit in self.theirs}
        if not self.line:
            names = renamed(theirs, ours)
            theirs = {names[name]: unit for name, unit in theirs.items()}
        if ours.keys() != theirs.keys():
            return None
        return [(unit, theirs[name]) for name, unit in ours.items()]


class _Matcher:
    def __init__(
        self,
        network: Network,
        entries: Sequence[Entry],
        name: str,
        registered: bool,
        head: Head | None,
        as_written: bool,
    ) -> None:
        self._network = network
        self._name = name
        self._registered = registered
        self._as_written = as_written
        left_out = set((*head.ours, *head.theirs) if head else ())
        layouts = [p for p in layout(network) if p.key not in left_out]
        self._nodes = {module_path(p.node): p.node.index for p in layouts}
        self._ours = {p.key: Entry(p.key, p.shape) for p in layouts}
        self._theirs = {entry.key: entry for entry in entries if entry.key not in left_out}
        self._pairs: dict[str, Pair] = {}
        self._choices: dict[str, frozenset[str]] = {}  # ours that each of theirs may be
        self._evidence: list[Evidence] = []
        self._guessed: list[str] = []
        self._misfits: list[Row] = []
        self._misplaced: list[Row] = []
        self._ambiguous: list[Row] = []

    def match(self, lines: Sequence[Line]) -> Match | Refusal:
        ours, theirs = dict(self._ours), dict(self._theirs)
        subtrees: list[Line] = []
        for line in lines:
            if line.ours in ours and line.theirs in theirs:
                self._pair(ours.pop(line.ours), theirs.pop(line.theirs))
            else:
                subtrees.append(line)
        whole = _Part(units(ours.values()), units(theirs.values()))
        parts: list[_Part] = []
        rest = whole
        for line in sorted(subtrees, key=lambda line: -line.ours.count(".")):
            part, rest = rest.split(line)
            if not part.ours or not part.theirs:
                return self._unknown(line)
            parts.append(part)
        parts.append(rest)
        for part in parts:
            self._choose(part)
        if not self._misfits:
            self._evidence[:0] = [Evidence.MAP] if lines else []
            self._settle(whole, parts)
        return self._refusal() or self._match()

    def _pair(self, ours: Entry, theirs: Entry) -> None:
        if squeezed(ours.shape) == squeezed(theirs.shape):
            self._pairs[ours.key] = Pair(ours, theirs)
        else:
            shapes = spell(ours.shape), spell(theirs.shape)
            self._misfits.append(Row(ours.key, shapes[0], theirs.key, shapes[1], DIFFERENT))

    def _choose(self, part: _Part) -> None:
        """Finds what each of a part's units may be, before any order is looked at."""
        by_name = part.by_name()
        if by_name is None:
            spare = surplus(part.ours, part.theirs)
            self._misfits += [row(ours, theirs, why(ours, theirs)) for ours, theirs in spare]
            alike: dict[object, list[str]] = {}
            for unit in part.ours:
                alike.setdefault(unit.signature, []).append(unit.name)
            shared = {signature: frozenset(names) for signature, names in alike.items()}
            for unit in part.theirs:
                self._choices[unit.name] = shared.get(unit.signature, frozenset())
            if all(len(names) == 1 for names in shared.values()):
                self._evidence.append(Evidence.SHAPE)
            return
        for ours, theirs in by_name:
            self._choices[theirs.name] = frozenset((ours.name,))
            if ours.signature != theirs.signature:
                self._misfits.append(row(ours, theirs, why(ours, theirs)))
        if len(by_name) > 1:
            self._evidence.append(Evidence.NAME)

    def _settle(self, whole: _Part, parts: list[_Part]) -> None:
        """Chooses by order where there is a choice: in the whole, or else in each part alone."""
        found = self._by_order(whole)
        if isinstance(found, Stuck) and not found.crowded and len(parts) > 1:
            for part in parts:
                self._report(self._by_order(part), part)
        else:
            self._report(found, whole)

    def _by_order(self, part: _Part) -> Possible | Stuck:
        """What each of a part's units may be by the first order in which they fit at all."""
        numbers = {unit.name: number for number, unit in enumerate(part.ours)}
        allowed = tuple(
            frozenset(numbers[name] for name in self._choices[unit.name]) for unit in part.theirs
        )
        if all(len(choices) == 1 for choices in allowed):
            return Possible(allowed)
        flow = dataflow(self._network, [self._nodes[unit.name] for unit in part.ours])
        names = [unit.name for unit in part.theirs]
        orders: list[tuple[Evidence, Order]] = [(Evidence.NUMBERS, Numbered(names))]
        if self._registered:
            orders.insert(0, (Evidence.REGISTRATION, Registered()))
        stuck: Stuck | None = None
        for evidence, order in orders:
            found = resolve(order, flow, allowed, series(names))
            if isinstance(found, Possible):
                self._evidence.append(evidence)
                return found if found.unique else self._first(part, order, flow, found)
            stuck = stuck or found
            if found.crowded:
                if self._as_written and self._registered:
                    return self._taken_in_turn(part, allowed)
                break
        assert stuck is not None
        return stuck

    def _first(self, part: _Part, order: Order, flow: Flow, found: Possible) -> Possible:
        """The first of several matches, where it is asked for."""
        if not self._as_written:
            return found
        first = admissible(order, flow, found.targets, first=True)
        assert isinstance(first, Possible)
        self._evidence.append(Evidence.WRITTEN)
        self._guessed += [
            u.name
            for u, choices in zip(part.theirs, found.targets, strict=True)
            if len(choices) > 1
        ]
        return first

    def _taken_in_turn(self, part: _Part, allowed: Targets) -> Possible:
        """Each of a checkpoint's units with the first of ours that fits and is left."""
        taken: list[int] = []
        for choices in allowed:
            taken.append(min(choices.difference(taken)))
        self._evidence.append(Evidence.WRITTEN)
        self._guessed += [
            u.name for u, choices in zip(part.theirs, allowed, strict=True) if len(choices) > 1
        ]
        return Possible(tuple(frozenset((unit,)) for unit in taken))

    def _report(self, found: Possible | Stuck, part: _Part) -> None:
        """Pairs what is certain, and notes a row for what is not."""
        if isinstance(found, Stuck):
            rows = self._ambiguous if found.crowded else self._misplaced
            ours, our_shapes = any_of([part.ours[i] for i in found.ours])
            theirs, their_shapes = any_of([part.theirs[i] for i in found.theirs])
            why = "too many are alike" if found.crowded else "the dataflow has ours next"
            rows.append(Row(ours, our_shapes, theirs, their_shapes, why))
            return
        for unit, choices in zip(part.theirs, found.targets, strict=True):
            if len(choices) > 1:
                ours, our_shapes = any_of([part.ours[i] for i in sorted(choices)])
                spare = Row(ours, our_shapes, unit.name, str(unit), "alike, and no order tells")
                self._ambiguous.append(spare)
                continue
            chosen = part.ours[min(choices)]
            for leaf, _ in unit.entries:
                self._pair(chosen.entry(leaf), unit.entry(leaf))

    def _match(self) -> Match:
        assert len(self._pairs) == len(self._ours)
        pairs = tuple(self._pairs[key] for key in self._ours)
        return Match(pairs, tuple(dict.fromkeys(self._evidence)), tuple(self._guessed))

    def _refusal(self) -> Refusal | None:
        rows = (*self._misfits, *self._misplaced, *self._ambiguous)
        if not rows:
            return None
        code: CodeName = "weights-mismatch"
        help = _MAP_HELP
        if self._misfits:
            count = len(self._misfits)
            what = f"does not fit {self._network.name}: {layers(count)} no counterpart"
            help = way_on(self._misfits, next(reversed(self._nodes), ""), list(self._theirs))
        elif self._misplaced:
            what = (
                f"holds the layers of {self._network.name}, but they follow its dataflow in no "
                "order that their names allow"
            )
        else:
            code = "ambiguous-weights"
            help = _ALIKE_HELP if self._registered else _MAP_HELP
            what = (
                f"fits {self._network.name} in more than one way: the table shows which layers "
                "can't be told apart"
            )
        message = f"{self._name} {what}"
        diagnostic = Diagnostic(BY_NAME[code], message, None, help=help, name=self._name)
        return Refusal(diagnostic, rows)

    def _unknown(self, line: Line) -> Refusal:
        """A line of the map that names nothing, or what another line has taken."""
        sides = (
            (line.ours, self._network.name, list(self._ours)),
            (line.theirs, self._name, list(self._theirs)),
        )
        message = f"the map ties {line.ours} to {line.theirs}, which other lines tie already"
        help = None
        for name, where, keys in sides:
            known = {prefix: None for key in keys for prefix in prefixes(key)}
            if name not in known:
                message = f"the map names {name}, and {where} has no such entry"
                near = nearest(name, known)
                help = f"did you mean {near}?" if near else None
                break
        return Refusal(
            Diagnostic(BY_NAME["name-map"], message, None, help=help, name=line.file), ()
        )


_MAP_HELP = 'tie what you know in a file for --map, a line each: "ours" = "theirs"'
_ALIKE_HELP = f"{_MAP_HELP}; or take them --as-written, and compare outputs"


def _within(side: list[Unit], prefix: str) -> list[Unit]:
    return [u for u in side if u.name == prefix or u.name.startswith(f"{prefix}.")]

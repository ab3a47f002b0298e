"""Describes networks for a page: parts, drawings, matrices, claims, and the sources of it all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from seqdsl import __version__
from seqdsl.backends.drawing.svg import page_svg
from seqdsl.backends.drawing.write import is_slow, lay_out
from seqdsl.graph.aggregations import Aggregation
from seqdsl.graph.conventions import CONVENTIONS, MACS, Convention
from seqdsl.graph.costs import Cost
from seqdsl.graph.network import Network
from seqdsl.graph.node import Node
from seqdsl.graph.scope import ScopeKind
from seqdsl.highlighting import spans
from seqdsl.page import contents
from seqdsl.passes.claims import judge_claims
from seqdsl.passes.difference.compare import Kind as Change
from seqdsl.passes.difference.marks import Marks, marks
from seqdsl.passes.drawing.copies import Copies
from seqdsl.passes.drawing.facts import Facts, spell_shapes
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Box, Picture, picture
from seqdsl.passes.drawing.placing import Depth
from seqdsl.passes.receptive import receptive_fields, union
from seqdsl.passes.structure import path_within
from seqdsl.source.diagnostic import Failure, unlocated
from seqdsl.source.project import source_path
from seqdsl.source.render_text import printable
from seqdsl.source.text import Source, Span

_WIDTH = 4  # bytes of an element
_MOST = 20_000_000  # characters of all paths together: a page is to be opened
_LARGE = "too large for a page; `seqdsl draw` writes it to a file"
_NO_LAYERS = (Kind.SUM, Kind.JOIN, Kind.OTHER)


def describe(
    network: Network, differ: Marks | None = None, conventions: Collection[str] | None = None
) -> contents.Network:
    """A network for a page; of two, with marks on what differs, and counted by the conventions
    that either of them names.
    """
    named = _conventions([network]) if conventions is None else conventions
    return _Describer(network, differ or {}, named).network()


def _conventions(networks: Iterable[Network]) -> set[str]:
    """The conventions that claims of networks name: they are shown beside multiply-accumulates."""
    claims = (claim for network in networks for claim in network.claims)
    return {claim.convention for claim in claims if claim.metric == "flops"}


def page_of(
    file: str,
    networks: Sequence[Network],
    difference: contents.Difference | None = None,
    diagnostics: contents.Diagnostics | None = None,
    convention: Convention = MACS,
) -> contents.Page:
    """A page on a network, or on two that are compared; on none, where there is none yet.

    It counts by multiply-accumulates, by what claims name, and by ``convention``.

    Raises `Failure` where the names of a network are too long for a page.
    """
    differ = marks(*networks) if len(networks) == 2 else [None] * len(networks)
    named = _conventions(networks) | {convention.name}
    described = tuple(describe(*each, named) for each in zip(networks, differ, strict=True))
    return contents.Page(__version__, printable(file), described, difference, diagnostics)


class _Describer:
    def __init__(self, network: Network, differ: Marks, conventions: Collection[str]) -> None:
        if sum(len(node.scope.path) for node in network.nodes) > _MOST:
            raise unlocated(
                "picture-too-large", "the names of its parts are too long for a page", network.name,
                "shorten the names of stages and blocks",
            )  # fmt: skip
        self._network = network
        self._marks = differ
        self._conventions = conventions
        self._fields = receptive_fields(network)
        self._sources: dict[Source, int] = {network.root.span.source: 0}
        self._parts: dict[str, contents.Part] = {"": self._whole()}

    def network(self) -> contents.Network:
        network = self._network
        pictures = {depth: picture(network, depth) for depth in Depth}
        for drawn in reversed(pictures.values()):
            self._add_parts(drawn)
        stages, layers = pictures[Depth.NETWORK].boxes, pictures[Depth.BLOCK].boxes
        return contents.Network(
            network.name,
            network.doc,
            network.parameters,
            _cost(network.cost),
            tuple(self._flops()),
            tuple(contents.Source(printable(source_path(s)), _lines(s)) for s in self._sources),
            self._parts,
            tuple(box.key for box in stages if _counts(box)),
            tuple(box.key for box in layers if _counts(box)),
            self._drawings(pictures),
            tuple(_matrices(pictures[Depth.GROUP])),
            tuple(self._claims()),
        )

    # --- parts

    def _whole(self) -> contents.Part:
        network = self._network
        about, output = network.doc.partition("\n")[0], network.nodes[network.output]
        facts = Facts(
            "", about, (network.input.type.shape,), output.type, (output.index,), network.cost, 1,
            network.root.span,
        )  # fmt: skip
        return self._part(facts, network.name, "network", None)

    def _add_parts(self, drawn: Picture) -> None:
        for box in drawn.boxes:
            within = box.frames[-1] if box.frames else ""
            self._add(box.facts, box.name, _kind(box), within)
            for group in box.panel.groups if box.panel else ():
                self._add(group.facts, group.name, "group", box.key)
            for around, key in zip(("", *box.frames), box.frames, strict=False):
                facts = drawn.frames[key].facts
                is_stage = facts.kind is ScopeKind.STAGE
                self._add(facts, drawn.frames[key].title, "stage" if is_stage else "block", around)

    def _add(self, facts: Facts, name: str, kind: str, within: str) -> None:
        if facts.path not in self._parts:
            self._parts[facts.path] = self._part(facts, name, kind, within)

    def _part(self, facts: Facts, name: str, kind: str, within: str | None) -> contents.Part:
        seen = union([self._fields[end] for end in facts.ends])
        return contents.Part(
            facts.path,
            name,
            kind,
            within,
            facts.detail,
            spell_shapes(facts.input),
            spell_shapes((facts.output.shape,)),
            facts.output.groups,
            _cost(facts.cost),
            facts.times,
            None if seen is None else tuple(field.pixels for field in seen),
            None if seen is None else tuple(float(field.stride) for field in seen),
            self._place(facts.span),
        )

    def _place(self, span: Span) -> contents.Place:
        number = self._sources.setdefault(span.source, len(self._sources))
        last, _ = span.source.line_column(max(span.start, span.end - 1))
        return contents.Place(number, span.line, last)

    # --- the rest

    def _flops(self) -> Iterator[contents.Flops]:
        """By what is named, but for multiply-accumulates: every page shows those."""
        named = (c for c in CONVENTIONS.values() if c.name in self._conventions)
        for convention in (c for c in named if c is not MACS):
            giga = convention.count(self._network.cost) / convention.giga
            yield contents.Flops(
                convention.name, convention.heading, f"{giga:.3f}G", convention.description
            )

    def _drawings(self, pictures: Mapping[Depth, Picture]) -> tuple[contents.Drawing, ...]:
        """All of them at once: a layout engine is a process of its own."""
        with ThreadPoolExecutor() as pool:
            return tuple(pool.map(self._drawing, pictures, pictures.values()))

    def _drawing(self, depth: Depth, drawn: Picture) -> contents.Drawing:
        marked = dict(_marked(drawn, _by_path(self._marks, drawn.copies)))
        stands = drawn.copies.folded()
        if is_slow(drawn):
            return contents.Drawing(depth.value, "", _LARGE, marked, stands)
        try:
            scene, _ = lay_out(drawn, "TB", self._network.name)
        except Failure as failure:
            return contents.Drawing(depth.value, "", failure.diagnostic.message, marked, stands)
        return contents.Drawing(depth.value, page_svg(scene), "", marked, stands)

    def _claims(self) -> Iterator[contents.Claim]:
        for claim, verdict in judge_claims(self._network):
            by_convention = claim.metric == "flops"
            yield contents.Claim(
                claim.scope.path,
                f"{claim.metric} ({claim.convention})" if by_convention else claim.metric,
                claim.quantity.text,
                verdict.spell(claim.quantity),
                verdict.difference,
                verdict.holds,
                self._place(claim.span),
            )


def _kind(box: Box) -> str:
    if box.facts.kind is ScopeKind.STAGE:
        return "stage"
    if box.kind is Kind.STAGE:
        return "block"
    return "operation" if box.kind in _NO_LAYERS else "layer"


def _by_path(differ: Marks, copies: Copies) -> dict[str, str]:
    """Marks by the paths that boxes have."""
    found: dict[str, str] = {}
    for where, kind in differ.items():
        changed = kind not in (Change.ADDED, Change.REMOVED)
        mark = Change.CHANGED.value if changed else kind.value
        if isinstance(where, Node):
            path = path_within(copies.path(where.scope), where.name)
        elif isinstance(where, Aggregation):
            path = where.path_in(copies.path(where.scope))
        else:
            path = copies.path(where)
        found.setdefault(path, mark)
    return found


def _marked(drawn: Picture, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The boxes that differ: as wholes, within something that does, or in a part of them."""
    inner = {around for path in found for around in _around(path)}
    for box in drawn.boxes:
        path = next((path for path in (box.key, *_around(box.key)) if path in found), None)
        if path is not None:
            yield box.key, found[path]
        elif box.key in inner:
            yield box.key, Change.CHANGED.value


def _around(path: str) -> Iterator[str]:
    """The paths that hold a path, the innermost first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _matrices(drawn: Picture) -> Iterator[contents.Matrix]:
    for box in drawn.boxes:
        if box.panel is not None:
            groups = box.panel.groups
            yield contents.Matrix(
                box.key,
                box.key or box.name,
                box.panel.sources,
                len(box.panel.inputs),
                tuple(group.name for group in groups),
                tuple(group.seen for group in groups),
            )


def _counts(box: Box) -> bool:
    return bool(box.facts.cost.params or box.facts.cost.macs)


def _cost(cost: Cost) -> contents.Cost:
    return contents.Cost(cost.params, cost.macs, _WIDTH * cost.activations)


def _lines(source: Source) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(map(tuple, spans(source.text)))

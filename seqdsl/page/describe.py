"""Describes networks for a page: parts, drawings, matrices, claims, and the sources of it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from seqdsl.backends.drawing.svg import page_svg
from seqdsl.backends.drawing.write import lay_out
from seqdsl.graph.costs import CONVENTIONS, Cost
from seqdsl.graph.network import Network
from seqdsl.graph.scope import Scope
from seqdsl.highlighting import spans
from seqdsl.page import contents
from seqdsl.passes.claims import judge_claims
from seqdsl.passes.difference.compare import Kind as Change
from seqdsl.passes.difference.marks import Marks
from seqdsl.passes.drawing.copies import Copies, find_copies
from seqdsl.passes.drawing.facts import Facts, spell_shapes
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.outline import Outline
from seqdsl.passes.drawing.picture import Box, Picture, picture
from seqdsl.passes.drawing.placing import Depth
from seqdsl.passes.receptive import receptive_fields
from seqdsl.source.diagnostic import Failure
from seqdsl.source.text import Source, Span

_WIDTH = 4  # bytes of an element
_NO_LAYERS = (Kind.SUM, Kind.JOIN, Kind.OTHER)


def describe(network: Network, marks: Marks | None = None) -> contents.Network:
    """A network for a page; of two, with marks on what differs."""
    return _Describer(network, marks or {}).network()


class _Describer:
    def __init__(self, network: Network, marks: Marks) -> None:
        self._network = network
        self._copies = {True: find_copies(network, Outline(network)), False: Copies()}
        self._marks = {fold: _by_path(marks, copies) for fold, copies in self._copies.items()}
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
            tuple(contents.Source(s.name, _lines(s)) for s in self._sources),
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
        facts = Facts(
            "", network.doc.partition("\n")[0], (network.input.type.shape,),
            network.nodes[network.output].type, network.output, network.cost, 1, network.root.span,
        )  # fmt: skip
        return self._part(facts, network.name, "network", None)

    def _add_parts(self, drawn: Picture) -> None:
        for box in drawn.boxes:
            if box.facts is None:
                continue
            within = box.frames[-1] if box.frames else ""
            is_stage = box.kind is Kind.STAGE and not box.frames
            kind = "stage" if is_stage else "operation" if box.kind in _NO_LAYERS else "layer"
            self._add(box.facts, box.name, kind, within)
            for group in box.panel.groups if box.panel else ():
                self._add(group.facts, group.name, "group", box.key)
            for around, key in zip(("", *box.frames), box.frames, strict=False):
                frame = drawn.frames[key]
                self._add(frame.facts, frame.title, "block" if around else "stage", around)

    def _add(self, facts: Facts, name: str, kind: str, within: str) -> None:
        if facts.path not in self._parts:
            self._parts[facts.path] = self._part(facts, name, kind, within)

    def _part(self, facts: Facts, name: str, kind: str, within: str | None) -> contents.Part:
        seen = self._fields[facts.last]
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
        for convention in CONVENTIONS.values():
            giga = convention.count(self._network.cost) / convention.giga
            yield contents.Flops(convention.name, f"{giga:.3f}G", convention.description)

    def _drawings(self, pictures: Mapping[Depth, Picture]) -> tuple[contents.Drawing, ...]:
        """All of them at once: a layout engine is a process of its own."""
        with ThreadPoolExecutor() as pool:
            return tuple(pool.map(self._drawing, pictures, pictures.values()))

    def _drawing(self, depth: Depth, drawn: Picture) -> contents.Drawing:
        try:
            scene, _ = lay_out(drawn, "TB", self._network.name)
        except Failure as failure:
            return contents.Drawing(depth.value, "", failure.diagnostic.message, {}, {})
        marked = dict(_marked(drawn, self._marks[depth.folds]))
        stands = self._copies[depth.folds].folded()
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


def _by_path(marks: Marks, copies: Copies) -> dict[str, str]:
    """Marks by the paths that boxes have."""
    found: dict[str, str] = {}
    for where, kind in marks.items():
        path = copies.path(where) if isinstance(where, Scope) else where.path
        changed = kind not in (Change.ADDED, Change.REMOVED)
        found.setdefault(path, Change.CHANGED.value if changed else kind.value)
    return found


def _marked(drawn: Picture, marks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The boxes that differ: as wholes, within something that does, or in a part of them."""
    for box in drawn.boxes:
        for path, mark in marks.items():
            if f"{box.key}/".startswith(f"{path}/"):
                yield box.key, mark
                break
            if path.startswith(f"{box.key}/"):
                yield box.key, Change.CHANGED.value
                break


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
    return box.facts is not None and bool(box.facts.cost.params or box.facts.cost.macs)


def _cost(cost: Cost) -> contents.Cost:
    return contents.Cost(cost.params, cost.macs, _WIDTH * cost.activations)


def _lines(source: Source) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(map(tuple, spans(source.text)))

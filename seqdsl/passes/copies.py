"""Copies of a program with edits put in, and where their texts stand in the original."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from seqdsl.semantic.names.modules import Program
from seqdsl.source.diagnostic import Diagnostic, Label
from seqdsl.source.fix import Edit, Fix
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Source, Span


@frozen
class _Run:
    """Text that no edit has touched: where it begins and ends, and its start in the original."""

    start: int
    end: int
    origin: int


@frozen
class _Origin:
    source: Source  # the original
    runs: tuple[_Run, ...]


@frozen
class Copy:
    """A program, and for each of its files where its text comes from, by the file's name."""

    program: Program
    origins: Mapping[str, _Origin]

    @staticmethod
    def of(program: Program) -> Copy:
        """The program itself."""
        sources = [module.syntax.source for module in program.modules]
        whole = {s.name: _Origin(s, (_Run(0, len(s.text), 0),)) for s in sources}
        return Copy(program, whole)

    @property
    def length(self) -> int:
        """The characters that reading it takes: each mistake in the syntax of a file has the file
        parsed again.
        """
        mistakes = Counter(
            d.primary.span.source.name
            for d in self.program.diagnostics
            if d.primary is not None and d.code.name == "syntax"
        )
        sources = (module.syntax.source for module in self.program.modules)
        return sum(len(source.text) * (1 + mistakes[source.name]) for source in sources)

    def holds(self, source: Source) -> bool:
        return any(module.syntax.source is source for module in self.program.modules)

    def edited(self, edits: Sequence[Edit]) -> Copy:
        """A copy of this copy, read anew with edits put in."""
        origins: dict[str, _Origin] = {}
        for name, origin in self.origins.items():
            own = sorted((e for e in edits if e.span.source.name == name), key=_start)
            origins[name] = replace(origin, runs=_moved(origin.runs, own))
        return Copy(self.program.edited(edits), origins)

    def back(self, d: Diagnostic) -> Diagnostic | None:
        """A finding about this copy as one about the original; None where an edit made its text.

        Its fix goes where its edits are not all of the original's text.
        """
        if d.primary is None:
            return d
        primary = self._label(d.primary)
        if primary is None:
            return None
        secondary = tuple(filter(None, map(self._label, d.secondary)))
        fix = None if d.fix is None else self._fix(d.fix)
        return replace(d, primary=primary, secondary=secondary, fix=fix)

    def _fix(self, fix: Fix) -> Fix | None:
        spans = [self._span(edit.span) for edit in fix.edits]
        edits = [Edit(s, e.text) for s, e in zip(spans, fix.edits, strict=True) if s is not None]
        return replace(fix, edits=tuple(edits)) if len(edits) == len(spans) else None

    def _label(self, label: Label) -> Label | None:
        span = self._span(label.span)
        return None if span is None else Label(span, label.text)

    def _span(self, span: Span) -> Span | None:
        origin = self.origins.get(span.source.name)
        if origin is None or span.source.library:
            return span
        first = next((r for r in origin.runs if r.start <= span.start < r.end), None)
        last = next((r for r in origin.runs if r.start < span.end <= r.end), None)
        if span.start == span.end:
            first = first or next((r for r in origin.runs if r.end == span.start), None)
            last = first
        if first is None or last is None:
            return None
        start, end = (
            run.origin + at - run.start for run, at in ((first, span.start), (last, span.end))
        )
        return Span(origin.source, start, max(start, end))


def _start(edit: Edit) -> int:
    return edit.span.start


def _moved(runs: Sequence[_Run], edits: Sequence[Edit]) -> tuple[_Run, ...]:
    """The runs of a text that are left when edits are put in, which are in their order."""
    kept: list[_Run] = []
    start = shift = 0
    ends = [*((edit.span.start, edit.span.end, len(edit.text)) for edit in edits), (None, 0, 0)]
    for stop, following, length in ends:
        for run in runs:
            first = max(start, run.start)
            last = run.end if stop is None else min(stop, run.end)
            if first < last:
                kept.append(_Run(first + shift, last + shift, run.origin + first - run.start))
        if stop is not None:
            start, shift = following, shift + length - (following - stop)
    return tuple(kept)

"""What an expansion shows that is legal, and seldom meant: groups and windows that are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind, closure
from seqdsl.semantic.locate import diagnostic, user_span
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span


@frozen
class Windowed:
    """An aggregation by a window of the user's: whether each group saw all before it."""

    whole: bool
    scope: Scope


def single_groups(nodes: Iterable[Node]) -> list[Diagnostic]:
    """A warning for each place of the user's that makes one group, however often it is run."""
    counts: dict[Span, set[int]] = {}
    scopes: dict[Span, Scope] = {}
    for group in closure(node.scope for node in nodes):
        if group.kind is not ScopeKind.GROUP:
            continue
        assert group.parent is not None and group.repeat is not None
        where = user_span(group.span, group.parent)
        counts.setdefault(where, set()).add(group.repeat[1])
        scopes.setdefault(where, group.parent)
    return [
        diagnostic(
            "single-group",
            "this makes a single group, as a convolution without windows does",
            where,
            scopes[where],
            label="one group",
            help="take a smaller k or a wider layer, or write the convolution itself",
        )
        for where, of in counts.items()
        if of == {1}
    ]


def whole_windows(networks: Iterable[Mapping[Span, Windowed]]) -> list[Diagnostic]:
    """A warning for each window of the user's that is `all` in every expansion of all networks."""
    windows: dict[Span, Windowed] = {}
    for noted in networks:
        for span, windowed in noted.items():
            known = windows.get(span)
            if known is None or known.whole:
                windows[span] = windowed
    return [
        diagnostic(
            "whole-window",
            f"the window `{span.text}` sees every group here, as `all` does",
            span,
            windowed.scope,
            label="never leaves a group out",
            help="write `all`, or a window that is shorter than the sequence",
            fix=replacing(span, "all"),
        )
        for span, windowed in windows.items()
        if windowed.whole
    ]

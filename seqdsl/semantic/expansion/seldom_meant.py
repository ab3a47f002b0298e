"""What an expansion shows that is legal, and seldom meant: groups and windows that are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from seqdsl.graph import operations as ops
from seqdsl.graph.node import Node
from seqdsl.graph.scope import Scope, ScopeKind, closure
from seqdsl.semantic.values.locate import diagnostic, origin, user_span
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.fix import replacing
from seqdsl.source.frozen import frozen
from seqdsl.source.text import Span

# What processes a map, where others combine maps or rearrange them.
_LAYERS = frozenset(
    {
        ops.Family.CONVOLUTION,
        ops.Family.LINEAR,
        ops.Family.NORM,
        ops.Family.ACTIVATION,
        ops.Family.POOL,
        ops.Family.DROPOUT,
    }
)


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


def inner_softmaxes(networks: Iterable[Sequence[Node]]) -> list[Diagnostic]:
    """A warning for each softmax of the user's that only layers read, in all its expansions."""
    inner: dict[Span, bool] = {}
    softmaxes: dict[Span, Node] = {}
    for nodes in networks:
        readers: dict[int, list[Node]] = {}
        for node in nodes:
            for index in node.operands:
                readers.setdefault(index, []).append(node)
        for node in nodes:
            if isinstance(node.operation, ops.Softmax):
                where = origin(node)
                read = readers.get(node.index, [])
                layers = bool(read) and all(r.operation.family in _LAYERS for r in read)
                inner[where] = inner.get(where, True) and layers
                softmaxes.setdefault(where, node)
    return [
        diagnostic(
            "inner-softmax",
            "a layer reads what this softmax gives",
            where,
            softmaxes[where].scope,
            label="not the end of the network",
            help="a softmax closes a classifier, or makes the factors of a `multiply`",
        )
        for where, always in inner.items()
        if always
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

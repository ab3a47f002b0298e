"""The attributes and methods of values: ``in.width``, ``path.last``, ``shortcut.group(i)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from seqdsl.graph.scope import Scope
from seqdsl.semantic.values.locate import fail
from seqdsl.semantic.values.value import (
    Feature,
    PathValue,
    SizeValue,
    Statements,
    Value,
    kind_of,
)
from seqdsl.source.elsewhere import MEMBERS, plain
from seqdsl.source.fix import replacing
from seqdsl.source.meter import spend_on
from seqdsl.source.suggest import did_you_mean
from seqdsl.source.text import Span

_SHOWN = 12  # sizes of groups


def attribute_of(base: Value, name: str, span: Span, scope: Scope) -> Value:
    """Raises `Failure` for an attribute that the value has not."""
    if isinstance(base, Feature):
        spend_on(len(base.groups))
    table = _attributes(base)
    if name not in table:
        raise _unknown(base, name, list(table), span, scope)
    if (
        name in ("head", "last")
        and isinstance(base, tuple | range | Statements)
        and not _length(base)
    ):
        raise fail("index-range", f"an empty list has no `{name}`", span, scope)
    if name == "group" and isinstance(base, Feature) and len(set(base.sizes)) > 1:
        sizes = _listing(base.sizes)
        raise fail(
            "ungrouped-window",
            f"the groups are of different sizes: {sizes}",
            span,
            scope,
            help="`group` is the size of each where all are equal",
        )
    return table[name](base)


def known_member(name: str, span: Span, scope: Scope) -> None:
    """Raises `Failure` for an attribute that no feature map has."""
    if name not in _FEATURE:
        some = Feature((), ())
        raise _unknown(some, name, list(_FEATURE), span, scope)


def method_of(base: Value, name: str, arguments: list[int], span: Span, scope: Scope) -> Value:
    """Raises `Failure` for a method that the value has not, or arguments outside its groups."""
    if not isinstance(base, Feature) or name not in _METHODS:
        known = list(_METHODS) if isinstance(base, Feature) else []
        raise _unknown(base, name, known, span, scope)
    spend_on(len(base.groups))
    match name, arguments:
        case "channels", [first, last]:
            return _channels(base, first, last, span, scope)
        case "grouped", [size]:
            return regroup(base, size, span, scope)
        case "group", [index]:
            return _group(base, index, span, scope)
        case _:
            raise fail("missing-argument", f"write `{name}({_METHODS[name]})`", span, scope)


def _channels(base: Feature, first: int, last: int, span: Span, scope: Scope) -> Feature:
    if not 1 <= first <= last <= base.width:
        raise fail(
            "index-range",
            f"channels {first} to {last} of a feature map of {base.width}",
            span,
            scope,
            help=f"channels run from 1 to {base.width}, and both ends are included",
        )
    return base.channels(first - 1, last)


def _group(base: Feature, index: int, span: Span, scope: Scope) -> Feature:
    if not 1 <= index <= len(base.groups):
        raise fail(
            "index-range",
            f"group {index} of a feature map of {len(base.groups)} groups",
            span,
            scope,
            help=f"groups run from 1 to {len(base.groups)}",
        )
    return base.take(index - 1, index)


def regroup(feature: Feature, size: int, span: Span, scope: Scope) -> Feature:
    """A feature map as a hierarchy of groups of ``size`` channels. Raises `Failure`."""
    result = feature.grouped(size) if size > 0 else None
    if result is not None:
        return result
    sizes = feature.sizes
    what = (
        f"one group of {sizes[0]} channels"
        if len(sizes) == 1
        else f"groups of {_listing(sorted(set(sizes)))} channels"
    )
    raise fail(
        "ungrouped-window",
        f"a hierarchy in groups of {size} is needed, and this feature map is {what}",
        span,
        scope,
        help=f"let a layer that keeps groups come first: a `seqconv` with k={size}, or a "
        f"convolution with groups={max(feature.width // max(size, 1), 1)} over such a hierarchy",
    )


def _listing(sizes: Sequence[int]) -> str:
    """The sizes of groups, the first of them where there are many."""
    shown = ", ".join(map(str, sizes[:_SHOWN]))
    return shown if len(sizes) <= _SHOWN else f"{shown} and others"


def _length(value: Any) -> int:
    if isinstance(value, Statements):
        return len(value.statements)
    return len(value.parts if isinstance(value, PathValue) else value)


def _attributes(base: Value) -> dict[str, Callable[[Any], Value]]:
    match base:
        case Feature():
            return _FEATURE
        case PathValue():
            return _PATH
        case tuple() | range():
            return _LIST
        case Statements():
            return _LAYERS
        case SizeValue():
            return _SIZE
        case _:
            return {}


def members(base: Value) -> str:
    """What a value has, in the words of a help."""
    methods = _METHODS if isinstance(base, Feature) else {}
    names = [*_attributes(base), *(f"{name}({of})" for name, of in methods.items())]
    return ", ".join(f"`{name}`" for name in names)


_METHODS = {"group": "i", "grouped": "k", "channels": "first, last"}
_FEATURE: dict[str, Callable[[Any], Value]] = {
    "width": lambda f: f.width,
    "size": lambda f: SizeValue(f.spatial or (1, 1)),
    "groups": lambda f: len(f.groups),
    "group": lambda f: f.sizes[0],
    "raw": lambda f: f.raw_face,
}
_PATH: dict[str, Callable[[Any], Value]] = {
    "head": lambda p: p.parts[:-1],
    "last": lambda p: p.parts[-1],
    "length": _length,
}
_LIST: dict[str, Callable[[Any], Value]] = {
    "head": lambda items: tuple(items)[:-1],
    "last": lambda items: items[-1],
    "length": _length,
}
_LAYERS: dict[str, Callable[[Any], Value]] = {
    "head": lambda b: b.of(b.statements[:-1]),
    "last": lambda b: b.of(b.statements[-1:]),
    "length": _length,
}
_SIZE: dict[str, Callable[[Any], Value]] = {
    "height": lambda s: s.values[-2],
    "width": lambda s: s.values[-1],
}
ATTRIBUTES = tuple(dict.fromkeys((*_FEATURE, *_METHODS, *_PATH, *_LIST, *_SIZE)))


def _unknown(base: Value, name: str, known: list[str], span: Span, scope: Scope) -> Exception:
    named = _named(name, span)
    elsewhere = MEMBERS.get(plain(name)) if isinstance(base, Feature) else None
    if elsewhere is not None:
        fix = replacing(named, elsewhere.write) if elsewhere.write and named is not span else None
        if elsewhere.write == "" and named is not span:
            fix = replacing(Span(span.source, named.start - 1, span.end), "")
        return fail("unknown-attribute", f"{kind_of(base)} has no `{name}`", span, scope,
                    help=elsewhere.help, fix=fix)  # fmt: skip
    listed = f"it has {members(base)}" if known else None
    if isinstance(base, Feature) and f".{name}(" not in span.text and name in _METHODS:
        signature = f"{span.text}({_METHODS[name]})"
        return fail("unknown-attribute", f"`{name}` of a feature map needs its arguments", span,
                    scope, help=f"write `{signature}`")  # fmt: skip
    help, fix = did_you_mean(name, known, named, listed)
    return fail(
        "unknown-attribute", f"{kind_of(base)} has no `{name}`", span, scope, help=help,
        fix=fix if named is not span else None,
    )  # fmt: skip


def _named(name: str, span: Span) -> Span:
    """The name in ``base.name`` or ``base.name(...)``; the span itself where it is not found."""
    at = span.text.rfind(f".{name}")
    if at < 0:
        return span
    start = span.start + at + 1
    return Span(span.source, start, start + len(name))

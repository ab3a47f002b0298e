"""A syntax tree as text, a node a line: the same file gives the same text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from seqdsl.source.text import Source, Span
from seqdsl.syntax import ast


def dump(module: ast.Module) -> str:
    """Every definition with all that is in it: ``call: Call 4:3`` above its parts.

    Each node has its line and column. What is empty is left out.
    """
    return "\n".join(line for item in module.items for line in _node("", item, 0)) + "\n"


def _node(label: str, node: object, depth: int) -> Iterator[str]:
    """A node's line, with its words and numbers, and the lines of the nodes in it."""
    words, inside = [type(node).__name__], list[tuple[str, object]]()
    span = getattr(node, "span", None)
    if isinstance(span, Span):
        words.append(f"{span.line}:{span.column}")
    assert is_dataclass(node)
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Span | Source) or value in (None, "", ()):
            continue
        if is_dataclass(value) or isinstance(value, tuple):
            inside.append((field.name, value))
        else:
            words.append(f"{field.name}={value!r}")
    yield f"{'  ' * depth}{label}{' '.join(words)}"
    for name, value in inside:
        yield from _part(name, value, depth + 1)


def _part(name: str, value: object, depth: int) -> Iterator[str]:
    if isinstance(value, tuple):
        for each in value:
            yield from _part(name, each, depth)
    elif is_dataclass(value):
        yield from _node(f"{name}: ", value, depth)
    elif not isinstance(value, Span) and value is not None:
        yield f"{'  ' * depth}{name}: {value!r}"

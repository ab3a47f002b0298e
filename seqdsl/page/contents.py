"""What a page shows, as web/src/data.ts reads it: names there are these, in camel case."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

from seqdsl.source.frozen import frozen


@frozen
class Cost:
    params: int
    macs: int
    memory: int  # bytes of float32 that convolutions and linear layers put out, for one sample


@frozen
class Place:
    """Lines of a source, from 1 on; the last is of it."""

    source: int
    first: int
    last: int


@frozen
class Part:
    path: str
    name: str
    kind: str  # network, stage, block, layer, group, operation
    within: str | None
    detail: str
    input: str
    output: str
    groups: tuple[int, ...]
    cost: Cost
    times: int
    receptive_field: tuple[int, ...] | None  # pixels of height and width; None for all
    receptive_stride: tuple[float, ...] | None
    place: Place


@frozen
class Matrix:
    path: str
    title: str
    sources: tuple[str, ...]
    inputs: int
    readers: tuple[str, ...]
    sees: tuple[tuple[int, ...], ...]


@frozen
class Claim:
    part: str
    metric: str
    printed: str
    computed: str
    difference: str
    holds: bool
    place: Place


@frozen
class Source:
    name: str
    lines: tuple[tuple[tuple[str, str], ...], ...]


@frozen
class Drawing:
    depth: str
    svg: str
    note: str
    mark: dict[str, str]
    stands: dict[str, str]


@frozen
class Flops:
    convention: str
    heading: str
    value: str
    about: str


@frozen
class Network:
    name: str
    doc: str
    settings: tuple[tuple[str, str], ...]
    cost: Cost
    flops: tuple[Flops, ...]  # by the conventions that claims and the command name
    sources: tuple[Source, ...]
    parts: dict[str, Part]
    stages: tuple[str, ...]
    layers: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    matrices: tuple[Matrix, ...]
    claims: tuple[Claim, ...]


@frozen
class Difference:
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@frozen
class Diagnostics:
    text: str
    errors: int
    warnings: int
    stale: bool  # whether what is shown is older than the file


@frozen
class Page:
    version: str
    file: str
    networks: tuple[Network, ...]
    difference: Difference | None = None
    diagnostics: Diagnostics | None = None


def write_json(page: Page) -> str:
    """The page for a script: no text of it can end the element that it stands in."""
    text = json.dumps(_plain(page), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {_camel(f.name): _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

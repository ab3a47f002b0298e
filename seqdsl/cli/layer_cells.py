"""The layers of a stage as a cell of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from seqdsl.cli.latex import escape_latex, latex_layer, latex_lines
from seqdsl.cli.tables import Stack, escape_markdown
from seqdsl.graph.tensor import spell_shape
from seqdsl.passes.architecture_table import Bracket, Layer, Line, Row

_MARKS = "*†‡§¶"


def marks_of(rows: Iterable[Row]) -> dict[str, str]:
    """A mark for each block that makes layers of groups, as in the paper's tables."""
    blocks = dict.fromkeys(block for row in rows for block in _blocks(row.layers))
    return {
        block: _MARKS[index % len(_MARKS)] * (1 + index // len(_MARKS))
        for index, block in enumerate(blocks)
    }


def size_cell(size: Sequence[int]) -> Stack:
    """Height and width."""
    text = spell_shape(size)
    return Stack((text,), text, latex_layer(text), text, text)


def layer_cell(layers: Sequence[Layer], marks: Mapping[str, str]) -> Stack:
    """Layers, a line each; brackets say how often what is in them stands there."""
    lines = [_latex(layer, marks) for layer in layers]
    return Stack(
        tuple(text for layer in layers for text in _terminal(layer, marks)),
        "<br>".join(_markdown(layer, marks) for layer in layers),
        latex_lines(lines, [isinstance(layer, Bracket) for layer in layers]) if layers else "",
        _plain(layers),
        [_json(layer) for layer in layers],
    )


def _blocks(layers: Iterable[Layer]) -> Iterator[str]:
    for layer in layers:
        match layer:
            case Bracket(layers=inner):
                yield from _blocks(inner)
            case Line(block=block) if block:
                yield block


def _terminal(layer: Layer, marks: Mapping[str, str]) -> list[str]:
    if isinstance(layer, Line):
        return [f"{layer.text} {marks[layer.block]}" if layer.block else layer.text]
    inner = [text for each in layer.layers for text in _terminal(each, marks)]
    if len(inner) == 1:
        return [f"[ {inner[0]} ] × {layer.times}"]
    width = max(map(len, inner))
    sides = [("⎡", "⎤"), *[("⎢", "⎥")] * (len(inner) - 2), ("⎣", "⎦")]
    lines = [
        f"{left} {text.ljust(width)} {right}"
        for (left, right), text in zip(sides, inner, strict=True)
    ]
    lines[(len(inner) - 1) // 2] += f" × {layer.times}"
    return lines


def _markdown(layer: Layer, marks: Mapping[str, str]) -> str:
    if isinstance(layer, Line):
        return escape_markdown(" ".join(_terminal(layer, marks)))
    inner = "<br>".join(_markdown(each, marks) for each in layer.layers)
    return rf"\[ {inner} ] × {layer.times}"


def _latex(layer: Layer, marks: Mapping[str, str]) -> str:
    if isinstance(layer, Line):
        mark = rf"\,{escape_latex(marks[layer.block])}" if layer.block else ""
        return f"{latex_layer(layer.text)}{mark}"
    rows = r" \\ ".join(_latex(each, marks) for each in layer.layers)
    inner = rf"\begin{{tabular}}{{@{{}}l@{{}}}}{rows}\end{{tabular}}"
    return rf"$\left[{inner}\right]\times{layer.times}$"


def _plain(layers: Sequence[Layer]) -> str:
    return "; ".join(
        f"[{_plain(layer.layers)}] × {layer.times}"
        if isinstance(layer, Bracket)
        else f"{layer.text} ({layer.block})"
        if layer.block
        else layer.text
        for layer in layers
    )


def _json(layer: Layer) -> dict[str, object]:
    if isinstance(layer, Bracket):
        return {"layers": [_json(each) for each in layer.layers], "times": layer.times}
    block = {"block": layer.block} if layer.block else {}
    return {"text": layer.text, **block, "times": 1}

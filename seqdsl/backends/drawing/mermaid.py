"""A picture in Mermaid, which GitHub draws in a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seqdsl.backends.drawing.scene import shown
from seqdsl.backends.drawing.theme import Theme
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Box, Picture, by_frame


def mermaid_text(picture: Picture, direction: str, theme: Theme) -> str:
    """A flowchart; all text is escaped, so that none becomes markup."""
    names = {box.key: f"n{position}" for position, box in enumerate(picture.boxes)}
    numbers = {key: number for number, key in enumerate(picture.frames)}
    lines = [f"flowchart {direction}", *_nested(picture, picture.boxes, 0, names, numbers)]
    for arrow in picture.arrows:
        way = "-.->" if arrow.shortcut else "-->"
        said = f'|"{_text(arrow.shape)}"|' if arrow.shape else ""
        lines.append(f"  {names[arrow.source]} {way}{said} {names[arrow.target]}")
    for kind in dict.fromkeys(box.kind for box in picture.boxes):
        style = theme.styles[kind.value]
        lines.append(
            f"  classDef {kind.value} fill:{style.fill},stroke:{style.stroke},"
            f"color:{theme.styles['text'].fill}"
        )
    return "\n".join(lines) + "\n"


def _nested(
    picture: Picture,
    inside: Sequence[Box],
    level: int,
    names: dict[str, str],
    numbers: dict[str, int],
) -> Iterator[str]:
    indent = "  " * (level + 1)
    for key, boxes in by_frame(inside, level).items():
        if key is None:
            yield from (f"{indent}{_box(box, names[box.key])}" for box in boxes)
            continue
        yield f'{indent}subgraph f{numbers[key]}["{_text(picture.frames[key].title)}"]'
        yield from _nested(picture, boxes, level + 1, names, numbers)
        yield f"{indent}end"


def _box(box: Box, name: str) -> str:
    if box.kind is Kind.SUM:
        return f'{name}(("+")):::{box.kind.value}'
    lines = [f"<b>{_text(box.name)}</b>", *(_text(line) for line in box.lines)]
    if box.panel is not None:
        lines += map(_text, box.panel.rows)
    return f'{name}["{"<br>".join(lines)}"]:::{box.kind.value}'


def _text(text: str) -> str:
    """Letters, digits and plain signs as they are, all else as Mermaid's numbered entities."""
    return _SPECIAL.sub(lambda found: f"#{ord(found.group())};", shown(text))


_SPECIAL = re.compile(r"[^\w .,:()+/=×→←-]")

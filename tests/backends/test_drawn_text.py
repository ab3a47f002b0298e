"""The text of drawings: it can be read, and stays inside its box."""

import string
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from networks import paper_network

from seqdsl.backends.drawing import write
from seqdsl.backends.drawing.graphviz import dot_text, engines, run
from seqdsl.backends.drawing.layout import read_layout
from seqdsl.backends.drawing.text_width import text_width
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.backends.drawing.write import draw
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import picture
from seqdsl.passes.drawing.placing import Depth

SVG = "{http://www.w3.org/2000/svg}"


LIGHT = THEMES["light"]


@pytest.fixture(scope="module")
def b42():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB42")


@pytest.fixture(scope="module")
def b22():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB22")


def by_role(root: ET.Element, role: str) -> list[ET.Element]:
    return [g for g in root.iter(f"{SVG}g") if g.get("class") == role]


# --- colours


@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read(name: str) -> None:
    """By the rule of the Web Content Accessibility Guidelines, level AA."""
    theme = THEMES[name]
    styles = theme.styles

    def contrast(one: str | None, other: str | None) -> float:
        def luminance(color: str) -> float:
            parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
            red, green, blue = (
                p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
            )
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue

        low, high = sorted(luminance(color or theme.background) for color in (one, other))
        return (high + 0.05) / (low + 0.05)

    grounds = [kind.value for kind in Kind] + ["panel", "frame0", "frame1", "background"]
    for ground in grounds:
        assert contrast(styles["text"].fill, styles[ground].fill) >= 4.5, ground
    for ground in ("background", "frame0", "frame1", "panel"):
        assert contrast(styles["faint"].fill, styles[ground].fill) >= 4.5, ground
        assert contrast(styles["shortcut"].stroke, styles[ground].fill) >= 3, ground
    for style in styles:
        if style.endswith("-text") and style.startswith(("group", "input")):
            ground = styles[style.removesuffix("-text")].fill
            assert contrast(styles[style].fill, ground) >= 4.5, style
    for step in range(8):
        assert contrast(styles["dot"].fill, styles[f"window{step}"].fill) >= 3


@pytest.mark.parametrize("name", THEMES)
def test_groups_get_darker_or_lighter_all_the_way(name: str) -> None:
    """So that their order is seen without colours."""
    for kind in ("group", "input", "window"):
        fills = [THEMES[name].styles[f"{kind}{step}"].fill or "" for step in range(8)]
        sums = [sum(int(fill[at : at + 2], 16) for at in (1, 3, 5)) for fill in fills]
        assert sums in (sorted(sums), sorted(sums, reverse=True)) and len(set(sums)) == 8


# --- text fits


def widths(texts: list[str], size: float) -> list[float]:
    """The widths of lines in Verdana, by Graphviz's own table of its metrics, in points."""
    plain = [text.replace("→", "W").replace("×", "+") for text in texts]  # as wide, and in it
    nodes = [f'"{i}" [label="{text}"]' for i, text in enumerate(plain)]
    style = f"node [shape=box fontname=Verdana fontsize={size} margin=0 width=0]"
    packaged = next(program for name, program in engines() if name == "graphviz-pure")
    done = subprocess.run(
        [packaged, "-Tplain"], input=f"digraph {{ {style} {'; '.join(nodes)} }}",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [row.split() for row in done.stdout.splitlines() if row.startswith("node")]
    found = {int(row[1]): float(row[4]) * 72 for row in rows}
    return [found[i] for i in range(len(texts))]


def test_no_font_is_wider_than_is_reckoned() -> None:
    """Verdana is the widest that a viewer may have for Helvetica."""
    texts = [*string.ascii_letters, *string.digits, *"+-,.:;()[]/_=", "wseqconv 1x1 → 3x3 × 2"]
    for text, width in zip(texts, widths(texts, 100), strict=True):
        assert width <= text_width(text, 100) + 0.1


def texts_of(group: ET.Element) -> Iterator[tuple[str, float, float, float]]:
    """Each line of text: itself, where it starts and ends in Verdana, and its baseline."""
    for line in group.iter(f"{SVG}text"):
        words, size = line.text or "", float(line.get("font-size", "0"))
        (width,) = widths([words], size)
        x = float(line.get("x", ""))
        start = x - (width / 2 if line.get("text-anchor") == "middle" else 0)
        yield words, start, start + width, float(line.get("y", ""))


PARTS = [
    (Depth.NETWORK, None, "TB"),  # wide rows
    (Depth.BLOCK, "conv4", "TB"),  # frames, folded
    (Depth.GROUP, "conv2/residual1/wseqconv1", "TB"),  # a title wider than what it is over
    (Depth.GROUP, "conv2/residual1", "LR"),
    (Depth.GROUP, "conv3/downsample1", "TB"),
]


@pytest.mark.parametrize("engine", ["graphviz-pure", "Graphviz"])
@pytest.mark.parametrize(("depth", "only", "direction"), PARTS)
def test_text_stays_inside(
    b42, tmp_path: Path, depth: Depth, only: str | None, direction: str, engine: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In boxes, frames and the picture, in the widest font that a viewer may have."""
    program = dict(engines()).get(engine)
    if program is None:
        pytest.skip("the system has no dot program")
    monkeypatch.setattr(write, "engines", lambda: [(engine, program)])
    draw(picture(b42, depth, only), tmp_path / "x.svg", direction)
    root = ET.fromstring((tmp_path / "x.svg").read_text())
    checked = 0
    for group in by_role(root, "box") + by_role(root, "group"):
        shape = next(e for e in group if e.tag in (f"{SVG}rect", f"{SVG}circle"))
        if shape.tag == f"{SVG}circle":
            continue
        left, top = float(shape.get("x", "")), float(shape.get("y", ""))
        right = left + float(shape.get("width", ""))
        bottom = top + float(shape.get("height", ""))
        if group.get("class") == "box":
            for words, start, end, baseline in texts_of(group):
                assert left <= start and end <= right and top < baseline < bottom, words
                checked += 1
    for words, start, end, _ in texts_of(root):
        assert start >= 0 and end <= float(root.get("viewBox", "").split()[2]), words
    assert checked > 6


@pytest.mark.parametrize(("depth", "only", "direction"), PARTS)
def test_boxes_do_not_overlap(b42, depth: Depth, only: str | None, direction: str) -> None:
    drawn = picture(b42, depth, only)
    text = dot_text(drawn, direction, LIGHT)
    data = run(next(program for _, program in engines()), text)
    assert data is not None
    layout = read_layout(data)
    from seqdsl.backends.drawing import boxes

    sources = {arrow.source for arrow in drawn.arrows}
    placed = []
    for box, (x, y) in zip(drawn.boxes, layout.centers, strict=True):
        width, height = boxes.size(box, box.key not in sources)
        placed.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    for number, one in enumerate(placed):
        assert one[0] + 1 >= 0 and one[2] <= layout.width + 1 and one[3] <= layout.height + 1
        for other in placed[:number]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            assert apart or one[3] <= other[1] or other[3] <= one[1]


def test_arrows_are_told_apart_as_the_picture_orders_them(b22) -> None:
    """Each goes from its source to its target, whatever order the engine gives them in."""
    drawn = picture(b22, Depth.BLOCK)
    scene_data = run(next(program for _, program in engines()), dot_text(drawn, "TB", LIGHT))
    assert scene_data is not None
    layout = read_layout(scene_data)
    centers = dict(zip((box.key for box in drawn.boxes), layout.centers, strict=True))
    for arrow, points, tip in zip(drawn.arrows, layout.arrows, layout.tips, strict=True):
        rest = [c for key, c in centers.items() if key not in (arrow.source, arrow.target)]
        for end, key in ((points[0], arrow.source), (tip, arrow.target)):
            away = abs(end[1] - centers[key][1])
            assert away <= min(abs(end[1] - c[1]) for c in rest) + 40, arrow

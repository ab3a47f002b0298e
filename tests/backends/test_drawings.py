"""Drawings: what they show, in every format, with whichever engine is there."""

import re
import string
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from networks import compiled, paper_network
from patience import HANG
from PIL import Image

from seqdsl.backends.drawing import format_limits, graphviz, write
from seqdsl.backends.drawing.graphviz import dot_text, engines, run
from seqdsl.backends.drawing.layout import read_layout
from seqdsl.backends.drawing.mermaid import mermaid_text
from seqdsl.backends.drawing.text_width import text_width
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.backends.drawing.write import FORMATS, draw, lay_out
from seqdsl.graph.costs import ZERO
from seqdsl.graph.tensor import TensorType
from seqdsl.passes.drawing.facts import Facts
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Box, Frame, Picture, picture
from seqdsl.passes.drawing.placing import Depth
from seqdsl.source.diagnostic import Failure
from seqdsl.source.render_text import printable
from seqdsl.source.text import Source, Span

SVG = "{http://www.w3.org/2000/svg}"
LIGHT = THEMES["light"]


@pytest.fixture(scope="module")
def b42():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB42")


@pytest.fixture(scope="module")
def b22():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB22")


# --- formats


MAGIC = {
    ".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph", ".mmd": b"flowchart",
}  # fmt: skip


@pytest.mark.parametrize("theme", ["auto", *THEMES])
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_in_every_theme(b22, tmp_path: Path, suffix: str, theme: str) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for path in paths:
        draw(picture(b22, Depth.GROUP), path, theme=theme)
    one, two = (path.read_bytes() for path in paths)
    assert one.startswith(MAGIC[suffix])
    assert one == two  # nothing in a file is of its time


def test_no_format_needs_a_system_package(
    b22, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    for suffix in (".svg", ".png", ".pdf"):
        assert draw(picture(b22, Depth.BLOCK), tmp_path / f"n{suffix}").engine == "graphviz-pure"


def test_the_system_engine_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz.shutil, "which", lambda name, **_: f"/{name}")
    assert [name for name, _ in engines()] == ["Graphviz", "graphviz-pure"]


def test_without_an_engine(b22, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz.shutil, "which", lambda *_, **__: None)
    with pytest.raises(Failure, match="no Graphviz here"):
        draw(picture(b22, Depth.BLOCK), tmp_path / "n.svg")
    draw(picture(b22, Depth.BLOCK), tmp_path / "n.dot")
    draw(picture(b22, Depth.BLOCK), tmp_path / "n.mmd")


def test_png_is_the_drawing(b22, tmp_path: Path) -> None:
    """Its size, its ground, and something on it, in colours of the theme."""
    drawn = picture(b22, Depth.GROUP, only="conv2/seqconv1")
    scene, _ = lay_out(drawn, "TB", "x")
    for name in ("light", "dark"):
        draw(drawn, tmp_path / "n.png", theme=name)
        with Image.open(tmp_path / "n.png") as opened:
            image = opened.convert("RGB")
        assert image.size == pytest.approx((2 * scene.width, 2 * scene.height), abs=2)
        corner = "#{:02X}{:02X}{:02X}".format(*image.getpixel((1, 1)))
        assert corner == THEMES[name].background
        found = {color for _, color in image.getcolors(1 << 20)}
        fill = THEMES[name].styles["group7"].fill or ""
        assert tuple(int(fill[at : at + 2], 16) for at in (1, 3, 5)) in found


def test_what_is_too_large_for_a_png_is_scaled_down(
    b22, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(format_limits, "PNG_SIDE", 500)
    drawn = draw(picture(b22, Depth.BLOCK), tmp_path / "n.png")
    assert drawn.note is not None and "no side is longer than 500 dots; .pdf or" in drawn.note
    with Image.open(tmp_path / "n.png") as image:
        assert max(image.size) == pytest.approx(500, abs=1)


def test_a_heading_can_be_left_to_a_caption(b22, tmp_path: Path) -> None:
    drawn = picture(b22, Depth.BLOCK, only="conv2/residual1")
    heights = []
    for headed in (True, False):
        draw(drawn, tmp_path / "n.svg", headed=headed)
        text = (tmp_path / "n.svg").read_text()
        assert ("dashed: a shortcut" in text) == headed
        heights.append(float(ET.fromstring(text).get("viewBox", "").split()[3]))
    assert heights[0] > heights[1] + 20


def test_pdf_holds_text(b22, tmp_path: Path) -> None:
    """Fonts are embedded, and every word is mapped back to letters."""
    draw(picture(b22, Depth.NETWORK), tmp_path / "n.pdf")
    data = (tmp_path / "n.pdf").read_bytes()
    assert data.count(b"/FontFile2") == 2 and b"/ToUnicode" in data
    assert b"Helvetica" not in data  # which would not be in the file
    assert data.count(b"/Type /Page\n") == 1


def test_dot_is_stable(b42, b22) -> None:
    texts = [dot_text(picture(b22, Depth.BLOCK), "TB", LIGHT) for _ in range(2)]
    assert texts[0] == texts[1] != dot_text(picture(b42, Depth.BLOCK), "TB", LIGHT)


def test_mermaid(tmp_path: Path) -> None:
    text = """use std.seqconv
    network N { input 3x8x8; seqconv 3x3, 8, k=4; residual { wseqconv 3x3, 8, k=4 } }
    """
    drawn = picture(compiled(tmp_path, text), Depth.GROUP)
    lines = mermaid_text(drawn, "TB", LIGHT).splitlines()
    assert lines[:2] == ["flowchart TB", '  n0["<b>input</b>"]:::other']
    assert '  subgraph f0["residual"]' in lines and "  n1 -.-> n2" in lines
    assert '  n0 -->|"3×8×8"| n1' in lines
    assert any("x2 ← x0, x1" in line for line in lines)


# --- text is text


EVIL = ['"]; evil [', "<b>x</b>", "\\N\\G", "a\nb", "&amp;", "{a|<p>b}", "`$(x)`", "end"]


def labelled(text: str) -> Picture:
    span = Span(Source("x", text), 0, 1)
    facts = Facts("k", text, (), TensorType(1, (1, 1), (1,)), 0, ZERO, 1, span)
    box = Box("k", text, (text,), "1x1x1", Kind.OTHER, ("f",), facts)
    return Picture(text, (box,), {"f": Frame("f", text, facts)}, ())


@pytest.mark.parametrize("text", EVIL)
def test_no_label_becomes_markup(tmp_path: Path, text: str) -> None:
    draw(labelled(text), tmp_path / "x.svg")
    root = ET.fromstring((tmp_path / "x.svg").read_text())
    words = [e.text or "" for e in root.iter() if e.tag == f"{SVG}text"]
    assert sorted(words) == sorted([*4 * [printable(text)], "→ 1×1×1"])
    assert {e.tag for e in root.iter()} <= {
        f"{SVG}{name}" for name in ("svg", "style", "g", "title", "rect", "text", "path", "circle")
    }


@pytest.mark.parametrize("text", EVIL)
def test_no_label_becomes_mermaid(text: str) -> None:
    lines = mermaid_text(labelled(text), "TB", LIGHT).splitlines()
    assert len(lines) == 5 and lines[1].startswith('  subgraph f0["') and lines[3] == "  end"
    for line in lines[1:3]:
        inside = line.partition('["')[2].rpartition('"]')[0]
        assert not re.search(r'["{}\[\]`|\\]', inside)
        assert set(re.findall(r"<[^>]*>", inside)) <= {"<b>", "</b>", "<br>"}


# --- an SVG that others work with


def by_role(root: ET.Element, role: str) -> list[ET.Element]:
    return [g for g in root.iter(f"{SVG}g") if g.get("class") == role]


def test_ids_and_tooltips(b22, tmp_path: Path) -> None:
    draw(picture(b22, Depth.GROUP, only="conv2"), tmp_path / "x.svg")
    root = ET.fromstring((tmp_path / "x.svg").read_text())
    titles = {g.get("id"): g.findtext(f"{SVG}title") for g in root.iter(f"{SVG}g") if g.get("id")}
    layer = titles["conv2/seqconv1"]
    assert layer is not None and layer.splitlines() == [
        "conv2/seqconv1", "1x1 → 3x3, 128, k=32", "32x112x112 → 128x112x112 (4 groups of 32)",
        "47.62K params, 590.9M MACs", "architectures/seqresnet_imagenet.seq:12:5",
    ]  # fmt: skip
    group = titles["conv2/seqconv1/group2"]
    assert group is not None and "64x112x112 → 32x112x112" in group
    assert titles["conv2"] and titles["conv2/residual1"]
    ids = [g.get("id") for g in root.iter(f"{SVG}g") if g.get("id")]
    assert len(ids) == len(set(ids))


def test_ids_are_those_of_any_other_drawing(b22, b42, tmp_path: Path) -> None:
    """A layer keeps its id while the network around it changes."""
    found: list[set[str | None]] = []
    for network in (b22, b42):
        draw(picture(network, Depth.BLOCK), tmp_path / "x.svg")
        root = ET.fromstring((tmp_path / "x.svg").read_text())
        found.append({g.get("id") for g in by_role(root, "box")})
    assert found[0] == found[1]  # the copies that one has more are folded


def test_an_auto_theme_is_dark_where_its_viewer_is(b22, tmp_path: Path) -> None:
    draw(picture(b22, Depth.NETWORK), tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text()
    before, _, dark = text.partition("@media (prefers-color-scheme: dark)")
    assert THEMES["light"].background in before and THEMES["dark"].background in dark
    draw(picture(b22, Depth.NETWORK), tmp_path / "x.svg", theme="light")
    assert "@media" not in (tmp_path / "x.svg").read_text()


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


# --- size


AGGREGATION = "network Net(g: positive) { input 3x8x8; aggregate i in 1..g { conv 3x3, 4 } }"


def run_draw(tmp_path: Path, g: int, suffix: str = ".svg") -> tuple[int, str, Path]:
    source, output = tmp_path / "net.seq", tmp_path / f"net{suffix}"
    source.write_text(AGGREGATION)
    command = ["draw", str(source), "-D", f"g={g}", "--depth", "group", "-o", str(output)]
    done = subprocess.run(
        [sys.executable, "-m", "seqdsl", *command], capture_output=True, text=True, timeout=HANG
    )
    return done.returncode, done.stderr, output


def test_a_layer_of_many_groups_is_drawn(tmp_path: Path) -> None:
    code, stderr, output = run_draw(tmp_path, 250)
    assert (code, stderr) == (0, f"{output}: 2 boxes, 1 arrows, {next(iter(engines()))[0]}\n")
    assert output.stat().st_size < 500_000


def test_what_takes_a_while_says_so(tmp_path: Path) -> None:
    convs = "; ".join(f"x{i} = x{i - 1} | conv 1x1, 3" for i in range(1, 55))
    names = ", ".join(f"x{i}" for i in range(55))
    source = tmp_path / "net.seq"
    body = f"x0 = it | conv 1x1, 3; {convs}; concatenate {names}; conv 1x1, 3"
    source.write_text(f"network Net {{ input 3x8x8; {body} }}")
    command = [sys.executable, "-m", "seqdsl", "draw", str(source), "-o"]
    for depth, said in (("block", True), ("network", True)):
        call = [*command, str(tmp_path / "n.svg"), "--depth", depth]
        done = subprocess.run(call, capture_output=True, text=True)
        assert done.returncode == 0
        assert done.stderr.startswith("laying out 58 boxes, 111 arrows") == said
    call = [*command, str(tmp_path / "n.dot"), "--depth", "block"]
    assert "laying out" not in subprocess.run(call, capture_output=True, text=True).stderr


CHAIN = """
block far(n: positive) {{ repeat x n {{ conv 1x1, 3 }}; add it, in }}
network Net {{ input 3x8x8; {body} }}
"""


def test_what_is_too_large_is_refused_at_once(tmp_path: Path) -> None:
    source = tmp_path / "net.seq"
    calls = "; ".join(f"far {300 + i}" for i in range(30))
    source.write_text(CHAIN.format(body=calls))
    command = [sys.executable, "-m", "seqdsl", "draw", str(source), "--depth", "layer", "-o"]
    done = subprocess.run([*command, str(tmp_path / "n.svg")], capture_output=True, text=True)
    assert done.returncode == 1 and not (tmp_path / "n.svg").exists()
    assert "SEQ610" in done.stderr and "--only PATH" in done.stderr and "--depth" in done.stderr
    done = subprocess.run([*command, str(tmp_path / "n.dot")], capture_output=True, text=True)
    assert done.returncode == 0  # another program may

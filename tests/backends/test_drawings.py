"""Drawings: what they show, in every format, with whichever engine is there."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from networks import compiled, paper_network
from patience import HANG
from PIL import Image

from seqdsl.backends.drawing import format_limits, graphviz
from seqdsl.backends.drawing.formats import FORMATS
from seqdsl.backends.drawing.graphviz import dot_text, engines
from seqdsl.backends.drawing.mermaid import mermaid_text
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.backends.drawing.write import draw, lay_out
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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the work of a process")
def test_a_layout_is_limited_by_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the clock runs on while others have the processor."""
    program = tmp_path / "slow"
    program.write_text(f"#!{sys.executable}\nwhile True: pass\n")
    program.chmod(0o755)
    monkeypatch.setattr(graphviz, "WORK", 1)
    monkeypatch.setattr(graphviz, "TIMEOUT", None)  # the clock ends nothing
    with pytest.raises(subprocess.TimeoutExpired):
        graphviz.run(str(program), "digraph {}")


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

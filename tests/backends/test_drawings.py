"""Drawings: what they show, in every format, with whichever engine is there."""

import re
import shutil
import string
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from networks import paper_network

from seqdsl.backends import graphviz
from seqdsl.backends.graphviz import dot_text, draw, engines
from seqdsl.backends.text_width import text_width
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Box, Frame, Picture, picture
from seqdsl.passes.drawing.placing import Depth
from seqdsl.source.diagnostic import Failure


@pytest.fixture(scope="module")
def b42():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB42")


MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph"}


@pytest.mark.parametrize("suffix", MAGIC)
def test_every_format(b42, tmp_path: Path, suffix: str) -> None:
    if suffix == ".pdf" and shutil.which("dot") is None:
        pytest.skip("PDF needs the dot program")
    path = tmp_path / f"net{suffix}"
    draw(picture(b42, Depth.NETWORK), path)
    assert path.read_bytes().startswith(MAGIC[suffix])


def test_svg_and_png_need_no_system_package(
    b42, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    for suffix in (".svg", ".png"):
        assert draw(picture(b42, Depth.NETWORK), tmp_path / f"n{suffix}") == "graphviz-pure"
    text = (tmp_path / "n.svg").read_text()
    assert ET.fromstring(text) is not None and 'id="conv4"' in text
    with pytest.raises(Failure, match="PDF"):
        draw(picture(b42, Depth.NETWORK), tmp_path / "n.pdf")
    assert not (tmp_path / "n.pdf").exists()


def test_the_system_engine_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz.shutil, "which", lambda name, **_: f"/{name}")
    assert [name for name, _ in engines(".svg")] == ["Graphviz", "graphviz-pure"]
    assert [name for name, _ in engines(".pdf")] == ["Graphviz"]


@pytest.mark.parametrize("parts", [(), ("x1", "<{|}>")], ids=["box", "record"])
@pytest.mark.parametrize("text", ['"]; evil [', "<b>x</b>", "\\N\\G", "a\nb", "&amp;", "{a|<p>b}"])
def test_no_label_becomes_markup(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    box = Box("k", (text,), Kind.OTHER, ("f",), text, parts)
    drawn = Picture(text, (box,), {"f": Frame("f", text, text)}, ())
    draw(drawn, tmp_path / "x.svg")
    root = ET.fromstring((tmp_path / "x.svg").read_text())
    words = [e.text or "" for e in root.iter() if e.tag.endswith("}text")]
    assert "".join(words).count(text.replace("\n", "")) == 3  # the title, the frame, the box
    assert set(parts) <= set(words)


def test_dot_is_stable(b42) -> None:
    drawn = picture(b42, Depth.BLOCK)
    assert dot_text(drawn) == dot_text(picture(b42, Depth.BLOCK))


# --- text fits


def widths(texts: list[str], size: float) -> list[float]:
    """The widths of lines in Verdana, by Graphviz's own table of its metrics, in points."""
    plain = [text.replace("→", "W").replace("×", "+") for text in texts]  # as wide, and in it
    nodes = [f'"{i}" [label="{text}"]' for i, text in enumerate(plain)]
    style = f"node [shape=box fontname=Verdana fontsize={size} margin=0 width=0]"
    packaged = next(command for name, command in engines(".svg") if name == "graphviz-pure")
    done = subprocess.run(
        [*packaged, "-Tplain"], input=f"digraph {{ {style} {'; '.join(nodes)} }}",
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


def extent(element: ET.Element) -> tuple[float, float]:
    """From where to where a shape goes, sideways."""
    values = " ".join(element.get(name, "") for name in ("points", "d"))
    xs = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", values)]
    if "rx" in element.attrib:
        middle, radius = float(element.get("cx", "")), float(element.get("rx", ""))
        xs = [middle - radius, middle + radius]
    return min(xs), max(xs)


PARTS = [
    (Depth.NETWORK, None, "TB"),  # wide rows
    (Depth.BLOCK, "conv4", "TB"),  # frames, folded
    (Depth.GROUP, "conv2/residual1/wseqconv1", "TB"),  # a title wider than what it is over
    (Depth.GROUP, "conv2/residual1", "LR"),  # parts beside the text
    (Depth.GROUP, "conv3/downsample1", "TB"),
]


@pytest.mark.parametrize("engine", ["graphviz-pure", "Graphviz"])
@pytest.mark.parametrize(("depth", "only", "direction"), PARTS)
def test_text_stays_inside(
    b42, depth: Depth, only: str | None, direction: str, engine: str
) -> None:
    """In boxes, frames and the picture, in the widest font that a viewer may have."""
    command = dict(engines(".svg")).get(engine)
    if command is None:
        pytest.skip("the system has no dot program")
    text = dot_text(picture(b42, depth, only), direction)
    done = subprocess.run([*command, "-Tsvg"], input=text.encode(), capture_output=True)
    root = ET.fromstring(done.stdout)
    checked = 0
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        lines = [e for e in group.iter() if e.tag.endswith("}text")]
        shapes = [e for e in group.iter() if e.tag.split("}")[1] in ("polygon", "path", "ellipse")]
        if group.get("class") not in ("node", "cluster", "graph") or not lines:
            continue
        if group.get("class") == "graph":
            inner = {
                e for g in group.iter("{http://www.w3.org/2000/svg}g") if g is not group for e in g
            }
            lines = [e for e in lines if e not in inner]
        left, right = extent(shapes[0])
        for line in lines:
            words, size = line.text or "", float(line.get("font-size", "0"))
            (width,) = widths([words], size)
            x, anchor = float(line.get("x", "")), line.get("text-anchor")
            start = x - (width / 2 if anchor == "middle" else 0)
            assert left <= start and start + width <= right, words
            checked += 1
    assert checked > 10


# --- size


AGGREGATION = "network Net(g: positive) { input 3x8x8; aggregate i in 1..g { conv 3x3, 4 } }"


def run_draw(tmp_path: Path, g: int, suffix: str = ".svg") -> tuple[int, str, Path]:
    source, output = tmp_path / "net.seq", tmp_path / f"net{suffix}"
    source.write_text(AGGREGATION)
    command = ["draw", str(source), "-D", f"g={g}", "--depth", "group", "-o", str(output)]
    done = subprocess.run(
        [sys.executable, "-m", "seqdsl", *command], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stderr, output


def test_what_is_too_large_is_refused_at_once(tmp_path: Path) -> None:
    code, stderr, output = run_draw(tmp_path, 250)
    assert code == 1 and not output.exists()
    assert "SEQ610" in stderr and "251 boxes and 31,375 arrows" in stderr
    assert "--only PATH" in stderr and "--depth" in stderr
    code, _, output = run_draw(tmp_path, 250, ".dot")  # another program may
    assert code == 0 and output.exists()


def test_what_takes_a_while_says_so(tmp_path: Path) -> None:
    assert "laying out" not in run_draw(tmp_path, 10)[1]
    code, stderr, _ = run_draw(tmp_path, 29)
    assert code == 0 and stderr.startswith("laying out 30 boxes, 435 arrows")

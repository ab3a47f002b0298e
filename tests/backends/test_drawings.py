"""Drawings: what they show, in every format, with whichever engine is there."""

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from networks import paper_network

from seqdsl.backends import graphviz
from seqdsl.backends.graphviz import dot_text, draw, engines
from seqdsl.passes.labels import Kind
from seqdsl.passes.picture import Box, Depth, Picture, picture
from seqdsl.source.diagnostic import Failure


@pytest.fixture(scope="module")
def b42():
    return paper_network("seqresnet_imagenet.seq", "SeqResNetB42")


def test_network_depth_shows_stages(b42) -> None:
    keys = [box.key for box in picture(b42, Depth.NETWORK).boxes]
    assert keys == ["input", "conv1", "conv2", "conv3", "conv4", "conv5", "head"]


def test_block_depth_folds_repeats_and_shows_shortcuts(b42) -> None:
    drawn = picture(b42, Depth.BLOCK, only="conv4")
    assert [frame.title for frame in drawn.frames.values()] == [
        "residual × 4", "conv3", "downsample", "conv4", "residual × 5",
    ]  # fmt: skip
    shortcuts = [(a.source, a.target) for a in drawn.arrows if a.shortcut]
    assert shortcuts == [("conv4/downsample1/conv1", "conv4/residual1/wseqconv2")]


def test_layer_depth_folds_nothing(b42) -> None:
    keys = {box.key for box in picture(b42, Depth.LAYER, only="conv4").boxes}
    assert {f"conv4/residual{i}/wseqconv2" for i in range(1, 6)} <= keys


def test_group_depth_shows_the_window(b42) -> None:
    drawn = picture(b42, Depth.GROUP, only="conv2/residual1/wseqconv2")
    window = {
        a.source for a in drawn.arrows
        if a.target == "conv2/residual1/wseqconv2/group2" and not a.shortcut
    }  # fmt: skip
    assert window == {
        "conv2/residual1/wseqconv1/group2",
        "conv2/residual1/wseqconv1/group3",
        "conv2/residual1/wseqconv1/group4",
        "conv2/residual1/wseqconv2/group1",
    }


def test_only_what_is_there(b42) -> None:
    with pytest.raises(KeyError):
        picture(b42, Depth.BLOCK, only="conv9")


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


@pytest.mark.parametrize("text", ['"]; evil [', "<b>x</b>", "\\N\\G", "a\nb", "&amp;"])
def test_no_label_becomes_markup(tmp_path: Path, text: str) -> None:
    drawn = Picture("t", (Box("k", (text,), Kind.OTHER, (), text),), {}, ())
    draw(drawn, tmp_path / "x.svg")
    root = ET.fromstring((tmp_path / "x.svg").read_text())
    words = "\n".join(e.text or "" for e in root.iter() if e.tag.endswith("}text"))
    assert text in words


def test_dot_is_stable(b42) -> None:
    drawn = picture(b42, Depth.BLOCK)
    assert dot_text(drawn) == dot_text(picture(b42, Depth.BLOCK))

"""What a format, or what shows it, can't hold is said, and never lost in silence."""

from pathlib import Path

import pytest
from commands import seqdsl_command
from PIL import Image

from seqdsl.backends.drawing import format_limits
from seqdsl.backends.drawing.format_limits import mermaid_note, png_scale, scene_note
from seqdsl.backends.drawing.scene import Scene
from seqdsl.graph.costs import ZERO
from seqdsl.graph.tensor import TensorType
from seqdsl.passes.drawing.labels import Kind
from seqdsl.passes.drawing.picture import Arrow, Box, Facts, Picture
from seqdsl.source.text import Source, Span


def scene(width: float, height: float) -> Scene:
    return Scene("a drawing", width, height, ())


def test_a_png_is_shrunk_from_8000_points_on() -> None:
    assert png_scale(scene(100, 8_000)) == 2 and scene_note(scene(100, 8_000), ".png") is None
    assert png_scale(scene(8_001, 100)) < 2
    note = scene_note(scene(16_000, 100), ".png")
    assert note is not None and "shrunk to 1 dots a point" in note and ".svg keeps" in note


def test_a_format_with_room_is_offered() -> None:
    assert "; .pdf or .svg keeps" in (scene_note(scene(14_400, 9), ".png") or "")
    assert "; .svg keeps" in (scene_note(scene(14_401, 9), ".png") or "")


def test_a_page_of_pdf_has_a_longest_side() -> None:
    assert scene_note(scene(14_400, 14_400), ".pdf") is None
    assert "20,000 points long" in (scene_note(scene(3, 20_000), ".pdf") or "")
    assert scene_note(scene(3, 1e6), ".svg") is None


def chained(arrows: int) -> Picture:
    facts = Facts(
        "k", "k", (), TensorType(1, (1, 1), (1,)), 0, ZERO, 1, Span(Source("x", ""), 0, 0)
    )
    box = Box("k", "k", (), "1x1x1", Kind.OTHER, (), facts)
    return Picture("p", (box,), {}, (Arrow("k", "k", "", False),) * arrows)


@pytest.mark.parametrize(
    ("arrows", "characters", "said"),
    [
        (500, 50_000, None),
        (501, 50_000, "501 arrows, past 500 (maxEdges)"),
        (1, 50_001, "50,001 characters, past 50,000 (maxTextSize)"),
        (600, 60_000, "(maxEdges) and 60,000 characters"),
    ],
)
def test_mermaid_has_limits_by_default(arrows: int, characters: int, said: str | None) -> None:
    note = mermaid_note(chained(arrows), "x" * characters)
    assert note is None if said is None else said in (note or "")


def test_characters_are_counted_as_javascript_counts() -> None:
    assert "60,000 characters" in (mermaid_note(chained(1), "\U0001d54f" * 30_000) or "")


DEEP = "network N {{ input 3x8x8; repeat x {count} {{ conv 3x3, 4 }}; global_average_pool; fc 5 }}"


def test_draw_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("long.seq").write_text(DEEP.format(count=600))
    Path("short.seq").write_text(DEEP.format(count=6))
    done = seqdsl_command("draw", "long.seq", "--depth", "layer", "-o", "n.mmd")
    assert not done.code and "note: by default Mermaid won't draw it: 602 arrows" in done.err
    done = seqdsl_command("draw", "short.seq", "--depth", "layer", "-o", "n.mmd")
    assert not done.code and "note" not in done.err
    monkeypatch.setattr(format_limits, "PNG_SIDE", 500)
    done = seqdsl_command("draw", "short.seq", "--depth", "layer", "-o", "n.png")
    assert not done.code and "note: the PNG is shrunk to" in done.err
    with Image.open("n.png") as image:
        assert max(image.size) == pytest.approx(500, abs=1)

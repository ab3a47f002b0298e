"""Tables as text: the quick way of laying one out against rich's, and what readers take for
markup.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqdsl.cli.tables import Number, Stack, Table, _plain, _rich, escape_markdown, write_tables

CELL = st.text("abc×→12[]", max_size=9)
STACK = st.lists(CELL, max_size=4).map(lambda lines: Stack(tuple(lines), "", "", "", None))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    headings = tuple(draw(st.lists(CELL.filter(bool), min_size=1, max_size=5, unique=True)))
    rows = draw(st.lists(st.tuples(*[CELL | STACK for _ in headings]), max_size=4))
    right = frozenset(draw(st.sets(st.sampled_from(headings))))
    return Table("a title", headings, tuple(rows), right, draw(st.sampled_from(["", "a note"])))


@given(tables())
def test_a_plain_table_is_what_rich_makes(table: Table) -> None:
    assert _plain(table) == _rich(table, color=False)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("__init__", r"\_\_init\_\_"),
        ("k8_r4_N1", "k8_r4_N1"),
        ("*a* [b](c)", r"\*a\* \[b](c)"),
        ("~~a~~ ~ b", r"\~\~a\~~ ~ b"),
        ("&lt; a & b", r"\&lt; a & b"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped
    table = Table(text, (text,), ((text,),))
    lines = write_tables([table], "md").splitlines()
    assert lines[0] == f"**{escaped}**" and lines[2] == lines[4] == f"| {escaped} |"


@pytest.mark.parametrize(
    ("cell", "latex"),
    [
        ("% & $ # _ { }", r"\% \& \$ \# \_ \{ \}"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("a < b > c | d", "a $<$ b $>$ c $|$ d"),
        ("64x112x112, 3x3", r"$64\times112\times112$, $3\times3$"),
        ("8x64d", "8x64d"),
        ("± 2 ≤ 3 − 1 → × †", r"$\pm$ 2 $\leq$ 3 $-$ 1 $\to$ $\times$ $\dagger$"),
        ("-", "--"),
        (Number(-0.5, "-0.50"), "$-$0.50"),
        (Number(None, "-"), "--"),
        (Number(0.5, "+0.50%"), r"+0.50\%"),
        ("[2pt]", "{}[2pt]"),
        ("*", "{}*"),
    ],
)
def test_latex_shows_text_as_it_is(cell: str | Number, latex: str) -> None:
    lines = write_tables([Table("t", ("a",), ((cell,),))], "latex").splitlines()
    assert lines[5] == rf"{latex} \tabularnewline"


def test_a_long_note_is_a_comment_of_several_lines() -> None:
    text = write_tables([Table("t", ("a",), (("b",),), note="word " * 50)], "latex")
    comment = [line for line in text.splitlines() if line.startswith("% ")]
    assert len(comment) == 4 and max(map(len, comment)) <= 100


def test_prose_wraps_in_latex() -> None:
    table = Table("t", ("a", "b"), (("x", "long"),), prose=frozenset({"b"}))
    text = write_tables([table], "latex")
    assert r"\begin{tabular}{lp{6cm}}" in text
    assert r"x & \raggedright long \tabularnewline" in text

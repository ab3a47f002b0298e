"""Tables as text: the quick way of laying one out against rich's."""

from hypothesis import given
from hypothesis import strategies as st

from seqdsl.cli.tables import Table, _plain, _rich

CELL = st.text("abc×→12[]", max_size=9)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    headings = tuple(draw(st.lists(CELL.filter(bool), min_size=1, max_size=5, unique=True)))
    rows = draw(st.lists(st.tuples(*[CELL for _ in headings]), max_size=4))
    right = frozenset(draw(st.sets(st.sampled_from(headings))))
    return Table("a title", headings, tuple(rows), right, draw(st.sampled_from(["", "a note"])))


@given(tables())
def test_a_plain_table_is_what_rich_makes(table: Table) -> None:
    assert _plain(table) == _rich(table, color=False)

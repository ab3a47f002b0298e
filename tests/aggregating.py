"""Programs whose aggregations are unusual, made at random."""

from __future__ import annotations

from hypothesis import strategies as st
from programs import LIBRARY, Writer

BODIES = (
    "conv 3x3, 4",
    "if i > 1 { conv 3x3, 4 }",
    "if i == 2 { conv 1x1, 4; conv 3x3, 2 }",
    "",
    "near = it | conv 1x1, 2; concatenate near, it.group(1)",
    "a = it | conv 1x1, 4; b = in | conv 3x3, 4; add a, b",
    "batch_norm; relu; conv2d 3x3, 2",
    "conv 1x1, 4; aggregate j in 1..2, window=last(1) { if j > 1 { conv 3x3, 4 } }",
    "aggregate j in 1..3, window=sliding, keep=input { conv 1x1, 2 }",
    "twice 2",
)
BLOCKS = """
block twice(k: positive) {
  aggregate i in 1..2 { conv 3x3, k }
  aggregate i in 1..3, window=last(1) { if i > 1 { conv 1x1, k } }
}
block around(k: positive, body: layers) { conv 1x1, k; body }
"""


class AggregatingWriter(Writer):
    """Draws one kind of statement: aggregations, side by side or in blocks."""

    def aggregate(self) -> str:
        window = self.choose(
            "all", "sliding", "last(1)", "last(2)", "powers(2)", "[1, 3]", "[i]", "[1, i + 1]"
        )
        keep = self.choose("", "", ", keep=input", ", keep=powers(2)", ", keep=[1]")
        head = f"aggregate i in 1..{self.between(1, 4)}, window={window}{keep}"
        return f"{head} {{ {self.choose(*BODIES)} }}"

    def statements(self) -> list[str]:
        one, two = self.aggregate(), self.aggregate()
        return self.choose(
            [one],
            [one, one],
            [one, two, "conv 1x1, 4"],
            ["for n in 1..2 {", f"  {one}", "}", "conv 1x1, 8"],
            [f"twice {self.choose(2, 3)} x 2"],
            ["repeat x 3 {", "  conv 1x1, 4", f"  {one}", "}"],
            ["around 4 {", f"  {one}", f"  {two}", "}"],
            [f"_unread = it | twice {self.choose(2, 3)}"],
            [one, "it = it.group(1)"],
            ["conv 1x1, 4"],
        )


@st.composite
def aggregating(draw) -> str:
    """A source with one network, `Random`, for inputs of 3x8x8."""
    writer = AggregatingWriter(draw)
    lines: list[str] = []
    for _ in range(writer.between(1, 3)):
        lines += writer.statements()
    if writer.choose(False, True):
        lines = ["stage s {", *lines, "}"]
    body = "\n".join(f"  {line}" for line in ["input 3x8x8", *lines, "global_average_pool", "fc 3"])
    return f"{LIBRARY}{BLOCKS}network Random {{\n{body}\n}}\n"

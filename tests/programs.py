"""Programs that compile, made at random: for what must be true of every network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

LIBRARY = """use std.seqconv
block widen(width: positive, kernel: size = 3) {
  conv2d kernel, width, bias=true
  silu
}
block branches(width: positive) {
  a = it | widen width
  b = in | conv 1x1, width, act=none | batch_norm
  add a, b
}
block dense(n: positive, k: positive) {
  aggregate i in 1..n, window=all, keep=input { batch_norm; relu; conv2d 3x3, k }
}
block sparse(n: positive, k: positive) {
  conv2d 1x1, 5
  aggregate i in 1..n, window=powers(2), keep=powers(2) { batch_norm; relu; conv2d 3x3, k }
}
"""


@dataclass
class Writer:
    """Draws statements, and keeps the type of what flows: its width, side, and group of k."""

    draw: Callable
    width: int = 3
    side: int = 8
    k: int | None = None
    outputs: int = 0

    def choose(self, *options):
        return self.draw(st.sampled_from(options))

    def between(self, first: int, last: int) -> int:
        return self.draw(st.integers(first, last))

    def statement(self, depth: int) -> list[str]:
        options = [self.conv, self.seqconv, self.branches, self.dense, self.join, self.plain]
        options += [self.shortcut, self.gate, self.mean, self.output, self.dead, self.sparse]
        options += [self.shuffle]
        if self.k:
            options += [self.wseqconv, self.residual, self.residual]
        if self.side >= 4:
            options += [self.pool, self.strided]
        else:
            options += [self.upsample]
        if depth:
            options.append(lambda: self.repeat(depth))
        return self.choose(*options)()

    def conv(self) -> list[str]:
        self.width, self.k = self.choose(4, 6, 8), None
        return [f"conv {self.choose('1x1', '3x3', '1x3', '5x5')}, {self.width}"]

    def strided(self) -> list[str]:
        groups = self.width // self.k if self.k else 1
        self.side = (self.side + 1) // 2
        return [f"conv 3x3, {self.width}, stride=2, groups={groups}"]

    def seqconv(self) -> list[str]:
        g, self.k = self.choose(1, 2, 3), self.choose(2, 4)
        self.width = g * self.k
        path = self.path()
        c = 1 if path == "3x3" else self.choose(1, 2)  # only a bottleneck sees k channels
        return [f"seqconv {path}, {self.width}, k={self.k}, c={c}"]

    def path(self) -> str:
        return self.choose("3x3", "1x1 -> 3x3", "1x1 → 3x3", "3x3 -> 1x1 -> 3x3")

    def wseqconv(self) -> list[str]:
        line = f"wseqconv {self.path()}, {{}}, k={self.k}"
        self.width = self.choose(1, 2, 4) * self.k
        return [line.format(self.width)]

    def residual(self) -> list[str]:
        layer = f"wseqconv {self.path()}, {self.width}, k={self.k}"
        times = self.choose("", " x 2", " × 3")
        return [f"residual{times} {{", f"  dropout 0.1; {layer}", f"  {layer}", "}"]

    def branches(self) -> list[str]:
        self.width, self.k = self.choose(4, 6), None
        return [f"branches {self.width}"]

    def dense(self) -> list[str]:
        n = self.choose(1, 3)
        self.width, self.k = self.width + 2 * n, None
        return [f"dense {n}, 2"]

    def sparse(self) -> list[str]:
        n = self.choose(1, 2, 3)
        # behind n layers stand those 1, 2, 4 before: the input is 2 before for n=1, 4 for n=3
        self.width, self.k = {1: 2 + 5, 2: 2 + 2, 3: 2 + 2 + 5}[n], None
        return [f"sparse {n}, 2"]

    def join(self) -> list[str]:
        width = self.choose(2, 5)
        lines = [f"side{self.width} = it | widen {width}", f"concatenate it, side{self.width}"]
        self.width, self.k = self.width + width, None
        return lines

    def shortcut(self) -> list[str]:
        """Option A of He et al. 2015."""
        zeros = self.choose(0, 2, 4)
        self.width, self.k = self.width + zeros, None
        return [
            f"padded{self.width} = it | pad_channels {self.width}",
            f"conv 3x3, {self.width}, shortcut=padded{self.width}",
        ]

    def gate(self) -> list[str]:
        """Squeeze and excite (Hu et al. 2018)."""
        self.k = None
        squeezed = f"conv2d 1x1, {self.choose(2, 3)}, bias=true | relu"
        name = f"gate{self.width}"
        return [
            f"{name} = it | global_average_pool | {squeezed} | conv2d 1x1, {self.width} | sigmoid",
            self.choose(f"multiply {name}", f"multiply {name}, it"),
        ]

    def mean(self) -> list[str]:
        other = self.choose("relu", f"conv 3x3, {self.width}", f"widen {self.width}")
        self.k = None
        return [f"other{self.width} = it | {other}", f"mean it, other{self.width}, it"]

    def shuffle(self) -> list[str]:
        """A unit of ShuffleNet V2 (Ma et al. 2018), with parts of any size."""
        self.k = None
        cut = self.between(1, self.width - 1)
        rest = f"rest{self.width - cut}"
        groups = [g for g in range(1, 5) if self.width % g == 0]
        return [
            f"{rest} = it.channels({cut + 1}, {self.width}) | conv 3x3, {self.width - cut}",
            f"concatenate it.channels(1, {cut}), {rest}",
            f"shuffle {self.choose(*groups)}",
        ]

    def output(self) -> list[str]:
        self.outputs += 1
        pooled = "global_average_pool | fc 3 | softmax"
        value = self.choose("", " = it | conv 1x1, 4", f" = it | {pooled}")
        return [f"output output{self.outputs}{value}"]

    def dead(self) -> list[str]:
        return [f"_dead = it | conv 3x3, {self.choose(2, 4)}"]

    def upsample(self) -> list[str]:
        self.side *= 2
        return [f"upsample 2, mode={self.choose('nearest', 'bilinear')}"]

    def recipe(self) -> str:
        settings = self.choose("epochs = 3", "lr = 1/8; batch = 2*8", "milestones = [2, 9]")
        return self.choose("digits", f"cifar {{ {settings} }}", f"{{ {settings} }}")

    def plain(self) -> list[str]:
        return [
            self.choose("relu", "gelu", "sigmoid", "dropout 0.2", "batch_norm", "tanh",
                        "hard_swish", "leaky_relu slope=0.2", "elu alpha=0.5")
        ]  # fmt: skip

    def pool(self) -> list[str]:
        kind, ceil = self.choose("max_pool", "avg_pool"), self.choose("true", "false")
        self.side = -(-self.side // 2) if ceil == "true" else self.side // 2
        return [f"{kind} 2, ceil={ceil}"]

    def repeat(self, depth: int) -> list[str]:
        """What may stand in a loop takes what it gives; the first turn may take another width."""
        self.width = self.choose(self.width, 4, 8)
        inner = [f"conv 3x3, {self.width}", f"conv 1x1, {self.width}, act=silu"]
        self.k = None
        if depth > 1:
            inner = ["for i in 1..2 {", *(f"  {line}" for line in inner), "}"]
        return [f"repeat x {self.choose(1, 2, 4)} {{", *(f"  {line}" for line in inner), "}"]


def program(writer: Writer) -> str:
    """A source with one network, `Random`, for inputs of 3x8x8."""
    lines = ["network Random {", "  input 3x8x8", "  relu"]
    for stage in range(writer.between(1, 3)):
        lines.append(f"  stage s{stage} {{")
        for _ in range(writer.between(1, 4)):
            lines += [f"    {line}" for line in writer.statement(depth=2)]
        lines.append(f"  }}  # {writer.width} wide")
    if writer.choose(False, False, True):
        lines.append(f"  train {writer.recipe()}")
    if writer.choose(False, True):
        lines += ["  head { global_average_pool; fc 4; softmax }"]
    return LIBRARY + "\n".join([*lines, "}", ""])


@st.composite
def programs(draw) -> str:
    """`program`, for hypothesis."""
    return program(Writer(draw))

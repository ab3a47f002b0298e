"""Programs at random with all that the language has: derived networks, braces, aggregations."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st
from programs import LIBRARY, Writer

# What other files of the project have: `use "shared.seq"`.
SHARED = """use std.residual
## A block of another file, which calls the library's and one of its own.
block unit(width: positive, act: layer = relu) {
  conv 3x3, width, act=act
  narrow width
}
block narrow(width: positive) { conv 1x1, width, act=none; silu }
block stem(width: positive) { basic width }
"""

BLOCKS = """
block twice(body: layers) { body; body }
block ends(body: layers) { body.head; gelu; body.last }
block nested(body: layers) { repeat x 2 { body }; relu }
block beside(body: layers) {
  start = in
  a = in | body
  relu
  add it, a, start
}
block shifted(body: layers, other: feature = none) {
  if other != none { add other }
  body
  if other != none { mean it, other }
}
block wrapped(body: layers) { twice { body; relu } }
block merge(a: feature, b: feature, width: positive) {
  concatenate a, b
  conv 1x1, width
}
block normed(width: positive, layer: layer = conv) {
  conv2d 3x3, width
  batch_norm
  wide = it.raw
  relu
  add it, wide
  layer 1x1, width
}
block own_groups(g: positive, k: positive) {
  conv 1x1, g*k
  aggregate i in 1..g, window=last(2) {
    conv 3x3, k
    if i % 2 == 0 { relu }
  }
}
block trunk(width: positive) {
  conv 1x1, width
  stage inner { conv 3x3, width; relu }
  add it, inner
}
"""

# Rules by the layer that they replace. What one makes may not fit into the network: then the
# program does not compile, and is no case.
RULES = (
    "relu {{ silu }}",
    "relu {{ gelu; dropout 0.125 }}",
    "relu where in.width > 4 {{ leaky_relu 0.0625 }}",
    "relu {{ gate = it | sigmoid; multiply gate }}",
    "silu {{ conv2d 1x1, in.width }}",
    "batch_norm {{ batch_norm eps=0.001, momentum=0.123456789 }}",
    "conv(kernel, width) where kernel == 3x3 {{ conv2d kernel, width; batch_norm; tanh }}",
    "conv(kernel, width) {{ s = in | conv2d 1x1, width; conv kernel, width; add it, s }}",
    "conv(kernel, width, act) where act == none {{ conv2d kernel, width; dropout 1/3 }}",
    "conv(kernel, width, act) {{ x = in; conv kernel, width, act=act; concatenate x, it; "
    "conv 1x1, width }}",
    "conv(kernel, width, stride) where stride != 1 {{ max_pool 2, ceil=true; conv kernel, width }}",
    "conv(kernel, width, shortcut) where shortcut != none "
    "{{ conv kernel, width; add it, shortcut }}",
    "conv(kernel, width) where width % {k} == 0 {{ seqconv kernel, width, {k} }}",
    "conv2d(kernel, width, bias) where kernel == 3x3 "
    "{{ conv2d 1x1, {k}; conv2d kernel, width, bias=bias }}",
    "conv2d(kernel, width, bias, init) where in.width > 5 "
    "{{ conv2d 1x3, width; conv2d 3x1, width, bias=bias, init=init }}",
    "widen(width, kernel) {{ for j in 1..2 {{ conv kernel, width }} }}",
    "widen(width) {{ aggregate j in 1..width, window=powers(2) {{ conv2d 1x1, 1 }} }}",
    "branches(width) {{ a = it | twice {{ conv 1x1, in.width }} | widen width; conv 1x1, width; "
    "add it, a }}",
    "twice(body) {{ body }}",
    "twice(body) {{ a = in | body; body; add it, a }}",
    "nested(body) {{ body; if in.width > 4 {{ body }} }}",
    "residual(body) {{ body }}",
    "dense(n, k) {{ aggregate j in 1..n, window=last(2), keep=input {{ conv 3x3, k }} }}",
    "dense(n, k) {{ conv 1x1, in.width + n*k }}",
    "sparse(n, k) {{ repeat x n {{ conv 3x3, 6 }} }}",
    "seqconv(path, width, k) {{ conv path.last, width; regroup width }}",
    "wseqconv(path, width, k) {{ seqconv path, width, k }}",
    "transform(path, k, c, shortcut) {{ conv path.last, k, groups=c, shortcut=shortcut }}",
    "merge(a, b, width) {{ a = a | conv 1x1, width; it = b | conv 1x1, width; add it, a }}",
    "merge(a, b, width) {{ it = a | conv 1x1, width; z = b | conv 1x1, width; add it, z }}",
    "unit(width) {{ narrow width }}",
    "narrow(width) {{ conv 3x3, width }}",
    "projection(width) {{ conv2d 1x1, width }}",
    "basic(width) {{ conv 3x3, width; skip = in | projection width; add it, skip }}",
    "max_pool(kernel, ceil) {{ avg_pool kernel, ceil=ceil }}",
    "normed(width) {{ conv 1x1, width; add it, it.raw }}",
    "trunk(width) {{ stage inner {{ conv 3x3, width }}; add it, inner }}",
)

WINDOWS = ("all", "sliding", "last(1)", "last(2)", "powers(2)", "[1, 3]", "[i]", "last(i)",
           "all if i == 1 else last(1)")  # fmt: skip
KEEPS = ("", "", ", keep=input", ", keep=powers(2)", ", keep=last(2)", ", keep=[1, 2]")


@dataclass
class Varied(Writer):
    """Statements of every kind; ``names`` are the values of these braces, with their types."""

    names: list[tuple[str, int, int]] = field(default_factory=list)
    made: int = 0

    def name(self) -> str:
        self.made += 1
        return self.choose("a", "skip", "side", "x", "kept", f"v{self.made}")

    def statement(self, depth: int) -> list[str]:
        options = [self.named, self.aliased, self.reused, self.entry, self.joined, self.raw]
        options += [self.sliced, self.piped_braces, self.aggregated, self.aggregated, self.merged]
        options += [self.normed, self.grouped, self.shared, self.own, self.regrouped]
        options += [self.faces, self.going_on, self.output, self.plain, self.conv, self.trunk]
        if depth:
            options += [lambda: self.braces(depth), self.loop, self.staged, self.condition]
        if self.k:
            options += [self.downsample, self.residual]
        if self.between(0, 2):
            return super().statement(depth)
        return self.choose(*options)()

    def keep(self, name: str, width: int | None = None) -> None:
        self.names = [each for each in self.names if each[0] != name]
        self.names.append((name, width or self.width, self.side))

    def square(self) -> str:
        """A layer that leaves the shape as it is."""
        return self.choose(
            f"conv 3x3, {self.width}", f"conv 1x1, {self.width}, act=none", "relu", "silu",
            f"conv2d 3x3, {self.width}, bias=true", f"widen {self.width}", "batch_norm",
            f"branches {self.width}", f"normed {self.width}", f"unit {self.width}",
            f"basic {self.width}", f"conv 3x3, {self.width}, act=gelu", "dropout 0.25",
        )  # fmt: skip

    def layers(self) -> str:
        return "; ".join(self.square() for _ in range(self.between(1, 3)))

    def named(self) -> list[str]:
        name = self.name()
        line = f"{name} = {self.choose('it', 'it', 'it.raw')} | {self.square()}"
        self.keep(name)
        return [line, *self.reused()]

    def aliased(self) -> list[str]:
        name, square = self.name(), self.square()
        self.keep(name)
        lines = [f"{name} = {self.choose('it', 'it', 'it.raw')}", square]
        self.k = None
        return [*lines, *self.reused()]

    def reused(self) -> list[str]:
        fitting = [name for name, *type in self.names if type == [self.width, self.side]]
        if not fitting:
            return [self.square()]
        name = self.choose(*fitting)
        self.k = None
        return [
            self.choose(
                f"add {name}",
                f"add it, {name}",
                f"multiply {name}, it, {name}",
                f"mean it, {name}.raw",
                f"conv 3x3, {self.width}, shortcut={name}",
            )
        ]

    def entry(self) -> list[str]:
        """`in`, where the braces leave the shape."""
        self.k = None
        layers = self.layers()
        return [f"repeat {{ {layers}; {self.choose('add it, in', 'add in', 'add it, in.raw')} }}"]

    def joined(self) -> list[str]:
        width, self.width, self.k = self.width, 6, None
        return [
            f"repeat {{ conv 1x1, {width}; {self.choose('concatenate', 'concatenate in, it')}; "
            "conv 3x3, 6 }"
        ]

    def raw(self) -> list[str]:
        self.k = None
        return ["batch_norm", "relu", self.choose("add it, it.raw", "add it.raw, it")]

    def sliced(self) -> list[str]:
        cut = self.between(1, self.width)
        parts = [f"it.channels(1, {cut})"]
        if cut < self.width:
            parts.append(f"it.channels({cut + 1}, {self.width}).raw")
        self.k = None
        parts += parts[:1] * (len(parts) == 1)
        self.width = self.width if len(parts) > 1 and cut < self.width else 2 * self.width
        return [f"concatenate {', '.join(parts)}"]

    def piped_braces(self) -> list[str]:
        name = self.name()
        block = self.choose("twice", "repeat x 2", "nested", "beside", "wrapped", "shifted")
        line = f"{name} = it | {block} {{ {self.layers()} }}"
        if self.choose(True, False):
            line += f" | {self.square()}"
        self.keep(name)
        return [line, *self.reused()]

    def braces(self, depth: int) -> list[str]:
        block = self.choose(
            "twice", "ends", "nested", "nested x 2", "beside", "shifted", "wrapped", "repeat x 2"
        )
        if block == "shifted" and self.choose(True, False):
            fitting = [name for name, *type in self.names if type == [self.width, self.side]]
            if fitting:
                block = f"shifted other={self.choose(*fitting)}"
        self.k = None
        lines = [self.square() for _ in range(self.between(1, 3))]
        if depth > 1 and self.choose(True, False):
            lines.append(f"twice {{ {self.layers()} }}")
        if self.choose(True, False):
            name = self.name()
            lines = [f"{name} = it | {self.square()}", *lines, f"add it, {name}"]
        return [f"{block} {{", *(f"  {line}" for line in lines), "}"]

    def loop(self) -> list[str]:
        self.k = None
        body = [self.square() for _ in range(self.between(1, 2))]
        if self.choose(True, False):
            body += [f"turn = it | conv 1x1, {self.width}", "relu", "add it, turn"]
        if self.choose(True, False):
            body.append(f"if j == 2 {{ {self.square()} }} else {{ conv 3x3, {self.width} }}")
        return [f"for j in 1..{self.between(1, 3)} {{", *(f"  {line}" for line in body), "}"]

    def condition(self) -> list[str]:
        self.k = None
        return [f"if it.width > 5 {{ {self.square()} }} else {{ {self.layers()} }}"]

    def staged(self) -> list[str]:
        self.made += 1
        stage = f"{self.choose('t', 'relu')}{self.made}"
        around, self.names, self.k = self.names, list(self.names), None
        body = self.statement(0)
        claim = self.choose("", f" -> {self.side}x{self.side}")
        self.names = [*around, (stage, self.width, self.side)]
        lines = [f"stage {stage}{claim} {{", *(f"  {line}" for line in body), "}"]
        return [*lines, self.square(), *self.reused()]

    def aggregated(self) -> list[str]:
        g, k = self.between(1, 4), self.choose(2, 3)
        window, keep = self.choose(*WINDOWS), self.choose(*KEEPS)
        body = self.choose(
            f"conv 3x3, {k}", f"conv 1x1, {k}; relu", f"batch_norm; relu; conv2d 3x3, {k}",
            f"conv 3x3, {k}; if i > 1 {{ relu }}", f"conv 1x1, 2*i; conv 3x3, {k}",
            f"a = it | conv 1x1, {k}; conv 3x3, {k}; add it, a", f"conv2d 3x3, {k}; dropout 1/i/2",
            f"twice {{ conv 3x3, {k} }}", f"conv 1x1, {k}; add it, there.group(i)",
            f"conv 1x1, {k}; add it, there.channels({k}*i - {k - 1}, {k}*i)",
            f"conv 1x1, {k}, shortcut=there.raw.group(i)", "widen 2*i", f"conv 3x3, {k}*i",
        )  # fmt: skip
        lines = []
        if "there" in body:
            lines = [f"there = it | conv 1x1, {g * k} | seqconv 3x3, {g * k}, {k}"]
        self.width, self.k = 6, None  # whatever is kept
        values = self.choose(f"1..{g}", f"1..{g}", f"2..{g + 1}") if not lines else f"1..{g}"
        lines += [f"aggregate i in {values}, window={window}{keep} {{ {body} }}"]
        if self.choose(True, False):
            lines = ["before = it", *lines, "concatenate before, it"]
        return [*lines, "conv 1x1, 6"]

    def merged(self) -> list[str]:
        width, self.width, self.k = self.width, self.choose(4, 6), None
        return [f"left = it | conv 1x1, {width}", f"merge left, it, {self.width}"]

    def normed(self) -> list[str]:
        self.width, self.k = 6, None
        return [self.choose("normed 6", "normed 6, layer=conv2d")]

    def grouped(self) -> list[str]:
        """Groups one by one."""
        g, k = self.choose(2, 3), self.choose(2, 4)
        self.width, self.k = 2 * k, None
        return [
            f"seqconv 3x3, {g * k}, {k}",
            self.choose("", f"grouped = it.grouped({k})"),
            f"concatenate it.group({g}), it.group(1){self.choose('', '.raw')}",
        ]

    def shared(self) -> list[str]:
        self.width, self.k = self.choose(4, 6), None
        return [
            self.choose(
                f"unit {self.width}",
                f"unit {self.width}, silu",
                f"stem {self.width}",
                f"narrow {self.width} x 2",
            )
        ]

    def own(self) -> list[str]:
        g, k = self.choose(1, 2, 3), self.choose(2, 4)
        self.width, self.k = g * k, None
        return [f"own_groups {g}, {k}"]

    def regrouped(self) -> list[str]:
        g, self.k = self.choose(1, 2), self.choose(2, 4)
        self.width = 2 * g * self.k
        k, self.k = self.k, 2 * self.k
        return [f"seqconv 3x3, {self.width}, {k}", f"regroup {2 * k}"]

    def trunk(self) -> list[str]:
        self.width, self.k = self.choose(4, 6), None
        return [f"trunk {self.width}"]

    def faces(self) -> list[str]:
        name = self.name()
        self.keep(name)
        return [f"{name} = it", "batch_norm", "relu", f"add it.raw, {name}, it"]

    def going_on(self) -> list[str]:
        """`it = ...`"""
        self.k = None
        name, square = self.name(), self.square()
        self.keep(name)
        return [f"{name} = it", square, f"it = {name}{self.choose('', f' | {self.square()}')}"]

    def downsample(self) -> list[str]:
        k, width = self.k, 2 * self.width
        lines = ["downsample {", f"  wseqconv 3x3, {self.width}, {k}", f"  concatenate {width}",
                 f"  conv 3x3, {width}, stride=2, groups={width // k}", "}"]  # fmt: skip
        self.width, self.side = width, (self.side + 1) // 2
        return lines


def varied_program(writer: Varied) -> tuple[str, str]:
    """A source, and the name of the network of it that has it all: it may not compile."""
    lines = ["network Base(width = 4, act: layer = relu) {", "  input 3x8x8", "  conv 3x3, width",
             f"  {writer.choose('act', 'conv 1x1, 2*width, act=act')}"]  # fmt: skip
    writer.width = 4 if lines[-1].endswith(" act") else 8
    for stage in range(writer.between(1, 3)):
        in_stage = writer.choose(True, True, False)
        if in_stage:
            lines.append(f"  stage s{stage} {{")
            before = list(writer.names)
        for _ in range(writer.between(1, 4)):
            lines += [f"    {line}" for line in writer.statement(depth=2) if line]
        if in_stage:
            lines.append("  }")
            writer.names = [*before, (f"s{stage}", writer.width, writer.side)]
    lines += writer.choose([], ["  head { global_average_pool; fc 4; softmax }"])
    lines.append("}")
    name = "Base"
    for number in range(writer.choose(0, 0, 1, 1, 2, 3)):
        if writer.choose(False, False, True):
            lines.append(
                f"model M{number} = {name}({writer.choose('', 'width=4')})"
                if name == "Base"
                else f"model M{number} = {name}()"
            )
            name = f"M{number}"
        body = "\n".join(lines)
        rules = [rule for rule in RULES if rule.split("(")[0].split()[0] in LIBRARY + BLOCKS + body]
        chosen = [writer.choose(*rules) for _ in range(writer.between(1, 3))]
        lines.append(f"network D{number} = {name} with {{")
        lines += [f"  replace {rule.format(k=writer.choose(2, 4))}" for rule in chosen]
        lines.append("}")
        name = f"D{number}"
    return 'use "shared.seq"\nuse std.residual\n' + LIBRARY + BLOCKS + "\n".join([*lines, ""]), name


@st.composite
def varied_programs(draw) -> tuple[str, str]:
    """`varied_program`, for hypothesis."""
    return varied_program(Varied(draw))

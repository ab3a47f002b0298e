"""Files that nobody writes but to see what happens: each ends soon, with a finding or a network."""

from __future__ import annotations

_OPEN = "network N { input 3x8x8\n"
_LOOP = "for i in 1..10000 { for j in 1..90 {"
_WIDE = f"{_OPEN} conv2d 1x1, 1\n aggregate i in 1..10000, window=last(1) {{ conv2d 1x1, 1 }}\n"


def _network(statements: str, before: str = "") -> str:
    return f"{before}{_OPEN}{statements}\n}}\n"


def _towers(floor: str, levels: int, first: str) -> str:
    """Blocks that each apply the one below twice."""
    blocks = [f"block b0 {{ {floor} }}"]
    blocks += [f"block b{i + 1} {{ b{i}; b{i} }}" for i in range(levels)]
    return _network(f"{first}\nb{levels}\nrelu", "\n".join([*blocks, ""]))


HOSTILE = {
    "brackets": "network N { input 3x8x8\n conv " + "(" * 1000 + "\n}",
    "braces": "network N " + "{" * 1000,
    "nothing but a bracket": "[" * 199_999,
    "nothing but a closing brace": "}" * 199_999,
    "headings without braces": _network(" repeat x 2\n relu\n" * 5_000),
    "headings with colons": "network N:\n input 3x8x8\n" + " repeat x 2:\n  relu\n" * 5_000,
    "bracketed calls": _network(" conv(3x3, 4)\n" * 10_000),
    "brackets left open": _network(" conv (3x3\n" * 10_000),
    "lines that end in a comma": _network(" conv 3x3,\n" * 10_000),
    "a long name in the library": f"use std.{'seqconv' * 90}\n" + _network(" relu"),
    "layers of the library": _network(" seqconv 3x3, 4, 2\n" * 8_000),
    "statements at the margin": "relu 3\n" * 20_000,
    "closed too often": "network N {\n" + " relu\n }\n" * 10_000,
    "allowed nothing": _network(" relu  # seqdsl: ignore(SEQ203)\n" * 5_000),
    "a long sum": _network(" conv 3x3, " + "1+" * 30_000 + "1"),
    "a long minus": _network(" conv 3x3, " + "-" * 20_000 + "1"),
    "nots": _network(" if " + "not " * 20_000 + "true { relu }"),
    "conditionals": _network(" a = " + "1 if true else " * 10_000 + "1\n relu"),
    "else ifs": _network(" if false { relu }" + " else if false { relu }" * 5_000),
    "deep else ifs": _network(" if true { relu } else { " * 60 + "relu" + "}" * 60),
    "attributes": _network(" conv 3x3, it" + ".raw" * 20_000 + ".width"),
    "big powers": _network(" a = 9000000000 * 9000000000 * 9000000000\n relu"),
    "exponent": _network(" conv 3x3, 1e999999999"),
    "zeros": _network(" pad_channels 3000000000000000"),
    "groups": _network(" conv2d 1x1, 1000000000\n conv2d 1x1, 1000000000, groups=1000000000"),
    "pixels": _network(" upsample 1000000000\n upsample 1000000000"),
    "sides": "network N { input 3x2147483647x2147483647\n max_pool 2147483647, stride=1 }",
    "digits": _network(" conv 3x3, " + "9" * 100_000),
    "a size of digits": _network(" conv " + "9" * 5_000 + "x3, 4"),
    "python": "network __import__ { input 3x8x8\n exec; eval \"__import__('os')\"\n}",
    "controls": "network N { \x00\x1b[31m \u202e input }",
    "nuls": "\0" * 199_999,
    "unicode": _network("conv é, \U0001d7db, 中, \u202e \u200b \ufeff\U0001f600 \u2028 \x85 ٣ ³"),
    "old line ends": "network N { input 3x8x8\r" + "\r" * 100_000 + "relu\r}",
    "comments": "#" * 199_999,
    "documentation": "##\n" * 66_000,
    "many recipes": _network(" train cifar { epochs = 300 }\n" * 6_000 + " relu"),
    "many settings": _network(" train {" + " lr = 0.1;" * 19_000 + "}\n relu"),
    "a recipe in turns": _network(f" {_LOOP} train {{ milestones = 1..10000 }} }} }}\n relu"),
    "epochs": _network(" train { epochs = 1000000000000000000; lr = 1e30 }\n relu"),
    "many milestones": _network(f" train {{ milestones = [{'1, ' * 60_000}1] }}\n relu"),
    "an identifier": _network("a" * 190_000),
    "a string": _network(f'require false, "{"x" * 190_000}"\nrelu'),
    "an open string": _network('require false, "' + "x" * 190_000),
    "a stage of a long name": _network(f"stage {'s' * 180_000} {{ for i in 1..9999 {{ relu }} }}"),
    "statements on a line": _network("b;" * 90_000 + "relu", "block b { }\n"),
    "nested loops": _network(" for i in 1..10000 { for j in 1..10000 { } } "),
    "loops and loops": _network("for i in 1..2 { " * 60 + "relu" + "}" * 60),
    "failing turns": _network(f"{_LOOP} a = b.foo }} }}\nrelu"),
    "sums in turns": _network(f"for i in 1..10000 {{ a = {'1+' * 40_000}1 }}\nrelu"),
    "a list in itself": _network(f"a = 1\n{_LOOP} a = [a] }} }}\nb a", "block b(a) { relu }\n"),
    "a list of itself twice": _network("a = [1]\nfor i in 1..60 { a = [a, a] }\nrelu"),
    "a long list": _network(f"a = [{'1,' * 20_000}1]\nfor i in a {{ relu }}"),
    "a path of itself twice": _network("p = 3x3 -> 3x3\nfor i in 1..40 { p = p -> p }\nrelu"),
    "lists in turns": _network("for i in 1..10000 { b 1 }", "block b(a: int[10000]) { relu }\n"),
    "a map of itself twice": _network("for i in 1..40 { concatenate it, it }\nrelu"),
    "groups of all before": _network("aggregate i in 1..10000, window=all { }\nrelu"),
    "a dense layer": _network("aggregate i in 1..10000, window=all, keep=input { conv2d 1x1, 1 }"),
    "sums of wide maps": _network("pad_channels 30000\nfor i in 1..10000 { add it, it }"),
    "widths of wide maps": f"{_WIDE}{_LOOP} a = it.width }} }}\nrelu }}",
    "groups of wide maps": f"{_WIDE}{_LOOP} a = it.grouped(1) }} }}\nrelu }}",
    "one sum": _network("add " + "it, " * 20_000 + "it"),
    "a doubling tower": _towers("relu", 47, ""),
    "an empty tower": _towers("", 40, ""),
    "a tower of joins": _towers("concatenate it.channels(1, 2), it.channels(3, 3)", 40, ""),
    "braces twice": _network(
        "b { " * 40 + "relu" + "}" * 40, "block b(body: layers) { body; body }\n"
    ),
    "braces that read those around them twice": _network(
        "b0 3 { relu }",
        "".join(f"block b{i}(f, g: layers) {{ b{i + 1} g {{ f; g }} }}\n" for i in range(40))
        + "block b40(f, g: layers) { relu }\n",
    ),
    "a block of itself": _network("b b", "block b(l: layer) { l l; l l }\n"),
    "a chain of blocks": "".join(f"block b{i} {{ b{i + 1} }}\n" for i in range(7_000))
    + _network("b0", "block b7000 { relu }\n"),
    "circles of blocks": "".join(f"block b{i} {{ b{i + 1}; b0 }}\n" for i in range(6_000))
    + _network("b0", "block b6000 { relu }\n"),
    "misspelt layers": "".join(f"block b{i} {{ cnv{i} }}\n" for i in range(7_500)) + _network("b0"),
    "undefined names": _network("".join(f"a{i} = q{i}\n" for i in range(12_000)) + "relu"),
    "missing imports": "".join(f'use "x{i}.seq"\n' for i in range(11_000)) + _network("relu"),
    "a chain of derivation": _network("relu")
    + "network N0 = N with { }\n"
    + "".join(f"network N{i + 1} = N{i} with {{ }}\n" for i in range(4_000)),
    "rules in turns": _network("for i in 1..10000 { conv2d 1x1, 3 }")
    + "network M = N with {\n"
    + "replace conv2d(kernel, width) where width == 4 { relu }\n" * 3_000
    + "}",
    "many models": "network N(a = 1) { input 3x64x64\n"
    " for j in 1..2 { for i in 1..4000 { conv2d 1x1, 4; relu } } }\n"
    + "".join(f"model m{i} = N()\n" for i in range(10_000)),
}

"""Differences: by structure, with costs that add up, and nothing where only spelling differs."""

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from networks import ARCHITECTURES, ELEVEN, LATE, compiled, paper_network
from programs import programs

import seqdsl
from seqdsl import Network
from seqdsl.graph.costs import ZERO, Cost
from seqdsl.graph.operations import BatchNorm, Conv2d, Linear
from seqdsl.passes.difference.compare import Attribute, Change, Kind, NetworkDiff, diff

some = settings(max_examples=60)


def network_of(text: str, name: str | None = None, **params: int) -> Network:
    with tempfile.TemporaryDirectory() as folder:
        return compiled(Path(folder), text, name, **params)


def told(a: Network, b: Network) -> list[str]:
    """Each change as a line: ``s: ~ conv 3x3 (width=8 → width=16) x 2``."""
    marks = {Kind.ADDED: "+", Kind.REMOVED: "-"}
    lines = []
    for stage in diff(a, b).stages:
        part = stage.before or stage.after
        assert part is not None
        for c in stage.changes:
            mark = marks.get(c.kind, "~" if c.attributes else "=")
            pairs = (f"{a.name}: {a.before} → {a.after}".removeprefix(": ") for a in c.attributes)
            unlike = f" ({'; '.join(pairs)})" if c.attributes else ""
            line = f"{part.name}: {mark} {f'{c.path} {c.description}'.strip()}{unlike}"
            lines.append(f"{line} x {c.count}" if c.count > 1 else line)
    return [line.removeprefix(": ") for line in lines]


def body(statements: str, prelude: str = "") -> Network:
    return network_of(
        f"use std.seqconv\n{prelude}\nnetwork N {{ input 3x16x16\n conv 1x1, 8\n"
        f" stage s {{ {statements} }}\n conv 1x1, 8\n}}\n"
    )


# --- what is true of every pair


def facts(change: Change) -> tuple[object, ...]:
    """A change, as far as it does not tell which of two names comes first."""
    path = "" if "→" in change.path else change.path
    return (change.kind, path, change.description, frozenset(change.attributes), change.count,
            change.before, change.after)  # fmt: skip


def turned(change: Change) -> tuple[object, ...]:
    kind = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}.get(change.kind, change.kind)
    kept = facts(change)
    attributes = frozenset(Attribute(a.name, a.after, a.before) for a in change.attributes)
    return (kind, *kept[1:3], attributes, change.count, change.after, change.before)


def check_sums(a: Network, b: Network, found: NetworkDiff) -> None:
    def grown(before: Cost, after: Cost) -> tuple[int, int]:
        return after.params - before.params, after.macs - before.macs

    stages = []
    for stage in found.stages:
        costs = [part.cost if part else ZERO for part in (stage.before, stage.after)]
        changes = [grown(change.before, change.after) for change in stage.changes]
        stages.append(grown(*costs))
        assert tuple(map(sum, zip(*changes, strict=True))) == stages[-1]
    total = (b.params - a.params, b.macs - a.macs)
    assert tuple(map(sum, zip(*stages, (0, 0), strict=True))) == total
    assert grown(found.before.cost, found.after.cost) == total


@some
@given(programs(), programs())
def test_of_every_pair(first: str, second: str) -> None:
    a, b = network_of(first), network_of(second)
    there, back = diff(a, b), diff(b, a)
    check_sums(a, b, there)
    mirrored = {(s.after, s.before, frozenset(map(turned, s.changes))) for s in there.stages}
    assert mirrored == {(s.before, s.after, frozenset(map(facts, s.changes))) for s in back.stages}
    assert there.differ is bool(there.stages)
    if not there.differ:
        assert layers(a) == layers(b)
        assert outputs(a, b) < 1e-6


def layers(network: Network) -> list[tuple[object, ...]]:
    """What has weights, in order, and what it reads and gives."""
    return [
        (
            node.operation,
            node.type.shape,
            *(network.nodes[index].type.shape for index in node.operands),
        )
        for node in network.nodes
        if isinstance(node.operation, Conv2d | Linear | BatchNorm)
    ]


@some
@given(programs())
def test_a_network_does_not_differ_from_itself(text: str) -> None:
    assert not diff(network_of(text), network_of(text)).differ


def test_networks_of_the_paper() -> None:
    networks = [paper_network(file, name) for file, name in ELEVEN]
    for network, (file, name) in zip(networks, ELEVEN, strict=True):
        assert not diff(network, paper_network(file, name)).differ
    for network, other in pairwise(networks):
        check_sums(network, other, diff(network, other))


# --- spelling


BASE = "seqconv 3x3, 8, k=4; residual { wseqconv 3x3, 8, k=4; wseqconv 3x3, 8, k=4 }; "
SPELLINGS = {
    "blocks": (BASE + "conv 3x3, 8", BASE + "repeat x 1 { repeat x 1 { conv 3x3, 8 } }"),
    "primitives": (BASE + "conv 3x3, 8", BASE + "conv2d 3x3, 8; batch_norm; relu"),
    "repeats": ("repeat x 3 { conv 3x3, 8; relu }", "conv 3x3, 8; relu; " * 3),
    "loops": ("for i in 1..3 { conv 3x3, 4*i }", "conv 3x3, 4; conv 3x3, 8; conv 3x3, 12"),
    "arguments": ("conv 3x3, 8", "conv width=8, kernel=3, stride=1, groups=4/4  # the same\n"),
    "sums": ("a = it; conv 3x3, 8; add it, a", "a = it; conv 3x3, 8; add a, it"),
    "windows": (
        BASE + "aggregate i in 1..2, window=sliding { conv 3x3, 4 }",
        BASE + "aggregate j in 1..2, window=last(2) { conv 3x3, 4 }",
    ),
    "joins": (
        "a = it; conv 3x3, 8; b = it; concatenate a, b; conv 1x1, 8",
        "b = in | conv 3x3, 8; concatenate in, b; conv 1x1, 8",
    ),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spelling_is_no_difference(name: str) -> None:
    a, b = map(body, SPELLINGS[name])
    assert not diff(a, b).differ
    assert outputs(a, b) < 1e-6


def test_names_are_no_difference() -> None:
    text = "block one(w: positive) {{ conv 3x3, w; relu }}\n" \
           "network {} {{ input 3x8x8\n stage {} {{ {} 8 }} }}"  # fmt: skip
    a = network_of(text.format("A", "s", "one"))
    b = network_of(text.format("B", "t", "other").replace("one", "other"))
    assert not diff(a, b).differ


def outputs(a: Network, b: Network) -> float:
    """How far the outputs of two networks are apart on equal weights, in their order."""
    torch.manual_seed(1)
    first, second = (seqdsl.to_torch(network).eval() for network in (a, b))
    values = [torch.randn_like(v) / 4 for v in first.state_dict().values()]
    for module in (first, second):
        state = module.state_dict()
        module.load_state_dict({
            key: value.abs() + 1 if key.endswith("running_var") else value
            for key, value in zip(state, values, strict=True)
        })  # fmt: skip
    with torch.inference_mode():
        x = torch.randn(1, *a.input.type.shape)
        given = [y if isinstance(y, tuple) else (y,) for y in (first(x), second(x))]
        return max(float((y - z).abs().max()) for y, z in zip(*given, strict=True))


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("add it, a", "add it, b", "s: ~ add (reads: s/conv1/relu → s/conv2/relu)"),
        ("add it, a", "add it, a.raw", "s: ~ add (reads: conv → conv (conv2d))"),
        (
            "concatenate it, a; relu; conv 1x1, 8",
            "concatenate a, it; relu; conv 1x1, 8",
            "s: ~ relu (reads: s/conv3/relu → s/conv1/relu)",
        ),
        (
            "concatenate it, a; global_average_pool",
            "concatenate it, it; global_average_pool",
            "s: ~ global_average_pool"
            " (reads: s/conv3/relu, s/conv1/relu → s/conv3/relu, s/conv3/relu)",
        ),
    ],
)
def test_wires_are_a_difference(before: str, after: str, line: str) -> None:
    chain = "conv 3x3, 8; a = it; conv 3x3, 8; b = it; conv 3x3, 8;"
    a, b = (body(f"{chain} {end}") for end in (before, after))
    assert line in told(a, b)
    assert a.params == b.params
    assert outputs(a, b) > 1e-3


def test_the_output_is_a_wire() -> None:
    text = "network N {{ input 8x8x8; conv 3x3, 8; a = it; conv 5x5, 8; concatenate {} }}"
    a, b = (network_of(text.format(end)) for end in ("it, a", "a, it"))
    assert told(a, b) == ["~ output (reads: conv2/relu, conv1/relu → conv1/relu, conv2/relu)"]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("", "output side = low", ["~ output side (reads: None → low/conv1/relu)"]),
        ("output side = low", "output aux = low",
         ["~ output side (reads: low/conv1/relu → None)",
          "~ output aux (reads: None → low/conv1/relu)"]),
        ("output side = low", "output side",
         ["~ output side (reads: low/conv1/relu → conv1/relu)"]),
        ("output a = low; output b", "output b; output a = low",
         ["~ outputs (order: a, b → b, a)"]),
    ],
)  # fmt: skip
def test_further_outputs(before: str, after: str, lines: list[str]) -> None:
    text = "network N {{ input 3x8x8; stage low {{ conv 3x3, 8 }}\n conv 5x5, 8; {} ; relu }}"
    assert told(*(network_of(text.format(each)) for each in (before, after))) == lines


# --- what is told

CHANGES = [
    # attributes
    ("conv 3x3, 8", "conv 5x5, 8", ["s: ~ conv width=8 (kernel: 3x3 → 5x5)"]),
    ("conv 3x3, 8", "conv 3x3, 8, groups=4", ["s: ~ conv 3x3, 8 (groups: 1 → 4)"]),
    ("conv 3x3, 8", "conv 3x3, 8, act=silu", ["s: ~ conv 3x3, 8 (relu → silu)"]),
    ("conv 3x3, 8", "conv 3x3, 8, act=none", ["s: ~ conv 3x3, 8 (relu → None)"]),
    ("conv2d 3x3, 8", "conv2d 3x3, 8, bias=true", ["s: ~ conv2d 3x3, 8 (bias: false → true)"]),
    ("conv2d 3x3, 8", "conv2d 3x3, 8, init=zero", ["s: ~ conv2d 3x3, 8 (init: he → zero)"]),
    ("conv2d 3x3, 8", "conv2d 3x3, 8, dilation=2", ["s: ~ conv2d 3x3, 8 (dilation: 1 → 2)"]),
    ("max_pool 2", "max_pool 2, ceil=true", ["s: ~ max_pool 2x2 (ceil: false → true)"]),
    ("max_pool 2", "avg_pool 2", ["s: ~ max_pool → avg_pool 2x2 (max_pool → avg_pool)"]),
    ("dropout 0.1", "dropout 0.2", ["s: ~ dropout (rate: 0.1 → 0.2)"]),
    ("batch_norm", "batch_norm eps=0.1", ["s: ~ batch_norm (eps: 1e-05 → 0.1)"]),
    # what follows from them
    (
        "conv 3x3, 8; relu; max_pool 2; conv 3x3, 4",
        "conv 3x3, 16; relu; max_pool 2; conv 3x3, 4",
        ["s: ~ conv 3x3 (width: 8 → 16)", "s: ~ conv 3x3, 4 (in: 8 → 16)"],
    ),
    (
        "conv 3x3, 8; conv 3x3, 8; conv 3x3, 4",
        "conv 3x3, 8, stride=2; conv 3x3, 8; conv 3x3, 4",
        ["= ", "s: ~ conv 3x3, 8 (stride: 1 → 2)", "s: =  x 2"],
    ),
    # layers of groups
    ("seqconv 3x3, 8, k=4", "seqconv 3x3, 8, k=2", ["s: ~ seqconv 3x3, 8 (k: 4 → 2)"]),
    (
        "seqconv 1x1 -> 3x3, 8, k=4",
        "seqconv 1x1 -> 3x3, 8, k=4, c=2",
        ["s: ~ seqconv 1x1 -> 3x3, 8, k=4 (c: 1 → 2)"],
    ),
    (
        "seqconv 3x3, 8, k=4",
        "seqconv 1x1 -> 3x3, 8, k=4",
        ["s: ~ seqconv width=8, k=4 (kernel: 3x3 → 1x1 -> 3x3)"],
    ),
    (
        "seqconv 3x3, 8, k=4; wseqconv 3x3, 8, k=4",
        "seqconv 3x3, 8, k=4; seqconv 3x3, 8, k=4",
        ["s: ~ wseqconv → seqconv 3x3, 8, k=4 (window: sliding → all)"],
    ),
    (
        "aggregate i in 1..4, window=[1, 3] { conv 3x3, 2 }",
        "aggregate i in 1..4, window=last(3) { conv 3x3, 2 }",
        ["s: ~ aggregate 3x3, 8, k=2 (window: [1, 3] → last(3))"],
    ),
    (
        "aggregate i in 1..3 { conv (3 if i == 2 else 1), 2 }",
        "aggregate i in 1..3 { conv (5 if i == 2 else 1), 2 }",
        ["s: ~ aggregate 1x1, 6, k=2 (group2/conv1/conv2d.kernel: 3x3 → 5x5)"],
    ),
    ("conv 3x3, 8", "seqconv 3x3, 8, k=2", ["s: ~ conv → seqconv 3x3, 8 (k: None → 2)"]),
    # layers more or less
    ("conv 3x3, 8", "conv 1x1, 8; conv 3x3, 8", ["s: + conv 1x1, 8"]),
    ("conv 3x3, 8; dropout 0.1; relu", "conv 3x3, 8; relu", ["s: - dropout 0.1"]),
    (
        "conv 3x3, 8; conv 5x5, 4",
        "conv 3x3, 6; conv 3x3, 8; conv 5x5, 4",
        ["s: + conv 3x3, 6", "s: ~ conv 3x3, 8 (in: 8 → 6)"],
    ),
    ("repeat x 4 { conv 3x3, 8 }", "repeat x 2 { conv 3x3, 8 }",
     ["s: ~ conv 3x3, 8 (times: 4 → 2) x 2"]),
    # blocks
    ("two; two", "two; two; two; two; two", ["s: ~ two (times: 2 → 5) x 3"]),
    ("two", "three", ["s: - two { conv 3x3, 8; conv 5x5, 8 }",
                      "s: + three { conv 1x1, 8; conv 3x3, 8; conv 7x7, 8 }"]),
    ("two; two", "two 7; two 7; two 7",
     ["s: ~ two / conv width=8 (kernel: 5x5 → 7x7) x 2", "s: ~ two (times: 2 → 3)"]),
    ("two; two; two", "two; max_pool 3, stride=1, padding=1; two; two",
     ["s: + max_pool 3x3, stride=1, padding=1"]),
    ("conv 3x3, 8; conv 5x5, 8", "two; two", ["s: + two / conv 3x3, 8", "s: + two / conv 5x5, 8"]),
]  # fmt: skip
BLOCKS = """
block two(kernel: size = 5) { conv 3x3, 8; conv kernel, 8 }
block three { conv 1x1, 8; conv 3x3, 8; conv 7x7, 8 }
"""


@pytest.mark.parametrize(("before", "after", "lines"), CHANGES)
def test_what_is_told(before: str, after: str, lines: list[str]) -> None:
    a, b = body(before, BLOCKS), body(after, BLOCKS)
    assert told(a, b) == lines
    check_sums(a, b, diff(a, b))


@pytest.mark.parametrize(
    ("stage", "layer"),
    [
        ("conv1 -> 112x112", "conv 1x1, 3"),
        ("conv2 -> 56x56", "conv 3x3, 32"),
        ("conv3 -> 28x28", "conv 3x3, 128, groups=4"),
        ("conv5 -> 7x7", "conv 1x1, 512, groups=8"),
    ],
)
def test_a_layer_at_the_front_leaves_the_others_alone(stage: str, layer: str) -> None:
    text = (ARCHITECTURES / "seqresnet_imagenet.seq").read_text()
    longer = text.replace(f"stage {stage} {{\n", f"stage {stage} {{\n    {layer}\n")
    a, b = (network_of(each, "SeqResNetB42", classes=1000) for each in (text, longer))
    assert told(a, b) == [f"{stage.partition(' ')[0]}: + {layer}"]


def test_stages_correspond_by_name_or_by_what_they_hold() -> None:
    text = """network N {{ input 3x16x16
      stage one {{ conv 3x3, 8; conv 3x3, {} }}
      {}
      stage {} {{ conv 3x3, 16; conv 5x5, 16; max_pool 2 }}
    }}"""
    a = network_of(text.format(8, "", "two"))
    b = network_of(text.format(8, "stage more { conv 1x1, 8; conv 1x1, 4 }", "last"))
    assert told(a, b) == [
        "more: + conv 1x1, 8", "more: + conv 1x1, 4", "two: ~ conv 3x3, 16 (in: 8 → 4)",
    ]  # fmt: skip
    (more, two) = diff(a, b).stages
    assert more.before is None and more.after is not None
    assert two.before is not None and two.after is not None
    assert (two.before.name, two.after.name) == ("two", "last")


def test_without_stages_on_one_side_the_layers_correspond() -> None:
    flat = network_of("network N { input 3x8x8; conv 3x3, 8; conv 5x5, 8; max_pool 2 }")
    staged = network_of("""network N { input 3x8x8
      stage a { conv 3x3, 8 }
      stage b { conv 5x5, 16; max_pool 2 }
    }""")
    assert told(flat, staged) == ["~ conv 5x5 (width: 8 → 16)"]
    check_sums(flat, staged, diff(flat, staged))


def test_the_size_of_the_input() -> None:
    text = "network N {{ input 3x{0}x{0}; stage s {{ conv 3x3, 8; conv 3x3, 8; relu }} }}"
    a, b = (network_of(text.format(side)) for side in (8, 16))
    assert told(a, b) == ["~ input (shape: 3x8x8 → 3x16x16)", "s: =  x 2"]
    (_, stage) = diff(a, b).stages
    assert stage.before is not None and stage.after is not None
    assert (stage.before.shape, stage.after.shape) == ((8, 8, 8), (8, 16, 16))


# --- aggregations


ONE = LATE.replace(LATE.splitlines()[5] + "\n", "", 1)


def test_an_aggregation_beside_one_that_starts_late_is_another() -> None:
    assert told(network_of(ONE), network_of(LATE)) == [
        "~ aggregate 3x3, 48, k=16 (times: 1 → 2)",
        "~ global_average_pool (reads: conv → aggregate)",
    ]


def test_a_group_that_hands_its_window_on_counts_in_the_width() -> None:
    (change,) = told(network_of(ONE), network_of(ONE.replace("1..3", "1..4")))[:1]
    assert change == "~ aggregate 3x3, k=16 (width: 48 → 64)"


def test_a_window_is_called_as_it_is_written() -> None:
    layers = ("aggregate i in 1..4, window=powers(2) { conv 3x3, 8 }",
              "aggregate i in 1..4, window=last(2) { conv 3x3, 8 }")  # fmt: skip
    assert told(*map(body, layers)) == ["s: ~ aggregate 3x3, 32, k=8 (window: powers(2) → last(2))"]


def test_windows_that_show_the_same_are_no_difference() -> None:
    layers = ("aggregate i in 1..2, window=last(2) { conv 3x3, 8 }",
              "aggregate i in 1..2, window=all { conv 1x1, 8 }")  # fmt: skip
    assert told(*map(body, layers)) == ["s: ~ aggregate width=16, k=8 (kernel: 3x3 → 1x1)"]

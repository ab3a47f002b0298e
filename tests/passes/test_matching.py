"""Which entry of a checkpoint is which of a network: by order, by name, by a map, or by none."""

from pathlib import Path

import pytest
import torch
from networks import compiled
from references import VGG, DenseNet, ResNet, densenet, resnet, vgg
from torch import nn

from seqdsl.graph.network import Network
from seqdsl.graph.parameters import layout
from seqdsl.passes.matching.head import new_head
from seqdsl.passes.matching.match import Evidence, Line, Match, match
from seqdsl.passes.matching.refusal import Refusal
from seqdsl.passes.matching.units import Entry
from seqdsl.source.diagnostic import Failure

RESNET = {"inners": (64, 128, 256, 512), "stem": 64, "kernel": 7, "classes": 1000}
VGG16 = [64, 64, None, 128, 128, None, *[256] * 3, None, *[512] * 3, None, *[512] * 3, None]

# As torchvision registers them: every entry's shape, and its place.
REGISTERED = {
    "ResNet-50": (ResNet, resnet, {**RESNET, "blocks": (3, 4, 6, 3)}),
    "ResNet-101": (ResNet, resnet, {**RESNET, "blocks": (3, 4, 23, 3)}),
    "ResNet-152": (ResNet, resnet, {**RESNET, "blocks": (3, 8, 36, 3)}),
    "ResNeXt-50": (ResNet, resnet, {**RESNET, "blocks": (3, 4, 6, 3), "widen": 2, "groups": 32}),
    "DenseNet-169": (
        DenseNet, densenet, {"n": (6, 12, 32, 32), "k": 32, "stem": 64, "classes": 1000},
    ),
    "VGG-16-BN": (VGG, vgg, {"widths": VGG16, "hidden": 4096, "classes": 1000}),
}  # fmt: skip


def entries(module: nn.Module) -> list[Entry]:
    return [Entry(key, tuple(value.shape)) for key, value in module.state_dict().items()]


def built(name: str, **options: object) -> tuple[list[Entry], str]:
    """What the reference registers, without memory for it, and the network's text."""
    make, text, sizes = REGISTERED[name]
    own = {"size": 7} if make is VGG else {}
    ours = {"side": 224} if make is VGG else {}
    with torch.device("meta"):
        module = make(**sizes, **own)
    return entries(module), text(**sizes, **ours, **options)


@pytest.mark.parametrize("shortcut", ["first", "last"])
@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("name", REGISTERED)
def test_at_full_size(tmp_path: Path, name: str, registered: bool, shortcut: str) -> None:
    residual = REGISTERED[name][0] is ResNet
    theirs, text = built(name, **({"shortcut": shortcut} if residual else {}))
    network = compiled(tmp_path, text.replace("3x16x16", "3x224x224").replace("3x8x8", "3x224x224"))
    given = theirs if registered else sorted(theirs, key=lambda entry: entry.key)
    found = match(network, given, name, registered=registered)
    assert isinstance(found, Match)
    assert found.evidence == (Evidence.REGISTRATION if registered else Evidence.NUMBERS,)
    expected = [entry.key for entry in theirs if not entry.key.endswith("num_batches_tracked")]
    if residual and shortcut == "first":
        expected = shortcuts_first(expected)
    assert [pair.theirs.key for pair in found.pairs] == expected
    assert [pair.ours.key for pair in found.pairs] == [p.key for p in layout(network)]


def shortcuts_first(keys: list[str]) -> list[str]:
    blocks: dict[str, list[str]] = {}
    for key in keys:
        name = ".".join(key.split(".")[:2]) if key.startswith("layer") else key
        blocks.setdefault(name, []).append(key)
    return [k for block in blocks.values() for k in sorted(block, key=lambda k: "down" not in k)]


SIMPLE = (
    "network N { input 3x8x8; conv 3x3, 4; conv 3x3, 4; conv 1x1, 8; global_average_pool; fc 5 }"
)


def simple(*layers: tuple[str, int, int, int]) -> list[Entry]:
    """The entries of convolutions with their batch norms: name, out, in, kernel."""
    found = []
    for name, out, width, kernel in layers:
        found.append(Entry(f"{name}.conv.weight", (out, width, kernel, kernel)))
        found += [
            Entry(f"{name}.bn.{leaf}", (out,))
            for leaf in ("weight", "bias", "running_mean", "running_var")
        ]
    return [*found, Entry("fc.weight", (5, 8)), Entry("fc.bias", (5,))]


def refused(
    network: Network, theirs: list[Entry], *lines: Line, registered: bool = True
) -> Refusal:
    found = match(network, theirs, "theirs.pth", registered=registered, lines=lines)
    assert isinstance(found, Refusal), found
    return found


def test_what_does_not_fit_stands_in_the_table(tmp_path: Path) -> None:
    network = compiled(tmp_path, SIMPLE)
    theirs = simple(("a", 4, 3, 3), ("b", 6, 4, 3), ("c", 8, 6, 1))
    refusal = refused(network, theirs)
    assert refusal.diagnostic.code.id == "SEQ601"
    assert [(r.ours, r.our_shape, r.theirs, r.their_shape, r.why) for r in refusal.rows] == [
        ("conv2.conv2d", "4x4x3x3", "b.conv", "6x4x3x3", "the shapes differ"),
        ("conv2.batch_norm", "norm of 4", "b.bn", "norm of 6", "the shapes differ"),
        ("conv3.conv2d", "8x4x1x1", "c.conv", "8x6x1x1", "the shapes differ"),
    ]


def test_what_one_side_lacks_stands_in_the_table(tmp_path: Path) -> None:
    network = compiled(tmp_path, SIMPLE)
    theirs = simple(("a", 4, 3, 3), ("b", 4, 4, 3), ("c", 8, 4, 1))
    (row,) = refused(network, [*theirs, Entry("aux.weight", (7, 7))]).rows
    assert (row.ours, row.theirs, row.why) == ("-", "aux", "not in the network")
    (row,) = refused(network, [e for e in theirs if not e.key.startswith("b.bn")]).rows
    assert (row.ours, row.theirs, row.why) == ("conv2.batch_norm", "-", "not in the checkpoint")
    (row,) = refused(network, [*theirs, Entry("b.conv.bias", (4,))]).rows
    assert (row.ours, row.theirs, row.why) == ("conv2.conv2d", "b.conv", "other entries")
    (row,) = refused(network, [e for e in theirs if e.key != "b.bn.weight"]).rows
    assert row.their_shape == "bias 4, running_mean 4, running_var 4"


def test_an_empty_checkpoint_lacks_everything(tmp_path: Path) -> None:
    network = compiled(tmp_path, SIMPLE)
    assert len(refused(network, []).rows) == 7


BRANCHES = """
network N {
  input 4x8x8
  a = it | conv2d 3x3, 4
  b = it | conv2d 3x3, 4
  concatenate a, b
  conv2d 1x1, 4
}
"""


def branches(*names: str) -> list[Entry]:
    shapes = [(4, 4, 3, 3), (4, 4, 3, 3), (4, 8, 1, 1)]
    return [Entry(f"{n}.weight", shape) for n, shape in zip(names, shapes, strict=True)]


@pytest.mark.parametrize("names", [("left", "right", "join"), ("branch1", "branch2", "branch3")])
def test_branches_that_are_alike_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    network = compiled(tmp_path, BRANCHES)
    refusal = refused(network, branches(*names))
    assert refusal.diagnostic.code.id == "SEQ606"
    assert [row.theirs for row in refusal.rows] == list(names[:2])
    assert {row.ours for row in refusal.rows} == {"conv2d or conv2d2"}


def test_a_map_settles_branches(tmp_path: Path) -> None:
    network = compiled(tmp_path, BRANCHES)
    found = match(network, branches("left", "right", "join"), "theirs", registered=True,
                  lines=[Line("conv2d", "right")])  # fmt: skip
    assert isinstance(found, Match)
    assert [pair.theirs.key for pair in found.pairs] == [
        f"{n}.weight" for n in ("right", "left", "join")
    ]
    assert Evidence.MAP in found.evidence


@pytest.mark.parametrize(
    ("before", "within"),
    [("", ""), ("module.", ""), ("net.model.", ""), ("", "_orig_mod."),
     ("_fsdp_wrapped_module.", "_fsdp_wrapped_module.")],
)  # fmt: skip
def test_the_same_names_settle_branches(tmp_path: Path, before: str, within: str) -> None:
    network = compiled(tmp_path, BRANCHES)
    names = [f"{before}{name}.{within}".rstrip(".") for name in ("conv2d3", "conv2d2", "conv2d")]
    theirs = [*reversed(branches(*reversed(names)))]
    found = match(network, theirs, "theirs", registered=True)
    assert isinstance(found, Match) and found.evidence == (Evidence.NAME,)
    for pair in found.pairs:
        name, _, leaf = pair.ours.key.rpartition(".")
        assert pair.theirs.key == f"{before}{name}.{within}{leaf}"


def test_as_written_branches_are_taken_in_turn(tmp_path: Path) -> None:
    network = compiled(tmp_path, BRANCHES)
    theirs = branches("left", "right", "join")
    found = match(network, theirs, "theirs", registered=True, as_written=True)
    assert isinstance(found, Match) and found.guessed == ("left", "right")
    assert [pair.theirs.key for pair in found.pairs] == [entry.key for entry in theirs]
    assert found.evidence == (Evidence.REGISTRATION, Evidence.WRITTEN)


def test_as_written_a_map_comes_first(tmp_path: Path) -> None:
    network = compiled(tmp_path, BRANCHES)
    found = match(network, branches("left", "right", "join"), "theirs", registered=True,
                  lines=[Line("conv2d", "right")], as_written=True)  # fmt: skip
    assert isinstance(found, Match) and not found.guessed
    assert found.pairs[0].theirs.key == "right.weight"


def test_a_new_head_takes_the_place_of_the_last_of_several_alike(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x1x1; fc 5; relu; fc 5; relu; fc 7 }")
    theirs = [
        Entry(f"fc{i}.{leaf}", shape)
        for i, width in enumerate((3, 5, 5), 1)
        for leaf, shape in (("weight", (5, width)), ("bias", (5,)))
    ]
    head = new_head(network, theirs, "theirs")
    assert head.ours == ("fc3.linear.weight", "fc3.linear.bias")
    assert set(head.theirs) == {"fc3.weight", "fc3.bias"}
    found = match(network, theirs, "theirs", registered=True, head=head)
    assert isinstance(found, Match)
    assert [pair.theirs.key for pair in found.pairs] == [entry.key for entry in theirs[:4]]


def test_a_network_without_weights_has_no_head(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; max_pool 2 }")
    with pytest.raises(Failure, match="has no convolution or linear layer for --head new"):
        new_head(network, [], "theirs")


def test_more_alike_than_can_be_walked_are_refused(tmp_path: Path) -> None:
    branch = "; ".join(f"b{i} = it | conv2d 3x3, 4" for i in range(24))
    joined = ", ".join(f"b{i}" for i in range(24))
    network = compiled(tmp_path, f"network N {{ input 4x8x8; {branch}; add {joined} }}")
    theirs = [Entry(f"x{chr(97 + i)}.weight", (4, 4, 3, 3)) for i in range(24)]
    for registered in (True, False):
        refusal = refused(network, theirs, registered=registered)
        assert refusal.diagnostic.code.id == "SEQ606" and len(refusal.rows) == 1
    found = match(network, theirs, "theirs", registered=True, as_written=True)
    assert isinstance(found, Match) and len(found.guessed) == 24
    assert [pair.theirs for pair in found.pairs] == theirs


def test_alphabetical_names_alone_are_no_order(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 4x8x8; conv2d 3x3, 4; relu; conv2d 3x3, 4 }")
    theirs = [Entry("early.weight", (4, 4, 3, 3)), Entry("late.weight", (4, 4, 3, 3))]
    assert isinstance(match(network, theirs, "theirs", registered=True), Match)
    assert refused(network, theirs, registered=False).diagnostic.code.id == "SEQ606"


def out_of_order() -> list[Entry]:
    """Convolutions in one list and norms in another, each named by words."""
    layers = [("x", 4, 3), ("y", 4, 4), ("z", 8, 4)]
    found = [Entry(f"convs.{n}.weight", (out, width, 3, 3)) for n, out, width in layers]
    for name, out, _ in layers:
        found += [
            Entry(f"norms.{name}.{leaf}", (out,))
            for leaf in ("weight", "bias", "running_mean", "running_var")
        ]
    return found


def test_what_follows_the_dataflow_in_no_order_needs_a_map(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; conv 3x3, 4; conv 3x3, 4; conv 3x3, 8 }")
    refusal = refused(network, out_of_order())
    assert refusal.diagnostic.code.id == "SEQ601" and "--map" in (refusal.diagnostic.help or "")
    (row,) = refusal.rows
    assert (row.ours, row.theirs) == ("conv1.batch_norm", "convs.y")
    lines = [Line(f"conv{i}.conv2d", f"convs.{n}") for i, n in enumerate("xyz", 1)]
    lines += [Line(f"conv{i}.batch_norm", f"norms.{n}") for i, n in enumerate("xyz", 1)]
    found = match(network, out_of_order(), "theirs", registered=True, lines=lines)
    assert isinstance(found, Match) and found.evidence == (Evidence.MAP,)
    assert {p.ours.key: p.theirs.key for p in found.pairs}[
        "conv2.batch_norm.bias"
    ] == "norms.y.bias"


def test_a_subtree_is_matched_inside(tmp_path: Path) -> None:
    network = compiled(
        tmp_path,
        "block two(w: positive) { conv 3x3, w; conv 3x3, w }\n"
        "network N { input 4x8x8; two 4; two 4 }",
    )
    later = simple(("later.1", 4, 4, 3), ("later.2", 4, 4, 3))[:-2]
    first = simple(("first.1", 4, 4, 3), ("first.2", 4, 4, 3))[:-2]
    by_order = match(network, [*later, *first], "theirs", registered=True)
    assert isinstance(by_order, Match) and by_order.pairs[0].theirs.key == "later.1.conv.weight"
    found = match(network, [*later, *first], "theirs", registered=True,
                  lines=[Line("two1", "first"), Line("two2", "later")])  # fmt: skip
    assert isinstance(found, Match)
    assert [pair.theirs.key for pair in found.pairs] == [e.key for e in [*first, *later]]


def test_entries_of_other_names_are_tied_one_by_one(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; batch_norm; conv2d 3x3, 4 }")
    theirs = [
        Entry("scale/gamma", (3,)), Entry("scale/beta", (3,)), Entry("scale/mean", (3,)),
        Entry("scale/var", (3,)), Entry("kernel.weight", (4, 3, 3, 3)),
    ]  # fmt: skip
    assert refused(network, theirs).diagnostic.code.id == "SEQ601"
    names = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "var"}
    lines = [Line(f"batch_norm.{ours}", f"scale/{name}") for ours, name in names.items()]
    found = match(network, theirs, "theirs", registered=True, lines=lines)
    assert isinstance(found, Match)
    assert [pair.theirs.key for pair in found.pairs] == [e.key for e in theirs]
    wrong = [Line("conv2d.weight", "scale/gamma")]
    assert refused(network, theirs, *wrong).rows[0].why == "the shapes differ"


@pytest.mark.parametrize(
    ("line", "message", "help"),
    [
        (Line("conv9", "a"), "the map names conv9, and N has", "conv"),
        (Line("conv1", "q"), "the map names q, and theirs.pth has", None),
        (Line("conv1.con2d", "a.conv"), "the map names conv1.con2d", "did you mean conv1.conv2d?"),
    ],
)
def test_a_map_that_names_nothing(
    tmp_path: Path, line: Line, message: str, help: str | None
) -> None:
    network = compiled(tmp_path, SIMPLE)
    theirs = simple(("a", 4, 3, 3), ("b", 4, 4, 3), ("c", 8, 4, 1))
    refusal = refused(network, theirs, line)
    assert refusal.diagnostic.code.id == "SEQ607" and refusal.diagnostic.message.startswith(message)
    assert (help or "") in (refusal.diagnostic.help or "")


def test_a_map_that_ties_twice(tmp_path: Path) -> None:
    network = compiled(tmp_path, SIMPLE)
    theirs = simple(("a", 4, 3, 3), ("b", 4, 4, 3), ("c", 8, 4, 1))
    refusal = refused(network, theirs, Line("conv1.conv2d", "a"), Line("conv2", "a.bn"))
    assert refusal.diagnostic.code.id == "SEQ607" and "already" in refusal.diagnostic.message


def test_a_linear_layer_is_a_convolution_of_one_pixel(tmp_path: Path) -> None:
    network = compiled(
        tmp_path, "network N { input 3x8x8; global_average_pool; conv2d 1x1, 5, bias=true }"
    )
    theirs = [Entry("fc.weight", (5, 3)), Entry("fc.bias", (5,))]
    found = match(network, theirs, "theirs", registered=True)
    assert isinstance(found, Match) and found.evidence == (Evidence.SHAPE,)
    assert [(p.ours.shape, p.theirs.shape) for p in found.pairs] == [
        ((5, 3, 1, 1), (5, 3)),
        ((5,), (5,)),
    ]
    transposed = [Entry("fc.weight", (3, 5)), Entry("fc.bias", (5,))]
    assert refused(network, transposed).diagnostic.code.id == "SEQ601"


@pytest.mark.parametrize(
    "key", ["", ".", "a..b", ".".join("1" * 5000), "9" * 5000, "\x1b[31m", "weight"]
)
def test_no_name_is_too_strange(tmp_path: Path, key: str) -> None:
    network = compiled(tmp_path, "network N { input 3x8x8; conv2d 3x3, 4; conv2d 3x3, 4 }")
    theirs = [Entry(f"{key}.weight", (4, 3, 3, 3)), Entry(key, (4,))]
    for registered in (True, False):
        assert refused(network, theirs, registered=registered).rows

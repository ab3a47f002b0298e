"""What a page says of odd networks."""

from pathlib import Path

import pytest
from networks import compiled

from seqdsl.page.contents import Network
from seqdsl.page.describe import describe, page_of
from seqdsl.source.diagnostic import Failure


def described(tmp_path: Path, text: str) -> Network:
    return describe(compiled(tmp_path, text))


@pytest.mark.parametrize(
    ("stage", "field"),
    [
        ("a = it | conv 9x9, 4; b = it | conv 1x1, 4; concatenate a, b", (9, 9)),
        ("a = it | conv 1x1, 4; b = it | conv 9x9, 4; concatenate b, a", (9, 9)),
        ("conv 3x3, 4; output side = it | global_average_pool | fc 10", (3, 3)),
        ("x = it | conv 3x3, 4; y = x | conv 9x9, 4; output y; it = x", (3, 3)),
        ("aggregate i in 1..3 { conv 3x3, 4 }", (7, 7)),
        ("conv 3x3, 4; global_average_pool; conv 1x1, 4", None),
    ],
)
def test_a_receptive_field_is_that_of_what_leaves(tmp_path: Path, stage: str, field) -> None:
    text = f"network N {{ input 3x32x32; stage s {{ {stage} }}; conv 1x1, 3 }}"
    parts = described(tmp_path, text).parts
    assert parts["s"].receptive_field == field
    assert parts["conv1"].receptive_field == field


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ("", []),
        ("expect params 116; expect macs 6912", []),
        ("expect flops 13.8K by flops", ["flops"]),
        ("expect flops 7.9K by paper +- 5%", ["paper"]),
    ],
)
def test_a_page_counts_by_the_conventions_that_claims_name(
    tmp_path: Path, claims: str, shown: list[str]
) -> None:
    text = f"network N {{ input 3x8x8; conv2d 3x3, 4; batch_norm; {claims} }}"
    assert [each.convention for each in described(tmp_path, text).flops] == shown


def test_of_two_networks_a_page_counts_both_alike(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    plain = compiled(tmp_path / "other", "network M { input 3x8x8; conv2d 3x3, 4 }")
    claimed = compiled(
        tmp_path, "network N { input 3x8x8; conv2d 3x3, 4; expect flops 6.75K by paper }"
    )
    found = page_of("", [plain, claimed]).networks
    assert [[f.convention for f in network.flops] for network in found] == [["paper"], ["paper"]]


def test_what_a_block_is_and_is_not_a_stage(tmp_path: Path) -> None:
    text = """
    block b { conv 3x3, 4; conv 3x3, 4 }
    network N { input 3x8x8; stage s { b }; b; repeat x 2 { conv 3x3, 4; relu } }
    """
    kinds = {path: part.kind for path, part in described(tmp_path, text).parts.items()}
    assert (kinds["s"], kinds["s/b1"], kinds["b1"], kinds["repeat1"]) == (
        "stage", "block", "block", "block",
    )  # fmt: skip


def test_outputs_are_parts(tmp_path: Path) -> None:
    text = "network N { input 3x8x8; conv 3x3, 4; output early = it | conv 1x1, 2; conv 3x3, 4 }"
    network = described(tmp_path, text)
    assert network.parts["output/early"].output == "2x8x8"
    for drawing in network.drawings:
        assert 'data-path="output/early"' in drawing.svg


# --- marks


def marked(tmp_path: Path, before: str, after: str) -> list[dict[str, dict[str, str]]]:
    networks = []
    for name, body in (("a", before), ("b", after)):
        (tmp_path / name).mkdir()
        networks.append(compiled(tmp_path / name, f"network N {{ input 3x8x8; {body} }}"))
    page = page_of("a b", networks)
    return [{d.depth: d.mark for d in network.drawings} for network in page.networks]


def test_an_operation_in_folded_copies_is_marked(tmp_path: Path) -> None:
    kept = "conv2d 3x3, 4; stage s { repeat x 3 { conv2d 3x3, 4 } }"
    other = "conv2d 3x3, 4; stage s { repeat x 2 { conv2d 3x3, 4 }; conv2d 5x5, 4 }"
    before, after = marked(tmp_path, kept, other)
    assert before["block"] and after["block"]


def test_an_aggregation_of_no_block_is_marked_itself(tmp_path: Path) -> None:
    layer = "aggregate i in 1..3 { conv 3x3, 4 }"
    around = f"stage s {{ conv 3x3, 4; {layer}; conv 1x1, 4 }}"
    before, after = marked(tmp_path, around, around.replace("{ conv 3x3, 4 }", "{ conv 5x5, 4 }"))
    assert before["block"] == after["block"] == {"s/aggregate1": "changed"}
    assert before["network"] == after["network"] == {"s": "changed"}


def test_of_two_aggregations_the_one_that_differs(tmp_path: Path) -> None:
    first, second = ("aggregate i in 1..2 { conv 3x3, 4 }", "aggregate i in 1..3 { conv 3x3, 4 }")
    other = second.replace("3x3", "5x5")
    before, after = marked(tmp_path, f"{first}; {second}", f"{first}; {other}")
    assert before["block"] == after["block"] == {"aggregate2": "changed"}


# --- bounds


def test_names_that_no_page_can_hold(tmp_path: Path) -> None:
    layers = "; ".join(500 * ["relu"])
    network = compiled(
        tmp_path, f"network N {{ input 3x8x8; stage {60_000 * 'a'} {{ {layers} }} }}"
    )
    with pytest.raises(Failure, match="too long for a page"):
        describe(network)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    import os

    from commands import seqdsl_command

    path = os.fsencode(tmp_path) + b"/\xff.seq"
    try:
        Path(os.fsdecode(path)).write_text("network N { input 3x8x8; conv 3x3, 4 }")
    except (OSError, UnicodeError):
        pytest.skip("no file here has such a name")
    done = seqdsl_command("report", os.fsdecode(path), "-o", tmp_path / "r.html")
    assert done.code == 0, done.err
    assert "xdcff.seq" in (tmp_path / "r.html").read_text(encoding="utf-8")

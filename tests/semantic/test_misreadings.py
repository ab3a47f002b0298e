"""What compiles and means something else than a reader would think gets a finding."""

from pathlib import Path

import pytest
from networks import codes, findings

from seqdsl.passes.mend import mended
from seqdsl.source.fix import applied
from seqdsl.source.text import Source

FLOW = "input 3x32x32; conv 3x3, 16; "


def network(body: str, rest: str = "") -> str:
    return f"network N {{ {FLOW}{body}; global_average_pool; fc 10 {rest} }}\n"


@pytest.mark.parametrize(
    ("body", "code", "fixed"),
    [
        ("conv2d 1x1, 8; batch_norm 16", "unnamed-setting", "batch_norm"),
        ("conv2d 1x1, 8; batch_norm 0.001", "unnamed-setting", None),
        ("leaky_relu 0.2", "unnamed-setting", "leaky_relu slope=0.2"),
        ("max_pool 2, 2, 1", "unnamed-setting", "max_pool 2, 2, padding=1"),
        ("conv 3x3, 16, 2, 1", "unnamed-setting", None),
        ("conv2d 3x3, 16, 1, false", "unnamed-setting", "conv2d 3x3, 16, 1, bias=false"),
        ("conv 3*3, 16", "product-as-size", "conv 3x3, 16"),
        ("max_pool 2*2", "product-as-size", "max_pool 2x2"),
        ("conv 3x3, 16, stride=2*2", "product-as-size", "conv 3x3, 16, stride=2x2"),
        ("max_pool 2 x 2", "size-or-repeat", "max_pool 2x2"),
        ("conv2d 1x1, 8; batch_norm momentum=0.9", "odd-setting", "batch_norm momentum=0.1"),
        ("conv2d 1x1, 8; batch_norm momentum=0.99", "odd-setting", "batch_norm momentum=0.01"),
        ("conv2d 1x1, 8; batch_norm momentum=0", "odd-setting", None),
        ("conv2d 1x1, 8; batch_norm eps=5", "odd-setting", None),
        ("leaky_relu slope=20", "odd-setting", None),
        ("leaky_relu slope=-0.2", "odd-setting", None),
        ("dropout 0.8", "odd-setting", "dropout 0.2"),
        ("dropout 50", "wrong-type", "dropout 0.5"),
        ("batch_norm", "repeated-layer", "conv2d 3x3, 16"),
        ("it = it | conv 1x1, 4 | batch_norm", "repeated-layer", "conv2d 1x1, 4"),
        ("add it", "same-map", None),
        ("mean it", "same-map", None),
        ("conv 1x1, 16, padding=1", "padded-windows", None),
        ("conv2d 3x3, 16, padding=5, dilation=2", "padded-windows", None),
        ("softmax; conv 1x1, 8", "inner-softmax", None),
        ("softmax; avg_pool 2", "inner-softmax", None),
        ("softmax; layer_norm", "inner-softmax", None),
        ("stage high { conv 3x3, 16 }; output hihg", "near-output", "output high"),
        ("side = it; output sdie; add it, side", "near-output", "output side"),
    ],
)  # fmt: skip
def test_misreading(tmp_path: Path, body: str, code: str, fixed: str | None) -> None:
    (found,) = findings(tmp_path, network(body))
    assert found.code.name == code
    assert found.help
    assert (found.fix is None) == (fixed is None)
    if found.fix is not None:
        assert not found.fix.safe
        text, _ = applied((tmp_path / "net.seq").read_text(), [found.fix])
        assert fixed is not None and fixed in text


def test_each_setting_without_its_name_is_found_with_an_edit(tmp_path: Path) -> None:
    found = findings(tmp_path, network("max_pool 2, 2, 0, true"))
    assert [d.code.name for d in found] == ["unnamed-setting"] * 2
    path = tmp_path / "net.seq"
    text, _ = mended(Source("net.seq", path.read_text()), path, unsafe=True)
    assert "max_pool 2, 2, padding=0, ceil=true" in text


@pytest.mark.parametrize(
    ("written", "fixed"),
    [
        ("max_pool 2, 2, 0, true", "max_pool 2, 2, padding=0, ceil=true"),
        ("max_pool 2, 2, 1, 1", "max_pool 2, 2, padding=1, 1"),  # of which `ceil` is none
    ],
)
def test_each_setting_without_a_name_is_another(tmp_path: Path, written: str, fixed: str) -> None:
    found = findings(tmp_path, network(written))
    assert [d.code.name for d in found] == ["unnamed-setting"] * 2
    text, _ = applied((tmp_path / "net.seq").read_text(), [d.fix for d in found if d.fix])
    assert fixed in text


def test_one_argument_too_many_is_reported_for_all_that_follow(tmp_path: Path) -> None:
    found = findings(tmp_path, network("conv 3x3, 16, 1, 1, 1, 1, strode=2"))
    assert [(d.code.name, d.primary.span.text) for d in found if d.primary] == [
        ("unnamed-setting", "1"),
        ("unknown-argument", "strode=2"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "conv2d 1x1, 8; batch_norm eps=0.001, momentum=0.01; relu",
        "conv 3x3, 16, 2",
        "max_pool 2, 2",
        "dropout 0.7",
        "conv 3x3, 16 x 2; max_pool 2x2 x 2",
        "upsample 2; dropout 0.1 x 2",
        "conv 3x3, 16, act=none; relu",
        "conv 3x3, 16; silu",
        "conv 3x3, 16; add it, it",
        "conv 3x3, 16; multiply it",
        "conv 3x3, 16, padding=2",
        "conv 3x3, 2*8",
        "gate = it | global_average_pool | conv2d 1x1, 16 | softmax; multiply gate",
        "stage s2 { conv 3x3, 16 }; output s3",
        "stage s { conv 3x3, 16 }; output t",
        "stage high { conv 3x3, 16 }; output hihg = it",
    ],
)
def test_what_is_meant(tmp_path: Path, body: str) -> None:
    assert codes(tmp_path, network(body)) == []


def test_an_output_is_named_by_another_frameworks_word(tmp_path: Path) -> None:
    tapped = "block tapped(width: positive) { conv 3x3, width }\n"
    text = tapped + network("tapped 8; width = it; output features; add it, width")
    assert codes(tmp_path, text) == []


@pytest.mark.parametrize(
    ("body", "fixed"),
    [
        ("block own(k, w, groups = 1) { conv k, w, groups=groups }\n", "own 3x3, 8, 2"),
        ("block batch_norm2(eps = 1) { conv2d 1x1, eps }\n", "batch_norm2 8"),
    ],
)  # fmt: skip
def test_own_blocks_take_parameters_by_their_places(tmp_path: Path, body: str, fixed: str) -> None:
    assert codes(tmp_path, body + network(fixed)) == []


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("params 634", []),
        ("params 0.63", ["a unit is missing: write 0.63K"]),
        ("macs 0.45", ["a unit is missing: write 0.45M"]),
        ("params 5.5", ["write 634 instead of 5.5"]),
        ("params 634 +- 100%", ["a tolerance is in per cent"]),
        ("params 600 +- 10%", []),
    ],
)
def test_claims(tmp_path: Path, claim: str, found: list[str]) -> None:
    said = [d.help or "" for d in findings(tmp_path, network("", f"; expect {claim}"))]
    assert len(said) == len(found)
    assert all(one.startswith(other) for one, other in zip(said, found, strict=True))

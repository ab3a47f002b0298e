"""Numbers in the order of PyTorch or Keras are found, also where they fit the parameters here."""

from pathlib import Path

import pytest
from networks import findings

from seqdsl.passes.mend import mended
from seqdsl.source.text import Source

USES = "use std.residual\nuse std.preactivation\nuse std.dense\n"


def network(layer: str, shape: str) -> str:
    uses = {"basic": 0, "bottleneck": 0, "pre_": 1, "transition": 2}
    used = next((USES.splitlines()[i] for name, i in uses.items() if layer.startswith(name)), "")
    return f"{used}\nnetwork N {{\n  input {shape}\n  {layer}\n}}\n"


@pytest.mark.parametrize(
    ("shape", "layer", "code", "written"),
    [
        # They fit here: a stride of 3, a kernel of 64x64, a stride of 128.
        ("3x32x32", "conv2d 3, 16, 3", "foreign-order", "conv2d 3x3, 16"),
        ("3x32x32", "conv 3, 16, 3, bias=true x 2", "foreign-order",
         "conv 3x3, 16, bias=true x 2"),
        ("3x32x32", "conv 3, 64, 7", "foreign-order", "conv 7x7, 64"),
        ("3x32x32", "conv 3, 16, 3x3", "foreign-order", "conv 3x3, 16"),
        ("3x32x32", "conv 3, 6, 3, groups=3", "foreign-order", "conv 3x3, 6, groups=3"),
        ("1x28x28", "conv2d 1, 32, 5, padding=0", "foreign-order", "conv2d 5x5, 32, padding=0"),
        ("64x112x112", "conv 64, 128, 3, padding=1", "foreign-order", "conv 3x3, 128"),
        ("64x112x112", "conv it.width, 128, 3, padding=1", "foreign-order", "conv 3x3, 128"),
        ("64x112x112", "conv2d 64, 128, 1, padding=0", "foreign-order",
         "conv2d 1x1, 128"),
        ("64x64x64", "conv2d 64, 128, 3, padding=1", "foreign-order", "conv2d 3x3, 128"),
        ("3x32x32", "pre_conv 3, 64, 3", "foreign-order", "pre_conv 3x3, 64"),
        ("64x56x56", "basic 64, 128", "foreign-order", "basic 128"),
        ("64x56x56", "pre_basic 64, 64", "foreign-order", "pre_basic 64"),
        ("256x56x56", "bottleneck 256, 64", "foreign-order", "bottleneck 64, 256"),
        ("256x56x56", "pre_bottleneck 256, 128, 2", "foreign-order",
         "pre_bottleneck 128, 512, stride=2"),
        ("3x112x112", "conv 64, 3, padding=1", "foreign-order", "conv 3x3, 64"),
        # They don't fit.
        ("64x32x32", "conv2d 64, 128, 3", "even-kernel", "conv2d 3x3, 128"),
        ("64x32x32", "pre_conv 64, 128, 3x3", "even-kernel", "pre_conv 3x3, 128"),
        ("3x32x32", "conv2d 64, 3", "even-kernel", "conv2d 3x3, 64"),
        ("3x32x32", "conv2d 3, 16, 3, 1, 1", "unnamed-setting", "conv2d 3x3, 16"),
        ("3x32x32", "conv 3, 64, 7, 2, 3", "unnamed-setting", "conv 7x7, 64, stride=2"),
        ("3x32x32", "conv2d 3, 16, 3, 1, 1, bias=true", "unnamed-setting",
         "conv2d 3x3, 16, bias=true"),
        ("3x32x32", "conv 3, 64, 7, stride=2", "duplicate-argument", "conv 7x7, 64, stride=2"),
        ("3x32x32", "conv2d 3, 16, kernel=3", "duplicate-argument", "conv2d 3x3, 16"),
        ("8x4x4", "linear 128, 10", "unnamed-setting", "linear 10"),
        ("8x4x4", "linear 8, 10, false", "unnamed-setting", "linear 10, bias=false"),
        ("8x4x4", "fc 512, 10", "unknown-argument", "fc 10"),
        ("64x56x56", "basic 64, 128, 2", "unnamed-setting", "basic 128, stride=2"),
        ("64x56x56", "pre_basic 64, 128, 2", "unknown-argument", "pre_basic 128, stride=2"),
        ("256x56x56", "transition 256, 128", "unknown-argument", "transition 128"),
    ],
)  # fmt: skip
def test_numbers_in_another_order(
    tmp_path: Path, shape: str, layer: str, code: str, written: str
) -> None:
    text = network(layer, shape)
    (found,) = findings(tmp_path, text)
    assert found.code.name == code
    assert written.removesuffix(" x 2") in (found.help or "")
    assert found.fix is not None and not found.fix.safe
    after, _ = mended(Source("net.seq", text), None, unsafe=True)
    assert after == network(written, shape)
    assert findings(tmp_path, after) == []


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ("3x224x224", "conv 3, 32, 2"),  # the stem of MobileNets and Inceptions
        ("3x32x32", "conv 3, 64, 1"),
        ("3x32x32", "conv 3x3, 16, 3"),  # a size is a kernel
        ("3x33x33", "conv 3, 16, stride=3"),
        ("3x33x33", "conv2d 3, 96, 3, padding=0"),  # patches
        ("4x32x32", "conv2d 4, 96, 4, padding=0"),
        ("16x64x64", "conv2d 16, 768, 16, padding=0"),
        ("7x224x224", "conv 7, 64, 4"),
        ("11x224x224", "conv 11, 96, 4"),
        ("64x64x64", "conv2d 64, 10, 1, padding=0"),  # a kernel as large as the map
        ("32x16x16", "conv2d 16, 3, padding=0"),
        ("1x28x28", "conv 1, 16, 2"),
        ("64x56x56", "conv 31, 64"),
        ("64x56x56", "basic 64"),
        ("64x56x56", "basic 64, 2"),
        ("64x56x56", "bottleneck 64, 64"),
        ("64x56x56", "bottleneck 64, 256, 2"),
        ("256x56x56", "bottleneck 64, 256"),
        ("32x56x56", "bottleneck 32, 16, groups=32"),  # an inverted one
    ],
)
def test_numbers_that_networks_have(tmp_path: Path, shape: str, layer: str) -> None:
    assert findings(tmp_path, network(layer, shape)) == []


def test_a_block_of_the_users_has_its_own_order(tmp_path: Path) -> None:
    text = (
        "block conv(cin, cout, k) { require in.width == cin; conv2d size(k, k), cout }\n"
        "network N { input 3x32x32; conv 3, 16, 3 }\n"
    )
    assert findings(tmp_path, text) == []


@pytest.mark.parametrize("layer", ["conv 3x3, 64, width=32", "conv 3, 64, width=32"])
def test_another_mistake_keeps_its_help(tmp_path: Path, layer: str) -> None:
    (found,) = findings(tmp_path, network(layer, "3x32x32"))
    assert (found.code.name, found.help) == ("duplicate-argument", "remove one of them")

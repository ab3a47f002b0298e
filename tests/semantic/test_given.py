"""Numbers from Python are exact: the graph has what was given, and a source prints it again."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from networks import compiled

import seqdsl
from seqdsl.graph.dump import dump
from seqdsl.graph.operations import BatchNorm, LeakyRelu
from seqdsl.semantic.values.value import show

TEXT = """
network N(e: number = 1e-5, s: number = 0.01, k: int = 1, on: bool = false, w = [1, 2]) {
  input 3x8x8
  conv2d 1x1, 4*w[1]*k, bias=on
  batch_norm eps=e
  leaky_relu slope=s
  conv2d 1x1, w[2]
}
"""


def load(folder: Path, **params: object) -> seqdsl.Network:
    path = folder / "net.seq"
    path.write_text(TEXT)
    return seqdsl.load(path, "N", **params)  # type: ignore[arg-type]


def eps_of(network: seqdsl.Network) -> float:
    (eps,) = (n.operation.eps for n in network.nodes if isinstance(n.operation, BatchNorm))
    return eps


@pytest.mark.parametrize(
    ("given", "eps"),
    [
        (6e-10, 6e-10),
        (1.23456789e-7, 1.23456789e-7),
        (0.1 + 0.2, 0.1 + 0.2),
        (1 / 3, 1 / 3),
        (3.3333333333333333e-06, 3.3333333333333333e-06),
        (2, 2.0),
        (Fraction(1, 3), 1 / 3),
        (Decimal("6e-10"), 6e-10),
        (np.float64(6e-10), 6e-10),
        (np.float32(6e-10), 6e-10),
        (np.array(6e-10), 6e-10),
        (torch.tensor(6e-10, dtype=torch.float64), 6e-10),
        ("6e-10", 6e-10),
        ("1/3", 1 / 3),
    ],
)
def test_numbers_are_exact(tmp_path: Path, given: object, eps: float) -> None:
    network = load(tmp_path, e=given)
    assert eps_of(network) == eps
    assert f"eps={eps!r}" in dump(network)


@pytest.mark.parametrize("given", [0.1, Decimal("0.1"), Fraction(1, 10), np.float32(0.1), "0.1"])
def test_a_tenth_is_a_tenth(tmp_path: Path, given: object) -> None:
    assert dict(load(tmp_path, s=given).parameters)["s"] == "0.1"


@pytest.mark.parametrize(
    ("name", "given", "shown"),
    [
        ("k", np.int8(3), "3"), ("k", torch.tensor(3), "3"), ("k", 2**20, "1048576"),
        ("on", True, "true"), ("on", np.True_, "true"), ("on", torch.tensor(False), "false"),
        ("w", (4, 5), "[4, 5]"), ("w", np.array([4, 5]), "[4, 5]"), ("w", range(4, 6), "[4, 5]"),
        ("w", torch.tensor([4, 5]), "[4, 5]"), ("w", [np.int64(4), 5], "[4, 5]"),
    ],
)  # fmt: skip
def test_scalars_and_arrays(tmp_path: Path, name: str, given: object, shown: str) -> None:
    assert dict(load(tmp_path, **{name: given}).parameters)[name] == shown


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (float("nan"), "wrong-type"),
        (float("-inf"), "wrong-type"),
        (Decimal("NaN"), "wrong-type"),
        (np.float32("inf"), "wrong-type"),
        (2**64, "integer-range"),
        (10**5000, "integer-range"),
        (Fraction(1, 10**30), "integer-range"),
        (1e300, "integer-range"),
    ],
    ids=lambda value: type(value).__name__,  # one is too long to be printed
)
def test_numbers_that_the_language_can_not_have(tmp_path: Path, given: object, code: str) -> None:
    with pytest.raises(seqdsl.CompileError) as error:
        load(tmp_path, e=given)
    assert [d.code.name for d in error.value.diagnostics] == [code]


@pytest.mark.parametrize("given", [{1: 2}, {1, 2}, object(), 1j, b"1"])
def test_what_is_no_value_is_a_type_error(tmp_path: Path, given: object) -> None:
    with pytest.raises(TypeError, match=r"^w: a value of the language"):
        load(tmp_path, w=given)


@pytest.mark.parametrize(
    "number",
    ["6e-10", "0.123456789", "1234.567891", "1/3", "-2/7", "1e-30", "0.00001", "12345678901.5"],
)
def test_a_number_is_shown_as_it_is(number: str) -> None:
    value = Fraction(number)
    read = re.fullmatch(r"(-?[\d.e-]+)(?:/(\d+))?", show(value))
    assert read is not None
    assert Fraction(read[1]) / Fraction(read[2] or 1) == value


@pytest.mark.parametrize("eps", [6e-10, 1.23456789e-7, Fraction(1, 3)])
def test_a_number_reaches_what_is_built(tmp_path: Path, eps: float) -> None:
    network = load(tmp_path, e=eps, s=Fraction(1, 7))
    plain = seqdsl.expand(tmp_path / "net.seq", "N", e=eps, s=Fraction(1, 7))
    assert dump(compiled(tmp_path, plain)) == dump(network)
    module = seqdsl.to_torch(network)
    (norm,) = (m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert norm.eps == float(eps)
    (slope,) = (n.operation.slope for n in network.nodes if isinstance(n.operation, LeakyRelu))
    assert slope == 1 / 7
    (leaky,) = (n for n in seqdsl.to_onnx(network).graph.node if n.op_type == "LeakyRelu")
    assert onnx.helper.get_attribute_value(leaky.attribute[0]) == np.float32(1 / 7)

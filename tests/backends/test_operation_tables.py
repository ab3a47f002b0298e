"""Every backend has a row for each operation, and says so where one is missing."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from networks import compiled

from seqdsl.backends.onnx import magnitudes
from seqdsl.backends.onnx import operations as onnx_operations
from seqdsl.backends.rows import row_of
from seqdsl.backends.torch import expressions, reference
from seqdsl.backends.torch.stateful import STATEFUL
from seqdsl.graph import operations as ops
from seqdsl.source.diagnostic import Failure

TABLES: dict[str, Mapping[type[ops.Operation], object]] = {
    "expressions": expressions.EXPRESSIONS,
    "reference": reference.EVALUATIONS,
    "onnx": onnx_operations.EMITTERS,
    "magnitudes": magnitudes.BOUNDS,
}
FUNCTIONS: dict[str, Mapping[ops.Function, object]] = {
    "expressions": expressions.FUNCTIONS,
    "reference": reference.FUNCTIONS,
    "onnx": onnx_operations.FUNCTIONS,
    "magnitudes": magnitudes.FUNCTIONS,
}


def kinds(base: type[ops.Operation]) -> set[type[ops.Operation]]:
    below = base.__subclasses__()
    return {base, *below}.union(*map(kinds, below))


def test_every_operation_is_listed() -> None:
    named = {kind for kind in kinds(ops.Operation) if isinstance(getattr(kind, "name", None), str)}
    assert set(ops.OPERATIONS) == named
    assert len(ops.OPERATIONS) == len({kind.name for kind in ops.OPERATIONS})


@pytest.mark.parametrize("kind", ops.OPERATIONS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("table", TABLES)
def test_each_operation_has_a_row(table: str, kind: type[ops.Operation]) -> None:
    assert kind in TABLES[table]


@pytest.mark.parametrize("function", ops.Function)
@pytest.mark.parametrize("table", FUNCTIONS)
def test_each_activation_has_a_row(table: str, function: ops.Function) -> None:
    assert function in FUNCTIONS[table]


@pytest.mark.parametrize("kind", ops.OPERATIONS, ids=lambda kind: kind.name)
def test_what_has_parameters_has_a_module(kind: type[ops.Operation]) -> None:
    has_parameters = kind.parameters is not ops.Operation.parameters
    assert (kind in STATEFUL) == has_parameters


def test_a_missing_row_is_found_where_the_source_has_the_layer(tmp_path: Path) -> None:
    network = compiled(tmp_path, "network N {\n  input 3x8x8\n  conv 3x3, 4\n}")
    node = next(node for node in network.nodes if isinstance(node.operation, ops.Conv2d))
    table = {kind: kind.name for kind in ops.OPERATIONS if kind is not ops.Conv2d}
    with pytest.raises(Failure) as caught:
        row_of(table, node, "the ONNX backend")
    found = caught.value.diagnostic
    assert found.message == "the ONNX backend has no row for `conv2d`"
    assert found.primary is not None
    assert found.primary.span.line == 3
    assert found.chain

"""The networks that seqdsl is measured against compute what those that it compiles do."""

import sys

import numpy as np
import pytest
import torch
from networks import ROOT

import seqdsl
from seqdsl.backends.running import relative_error

sys.path.insert(0, str(ROOT / "benchmarks"))

from compare import chosen, comparisons
from comparing import SUBJECTS, Row, Section, Subject, exported


@pytest.mark.parametrize("name", ["k=8 r=4", "B k=16 r=7", "SeqResNeXt-24"])
def test_a_definition_is_its_network(name: str) -> None:
    subject = Subject(name)
    x = subject.input(1)
    with torch.inference_mode():
        expected = subject.definition()(torch.from_numpy(x)).numpy()
        module = seqdsl.to_torch(subject.network).eval()
        module.load_state_dict({k: torch.from_numpy(v) for k, v in subject.state.items()})
        given = module(torch.from_numpy(x)).numpy()
    assert np.abs(expected).max() > 1e-3
    assert relative_error(given, expected) < 1e-5


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_definition_has_the_parameters_of_its_network(name: str) -> None:
    with torch.device("meta"):
        module = SUBJECTS[name][2]()
    file, model, _ = SUBJECTS[name]
    network = seqdsl.load(ROOT / "architectures" / f"{file}.seq", model)
    assert sum(p.numel() for p in module.parameters()) == network.params


def test_an_export_is_for_one_size_of_input() -> None:
    subject = Subject("k=8 r=4")
    model = exported(subject.definition(), subject.input(2), dynamo=False)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape == [2, 3, 32, 32]


def test_rows_are_chosen_by_name_or_pattern() -> None:
    everything = comparisons(compiles=False)
    names = [name for comparison in everything for name in comparison.names]
    assert len(names) == len(set(names))
    (one,) = chosen(everything, ["compile-b22-8"])
    assert "eval-b22-8" in one.names
    assert len(chosen(everything, ["onnx-*"])) == 8 and len(chosen(everything, [])) == 13
    with pytest.raises(SystemExit, match="no row 'nosuch'; there are onnx-b22-1"):
        chosen(everything, ["nosuch"])


@pytest.mark.parametrize(
    ("reached", "target", "at_most", "verdict"),
    [
        (2.0, 2.0, False, "met"),
        (1.99, 2.0, False, "NOT MET"),
        (0.3, 0.3, True, "met"),
        (0.31, 0.3, True, "NOT MET"),
        (float("nan"), 0.3, True, "NOT MET"),
        (1.0, None, False, ""),
    ],
)
def test_verdicts(reached: float, target: float | None, at_most: bool, verdict: str) -> None:
    row = Row("r", "Net", 1, {"eager": 2.0, "seqdsl": 1.0}, reached, target)
    section = Section("T", "ms", ("eager", "compiled", "seqdsl"), at_most=at_most)
    assert row.verdict(section) == verdict
    table = section.table([row])
    assert table.headings == ("network", "batch", "eager", "seqdsl", "reached", "target", "verdict")
    assert table.rows[0][-1] == verdict


def test_what_was_not_measured_has_no_figures() -> None:
    row = Row("r", "Net", 1, {}, target=1.0, reason="no device")
    table = Section("T", "ms", ("eager", "seqdsl")).table([row])
    assert table.headings == ("network", "batch", "reached", "target", "verdict")
    assert table.rows[0][-1] == "not measured: no device"

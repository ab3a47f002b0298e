"""The audit of the paper: all its figures, and a note on each that is not met."""

import dataclasses
import json
from fractions import Fraction

import pytest
from click.testing import CliRunner, Result
from networks import BASELINES, PAPER, ROOT

from seqdsl.cli.commands import audit
from seqdsl.passes.audit import PaperTable, audit_paper

# Table 4 and the rows of Table 2, in the paper's G
FLOPS = {
    "ResNet-50": 3.859,
    "ResNet-101": 7.340,
    "ResNet-152": 10.827,
    "DenseNet-169": 3.218,
    "DenseNet-264": 5.515,
    "ResNeXt-50": 4.006,
    "SeqResNet-B22": 2.730,
    "SeqResNet-B42": 5.335,
    "SeqResNeXt-24": 4.322,
}
DIFFERING = {
    ("ResNet-1001 (pre-activation)", "", "10.2M"): 10_327_706,
    ("SparseNet", "L=40, k=12", "0.8M"): 189_514,
    ("DenseNet", "L=100, k=12", "7.2M"): 6_979_642,
}


@pytest.fixture(scope="module")
def tables() -> list[PaperTable]:
    return audit_paper(audit._load_from_library, baselines=True)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(audit.command, arguments)


def test_the_tables_are_complete(tables: list[PaperTable]) -> None:
    assert [len({(f.network, f.settings) for f in table.figures}) for table in tables] == [
        3,
        18,
        9,
        4,
    ]
    assert [len(table.figures) for table in tables] == [6, 18, 18, 4]


def test_every_model_is_audited() -> None:
    text = (ROOT / "architectures" / "paper.toml").read_text()
    named = {name for names in (PAPER | BASELINES).values() for name in names}
    outside = {"VGG16BN", "DLA34"}  # backbones that the text names, without figures
    assert {name for name in named if f'model = "{name}"' in text} == named - outside


def test_flops_of_table_4_are_within_a_hundredth(tables: list[PaperTable]) -> None:
    figures = [f for f in tables[2].figures if f.metric == "flops"]
    assert {f.network for f in figures} == set(FLOPS)
    for figure in figures:
        verdict = figure.verdict
        assert abs(verdict.computed - verdict.printed) <= Fraction(1, 100) * 2**30
        assert verdict.computed / 2**30 == pytest.approx(FLOPS[figure.network], abs=6e-4)


def test_notes_stand_where_a_figure_is_not_met(tables: list[PaperTable]) -> None:
    figures = [figure for table in tables for figure in table.figures]
    noted = {
        (f.network, f.settings, f.quantity.text): f.verdict.computed for f in figures if f.note
    }
    assert noted == DIFFERING
    assert all(f.verdict.holds is not bool(f.note) for f in figures)
    text = (ROOT / "architectures" / "paper.toml").read_text()
    assert text.count("note = ") == len(noted)


def test_explained_discrepancies_are_no_findings() -> None:
    done = run("--paper", "--format", "json")
    assert done.exit_code == 0
    rows = [row for table in json.loads(done.output) for row in table["rows"]]
    unmet = [row for row in rows if row["verdict"] == "NOT MET"]
    assert {row["computed"] for row in unmet} == set(DIFFERING.values())
    assert {row["printed"] for row in unmet} == {10_200_000, 800_000, 7_200_000}
    assert all(len(row["note"]) > 40 for row in unmet)


def test_a_discrepancy_without_a_note_is_one(
    tables: list[PaperTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = [
        dataclasses.replace(t, figures=tuple(dataclasses.replace(f, note="") for f in t.figures))
        for t in tables
    ]
    monkeypatch.setattr(audit, "audit_paper", lambda *_, **__: bare)
    assert run("--paper").exit_code == 1


def test_without_the_option_the_audit_is_of_the_papers_own_networks() -> None:
    done = run("--format", "json")
    assert done.exit_code == 0
    own = json.loads(done.output)
    assert [table["title"].partition(":")[0] for table in own] == ["Table 2", "Table 3", "Table 5"]
    assert all(row["network"][0] == "S" for table in own for row in table["rows"])
    assert [len(table["rows"]) for table in own] == [6, 4, 4]


def test_files_and_the_paper_are_two_audits() -> None:
    assert run("--paper", "net.seq").exit_code == 2


def test_the_document_is_what_the_command_prints() -> None:
    document = (ROOT / "docs" / "paper.md").read_text()
    assert document.endswith(run("--paper", "--format", "md").output)

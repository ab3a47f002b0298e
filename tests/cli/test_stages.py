"""`expand` stops after any stage and prints what it made: every stage is a test point."""

import json
from pathlib import Path

import pytest
from commands import seqdsl_command
from networks import ARCHITECTURES

import seqdsl
from seqdsl.cli.stages import OF_GRAPH, OF_SOURCE, OF_TARGET, TARGETS, Stage
from seqdsl.graph.dump import dump

GOLDEN = Path(__file__).parent.parent / "golden" / "stages"
TEXT = """use std.seqconv
network Figure(k = 2) {
  input 4x8x8
  _unread = it | conv 1x1, 3
  seqconv 3x3, 3*k, k=k
  conv 3x3, 6, stride=2
}
"""
# golden: the options that print it
PRINTED = {
    "parse": "--stop-after parse",
    "names": "--stop-after names",
    "expand": "--stop-after expand",
    "prune": "--graph",
    "onnx_schedule": "--lowered onnx --schedule blocked --stop-after schedule",
    "onnx_fold": "--lowered onnx --stop-after fold",
    "onnx_lower": "--lowered onnx --schedule blocked",
    "torch_lower": "--lowered torch",
    "torch_plan": "--lowered torch --stop-after plan",
    "torch_plan_gather": "--lowered torch --schedule gather --stop-after plan",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(TEXT)


@pytest.mark.parametrize("golden", PRINTED)
def test_golden(golden: str) -> None:
    done = seqdsl_command("expand", "net.seq", *PRINTED[golden].split())
    assert not done.code and not done.err, done.err
    assert done.out == (GOLDEN / f"{golden}.txt").read_text()


def test_every_stage_has_a_golden() -> None:
    stages = {stage.value for stage in (*OF_SOURCE, *OF_GRAPH)}
    stages |= {f"{target}_{stage.value}" for target in TARGETS for stage in OF_TARGET[target]}
    assert stages <= {path.stem for path in GOLDEN.glob("*.txt")} == set(PRINTED)
    reached = {*OF_SOURCE, *OF_GRAPH, *(s for stages in OF_TARGET.values() for s in stages)}
    assert reached == set(Stage)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("--graph", "--stop-after prune"),
        ("--graph --stop-after expand", "--stop-after expand"),
        ("--lowered onnx", "--lowered onnx --stop-after lower --schedule auto --batch 1"),
        ("--graph --lowered torch", "--lowered torch --stop-after lower"),
    ],
)
def test_one_stage_has_several_names(short: str, long: str) -> None:
    first, second = (seqdsl_command("expand", "net.seq", *o.split()) for o in (short, long))
    assert first == second and not first.code and first.out


def test_a_schedule_that_is_printed_can_be_given() -> None:
    options = ("expand", "net.seq", "--lowered", "onnx")
    done = seqdsl_command(
        *options, "--schedule", "scatter", "--stop-after", "schedule", "-o", "net.schedule.json"
    )
    assert not done.code and not done.out
    assert json.loads(Path("net.schedule.json").read_text())["network"] == "Figure"
    given = seqdsl_command(*options, "--schedule", "net.schedule.json")
    assert given.out == seqdsl_command(*options, "--schedule", "scatter").out
    assert given.out != seqdsl_command(*options, "--schedule", "gather").out


def test_the_network_and_its_parameters_are_chosen() -> None:
    file = ARCHITECTURES / "seqresnet.seq"
    done = seqdsl_command("expand", file, "--network", "S3", "--graph")
    assert done.out == dump(seqdsl.load(file, "S3"))
    bound = seqdsl_command("expand", "net.seq", "-D", "k=4", "--graph")
    assert bound.out == dump(seqdsl.load("net.seq", k=4))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--stop-after lower", "--stop-after lower needs --lowered onnx or torch"),
        ("--stop-after fold", "--stop-after fold needs --lowered onnx"),
        ("--lowered torch --stop-after fold", "does not go with --lowered torch, whose stages are"),
        ("--lowered onnx --stop-after parse", "does not go with --lowered onnx, whose stages are"),
        ("--graph --stop-after parse", "there is no graph yet after parse"),
        ("--schedule gather", "--schedule needs --lowered"),
        ("--graph --batch 4", "--batch needs --lowered"),
        ("--lowered torch --batch 4", "--batch needs --lowered onnx"),
        ("--lowered torch --schedule scatter", "--schedule auto or gather"),
        ("--lowered onnx --schedule quick", "--schedule is one of auto, gather, scatter, blocked"),
        ("--lowered onnx --schedule a.json --batch 2", "for the batch size they were tuned at"),
        ("--stop-after link", "'link' is not one of 'parse', 'names'"),
    ],
)
def test_options_that_do_not_go_together(options: str, why: str) -> None:
    done = seqdsl_command("expand", "net.seq", *options.split())
    assert done.code == 2 and why in " ".join(done.err.split()) and not done.out, done.err


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("network N {", "--stop-after parse", "SEQ101"),
        ("network N { input 3x8x8; cnv 3x3, 4 }", "--stop-after names", "SEQ201"),
        ("network N { input 3x8x8; conv 3x3, 4, groups=2 }", "--stop-after expand", "SEQ306"),
        ("network N { input 3x8x8; conv 3x3, 4, groups=2 }", "--lowered onnx", "SEQ306"),
    ],
)
def test_an_error_of_a_stage_is_found_by_it(text: str, options: str, code: str) -> None:
    Path("bad.seq").write_text(text)
    done = seqdsl_command("expand", "bad.seq", *options.split())
    assert done.code == 1 and code in done.err and not done.out, done.err


def test_an_error_of_a_later_stage_is_not_looked_for() -> None:
    Path("bad.seq").write_text("network N { input 3x8x8; conv 3x3, 4, groups=2 }")
    assert not seqdsl_command("expand", "bad.seq", "--stop-after", "names").code


def test_a_file_of_schedules_of_another_network() -> None:
    Path("other.json").write_text("{}")
    done = seqdsl_command("expand", "net.seq", "--lowered", "onnx", "--schedule", "other.json")
    assert done.code == 2 and "SEQ611" in done.err and not done.out

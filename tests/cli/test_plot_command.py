"""``seqdsl plot`` from the outside: what is drawn, which layers are, and what bad input gets."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from commands import seqdsl_command as run
from networks import ARCHITECTURES, compiled, paper_network

from seqdsl.backends.weights.state import random_state, save_state
from seqdsl.training.metrics import Row, write_metrics

S1 = ("plot", "weights", ARCHITECTURES / "seqresnet.seq", "--network", "S1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_state(tmp_path / "s1.safetensors", random_state(paper_network("seqresnet.seq", "S1")))
    for name, error in (("first", 40.0), ("second", 30.0)):
        Path(name).mkdir()
        rates = [0.1, 0.1, 0.01]
        rows = [Row(e, e, rates[e - 1], 1, error / e, 1, error / e) for e in (1, 2, 3)]
        write_metrics(Path(name, "metrics.csv"), rows)
    return tmp_path


def titles(path: str) -> list[str]:
    texts = ["".join(t.itertext()) for t in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    return [text for text in texts if "seqconv" in text]


def test_the_layers_of_figure_5() -> None:
    done = run(*S1, "--weights", "s1.safetensors", "-o", "out.svg")
    assert done.code == 0 and not done.out and not done.err
    assert titles("out.svg") == [f"conv{stage}/residual1/wseqconv2" for stage in (2, 3, 4)]
    first = Path("out.svg").read_bytes()
    run(*S1, "--weights", "s1.safetensors", "-o", "out.svg")
    assert Path("out.svg").read_bytes() == first


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (["conv1/seqconv1"], ["conv1/seqconv1"]),
        (["/conv4/downsample1/", "conv1"], ["conv1/seqconv1", "conv4/downsample1/wseqconv1"]),
        (["conv3/residual1"], ["conv3/residual1/wseqconv1", "conv3/residual1/wseqconv2"]),
    ],
)
def test_layers_are_picked(wanted: list[str], shown: list[str]) -> None:
    picks = [word for path in wanted for word in ("--layer", path)]
    done = run(*S1, "--weights", "s1.safetensors", "-o", "out.svg", *picks)
    assert done.code == 0 and titles("out.svg") == shown


def test_all_layers_and_a_dozen(folder: Path) -> None:
    layers = "\n".join("layer3 3x3, 4, k=2" for _ in range(14))
    block = "block layer3(p: path, w: positive, k: positive) { seqconv p, w, k }"
    text = f"use std.seqconv\n{block}\nnetwork N {{ input 3x4x4\n{layers}\n}}"
    network = compiled(folder, text)
    save_state(folder / "n.safetensors", random_state(network))
    call = ("plot", "weights", "net.seq", "--weights", "n.safetensors", "-o", "out.svg")
    done = run(*call)
    assert done.code == 0 and len(titles("out.svg")) == 12
    assert done.err == (
        "note: the first 12 of 14 layers are drawn; `--layer` picks others, or `all`\n"
    )
    done = run(*call, "--layer", "all")
    assert done.code == 0 and not done.err and len(titles("out.svg")) == 14


def test_curves() -> None:
    done = run("plot", "curves", "first", "second/metrics.csv", "-o", "out.svg")
    assert done.code == 0 and not done.out and not done.err
    text = Path("out.svg").read_text()
    assert "first  13.33 %" in text and "second  10.00 %" in text
    for suffix in (".png", ".pdf"):
        assert run("plot", "curves", "first", "-o", f"out{suffix}").code == 0


def test_runs_of_one_name_are_told_apart() -> None:
    Path("old").mkdir()
    Path("first").rename("old/run")
    Path("second").rename("run")
    assert run("plot", "curves", "old/run", "run", "-o", "out.svg").code == 0
    text = Path("out.svg").read_text()
    assert "old/run  13.33 %" in text and ">run  10.00 %" in text


WEIGHTS = ("plot", "weights", "net.seq", "--weights", "s1.safetensors", "-o", "out.svg")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((*S1, "--weights", "none.pt", "-o", "out.svg"), "SEQ"),
        ((*S1, "--weights", "first/metrics.csv", "-o", "out.svg"), "SEQ602"),
        ((*S1, "--weights", "s1.safetensors", "-o", "out.gif"), "one of .svg, .png, .pdf"),
        ((*S1, "--weights", "s1.safetensors", "-o", "none/out.svg"), "SEQ609"),
        ((*S1, "--weights", "s1.safetensors", "-o", "out.svg", "--layer", "conv2/residul1"),
         "Did you mean conv2/residual1?"),
        ((*S1, "--weights", "s1.safetensors", "-o", "out.svg", "--layer", ""), "no layer of "),
        (WEIGHTS, "N has no layer whose groups"),
        (("plot", "weights", "none.seq", *WEIGHTS[3:]), "SEQ"),
        (("plot", "curves", "-o", "out.svg"), "Missing argument"),
        (("plot", "curves", "none", "-o", "out.svg"), "none does not exist"),
        (("plot", "curves", ".", "-o", "out.svg"), "metrics.csv does not exist"),
        (("plot", "curves", "net.seq", "-o", "out.svg"), "line 1 of net.seq"),
        (("plot", "curves", "empty.csv", "-o", "out.svg"), "no error of any epoch"),
        (("plot", "curves", "first", "-o", "out"), "one of .svg"),
        (("plot", "curves", "first", "-o", "."), "one of .svg"),
    ],
)  # fmt: skip
def test_what_can_be_wrong(arguments: tuple[object, ...], reason: str) -> None:
    Path("net.seq").write_text("network N { input 3x8x8; conv2d 3x3, 4 }")
    Path("empty.csv").write_text(
        Path("first/metrics.csv").read_text().splitlines()[0] + "\n1,1,0.1,1,,1,,,1\n"
    )
    done = run(*arguments)
    assert done.code == 2 and reason in done.err and "Traceback" not in done.err
    assert not Path("out.svg").exists()


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "seqdsl.backends.drawing.plots", raising=False)
    monkeypatch.delattr("seqdsl.backends.drawing.plots", raising=False)
    done = run("plot", "curves", "first", "-o", "out.svg")
    assert done.code == 2 and "SEQ707" in done.err and "pip install 'seqdsl[train]'" in done.err
    done = run(*S1, "--weights", "s1.safetensors", "-o", "out.svg")
    assert done.code == 2 and "SEQ707" in done.err

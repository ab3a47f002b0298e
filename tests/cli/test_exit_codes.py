"""1 is a finding in a source file; 2 is a call that is at fault, and its message says how."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import seqdsl_command
from networks import ARCHITECTURES

PAPER = ARCHITECTURES / "seqresnet.seq"
TEMPLATE = (PAPER, "--network", "SeqResNet", "-D", "r=2", "-D", "N=1")
SMALL = "network Small { input 3x8x8; conv 3x3, 4; global_average_pool; fc 5 }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a small network, and inputs and weights of every kind that is no good."""
    monkeypatch.chdir(tmp_path)
    Path("small.seq").write_text(SMALL)
    np.save("x.npy", np.zeros((3, 8, 8), np.float32))
    np.save("shape.npy", np.zeros((3, 5, 5), np.float32))
    Path("folder.npy").mkdir()
    Path("folder.pt").mkdir()
    Path("text.txt").write_text("hello world\n")
    Path("text.npy").write_text("hello world\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", PAPER, "--network", "Nosuch"), "no network or model `Nosuch`"),
        (("stats", PAPER), "several networks"),
        (("stats", PAPER, "--network", "SeqResNet"), "-D k=... -D r=... -D N=..."),
        (("stats", *TEMPLATE), "-D k=..."),
        (("stats", *TEMPLATE, "-D", "k=nosuch"), "`nosuch` is not defined"),
        (("stats", *TEMPLATE, "-D", "k=8)"), "the value of `k` can't be read"),
        (("stats", *TEMPLATE, "-D", "k=8,"), "the value of `k` can't be read"),
        (("stats", *TEMPLATE, "-D", "k="), "the value of `k` can't be read"),
        (("stats", *TEMPLATE, "-D", "k=[1"), "the value of `k` can't be read"),
        (("stats", *TEMPLATE, "-D", "k=99999999999999999999"), "SEQ103"),
        (("stats", *TEMPLATE, "-D", "k=-8"), "must be above zero"),
        (("stats", *TEMPLATE, "-D", "k=8", "-D", "kk=1"), "did you mean `k`?"),
        (("stats", *TEMPLATE, "-D", "k"), "NAME=VALUE"),
        (("check", "nosuch.seq"), "SEQ001"),
        (("stats", "folder.pt"), "SEQ002"),
        (("verify", "small.seq", "--seed", "-1"), "-1 is not in the range x>=0"),
        (("bench", "small.seq", "--seed", "-1"), "-1 is not in the range x>=0"),
        (("run", "small.seq", "nosuch.png"), "SEQ001"),
        (("run", "small.seq", "folder.pt"), "SEQ002"),
        (("run", "small.seq", "folder.npy"), "SEQ002"),
        (("run", "small.seq", "text.txt"), "SEQ604"),
        (("run", "small.seq", "text.npy"), "no array that numpy saved"),
        (("run", "small.seq", "shape.npy"), "3x5x5, and the network takes 3x8x8"),
        (("run", "small.seq", "x.npy", "--weights", "nosuch.pt"), "SEQ001"),
        (("run", "small.seq", "x.npy", "--weights", "folder.pt"), "SEQ002"),
        (("run", "small.seq", "x.npy", "--weights", "text.txt"), "torch.save did not write it"),
        (("build", "small.seq", "-o", "x.onnx", "--weights", "text.txt"), "SEQ602"),
        (("build", "small.seq", "-o", "nosuch/x.onnx"), "nosuch/x.onnx can't be written"),
        (("build", "small.seq", "-o", "nosuch/x.py"), "there is no folder nosuch"),
        (("run", "small.seq", "x.npy", "--save", "nosuch/x.npy"), "there is no folder nosuch"),
        (("expand", "small.seq", "-o", "nosuch/x.seq"), "there is no folder nosuch"),
        (("expand", PAPER, "--network", "SeqResNet"), "-D k=... -D r=... -D N=..."),
        (("expand", "small.seq", "-D", "path=3"), "path"),
        (("diff", "small.seq", "nosuch.seq"), "SEQ001"),
        (("diff", "nosuch:small.seq", "small.seq"), "SEQ00"),
    ],
)
def test_the_call_is_at_fault(arguments: tuple[object, ...], said: str) -> None:
    done = seqdsl_command(*arguments)
    assert done.code == 2, done.err
    assert said in done.err
    assert "Errno" not in done.err and ".seqdsl." not in done.err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("network N { input 3x8x8; conv 3x3, 0 }", 1),
        ("network N { input 3x8x8; conv 3x3, 4; expect params 5 }", 1),
        ("network A { input 3x8x8 \n conv 3x3 4 }", 1),
        ("use std.nosuch", 1),
        ("network N(k) { input 3x8x8; conv 3x3, k }\nmodel M = N()", 1),
        ("# nothing", 1),
        (SMALL, 0),
    ],
)
def test_a_finding_in_a_file(text: str, code: int) -> None:
    Path("net.seq").write_text(text)
    assert seqdsl_command("check", "net.seq").code == code


def test_a_derived_template_asks_for_its_parameters() -> None:
    Path("derived.seq").write_text(
        "network B(k) { input 3x8x8; conv 3x3, k }\n"
        "network D(k) = B(k = k) with { replace conv(kernel, width) { conv kernel, width } }"
    )
    done = seqdsl_command("stats", "derived.seq", "--network", "D")
    assert done.code == 2 and "give -D k=..." in done.err, done.err


def test_a_warning_does_not_hide_what_the_call_lacks() -> None:
    Path("net.seq").write_text("network N { input 3x8x8; a = it; conv 3x3, 4 }")
    done = seqdsl_command("stats", "net.seq", "--network", "Nosuch")
    assert done.code == 2 and "SEQ203" in done.err and "SEQ215" in done.err


def test_a_value_is_named_by_its_parameter() -> None:
    done = seqdsl_command("stats", *TEMPLATE, "-D", "k=nosuch")
    assert "--> -D k=nosuch\n" in done.err and "in network SeqResNet" in done.err


def test_weights_that_memory_can_not_hold() -> None:
    Path("wide.seq").write_text(
        "network W { input 3x8x8; conv2d 3x3, 1000000000000000; global_average_pool; fc 3 }"
    )
    for arguments in (
        ("run", "wide.seq", "x.npy"),
        ("run", "wide.seq", "x.npy", "--engine", "torch"),
        ("build", "wide.seq", "-o", "x.onnx"),
        ("verify", "wide.seq"),
    ):
        done = seqdsl_command(*arguments)
        assert done.code == 1 and "SEQ603" in done.err, done.err
    assert seqdsl_command("stats", "wide.seq").code == 0


def test_weights_that_an_onnx_model_can_not_hold() -> None:
    Path("big.seq").write_text("network B { input 3x8x8; conv2d 1x1, 23500; conv2d 1x1, 23500 }")
    done = seqdsl_command("build", "big.seq", "-o", "big.onnx")
    assert done.code == 1 and "SEQ603" in done.err and "2 GB of weights" in done.err
    assert seqdsl_command("build", "big.seq", "-o", "big.py").code == 0


def test_an_input_that_no_image_fills() -> None:
    from PIL import Image

    Image.new("RGB", (40, 50)).save("image.png")
    Path("huge.seq").write_text("network H { input 3x100000x100000; conv 3x3, 8 }")
    done = seqdsl_command("run", "huge.seq", "image.png")
    assert done.code == 2 and "SEQ604" in done.err


@pytest.mark.parametrize("command", ["verify huge.seq", "run mid.seq mid.npy"])
def test_too_little_memory_is_a_message(command: str) -> None:
    Path("huge.seq").write_text("network H { input 3x100000x100000; conv 3x3, 8 }")
    Path("mid.seq").write_text("network M { input 3x4000x4000; conv 3x3, 256 }")
    np.save("mid.npy", np.zeros((3, 4000, 4000), np.float32))
    done = subprocess.run(
        [sys.executable, "-m", "seqdsl", *command.split()],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (10**10, 10**10)),
    )
    assert done.returncode == 2 and "not enough memory" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_of_ours_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr("seqdsl.api.load_instance", fails)
    monkeypatch.delenv("SEQDSL_TRACEBACK", raising=False)
    done = seqdsl_command("stats", "small.seq")
    assert done.code == 70 and not done.out
    first, second = done.err.splitlines()
    assert first == "seqdsl: internal error: ZeroDivisionError: a mistake"
    assert "report" in second
    monkeypatch.setenv("SEQDSL_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        seqdsl_command("stats", "small.seq")

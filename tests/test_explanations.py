"""Every code is explained: its example that fails gives it, and the mended one gives nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import Done, seqdsl_command
from networks import ROOT
from PIL import Image
from test_bad_input import ELSEWHERE, FIXTURES, expected

import seqdsl
from seqdsl.graph.liveness import pruned
from seqdsl.graph.pruning import PRUNE
from seqdsl.source.codes import BY_ID, CODES
from seqdsl.source.explanations import Example, Explanation, explanation, parse

EXPLAINED = {code.id: explanation(code) for code in CODES}
SOURCES = [code for code, explained in EXPLAINED.items() if explained.failing.is_source]
COMMANDS = [code for code, explained in EXPLAINED.items() if not explained.failing.is_source]


def test_codes_have_explanations_and_fixtures() -> None:
    codes = {code.id for code in CODES}
    assert {path.stem for path in (ROOT / "explanations").glob("*.md")} == codes
    assert {code for path in FIXTURES for _, _, code in expected(path)} | ELSEWHERE == codes


def lay_out(folder: Path, explained: Explanation, example: Example) -> None:
    """The files of an example, in a project's folder."""
    (folder / ".git").mkdir(exist_ok=True)
    for file in (*explained.files, *example.files):
        path = folder / file.name
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.text)


def found_in(folder: Path, explained: Explanation, example: Example) -> set[str]:
    lay_out(folder, explained, example)
    (folder / "net.seq").write_text(example.text)
    return {diagnostic.code.id for diagnostic in seqdsl.check(folder / "net.seq")}


@pytest.mark.parametrize("code", SOURCES)
def test_source_that_fails(tmp_path: Path, code: str) -> None:
    assert found_in(tmp_path, EXPLAINED[code], EXPLAINED[code].failing) == {code}


@pytest.mark.parametrize("code", SOURCES)
def test_source_that_is_mended(tmp_path: Path, code: str) -> None:
    assert not found_in(tmp_path, EXPLAINED[code], EXPLAINED[code].mended)


# What a command needs, and is no text: by its code.


def latin1() -> None:
    Path("latin1.seq").write_bytes("## A réseau.\nnetwork Net {}\n".encode("latin-1"))


def large() -> None:
    network = "network Net {\n  input 3x32x32\n  conv 3x3, 16\n}\n"
    Path("net.seq").write_text("# generated\n" * 20_000 + network)


def committed() -> None:
    Path(".git").rmdir()
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "A network"]):
        subprocess.run(["git", *words], check=True)


def other_keys() -> None:
    save("theirs.pth", {"stem": conv_norm(3, 16), "body": conv_norm(16, 32)})


def module_and_state() -> None:
    torch.save(torch.nn.Conv2d(3, 16, 3), "module.pth")
    torch.save(seqdsl.to_torch(seqdsl.load("net.seq")).state_dict(), "state_dict.pth")


def two_alike() -> None:
    save("theirs.pth", {name: torch.nn.Conv2d(3, 16, 3, bias=False) for name in ("near", "far")})


def numbered() -> None:
    layers = [torch.nn.Conv2d(width, 16, 3, bias=False) for width in (3, 16)]
    save("theirs.pth", {"features": torch.nn.Sequential(*layers)})


def arrays() -> None:
    np.save("input.npy", np.zeros((3, 32, 32), np.float32))
    np.save("overflown.npy", np.full((3, 32, 32), np.inf, np.float32))


def images() -> None:
    for part in ("train", "val"):
        for number, name in enumerate(("cat", "dog")):
            folder = Path("images", part, name)
            folder.mkdir(parents=True)
            for i in range(8):
                pixels = np.full((32, 32, 3), 100 * number + 10 * i, np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    Path("images", "train", "cat", "7.png").write_bytes(b"no picture")


def other_run() -> None:
    network = "network Net {\n  input 3x32x32\n  global_average_pool\n  fc 10\n}\n"
    Path("other.seq").write_text(network)
    assert not seqdsl_command("train", "other.seq", "--set", "epochs=1", "-o", "run").code


def state_of_net() -> dict[str, torch.Tensor]:
    return seqdsl.to_torch(seqdsl.load("net.seq")).state_dict()


def averages() -> None:
    torch.save({"model": state_of_net()}, "plain.pth")
    torch.save({"model": state_of_net(), "model_ema": state_of_net()}, "averaged.pth")


def shards() -> None:
    torch.save(state_of_net(), "pytorch_model.bin")
    index = {"weight_map": dict.fromkeys(state_of_net(), "pytorch_model.bin")}
    Path("whole.safetensors.index.json").write_text(json.dumps(index))


def auxiliary() -> None:
    save("theirs.pth", {"stem": conv_norm(3, 16), "aux": torch.nn.Linear(16, 5)})


def variances() -> None:
    state = state_of_net()
    torch.save(state, "whole.pth")
    state["conv1.batch_norm.running_var"][:] = -1
    torch.save(state, "damaged.pth")


def ten_classes() -> None:
    conv = torch.nn.Conv2d(3, 16, 3, bias=False)
    save("theirs.pth", {"conv": conv, "fc": torch.nn.Linear(16, 10)})


def conv_norm(inputs: int, width: int) -> torch.nn.Module:
    conv = torch.nn.Conv2d(inputs, width, 3, bias=False)
    return torch.nn.Sequential(conv, torch.nn.BatchNorm2d(width))


def save(name: str, modules: dict[str, torch.nn.Module]) -> None:
    torch.save(torch.nn.ModuleDict(modules).state_dict(), name)


PREPARED: dict[str, Callable[[], None]] = {
    "SEQ003": latin1,
    "SEQ006": large,
    "SEQ007": committed,
    "SEQ601": other_keys,
    "SEQ602": module_and_state,
    "SEQ606": two_alike,
    "SEQ607": numbered,
    "SEQ608": arrays,
    "SEQ612": averages,
    "SEQ613": shards,
    "SEQ614": auxiliary,
    "SEQ615": variances,
    "SEQ616": ten_classes,
    "SEQ702": images,
    "SEQ705": other_run,
}
WRONG = replace(PRUNE, run=lambda network: replace(pruned(network), output=99))
# A code, and why its commands can't be run here.
NOT_RUN = {"SEQ707": "the tests' environment has what training needs"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Example], Done]:
    """Runs the command of an example in a folder of its own, where no `dot` is installed."""
    monkeypatch.chdir(tmp_path)
    which = shutil.which

    def run(code: str, example: Example) -> Done:
        hidden = {"dot", "graphviz-pure"} if code == "SEQ605" else {"dot"}
        monkeypatch.setattr(
            shutil, "which", lambda name, **rest: None if name in hidden else which(name, **rest)
        )
        lay_out(tmp_path, EXPLAINED[code], example)
        PREPARED.get(code, lambda: None)()
        if "--verify-each" in example.text:  # no source makes seqdsl do this
            monkeypatch.setattr("seqdsl.semantic.expansion.expand.PRUNE", WRONG)
        program, *arguments = example.text.split()
        assert program == "seqdsl" and "\n" not in example.text.strip()
        return seqdsl_command(*arguments)

    return run


@pytest.mark.parametrize("code", sorted({*COMMANDS} - {*NOT_RUN}))
def test_command_that_fails(run: Callable[[str, Example], Done], code: str) -> None:
    done = run(code, EXPLAINED[code].failing)
    assert done.code and f"error[{code}]" in done.err, done.err


@pytest.mark.parametrize("code", sorted({*COMMANDS} - {*NOT_RUN}))
def test_command_that_is_mended(run: Callable[[str, Example], Done], code: str) -> None:
    done = run(code, EXPLAINED[code].mended)
    assert not done.code and "SEQ" not in done.err, done.err


def test_the_command_prints_all_of_it() -> None:
    done = seqdsl_command("explain", "add-mismatch")
    explained = EXPLAINED["SEQ309"]
    assert not done.code and not done.err
    heading, text, fails, finding, mended = done.out.split("\n\n", 4)
    assert heading == "SEQ309 add-mismatch, error"
    assert text.split() == explained.text.split()
    assert fails.splitlines()[0] == "Fails:"
    assert finding.startswith("  error[SEQ309]: can't add") and "--> net.seq:5:3" in finding
    assert mended.splitlines()[0] == "Mended:"
    for part, example in ((fails, explained.failing), (mended, explained.mended)):
        assert [line[2:] for line in part.splitlines()[1:]] == example.text.splitlines()


@pytest.mark.parametrize("code", BY_ID)
def test_every_code_is_printed(code: str) -> None:
    done = seqdsl_command("explain", code.lower())
    assert not done.code and not done.err
    assert done.out.startswith(f"{code} {BY_ID[code].name}, {BY_ID[code].severity.value}\n")
    severity = BY_ID[code].severity.value
    assert (f"  {severity}[{code}]: " in done.out) == EXPLAINED[code].failing.is_source
    text = done.out.split("Fails:")[0]
    assert all(len(line) <= 88 for line in text.splitlines())


def test_a_list_is_a_line_a_code() -> None:
    assert len(seqdsl_command("explain", "--list").out.splitlines()) == len(CODES)


def test_a_code_that_does_not_exist() -> None:
    done = seqdsl_command("explain", "add-mismtch")
    assert done.code == 2 and "Did you mean add-mismatch?" in done.err


def test_explaining_starts_light() -> None:
    script = (
        "import sys; from click.testing import CliRunner\n"
        "from seqdsl.cli.commands.explain import command\n"
        "assert not CliRunner().invoke(command, ['SEQ309']).exit_code\n"
        "print(*{'torch', 'onnx', 'numpy', 'rich'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "\n", done.stderr + done.stdout


GOOD = "A text.\n\n```seq fails\na\n```\n\n```seq mended\nb\n```\n"


def test_a_document_is_read() -> None:
    explained = parse(
        GOOD + "\n```toml mended file=map.toml\nc\n```\n\n```seq file=d.seq\ne\n```\n"
    )
    assert explained.text == "A text."
    assert (explained.failing.text, explained.failing.files) == ("a\n", ())
    assert [(file.name, file.text) for file in explained.mended.files] == [("map.toml", "c\n")]
    assert [(file.name, file.text) for file in explained.files] == [("d.seq", "e\n")]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (GOOD.replace("A text.", ""), "no text"),
        (GOOD + "more\n", "no block: more"),
        (GOOD.replace("fails", "fail"), "no block: ```seq fail"),
        (GOOD.replace("mended", "fails"), "one block is `seq fails`"),
        (GOOD.replace("seq mended", "sh mended"), "one example is a source"),
        (GOOD.replace("seq fails", "py fails"), "one block is `seq fails`"),
        (GOOD + "```seq\nc\n```\n", "has a file's name"),
    ],
)
def test_a_document_that_is_none(document: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(document)

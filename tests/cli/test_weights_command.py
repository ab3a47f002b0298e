"""``seqdsl weights`` from the outside: exit codes, tables, maps and notes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from references import ResNet, randomised, resnet
from safetensors.torch import load_file, save_file
from torch import nn

import seqdsl
from seqdsl.backends.weights.state import initial_state
from seqdsl.cli.main import program


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["weights", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.seq").write_text(resnet("first"))
    Path("wider.seq").write_text(resnet("first", classes=7))
    torch.save(randomised(ResNet()).state_dict(), "theirs.pth")
    return tmp_path


@pytest.mark.parametrize("group", ["weights", "plot"])
def test_a_group_lists_its_commands_in_whole_sentences(group: str) -> None:
    listed = CliRunner().invoke(program, [group, "--help"]).stdout.partition("Commands:")[2]
    assert [line for line in listed.splitlines() if line.endswith("...")] == []
    if group == "weights":
        assert listed.index("import ") < listed.index("export ")


def test_there_and_back(folder: Path) -> None:
    done = run("import", "theirs.pth", "--into", "net.seq", "-o", "ours.safetensors")
    assert done.exit_code == 0 and not done.stdout
    assert done.stderr == (
        "ours.safetensors: theirs.pth as N, 77 entries, matched by the order of registration\n"
    )
    assert "bottleneck1.conv1.conv2d.weight" in load_file(folder / "ours.safetensors")
    done = run("export", "ours.safetensors", "--from", "net.seq", "--like", "theirs.pth",
               "-o", "back.pth")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    theirs, back = torch.load("theirs.pth"), torch.load("back.pth")
    assert list(theirs) == list(back)
    assert all(torch.equal(theirs[key], back[key]) for key in theirs)


def test_a_misfit_is_a_table(folder: Path) -> None:
    done = run("import", "theirs.pth", "--into", "wider.seq", "-o", "ours.safetensors")
    assert done.exit_code == 1 and "SEQ601" in done.stderr
    headings, _, row = done.stdout.splitlines()[1:]
    assert headings.split("  ")[0] == "ours" and headings.rstrip().endswith("why")
    cells = [cell.strip() for cell in row.split("  ") if cell]
    assert cells == ["fc1.linear", "7x32 + bias", "fc", "5x32 + bias", "the shapes differ"]
    assert not (folder / "ours.safetensors").exists()
    done = run("import", "theirs.pth", "--into", "wider.seq", "-o", "o.safetensors",
               "--format", "json")  # fmt: skip
    (table,) = json.loads(done.stdout)
    assert table["rows"] == [
        {"ours": "fc1.linear", "our shape": "7x32 + bias",
         "theirs": "fc", "their shape": "5x32 + bias",
         "why": "the shapes differ"}
    ]  # fmt: skip


def test_a_long_table_is_cut_on_a_terminal(folder: Path) -> None:
    (folder / "deep.seq").write_text(resnet("first", blocks=(9, 9)))
    done = run("import", "theirs.pth", "--into", "deep.seq", "-o", "o.safetensors")
    assert "more; --format csv shows all" in done.stdout
    whole = run("import", "theirs.pth", "--into", "deep.seq", "-o", "o.safetensors",
                "--format", "csv")  # fmt: skip
    assert len(whole.stdout.splitlines()) == 1 + 14 * 6


MAPS = {
    "map.toml": '[bottleneck1.conv1]\nconv2d = "layer1.0.project"\n',
    "flat.toml": '"bottleneck1.conv1.conv2d" = "layer1.0.project"\n',
    "map.json": '{"bottleneck1": {"conv1.conv2d": "layer1.0.project"}}',
}


@pytest.mark.parametrize("name", MAPS)
def test_what_is_ambiguous_is_settled_by_a_map(folder: Path, name: str) -> None:
    theirs = {}
    for key, value in torch.load("theirs.pth").items():
        for old, new in (("conv3", "expand"), ("bn3", "last"), ("downsample.0", "project"),
                         ("downsample.1", "shortcut")):  # fmt: skip
            key = key.replace(f"layer1.0.{old}", f"layer1.0.{new}")  # noqa: PLW2901
        theirs[key] = value
    torch.save(theirs, "words.pth")
    done = run("import", "words.pth", "--into", "net.seq", "-o", "ours.safetensors")
    assert done.exit_code == 1 and "SEQ606" in done.stderr and "--map" in done.stderr
    assert done.stdout.count("alike, and no order tells") == 4
    (folder / name).write_text(MAPS[name])
    done = run("import", "words.pth", "--into", "net.seq", "-o", "ours.safetensors", "--map", name)
    assert done.exit_code == 0, done.stderr
    assert "matched by the map and the order of registration" in done.stderr
    ours = load_file(folder / "ours.safetensors")
    assert torch.equal(ours["bottleneck1.conv1.conv2d.weight"], theirs["layer1.0.project.weight"])
    assert torch.equal(ours["bottleneck1.conv4.batch_norm.bias"], theirs["layer1.0.last.bias"])


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("map.toml", "a = [", "can't be read as a name map"),
        ("map.toml", 'a = "x"\na = "y"', "can't be read as a name map"),
        ("map.toml", 'a.b = "x"\n"a.b" = "y"', "a.b is in it twice"),
        ("map.toml", "a = 3", "a is not a name of theirs"),
        ("map.json", '{"a": "x", "a": "y"}', "a is in it twice"),
        ("map.json", "[1]", "the whole is not a name of theirs"),
        ("map.json", "[" * 100_000, "nested too deep"),
        ("map.json", '{"a": "\xff"}', "it is not UTF-8: byte 7 is 0xff"),
        ("map.toml", " " * 200_001, "it has more than 200,000 bytes"),
        ("map.json", '{"fc1": "nothing"}', "the map names nothing"),
    ],
)
def test_a_bad_map_is_a_diagnostic(folder: Path, name: str, text: str, reason: str) -> None:
    code = 1 if reason == "the map names nothing" else 2  # it can be read, and does not fit
    (folder / name).write_text(text, encoding="latin-1")
    done = run("import", "theirs.pth", "--into", "net.seq", "-o", "o.safetensors", "--map", name)
    assert done.exit_code == code and "SEQ607" in done.stderr and reason in done.stderr
    assert f"--> {name}" in done.stderr


def test_a_shape_that_is_not_quite_the_same_is_said(folder: Path) -> None:
    Path("pixel.seq").write_text(
        "network N { input 3x8x8; global_average_pool; conv2d 1x1, 5, bias=true }"
    )
    torch.save({"fc.weight": torch.ones(5, 3), "fc.bias": torch.ones(5)}, "fc.pth")
    done = run("import", "fc.pth", "--into", "pixel.seq", "-o", "o.safetensors")
    assert "note: fc.weight is 5x3 for 5x3x1x1 of conv2d.weight" in done.stderr
    assert load_file(folder / "o.safetensors")["conv2d.weight"].shape == (5, 3, 1, 1)
    done = run("export", "o.safetensors", "--from", "pixel.seq", "--like", "fc.pth", "-o", "b.pt")
    assert torch.load("b.pt")["fc.weight"].shape == (5, 3)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("import", "none.pth", "--into", "net.seq", "-o", "o.safetensors"), 2),
        (("import", "theirs.pth", "--into", "none.seq", "-o", "o.safetensors"), 2),
        (("import", "theirs.pth", "--into", "net.seq", "-o", "o.pth"), 2),
        (("import", "theirs.pth", "--into", "net.seq"), 2),
        (
            ("import", "theirs.pth", "--into", "net.seq", "-o", "o.safetensors", "--map", "m.toml"),
            2,
        ),
        (("import", "net.seq", "--into", "net.seq", "-o", "o.safetensors"), 2),
        (("export", "theirs.pth", "--from", "net.seq", "--like", "theirs.pth", "-o", "b.pth"), 2),
        (("export", "theirs.pth", "--from", "net.seq", "--like", "theirs.pth", "-o", "b.txt"), 2),
    ],
)
def test_exit_codes(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    done = run(*arguments)
    assert done.exit_code == code and done.stderr
    assert not {path.name for path in folder.iterdir()} & {"o.safetensors", "b.pth"}


def test_no_name_steers_the_terminal(folder: Path) -> None:
    torch.save({"\x1b[31mx.weight": torch.ones(2, 2)}, folder / "strange.pth")
    done = run("import", "strange.pth", "--into", "net.seq", "-o", "o.safetensors")
    assert done.exit_code == 1 and "\x1b" not in done.stdout + done.stderr


# --- what others save beside the network


@pytest.mark.usefixtures("folder")
def test_entries_are_skipped_by_their_keys() -> None:
    theirs = torch.load("theirs.pth")
    more = {"aux.fc.weight": torch.ones(5, 16), "aux.fc.bias": torch.ones(5),
            "layer1.0.total_ops": torch.zeros(1), "total_ops": torch.zeros(1)}  # fmt: skip
    torch.save({**theirs, **more}, "more.pth")
    done = run("import", "more.pth", "--into", "net.seq", "-o", "o.safetensors")
    assert done.exit_code == 1
    assert "leave out what the network does not have: --skip 'aux.*'" in done.stderr
    skip = ("--skip", "aux.*", "--skip", "*total_ops")
    done = run("import", "more.pth", "--into", "net.seq", "-o", "o.safetensors", *skip)
    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[:2] == [
        "note: --skip aux.* leaves out 2 entries: aux.fc.weight, aux.fc.bias",
        "note: --skip *total_ops leaves out 2 entries: layer1.0.total_ops, total_ops",
    ]
    done = run("export", "o.safetensors", "--from", "net.seq", "--like", "more.pth",
               "-o", "back.pth", *skip)  # fmt: skip
    assert done.exit_code == 0, done.stderr
    back = torch.load("back.pth")
    assert list(back) == [*theirs, *more]
    assert all(torch.equal(back[key], value) for key, value in {**theirs, **more}.items())


@pytest.mark.usefixtures("folder")
def test_a_subtree_is_skipped_by_its_name() -> None:
    torch.save({**torch.load("theirs.pth"), "aux.fc.bias": torch.ones(5)}, "more.pth")
    done = run("import", "more.pth", "--into", "net.seq", "-o", "o.safetensors", "--skip", "aux")
    assert done.exit_code == 0, done.stderr


@pytest.mark.usefixtures("folder")
def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    done = run("import", "theirs.pth", "--into", "net.seq", "-o", "o.safetensors",
               "--skip", "layr1.*")  # fmt: skip
    assert done.exit_code == 2 and "SEQ614" in done.stderr
    assert "--skip layr1.* matches no key of theirs.pth" in done.stderr
    assert "did you mean layer1?" in done.stderr


@pytest.mark.usefixtures("folder")
def test_a_new_head_is_initialised_as_training_would() -> None:
    done = run("import", "theirs.pth", "--into", "wider.seq", "-o", "o.safetensors")
    assert done.exit_code == 1 and "`weights import --head new` leaves out theirs" in done.stderr
    done = run("import", "theirs.pth", "--into", "wider.seq", "-o", "o.safetensors",
               "--head", "new", "--seed", "3")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[0] == (
        "note: a new head, seed 3: 2 entries: fc1.linear.weight, fc1.linear.bias; "
        "in place of 2 entries: fc.bias, fc.weight"
    )
    ours, theirs = load_file("o.safetensors"), torch.load("theirs.pth")
    network = seqdsl.load("wider.seq")
    initial = initial_state(network, seed=3)
    for key in ("fc1.linear.weight", "fc1.linear.bias"):
        assert torch.equal(ours[key], torch.from_numpy(initial[key]))
    assert 0 < ours["fc1.linear.weight"].abs().max() <= (6 / (7 + 32)) ** 0.5  # Glorot's
    others = [key for key in ours if not key.startswith("fc1.")]
    assert torch.equal(ours["conv1.conv2d.weight"], theirs["conv1.weight"])
    assert len(others) == 75
    other = run("import", "theirs.pth", "--into", "wider.seq", "-o", "p.safetensors",
                "--head", "new")  # fmt: skip
    assert other.exit_code == 0
    again = load_file("p.safetensors")
    assert {k for k in ours if not torch.equal(ours[k], again[k])} == {"fc1.linear.weight"}


@pytest.mark.usefixtures("folder")
def test_a_new_head_of_a_backbone_or_of_as_many_classes() -> None:
    theirs = torch.load("theirs.pth")
    torch.save({k: v for k, v in theirs.items() if not k.startswith("fc")}, "backbone.pth")
    done = run("import", "backbone.pth", "--into", "wider.seq", "-o", "o.safetensors",
               "--head", "new")  # fmt: skip
    assert done.exit_code == 0 and "; CKPT has none" in done.stderr
    done = run("import", "theirs.pth", "--into", "net.seq", "-o", "o.safetensors",
               "--head", "new")  # fmt: skip
    assert done.exit_code == 0 and "in place of 2 entries: fc.bias, fc.weight" in done.stderr
    assert not torch.equal(load_file("o.safetensors")["fc1.linear.weight"], theirs["fc.weight"])


@pytest.mark.usefixtures("folder")
def test_an_average_is_chosen_by_an_option() -> None:
    theirs, ema = torch.load("theirs.pth"), randomised(ResNet(), seed=1).state_dict()
    torch.save({"state_dict": theirs, "state_dict_ema": ema}, "both.pth")
    for options, expected, said in (
        ([], theirs, "an EMA is under `state_dict_ema`, too: --ema takes it"),
        (["--ema"], ema, "under `state_dict_ema`, an average over training"),
        (["--no-ema"], theirs, "those under `state_dict`\n"),
    ):
        done = run("import", "both.pth", "--into", "net.seq", "-o", "o.safetensors", *options)
        assert done.exit_code == 0 and said in done.stderr
        assert torch.equal(load_file("o.safetensors")["conv1.conv2d.weight"],
                           expected["conv1.weight"])  # fmt: skip


@pytest.mark.parametrize("command", ["run", "build", "eval", "plot"])
@pytest.mark.usefixtures("folder")
def test_every_command_reads_the_same_checkpoints(command: str) -> None:
    text = "use std.seqconv\nnetwork N { input 1x8x8; seqconv 3x3, 8, k=4; "
    Path("small.seq").write_text(text + "global_average_pool; fc 10 }")
    state = {
        f"model.{k}": v for k, v in seqdsl.to_torch(seqdsl.load("small.seq")).state_dict().items()
    }
    torch.save({"net": state, "ema": {"module": state}, "acc": 1.0}, "both.pth")
    np.save("x.npy", np.zeros((1, 8, 8), np.float32))
    weights = ("--weights", "both.pth")
    arguments = {
        "run": ("run", "small.seq", "x.npy", *weights),
        "build": ("build", "small.seq", "-o", "o.onnx", *weights),
        "eval": ("eval", "small.seq", "--data", "digits", *weights),
        "plot": ("plot", "weights", "small.seq", "-o", "o.svg", *weights),
    }[command]
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 0, done.stderr
    note = "note: both.pth: the weights are those under `net`; an EMA is under `ema.module`, too"
    assert note in done.stderr
    done = CliRunner().invoke(program, [*arguments, "--ema"])
    assert done.exit_code == 0 and "under `ema.module`, an average" in done.stderr
    key = next(key for key in state if key.endswith("running_var"))
    torch.save({**state, key: -state[key]}, "both.pth")
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 1 and "SEQ615" in done.stderr and f"first in {key}" in done.stderr
    done = run("import", "both.pth", "--into", "small.seq", "-o", "o.safetensors")
    assert done.exit_code == 1 and "SEQ615" in done.stderr and f"first in {key}" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["run", "net.seq", "x.npy"], ["build", "net.seq", "-o", "n.onnx"]]
)
@pytest.mark.usefixtures("folder")
def test_an_average_needs_weights(arguments: list[str]) -> None:
    done = CliRunner().invoke(program, [*arguments, "--ema"])
    assert done.exit_code == 2 and "--ema needs --weights" in done.stderr


@pytest.mark.usefixtures("folder")
def test_shards_come_in_and_go_back_as_one(tmp_path: Path) -> None:
    theirs = torch.load("theirs.pth")
    names = {key: f"pytorch_model-{int(key > 'layer1')}.bin" for key in theirs}
    for name in set(names.values()):
        torch.save({key: theirs[key] for key in theirs if names[key] == name}, name)
    index = "pytorch_model.bin.index.json"
    Path(index).write_text(json.dumps({"weight_map": names}))
    done = run("import", index, "--into", "net.seq", "-o", "ours.safetensors")
    assert done.exit_code == 0, done.stderr
    done = run("export", "ours.safetensors", "--from", "net.seq", "--like", index,
               "-o", "back.pth")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    back = torch.load("back.pth")
    assert back.keys() == theirs.keys()
    assert all(torch.equal(back[key], value) for key, value in theirs.items())
    (tmp_path / "pytorch_model-1.bin").unlink()
    done = run("import", index, "--into", "net.seq", "-o", "o.safetensors")
    assert done.exit_code == 2 and "SEQ613" in done.stderr and "pytorch_model-1.bin" in done.stderr


# --- layers that are alike


class Branches(nn.Module):
    """Two branches that nothing tells apart, registered as they are computed, or not."""

    def __init__(self, names: tuple[str, str] = ("wide", "narrow")) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        for name in names:
            self.add_module(name, nn.Conv2d(4, 4, 3, padding=1, bias=False))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x).relu()
        branches = [self.wide(x).relu(), torch.tanh(self.narrow(x))]
        return self.fc(torch.cat(branches, 1).mean((2, 3)))


BRANCHES = """network N {
  input 3x8x8
  conv2d 3x3, 4; relu
  wide = it | conv2d 3x3, 4 | relu
  narrow = it | conv2d 3x3, 4 | tanh
  concatenate wide, narrow
  global_average_pool; fc 5
}
"""


@pytest.mark.usefixtures("folder")
def test_as_written_the_first_that_fits_is_taken() -> None:
    Path("branches.seq").write_text(BRANCHES)
    module = randomised(Branches())
    torch.save(module.state_dict(), "branches.pth")
    arguments = ("import", "branches.pth", "--into", "branches.seq", "-o", "o.safetensors")
    done = run(*arguments)
    assert done.exit_code == 1 and "--as-written" in done.stderr
    done = run(*arguments, "--as-written")
    assert done.exit_code == 0, done.stderr
    assert "only the order as written tells where wide and 1 more belong" in done.stderr
    assert done.stderr.endswith("matched by the order of registration and the order as written\n")
    ours = seqdsl.to_torch(seqdsl.load("branches.seq")).eval()
    ours.load_state_dict(load_file("o.safetensors"))
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(ours(x), module(x), rtol=0, atol=1e-6)


@pytest.mark.usefixtures("folder")
def test_as_written_is_not_used_where_something_tells() -> None:
    done = run("import", "theirs.pth", "--into", "net.seq", "-o", "o.safetensors", "--as-written")
    assert done.exit_code == 0 and "as written" not in done.stderr


@pytest.mark.usefixtures("folder")
def test_as_written_needs_an_order() -> None:
    save_file(torch.load("theirs.pth"), "theirs.safetensors")
    done = run("import", "theirs.safetensors", "--into", "net.seq", "-o", "o.safetensors",
               "--as-written")  # fmt: skip
    assert done.exit_code == 2 and "safetensors sorts its keys" in done.stderr

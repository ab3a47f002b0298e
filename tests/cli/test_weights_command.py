"""``seqdsl weights`` from the outside: exit codes, tables, maps and notes."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from references import ResNet, randomised, resnet
from safetensors.torch import load_file

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
        ("map.toml", 'a.b = "x"\n"a.b" = "y"', "a.b stands in it twice"),
        ("map.toml", "a = 3", "a is not a name of theirs"),
        ("map.json", '{"a": "x", "a": "y"}', "a stands in it twice"),
        ("map.json", "[1]", "the whole is not a name of theirs"),
        ("map.json", "[" * 100_000, "nested too deep"),
        ("map.json", '{"fc1": "nothing"}', "the map names nothing"),
    ],
)
def test_a_bad_map_is_a_diagnostic(folder: Path, name: str, text: str, reason: str) -> None:
    code = 1 if reason == "the map names nothing" else 2  # it can be read, and does not fit
    (folder / name).write_text(text)
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

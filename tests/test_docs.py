"""What the documents say, and the examples do, is so."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import torch
from networks import ARCHITECTURES, ROOT, paper_network
from PIL import Image

import seqdsl
from seqdsl.backends.weights.name_map import read_map
from seqdsl.backends.weights.state import random_state, save_state

SNIPPETS = re.findall(r"```seq\n(.*?)```", (ROOT / "docs" / "language.md").read_text(), re.DOTALL)
DRAWINGS = re.findall(
    r"^seqdsl (draw .*)$", (ROOT / "docs" / "drawings.md").read_text(), re.MULTILINE
)
REPORTS = re.findall(
    r"^seqdsl (report [^~\n]*)$", (ROOT / "docs" / "report.md").read_text(), re.MULTILINE
)  # but for what needs a git history
COMMANDS = re.findall(r"^seqdsl (.*?)\s*(?:#.*)?$", (ROOT / "README.md").read_text(), re.MULTILINE)
TABLES = [
    table
    for page in ("tables", "counting")
    for table in re.findall(
        r"^```sh\nseqdsl (.*)\n```\n(?:\n```\w*\n([^`]*)```)?",
        (ROOT / "docs" / f"{page}.md").read_text(),
        re.MULTILINE,
    )
]


QUICKLY = {"table5": ["--networks", "S4", "--epochs", "1", "--seeds", "1"]}  # of ten minutes


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 7 and len(COMMANDS) >= 11 and len(DRAWINGS) == 5 and len(REPORTS) == 2
    assert len(TABLES) == 7 and sum(bool(printed) for _, printed in TABLES) == 4


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: re.findall(r"network (\w+)", s)[0])
def test_snippet_of_the_language_reference_compiles(tmp_path: Path, snippet: str) -> None:
    path = tmp_path / "net.seq"
    path.write_text(snippet)
    assert not seqdsl.check(path)


@pytest.mark.parametrize("path", sorted(ARCHITECTURES.rglob("*.seq")), ids=lambda p: p.stem)
def test_library_is_clean(path: Path) -> None:
    assert not seqdsl.check(path)


@pytest.mark.parametrize("line", COMMANDS)
def test_command_of_the_readme(tmp_path: Path, line: str) -> None:
    (tmp_path / "architectures").symlink_to(ARCHITECTURES)
    if "ours.safetensors" in line:
        write_weights(tmp_path)
    if "photo.png" in line:
        Image.new("RGB", (40, 50)).save(tmp_path / "photo.png")
    command = [sys.executable, "-m", "seqdsl", *line.split()]
    if line.startswith("train"):
        command += ["--set", "epochs=1"]  # the first of thirty
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == line.startswith("diff"), done.stderr  # whose networks differ


@pytest.mark.parametrize(("line", "printed"), TABLES)
def test_table_of_the_documents(tmp_path: Path, line: str, printed: str) -> None:
    """Its command runs, and what stands below it is what it prints."""
    (tmp_path / "architectures").symlink_to(ARCHITECTURES)
    command = [sys.executable, "-m", "seqdsl", *line.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert printed in ("", done.stdout)


def test_difference_of_the_readme() -> None:
    shown = re.findall(r"```\n(SeqResNetB22 → .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    golden = (ROOT / "tests" / "golden" / "diff_b22_b42.txt").read_text()
    assert shown == [golden[: golden.index("MACs for")]]


def write_weights(folder: Path) -> None:
    """Random weights of S3 under our names, and numbered by layer as another might."""
    state = random_state(paper_network("seqresnet.seq", "S3"))
    save_state(folder / "ours.safetensors", state)
    layers = list(dict.fromkeys(key.rpartition(".")[0] for key in state))
    theirs = {}
    for key, value in state.items():
        layer, _, leaf = key.rpartition(".")
        theirs[f"features.{layers.index(layer)}.{leaf}"] = torch.from_numpy(value)
    torch.save(theirs, folder / "theirs.pth")


def test_maps_of_the_documents_are_read(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "weights.md").read_text()
    (snippet,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "map.toml").write_text(snippet)
    assert len(read_map(tmp_path / "map.toml")) == 3


@pytest.mark.parametrize("line", DRAWINGS, ids=lambda line: Path(line).stem)
def test_drawing_of_the_documents(tmp_path: Path, line: str) -> None:
    """Its command runs, and what stands beside it is what it draws."""
    (tmp_path / "architectures").symlink_to(ARCHITECTURES)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "docs").mkdir()
    command = [sys.executable, "-m", "seqdsl", *line.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    name = line.rpartition(" ")[2]
    assert f"({Path(name).name})" in (ROOT / "docs" / "drawings.md").read_text()
    assert shown(tmp_path / name) == shown(ROOT / name)


@pytest.mark.parametrize("line", REPORTS, ids=lambda line: Path(line).stem)
def test_report_of_the_documents(tmp_path: Path, line: str) -> None:
    (tmp_path / "architectures").symlink_to(ARCHITECTURES)
    command = [sys.executable, "-m", "seqdsl", *line.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / line.rpartition(" ")[2]).stat().st_size > 500_000


def shown(path: Path) -> tuple[list[str], list[str], int]:
    """The boxes of a drawing, what it says, and its arrows: the same, whichever engine drew it."""
    elements = list(ET.fromstring(path.read_text()).iter())
    boxes = sorted(e.get("id", "") for e in elements if e.get("class") in ("box", "group"))
    texts = sorted(e.text or "" for e in elements if e.tag.endswith("}text"))
    return boxes, texts, sum(e.get("class") == "edge" for e in elements)


def test_python_of_the_readme() -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", snippet], cwd=ROOT, capture_output=True, text=True)
    printed, promised = done.stdout.strip(), re.findall(r"print.*# (.*)", snippet)[0]
    assert printed == promised, done.stderr


@pytest.mark.parametrize("position", range(2))
def test_python_about_emitted_modules(position: int) -> None:
    """Each snippet runs, and prints what stands beside it."""
    text = (ROOT / "docs" / "ordinary.md").read_text()
    snippet = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[position]
    command = [sys.executable, "-W", "error::UserWarning", "-c", snippet]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for promised in re.findall(r"print.*# (.*)", snippet):
        assert promised in done.stdout.splitlines()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_example_runs(tmp_path: Path, path: Path) -> None:
    command = [sys.executable, str(path), *QUICKLY.get(path.stem, [])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    for left in tmp_path.iterdir():  # what an example leaves is said, and git does not see it
        assert str(left) in done.stdout and left.name in ignored


def test_picture_of_the_terminal_is_what_is_printed() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import terminal
    finally:
        sys.path.pop(0)
    assert terminal.PICTURE.read_text() == terminal.picture()

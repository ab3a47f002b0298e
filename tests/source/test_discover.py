"""Which files a command's arguments name."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from seqdsl.source.discover import discover


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")


def ignore(folder: str, *lines: str) -> None:
    Path(folder, ".gitignore").write_text("\n".join(lines))


def test_files_pass_through_as_they_are_given() -> None:
    touch("a.seq", "b.txt")
    ignore(".", "*")
    assert discover(["b.txt", "-", "nosuch", "./a.seq"]) == ["b.txt", "-", "nosuch", "./a.seq"]


def test_a_folder_gives_its_files_under_the_name_that_it_was_given() -> None:
    touch("n/b.seq", "n/a/z.seq", "n/c.txt", "n/.hidden/x.seq", "n/.#b.seq", "top.seq")
    assert discover(["n"]) == ["n/a/z.seq", "n/b.seq"] == discover(["./n/"])
    assert discover(["."]) == ["n/a/z.seq", "n/b.seq", "top.seq"]
    assert discover([str(Path("n").resolve())]) == [str(Path(f"n/{f}").resolve())
                                                    for f in ("a/z.seq", "b.seq")]  # fmt: skip
    os.chdir("n/a")
    assert discover([".."]) == ["../a/z.seq", "../b.seq"]


def test_each_file_once() -> None:
    touch("n/a.seq", "n/b.seq")
    assert discover(["n/b.seq", "n", "./n/b.seq", "-", "-"]) == ["n/b.seq", "n/a.seq", "-"]


def test_links() -> None:
    touch("n/a.seq", "elsewhere/b.seq", "n/folder.seq/c.seq")
    Path("n/circle").symlink_to("..")
    Path("n/linked").symlink_to("../elsewhere")
    Path("n/linked.seq").symlink_to("../elsewhere/b.seq")
    assert discover(["n"]) == ["n/a.seq", "n/folder.seq/c.seq", "n/linked.seq"]
    assert discover(["n/linked"]) == ["n/linked/b.seq"]


def test_what_is_no_file_is_not_waited_for() -> None:
    Path("nets").mkdir()
    os.mkfifo("nets/pipe.seq")
    Path("nets/gone.seq").symlink_to("nowhere")
    assert discover(["nets"]) == ["nets/gone.seq"]  # reading it says that it leads nowhere


def test_a_folder_without_files() -> None:
    touch("n/a.txt")
    assert discover(["n"]) == []


def test_a_folder_that_can_not_be_listed_is_given_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("n/a.seq", "n/closed/b.seq")
    scandir = os.scandir

    def listed(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listed)
    assert discover(["n"]) == ["n/a.seq", "n/closed"]


def test_what_a_repository_ignores() -> None:
    touch("r/n/a.seq", "r/n/old_a.seq", "r/n/m/keep.seq", "r/n/m/b.seq", "r/build/c.seq", "r/d.seq")
    ignore(".", "*")  # above the repository: none of its own
    ignore("r", "old_*", "/build/")
    ignore("r/n", "/m/*", "!keep.seq", "!old_a.txt")
    Path("r/.git/info").mkdir(parents=True)
    Path("r/.git/info/exclude").write_text("d.seq\n")
    assert discover(["r"]) == ["r/n/a.seq", "r/n/m/keep.seq"]
    assert discover(["r/n/m"]) == ["r/n/m/keep.seq"]
    assert discover(["r/build"]) == ["r/build/c.seq"]  # a folder that is named is walked


NAMES = ("a", "b", "build", "ab", "a.d", "x[1]")
LINES = (
    "*", "**", "a", "b/", "/a", "/build/", "a/b", "a/**", "**/a", "a/**/b", "build/*", "/*", "*/",
    "*.seq", "a*.seq", "?.seq", "[ab].seq", "[!a]*", "a[!b]", "[^a-c]", "[z-a]", "[]a]*", "x[[]1]",
    "\\*", "x\\[1\\]", "a\\", "[a", "# a", "\\#", "b ", "b\\ ", "", "/", "//", "!", "a/**/",
    "**/b/**", "***", "a***b", "/**", "**/", "a//b", "**/*.seq", "b.seq", "a.seq", "build", "*.d/",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_git_lists_the_same(seed: int) -> None:
    """Random trees with random rules."""
    rng = random.Random(seed)
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for number in range(40):
        root = Path(f"tree{number}")
        subprocess.run(["git", "init", "-q", root], check=True, env=environment)
        folders = [root]
        for _ in range(rng.randint(1, 7)):
            folders.append(rng.choice(folders) / rng.choice(NAMES))
        for place in folders:
            place.mkdir(exist_ok=True)
            for name in rng.sample(NAMES, rng.randint(0, 4)):
                if not (place / f"{name}.seq").exists():
                    (place / f"{name}.seq").write_text("")
            if rng.random() < 0.6:
                lines = ["!" * (rng.random() < 0.35) + line for line in rng.choices(LINES, k=3)]
                (place / ".gitignore").write_text(rng.choice(("\n", "\r\n")).join(lines))
        (root / ".git" / "info" / "exclude").write_text(rng.choice(LINES))
        command = ["git", "ls-files", "-z", "--others", "--cached", "--exclude-standard"]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
        listed = {f"{root}/{name}" for name in done.stdout.decode().split("\0")}
        rules = {str(f): f.read_text() for f in root.rglob(".gitignore")}
        assert set(discover([str(root)])) == {n for n in listed if n.endswith(".seq")}, rules

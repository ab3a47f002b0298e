"""Files at a git revision: they and what they use are read there, and nowhere else."""

import subprocess
from pathlib import Path

import pytest

from seqdsl.api import load_instance, read_program
from seqdsl.source.diagnostic import Failure

NET = 'use "parts/blocks.seq"\nnetwork N { input 3x8x8; layer }\n'
BLOCK = "block layer { conv 3x3, WIDTH }\n"


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits that differ in an imported file, and a working tree that differs from both."""
    folder = tmp_path / "repository"
    (folder / "nets" / "parts").mkdir(parents=True)
    git(folder, "init", "-b", "main")
    (folder / "nets" / "net.seq").write_text(NET)
    for width in (4, 8, 16):
        (folder / "nets" / "parts" / "blocks.seq").write_text(BLOCK.replace("WIDTH", str(width)))
        if width < 16:
            git(folder, "add", ".")
            git(folder, "commit", "-m", f"{width} wide")
    git(folder, "tag", "v1", "HEAD~1")
    monkeypatch.chdir(folder)
    return folder


def width(path: str, revision: str | None) -> int:
    instance, diagnostics = load_instance(path, None, None, revision)
    assert not diagnostics and instance is not None and instance.network is not None
    return instance.network.nodes[-1].type.channels


def codes(path: str, revision: str) -> list[tuple[str, str]]:
    _, diagnostics = load_instance(path, None, None, revision)
    return [(d.code.name, d.primary.span.source.name if d.primary else d.name) for d in diagnostics]


@pytest.mark.parametrize(
    ("revision", "expected"), [("v1", 4), ("HEAD~1", 4), ("main", 8), ("HEAD", 8), (None, 16)]
)
@pytest.mark.usefixtures("repository")
def test_what_a_file_uses_is_read_at_its_revision(revision: str | None, expected: int) -> None:
    assert width("nets/net.seq", revision) == expected


def test_paths_start_at_the_current_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "nets")
    assert width("net.seq", "v1") == 4
    assert width("parts/../net.seq", "v1") == 4
    assert width(str(repository / "nets" / "net.seq"), "v1") == 4
    with pytest.raises(Failure) as failure:
        read_program("nets/net.seq", "v1")
    assert failure.value.diagnostic.help == "paths start at the current folder: v1:net.seq"


def test_files_and_folders_that_are_gone(repository: Path) -> None:
    git(repository, "rm", "-r", "-f", "nets")
    git(repository, "commit", "-m", "Remove it")
    assert not (repository / "nets").exists()
    assert width("nets/net.seq", "HEAD~1") == 8
    assert codes("nets/net.seq", "HEAD") == [("missing-file", "HEAD:nets/net.seq")]


def test_links_are_followed(repository: Path) -> None:
    (repository / "link.seq").symlink_to("nets/net.seq")
    (repository / "out.seq").symlink_to("/etc/hostname")
    (repository / "round.seq").symlink_to("round.seq")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Link")
    (repository / "link.seq").unlink()
    for name in ("out.seq", "round.seq"):
        assert codes(name, "HEAD") == [("missing-file", f"HEAD:{name}")]
    assert width("link.seq", "HEAD") == 16  # what it uses is found from where the file is


def test_an_import_that_did_not_exist(repository: Path) -> None:
    (repository / "nets" / "net.seq").write_text(NET.replace("blocks", "block"))
    git(repository, "commit", "-a", "-m", "Misspell it")
    (repository / "nets" / "parts" / "block.seq").write_text(BLOCK)
    _, diagnostics = load_instance("nets/net.seq", None, None, "HEAD")
    found = [d for d in diagnostics if d.code.name == "missing-import"]
    assert [d.message for d in found] == ["HEAD:nets/parts/block.seq does not exist"]
    assert found[0].help == "did you mean `parts/blocks.seq`?"
    assert found[0].primary is not None and str(found[0].primary.span) == "HEAD:nets/net.seq:1:1"


def test_the_project_is_that_of_the_revision(repository: Path) -> None:
    (repository / "nets" / "net.seq").write_text(NET.replace("parts/", "../"))
    (repository / "blocks.seq").write_text(BLOCK.replace("WIDTH", "4"))
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Use a file above")
    (repository / "nets" / "pyproject.toml").touch()  # a project of its own, but not then
    assert width("nets/net.seq", "HEAD") == 4
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Make it a project")
    assert codes("nets/net.seq", "HEAD")[0][0] == "import-outside"


@pytest.mark.parametrize(
    ("data", "code"), [(b"network \xff {}", "not-utf8"), (b"x" * 2_000_000, "file-too-large")]
)
def test_what_is_no_source(repository: Path, data: bytes, code: str) -> None:
    (repository / "net.seq").write_bytes(data)
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Add it")
    assert codes("net.seq", "HEAD") == [(code, "HEAD:net.seq")]
    assert codes("nets", "HEAD") == [("is-directory", "HEAD:nets")]


@pytest.mark.parametrize(
    "revision",
    ["nope", "--help", "-n", "HEAD~9", "HEAD@{99}", "HEAD:nets", "", " ", "HEAD\nHEAD", "$(id)",
     "main; touch owned", "\x1b[31m"],
)  # fmt: skip
def test_an_unknown_revision(repository: Path, revision: str) -> None:
    assert [name for name, _ in codes("nets/net.seq", revision)] == ["unknown-revision"]
    assert not (repository / "owned").exists()


def test_no_git(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.seq").write_text("network N { input 3x8x8; relu }")
    assert codes(str(tmp_path / "net.seq"), "HEAD")[0][0] == "no-git"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert codes("nets/net.seq", "HEAD") == [("no-git", "HEAD:nets/net.seq")]
    assert width(str(repository / "nets" / "net.seq"), None) == 16

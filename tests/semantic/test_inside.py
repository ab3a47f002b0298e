"""What a file imports lies in its project, by whatever name it is asked for."""

from pathlib import Path

import pytest

import seqdsl

NETWORK = "\nnetwork N { input 3x8x8; relu }\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a file of each kind, beside one that is none of its business."""
    inside = tmp_path / "inside"
    (inside / ".git").mkdir(parents=True)
    (inside / "parts").mkdir()
    (inside / "parts" / "part.seq").write_text("block part { relu }\n")
    (tmp_path / "secret.seq").write_text("block secret { relu }\n")
    (tmp_path / "inside2").mkdir()  # a name that begins like the project's
    (tmp_path / "inside2" / "secret.seq").write_text("block secret { relu }\n")
    (inside / "link.seq").symlink_to(tmp_path / "secret.seq")
    (inside / "near.seq").symlink_to("parts/part.seq")
    (inside / "folder").symlink_to(tmp_path)
    (inside / "round.seq").symlink_to("round.seq")
    (inside / "zero.seq").symlink_to("/dev/zero")
    (inside / "gone.seq").symlink_to("nowhere.seq")
    return inside


def codes(project: Path, target: str) -> set[str]:
    (project / "net.seq").write_text(f'use "{target}"{NETWORK}', encoding="utf-8")
    found = seqdsl.check(project / "net.seq")
    assert not any("secret" in str(label.span.source) for d in found for label in d.secondary)
    return {d.code.name for d in found} - {"unused-import"}


@pytest.mark.parametrize(
    "target",
    [
        "../secret.seq", "parts/../../secret.seq", "./.././secret.seq", "link.seq",
        "folder/secret.seq", "folder/inside2/secret.seq", "../inside2/secret.seq", "zero.seq",
        "/etc/passwd", "//etc/passwd", "/proc/self/environ", "/dev/stdin", "..", "../", "/",
    ],
)  # fmt: skip
def test_outside(project: Path, target: str) -> None:
    assert codes(project, target) == {"import-outside"}


def test_outside_by_its_whole_path(project: Path) -> None:
    assert codes(project, str(project.parent / "secret.seq")) == {"import-outside"}


@pytest.mark.parametrize(
    "target",
    [
        "round.seq", "gone.seq", "nosuch.seq", "PARTS/PART.SEQ", "parts",
        "parts/part.seq/x.seq", "\0", "parts/part.seq\0.seq", "a" * 300, "a/" * 3_000,
        "~/secret.seq", "$HOME/secret.seq", "%2e%2e/secret.seq", "file:///etc/passwd",
        "http://example.org/x.seq", r"\\host\share\x.seq", r"..\secret.seq", "C:/secret.seq",
        "parts\u2215part.seq", "．．/secret.seq", "", " ", "parts/part.seq ",
    ],
)  # fmt: skip
def test_nothing_there(project: Path, target: str) -> None:
    assert codes(project, target) <= {"missing-import", "import-outside", "empty-file"}
    assert codes(project, target)


@pytest.mark.parametrize(
    "target",
    [
        "parts/part.seq",
        "./parts/../parts/part.seq",
        "parts/part.seq/",
        "near.seq",
        "folder/inside/near.seq",
    ],
)
def test_inside(project: Path, target: str) -> None:
    assert codes(project, target) == set()


def test_a_project_by_way_of_a_link(project: Path) -> None:
    (project.parent / "alias").symlink_to(project)
    (project / "net.seq").write_text(f'use "parts/part.seq"{NETWORK}')
    assert {d.code.name for d in seqdsl.check(project.parent / "alias" / "net.seq")} <= {
        "unused-import"
    }


def test_a_file_of_no_project_sees_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b.seq").write_text("block b { relu }\n")
    if any((folder / ".git").exists() for folder in tmp_path.parents):
        pytest.skip("the folder of temporary files is in a project")
    assert codes(tmp_path / "a", "../b.seq") == {"import-outside"}


def test_a_long_chain_of_files(tmp_path: Path) -> None:
    for i in range(100):
        (tmp_path / f"f{i}.seq").write_text(f'use "f{i + 1}.seq"\nblock b{i} {{ relu }}\n')
    (tmp_path / "f100.seq").write_text("block b { relu }\n")
    assert "import-limit" in codes(tmp_path, "f0.seq")

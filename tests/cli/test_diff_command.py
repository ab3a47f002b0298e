"""``seqdsl diff``: what it prints, and how it ends."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from networks import ARCHITECTURES, ROOT, paper_network

from seqdsl.cli.tables import Table, write_tables

GOLDEN = ROOT / "tests" / "golden"
CIFAR = str(ARCHITECTURES / "seqresnet.seq")
IMAGENET = str(ARCHITECTURES / "seqresnet_imagenet.seq")
NET = "network {} {{ input 3x8x8; stage s {{ conv 3x3, {} }} }}\n"


def run(
    *arguments: str | Path, cwd: Path = ROOT, code: int | None = None, **options: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "seqdsl", "diff", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, input=options.get("stdin"),
        env={**os.environ, "PATH": options.get("path", os.environ["PATH"])},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert code is None or done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize(
    ("file", "a", "b", "golden"),
    [
        (IMAGENET, "SeqResNetB22", "SeqResNetB42", "diff_b22_b42.txt"),
        (CIFAR, "S1", "S3", "diff_s1_s3.txt"),
    ],
)
def test_golden(file: str, a: str, b: str, golden: str) -> None:
    assert run(f"{file}:{a}", f"{file}:{b}", code=1).stdout == (GOLDEN / golden).read_text()


def test_no_difference() -> None:
    done = run(f"{CIFAR}:S1", f"{CIFAR}:SeqResNet_k8_r4_N1", code=0)
    assert "no difference" in done.stdout and not done.stderr


def test_exact_numbers_for_programs() -> None:
    before, after = (paper_network("seqresnet.seq", name) for name in ("S1", "S2"))
    sides = (f"{CIFAR}:S1", f"{CIFAR}:S2")
    (table,) = json.loads(run(*sides, "--format", "json", code=1).stdout)
    rows = table["rows"]
    texts = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert texts == list(csv.DictReader(io.StringIO(run(*sides, "--format", "csv").stdout)))
    numbers = ("params before", "params after", "MACs before", "MACs after")
    total = [before.params, after.params, before.macs, after.macs]
    assert [int(rows[-1][name]) for name in numbers] == total
    grown = {kind: [0, 0] for kind in (True, False)}
    for row in rows[:-1]:
        values = [int(row[name]) for name in numbers]
        grown[row["layer"] == ""][0] += values[1] - values[0]
        grown[row["layer"] == ""][1] += values[3] - values[2]
    assert grown[True] == grown[False] == [total[1] - total[0], total[3] - total[2]]
    (repeated,) = [row for row in rows if row["change"] == "repeated"]
    assert (repeated["stage"], repeated["layer"]) == ("conv3", "residual")
    assert (repeated["before"], repeated["after"]) == ("× 1", "× 2")


def test_markdown(tmp_path: Path) -> None:
    for name, width in (("a", 4), ("b", 8)):
        (tmp_path / f"{name}.seq").write_text(NET.format("N", width))
    lines = run("a.seq", "b.seq", "--format", "md", cwd=tmp_path, code=1).stdout.splitlines()
    assert lines[0] == "**N: a.seq → b.seq**"
    assert "|  | ~ conv 3x3 | width=4 | width=8 | +116 | +6.912K |" in lines


def test_no_cell_is_cut_short() -> None:
    cells = tuple("wide" * times for times in (30, 20, 10))
    text = write_tables([Table("T", ("a", "b", "c"), (cells,))], "table")
    assert all(cell in text.split() for cell in cells)


def test_parameters_of_both_and_of_each() -> None:
    side = f"{CIFAR}:SeqResNet"
    done = run(side, side, "-D", "r=4", "-D", "N=1", "-A", "k=8", "-B", "k=16", code=1)
    golden = (GOLDEN / "diff_s1_s3.txt").read_text()
    assert done.stdout.splitlines()[0] == "SeqResNet: k=8 → k=16"
    assert done.stdout.splitlines()[1:] == golden.splitlines()[1:]
    assert run(side, side, "-D", "k=8", "-D", "r=4", "-D", "N=1", "-A", "k=4", "-B", "k=4", code=0)
    assert "SEQ207" in run(side, side, "-D", "r=4", code=2).stderr


def test_files_network_by_network(tmp_path: Path) -> None:
    old = [("Same", 4), ("Wider", 4), ("Gone", 5), ("Called", 6)]
    new = [("Named", 6), ("Wider", 8), ("Same", 4), ("New", 7)]
    for name, nets in (("old", old), ("new", new)):
        (tmp_path / f"{name}.seq").write_text("".join(NET.format(*net) for net in nets))
    done = run("old.seq", "new.seq", "--format", "json", cwd=tmp_path, code=1)
    absent, wider = json.loads(done.stdout)
    assert [(row["network"], row["change"]) for row in absent["rows"]] == [
        ("Gone", "removed"), ("New", "added"),
    ]  # fmt: skip
    assert wider["title"] == "Wider: old.seq → new.seq"
    assert done.stderr == "3 of 5 networks differ\n"
    done = run("old.seq", "old.seq", "--format", "json", cwd=tmp_path, code=0)
    assert json.loads(done.stdout) == [] and done.stderr == "0 of 4 networks differ\n"
    assert run("old.seq", "new.seq", "--network", "Same", cwd=tmp_path, code=0)
    assert run("old.seq:Wider", "new.seq:Named", cwd=tmp_path, code=1)
    assert run("-", "new.seq:Wider", cwd=tmp_path, code=0, stdin=NET.format("N", 8))


def test_revisions(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "main")
    for width in (4, 8):
        (tmp_path / "net.seq").write_text(NET.format("N", width))
        git("add", ".")
        git("commit", "-m", str(width))
    (tmp_path / "net.seq").write_text("# the same\n" + NET.format("M", 8))
    assert run("HEAD:net.seq", "net.seq", cwd=tmp_path, code=0)
    done = run("HEAD~1:net.seq", "net.seq:M", "--network", "N", cwd=tmp_path, code=1)
    assert done.stdout.splitlines()[0] == "N → M"
    done = run("HEAD~1:net.seq:N", "main:net.seq:N", cwd=tmp_path, code=1)
    assert done.stdout.splitlines()[0] == "N: HEAD~1:net.seq → main:net.seq"
    assert "SEQ007" in run("nope:net.seq", "net.seq", cwd=tmp_path, code=2).stderr
    assert "SEQ001" in run("HEAD:no.seq", "net.seq", cwd=tmp_path, code=2).stderr
    assert "SEQ008" in run("HEAD:net.seq", "net.seq", cwd=tmp_path, code=2, path="").stderr


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (("no.seq", CIFAR), "SEQ001"),
        ((f"{CIFAR}:S9", f"{CIFAR}:S1"), "SEQ215"),
        ((f"{CIFAR}:S1", CIFAR), "the file has several networks"),
        ((CIFAR, IMAGENET), "no network of both files has the same name"),
        (("-", "-"), "once only"),
        ((f":{CIFAR}", CIFAR), "is not of the form"),
        (("HEAD:", CIFAR), "is not of the form"),
        ((CIFAR,), "Missing argument"),
    ],
)
def test_nothing_to_compare(sides: tuple[str, ...], said: str) -> None:
    done = run(*sides, code=2)
    assert said in done.stderr and not done.stdout


def test_a_file_with_errors_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "bad.seq").write_text(NET.format("N", 0))
    (tmp_path / "claim.seq").write_text("network N { input 3x8x8; relu; expect params 5M }")
    assert "SEQ302" in run("bad.seq", "claim.seq", cwd=tmp_path, code=2).stderr
    assert run("claim.seq", "claim.seq", cwd=tmp_path, code=0)  # claims are not structure


def test_colour_on_a_terminal_and_not_with_no_color(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    for name, layer in (("a", "relu"), ("b", "silu; relu")):
        text = f"network N {{ input 3x8x8\n stage s {{ {layer} }} }}"
        (tmp_path / f"{name}.seq").write_text(text)

    def printed(**environment: str) -> str:
        leader, follower = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "seqdsl", "diff", "a.seq", "b.seq"], cwd=tmp_path,
            stdout=follower, env={**os.environ, "TERM": "xterm", **environment},
        )  # fmt: skip
        os.close(follower)
        return os.read(leader, 100_000).decode()

    assert "\x1b[32m+ silu" in printed()
    assert "\x1b" not in printed(NO_COLOR="1")
    assert "\x1b" not in printed(TERM="dumb")

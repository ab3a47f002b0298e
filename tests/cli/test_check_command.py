"""`seqdsl check` of files and folders, once and at each change."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
from commands import seqdsl_command
from patience import HANG

from seqdsl.cli.commands.check import Checked
from seqdsl.cli.watch import Watched
from seqdsl.passes.coverage import Coverage

GOOD = "network {} {{ input 3x8x8; conv 3x3, 4 }}\n"
BAD = "network {} {{ input 3x8x8; cnv 3x3, 4 }}\n"
USER = 'use "parts.seq"\nnetwork {} {{ input 3x8x8; mine 4 }}\n'
PARTS = "block mine(k) { conv 3x3, k }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("n/sub").mkdir(parents=True)
    Path("n/a.seq").write_text(GOOD.format("A") + GOOD.format("AA"))
    for name in ("b", "c"):
        Path(f"n/sub/{name}.seq").write_text(USER.format(name.upper()))
    Path("n/sub/parts.seq").write_text(PARTS)


def test_files_and_networks_are_counted() -> None:
    hold = "checked: shapes and groups hold\n"
    for arguments in (("n",), (".",), ()):
        done = seqdsl_command("check", *arguments)
        assert (done.code, done.out, done.err) == (0, "", f"4 files, 4 networks {hold}")
    assert seqdsl_command("check", "n/sub/b.seq").err == f"1 file, 1 network {hold}"
    assert seqdsl_command("check", "n/a.seq", "n/sub").err == f"4 files, 4 networks {hold}"


CLAIMS = """
network Claims(width = 4) {
  input 3x8x8
  stage s { conv 3x3, width; expect macs 6912 }
  expect params 116
}
network Template(k: positive) { input 3x8x8; conv 3x3, k; expect params 1 }
network Bound(k: positive) { input 3x8x8; conv 3x3, k }
block used(layer) { layer 3x3, 4 }
block argument(kernel, width) { conv kernel, width }
block idle { relu }
model M = Bound(k=4) { expect params 116 }
network Caller(kind = argument) { input 3x8x8; used kind }
"""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "1 file, 3 networks checked: shapes, groups and 3 claims hold\n"
             "not checked: 1 template that no model binds (Template)\n"
             "not checked: 1 block that no network calls (idle)\n"),
        (("--network", "M"), "1 file, 1 network checked: shapes, groups and 1 claim hold\n"
             "not checked: 3 other networks of the file (Claims, Template, Caller)\n"),
        (("--network", "Claims", "-D", "width=8"),
             "1 file, 1 network checked: shapes and groups hold\n"
             "not checked: 2 claims, as -D sets width\n"
             "not checked: 4 other networks of the file (Template, Bound, M and 1 more)\n"),
    ],
)  # fmt: skip
def test_what_was_not_looked_at_is_said(options: tuple[str, ...], said: str) -> None:
    Path("claims.seq").write_text(CLAIMS)
    done = seqdsl_command("check", "claims.seq", *options)
    assert (done.code, done.err) == (0, said)


def test_claims_that_were_not_looked_at_are_said_beside_a_warning() -> None:
    Path("net.seq").write_text(
        "network N(width = 4) { input 3x8x8; _a = it; b = it; conv 3x3, width; expect params 1 }\n"
    )
    done = seqdsl_command("check", "net.seq", "-D", "width=8")
    assert done.code == 1 and "never read" in done.err
    assert done.err.endswith("not checked: 1 claim, as -D sets width\n")
    concise = seqdsl_command("check", "net.seq", "-D", "width=8", "--output-format", "concise")
    assert len(concise.err.splitlines()) == 1


def test_blocks_of_a_file_are_checked_where_another_calls_them() -> None:
    assert "not checked" not in seqdsl_command("check", "n").err
    done = seqdsl_command("check", "n/sub/parts.seq")
    assert done.err == (
        "1 file, 0 networks checked: syntax and names hold\n"
        "not checked: 1 block that no network calls (mine)\n"
    )


def test_no_failure_hides_another() -> None:
    Path("n/a.seq").write_text(BAD.format("A"))
    Path("n/b.seq").write_bytes(b"\xff")
    Path("n/c.seq").write_text("network {")
    Path("n/z.seq").write_text(BAD.format("Z"))
    done = seqdsl_command("check", "n/a.seq", "nosuch.seq", "n", "--output-format", "concise")
    where = [line.split(":")[0] for line in done.err.splitlines()]
    assert list(dict.fromkeys(where)) == ["n/a.seq", "nosuch.seq", "n/b.seq", "n/c.seq", "n/z.seq"]
    assert done.code == 2


def test_a_finding_in_a_file_that_others_use_is_told_once() -> None:
    Path("n/sub/parts.seq").write_text(PARTS.replace("conv", "cnv"))
    done = seqdsl_command("check", "n", str(Path("n").resolve()), "--output-format", "concise")
    assert done.code == 1 and done.err.count("n/sub/parts.seq:1:17: SEQ201") == 1
    assert len(done.err.splitlines()) == 1


def test_a_folder_without_files_is_said() -> None:
    Path("empty").mkdir()
    done = seqdsl_command("check", "empty")
    assert (done.code, done.err) == (0, "no .seq files in empty\n")
    done = seqdsl_command("check", "empty", "--output-format", "json")
    assert (done.code, json.loads(done.out)) == (0, [])


@pytest.mark.parametrize("given", [("-",), ("n", "--output-format", "json"), ("n", "-")])
def test_watching_is_for_files_and_readers(given: tuple[str, ...]) -> None:
    done = seqdsl_command("check", "--watch", *given)
    assert (
        done.code == 2 and f"--watch does not go with {'-' if '-' in given else '--'}" in done.err
    )


class Counting:
    """Stands for checking a file, and keeps what was checked."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __call__(self, file: str) -> Checked:
        self.files.append(file)
        return Checked(Coverage(1), [])

    def take(self) -> list[str]:
        taken, self.files = self.files, []
        return taken


def test_what_changed_is_checked_again_and_what_uses_it() -> None:
    check = Counting()
    watched = Watched(["n"], check)
    assert len(watched.look()) == 4 and len(check.take()) == 4
    assert not watched.look() and not check.take()
    Path("n/a.seq").write_text(GOOD.format("B"))
    assert watched.look() == {Path("n/a.seq").resolve()} and check.take() == ["n/a.seq"]
    Path("n/sub/parts.seq").write_text(PARTS + "\n")
    assert watched.look() == {Path("n/sub/parts.seq").resolve()}
    assert check.take() == ["n/sub/b.seq", "n/sub/c.seq", "n/sub/parts.seq"]
    Path("n/d.seq").write_text(GOOD.format("D"))
    assert watched.look() == {Path("n/d.seq").resolve()} and check.take() == ["n/d.seq"]


def test_a_file_that_is_gone_is_given_time_to_come_back() -> None:
    check = Counting()
    watched = Watched(["n/a.seq"], check)
    watched.look()
    Path("n/a.seq").rename("n/a.seq~")
    assert not watched.look() and watched.missing
    Path("n/a.seq~").rename("n/a.seq")
    assert not watched.look() and not watched.missing and check.take() == ["n/a.seq"]
    Path("n/a.seq").unlink()
    assert not watched.look() and watched.look() == {Path("n/a.seq").resolve()}
    assert check.take() == ["n/a.seq"] and not watched.missing


def test_what_is_used_and_not_there_is_waited_for() -> None:
    Path("n/d.seq").write_text('use "new/parts.seq"\n')
    check = Counting()
    watched = Watched(["n/d.seq"], check)
    watched.look()
    assert watched.places() == {str(Path("n").resolve())}
    Path("n/new").mkdir()
    Path("n/new/parts.seq").write_text(PARTS)
    assert watched.look() and check.take() == ["n/d.seq"] * 2
    assert watched.places() == {str(Path("n").resolve()), str(Path("n/new").resolve())}


def point(link: str, target: str) -> None:
    """Makes a link lead elsewhere, as tools do that must never leave it out: by a rename."""
    new = Path(f"{link}.new")
    new.symlink_to(target)
    new.replace(link)


def edit_in_place(link: str) -> None:
    Path(link).write_text(GOOD.format("E"))


def rename_over_the_target(link: str) -> None:
    target = Path(link).resolve()
    target.with_suffix(".tmp").write_text(GOOD.format("E"))
    target.with_suffix(".tmp").replace(target)


def rename_over_the_link(link: str) -> None:
    Path(f"{link}.tmp").write_text(GOOD.format("E"))
    Path(f"{link}.tmp").replace(link)


def linked() -> None:
    """`link.seq` leads over another link to n/a.seq; `lib` is a link to a folder, and used."""
    Path("v1").mkdir()
    Path("v2").mkdir()
    Path("v1/parts.seq").write_text(PARTS)
    Path("v2/parts.seq").write_text(PARTS.replace("conv", "cnv"))
    Path("lib").symlink_to("v1")
    Path("user.seq").write_text(USER.format("U").replace("parts.seq", "lib/parts.seq"))
    Path("broken.seq").write_text(BAD.format("A"))
    Path("current").symlink_to("n")
    Path("middle.seq").symlink_to("current/a.seq")
    Path("link.seq").symlink_to("middle.seq")
    Path("m").mkdir()
    Path("m/a.seq").write_text(BAD.format("M"))


CHANGES = {
    "a link to a file": ("link.seq", lambda: point("link.seq", "broken.seq")),
    "a link to a link": ("link.seq", lambda: point("middle.seq", "broken.seq")),
    "a link to a folder on the way": ("link.seq", lambda: point("current", "m")),
    "a link to a folder that is used": ("user.seq", lambda: point("lib", "v2")),
    "a folder that is a link": ("current", lambda: point("current", "m")),
    "the target, in place": ("link.seq", lambda: edit_in_place("link.seq")),
    "the target, by a rename": ("link.seq", lambda: rename_over_the_target("link.seq")),
    "a file in place of the link": ("link.seq", lambda: rename_over_the_link("link.seq")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_links_are_followed_and_where_they_lead(what: str) -> None:
    linked()
    path, change = CHANGES[what]
    check = Counting()
    watched = Watched([path], check)
    watched.look()
    first = check.take()
    assert first and not watched.look()
    change()
    assert watched.look(), what
    assert check.take() and not watched.look() and not check.take()


def test_a_link_that_goes_in_circles_or_nowhere() -> None:
    Path("circle.seq").symlink_to("circle.seq")
    Path("nowhere.seq").symlink_to("none/x.seq")
    for path in ("circle.seq", "nowhere.seq"):
        check = Counting()
        watched = Watched([path], check)
        watched.look()
        assert check.take() == [path] and watched.places()
        point(path, "n/a.seq")
        assert watched.look() and check.take() == [path]


class Reader:
    """The lines of a process as they come."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.seen = ""
        self._lines: Queue[str] = Queue()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)

    def until(self, words: str) -> None:
        while words not in self.seen:
            self.seen += self._lines.get(timeout=HANG)
        self.seen = self.seen.partition(words)[2]

    def rest(self) -> str:
        """What came after that, of a process that has ended."""
        self._thread.join()
        return self.seen + "".join(self._lines.queue)


@contextmanager
def watching(*paths: str) -> Iterator[Reader]:
    command = [sys.executable, "-m", "seqdsl", "check", "--watch", *paths]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Reader(process)
        finally:
            process.kill()


def test_a_mistake_is_seen_and_mended() -> None:
    with watching("n") as reader:
        reader.until("watching n (Ctrl-C ends)")
        reader.until("4 files, 4 networks checked")
        Path("n/sub/parts.seq").write_text(PARTS.replace("conv", "cnv"))
        reader.until("n/sub/parts.seq changed")
        reader.until("no layer `cnv`")
        reader.until("1 error")
        Path("n/sub/parts.tmp").write_text(PARTS)
        Path("n/sub/parts.tmp").rename("n/sub/parts.seq")
        reader.until("4 files, 4 networks checked")
        Path("n/new").mkdir()
        Path("n/new/d.seq").write_text(BAD.format("D"))
        reader.until("n/new/d.seq changed")
        reader.until("1 error")
        Path("n/new/d.seq").unlink()
        reader.until("4 files, 4 networks checked")
        reader.process.send_signal(signal.SIGINT)
        assert reader.process.wait(HANG) == 130
        assert "Traceback" not in reader.rest()


def test_events_of_links_and_of_renames_arrive() -> None:
    linked()
    with watching("link.seq", "user.seq") as reader:
        reader.until("2 files, 3 networks checked")
        point("lib", "v2")
        reader.until("lib changed")
        reader.until("no layer `cnv`")
        Path("v2/parts.seq").write_text(PARTS)  # where it leads now
        reader.until("v2/parts.seq changed")
        reader.until("2 files, 3 networks checked")
        point("current", "m")
        reader.until("current changed")
        reader.until("1 error")
        rename_over_the_target("link.seq")
        reader.until("m/a.seq changed")
        reader.until("2 files, 2 networks checked")


def test_a_terminal_is_cleared() -> None:
    mine, its = pty.openpty()
    command = [sys.executable, "-m", "seqdsl", "check", "--watch", "n"]
    with subprocess.Popen(
        command, stdout=its, stderr=its, env={**os.environ, "TERM": "xterm"}
    ) as p:
        os.close(its)
        text = ""
        while "hold" not in text:
            text += os.read(mine, 4096).decode()
        p.send_signal(signal.SIGINT)
        assert p.wait(HANG) == 130
    os.close(mine)
    assert re.search(r"\x1b\[2J.*\x1b\[1m\d\d:\d\d:\d\d  watching n \(Ctrl-C ends\)\x1b\[0m", text)

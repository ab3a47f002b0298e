"""The preview's server: who gets the page, and that it follows its file."""

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from patience import HANG

from seqdsl.page.contents import Page
from seqdsl.page.server import Preview

GOOD = "network N {\n  input 3x8x8\n  conv 3x3, 4\n}\n"
BROKEN = GOOD.replace("conv 3x3", "cnv 3x3")


@dataclass
class Running:
    process: subprocess.Popen[str]
    address: str
    file: Path

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    @property
    def token(self) -> str:
        return urlsplit(self.address).query.removeprefix("token=")

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, dict]:
        connection = http.client.HTTPConnection(self.host, timeout=HANG)
        connection.putrequest("GET", path, skip_host=True)
        for name, value in {"Host": self.host, **(headers or {})}.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())


@contextmanager
def showing(folder: Path, name: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", "seqdsl", "preview", name], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield Running(process, process.stdout.readline().strip(), folder / name)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "net.seq").write_text(GOOD)
    (tmp_path / "secret.txt").write_text("secret")
    with showing(tmp_path, "net.seq") as running:
        yield running


def events(running: Running, seen: int) -> Iterator[dict]:
    connection = http.client.HTTPConnection(running.host, timeout=HANG)
    connection.request("GET", f"/events?token={running.token}&seen={seen}")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
    while line := answer.readline():
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def test_the_page(running: Running) -> None:
    status, text, headers = running.get(urlsplit(running.address).path + f"?token={running.token}")
    assert status == 200 and '"name":"N"' in text
    assert f'data-live="/events?token={running.token}&amp;seen=1"' in text
    assert "connect-src 'self'" in text
    assert headers["Referrer-Policy"] == "no-referrer" and headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


def test_only_this_machine_is_listened_to(running: Running) -> None:
    """On the loopback interface, another address of which it does not have."""
    port = int(running.host.rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), timeout=HANG).close()
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError):
            socket.create_connection((address, port), timeout=HANG)


@pytest.mark.parametrize(
    "line", ["GET http://[ HTTP/1.1", "GET /events?token={}&seen=" + 5000 * "9", "", "\x00\xff"]
)
def test_nothing_that_is_sent_is_told(running: Running, line: str) -> None:
    """No traceback, whatever comes, or goes away; and the page is still there."""
    host, _, port = running.host.partition(":")
    for _ in range(3):
        with socket.create_connection((host, int(port)), timeout=HANG) as connection:
            sent = f"{line.format(running.token)}\r\nHost: {running.host}\r\n\r\n"
            connection.sendall(sent.encode("latin-1"))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert running.get(f"/?token={running.token}")[0] == 200
    running.process.terminate()
    _, told = running.process.communicate(timeout=HANG)
    assert told == "showing net.seq (Ctrl-C ends)\n"


def test_a_port_that_browsers_leave_out() -> None:
    preview = Preview(Page("1", "net.seq", ()))
    preview.start()
    try:
        token = preview.token
        assert not preview.admits("127.0.0.1", None, token)
        preview.own(80)
        assert preview.admits("127.0.0.1", "http://127.0.0.1", token)
        assert preview.admits("localhost:80", None, token)
        assert not preview.admits("127.0.0.1", "http://evil.example", token)
    finally:
        preview.stop()


@pytest.mark.parametrize("path", ["/?token={}", "/events?token={}"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # a name that was made to point here
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1"},  # of another port
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
    ],
    ids=str,
)
def test_a_foreign_request_is_refused(running: Running, path: str, headers: dict) -> None:
    status, text, _ = running.get(path.format(running.token), headers)
    assert (status, text) == (403, "forbidden\n") or (status == 400 and not headers["Host"])


@pytest.mark.parametrize("token", ["", "x", "é", "%00"])
@pytest.mark.parametrize("path", ["/", "/events", "/secret.txt"])
def test_without_the_token(running: Running, path: str, token: str) -> None:
    from urllib.parse import quote

    assert running.get(f"{path}?token={quote(token)}")[:2] == (403, "forbidden\n")
    assert running.get(path)[:2] == (403, "forbidden\n")


@pytest.mark.parametrize(
    "path", ["/secret.txt", "/net.seq", "/../secret.txt", "/%2e%2e/secret.txt", "//secret.txt",
             "/etc/passwd", "/..%5c..%5cetc%5cpasswd", "file:///etc/passwd"],
)  # fmt: skip
def test_there_is_no_file_to_be_had(running: Running, path: str) -> None:
    status, text, _ = running.get(f"{path}?token={running.token}")
    assert (status, text) == (404, "there is nothing here\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_nothing_but_reading(running: Running, method: str) -> None:
    connection = http.client.HTTPConnection(running.host, timeout=HANG)
    connection.request(method, f"/?token={running.token}")
    assert connection.getresponse().status == 501


def test_the_file_is_followed(running: Running) -> None:
    stream = events(running, 1)
    running.file.write_text(GOOD.replace("4", "16"))
    page = next(stream)
    assert page["networks"][0]["parts"]["conv1"]["output"] == "16x8x8"
    assert page["diagnostics"] is None
    running.file.write_text(BROKEN)
    page = next(stream)
    assert page["diagnostics"]["errors"] == 1 and "did you mean" in page["diagnostics"]["text"]
    assert page["networks"][0]["parts"]["conv1"]["output"] == "16x8x8"  # as it last was
    running.file.unlink()
    page = next(stream)
    assert "does not exist" in page["diagnostics"]["text"]
    running.file.write_text(GOOD)
    page = next(p for p in stream if p["diagnostics"] is None)
    assert page["networks"][0]["parts"]["conv1"]["output"] == "4x8x8"


def test_a_link_is_followed(tmp_path: Path) -> None:
    for name, width in (("old", "4"), ("new", "16")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.seq").write_text(GOOD.replace("4", width))
    (tmp_path / "current").symlink_to("old")
    with showing(tmp_path, "current/net.seq") as running:
        stream = events(running, 1)
        (tmp_path / "next").symlink_to("new")
        (tmp_path / "next").replace(tmp_path / "current")
        assert next(stream)["networks"][0]["parts"]["conv1"]["output"] == "16x8x8"
        (tmp_path / "new" / "next").write_text(GOOD.replace("4", "32"))
        (tmp_path / "new" / "next").replace(tmp_path / "new" / "net.seq")
        assert next(stream)["networks"][0]["parts"]["conv1"]["output"] == "32x8x8"


def test_what_a_reader_missed_is_sent_at_once(running: Running) -> None:
    running.file.write_text(GOOD.replace("4", "16"))
    assert next(events(running, 1))["networks"]
    assert next(events(running, 1))["networks"]  # to another, later


def test_a_file_that_is_broken_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "net.seq").write_text(BROKEN)
    process = subprocess.Popen(
        [sys.executable, "-m", "seqdsl", "preview", "net.seq"], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        running = Running(process, process.stdout.readline().strip(), tmp_path / "net.seq")
        text = running.get(f"/?token={running.token}")[1]
        assert '"networks":[]' in text and "SEQ" in text
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(os.name == "nt", reason="signals are of POSIX")
@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "while it waits"])
def test_it_ends_in_order(running: Running, end: signal.Signals, code: int, waits: bool) -> None:
    if waits:
        running.file.write_text(GOOD.replace("4", "16"))
        assert running.process.stderr is not None
        assert any("changed" in line for line in running.process.stderr)
    running.process.send_signal(end)
    _, told = running.process.communicate(timeout=HANG)
    assert running.process.returncode == code and "Traceback" not in told


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "net.seq").write_text(GOOD)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "seqdsl", "preview", "net.seq", "--port",
             str(taken.getsockname()[1])], cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 2 and "can't be had" in done.stderr

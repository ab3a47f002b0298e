"""Serves one page on the loopback interface, and sends it anew whenever it changes."""

from __future__ import annotations

import hmac
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from seqdsl.page.contents import Page, write_json
from seqdsl.page.html import write_html

ADDRESS = "127.0.0.1"
_HTTP = 80
_DIGITS = 10  # of a version
_BEAT = 10.0  # seconds after which a connection that says nothing is told that it lives


class Preview:
    """A server of one page. It reads no file: there is nothing else to be had from it.

    A request must name this server as its host, come from its own page or from none, and hold the
    token, which is new with each server.
    """

    def __init__(self, page: Page, port: int = 0) -> None:
        """Raises OSError where the port can't be had."""
        self._page, self._version = page, 1
        self._changed = threading.Condition()
        self.token = secrets.token_urlsafe(24)
        handler = type("Handler", (_Handler,), {"preview": self})
        self._server = _Server((ADDRESS, port), handler)
        self.own(self._server.server_address[1])

    def own(self, port: int) -> None:
        """Takes the names of a port for its own; that of HTTP nobody names."""
        self.port = port
        names = (ADDRESS, "localhost")
        self._hosts = {f"{name}:{port}" for name in names} | ({*names} if port == _HTTP else set())

    @property
    def address(self) -> str:
        """What opens the page."""
        return f"http://{ADDRESS}:{self.port}/?token={self.token}"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def show(self, page: Page) -> None:
        """Replaces the page, here and wherever it is open."""
        with self._changed:
            self._page, self._version = page, self._version + 1
            self._changed.notify_all()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- what its handlers ask

    def admits(self, host: str | None, origin: str | None, token: str | None) -> bool:
        own = host in self._hosts and origin in (None, f"http://{host}")
        return own and hmac.compare_digest((token or "").encode(), self.token.encode())

    def html(self) -> str:
        with self._changed:
            page, version = self._page, self._version
        return write_html(page, f"/events?token={self.token}&seen={version}")

    def later_than(self, version: int, patience: float) -> tuple[int, Page] | None:
        """The page once there is a later one; None where there is none in so many seconds."""
        with self._changed:
            if self._changed.wait_for(lambda: self._version > version, patience):
                return self._version, self._page
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a reader went away, or sent what is no request."""


class _Handler(BaseHTTPRequestHandler):
    preview: ClassVar[Preview]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "seqdsl", ""

    def do_GET(self) -> None:
        try:
            asked = urlsplit(self.path)
        except ValueError:
            self._answer(HTTPStatus.BAD_REQUEST, "text/plain", "this is no address\n")
            return
        query = parse_qs(asked.query)
        token = query.get("token", [None])[0]
        if not self.preview.admits(self.headers.get("Host"), self.headers.get("Origin"), token):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "forbidden\n")
        elif asked.path == "/":
            self._answer(HTTPStatus.OK, "text/html", self.preview.html())
        elif asked.path == "/events":
            seen = self.headers.get("Last-Event-ID") or query.get("seen", ["0"])[0]
            self._stream(int(seen) if seen.isdecimal() and len(seen) < _DIGITS else 0)
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "there is nothing here\n")

    def _answer(self, status: HTTPStatus, type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self._send_safety()
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, version: int) -> None:
        """Pages as server-sent events, until the reader is gone."""
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self._send_safety()
        self.end_headers()
        try:
            while True:
                found = self.preview.later_than(version, _BEAT)
                if found is None:
                    self.wfile.write(b": still here\n\n")
                else:
                    version, page = found
                    self.wfile.write(f"id: {version}\ndata: {write_json(page)}\n\n".encode())
                self.wfile.flush()
        except OSError:  # the reader is gone
            return

    def _send_safety(self) -> None:
        """The token is in the address: no other page is told of it, and none frames this one."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: standard error is for what is said of the file."""

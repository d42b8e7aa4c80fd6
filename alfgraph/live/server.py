"""The server of the live board: one page and its news, for browsers on this machine only.

Whoever can reach a loopback port can also be a web page of somebody else in the user's browser.
Three things keep those out: a request must be addressed to this machine by a loopback name (a
foreign name that resolves to it is refused: DNS rebinding), what asks for news must be JSON, which
other origins may not send without being allowed to, and where a browser tells the origin of a
request it must be our own. What is sent is looked up, never evaluated.
"""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from alfgraph.diagnostics.errors import UsageError
from alfgraph.live.bulletin import Bulletin, Wires

ADDRESS = "127.0.0.1"
NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
LONGEST_BODY = 1 << 16
MOST_WIRES = 64
PATIENCE = 10.0
"""Seconds after which a page that waits for news is told that there are none."""

IDLE = 30.0
"""Seconds after which a connection that asks nothing is closed."""

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class BoardServer:
    """Serves one page at `/` and news at `/live`, from threads of its own.

    Attributes:
        address: what to open in a browser.
    """

    def __init__(self, port: int, bulletin: Bulletin, patience: float = PATIENCE) -> None:
        """Take the port; nothing is answered before `start`.

        Args:
            port: on the loopback interface; 0 takes a free one.
            bulletin: where news come from.
            patience: seconds a page waits for news at most.

        Raises:
            UsageError: the port cannot be had.
        """
        handler = type("Handler", (_Handler,), {"bulletin": bulletin, "patience": patience})
        try:
            self._server = _Server((ADDRESS, port), handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"the board cannot be served on port {port}: {reason}",
                help="without --board-port a free port is taken",
            ) from error
        self.address = f"http://{ADDRESS}:{self._server.server_address[1]}/"
        self._thread: threading.Thread | None = None

    def start(self, page: str) -> None:
        """Answer from now on.

        Args:
            page: what is served at `/`.
        """
        self._server.page = page.encode()
        # A daemon: it must not keep a process alive that a second interruption ends.
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="alfgraph-board", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and let go of the port."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    page = b""

    def handle_error(self, request: object, client_address: object) -> None:
        """A page that was closed while we answered is no error, and nothing else is our user's."""


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection, in a thread of its own."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "alfgraph", ""
    timeout = IDLE
    bulletin: Bulletin
    patience: float
    server: _Server

    def do_GET(self) -> None:
        """The page."""
        try:
            self._check_host()
            if urlsplit(self.path).path != "/":
                raise _Refused(HTTPStatus.NOT_FOUND, "there is only the board, at /")
        except _Refused as refused:
            self._refuse(refused)
        else:
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)

    def do_POST(self) -> None:
        """News, once there are any."""
        try:
            self._check_host()
            self._check_origin()
            if urlsplit(self.path).path != "/live":
                raise _Refused(HTTPStatus.NOT_FOUND, "news are at /live")
            page, after, wires = _asked(self._body())
        except _Refused as refused:
            self._refuse(refused)
            return
        with self.bulletin.reading(page, after, wires, self.patience) as news:
            text = json.dumps(news, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            self._answer(HTTPStatus.OK, "application/json", text.encode())

    def _check_host(self) -> None:
        try:
            name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        except ValueError:  # a bracket too few
            name = None
        if name not in NAMES:
            raise _Refused(HTTPStatus.FORBIDDEN, "this board is for this machine only")

    def _check_origin(self) -> None:
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{self.headers['Host']}":
            raise _Refused(HTTPStatus.FORBIDDEN, "this board is for its own page only")
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "ask in JSON")

    def _body(self) -> object:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "ask more briefly")
        try:
            body: object = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise _Refused(HTTPStatus.BAD_REQUEST, "that is no JSON") from None
        return body

    def _refuse(self, refused: _Refused) -> None:
        self.close_connection = True  # what else was sent is not read
        self._answer(refused.status, "text/plain; charset=utf-8", f"{refused}\n".encode())

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        }.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal belongs to the run."""


def _asked(body: object) -> tuple[str, int, Wires]:
    """What a page says: who it is, what it has read, what it wants measured.

    Raises:
        _Refused: it is not of that form.
    """
    match body:
        case {"page": str(page), "after": int(after), "wires": list(wires)}:
            pins = tuple(_pin(wire) for wire in wires[:MOST_WIRES])
            return page[:64], after, pins
    raise _Refused(HTTPStatus.BAD_REQUEST, "ask with `page`, `after` and `wires`")


def _pin(wire: object) -> tuple[str, str]:
    match wire:
        case [str(node), str(pin)]:
            return node, pin
    raise _Refused(HTTPStatus.BAD_REQUEST, "a wire is a pair of node and pin")

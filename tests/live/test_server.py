"""The server answers its own page on this machine, and nobody else."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from alfgraph.diagnostics.errors import UsageError
from alfgraph.live.bulletin import Bulletin
from alfgraph.live.server import LONGEST_BODY, BoardServer

PAGE = "<!doctype html><title>π</title>"
ASKED = {"page": "p", "after": 0, "wires": [["unroll/env", "step.reward"]]}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server() -> Iterator[BoardServer]:
    bulletin = Bulletin()
    bulletin.post({"iteration": 7, "note": "<π>"}, {("unroll/env", "step.reward"): {"calls": 1}})
    made = BoardServer(0, bulletin, patience=0.05)
    made.start(PAGE)
    yield made
    made.close()


def answered(server: BoardServer, path: str = "", body: Any = None, **headers: str) -> Any:
    """Status, headers and content of an answer."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(server.address + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def asked(server: BoardServer, body: Any = ASKED, path: str = "live", **headers: str) -> Any:
    return answered(server, path, body, **{**JSON, **headers})


def test_it_serves_the_page_to_this_machine_only(server: BoardServer) -> None:
    assert server.address.startswith("http://127.0.0.1:")
    status, headers, content = answered(server)
    assert (status, content.decode()) == (200, PAGE)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "connect-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert answered(server, "etc/passwd")[0] == 404
    assert answered(server, "?x=1")[0] == 200


def test_it_tells_news(server: BoardServer) -> None:
    status, headers, content = asked(server)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    news = json.loads(content)
    wires = [["unroll/env", "step.reward", {"calls": 1}]]
    assert news == {"iteration": 7, "note": "<π>", "number": 1, "wires": wires}
    assert json.loads(asked(server, {**ASKED, "after": 1})[2])["number"] == 1, "after its patience"


def test_one_connection_carries_many_requests(server: BoardServer) -> None:
    from http.client import HTTPConnection

    connection = HTTPConnection(server.address.removeprefix("http://").rstrip("/"), timeout=20)
    for _ in range(3):
        connection.request("POST", "/live", json.dumps(ASKED), JSON)
        assert json.loads(connection.getresponse().read())["iteration"] == 7
    connection.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "["])
def test_foreign_names_are_refused(server: BoardServer, host: str) -> None:
    """A name of somebody else's that resolves to this machine: DNS rebinding."""
    assert answered(server, Host=host)[0] == 403
    assert asked(server, Host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1:1234", "[::1]:80", "LOCALHOST"])
def test_names_of_this_machine_are_served(server: BoardServer, host: str) -> None:
    """With any port: it may be forwarded from another machine."""
    assert answered(server, Host=host)[0] == 200


def test_other_origins_are_refused(server: BoardServer) -> None:
    own = server.address.rstrip("/")
    assert asked(server, Origin=own)[0] == 200
    assert asked(server, Origin="null")[0] == 403
    assert asked(server, Origin="http://evil.example")[0] == 403
    assert asked(server, Origin="http://127.0.0.1:1")[0] == 403, "another server on this machine"
    forms = {"Content-Type": "text/plain"}  # other origins may send those unasked
    assert asked(server, **forms)[0] == 415
    assert answered(server, "live")[0] == 404, "news are not had by GET"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 60_000, 400),
        (b" " * (LONGEST_BODY + 1), 413),
        ([], 400),
        ({"page": "p", "after": "x", "wires": []}, 400),
        ({"page": "p", "after": 0, "wires": [["a"]]}, 400),
        ({"page": "p", "after": 0, "wires": ["a.b"]}, 400),
        (b"\xff\xfe", 400),
    ],
)
def test_what_is_no_question_is_refused(server: BoardServer, body: Any, status: int) -> None:
    assert asked(server, body)[0] == status
    assert asked(server)[0] == 200, "and does no harm"


def test_news_are_only_at_their_place(server: BoardServer) -> None:
    assert asked(server, path="other")[0] == 404


def test_a_page_closed_in_the_middle_does_no_harm(server: BoardServer) -> None:
    port = int(server.address.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n")
    assert asked(server)[0] == 200


def test_a_port_that_is_taken_is_a_usage_error(server: BoardServer) -> None:
    port = int(server.address.rstrip("/").rpartition(":")[2])
    with pytest.raises(UsageError, match=rf"(?s)port {port}.*without --board-port"):
        BoardServer(port, Bulletin())
    with pytest.raises(UsageError, match="port 70000"):
        BoardServer(70_000, Bulletin())


def test_a_closed_server_gives_its_port_back() -> None:
    first = BoardServer(0, Bulletin())
    first.start(PAGE)
    port = int(first.address.rstrip("/").rpartition(":")[2])
    first.close()
    second = BoardServer(port, Bulletin())
    second.close()

"""Keys pressed while a panel is shown: not echoed meanwhile, and again as before afterwards."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from alfgraph.monitor.live_terminal import SHOW_CURSOR, QuietKeys

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys, termios
from alfgraph.monitor.live_terminal import QuietKeys
echoes = lambda: bool(termios.tcgetattr(1)[3] & termios.ECHO)
keys = QuietKeys(sys.stdout)
said = [echoes()]
keys.hold(); said.append(echoes())
keys.release(); keys.release(); said.append(echoes())
keys.hold(); keys.abandon(); said.append(echoes())
print(said)
"""


def in_a_terminal(script: str) -> bytes:
    """What a Python script prints whose standard streams are a terminal of its own."""
    pty = pytest.importorskip("pty", reason="the system has no such terminals")
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-c", script], {"PYTHONPATH": str(ROOT)})
    printed = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        printed += piece
    os.waitpid(child, 0)
    os.close(terminal)
    return printed


def test_keys_are_not_echoed_while_the_terminal_is_held() -> None:
    printed = in_a_terminal(SCRIPT).replace(b"\r\n", b"\n")
    assert printed == SHOW_CURSOR + b"[True, False, True, True]\n"


def test_a_stream_that_is_no_terminal_is_left_alone(tmp_path: Path) -> None:
    for stream in (io.StringIO(), (tmp_path / "log").open("w")):
        with stream:
            keys = QuietKeys(stream)
            keys.hold()
            keys.abandon()
    assert (tmp_path / "log").read_text() == ""

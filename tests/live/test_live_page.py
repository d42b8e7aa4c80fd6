"""Runs with a live board: equal to those without, and pages hear how they end."""

from __future__ import annotations

import json
import sys
import threading
import urllib.request
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import alfgraph
from alfgraph.compiler.plan import Plan
from alfgraph.diagnostics.errors import RunError, UsageError
from alfgraph.live import live_page
from alfgraph.live.live_page import LivePage
from alfgraph.runtime.opening import RunOptions, open_session
from alfgraph.runtime.session import Session
from tests.runtime.comparison import run_differences
from tests.runtime.training import board, train


class Reader(threading.Thread):
    """A page without a browser: reads news until the run ends, and has wires measured."""

    def __init__(self, address: str, wires: list[list[str]]) -> None:
        super().__init__(daemon=True)
        self.address, self.asked = address, wires
        self.news: dict[str, Any] = {"number": 0, "state": "training"}
        self.reports: dict[str, Any] = {}
        self.start()

    def run(self) -> None:
        while self.news["state"] == "training":
            body = {"page": self.name, "after": self.news["number"], "wires": self.asked}
            headers = {"Content-Type": "application/json"}
            where = f"{self.address}live"
            request = urllib.request.Request(where, json.dumps(body).encode(), headers)
            with urllib.request.urlopen(request, timeout=150) as answer:
                self.news = json.load(answer)
            self.reports |= {f"{node}:{pin}": report for node, pin, report in self.news["wires"]}

    def ended(self) -> str:
        self.join(150)
        return str(self.news["state"])


def watched(session: Session) -> tuple[LivePage, list[list[str]]]:
    live = session.progress
    assert isinstance(live, LivePage)
    return live, [list(pin) for pin in live._probes._values]


def opened(plan: Plan, path: Path | None, save: bool = True) -> AbstractContextManager[Session]:
    """A session with a live page on a free port."""
    return open_session(plan, path, RunOptions(quiet=True, save=save), partial(LivePage, 0))


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """News, and a measured iteration, at every turn; a busy machine takes its time to read."""
    monkeypatch.setattr(live_page, "INTERVAL", 0.0)
    monkeypatch.setattr(live_page, "FAREWELL", 30.0)


@pytest.mark.parametrize("name", ["ppo_cart_pole", "sac_pendulum"])
def test_a_watched_run_is_the_run_it_would_have_been(name: str, tmp_path: Path) -> None:
    """Two pages have wires measured, and the run is left and resumed in between."""
    graph = board(name, trainer__num_iterations=12, trainer__num_eval_episodes=2)
    train(graph, tmp_path / "plain")
    plan = alfgraph.plan(graph)
    for until in (5, 12):
        with opened(plan, tmp_path / "watched") as session:
            live, wires = watched(session)
            pages = [Reader(live.address, wires), Reader(live.address, wires[:3])]
            while len(live._bulletin.wanted()) < len(wires):
                pages[0].join(0.01)
            while not session.is_done and session.iteration < until:
                session.iterate()
            session.finish(interrupted=until != 12)
        end = "finished" if until == 12 else "interrupted"
        assert [page.ended() for page in pages] == [end, end]
    assert run_differences(tmp_path / "plain", tmp_path / "watched") == []
    first, second = pages
    assert {pin.partition("/")[0] for pin in first.reports} >= {"unroll", "update"}
    assert set(second.reports) <= {f"{node}:{pin}" for node, pin in wires[:3]}
    assert first.news["iteration"] == 12
    assert any(curve["name"].endswith("/loss") for curve in first.news["curves"])
    assert set(first.news["phases"]) == {p.name for p in plan.phases if p.phase != "predict"}


def test_a_resumed_run_shows_its_curves_from_the_start(tmp_path: Path) -> None:
    train(board("recurrent", trainer__num_iterations=6), tmp_path)
    graph = board("recurrent", trainer__num_iterations=8)
    with opened(alfgraph.plan(graph), tmp_path) as session:
        live, _ = watched(session)
        page = Reader(live.address, [])
        while not session.is_done:
            session.iterate()
    assert page.ended() == "finished"
    loss = next(c for c in page.news["curves"] if c["name"].endswith("/loss"))
    steps = session.program.counters["env_steps"]
    assert [x for x, _ in loss["points"]] == [steps * i // 8 for i in range(1, 9)]


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    graph = board("faulty", env__kwargs={"fault": "raise"})
    with (
        pytest.raises(RunError, match="the world is flat"),
        opened(alfgraph.plan(graph), tmp_path) as session,
    ):
        live, wires = watched(session)
        page = Reader(live.address, wires)
        while not session.is_done:
            session.iterate()
    assert page.ended() == "failed"
    assert "the world is flat" in page.news["note"]


def test_a_finished_run_is_shown_as_finished(tmp_path: Path) -> None:
    graph = board("recurrent", trainer__num_iterations=2)
    train(graph, tmp_path)
    with opened(alfgraph.plan(graph), tmp_path) as session:
        live, _ = watched(session)
        page = Reader(live.address, [])
        while page.news["number"] == 0:
            page.join(0.01)
    assert page.ended() == "finished"
    assert page.news["iteration"] == 2


def test_a_taken_port_is_said_before_anything_is_written(tmp_path: Path) -> None:
    graph = board("recurrent")
    with opened(alfgraph.plan(graph), None, save=False) as session:
        live, _ = watched(session)
        port = int(live.address.rstrip("/").rpartition(":")[2])
        with pytest.raises(UsageError, match=f"port {port}"):
            train(graph, tmp_path / "run", live_port=port)
    assert list(tmp_path.iterdir()) == []


def test_the_address_is_said_even_where_nothing_is_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with opened(alfgraph.plan(board("recurrent")), None, save=False) as session:
        live, _ = watched(session)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert f"the live board is at {live.address}" in captured.err


def test_a_run_without_a_board_knows_of_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("alfgraph.live")]:
        monkeypatch.delitem(sys.modules, name)
    train(board("recurrent", trainer__num_iterations=1), save=False)
    assert [name for name in sys.modules if name.startswith("alfgraph.live")] == []

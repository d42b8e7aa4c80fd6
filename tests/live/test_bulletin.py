"""What pages read of a run, and what the run learns of its pages."""

from __future__ import annotations

import threading
import time
from typing import Any

from alfgraph.live.bulletin import LEASE, Bulletin, Wires


def read(bulletin: Bulletin, page: str, after: int, wires: Wires, seconds: float) -> dict[str, Any]:
    with bulletin.reading(page, after, wires, seconds) as news:
        return news


ACTION, REWARD = ("unroll/sample", "action"), ("unroll/env", "step.reward")


class Hand:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_page_reads_the_newest_news_and_its_own_wires() -> None:
    bulletin = Bulletin()
    bulletin.post({"iteration": 1}, {})
    bulletin.post({"iteration": 2}, {ACTION: {"calls": 3}, REWARD: {"calls": 5}})
    assert read(bulletin, "page", 0, (REWARD,), 0.0) == {
        "iteration": 2,
        "number": 2,
        "wires": [["unroll/env", "step.reward", {"calls": 5}]],
    }
    assert read(bulletin, "page", 1, (), 0.0)["wires"] == []


def test_wires_are_wanted_as_long_as_a_page_asks_for_them() -> None:
    clock = Hand()
    bulletin = Bulletin(clock)
    bulletin.post({}, {})
    assert bulletin.wanted() == ()
    read(bulletin, "one", 0, (REWARD, ACTION), 0.0)
    clock.now += LEASE / 2
    read(bulletin, "two", 0, (REWARD,), 0.0)
    assert bulletin.wanted() == (REWARD, ACTION)
    clock.now += 0.6 * LEASE
    assert bulletin.wanted() == (REWARD,), "the first page was closed"
    read(bulletin, "two", 0, (), 0.0)
    assert bulletin.wanted() == ()


def test_a_page_waits_for_news() -> None:
    bulletin = Bulletin()
    bulletin.post({"iteration": 1}, {})
    found: list[object] = []
    reader = threading.Thread(target=lambda: found.append(read(bulletin, "p", 1, (ACTION,), 20.0)))
    reader.start()
    while not bulletin.wanted():
        time.sleep(0.001)
    assert found == []
    bulletin.post({"iteration": 2}, {})
    reader.join(20)
    assert found == [{"iteration": 2, "number": 2, "wires": []}]


def test_a_page_that_wants_another_wire_is_answered_at_once() -> None:
    bulletin = Bulletin()
    bulletin.post({}, {})
    reader = threading.Thread(target=read, args=(bulletin, "page", 1, (ACTION,), 20.0))
    reader.start()
    while not bulletin.wanted():
        time.sleep(0.001)
    read(bulletin, "page", 0, (REWARD,), 0.0)
    reader.join(20)
    assert not reader.is_alive()


def test_the_end_waits_for_open_pages_only() -> None:
    clock = Hand()
    bulletin = Bulletin(clock)
    bulletin.post({"state": "training"}, {})
    read(bulletin, "closed", 0, (), 0.0)
    clock.now += 2 * LEASE
    begun = time.monotonic()
    bulletin.post_last({"state": "finished"}, {}, 20.0)
    assert time.monotonic() - begun < 10, "the page was closed long ago"
    found: list[dict[str, object]] = []
    read(bulletin, "open", 2, (), 0.0)  # nothing new after the last: answered all the same
    ending = threading.Thread(target=bulletin.post_last, args=({"state": "failed"}, {}, 20.0))
    ending.start()
    while not found or found[-1]["state"] != "failed":
        found.append(read(bulletin, "open", 2, (), 20.0))
    ending.join(20)
    assert not ending.is_alive()


def test_news_are_read_when_they_were_sent() -> None:
    """The process may end right after: an answer on its way must not be lost."""
    bulletin = Bulletin()
    bulletin.post({}, {})
    ending = threading.Thread(target=bulletin.post_last, args=({}, {}, 20.0))
    with bulletin.reading("page", 0, (), 0.0):
        ending.start()
        ending.join(0.05)
        assert ending.is_alive()
    with bulletin.reading("page", 1, (), 20.0) as news:
        assert news["number"] == 2
        ending.join(0.05)
        assert ending.is_alive()
    ending.join(20)
    assert not ending.is_alive()

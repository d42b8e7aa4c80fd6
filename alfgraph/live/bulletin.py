"""Bulletin: what the training thread says and what pages ask for; all that both threads touch."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from alfgraph.drawing.picture.view import PinRef

LEASE = 3.0
"""Seconds for which a page that asks no more still counts: its wires are measured as long."""

Wires: TypeAlias = tuple[PinRef, ...]

News: TypeAlias = Mapping[str, object]
"""JSON values by name."""

Reports: TypeAlias = Mapping[PinRef, Mapping[str, object]]
"""What was measured of wires, as JSON values."""


@dataclass(slots=True)
class _Page:
    """A browser's page: what it wants measured, what it has read, and when it last asked."""

    wires: Wires = ()
    read: int = 0
    seen: float = 0.0
    waiting: int = 0


class Bulletin:
    """The newest news of a run, numbered, and the pages that read them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing to say.

        Args:
            clock: seconds.
        """
        self._clock = clock
        self._changed = threading.Condition()
        self._number = 0
        self._news: News = {}
        self._measured: Reports = {}
        self._pages: dict[str, _Page] = {}
        self._is_last = False

    # ------------------------------------------------------------ by the training thread

    def post(self, news: News, measured: Reports) -> None:
        """Put up news; those before are forgotten. What is given must not change any more.

        Args:
            news: JSON values.
            measured: reports of wires; a page reads those it asks for.
        """
        with self._changed:
            self._number += 1
            self._news, self._measured = news, measured
            self._changed.notify_all()

    def wanted(self) -> Wires:
        """The wires that pages want measured, each once; pages that were closed are forgotten."""
        with self._changed:
            latest = self._clock() - LEASE
            kept = {k: p for k, p in self._pages.items() if p.waiting or p.seen > latest}
            self._pages = kept
            return tuple(sorted({wire for page in kept.values() for wire in page.wires}))

    def post_last(self, news: News, measured: Reports, seconds: float) -> None:
        """Put up the last news, and wait until every open page has read them.

        Args:
            news: JSON values.
            measured: reports of wires.
            seconds: how long to wait at most.
        """
        self.post(news, measured)
        with self._changed:
            self._is_last = True
            deadline = time.monotonic() + seconds
            while not self._is_read() and time.monotonic() < deadline:
                self._changed.wait(0.1)  # a page that was closed says nothing: its lease runs out

    def _is_read(self) -> bool:
        latest = self._clock() - LEASE
        return all(
            page.read == self._number and not page.waiting
            for page in self._pages.values()
            if page.waiting or page.seen > latest
        )

    # ------------------------------------------------------------ by the server's threads

    @contextlib.contextmanager
    def reading(
        self, page: str, after: int, wires: Wires, seconds: float
    ) -> Iterator[dict[str, object]]:
        """Wait for news; leaving the context says that the page has got them.

        Args:
            page: who asks.
            after: the number of the news that the page has read; 0: none.
            wires: what it wants measured from now on.
            seconds: how long to wait at most.

        Yields:
            The newest news with their number, and what was measured of the wires.
        """
        with self._changed:
            entry = self._pages.setdefault(page, _Page())
            entry.wires, entry.seen = wires, self._clock()
            entry.waiting += 1
            # What the page says it has read may be of an earlier run at the same address.
            self._changed.wait_for(
                lambda: self._number != after or self._is_last or entry.wires != wires, seconds
            )
            number = self._number
            measured = [[*wire, self._measured[wire]] for wire in wires if wire in self._measured]
            news = {**self._news, "number": number, "wires": measured}
        try:
            yield news
        finally:
            with self._changed:
                entry.waiting -= 1
                entry.seen, entry.read = self._clock(), number
                self._changed.notify_all()

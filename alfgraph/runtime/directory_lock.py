"""The lock of a run directory: one process at a time writes there, and a dead one holds nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout, UnixFileLock

LOCK, HOLDER = ".lock", ".lock-holder"


class InUse(Exception):
    """Another process, or another run of this one, holds the directory; the message says who."""


class DirectoryLock:
    """Held from `take` to `release`, or to the end of the process, however it ends.

    The system keeps the lock and lets go of it: a lock file that a dead process left is just a
    file. A forked child does not hold the lock of its parent.
    """

    def __init__(self, directory: Path) -> None:
        """Touch nothing yet.

        Args:
            directory: exists when the lock is taken.
        """
        self._file, self._holder = directory / LOCK, directory / HOLDER
        self._lock: BaseFileLock = FileLock(self._file, thread_local=False)

    @property
    def is_held(self) -> bool:
        """Whether this object of this process holds the lock."""
        return self._lock.is_locked

    def take(self) -> None:
        """Take the lock at once or not at all.

        Raises:
            InUse: somebody has it.
            OSError: the directory cannot be written to.
        """
        while not self.is_held:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                if self._file.exists():
                    raise InUse(self._told_holder()) from None
                # Its holder let go between our opening the file and our locking it: once more.
        # Not into the lock file: Windows lets nobody read what is locked.
        self._holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", "utf-8")

    def release(self) -> None:
        """Let go of the directory and leave nothing in it."""
        if not self.is_held:
            return
        self._holder.unlink(missing_ok=True)
        if isinstance(self._lock, UnixFileLock):
            # While it is held, so that nobody locks a file that is about to vanish. The locks of
            # other systems remove their files themselves.
            self._file.unlink(missing_ok=True)
        self._lock.release()

    def _told_holder(self) -> str:
        try:
            return self._holder.read_text("utf-8").strip() or "another process"
        except OSError:  # it is just being taken or released
            return "another process"

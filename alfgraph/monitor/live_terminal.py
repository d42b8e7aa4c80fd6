"""The terminal under a live panel: keys that are pressed must not write into it."""

from __future__ import annotations

import os
from io import UnsupportedOperation
from typing import TYPE_CHECKING, TextIO, TypeAlias, cast

if TYPE_CHECKING:
    import termios
else:
    try:
        import termios
    except ImportError:  # Windows, whose console echoes only while somebody reads from it
        termios = None

SHOW_CURSOR = b"\x1b[?25h\n"
_LOCAL_MODES = 3
"""Where `tcgetattr` has the flags that say what is echoed."""


_Modes: TypeAlias = "list[int | list[bytes | int]]"
"""What `tcgetattr` gives."""


class QuietKeys:
    """Keeps keys, `^C` above all, from being echoed while a panel is on the screen.

    The echo would move the panel's last line, and the next drawing would miss it by one.
    """

    def __init__(self, stream: TextIO) -> None:
        """Change nothing yet.

        Args:
            stream: the terminal; anything else is left alone.
        """
        self._stream = stream
        self._before: _Modes | None = None

    def hold(self) -> None:
        """Echo keys no more; nothing where the system has no such terminals."""
        if termios is None:
            return
        try:
            descriptor = self._stream.fileno()
            if not _is_in_front(descriptor):
                return
            self._before = termios.tcgetattr(descriptor)
        except (UnsupportedOperation, OSError, termios.error):
            return  # a stream that is no terminal
        quiet = list(self._before)
        quiet[_LOCAL_MODES] = cast(int, quiet[_LOCAL_MODES]) & ~termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSANOW, quiet)

    def release(self) -> None:
        """Echo again as before; safe in a signal handler, and twice."""
        before, self._before = self._before, None
        if before is not None and _is_in_front(self._stream.fileno()):
            termios.tcsetattr(self._stream.fileno(), termios.TCSANOW, before)

    def abandon(self) -> None:
        """As `release`, and show the cursor: the process ends at once."""
        if self._before is not None:
            self.release()
            os.write(self._stream.fileno(), SHOW_CURSOR)


def _is_in_front(descriptor: int) -> bool:
    """Whether the terminal is ours to change: a process in the background would be stopped."""
    return os.tcgetpgrp(descriptor) == os.getpgrp()

"""Film: the frames of an episode as a video file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from alfgraph.diagnostics.errors import RunError, UsageError
from alfgraph.families.protocols import HasFrameRate, Renders, RunningEnvironment
from alfgraph.specs.step_types import LAST

if TYPE_CHECKING:
    from imageio.core.format import Format

    Writer: TypeAlias = Format.Writer

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""`[height, width, 3]`."""

FORMATS = (".mp4", ".gif")
DEFAULT_RATE = 30
_MILLISECONDS = 1000
_EVEN = 2
_DRIVERS = ("SDL_VIDEODRIVER", "SDL_AUDIODRIVER")


class Film:
    """Takes a frame of environment 0 at every time step, up to the end of its first episode."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with the first frame.

        Args:
            path: `.mp4` or `.gif`; missing folders are made.

        Raises:
            UsageError: another format.
        """
        if path.suffix.lower() not in FORMATS:
            raise UsageError(f"`{path}` is no video; use one of {' and '.join(FORMATS)}")
        self.path = path
        self.frames = 0
        self._writer: Writer | None = None
        self._ended = False

    def take(self, env: RunningEnvironment) -> None:
        """Add a frame.

        Raises:
            RunError: the environment renders none, or the file cannot be written.
        """
        if self._ended:
            return
        pictures = env.render() if isinstance(env, Renders) else ()
        picture = pictures[0] if pictures else None
        if not isinstance(picture, np.ndarray):
            raise RunError(
                "the environment renders no pictures, so it cannot be filmed",
                help='it must support render_mode="rgb_array"',
            )
        if self._writer is None:
            self._writer = self._open(rate_of(env))
        self._writer.append_data(_even(picture))
        self.frames += 1
        self._ended = bool(env.step_type_numpy[0] == LAST)
        if self._ended:
            self.close()

    def close(self) -> None:
        """Finish the file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _open(self, rate: float) -> Writer:
        import imageio.v2 as imageio

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.suffix.lower() == ".gif":
                return imageio.get_writer(
                    self.path, mode="I", duration=_MILLISECONDS / rate, loop=0
                )
            return imageio.get_writer(self.path, mode="I", fps=rate, macro_block_size=_EVEN)
        except OSError as error:
            raise RunError(f"{self.path} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def off_screen() -> Iterator[None]:
    """Let pygame draw without a screen and sound, which it would look for, and complain."""
    chosen = {name: "dummy" for name in _DRIVERS if name not in os.environ}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name in chosen:
            os.environ.pop(name, None)


def rate_of(env: RunningEnvironment) -> float:
    """Frames per second the environment says it should be shown at."""
    said = env.frames_per_second if isinstance(env, HasFrameRate) else None
    return float(said or DEFAULT_RATE)


def _even(picture: Pixels) -> Pixels:
    """Cut to an even height and width, which mp4's colours need."""
    height, width = picture.shape[0] // _EVEN * _EVEN, picture.shape[1] // _EVEN * _EVEN
    return np.ascontiguousarray(picture[:height, :width])

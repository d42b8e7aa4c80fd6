"""Where summaries go: JSON lines, TensorBoard, and any function of one's own.

A summary is a plain dict (`Step`), so that another service needs a function and no class:

    import wandb
    wandb.init(project="cart_pole")
    def to_wandb(step):
        wandb.log({**step["metrics"], **step["values"], **step["wall"]}, step=step["iteration"])

Files are written at once and only ever grow, in the order of iterations; resuming from a checkpoint
therefore cuts them at the first entry past it.
"""

from __future__ import annotations

import json
import math
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypedDict

from alfgraph.diagnostics.errors import RunError

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

BY_STEPS, BY_EPISODES = "Metrics_vs_EnvironmentSteps/", "Metrics_vs_NumberOfEpisodes/"
_EVENT_FILE = "events.out.tfevents."
_HEADER = struct.Struct(
    "<QI"
)  # length of a record and its checksum; a checksum of the data follows
_FOOTER = 4


class Step(TypedDict):
    """One summary.

    Attributes:
        iteration: finished iterations.
        env_steps: environment steps so far, reset steps included.
        episodes: finished episodes so far.
        metrics: episode metrics and metrics of one's own by name, without the prefix `Metrics/`.
        values: everything else that a repeated run gives again, by tag: losses, norms, rates.
        wall: what depends on the clock and the machine, by tag: seconds, steps per second, memory.
    """

    iteration: int
    env_steps: int
    episodes: int
    metrics: dict[str, float]
    values: dict[str, float]
    wall: dict[str, float]


Hook = Callable[[dict[str, Any]], None]


class Writer(Protocol):
    """Something summaries are written to."""

    def write(self, step: Step) -> None:
        """Take in one summary."""

    def text(self, tag: str, text: str, iteration: int) -> None:
        """Take in a text (Markdown): the settings, the program."""

    def flush(self) -> None:
        """Have everything on disk when this returns; called before a checkpoint is saved."""

    def cut_after(self, iteration: int) -> None:
        """Forget what was written past an iteration; called before the first `write`."""

    def close(self) -> None:
        """Flush and let go of files."""


class Writers:
    """Several writers and hooks as one writer."""

    def __init__(self, writers: Iterable[Writer] = (), hooks: Iterable[Hook] = ()) -> None:
        """Collect them.

        Args:
            writers: what can be cut and flushed.
            hooks: functions called with every summary, as a dict of their own.
        """
        self._writers = tuple(writers)
        self._hooks = tuple(hooks)

    def write(self, step: Step) -> None:
        """Hand a summary to all."""
        for writer in self._writers:
            writer.write(step)
        for hook in self._hooks:
            hook({**step})

    def text(self, tag: str, text: str, iteration: int) -> None:
        """Hand a text to all writers."""
        for writer in self._writers:
            writer.text(tag, text, iteration)

    def flush(self) -> None:
        """Flush all writers."""
        for writer in self._writers:
            writer.flush()

    def cut_after(self, iteration: int) -> None:
        """Cut all writers."""
        for writer in self._writers:
            writer.cut_after(iteration)

    def close(self) -> None:
        """Close all writers."""
        for writer in self._writers:
            writer.close()


class JsonLinesWriter:
    """One JSON object per summary; what is not finite becomes null."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made by the first summary.

        Args:
            path: `metrics.jsonl` of the run.
        """
        self.path = path
        self._file: IO[bytes] | None = None

    def write(self, step: Step) -> None:
        """Append a line."""
        record = {
            key: {name: _finite(number) for name, number in value.items()}
            if isinstance(value, Mapping)
            else value
            for key, value in step.items()
        }
        line = json.dumps(record, allow_nan=False, separators=(",", ":")) + "\n"
        with _writing(self.path):
            if self._file is None:
                self._file = self.path.open("ab", buffering=0)
            self._file.write(line.encode())

    def text(self, tag: str, text: str, iteration: int) -> None:
        """Leave it out: the run directory holds board and program as files."""

    def flush(self) -> None:
        """Wait until the lines are on disk."""
        if self._file is not None:
            with _writing(self.path):
                os.fsync(self._file.fileno())

    def cut_after(self, iteration: int) -> None:
        """Drop the lines past an iteration, and one that was cut short by a kill."""
        self.close()
        if not self.path.exists():
            return
        end = 0
        with _writing(self.path):
            with self.path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n") or _iteration_of(line) > iteration:
                        break
                    end += len(line)
            os.truncate(self.path, end)

    def close(self) -> None:
        """Flush and close."""
        try:
            self.flush()
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None


class TensorBoardWriter:
    """Event files for TensorBoard.

    Metrics are written against iterations (`Metrics/…`), environment steps and episodes; values
    and wall-clock values against iterations. A tag is written once per place on its axis: nothing
    new against episodes if none has finished since the last summary.
    """

    def __init__(self, directory: Path) -> None:
        """Name the directory; it is made by the first summary.

        Args:
            directory: `tensorboard` of the run.
        """
        self.directory = directory
        self._file: IO[bytes] | None = None
        self._path = directory
        self._written: dict[str, int] = {}

    def write(self, step: Step) -> None:
        """Append a summary, one record per axis."""
        iteration = step["iteration"]
        plain = {f"Metrics/{name}": value for name, value in step["metrics"].items()}
        self._scalars(iteration, plain | step["values"] | step["wall"])
        for prefix, axis, itself in (
            (BY_STEPS, step["env_steps"], "EnvironmentSteps"),
            (BY_EPISODES, step["episodes"], "NumberOfEpisodes"),
        ):
            metrics = step["metrics"].items()
            self._scalars(axis, {prefix + name: v for name, v in metrics if name != itself})

    def text(self, tag: str, text: str, iteration: int) -> None:
        """Append a text in Markdown."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.plugins.text.metadata import create_summary_metadata

        if self._written.get(tag, -1) >= iteration:
            return
        event = Event(wall_time=time.time(), step=iteration)
        value = event.summary.value.add(tag=tag, metadata=create_summary_metadata("", ""))
        value.tensor.dtype = 7  # DT_STRING
        value.tensor.tensor_shape.dim.add(size=1)
        value.tensor.string_val.append(text.encode())
        self._written[tag] = iteration
        self._append(event)

    def flush(self) -> None:
        """Wait until the events are on disk."""
        if self._file is not None:
            with _writing(self._path):
                os.fsync(self._file.fileno())

    def cut_after(self, iteration: int) -> None:
        """Cut every file at its first record past an iteration; files left empty are removed.

        A new file is begun afterwards, which suits a TensorBoard that is watching: it has read the
        old ones and would lose its place in one that was cut and grew again.
        """
        self.close()
        self._written = {}
        with _writing(self.directory):
            for path in self._files():
                end, summaries = 0, 0
                for stop, event in _records(path):
                    if _is_past(event, iteration):
                        break
                    end = stop
                    for value in event.summary.value:
                        summaries += 1
                        self._written[value.tag] = event.step
                if summaries:
                    os.truncate(path, end)
                else:
                    path.unlink()

    def close(self) -> None:
        """Flush and close."""
        try:
            self.flush()
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _scalars(self, axis: int, scalars: Mapping[str, float]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(wall_time=time.time(), step=axis)
        for tag, number in scalars.items():
            if self._written.get(tag, -1) < axis:
                self._written[tag] = axis
                event.summary.value.add(tag=tag, simple_value=number)
        if event.summary.value:
            self._append(event)

    def _append(self, event: Event) -> None:
        with _writing(self._path):
            file = self._file or self._open()
            file.write(_framed(event))

    def _open(self) -> IO[bytes]:
        from tensorboard.compat.proto.event_pb2 import Event

        self.directory.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads files in the order of their names, so a new one must come last.
        stamps = [path.name.removeprefix(_EVENT_FILE).split(".")[0] for path in self._files()]
        latest = max((int(stamp) for stamp in stamps if stamp.isdigit()), default=0)
        stamp = max(int(time.time()), latest + 1)
        name = f"{_EVENT_FILE}{stamp:010d}.{socket.gethostname()}.{os.getpid()}"
        self._path = self.directory / name
        self._file = self._path.open("xb", buffering=0)
        self._file.write(_framed(Event(wall_time=time.time(), file_version="brain.Event:2")))
        return self._file

    def _files(self) -> list[Path]:
        return sorted(self.directory.glob(f"{_EVENT_FILE}*"))


def _framed(event: Event) -> bytes:
    """An event as a record of an event file, written as one piece."""
    from io import BytesIO

    from tensorboard.summary.writer.record_writer import RecordWriter

    buffer = BytesIO()
    RecordWriter(buffer).write(event.SerializeToString())
    return buffer.getvalue()


def _records(path: Path) -> Iterator[tuple[int, Event]]:
    """The events of a file with the offset behind each, up to the first that is not whole.

    Checksums are not looked at: those of tensorboard are computed in Python, 0.2 s per megabyte.
    """
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    size, end = path.stat().st_size, 0
    with path.open("rb") as file:
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            length, _ = _HEADER.unpack(header)
            end += _HEADER.size + length + _FOOTER
            if end > size:
                return
            data = file.read(length)
            file.seek(_FOOTER, os.SEEK_CUR)
            try:
                event = Event.FromString(data)
            except DecodeError:
                return
            yield end, event


def _is_past(event: Event, iteration: int) -> bool:
    """Whether a record is of a later summary; records on other axes follow one that says so."""
    return bool(event.step > iteration) and any(
        not value.tag.startswith((BY_STEPS, BY_EPISODES)) for value in event.summary.value
    )


def _iteration_of(line: bytes) -> float:
    try:
        return float(json.loads(line)["iteration"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"Summaries cannot be written to {path}: {error.strerror}. "
            "Make room or fix the permissions, and run again to resume.",
            code="E602",
        ) from error

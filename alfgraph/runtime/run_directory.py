"""The directory of a run: where everything it leaves lies, and who may write there.

    runs/cart_pole-1/board.json        what runs
                     program.py        the emitted loop
                     metrics.jsonl     one object per summary
                     tensorboard/      the same for TensorBoard
                     checkpoints/      one directory per saved iteration
                     best/             the best evaluated policy, to be played
                     videos/

A directory belongs to one process at a time. Until `begin` is called nothing is in it but the
lock, and a run that never begins leaves no trace.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from alfgraph.diagnostics.diagnostic import Help, Retype
from alfgraph.diagnostics.errors import RunError
from alfgraph.runtime.directory_lock import DirectoryLock, InUse


class RunDirectory:
    """A run's directory, held exclusively from `open` to `close`.

    Example:
        with RunDirectory.new("cart_pole") as run:
            ...                              # make environments, build the program
            run.begin(board, program)        # from here on the run exists
            save_checkpoint(run.checkpoints, ...)
    """

    def __init__(self, path: Path | str) -> None:
        """Name the directory; nothing is touched until `open`.

        Args:
            path: the directory; missing ones are made, with their parents, by `open`.
        """
        self.path = Path(path)
        self._lock = DirectoryLock(self.path)
        self._made: list[Path] = []
        self._begun = False

    @classmethod
    def new(cls, name: str, root: Path | str = "runs") -> Self:
        """Make and lock `<root>/<name>-<n>` with the next free n, from 1.

        Raises:
            RunError: if it cannot be made.
        """
        parent = Path(root)
        while True:
            run = cls(parent / f"{name}-{_next_number(parent, name)}")
            # Another process may take the same number at the same moment; then the next one.
            with contextlib.suppress(FileExistsError):
                run._make(exclusive=True)
                return run.open()

    @property
    def board(self) -> Path:
        """`board.json`: the lock file of the board."""
        return self.path / "board.json"

    @property
    def program(self) -> Path:
        """`program.py`: the emitted program, as it runs."""
        return self.path / "program.py"

    @property
    def metrics(self) -> Path:
        """`metrics.jsonl`: one JSON object per summary."""
        return self.path / "metrics.jsonl"

    @property
    def tensorboard(self) -> Path:
        """`tensorboard/`: event files."""
        return self.path / "tensorboard"

    @property
    def checkpoints(self) -> Path:
        """`checkpoints/`: one directory per saved iteration."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """`best/`: the policy of the best evaluation, saved like a checkpoint."""
        return self.path / "best"

    @property
    def videos(self) -> Path:
        """`videos/`."""
        return self.path / "videos"

    def open(self) -> Self:
        """Make the directory if needed, prove that it can be written to, and lock it.

        Raises:
            RunError: if it cannot be written to, or another run holds it.
        """
        if self._lock.is_held:
            return self
        self._make(exclusive=False)
        try:
            self._take()
        except BaseException:
            self._unmake()
            raise
        return self

    def begin(self, board: Mapping[str, object], program: str) -> None:
        """Write what runs; from now on the directory stays.

        Args:
            board: JSON of the board.
            program: source of the emitted program.

        Raises:
            RunError: if the directory is not open or cannot be written to.
        """
        if not self._lock.is_held:
            raise RunError(f"Run directory {self.path} is not open; call open() before begin().")
        with self._named():
            self._begun = True
            write_atomically(self.board, json.dumps(board, indent=2) + "\n")
            write_atomically(self.program, program)

    def clear(self) -> None:
        """Remove what an earlier run left here, and nothing else: `--fresh`.

        Raises:
            RunError: if the directory is not open or something cannot be removed.
        """
        if not self._lock.is_held:
            raise RunError(f"Run directory {self.path} is not open; call open() before clear().")
        with self._named():
            # Checkpoints first: without them, what a killed `clear` leaves starts anew as well.
            for folder in (self.checkpoints, self.best, self.tensorboard, self.videos):
                if folder.is_dir():
                    shutil.rmtree(folder)
            for file in (self.metrics, self.program, self.board):
                file.unlink(missing_ok=True)

    def close(self) -> None:
        """Release the directory; remove it if the run never began and it was made for it."""
        if not self._lock.is_held:
            return
        self._lock.release()
        if not self._begun:
            self._unmake()

    def __enter__(self) -> Self:
        """Open."""
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _make(self, *, exclusive: bool) -> None:
        missing = [p for p in (self.path, *self.path.parents) if not p.exists()]
        with self._named(but=FileExistsError if exclusive else None):
            for parent in reversed(missing[1:]):
                parent.mkdir(exist_ok=True)
                self._made.insert(0, parent)
            if missing or exclusive:
                self.path.mkdir(exist_ok=not exclusive)
                self._made.insert(0, self.path)
            elif not self.path.is_dir():
                raise NotADirectoryError(0, "it is a file")

    def _unmake(self) -> None:
        """Remove the directories made for this run, as far as nobody has put anything there."""
        for path in self._made:
            with contextlib.suppress(OSError):
                path.rmdir()
        self._made = []

    def _take(self) -> None:
        try:
            with self._named():
                self._lock.take()
        except InUse as other:
            raise RunError(
                f"Run directory {self.path} is in use by {other}; wait for it to end, stop it, or "
                "choose another directory with --run-dir.",
                code="E602",
            ) from other

    @contextlib.contextmanager
    def _named(self, but: type[OSError] | None = None) -> Iterator[None]:
        """Turn what the system says into a sentence about this directory."""
        try:
            yield
        except OSError as error:
            if but is not None and isinstance(error, but):
                raise
            raise RunError(
                f"run directory `{self.path}` cannot be used: {error.strerror}",
                code="E602",
                help=self._elsewhere(),
            ) from error

    def _elsewhere(self) -> Help:
        """Beside the file that is in the way; any other place where permissions are."""
        files = [p for p in (self.path, *self.path.parents) if p.is_file()]
        if not files:
            return Help(text="choose another one with `--run-dir`, or fix its permissions")
        name = self.path.name if files[0] != self.path else f"{self.path.name}-run"
        place = files[0].with_name(name)
        free = place if not place.exists() else place.with_name(f"{place.name}-2")
        option = f"--run-dir {shlex.quote(str(free))}"
        return Help(
            text=f"`{files[0]}` is a file; `{option}` is beside it",
            retype=Retype(given=f"--run-dir {self.path}", instead=option),
        )


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content so that a reader, or a crash, sees the old or the new one whole."""
    draft = path.with_name(f".{path.name}.writing")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _next_number(parent: Path, name: str) -> int:
    pattern = re.compile(re.escape(name) + r"-(\d+)")
    names = (entry.name for entry in parent.iterdir()) if parent.is_dir() else ()
    taken = [int(match[1]) for entry in names if (match := pattern.fullmatch(entry))]
    return max(taken, default=0) + 1

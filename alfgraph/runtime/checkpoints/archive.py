"""Archive: the checkpoints of one run, what it is resumed from and what it adds to them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from alfgraph.boards.board_file import Description, difference
from alfgraph.boards.rebuilding import Provenance
from alfgraph.diagnostics.diagnostic import Help, Retype
from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.monitor.writers import Writers
from alfgraph.runtime.checkpoints.checkpoint import (
    Found,
    find_last,
    keep_best,
    rotate,
    save_checkpoint,
)
from alfgraph.runtime.checkpoints.saving import Saver
from alfgraph.runtime.checkpoints.state_encoding import State
from alfgraph.runtime.run_directory import RunDirectory

NOTHING = -1
"""Where a run stands that was not saved yet."""


@dataclass(frozen=True)
class Origin:
    """What a checkpoint says of the board it was saved with.

    Attributes:
        description: the board as JSON; a run goes on only with an equal one.
        provenance: where its graph files lie, to make it again.
        code: the emitted program.
    """

    description: Description
    provenance: Provenance
    code: str


class Archive:
    """Saves the states of one run in its directory, in a thread of its own.

    Attributes:
        saved_at: iteration of the last checkpoint; `NOTHING` before there is one.
    """

    def __init__(self, directory: RunDirectory, origin: Origin, keep: int | None) -> None:
        """Touch nothing yet.

        Args:
            directory: of the run, open.
            origin: of its board.
            keep: how many checkpoints stay; None: all.
        """
        self.directory = directory
        self.origin = origin
        self.saved_at = NOTHING
        self._keep = keep
        self._saver = Saver()

    def find(self) -> Found:
        """The checkpoint to go on from: the newest whole one, if it is of this board.

        Raises:
            CheckpointError: E601, it is of another board; E603, there are some and none is whole.
        """
        found = find_last(self.directory.checkpoints)
        if found.checkpoint is not None:
            self._refuse_other_board(found.checkpoint.board)
        elif found.damaged:
            raise CheckpointError(
                f"no checkpoint of {self.directory.path} is whole: {found.damaged[0]}",
                code="E603",
                help="--fresh starts over; another --run-dir leaves this one as it is",
            )
        return found

    def _refuse_other_board(self, saved: Description) -> None:
        """Say what differs between the run's board and this one, if that matters to training."""
        lines = difference(saved, self.origin.description, continuing=True)
        if not lines:
            return
        path = self.directory.path
        error = CheckpointError(
            f"the run in {path} is of another board, which this one cannot continue",
            code="E601",
            help=Help(
                text=f"`--run-dir {path}-2` keeps both; `--fresh` starts over there",
                retype=Retype(given=f"--run-dir {path}", instead=f"--run-dir {path}-2"),
            ),
        )
        raise CheckpointError(error.diagnostics[0].model_copy(update={"notes": tuple(lines)}))

    def begin(self, *, fresh: bool, anew: bool) -> None:
        """Write what runs; from now on the directory stays.

        Args:
            fresh: forget first what the directory holds.
            anew: nothing is resumed.
        """
        if fresh:
            self.directory.clear()
        if anew:  # whatever was best in a run that never came to a checkpoint
            shutil.rmtree(self.directory.best, ignore_errors=True)
        self.directory.begin(self.origin.description, self.origin.code)

    def save(self, iteration: int, state: State, score: float | None, logs: Writers) -> None:
        """Save a state that the run can go on from.

        Args:
            iteration: the finished ones.
            state: may change as soon as this returns.
            score: how good the policy is, if it was evaluated now.
            logs: are on disk before the checkpoint is.

        Raises:
            CheckpointError: this or the one before could not be written.
        """
        folder = self.directory.checkpoints

        def write(state: State) -> None:
            logs.flush()
            save_checkpoint(folder, iteration, state, board=self.origin.description, score=score)
            rotate(folder, keep=self._keep)

        self._saver.save({**state, "provenance": self.origin.provenance}, write)
        self.saved_at = iteration

    def save_policy(self, iteration: int, parameters: State, score: float) -> None:
        """Save what plays, apart from the checkpoints, in place of the best one before it."""
        folder = self.directory.best

        def write(state: State) -> None:
            save_checkpoint(folder, iteration, state, board=self.origin.description, score=score)
            keep_best(folder)

        program = {"parameters": parameters}
        self._saver.save({"program": program, "provenance": self.origin.provenance}, write)

    def last_state(self) -> State | None:
        """What was saved last, read again; None before that."""
        checkpoint = self.find().checkpoint if self.saved_at != NOTHING else None
        return checkpoint.state() if checkpoint is not None else None

    def last_whole(self) -> int | None:
        """Finish writing; the iteration of the newest whole checkpoint, if there is one."""
        self.close()
        found = find_last(self.directory.checkpoints)
        return found.iteration if found.checkpoint is not None else None

    def wait(self) -> None:
        """Wait until everything is on disk.

        Raises:
            CheckpointError: it could not be written.
        """
        self._saver.wait()

    def close(self) -> None:
        """Finish writing and end the thread."""
        self._saver.close()

"""Failures: what is said when an iteration fails, or its numbers are not finite."""

from __future__ import annotations

import re
from typing import NoReturn

from alfgraph.diagnostics.errors import RunError, add_board_path
from alfgraph.monitor.progress import Progress
from alfgraph.program.program import Program
from alfgraph.runtime.agenda import Agenda
from alfgraph.runtime.checkpoints.archive import Archive
from alfgraph.runtime.faults import find_fault


class Failures:
    """Explains how a run ended that should not have."""

    def __init__(
        self, program: Program, agenda: Agenda, archive: Archive | None, progress: Progress
    ) -> None:
        """Hope for the best.

        Args:
            program: what runs.
            agenda: of the run.
            archive: its checkpoints; None: nothing is saved.
            progress: is told while the fault is looked for.
        """
        self._program, self._agenda = program, agenda
        self._archive, self._progress = archive, progress

    def explain(self, error: Exception) -> NoReturn:
        """Raise a failure of an iteration with its type and traceback, and the place in the run."""
        iteration = self._program.counters["iteration"] + 1
        last = self._archive.last_whole() if self._archive is not None else None
        saved = "none was saved" if last is None else f"checkpoint {last} is whole"
        place = f"in iteration {iteration:,} of {self._program.plan.name}; {saved}"
        if not isinstance(error, RunError):
            if re.search(r"\bnan\b", str(error), re.IGNORECASE):  # torch refuses to sample from it
                raise self.not_finite(str(error), iteration) from error
            add_board_path(error, place)
            raise error
        raise RunError(
            [d.model_copy(update={"notes": (*d.notes, place)}) for d in error.diagnostics]
        ) from error

    def not_finite(self, seen: str, iteration: int) -> RunError:
        """Repeat the run from its last checkpoint to find out where it began.

        Args:
            seen: what was found not to be finite.
            iteration: the one that ended so.

        Returns:
            The error to raise.
        """
        state = None
        if self._archive is not None:
            self._archive.wait()
            state = self._archive.last_state()
        self._progress.message(
            f"not finite at iteration {iteration:,}: {seen}; repeating from "
            f"{'the start' if state is None else 'the last checkpoint'} to find out why"
        )
        program, start = self._program, None if state is None else state["program"]
        with program.outside():
            return find_fault(program.plan, self._agenda, program.device, start, iteration, seen)

"""Probes: the emitted program with a meter on some wires, run for one iteration in its stead.

The program that trains has no place where a meter could be; a second source is lowered from the
same board, in which a call stands behind the statements that make the wires' values. It shares
every part, buffer and register with the first, and computes the same numbers bit for bit, so that
the two may take turns.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable
from typing import Any

from alfgraph.compiler.lowering.function_writer import PROBE
from alfgraph.drawing.picture.from_plan import values_by_pin
from alfgraph.drawing.picture.view import PinRef
from alfgraph.live.measuring import Measurement, WireReport
from alfgraph.program.program import Program


class Probes:
    """Measures wires of a running program, an iteration at a time."""

    def __init__(self, program: Program) -> None:
        """Look up the wires; nothing is measured yet.

        Args:
            program: what trains.
        """
        self._program = program
        values = values_by_pin(program.plan).items()
        self._values = {pin: v for pin, v in values if v.node.phase != "predict"}
        self._variant: tuple[tuple[PinRef, ...], dict[str, Any]] = ((), {})
        self._replaced: Callable[[], object] | None = None
        self._slots: list[Measurement] = []

    def known(self, pins: Iterable[PinRef]) -> tuple[PinRef, ...]:
        """Those pins that a wire of the training loop starts at, each once."""
        return tuple(dict.fromkeys(pin for pin in pins if pin in self._values))

    @property
    def is_measuring(self) -> bool:
        """Whether the next iteration is run with meters."""
        return self._replaced is not None

    @property
    def is_complete(self) -> bool:
        """Whether a value has come through every wire that is measured."""
        return all(measured.calls for measured in self._slots)

    def insert(self, pins: tuple[PinRef, ...]) -> None:
        """Measure wires in the next iteration.

        Args:
            pins: the output pins they start at, as `known` gives them.
        """
        self.remove()
        if self._variant[0] != pins:
            self._forget()
            self._variant = (pins, self._lowered(pins))
        self._slots[:] = [Measurement() for _ in pins]
        namespace = self._program.namespace
        self._replaced = namespace["iteration"]
        namespace["iteration"] = self._variant[1]["iteration"]

    def remove(self) -> dict[PinRef, WireReport]:
        """Let the program itself run again.

        Returns:
            What was measured, by pin; nothing of wires that no value came through.
        """
        if self._replaced is None:
            return {}
        self._program.namespace["iteration"] = self._replaced
        self._replaced = None
        found = zip(self._variant[0], self._slots, strict=True)
        return {pin: measured.report() for pin, measured in found if measured.calls}

    def close(self) -> None:
        """Remove the meters for good."""
        self.remove()
        self._forget()

    def _lowered(self, pins: tuple[PinRef, ...]) -> dict[str, Any]:
        source = self._program.probed_source([self._values[pin] for pin in pins])
        name = self._file_name
        lines = source.splitlines(keepends=True)
        linecache.cache[name] = (len(source), None, lines, name)
        return self._program.variant(source, name, **{PROBE: self._take})

    def _take(self, number: int, value: object) -> None:
        """What the second source calls."""
        self._slots[number].add(value)

    @property
    def _file_name(self) -> str:
        return f"{self._program.file_name.removesuffix('>')} with probes>"

    def _forget(self) -> None:
        linecache.cache.pop(self._file_name, None)
        self._variant = ((), {})

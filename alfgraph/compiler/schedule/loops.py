"""The schedule in numbers: loops, batch sizes, what is collected and trained."""

from __future__ import annotations

import math
from contextlib import suppress

from alfgraph.compiler.compiled import Loop
from alfgraph.compiler.draft import Draft, Section
from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.repairs.calls import changed_argument
from alfgraph.families.buffer import Buffer
from alfgraph.families.buffer_contents import BufferNumbers
from alfgraph.families.environment import Environment
from alfgraph.families.schedules import Epochs, Offline, OffPolicy
from alfgraph.overrides.origins import is_chosen
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import batch_of
from alfgraph.wiring.component import Component
from alfgraph.wiring.schedule import Rate, Schedule


def environment_of(section: Section | None) -> Environment | None:
    """The environment a section steps."""
    if section is None:
        return None
    parts = (n.component for n in section.trace.nodes if isinstance(n.component, Environment))
    return next(parts, None)


def can_evaluate(draft: Draft) -> bool:
    """Whether a phase `predict` steps an environment."""
    return environment_of(draft.section("predict")) is not None


def unroll_length(draft: Draft) -> float:
    """Transitions per environment and iteration (may be a fraction off-policy)."""
    return float(getattr(draft.collection, "unroll_length", 0) or 0)


def number_board(draft: Draft) -> dict[str, Loop]:
    """Give every axis its size and every section its loop.

    Returns:
        Loops by section name.
    """
    _number_environments(draft)
    loops = {section.name: _loop(draft, section) for section in draft.sections}
    for section in draft.sections:
        for part in _read_buffers(section):
            _check_filled(draft, section, part, loops)
    return loops


def known_loops(draft: Draft) -> dict[str, Loop]:
    """The loops of a board that failed its check, as far as they can be numbered all the same.

    Left out are sections that read buffers whose rows have not found their leading axes.
    """
    _number_environments(draft)
    loops: dict[str, Loop] = {}
    for section in draft.sections:
        if all(_has_rows(draft, part) for part in _read_buffers(section)):
            with suppress(WiringError):
                loops[section.name] = _loop(draft, section)
    return loops


def _has_rows(draft: Draft, part: Buffer) -> bool:
    contents = part.binding.slot.contents.get(part.socket_path)
    values = contents.node.inputs.values() if contents else ()
    batch = next((found for v in values if (found := batch_of(draft.spec(v)))), ())
    return bool(batch) and all(isinstance(d, int | Symbol) for d in batch)


def _number_environments(draft: Draft) -> None:
    for section in draft.sections:
        environment = environment_of(section)
        if environment is not None:
            for axis in environment.batch_axes(section.phase) or ():
                draft.sizes[axis] = _environments(draft, environment, section.phase)


def _check_filled(draft: Draft, section: Section, part: Buffer, loops: dict[str, Loop]) -> None:
    """What a phase of one's own writes is there when it is read first."""
    written = part.binding.slot.contents[part.socket_path].node
    first, read = loops[written.phase].every, loops[section.name].every
    if first > read:
        draft.reporter.report(
            Diagnostic(
                code="E204",
                message=f"`{part.label()}` is read in iteration {read} for the first time, but "
                f"`{written.phase}` first writes it in iteration {first}",
                source=part.created_at,
                related=tuple(("written here", source) for source in written.sources[:1]),
                path=part.socket_path,
                help=(Help(text=f"a Rate with `every` of {read} or less for `{written.phase}`"),),
            )
        )


def _environments(draft: Draft, environment: Environment, phase: str) -> int:
    """How many environments a phase steps at once; evaluation has its own number."""
    if phase != "predict":
        return environment.batch_size(phase)
    trainer = draft.trainer
    return max(1, min(trainer.num_eval_environments, trainer.num_eval_episodes))


def _read_buffers(section: Section) -> list[Buffer]:
    """Buffers a section reads; a phase written by hand those of the phase it replaces."""
    found: dict[str, Buffer] = {}
    for node in section.trace.nodes:
        if isinstance(node.component, Buffer) and node.call != "write":
            found[node.path] = node.component
    return list(found.values())


def _loop(draft: Draft, section: Section) -> Loop:
    if section.phase in {"unroll", "predict"}:
        return Loop(kind="rollout", count=max(1, math.ceil(unroll_length(draft))))
    every = section.rate.every if section.rate else 1
    loop = Loop(kind="once", every=every)
    for part in _read_buffers(section):
        written = _written_shape(draft, part)
        size, length = _asked(section)
        if part.hands_out_batches:
            loop = _mini_batches(draft, section, part, written, every)
            size, length = loop.batch_size, loop.batch_length
        elif part.samples:
            loop = _repeat(section, part, every)
            size, length = loop.batch_size, loop.batch_length
        numbers = BufferNumbers(math.ceil(unroll_length(draft)), written, size, length)
        _check_alike(draft, section, part, numbers)
        if part.samples:
            _check_supply(draft, part, numbers)
        draft.sizes.update(part.axis_sizes(numbers))
        draft.buffer_numbers[part.socket_path] = numbers
    return loop


def _check_alike(draft: Draft, section: Section, part: Buffer, numbers: BufferNumbers) -> None:
    """One buffer gives mini-batches of one shape; buffers read together share their indices."""
    if not (part.samples or part.hands_out_batches):
        return
    shape = (numbers.mini_batch_length, numbers.mini_batch_size)
    before = draft.buffer_numbers.get(part.socket_path)
    if before is not None and shape != (before.mini_batch_length, before.mini_batch_size):
        other = (before.mini_batch_length, before.mini_batch_size)
        said = f"`{part.label()}` is to give mini-batches of {list(other)} and of {list(shape)}"
        _report_numbers(draft, part, said, "give each of the phases that read it its own buffer")
    for path in {b.socket_path for b in _read_buffers(section) if b.hands_out_batches}:
        beside = draft.buffer_numbers.get(path)
        if part.hands_out_batches and beside is not None and beside.written != numbers.written:
            said = (
                f"`{section.phase}` reads `{path}` and `{part.label()}` at the same indices, but "
                f"they hold {_counted(beside.written)} and {_counted(numbers.written)} transitions"
            )
            _report_numbers(draft, part, said, "write both once per rollout, with all its rows")


def _counted(written: tuple[int, ...]) -> str:
    return " x ".join(map(str, written))


def _report_numbers(draft: Draft, part: Buffer, message: str, fix: str) -> None:
    draft.reporter.report(
        Diagnostic(
            code="E502",
            message=message,
            source=part.created_at,
            path=part.socket_path,
            help=(Help(text=fix),),
        )
    )


def _check_supply(draft: Draft, part: Buffer, numbers: BufferNumbers) -> None:
    """A buffer that is sampled must hold a mini-batch when the first update runs."""
    if isinstance(draft.collection, Offline) or not unroll_length(draft):
        return
    initial = getattr(draft.collection, "initial_collect_steps", 0)
    batch = max(1, numbers.written[-1] if numbers.written else 1)
    collected = max(math.floor(unroll_length(draft)), math.ceil(initial / batch))
    found = part.shortage(collected, numbers)
    if found is not None:
        _report_numbers(draft, part, f"`{part.label()}`: {found[0]}", found[1])


def buffer_numbers(draft: Draft, part: Buffer) -> BufferNumbers:
    """The schedule around one buffer; one that nobody reads holds what is written."""
    written = _written_shape(draft, part)
    default = BufferNumbers(math.ceil(unroll_length(draft)), written, 0, 1)
    found: BufferNumbers = draft.buffer_numbers.get(part.socket_path, default)
    return found


def _asked(section: Section) -> tuple[int, int]:
    source: Schedule | Rate | None = section.rate or section.schedule
    size = getattr(source, "mini_batch_size", None)
    return size or 0, getattr(source, "mini_batch_length", 1)


def _written_shape(draft: Draft, part: Buffer) -> tuple[int, ...]:
    contents = part.binding.slot.contents[part.socket_path]
    for value in contents.node.inputs.values():
        batch = batch_of(draft.spec(value))
        if batch:
            return tuple(size_of(draft, dim) for dim in batch)
    return ()


def size_of(draft: Draft, dim: object) -> int:
    """The number a dim stands for.

    Raises:
        WiringError: E108, nothing gave its axis a number.
    """
    dim = draft.solver.dim(dim) if isinstance(dim, int | Symbol) else dim
    if isinstance(dim, int):
        return dim
    assert isinstance(dim, Symbol)
    bare = dim._replace(factor=1, offset=0)
    if bare not in draft.sizes:
        raise WiringError(
            Diagnostic(
                code="E108",
                message=f"nothing on the board decides the size of the axis `{bare.name}`",
                help=(Help(text="it is decided by an environment, or by a buffer that is read"),),
            )
        )
    return dim.value(draft.sizes[bare])


def _mini_batches(
    draft: Draft, section: Section, part: Buffer, written: tuple[int, ...], every: int
) -> Loop:
    size, length = _asked(section)
    source: Schedule | Rate | None = section.rate or section.schedule
    rows, batch = written[0], math.prod(written[1:])
    if rows % length:
        draft.reporter.report(_length_diagnostic(source, rows, length))
        length = 1
    sequences = rows // length * batch
    if not size or size > sequences:
        if size and isinstance(source, Component) and is_chosen(source, "mini_batch_size"):
            draft.reporter.report(_size_diagnostic(source, size, sequences, written))
        elif size:
            draft.reporter.report(
                Diagnostic(
                    code="W504",
                    severity="note",
                    message=f"the default mini_batch_size {size} becomes the whole rollout, "
                    f"{sequences}",
                    path=getattr(source, "socket_path", ""),
                    about=("mini_batch_size",),
                )
            )
        size = sequences
    count = max(1, sequences // size)
    return Loop(
        kind="mini_batches",
        every=every,
        epochs=getattr(source, "epochs", 1),
        count=count,
        batch_size=math.ceil(sequences / count),
        batch_length=length,
        sequences=sequences,
        buffer=part.socket_path,
    )


def _repeat(section: Section, part: Buffer, every: int) -> Loop:
    source: Schedule | Rate | None = section.rate or section.schedule
    size, length = _asked(section)
    count = getattr(source, "num_updates_per_train_iter", getattr(source, "epochs", 1))
    return Loop(
        kind="repeat",
        every=every,
        count=count,
        batch_size=size,
        batch_length=length,
        buffer=part.socket_path,
    )


def _size_diagnostic(
    source: Component, size: int, sequences: int, written: tuple[int, ...]
) -> Diagnostic:
    return Diagnostic(
        code="E502",
        message=(
            f"mini_batch_size={size} is larger than the rollout, which holds {sequences} sequences "
            f"({' x '.join(map(str, written))} transitions)"
        ),
        source=source.created_at and source.created_at.argument("mini_batch_size"),
        path=source.socket_path,
        about=("mini_batch_size", "unroll_length"),
        help=(
            Help(
                text=f"mini_batch_size={sequences} takes it whole; or raise unroll_length",
                edits=changed_argument(source.created_at, "mini_batch_size", str(sequences)),
                retype=Retype(given="mini_batch_size", instead=str(sequences)),
            ),
        ),
    )


def _length_diagnostic(source: Schedule | Rate | None, rows: int, length: int) -> Diagnostic:
    written_at = getattr(source, "created_at", None)
    divisor = next(n for n in range(min(length, rows), 0, -1) if rows % n == 0)
    return Diagnostic(
        code="E502",
        message=f"mini_batch_length={length} does not divide the rollout's {rows} transitions",
        source=written_at and written_at.argument("mini_batch_length"),
        help=(
            Help(
                text=f"mini_batch_length={divisor} divides it, so that no transition is lost",
                edits=changed_argument(written_at, "mini_batch_length", str(divisor)),
                retype=Retype(given="mini_batch_length", instead=str(divisor)),
            ),
        ),
        path=getattr(source, "socket_path", ""),
        about=("mini_batch_length", "unroll_length"),
    )


def collects_off_policy(draft: Draft) -> bool:
    """Whether collection feeds a replay buffer."""
    return isinstance(draft.collection, OffPolicy)


__all__ = ["Epochs", "Loop", "Offline", "number_board", "size_of", "unroll_length"]

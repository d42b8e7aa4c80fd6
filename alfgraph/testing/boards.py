"""check_board, check_algorithm: a board tried as runs use it: twice, with other seeds, resumed."""

from __future__ import annotations

from collections.abc import Iterator

from alfgraph.compiler.pipeline import compile_graph
from alfgraph.compiler.plan import Plan
from alfgraph.components import GymEnv, Pipeline, Schedule, Trainer, Transform
from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.annealing import Progress
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.families.protocols import State
from alfgraph.program.program import Program
from alfgraph.runtime.checkpoints.state_encoding import decode, encode
from alfgraph.testing.comparing import copied, differences
from alfgraph.testing.contract import ContractError, broken
from alfgraph.testing.descriptions import check_description
from alfgraph.wiring.component import Component
from alfgraph.wiring.tree import parts_below, sockets_of

ITERATIONS = 6

_KEEPS = {
    "environments": "try the environment by itself: `check_environment`",
    "buffers": "put all that later reads depend on into the storage's `state()`",
    "registers": "declare what a part remembers as `State` ports",
    "parameters": "keep numbers that change in parameters or buffers of the module "
    "(`register_buffer`), so that its `state_dict` has them",
    "optimizers": "put all that the next update depends on into the optimizer's `state()`",
}
"""What to change where a state does not come back, by kind; in the order in which a run uses them,
so that a cause is looked at before its effects."""

_DRAWS = (
    "draw from torch's, numpy's or Python's own generators, which a run seeds and saves; not from "
    "the clock, a set's order or a generator made without a seed"
)


def check_algorithm(
    algorithm: Algorithm,
    env: Environment | None = None,
    *,
    transforms: tuple[Transform, ...] = (),
    schedule: Schedule | None = None,
    iterations: int = ITERATIONS,
    device: str = "cpu",
) -> None:
    """Try an algorithm in a `Pipeline`; see `check_board`.

    Args:
        algorithm: the part, as it would be plugged into a board.
        env: what it acts in; None: CartPole, four at once.
        transforms: what time steps go through.
        schedule: None: the algorithm's own.
        iterations: how many to run.
        device: where tensors live.

    Raises:
        BoardError: the board does not check.
        ContractError: naming the part that breaks its promise, and what to change.
    """
    board = Pipeline(
        env=env if env is not None else GymEnv(id="CartPole-v1", num_envs=4),
        transforms=transforms,
        algorithm=algorithm,
        schedule=schedule,
        trainer=Trainer(num_iterations=iterations),
    )
    check_board(board, iterations=iterations, device=device)


def check_board(board: Graph, *, iterations: int = ITERATIONS, device: str = "cpu") -> None:
    """Try a board: it can be copied, checks, trains, and is repeatable and resumable bit for bit.

    Args:
        board: with all its parts; each is looked at.
        iterations: how many to run; enough for every phase to run once.
        device: where tensors live.

    Raises:
        BoardError: the board does not check.
        ContractError: naming the part that breaks its promise, and what to change.
    """
    for part in _plugged(board):
        check_description(part)
    plan = compile_graph(board)
    whole = _run(plan, iterations, device)
    _check_training(plan, whole[0], whole[-1])
    _must_agree(plan, whole, _run(plan, iterations, device), None)
    elsewhere = _run(plan, iterations, device, seed=1)[-1]["parameters"]
    if plan.optimizers and not differences(whole[-1]["parameters"], elsewhere, ""):
        raise broken(type(board), "another seed gives the same parameters", help=_DRAWS)
    for at in sorted({0, 1, iterations // 2, iterations - 1}):
        _must_agree(plan, whole[at:], _resumed(plan, iterations, at, whole[at], device), at)


def _plugged(part: Component) -> Iterator[Component]:
    """A part that is on no board yet, and all that is plugged into it."""
    yield part
    for _, inner in sockets_of(part):
        yield from _plugged(inner)


def _run(plan: Plan, iterations: int, device: str, seed: int = 0) -> list[State]:
    """The states at the start and after each iteration."""
    program = Program(plan, seed=seed, device=device)
    try:
        with program.generators():
            program.start()
            return _trail(plan, program, 0, iterations)
    finally:
        program.close()


def _resumed(plan: Plan, iterations: int, at: int, saved: State, device: str) -> list[State]:
    """The states from a saved one on, of a program that begins with it."""
    program = Program(plan, seed=0, device=device)
    try:
        with program.generators():
            program.load_state(copied(saved))
            return _trail(plan, program, at, iterations)
    finally:
        program.close()


def _trail(plan: Plan, program: Program, first: int, last: int) -> list[State]:
    states = [_state(plan, program)]
    for iteration in range(first, last):
        program.iterate(
            Progress(
                fraction=iteration / last,
                iteration=iteration,
                env_steps=program.counters["env_steps"],
            )
        )
        states.append(_state(plan, program))
    return states


def _state(plan: Plan, program: Program) -> State:
    """All that changes, as a checkpoint gives it back."""
    state = program.save_point()
    try:
        structure, tensors = encode(state)
    except CheckpointError as error:
        found = error.diagnostics[0]
        help_ = found.help[0].text if found.help else "store what it is made of"
        paths = [path for path in _parts(plan) if path and path in found.message]
        raise _at(plan, max(paths, key=len, default=""), found.message, help_) from error
    back: State = decode(structure, {name: tensor.clone() for name, tensor in tensors.items()})
    return back


def _check_training(plan: Plan, begun: State, ended: State) -> None:
    """Every optimizer moved something it owns."""
    before, after = begun["parameters"], ended["parameters"]
    for optimizer in plan.optimizers:
        still = [
            path
            for path in optimizer.trains
            if path in before and not differences(before[path], after[path], "")
        ]
        if still and len(still) == len(optimizer.trains):
            owned = ", ".join(f"`{path}`" for path in still)
            raise _at(
                plan,
                optimizer.path,
                f"`{optimizer.path}` has moved none of the parameters it owns ({owned})",
                "run more iterations if its phase is not due yet; else look for a loss that is "
                "constant, a learning rate of 0, or an `apply` that does nothing",
            )


def _must_agree(plan: Plan, one: list[State], other: list[State], saved: int | None) -> None:
    """Name the part whose state is the first to differ.

    Args:
        plan: of the board.
        one: states of the uninterrupted run.
        other: states of the other one.
        saved: the iteration it was saved after; None: it was run from the start.
    """
    for later, (a, b) in enumerate(zip(one, other, strict=True)):
        for kind, keeps in _KEEPS.items():
            for path in dict.fromkeys((*a[kind], *b[kind])):
                found = differences(a[kind].get(path), b[kind].get(path), path)
                if found:
                    when = f", {later} iterations later" if later else ""
                    what = f"its {kind} differ{when} ({found[0]})"
                    if saved is None:
                        message = f"`{path}` is not repeatable: run twice with one seed, {what}"
                        raise _at(plan, path, message, _DRAWS)
                    message = f"`{path}` forgets: saved after iteration {saved} and loaded, {what}"
                    raise _at(plan, path, message, keeps)


def _parts(plan: Plan) -> dict[str, Component]:
    return {part.socket_path: part for part in parts_below(plan.compiled.draft.root)}


def _at(plan: Plan, path: str, message: str, help_: str) -> ContractError:
    """An error at the class of the part at a path."""
    part = _parts(plan).get(path)
    kind = type(part) if part is not None else type(plan.compiled.draft.root)
    given = (path or kind.__name__, f"({kind.__name__})")
    return broken(kind, message, method="build", given=given, help=help_)

"""check_environment: an environment of one's own, tried against everything a run asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch

from alfgraph.compiler.trial.samples import draw_tensor
from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.families.environment import SYMBOLS, Environment
from alfgraph.families.protocols import RunningEnvironment, SavedAtPoints, State
from alfgraph.program.generators import own_generators
from alfgraph.runtime.checkpoints.state_encoding import decode, encode
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec
from alfgraph.testing.comparing import copied, differences
from alfgraph.testing.descriptions import check_description
from alfgraph.testing.time_steps import FIELDS, Declared, check_first, check_next, shown

NUM_ENVS = 3
_METHODS = ("reset", "step", "state", "load_state", "close")
_RANDOM = (
    "draw from generators made of the seed that `open` is given, such as "
    "`np.random.default_rng(seed + i)`, and from nothing else"
)

Trajectory: TypeAlias = list[dict[str, Any]]


def check_environment(env: Environment, *, steps: int = 50, device: str = "cpu") -> None:
    """Try an environment: what it shows, its seeds, its state, and going on from there.

    It is opened several times with three environments and stepped with random actions.

    Args:
        env: the part, as it would be plugged into a board.
        steps: how many time steps to look at; more than an episode has shows most.
        device: where its tensors are to live.

    Raises:
        ContractError: naming the first promise it breaks, both ends and what to change.
    """
    check_description(env)
    declared = Declared(env, NUM_ENVS, device)
    _check_known(declared)
    _check_members(declared)
    with own_generators(0, device):
        whole = _played(declared, steps, checked=True)
    _check_seeds(declared, whole, steps)
    _check_state(declared, steps)


def _check_known(declared: Declared) -> None:
    for name in SYMBOLS:
        spec = declared.known.get(name)
        if not isinstance(spec, TensorSpec | RecordSpec):
            raise declared.error(
                f'`known` does not say what its "{name}" is',
                f'`known()["{name}"]`: a TensorSpec or a RecordSpec',
                "nothing" if spec is None else f"a {type(spec).__name__}",
                f'"{name}": TensorSpec(dtype="float32", sample=(4,))',
                "known",
            )


def _check_members(declared: Declared) -> None:
    """What `open` gives, before it was reset; closing it then must work, too."""
    with own_generators(0, declared.device):
        env = declared.part.open(NUM_ENVS, 0, False, declared.device)
    missing = [name for name in _METHODS if not callable(getattr(env, name, None))]
    if missing:
        raise declared.error(
            f"what `open` gives has no `{missing[0]}`",
            "an object with " + ", ".join(f"`{name}`" for name in _METHODS),
            f"a {type(env).__name__} without " + ", ".join(f"`{name}`" for name in missing),
            "`alfgraph.families.protocols.RunningEnvironment` says what each must do",
        )
    try:
        env.close()
    except Exception as error:
        raise declared.error(
            f"`close()` before `reset()` raises {type(error).__name__}: {error}",
            "`close()` at any moment after `open`",
            type(error).__name__,
            "let `close` look whether there is anything to close",
        ) from error


@contextmanager
def _opened(
    declared: Declared, seed: int = 0, evaluation: bool = False
) -> Iterator[RunningEnvironment]:
    env = declared.part.open(NUM_ENVS, seed, evaluation, declared.device)
    try:
        yield env
    finally:
        env.close()


class _Actions:
    """Random actions, the same in every trial."""

    def __init__(self, declared: Declared) -> None:
        self._spec: Spec = declared.known["action"]
        self._device = declared.device
        self._state = torch.Generator().manual_seed(0).get_state()

    def draw(self) -> Any:
        """The next one; drawing it leaves torch's generator as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._state)
            action = _drawn(self._spec)
            self._state = torch.get_rng_state()
        return copied(action, lambda tensor: tensor.to(self._device))


def _drawn(spec: Spec) -> Any:
    if isinstance(spec, RecordSpec):
        return {name: _drawn(field) for name, field in spec.fields}
    assert isinstance(spec, TensorSpec)
    sizes = tuple(size for size in spec.sample if isinstance(size, int))
    return draw_tensor(spec, (NUM_ENVS, *sizes))


def _played(
    declared: Declared,
    steps: int,
    *,
    seed: int = 0,
    evaluation: bool = False,
    checked: bool = False,
    looks: bool = False,
) -> Trajectory:
    """The time steps of one opening under the same actions.

    Args:
        declared: what it must be.
        steps: how many.
        seed: of the run.
        evaluation: open as an evaluation would.
        checked: look at every step.
        looks: ask for `state()` at every step.
    """
    with _opened(declared, seed, evaluation) as env:
        env.reset()
        found = [shown(env, declared)]
        if checked:
            check_first(declared, found[0])
        actions = _Actions(declared)
        for _ in range(steps):
            if looks:
                env.state()
            kept = {name: getattr(env, name) for name in FIELDS}
            action = actions.draw()
            env.step(copied(action))
            found.append(shown(env, declared))
            if checked:
                check_next(declared, found[-2], action, found[-1])
                _check_kept(declared, kept, found[-2])
    return found


def _check_kept(declared: Declared, kept: dict[str, Any], before: dict[str, Any]) -> None:
    changed = [name for name in FIELDS if differences(kept[name], before[name], name)]
    if changed:
        raise declared.error(
            f"`step` writes into the `{changed[0]}` it has shown before",
            "tensors that stay as they were shown: buffers keep them",
            f"a `{changed[0]}` that changes with the next step",
            f"show a new tensor at every step, such as `{changed[0]}.clone()`",
        )


def _check_seeds(declared: Declared, whole: Trajectory, steps: int) -> None:
    for seed, why in (
        (0, "opened twice with one seed and given the same actions"),
        (1, "under other states of the process's own generators"),
    ):
        with own_generators(seed, declared.device):
            other = _played(declared, steps)
        _must_agree(declared, whole, other, f"it is not repeatable: {why}, it", _RANDOM)
    rows = [_row(whole[0]["observation"], row) for row in range(NUM_ENVS)]
    alike = all(not differences(rows[0], row, "") for row in rows[1:])
    with own_generators(0, declared.device):
        seeded = _played(declared, steps, seed=1)
        evaluated = _played(declared, steps, evaluation=True)
    if alike:
        if differences(whole[0]["observation"], seeded[0]["observation"], ""):
            raise declared.error(
                "all environments of a batch begin alike, though beginnings are random",
                "another seed for each environment",
                f"{NUM_ENVS} equal first observations",
                "seed environment i with `seed + i`",
            )
        return  # a world without chance
    for trajectory, what, fix in (
        (seeded, "another seed changes nothing", _RANDOM),
        (evaluated, "it evaluates with the seeds it trains with", "add to `seed` if `evaluation`"),
    ):
        if not differences(whole, trajectory, ""):
            raise declared.error(
                f"beginnings are random, but {what}",
                "other seeds, other episodes",
                f"the same {steps} time steps",
                fix,
            )


def _check_state(declared: Declared, steps: int) -> None:
    """Looking changes nothing; another object goes on from a saved state as this one does."""
    with own_generators(0, declared.device):
        plain, looked = _played(declared, steps), _played(declared, steps, looks=True)
        fix = "let `state` copy what it gives, and change nothing"
        _must_agree(declared, plain, looked, "`state()` changes the future: it", fix)
        for at in sorted({0, 1, steps // 2, steps - steps // 3}):
            _check_going_on(declared, at, steps - at)


def _check_going_on(declared: Declared, at: int, steps: int) -> None:
    actions = _Actions(declared)
    with _opened(declared) as env, _opened(declared) as other:
        env.reset()
        for _ in range(at):
            env.step(actions.draw())
        point = env.save_point() if isinstance(env, SavedAtPoints) else env.state()
        _load(declared, other, _through_a_file(declared, point))
        here, there = shown(env, declared), _shown_again(declared, other)
        fix = "let `load_state` set all fields of the time step, as they were when it was saved"
        _must_agree(declared, [here], [there], "after `load_state` it", fix)
        fix = "put all that the future depends on into `state()`, generators included"
        for _ in range(steps):
            action = actions.draw()
            env.step(copied(action))
            other.step(copied(action))
            pair = [shown(env, declared)], [shown(other, declared)]
            _must_agree(declared, *pair, "after `load_state` and further steps it", fix)


def _load(declared: Declared, env: RunningEnvironment, state: State) -> None:
    try:
        env.load_state(state)
    except Exception as error:
        raise declared.error(
            f"`load_state` raises {type(error).__name__}: {error}",
            "`load_state(state)` in an object that was only opened, as a resumed run does",
            type(error).__name__,
            "let `load_state` make what `reset` would make; numbers come back as they were given",
        ) from error


def _shown_again(declared: Declared, env: RunningEnvironment) -> dict[str, Any]:
    missing = [name for name in FIELDS if not hasattr(env, name)]
    if missing:
        raise declared.error(
            f"after `load_state` there is no `{missing[0]}`",
            "the time step of the moment that was saved: a resumed run reads it first",
            f"a {type(env).__name__} without " + ", ".join(f"`{name}`" for name in missing),
            "put the time step into `state()`, and set its fields in `load_state`",
        )
    return shown(env, declared)


def _through_a_file(declared: Declared, state: State) -> State:
    """A state as a checkpoint gives it back."""
    try:
        structure, tensors = encode(state)
    except CheckpointError as error:
        found = error.diagnostics[0]
        raise declared.error(
            f"`state()` cannot be stored: {found.message}",
            "a dict of numbers, texts, lists, dicts, tensors and arrays",
            "something else",
            found.help[0].text if found.help else "store what it is made of",
        ) from error
    back: State = decode(structure, {name: tensor.clone() for name, tensor in tensors.items()})
    return back


def _must_agree(
    declared: Declared, one: Trajectory, other: Trajectory, message: str, fix: str
) -> None:
    for at, (a, b) in enumerate(zip(one, other, strict=True)):
        for name in a:
            found = differences(a[name], b[name], name)
            if found:
                when = f" at step {at}" if len(one) > 1 else ""
                place, _, values = found[0].partition(": ")
                here, _, there = values.partition(" and ")
                raise declared.error(
                    f"{message} shows another `{name}`{when}",
                    f"{place} {here}",
                    f"{place} {there}",
                    fix,
                )


def _row(tree: Any, row: int) -> Any:
    return copied(tree, lambda tensor: tensor[row].clone())

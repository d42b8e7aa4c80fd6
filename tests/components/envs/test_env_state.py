"""Exact environment state: run, save, run on; restore elsewhere, run on alike, to the bit."""

import functools
import json
from collections import deque
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from alfgraph.components.envs.batch.batched_env import BatchedEnv, Vectorization
from alfgraph.components.envs.spaces.recipe import EnvRecipe
from alfgraph.components.envs.state.env_state import choose_tier
from alfgraph.components.envs.state.packed_state import OpaqueError, from_state, to_state
from alfgraph.diagnostics.errors import CheckpointError


def policy(env: BatchedEnv, generator: torch.Generator) -> torch.Tensor:
    """Random actions in the board's space."""
    space: Any = env.actions.board_space
    if isinstance(space, spaces.Discrete):
        return torch.randint(int(space.n), (env.num_envs,), generator=generator)
    return torch.rand(env.num_envs, *space.shape, generator=generator) * 2 - 1


def seen(env: BatchedEnv) -> list[Any]:
    observation: Any = env.observation
    previous: Any = env.prev_action
    leaves = list(observation.values()) if isinstance(observation, dict) else [observation]
    now = [env.step_type, env.reward, env.discount, previous, *leaves, *env.env_info.values()]
    return [part.clone() for part in now]


def run(env: BatchedEnv, steps: int, generator: torch.Generator) -> list[list[Any]]:
    trace = [seen(env)]
    for _ in range(steps):
        env.step(policy(env, generator))
        trace.append(seen(env))
    return trace


def through_json(state: Any) -> Any:
    """What a checkpoint does: numbers and texts through JSON, arrays through bytes."""
    if isinstance(state, dict):
        return {key: through_json(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        return np.frombuffer(state.tobytes(), state.dtype).reshape(state.shape)
    return json.loads(json.dumps(state))


def check_exact(
    recipe: EnvRecipe, tier: int, before: int, after: int, form: Vectorization, num_envs: int = 3
) -> int:
    """Returns how many episodes ended after the save."""
    generator = torch.Generator().manual_seed(1)
    one = BatchedEnv(recipe, num_envs, seed=3, vectorization=form)
    one.reset()
    run(one, before, generator)
    assert one.tier == tier
    state = through_json(one.save_point())
    assert one.tier == tier
    actions = generator.get_state()
    expected = run(one, after, generator)
    second = one.save_point()
    expected += run(one, after, generator)
    one.close()

    for used in (False, True):
        other = BatchedEnv(recipe, num_envs, seed=99, vectorization=form)
        if used:
            other.reset()
            run(other, 17, generator)
        other.load_state(state)
        generator.set_state(actions)
        trace = run(other, after, generator)
        assert_equal_states(other.save_point(), second)
        trace += run(other, after, generator)
        other.close()
        for tick, (ours, theirs) in enumerate(zip(trace, expected, strict=True)):
            for part, wanted in zip(ours, theirs, strict=True):
                assert part.dtype == wanted.dtype
                assert torch.equal(part, wanted), f"differs {tick} steps after the restore"
    return sum(int((step[0] == 2).sum()) for step in expected)


def assert_equal_states(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal_states(one[key], other[key])
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    else:
        assert one == other


@pytest.mark.parametrize("before", [0, 1, 37, 203])
@pytest.mark.parametrize(
    ("env_id", "form", "limit"),
    [
        ("CartPole-v1", "native", 40),
        ("CartPole-v1", "serial", 40),
        ("Pendulum-v1", "serial", 50),
        ("Acrobot-v1", "serial", 50),
        ("MountainCar-v0", "serial", 50),
        ("MountainCarContinuous-v0", "serial", 50),
        ("Taxi-v4", "serial", 50),
        ("CliffWalking-v1", "serial", 50),
        ("FrozenLake-v1", "serial", 50),
        ("Blackjack-v1", "serial", 50),
    ],
)
def test_classic_control(env_id: str, form: Vectorization, limit: int, before: int) -> None:
    recipe = EnvRecipe(env_id, max_episode_steps=limit)
    assert check_exact(recipe, tier=1, before=before, after=110, form=form) >= 6


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
def test_workers(env_id: str) -> None:
    recipe = EnvRecipe(env_id, max_episode_steps=30)
    assert check_exact(recipe, 1, before=40, after=50, form="workers", num_envs=2) >= 4


def test_serial_and_workers_have_the_same_state() -> None:
    states = []
    forms: tuple[Vectorization, ...] = ("serial", "workers")
    for form in forms:
        env = BatchedEnv(EnvRecipe("Acrobot-v1"), 2, vectorization=form)
        env.reset()
        run(env, 20, torch.Generator().manual_seed(0))
        states.append(env.state()["envs"])
        env.close()
    assert_equal_states(*states)


@pytest.mark.parametrize("env_id", ["LunarLanderContinuous-v3", "LunarLander-v3"])
@pytest.mark.parametrize("before", [0, 60, 175])
def test_lunar_lander_is_replayed(env_id: str, before: int) -> None:
    recipe = EnvRecipe(env_id)
    assert check_exact(recipe, tier=2, before=before, after=120, form="serial") >= 3


def test_lunar_lander_with_wind_in_workers_is_replayed() -> None:
    recipe = EnvRecipe("LunarLander-v3", {"enable_wind": True})
    assert check_exact(recipe, tier=2, before=90, after=110, form="workers", num_envs=2) >= 2


@pytest.mark.parametrize("form", ["serial", "workers"])
@pytest.mark.parametrize("before", [0, 130])
def test_bipedal_walker_is_rebuilt(form: Vectorization, before: int) -> None:
    recipe = EnvRecipe("BipedalWalker-v3")
    assert check_exact(recipe, tier=3, before=before, after=150, form=form, num_envs=2) >= 2


@pytest.mark.parametrize("env_id", ["HalfCheetah-v5", "Hopper-v5", "Ant-v5", "Reacher-v5"])
def test_mujoco(env_id: str) -> None:
    pytest.importorskip("mujoco")
    recipe = EnvRecipe(env_id, max_episode_steps=60)
    assert check_exact(recipe, 1, before=37, after=100, form="serial", num_envs=2) >= 6


def test_rebuilding_cuts_episodes_off_as_a_time_limit_does() -> None:
    env: Any = BatchedEnv(EnvRecipe("BipedalWalker-v3"), 2)
    env.reset()
    first: Any = env.observation_numpy
    env.save_point()
    assert env.step_type.tolist() == [0, 0]  # newly started episodes start anew
    assert not np.array_equal(first, env.observation.numpy())
    env.step(torch.zeros(2, 4))
    before: Any = env.observation_numpy
    env.save_point()
    assert env.step_type.tolist() == [2, 2]
    assert env.discount.tolist() == [1.0, 1.0]
    assert np.array_equal(before, env.observation.numpy())
    env.step(torch.zeros(2, 4))
    assert env.step_type.tolist() == [0, 0]
    assert env.reward.tolist() == [0.0, 0.0]
    env.step(torch.zeros(2, 4))
    assert env.step_type.tolist() == [1, 1]


class Plain(gymnasium.Env[Any, Any]):
    """An environment of one's own whose state is plain data."""

    observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float64)
    action_space = spaces.Discrete(2)

    def __init__(self) -> None:
        self.history: deque[float] = deque(maxlen=3)
        self.count = 0
        self.where = np.zeros(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.count = 0
        return self.where, {}

    def step(self, action: Any) -> Any:
        self.count += 1
        self.history.append(float(self.np_random.normal()))
        self.where = self.where * 0.9 + sum(self.history)
        ended = bool(self.np_random.random() < 0.1)
        return self.where, float(self.count), ended, False, {"count": self.count}


class Opaque(Plain):
    """The same with something that cannot be looked into."""

    def __init__(self) -> None:
        super().__init__()
        self.iterator = iter(range(10**6))

    def step(self, action: Any) -> Any:
        observation, _, *rest = super().step(action)
        return observation, float(next(self.iterator)), *rest


class Late(Plain):
    """The same, where the opaque thing comes only with the first step."""

    def step(self, action: Any) -> Any:
        self.iterator = iter(range(3))
        return super().step(action)


@pytest.mark.parametrize("form", ["serial", "workers"])
def test_an_environment_of_plain_data(form: Vectorization) -> None:
    recipe = EnvRecipe("Plain", make=Plain, info_keys=("count",))
    assert check_exact(recipe, tier=1, before=33, after=60, form=form) >= 6


@pytest.mark.parametrize("form", ["serial", "workers"])
def test_an_opaque_environment_is_rebuilt(form: Vectorization) -> None:
    recipe = EnvRecipe("Opaque", make=Opaque, info_keys=("count",))
    assert check_exact(recipe, tier=3, before=33, after=60, form=form) >= 6


def test_an_environment_that_turns_out_opaque_is_rebuilt_from_then_on() -> None:
    recipe = EnvRecipe("Late", make=Late)
    env = BatchedEnv(recipe, 2)
    assert env.tier == 1
    env.reset()
    env.step(torch.zeros(2, dtype=torch.int64))
    state = through_json(env.save_point())
    assert env.tier == state["tier"] == 3
    assert env.why_tier.why == "`.0.iterator` is a builtins.range_iterator"
    other = BatchedEnv(recipe, 2)
    other.load_state(state)
    assert other.tier == 3
    generator = torch.Generator()
    expected = run(env, 50, generator.manual_seed(0))
    for ours, theirs in zip(run(other, 50, generator.manual_seed(0)), expected, strict=True):
        assert all(torch.equal(part, wanted) for part, wanted in zip(ours, theirs, strict=True))


def test_wrappers_keep_their_state() -> None:
    recipe = EnvRecipe(
        "Pendulum-v1",
        wrappers=(
            functools.partial(gymnasium.wrappers.FrameStackObservation, stack_size=3),
            gymnasium.wrappers.NormalizeReward,
        ),
        max_episode_steps=40,
    )
    assert check_exact(recipe, tier=1, before=55, after=90, form="serial") >= 6


def test_wrappers_keep_their_state_beside_a_replay() -> None:
    recipe = EnvRecipe("LunarLander-v3", wrappers=(gymnasium.wrappers.NormalizeReward,))
    assert check_exact(recipe, tier=2, before=60, after=120, form="serial", num_envs=1) >= 1


class Rows(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """A native vector environment that cannot be looked into."""

    def __init__(self, num_envs: int, max_episode_steps: int = 5) -> None:
        self.num_envs = num_envs
        self.single_observation_space = spaces.Box(-1, 1, (1,))
        self.single_action_space = spaces.Discrete(2)
        self.metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}
        self.opaque = iter(())
        self.limit = max_episode_steps

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.clock = np.zeros(self.num_envs, int)
        return self.np_random.random((self.num_envs, 1), np.float32), {}

    def step(self, actions: Any) -> Any:
        resets = self.clock >= self.limit
        self.clock = np.where(resets, 0, self.clock + 1 + actions)
        reward = self.np_random.random(self.num_envs)  # not zero where it resets
        observation = self.np_random.random((self.num_envs, 1), np.float32)
        ended = self.clock >= self.limit
        return observation, reward, ended, np.zeros(self.num_envs, bool), {}


@pytest.fixture
def rows() -> Any:
    make: Any = Rows
    gymnasium.register("Rows-v0", vector_entry_point=make, max_episode_steps=5)
    yield "Rows-v0"
    del gymnasium.registry["Rows-v0"]


def test_an_opaque_native_environment_is_rebuilt(rows: str) -> None:
    assert check_exact(EnvRecipe(rows), tier=3, before=20, after=30, form="native") >= 6


def test_a_native_environment_has_no_reward_at_first_steps(rows: str) -> None:
    env = BatchedEnv(EnvRecipe(rows), 3)
    env.reset()
    for trace in run(env, 30, torch.Generator().manual_seed(0)):
        assert (trace[1][trace[0] == 0] == 0).all()


def test_a_state_of_another_form_is_refused() -> None:
    native = BatchedEnv(EnvRecipe("CartPole-v1"), 2)
    native.reset()
    serial = BatchedEnv(EnvRecipe("CartPole-v1"), 2, vectorization="serial")
    with pytest.raises(CheckpointError, match="were native, these are serial"):
        serial.load_state(native.state())


def test_reasons() -> None:
    assert choose_tier(gymnasium.make("CartPole-v1")).why == "its state is plain arrays"
    why = choose_tier(gymnasium.make("BipedalWalker-v3")).why
    assert "Box2D" in why


def test_packed_data_keep_values_types_and_sharing() -> None:
    shared = np.arange(3, dtype=np.uint8)
    generator = np.random.default_rng(5)
    value = {
        "none": None,
        "flag": True,
        "count": 10**30,
        "x": 0.1 + 0.2,
        "infinite": float("inf"),
        "single": np.float32(0.1),
        "pair": (1, 2.5, "a"),
        "items": [shared, shared],
        "queue": deque([1, 2], maxlen=2),
        "generator": generator,
    }
    back = from_state(through_json(to_state(value)))
    assert back["none"] is None and back["flag"] is True
    assert (back["count"], back["x"], back["infinite"]) == (10**30, 0.1 + 0.2, float("inf"))
    assert type(back["single"]) is np.float32 and back["single"] == np.float32(0.1)
    assert back["pair"] == (1, 2.5, "a")
    assert back["items"][0] is back["items"][1]
    assert back["items"][0].dtype == np.uint8
    assert back["queue"] == deque([1, 2]) and back["queue"].maxlen == 2
    assert back["generator"].random() == generator.random()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([object()], r"`\.0` is a builtins\.object"),
        ({"a": {"b": {1, 2}}}, r"`\.a\.b` is a builtins\.set"),
        ([(inner := [1]), inner], "occurs twice"),
        ([(array := np.zeros(4)), array[1:]], "overlaps another array"),
        ({1: 2}, r"is a builtins\.dict"),
        ([np.array(["a"])], r"is a numpy\.ndarray"),
    ],
)
def test_what_is_not_plain_data_is_refused(value: Any, expected: str) -> None:
    with pytest.raises(OpaqueError, match=expected):
        to_state(value)


@pytest.mark.parametrize(("env_id", "tier"), [("CartPole-v1", 1), ("BipedalWalker-v3", 3)])
def test_reading_the_state_changes_nothing(env_id: str, tier: int) -> None:
    """Not even where only rebuilding helps: that is what save points are for."""
    traces = []
    for reads in (False, True):
        generator = torch.Generator().manual_seed(5)
        env = BatchedEnv(EnvRecipe(env_id), 2, seed=3, vectorization="serial")
        env.reset()
        run(env, 30, generator)
        if reads:
            first, second = env.state(), env.state()
            assert first["tier"] == tier
            assert_equal_states(first, second)
        run(env, 60, generator)
        traces.append(env.save_point())
        env.close()
    assert_equal_states(*traces)

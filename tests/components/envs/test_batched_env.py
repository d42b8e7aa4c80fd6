"""BatchedEnv: the table of ALF's time steps, spaces of every kind, seeds, workers, failures."""

import os
import time
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from alfgraph.components.envs.batch.batched_env import BatchedEnv, Vectorization, vectorization_of
from alfgraph.components.envs.spaces.recipe import EnvRecipe
from alfgraph.diagnostics.errors import RunError, SettingError


class Counter(gymnasium.Env[Any, Any]):
    """Counts its steps; action 1 terminates, action 2 raises, 3 kills, 4 hangs."""

    observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = spaces.Discrete(5)

    def __init__(self, reward: Any = 0.5, observation_space: Any = None) -> None:
        self.gain = reward
        self.count = 0
        self.episodes = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.count = 0
        self.episodes += 1
        return self._observe(), {}

    def _observe(self) -> Any:
        return np.array([self.episodes, self.count], np.float64)

    def step(self, action: Any) -> Any:
        self.count += 1
        if action == 2:
            raise KeyError("broken wheel")
        if action == 3:
            os._exit(1)
        if action == 4:
            time.sleep(60)
        return self._observe(), self.gain, action == 1, False, {"score": self.count, "text": "x"}


class Tree(gymnasium.Env[Any, Any]):
    """Nested observations and actions; the observation shows the action it was given."""

    observation_space = spaces.Dict(
        {
            "camera": spaces.Box(0, 255, (3, 2, 2), np.uint8),
            "pair": spaces.Tuple((spaces.Discrete(3, start=5), spaces.MultiBinary(2))),
            "position": spaces.Box(-1, 1, (3,), np.float64),
        }
    )
    action_space = spaces.Dict(
        {
            "gear": spaces.Discrete(3, start=-1),
            "steer": spaces.Box(-2.0, 4.0, (1,), np.float64),
            "switches": spaces.Tuple((spaces.MultiDiscrete([3, 4]), spaces.MultiBinary(2))),
        }
    )

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.seen: list[Any] = []
        return self._observe(), {}

    def _observe(self) -> Any:
        return {
            "camera": np.full((3, 2, 2), len(self.seen), np.uint8),
            "pair": (6, np.array([1, 0], np.int8)),
            "position": np.array([0.1, 0.2, 0.3]),
        }

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        self.seen.append(action)
        return self._observe(), 0.0, False, False, {}


def batch(
    make: Any, num_envs: int = 2, vectorization: Vectorization = "serial", **settings: Any
) -> BatchedEnv:
    timeout = settings.pop("worker_timeout", 20.0)
    recipe = EnvRecipe("Test", make=make, **settings)
    return BatchedEnv(recipe, num_envs, vectorization=vectorization, worker_timeout=timeout)


def tensor(tree: Any) -> torch.Tensor:
    assert isinstance(tree, torch.Tensor)
    return tree


FORMS: tuple[Vectorization, ...] = ("serial", "workers")


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Iterator[Vectorization]:
    yield request.param


def test_info_is_named_after_how_an_episode_sums_it_up(form: Vectorization) -> None:
    keys = ("score", "score@max", "text_length@step")
    env = batch(Counter, info_keys=keys, vectorization=form)
    env.reset()
    for _ in range(2):
        env.step(torch.tensor([0, 0]))
    board, episode = env.env_info, env.episode_info
    env.close()
    assert {name: row.tolist() for name, row in board.items()} == {
        "score": [2.0, 2.0],
        "text_length": [0.0, 0.0],  # never given
    }
    assert {name: row.tolist() for name, row in episode.items()} == {
        "score": [2.0, 2.0],
        "score@max": [2.0, 2.0],
        "text_length@step": [0.0, 0.0],
    }


def test_table_of_time_steps(form: Vectorization) -> None:
    """Row 0 terminates at its second step, row 1 runs into the time limit of 3."""
    env = batch(Counter, max_episode_steps=3, info_keys=("score",), vectorization=form)
    env.reset()
    table = [(env.step_type.tolist(), env.reward.tolist(), env.discount.tolist())]
    observations = [tensor(env.observation).tolist()]
    previous = [tensor(env.prev_action).tolist()]
    scores = [env.env_info["score"].tolist()]
    for action in ([0, 0], [1, 0], [1, 0], [0, 1], [0, 0]):
        env.step(torch.tensor(action))
        table.append((env.step_type.tolist(), env.reward.tolist(), env.discount.tolist()))
        observations.append(tensor(env.observation).tolist())
        previous.append(tensor(env.prev_action).tolist())
        scores.append(env.env_info["score"].tolist())
    env.close()
    assert table == [
        ([0, 0], [0.0, 0.0], [1.0, 1.0]),  # FIRST
        ([1, 1], [0.5, 0.5], [1.0, 1.0]),  # MID
        ([2, 1], [0.5, 0.5], [0.0, 1.0]),  # row 0 LAST: terminated
        ([0, 2], [0.0, 0.5], [1.0, 1.0]),  # row 0 FIRST, its action ignored; row 1 LAST: time limit
        ([1, 0], [0.5, 0.0], [1.0, 1.0]),  # row 1 FIRST, its action 1 ignored
        ([1, 1], [0.5, 0.5], [1.0, 1.0]),
    ]
    assert observations == [  # (episode, steps): the final observation of an episode is seen
        [[1, 0], [1, 0]],
        [[1, 1], [1, 1]],
        [[1, 2], [1, 2]],
        [[2, 0], [1, 3]],
        [[2, 1], [2, 0]],
        [[2, 2], [2, 1]],
    ]
    assert previous == [[0, 0], [0, 0], [1, 0], [0, 0], [0, 0], [0, 0]]
    assert scores == [[0, 0], [1, 1], [2, 2], [0, 3], [1, 0], [2, 1]]


def test_types_and_shapes() -> None:
    env = batch(Counter, num_envs=3)
    env.reset()
    env.step(torch.zeros(3, dtype=torch.int64))
    assert env.step_type.dtype == torch.int32 and env.step_type.shape == (3,)
    assert env.reward.dtype == torch.float32 and env.reward.shape == (3,)
    assert env.discount.dtype == torch.float32 and env.discount.shape == (3,)
    assert tensor(env.observation).dtype == torch.float32
    assert env.env_id.dtype == torch.int32 and env.env_id.tolist() == [0, 1, 2]
    assert tensor(env.prev_action).dtype == torch.int64
    assert env.env_info == {}
    assert np.shares_memory(env.step_type_numpy, env.step_type.numpy())
    assert np.shares_memory(env.reward_numpy, env.reward.numpy())


@pytest.mark.parametrize("vectorization", ["native", "serial", "workers"])
def test_every_step_has_arrays_of_its_own(vectorization: Vectorization) -> None:
    env = BatchedEnv(EnvRecipe("CartPole-v1"), 2, vectorization=vectorization)
    env.reset()
    seen = []
    for _ in range(30):
        now = [env.step_type, env.reward, env.discount, tensor(env.observation)]
        seen.append((now, [part.clone() for part in now]))
        env.step(torch.ones(2, dtype=torch.int64))
    env.close()
    for now, copies in seen:
        assert all(torch.equal(part, copy) for part, copy in zip(now, copies, strict=True))


def test_vector_reward(form: Vectorization) -> None:
    env = batch(
        lambda: Counter(reward=np.array([1.0, -2.0])), reward_shape=(2,), vectorization=form
    )
    env.reset()
    assert env.reward.tolist() == [[0, 0], [0, 0]]
    env.step(torch.tensor([1, 0]))
    assert env.reward.tolist() == [[1, -2], [1, -2]]
    assert env.discount.tolist() == [0, 1]
    env.step(torch.tensor([0, 0]))
    env.close()
    assert env.reward.tolist() == [[0, 0], [1, -2]]
    assert env.reward.dtype == torch.float32


def test_nested_observations_and_actions(form: Vectorization) -> None:
    env = batch(Tree, vectorization=form)
    env.reset()
    action: Any = {
        "gear": torch.tensor([0, 2]),
        "steer": torch.tensor([[-1.0], [0.5]]),
        "switches": {"0": torch.tensor([[2, 3], [0, 1]]), "1": torch.tensor([[1, 0], [0, 1]])},
    }
    assert isinstance(env.prev_action, dict)
    assert tensor(env.prev_action["steer"]).tolist() == [[0.0], [0.0]]
    env.step(action)
    observation: Any = env.observation
    assert list(observation) == ["camera", "pair", "position"]
    assert observation["camera"].dtype == torch.uint8
    assert observation["camera"].shape == (2, 3, 2, 2)
    assert observation["pair"]["0"].tolist() == [6, 6]
    assert observation["pair"]["0"].dtype == torch.int64
    assert observation["pair"]["1"].dtype == torch.int8
    assert observation["position"].dtype == torch.float32
    if form == "serial":
        cells: Any = env.form
        first, second = (cell.unwrapped.seen[0] for cell in cells.cells)
        assert (first["gear"], second["gear"]) == (-1, 1)
        assert (first["steer"].tolist(), second["steer"].tolist()) == ([-2.0], [2.5])
        assert second["switches"][0].tolist() == [0, 1]
    env.close()


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
def test_serial_and_workers_give_gymnasiums_own_trajectories(env_id: str) -> None:
    theirs = gymnasium.make_vec(env_id, 3, vectorization_mode="sync")
    ours = [
        BatchedEnv(EnvRecipe(env_id, normalize_action=False), 3, seed=7, vectorization=form)
        for form in FORMS
    ]
    expected, _ = theirs.reset(seed=7)
    for env in ours:
        env.reset()
    for _ in range(250):
        for env in ours:
            assert np.array_equal(tensor(env.observation).numpy(), expected)
        action = np.array([theirs.single_action_space.sample() for _ in range(3)])
        expected, reward, terminated, truncated, _ = theirs.step(action)
        for env in ours:
            env.step(torch.from_numpy(action))
            assert np.array_equal(env.reward_numpy, reward.astype(np.float32))
            assert np.array_equal(env.step_type_numpy == 2, terminated | truncated)
            assert np.array_equal(env.discount.numpy() == 0, terminated)
    theirs.close()
    for env in ours:
        env.close()


def test_env_i_has_seed_plus_i() -> None:
    one = BatchedEnv(EnvRecipe("CartPole-v1"), 3, seed=5, vectorization="serial")
    two = BatchedEnv(EnvRecipe("CartPole-v1"), 3, seed=6, vectorization="serial")
    one.reset()
    two.reset()
    assert torch.equal(tensor(one.observation)[1:], tensor(two.observation)[:2])


def test_a_second_reset_goes_on_with_the_generators_and_a_seed_repeats() -> None:
    env = BatchedEnv(EnvRecipe("CartPole-v1"), 2, seed=5)
    env.reset()
    first = tensor(env.observation)
    env.reset()
    second = tensor(env.observation)
    env.reset(seed=5)
    assert not torch.equal(first, second)
    assert torch.equal(first, tensor(env.observation))


def test_native_cart_pole_truncates_at_its_time_limit() -> None:
    """A registered limit of 500 reaches the native form, and ours overrides it."""
    env = BatchedEnv(EnvRecipe("CartPole-v1", max_episode_steps=5), 2)
    assert env.vectorization == "native"
    env.reset()
    types, discounts, rewards = [], [], []
    for tick in range(8):
        env.step(torch.full((2,), tick % 2))
        types.append(env.step_type.tolist()[0])
        discounts.append(env.discount.tolist()[0])
        rewards.append(env.reward.tolist()[0])
    assert types == [1, 1, 1, 1, 2, 0, 1, 1]
    assert discounts == [1.0] * 8
    assert rewards == [1, 1, 1, 1, 1, 0, 1, 1]
    registered: Any = BatchedEnv(EnvRecipe("CartPole-v1"), 2).form
    assert registered.env.max_episode_steps == 500


def test_native_cart_pole_steps_as_the_single_one() -> None:
    """From the same states, the native form gives what the single one gives, to rounding."""
    native: Any = BatchedEnv(EnvRecipe("CartPole-v1"), 4)
    serial: Any = BatchedEnv(EnvRecipe("CartPole-v1"), 4, vectorization="serial")
    native.reset()
    serial.reset()
    for row, cell in enumerate(serial.form.cells):
        cell.unwrapped.state = native.form.env.state[:, row].copy()
    alive = np.ones(4, bool)
    for _ in range(60):
        action = torch.randint(0, 2, (4,))
        native.step(action)
        serial.step(action)
        assert torch.equal(native.step_type[alive], serial.step_type[alive])
        assert torch.equal(native.discount[alive], serial.discount[alive])
        assert torch.equal(native.reward[alive], serial.reward[alive])
        torch.testing.assert_close(
            native.observation[alive], serial.observation[alive], atol=1e-5, rtol=1e-5
        )
        alive &= native.step_type_numpy != 2
    assert not alive.all()


def test_no_time_limit() -> None:
    env = BatchedEnv(EnvRecipe("Pendulum-v1", max_episode_steps=0), 1)
    env.reset()
    for _ in range(250):
        env.step(torch.zeros(1, 1))
    assert env.step_type.tolist() == [1]


def test_the_form_is_native_where_registered_else_serial() -> None:
    assert vectorization_of(EnvRecipe("CartPole-v1")) == "native"
    assert vectorization_of(EnvRecipe("CartPole-v1", wrappers=(lambda env: env,))) == "serial"
    assert vectorization_of(EnvRecipe("Pendulum-v1")) == "serial"
    assert vectorization_of(EnvRecipe("x", make=Counter)) == "serial"
    assert vectorization_of(EnvRecipe("CartPole-v1"), "workers") == "workers"


def test_native_form_that_is_not_there() -> None:
    with pytest.raises(SettingError, match=r"`Pendulum-v1` has no native vector form"):
        BatchedEnv(EnvRecipe("Pendulum-v1"), 2, vectorization="native")


def test_wrappers_are_applied_in_order() -> None:
    recipe = EnvRecipe(
        "Pendulum-v1",
        wrappers=(
            lambda env: gymnasium.wrappers.TransformReward(
                env, lambda reward: float(reward) * 0 + 1
            ),
            lambda env: gymnasium.wrappers.TransformReward(env, lambda reward: float(reward) + 2),
        ),
    )
    env = BatchedEnv(recipe, 1)
    env.reset()
    env.step(torch.zeros(1, 1))
    assert env.reward.tolist() == [3.0]


def test_prev_action_does_not_carry_a_gradient_and_shows_the_boards_action() -> None:
    env = BatchedEnv(EnvRecipe("Pendulum-v1"), 2)
    env.reset()
    env.step(torch.full((2, 1), 3.0, requires_grad=True))
    previous = tensor(env.prev_action)
    assert previous.tolist() == [[3.0], [3.0]]
    assert not previous.requires_grad


def test_a_failing_environment_is_named(form: Vectorization) -> None:
    env = batch(Counter, num_envs=3, vectorization=form)
    env.reset()
    with pytest.raises(
        RunError, match=r"environment 1 \(`Counter`\) failed.*KeyError.*broken wheel"
    ):
        env.step(torch.tensor([0, 2, 0]))
    env.close()


def test_a_dead_worker_is_named() -> None:
    env = batch(Counter, num_envs=3, vectorization="workers")
    env.reset()
    with pytest.raises(RunError, match=r"worker of environment 2 \(`Counter`\) died"):
        env.step(torch.tensor([0, 0, 3]))
    env.close()


def test_a_hung_worker_is_named() -> None:
    env = batch(Counter, num_envs=3, vectorization="workers", worker_timeout=0.5)
    env.reset()
    with pytest.raises(
        RunError, match=r"environment 1 \(`Counter`\) gave no answer for 0.5 seconds"
    ):
        env.step(torch.tensor([0, 4, 0]))
    env.close()


def test_a_failing_native_environment_is_named() -> None:
    env = BatchedEnv(EnvRecipe("CartPole-v1"), 2)
    env.reset()
    with pytest.raises(RunError, match="native vector form of environment `CartPole-v1` failed"):
        env.step(torch.tensor([0, 7]))


def test_spaces_without_arrays_are_refused() -> None:
    class Talker(Counter):
        observation_space: Any = spaces.Text(5)

    with pytest.raises(RunError, match="a space of kind Text has no fixed array form"):
        batch(Talker)

"""The good boards that mutation starts from, made small: tiny networks, few environments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alfgraph.boards.loading import load
from alfgraph.components import (
    GRU,
    PPO,
    SAC,
    TD3,
    ActorCritic,
    ActorDistributionNetwork,
    Epochs,
    FrameStack,
    GymEnv,
    ObservationNormalizer,
    Pipeline,
    RecurrentActor,
    RecurrentValueNetwork,
    RewardClipping,
    RewardNormalizer,
    Scalarize,
)
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.families.graph import Graph
from alfgraph.overrides.swaps import set_values
from alfgraph.wiring.tree import parts_below
from tests.whole_boards import test_whole_runs
from tests.whole_boards.curiosity import ICM
from tests.whole_boards.worlds import Camera, Clock, Goods, Noise, Reach

ROOT = Path(__file__).parents[2]

SMALL: dict[str, Any] = {
    "hidden": (3,),
    "num_envs": 2,
    "max_length": 32,
    "unroll_length": 4,
    "mini_batch_size": 4,
    "epochs": 2,
    "initial_collect_steps": 16,
    "num_updates_per_train_iter": 1,
    "num_iterations": 2,
    "num_env_steps": None,
    "num_eval_episodes": 2,
    "num_eval_environments": 2,
    "eval_interval": None,
    "summary_interval": 1,
    "num_threads": 1,
    "progress": "none",
    "max_episode_steps": 6,
}
"""Settings by name, wherever a part has them."""


def _small(name: str, value: Any, part: Any) -> Any:
    """The small value of a setting; None where it stays as it is."""
    if name not in SMALL or value == SMALL[name]:
        return None
    if name == "max_episode_steps" and part.make is not None:
        return None
    return SMALL[name]


def shrink(graph: Any) -> Any:
    """The same board with small numbers, so that two iterations take milliseconds."""
    wanted = {
        f"{path}.{name}".lstrip("."): small
        for path, part in paths_of(graph).items()
        for name, value in part
        if (small := _small(name, value, part)) is not None
    }
    wanted.setdefault("trainer.num_iterations", 2)
    for path, value in wanted.items():
        try:
            graph = set_values(graph, {path: value}, origin="shrunk")
        except AlfgraphError:
            continue  # a part that is given two ways was reached by another path
    return graph


def paths_of(graph: Any) -> dict[str, Any]:
    """Every part of a board by socket path."""
    from alfgraph.wiring.binding import bind

    return {part.socket_path: part.binding.original for part in parts_below(bind(graph))}


def _pipeline(world: Any, algorithm: Any, **sockets: Any) -> Callable[[], Graph]:
    return lambda: Pipeline(env=GymEnv(make=world, num_envs=2), algorithm=algorithm, **sockets)


def _files() -> Iterator[tuple[str, Callable[[], Any]]]:
    for path in sorted((ROOT / "graphs").glob("*.py")):
        yield path.stem, functools.partial(load, path)


STARTS: dict[str, Callable[[], Any]] = {
    **dict(_files()),
    **test_whole_runs.BOARDS,
    "PPO, Dict": _pipeline(Camera, PPO()),
    "PPO, continuous": _pipeline(Reach, PPO(target_kl=0.1)),
    "PPO, GRU": _pipeline(
        Noise, PPO(actor=RecurrentActor(memory=GRU()), critic=RecurrentValueNetwork())
    ),
    "ActorCritic, normalised": _pipeline(
        Noise, ActorCritic(), transforms=(ObservationNormalizer(), RewardNormalizer())
    ),
    "SAC, stacked": _pipeline(Reach, SAC(), transforms=(FrameStack(size=2), RewardClipping())),
    "TD3, curious": _pipeline(Reach, TD3()),
    "PPO, ICM": _pipeline(
        Clock, PPO(), transforms=(ICM(),), schedule=Epochs(unroll_length=4, mini_batch_size=4)
    ),
    "PPO, goods": _pipeline(Goods, PPO(), transforms=(Scalarize(weights=(1.0, 0.5, 0.0)),)),
    "PPO, shared": _pipeline(Noise, PPO(actor=ActorDistributionNetwork(hidden=(2, 3)))),
}
"""Makes of good boards by name."""

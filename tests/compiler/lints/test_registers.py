"""A network that remembers while acting must not learn from an empty memory without a word."""

from __future__ import annotations

import alfgraph
from alfgraph.components import (
    GRU,
    PPO,
    SAC,
    ActorDistributionNetwork,
    GymEnv,
    Pipeline,
    RecurrentActor,
    RecurrentValueNetwork,
)
from alfgraph.families.graph import Graph
from tests.runtime.training import board


def warnings_of(graph: Graph) -> list[str]:
    return [note.message for note in alfgraph.plan(graph).notes if note.code == "W206"]


def test_replayed_sequences_start_from_an_empty_memory() -> None:
    """SAC records no registers; it applies its actor twice, and is told once."""
    head = ActorDistributionNetwork(
        hidden=(), continuous="squashed_normal", state_dependent_std=True
    )
    actor = RecurrentActor(memory=GRU(size=4), head=head)
    graph = Pipeline(env=GymEnv(id="Pendulum-v1", num_envs=2), algorithm=SAC(actor=actor))
    assert warnings_of(graph) == [
        "in `update`, `algorithm.actor.memory` starts from its initial state in sequences that may "
        "begin in the middle of an episode"
    ]


def test_recorded_registers_need_no_warning() -> None:
    """Actor-critic goes on from what it recorded; so does PPO, whose critic never acts."""
    assert warnings_of(board("recurrent")) == []
    ppo = PPO(actor=RecurrentActor(), critic=RecurrentValueNetwork())
    assert warnings_of(Pipeline(env=GymEnv(num_envs=4), algorithm=ppo)) == []

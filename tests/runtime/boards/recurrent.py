"""Registers: an actor that remembers, trained through the rollout."""

from alfgraph.components import ActorCritic, GymEnv, OnPolicy, Pipeline, Trainer
from alfgraph.components.networks.recurrent_memory import GRU
from alfgraph.components.networks.recurrent_networks import RecurrentActor

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=4, vectorization="serial"),
    algorithm=ActorCritic(actor=RecurrentActor(memory=GRU(size=16))),
    schedule=OnPolicy(unroll_length=6),
    trainer=Trainer(
        num_iterations=60,
        num_checkpoints=12,
        summary_interval=5,
        eval_interval=20,
        num_eval_episodes=2,
    ),
)

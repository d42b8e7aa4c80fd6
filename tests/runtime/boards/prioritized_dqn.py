"""Priorities, transitions of three steps, an annealed β: a ring that wraps around, with a tree."""

from alfgraph.components import (
    DQN,
    GymEnv,
    OffPolicy,
    Pipeline,
    PrioritizedReplay,
    QNetwork,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=2),
    algorithm=DQN(
        q=QNetwork(hidden=(16,)),
        replay=PrioritizedReplay(max_length=90, n_step=3),
        target_period=20,
    ),
    schedule=OffPolicy(
        unroll_length=4, initial_collect_steps=64, mini_batch_size=16, num_updates_per_train_iter=2
    ),
    trainer=Trainer(
        num_iterations=120,
        num_checkpoints=12,
        summary_interval=5,
        eval_interval=20,
        num_eval_episodes=2,
    ),
)

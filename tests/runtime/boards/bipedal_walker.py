"""Tier 3: a simulator that can only be rebuilt, at every checkpoint and in all runs alike."""

from alfgraph.components import PPO, Epochs, GymEnv, Pipeline, Trainer

graph = Pipeline(
    env=GymEnv(id="BipedalWalker-v3", num_envs=2, max_episode_steps=100),
    algorithm=PPO(schedule=Epochs(unroll_length=64, epochs=4, mini_batch_size=64)),
    trainer=Trainer(
        num_iterations=20,
        num_checkpoints=7,
        summary_interval=5,
        eval_interval=6,
        num_eval_episodes=1,
    ),
)

"""Tier 1: natively vectorised environments, whose state is arrays."""

from alfgraph.components import PPO, Epochs, GymEnv, LinearAnnealing, Pipeline, PPOLoss, Trainer

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=8),
    algorithm=PPO(
        loss=PPOLoss(clip=LinearAnnealing(start=0.2, end=0.0)),
        schedule=Epochs(unroll_length=32, epochs=4, mini_batch_size=64),
    ),
    trainer=Trainer(
        num_iterations=40,
        num_checkpoints=14,
        summary_interval=5,
        eval_interval=8,
        num_eval_episodes=4,
        keep_checkpoints=3,
    ),
)

"""Tier 2: a simulator that replaying its actions reproduces; running statistics; workers."""

from alfgraph.components import PPO, Epochs, GymEnv, Pipeline, Trainer
from alfgraph.components.transforms.observation_normalizer import ObservationNormalizer
from alfgraph.components.transforms.reward_normalizer import RewardNormalizer

graph = Pipeline(
    env=GymEnv(id="LunarLanderContinuous-v3", num_envs=4),
    transforms=(ObservationNormalizer(), RewardNormalizer()),
    algorithm=PPO(schedule=Epochs(unroll_length=64, epochs=4, mini_batch_size=64)),
    trainer=Trainer(
        num_iterations=24,
        num_checkpoints=9,
        summary_interval=5,
        eval_interval=10,
        num_eval_episodes=1,
    ),
)

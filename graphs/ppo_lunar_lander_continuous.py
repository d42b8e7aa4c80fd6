"""PPO on LunarLanderContinuous: another environment and algorithm on the smallest board."""

from alfgraph import load
from alfgraph.components import GAE, PPO, Adam, Epochs, GymEnv, PPOLoss, Trainer

graph = load("ac_cart_pole.py").swap(
    env=GymEnv(id="LunarLanderContinuous-v3", num_envs=16),
    algorithm=PPO(
        returns=GAE(gamma=0.999, lambda_=0.98),
        loss=PPOLoss(entropy_weight=0.01, value_weight=0.5),
        optimizer=Adam(lr=3e-4, eps=1e-5, gradient_clipping=0.5),
    ),
    schedule=Epochs(unroll_length=1024, epochs=4, mini_batch_size=64),
    trainer=Trainer(num_env_steps=1_000_000, summary_interval=1),
)

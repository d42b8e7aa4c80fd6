"""PPO on CartPole with rl-zoo's settings: 500 within 100,000 steps."""

from alfgraph.components import (
    GAE,
    PPO,
    Adam,
    Epochs,
    GymEnv,
    LinearAnnealing,
    Pipeline,
    PPOLoss,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=8),
    algorithm=PPO(
        returns=GAE(gamma=0.98, lambda_=0.8),
        loss=PPOLoss(clip=LinearAnnealing(start=0.2, end=0.0), value_weight=0.5),
        optimizer=Adam(lr=LinearAnnealing(start=1e-3, end=0.0), eps=1e-5, gradient_clipping=0.5),
        schedule=Epochs(unroll_length=32, epochs=20, mini_batch_size=256),
    ),
    trainer=Trainer(num_env_steps=100_000),
)

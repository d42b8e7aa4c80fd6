"""Double DQN on CartPole: 500 within 50,000 steps.

rl-zoo's settings, but that the learning rate falls to 0: with a constant one, some seeds end with a
bad policy.
"""

from alfgraph.components import (
    DQN,
    Adam,
    EpsilonGreedy,
    GymEnv,
    LinearAnnealing,
    OffPolicy,
    Pipeline,
    QNetwork,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=1),
    algorithm=DQN(
        q=QNetwork(hidden=(256, 256)),
        exploration=EpsilonGreedy(epsilon=LinearAnnealing(start=1.0, end=0.04, over=(0.0, 0.16))),
        optimizer=Adam(lr=LinearAnnealing(start=2.3e-3, end=0.0), gradient_clipping=10.0),
        target_period=128,
        schedule=OffPolicy(
            unroll_length=256,
            initial_collect_steps=1000,
            num_updates_per_train_iter=128,
            mini_batch_size=64,
        ),
    ),
    trainer=Trainer(num_env_steps=50_000),
)

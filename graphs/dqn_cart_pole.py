"""Double DQN on CartPole: 500 within 50,000 steps.

rl-zoo's settings. With its high, constant learning rate the policy of the moment comes and goes, so
what is evaluated is the running mean of the network; and the squared error, unlike Huber's, lets
the rare falls of a policy that is nearly right outweigh the many steps without one.
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
    Target,
    TDLoss,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=1),
    algorithm=DQN(
        q=QNetwork(hidden=(256, 256)),
        exploration=EpsilonGreedy(epsilon=LinearAnnealing(start=1.0, end=0.04, over=(0.0, 0.16))),
        td=TDLoss(error="squared"),
        optimizer=Adam(lr=2.3e-3, gradient_clipping=10.0),
        target_period=128,
        average=Target(tau=3e-4),
    ),
    schedule=OffPolicy(
        unroll_length=256,
        initial_collect_steps=1000,
        num_updates_per_train_iter=128,
        mini_batch_size=64,
    ),
    trainer=Trainer(num_env_steps=50_000),
)

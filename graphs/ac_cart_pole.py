"""Actor-critic on CartPole: the smallest complete board."""

from alfgraph.components import ActorCritic, Adam, GymEnv, OnPolicy, Pipeline, Trainer

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=30),
    algorithm=ActorCritic(optimizer=Adam(lr=1e-3)),
    schedule=OnPolicy(unroll_length=8),
    trainer=Trainer(num_iterations=1000),
)

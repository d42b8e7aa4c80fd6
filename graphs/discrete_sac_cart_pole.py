"""Soft actor-critic on discrete actions: SAC's own board, on CartPole."""

from alfgraph.components import SAC, Adam, GymEnv, OffPolicy, Pipeline, Target, Trainer

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=4),
    algorithm=SAC(
        target=Target(tau=0.01),
        critic_optimizer=Adam(lr=1e-3),
        actor_optimizer=Adam(lr=1e-3),
        temperature_optimizer=Adam(lr=1e-3),
        schedule=OffPolicy(
            initial_collect_steps=1000,
            random_actions=True,
            num_updates_per_train_iter=2,
            mini_batch_size=128,
        ),
    ),
    trainer=Trainer(num_env_steps=30_000),
)

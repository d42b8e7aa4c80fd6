"""SAC on Pendulum with rl-zoo's settings: about -150 within 20,000 steps."""

from alfgraph.components import SAC, Adam, GymEnv, OffPolicy, Pipeline, Trainer

graph = Pipeline(
    env=GymEnv(id="Pendulum-v1", num_envs=1),
    algorithm=SAC(
        critic_optimizer=Adam(lr=1e-3),
        actor_optimizer=Adam(lr=1e-3),
        temperature_optimizer=Adam(lr=1e-3),
        schedule=OffPolicy(initial_collect_steps=100, mini_batch_size=256),
    ),
    trainer=Trainer(num_env_steps=20_000),
)

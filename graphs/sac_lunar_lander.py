"""SAC on LunarLander with continuous actions: one update for two steps, solved within 50,000."""

from alfgraph.components import SAC, Adam, GymEnv, OffPolicy, Pipeline, Target, Trainer

graph = Pipeline(
    env=GymEnv(id="LunarLanderContinuous-v3", num_envs=2),
    algorithm=SAC(
        target=Target(tau=0.01),
        critic_optimizer=Adam(lr=7.3e-4),
        actor_optimizer=Adam(lr=7.3e-4),
        temperature_optimizer=Adam(lr=7.3e-4),
        schedule=OffPolicy(initial_collect_steps=10_000, random_actions=True, mini_batch_size=256),
    ),
    trainer=Trainer(num_env_steps=100_000, eval_interval=10_000),
)

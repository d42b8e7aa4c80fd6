"""SAC on HalfCheetah (extra `mujoco`): above 3000 within 100,000 steps.

rl-zoo's settings but for the mini-batch (256 there) and the learning rates (3e-4 there).
"""

from alfgraph.components import SAC, Adam, GymEnv, OffPolicy, Pipeline, Trainer

graph = Pipeline(
    env=GymEnv(id="HalfCheetah-v5", num_envs=1),
    algorithm=SAC(
        critic_optimizer=Adam(lr=1e-3),
        actor_optimizer=Adam(lr=1e-3),
        temperature_optimizer=Adam(lr=1e-3),
        schedule=OffPolicy(initial_collect_steps=5_000, random_actions=True, mini_batch_size=128),
    ),
    trainer=Trainer(num_env_steps=100_000, eval_interval=10_000),
)

"""Soft actor-critic on discrete actions: SAC's own board, on CartPole; 500 within 30,000 steps."""

from alfgraph.components import (
    SAC,
    Adam,
    CriticNetwork,
    Ensemble,
    GymEnv,
    OffPolicy,
    Pipeline,
    SoftActor,
    Target,
    Temperature,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=1),
    algorithm=SAC(
        actor=SoftActor(hidden=(64, 64)),
        critics=Ensemble(member=CriticNetwork(hidden=(64, 64))),
        temperature=Temperature(initial=0.1),
        target=Target(tau=0.05),
        critic_optimizer=Adam(lr=1e-3),
        actor_optimizer=Adam(lr=1e-3),
        temperature_optimizer=Adam(lr=1e-3),
        schedule=OffPolicy(initial_collect_steps=1000, random_actions=True, mini_batch_size=128),
    ),
    trainer=Trainer(num_env_steps=30_000),
)

"""SAC with gSDE on BipedalWalker, with rl-zoo's settings: 64 steps, then 64 updates."""

from alfgraph.components import (
    Adam,
    CriticNetwork,
    Ensemble,
    GymEnv,
    OffPolicy,
    Pipeline,
    ReplayBuffer,
    SmoothActor,
    SmoothSAC,
    Target,
    TDLoss,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="BipedalWalker-v3", num_envs=1),
    algorithm=SmoothSAC(
        actor=SmoothActor(hidden=(400, 300)),
        critics=Ensemble(member=CriticNetwork(hidden=(400, 300)), size=2),
        target=Target(tau=0.02),
        replay=ReplayBuffer(max_length=300_000),
        td=TDLoss(gamma=0.98),
        critic_optimizer=Adam(lr=7.3e-4),
        actor_optimizer=Adam(lr=7.3e-4),
        temperature_optimizer=Adam(lr=7.3e-4),
        schedule=OffPolicy(
            unroll_length=64,
            initial_collect_steps=10_000,
            random_actions=True,
            num_updates_per_train_iter=64,
            mini_batch_size=256,
        ),
    ),
    trainer=Trainer(num_env_steps=500_000, eval_interval=200),
)

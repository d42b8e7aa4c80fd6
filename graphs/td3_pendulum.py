"""TD3 on Pendulum with rl-zoo's settings: about -150 within 20,000 steps."""

from alfgraph.components import (
    TD3,
    ActorNetwork,
    CriticNetwork,
    Ensemble,
    GymEnv,
    OffPolicy,
    Pipeline,
    ReplayBuffer,
    TDLoss,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="Pendulum-v1", num_envs=1),
    algorithm=TD3(
        actor=ActorNetwork(hidden=(400, 300)),
        critics=Ensemble(member=CriticNetwork(hidden=(400, 300)), size=2),
        replay=ReplayBuffer(max_length=200_000),
        td=TDLoss(gamma=0.98),
        schedule=OffPolicy(initial_collect_steps=10_000, random_actions=True, mini_batch_size=256),
    ),
    trainer=Trainer(num_env_steps=20_000),
)

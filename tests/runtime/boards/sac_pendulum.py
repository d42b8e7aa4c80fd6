"""Off-policy: a replay buffer that wraps around, random actions, three optimizers, a target."""

from alfgraph.components import (
    SAC,
    ActorDistributionNetwork,
    CriticNetwork,
    Ensemble,
    GymEnv,
    OffPolicy,
    Pipeline,
    ReplayBuffer,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="Pendulum-v1", num_envs=2),
    algorithm=SAC(
        actor=ActorDistributionNetwork(
            hidden=(16,),
            continuous="squashed_normal",
            std_transform="clipped_exp",
            state_dependent_std=True,
        ),
        critics=Ensemble(member=CriticNetwork(hidden=(16,))),
        replay=ReplayBuffer(max_length=90),
    ),
    schedule=OffPolicy(
        unroll_length=4, initial_collect_steps=64, random_actions=True, mini_batch_size=16
    ),
    trainer=Trainer(
        num_iterations=120,
        num_checkpoints=12,
        summary_interval=5,
        eval_interval=20,
        num_eval_episodes=2,
    ),
)

"""SAC with hindsight on FetchReach: the gripper within 5 cm of the goal, within 20,000 steps.

Needs the extra `robotics`. A return of -r means that the goal was missed in r of 50 steps.
"""

from alfgraph.components import (
    SAC,
    ActorDistributionNetwork,
    Adam,
    CriticNetwork,
    Ensemble,
    GymEnv,
    HindsightReplay,
    OffPolicy,
    Pipeline,
    TDLoss,
    Trainer,
)

graph = Pipeline(
    env=GymEnv(id="gymnasium_robotics:FetchReach-v4", num_envs=1, info_keys=("is_success@max",)),
    algorithm=SAC(
        actor=ActorDistributionNetwork(
            hidden=(64, 64),
            activation="relu",
            continuous="squashed_normal",
            std_transform="clipped_exp",
            state_dependent_std=True,
        ),
        critics=Ensemble(member=CriticNetwork(hidden=(64, 64)), size=2),
        replay=HindsightReplay(max_length=20_000),
        td=TDLoss(gamma=0.95),
        critic_optimizer=Adam(lr=1e-3),
        actor_optimizer=Adam(lr=1e-3),
        temperature_optimizer=Adam(lr=1e-3),
        schedule=OffPolicy(initial_collect_steps=1000, random_actions=True, mini_batch_size=256),
    ),
    trainer=Trainer(num_env_steps=20_000),
)

"""A board without a mistake; the command line makes them."""

from alfgraph.components import ActorCritic, GymEnv, Pipeline, Trainer

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=4),
    algorithm=ActorCritic(),
    trainer=Trainer(num_iterations=2, num_eval_episodes=0),
)

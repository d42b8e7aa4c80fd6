from alfgraph.components import GymEnv, Pipeline, Trainer

graph = Pipeline(
    env=GymEnv(id="CartPole-v1")
    trainer=Trainer(num_iterations=10),
)

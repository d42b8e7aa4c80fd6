from alfgraph.components import PPO, Epochs, Pipeline

graph = Pipeline(
    algorithm=PPO(),
    schedule=Epochs(unroll_length=32, mini_batch_size=4, mini_batch_length=7),
)

from alfgraph.components import PPO, Epochs, GymEnv, Pipeline

graph = Pipeline(
    env=GymEnv(num_envs=4),
    algorithm=PPO(),
    schedule=Epochs(unroll_length=16, mini_batch_size=256),
)

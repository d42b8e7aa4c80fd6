from alfgraph.components import PPO, GAE, ActorCritic, Pipeline

graph = Pipeline(algorithm=PPO(critic=GAE()))

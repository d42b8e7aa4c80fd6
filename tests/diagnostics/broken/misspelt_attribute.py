import alfgraph.components as parts

graph = parts.Pipline(algorithm=parts.PPO())

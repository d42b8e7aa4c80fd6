from alfgraph.components import PPO

graph = PPO()

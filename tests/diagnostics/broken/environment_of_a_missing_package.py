import gymnasium

from alfgraph.components import GymEnv, Pipeline

gymnasium.register(id="Absent-v0", entry_point="absent_package.worlds:Absent")

graph = Pipeline(env=GymEnv(id="Absent-v0"))

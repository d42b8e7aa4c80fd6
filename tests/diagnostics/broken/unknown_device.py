
from alfgraph.components import Pipeline, Trainer

graph = Pipeline(trainer=Trainer(device="gpu"))

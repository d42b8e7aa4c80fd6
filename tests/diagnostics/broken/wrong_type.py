from alfgraph.components import Pipeline, Trainer

graph = Pipeline(trainer=Trainer(num_iterations="many"))

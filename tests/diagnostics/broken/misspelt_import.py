from alfgraph.components import PP0, Pipeline

graph = Pipeline(algorithm=PP0())

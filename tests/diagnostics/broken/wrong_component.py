from alfgraph.components import Adam, Pipeline

graph = Pipeline(algorithm=Adam())

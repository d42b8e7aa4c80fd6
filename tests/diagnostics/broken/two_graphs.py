from alfgraph.components import Pipeline

first = Pipeline()
second = Pipeline()

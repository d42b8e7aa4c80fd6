from alfgraph.components import Pipeline

board = Pipeline

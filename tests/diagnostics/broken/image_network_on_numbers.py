from alfgraph.components import ImageScale, Pipeline

graph = Pipeline(transforms=(ImageScale(),))

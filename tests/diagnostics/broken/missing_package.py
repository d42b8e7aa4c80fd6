import absent_package

from alfgraph.components import Pipeline

graph = Pipeline(env=absent_package.Env())

"""The parts bin: every component that ships with alfgraph, imported as `alfgraph.components`."""

if __name__ != "alfgraph.components":
    raise ImportError(f"import alfgraph.components, not {__name__}")

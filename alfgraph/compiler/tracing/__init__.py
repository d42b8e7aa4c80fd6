"""From phase methods to nodes, in the order of the text."""

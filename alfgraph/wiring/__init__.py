"""A board while it is wired: calls become nodes, results become wires."""

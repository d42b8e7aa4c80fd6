"""From nodes to the source of a training loop."""

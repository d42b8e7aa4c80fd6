"""The exact state of environments, for checkpoints."""

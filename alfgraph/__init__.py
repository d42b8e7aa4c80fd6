"""A typed circuit board for reinforcement learning."""

__version__ = "0.1.0"

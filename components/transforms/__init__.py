"""Transforms: from time step to time step, between the environment and the algorithm."""

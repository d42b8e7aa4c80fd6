"""Gymnasium's spaces and the board's specs, values included."""

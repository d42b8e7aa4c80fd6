"""Arithmetic on arrays that several families share."""

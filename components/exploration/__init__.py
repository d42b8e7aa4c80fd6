"""Exploration: actions that are not the best ones."""

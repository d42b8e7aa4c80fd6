"""Overrides: other components in sockets, other values in settings, by path."""

"""Watching a run: episode metrics, metric files, live progress."""

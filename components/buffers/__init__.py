"""Buffers: records on their way from one phase to another."""

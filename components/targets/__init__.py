"""Targets: copies of networks whose parameters follow slowly."""

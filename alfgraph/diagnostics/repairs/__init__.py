"""Fixes to type: edits of the user's own text, computed from its syntax tree."""

"""Step types: what the number in a time step's `step_type` says."""

FIRST = 0
MID = 1
LAST = 2

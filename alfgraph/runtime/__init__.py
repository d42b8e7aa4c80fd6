"""Running a program: the loop's objects, checkpoints, the run directory."""

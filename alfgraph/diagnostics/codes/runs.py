"""E601 to E605: runs, checkpoints and what happens while training."""

from alfgraph.diagnostics.codes.code import Code

ENTRIES = (
    Code(
        code="E601",
        title="the run directory belongs to another board",
        meaning="""The directory holds a run whose locked board differs from this one in something
        that training depends on. The differences are listed. `--fresh` starts anew there; another
        `--run-dir` keeps both.""",
        why="""Continuing a run with another network, environment or discount gives curves that
        belong to neither board.""",
        wrong="""
        alfgraph run board.py --run-dir runs/a
        alfgraph run board.py --run-dir runs/a --set algorithm.actor.hidden=[256,256]
        """,
        fixed="""
        alfgraph run board.py --run-dir runs/a
        alfgraph run board.py --run-dir runs/b --set algorithm.actor.hidden=[256,256]
        """,
    ),
    Code(
        code="E602",
        title="the run directory cannot be used",
        meaning="""It cannot be written to, the disk is full, or another process is training in it.
        The lock names that process and is released when it ends, however it ends.""",
        why="""Two runs that write the same checkpoints and metrics leave a mixture that resumes as
        neither.""",
        wrong="""
        alfgraph run board.py --run-dir runs/a &
        alfgraph run board.py --run-dir runs/a --set trainer.random_seed=1
        """,
        fixed="""
        alfgraph run board.py --run-dir runs/a-0 &
        alfgraph run board.py --run-dir runs/a-1 --set trainer.random_seed=1
        """,
    ),
    Code(
        code="E603",
        title="the checkpoint is damaged, or newer than this alfgraph",
        meaning="""A file of the checkpoint is missing, does not match its checksum, or has a format
        number that this version does not know. Older checkpoints of the run are listed.""",
        why="""A state that is loaded in part is worse than none: parameters without the optimizer's
        moments, or a buffer without its counters, train on and drift.""",
        wrong="""
        alfgraph play runs/a --checkpoint last               # the copy was cut off
        """,
        fixed="""
        alfgraph play runs/a --checkpoint 800                # the one before it
        """,
    ),
    Code(
        code="E604",
        title="a value is not finite",
        meaning="""A statistic that is logged anyway became infinite or NaN. The run was repeated
        from the last checkpoint with every wire checked, and the first wire that carried such a
        value is named, with the component that made it.""",
        why="""NaN spreads to all parameters in one step, and argmax of NaN is a valid action:
        training would go on with a policy that always does the same.""",
        wrong="""
        def forward(self, probability):
            return probability.log()                         # -inf for a probability of 0
        """,
        fixed="""
        def forward(self, probability):
            return probability.clamp(min=1e-8).log()
        """,
    ),
    Code(
        code="E605",
        title="the environment failed",
        meaning="""An environment raised an exception when it was made, in `reset` or in `step`, or
        gave an observation outside its own space. The environment's number, the step and its own
        traceback are shown; the last checkpoint is kept.""",
        why="""Replacing it by a fresh one would cut an episode in the middle, and its return would
        be counted as if it had ended there.""",
        wrong="""
        def step(self, action):
            return self.state, 1.0, done, {}                 # gym's four results
        """,
        fixed="""
        def step(self, action):
            return self.state, 1.0, terminated, truncated, {}
        """,
    ),
)

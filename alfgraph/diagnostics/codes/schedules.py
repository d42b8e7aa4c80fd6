"""E501 to E505: schedules in numbers."""

from alfgraph.diagnostics.codes.code import Code

ENTRIES = (
    Code(
        code="E501",
        title="the algorithm does not accept this kind of schedule",
        meaning="""An algorithm accepts the class of its own default schedule and that class's
        subclasses. The kinds are `OnPolicy` (one update per rollout), `Epochs` (several passes over
        a rollout), `OffPolicy` (updates from a replay buffer) and `Offline` (no collection).""",
        why="""A kind says which data a loss may see. PPO on a replay buffer computes ratios to a
        policy of long ago; SAC on single rollouts forgets everything at every iteration.""",
        wrong="""
        graph = Pipeline(algorithm=SAC(), schedule=Epochs(unroll_length=32, epochs=4))
        """,
        fixed="""
        graph = Pipeline(algorithm=SAC(), schedule=OffPolicy(unroll_length=1, mini_batch_size=256))
        """,
    ),
    Code(
        code="E502",
        title="the mini-batch is larger than the rollout",
        meaning="""`mini_batch_size` counts sequences of `mini_batch_length` transitions. A rollout
        holds unroll_length / mini_batch_length x num_envs of them, and you asked for more than
        that. (A default that is too large becomes the whole rollout, with a note; only a value you
        set is an error.)""",
        why="""One mini-batch per epoch instead of the eight you planned is a different method with
        the same name, and an eighth of its updates.""",
        wrong="""
        env=GymEnv(num_envs=8), schedule=Epochs(unroll_length=16, mini_batch_size=256)  # of 128
        """,
        fixed="""
        env=GymEnv(num_envs=8), schedule=Epochs(unroll_length=128, mini_batch_size=256)  # of 1024
        """,
    ),
    Code(
        code="W503",
        title="with these numbers nothing is ever trained",
        meaning="""Worked out before the first step, the schedule makes no update in the whole run:
        the initial collection is longer than the run, the buffer is smaller than what must be
        collected first, or a rate never comes due.""",
        why="""The run would collect data until its end, and report the returns of the initial
        policy.""",
        wrong="""
        schedule=OffPolicy(initial_collect_steps=100_000), trainer=Trainer(num_env_steps=50_000)
        """,
        fixed="""
        schedule=OffPolicy(initial_collect_steps=1_000), trainer=Trainer(num_env_steps=50_000)
        """,
    ),
    Code(
        code="W504",
        title="the numbers of the schedule were adjusted, or something never comes due",
        meaning="""A default was shrunk to fit (a mini-batch to the rollout), or an interval is
        longer than the run: no evaluation, summary or checkpoint will be made. `alfgraph plan`
        shows all numbers.""",
        why="""It trains, but perhaps not as you imagine; a run without a single evaluation is
        noticed at its end.""",
        wrong="""
        trainer=Trainer(num_iterations=1000, eval_interval=5000)
        """,
        fixed="""
        trainer=Trainer(num_iterations=1000, eval_interval=100)
        """,
    ),
    Code(
        code="E505",
        title="nothing says how often a phase runs",
        meaning="""A board has a phase of its own (a method without arguments besides `prepare` and
        `update`), and its schedule has no `Rate` of that name.""",
        why="""A phase that never runs trains nothing: PPG without its auxiliary phase is PPO.""",
        wrong="""
        class PPG(PPO):
            def auxiliary(self):
                ...
        """,
        fixed="""
        class Phasic(Epochs):
            auxiliary: Rate = Rate(every=32, epochs=6)

        class PPG(PPO):
            schedule: Schedule = Phasic()

            def auxiliary(self):
                ...
        """,
    ),
)

"""E301 to E307: settings, swaps and environments."""

from alfgraph.diagnostics.codes.code import Code

ENTRIES = (
    Code(
        code="E301",
        title="there is no setting of this name",
        meaning="""An override or a component's argument names a setting that the part does not
        have. The message lists the settings of that part and the nearest name; `alfgraph config`
        shows those of the whole board.""",
        why="""A misspelt setting that is ignored is an experiment that was not made: the sweep over
        `entropy_coef` shows five equal curves.""",
        wrong="""
        alfgraph run graphs/ac_cart_pole.py --set env.num_env=64
        """,
        fixed="""
        alfgraph run graphs/ac_cart_pole.py --set env.num_envs=64
        """,
    ),
    Code(
        code="E302",
        title="a setting cannot have this value",
        meaning="""The value does not fit the setting's type or limits, or two settings contradict
        each other. Values on the command line
        are JSON or bare words (`[128,128]`, `1e-3`, `true`, `null`, `tanh`) and are checked against
        the setting's own field; nothing is evaluated as Python.""",
        why="""A discount of 99 instead of 0.99 diverges within a minute; a string where a number
        was meant fails an hour later, in the first branch that compares it.""",
        wrong="""
        algorithm=PPO(returns=GAE(gamma=99))
        """,
        fixed="""
        algorithm=PPO(returns=GAE(gamma=0.99))
        """,
    ),
    Code(
        code="E303",
        title="there is no socket of this name",
        meaning="""A swap, or the path of an override, names a socket that the board does not
        have. Paths go from board to part: `algorithm.actor`. The message lists the sockets
        there are.""",
        why="""A part that was plugged nowhere would leave the old one running under the new one's
        name.""",
        wrong="""
        graph = load("ac_cart_pole.py").swap(algoritm=PPO())
        """,
        fixed="""
        graph = load("ac_cart_pole.py").swap(algorithm=PPO())
        """,
    ),
    Code(
        code="E304",
        title="this component does not fit the socket",
        meaning="""A socket's annotation says which family fits: a `QNetwork`, an `Optimizer`,
        an `Environment`. The component belongs to another. Parts of the bin that would fit
        are listed.""",
        why="""Families fix what a part gives: a value network in a Q network's socket would rank
        actions by one number for all of them.""",
        wrong="""
        graph = Pipeline(algorithm=Adam(lr=1e-3))
        """,
        fixed="""
        graph = Pipeline(algorithm=ActorCritic(optimizer=Adam(lr=1e-3)))
        """,
    ),
    Code(
        code="W301",
        title="this setting has no effect",
        meaning="""The setting exists and took the value, but nothing on this board reads it: its
        part is not wired to anything that trains or acts, or another setting takes its place.
        `alfgraph config` marks such settings.""",
        why="""You believe that you changed the experiment. A learning rate of an optimizer that
        trains nothing is the common case, a nested board's `unroll_length` (the outermost board
        collects) the other.""",
        wrong="""
        # the file sets Pipeline(schedule=...), so the algorithm's own schedule is not read
        alfgraph run board.py --set algorithm.schedule.unroll_length=128
        """,
        fixed="""
        alfgraph run board.py --set schedule.unroll_length=128
        """,
    ),
    Code(
        code="E305",
        title="a package that this part needs is not installed",
        meaning="""Some parts need packages that alfgraph does not install by itself (MuJoCo, Atari,
        a video writer). The message says what to install.""",
        why="""It is found while the board is checked, instead of on the machine where the job
        starts tonight.""",
        wrong="""
        env=GymEnv(id="HalfCheetah-v5")                      # without MuJoCo
        """,
        fixed="""
        pip install 'alfgraph[mujoco]'
        """,
    ),
    Code(
        code="E306",
        title="there is no environment of this name",
        meaning="""Gymnasium does not know this id. Ids end with a version; environments of other
        packages appear after their import (`module:Name-v0` imports the module first).""",
        why="""Versions change rewards and time limits: falling back to another one would make
        returns incomparable with published ones.""",
        wrong="""
        env=GymEnv(id="CartPole")
        """,
        fixed="""
        env=GymEnv(id="CartPole-v1")
        """,
    ),
    Code(
        code="E307",
        title="this space has no spec",
        meaning="""Box, Discrete, MultiDiscrete, MultiBinary, Dict and Tuple spaces become specs,
        nested as you like. Text, Graph, Sequence and OneOf have no fixed shape, so no tensor can
        hold a batch of them.""",
        why="""Padding them would be a choice about your problem that alfgraph should not make
        silently.""",
        wrong="""
        self.observation_space = gymnasium.spaces.Text(max_length=20)
        """,
        fixed="""
        self.observation_space = gymnasium.spaces.MultiDiscrete([128] * 20)      # character codes
        """,
    ),
)

"""E401 to E405: graph files."""

from alfgraph.diagnostics.codes.code import Code

ENTRIES = (
    Code(
        code="E401",
        title="the graph file cannot be loaded",
        meaning="""There is no file of this name, it cannot be read, or it is not a Python file.
        Names are relative to where you are, or to the file that calls `load`. `file.py:Name` picks
        one board of several.""",
        why="""Nothing can be checked. Files with a similar name in the same folder are listed.""",
        wrong="""
        alfgraph check graph/ac_cart_pole.py
        """,
        fixed="""
        alfgraph check graphs/ac_cart_pole.py
        """,
    ),
    Code(
        code="E402",
        title="the graph file is not valid Python",
        meaning="""Python cannot parse the file; the place and Python's own words are shown.""",
        why="""Graph files are ordinary Python, so an editor shows this while you type.""",
        wrong="""
        graph = Pipeline(
            env=GymEnv(id="CartPole-v1", num_envs=30)
            algorithm=ActorCritic(),
        )
        """,
        fixed="""
        graph = Pipeline(
            env=GymEnv(id="CartPole-v1", num_envs=30),
            algorithm=ActorCritic(),
        )
        """,
    ),
    Code(
        code="E403",
        title="the file holds no graph",
        meaning="""A graph file leaves a variable `graph`, or defines exactly one `Graph` subclass.
        This one does neither; what it does define is listed.""",
        why="""Running whatever looks most like a board would run the wrong one, one day.""",
        wrong="""
        board = Pipeline(algorithm=PPO())
        """,
        fixed="""
        graph = Pipeline(algorithm=PPO())
        """,
    ),
    Code(
        code="E404",
        title="the file holds several graphs",
        meaning="""The file defines several boards and no variable `graph` that says which is meant.
        They are listed.""",
        why="""A variant left over in the file must not become the one that trains.""",
        wrong="""
        alfgraph run graphs/variants.py
        """,
        fixed="""
        alfgraph run graphs/variants.py:WithCuriosity
        """,
    ),
    Code(
        code="E405",
        title="the graph file raised an exception",
        meaning="""Importing the file, or calling a phase method while the board is traced, ran your
        code, and it raised. Your line and the exception are shown; alfgraph's own frames are left
        out.""",
        why="""There is no board to check. Nothing was run.""",
        wrong="""
        graph = Pipeline(env=GymEnv(num_envs=int(os.environ["NUM_ENVS"])))  # KeyError: 'NUM_ENVS'
        """,
        fixed="""
        graph = Pipeline(env=GymEnv(num_envs=int(os.environ.get("NUM_ENVS", 30))))
        """,
    ),
)

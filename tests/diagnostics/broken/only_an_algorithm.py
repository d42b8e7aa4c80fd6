from alfgraph.components import PPO


class MyPPO(PPO):
    """A variant, and no board that uses it."""

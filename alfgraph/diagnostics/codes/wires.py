"""E101 to E113: wires and specs."""

from alfgraph.diagnostics.codes.code import Code

ENTRIES = (
    Code(
        code="E101",
        title="the two ends of a wire do not fit",
        meaning="""What one port gives and what the other expects differ in dtype, rank, a
        dimension, bounds, or discrete against continuous. Both specs are shown as solved from the
        whole board, so a dimension may come from a part far away: the number of actions reaches the
        actor from the environment.""",
        why="""torch broadcasts what does not fit. A value of shape [B, 1] minus a return of shape
        [B] is a [B, B] matrix; its mean is a number, the loss goes down, and the agent learns
        nothing.""",
        wrong="""
        def unroll(self):
            pi = self.actor(self.env().step)
            self.env.feed(action=pi.logits)      # float32[B, 2] into int64[B] in [0, 2)
        """,
        fixed="""
        def unroll(self):
            pi = self.actor(self.env().step)
            self.env.feed(action=pi.action)      # int64[B] in [0, 2)
        """,
    ),
    Code(
        code="E102",
        title="a port is not connected",
        meaning="""A component was called without one of the inputs it needs. Ports that may stay
        open are declared with `optional=True` or have a default; this one is not. Nothing is ever
        connected by type.""",
        why="""A guessed or missing input is a silent bug: an advantage loss fed with rewards
        instead of advantages has the right shape, and trains towards the wrong thing.""",
        wrong="""
        loss = self.loss(batch, log_prob=policy.log_prob(batch.action))  # value is missing
        """,
        fixed="""
        value = self.critic(batch.step).value
        loss = self.loss(batch, log_prob=policy.log_prob(batch.action), value=value)
        """,
    ),
    Code(
        code="E103",
        title="there is no component of this name",
        meaning="""A swap, a lock file or the command line names a component that is neither in the
        parts bin, nor in the graph file, nor importable as `module:Name`. `alfgraph parts` lists
        the parts bin.""",
        why="""A misspelt algorithm must not fall back to a default one: you would compare a method
        with itself and report that there is no difference.""",
        wrong="""
        alfgraph run graphs/ac_cart_pole.py --swap algorithm=PP0
        """,
        fixed="""
        alfgraph run graphs/ac_cart_pole.py --swap algorithm=PPO
        """,
    ),
    Code(
        code="E104",
        title="there is no port, operation or field of this name",
        meaning="""A call, `feed`, `replace` or attribute names something that the component or the
        record does not have. The message lists what it has and the nearest name.""",
        why="""An argument that is quietly ignored leaves its default in place: a loss without its
        importance weights still trains, only biased.""",
        wrong="""
        td = self.td(batch, target_value=target, weights=sample.importance_weight)
        """,
        fixed="""
        td = self.td(batch, target_value=target, weight=sample.importance_weight)
        """,
    ),
    Code(
        code="E105",
        title="a component with several outputs stands for none of them",
        meaning="""A call was used as if it were a wire, but the component has more than one output
        (or none). Outputs declared with `monitor=True` do not count. Name the port.""",
        why="""Taking the first output, or the one whose shape fits, optimizes whatever happens to
        stand there: the entropy instead of the loss, both scalars.""",
        wrong="""
        td = self.td(batch, target_value=target)       # gives `loss` and `priority`
        self.optimizer(td)
        """,
        fixed="""
        td = self.td(batch, target_value=target)
        self.optimizer(td.loss)
        """,
    ),
    Code(
        code="E106",
        title="two wires write to one port",
        meaning="""An input was connected twice, usually by a second `feed` in the same phase. Both
        places are shown. A port that takes several wires is declared with `many=True`.""",
        why="""The later writer would win. An exploration action that overwrites the policy's, or
        the other way round, makes the recorded log-probability that of an action never taken.""",
        wrong="""
        action = actor.policy.sample()
        self.env.feed(action=action)
        self.env.feed(action=self.explore(action))
        """,
        fixed="""
        action = self.explore(actor.policy.sample())
        self.env.feed(action=action)
        """,
    ),
    Code(
        code="E107",
        title="a name is used twice in a component",
        meaning="""Ports, registers, operations, settings and inherited names share one namespace. A
        class declares a name twice, hides an inherited one with something of another kind, or uses
        a name that every component has (`state`, `every`, `feed`, `copy`, ...). A transform's
        result is called `out`.""",
        why="""Python accepts this and keeps the last one. An input `reward` hidden by an output
        `reward` leaves a transform that reads its own result.""",
        wrong="""
        class SignedSqrtReward(Transform):
            reward = In("float32[*batch]", role="reward")
            reward = Out("float32[*batch]", role="reward")
        """,
        fixed="""
        class SignedSqrtReward(Transform):
            reward = In("float32[*batch]", role="reward")
            out = Out("float32[*batch]", role="reward")
        """,
    ),
    Code(
        code="E108",
        title="a dimension cannot be inferred",
        meaning="""A symbol in a port's spec has no value: no wire of the board, and no setting,
        says how large it is. Specs are solved in both directions, so connecting the other end is
        usually enough.""",
        why="""A layer's width cannot be guessed. Creating it at the first batch would mean that the
        optimizer was made before the parameters it should train.""",
        wrong="""
        class Noise(Component):
            out = Out("float32[*batch, n]")            # nothing that reads it knows n either
        """,
        fixed="""
        class Noise(Component):
            n: int = 8
            out = Out("float32[*batch, n]")            # a setting of the same name gives it
        """,
    ),
    Code(
        code="E109",
        title="in the trial run a component gave something else than it declares",
        meaning="""Before step 0 every component runs once on small random tensors drawn from its
        specs, with batch sizes that occur nowhere else. What came out has another dtype, shape or
        number of outputs than its `Out` ports declare, or lies outside their bounds.""",
        why="""Everything downstream is checked against the declaration. A `mean()` that also
        swallows the batch axis gives every environment the same reward, and nothing fails.""",
        wrong="""
        class Centre(Transform):
            reward = In("float32[*batch]", role="reward")
            out = Out("float32[*batch]", role="reward")

            def forward(self, reward):
                return reward.mean()                         # float32[]: one number for all
        """,
        fixed="""
        class Centre(Transform):
            reward = In("float32[*batch]", role="reward")
            out = Out("float32[*batch]", role="reward")

            def forward(self, reward):
                return reward - reward.mean()                # float32[B]
        """,
    ),
    Code(
        code="E110",
        title="a component failed in the trial run",
        meaning="""Before step 0 every component is built and runs once on small random tensors
        drawn from its specs. This one raised; the exception and the line of its code are shown
        below the wire that feeds it.""",
        why="""The same exception would come later: in a mini-batch after the replay buffer has
        filled, or in the first evaluation, hours into a run.""",
        wrong="""
        class Head(Network):
            x = In("float32[*batch, n]")
            y = Out("float32[*batch, 4]")

            def build(self, n: int) -> nn.Module:
                return nn.Linear(64, 4)                # the board says n = 8
        """,
        fixed="""
        class Head(Network):
            x = In("float32[*batch, n]")
            y = Out("float32[*batch, 4]")

            def build(self, n: int) -> nn.Module:
                return nn.Linear(n, 4)
        """,
    ),
    Code(
        code="W110",
        title="a wire connects ports of different roles",
        meaning="""The specs fit, but one end says it gives, say, a value and the other that it
        expects a reward. Roles are what ports declare with `role=`.""",
        why="""Reward, value, return, advantage and log-probability are all float32[B]. A swapped
        pair runs, and trains the critic on log-probabilities.""",
        wrong="""
        loss = self.loss(batch, log_prob=value, value=policy.log_prob(batch.action))
        """,
        fixed="""
        loss = self.loss(batch, log_prob=policy.log_prob(batch.action), value=value)
        """,
    ),
    Code(
        code="E111",
        title="a wire was used as a Python value",
        meaning="""Phase methods are traced once, when the board is compiled: a wire stands for a
        tensor that does not exist yet. It cannot be a condition, be iterated, be converted to a
        number or an array, or be passed to torch or numpy.""",
        why="""`if wire:` would be decided once, at compile time, for all steps and environments.
        Python `if` and `for` over settings are fine; choices that depend on data belong into a
        component's `forward`.""",
        wrong="""
        if step.reward > 0:
            reward = step.reward
        """,
        fixed="""
        class Positive(Transform):
            reward = In("float32[*batch]", role="reward")
            out = Out("float32[*batch]", role="reward")

            def forward(self, reward):
                return reward.clamp(min=0)
        """,
    ),
    Code(
        code="E112",
        title="the declaration of a port cannot be read",
        meaning="""`In`, `Out` and `State` take a spec in one small grammar: a dtype, the axes in
        brackets, bounds if there are any. The text does not follow it, or what was given is neither
        a text nor a class of what flows, or an option is unknown.""",
        why="""Everything that is checked is checked against these declarations; one that was read
        generously would let through what its author meant to refuse.""",
        wrong="""
        reward = In("float32[*batch, *r", role="reward")
        """,
        fixed="""
        reward = In("float32[*batch, *r]", role="reward")
        """,
    ),
    Code(
        code="E113",
        title="a component changes its input in place",
        meaning="""In the trial run the component wrote into a tensor that it was given, with an
        operation such as `mul_` or an assignment to a slice. A wire is one tensor for everybody who
        reads it, and in `update` it may be the memory of a buffer.""",
        why="""What the others see then depends on who runs first. Rewards that are scaled in place
        on a batch of a replay buffer are scaled again whenever they are drawn again.""",
        wrong="""
        def forward(self, reward):
            return reward.mul_(self.scale)
        """,
        fixed="""
        def forward(self, reward):
            return reward * self.scale
        """,
    ),
)

"""E120 to E124: gradients, losses and who trains which parameters."""

from alfgraph.diagnostics.codes.code import Code

ENTRIES = (
    Code(
        code="E120",
        title="nobody trains these parameters",
        meaning="""A component with parameters is used on the board, but no optimizer owns them:
        none names the part, and no nameless optimizer's loss reaches it. Parts that should keep
        their values are declared `frozen=True`; target networks are tracked by `Target` and are not
        meant here.""",
        why="""A critic without an optimizer stays at its random initial values. The advantages are
        noise, returns rise a little all the same, and the curve looks like a weak method.""",
        wrong="""
        self.actor_optimizer(actor_loss, self.actor)
        self.critic_optimizer(td.loss, self.actor)           # self.critics is owned by none
        """,
        fixed="""
        self.actor_optimizer(actor_loss, self.actor)
        self.critic_optimizer(td.loss, self.critics)
        """,
    ),
    Code(
        code="E121",
        title="two optimizers claim the same parameters",
        meaning="""Two optimizers without names both reach these parameters. A nameless optimizer
        trains everything its loss reaches that nobody names, so at most one of them may be nameless
        here. It also stands for one optimizer object plugged into sockets that train different
        parts: it is one part with one set of moments, and each step moves all it owns.""",
        why="""Two Adams on one set of weights fight: each has its own moments and step sizes, and
        the second steps along gradients computed before the first one moved.""",
        wrong="""
        self.actor_optimizer(actor_loss)                     # reaches the critics as well
        self.critic_optimizer(td.loss)
        """,
        fixed="""
        self.actor_optimizer(actor_loss, self.actor)
        self.critic_optimizer(td.loss, self.critics)
        """,
    ),
    Code(
        code="E122",
        title="the loss does not reach the parameters",
        meaning="""Following the gradient back from the loss ends before the parameters the
        optimizer should train: at a `sample()`, a `detach()`, a port declared `detach=True`, a
        target copy, or data stored in a buffer. The place where it ends is shown.""",
        why="""torch would step with no gradient at all, or raise deep inside `backward`. The
        classical case is SAC with `sample()` instead of `rsample()`: the actor never moves.""",
        wrong="""
        action = self.actor(now).policy.sample()             # stops the gradient
        self.actor_optimizer(-self.critics(now, action).value.mean(), self.actor)
        """,
        fixed="""
        action = self.actor(now).policy.rsample()
        self.actor_optimizer(-self.critics(now, action).value.mean(), self.actor)
        """,
    ),
    Code(
        code="W123",
        title="an optimizer loses parameters to another one",
        meaning="""An optimizer without names reaches parameters that an optimizer elsewhere on the
        board names. They are trained by the one that names them, and only by it.""",
        why="""In a board of two algorithms with a shared actor, one of them trains its critic only;
        it looks as if its policy gradient were useless.""",
        wrong="""
        self.optimizer(ppo_loss)                             # reaches self.actor ...
        self.actor_optimizer(sac_loss, self.actor)           # ... which is taken here
        """,
        fixed="""
        self.optimizer(ppo_loss, self.critic)                # say what is meant
        self.actor_optimizer(sac_loss, self.actor)
        """,
    ),
    Code(
        code="E124",
        title="the loss is not one float",
        meaning="""An optimizer needs a float32[] to differentiate; this wire has a batch axis left,
        or is not a floating point number. Losses of the parts bin average over valid entries
        themselves.""",
        why="""How a loss is averaged is part of the method. A sum instead of a mean multiplies the
        learning rate by the batch size; averaging reset steps in, where no action was taken,
        dilutes it.""",
        wrong="""
        self.optimizer(policy.log_prob(batch.action) * batch.advantage)          # float32[T, M]
        """,
        fixed="""
        self.optimizer(-(policy.log_prob(batch.action) * batch.advantage).mean())
        """,
    ),
)

"""E201 to W209: phases, delays, buffers and recurrent state."""

from alfgraph.diagnostics.codes.code import Code

ENTRIES = (
    Code(
        code="E201",
        title="a loop without a delay",
        meaning="""An input is fed with what is made later in the same tick, so no component of the
        loop can run first. A delay cuts it: a latched port (`env.action`), which is read at the
        next tick, or a register of the component (`State`).""",
        why="""Hardware calls it a combinational loop. In a training loop it is usually this step's
        action that depends on this step's reward, which follows from the action: the future.""",
        wrong="""
        smooth = self.smoother(step.reward)
        self.smoother.feed(past=smooth.y)                    # smoother.y -> smoother.past
        """,
        fixed="""
        class Smoother(Transform):
            reward = In("float32[*batch]", role="reward")
            out = Out("float32[*batch]", role="reward")
            past = State("float32[*batch]")                  # this tick reads what the last gave

            def build(self) -> nn.Module:
                return Smoothing()                           # forward(reward, past) -> out, past
        """,
    ),
    Code(
        code="E202",
        title="a latched port is never fed",
        meaning="""The port is read at the next tick and must be connected with `feed`, once, in the
        same phase. Here the phase ends without it.""",
        why="""An environment whose action nobody feeds repeats the initial action for ever.
        Episodes end, returns are logged, and they are those of a constant.""",
        wrong="""
        def unroll(self):
            step = self.env().step
            self.algorithm.unroll(step)
        """,
        fixed="""
        def unroll(self):
            step = self.env().step
            self.env.feed(action=self.algorithm.unroll(step))
        """,
    ),
    Code(
        code="E203",
        title="a wire crosses from one phase to another without a buffer",
        meaning="""A wire made in one phase (say `unroll`, every environment step) is used in
        another (say `update`, every mini-batch). Phases run at different rates; between them data
        pass through buffers only.""",
        why="""It would be the last step's value, of a batch of environments, where a mini-batch of
        the whole rollout is meant: the shapes may even agree, if there are as many environments as
        samples.""",
        wrong="""
        def unroll(self, step):
            self.last = self.actor(step)
            return self.last.policy.sample()

        def update(self):
            self.optimizer(-self.last.policy.entropy().mean())
        """,
        fixed="""
        def unroll(self, step):
            action = self.actor(step).policy.sample()
            self.rollout.write(Experience(step=step, action=action))
            return action

        def update(self):
            batch = self.rollout.read(Experience)
            self.optimizer(-self.actor(batch.step).policy.entropy().mean())
        """,
    ),
    Code(
        code="E204",
        title="a buffer is read that nothing writes",
        meaning="""A phase reads or samples a buffer, but no phase of the board writes to it. A
        buffer belongs to the board that holds it, unless the same object is plugged into two
        sockets.""",
        why="""It would wait for data for ever, or train on zeros.""",
        wrong="""
        def update(self):
            batch = self.samples.read(Sample)                # prepare() never wrote to it
        """,
        fixed="""
        def prepare(self):
            ...
            self.samples.write(sample)

        def update(self):
            batch = self.samples.read(Sample)
        """,
    ),
    Code(
        code="E205",
        title="a buffer is read as another record than was written",
        meaning="""A buffer holds records of the class that is written to it, and gives back that
        class; here it is read as another. Both places are shown.""",
        why="""Two records may have fields of the same name and another meaning: `log_prob` of the
        behaviour policy when it was written, of the current one when it is read. The ratio would be
        1 for ever.""",
        wrong="""
        self.rollout.write(Experience(step=step, action=action))
        taken = self.rollout.read(Sample)
        """,
        fixed="""
        self.rollout.write(Experience(step=step, action=action))
        taken = self.rollout.read(Experience)
        """,
    ),
    Code(
        code="W206",
        title="recurrent state starts in the middle of an episode",
        meaning="""A component with registers is applied to stored sequences that may begin anywhere
        in an episode, and is given no `state=`: it starts from its initial state there.""",
        why="""While acting it had seen the episode so far. The network is trained on a state it
        never acts with; the log-probabilities no longer match, and PPO's first ratio is not 1.""",
        wrong="""
        policy = self.actor(batch.step).policy
        """,
        fixed="""
        policy = self.actor(batch.step, state=batch.state[0]).policy    # recorded while acting
        """,
    ),
    Code(
        code="E207",
        title="the gradient of a rollout is used more than once",
        meaning="""The loss reaches parameters through recorded wires, so the gradient runs from
        `update` back into `unroll`. That gradient exists once: after the first optimizer step the
        parameters it belongs to are gone. The schedule, however, runs `update` several times per
        rollout.""",
        why="""From the second pass on the data are off-policy while the loss believes that they are
        not: the classical failure of actor-critic with several epochs.""",
        wrong="""
        graph = Pipeline(algorithm=ActorCritic(), schedule=Epochs(unroll_length=8, epochs=4))
        """,
        fixed="""
        graph = Pipeline(algorithm=PPO(), schedule=Epochs(unroll_length=8, epochs=4))
        # or one update per rollout: ActorCritic() with OnPolicy(unroll_length=8)
        """,
    ),
    Code(
        code="W209",
        title="statistics are never updated",
        meaning="""A normalizer is applied, but no phase calls its `observe`: its mean stays 0 and
        its deviation 1. With `update_in="replay"` the updates happen on what a replay buffer
        samples, and this board has none.""",
        why="""Everything runs, and observations or rewards reach the networks as raw as they
        came.""",
        wrong="""
        Pipeline(transforms=(ObservationNormalizer(update_in="replay"),), algorithm=PPO())
        """,
        fixed="""
        Pipeline(transforms=(ObservationNormalizer(update_in="unroll"),), algorithm=PPO())
        """,
    ),
)

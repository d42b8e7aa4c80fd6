"""QLearning: what value-based algorithms share; they differ in what a value is, and its loss."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.buffers.replay_buffer import ReplayBuffer
from alfgraph.components.exploration.epsilon_greedy import EpsilonGreedy, Greedy
from alfgraph.components.networks.q_network import QNetwork
from alfgraph.components.networks.taken_value import TakenValue
from alfgraph.components.optimizers.adam import Adam
from alfgraph.components.targets.target import Target
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.annealing import LinearAnnealing
from alfgraph.families.learning import Optimizer
from alfgraph.families.schedules import OffPolicy
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.schedule import Schedule
from alfgraph.wiring.wires import Wire


class QLearning(Algorithm):
    """Acts ε-greedily, remembers every transition, and evaluates greedily.

    Attributes:
        double: the network chooses the next action, the target only values it; False lets the
            target choose.
        target_period: updates between two copies into the target.
        average: a running mean of the network, which then acts in evaluation instead of it. With a
            constant learning rate the last network is a matter of luck, and the mean is not; a
            small `tau` forgets slowly.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning", alg. 1;
        double: van Hasselt et al. 2016, arXiv:1509.06461, eq. 4;
        average: Nikishin et al. 2018, "Improving Stability in Deep Reinforcement Learning with
        Weight Averaging".
    """

    q: QNetwork = QNetwork()
    exploration: EpsilonGreedy = EpsilonGreedy(
        epsilon=LinearAnnealing(start=1.0, end=0.05, over=(0.0, 0.1))
    )
    greedy: Greedy = Greedy()
    taken: TakenValue = TakenValue()
    target: Target = Target(tau=1.0)
    replay: ReplayBuffer = ReplayBuffer(max_length=100_000)
    optimizer: Optimizer = Adam(lr=1e-3, gradient_clipping=10.0)
    double: bool = True
    target_period: Annotated[int, Field(ge=1)] = 250
    average: Target | None = None
    schedule: Schedule = OffPolicy(unroll_length=4, initial_collect_steps=1000, mini_batch_size=64)

    def unroll(self, step: TimeStep) -> Wire:
        """Act ε-greedily, and remember; [B]."""
        action = self.exploration(self.q(step).values).action
        self.replay.write(Transition(step=step, action=action))
        return action

    def step_targets(self) -> None:
        """After the optimizer: the target copies the network, the average follows it."""
        self.target.update(every=self.target_period)
        if self.average is not None:
            self.average.update()

    def predict(self, step: TimeStep) -> Wire:
        """Take the best action, by the average if there is one."""
        q = self.q if self.average is None else self.average.of(self.q)
        return self.greedy(q(step).values).action

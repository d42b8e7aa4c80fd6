"""Small boards to override: parts without computation, in the families they belong to."""

from typing import Annotated, Any, Literal

from pydantic import Field

from alfgraph.families.algorithm import Algorithm
from alfgraph.families.annealing import Annealing
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.families.learning import Optimizer
from alfgraph.families.network import Network
from alfgraph.families.schedules import Epochs, OffPolicy, OnPolicy
from alfgraph.families.trainer import Trainer
from alfgraph.families.transform import Transform
from alfgraph.wiring.schedule import Rate, Schedule


class World(Environment):
    """An environment."""

    id: str = "World-v0"
    num_envs: Annotated[int, Field(ge=1)] = 4
    kwargs: dict[str, Any] = Field(default_factory=dict)


class Encoder(Network):
    """A network that others share."""

    hidden: tuple[int, ...] = (64, 64)
    activation: Literal["relu", "tanh"] = "relu"


class Actor(Network):
    """A network with an encoder."""

    hidden: tuple[int, ...] = (32,)
    encoder: Encoder = Encoder()


class Critic(Network):
    """Another network with an encoder."""

    encoder: Encoder = Encoder()


class Descent(Optimizer):
    """An optimizer with an annealed rate."""

    lr: float | Annealing = 1e-2
    clip: float | None = None


class Scale(Transform):
    """A transform."""

    scale: float = 1.0


class Shift(Transform):
    """Another transform."""

    by: float = 0.0


class Simple(Algorithm):
    """Runs on policy."""

    actor: Network = Actor()
    critic: Network = Critic()
    optimizer: Optimizer | None = Descent()
    schedule: Schedule = OnPolicy(unroll_length=8)


class Repeated(Simple):
    """Needs epochs."""

    optimizer: Optimizer | None = Descent(lr=3e-4)
    schedule: Schedule = Epochs(unroll_length=128, epochs=10, mini_batch_size=64)


class Remembering(Simple):
    """Learns from a memory."""

    schedule: Schedule = OffPolicy(mini_batch_size=32)


class Auxiliary(Epochs):
    """Epochs with a phase of one's own."""

    auxiliary: Rate = Rate(every=32)


class WithPhase(Simple):
    """Needs a schedule with a rate."""

    schedule: Schedule = Auxiliary(epochs=1)


class Board(Graph):
    """Like Pipeline, without its components."""

    env: Environment = World()
    transforms: tuple[Transform, ...] = ()
    algorithm: Algorithm = Simple()
    schedule: Schedule | None = None
    trainer: Trainer = Trainer()

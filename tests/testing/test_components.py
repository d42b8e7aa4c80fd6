"""check_component names every promise that a part breaks."""

import itertools
import time
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from alfgraph import In, Out, State
from alfgraph.components import (
    GAE,
    MLP,
    ActorDistributionNetwork,
    Adam,
    CriticNetwork,
    Loss,
    Network,
    ObservationNormalizer,
    PPOLoss,
    QNetwork,
    ReplayBuffer,
    SoftActor,
    TDLoss,
    Transform,
    ValueNetwork,
)
from alfgraph.diagnostics.errors import AlfgraphError, SettingError, UsageError, WiringError
from alfgraph.testing import ContractError, check_component
from alfgraph.wiring.component import Component

_COUNT = itertools.count()


class Scale(Transform):
    """What the broken ones are variations of."""

    reward = In("float32[*batch]")
    out = Out("float32[*batch]")

    def forward(self, reward: Tensor) -> Tensor:
        return 2.0 * reward


class Clocked(Scale):
    def forward(self, reward: Tensor) -> Tensor:
        return reward + time.perf_counter_ns() % 1000 + next(_COUNT)


class Averages(Scale):
    def forward(self, reward: Tensor) -> Tensor:
        return reward.mean()


class Doubles(Scale):
    def forward(self, reward: Tensor) -> Tensor:
        return reward.double()


class Writes(Scale):
    def forward(self, reward: Tensor) -> Tensor:
        return reward.mul_(2.0)


class Fails(Scale):
    def forward(self, reward: Tensor) -> Tensor:
        raise ZeroDivisionError("no luck")


class Value(Network):
    """A network that the broken ones are variations of."""

    observation = In("observation[*batch]")
    value = Out("float32[*batch]")

    def build(self, observation: Any) -> Any:
        return nn.Sequential(nn.Linear(observation.sample[0], 1), nn.Flatten(-2))


class NoModule(Value):
    def build(self, observation: Any) -> Any:
        return lambda x: x.sum(-1)


class Unseeded(Value):
    def build(self, observation: Any) -> Any:
        made = super().build(observation)
        made[0].bias.data.fill_(float(next(_COUNT)))
        return made


class Counting(Value):
    class Module(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        def forward(self, observation: Tensor) -> Tensor:
            self.count += 1
            return observation.sum(-1) + self.count

    def build(self, observation: Any) -> Any:
        return self.Module()


class Opened(Scale):
    file: Any = None


class Remembers(Network):
    x = In("float32[*batch]")
    h = State("float32[*batch]")
    out = Out("float32[*batch]")

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        return x + h, x


GOOD: list[tuple[Component, dict[str, Any]]] = [
    (Scale(), {}),
    (Value(), {"observation": "float32[7]"}),
    (ActorDistributionNetwork(), {"action": "float32[2] in [-1, 1]"}),
    (SoftActor(), {"action": "float32[2] in [-1, 1]"}),
    (ValueNetwork(), {"r": (3,)}),
    (CriticNetwork(), {"action": "float32[2]"}),
    (QNetwork(), {"n": 3}),
    (MLP(), {}),
    (GAE(), {}),
    (PPOLoss(), {}),
    (TDLoss(), {"e": (2,)}),
    (ObservationNormalizer(), {"observation": "float32[3]"}),
]


@pytest.mark.parametrize(("part", "symbols"), GOOD, ids=[type(g[0]).__name__ for g in GOOD])
def test_parts_that_keep_their_promises_pass(part: Component, symbols: dict[str, Any]) -> None:
    check_component(part, **symbols)


FAULTS: list[tuple[Component, type[AlfgraphError], str]] = [
    (Clocked(), ContractError, "`Clocked` is not repeatable: with equal inputs and one seed"),
    (Averages(), WiringError, "Averages"),
    (Doubles(), WiringError, "float64"),
    (Writes(), WiringError, "changes its input `reward` in place"),
    (Fails(), WiringError, "ZeroDivisionError: no luck"),
    (NoModule(), ContractError, "`NoModule.build` gives no module"),
    (Unseeded(), ContractError, "`Unseeded.build` is not repeatable: built twice"),
    (Counting(), ContractError, "`Counting` is not all in its `state_dict`"),
    (Adam(), UsageError, "`Adam` cannot be tried alone: an optimizer"),
    (ReplayBuffer(), UsageError, "`ReplayBuffer` cannot be tried alone: a buffer"),
    (Remembers(), UsageError, "depends on the steps before"),
    (QNetwork(), UsageError, "nothing says what `n` of `QNetwork.values` is"),
]


@pytest.mark.parametrize(
    ("part", "kind", "message"), FAULTS, ids=[type(f[0]).__name__ for f in FAULTS]
)
def test_each_fault_is_named(part: Component, kind: type[AlfgraphError], message: str) -> None:
    with pytest.raises(kind) as caught:
        check_component(part)
    assert message in str(caught.value)
    assert all(found.help or found.facts for found in caught.value.diagnostics)


def test_a_fault_is_shown_where_it_is_written() -> None:
    with pytest.raises(ContractError) as caught:
        check_component(Counting())
    (found,) = caught.value.diagnostics
    assert found.source is not None
    assert found.source.line == Counting.build.__code__.co_firstlineno
    assert "register_buffer" in found.help[0].text


def test_what_cannot_be_copied_is_named() -> None:
    with open(__file__) as held, pytest.raises(ContractError, match=r"`Opened.file` cannot be"):
        check_component(Opened(file=held))


def test_symbols_are_sizes_shapes_and_specs() -> None:
    with pytest.raises(SettingError, match="`n` of `QNetwork` cannot be a float"):
        check_component(QNetwork(), n=0.5)


def test_trying_leaves_the_generators_as_they_were() -> None:
    before = torch.get_rng_state()
    check_component(Value())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loss_of_ones_own() -> None:
    class Squared(Loss):
        value = In("float32[T, *batch]", role="value")
        target = In("float32[T, *batch]", detach=True)
        loss = Out("float32[]", role="loss")

        def forward(self, value: Tensor, target: Tensor) -> Tensor:
            return (value - target).square().mean()

    check_component(Squared())

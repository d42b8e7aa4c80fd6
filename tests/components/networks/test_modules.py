"""Building blocks of networks: activations, initializers, layers, flattened observations."""

import copy
import math

import pytest
import torch
from torch import nn

from alfgraph.components.networks.modules.activations import (
    ACTIVATIONS,
    activation_function,
    activation_gain,
)
from alfgraph.components.networks.modules.initializers import (
    INITIALIZERS,
    Initializer,
    Shape,
    constant,
    initializer,
    orthogonal,
    uniform,
    variance_scaling,
    xavier_uniform,
)
from alfgraph.components.networks.modules.layers import (
    MLP,
    FlattenObservation,
    ObservationLeaf,
    mlp,
)

BATCHES = [(), (7,), (3, 4)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


# Activations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gain"), [("identity", 1.0), ("relu", math.sqrt(2.0)), ("tanh", 1.5925)]
)
def test_gains(name: str, gain: float) -> None:
    assert activation_gain(name) == pytest.approx(gain, abs=1e-4)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_leave_their_argument_alone(name: str) -> None:
    values = torch.linspace(-3, 3, 7)
    before = values.clone()
    assert ACTIVATIONS[name](values).shape == (7,)
    assert torch.equal(values, before)


def test_an_unknown_activation_is_named() -> None:
    with pytest.raises(ValueError, match="no activation is named 'rleu'; there are elu, gelu"):
        activation_function("rleu")


def test_a_function_is_an_activation() -> None:
    assert activation_function(torch.sin) is torch.sin


# Initializers -----------------------------------------------------------------------------------


def filled(fill: Initializer, rows: int = 400, columns: int = 300) -> torch.Tensor:
    weight = torch.empty(rows, columns)
    fill(weight)
    return weight


@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "uniform"])
def test_variance_scaling_has_the_wanted_std(distribution: Shape) -> None:
    weight = filled(variance_scaling(0.5, distribution=distribution, activation="relu"))
    assert weight.std().item() == pytest.approx(0.5 * math.sqrt(2 / 300), rel=0.01)
    assert weight.mean().item() == pytest.approx(0.0, abs=1e-3)


def test_the_truncated_normal_is_cut_at_two_of_its_std() -> None:
    limit = 2.0 / math.sqrt(300) / 0.87962566
    largest = filled(variance_scaling()).abs().max().item()
    assert 0.99 * limit < largest <= limit


def test_variance_scaling_counts_the_fan_of_its_mode() -> None:
    outputs = filled(variance_scaling(mode="fan_out", activation="relu"))  # no gain in this mode
    assert outputs.std().item() == pytest.approx(math.sqrt(1 / 400), rel=0.01)
    both = filled(variance_scaling(mode="fan_avg"))
    assert both.std().item() == pytest.approx(math.sqrt(1 / 350), rel=0.01)
    kernel = torch.empty(64, 32, 3, 3)
    variance_scaling()(kernel)
    assert kernel.std().item() == pytest.approx(math.sqrt(1 / 288), rel=0.02)


def test_orthogonal_rows() -> None:
    weight = filled(orthogonal(math.sqrt(2)), 5, 9)
    torch.testing.assert_close(weight @ weight.T, 2 * torch.eye(5), atol=1e-5, rtol=0)


def test_uniform_limits() -> None:
    assert 0.00299 < filled(uniform(0.003)).abs().max().item() <= 0.003
    limit = math.sqrt(6 / 700)
    assert 0.99 * limit < filled(xavier_uniform()).abs().max().item() <= limit
    assert (filled(constant(2.0)) == 2.0).all()


def test_fan_in_uniform_is_the_default_of_torch() -> None:
    ours = filled(initializer("fan_in_uniform"))
    assert ours.std().item() == pytest.approx(nn.Linear(300, 400).weight.std().item(), rel=0.01)
    assert ours.abs().max().item() <= 1 / math.sqrt(300)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers_by_name_scale_with_their_gain(name: str) -> None:
    torch.manual_seed(1)
    one = filled(initializer(name, 1.0, "tanh"), 8, 8)
    torch.manual_seed(1)
    torch.testing.assert_close(filled(initializer(name, 3.0, "tanh"), 8, 8), 3 * one)


def test_an_unknown_initializer_is_named() -> None:
    with pytest.raises(ValueError, match="no initializer is named 'xavier'; there are constant"):
        initializer("xavier")


# Layers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [*BATCHES, (2, 128)])
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_mlp_equals_a_sequential(batch: tuple[int, ...], activation: str) -> None:
    net = mlp([4, 8, 6, 2], activation, last_activation="identity")
    features = torch.randn(*batch, 4, requires_grad=True)
    expected = features
    for index, layer in enumerate(net.children()):
        expected = layer(expected)
        expected = ACTIVATIONS[activation](expected) if index < 2 else expected
    actual = net(features)
    assert actual.shape == (*batch, 2)
    torch.testing.assert_close(actual, expected)
    inputs = [features, *net.parameters()]
    for mine, theirs in zip(
        torch.autograd.grad(actual.sum(), inputs),
        torch.autograd.grad(expected.sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


def test_mlp_leaves_its_input_alone() -> None:
    features = torch.randn(5, 4)
    before = features.clone()
    mlp([4, 8], "relu")(features)
    assert torch.equal(features, before)


def test_mlp_names_and_counts() -> None:
    net = mlp([4, 64, 2])
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert (net.in_features, net.out_features) == (4, 2)


def test_mlp_initialises_the_last_layer_apart() -> None:
    net = mlp([4, 64, 64], "relu", "identity", orthogonal(math.sqrt(2)), uniform(0.003), -0.2)
    first, last = net.children()
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    torch.testing.assert_close(first.weight.T @ first.weight, 2 * torch.eye(4), atol=1e-5, rtol=0)
    assert (first.bias == 0.0).all()
    assert last.weight.abs().max().item() <= 0.003
    torch.testing.assert_close(last.bias, torch.full((64,), -0.2))


def test_mlp_begins_with_the_gain_of_each_layer_s_activation() -> None:
    first, last = mlp([300, 400, 400], "relu", "identity").children()
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    assert first.weight.std().item() == pytest.approx(math.sqrt(2 / 300), rel=0.02)
    assert last.weight.std().item() == pytest.approx(math.sqrt(1 / 400), rel=0.02)


def test_a_copied_mlp_is_another() -> None:
    net = mlp([4, 8, 2])
    twin = copy.deepcopy(net)
    features = torch.randn(3, 4)
    before = twin(features).detach()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    assert torch.equal(twin(features), before)
    assert net(features).abs().max().item() == 0.0


def test_a_replaced_layer_is_used() -> None:
    net = mlp([4, 8, 2], last_activation="identity")
    layer = nn.Linear(8, 2)
    nn.init.zeros_(layer.weight)
    nn.init.ones_(layer.bias)
    setattr(net, "1", layer)
    assert net(torch.randn(3, 4)).unique().tolist() == [1.0]


def test_an_mlp_needs_layers() -> None:
    with pytest.raises(ValueError, match=r"the width of its input and of its output, got \[4\]"):
        mlp([4])
    with pytest.raises(ValueError, match="got 1 layers and 2 activations"):
        MLP([nn.Linear(2, 2)], ["relu", "relu"])


# Observations -----------------------------------------------------------------------------------


def test_a_vector_is_its_own_features() -> None:
    flatten = FlattenObservation([ObservationLeaf((), "number", (4,))])
    observation = torch.randn(7, 4)
    assert flatten(observation) is observation
    assert flatten.out_features == 4


def test_one_hot_by_hand() -> None:
    flatten = FlattenObservation([ObservationLeaf((), "one_hot", (), (3,), (1,))])
    assert flatten(torch.tensor([1, 3])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert flatten(torch.tensor(2)).tolist() == [0, 1, 0]
    several = FlattenObservation([ObservationLeaf((), "one_hot", (2,), (2, 3))])
    assert several(torch.tensor([[1, 0]])).tolist() == [[0, 1, 1, 0, 0]]
    assert several.out_features == 5


@pytest.mark.parametrize("batch", BATCHES)
def test_a_tree_is_concatenated_as_declared(batch: tuple[int, ...]) -> None:
    leaves = [
        ObservationLeaf(("z", "speed"), "number", ()),
        ObservationLeaf(("a",), "image", (1, 2, 2)),
        ObservationLeaf(("mode",), "one_hot", (), (2,)),
        ObservationLeaf(("b",), "number", (3,)),
        ObservationLeaf(("flags",), "number", (2, 1)),
    ]
    flatten = FlattenObservation(leaves)
    observation = {
        "a": torch.full((*batch, 1, 2, 2), 51, dtype=torch.uint8),
        "b": torch.full((*batch, 3), 7.0),
        "flags": torch.ones(*batch, 2, 1, dtype=torch.bool),
        "mode": torch.ones(batch, dtype=torch.int64),
        "z": {"speed": torch.full(batch, -1.0)},
    }
    expected = torch.tensor([-1.0] + [0.2] * 4 + [0.0, 1.0] + [7.0] * 3 + [1.0] * 2)
    assert flatten.out_features == 12
    torch.testing.assert_close(flatten(observation), expected.expand(*batch, 12))


def test_flattening_has_no_state() -> None:
    assert FlattenObservation([ObservationLeaf((), "one_hot", (), (3,))]).state_dict() == {}


def test_a_leaf_must_fit_its_sizes() -> None:
    with pytest.raises(ValueError, match=r"observation a.b of shape \(2,\) has 2 elements, but 1"):
        FlattenObservation([ObservationLeaf(("a", "b"), "one_hot", (2,), (3,))])
    with pytest.raises(ValueError, match="at least one tensor"):
        FlattenObservation([])

"""Wires carry no numbers: what they can do becomes nodes, what they cannot do says what to do."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.dims import Star
from alfgraph.specs.spec import DistributionSpec, SymbolSpec, parse_spec
from alfgraph.wiring.trace import Trace, Value
from alfgraph.wiring.wires import Distribution, Wire, as_wire, wrap


def output(text: str = "float32[B, 4]", trace: Trace | None = None, role: str | None = None) -> Any:
    """A wire from `actor.x` in a phase."""
    trace = trace or Trace("unroll")
    node = trace.add(kind="component", board="", path="actor", component=None, call="forward")
    node.outputs["x"] = Value(node, "x", parse_spec(text), role=role)
    return wrap(node.outputs["x"], trace)


@pytest.fixture
def wire() -> Wire:
    made: Wire = output()
    return made


# ----------------------------------------------------------------------------- what they do


@pytest.mark.parametrize(
    ("use", "operator", "constants"),
    [
        (lambda w: w + 1, "add", {"y": 1}),
        (lambda w: 1.5 + w, "add", {"x": 1.5}),
        (lambda w: w - 2, "subtract", {"y": 2}),
        (lambda w: 2 - w, "subtract", {"x": 2}),
        (lambda w: w * w, "multiply", {}),
        (lambda w: 3 * w, "multiply", {"x": 3}),
        (lambda w: w / 2.0, "divide", {"y": 2.0}),
        (lambda w: 1 / w, "divide", {"x": 1}),
        (lambda w: w**2, "power", {"y": 2}),
        (lambda w: -w, "negate", {}),
        (lambda w: w < 0, "less", {"y": 0}),
        (lambda w: w > 0.5, "greater", {"y": 0.5}),
        (lambda w: np.float64(0.5) * w, "multiply", {"x": 0.5}),
        (lambda w: w * np.float64(0.5), "multiply", {"y": 0.5}),
        (lambda w: w.equals(2), "equals", {"y": 2}),
        (lambda w: w.exp(), "exp", {}),
        (lambda w: w.log(), "log", {}),
        (lambda w: w.detach(), "detach", {}),
        (lambda w: w.min(), "min", {"axis": None}),
        (lambda w: w.max(axis=-1), "max", {"axis": -1}),
        (lambda w: w.mean(-1), "mean", {"axis": -1}),
        (lambda w: w[0], "index", {"index": 0}),
        (lambda w: w[-1], "index", {"index": -1}),
        (lambda w: w[1:], "slice", {"start": 1, "stop": None}),
        (lambda w: w[:-1], "slice", {"start": None, "stop": -1}),
        (lambda w: w["camera"], "key", {"key": "camera"}),
    ],
)
def test_what_wires_do_becomes_a_node(
    wire: Wire, use: Callable[[Wire], Wire], operator: str, constants: dict[str, Any]
) -> None:
    result = use(wire)
    node = wire.trace.nodes[-1]
    assert isinstance(result, Wire)
    assert (node.call, node.settings) == (operator, constants)
    assert result.value.node is node


@pytest.mark.parametrize(
    ("use", "label"),
    [
        (lambda w: w, "actor.x"),
        (lambda w: w[1:], "actor.x[1:]"),
        (lambda w: w[:-1], "actor.x[:-1]"),
        (lambda w: w[0], "actor.x[0]"),
        (lambda w: w["camera"], "actor.x['camera']"),
        (lambda w: w.detach(), "actor.x.detach()"),
        (lambda w: w + 1, "(add of actor.x)"),
    ],
)
def test_wires_have_names(wire: Wire, use: Callable[[Wire], Wire], label: str) -> None:
    assert use(wire).value.label == label


def test_roles_survive_what_does_not_change_the_meaning() -> None:
    reward = output(role="reward")
    kept = [reward[1:], reward[0], reward.detach(), reward.mean(-1)]
    assert [w.value.role for w in kept] == ["reward"] * 4
    assert [w.value.role for w in (reward + 1, -reward, reward > 0)] == [None] * 3


def test_distributions_are_wires_with_methods() -> None:
    policy = output("distribution(int64[B] in [0, 2))")
    assert isinstance(policy, Distribution)
    action = policy.sample()
    made = [action, policy.rsample(), policy.mode(), policy.entropy(), policy.log_prob(action)]
    assert [type(w) for w in made] == [Wire] * 5
    assert [w.value.role for w in made] == [None, None, None, "entropy", "log_prob"]
    assert policy.log_prob(action).value.label == "actor.x.log_prob()"
    assert policy.kl(policy).value.node.inputs.keys() == {"self", "other"}


def test_a_slice_of_a_distribution_is_one() -> None:
    policy = output("distribution(int64[T, B] in [0, 2))")
    for part in (policy[:-1], policy[0], policy.detach()):
        assert isinstance(part, Distribution)
        assert isinstance(part.value.spec, DistributionSpec)


def test_an_output_of_a_small_node_is_unknown_at_first(wire: Wire) -> None:
    spec = (wire + 1).value.spec
    assert isinstance(spec, SymbolSpec)
    assert spec.batch == (Star("batch", "unroll#1"),)


def test_equality_is_identity_and_wires_can_be_keys(wire: Wire) -> None:
    other = output()
    assert wire == wire  # noqa: PLR0124
    assert wire != other
    assert {wire: 1, other: 2}[wire] == 1


def test_a_wire_shows_its_name_and_spec(wire: Wire) -> None:
    assert repr(wire) == "<wire actor.x: float32[B, 4]>"


# ------------------------------------------------------------------------------- refused


def unpack(wire: Any) -> None:
    _first, _second = wire


@pytest.mark.parametrize(
    ("use", "message", "help_"),
    [
        (
            bool,
            "`actor.x` has no value while the board is being wired, so it cannot be a condition",
            "put the decision into a component; Python `if` is for settings",
        ),
        (lambda w: 1 if w > 0 else 2, "`(greater of actor.x)` has no value while the board is", ""),
        (lambda w: w and 1, "`actor.x` has no value while the board is being wired", ""),
        (
            list,
            "`actor.x` cannot be iterated over or unpacked: it has no rows while the board is",
            "a component sees every row at once; Python `for` is for settings",
        ),
        (unpack, "`actor.x` cannot be iterated over or unpacked", ""),
        (lambda w: 3 in w, "`actor.x` cannot be iterated over or unpacked", ""),
        (
            len,
            "`actor.x` has no length while the board is being wired",
            "slice it along its leading axis: `wire[:-1]`",
        ),
        (
            float,
            "`actor.x` holds no numbers while the board is being wired, so it cannot become one",
            "wire it into a component, or use a setting",
        ),
        (
            int,
            "`actor.x` holds no numbers while the board is being wired, so it cannot become one",
            "",
        ),
        (range, "`actor.x` holds no numbers while the board is being wired", ""),
        (
            np.asarray,
            "`actor.x` holds no numbers while the board is being wired, so it cannot become "
            "an array",
            "write the computation as a component with a `forward`",
        ),
        (
            lambda w: w.shape,
            "a wire has no `.shape`; `actor.x` is a handle, not a tensor",
            'wires know arithmetic, slices, ["key"], min, max, mean, exp, log and detach; anything '
            "longer is a component with a `forward`",
        ),
        (lambda w: w.sum(), "a wire has no `.sum`; `actor.x` is a handle, not a tensor", ""),
        (lambda w: w[::-1], "the step of a slice is a positive number", ""),
        (
            lambda w: w[1:, 0],
            "`actor.x` is indexed by its leading axis or by a key, not by `[",
            'write `wire[0]`, `wire[1:]` or `wire["key"]`; anything longer is a component',
        ),
        (
            lambda w: w[None],
            "`actor.x` is indexed by its leading axis or by a key, not by None",
            "",
        ),
        (
            lambda w: w[True],
            "`actor.x` is indexed by its leading axis or by a key, not by True",
            "",
        ),
        (lambda w: w[w], "`actor.x` is indexed by its leading axis or by a key, not by <wire", ""),
        (
            lambda w: w[: w[0]],
            "the ends of a slice are whole numbers, known when the board is wired",
            "",
        ),
        (lambda w: w[1.5:], "the ends of a slice are whole numbers", ""),
        (lambda w: w >= 0, "wires know `>`, not `>=`", "write a component for the rest"),
        (lambda w: w <= 0, "wires know `<`, not `<=`", ""),
        (lambda w: w + "a", "a wire was expected here, not str 'a'", ""),
        (lambda w: w * torch.ones(2), "a wire was expected here, not Tensor", ""),
        (lambda w: w + None, "a wire was expected here, not NoneType None", ""),
    ],
)
def test_a_wrong_use_is_refused_with_advice(
    wire: Wire, use: Callable[[Any], Any], message: str, help_: str
) -> None:
    with pytest.raises(WiringError, match="E1") as caught:
        use(wire)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message.startswith(message)
    assert diagnostic.source is not None
    if help_:
        assert diagnostic.help[0].text == help_


def test_an_unknown_attribute_is_also_an_attribute_error(wire: Wire) -> None:
    assert not hasattr(wire, "shape")
    assert not hasattr(wire, "__fspath__")


def test_tensors_leave_wires_alone(wire: Wire) -> None:
    with pytest.raises((WiringError, TypeError), match=r"E111|unsupported operand"):
        torch.ones(2) + wire  # type: ignore[operator]


def test_a_wire_belongs_to_its_phase() -> None:
    recorded, now = output(), output(trace=Trace("update"))
    with pytest.raises(WiringError, match="E203") as caught:
        now + recorded
    assert caught.value.diagnostics[0].message == (
        "`actor.x` was made in `unroll` and is used in `update`, which runs at another rate"
    )


def test_only_wires_and_calls_stand_for_wires(wire: Wire) -> None:
    assert as_wire(wire) is wire
    values: Iterable[Any] = (3, None, "x", object())
    for value in values:
        with pytest.raises(WiringError, match="a wire was expected here, not"):
            as_wire(value)


def test_a_part_that_gives_a_record_is_named_where_a_wire_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "board.py"
    path.write_text(
        "from alfgraph.components import GymEnv, Pipeline\n\n\n"
        "class Board(Pipeline):\n"
        "    def unroll(self):\n"
        "        env = self.env()\n"
        "        env.step.reward * env\n\n\n"
        "graph = Board()\n"
    )
    with pytest.raises(WiringError, match="E111") as error:
        alfgraph.check(load(path))
    assert error.value.diagnostics[0].message == "`env` gives a TimeStep; name the field you mean"

"""Records bundle wires: typed, immutable, spread, sliced, rebuilt from their leaves."""

from typing import Any, ClassVar

import pytest

from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.spec import parse_spec
from alfgraph.wiring.records import (
    Field,
    Record,
    as_field,
    build_record,
    declared_leaves,
    field_types,
    record_leaves,
)
from alfgraph.wiring.trace import Trace, Value
from alfgraph.wiring.wires import Distribution, Wire, wrap


class Pair(Record):
    """Two wires."""

    reward: Wire = Field("float32[*batch, *r]", role="reward")
    other: Wire


MAKE_PAIR: Any = Pair  # what type checkers refuse is tried through this


class Nested(Record):
    """A record with a record, a distribution and something that is no field."""

    pair: Pair
    policy: Distribution
    action: Wire = Field("int64[*batch] in [0, n)")
    count: ClassVar[int] = 3


class Longer(Nested):
    """More fields, after those inherited."""

    weight: Wire


def wire(name: str, trace: Trace, text: str = "float32[B]") -> Any:
    node = trace.add(kind="component", board="", path="part", component=None, call="forward")
    node.outputs[name] = Value(node, name, parse_spec(text))
    return wrap(node.outputs[name], trace)


def nested() -> Nested:
    trace = Trace("unroll")
    return Nested(
        pair=Pair(reward=wire("r", trace), other=wire("o", trace)),
        policy=wire("p", trace, "distribution(int64[B])"),
        action=wire("a", trace),
    )


def test_fields_are_in_the_order_declared() -> None:
    assert list(Nested.record_fields) == ["pair", "policy", "action"]
    assert list(Longer.record_fields) == ["pair", "policy", "action", "weight"]
    assert field_types(Longer) == {
        "pair": Pair, "policy": Distribution, "action": Wire, "weight": Wire
    }  # fmt: skip


def test_leaves_have_dotted_paths_and_declared_specs() -> None:
    found = [(path, str(spec), role) for path, spec, role in declared_leaves(Nested)]
    assert found == [
        ("pair.reward", "float32[*batch, *r]", "reward"),
        ("pair.other", "pair.other[*batch]", None),
        ("policy", "distribution(policy[*batch])", None),
        ("action", "int64[*batch] in [0, n)", None),
    ]


def test_a_record_is_rebuilt_from_its_leaves() -> None:
    record = nested()
    again = build_record(Nested, dict(record_leaves(record)))
    assert isinstance(again, Nested)
    assert dict(record_leaves(again)) == dict(record_leaves(record))
    assert again.pair.reward is record.pair.reward


def test_slices_and_detach_reach_every_leaf_and_keep_the_class() -> None:
    record = nested()
    for part, call in ((record[:-1], "slice"), (record[0], "index"), (record.detach(), "detach")):
        assert type(part) is Nested
        assert type(part.pair) is Pair
        assert {w.value.node.call for _, w in record_leaves(part)} == {call}
        assert isinstance(part.policy, Distribution)


def test_replace_gives_another_record() -> None:
    record = nested()
    other = record.replace(action=record.pair.other)
    assert type(other) is Nested
    assert other.action is record.pair.other
    assert record.action is not record.pair.other
    assert other.pair is record.pair


def test_map_reaches_every_leaf() -> None:
    labels = nested().map(lambda leaf: leaf.value.label)
    assert list(record_leaves(labels)) == [
        ("pair.reward", "part.r"),
        ("pair.other", "part.o"),
        ("policy", "part.p"),
        ("action", "part.a"),
    ]


def test_names_of_fields_name_values() -> None:
    record = nested()
    assert record.action.value.hints == ["action"]
    assert record.replace(action=record.pair.other).action.value.hints == ["action", "other"]


def test_tensors_and_numbers_are_kept_as_they_are() -> None:
    assert as_field(3) == 3
    pair = MAKE_PAIR(reward=1.5, other=2)
    assert (pair.reward, pair.other) == (1.5, 2)


@pytest.mark.parametrize(
    ("use", "code", "message", "help_"),
    [
        (
            lambda r: MAKE_PAIR(reward=r.action),
            "E102",
            "`Pair` lacks `other`",
            "its fields are reward, other",
        ),
        (
            lambda r: MAKE_PAIR(reward=r.action, othre=r.action),
            "E104",
            "`Pair` has no field `othre`",
            "did you mean `other`?",
        ),
        (
            lambda r: r.replace(acton=r.action),
            "E104",
            "`Nested` has no field `acton`",
            "did you mean `action`?",
        ),
        (
            lambda r: r.pair.rewards,
            "E104",
            "`Pair` has no field `rewards`",
            "did you mean `reward`?",
        ),
        (
            lambda r: setattr(r, "action", r.pair.other),
            "E111",
            "a record is immutable",
            "step.replace(action=...) makes a new one",
        ),
    ],
)
def test_a_wrong_use_is_refused(use: Any, code: str, message: str, help_: str) -> None:
    with pytest.raises(WiringError, match=code) as caught:
        use(nested())
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.message, diagnostic.help[0].text) == (message, help_)


def test_a_missing_field_is_also_an_attribute_error() -> None:
    assert not hasattr(nested(), "rewards")


def test_a_field_may_not_hide_a_method() -> None:
    with pytest.raises(WiringError, match="hides a method of Record"):

        class Clash(Record):
            replace: Wire  # type: ignore[assignment]


def test_a_time_step_says_where_episodes_begin_and_end() -> None:
    trace = Trace("unroll")
    names = TimeStep.record_fields
    step = TimeStep(**{name: wire(name, trace) for name in names})
    for answer, number in ((step.is_first, 0), (step.is_last, 2)):
        node = answer.value.node
        assert (node.call, node.settings) == ("equals", {"y": number})
        assert node.inputs["x"] is step.step_type.value


def test_records_made_inside_a_function_know_each_other() -> None:
    class Inner(Record):
        x: Wire

    class Outer(Record):
        inner: Inner

    assert field_types(Outer) == {"inner": Inner}
    assert [path for path, _, _ in declared_leaves(Outer)] == ["inner.x"]

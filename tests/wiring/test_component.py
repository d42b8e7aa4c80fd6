"""Components describe and hold nothing: one namespace, frozen settings, private bound copies."""

import warnings
from typing import Any

import pytest
from pydantic import ValidationError

import alfgraph
from alfgraph.components import ActorCritic, ActorDistributionNetwork, Pipeline, ValueNetwork
from alfgraph.diagnostics.errors import SettingError, WiringError
from alfgraph.families.graph import Graph
from alfgraph.families.network import Network, PolicyNetwork
from alfgraph.families.schedules import Epochs, OnPolicy
from alfgraph.wiring.binding import bind
from alfgraph.wiring.component import Component, Operation
from alfgraph.wiring.ports import In, Out, State

# --------------------------------------------------------------------------- one namespace


class Parent(Component):
    """Something to inherit from."""

    width: int = 3
    x = In("float32[*batch]")
    y = Out("float32[*batch]")


class Observe(Operation):
    """An operation."""

    x = In("float32[*batch]")


def twice() -> None:
    class A(Component):
        reward = In("float32[*batch]")
        reward = Out("float32[*batch]")


def operation_twice() -> None:
    class A(Component):
        x = In("float32[*batch]")
        x = Observe()  # type: ignore[assignment]


def port_over_setting() -> None:
    class A(Component):
        entropy: float = 0.1
        entropy = In("float32[*batch]")  # type: ignore[assignment]


def port_with_annotation() -> None:
    class A(Component):
        entropy: Any = In("float32[*batch]")


def port_over_inherited_setting() -> None:
    class A(Parent):
        width = In("float32[*batch]")  # type: ignore[assignment]


def setting_over_inherited_port() -> None:
    class A(Parent):
        x: float = 0.5  # type: ignore[assignment]


def port_over_pydantic() -> None:
    class A(Component):
        copy = In("float32[*batch]")  # type: ignore[assignment]


def port_over_ours() -> None:
    class A(Component):
        state = Out("float32[*batch]")


def register_over_ours() -> None:
    class A(Component):
        forward = State("float32[*batch]")  # type: ignore[assignment]


def operation_over_ours() -> None:
    class A(Component):
        feed = Observe()  # type: ignore[assignment]


def setting_over_ours() -> None:
    class A(Component):
        label: str = "x"  # type: ignore[assignment]


def setting_over_phase() -> None:
    class A(Graph):
        plan: int = 3  # type: ignore[assignment]


def forward_beside_build() -> None:
    class A(Component):
        def forward(self) -> None: ...

        def build(self) -> None: ...


def forward_beside_inherited_build() -> None:
    class A(ValueNetwork):
        def forward(self) -> None: ...


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (twice, "A.reward` is declared twice"),
        (operation_twice, "A.x` is declared twice"),
        (port_over_setting, "A.entropy` is declared twice"),
        (port_with_annotation, "`A.entropy` is both a port and a setting"),
        (port_over_inherited_setting, "`A.width` is a port here and a setting of Parent"),
        (setting_over_inherited_port, "`A.x` is a setting here and a port of Parent"),
        (port_over_pydantic, "`A.copy` hides `Component.copy`"),
        (port_over_ours, "`A.state` hides `Component.state`"),
        (register_over_ours, "`A.forward` hides `Component.forward`"),
        (operation_over_ours, "`A.feed` hides `Component.feed`"),
        (setting_over_ours, "`A.label` is a setting here and a method of Component"),
        (setting_over_phase, "`A.plan` is a setting here and a method of Graph"),
        (forward_beside_build, "`A.forward` stands beside `build`; a component has one of them"),
        (
            forward_beside_inherited_build,
            "`A.forward` stands beside the `build` of ValueNetwork; a component has one of them",
        ),
    ],
)
def test_a_name_used_twice_is_an_error_at_class_creation(declare: Any, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WiringError, match="E107") as caught:
            declare()
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert diagnostic.source is not None
    assert diagnostic.source.file == __file__


def test_a_port_may_be_declared_again_by_a_subclass() -> None:
    class Narrower(Parent):
        x = In("float32[*batch, 3]")

    assert [str(port.spec) for port in Narrower.input_ports()] == ["float32[*batch, 3]"]


# -------------------------------------------------------------------------------- settings


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="E301") as caught:
        ValueNetwork(hiden=(8,))  # type: ignore[call-arg]
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == "`ValueNetwork` has no setting `hiden`"
    assert diagnostic.help[0].text == "did you mean `hidden`?"
    assert diagnostic.source is not None
    assert diagnostic.source.file == __file__


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(SettingError, match="2 errors") as caught:
        Epochs(epochs=0, unrol_length=3)  # type: ignore[call-arg]
    assert sorted(d.code for d in caught.value.diagnostics) == ["E301", "E302"]


def test_settings_are_frozen() -> None:
    part = OnPolicy(unroll_length=4)
    with pytest.raises(ValidationError, match="Instance is frozen"):
        part.unroll_length = 5
    assert part == OnPolicy(unroll_length=4)


# ------------------------------------------------------------------------- parts and calls


def test_a_part_called_outside_a_board_gives_advice() -> None:
    with pytest.raises(WiringError, match="`ValueNetwork` was called outside a board") as caught:
        ValueNetwork()()
    assert "components are called in the phase methods of a Graph" in str(caught.value)


def test_a_board_is_not_called() -> None:
    with pytest.raises(WiringError, match="is a board; call one of its phase methods"):
        bind(Pipeline()).algorithm()


def test_a_misspelt_name_on_a_bound_part_is_told_and_is_an_attribute_error() -> None:
    bound = bind(Pipeline())
    with pytest.raises(AttributeError, match=r"has no `\.polcy`"):
        _ = bound.algorithm.actor.polcy  # type: ignore[attr-defined]
    assert not hasattr(bound.env, "recipes")


def test_a_part_knows_what_it_is() -> None:
    assert (ValueNetwork.has_build(), ValueNetwork.has_forward()) == (True, False)
    assert not ValueNetwork().is_application
    assert not ValueNetwork().is_bound
    made = ValueNetwork().created_at
    assert made is not None
    assert made.file == __file__


# --------------------------------------------------------------------------------- binding


class Shared(Network):
    """Something to share."""

    observation = In("observation[*batch]")
    out = Out("float32[*batch]")


class Two(Graph):
    """Two sockets of one kind."""

    one: Shared = Shared()
    other: Shared = Shared()
    many: tuple[Shared, ...] = ()


def parameters(graph: Two) -> list[str]:
    bound = bind(graph)
    return [part.binding.parameters for part in (bound.one, bound.other, *bound.many)]


def test_defaults_get_their_own_copy() -> None:
    assert Two().one is Two().one  # pydantic shares frozen defaults
    assert parameters(Two()) == ["one", "other"]
    assert parameters(Two(one=Shared())) == ["one", "other"]


def test_the_same_object_in_two_sockets_is_one_part() -> None:
    part = Shared()
    assert parameters(Two(one=part, other=part)) == ["one", "one"]
    assert parameters(Two(other=part, many=(part, Shared()))) == ["one", "other", "other", "many.1"]


def test_equal_objects_are_two_parts() -> None:
    assert Shared() == Shared()
    assert parameters(Two(one=Shared(), other=Shared())) == ["one", "other"]


def test_every_part_knows_its_path_and_parent() -> None:
    bound = bind(Pipeline())
    actor = bound.algorithm.actor  # type: ignore[attr-defined]
    assert (actor.socket_path, actor.label()) == ("algorithm.actor", "algorithm.actor")
    assert actor.binding.parent is bound.algorithm
    assert bound.label() == "Pipeline"


def test_compiling_leaves_the_users_objects_equal_and_reusable() -> None:
    actor = ActorDistributionNetwork(hidden=(8,))
    board = Pipeline(algorithm=ActorCritic(actor=actor))
    before = board.model_copy(deep=True)
    first, second = alfgraph.plan(board), alfgraph.plan(board)
    assert board == before
    assert first.text() == second.text()
    assert first.code == second.code
    assert not actor.is_bound
    assert not board.algorithm.is_bound
    assert alfgraph.plan(Pipeline(algorithm=ActorCritic(actor=actor))).code == first.code


def test_a_socket_takes_its_family_only() -> None:
    with pytest.raises(
        SettingError, match=r"`ActorCritic\.actor` takes a PolicyNetwork, not Value"
    ):
        ActorCritic(actor=ValueNetwork())  # type: ignore[arg-type]
    assert isinstance(ActorCritic().actor, PolicyNetwork)

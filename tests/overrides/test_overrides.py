"""None"""

import inspect
import re
from typing import Any

import pytest

from alfgraph.diagnostics.errors import SettingError, UsageError
from alfgraph.diagnostics.source import Source
from alfgraph.families.annealing import LinearAnnealing
from alfgraph.families.schedules import OnPolicy
from alfgraph.overrides.origins import DEFAULT, origin_of
from alfgraph.overrides.swaps import parse_assignment, set_values, swap
from tests.boards.override_boards import (
    Actor,
    Board,
    Critic,
    Descent,
    Encoder,
    Repeated,
    Scale,
    Shift,
    Simple,
    WithPhase,
    World,
)


def line_here() -> int:
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def fix_of(error: pytest.ExceptionInfo[SettingError]) -> list[str]:
    return [fix.text for fix in error.value.diagnostics[0].help]


class TestAssignments:
    def test_the_first_equals_sign_divides(self) -> None:
        assert parse_assignment("env.id=a=b") == ("env.id", "a=b")

    @pytest.mark.parametrize("text", ["env.id", "=3", " =3"])
    def test_what_is_none_is_a_wrong_call(self, text: str) -> None:
        with pytest.raises(UsageError, match="is no assignment"):
            parse_assignment(text)


class TestValues:
    def test_a_value_is_set_in_a_copy(self) -> None:
        graph = Board(env=World(num_envs=8))
        changed = set_values(graph, {"env.num_envs": "16"})
        assert (changed.env.num_envs, graph.env.num_envs) == (16, 8)  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("path", "raw", "value"),
        [
            ("env.id", "Pendulum-v1", "Pendulum-v1"),
            ("env.id", "17", "17"),  # a string field keeps what looks like a number
            ("env.id", '"quoted"', "quoted"),
            ("env.num_envs", 3, 3),
            ("algorithm.actor.hidden", "[128,128]", (128, 128)),
            ("algorithm.actor.hidden", "[]", ()),
            ("algorithm.actor.hidden.0", "7", (7,)),
            ("algorithm.actor.hidden[0]", "7", (7,)),
            ("algorithm.actor.hidden.1", "7", (32, 7)),
            ("algorithm.actor.encoder.activation", "tanh", "tanh"),
            ("algorithm.optimizer.lr", "3e-4", 3e-4),
            ("algorithm.optimizer.clip", "null", None),
            ("algorithm.optimizer.clip", ".5", 0.5),
            ("env.kwargs.gravity", "9.8", {"gravity": 9.8}),
            ("env.kwargs", '{"a": [1]}', {"a": [1]}),
            ("trainer.progress", "none", "none"),
        ],
    )
    def test_strings_are_json_where_that_fits_else_themselves(
        self, path: str, raw: Any, value: Any
    ) -> None:
        found: Any = set_values(Board(), {path: raw})
        for step in path.partition("[")[0].split("."):
            if step.isdecimal() or isinstance(found, dict):
                break
            found = getattr(found, step)
        assert found == value

    def test_an_annealing_is_an_object_with_its_kind(self) -> None:
        text = '{"kind": "LinearAnnealing", "start": 1e-3, "end": 0}'
        graph = set_values(Board(), {"algorithm.optimizer.lr": text})
        assert graph.algorithm.optimizer.lr == LinearAnnealing(start=1e-3, end=0.0)  # type: ignore[attr-defined]
        graph = set_values(graph, {"algorithm.optimizer.lr.end": "1e-4"})
        assert graph.algorithm.optimizer.lr == LinearAnnealing(start=1e-3, end=1e-4)  # type: ignore[attr-defined]

    def test_a_rate_is_addressed_by_a_dotted_path(self) -> None:
        graph = Board(algorithm=WithPhase())
        changed = set_values(graph, {"algorithm.schedule.auxiliary.every": "16"})
        schedule = changed.algorithm.schedule  # type: ignore[attr-defined]
        assert (schedule.auxiliary.every, schedule.auxiliary.epochs, schedule.epochs) == (16, 1, 1)

    def test_null_and_an_empty_list_empty_a_socket(self) -> None:
        graph = Board(transforms=(Scale(),), schedule=OnPolicy())
        changed = set_values(graph, {"transforms": "[]", "schedule": "null"})
        assert (changed.transforms, changed.schedule) == ((), None)

    def test_a_part_inside_a_tuple(self) -> None:
        graph = Board(transforms=(Scale(), Shift()))
        changed = set_values(graph, {"transforms[1].by": "2"})
        assert changed.transforms == graph.transforms[:1] + changed.transforms[1:]
        assert changed.transforms[1].by == 2.0  # type: ignore[attr-defined]

    def test_private_knowledge_of_a_graph_survives(self) -> None:
        graph = Board().configure(Encoder, activation="tanh").replace(Board.plan, print)
        changed = set_values(graph, {"env.num_envs": 2})
        assert changed.configured == graph.configured
        assert changed.replaced_phases == {"plan": print}
        assert changed.created_at == graph.created_at


class TestExplicitness:
    def test_a_set_field_counts_as_set_and_others_do_not(self) -> None:
        graph = set_values(Board(), {"env.num_envs": 2})
        assert graph.model_fields_set == {"env"}
        assert graph.env.model_fields_set == {"num_envs"}

    def test_lengths_a_default_schedule_came_with_stay_defaults(self) -> None:
        graph = set_values(Board(algorithm=Repeated()), {"algorithm.schedule.unroll_length": "16"})
        schedule = graph.algorithm.schedule  # type: ignore[attr-defined]
        assert schedule.model_fields_set == {"unroll_length"}
        assert (schedule.epochs, schedule.mini_batch_size) == (10, 64)

    def test_a_default_shared_by_two_sockets_is_overridden_in_one(self) -> None:
        graph = set_values(Board(), {"algorithm.actor.encoder.hidden": "[8]"})
        assert graph.algorithm.actor.encoder.hidden == (8,)  # type: ignore[attr-defined]
        assert graph.algorithm.critic.encoder.hidden == (64, 64)  # type: ignore[attr-defined]

    def test_what_became_explicit_by_an_override_shares_nothing_with_its_class(self) -> None:
        class Twins(Board):
            second: Simple = Simple()

        plugged = Simple(actor=Actor(), critic=Critic())

        class Default(Board):
            algorithm: Simple = plugged
            second: Simple = plugged

        graph = set_values(Default(), {"algorithm.actor.hidden": "[1]"})
        graph = set_values(graph, {"second.critic.frozen": "true"})
        assert graph.algorithm.critic is not graph.second.critic
        assert not graph.algorithm.critic.frozen
        assert Twins().second is Twins().second


class TestSharing:
    def test_a_part_in_two_sockets_is_changed_in_both(self) -> None:
        encoder = Encoder()
        graph = Board(
            algorithm=Simple(actor=Actor(encoder=encoder), critic=Critic(encoder=encoder))
        )
        changed: Any = set_values(graph, {"algorithm.actor.encoder.hidden": "[8]"})
        assert changed.algorithm.critic.encoder.hidden == (8,)
        assert changed.algorithm.critic.encoder is changed.algorithm.actor.encoder

    def test_a_part_in_two_sockets_is_swapped_in_both(self) -> None:
        encoder, new = Encoder(), Encoder(hidden=(1,))
        graph = Board(
            algorithm=Simple(actor=Actor(encoder=encoder), critic=Critic(encoder=encoder))
        )
        changed: Any = swap(graph, {"algorithm.critic.encoder": new})
        assert changed.algorithm.critic.encoder is changed.algorithm.actor.encoder is new

    def test_a_shared_board_stays_shared_when_something_in_it_changes(self) -> None:
        class Pair(Board):
            second: Simple = Simple()

        both = Simple(actor=Actor())
        changed: Any = set_values(Pair(algorithm=both, second=both), {"second.actor.hidden": "[5]"})
        assert changed.algorithm is changed.second
        assert changed.algorithm.actor.hidden == (5,)


class TestSwaps:
    def test_a_component_takes_the_socket(self) -> None:
        env = World(id="Other-v0")
        assert swap(Board(), {"env": env}).env is env

    def test_the_method_of_graphs_does_the_same(self) -> None:
        env = World(id="Other-v0")
        assert Board().swap(env=env).env is env

    def test_outer_sockets_come_first(self) -> None:
        actor = Actor(hidden=(9,))
        graph: Any = swap(Board(), {"algorithm.actor": actor, "algorithm": Repeated()})
        assert isinstance(graph.algorithm, Repeated)
        assert graph.algorithm.actor is actor

    def test_tuples_are_replaced_whole_by_index_or_extended(self) -> None:
        scale, shift = Scale(), Shift()
        graph = swap(Board(), {"transforms": (scale, shift)})
        assert graph.transforms == (scale, shift)
        assert swap(graph, {"transforms.0": shift}).transforms == (shift, shift)
        assert swap(graph, {"transforms.2": scale}).transforms == (scale, shift, scale)
        assert swap(graph, {"transforms": scale}).transforms == (scale,)

    def test_a_socket_that_may_be_empty_is_emptied(self) -> None:
        graph: Any = swap(Board(), {"algorithm.optimizer": None})
        assert graph.algorithm.optimizer is None


class TestOrigins:
    def test_a_value_remembers_who_set_it(self) -> None:
        graph = Board(env=World(id="x"))
        changed: Any = set_values(graph, {"env.num_envs": 2}, origin="--set #1")
        assert origin_of(changed.env, "num_envs") == "--set #1"
        assert isinstance(origin_of(changed.env, "id"), Source)
        assert origin_of(changed.env, "kwargs") == DEFAULT

    def test_by_default_it_is_the_line_that_calls(self) -> None:
        changed: Any = set_values(Board(), {"env.num_envs": 2})
        origin = origin_of(changed.env, "num_envs")
        assert isinstance(origin, Source)
        assert (origin.file, origin.line) == (__file__, line_here() - 3)

    def test_what_a_kept_length_came_from(self) -> None:
        changed: Any = swap(Board(schedule=OnPolicy(unroll_length=16)), {"algorithm": Repeated()})
        kept = origin_of(changed.schedule, "unroll_length")
        assert isinstance(kept, Source) and kept.line == line_here() - 2


WRONG_SETTINGS = [
    ("E301", "env.num_env", "1", "`env` has no setting `num_env`", "`env.num_envs`"),
    ("E301", "hidden", "[1]", "`Board` has no setting `hidden`", "it is found at"),
    ("E301", "algorithm.num_envz", "1", "no setting `num_envz`", "did you mean `env.num_envs`?"),
    ("E301", "num_envs", "1", "`Board` has no setting `num_envs`", "did you mean `env.num_envs`?"),
    ("E303", "optimizer.lr", "1", "no socket `optimizer`", "`algorithm.optimizer.lr`"),
    ("E301", "by", "1", "`Board` has no setting `by`", "its sockets are"),
    ("E303", "environ.id", "x", "`Board` has no socket `environ`", "`env.id`"),
    ("E303", "algorithm.optimiser.lr", "1", "no socket `optimiser`", "`algorithm.optimizer.lr`"),
    ("E302", "env.num_envs", "0", "`env.num_envs` cannot be 0: ", "int"),
    ("E302", "env.num_envs", "many", "`env.num_envs` cannot be 'many'", "int"),
    (
        "E302",
        "algorithm.optimizer.lr",
        "NaN",
        "`algorithm.optimizer.lr` cannot be 'NaN'",
        "its default is 0.01",
    ),
    ("E302", "algorithm.optimizer.clip", "None", "cannot be 'None'", "write `null`"),
    ("E302", "algorithm.actor.hidden", "(8, 8)", "cannot be", "write `[8, 8]`"),
    ("E302", "algorithm.actor.hidden", "8", "cannot be 8", "algorithm.actor.hidden=[8]"),
    ("E302", "algorithm.actor.encoder.activation", "elu", "cannot be 'elu'", "relu"),
    ("E304", "algorithm", "PPO", "`algorithm` takes an Algorithm, not 'PPO'", "--swap algorithm="),
    ("E304", "env", "{}", "`env` takes an Environment, not '{}'", "--swap env="),
    ("E301", "algorithm.actor.hidden.9", "1", "holds 1 value, and nothing", "count from 0"),
    ("E303", "transforms.0.scale", "1", "`transforms` holds no part", "`transforms.0`"),
    ("E301", "env.num_envs.x", "1", "`env.num_envs` is 4, so there is no `x` in it", "--set"),
    ("E301", "algorithm.optimizer.lr.end", "0", "is 0.01, so there is no `end`", "kind"),
    ("E301", "algorithm.optimizer.clip.max", "0", "is empty, so there is no `max`", "--set"),
]


@pytest.mark.parametrize(("code", "path", "raw", "message", "fix"), WRONG_SETTINGS)
def test_a_wrong_setting_is_named(code: str, path: str, raw: str, message: str, fix: str) -> None:
    graph = Board(algorithm=Simple(actor=Actor()))
    with pytest.raises(SettingError, match=re.escape(message)) as error:
        set_values(graph, {path: raw})
    assert error.value.diagnostics[0].code == code
    assert fix in "\n".join(fix_of(error))
    source = error.value.diagnostics[0].source
    assert source is not None and source.file == __file__


def test_a_wrong_name_inside_a_rate_or_an_annealing() -> None:
    graph = Board(algorithm=WithPhase(optimizer=Descent(lr=LinearAnnealing(start=1, end=0))))
    with pytest.raises(SettingError, match=r"`algorithm.optimizer.lr` \(LinearAnnealing\) has no"):
        set_values(graph, {"algorithm.optimizer.lr.stop": 0})
    with pytest.raises(SettingError, match=r"`algorithm.schedule.auxiliary.every` cannot be 0"):
        set_values(graph, {"algorithm.schedule.auxiliary.every": 0})
    with pytest.raises(SettingError, match="there is no annealing `LinearAnealing`"):
        set_values(graph, {"algorithm.optimizer.lr": '{"kind": "LinearAnealing"}'})


def test_a_setting_of_a_part_that_is_not_there() -> None:
    graph = Board(algorithm=Simple(optimizer=None))
    with pytest.raises(SettingError, match=r"the socket `algorithm.optimizer` is empty") as error:
        set_values(graph, {"algorithm.optimizer.lr": 1})
    assert fix_of(error) == ["plug an Optimizer first: `--swap algorithm.optimizer=NAME`"]


@pytest.mark.parametrize(
    ("code", "path", "part", "message", "fix"),
    [
        ("E303", "algoritm", Simple(), "`Board` has no socket `algoritm`", "`algorithm`?"),
        ("E303", "actor", Actor(), "`Board` has no socket `actor`", "`algorithm.actor`?"),
        ("E303", "env.id", World(), "`env.id` is a setting of World, not a socket", "--set"),
        ("E303", "transforms.3", Scale(), "`transforms` holds no part", "`transforms.0`"),
        ("E304", "algorithm", Descent(), "takes an Algorithm, not Descent (an optimizer)", ""),
        ("E304", "algorithm", None, "`algorithm` takes an Algorithm, not None: it cannot", ""),
        ("E304", "transforms", (Scale(), World()), "`transforms.1` takes a Transform", ""),
        ("E304", "env", World, "not the class World; write `World()`", ""),
    ],
)
def test_a_wrong_swap_is_named(code: str, path: str, part: Any, message: str, fix: str) -> None:
    with pytest.raises(SettingError, match=re.escape(message)) as error:
        swap(Board(), {path: part})
    assert error.value.diagnostics[0].code == code
    assert fix in "\n".join(fix_of(error))


def test_a_part_shared_with_a_socket_it_does_not_fit_names_that_socket() -> None:
    class Narrow(Simple):
        second: Actor = Actor()

    actor = Actor()
    graph = Board(algorithm=Narrow(actor=actor, second=actor))
    with pytest.raises(SettingError, match=r"`algorithm.second` takes an Actor, not Critic"):
        swap(graph, {"algorithm.actor": Critic()})

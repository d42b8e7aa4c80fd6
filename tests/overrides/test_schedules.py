"""What a swap and a `--set` do to schedules."""

from typing import Any

from alfgraph.families.schedules import Epochs, OffPolicy, OnPolicy
from alfgraph.overrides.origins import notes_of
from alfgraph.overrides.swaps import set_values, swap
from tests.boards.override_boards import (
    Actor,
    Auxiliary,
    Board,
    Descent,
    Remembering,
    Repeated,
    Scale,
    Shift,
    Simple,
    WithPhase,
)
from tests.overrides.test_overrides import line_here


class TestSchedules:
    def test_an_empty_schedule_socket_is_filled_with_the_algorithms_own(self) -> None:
        graph = set_values(Board(algorithm=Repeated()), {"schedule.epochs": "3"})
        assert isinstance(graph.schedule, Epochs)
        assert (graph.schedule.epochs, graph.schedule.unroll_length) == (3, 128)
        assert graph.schedule.model_fields_set == {"epochs"}
        assert graph.algorithm.schedule.epochs == 10  # type: ignore[attr-defined]

    def test_a_schedule_set_on_the_algorithm_changes_with_the_one_above_it(self) -> None:
        graph = Board(algorithm=Repeated(schedule=Epochs(epochs=5, unroll_length=7)))
        changed: Any = set_values(graph, {"schedule.epochs": "3"})
        assert changed.schedule is changed.algorithm.schedule
        assert (changed.schedule.epochs, changed.schedule.unroll_length) == (3, 7)
        assert changed.schedule.model_fields_set == {"epochs", "unroll_length"}

    def test_a_rate_in_an_empty_schedule_socket(self) -> None:
        graph = set_values(Board(algorithm=WithPhase()), {"schedule.auxiliary.every": "16"})
        assert isinstance(graph.schedule, Auxiliary)
        assert graph.schedule.auxiliary.every == 16

    def test_an_unfit_schedule_is_replaced_where_it_was(self) -> None:
        graph = Board(schedule=OnPolicy(unroll_length=16))
        changed = swap(graph, {"algorithm": Repeated()})
        assert type(changed.schedule) is Epochs
        assert dict(changed.schedule) == {
            "unroll_length": 16,
            "epochs": 10,
            "mini_batch_size": 64,
            "mini_batch_length": 1,
        }
        assert changed.schedule.model_fields_set == {"unroll_length"}
        (note,) = notes_of(changed)
        assert note.severity == "note"
        assert note.message == "`schedule` is now Epochs: Repeated cannot run under OnPolicy"
        assert note.notes == (
            "kept from the file: unroll_length=16",
            "from Repeated: epochs=10, mini_batch_size=64, mini_batch_length=1",
        )
        assert notes_of(graph) == ()

    def test_what_the_file_did_not_set_is_not_kept(self) -> None:
        changed = swap(Board(schedule=OnPolicy()), {"algorithm": Repeated()})
        assert changed.schedule.unroll_length == 128  # type: ignore[union-attr]

    def test_what_the_new_kind_refuses_or_lacks_is_dropped(self) -> None:
        graph = Board(
            algorithm=Remembering(),
            schedule=OffPolicy(unroll_length=0.5, initial_collect_steps=100, mini_batch_size=7),
        )
        changed = swap(graph, {"algorithm": Repeated()})
        assert changed.schedule.model_fields_set == {"mini_batch_size"}  # type: ignore[union-attr]
        (note,) = notes_of(changed)
        assert note.notes[:2] == (
            "kept from the file: mini_batch_size=7",
            "dropped: unroll_length=0.5, initial_collect_steps=100",
        )

    def test_what_goes_with_the_old_component_is_named(self) -> None:
        graph = Board(algorithm=Simple(actor=Actor(hidden=(8, 8)), optimizer=Descent(lr=0.5)))
        changed = swap(graph, {"algorithm": Repeated()})
        (note,) = notes_of(changed)
        assert note.severity == "note"
        assert note.message == "`algorithm` is now Repeated, with the settings Repeated comes with"
        assert note.source is not None and note.source.line == line_here() - 5
        assert note.notes == ("dropped with Simple: `actor.hidden=[8, 8]` and `optimizer.lr=0.5`",)
        assert [help.text for help in note.help] == [
            "to give one anew: `--set algorithm.actor.hidden=[8,8]`"
        ]

    def test_nothing_goes_where_nothing_was_chosen_or_the_new_one_has_it_too(self) -> None:
        default = Actor().hidden
        for old in (Simple(), Simple(actor=Actor()), Simple(actor=Actor(hidden=default))):
            assert notes_of(swap(Board(algorithm=old), {"algorithm": Repeated()})) == ()

    def test_who_gives_the_new_component_settings_knows_which(self) -> None:
        graph = Board(algorithm=Simple(actor=Actor(hidden=(8, 8))))
        new = Repeated(actor=Actor(hidden=(4,)))
        assert notes_of(swap(graph, {"algorithm": new})) == ()

    def test_a_schedule_that_fits_stays(self) -> None:
        schedule = OnPolicy(unroll_length=16)
        changed = swap(Board(schedule=schedule), {"algorithm": Simple(actor=Actor())})
        assert changed.schedule is schedule
        assert notes_of(changed) == ()

    def test_one_given_with_the_algorithm_wins(self) -> None:
        own = Epochs(unroll_length=4)
        changed = swap(
            Board(schedule=OnPolicy(unroll_length=16)), {"algorithm": Repeated(schedule=own)}
        )
        assert changed.schedule == own
        assert own.unroll_length == 4

    def test_one_swapped_in_the_same_call_stays(self) -> None:
        given = Epochs(unroll_length=4)
        graph = Board(schedule=OnPolicy())
        changed = swap(graph, {"algorithm": Repeated(), "schedule": given})
        assert changed.schedule is given
        assert notes_of(changed) == ()

    def test_a_transform_does_not_choose_the_schedule(self) -> None:
        graph = Board(schedule=OnPolicy(), transforms=(Scale(),))
        assert type(swap(graph, {"transforms.0": Shift()}).schedule) is OnPolicy

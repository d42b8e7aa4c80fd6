import inspect

from alfgraph.boards.settings_table import settings_of
from alfgraph.diagnostics.source import Source
from alfgraph.families.annealing import LinearAnnealing
from alfgraph.families.schedules import OnPolicy
from alfgraph.overrides.setting_row import SettingRow
from alfgraph.overrides.swaps import set_values, swap
from tests.boards.override_boards import (
    Actor,
    Board,
    Critic,
    Descent,
    Encoder,
    Repeated,
    Scale,
    Simple,
    WithPhase,
    World,
)

HERE = Source(file=__file__, line=1).shown_file


def line_here() -> int:
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def table(graph: Board) -> dict[str, SettingRow]:
    return {row.path: row for row in settings_of(graph)}


def test_every_setting_has_a_row_with_its_value_and_origin() -> None:
    graph = Board(env=World(num_envs=8))
    rows, here = table(graph), f"{HERE}:{line_here() - 1}"
    assert rows["env"] == SettingRow("env", "World", here, False, is_part=True)
    assert rows["env.num_envs"] == SettingRow("env.num_envs", "8", here, False)
    assert rows["env.id"] == SettingRow("env.id", "World-v0", "default", True)
    assert rows["env.kwargs"].value == "{}"
    assert rows["transforms"] == SettingRow("transforms", "[]", "default", True, is_part=True)
    assert rows["schedule"].value == "null"
    assert rows["algorithm.actor.hidden"].value == "[32]"
    assert rows["algorithm.actor.encoder"].value == "Encoder"
    assert rows["algorithm.actor.encoder.hidden"].value == "[64, 64]"


def test_rows_stand_in_the_order_of_the_board() -> None:
    paths = [row.path for row in settings_of(Board()) if row.path.count(".") == 0]
    assert paths == ["env", "transforms", "algorithm", "schedule", "trainer"]


def test_what_a_class_comes_with_is_the_line_in_the_users_file() -> None:
    rows = table(Board(algorithm=Repeated()))
    assert rows["algorithm.optimizer.lr"].value == "0.0003"
    assert rows["algorithm.optimizer.lr"].origin.startswith("tests/boards/override_boards.py:")
    assert rows["algorithm.optimizer.clip"].origin == "default"


def test_a_set_value_names_the_override_and_its_neighbours_do_not() -> None:
    graph = set_values(Board(), {"algorithm.actor.hidden": "[8]"}, origin="--set #2")
    rows = table(graph)
    assert rows["algorithm.actor.hidden"].origin == "--set #2"
    assert rows["algorithm"].origin == "default"
    assert rows["algorithm.actor"].origin == "default"
    assert rows["algorithm.actor.frozen"].is_default


def test_a_swapped_part_names_the_swap() -> None:
    graph = swap(Board(transforms=(Scale(),)), {"algorithm": Repeated()}, origin="--swap #1")
    graph = swap(graph, {"transforms.1": Scale()}, origin="--swap #2")
    rows, here = table(graph), f"{HERE}:{line_here() - 2}"
    assert (rows["algorithm"].value, rows["algorithm"].origin) == ("Repeated", "--swap #1")
    assert (rows["transforms.0"].origin, rows["transforms.1"].origin) == (here, "--swap #2")


def test_a_kept_length_names_the_line_that_set_it() -> None:
    graph = swap(Board(schedule=OnPolicy(unroll_length=16)), {"algorithm": Repeated()})
    rows, here = table(graph), f"{HERE}:{line_here() - 1}"
    assert (rows["schedule.unroll_length"].value, rows["schedule.unroll_length"].origin) == (
        "16",
        here,
    )
    assert rows["schedule.epochs"].origin.startswith("tests/boards/override_boards.py:")
    assert rows["schedule.mini_batch_length"].is_default


def test_configure_counts_where_nothing_was_set() -> None:
    graph = Board(
        algorithm=Simple(
            actor=Actor(encoder=Encoder(activation="relu")), critic=Critic(encoder=Encoder())
        )
    ).configure(Encoder, activation="tanh")
    rows = table(graph)
    assert rows["algorithm.actor.encoder.activation"].value == "relu"
    row = rows["algorithm.critic.encoder.activation"]
    assert (row.value, row.is_default) == ("tanh", False)
    assert row.origin.startswith(f"configure at {HERE}:")


def test_a_shared_part_is_shown_once() -> None:
    encoder = Encoder()
    rows = table(
        Board(algorithm=Simple(actor=Actor(encoder=encoder), critic=Critic(encoder=encoder)))
    )
    assert rows["algorithm.critic.encoder"].value == "Encoder (the same as algorithm.actor.encoder)"
    assert "algorithm.critic.encoder.hidden" not in rows


def test_rates_and_annealings_are_opened() -> None:
    graph = Board(algorithm=WithPhase(optimizer=Descent(lr=LinearAnnealing(start=1, end=0))))
    graph = set_values(graph, {"algorithm.schedule.auxiliary.epochs": 2}, origin="--set #1")
    rows = table(graph)
    assert rows["algorithm.schedule.auxiliary"].value == "Rate"
    assert rows["algorithm.schedule.auxiliary.epochs"].origin == "--set #1"
    assert rows["algorithm.schedule.auxiliary.every"].origin.startswith(
        "tests/boards/override_boards"
    )
    assert rows["algorithm.optimizer.lr"].value == "LinearAnnealing"
    assert rows["algorithm.optimizer.lr.start"].value == "1.0"
    assert rows["algorithm.optimizer.lr.by"].is_default


def test_long_origins_are_wrapped_and_hide_no_value() -> None:
    from alfgraph.cli.tables import settings_text

    origin = "/a/long/way/to/the/place/where/this/graph/file/lies/" * 2 + "graph.py:12"
    row = SettingRow("algorithm.actor.hidden", "[64, 64]", origin, is_default=False)
    text = settings_text([row], frozenset({row.path}))
    assert "algorithm.actor.hidden" in text
    assert "[64, 64]" in text
    assert "no effect" in text
    assert origin in "".join(
        line[line.index("]") + 1 :] if "]" in line else line for line in text.splitlines()[1:]
    ).replace("no effect", "").replace(" ", "")
    assert max(map(len, text.splitlines())) <= 100

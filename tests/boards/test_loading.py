import inspect
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alfgraph.boards.loading import load
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import GraphFileError, SettingError, WiringError
from alfgraph.overrides.origins import graph_file, graph_name

BOARDS = "from tests.boards.override_boards import *\n"

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file into an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


def refused(path: str | Path, message: str, code: str) -> Diagnostic:
    with pytest.raises(GraphFileError) as error:
        load(path)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == code
    assert message in diagnostic.message
    return diagnostic


class TestWhatIsLoaded:
    def test_the_variable_graph(self, write: Write) -> None:
        graph = load(write("a.py", BOARDS + "graph = Board(env=World(num_envs=3))"))
        assert graph.env.num_envs == 3  # type: ignore[attr-defined]

    def test_the_single_board_of_the_file(self, write: Write) -> None:
        path = write(
            "a.py",
            BOARDS + "class Mine(Board):\n    '''Mine.'''\n"
            "class Part(Scale):\n    '''A part, no board.'''\n"
            "class Learner(Simple):\n    '''Neither.'''\n"
            "class _Hidden(Board):\n    '''Private.'''\n",
        )
        assert type(load(path)).__name__ == "Mine"

    def test_a_class_called_graph(self, write: Write) -> None:
        path = write("a.py", BOARDS + "class Mine(Board):\n    '''Mine.'''\ngraph = Mine")
        assert type(load(path)).__name__ == "Mine"

    @pytest.mark.parametrize("name", ["small", "Big"])
    def test_what_is_named(self, write: Write, name: str) -> None:
        path = write(
            "a.py",
            BOARDS + "class Big(Board):\n    env: Environment = World(num_envs=9)\n"
            "small = Board(env=World(num_envs=1))\ngraph = Board()\n",
        )
        graph = load(f"{path}:{name}")
        assert graph.env.num_envs == {"small": 1, "Big": 9}[name]  # type: ignore[attr-defined]
        assert graph_name(graph) == f"a-{name}"

    def test_it_knows_its_file(self, write: Write) -> None:
        path = write("a.py", BOARDS + "graph = Board()")
        graph = load(path)
        assert (graph_file(graph), graph_name(graph)) == (path, "a")
        write("b.py", "from alfgraph.boards.loading import load\ngraph = load('a.py').swap()")
        assert graph_name(load("b.py", relative_to=path)) == "b"


class TestPaths:
    def test_a_relative_path_in_a_graph_file_is_relative_to_it(self, write: Write) -> None:
        write("below/a.py", BOARDS + "graph = Board(env=World(num_envs=7))")
        path = write("below/b.py", "from alfgraph.boards.loading import load\ngraph = load('a.py')")
        assert load(path).env.num_envs == 7  # type: ignore[attr-defined]

    def test_without_a_file_it_is_relative_to_the_working_directory(self, write: Write) -> None:
        write("a.py", BOARDS + "graph = Board()")
        code = compile("loaded = load('a.py')", "<stdin>", "exec")
        space = {"load": load}
        exec(code, space)
        assert "loaded" in space

    def test_relative_to_a_folder(self, write: Write, tmp_path: Path) -> None:
        write("below/a.py", BOARDS + "graph = Board()")
        assert load("a.py", relative_to=tmp_path / "below")
        assert load("a.py", relative_to=tmp_path / "below" / "a.py")


class TestModules:
    def test_classes_of_the_file_resolve_and_pickle(self, write: Write) -> None:
        path = write("a.py", BOARDS + "class Mine(Scale):\n    '''Mine.'''\ngraph = Board()\n")
        load(path)
        (module,) = [m for m in sys.modules.values() if getattr(m, "__file__", "") == str(path)]
        kind = module.Mine
        assert pickle.loads(pickle.dumps(kind)) is kind
        assert inspect.getsource(kind).startswith("class Mine")

    def test_the_same_file_again_is_fresh(self, write: Write) -> None:
        path = write("a.py", BOARDS + "graph = Board(env=World(num_envs=1))")
        first = load(path)
        path.write_text(BOARDS + "graph = Board(env=World(num_envs=2))")
        assert load(path).env.num_envs == 2  # type: ignore[attr-defined]
        assert first.env.num_envs == 1  # type: ignore[attr-defined]

    def test_two_files_of_one_name(self, write: Write) -> None:
        one = write("x/a.py", BOARDS + "class Mine(Board):\n    '''One.'''\n")
        two = write("y/a.py", BOARDS + "class Mine(Board):\n    '''Two.'''\n")
        assert [load(path).__doc__ for path in (one, two, one)] == ["One.", "Two.", "One."]

    def test_modules_beside_it_can_be_imported(self, write: Write) -> None:
        before = list(sys.path)
        for folder, number in (("x", 1), ("y", 2)):
            write(f"{folder}/beside_it.py", f"NUMBER = {number}")
            path = write(
                f"{folder}/a.py",
                BOARDS + "import beside_it\ngraph = Board(env=World(num_envs=beside_it.NUMBER))",
            )
            assert load(path).env.num_envs == number  # type: ignore[attr-defined]
        assert sys.path == before

    def test_no_bytecode_is_left(self, write: Write, tmp_path: Path) -> None:
        load(write("a.py", BOARDS + "graph = Board()"))
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.py"]

    def test_a_failed_load_leaves_no_module(self, write: Write) -> None:
        before = {name for name in sys.modules if name.startswith("alfgraph_graph_file_")}
        refused(write("a.py", "1 / 0"), "ZeroDivisionError", "E405")
        assert {n for n in sys.modules if n.startswith("alfgraph_graph_file_")} == before


class TestMissingFiles:
    @pytest.mark.parametrize(
        ("wanted", "help"),
        [
            ("graphs/ac_cart_pole", "did you mean `graphs/ac_cart_pole.py`?"),
            ("graphs/ac_cartpole.py", "did you mean `graphs/ac_cart_pole.py`?"),
            ("graph/ac_cart_pole.py", "did you mean `graphs/ac_cart_pole.py`?"),
            ("ac_cart_pole.py", "did you mean `graphs/ac_cart_pole.py`?"),
            ("graphs/zzz.py", "the files there are `ac_cart_pole.py` and `ppo.py`"),
        ],
    )
    def test_files_nearby_are_named(
        self, write: Write, tmp_path: Path, wanted: str, help: str
    ) -> None:
        write("graphs/ac_cart_pole.py", "")
        write("graphs/ppo.py", "")
        with pytest.raises(GraphFileError, match="there is no graph file") as error:
            load(wanted, relative_to=Path())
        assert [fix.text for fix in error.value.diagnostics[0].help] == [help]

    def test_a_folder(self, write: Write) -> None:
        path = write("graphs/ac.py", "")
        found = refused(path.parent, "is a folder, not a graph file", "E401")
        assert "`ac.py`" in found.help[0].text

    def test_in_a_graph_file_the_line_is_shown(self, write: Write) -> None:
        write("a.py", "")
        path = write("below/b.py", "from alfgraph.boards.loading import load\ngraph = load('a.py')")
        found = refused(path, "there is no graph file `a.py`", "E401")
        assert found.source is not None and found.source.line == 2
        assert found.source.focus is not None and found.source.focus.column == 14
        assert "exists in the working directory" in found.help[0].text


class TestSyntax:
    def test_the_place_and_pythons_words(self, write: Write) -> None:
        found = refused(write("a.py", "x = 1\ngraph = (1,, 2)\n"), "not valid Python", "E402")
        assert found.source is not None
        assert (found.source.line, found.source.column) == (2, 12)
        assert "invalid syntax" in found.message

    @pytest.mark.parametrize("raw", [b"x = '\xff'", b"\0", b"# coding: nonsense\n"])
    def test_files_that_are_no_text(self, write: Write, raw: bytes) -> None:
        path = write("a.py", "")
        path.write_bytes(raw)
        refused(path, "`a.py` is not valid Python", "E402")

    def test_in_a_module_beside_it(self, write: Write) -> None:
        write("beside_wrong.py", "def f(:\n")
        found = refused(write("a.py", "import beside_wrong"), "`beside_wrong.py` is not", "E402")
        assert found.source is not None and found.source.line == 1


class TestNoGraph:
    def test_another_name(self, write: Write) -> None:
        path = write("a.py", BOARDS + "board = Board()")
        found = refused(path, "leaves no variable `graph` and defines no board", "E403")
        assert found.help[0].text == "rename `board` to `graph`, or load `a.py:board`"
        assert found.source is not None and found.source.line == 2

    def test_nothing_at_all(self, write: Write) -> None:
        refused(write("a.py", "x = 1"), "leaves no variable `graph`", "E403")

    def test_an_algorithm_only(self, write: Write) -> None:
        path = write("a.py", BOARDS + "class Mine(Simple):\n    '''Mine.'''\n")
        found = refused(path, "leaves no variable `graph`", "E403")
        assert found.help[0].text == "plug it into a board: `graph = Pipeline(algorithm=Mine())`"
        assert found.notes == ("it defines the parts `Mine`",)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("graph = World()", "`graph` in `a.py` is a part (World, an environment), not a board"),
            ("def graph(): return Board()", "`graph` in `a.py` is a function, not a graph"),
            ("graph = 3", "`graph` in `a.py` is 3, not a graph"),
        ],
    )
    def test_a_variable_that_is_no_graph(self, write: Write, line: str, message: str) -> None:
        found = refused(write("a.py", BOARDS + line), message, "E403")
        assert found.source is not None and found.source.line == 2

    def test_a_name_that_is_not_there(self, write: Write) -> None:
        path = write("a.py", BOARDS + "small = Board()\n")
        found = refused(f"{path}:smal", "`a.py` has no graph `smal`", "E403")
        assert found.help[0].text == "did you mean `a.py:small`?"


def test_several_graphs_are_listed(write: Write) -> None:
    path = write(
        "a.py",
        BOARDS + "class One(Board):\n    '''One.'''\nclass Two(Board):\n    '''Two.'''\n"
        "three = Board()\n",
    )
    found = refused(path, "holds several graphs", "E404")
    assert found.notes == (
        "`a.py:One` is made in line 2",
        "`a.py:Two` is made in line 4",
        "`a.py:three` is made in line 6",
    )
    assert found.help[0].text == "name the one you mean: `a.py:three`"


class TestUserCode:
    def test_the_line_that_raised(self, write: Write) -> None:
        path = write("a.py", "import os\nx = os.environ['NOT_THERE']\n")
        found = refused(path, "`a.py` raised KeyError: 'NOT_THERE'", "E405")
        assert found.source is not None and (found.source.line, found.source.column) == (2, 5)

    @pytest.mark.parametrize(
        ("text", "help"),
        [
            ("graph = Bord()", "did you mean `Board`?"),
            ("import math\nx = math.sqr(2)", "did you mean `sqrt`?"),
            ("from alfgraph.families.schedules import OnPolicie", "did you mean `OnPolicy`?"),
            ("def f():\n    return lenght\nlength = 1\nf()", "did you mean `length`?"),
        ],
    )
    def test_a_misspelt_name(self, write: Write, text: str, help: str) -> None:
        found = refused(write("a.py", BOARDS + text), "`a.py` raised", "E405")
        assert found.help[0].text == help

    def test_who_called_it(self, write: Write) -> None:
        path = write("a.py", "def f():\n    raise RuntimeError('no')\n\nf()\n")
        found = refused(path, "raised RuntimeError: no", "E405")
        assert found.source is not None and found.source.line == 2
        assert [(label, place.line) for label, place in found.related] == [("called here", 4)]

    def test_a_missing_module(self, write: Write) -> None:
        found = refused(write("a.py", "import not_there.x"), "ModuleNotFoundError", "E405")
        assert found.help[0].text.startswith("`pip install not_there`")

    def test_leaving_the_process(self, write: Write) -> None:
        refused(write("a.py", "import sys\nsys.exit(3)"), "raised SystemExit: 3", "E405")

    def test_changing_a_frozen_board(self, write: Write) -> None:
        path = write("a.py", BOARDS + "graph = Board()\ngraph.env = World()")
        found = refused(path, "ValidationError", "E405")
        assert "`graph.swap(socket=...)`" in found.help[0].text

    def test_loading_itself(self, write: Write) -> None:
        path = write("a.py", "from alfgraph.boards.loading import load\ngraph = load('a.py')")
        found = refused(path, "`a.py` loads itself", "E405")
        assert found.source is not None and found.source.line == 2

    def test_a_wrong_setting_passes_through(self, write: Write) -> None:
        path = write("a.py", BOARDS + "graph = Board(env=World(num_envs=0))")
        with pytest.raises(SettingError, match=r"`World.num_envs` cannot be 0") as error:
            load(path)
        source = error.value.diagnostics[0].source
        assert source is not None and (source.file, source.line) == (str(path), 2)

    def test_a_wrong_class_passes_through(self, write: Write) -> None:
        path = write("a.py", BOARDS + "class Mine(World):\n    step: int = 3\n")
        with pytest.raises(WiringError, match="is a setting here and a port of"):
            load(path)

    def test_a_board_that_needs_settings_names_its_class(self, write: Write) -> None:
        path = write("a.py", BOARDS + "class Mine(Board):\n    size: int\n")
        with pytest.raises(SettingError, match="size") as error:
            load(path)
        source = error.value.diagnostics[0].source
        assert source is not None and source.line == 2

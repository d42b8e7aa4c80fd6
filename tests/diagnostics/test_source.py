"""Where a line of the user's was written: exact columns, no frames of ours."""

import functools
import linecache
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import alfgraph
from alfgraph.diagnostics.source import Source, is_user_code

CORE = Path(alfgraph.__file__).parent


def load(path: Path, text: str, **names: Any) -> dict[str, Any]:
    """Write a file and run it, as a graph file is."""
    path.write_text(text, encoding="utf-8")
    space: dict[str, Any] = {**names}
    exec(compile(text, str(path), "exec"), space)
    return space


def capture(*_: object, **__: object) -> Source | None:
    """What a component does when it is called; this file is passed over, as the core would be."""
    return Source.of_caller(skip=lambda name: name == __file__)


def span(place: Source | None) -> tuple[int, int | None, int | None, int | None]:
    assert place is not None
    return place.line, place.column, place.end_line, place.end_column


def test_columns_of_a_call(tmp_path: Path) -> None:
    path = tmp_path / "board.py"
    space = load(path, "x = 1\ny = [capture(x), capture(x, x)]\n", capture=capture)
    first, second = space["y"]
    assert first.file == str(path)
    assert span(first) == (2, 6, 2, 16)  # y = [capture(x), ...
    assert span(second) == (2, 18, 2, 31)


def test_columns_of_a_method_call_over_several_lines(tmp_path: Path) -> None:
    text = (
        "class Env:\n"
        "    feed = staticmethod(capture)\n"
        "class Board:\n"
        "    env = Env()\n"
        "    def unroll(self, pi):\n"
        "        return self.env.feed(\n"
        "            action=pi,\n"
        "        )\n"
        "found = Board().unroll(1)\n"
    )
    found = load(tmp_path / "board.py", text, capture=capture)["found"]
    assert span(found) == (6, 16, 8, 10)
    assert found.text() == "        return self.env.feed("


def test_capture_reads_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError("a file was read")

    monkeypatch.setattr(linecache, "getline", refuse)
    monkeypatch.setattr(linecache, "checkcache", refuse)
    assert span(load(tmp_path / "b.py", "y = capture()", capture=capture)["y"]) == (1, 5, 1, 14)


def test_argument_is_focused_by_name_and_by_position(tmp_path: Path) -> None:
    text = "y = capture(\n    len([1]),\n    action=capture(2).line + 1,\n)\n"
    place = load(tmp_path / "board.py", text, capture=capture)["y"]
    assert span(place) == (1, 5, 4, 2)
    assert span(place.argument("action").focus) == (3, 5, 3, 31)
    assert span(place.argument(0).focus) == (2, 5, 2, 13)
    assert place.argument("missing") == place
    assert place.argument(3) == place


def test_spread_arguments_stay_unfocused(tmp_path: Path) -> None:
    text = "more = {'action': 1}\nlist_ = [1]\ny = capture(*list_, 2, **more)\n"
    place = load(tmp_path / "board.py", text, capture=capture)["y"]
    assert place.argument("action") == place
    assert place.argument(1) == place


def test_columns_are_shown_in_characters(tmp_path: Path) -> None:
    text = "y = ['größe', capture(1)]\n"  # two letters of two bytes each
    place = load(tmp_path / "board.py", text, capture=capture)["y"][1]
    assert span(place) == (1, 17, 1, 27)
    assert span(place.in_characters()) == (1, 15, 1, 25)
    assert str(place).endswith("board.py:1:15")


def test_stack_names_the_users_file_behind_the_library(tmp_path: Path) -> None:
    library = load(
        tmp_path / "library.py", "def unroll(part):\n    return part()\n", capture=capture
    )

    def stack() -> tuple[Source, ...]:
        return Source.stack_of_caller(limit=2, skip=lambda name: name == __file__)

    user = load(tmp_path / "user.py", "y = unroll(part)\n", unroll=library["unroll"], part=stack)
    inner, outer = user["y"]
    assert (inner.file, *span(inner)) == (str(tmp_path / "library.py"), 2, 12, 2, 18)
    assert (outer.file, *span(outer)) == (str(tmp_path / "user.py"), 1, 5, 1, 17)


def test_standard_library_frames_are_passed_over(tmp_path: Path) -> None:
    text = (
        "from functools import cached_property\n"
        "class Board:\n"
        "    @cached_property\n"
        "    def wired(self): return capture()\n"
        "y = [Board().wired]\n"
    )
    assert span(load(tmp_path / "board.py", text, capture=capture)["y"][0]) == (4, 29, 4, 38)
    assert not is_user_code(functools.__file__)


def test_frames_of_the_core_are_passed_over_and_of_components_are_not(tmp_path: Path) -> None:
    core = compile("def call(part): return part()", str(CORE / "compiler" / "invented.py"), "exec")
    space: dict[str, Any] = {"capture": Source.of_caller}
    exec(core, space)
    call = space["call"]
    assert isinstance(call, FunctionType)
    found = load(tmp_path / "user.py", "y = call(part)", call=call, part=Source.of_caller)["y"]
    assert found.file == str(tmp_path / "user.py")


@pytest.mark.parametrize(
    ("name", "user"),
    [
        (str(CORE / "graph.py"), False),
        (str(CORE / "compiler" / "binding.py"), False),
        (str(CORE / "components" / "pipelines.py"), True),
        (str(CORE.parent / "components" / "pipelines.py"), True),
        ("<frozen importlib._bootstrap>", False),
        ("<stdin>", True),
        ("/tmp/ipykernel_7/123.py", True),
        ("/v/lib/python3.11/site-packages/pydantic/main.py", False),
        ("/v/lib/python3.11/site-packages/torch/nn/modules/module.py", False),
        ("/v/lib/python3.11/site-packages/my_parts/networks.py", True),
        ("/home/me/torch/board.py", True),
    ],
)
def test_user_code(name: str, user: bool) -> None:
    assert is_user_code(name) is user


def test_nothing_of_the_user_on_the_stack() -> None:
    assert Source.of_caller(skip=lambda name: True) is None
    assert Source.stack_of_caller(skip=lambda name: True) == ()


def test_exception_points_at_the_innermost_user_line(tmp_path: Path) -> None:
    space = load(tmp_path / "net.py", "import json\ndef f():\n    return 1 + json.loads('{')\n")
    with pytest.raises(ValueError, match="Expecting property name") as caught:
        space["f"]()
    assert span(Source.of_exception(caught.value)) == (3, 16, 3, 31)


def test_syntax_error_points_where_python_points(tmp_path: Path) -> None:
    path = tmp_path / "board.py"
    path.write_text("graph = Pipeline(\n    env=1\n    algorithm=2)\n")
    with pytest.raises(SyntaxError, match="invalid syntax") as caught:
        compile(path.read_text(), str(path), "exec")
    place = Source.of_exception(caught.value)
    assert place is not None
    assert (place.file, place.line, place.column) == (str(path), 2, 9)


def test_paths_are_relative_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    below = Source(file=str(tmp_path / "here" / "graphs" / "a.py"), line=3, column=5)
    beside = Source(file=str(tmp_path / "a.py"), line=3)
    assert str(below) == "graphs/a.py:3:5"
    assert str(beside) == f"{tmp_path}/a.py:3"

"""Reports, word for word; what is dropped as a follow-up; JSON and annotations."""

import json
import re
from pathlib import Path

import pytest

from alfgraph.diagnostics.diagnostic import (
    Diagnostic,
    Edit,
    Fact,
    Help,
    render_all,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.formats import to_github, to_json
from alfgraph.diagnostics.reporter import Reporter
from alfgraph.diagnostics.source import Source

BOARD = '''"""A board with the wrong pin."""

from alfgraph.components import *


class Board(Graph):
    env: Environment = GymEnv(id="CartPole-v1")
    actor: PolicyNetwork = ActorDistributionNetwork()

    def unroll(self):
        pi = self.actor(self.env().step)
        self.env.feed(action=pi.logits)
        self.env.feed(
            action=pi.action,
        )
'''


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "graphs" / "cart_pole.py"
    path.parent.mkdir()
    path.write_text(BOARD)
    monkeypatch.chdir(tmp_path)
    return path


def mismatch(board: Path) -> Diagnostic:
    call = Source(file=str(board), line=12, column=9, end_line=12, end_column=40)
    return Diagnostic(
        code="E101",
        message="`actor.logits` does not fit `env.action`",
        source=call.argument("action"),
        facts=(
            Fact(
                subject="actor.logits",
                verb="gives",
                spec="float32[B, 2]",
                origin="ActorDistributionNetwork",
            ),
            Fact(
                subject="env.action",
                verb="expects",
                spec="int64[B] in [0, 2)",
                origin='GymEnv "CartPole-v1"',
            ),
        ),
        help=(
            Help(
                text="`actor.action` is int64[B] in [0, 2) and fits; did you mean `.action`?",
                edits=(
                    Edit(
                        file=str(board),
                        line=12,
                        column=33,
                        end_line=12,
                        end_column=39,
                        replacement="action",
                    ),
                ),
            ),
        ),
        path="actor",
    )


GOLDEN = """\
error[E101]: `actor.logits` does not fit `env.action`
   ┌─ graphs/cart_pole.py:12:9
12 │         self.env.feed(action=pi.logits)
   │                       ^^^^^^^^^^^^^^^^
   = actor.logits   gives   float32[B, 2]          (ActorDistributionNetwork)
   = env.action     expects int64[B] in [0, 2)     (GymEnv "CartPole-v1")
   help: `actor.action` is int64[B] in [0, 2) and fits; did you mean `.action`?"""


def test_golden_report(board: Path) -> None:
    assert mismatch(board).render() == GOLDEN
    assert str(mismatch(board)) == GOLDEN


def test_colour_only_adds_escapes(board: Path) -> None:
    coloured = mismatch(board).render(color=True)
    assert coloured.startswith("\x1b[1;31merror[E101]\x1b[0m\x1b[1m: `actor.logits`")
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == GOLDEN


def test_related_places_notes_and_a_call_over_several_lines(board: Path) -> None:
    second = Source(file=str(board), line=13, column=9, end_line=15, end_column=10)
    first = Source(file=str(board), line=7, column=5, end_line=7, end_column=8)
    diagnostic = Diagnostic(
        code="E106",
        message="two wires write to `env.action`",
        source=second.argument("action"),
        related=(("the environment", first),),
        notes=("a port holds one wire",),
    )
    assert diagnostic.render() == (
        "error[E106]: two wires write to `env.action`\n"
        "   ┌─ graphs/cart_pole.py:13:9\n"
        "13 │         self.env.feed(\n"
        "14 │             action=pi.action,\n"
        "   │             ^^^^^^^^^^^^^^^^\n"
        "   ┌─ graphs/cart_pole.py:7:5 (the environment)\n"
        ' 7 │     env: Environment = GymEnv(id="CartPole-v1")\n'
        "   │     ^^^\n"
        "   = a port holds one wire"
    )


def test_a_long_stretch_is_underlined_to_the_end_of_its_first_line(board: Path) -> None:
    place = Source(file=str(board), line=13, column=9, end_line=15, end_column=10)
    assert Diagnostic(message="no", source=place).render().splitlines()[2:] == [
        "13 │         self.env.feed(",
        "   │         ^^^^^^^^^^^^^^",
    ]


def test_a_focus_further_down_is_shown_with_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "wide.py"
    path.write_text("loss = self.loss(\n    batch,\n    value=v,\n)\n")
    place = Source(file=str(path), line=1, column=8, end_line=4, end_column=2)
    assert Diagnostic(message="no", source=place.argument("value")).render().splitlines()[2:] == [
        " 1 │ loss = self.loss(",
        "   ┆",
        " 3 │     value=v,",
        "   │     ^^^^^^^",
    ]


def test_without_a_file_only_the_place_is_shown() -> None:
    diagnostic = Diagnostic(message="no", source=Source(file="/nowhere/x.py", line=1234, column=2))
    assert diagnostic.render() == "error: no\n     ┌─ /nowhere/x.py:1234:2"


def test_without_a_source_the_socket_is_shown() -> None:
    diagnostic = Diagnostic(code="W301", message="no effect", path="algorithm.actor")
    assert diagnostic.render() == "warning[W301]: no effect\n   ┌─ algorithm.actor"


def test_tabs_wide_letters_and_long_lines(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(f"\tfeed('状態', x)\n{'x = 1; ' * 30}feed(y)\n")
    tabs = Source(file=str(path), line=1, column=17, end_line=1, end_column=18)  # x, in bytes
    assert Diagnostic(message="no", source=tabs).render().splitlines()[1:] == [
        f"   ┌─ {path}:1:13",
        " 1 │     feed('状態', x)",
        "   │                  ^",
    ]
    far = Source(file=str(path), line=2, column=211, end_line=2, end_column=218)
    _, _, line, underline = Diagnostic(message="no", source=far).render(width=60).splitlines()
    assert line.startswith(" 2 │ …")
    assert line.endswith("feed(y)")
    assert len(line) <= 60
    assert line[underline.index("^") : underline.rindex("^") + 1] == "feed(y)"


def test_long_specs_wrap_within_the_width(board: Path) -> None:
    spec = "{" + ", ".join(f"joint_{n}: float32[B, 3]" for n in range(8)) + "}"
    fact = Fact(subject="env.observation", verb="gives", spec=spec, origin="GymEnv")
    message = "`env.observation` does not fit `actor.observation`: " + "it has other fields, " * 5
    lines = Diagnostic(message=message, facts=(fact,)).render().splitlines()
    assert max(map(len, lines)) <= 100
    assert "".join(lines).replace(" ", "").count("joint_") == 8
    assert lines[-1].strip() == "(GymEnv)"


def some(*codes: str) -> list[Diagnostic]:
    return [Diagnostic(code=code, message=f"number {n}") for n, code in enumerate(codes)]


def test_all_are_shown_errors_first_with_a_count() -> None:
    assert render_all(some("W110", "E101", "E102")) == (
        "error[E101]: number 1\n\n"
        "error[E102]: number 2\n\n"
        "warning[W110]: number 0\n\n"
        "2 errors, 1 warning"
    )
    assert render_all([]) == ""


def test_report_is_capped() -> None:
    report = render_all(some(*["E101"] * 27))
    assert report.count("error[E101]") == 20
    assert report.endswith("number 19\n\n… and 7 more\n\n27 errors")


def test_json_has_stable_keys_and_the_underlined_place(board: Path) -> None:
    bare = Diagnostic(message="no")
    one, two = json.loads(json.dumps(to_json([mismatch(board), bare])))
    assert list(one) == list(two)
    keys = "code severity message path about source facts notes help related"
    assert list(one) == keys.split()
    assert one["source"] == {
        "file": "graphs/cart_pole.py",
        "line": 12,
        "column": 23,
        "end_line": 12,
        "end_column": 39,
    }
    assert one["help"][0]["edits"][0]["replacement"] == "action"
    assert one["help"][0]["retype"] is None
    assert two["source"] is None


def test_the_edit_repairs_the_line(board: Path) -> None:
    (edit,) = mismatch(board).help[0].edits
    line = board.read_text().splitlines()[edit.line - 1]
    repaired = line[: edit.column - 1] + edit.replacement + line[edit.end_column - 1 :]
    assert repaired == "        self.env.feed(action=pi.action)"


def test_github_annotations(board: Path) -> None:
    first, second = to_github([mismatch(board), *some("W110")]).splitlines()
    assert first == (
        "::error file=graphs/cart_pole.py,line=12,col=23,title=E101::"
        "`actor.logits` does not fit `env.action`%0A"
        "actor.logits gives float32[B, 2]%0A"
        "env.action expects int64[B] in [0, 2)%0A"
        "help: `actor.action` is int64[B] in [0, 2) and fits; did you mean `.action`?"
    )
    assert second == "::warning title=W110::number 0"
    assert to_github([Diagnostic(severity="note", message="50%\nof")]) == "::notice::50%25%0Aof"


def test_severity_follows_the_code_unless_given() -> None:
    assert [d.severity for d in some("W110", "E101", "")] == ["warning", "error", "error"]
    assert Diagnostic(code="W504", severity="note", message="m").severity == "note"


def test_reporter_drops_duplicates() -> None:
    reporter = Reporter()
    one, two = some("E101", "E102")
    assert [reporter.report(d) for d in (one, two, one)] == [True, True, False]
    assert reporter.errors == (one, two)


def test_reporter_drops_follow_ups_of_what_was_poisoned() -> None:
    def about(subject: str, path: str = "") -> Diagnostic:
        fact = Fact(subject=subject, verb="gives", spec="uint8[B]")
        return Diagnostic(code="E101", message=f"about {subject}", facts=(fact,), path=path)

    reporter = Reporter()
    assert reporter.report(about("env.observation"))
    reporter.poison("env.observation")
    assert not reporter.report(about("env.observation.camera"))
    assert reporter.report(about("env.observations"))
    assert reporter.report(about("env"))
    assert not reporter.report(about("x", path="env.observation"))
    assert not reporter.report(Diagnostic(message="solved"), subjects=["env.observation"])
    assert len(reporter.errors) == 3


def test_reporter_sorts_and_raises() -> None:
    reporter = Reporter()
    warning, error = some("W110", "E101")
    reporter.extend([warning])
    reporter.raise_if_errors(WiringError)  # a warning stops nothing
    reporter.extend([error, Diagnostic(severity="note", message="kept lr")])
    assert reporter.warnings == (warning,)
    assert [note.message for note in reporter.notes] == ["kept lr"]
    with pytest.raises(WiringError, match="1 error, 1 warning, 1 note") as caught:
        reporter.raise_if_errors(WiringError)
    assert caught.value.diagnostics == reporter.diagnostics
    assert [d.severity for d in reporter.diagnostics] == ["error", "warning", "note"]

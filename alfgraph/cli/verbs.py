"""The verbs: each asks the library for one thing and prints it."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alfgraph.cli.requests import (
    BoardRequest,
    CheckRequest,
    DiffRequest,
    ExplainRequest,
    PartsRequest,
    PlanRequest,
    PlayRequest,
    RenderRequest,
    RunRequest,
    takes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from alfgraph.compiler.plan import Plan
    from alfgraph.diagnostics.errors import AlfgraphError
    from alfgraph.families.graph import Graph

INTERRUPTED = 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "terminal_width": min(shutil.get_terminal_size((100, 24)).columns, 100),
    },
    help="A typed circuit board for reinforcement learning.",
    epilog="Exit codes: 0 fine, 1 the board or the run has errors, 2 usage, 130 interrupted.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"alfgraph {version('alfgraph')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """A typed circuit board for reinforcement learning."""
    del version


# ------------------------------------------------------------------------------------- the board


@app.command()
@takes(CheckRequest)
def check(request: CheckRequest) -> None:
    """Check every wire; print the wiring table when all is well; with --fix, repair what is not."""
    from alfgraph.cli.fixing import repair
    from alfgraph.cli.reporting import print_diagnostics_as_json, print_notes, terminal_width
    from alfgraph.diagnostics.errors import AlfgraphError
    from alfgraph.diagnostics.formats import to_github

    style = "json" if request.json else request.format
    try:
        graph, plan = _planned(request, _failure_drawer(request))
    except AlfgraphError as error:
        if request.fix and repair(error, request.yes, for_a_tool=style != "text"):
            return check(**vars(dataclasses.replace(request, fix=False)))
        if request.fix and style == "text":  # it was said
            raise typer.Exit(1) from None
        if style != "github":
            raise
        print(to_github(error.diagnostics))
        raise typer.Exit(1) from None
    notes = _notes(graph, plan)
    if request.render:
        from alfgraph.drawing.picture.from_plan import board_view
        from alfgraph.drawing.rendering import render_view

        render_view(board_view(plan), request.render)
    if style == "json":
        print_diagnostics_as_json(notes)
    elif style == "github":
        print(to_github(notes), end="\n" if notes else "")
    else:
        from alfgraph.drawing.picture.from_plan import board_view
        from alfgraph.drawing.picture.text import wiring_table

        print(wiring_table(board_view(plan), terminal_width()).rstrip(), flush=True)
        if notes:
            print(file=sys.stderr)
        print_notes(notes)


@app.command()
@takes(PlanRequest)
def plan(request: PlanRequest) -> None:
    """Say in numbers what a run will do; with --code, show the program."""
    from alfgraph.cli.reporting import print_notes, terminal_width

    graph, made = _planned(request)
    print_notes(_notes(graph, made))
    if request.code:
        print(made.code.rstrip())
    elif request.json:
        print(made.to_json())
    else:
        print(made.text(terminal_width()))


@app.command()
@takes(RenderRequest)
def render(request: RenderRequest) -> None:
    """Draw the circuit board."""
    from alfgraph.cli.reporting import print_notes
    from alfgraph.drawing.picture.from_plan import board_view, folder_of
    from alfgraph.drawing.rendering import FORMATS, render_view

    graph, made = _planned(request)
    print_notes(_notes(graph, made))
    drawn = render_view(
        board_view(made),
        request.output,
        theme=request.theme,
        engine=request.engine,
        depth=request.depth,
        focus=request.focus,
        hops=request.hops,
        heat=request.heat,
        folder=folder_of(graph),
        link=request.link,
    )
    if request.output.lower() not in FORMATS:
        print(json.dumps({"file": request.output}) if request.json else request.output)
    elif isinstance(drawn, bytes):
        sys.stdout.buffer.write(drawn)
    else:
        print(drawn.rstrip())


@app.command()
@takes(BoardRequest)
def config(request: BoardRequest) -> None:
    """List every setting: its value, and where that comes from."""
    from alfgraph.boards.settings_table import settings_of
    from alfgraph.cli.opening import open_board, prints_to_stderr
    from alfgraph.cli.reporting import print_notes
    from alfgraph.cli.tables import settings_as_json, settings_text
    from alfgraph.compiler.idle_settings import without_effect
    from alfgraph.compiler.pipeline import compile_graph
    from alfgraph.diagnostics.errors import BoardError
    from alfgraph.overrides.origins import notes_of

    graph = open_board(request)
    rows, idle, notes = settings_of(graph), None, list(notes_of(graph))
    try:
        with prints_to_stderr(request.json):
            made = compile_graph(graph)
    except BoardError as error:  # the settings can be read all the same
        notes += [d.model_copy(update={"severity": "warning"}) for d in error.diagnostics]
    else:
        idle, notes = without_effect(made, rows), _notes(graph, made)
    print_notes(notes)
    print(settings_as_json(rows, idle) if request.json else settings_text(rows, idle))


@app.command()
@takes(DiffRequest)
def diff(request: DiffRequest) -> None:
    """Say what differs between two boards; with -o, draw both as one board in three colours."""
    from alfgraph.cli.comparing import differences
    from alfgraph.cli.reporting import terminal_width
    from alfgraph.diagnostics.errors import UsageError
    from alfgraph.drawing.rendering import render_view

    found = differences(request.a, request.b)
    for doubt in found.doubts:
        print(f"note: {doubt}", file=sys.stderr)
    print(found.as_json() if request.json else found.as_text(terminal_width()))
    if request.output is None:
        return
    if found.board is None:
        raise UsageError("the boards cannot be drawn as one: of one only the settings are known")
    render_view(found.board, request.output, theme=request.theme, heat="none")


# --------------------------------------------------------------------------------------- running


@app.command()
@takes(RunRequest)
def run(request: RunRequest) -> None:
    """Train; the same run directory again goes on where it stopped."""
    from alfgraph.cli.opening import prints_to_stderr
    from alfgraph.cli.reporting import print_notes
    from alfgraph.runtime.run import run as train

    graph, made = _planned(request)
    print_notes(_notes(graph, made))
    _ask_before_forgetting(request)
    say = _object_printer()
    with prints_to_stderr(request.json):
        result = train(
            graph,
            request.run_dir,
            device=request.device,
            fresh=request.fresh,
            quiet=request.json,
            on_summary=say if request.json else None,
            profile=request.profile,
            live_port=_live_port(request),
            plan=made,
        )
    if request.json:
        say(
            {
                "env_steps": result.env_steps,
                "steps_per_second": result.steps_per_second,
                "return_mean": result.return_mean,
                "run_dir": str(result.run_dir),
            }
        )
    else:
        from alfgraph.cli.ending import ending
        from alfgraph.cli.reporting import paint_of

        print("\n" + ending(request, result, made.compiled.board.trainer, paint_of(sys.stdout)))
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)


def _live_port(request: RunRequest) -> int | None:
    """The port of the live board, 0 for a free one; `--board-port` alone means `--board` too."""
    if request.board_port is not None:
        return request.board_port
    return 0 if request.board else None


def _ask_before_forgetting(request: RunRequest) -> None:
    """`--fresh` on a directory that holds a run asks, or refuses where nobody can answer."""
    from alfgraph.cli.opening import is_used
    from alfgraph.diagnostics.errors import UsageError

    if not request.fresh or request.yes or not is_used(request.run_dir):
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"`--fresh` would forget the run in {request.run_dir}",
            help="add `--yes` to do that, or choose another `--run-dir`",
        )
    if not typer.confirm(f"Forget the run in {request.run_dir}?", err=True):
        raise typer.Exit(1)


@app.command()
@takes(PlayRequest)
def play(request: PlayRequest) -> None:
    """Evaluate a trained run; film it with --video."""
    from alfgraph.cli.opening import prints_to_stderr
    from alfgraph.runtime.playing import play as evaluate

    with prints_to_stderr(request.json):
        result = evaluate(
            request.run,
            episodes=request.episodes,
            checkpoint=request.checkpoint,
            seed=request.seed,
            video=request.video,
            render=request.render,
            device=request.device,
            quiet=request.json,
        )
    if request.json:
        names = ("return_mean", "return_std", "length_mean", "episodes")
        _object_printer()({name: getattr(result, name) for name in names})


def _object_printer() -> Callable[[dict[str, Any]], None]:
    """Prints JSON objects, one a line, to what is standard output now, whoever redirects it."""
    stream = sys.stdout

    def say(values: dict[str, Any]) -> None:
        shown = {name: None if _is_no_number(value) else value for name, value in values.items()}
        print(json.dumps(shown), file=stream, flush=True)

    return say


def _is_no_number(value: Any) -> bool:
    """What is unknown yet is NaN in Python and null in JSON."""
    return isinstance(value, float) and not math.isfinite(value)


# -------------------------------------------------------------------------------------- looking up


@app.command()
@takes(PartsRequest)
def parts(request: PartsRequest) -> None:
    """List the parts bin; with a name, describe one component."""
    from alfgraph.cli.parts_bin import describe_part, list_parts, part_as_json, parts_as_json

    if request.name is None:
        print(parts_as_json() if request.json else list_parts())
    else:
        print(part_as_json(request.name) if request.json else describe_part(request.name))


@app.command()
@takes(ExplainRequest)
def explain(request: ExplainRequest) -> None:
    """Explain a diagnostic's code."""
    from alfgraph.cli.reporting import terminal_width
    from alfgraph.diagnostics import codes

    text = codes.explain(request.code, terminal_width())
    if request.json:
        entry = codes.CODES[text.partition(":")[0]]
        print(entry.model_dump_json(indent=2))
    else:
        print(text)


def _failure_drawer(request: CheckRequest) -> Callable[[Graph, AlfgraphError], None] | None:
    """What draws a board that failed its check, where that is asked for."""
    if request.render is None:
        return None
    path = request.render

    def draw(graph: Graph, error: AlfgraphError) -> None:
        from alfgraph.drawing.picture.from_plan import failed_view
        from alfgraph.drawing.rendering import render_view

        render_view(failed_view(graph, error.diagnostics), path)

    return draw


def _planned(
    request: BoardRequest, failed: Callable[[Graph, AlfgraphError], None] | None = None
) -> tuple[Graph, Plan]:
    """Open a board and check it; errors come with what swaps and overrides decided before.

    Args:
        request: which board.
        failed: told of a board that can be opened but not planned.
    """
    from alfgraph.boards.board_file import describe
    from alfgraph.cli.opening import blamed, open_board, prints_to_stderr
    from alfgraph.compiler.pipeline import compile_graph
    from alfgraph.diagnostics.errors import AlfgraphError
    from alfgraph.overrides.origins import notes_of

    graph = open_board(request)
    try:
        describe(graph)  # a run writes its board down, so what checks can be written
        with prints_to_stderr(request.json):
            return graph, compile_graph(graph)
    except AlfgraphError as error:
        error.diagnostics = (*blamed(request, error.diagnostics), *notes_of(graph))
        if failed is not None:
            failed(graph, error)
        raise


def _notes(graph: Graph, made: Plan) -> list[Any]:
    """What swaps and overrides decided, and what the check found besides errors; each once."""
    from alfgraph.boards.settings_table import settings_of
    from alfgraph.compiler.idle_settings import idle_overrides
    from alfgraph.overrides.origins import notes_of

    idle = idle_overrides(made, settings_of(graph))
    return list(dict.fromkeys((*notes_of(graph), *idle, *made.notes)))

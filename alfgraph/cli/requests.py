"""What each verb of the command line can be told, declared once and inherited.

A verb is a function of one request, whose docstring is the verb's help. `command` turns it into the
function with parameters that typer reads, one for every field.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeAlias, get_type_hints

import typer


class Request(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


_PATH = "PATH=VALUE"
_SOCKET = "SOCKET=COMPONENT"

GraphFile = Annotated[
    str, typer.Argument(metavar="GRAPH", help="A graph file, or `file.py:Name` for one of several.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for tools.")]


@dataclass(frozen=True)
class BoardRequest:
    """A board: a graph file with overrides, and how to print what is said of it."""

    graph: GraphFile
    set: Annotated[
        list[str],
        typer.Option("--set", metavar=_PATH, help="Change a setting: JSON or a bare word."),
    ] = field(default_factory=list)
    swap: Annotated[
        list[str],
        typer.Option(
            "--swap", metavar=_SOCKET, help="Plug another component; swaps come before sets."
        ),
    ] = field(default_factory=list)
    json: Json = False


@dataclass(frozen=True)
class CheckRequest(BoardRequest):
    """Check every wire; print the wiring table when all is well; with --fix, repair what is not."""

    format: Annotated[
        Literal["text", "json", "github"],
        typer.Option(help="`github` prints annotations for a workflow."),
    ] = "text"
    render: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw the board there, wrong wires in red: board.svg"),
    ] = None
    fix: Annotated[
        bool, typer.Option("--fix", help="Show the edits that repair it, ask, and apply them.")
    ] = False
    yes: Yes = False


@dataclass(frozen=True)
class PlanRequest(BoardRequest):
    """Say in numbers what a run will do; with --code, show the program."""

    code: Annotated[
        bool, typer.Option("--code", help="Print the program and nothing else, unwrapped.")
    ] = False


@dataclass(frozen=True)
class ConfigRequest(BoardRequest):
    """List every setting: its value, and where that comes from."""


@dataclass(frozen=True)
class RunRequest(BoardRequest):
    """Train; the same run directory again goes on where it stopped."""

    run_dir: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Where the run lies, or where it goes on. [runs/GRAPH-N]"),
    ] = None
    device: Annotated[
        str | None, typer.Option(help="`cpu`, `cuda`, `cuda:1`: instead of trainer.device.")
    ] = None
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget what the directory holds; asks before.")
    ] = False
    yes: Yes = False
    profile: Annotated[bool, typer.Option("--profile", help="Say where the time went.")] = False
    board: Annotated[
        bool, typer.Option("--board", help="Serve the board with live values, to this machine.")
    ] = False
    board_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port of --board. [a free one]")
    ] = None


@dataclass(frozen=True)
class RenderRequest(BoardRequest):
    """Draw the circuit board."""

    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file; its suffix says the format: .svg .html .png .pdf .mmd .dot .json .txt",
        ),
    ] = "txt"
    theme: Annotated[
        Literal["auto", "board", "light", "print"],
        typer.Option(help="Solder mask, light, or for paper; `auto`: pages as the system is."),
    ] = "auto"
    engine: Annotated[Literal["board", "graphviz"], typer.Option(help="Who lays it out.")] = "board"
    depth: Annotated[int | None, typer.Option(min=0, help="Levels of nested boards to open.")] = (
        None
    )
    focus: Annotated[
        str | None, typer.Option(metavar="PATH", help="Draw only this part and what is near it.")
    ] = None
    hops: Annotated[int, typer.Option(min=0, help="How near, in wires.")] = 1
    heat: Annotated[
        Literal["declared", "git", "usage", "none"],
        typer.Option(help="What the parts' temperatures are taken from."),
    ] = "declared"
    link: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where chips lead: `vscode`, or a text with {file}."),
    ] = None


@dataclass(frozen=True)
class PlayRequest:
    """Evaluate a trained run; film it with --video."""

    run: Annotated[str, typer.Argument(metavar="RUN", help="A run directory.")]
    episodes: Annotated[int, typer.Option(min=1, help="How many episodes.")] = 20
    checkpoint: Annotated[str, typer.Option(metavar="last|best|N", help="Which checkpoint.")] = (
        "last"
    )
    seed: Annotated[int | None, typer.Option(min=0, help="Of the environments.")] = None
    video: Annotated[
        str | None, typer.Option(metavar="FILE", help="Film the first episode: .mp4 or .gif")
    ] = None
    render: Annotated[bool, typer.Option("--render", help="Show it in a window.")] = False
    device: Annotated[str, typer.Option(help="Where the networks run.")] = "cpu"
    json: Json = False


@dataclass(frozen=True)
class PartsRequest:
    """List the parts bin; with a name, describe one component."""

    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A component: its ports, settings and docstring."),
    ] = None
    json: Json = False


@dataclass(frozen=True)
class ExplainRequest:
    """Explain a diagnostic's code."""

    code: Annotated[str, typer.Argument(metavar="CODE", help="A code such as E101.")]
    json: Json = False


@dataclass(frozen=True)
class DiffRequest:
    """Say what differs between two boards; with -o, draw both as one board in three colours."""

    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A graph file, one at a git revision (`file.py@HEAD~3`), or a run directory.",
        ),
    ]
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")]
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Draw both as one board, in three colours."
        ),
    ] = None
    theme: Annotated[
        Literal["auto", "board", "light", "print"],
        typer.Option(help="Solder mask, light, or for paper; `auto`: pages as the system is."),
    ] = "auto"
    json: Json = False


Verb: TypeAlias = Callable[[Request], None]


def command(request: type[Request], verb: Verb) -> Callable[..., None]:
    """A verb of one request as the function with the request's fields as parameters typer reads.

    Args:
        request: a dataclass whose fields are annotated with typer's arguments and options; its
            docstring is the verb's help.
        verb: what is done with it.
    """

    def call(**values: Any) -> None:
        verb(request(**values))

    hints = get_type_hints(request, include_extras=True)
    parameters = [
        inspect.Parameter(
            entry.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(entry),
            annotation=hints[entry.name],
        )
        for entry in request.__dataclass_fields__.values()
    ]
    call.__doc__ = request.__doc__
    call.__annotations__ = hints
    call.__dict__["__signature__"] = inspect.Signature(parameters)
    return call


def _default(entry: dataclasses.Field[Any]) -> Any:
    if entry.default is not dataclasses.MISSING:
        return entry.default
    made = entry.default_factory
    return inspect.Parameter.empty if made is dataclasses.MISSING else made()

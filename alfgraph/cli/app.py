"""The verbs as typer sees them; what one does is imported when it is called.

A call names its verb first, so only that one's options are read; `--help` and what is misspelt get
all of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from alfgraph.cli.garbage import collection_paused
from alfgraph.cli.requests import (
    CheckRequest,
    ConfigRequest,
    DiffRequest,
    ExplainRequest,
    PartsRequest,
    PlanRequest,
    PlayRequest,
    RenderRequest,
    Request,
    RunRequest,
    Verb,
    command,
)

INTERRUPTED = 130

VERBS: dict[str, type[Request]] = {
    "check": CheckRequest,
    "plan": PlanRequest,
    "render": RenderRequest,
    "config": ConfigRequest,
    "diff": DiffRequest,
    "run": RunRequest,
    "play": PlayRequest,
    "parts": PartsRequest,
    "explain": ExplainRequest,
}
"""Each verb and what it can be told, in the order of `--help`; see `alfgraph.cli.verbs`."""


def app_for(given: Sequence[str]) -> typer.Typer:
    """The command line, with the verb that was typed or with all of them."""
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
    app.callback()(root)
    for name in given[:1] if given and given[0] in VERBS else VERBS:
        app.command(name)(command(VERBS[name], _imported(name)))
    return app


def _imported(name: str) -> Verb:
    """A verb that is imported when it is called."""

    def verb(request: Request) -> None:
        with collection_paused():
            module = import_module(f"alfgraph.cli.verbs.{name}")
        module.verb(request)

    return verb


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # 25 ms that nobody else needs

        print(f"alfgraph {version('alfgraph')}")
        raise typer.Exit


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

"""`alfgraph play`: a trained run, evaluated."""

from __future__ import annotations

from alfgraph.cli.json_lines import json_printer
from alfgraph.cli.opening import prints_to_stderr
from alfgraph.cli.requests import PlayRequest
from alfgraph.runtime.playing import play as evaluate


def verb(request: PlayRequest) -> None:
    """Evaluate a trained run; film it with --video."""
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
        json_printer()({name: getattr(result, name) for name in names})

"""Numbers that are not finite: the run stops, is repeated with checks, and the wire is named."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.boards.loading import load_module
from alfgraph.components import ActorCritic, Adam
from alfgraph.diagnostics.errors import RunError
from alfgraph.distributions import Categorical
from alfgraph.families.graph import Graph
from alfgraph.runtime.checkpoints.checkpoint import find_last
from alfgraph.runtime.faults import _Instrument, first_not_finite
from tests.runtime.training import BOARDS, board, train


def faulty(**sockets: Any) -> Graph:
    module = load_module(BOARDS / "faulty.py")
    plugged = {name: make(module) for name, make in sockets.items()}
    graph: Graph = module.graph
    return graph.swap(**plugged)


def stopped(graph: Graph, path: Path) -> str:
    with pytest.raises(RunError, match="E604") as caught:
        train(graph, path)
    return " ".join(str(caught.value).split())  # reports are wrapped


def test_a_reward_is_named_from_the_last_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Step 60 is in iteration 13 (resets count as steps); checkpoints are due at 5 and 10."""
    graph = board("faulty", env__kwargs={"fault": "nan"})
    with pytest.raises(RunError) as caught:
        alfgraph.run(graph, tmp_path)
    text = " ".join(str(caught.value).split())
    assert "error[E604]: `env.step.reward` is nan, the first value of the run" in text
    assert "env=GymEnv(make=Faulty, num_envs=2, timeout=1.0)" in text
    assert "in `unroll`: env.step(action)" in text
    assert "at iteration 13" in text
    assert "repeating from the last checkpoint" in capsys.readouterr().out
    assert find_last(tmp_path / "checkpoints").iteration == 10


def test_a_component_of_the_graph_file_is_named(tmp_path: Path) -> None:
    graph = faulty(transforms=lambda module: (module.Logarithm(),))
    text = stopped(graph, tmp_path)
    assert "`transforms.0.out` is nan, the first value of the run that is not finite" in text
    assert "made by Logarithm, plugged into `transforms.0`" in text
    assert find_last(tmp_path / "checkpoints").path is None


def test_a_gradient_is_named_with_the_line_it_comes_from(tmp_path: Path) -> None:
    text = stopped(
        faulty(algorithm=lambda module: ActorCritic(critic=module.RootValue())), tmp_path
    )
    assert "a gradient is NaN" in text
    assert "SqrtBackward0" in text
    assert "return (self.scale * observation.sum(-1)).abs().sqrt()" in text


def test_a_learning_rate_that_is_too_high_is_named(tmp_path: Path) -> None:
    graph = faulty(algorithm=lambda module: ActorCritic(optimizer=Adam(lr=1e38)))
    text = stopped(graph, tmp_path)
    assert "the first value of the run that is not finite" in text
    assert "program.py:" in text


def test_nothing_that_is_not_finite_is_saved(tmp_path: Path) -> None:
    """Summaries are rare here, so the checkpoint's own check must notice."""
    graph = faulty(algorithm=lambda module: ActorCritic(critic=module.RootValue()))
    from alfgraph.overrides.swaps import set_values

    rare = {"trainer.summary_interval": 1000, "trainer.summarize_first_interval": False}
    stopped(set_values(graph, rare), tmp_path)
    assert find_last(tmp_path / "checkpoints").path is None


def test_what_counts_as_not_finite() -> None:
    nan, inf = float("nan"), float("inf")
    assert first_not_finite(torch.tensor([1.0, nan])) == "nan"
    assert first_not_finite({"a": torch.ones(2), "b": (torch.tensor(-inf),)}) == "-inf"
    assert first_not_finite([torch.tensor([1, 2]), torch.ones(3), None]) is None
    assert first_not_finite(Categorical(torch.tensor([[0.0, -inf]]))) is None
    assert first_not_finite(Categorical(torch.tensor([[0.0, nan]]))) == "nan"


def test_every_statement_of_a_program_is_followed_by_a_check() -> None:
    source = "def update():\n    a, (b, _) = actor(x), 1\n    env.step(a)\n    log['l'] = a\n"
    instrument = _Instrument()
    tree = instrument.visit(ast.parse(source))
    lines = ast.unparse(tree).splitlines()
    assert lines == [
        "def update():",
        "    a, (b, _) = (actor(x), 1)",
        "    check_finite(0, (a, b))",
        "    env.step(a)",
        "    check_finite(1, ())",
        "    log['l'] = a",
    ]
    first, second = instrument.statements
    assert (first.line, first.targets, first.callee) == (2, ("a", "b"), "")
    assert (second.line, second.function, second.callee) == (3, "update", "env")

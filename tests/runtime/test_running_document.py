"""The Python of docs/running.md runs as it stands."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import alfgraph
from alfgraph.boards.loading import load
from tests.runtime.comparison import summaries_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r'^```python title="(.*?)"\n(.*?)^```$', DOCUMENT, re.M | re.S))


def test_a_metric_and_a_hook_are_what_the_document_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    limit = "\n\ngraph = Measured(trainer=Trainer(num_iterations=3, num_eval_episodes=1))\n"
    board = FILES["tilt.py"].replace("import Pipeline", "import Pipeline, Trainer") + limit
    (tmp_path / "tilt.py").write_text(board)
    logged: list[tuple[int, dict[str, Any]]] = []
    wandb = ModuleType("wandb")
    vars(wandb).update(
        init=lambda project: None, log=lambda numbers, step: logged.append((step, numbers))
    )
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    monkeypatch.chdir(tmp_path)
    train = tmp_path / "train.py"
    exec(compile(train.read_text(), str(train), "exec"), {"__name__": "train"})
    summaries = summaries_of(tmp_path / "runs" / "tilt" / "metrics.jsonl")
    assert [step for step, _ in logged] == [1, 2, 3]
    for (_, numbers), summary in zip(logged, summaries, strict=True):
        assert numbers == {**summary["metrics"], **summary["values"], **summary["wall"]}
        assert 0.0 < numbers["tilt"] < 0.3


def test_the_hook_takes_ten_lines() -> None:
    lines = [line for line in FILES["train.py"].splitlines() if line.strip()]
    assert len(lines) <= 10


def test_the_document_s_board_checks(tmp_path: Path) -> None:
    (tmp_path / "tilt.py").write_text(FILES["tilt.py"])
    assert 'log["Metrics/tilt"]' in alfgraph.plan(load(tmp_path / "tilt.py")).code

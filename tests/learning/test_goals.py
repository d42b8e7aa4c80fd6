"""Boards with hindsight reach their goals; without it 15 bits are never flipped right."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def success(*arguments: str) -> list[float]:
    """The column `success` of the table that `tools/goal_success.py` prints."""
    command = [sys.executable, "tools/goal_success.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [float(line.split()[-2]) for line in done.stdout.splitlines()[1:]]


@pytest.mark.slow
def test_fifteen_bits_are_flipped_with_hindsight_and_not_without() -> None:
    with_hindsight, without = success("graphs/her_bit_flip.py", "--without")
    assert with_hindsight >= 0.95
    assert without <= 0.05


@pytest.mark.slow
def test_the_gripper_reaches_its_goal() -> None:
    pytest.importorskip("gymnasium_robotics")
    assert success("graphs/her_fetch_reach.py")[0] >= 0.95

"""The graph files of the project, and what each needs installed."""

import importlib.util
from pathlib import Path

import pytest

GRAPHS = sorted((Path(__file__).resolve().parents[1] / "graphs").glob("*.py"))
NEEDS = {
    "LunarLander": "Box2D",
    "BipedalWalker": "Box2D",
    "CarRacing": "Box2D",
    "HalfCheetah": "mujoco",
    "gymnasium_robotics": "gymnasium_robotics",
}
"""The package that graph files with this word need."""


def skip_without_packages(path: Path) -> None:
    """Skip a test of a graph file whose environment is not installed."""
    text = path.read_text(encoding="utf-8")
    for package in {package for word, package in NEEDS.items() if word in text}:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")

"""Wires measured while a board trains: the numbers are right, and nothing of the run changes."""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import Any

import pytest

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.components import ActorCritic, GymEnv, OnPolicy, Pipeline
from alfgraph.drawing.picture.from_plan import values_by_pin
from alfgraph.families.graph import Graph
from alfgraph.families.schedules import OffPolicy
from alfgraph.live.probing import Probes
from alfgraph.overrides.swaps import set_values
from tests.runtime.comparison import differences
from tests.whole_boards.driving import iterate, started
from tests.whole_boards.worlds import Clock

ROOT = Path(__file__).resolve().parents[2]
GRAPHS = sorted((ROOT / "graphs").glob("*.py"))
QUICK = {"ac_cart_pole", "ppo_cart_pole", "sac_pendulum"}


def short(path: Path) -> Graph:
    """A board that collects at random, then learns, within four iterations."""
    graph = load(path)
    if isinstance(alfgraph.plan(graph).compiled.draft.collection, OffPolicy):
        changes = {"schedule.initial_collect_steps": 20, "schedule.unroll_length": 8}
        graph = set_values(graph, changes)
    return graph


def each_graph() -> list[Any]:
    slow = pytest.mark.slow
    return [
        pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else slow)
        for path in GRAPHS
    ]


@pytest.mark.parametrize("path", each_graph())
def test_measuring_every_wire_changes_nothing(path: Path) -> None:
    if "LunarLander" in path.read_text(encoding="utf-8"):
        pytest.importorskip("Box2D")
    graph = short(path)
    plain, measured = started(graph), started(graph)
    probes = Probes(measured)
    pins = probes.known(values_by_pin(measured.plan))
    found: dict[Any, Any] = {}
    for number in range(4):
        iterate(plain)
        if number != 2:
            probes.insert(pins)
        iterate(measured)
        found |= probes.remove()
    assert differences(plain.save_point(), measured.save_point(), "") == []
    assert set(found) == set(pins)
    assert any(pin[0].startswith("unroll/") for pin in pins)
    assert not any(pin[0].startswith("predict/") for pin in pins)
    probes.close()
    plain.close()
    measured.close()


def test_what_is_measured_is_what_flowed() -> None:
    """`Clock` shows how long an episode has lasted: ticks 0, 1, 2, 3 of two environments."""
    graph = Pipeline(
        env=GymEnv(make=Clock, num_envs=2),
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=4),
    )
    program = started(graph)
    probes = Probes(program)
    by_name = {(pin[0].partition("#")[0], pin[1]): pin for pin in values_by_pin(program.plan)}
    observed = by_name["unroll/env", "step.observation"]
    policy = by_name["unroll/algorithm.actor", "policy"]
    assert probes.known([observed, ("unroll/nobody", "x"), observed]) == (observed,)
    assert probes.remove() == {}
    probes.insert((observed, policy))
    assert (probes.is_measuring, probes.is_complete) == (True, False)
    iterate(program)
    assert probes.is_complete
    found = probes.remove()
    assert not probes.is_measuring
    assert found[observed]["calls"] == 4
    leaf = found[observed]["leaves"][0]
    assert (leaf["count"], leaf["low"], leaf["high"], leaf["mean"]) == (8, 0.0, 3.0, 1.5)
    assert [leaf["name"] for leaf in found[policy]["leaves"]] == ["logits"]
    iterate(program)
    assert probes.remove() == {}, "the program itself runs without meters"
    probes.close()
    program.close()


def test_tracebacks_can_show_the_lines_of_a_measured_iteration() -> None:
    program = started(Pipeline(env=GymEnv(make=Clock, num_envs=2)))
    probes = Probes(program)
    probes.insert(probes.known(values_by_pin(program.plan)))
    (name,) = [n for n in linecache.cache if n.endswith(f"#{id(program)} with probes>")]
    assert "_probe(" in "".join(linecache.getlines(name))
    probes.close()
    assert name not in linecache.cache
    program.close()

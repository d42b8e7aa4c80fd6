"""Profiles: where laps stand, what the table says, and that a run is the same with one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from alfgraph.runtime.profiling import Profile, _called, _Laps, _span
from tests.runtime.comparison import run_differences
from tests.runtime.training import board, train, train_until
from tests.whole_boards.driving import iterate, started


@pytest.mark.parametrize("name", ["ppo_cart_pole", "sac_pendulum"])
def test_a_profiled_run_is_the_run_it_would_have_been(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = board(name, trainer__num_iterations=6, trainer__num_eval_episodes=2)
    train(graph, tmp_path / "plain")
    capsys.readouterr()
    train(graph, tmp_path / "profiled", profile=True)
    assert run_differences(tmp_path / "plain", tmp_path / "profiled") == []
    assert "\nunroll" in capsys.readouterr().out


def test_a_lap_stands_behind_every_statement_of_a_phase() -> None:
    source = '''
def start():
    env.reset()
def update():
    """Once."""
    registers['update'] += 1
    for t in range(2):
        value = critic(x)
        loss = (value - target).square().mean()
    if counters['update'] % 2 == 0:
        log['loss'] = loss.detach()
        optimizer.step(loss)
    policy = actor(x).policy
    action = policy.sample()
'''
    laps = _Laps({"update"})
    assert ast.unparse(laps.visit(ast.parse(source))).splitlines() == [
        "def start():",
        "    env.reset()",
        "",
        "def update():",
        '    """Once."""',
        "    _start_laps()",
        "    registers['update'] += 1",
        "    _lap(0)",
        "    for t in range(2):",
        "        value = critic(x)",
        "        _lap(1)",
        "        loss = (value - target).square().mean()",
        "        _lap(0)",
        "    if counters['update'] % 2 == 0:",
        "        log['loss'] = loss.detach()",
        "        _lap(0)",
        "        optimizer.step(loss)",
        "        _lap(2)",
        "    policy = actor(x).policy",
        "    _lap(0)",
        "    action = policy.sample()",
        "    _lap(3)",
    ]
    called = ["arithmetic", "critic", "optimizer.step", "policy.sample"]
    assert laps.places == [("update", name) for name in called]


def test_the_table_counts_calls_and_adds_up() -> None:
    """Forty iterations of 32 steps, with 16 updates each."""
    program = started(board("ppo_cart_pole"))
    profile = Profile(program, None)
    seconds: dict[str, float] = {}
    program.time_phases(seconds, None)
    iterate(program, 2)
    program.close()
    counted = dict(zip(profile._places, profile._calls, strict=True))
    assert counted["unroll", "env.step"] == 2 * 32
    assert counted["update", "optimizer.step"] == 2 * 4 * 4
    for phase in ("unroll", "prepare", "update"):
        laps = zip(profile._places, profile._seconds, strict=True)
        assert 0 < sum(spent for (where, _), spent in laps if where == phase) <= seconds[phase]
    assert sum(profile._seconds) > 0.5 * sum(seconds.values())
    text = profile.text({**seconds, "iteration": sum(seconds.values()), "evaluate": 1.0})
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    row = next(line.split() for line in lines if line.startswith("  env.step"))
    assert row[1] == "64"
    assert row[-1] == "GymEnv"
    assert lines[-1].startswith("evaluate")
    phases = [line.split()[0] for line in lines[1:] if not line.startswith(" ")]
    assert phases[:3] == sorted(phases[:3], key=lambda name: -seconds[name])


def test_laps_wait_for_the_device() -> None:
    waited: list[int] = []
    program = started(board("ppo_cart_pole"))
    profile = Profile(program, lambda: waited.append(1))
    iterate(program)
    program.close()
    assert len(waited) == sum(profile._calls) > 0


def test_a_resumed_run_profiles_its_own_time_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = board("ppo_cart_pole", trainer__num_iterations=6, trainer__num_checkpoints=2)
    train_until(graph, tmp_path, 3)
    capsys.readouterr()
    result = train(graph, tmp_path, profile=True)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    calls = next(row[1] for row in rows if row[0] == "env.step")
    assert calls == str(3 * 32)
    assert result.steps_per_second > 0


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("actor(x)", "actor"),
        ("rollout.write(a)", "rollout.write"),
        ("policy.log_prob(a)", "policy.log_prob"),
        ("loss.detach()", "arithmetic"),
        ("a + b", "arithmetic"),
        ("(a + b).mean()", "arithmetic"),
    ],
)
def test_what_a_statement_calls(source: str, called: str) -> None:
    assert _called(ast.parse(source, mode="eval").body) == called


def test_spans_are_short() -> None:
    assert [_span(s) for s in (1234.5, 0.0123, 4.56e-5)] == ["1,234.50 s", "12.30 ms", "45.6 µs"]

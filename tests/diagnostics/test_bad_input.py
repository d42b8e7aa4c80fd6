"""Bad input ends a run before it begins: one diagnostic, exit 1, nothing on the disk, no episode.

The boards are those of `broken/`; their words are tested in `test_broken.py`, here what a run and
the tools that read its diagnostics get.
"""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from alfgraph.cli import main

BROKEN = Path(__file__).parent / "broken"
KINDS = {
    "unknown setting": ("unknown_setting.py", "E301"),
    "misspelt socket": ("misspelt_socket.py", "E301"),
    "wrong type": ("wrong_type.py", "E302"),
    "negative size": ("negative_width.py", "E302"),
    "zero size": ("zero_environments.py", "E302"),
    "NaN": ("not_a_number.py", "E302"),
    "unknown environment": ("unknown_environment.py", "E306"),
    "missing package": ("environment_of_a_missing_package.py", "E305"),
    "discrete only": ("discrete_only.py", "E101"),
    "wrong shape": ("wrong_shape.py", "E101"),
    "missing wire": ("missing_wire.py", "E102"),
    "cycle": ("loop.py", "E201"),
    "two writers": ("two_writers.py", "E106"),
    "no optimizer": ("no_optimizer.py", "E120"),
    "two optimizers": ("two_optimizers.py", "E121"),
    "mini-batch too large": ("mini_batch_too_large.py", "E502"),
    "unserialisable setting": ("unserialisable_setting.py", "E302"),
    "unknown setting, --set": ("fine.py --set env.num_env=3", "E301"),
    "misspelt socket, --swap": ("fine.py --swap algoritm=PPO", "E303"),
    "wrong type, --set": ("fine.py --set env.num_envs=many", "E302"),
    "zero size, --set": ("fine.py --set env.num_envs=0", "E302"),
    "NaN, --set": ("fine.py --set algorithm.optimizer.lr=NaN", "E302"),
    "unknown environment, --set": ("fine.py --set env.id=CartPol-v1", "E306"),
    "no optimizer, --swap": ("fine.py --swap algorithm.optimizer=null", "E120"),
    "wrong part, --swap": ("fine.py --swap algorithm=Adam", "E304"),
    "discrete only, --swap": ("fine.py --swap algorithm=DQN --set env.id=Pendulum-v1", "E101"),
    "continuous only, --swap": ("fine.py --swap algorithm=TD3", "E101"),
    "settings that contradict each other": (
        "fine.py --swap transforms.0=ImageScale --set transforms.0.min=2",
        "E302",
    ),
    "an argument the environment does not take": (
        """fine.py --set env.kwargs='{"gravity":1}'""",
        "E605",
    ),
    "mini-batch too large, --set": (
        "fine.py --swap algorithm=PPO --set schedule.mini_batch_size=100000",
        "E502",
    ),
    "unknown kind of annealing": (
        """fine.py --set algorithm.optimizer.lr='{"kind":"LinearAnealing","start":1,"end":0}'""",
        "E103",
    ),
    "misspelt setting of an annealing": (
        """fine.py --set algorithm.optimizer.lr='{"kind":"LinearAnnealing","begin":1,"end":0}'""",
        "E301",
    ),
    "annealing, --swap": ("fine.py --swap algorithm.optimizer.lr=LinearAnnealing", "E303"),
    "run directory below a file": ("fine.py --run-dir fine.py/run", "E602"),
    "run directory where nothing can be made": ("fine.py --run-dir /proc/alfgraph/run", "E602"),
}
BEFORE_ANY_ENVIRONMENT = {"E301", "E302", "E303", "E304", "E305", "E306"}


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_ends_a_run_before_it_begins(
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    typed, code = KINDS[kind]
    shutil.copy(BROKEN / typed.split()[0], tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in gymnasium.registry if name.startswith("Absent")]:
        monkeypatch.delitem(gymnasium.registry, name)
    made: list[object] = []
    make = gymnasium.make

    def counted(*args: Any, **named: Any) -> Any:
        made.append(args)
        return make(*args, **named)

    monkeypatch.setattr(gymnasium, "make", counted)
    words = shlex.split(typed)
    place = [] if "--run-dir" in words else ["--run-dir", "run"]
    assert main(["run", *words, *place, "--json"]) == 1
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    (error,) = [d for d in told["diagnostics"] if d["severity"] == "error"]
    assert error["code"] == code
    is_named = words[-1] in error["message"] or any("given with" in n for n in error["notes"])
    assert error["source"] or error["path"] or is_named
    assert not told["ok"]
    assert "Traceback" not in printed.out + printed.err
    assert {p.name for p in tmp_path.iterdir()} <= {typed.split()[0], "__pycache__"}
    if code in BEFORE_ANY_ENVIRONMENT - {"E305", "E306"}:
        assert not made
    if "--run-dir" in words:
        return
    gymnasium.registry.pop("Absent-v0", None)
    assert main(["check", *words, "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 1
    assert f"title={code}" in lines[0]


def test_the_run_of_another_board_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(BROKEN / "fine.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "fine.py", "--run-dir", "run", "--json"]) == 0
    before = {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(["run", "fine.py", "--run-dir", "run", "--set", "env.num_envs=5", "--json"]) == 1
    (error,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (error["code"], error["notes"]) == ("E601", ["`env.num_envs`: 4 → 5"])
    assert {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()} == before

"""Static typing is part of the product: type checkers refuse what `check` would refuse.

The good file is clean; each wrong line is refused with the words given. Both tools see all lines
in one run.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

PREAMBLE = '''"""One wrong line each."""

from alfgraph import In, Out, Record, Wire
from alfgraph.components import (
    PPO, ActorCritic, Adam, Epochs, GymEnv, Network, OnPolicy, Pipeline, RolloutBuffer, TimeStep,
    Transform, ValueNetwork,
)


class Seen(Record):
    step: TimeStep
    action: Wire


class Other(Record):
    action: Wire


class Doubled(Network):
    x = In("float32[*batch, n]")
    out = Out("float32[*batch, n]")


def wire(doubled: Doubled, rollout: RolloutBuffer, step: TimeStep, algorithm: ActorCritic) -> None:
'''

# name: (the line, mypy's words, pyright's words)
WRONG = {
    "socket": (
        "ActorCritic(actor=ValueNetwork())",
        'Argument "actor" to "ActorCritic" has incompatible type "ValueNetwork"; expected "Policy',
        '"ValueNetwork" is not assignable to "PolicyNetwork"',
    ),
    "socket_of_another_family": (
        "Pipeline(env=Adam())",
        'Argument "env" to "Pipeline" has incompatible type "Adam"; expected "Environment"',
        '"Adam" is not assignable to "Environment"',
    ),
    "schedule": (
        "Pipeline(schedule=GymEnv())",
        'Argument "schedule" to "Pipeline" has incompatible type "GymEnv"',
        '"GymEnv" is not assignable to "Schedule"',
    ),
    "setting_name": (
        "PPO(polcy=3)",
        'Unexpected keyword argument "polcy" for "PPO"',
        'No parameter named "polcy"',
    ),
    "setting_near": (
        "Epochs(mini_bach_size=3)",
        'Unexpected keyword argument "mini_bach_size" for "Epochs"; did you mean "mini_batch_size"',
        'No parameter named "mini_bach_size"',
    ),
    "setting_value": (
        'OnPolicy(unroll_length="8")',
        'Argument "unroll_length" to "OnPolicy" has incompatible type "str"; expected "int"',
        'cannot be assigned to parameter "unroll_length"',
    ),
    "setting_by_position": (
        "GymEnv(3)",
        'Too many positional arguments for "GymEnv"',
        "Expected 0 positional arguments",
    ),
    "pin": (
        "doubled(step.reward).ouput",
        '"Doubled" has no attribute "ouput"',
        'Cannot access attribute "ouput" for class "Doubled"',
    ),
    "method_of_a_pin": (
        "doubled(step.reward).out.sample()",
        '"Wire" has no attribute "sample"',
        'Cannot access attribute "sample" for class "Wire"',
    ),
    "record_read": (
        "seen: Seen = rollout.read(Other)",
        'expression has type "Other", variable has type "Seen"',
        '"Other" is not assignable to "Seen"',
    ),
    "record_field": (
        "rollout.read(Seen).reward",
        '"Seen" has no attribute "reward"',
        'Cannot access attribute "reward" for class "Seen"',
    ),
    "record_lacks_a_field": (
        "Seen(step=step)",
        'Missing named argument "action" for "Seen"',
        'Argument missing for parameter "action"',
    ),
    "record_of_another_field": (
        "Other(action=step.reward, reward=step.reward)",
        'Unexpected keyword argument "reward" for "Other"',
        'No parameter named "reward"',
    ),
    "record_is_written": (
        "rollout.write(step.reward)",
        'Argument 1 to "write" of "RolloutBuffer" has incompatible type "Wire"; expected "Record"',
        '"Wire" is not assignable to "Record"',
    ),
    "record_is_frozen": (
        "step.reward = step.reward",
        'Property "reward" defined in "TimeStep" is read-only',
        'Attribute "reward" is read-only',
    ),
    "iteration": (
        "for _row in step.reward: ...",
        '"None" not callable',
        '"Wire" is not iterable',
    ),
    "argument_of_a_phase": (
        "algorithm.unroll(step.reward)",
        'Argument 1 to "unroll" of "ActorCritic" has incompatible type "Wire"; expected "TimeStep"',
        '"Wire" is not assignable to "TimeStep"',
    ),
    "arithmetic": (
        'step.reward + "one"',
        'Unsupported operand types for + ("Wire" and "str")',
        'Operator "+" not supported for types "Wire" and "Literal',
    ),
    "option_of_a_port": (
        'In("float32[B]", rol="value")',
        "No overload variant of",
        "No overloads for",
    ),
    "transform": (
        "Pipeline(transforms=(Transform(), Adam()))",
        'Argument "transforms" to "Pipeline" has incompatible type "tuple[Transform, Adam]"',
        '"Adam" is not assignable to "Transform"',
    ),
}  # fmt: skip


def bad_file(folder: Path) -> tuple[Path, dict[str, int]]:
    """All wrong lines in one file, and the line each stands on."""
    lines, places = PREAMBLE.splitlines(), {}
    for name, (line, _, _) in WRONG.items():
        lines.append(f"    {line}")
        places[name] = len(lines)
    path = folder / "bad.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, places


OPTIONS = {"mypy": ("--strict",), "pyright": ()}


def reported(tool: str, *files: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", tool, *OPTIONS[tool], *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode in {0, 1}, run.stdout + run.stderr
    return run.stdout


def by_line(output: str, file: Path) -> dict[int, str]:
    """What a tool says, by line of one file."""
    said: dict[int, str] = {}
    for entry in re.split(r"\n(?=\s*\S*\.py:\d+)", output):
        place = re.match(rf"\s*\S*{re.escape(file.name)}:(\d+)", entry)
        if place:
            said[int(place[1])] = said.get(int(place[1]), "") + entry
    return said


@pytest.mark.slow
@pytest.mark.parametrize(("tool", "column"), [("mypy", 1), ("pyright", 2)])
def test_type_checkers_refuse_what_is_wrong_and_only_that(
    tool: str, column: int, tmp_path: Path
) -> None:
    if tool == "pyright" and shutil.which("node") is None:
        pytest.skip("pyright needs node")
    path, places = bad_file(tmp_path)
    output = reported(tool, HERE / "good.py", path)
    assert by_line(output, HERE / "good.py") == {}
    said = by_line(output, path)
    missed = {
        name: said.get(line, "nothing")
        for name, line in places.items()
        if WRONG[name][column] not in said.get(line, "")
    }
    assert missed == {}

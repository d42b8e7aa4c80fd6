import dataclasses
import importlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import alfgraph
from alfgraph.cli import main
from alfgraph.cli.reporting import report_failure

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = str(ROOT / "graphs" / "ac_cart_pole.py")
WIDTH = 100


@dataclasses.dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str


Alf = Callable[..., Done]


@pytest.fixture
def alf(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Alf:
    """Run commands in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Done:
        code = main(arguments)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return command


def plant(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


class TestStarting:
    def test_help_lists_the_verbs(self, alf: Alf) -> None:
        done = alf("--help")
        assert done.code == 0
        verbs = ("check", "plan", "render", "config", "diff", "run", "play", "parts", "explain")
        for verb in verbs:
            assert f"\n  {verb} " in done.out

    def test_help_waits_for_nothing_heavy(self) -> None:
        code = (
            "import sys; from alfgraph.cli import main; main(['--help']); main(['run', '--help'])\n"
            "print([m for m in ('torch', 'numpy', 'rich', 'gymnasium') if m in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.splitlines()[-1] == "[]"

    def test_checking_imports_only_what_it_needs(self) -> None:
        code = (
            f"import sys; from alfgraph.cli import main; main(['check', {SMALLEST!r}])\n"
            "heavy = ('rich', 'networkx', 'tensorboard', 'safetensors', 'matplotlib', 'imageio')\n"
            "print([m for m in heavy if m in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.splitlines()[-1] == "[]"

    def test_version(self, alf: Alf) -> None:
        assert alf("--version").out == f"alfgraph {alfgraph.__version__}\n"

    def test_as_a_module(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "alfgraph", "explain", "E101"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.startswith("E101: ")

    @pytest.mark.parametrize(
        "arguments",
        [["nonsense"], ["check"], ["check", SMALLEST, "--nonsense"], ["run", SMALLEST, "--set"]],
    )
    def test_a_wrong_call_exits_with_2(self, alf: Alf, arguments: list[str]) -> None:
        done = alf(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "Error: " in done.err


class TestCheck:
    def test_a_clean_board_prints_its_wiring_table(self, alf: Alf) -> None:
        done = alf("check", SMALLEST)
        assert (done.code, done.err) == (0, "")
        assert "── UNROLL" in done.out and "float32[B, 4]" in done.out
        assert max(map(len, done.out.splitlines())) <= WIDTH

    def test_errors_go_to_stderr_without_a_traceback(self, alf: Alf, tmp_path: Path) -> None:
        done = alf("check", SMALLEST, "--set", "env.num_env=64")
        assert (done.code, done.out) == (1, "")
        assert done.err.splitlines()[:4] == [
            "error[E301]: `env` has no setting `num_env`",
            "   ┌─ env",
            "   = given with `--set env.num_env=64`",
            "   help: did you mean `env.num_envs`?",
        ]
        assert "Traceback" not in done.err
        assert list(tmp_path.iterdir()) == []

    def test_json(self, alf: Alf) -> None:
        assert json.loads(alf("check", SMALLEST, "--json").out) == {"ok": True, "diagnostics": []}
        done = alf("check", SMALLEST, "--set", "env.num_envs=0", "--json")
        found = json.loads(done.out)
        assert (done.code, done.err, found["ok"]) == (1, "", False)
        assert found["diagnostics"][0]["code"] == "E302"

    def test_what_a_file_prints_does_not_mix_with_json(self, alf: Alf, tmp_path: Path) -> None:
        text = Path(SMALLEST).read_text() + "\nprint('hello')\n"
        done = alf("check", plant(tmp_path / "a.py", text), "--json")
        assert json.loads(done.out)["ok"]
        assert done.err == "hello\n"

    def test_annotations_for_github(self, alf: Alf, tmp_path: Path) -> None:
        assert alf("check", SMALLEST, "--format", "github").out == ""
        done = alf("check", plant(tmp_path / "a.py", "graph = (\n"), "--format", "github")
        assert done.code == 1
        assert done.out.startswith("::error file=a.py,line=1,col=9,title=E402::`a.py` is not valid")

    def test_a_missing_file(self, alf: Alf) -> None:
        done = alf("check", "nowhere.py")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("error[E401]: there is no graph file `nowhere.py`")

    def test_code_that_raises_shows_the_users_line(self, alf: Alf, tmp_path: Path) -> None:
        done = alf("check", plant(tmp_path / "a.py", "x = 1\ny = x / 0\n"))
        assert done.code == 1
        assert "`a.py` raised ZeroDivisionError: division by zero" in done.err
        assert "2 │ y = x / 0" in done.err and "Traceback" not in done.err


class TestOverrides:
    def test_swaps_come_before_sets(self, alf: Alf) -> None:
        done = alf(
            "config",
            SMALLEST,
            "--set",
            "algorithm.loss.clip=0.1",
            "--swap",
            "algorithm=PPO",
            "--json",
        )
        rows = {row["path"]: row for row in json.loads(done.out)}
        assert done.code == 0
        assert (rows["algorithm"]["value"], rows["algorithm"]["origin"]) == ("PPO", "--swap #1")
        assert rows["algorithm.loss.clip"]["value"] == "0.1"
        assert rows["algorithm.loss.clip"]["origin"] == "--set #1"
        assert rows["schedule"]["value"] == "Epochs"

    def test_a_replaced_schedule_is_noted(self, alf: Alf) -> None:
        done = alf("check", SMALLEST, "--swap", "algorithm=PPO")
        assert done.code == 0
        assert "note: `schedule` is now Epochs: PPO cannot run under OnPolicy" in done.err
        assert "kept from the file: unroll_length=8" in done.err

    def test_all_that_is_wrong_is_said_together(self, alf: Alf) -> None:
        done = alf("check", SMALLEST, "--set", "env.num_envs=0", "--set", "nonsense=1")
        assert "error[E302]" in done.err and "error[E301]" in done.err
        assert done.err.rstrip().endswith("2 errors")

    def test_an_override_that_a_later_one_replaces(self, alf: Alf) -> None:
        done = alf("check", SMALLEST, "--set", "env.num_envs=2", "--set", "env.num_envs=3")
        assert done.code == 0
        assert "warning[W301]: `--set env.num_envs=2` has no effect" in done.err

    def test_an_override_of_what_nothing_reads(self, alf: Alf) -> None:
        done = alf("plan", SMALLEST, "--set", "algorithm.schedule.unroll_length=3")
        assert "warning[W301]: `algorithm.schedule.unroll_length` (--set #1)" in done.err
        assert "help: did you mean `schedule.unroll_length`?" in done.err

    @pytest.mark.parametrize(
        ("swap", "code", "message", "help"),
        [
            ("algorithm=PP0", "E103", "there is no component `PP0`", "did you mean `PPO`?"),
            ("algorithm=PPO()", "E103", "there is no component `PPO()`", "write `PPO` alone"),
            ("algorithm=Adam", "E304", "takes an Algorithm, not Adam (an optimizer)", "what fits"),
            ("algoritm=PPO", "E303", "has no socket `algoritm`", "did you mean `algorithm`?"),
            ("env.id=PPO", "E303", "`env.id` is a setting", "--set env.id=VALUE"),
            ("env=no_such_module:X", "E103", "cannot be imported", ""),
            ("env=nowhere.py:X", "E401", "there is no graph file `nowhere.py`", ""),
            ("algorithm=null", "E304", "takes an Algorithm, not None", "what fits"),
        ],
    )
    def test_a_wrong_swap(self, alf: Alf, swap: str, code: str, message: str, help: str) -> None:
        done = alf("check", SMALLEST, "--swap", swap)
        assert done.code == 1
        assert f"error[{code}]" in done.err and message in done.err and help in done.err

    def test_a_wrong_assignment_is_a_wrong_call(self, alf: Alf) -> None:
        done = alf("check", SMALLEST, "--set", "env.num_envs")
        assert done.code == 2
        assert "write it as `PATH=VALUE`" in done.err

    def test_components_of_the_file_of_others_and_of_modules(
        self, alf: Alf, tmp_path: Path
    ) -> None:
        own = plant(
            tmp_path / "own.py",
            "from alfgraph.components import GymEnv, Pipeline\n"
            "class Mine(GymEnv):\n    '''Mine.'''\n    num_envs: int = 2\n"
            "graph = Pipeline()\nother = GymEnv(num_envs=3)\n",
        )
        for component, number in [
            ("Mine", "2"),
            ("other", "3"),
            ("alfgraph.components:GymEnv", "30"),
            (f"{own}:Mine", "2"),
        ]:
            done = alf("config", own, "--swap", f"env={component}", "--json")
            rows = {row["path"]: row["value"] for row in json.loads(done.out)}
            assert rows["env.num_envs"] == number

    def test_several_parts_for_a_tuple(self, alf: Alf, tmp_path: Path) -> None:
        own = plant(
            tmp_path / "own.py",
            "from alfgraph import In, Out\nfrom alfgraph.components import Pipeline, Transform\n"
            "class Half(Transform):\n    '''Half the reward.'''\n"
            "    reward = In('float32[*batch, *r]', role='reward')\n"
            "    out = Out('float32[*batch, *r]', role='reward')\n"
            "    def forward(self, reward):\n        return reward / 2\n"
            "graph = Pipeline(transforms=(Half(),))\n",
        )
        for value, number in [("Half,Half", 2), ("[Half]", 1), ("[]", 0), ("Half", 1)]:
            done = alf("config", own, "--swap", f"transforms={value}", "--json")
            paths = [row["path"] for row in json.loads(done.out)]
            assert sum(path.startswith("transforms.") for path in paths) == number


class TestLookingUp:
    def test_config_fits_the_width_and_names_origins(self, alf: Alf) -> None:
        done = alf("config", SMALLEST, "--set", "env.num_envs=4")
        lines = done.out.splitlines()
        assert max(map(len, lines)) <= WIDTH
        (line,) = [line for line in lines if line.startswith("env.num_envs ")]
        assert line.split()[1:] == ["4", "--set", "#1"]
        (line,) = [line for line in lines if line.startswith("algorithm.schedule.unroll_length ")]
        assert line.endswith("no effect")

    def test_config_of_a_board_that_does_not_check(self, alf: Alf) -> None:
        done = alf("config", SMALLEST, "--set", "env.id=Nonsense-v0", "--json")
        assert done.code == 0
        rows = {row["path"]: row for row in json.loads(done.out)}
        assert rows["env.id"]["value"] == "Nonsense-v0"
        assert rows["env.id"]["operative"] is None
        assert "Nonsense-v0" in done.err

    def test_the_catalogue(self, alf: Alf) -> None:
        done = alf("parts")
        assert "\nalgorithms\n" in done.out
        assert "\n  PPO " in done.out and "\n  Algorithm " not in done.out
        assert max(map(len, done.out.splitlines())) <= WIDTH
        names = [entry["name"] for entry in json.loads(alf("parts", "--json").out)]
        assert {"PPO", "GymEnv", "Adam", "LinearAnnealing", "Trainer"} <= set(names)

    @pytest.mark.parametrize("name", ["PPO", "GymEnv", "LinearAnnealing", "Pipeline"])
    def test_one_part(self, alf: Alf, name: str) -> None:
        done = alf("parts", name)
        assert done.code == 0
        assert done.out.startswith(f"{name} (")
        assert "Attributes:" not in done.out
        assert max(map(len, done.out.splitlines())) <= WIDTH
        assert json.loads(alf("parts", name, "--json").out)["name"] == name

    def test_ports_settings_and_what_they_are(self, alf: Alf) -> None:
        lines = [" ".join(line.split()) for line in alf("parts", "GymEnv").out.splitlines()]
        assert "in action action[*batch] latched" in lines
        assert any(line.startswith("num_envs int ≥ 1 30") for line in lines)

    def test_a_part_that_is_not_there(self, alf: Alf) -> None:
        done = alf("parts", "PP0")
        assert done.code == 1
        assert "did you mean `PPO`?" in done.err

    def test_codes(self, alf: Alf) -> None:
        assert alf("explain", "E301").out.startswith("E301: there is no setting of this name")
        assert json.loads(alf("explain", "301", "--json").out)["code"] == "E301"
        done = alf("explain", "E999")
        assert (done.code, done.out) == (2, "")
        assert "there is no diagnostic `E999`" in done.err

    def test_differences(self, alf: Alf, tmp_path: Path) -> None:
        text = Path(SMALLEST).read_text()
        other = plant(tmp_path / "b.py", text.replace("num_envs=30", "num_envs=7"))
        assert alf("diff", SMALLEST, other).out == "`env.num_envs`: 30 → 7\n"
        assert alf("diff", SMALLEST, SMALLEST).out == "the boards are equal\n"
        found = json.loads(alf("diff", SMALLEST, other, "--json").out)
        assert found == {"settings": ["`env.num_envs`: 30 → 7"], "components": [], "wires": []}
        assert "holds no run" in alf("diff", str(tmp_path), SMALLEST).err


class TestPlanAndRender:
    def test_the_schedule_in_numbers(self, alf: Alf) -> None:
        done = alf("plan", SMALLEST)
        assert (done.code, done.err) == (0, "")
        assert "240 env steps" in done.out
        assert max(map(len, done.out.splitlines())) <= WIDTH
        assert json.loads(alf("plan", SMALLEST, "--json").out)["schedule"]["num_environments"] == 30

    def test_the_program_and_nothing_else(self, alf: Alf) -> None:
        done = alf("plan", SMALLEST, "--code", "--swap", "algorithm=PPO")
        compile(done.out, "program.py", "exec")
        assert "note: `schedule` is now" in done.err

    def test_a_drawing(self, alf: Alf, tmp_path: Path) -> None:
        done = alf("render", SMALLEST, "-o", "board.json")
        assert (done.code, done.out) == (0, "board.json\n")
        assert json.loads((tmp_path / "board.json").read_text())["sizes"]["B"] == 30
        done = alf("render", SMALLEST, "-o", "board.foo")
        assert done.code == 2 and "cannot be drawn" in done.err


class TestRunning:
    SHORT = ("--set", "trainer.num_iterations=2", "--set", "trainer.num_eval_episodes=2")

    def test_json_objects_and_a_last_one(self, alf: Alf, tmp_path: Path) -> None:
        done = alf("run", SMALLEST, "--run-dir", "r", *self.SHORT, "--json")
        assert done.code == 0, done.err
        *summaries, last = map(json.loads, done.out.splitlines())
        assert [summary["iteration"] for summary in summaries] == [1, 2]
        assert set(last) == {"env_steps", "steps_per_second", "return_mean", "run_dir"}
        assert (last["env_steps"], last["run_dir"]) == (480, "r")
        assert math.isfinite(last["return_mean"])
        assert (tmp_path / "r" / "board.json").is_file()
        again = alf("run", SMALLEST, "--run-dir", "r", *self.SHORT, "--json")
        assert again.code == 0
        assert json.loads(again.out.splitlines()[-1])["env_steps"] == 480
        assert alf("diff", "r", SMALLEST).out.startswith("`trainer.num_iterations`: 2 → 1000")
        played = alf("play", "r", "--episodes", "2", "--json")
        assert played.code == 0, played.err
        found = json.loads(played.out)
        assert set(found) == {"return_mean", "return_std", "length_mean", "episodes"}
        assert found["episodes"] == 2

    def test_forgetting_a_run_needs_a_yes(self, alf: Alf, tmp_path: Path) -> None:
        (tmp_path / "r").mkdir()
        (tmp_path / "r" / "board.json").write_text("{}")
        done = alf("run", SMALLEST, "--run-dir", "r", *self.SHORT, "--fresh")
        assert done.code == 2
        assert "`--fresh` would forget the run in r" in done.err and "--yes" in done.err
        done = alf("run", SMALLEST, "--run-dir", "r", *self.SHORT, "--fresh", "--yes", "--json")
        assert done.code == 0, done.err

    def test_an_interrupted_run_exits_with_130(
        self, alf: Alf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = importlib.import_module("alfgraph.runtime.run")
        result = run.RunResult(1, 1, 1.0, math.nan, math.nan, Path("r"), interrupted=True)
        verb = importlib.import_module("alfgraph.cli.verbs.run")
        monkeypatch.setattr(verb, "train", lambda *args, **named: result)
        done = alf("run", SMALLEST, "--json")
        assert done.code == 130
        assert json.loads(done.out)["return_mean"] is None

    def test_a_second_interrupt_while_checking(
        self, alf: Alf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*args: Any, **named: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("alfgraph.cli.opening.load", interrupted)
        assert alf("check", SMALLEST).code == 130


@pytest.mark.parametrize(
    ("typed", "code", "meant"),
    [
        (["chekc", SMALLEST], 2, "Did you mean 'check'?"),
        (["check", SMALLEST, "--swapp", "algorithm=PPO"], 2, "--swap"),
        (["explain", "E1O1"], 2, "did you mean `E101`?"),
        (["explain", "E11O"], 2, "did you mean `E110`?"),
        (["parts", "PPOO"], 1, "did you mean `PPO`?"),
        (["check", SMALLEST + "y"], 1, "did you mean"),
        (["check", SMALLEST, "--set", "env.learning_rate=1"], 1, "has no setting `learning_rate`"),
        (["check", SMALLEST, "--set", "algorithm.optimizer.learning_rate=1"], 1, "optimizer.lr`?"),
        (["check", SMALLEST, "--swap", "algorithm.optimizer.lr=StepAnnealing"], 1, '{"kind": "Lin'),
    ],
)
def test_what_was_probably_meant(alf: Alf, typed: list[str], code: int, meant: str) -> None:
    done = alf(*typed)
    assert done.code == code
    assert meant in " ".join(done.err.split())


class TestFailures:
    def failure(self, tmp_path: Path, code: str) -> Exception:
        module = ModuleType("theirs")
        try:
            exec(compile(code, plant(tmp_path / "theirs.py", code), "exec"), module.__dict__)
        except Exception as error:
            return error
        raise AssertionError("it should have raised")

    def test_a_users_traceback_is_cut_to_the_users_frames(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        error = self.failure(tmp_path, "import json\njson.loads('{')\n")
        error.add_note("on the board: transforms.0")
        assert report_failure(error) == 1
        text = capsys.readouterr().err
        assert "theirs.py" in text and "json/decoder.py" not in text
        assert text.rstrip().endswith("on the board: transforms.0")

    def test_our_own_is_shown_whole(self, capsys: pytest.CaptureFixture[str]) -> None:
        error = ValueError("inside")
        assert report_failure(error) == 1
        assert "This is a defect of alfgraph" in capsys.readouterr().err

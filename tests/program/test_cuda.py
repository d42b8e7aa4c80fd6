"""CUDA works where there is one: the same boards, tensors on the device (run with `-m gpu`)."""

from pathlib import Path

import pytest
import torch

import alfgraph
from alfgraph import load
from alfgraph.components import GAE, PPO, Epochs, GymEnv, OnPolicy, Pipeline, Trainer
from alfgraph.families.graph import Graph
from alfgraph.overrides.swaps import set_values
from alfgraph.program.program import Program
from alfgraph.runtime.run import run

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
GRAPHS = Path(__file__).parents[2] / "graphs"


def boards() -> dict[str, Graph]:
    """Discrete and continuous actions, on-policy and epochs."""
    few = Trainer(num_iterations=3, num_eval_episodes=2)
    return {
        "actor_critic": Pipeline(schedule=OnPolicy(unroll_length=4), trainer=few),
        "ppo_continuous": Pipeline(
            env=GymEnv(id="Pendulum-v1", num_envs=4),
            algorithm=PPO(
                returns=GAE(gamma=0.9),
                schedule=Epochs(unroll_length=16, epochs=2, mini_batch_size=32),
            ),
            trainer=few,
        ),
    }


@pytest.mark.parametrize("name", list(boards()))
def test_a_board_trains_on_the_device(name: str, tmp_path: Path) -> None:
    result = run(boards()[name], tmp_path / "run", device="cuda", quiet=True)
    assert result.iterations == 3
    assert result.return_mean == result.return_mean


def test_a_run_resumes_on_the_device(tmp_path: Path) -> None:
    graph = boards()["ppo_continuous"]
    first = run(
        set_values(graph, {"trainer.num_iterations": 2}), tmp_path / "a", device="cuda", quiet=True
    )
    assert first.iterations == 2
    again = run(
        set_values(graph, {"trainer.num_iterations": 4}), tmp_path / "a", device="cuda", quiet=True
    )
    assert again.iterations == 4


def test_parameters_and_buffers_live_on_the_device() -> None:
    plan = alfgraph.plan(load(GRAPHS / "ppo_cart_pole.py"))

    class Nobody:
        def observe(self, env: object) -> None:
            pass

    program = Program(plan, seed=0, device="cuda", episodes=Nobody())
    program.start()
    for module in program.modules.values():
        assert all(p.is_cuda for p in module.parameters())
    rows = program.buffers["algorithm.rollout"]
    assert all(t.is_cuda for tensors in rows.leaves.tensors.values() for t in tensors)
    program.close()

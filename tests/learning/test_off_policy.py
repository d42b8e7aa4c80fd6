"""The off-policy graphs learn: one seed each, at the end of the run, without choosing the best."""

from pathlib import Path

import pytest

from alfgraph.boards.loading import load
from alfgraph.overrides.swaps import set_values
from alfgraph.runtime.run import run

GRAPHS = Path(__file__).parents[2] / "graphs"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("sac_pendulum", -160.0),
        ("td3_pendulum", -160.0),
        ("ddpg_pendulum", -200.0),
        ("discrete_sac_cart_pole", 475.0),
        ("dqn_cart_pole", 475.0),
    ],
)
def test_a_graph_learns(name: str, least: float) -> None:
    settings = {"trainer.random_seed": 1, "trainer.num_eval_episodes": 20}
    graph = set_values(load(GRAPHS / f"{name}.py"), settings)
    assert run(graph, save=False, quiet=True).return_mean >= least

"""Stable-Baselines3's DQN on CartPole with rl-zoo's settings, beside graphs/dqn_cart_pole.py.

    python tools/bench/dqn_cart_pole.py [--seeds 0 1 2 3 4 5 6 7] [--episodes 20]
    python tools/learning.py graphs/dqn_cart_pole.py --seeds 0 1 2 3 4 5 6 7 --episodes 20

Both train 50,000 steps in one environment on one thread, then act greedily: one line per seed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch
from stable_baselines3 import DQN
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

NUM_ENV_STEPS = 50_000


def trained(seed: int) -> DQN:
    """rl-zoo's DQN after its 50,000 steps."""
    model = DQN(
        "MlpPolicy",
        make_vec_env("CartPole-v1", seed=seed),
        learning_rate=2.3e-3,
        batch_size=64,
        buffer_size=100_000,
        learning_starts=1000,
        gamma=0.99,
        target_update_interval=10,
        train_freq=256,
        gradient_steps=128,
        exploration_fraction=0.16,
        exploration_final_eps=0.04,
        policy_kwargs={"net_arch": [256, 256]},
        seed=seed,
        device="cpu",
    )
    return model.learn(NUM_ENV_STEPS)


def main() -> None:
    """Train every seed; print its final return, then mean and median over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(8)))
    parser.add_argument("--episodes", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    finals: list[float] = []
    for seed in options.seeds:
        begun = time.perf_counter()
        model = trained(seed)
        seconds = time.perf_counter() - begun
        env = make_vec_env("CartPole-v1", seed=1000 + seed)
        mean, _ = evaluate_policy(model, env, options.episodes, deterministic=True)
        finals.append(float(mean))  # type: ignore[arg-type]
        line = {
            "seed": seed,
            "return": round(finals[-1], 1),
            "steps_per_second": round(NUM_ENV_STEPS / seconds),
            "seconds": round(seconds, 1),
        }
        print(json.dumps(line), flush=True)
    print(f"mean {statistics.mean(finals):.1f}, median {statistics.median(finals):.1f}")


if __name__ == "__main__":
    main()

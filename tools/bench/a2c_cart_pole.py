"""A2C on CartPole, 30 environments x 8 steps, 64-64: alfgraph against two others, interleaved.

    python tools/bench/a2c_cart_pole.py [--rounds 5] [--peer sb3|hand|both]

`sb3` is Stable-Baselines3's A2C at 1 and 2 threads; `hand` is the loop one would write by hand
from the same modules, environment, optimizer and functions. Ratios are medians over rounds; only
ratios within one call mean anything, machines are noisy.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.families.annealing import Progress
from alfgraph.program.program import Program

GRAPH = Path(__file__).parents[2] / "graphs" / "ac_cart_pole.py"
ITERATIONS = 200


def alfgraph_loop() -> Callable[[], None]:
    """The emitted program, as a run executes it."""
    plan = alfgraph.plan(load(GRAPH))
    program = Program(plan, seed=0, device="cpu")
    program.start()

    def loop() -> None:
        for _ in range(ITERATIONS):
            program.iterate(Progress())

    return loop


def hand_loop() -> Callable[[], None]:
    """The same loop written by hand over the same pieces."""
    plan = alfgraph.plan(load(GRAPH))
    parts = Program(plan, seed=0, device="cpu").namespace
    env, actor, critic = parts["env"], parts["actor"], parts["critic"]
    optimizer, gae, loss_function = parts["optimizer"], parts["gae"], parts["actor_critic_loss"]
    length, batch = 8, 30
    step_type = torch.zeros(length + 1, batch, dtype=torch.int32)
    reward, discount = torch.zeros(length + 1, batch), torch.zeros(length + 1, batch)
    observation = torch.zeros(length + 1, batch, 4)
    action = torch.zeros(length, batch, dtype=torch.int64)
    env.reset()

    def loop() -> None:
        for _ in range(ITERATIONS):
            with torch.no_grad():
                for t in range(length):
                    chosen = actor(env.observation).sample()
                    step_type[t].copy_(env.step_type)
                    reward[t].copy_(env.reward)
                    discount[t].copy_(env.discount)
                    observation[t].copy_(env.observation)
                    action[t].copy_(chosen)
                    env.step(chosen)
                step_type[length].copy_(env.step_type)
                reward[length].copy_(env.reward)
                discount[length].copy_(env.discount)
                observation[length].copy_(env.observation)
            policy = actor(observation[:-1])
            log_prob, entropy = policy.log_prob(action), policy.entropy()
            value = critic(observation)
            advantage, returns = gae(reward, discount, step_type, value)
            loss, *_ = loss_function(
                step_type[:-1], advantage, returns, log_prob, entropy, value[:-1]
            )
            optimizer.step(loss)

    return loop


def sb3_loop(threads: int) -> Callable[[], None]:
    """Stable-Baselines3's A2C on the same environments, logging off."""
    from stable_baselines3 import A2C
    from stable_baselines3.common.env_util import make_vec_env

    model = A2C(
        "MlpPolicy",
        make_vec_env("CartPole-v1", n_envs=30, seed=0),
        n_steps=8,
        learning_rate=1e-3,
        policy_kwargs={"optimizer_class": torch.optim.Adam, "optimizer_kwargs": {}},
        use_rms_prop=False,
        device="cpu",
    )

    def loop() -> None:
        torch.set_num_threads(threads)
        model.learn(ITERATIONS * 240, log_interval=None, reset_num_timesteps=False)
        torch.set_num_threads(1)

    return loop


def main() -> None:
    """Run all peers in turn, several rounds; print steps per second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", choices=["sb3", "hand", "both"], default="both")
    options = parser.parse_args()
    torch.set_num_threads(1)
    peers: dict[str, Callable[[], None]] = {"alfgraph": alfgraph_loop()}
    if options.peer in {"hand", "both"}:
        peers["hand"] = hand_loop()
    if options.peer in {"sb3", "both"}:
        peers |= {f"sb3, {n} thread{'s'[: n - 1]}": sb3_loop(n) for n in (1, 2)}
    for loop in peers.values():
        loop()  # warm-up
    rates: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(options.rounds):
        for name, loop in peers.items():
            gc.collect()
            begun = time.perf_counter()
            loop()
            rates[name].append(ITERATIONS * 240 / (time.perf_counter() - begun))
    ours = rates["alfgraph"]
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(ours, found, strict=True)]
        print(
            f"{name:<16} {statistics.median(found):>9,.0f} steps/s   "
            f"alfgraph / it: median {statistics.median(ratios):.3f} "
            f"({min(ratios):.3f} to {max(ratios):.3f})"
        )


if __name__ == "__main__":
    main()

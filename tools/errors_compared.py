"""What the same mistakes give in Stable-Baselines3 and in TorchRL, run for real.

    python tools/errors_compared.py stable_baselines3
    python tools/errors_compared.py torchrl

Each needs its library; alfgraph is not imported. Every mistake is one function that makes it the
way a user would. Printed are, per mistake: when it was noticed, the exception, whether its text
names the fix, and the last line of it. `docs/errors_compared.md` was written from this.
"""

from __future__ import annotations

import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import nn

Mistake = Callable[[], Any]
_LONGEST = 300


class Shortened(gymnasium.Env[Any, Any]):
    """An environment whose observations are not of the shape that it declares."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (3,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Two numbers where three are declared."""
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """The same."""
        return np.zeros(2, np.float32), 0.0, False, False, {}


# ------------------------------------------------------------------------------ Stable-Baselines3


def stable_baselines3() -> Mapping[str, Mistake]:
    """The mistakes, made with Stable-Baselines3."""
    import stable_baselines3 as sb3  # type: ignore[import-not-found, unused-ignore]
    from stable_baselines3.common.env_util import make_vec_env  # type: ignore[import-not-found, unused-ignore]
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor  # type: ignore[import-not-found, unused-ignore]

    class Extractor(BaseFeaturesExtractor):  # type: ignore[misc, unused-ignore]
        def __init__(self, space: Any) -> None:
            super().__init__(space, 16)
            self.layers = nn.Linear(8, 16)  # CartPole has 4 numbers

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.layers(x)
            return out

    class Untrained(sb3.PPO):  # type: ignore[misc, name-defined, unused-ignore]
        def _setup_model(self) -> None:
            super()._setup_model()
            parameters = self.policy.action_net.parameters()
            self.policy.optimizer = torch.optim.Adam(parameters, 1e-3)  # no critic, no trunk

    def learn(kind: Any, env: Any, steps: int = 64, **settings: Any) -> Any:
        model = kind("MlpPolicy", env, device="cpu", **settings)
        return model.learn(steps)

    return {
        "misspelt setting": lambda: learn(sb3.PPO, "CartPole-v1", learning_rat=1e-3),
        "wrong type": lambda: learn(sb3.PPO, "CartPole-v1", n_steps="many"),
        "no environments": lambda: learn(sb3.PPO, make_vec_env("CartPole-v1", n_envs=0)),
        "unknown environment": lambda: learn(sb3.PPO, "CartPol-v1"),
        "learning rate is NaN": lambda: learn(
            sb3.PPO, "CartPole-v1", n_steps=32, learning_rate=float("nan")
        ),
        "mini-batch larger than the rollout": lambda: learn(
            sb3.PPO, make_vec_env("CartPole-v1", n_envs=4), n_steps=16, batch_size=256
        ),
        "discrete-only algorithm, continuous actions": lambda: learn(sb3.DQN, "Pendulum-v1"),
        "continuous-only algorithm, discrete actions": lambda: learn(sb3.SAC, "CartPole-v1"),
        "network of the wrong width": lambda: learn(
            sb3.PPO, "CartPole-v1", policy_kwargs={"features_extractor_class": Extractor}
        ),
        "observation of another shape than declared": lambda: learn(sb3.PPO, Shortened()),
        "misspelt policy": lambda: sb3.PPO("MlpPolcy", "CartPole-v1"),
        "parameters nobody trains": lambda: learn(Untrained, "CartPole-v1", n_steps=32),
    }


# ---------------------------------------------------------------------------------------- TorchRL


def _torchrl_ppo(**changes: Any) -> None:
    """One iteration of PPO on CartPole as TorchRL's tutorial wires it, with changes."""
    from tensordict.nn import TensorDictModule  # type: ignore[import-not-found, unused-ignore]
    from torchrl.collectors import Collector  # type: ignore[import-not-found, unused-ignore]
    from torchrl.data import LazyTensorStorage, ReplayBuffer  # type: ignore[import-not-found, unused-ignore]
    from torchrl.data.replay_buffers.samplers import SamplerWithoutReplacement  # type: ignore[import-not-found, unused-ignore]
    from torchrl.envs.libs.gym import GymEnv  # type: ignore[import-not-found, unused-ignore]
    from torchrl.modules import OneHotCategorical, ProbabilisticActor, ValueOperator  # type: ignore[import-not-found, unused-ignore]
    from torchrl.objectives import ClipPPOLoss  # type: ignore[import-not-found, unused-ignore]
    from torchrl.objectives.value import GAE  # type: ignore[import-not-found, unused-ignore]

    make = {
        "env": lambda: GymEnv("CartPole-v1"),
        "width": 4,
        "in_key": "observation",
        "frames": 64,
        "mini_batch": 32,
        "loss": {},
        "lr": 1e-3,
        "value_key": "state_value",
        "owner": lambda loss, actor: loss,
        **changes,
    }
    env = make["env"]()
    actor = ProbabilisticActor(
        TensorDictModule(nn.Linear(make["width"], 2), [make["in_key"]], ["logits"]),
        spec=env.action_spec,
        in_keys=["logits"],
        distribution_class=OneHotCategorical,
        return_log_prob=True,
    )
    critic = ValueOperator(nn.Linear(4, 1), in_keys=["observation"])
    loss = ClipPPOLoss(actor, critic, **make["loss"])
    loss.set_keys(value=make["value_key"])
    optimizer = torch.optim.Adam(make["owner"](loss, actor).parameters(), make["lr"])
    collector = Collector(env, actor, frames_per_batch=make["frames"], total_frames=64)
    advantage = GAE(gamma=0.99, lmbda=0.95, value_network=critic)
    for data in collector:
        advantage(data)
        buffer = ReplayBuffer(
            storage=LazyTensorStorage(64),
            sampler=SamplerWithoutReplacement(),
            batch_size=make["mini_batch"],
        )
        buffer.extend(data.reshape(-1))
        losses = loss(buffer.sample())
        total = losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]
        optimizer.zero_grad()
        total.backward()
        optimizer.step()


def torchrl() -> Mapping[str, Mistake]:
    """The mistakes, made with TorchRL."""
    from torchrl.envs import ParallelEnv  # type: ignore[import-not-found, unused-ignore]
    from torchrl.envs.libs.gym import GymEnv, GymWrapper  # type: ignore[import-not-found, unused-ignore]
    from torchrl.modules import MLP, QValueActor  # type: ignore[import-not-found, unused-ignore]
    from torchrl.objectives import DQNLoss  # type: ignore[import-not-found, unused-ignore]

    def dqn_on_pendulum() -> Any:
        env = GymEnv("Pendulum-v1")
        actor = QValueActor(
            MLP(in_features=3, out_features=1), in_keys=["observation"], spec=env.action_spec
        )
        DQNLoss(actor, action_space=env.action_spec)
        return env.rollout(8, actor)

    return {
        "misspelt setting": lambda: _torchrl_ppo(loss={"clip_epsilo": 0.2}),
        "wrong type": lambda: _torchrl_ppo(frames="many"),
        "no environments": lambda: ParallelEnv(0, lambda: GymEnv("CartPole-v1")).reset(),
        "unknown environment": lambda: _torchrl_ppo(env=lambda: GymEnv("CartPol-v1")),
        "learning rate is NaN": lambda: _torchrl_ppo(lr=float("nan")),
        "mini-batch larger than the rollout": lambda: _torchrl_ppo(mini_batch=256),
        "discrete-only algorithm, continuous actions": dqn_on_pendulum,
        "network of the wrong width": lambda: _torchrl_ppo(width=8),
        "observation of another shape than declared": lambda: GymWrapper(Shortened()).rollout(4),
        "misspelt input of a network": lambda: _torchrl_ppo(in_key="observatio"),
        "value and log-probability swapped": lambda: _torchrl_ppo(value_key="action_log_prob"),
        "parameters nobody trains": lambda: _torchrl_ppo(owner=lambda loss, actor: actor),
    }


# ----------------------------------------------------------------------------------------- telling


def told(mistake: Mistake) -> str:
    """One line: seconds until it was noticed, frames of the traceback, the exception."""
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            mistake()
        except BaseException as error:
            frames = len(traceback.extract_tb(error.__traceback__)) - 1
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
            result = f"{frames} frames; {said[:_LONGEST]}"
        else:
            result = "runs to its end, silently"
    seconds = time.perf_counter() - began
    words = [str(w.message) for w in caught if w.category is UserWarning]
    noted = f" (warned: {' '.join(words[-1].split())[:_LONGEST]})" if words else ""
    return f"{seconds:5.2f} s; {result}{noted}"


def main() -> int:
    """Make every mistake with the library that is named, and print what it says."""
    libraries = {"stable_baselines3": stable_baselines3, "torchrl": torchrl}
    if len(sys.argv) != 2 or sys.argv[1] not in libraries:  # noqa: PLR2004
        print(f"usage: errors_compared.py {' | '.join(libraries)}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    for name, mistake in libraries[sys.argv[1]]().items():
        print(f"{name}\n    {told(mistake)}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

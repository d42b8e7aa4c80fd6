"""A time step against what its environment declares, and against the step before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from alfgraph.families.environment import Environment, knowledge_of
from alfgraph.families.protocols import RunningEnvironment
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec
from alfgraph.specs.step_types import FIRST, LAST
from alfgraph.testing.comparing import copied, differences
from alfgraph.testing.contract import ContractError, broken

FIELDS = ("step_type", "reward", "discount", "observation", "prev_action", "env_id")


@dataclass(frozen=True)
class Declared:
    """What an environment declares.

    Attributes:
        part: the environment.
        num_envs: B.
        device: where tensors are to live.
    """

    part: Environment
    num_envs: int
    device: str

    @property
    def known(self) -> Mapping[str, Any]:
        """What it says of itself."""
        return knowledge_of(self.part)

    def specs(self) -> dict[str, Spec]:
        """The spec of every field, of one environment."""
        return {
            "step_type": TensorSpec(dtype="int32", low=FIRST, high=LAST),
            "reward": TensorSpec(dtype="float32", sample=tuple(self.known["*r"])),
            "discount": TensorSpec(dtype="float32", low=0.0, high=1.0),
            "observation": self.known["observation"],
            "prev_action": self.known["action"],
            "env_id": TensorSpec(dtype="int32", low=0, high=self.num_envs - 1),
            "env_info": self.known["env_info"],
        }

    def error(
        self, message: str, expected: str, given: str, help: str, method: str = "open"
    ) -> ContractError:
        """A broken promise of the part."""
        name = type(self.part).__name__
        return broken(
            type(self.part),
            f"`{name}`: {message}",
            method=method,
            expected=("a board", expected),
            given=(name, given),
            help=help,
        )


def shown(env: RunningEnvironment, declared: Declared) -> dict[str, Any]:
    """The current time step, copied.

    Raises:
        ContractError: a field is missing, or is not as declared.
    """
    specs = declared.specs()
    names = [*FIELDS, *(["env_info"] if specs["env_info"] != RecordSpec() else [])]
    step: dict[str, Any] = {}
    for name in names:
        if not hasattr(env, name):
            raise declared.error(
                f"what `open` gives has no `{name}` after `reset()`",
                f"`{name}`: {specs[name]} for each of its environments",
                f"a {type(env).__name__} without it",
                f"set `self.{name}` in `reset`, in `step` and in `load_state`",
            )
        value = getattr(env, name)
        for place, spec, leaf in _leaves(specs[name], value, name):
            _check_leaf(declared, place, spec, leaf)
        step[name] = copied(value)
    _check_numpy(env, declared, step)
    return step


def check_first(declared: Declared, step: Mapping[str, Any]) -> None:
    """What `reset()` shows."""
    if (step["step_type"] != FIRST).any():
        raise declared.error(
            "`reset()` shows a step that is not FIRST",
            "step_type 0 (FIRST) everywhere after `reset()`",
            f"step_type {step['step_type'].tolist()}",
            "let `reset` set `step_type` to zeros",
        )
    _check_firsts(declared, step)


def check_next(
    declared: Declared, before: Mapping[str, Any], action: Any, step: Mapping[str, Any]
) -> None:
    """What `step(action)` shows after the step before."""
    ended, begins = before["step_type"] == LAST, step["step_type"] == FIRST
    if (ended != begins).any():
        row = int((ended != begins).nonzero()[0])
        raise declared.error(
            "episodes do not begin where the one before has ended",
            "FIRST after LAST, and only there",
            f"environment {row}: {_kind(before, row)} was followed by {_kind(step, row)}",
            "the step after LAST ignores its action, resets that environment and shows FIRST",
        )
    over = (step["discount"] == 0) & (step["step_type"] != LAST)
    if over.any():
        row = int(over.nonzero()[0])
        raise declared.error(
            "a discount is 0 in the middle of an episode",
            "discount 0 at LAST only, where the episode truly ended",
            f"environment {row}: discount 0 at {_kind(step, row)}",
            "give such steps step_type 2 (LAST), or discount 1",
        )
    _check_firsts(declared, step)
    _check_action(declared, action, step)


def _check_firsts(declared: Declared, step: Mapping[str, Any]) -> None:
    first = step["step_type"] == FIRST
    for name, wanted in (("reward", 0.0), ("discount", 1.0)):
        wrong = step[name][first] != wanted
        if wrong.any():
            raise declared.error(
                f"the {name} of a first step is not {wanted:g}",
                f"{name} {wanted:g} at FIRST: no action led there",
                f"{name} {float(step[name][first][wrong][0]):g}",
                f"set `{name}` to {wanted:g} in the rows that begin an episode",
            )
    for _, _, leaf in _leaves(declared.known["action"], step["prev_action"], "prev_action"):
        if leaf[first].any():
            raise declared.error(
                "`prev_action` of a first step is not zero",
                "zeros at FIRST: no action led there",
                f"{leaf[first][0].tolist()}",
                "set `prev_action` to zeros in the rows that begin an episode",
            )


def _check_action(declared: Declared, action: Any, step: Mapping[str, Any]) -> None:
    goes_on = step["step_type"] != FIRST
    pairs = zip(
        _leaves(declared.known["action"], action, "action"),
        _leaves(declared.known["action"], step["prev_action"], "prev_action"),
        strict=True,
    )
    for (_, _, taken), (_, _, told) in pairs:
        if not torch.equal(taken[goes_on].to(told.device), told[goes_on]):
            raise declared.error(
                "`prev_action` is not the action that was taken",
                f"the action given to `step`, {taken[goes_on][0].tolist()}",
                f"{told[goes_on][0].tolist()}",
                "keep what `step` is given, as it is given, in `prev_action`",
            )


def _check_numpy(env: RunningEnvironment, declared: Declared, step: Mapping[str, Any]) -> None:
    for name in ("step_type", "reward"):
        array = getattr(env, f"{name}_numpy", None)
        wanted = step[name].cpu().numpy()
        if not isinstance(array, np.ndarray) or differences(array, wanted, ""):
            given = f"{array.dtype}{list(array.shape)}" if isinstance(array, np.ndarray) else "none"
            raise declared.error(
                f"`{name}_numpy` is not `{name}` as an array",
                f"{wanted.dtype}{list(wanted.shape)} on the CPU with the same numbers",
                f"{given}, {array!r:.60}",
                f"`self.{name}_numpy = self.{name}.cpu().numpy()`, or `torch.from_numpy` of it",
            )


def _check_leaf(declared: Declared, place: str, spec: TensorSpec, leaf: Any) -> None:
    given = _described(leaf)
    if not isinstance(leaf, Tensor):
        problem, fix = "is no tensor", "torch.as_tensor(...)"
    elif str(leaf.dtype).removeprefix("torch.") != spec.dtype:
        problem, fix = "has another dtype than declared", f".to(torch.{spec.dtype})"
    elif tuple(leaf.shape) != (declared.num_envs, *spec.sample):
        problem, fix = "has another shape than declared", "one row per environment"
    elif leaf.device.type != torch.device(declared.device).type:
        problem, fix = "is on another device", "the device that `open` is given"
    elif leaf.requires_grad:
        problem, fix = "carries a gradient", ".detach()"
    elif leaf.is_floating_point() and not leaf.isfinite().all():
        problem, fix = "is not finite", "finite numbers"
    elif (outside := _outside(spec, leaf)) is not None:
        problem, fix = "is out of the bounds declared", "wider bounds in `known`, or a clamp"
        given = f"{outside:g} in {given}"
    else:
        return
    wanted = f"{spec.model_copy(update={'batch': (declared.num_envs,)})} on {declared.device}"
    message = f"`{place}` {problem}"
    raise declared.error(message, wanted, given, f"`{place}` wants {fix}", "known")


def _outside(spec: TensorSpec, leaf: Tensor) -> float | None:
    """A number beyond the bounds."""
    if not spec.is_bounded or leaf.dtype == torch.bool or leaf.numel() == 0:
        return None
    low = torch.as_tensor(spec.low, device=leaf.device)
    high = torch.as_tensor(spec.high, device=leaf.device)
    wrong = leaf[(leaf < low) | (leaf > high)]
    return float(wrong[0]) if wrong.numel() else None


def _leaves(spec: Spec, value: Any, place: str) -> Iterator[tuple[str, TensorSpec, Any]]:
    """The tensors of a value beside their specs; what is missing is None."""
    if isinstance(spec, RecordSpec):
        for name, field in spec.fields:
            inner = value.get(name) if isinstance(value, Mapping) else None
            yield from _leaves(field, inner, f"{place}.{name}")
    elif isinstance(spec, TensorSpec):
        yield place, spec, value


def _kind(step: Mapping[str, Any], row: int) -> str:
    return ("FIRST", "MID", "LAST")[int(step["step_type"][row])]


def _described(leaf: Any) -> str:
    if not isinstance(leaf, Tensor):
        return "nothing" if leaf is None else f"a {type(leaf).__name__}"
    dtype = str(leaf.dtype).removeprefix("torch.")
    return f"{dtype}{list(leaf.shape)} on {leaf.device.type}"

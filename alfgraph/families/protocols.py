"""What parts are while a board runs: what an author's `open` and `build` must give.

`Environment.open` gives a `RunningEnvironment`, `Buffer.build` a `BufferStorage`,
`Optimizer.build` a `RunningOptimizer`. No class needs to inherit from these: having the members
is enough. What only some can do is a small protocol of its own, and the runtime asks for it with
`isinstance`. `alfgraph.testing` tries a part against all of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor, nn

    from alfgraph.families.storage import LeafLayout

    Tree: TypeAlias = Tensor | dict[str, "Tree"]
    """A tensor, or a nest of them by name."""

State: TypeAlias = dict[str, Any]
"""What changes in a part: a nest of dicts with string keys, lists, tuples, strings, numbers, None,
torch tensors and numpy arrays. Checkpoints hold it; what cannot be stored is refused by name."""


# ------------------------------------------------------------- environments


class RunningEnvironment(Protocol):
    """A batch of B environments that steps together: what `Environment.open` gives.

    Its attributes are the current time step, from the first `reset()` on. Three rules:

    - **Resets are steps.** The step after LAST ignores its action and shows FIRST, row by row:
      reward 0 and discount 1 there. The reward is the one for the previous action, so it arrives
      with the observation it led to; the discount is 0 only where an episode truly ended, and
      stays 1 at a time limit.
    - **What was shown is never written again.** Each step makes new tensors (or copies of what it
      works on), because buffers and phases keep what they were given.
    - **All randomness comes from the seed given to `open`**, or from a generator that `state()`
      holds; else a resumed run is another run. Two environments of a batch want different seeds:
      `seed + i`, and `Environment.open(evaluation=True)` others again.

    Tensors live on the device given to `open`; shapes below are without nesting.
    """

    @property
    def step_type(self) -> Tensor:
        """int32[B]: FIRST 0, MID 1, LAST 2."""

    @property
    def reward(self) -> Tensor:
        """float32[B, *r], for the previous action; `*r` is () unless `known()` says more."""

    @property
    def discount(self) -> Tensor:
        """float32[B]: 0 at a true end, else 1."""

    @property
    def observation(self) -> Tree:
        """[B, ...], as `known()["observation"]` declares it; a dict where that is a record."""

    @property
    def prev_action(self) -> Tree:
        """[B, ...], as `known()["action"]` declares it: what led here, zeros at FIRST."""

    @property
    def env_id(self) -> Tensor:
        """int32[B]: 0, 1, ... B-1."""

    @property
    def step_type_numpy(self) -> npt.NDArray[np.int32]:
        """`step_type` as an array on the CPU: the runtime counts episodes with it every step."""

    @property
    def reward_numpy(self) -> npt.NDArray[np.float32]:
        """`reward` as an array on the CPU."""

    def reset(self) -> None:
        """Show the first step of an episode in every environment; called once, before all steps."""

    def step(self, action: Any) -> None:
        """Step every environment, and show the time step that follows.

        Args:
            action: `[B, ...]` as declared, on the device given to `open`; a dict for a record.
        """

    def state(self) -> State:
        """All that `load_state` needs for the same future; reading it changes nothing.

        That is the worlds, their generators, **and the time step shown**.
        """

    def load_state(self, state: State) -> None:
        """Go to a state, here or in another object opened the same way, even before `reset()`.

        Afterwards the attributes show the time step of then: a resumed run reads them first.
        """

    def close(self) -> None:
        """Let go of processes, windows and files; may be called before `reset()`."""


@runtime_checkable
class ReportsInfo(Protocol):
    """Also has `env_info`: needed where `known()` names `"env_info"`."""

    @property
    def env_info(self) -> Mapping[str, Tensor]:
        """The declared numbers `[B, ...]` by name; their sums over episodes are logged."""


@runtime_checkable
class NamesInfo(Protocol):
    """Also says how `env_info` is summed up over an episode."""

    @property
    def episode_info(self) -> Mapping[str, Tensor]:
        """`env_info` by the names to log; `x@step` is averaged, `x@max` maximised."""


@runtime_checkable
class SavedAtPoints(Protocol):
    """Cannot be saved at any moment: saving is a point in the run, and may change the run."""

    @property
    def tier(self) -> int:
        """1: `state()` is exact and short. 2: exact, but replays. 3: saving makes worlds anew."""

    def save_point(self) -> State:
        """Make a point to which `load_state` comes back exactly, and give its state.

        In tier 3 this may change the run; so every run makes the same points, saved or not.
        """


@runtime_checkable
class Renders(Protocol):
    """Can be seen: after `Environment.watched` was asked how."""

    def render(self) -> Sequence[Any]:
        """A picture `uint8[height, width, 3]` of each environment; None where it draws itself."""


@runtime_checkable
class HasFrameRate(Protocol):
    """Says how fast films of it are shown."""

    @property
    def frames_per_second(self) -> float | None:
        """Time steps in a second of film; None: the usual 30."""


# ------------------------------------------------------------------ buffers


class BufferStorage(Protocol):
    """What holds a buffer's rows: what `Buffer.build(layout)` gives.

    `write` takes a value for every leaf of `layout.names`, in that order. A value is a tensor, a
    nest of dicts, or a distribution, as `layout.specs` says; `layout.tensors_of(name, value)` and
    `layout.join(name, tensors)` go from values to tensors and back.

    Reads are methods of the author's choosing: the `call` of `Buffer.get(kind, call, ...)` names
    one. It is called with the names of the leaves that somebody uses, in any number and order, and
    gives a tuple with a value for each (and for each name in `extra`):
    `read(self, *names: str) -> tuple[...]`. A buffer that `hands_out_batches` gets the mini-batch
    first: `read(self, batch, *names)`. Operations of the buffer are methods by their names, too.
    """

    @property
    def layout(self) -> LeafLayout:
        """What it was built from."""

    def write(self, *values: Any) -> None:
        """Take over one row `[B, ...]` of each leaf (a rollout `[T, B, ...]` in later phases).

        Values must be copied; gradients are kept only for the leaves in `layout.with_gradient`.
        """

    def state(self) -> State:
        """All that later iterations read; `{}` where everything is written before it is read."""

    def load_state(self, state: State) -> None:
        """Continue from a state."""


class ClosingStorage(BufferStorage, Protocol):
    """Of a buffer with `closes = True`."""

    def close(self, *values: Any) -> None:
        """Take over the time step after a rollout's last row: its leaves only, in their order."""


class BatchingStorage(BufferStorage, Protocol):
    """Of a buffer with `hands_out_batches = True`."""

    def shuffled(self) -> Iterator[Any]:
        """One pass over all rows: what a read takes as `batch`, for each mini-batch."""

    def passes(self, epochs: int) -> Iterator[Any]:
        """Several passes, one after the other."""


# --------------------------------------------------------------- optimizers


class RunningOptimizer(Protocol):
    """What trains parameters: what `Optimizer.build(parameters)` gives.

    Settings that anneal are handed on by `Optimizer.tune`, by default as `set_<name>(value)`.
    """

    grad_norm: Tensor
    """float32[]: length of the last gradient before it was clipped; it is logged."""

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        """What it trains, as given to `build`."""

    def step(self, loss: Tensor, *, retain_graph: bool = False) -> None:
        """One update that lowers the loss `[]`: `differentiate`, then `apply`."""

    def differentiate(self, loss: Tensor, *, retain_graph: bool = False) -> None:
        """Find the gradient for its own parameters, and leave `.grad` of all others alone.

        Args:
            loss: `[]`.
            retain_graph: another loss shares a part of the graph.
        """

    def apply(self) -> None:
        """Clip the gradient, note `grad_norm`, and move the parameters in place."""

    def state(self) -> State:
        """Moments and counts; not the parameters, not `grad_norm`."""

    def load_state(self, state: State) -> None:
        """Continue from a state."""

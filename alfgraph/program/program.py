"""The program: a plan's source with real parts bound to its names, and the state they hold."""

from __future__ import annotations

import contextlib
import linecache
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import torch

from alfgraph.compiler.lowering.program_writer import lower
from alfgraph.compiler.lowering.rollout_writer import random_steps
from alfgraph.compiler.plan import Plan
from alfgraph.compiler.schedule.loops import size_of
from alfgraph.execution import map_tree
from alfgraph.families.annealing import Progress
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.families.learning import Optimizer
from alfgraph.families.protocols import RunningEnvironment, SavedAtPoints, State
from alfgraph.program.generators import generator_states, seeded_generators, set_generators
from alfgraph.program.parts import Parts
from alfgraph.program.random_actions import random_actions
from alfgraph.program.running import Running
from alfgraph.specs.spec import batch_of, with_batch
from alfgraph.wiring.trace import Value
from alfgraph.wiring.tree import parts_below

_OF_TRAINING = (Buffer, Environment, Optimizer)


class _Unobserved:
    """What a program calls `episodes` if nobody looks."""

    def observe(self, env: Any) -> None:
        """Look away."""


class Program:
    """What runs: modules, buffers, optimizers, environments and the functions that use them.

    Attributes:
        plan: what it was made from.
        namespace: the globals of the emitted source.
        modules: by parameter path; ordinary nn.Modules.
        counters: iteration, env_steps, and runs of gated phases.
        log: what the program's last update logged, by tag.
        seconds: where `time_phases` adds up; None before it was called.
    """

    def __init__(
        self, plan: Plan, *, seed: int, device: str, episodes: Any = None, training: bool = True
    ) -> None:
        """Build every part.

        Args:
            plan: of a checked board.
            seed: of parameters, environments and sampling.
            device: where tensors live.
            episodes: observes every time step (`observe(env)`); None: nobody does.
            training: False builds networks only: no environments, buffers and optimizers.
        """
        self.plan = plan
        self.draft = plan.compiled.draft
        self.lowered = plan.compiled.lowered
        self.seed = seed
        self.device = device
        self.parts = Parts(self.draft, tuple(self.lowered.parts.values()), seed, device)
        self.modules, self.environments = self.parts.modules, self.parts.environments
        # Whoever knows the board knows their classes, which have more than the protocols.
        self.buffers: Mapping[str, Any] = self.parts.buffers
        self.optimizers: Mapping[str, Any] = self.parts.optimizers
        self.registers: dict[str, Any] = {}
        self.counters: dict[str, int] = {"iteration": 0, "env_steps": 0}
        self.counters.update(dict.fromkeys(self.lowered.counted, 0))
        self.log: dict[str, Any] = {}
        self._length = Fraction(str(plan.schedule.unroll_length))
        self._training = training
        self._inside = False
        self.seconds: dict[str, float] | None = None
        self._wait: Callable[[], object] | None = None
        self._generators = seeded_generators(seed, device)
        try:
            with self.generators():
                self.namespace = self._bind(episodes)
        except BaseException:
            self.close()  # environments that were opened before another part failed
            raise
        self.code = compile(plan.code, self.file_name, "exec")
        lines = plan.code.splitlines(keepends=True)
        linecache.cache[self.file_name] = (len(plan.code), None, lines, self.file_name)
        exec(self.code, self.namespace)  # the emitted program: plain functions, readable on disk

    @property
    def file_name(self) -> str:
        """What tracebacks call the source."""
        return f"<alfgraph program of {self.plan.name} #{id(self)}>"

    # ---------------------------------------------------------------- binding

    def _bind(self, episodes: Any) -> dict[str, Any]:
        kept = self.lowered.parts.items()
        parts = {n: p for n, p in kept if self._training or not isinstance(p, _OF_TRAINING)}
        namespace: dict[str, Any] = {
            "registers": self.registers,
            "counters": self.counters,
            "log": self.log,
            "episodes": episodes if episodes is not None else _Unobserved(),
            "take_steps": self._take_steps,
        }
        for name, part in parts.items():
            if not isinstance(part, Optimizer):
                namespace[name] = self.parts.bound(part)
        for name, part in parts.items():
            if isinstance(part, Optimizer):
                namespace[name] = self.parts.optimizer(part)
        for name, (by, board) in self.lowered.functions.items():
            namespace[name] = by
            for part in parts_below(board):  # what it may compute with anneals from the first step
                if part.has_forward() and not isinstance(part, Graph):
                    self.parts.compute(part)
        namespace["running"] = _Runnings(self)
        namespace["random_action"] = self._random_action()
        return namespace

    def _random_action(self) -> Any:
        """What draws the actions of the initial collection, where they are random."""
        if not (self._training and random_steps(self.draft)):
            return None
        unroll = next(s for s in self.draft.sections if s.phase == "unroll")
        feeds = (f for f in unroll.trace.feeds if isinstance(f.node.component, Environment))
        spec = self.draft.spec(next(feeds).value)
        batch = tuple(size_of(self.draft, dim) for dim in batch_of(spec) or ())
        return random_actions(with_batch(spec, ()), batch, self.device)

    # ---------------------------------------------------------------- running

    def start(self) -> None:
        """Begin an episode in every training environment."""
        if "start" in self.namespace:
            self.namespace["start"]()

    def iterate(self, progress: Progress) -> None:
        """One training iteration.

        Args:
            progress: how far the run is; settings that anneal take their value from it.
        """
        self.parts.anneal(progress)
        self.namespace["iteration"]()

    def _take_steps(self) -> int:
        """Whole steps of a fractional unroll_length; the rest is carried over."""
        done = self.counters["iteration"]
        return int((done + 1) * self._length) - int(done * self._length)

    def time_phases(self, seconds: dict[str, float], wait: Callable[[], object] | None) -> None:
        """From now on add up how long each phase takes.

        Args:
            seconds: where to add, by phase.
            wait: called before the clock is read: waits for an accelerator.
        """
        self.seconds, self._wait = seconds, wait
        self._time(self.namespace)

    def _time(self, namespace: dict[str, Any]) -> None:
        """Let the phases of a namespace be timed, if those of the program are."""
        if self.seconds is None:
            return
        for phase in self.plan.phases:
            if phase.phase != "predict" and phase.name in namespace:
                self.seconds.setdefault(phase.name, 0.0)
                function = namespace[phase.name]
                namespace[phase.name] = _timed(function, self.seconds, phase.name, self._wait)

    def probed_source(self, values: Sequence[Value]) -> str:
        """The source with `_probe(NUMBER, value)` behind the statement that makes each value."""
        compiled = self.plan.compiled
        title = f"The training loop of {self.plan.name}, with {len(values)} wires measured."
        return lower(compiled.draft, compiled.loops, title, values).source

    def variant(self, source: str, file_name: str, **names: Any) -> dict[str, Any]:
        """Other source over the same parts and state; its `iteration` may take turns with ours.

        Args:
            source: what to execute.
            file_name: what tracebacks call it.
            **names: what it may use besides.

        Returns:
            Its namespace.
        """
        namespace = {**self.namespace, **names}
        exec(compile(source, file_name, "exec"), namespace)
        self._time(namespace)
        return namespace

    @contextlib.contextmanager
    def generators(self) -> Iterator[None]:
        """Swap in this program's generators; the process's own come back afterwards.

        Swapping costs a tenth of a millisecond, so a run does it once; inside, it does nothing.
        """
        if self._inside:
            yield
            return
        outside = generator_states(self.device)
        set_generators(self._generators)
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            self._generators = generator_states(self.device)
            set_generators(outside)

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """Inside `generators`, keep what somebody else draws from the program's."""
        kept = generator_states(self.device)
        try:
            yield
        finally:
            set_generators(kept)

    def namespace_for_evaluation(
        self, environments: dict[str, Any], episodes: Any
    ) -> dict[str, Any]:
        """The same functions and parameters over other environments and registers."""
        names = {p.socket_path: n for n, p in self.lowered.parts.items()}
        namespace = dict(self.namespace)
        namespace.update({names[path]: env for path, env in environments.items()})
        namespace.update(registers={}, episodes=episodes, log={}, counters=dict(self.counters))
        exec(self.code, namespace)
        return namespace

    # ------------------------------------------------------------------ state

    def save_point(self) -> dict[str, Any]:
        """Make a point to which `load_state` comes back exactly; gives all that changes, by path.

        Environments that can only be rebuilt (tier 3) are rebuilt, which changes the run.
        """
        optimizers = self.optimizers.items()
        return {
            "parameters": self.parameters(),
            "optimizers": {k: {"own": o.state(), "norm": o.grad_norm} for k, o in optimizers},
            "buffers": {k: b.state() for k, b in self.buffers.items()},
            "environments": {k: _save_point(e) for k, e in self.environments.items()},
            "registers": {k: list(v) for k, v in self.registers.items()},
            "counters": dict(self.counters),
            "log": dict(self.log),
            "generators": generator_states(self.device) if self._inside else self._generators,
        }

    def rebuild_environments(self) -> None:
        """What saving does to environments whose state cannot be saved, without saving."""
        for environment in self.environments.values():
            if isinstance(environment, SavedAtPoints) and environment.tier > 1:
                environment.save_point()

    @property
    def tier(self) -> int:
        """The worst way any environment's state is saved: 1 exact, 2 replayed, 3 rebuilt."""
        opened = self.environments.values()
        return max((e.tier for e in opened if isinstance(e, SavedAtPoints)), default=1)

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Parameters and statistics of every module, by path."""
        modules = self.modules.items()
        return {k: dict(m.state_dict()) for k, m in modules if hasattr(m, "state_dict")}

    def load_parameters(self, state: Mapping[str, Any]) -> None:
        """Take over what `parameters` gave."""
        for path, module in self.modules.items():
            if hasattr(module, "load_state_dict"):
                module.load_state_dict(state[path])

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self.load_parameters(state["parameters"])
        for path, optimizer in self.optimizers.items():
            saved = state["optimizers"][path]
            optimizer.load_state(saved["own"])
            optimizer.grad_norm = torch.as_tensor(saved["norm"]).to(self.device)
        for path, buffer in self.buffers.items():
            buffer.load_state(state["buffers"][path])
        for path, environment in self.environments.items():
            environment.load_state(state["environments"][path])
        self.registers.clear()
        for name, values in state["registers"].items():
            self.registers[name] = tuple(map_tree(self._placed, value) for value in values)
        self.counters.update(state["counters"])
        self.log.clear()
        self.log.update(state["log"])
        self._generators = dict(state["generators"])
        if self._inside:
            set_generators(self._generators)

    def _placed(self, tensor: Any) -> torch.Tensor:
        return torch.as_tensor(tensor).to(self.device)

    def close(self) -> None:
        """End the environments."""
        for environment in self.environments.values():
            environment.close()
        linecache.cache.pop(self.file_name, None)


class _Runnings(dict[str, Running[Any]]):
    """Handles for phases written by hand, made at first use."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program

    def __missing__(self, path: str) -> Running[Any]:
        part = next(p for b, p in self.program.lowered.functions.values() if p.socket_path == path)
        self[path] = Running(part, self.program.parts)
        return self[path]


def _save_point(environment: RunningEnvironment) -> State:
    """An environment without save points of its own can be saved at any moment."""
    if isinstance(environment, SavedAtPoints):
        return environment.save_point()
    return environment.state()


def _timed(
    function: Callable[..., Any],
    seconds: dict[str, float],
    name: str,
    wait: Callable[[], object] | None,
) -> Callable[..., Any]:
    clock = time.perf_counter

    def timed(*args: Any) -> Any:
        begun = clock()
        result = function(*args)
        if wait is not None:
            wait()
        seconds[name] += clock() - begun
        return result

    return timed

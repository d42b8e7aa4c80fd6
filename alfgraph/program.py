"""The program: a plan's source with real parts bound to its names, and the state they hold."""

from __future__ import annotations

import contextlib
import copy
import linecache
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from alfgraph.annealing import Annealing, Progress
from alfgraph.buffer_layouts import buffer_layout
from alfgraph.compiler.building import build_module, shadow_of
from alfgraph.compiler.numbers import size_of
from alfgraph.compiler.planning import Compiled
from alfgraph.component import Component
from alfgraph.execution import Recurrent, map_tree
from alfgraph.families import Buffer, Environment, Optimizer
from alfgraph.plan import Plan
from alfgraph.running import Running
from alfgraph.specs import RecordSpec, TensorSpec
from alfgraph.trace import Node


class Program:
    """What runs: modules, buffers, optimizers, environments and the functions that use them.

    Attributes:
        plan: what it was made from.
        namespace: the globals of the emitted source.
        modules: by parameter path; ordinary nn.Modules.
        counters: iteration, env_steps, and runs of gated phases.
    """

    def __init__(self, plan: Plan, *, seed: int, device: str, episodes: Any) -> None:
        """Build every part.

        Args:
            plan: of a checked board.
            seed: of parameters, environments and sampling.
            device: where tensors live.
            episodes: observes every environment step.
        """
        compiled: Compiled = plan.compiled
        self.plan = plan
        self.board = compiled.board
        self.lowered = compiled.lowered
        self.seed = seed
        self.device = device
        self.modules: dict[str, Any] = {}
        self.buffers: dict[str, Any] = {}
        self.optimizers: dict[str, Any] = {}
        self.environments: dict[str, Any] = {}
        self.registers: dict[str, Any] = {}
        self.counters: dict[str, int] = {"iteration": 0, "env_steps": 0}
        self.log: dict[str, Any] = {}
        self.shadows: list[tuple[Any, dict[str, Annealing]]] = []
        self.remainder = 0.0
        self._generators = _seeded(seed)
        with self.generators():
            self.namespace = self._bind(episodes)
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
        parts = self.lowered.parts
        namespace: dict[str, Any] = {
            "registers": self.registers,
            "counters": self.counters,
            "log": self.log,
            "episodes": episodes,
            "take_steps": self._take_steps,
        }
        for name, part in parts.items():
            if not isinstance(part, Optimizer):
                namespace[name] = self._bound(part)
        for name, part in parts.items():
            if isinstance(part, Optimizer):
                namespace[name] = self._optimizer(part)
        for name, (by, _part) in self.lowered.functions.items():
            namespace[name] = by
        namespace["running"] = _Runnings(self)
        return namespace

    def _bound(self, part: Component) -> Any:
        if isinstance(part, Environment):
            return self._environment(part)
        if isinstance(part, Buffer):
            layout = buffer_layout(self.board, part, self.device)
            self.buffers[part.socket_path] = part.build(layout)
            return self.buffers[part.socket_path]
        if part.has_build():
            module = self.module(part)
            return self._recurrent(part, module) if part.state_ports() else module
        shadow, annealed = shadow_of(part)
        if annealed:
            self.shadows.append((shadow, annealed))
        computes = shadow.forward
        return self._recurrent(part, computes) if part.state_ports() else computes

    def module(self, part: Component) -> Any:
        """The module of a part; a target's is a copy of the one it tracks."""
        source = part.binding.parameters
        if source not in self.modules:
            module = build_module(self.board, part)
            self.modules[source] = module.to(self.device) if hasattr(module, "to") else module
        if part.binding.tracked_by is None:
            return self.modules[source]
        if part.socket_path not in self.modules:
            tracked = copy.deepcopy(self.modules[source])
            for parameter in tracked.parameters():
                parameter.requires_grad_(False)
            self.modules[part.socket_path] = tracked
        return self.modules[part.socket_path]

    def _environment(self, part: Environment) -> Any:
        if part.socket_path not in self.environments:
            opened = part.open(part.batch_size("unroll"), self.seed, False, self.device)
            self.environments[part.socket_path] = opened
        return self.environments[part.socket_path]

    def _optimizer(self, part: Optimizer) -> Any:
        ownership = self.board.ownership.get(part.socket_path)
        owned = ownership.owned if ownership else tuple(self.modules)
        parameters = [
            p for path in owned for p in self.modules[path].parameters() if p.requires_grad
        ]
        annealed = {k: v for k, v in dict(part).items() if isinstance(v, Annealing)}
        shadow, _ = shadow_of(part)
        built = shadow.build(parameters)
        self.optimizers[part.socket_path] = built
        if "lr" in annealed:
            self.shadows.append((built, {"lr": annealed["lr"]}))
        return built

    def _recurrent(self, part: Component, computes: Any) -> Recurrent:
        node = self._node_of(part)
        spec = self.board.spec(node.state) if node.state is not None else RecordSpec()
        shapes: dict[str, Any] = {}
        for (name, leaf), port in zip(
            spec.fields if isinstance(spec, RecordSpec) else (), part.state_ports(), strict=True
        ):
            if isinstance(leaf, TensorSpec):
                sample = tuple(size_of(self.board, d) for d in leaf.sample)
                shapes[name] = (sample, getattr(torch, leaf.dtype), port.initial)
        names = [port.name for port in part.input_ports()]
        at = names.index("step_type") if "step_type" in node.inputs else None
        return Recurrent(computes, shapes, len(part.output_ports()), at, self.device)

    def _node_of(self, part: Component) -> Node:
        return next(
            node
            for section in self.board.sections
            for node in section.nodes()
            if node.path == part.socket_path and not node.pinned_state
            or node.path == part.socket_path
        )

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
        for shadow, annealed in self.shadows:
            for name, annealing in annealed.items():
                _set(shadow, name, annealing.at(progress))
        self.namespace["iteration"]()
        self.counters["iteration"] += 1

    def _take_steps(self) -> int:
        """Whole steps of a fractional unroll_length; the rest is carried over."""
        self.remainder += self.plan.schedule.unroll_length
        steps = int(self.remainder)
        self.remainder -= steps
        return steps

    @contextlib.contextmanager
    def generators(self) -> Iterator[None]:
        """Swap in this program's generators; the process's own come back afterwards."""
        outside = _generator_states()
        _set_generators(self._generators)
        try:
            yield
        finally:
            self._generators = _generator_states()
            _set_generators(outside)

    def namespace_for_evaluation(self, environments: dict[str, Any], episodes: Any) -> dict[str, Any]:
        """The same functions and parameters over other environments and registers."""
        names = {p.socket_path: n for n, p in self.lowered.parts.items()}
        namespace = dict(self.namespace)
        namespace.update({names[path]: env for path, env in environments.items()})
        namespace.update(registers={}, episodes=episodes, log={}, counters=dict(self.counters))
        exec(self.code, namespace)
        return namespace

    # ------------------------------------------------------------------ state

    def state(self) -> dict[str, Any]:
        """Everything that changes, by socket path; with `load_state` it continues exactly."""
        return {
            "parameters": {k: dict(m.state_dict()) for k, m in self.modules.items()
                           if hasattr(m, "state_dict")},
            "optimizers": {k: o.state() for k, o in self.optimizers.items()},
            "buffers": {k: b.state() for k, b in self.buffers.items()},
            "environments": {k: e.state() for k, e in self.environments.items()},
            "registers": {k: list(v) for k, v in self.registers.items()},
            "counters": dict(self.counters),
            "remainder": self.remainder,
            "generators": self._generators,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        for path, module in self.modules.items():
            if hasattr(module, "load_state_dict"):
                module.load_state_dict(state["parameters"][path])
        for path, optimizer in self.optimizers.items():
            optimizer.load_state(state["optimizers"][path])
        for path, buffer in self.buffers.items():
            buffer.load_state(state["buffers"][path])
        for path, environment in self.environments.items():
            environment.load_state(state["environments"][path])
        self.registers.clear()
        for name, values in state["registers"].items():
            self.registers[name] = tuple(
                map_tree(lambda t: torch.as_tensor(t).to(self.device), v) for v in values
            )
        self.counters.update(state["counters"])
        self.remainder = float(state["remainder"])
        self._generators = state["generators"]

    def close(self) -> None:
        """End the environments."""
        for environment in self.environments.values():
            environment.close()
        linecache.cache.pop(self.file_name, None)


class _Runnings(dict[str, Running]):
    """Handles for phases written by hand, made at first use."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program

    def __missing__(self, path: str) -> Running:
        part = next(p for b, p in self.program.lowered.functions.values() if p.socket_path == path)
        self[path] = Running(part, self.program)
        return self[path]


def _set(target: Any, name: str, value: float) -> None:
    setter = getattr(target, f"set_{name}", None)
    if callable(setter):
        setter(value)
    else:
        target.__dict__[name] = value


def _seeded(seed: int) -> dict[str, Any]:
    """Generator states as `seed` leaves them; the process's own are untouched."""
    outside = _generator_states()
    try:
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)  # user code may draw from numpy's global generator
        random.seed(seed)
        return _generator_states()
    finally:
        _set_generators(outside)


def _generator_states() -> dict[str, Any]:
    kind, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    version, internal, following = random.getstate()
    states = {
        "torch": torch.get_rng_state(),
        "numpy": [str(kind), np.asarray(keys), int(position), int(has_gauss), float(gauss)],
        "python": [version, list(internal), following],
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states["cuda"] = [state.cpu() for state in torch.cuda.get_rng_state_all()]
    return states


def _set_generators(states: dict[str, Any]) -> None:
    torch.set_rng_state(torch.as_tensor(states["torch"], dtype=torch.uint8))
    kind, keys, position, has_gauss, gauss = states["numpy"]
    np.random.set_state((kind, np.asarray(keys, np.uint32), position, has_gauss, gauss))
    version, internal, following = states["python"]
    random.setstate((version, tuple(int(i) for i in internal), following))
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.as_tensor(s, dtype=torch.uint8) for s in states["cuda"]])

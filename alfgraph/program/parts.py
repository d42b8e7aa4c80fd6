"""Parts: what computes, stores, steps and trains, built once from a plan's components."""

from __future__ import annotations

import copy
from typing import Any

import torch

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.lowering.layouts import buffer_layout
from alfgraph.compiler.schedule.loops import size_of
from alfgraph.compiler.solving.building import build_module, shadow_of
from alfgraph.execution import Recurrent
from alfgraph.families.annealing import Annealing, Progress
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer, Target
from alfgraph.families.protocols import BufferStorage, RunningEnvironment, RunningOptimizer
from alfgraph.specs.spec import RecordSpec, TensorSpec
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node


class Parts:
    """The built parts of a program, by path.

    Attributes:
        modules: by parameter path; ordinary nn.Modules.
        buffers: storages, by socket path.
        optimizers: running optimizers, by socket path.
        environments: opened environments, by socket path.
    """

    def __init__(self, draft: Draft, parts: tuple[Component, ...], seed: int, device: str) -> None:
        """Build nothing yet.

        Args:
            draft: what the compiler knows of the board.
            parts: what the program uses.
            seed: of environments.
            device: where tensors live.
        """
        self.draft, self.used, self.seed, self.device = draft, parts, seed, device
        self.modules: dict[str, Any] = {}
        self.buffers: dict[str, BufferStorage] = {}
        self.optimizers: dict[str, RunningOptimizer] = {}
        self.environments: dict[str, RunningEnvironment] = {}
        self._computing: dict[str, Any] = {}
        self._annealed: list[tuple[Any, dict[str, Annealing]]] = []
        self._tuned: list[tuple[Optimizer, RunningOptimizer, tuple[str, ...]]] = []

    def anneal(self, progress: Progress) -> None:
        """Give every setting that anneals its value at this progress."""
        for part, annealed in self._annealed:
            for name, annealing in annealed.items():
                _set(part, name, annealing.at(progress))
        for optimizer, running, names in self._tuned:
            optimizer.tune(running, names)

    def bound(self, part: Component) -> Any:
        """What the program calls by the part's name."""
        if isinstance(part, Environment):
            return self._environment(part)
        if isinstance(part, Buffer):
            return self._buffer(part)
        if isinstance(part, Target):
            return part.build(self._tracked(part))
        if part.has_build():
            module = self.module(part)
            return self._recurrent(part, module) if part.state_ports() else module
        computes = self.compute(part)
        return self._recurrent(part, computes) if part.state_ports() else computes

    def compute(self, part: Component) -> Any:
        """The `forward` of a part without parameters, with the numbers its settings anneal to."""
        if part.socket_path not in self._computing:
            shadow, annealed = shadow_of(part)
            if annealed:
                self._annealed.append((shadow, annealed))
            self._computing[part.socket_path] = shadow.forward
        return self._computing[part.socket_path]

    def _buffer(self, part: Buffer) -> BufferStorage:
        shadow, annealed = shadow_of(part)
        built: BufferStorage = shadow.build(buffer_layout(self.draft, part, self.device))
        self.buffers[part.socket_path] = built
        if annealed:
            self._annealed.append((built, annealed))
        return built

    def module(self, part: Component) -> Any:
        """The module of a part; a target's is a copy of the one it tracks."""
        source = part.binding.parameters
        if source not in self.modules:
            module = build_module(self.draft, part)
            self.modules[source] = module.to(self.device) if hasattr(module, "to") else module
            annealed = {name: value for name, value in part if isinstance(value, Annealing)}
            if annealed:
                self._annealed.append((self.modules[source], annealed))
        if part.binding.tracked_by is None:
            return self.modules[source]
        if part.socket_path not in self.modules:
            tracked = copy.deepcopy(self.modules[source])
            for parameter in tracked.parameters():
                parameter.requires_grad_(False)
            self.modules[part.socket_path] = tracked
        return self.modules[part.socket_path]

    def _tracked(self, target: Target) -> list[tuple[Any, Any]]:
        """(source, copy) of every module a target tracks."""
        path = target.socket_path
        copies = [p for p in self.used if p.binding.tracked_by == path]
        made = [(self.module(p), p.binding.parameters) for p in copies if p.has_build()]
        return [(self.modules[source], module) for module, source in made]

    def _environment(self, part: Environment) -> RunningEnvironment:
        if part.socket_path not in self.environments:
            opened = part.open(part.batch_size("unroll"), self.seed, False, self.device)
            self.environments[part.socket_path] = opened
        return self.environments[part.socket_path]

    def optimizer(self, part: Optimizer) -> RunningOptimizer:
        """The running optimizer of the parameters it owns; their modules are built before."""
        ownership = self.draft.ownership.get(part.socket_path)
        owned = ownership.owned if ownership else tuple(self.modules)
        parameters = [
            p for path in owned for p in self.modules[path].parameters() if p.requires_grad
        ]
        shadow, annealed = shadow_of(part)
        built: RunningOptimizer = shadow.build(parameters)
        self.optimizers[part.socket_path] = built
        if annealed:
            shadow.tune(built, tuple(annealed))  # who cannot be told is told so before the run
            self._annealed.append((shadow, annealed))
            self._tuned.append((shadow, built, tuple(annealed)))
        return built

    def _recurrent(self, part: Component, computes: Any) -> Recurrent:
        node = self._node_of(part)
        spec = self.draft.spec(node.state) if node.state is not None else RecordSpec()
        shapes: dict[str, Any] = {}
        for (name, leaf), port in zip(
            spec.fields if isinstance(spec, RecordSpec) else (), part.state_ports(), strict=True
        ):
            if isinstance(leaf, TensorSpec):
                sample = tuple(size_of(self.draft, d) for d in leaf.sample)
                shapes[name] = (sample, getattr(torch, leaf.dtype), port.initial)
        names = [port.name for port in part.input_ports()]
        at = names.index("step_type") if "step_type" in node.inputs else None
        return Recurrent(computes, shapes, len(part.output_ports()), at, self.device)

    def _node_of(self, part: Component) -> Node:
        nodes = [n for s in self.draft.sections for n in s.nodes() if n.path == part.socket_path]
        return next((node for node in nodes if not node.pinned_state), nodes[0])


def _set(target: Any, name: str, value: float) -> None:
    setter = getattr(target, f"set_{name}", None)
    if callable(setter):
        setter(value)
    else:
        target.__dict__[name] = value

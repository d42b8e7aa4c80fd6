"""What really flows through the ports of a running program, against what they declare.

The compiler is not asked: every call of a part is matched afresh, with the shapes that came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from alfgraph.distributions import TensorDistribution
from alfgraph.execution import Recurrent
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer
from alfgraph.program.program import Program
from alfgraph.specs.dims import Dims
from alfgraph.specs.spec import DistributionSpec, RecordSpec, Spec, SymbolSpec, TensorSpec
from alfgraph.specs.unify import Mismatch, Solver
from alfgraph.wiring.arguments import Scopes, port_leaves, size_setting
from alfgraph.wiring.component import Component, Operation
from alfgraph.wiring.ports import Port
from alfgraph.wiring.records import Record, record_leaves

Tell = Callable[[str], None]
Shape = tuple[int, ...]


def watch(program: Program, tell: Tell) -> None:
    """From now on tell of every value that is not what its port declares."""
    for name, part in program.lowered.parts.items():
        bound = program.namespace.get(name)
        if isinstance(part, Environment):
            _watch_environment(bound, part, tell)
            _watch_opened(part, tell)
        elif isinstance(part, Optimizer):
            _watch_optimizer(bound, part, tell)
        elif isinstance(bound, Recurrent):
            bound.module = _Watched(bound.module, part, tell)
        elif not isinstance(part, Buffer):
            program.namespace[name] = _Watched(bound, part, tell)


def _watch_environment(env: Any, part: Environment, tell: Tell) -> None:
    step, wanted = env.step, part.known().get("action")

    def watched(action: Any) -> Any:
        if wanted is not None and not _same(action, wanted, env.num_envs):
            tell(f"{part.socket_path}.action expects {wanted}, got {_told(action)}")
        return step(action)

    env.step = watched


def _watch_opened(part: Environment, tell: Tell) -> None:
    """Evaluation opens environments of its own."""
    opens = part.open

    def watched(*args: Any) -> Any:
        env = opens(*args)
        _watch_environment(env, part, tell)
        return env

    part.__dict__["open"] = watched


def _same(action: Any, spec: Spec, count: int) -> bool:
    if isinstance(spec, RecordSpec):
        named = isinstance(action, dict) and set(action) == set(spec.names)
        return named and all(_same(action[name], field, count) for name, field in spec.fields)
    if not isinstance(action, torch.Tensor) or not isinstance(spec, TensorSpec):
        return False
    return action.dtype == getattr(torch, spec.dtype) and action.shape == (count, *spec.sample)


def _watch_optimizer(optimizer: Any, part: Optimizer, tell: Tell) -> None:
    solver = _Matching(part, Solver(), {}, tell)
    for name in ("step", "differentiate"):
        call = getattr(optimizer, name)

        def watched(loss: Any, *rest: Any, call: Any = call, **named: Any) -> Any:
            solver.meet(part.input_ports()[:1], [loss])
            return call(loss, *rest, **named)

        setattr(optimizer, name, watched)


class _Watched:
    """A part as a program calls it, with its ports watched."""

    def __init__(self, inner: Any, part: Component, tell: Tell, pins: Any = None) -> None:
        self._inner = inner
        self._pins = pins or type(part)
        self._part = part
        self._tell = tell
        self._known = Solver()
        self._seen: dict[str, list[tuple[torch.dtype, Shape]]] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        operation = getattr(type(self._part), name, None)
        if isinstance(operation, Operation):
            return _Watched(found, self._part, self._tell, operation)
        return found

    def __call__(self, *inputs: Any) -> Any:
        result = self._inner(*inputs)
        matching = _Matching(self._part, self._known, self._seen, self._tell)
        # Lists, so that a part that is given too little or gives too much is no error here.
        matching.meet(self._pins.input_ports(), list(inputs))
        outputs = self._pins.output_ports()
        registers = self._pins.state_ports()
        given = list(result) if isinstance(result, tuple) else [result]
        matching.meet([*outputs, *registers][: len(given)], given)
        return result


class _Matching:
    """One call: symbols of the application are its own."""

    def __init__(self, part: Component, known: Solver, seen: Any, tell: Tell) -> None:
        self.part, self.known, self.seen, self.tell = part, known, seen, tell
        shared = part.has_build() or bool(part.state_ports())
        self.solver = known if shared else Solver()
        for key in [k for k in self.solver.stars if k[0] == "call"]:
            del self.solver.stars[key]
        for key in [k for k in self.solver.sizes if k[0] == "call"]:
            del self.solver.sizes[key]
        self.solver.waiting.clear()
        settings = part.__dict__
        self.scopes = Scopes(
            application="call",
            component="part",
            settings=lambda name: size_setting(settings, name),
            axes={},
        )

    def meet(self, ports: Any, values: list[Any]) -> None:
        for port, value in zip(ports, values, strict=False):
            if value is None or port.takes_component:
                continue
            given = dict(_leaves(port, value))
            for name, spec, _ in port_leaves(port):
                if name in given:
                    self.meet_leaf(name, self.scopes.spec(spec, name), given[name])

    def meet_leaf(self, name: str, spec: Spec, value: Any) -> None:
        if isinstance(spec, DistributionSpec):
            if isinstance(value, TensorDistribution):
                self.meet_leaf(name, spec.event, value.mode())
            else:
                self.tell_of(name, spec, value)
        elif isinstance(spec, SymbolSpec):
            if isinstance(value, torch.Tensor) and not self.is_alike(spec.name, value):
                self.tell_of(name, spec, value)
        elif isinstance(spec, RecordSpec):
            for field, inner in spec.fields:
                if not isinstance(value, dict) or field not in value:
                    self.tell_of(name, spec, value)
                    return
                self.meet_leaf(f"{name}.{field}", inner, value[field])
        elif not isinstance(value, torch.Tensor) or not self.fits(spec, value):
            self.tell_of(name, spec, value)

    def is_alike(self, symbol: str, value: torch.Tensor) -> bool:
        """A tree of one name is the same in all calls, but for what stands before it."""
        seen = self.seen.setdefault(symbol, [])
        shape = tuple(value.shape)
        alike = all(dtype == value.dtype and _ends_alike(shape, other) for dtype, other in seen)
        seen.append((value.dtype, shape))
        return alike

    def fits(self, spec: TensorSpec, value: torch.Tensor) -> bool:
        dims: Dims = (*spec.batch, *spec.sample)
        given = TensorSpec(dtype=str(value.dtype).removeprefix("torch."), sample=tuple(value.shape))
        try:
            plain = spec.model_copy(update={"low": None, "high": None})
            self.solver.unify(given, plain.model_copy(update={"batch": (), "sample": dims}))
            self.solver.settle()
        except Mismatch:
            return False
        return True

    def tell_of(self, name: str, spec: Spec, value: Any) -> None:
        self.tell(f"{self.part.socket_path}.{name} declares {spec}, {_told(value)} came")


def _ends_alike(one: Shape, other: Shape) -> bool:
    short, long = sorted((one, other), key=len)
    rest = short[1:]
    return long[len(long) - len(rest) :] == rest


def _leaves(port: Port, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Record):
        yield from record_leaves(value, f"{port.name}.")
    else:
        yield port.name, value


def _told(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    return type(value).__name__

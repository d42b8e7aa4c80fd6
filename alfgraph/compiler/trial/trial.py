"""Trial run: every `forward` and every built module runs once on small real tensors.

What comes out is compared with the declared ports. This is what makes "if it checks, it runs"
true for users' own code.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.gradients.reach import nodes_without_gradient
from alfgraph.compiler.solving.arithmetic import compute
from alfgraph.compiler.solving.at_part import at_part
from alfgraph.compiler.solving.building import build_module, callable_of
from alfgraph.compiler.solving.mismatches import no_reparametrisation, place, small_mismatch
from alfgraph.compiler.trial.call_arguments import assemble_arguments
from alfgraph.compiler.trial.findings import changed, corrections, one_line, raised, undecided
from alfgraph.compiler.trial.results import (
    as_list,
    check_bounds,
    equal,
    kind_of,
    refuse_open_axes,
    shown,
)
from alfgraph.compiler.trial.samples import draw_tensor, resampled
from alfgraph.diagnostics.diagnostic import Diagnostic, Fact
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.distributions import TensorDistribution
from alfgraph.execution import initial_state, leaf_tensors, scan, step_once
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer, Target
from alfgraph.specs.dims import Dims, Star, Symbol
from alfgraph.specs.spec import DistributionSpec, RecordSpec, Spec, SymbolSpec, TensorSpec, batch_of
from alfgraph.specs.unify import Mismatch
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value

PRIMES = (3, 5, 7, 11, 13, 17, 19, 23)


@contextlib.contextmanager
def forked_generators() -> Iterator[None]:
    """Whatever is drawn inside leaves torch's generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def run_trial(draft: Draft) -> None:
    """Run every section once on small tensors; what does not fit becomes a diagnostic."""
    trial = _Trial(draft)
    with forked_generators(), torch.no_grad():
        for section in draft.sections:
            trial.section(section)


def run_trial_with_gradient(draft: Draft) -> None:
    """Run once more what trains, with a gradient wherever a loss needs one.

    `tensor.numpy()` and writing into what a loss needs pass without a gradient, and raise with one.
    """
    trial = _Trial(draft)
    with forked_generators():
        for section in draft.sections:
            if not any(isinstance(node.component, Optimizer) for node in section.nodes()):
                continue
            without = nodes_without_gradient(draft, section)
            for node in section.nodes():
                with torch.set_grad_enabled(node.id not in without):
                    trial.nodes([node])


class _Trial:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.values: dict[Value, Any] = {}
        self.sizes: dict[Symbol, int] = {}
        self.primes = itertools.cycle(PRIMES)

    # ------------------------------------------------------------------ sizes

    def size(self, dim: int | Symbol | Star) -> int:
        if isinstance(dim, int):
            return dim
        if isinstance(dim, Star):
            raise Mismatch("rank")
        bare = dim._replace(factor=1, offset=0)
        if bare not in self.sizes:
            self.sizes[bare] = next(self.primes)
        return dim.value(self.sizes[bare])

    def shape(self, dims: Dims) -> tuple[int, ...]:
        return tuple(self.size(dim) for dim in dims)

    # ---------------------------------------------------------------- drawing

    def draw(self, spec: Spec, example: Any = None) -> Any:
        """A random value of a solved spec; of a distribution, like the example."""
        if isinstance(spec, RecordSpec):
            examples = example if isinstance(example, dict) else {}
            return {name: self.draw(field, examples.get(name)) for name, field in spec.fields}
        if isinstance(spec, DistributionSpec):
            if not isinstance(example, TensorDistribution):
                raise Mismatch("kind: no distribution was stored")
            batch = self.shape(batch_of(spec) or ())
            return resampled(example, batch, len(example.log_prob(example.mode()).shape))
        if isinstance(spec, SymbolSpec):
            raise Mismatch(f"`{spec}` is not decided by anything on the board")
        return draw_tensor(spec, self.shape(spec.dims))

    # ---------------------------------------------------------------- running

    def section(self, section: Section) -> None:
        self.nodes(section.trace.nodes)

    def nodes(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            if node.kind == "function":
                continue
            if any(value not in self.values for value in node.inputs.values()):
                continue  # what feeds it failed: the root cause is reported there
            try:
                self.node(node)
            except AlfgraphError as error:
                if not node.is_replaced:
                    self.draft.reporter.extend(_located(d, node) for d in error.diagnostics)
                    self.draft.reporter.poison(node.path)  # it would fail in other phases as well
            except Mismatch as mismatch:
                if not node.is_replaced:
                    self.draft.reporter.report(undecided(self.draft, node, mismatch))

    def node(self, node: Node) -> None:
        part = node.component
        if node.kind != "component":
            try:
                self.small(node)
            except AlfgraphError:
                raise
            except Mismatch as mismatch:
                raise AlfgraphError(small_mismatch(self.draft, node, mismatch)) from mismatch
            except Exception as error:
                reason = Mismatch(f"{type(error).__name__}: {one_line(error)}")
                found = no_reparametrisation(self.draft, node)
                raise AlfgraphError(found or small_mismatch(self.draft, node, reason)) from error
        elif isinstance(part, Environment):
            self.drawn(node)
        elif isinstance(part, Buffer):
            self.buffer(node, part)
        elif isinstance(part, Optimizer | Target):
            return
        else:
            self.call(node, part)

    def drawn(self, node: Node) -> None:
        for value in node.outputs.values():
            self.values[value] = self.draw(self.draft.spec(value))

    def buffer(self, node: Node, part: Buffer) -> None:
        contents = part.binding.slot.contents[part.socket_path]
        for name, value in node.outputs.items():
            written: Any = contents.node.inputs.get(name)
            example = self.values.get(written, self.draft.examples.get(written))
            self.values[value] = self.draw(self.draft.spec(value), example)
            self.remember(value)

    def small(self, node: Node) -> None:
        inputs = {name: self.values[value] for name, value in node.inputs.items()}
        if node.kind == "distribution" and node.call not in {"detach", "slice", "index"}:
            arguments = [inputs["other"]] if "other" in inputs else []
            result = getattr(inputs["self"], node.call)(*arguments)
            if not equal([result], [getattr(inputs["self"], node.call)(*arguments)]):
                self.draft.random.add((node.phase, node.id))  # an estimate, as some entropies are
        else:
            settings = dict(node.settings)
            inputs = {("x" if k == "self" else k): v for k, v in inputs.items()}
            result = compute(node.call, inputs, settings)
        out = node.outputs["out"]
        if self.draft.solver.is_solved(out.spec):
            self.check(out, result)
        self.values[out] = result
        self.remember(out)

    def remember(self, value: Value) -> None:
        if isinstance(self.values[value], TensorDistribution):
            self.draft.examples[value] = self.values[value]

    def module(self, part: Component) -> Any:
        key = part.binding.parameters
        if part.has_build() and key not in self.draft.modules:
            try:
                self.draft.modules[key] = build_module(self.draft, part)
            except AlfgraphError as error:
                raise AlfgraphError(at_part(error.diagnostics, part, part.socket_path)) from None
            except Exception as error:
                raise raised(self.draft, part, "build", error, ()) from error
        return self.draft.modules.get(key)

    def call(self, node: Node, part: Component) -> None:
        compute_call = callable_of(part, self.module(part), node.call)
        before = self.versions(node)
        try:
            results = self.results(node, part, compute_call)
            again = self.results(node, part, compute_call) if node.outputs else results
        except (AlfgraphError, Mismatch):
            raise
        except Exception as error:
            raise raised(self.draft, part, node.call, error, self.facts(node), node) from error
        for port, versions in self.versions(node).items():
            if versions != before[port]:
                raise changed(part, node, port)
        if not part.deterministic or not equal(results, again):
            self.draft.random.add((node.phase, node.id))
        self.check_results(node, results)

    def versions(self, node: Node) -> dict[str, list[int]]:
        """How often the tensors of every input have been written to."""
        return {
            port: [t._version for t in leaf_tensors(self.values[value])]
            for port, value in node.inputs.items()
        }

    def results(self, node: Node, part: Component, compute_call: Any) -> list[Any]:
        inputs = self.arguments(node, part)
        registers = part.state_ports()
        if not registers:
            result = compute_call(*inputs)
            return as_list(result, len(node.outputs), part, node)
        batch = self.draft.solver.dims((Star("batch", f"{node.phase}#{node.id}"),))
        state = self.registers(node)
        initial = {port.name: port.initial for port in registers}
        step_type = self.step_type(node)
        run = scan if len(batch) > 1 else step_once
        wanted = len(node.outputs) + len(registers)

        def counted(*given: Any) -> tuple[Any, ...]:
            return tuple(as_list(compute_call(*given), wanted, part, node))

        *results, before, _after = run(
            counted, inputs, state, initial, step_type, len(node.outputs)
        )
        if node.state is not None and not node.pinned_state:
            self.values[node.state] = before
        return list(results)

    def registers(self, node: Node) -> dict[str, Any]:
        if node.pinned_state and node.state is not None:
            pinned: dict[str, Any] = self.values[node.state]
            return pinned
        assert node.state is not None
        spec = self.draft.spec(node.state)
        shapes: dict[str, Any] = {}
        batch: tuple[int, ...] = ()
        for (name, leaf), port in zip(
            spec.fields if isinstance(spec, RecordSpec) else (),
            node.component.state_ports(),
            strict=True,
        ):
            if not isinstance(leaf, TensorSpec):
                raise Mismatch(f"kind: the register `{name}` is to be one tensor, not {leaf}")
            batch = self.shape(leaf.batch)
            shapes[name] = (self.shape(leaf.sample), getattr(torch, leaf.dtype), port.initial)
        return initial_state(shapes, batch, "cpu")

    def step_type(self, node: Node) -> Any:
        value = node.inputs.get("step_type")
        return self.values[value] if value is not None else None

    def arguments(self, node: Node, part: Component) -> list[Any]:
        return assemble_arguments(node, part, lambda value, port: self.values[value], self.module)

    # --------------------------------------------------------------- checking

    def check_results(self, node: Node, results: list[Any]) -> None:
        for value, result in zip(node.outputs.values(), results, strict=True):
            try:
                self.check(value, result)
            except Mismatch as mismatch:
                if not node.is_replaced:
                    self.draft.reporter.report(self.mismatch(node, value, result, mismatch))
                    self.draft.reporter.poison(node.path)
                    self.draft.reporter.poison(value.label)  # other phases call it too
                continue
            self.values[value] = result
            self.remember(value)
        self.draft.solver.settle()

    def check(self, value: Value, result: Any) -> None:
        declared = self.draft.spec(value)
        refuse_open_axes(value, declared)
        if isinstance(declared, DistributionSpec):
            if not isinstance(result, TensorDistribution):
                raise Mismatch(f"kind: a distribution was declared, {kind_of(result)} came")
            self.check_tree(declared.event, result.mode(), bounds=False)
        else:
            self.check_tree(declared, result, bounds=True)

    def check_tree(self, declared: Spec, result: Any, bounds: bool) -> None:
        if isinstance(declared, RecordSpec):
            if not isinstance(result, dict) or set(result) != set(declared.names):
                raise Mismatch(f"fields: {declared} was declared, {kind_of(result)} came")
            for name, field in declared.fields:
                self.check_tree(field, result[name], bounds)
            return
        if isinstance(declared, DistributionSpec):
            raise Mismatch("kind: a distribution inside a record")
        if isinstance(result, dict):
            fields = tuple((k, self.observed(declared.batch, v)) for k, v in result.items())
            self.draft.solver.unify(RecordSpec(fields=fields), declared)
            return
        observed = self.observed(declared.batch, result)
        if isinstance(declared, TensorSpec):
            if bounds and declared.is_discrete:
                check_bounds(declared, result)
            declared = declared.model_copy(update={"low": None, "high": None})
        self.draft.solver.unify(observed, declared)

    def observed(self, batch: Dims, result: Any) -> TensorSpec:
        if not isinstance(result, torch.Tensor):
            raise Mismatch(f"kind: a tensor was declared, {kind_of(result)} came")
        if any(isinstance(dim, Star) for dim in batch):
            batch = ()
        leading = self.shape(batch)
        if tuple(result.shape[: len(leading)]) != leading:
            came = f"{list(result.shape)} does not begin with {list(leading)}"
            raise Mismatch(f"leading axes: {came}")
        return TensorSpec(
            dtype=str(result.dtype).removeprefix("torch."),
            batch=batch,
            sample=tuple(result.shape[len(leading) :]),
        )

    def mismatch(self, node: Node, value: Value, result: Any, mismatch: Mismatch) -> Diagnostic:
        part = node.component
        source, related = place(node)
        tensor = next(iter(leaf_tensors(result)), None) if not isinstance(result, tuple) else None
        found = shown(result, tensor)
        return Diagnostic(
            code="E109",
            message=f"`{value.label}` is not what {type(part).__name__} declares",
            source=part.created_at or source,
            related=related,
            facts=(
                Fact(
                    subject=value.label,
                    verb="declared",
                    spec=str(self.draft.spec(value)),
                    origin=type(part).__name__,
                ),
                Fact(subject="its trial run", verb="gave", spec=found, origin=self.legend()),
            ),
            notes=(f"they differ in {mismatch.aspect}",),
            help=corrections(part, self.draft.spec(value), result, self.shape_of(value)),
            path=node.path,
        )

    def shape_of(self, value: Value) -> tuple[int, ...] | None:
        """The declared shape in the trial's sizes; None while the number of axes is open."""
        declared = self.draft.spec(value)
        try:
            return self.shape(declared.dims) if isinstance(declared, TensorSpec) else None
        except Mismatch:
            return None

    def legend(self) -> str:
        sizes = ", ".join(f"{symbol.name}={size}" for symbol, size in self.sizes.items())
        return f"with {sizes}"

    def facts(self, node: Node) -> tuple[Fact, ...]:
        return tuple(
            Fact(subject=node.label_of(port), verb="got", spec=str(self.draft.spec(value)))
            for port, value in node.inputs.items()
        )


def _located(diagnostic: Diagnostic, node: Node) -> Diagnostic:
    """What a part says by itself, with the place; it says it in the trial run."""
    if diagnostic.code and diagnostic.source:
        return diagnostic
    made = node.component.created_at if node.component is not None else None
    known = {
        "code": diagnostic.code or "E110",
        "source": diagnostic.source or made or place(node)[0],
        "path": diagnostic.path or node.path,
    }
    return diagnostic.model_copy(update=known)

"""Lower: the plan as plain Python source, one function per phase."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from alfgraph.compiler.draft import Draft, Section, is_operation
from alfgraph.compiler.gradients.order import order_optimizers
from alfgraph.compiler.gradients.reach import detaches, reach_of
from alfgraph.compiler.lowering.gating import gates_of
from alfgraph.compiler.lowering.naming import Variables
from alfgraph.compiler.lowering.source_text import (
    WIDTH,
    argument_text,
    is_tree,
    show_sized,
    wrapped,
)
from alfgraph.compiler.lowering.tags import Tags, monitors_of
from alfgraph.compiler.solving.arithmetic import ATOM, write
from alfgraph.compiler.trial.call_arguments import assemble_arguments
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer
from alfgraph.specs.dims import Star
from alfgraph.specs.spec import RecordSpec
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value

PROBE = "_probe"
"""What shows values; no part and no variable is called so."""

INLINED = {
    "add",
    "subtract",
    "multiply",
    "divide",
    "negate",
    "less",
    "greater",
    "equals",
    "slice",
    "index",
    "key",
    "detach",
    "power",
}


class FunctionWriter:
    """Writes the body of one section as lines of Python."""

    def __init__(
        self,
        draft: Draft,
        section: Section,
        names: dict[str, str],
        functions: dict[str, tuple[Callable[..., object], Component]],
        tags: Tags,
        probed: Sequence[Value] = (),
    ) -> None:
        self.draft = draft
        self.tags = tags
        self.probed = {value: number for number, value in enumerate(probed)}
        self.section = section
        self.names = names
        self.functions = functions
        self.variables = Variables(
            names.values(), [v for node in section.nodes() for v in node.outputs.values()]
        )
        self.lines: list[str] = []
        self.depth = 1
        self.hands_out = False
        self.autograd = False
        self.replaced: set[Value] = set()
        self.without_gradient: frozenset[int] = frozenset()
        self.uses = self._count_uses()
        self.gates = gates_of(section, self.read_by)
        self.order = order_optimizers(draft, section, self.gates)
        self._early = self.order.early
        self._ahead: set[Node] = set()
        self._last: tuple[tuple[str, ...], int] = ((), -1)

    # ------------------------------------------------------------------ lines

    def begin(self) -> None:
        """Begin another body with the same variables."""
        self.lines, self.depth = [], 1

    def line(self, text: str, comment: str = "") -> None:
        """Append a line; comments stand in a column of their own, long calls are wrapped."""
        code = "    " * self.depth + text if text else ""
        if len(code) > WIDTH and "(" in code:
            self.lines += wrapped(code)
            return
        self.lines.append(f"{code:<60}  # {comment}" if comment else code)

    def spec(self, value: Value) -> str:
        """The spec of a value with its sizes in numbers, for the comment."""
        return show_sized(self.draft, self.draft.spec(value))

    def expression(self, value: Value) -> str:
        """How a value is written where it is used."""
        return self._operand(value)[0]

    def _operand(self, value: Value) -> tuple[str, int]:
        node = value.node
        if isinstance(node.component, Environment):
            return f"{self.names[node.path]}.{value.name.partition('.')[2]}", ATOM
        if self.draft.spec(value) == RecordSpec():
            return "{}", ATOM  # the registers of a part that has none
        if self._is_inlined(value):
            return self._arithmetic(node)
        return self.variables.name(value), ATOM

    def _is_inlined(self, value: Value) -> bool:
        return (
            value not in self.variables.names
            and value not in self.probed
            and value.node.kind == "math"
            and value.node.call in INLINED
            and (self.uses.get(value, 0) == 1 or value.node.call in {"key", "detach"})
        )

    def _arithmetic(self, node: Node) -> tuple[str, int]:
        operands = {name: self._operand(value) for name, value in node.inputs.items()}
        if node.kind == "distribution":
            operands = {"x": operands["self"]}
        first = next(iter(node.inputs.values()), None)
        tree = first is not None and is_tree(self.draft.spec(first))
        return write(node.call, operands, node.settings, tree)

    def _count_uses(self) -> dict[Value, int]:
        uses: dict[Value, int] = {}
        for node in self.section.nodes():
            for value in self.read_by(node):
                uses[value] = uses.get(value, 0) + 1
        for feed in self.section.trace.feeds:
            uses[feed.value] = uses.get(feed.value, 0) + 1
        for value, _, _ in self.section.trace.stops:
            uses[value] = uses.get(value, 0) + 1
        return uses

    def read_by(self, node: Node) -> list[Value]:
        """The values a node needs; of what it writes, those that somebody reads."""
        leaves = node.settings.get("leaves")
        if isinstance(node.component, Buffer) and node.call == "write" and leaves is not None:
            return [node.inputs[name] for name in leaves]
        return list(node.inputs.values())

    # -------------------------------------------------------------- statements

    def node(self, node: Node) -> None:
        """Write the statements of one node, unless that was done ahead of its place."""
        if node in self._ahead:
            return
        self._in_blocks(node, lambda: self._probed_statement(node))
        for earlier, last in self.order.deferred.items():
            if last is node:
                apply = f"{self.names[earlier.path]}.apply()"
                self._in_blocks(earlier, functools.partial(self.line, apply))

    def _probed_statement(self, node: Node) -> None:
        self._statement(node)
        for value in (*node.outputs.values(), *([node.state] if node.state else [])):
            if value.node is node:
                self.probe(value)

    def probe(self, value: Value) -> None:
        """Write the call that shows a value, if it is to be shown."""
        if value in self.probed and value not in self.replaced:
            self.line(f"{PROBE}({self.probed[value]}, {self.expression(value)})")

    def _in_blocks(self, node: Node, write_statement: Callable[[], None]) -> None:
        """Write below the headers a node needs; those of the statement before are shared."""
        headers = self._headers(node)
        shared = 0
        if self._last[1] == len(self.lines):
            pairs = zip(headers, self._last[0], strict=False)
            shared = next(
                (i for i, (a, b) in enumerate(pairs) if a != b),
                min(len(headers), len(self._last[0])),
            )
        last = self._last
        before, self.lines, self._last = self.lines, [], ((), -1)
        self.depth += len(headers)
        write_statement()
        self.depth -= len(headers)
        written, self.lines = self.lines, before
        self._last = last
        if not written:
            return
        for i, header in enumerate(headers[shared:], start=shared):
            self.lines.append("    " * (self.depth + i) + header)
        self.lines += written
        self._last = (headers, len(self.lines))

    def _headers(self, node: Node) -> tuple[str, ...]:
        gate = self.gates.get(node.id, 1)
        gated = (f'if counters["{self.section.name}"] % {gate} == 0:',) if gate > 1 else ()
        return (*gated, "with torch.no_grad():") if node.id in self.without_gradient else gated

    def _statement(self, node: Node) -> None:
        part = node.component
        if isinstance(part, Environment):
            return
        if node.kind == "function":
            name = self._function_name(node)
            at = ".at(batch)" if self.hands_out else ""
            self.line(f'{name}(running["{node.path}"]{at})', "a phase written by hand")
        elif node.kind != "component":
            self._small(node)
        elif isinstance(part, Buffer) and not is_operation(node):
            self._buffer(node)
        elif isinstance(part, Optimizer) and node.call == "forward":
            self._optimizer(node)
        elif part.state_ports() and node.call == "forward":
            self._recurrent(node)
        else:
            self._call(node)

    def _function_name(self, node: Node) -> str:
        by = node.settings["by"]
        name = self.variables.fresh(str(getattr(by, "__name__", "phase")))
        self.functions[name] = (by, node.component)
        return name

    def _small(self, node: Node) -> None:
        out = node.outputs["out"]
        if node.kind == "math" and self._is_inlined(out):
            return
        if node.kind == "distribution" and node.call not in {"detach", "slice", "index"}:
            operand = self._operand(node.inputs["self"])
            receiver = operand[0] if operand[1] == ATOM else f"({operand[0]})"
            argument = self.expression(node.inputs["other"]) if "other" in node.inputs else ""
            expression = f"{receiver}.{node.call}({argument})"
        else:
            expression = self._arithmetic(node)[0]
        self.line(f"{self.variables.name(out)} = {expression}", self.spec(out))

    def _buffer(self, node: Node) -> None:
        name = self.names[node.path]
        if node.call == "write":
            arguments = [self.expression(value) for value in self.read_by(node)]
            self.line(f"{name}.write({', '.join(arguments)})")
            return
        read = [v for v in node.outputs.values() if self.uses.get(v)]
        arguments = ["batch"] if node.component.hands_out_batches else []
        arguments += [self.expression(value) for value in node.inputs.values()]
        call = f"{name}.{node.call}("
        if not read:
            self.line(f"{call}{', '.join(arguments)})")
            return
        targets = ", ".join(self.variables.name(value) for value in read)
        comma = "," if len(read) == 1 else ""
        self.line(f"{targets}{comma} = {call}")
        for argument in arguments:
            self.line(f"    {argument},")
        for value in read:
            self.line(f'    "{value.name}",', self.spec(value))
        self.line(")")

    def _optimizer(self, node: Node) -> None:
        name = self.names[node.path]
        loss = self._loss(node)
        self.line(f'log["{self.tags.tag(node, "loss")}"] = {loss}.detach()')
        hoisted = self.order.hoisted.get(node, [])
        waits = node in self.order.deferred
        if not (hoisted or waits or node in self._early):
            self.line(f"{name}.step({loss}{self._retain(node)})")
            return
        if node not in self._early:
            self._differentiate(node)
        for later in hoisted:
            for left in self.order.ahead[later]:
                self.node(left)
                self._ahead.add(left)
            self._in_blocks(later, functools.partial(self._differentiate, later))
        if not waits:
            self.line(f"{name}.apply()")

    def _differentiate(self, node: Node) -> None:
        call = f"{self.names[node.path]}.differentiate"
        self.line(f"{call}({self._loss(node)}{self._retain(node)})")

    def _retain(self, node: Node) -> str:
        return ", retain_graph=True" if node in self.order.retained else ""

    def _loss(self, node: Node) -> str:
        """The loss of an optimizer; an expression becomes a variable first."""
        value = node.inputs["loss"]
        loss, strength = self._operand(value)
        if strength == ATOM:
            return loss
        name = self.variables.name(value)
        self.line(f"{name} = {loss}", self.spec(value))
        return name

    def _arguments(self, node: Node) -> list[str]:

        arguments = assemble_arguments(
            node,
            node.component,
            lambda value, port: self._at_port(node, port, value),
            lambda part: self.names[part.socket_path],
        )
        texts = [argument_text(argument) for argument in arguments]
        while texts and texts[-1] == "None":
            texts.pop()
        return texts

    def _at_port(self, node: Node, port: str, value: Value) -> str:
        """A value as a port reads it: gradients stop at `In(..., detach=True)`."""
        expression, strength = self._operand(value)
        live = self.section.phase == "unroll" and "with grad" in self.draft.gradient.values()
        stops = (self.autograd or live) and detaches(node, port)
        stops = stops and (value.node.id not in self.without_gradient or self._is_inlined(value))
        if not stops or not reach_of(self.draft, self.section, value).parameters:
            return expression
        if is_tree(self.draft.spec(value)):
            return f"detached({expression})"
        return f"{expression}.detach()" if strength == ATOM else f"({expression}).detach()"

    def _call(self, node: Node) -> None:
        name = self.names[node.path]
        method = "" if node.call == "forward" else f".{node.call}"
        self._assign(node, f"{name}{method}({', '.join(self._arguments(node))})")

    def _assign(self, node: Node, call: str) -> None:
        outputs = list(node.outputs.values())
        monitored = monitors_of(node)
        targets: list[str] = []
        for value in outputs:
            wanted = self.uses.get(value) or value.name in monitored
            targets.append(self.variables.name(value) if wanted else "_")
        if not targets:
            self.line(call)
            return
        comment = self.spec(outputs[0]) if len(outputs) == 1 else ""
        self.line(f"{', '.join(targets)} = {call}", comment)
        self._log(node, targets)

    def _log(self, node: Node, targets: list[str]) -> None:
        """Log the monitored outputs of a call."""
        monitored = monitors_of(node)
        for name, target in zip(node.outputs, targets, strict=True):
            if name in monitored:
                self.line(f'log["{self.tags.tag(node, name)}"] = {target}.detach()')

    def _recurrent(self, node: Node) -> None:
        """A part with registers: one step on [B], a scan over [T, B]."""
        name = self.names[node.path]
        scope = f"{node.phase}#{node.id}"
        batch = self.draft.solver.dims((Star("batch", scope),))
        method = "scan" if len(batch) > 1 else "step"
        arguments = self._arguments(node)
        state = node.state
        assert state is not None
        if node.pinned_state:
            before, after, source = "_", "_", self.expression(state)
        elif self.section.phase in {"unroll", "predict"}:
            before = self.variables.name(state) if self.uses.get(state) else "_"
            after = source = f"{name}_registers"
        else:
            before, after = (self.variables.name(state) if self.uses.get(state) else "_"), "_"
            source = f"{name}.initial({arguments[0]}, {len(batch) - 1})"
        monitored = monitors_of(node)
        outputs = [
            self.variables.name(value) if self.uses.get(value) or value.name in monitored else "_"
            for value in node.outputs.values()
        ]
        inner = ", ".join([source, *arguments])
        self.line(f"{', '.join([*outputs, before, after])} = {name}.{method}({inner})")
        self._log(node, outputs)

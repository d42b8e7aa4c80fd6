"""RolloutWriter: `unroll` and `predict`, the tick that ends with the environment's step."""

from __future__ import annotations

from collections.abc import Callable

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.lowering.function_writer import FunctionWriter
from alfgraph.compiler.schedule.loops import unroll_length
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.schedules import OffPolicy
from alfgraph.wiring.trace import Node, Value


def _with_sources(nodes: list[Node], found: set[int]) -> None:
    """Add nodes and everything they are computed from, up to the environment."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node.id in found or isinstance(node.component, Environment):
            continue
        found.add(node.id)
        pending += [value.node for value in node.inputs.values()]


class RolloutWriter:
    """Writes `unroll` (with `start`) or `predict`: the tick, rotated so that it ends with a step.

    The environment is stepped at the end of a tick, and so is everything the stored time steps go
    through: row T exists, and is the next rollout's row 0.
    """

    def __init__(
        self, writer: FunctionWriter, count: Callable[[FunctionWriter], None], training: bool
    ) -> None:
        """Find what the stored time steps go through, and what is carried to the next tick.

        Args:
            writer: writes the statements of the section.
            count: counts a run of the section's loop where something in it is gated.
            training: False is `predict`.
        """
        section = writer.section
        self.draft, self.section, self.writer = writer.draft, section, writer
        self.count, self.training = count, training
        self.env = next(
            (n for n in section.trace.nodes if isinstance(n.component, Environment)), None
        )
        self.writes = [
            n for n in section.nodes() if isinstance(n.component, Buffer) and n.call == "write"
        ]
        self.front = self._front_nodes()
        self.carried = self._carried()
        self.recurrent = [
            n
            for n in section.nodes()
            if n.kind == "component" and n.component.state_ports() and n.call == "forward"
        ]

    # ------------------------------------------------------------- what is front

    def _step_values(self) -> list[Value]:
        found: dict[Value, None] = {}
        for node in self.writes:
            fields = tuple(f"{name}." for name in node.settings["steps"])
            for name in node.settings.get("leaves", ()):
                if name.startswith(fields) and fields:
                    found[node.inputs[name]] = None
        return list(found)

    def _front_nodes(self) -> list[Node]:
        """What the stored time steps go through, with the statistics on the way, in text order."""
        needed: set[int] = set()
        _with_sources([value.node for value in self._step_values()], needed)
        parts = {n.path for n in self.section.nodes() if n.id in needed}
        for node in self.section.nodes():
            statistics = node.kind == "component" and not node.outputs and node.path in parts
            if statistics and not isinstance(node.component, Buffer):
                _with_sources([node], needed)
        return [node for node in self.section.nodes() if node.id in needed]

    def _carried(self) -> list[Value]:
        """Results of the front that the rest of the tick, or the closing row, reads."""
        inside = {node.id for node in self.front}
        wanted: dict[Value, None] = {}
        for value in self._step_values():
            if value.node.id in inside:
                wanted[value] = None
        for node in self.section.nodes():
            if node.id not in inside:
                for value in self.writer.read_by(node):
                    if value.node.id in inside:
                        wanted[value] = None
        for feed in self.section.trace.feeds:
            if feed.value.node.id in inside:
                wanted[feed.value] = None
        return list(wanted)

    # ------------------------------------------------------------------ writing

    def write(self) -> list[str]:
        """`start` and the tick."""
        if self.env is None:
            return []
        carried = [self.writer.variables.name(value) for value in self.carried]
        registers = self._register_names()
        kept = [*carried, *registers]
        lines = self._start(kept, registers)
        lines += ["", "", *self._tick(kept)]
        return lines

    def _register_names(self) -> list[str]:
        names = [self.writer.names[node.path] for node in self.recurrent if not node.pinned_state]
        return [f"{name}_registers" for name in dict.fromkeys(names)]

    def _start(self, kept: list[str], registers: list[str]) -> list[str]:
        name = "start" if self.training else "start_predict"
        env = self.writer.names[self.env.path] if self.env else "env"
        writer = self.writer
        writer.begin()
        writer.line(f"{env}.reset()")
        if self.training:
            writer.line(f"episodes.observe({env})")
        for register in registers:
            writer.line(
                f"{register} = {register.removesuffix('_registers')}.initial({env}.step_type, 0)"
            )
        for node in self.front:
            writer.node(node)
        if kept:
            joined = ", ".join(kept)
            writer.line(f'registers["{self.section.name}"] = ({joined},)')
        doc = "Begin an episode in every environment."
        return ["@torch.no_grad()", f"def {name}():", f'    """{doc}"""', *writer.lines]

    def _tick(self, kept: list[str]) -> list[str]:
        writer = self.writer
        length = unroll_length(self.draft)
        fractional = length != int(length)
        writer.begin()
        if kept:
            names = ", ".join(kept) + ("," if len(kept) == 1 else "")
            writer.line(f'{names} = registers["{self.section.name}"]')
        steps = "steps" if fractional or not self.training else str(int(length))
        writer.line(f"for t in range({steps}):")
        writer.depth = 2
        self.count(writer)
        inside = {node.id for node in self.front}
        if random_steps(self.draft) and self.training:
            for feed in self.section.trace.feeds:
                writer.variables.name(feed.value)  # a variable, so that it can be replaced
                if isinstance(feed.node.component, Environment):
                    writer.replaced.add(feed.value)
        for node in self.section.nodes():
            if node.id not in inside:
                writer.node(node)
                self._replace_actions(node)
        self._step_environment()
        for node in self.front:
            writer.node(node)
        writer.depth = 1
        if self.training:
            self._close()
        if kept:
            live = "with grad" in self.draft.gradient.values()
            joined = ", ".join(f"detached({name})" if live else name for name in kept)
            writer.line(f'registers["{self.section.name}"] = ({joined},)')
        lines = (
            []
            if "with grad" in self.draft.gradient.values() and self.training
            else ["@torch.no_grad()"]
        )
        argument = "steps" if steps == "steps" else ""
        return [
            *lines,
            f"def {self.section.name}({argument}):",
            f'    """{self._doc(length)}"""',
            *writer.lines,
        ]

    def _doc(self, length: float) -> str:
        if not self.training:
            return "Act greedily for some steps, learning nothing."
        environments = self.env.component.batch_size("unroll") if self.env else 0
        count = f"{length:g} step{'s' if length != 1 else ''}"
        return f"Collect {count} in each of {environments} environments."

    def _replace_actions(self, node: Node) -> None:
        """While collecting, what acts is random; everything behind it sees that action."""
        steps = random_steps(self.draft) if self.training else 0
        for feed in self.section.trace.feeds:
            if steps and feed.value.node is node and isinstance(feed.node.component, Environment):
                action = self.writer.variables.name(feed.value)
                self.writer.line(f'if counters["env_steps"] < {steps}:')
                self.writer.line(f"    {action} = random_action()")
                self.writer.replaced.discard(feed.value)
                self.writer.probe(feed.value)

    def _step_environment(self) -> None:
        env = self.writer.names[self.env.path] if self.env else "env"
        for feed in self.section.trace.feeds:
            if isinstance(feed.node.component, Environment):
                action = self.writer.expression(feed.value)
                self.writer.line(f"{env}.step({action})")
        if self.training and self.env is not None:
            environments = self.env.component.batch_size("unroll")
            self.writer.line(f'counters["env_steps"] += {environments}')
        self.writer.line(f"episodes.observe({env})")

    def _close(self) -> None:
        """The step made at the end of the last tick is the last row of the buffers' steps."""
        for node in self.writes:
            fields = tuple(f"{name}." for name in node.settings["steps"])
            leaves = [n for n in node.settings.get("leaves", ()) if fields and n.startswith(fields)]
            if leaves and node.component.closes:
                arguments = [self.writer.expression(node.inputs[name]) for name in leaves]
                self.writer.line(f"{self.writer.names[node.path]}.close({', '.join(arguments)})")


def random_steps(draft: Draft) -> int:
    """Env steps during which random actions are taken."""
    schedule = draft.collection
    if not isinstance(schedule, OffPolicy) or not schedule.random_actions:
        return 0
    return schedule.initial_collect_steps

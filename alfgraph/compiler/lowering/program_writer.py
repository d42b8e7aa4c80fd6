"""The whole program: header, `start`, one function per phase, `iteration`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from alfgraph.compiler.compiled import Loop, Lowered
from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.gradients.reach import nodes_without_gradient
from alfgraph.compiler.lowering.function_writer import FunctionWriter
from alfgraph.compiler.lowering.naming import part_names
from alfgraph.compiler.lowering.rollout_writer import RolloutWriter
from alfgraph.compiler.lowering.tags import Tags
from alfgraph.compiler.schedule.loops import unroll_length
from alfgraph.families.buffer import Buffer
from alfgraph.families.learning import Optimizer
from alfgraph.families.schedules import OffPolicy
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value
from alfgraph.wiring.tree import parts_below


class ProgramWriter:
    """Writes the module the run executes."""

    def __init__(
        self,
        draft: Draft,
        loops: dict[str, Loop],
        names: dict[str, str],
        title: str,
        probed: Sequence[Value] = (),
    ) -> None:
        self.probed = probed
        self.draft = draft
        self.loops = loops
        self.names = names
        self.title = title
        self.tags = Tags(draft)
        self.functions: dict[str, tuple[Callable[..., object], Component]] = {}
        self.counted: dict[str, None] = {}

    def write(self, parts: dict[str, Component]) -> str:
        """The source of the program."""
        body: list[str] = []
        for section in self.draft.sections:
            body += ["", "", *self._section(section)]
        body += ["", "", *self._iteration()]
        text = "\n".join(body)
        used = [name for name in ("detached", "rows") if re.search(rf"\b{name}\(", text)]
        return "\n".join([*self._header(parts, used), text, ""])

    def _header(self, parts: dict[str, Component], helpers: list[str]) -> list[str]:
        lines = [f'"""{self.title}', "", "Bound by the run, by socket path:"]
        width = max((len(name) for name in self.names.values()), default=0)
        for path, part in parts.items():
            lines.append(f"    {self.names[path]:<{width}}  {path or 'the board'} ({_name(part)})")
        lines += ['"""', "", "import torch"]
        return lines + (
            ["", f"from alfgraph.execution import {', '.join(helpers)}"] if helpers else []
        )

    # ---------------------------------------------------------------- sections

    def _section(self, section: Section) -> list[str]:
        if section.phase == "unroll":
            return RolloutWriter(self.writer(section), self.count, training=True).write()
        if section.phase == "predict":
            return RolloutWriter(self.writer(section), self.count, training=False).write()
        return self._phase(section)

    def writer(self, section: Section) -> FunctionWriter:
        """What writes the statements of a section."""
        return FunctionWriter(
            self.draft, section, self.names, self.functions, self.tags, self.probed
        )

    def _phase(self, section: Section) -> list[str]:
        loop = self.loops[section.name]
        writer = self.writer(section)
        writer.hands_out = loop.kind == "mini_batches"
        argument = "batch" if writer.hands_out else ""
        trains = any(
            type(n.component).family == "optimizer"
            for n in section.nodes()
            if n.component is not None
        )
        opaque = any(n.kind == "function" for n in section.nodes())
        writer.autograd = trains or opaque
        if writer.autograd:
            writer.without_gradient = nodes_without_gradient(self.draft, section)
        stops = sorted(section.trace.stops, key=lambda stop: stop[1])
        self.count(writer)
        for node in section.trace.nodes:
            while stops and node.id >= stops[0][1] and not node.settings.get("recomputed"):
                _stop(writer, stops.pop(0)[0])
            if node.id in section.live:
                writer.node(node)
        for stop in stops:
            _stop(writer, stop[0])
        lines = [] if trains or opaque else ["@torch.no_grad()"]
        lines.append(f"def {section.name}({argument}):")
        lines.append(f'    """{loop.describe()}"""')
        return lines + (writer.lines if writer.lines else ["    pass"])

    def count(self, writer: FunctionWriter) -> None:
        """Count a run of a function in which something is gated."""
        if any(gate > 1 for gate in writer.gates.values()):
            name = writer.section.name
            self.counted[name] = None
            writer.line(f'counters["{name}"] += 1')

    # --------------------------------------------------------------- iteration

    def _iteration(self) -> list[str]:
        lines = ["def iteration():", '    """One training iteration."""']
        unrolls = [s for s in self.draft.sections if s.phase == "unroll"]
        if unrolls:
            lines.append(f"    {self._unroll_call(unrolls[0])}")
        calls = [
            line
            for section in self.draft.sections
            if section.phase not in {"unroll", "predict"}
            for line in self._calls(section, self.loops[section.name])
        ]
        collection = self.draft.collection
        if calls and isinstance(collection, OffPolicy) and collection.initial_collect_steps:
            lines.append(f'    if counters["env_steps"] >= {collection.initial_collect_steps}:')
            calls = [f"    {line}" for line in calls]
        return [*lines, *calls, '    counters["iteration"] += 1']

    def _unroll_call(self, section: Section) -> str:
        length = unroll_length(self.draft)
        return f"{section.name}()" if length == int(length) else f"{section.name}(take_steps())"

    def _calls(self, section: Section, loop: Loop) -> list[str]:
        name = section.name
        stops = bool(section.trace.stops)
        depth = 1
        lines: list[str] = []

        def line(text: str) -> None:
            lines.append("    " * depth + text)

        if loop.every > 1:
            line(f'if counters["iteration"] % {loop.every} == {loop.every - 1}:')
            depth += 1
        if loop.kind == "mini_batches" and loop.buffer is not None:
            buffer = self.names[loop.buffer]
            if stops:
                line(f"for batch in {buffer}.passes({loop.epochs}):")
                line(f"    if {name}(batch):")
                line("        break")
            else:
                line(f"for epoch in range({loop.epochs}):")
                line(f"    for batch in {buffer}.shuffled():")
                line(f"        {name}(batch)")
        elif loop.kind == "repeat" and loop.count > 1:
            line(f"for _ in range({loop.count}):")
            line(f"    if {name}():" if stops else f"    {name}()")
            if stops:
                line("        break")
        else:
            line(f"{name}()")
        return lines


def _name(part: Component) -> str:
    identity = getattr(part, "identity", "")
    return f"{type(part).__name__} {identity}".strip()


def _stop(writer: FunctionWriter, value: Value) -> None:
    writer.line(f"if {writer.expression(value)}:")
    writer.line("    return True")


def parts_of_function(draft: Draft, node: Node) -> list[Component]:
    """What a phase written by hand may use: the networks, buffers and optimizers of its board."""
    return [
        part
        for part in parts_below(node.component)
        if part.binding.parameters in draft.modules
        or isinstance(part, Optimizer)
        or (isinstance(part, Buffer) and part.socket_path in part.binding.slot.contents)
    ]


def lower(
    draft: Draft, loops: dict[str, Loop], title: str, probed: Sequence[Value] = ()
) -> Lowered:
    """Write the program of a checked board.

    Args:
        draft: its bound and checked form.
        loops: by section.
        title: its first line.
        probed: values to show: `_probe(NUMBER, value)` stands behind the statement that makes each.
            The program computes the same numbers, bit for bit.
    """
    used: dict[str, Component] = {}
    for section in draft.sections:
        for node in section.nodes():
            if node.component is not None and node.kind == "component":
                used.setdefault(node.path, node.component)
                for parts in node.parts.values():
                    for part in parts:
                        if not isinstance(node.component, Optimizer):
                            used.setdefault(part.socket_path, part)
            if node.kind == "function":
                for part in parts_of_function(draft, node):
                    used.setdefault(part.socket_path, part)
    ports = {
        name.rpartition(".")[2]
        for section in draft.sections
        for node in section.nodes()
        for name in node.outputs
    }
    names = part_names(used.values(), [section.name for section in draft.sections], ports)
    writer = ProgramWriter(draft, loops, names, title, probed)
    source = writer.write(used)
    return Lowered(
        source=source,
        parts={names[path]: part for path, part in used.items()},
        functions=writer.functions,
        counted=tuple(writer.counted),
    )

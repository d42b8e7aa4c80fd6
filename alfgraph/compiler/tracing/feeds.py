"""Latched inputs that nothing feeds: they would be read at the next tick."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.solving.mismatches import place
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.repairs.calls import unused_calls, wrapped_call
from alfgraph.diagnostics.source import Source
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.environment import Environment
from alfgraph.wiring.trace import Node
from alfgraph.wiring.tree import parts_below


def check_feeds(draft: Draft, section: Section) -> None:
    """E202 for every latched input that a phase leaves open."""
    if any(node.kind == "function" for node in section.trace.nodes):
        return  # written by hand
    fed = {(feed.node, feed.port) for feed in section.trace.feeds}
    for node in section.trace.nodes:
        if node.kind != "component" or node.call != "forward":
            continue
        for port in node.component.input_ports():
            if port.latched and port.is_required and (node, port.name) not in fed:
                _report(draft, section, node, port.name)


def _report(draft: Draft, section: Section, node: Node, port: str) -> None:
    source, related = place(node)
    fix = Help(text=f"`self.{node.path}.feed({port}=...)`")
    draft.reporter.report(
        Diagnostic(
            code="E202",
            message=f"`{node.label_of(port)}` is never fed in `{section.phase}`",
            source=source,
            related=related,
            help=_dropped_action(draft, section, node, source) or (fix,),
            path=node.path,
        )
    )


def _dropped_action(
    draft: Draft, section: Section, node: Node, source: Source | None
) -> tuple[Help, ...]:
    """What an algorithm's phase gives is the action; here it was called, and that is dropped."""
    prefix = f"{node.board}." if node.board else ""
    calls = {
        f"self.{part.socket_path.removeprefix(prefix)}.{section.phase}"
        for part in parts_below(draft.root)
        if isinstance(part, Algorithm) and part.socket_path.startswith(prefix)
    }
    found = [call for call in unused_calls(source) if call.name in calls]
    if not isinstance(node.component, Environment) or len(found) != 1:
        return ()
    feed = f"self.{node.path.removeprefix(prefix)}.feed(action="
    edits = wrapped_call(found[0], feed, ")")
    return (Help(text=f"feed what the call gives: `{feed}{found[0].name}(...))`", edits=edits),)

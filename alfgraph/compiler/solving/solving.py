"""Unify: every wire's given spec meets the spec its port expects, in both directions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.solving.at_part import at_part
from alfgraph.compiler.solving.building import solved_symbols
from alfgraph.compiler.solving.environments import refuse_open_environments
from alfgraph.compiler.solving.math_specs import guess_elementwise, rule_of
from alfgraph.compiler.solving.mismatches import (
    misfit,
    mismatch_diagnostic,
    place,
    role_diagnostic,
    small_mismatch,
)
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.families.environment import knowledge_of
from alfgraph.specs.dims import Dims, Star, Symbol
from alfgraph.specs.spec import Spec, SymbolSpec, TensorSpec, symbols_of
from alfgraph.specs.unify import Mismatch, Solver
from alfgraph.wiring.component import Component, scopes_of
from alfgraph.wiring.trace import Feed, Node, Value
from alfgraph.wiring.tree import parts_below


def solve_board(draft: Draft) -> None:
    """Unify all wires of all sections; mismatches become diagnostics."""
    _tell_known(draft)
    if draft.reporter.errors:
        return
    for section in draft.sections:
        for node in section.trace.nodes:
            _solve_node(draft, node)
        for feed in section.trace.feeds:
            _solve_feed(draft, feed)
    draft.solver.settle()
    _guess(draft)
    refuse_open_environments(draft)


def _tell_known(draft: Draft) -> None:
    """Put in what components know by themselves: spaces of environments, sizes of settings."""
    called: dict[str, Component] = {}
    for section in draft.sections:
        for node in section.trace.nodes:
            if node.kind == "component":
                called.setdefault(node.component.binding.parameters, node.component)
    for path, part in called.items():
        try:
            known = knowledge_of(part)
        except AlfgraphError as error:
            draft.reporter.extend(at_part(error.diagnostics, part, part.socket_path))
            continue
        for name, value in known.items():
            _put(draft, f"part:{path}", name, value)


def _put(draft: Draft, scope: str, name: str, value: Any) -> None:
    solver = draft.solver
    if name.startswith("*"):
        dims: Dims = tuple(value)
        solver.stars[(scope, name)] = dims
    elif isinstance(value, int):
        solver.sizes[(scope, name)] = value
    else:
        spec: Spec = value
        solver.trees[(scope, name)] = spec


def _solve_node(draft: Draft, node: Node) -> None:
    if node.kind in {"math", "distribution"}:
        rule = rule_of(node)

        def blame(mismatch: Mismatch) -> None:
            if node.is_replaced:
                return
            diagnostic = small_mismatch(draft, node, mismatch)
            if draft.reporter.report(diagnostic, [_subject(node)]):
                port, value = list(node.inputs.items())[-1]
                draft.misfits[value, node, port] = misfit(diagnostic)
            draft.reporter.poison(_subject(node))

        draft.solver.wait(rule, blame)
        draft.solver.settle()
        return
    if node.kind == "component" and node.component.state_ports():
        draft.solver.wait(lambda solver: _registers_follow(solver, node))
    if node.kind == "component" and type(node.component).derive is not Component.derive:
        draft.solver.wait(lambda solver: _derived(draft, node), _blame_derived(draft, node))
    for port, value in node.inputs.items():
        expected = node.expected.get(port)
        if expected is not None:
            _join(draft, value, expected, node, port)
    draft.solver.settle()


def _derived(draft: Draft, node: Node) -> bool:
    """Ask a component for the symbols that follow from those already solved."""
    part = node.component
    scope = scopes_of(part, node).component
    known, missing = solved_symbols(draft, scope, part.derive)
    if missing:
        return False
    try:
        derived = part.derive(**known)
    except AlfgraphError as error:
        cause = at_part(error.diagnostics, part, node.path)
        draft.reporter.blame(cause, f"part:{part.binding.parameters}")
        return True
    for name, value in derived.items():
        _learn(draft.solver, scope, name, value)
    return True


def _blame_derived(draft: Draft, node: Node) -> Callable[[Mismatch], None]:
    def blame(mismatch: Mismatch) -> None:
        draft.reporter.report(
            Diagnostic(
                code="E101",
                message=f"what `{node.path}` gives does not fit what reads it",
                source=place(node)[0],
                notes=(f"they differ in {mismatch.aspect}",),
                path=node.path,
            ),
            [_subject(node)],
        )

    return blame


def _learn(solver: Solver, scope: str, name: str, value: Any) -> None:
    if not isinstance(value, int | tuple):
        solver.unify(value, SymbolSpec(name=name, scope=scope))
        return
    is_size = isinstance(value, int)
    unknown: Dims = (Symbol(name, scope),) if is_size else (Star(name.lstrip("*"), scope),)
    known: Dims = (value,) if isinstance(value, int) else value
    solver.unify(TensorSpec(dtype="bool", sample=known), TensorSpec(dtype="bool", sample=unknown))


def _registers_follow(solver: Solver, node: Node) -> bool:
    """Registers have no time axis: their batch part is the last axis of the call's."""
    scope = f"{node.phase}#{node.id}"
    batch = solver.dims((Star("batch", scope),))
    if any(isinstance(dim, Star) for dim in batch):
        return False
    solver.unify(
        SymbolSpec(name="_", scope=f"{scope}.registers", batch=batch[-1:]),
        SymbolSpec(name="_", scope=f"{scope}.registers", batch=(Star("registers", scope),)),
    )
    return True


def _subject(node: Node) -> str:
    return f"{node.phase}#{node.id}"


def _join(draft: Draft, value: Value, expected: Spec, node: Node, port: str) -> None:
    def blame(mismatch: Mismatch) -> None:
        if node.is_replaced:
            return
        subjects = [_subject(value.node), *_parts_behind(value)]
        diagnostic = mismatch_diagnostic(draft, value, expected, node, port, mismatch)
        if draft.reporter.report(diagnostic, subjects):
            draft.misfits[value, node, port] = misfit(diagnostic)
            # Other phases wire the same port: they are told apart once this one is right.
            draft.reporter.poison(_subject(node), node.label_of(port))

    try:
        draft.solver.unify(value.spec, expected, blame)
    except Mismatch as mismatch:
        blame(mismatch)
        return
    warning = role_diagnostic(value, node, port)
    if warning is not None and not node.is_replaced:
        draft.reporter.report(warning)


def _parts_behind(value: Value) -> set[str]:
    """The parts that a value was computed with."""
    pending, seen = [value], {value}
    while pending:
        new = set(pending.pop().node.inputs.values()) - seen
        seen |= new
        pending += new
    parts = (behind.node.component for behind in seen)
    return {f"part:{part.binding.parameters}" for part in parts if part is not None}


def _solve_feed(draft: Draft, feed: Feed) -> None:
    part = feed.node.component
    port = next(p for p in part.input_ports() if p.name == feed.port)
    expected = scopes_of(part, feed.node).spec(port.spec, port.name)
    feed.node.expected[feed.port] = expected
    _join(draft, feed.value, expected, feed.node, feed.port)


def _guess(draft: Draft) -> None:
    """What is still open: let the operands of arithmetic be equal, one node at a time."""
    for value, like in (pair for s in draft.sections for pair in s.trace.likely):
        if isinstance(draft.solver.resolve(value.spec), SymbolSpec):
            with contextlib.suppress(Mismatch):  # it was only likely
                draft.solver.unify(value.spec, like.spec)
            draft.solver.settle()
    nodes = [n for s in draft.sections for n in s.trace.nodes if not n.is_replaced]
    progress = True
    while progress and not draft.reporter.errors:
        progress = False
        for node in nodes:
            try:
                if guess_elementwise(node, draft.solver):
                    draft.solver.settle()
                    progress = True
                    break
            except Mismatch as mismatch:
                draft.reporter.report(small_mismatch(draft, node, mismatch))


def unsolved(draft: Draft, spec: Spec) -> list[str]:
    """Names of the unknowns left in a spec."""
    names: list[str] = []
    for symbol in symbols_of(draft.solver.resolve(spec)):
        if isinstance(symbol, SymbolSpec | Star) or (
            isinstance(symbol, Symbol) and not symbol.rigid
        ):
            names.append(str(symbol))
    return names


def all_parts(draft: Draft) -> list[Component]:
    """Every part of the bound tree."""
    return parts_below(draft.root)

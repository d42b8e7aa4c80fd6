"""The words of E101 and W110: both ends, what they give and expect, and a fix to type."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from alfgraph.compiler.draft import Draft
from alfgraph.diagnostics.diagnostic import Diagnostic, Fact, Help
from alfgraph.diagnostics.libraries import in_library
from alfgraph.diagnostics.repairs.calls import Fix, appended, as_help, renamed_attribute
from alfgraph.diagnostics.repairs.classes import redeclared
from alfgraph.diagnostics.shown_line import ShownLine, shown_line
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import listing
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import DistributionSpec, Spec, TensorSpec, batch_of, leaves
from alfgraph.specs.unify import Mismatch, Solver
from alfgraph.wiring.component import Component, pins_of
from alfgraph.wiring.records import Record
from alfgraph.wiring.trace import Node, Value
from alfgraph.wiring.tree import parts_below


def origin(node: Node) -> str:
    """`GymEnv "CartPole-v1"`: the class, and the id of what it stands for."""
    part = node.component
    if part is None:
        return ""
    name = type(part).__name__
    identity = getattr(part, "identity", None)
    return f'{name} "{identity}"' if isinstance(identity, str) and identity else name


def place(node: Node, sources: tuple[Source, ...] = ()) -> ShownLine:
    """The line of a call: where it is wired, or else where the user made the part."""
    return shown_line(sources or node.sources, lines_of_part(node.component))


def plugged(part: object) -> Source | None:
    """Where the user made a part, or else the nearest board that brought it along."""
    return shown_line((), lines_of_part(part)).source


def lines_of_part(part: object) -> Iterator[Source | None]:
    """The line that made a part, then those of the boards around it, from inside out."""
    while isinstance(part, Component):
        yield part.created_at
        part = part.binding.parent if part.is_bound else None


def mismatch_diagnostic(
    draft: Draft,
    value: Value,
    expected: Spec,
    node: Node,
    port: str,
    mismatch: Mismatch,
) -> Diagnostic:
    """E101 for a wire into a port."""
    solver = draft.solver
    gives, wants = solver.resolve(value.spec), solver.resolve(expected)
    if isinstance(gives, DistributionSpec):  # its event may be known only from the other end
        event = joined(solver, gives.event, wants)
        gives = gives if event is None else DistributionSpec(event=event)
    target = node.label_of(port)
    feed = next(
        (
            f
            for s in draft.sections
            for f in s.trace.feeds
            if f.node is node and f.port == port and f.value is value
        ),
        None,
    )
    source, related = _line_of_wire(value, node, port, feed.sources if feed else ())
    is_loss = isinstance(node.component, Optimizer)
    return Diagnostic(
        code="E124" if is_loss else "E101",
        message=f"`{value.label}` does not fit `{target}`{': a loss is one float' * is_loss}",
        source=source,
        related=related,
        facts=(
            Fact(subject=value.label, verb="gives", spec=str(gives), origin=origin(value.node)),
            Fact(subject=target, verb="expects", spec=str(wants), origin=origin(node)),
        ),
        notes=(f"they differ in {mismatch.aspect}{_kinds(mismatch, gives, wants)}",),
        help=tuple(as_help(fix, source) for fix in _helps(draft, value, node, port, gives, wants)),
        path=node.path,
        about=(port,),
    )


def misfit(diagnostic: Diagnostic) -> str:
    """What the ends of a wire give and expect, in few words: `gives int64[B] ≠ expects bool[B]`."""
    ends = " ≠ ".join(f"{fact.verb} {fact.spec}" for fact in diagnostic.facts)
    return ends if len(diagnostic.facts) > 1 else ": ".join((ends, *diagnostic.notes))


def _line_of_wire(value: Value, node: Node, port: str, sources: tuple[Source, ...]) -> ShownLine:
    """The argument of the call; where a library made the call, what the user wired into it."""
    made, *around = lines_of_part(node.component) if node.component is not None else (None,)
    giver = (*value.node.sources, *itertools.islice(lines_of_part(value.node.component), 1))
    shown = shown_line(sources or node.sources, (made, *giver, *around))
    if shown.related or shown.source is None or in_library(shown.source.file):
        return shown
    return ShownLine(shown.source.argument(node.arguments.get(port.partition(".")[0], port)))


def _kinds(mismatch: Mismatch, gives: Spec, wants: Spec) -> str:
    if mismatch.aspect != "dtype":
        return ""
    if not isinstance(gives, TensorSpec) or not isinstance(wants, TensorSpec):
        return ""
    return "" if gives.is_discrete == wants.is_discrete else ": one is discrete, one continuous"


def _helps(
    draft: Draft, value: Value, node: Node, port: str, gives: Spec, wants: Spec
) -> list[str | Fix]:
    """A sibling that fits, then what the distribution offers, then what would fit."""
    solver = draft.solver
    found: list[str | Fix] = []
    for name, sibling in value.node.outputs.items():
        spec = joined(solver, sibling.spec, wants) if sibling is not value else None
        if spec is not None:
            found.append(_sibling(value, sibling, name, spec))
    if isinstance(gives, DistributionSpec) and not isinstance(wants, DistributionSpec):
        drawn = joined(solver, gives.event, wants)
        if drawn is not None:
            text = f"draw from it: `.sample()` gives {drawn}, and so does `.mode()` for evaluation"
            method = ".mode()" if node.phase == "predict" else ".sample()"
            found.append(Fix(text, lambda at: appended(at, method)))
    if isinstance(gives, TensorSpec) and isinstance(wants, TensorSpec) and not found:
        found += _shape_advice(gives, wants)
        found = found or _kind_advice(value.node, node, gives, wants)
    return found or [
        *_declaration(node, port, gives, wants),
        *_what_fits(draft, node, value, wants),
    ]


def _declaration(node: Node, port: str, gives: Spec, wants: Spec) -> list[Fix]:
    """The user's own port, declared with the sizes that come: numbers that were typed."""
    if not isinstance(gives, TensorSpec) or not isinstance(wants, TensorSpec):
        return []
    declared = next((p.spec for p in pins_of(node).input_ports() if p.name == port), None)
    pairs = list(zip(gives.sample, wants.sample, strict=False))
    is_sizes = len(gives.sample) == len(wants.sample) and gives.dtype == wants.dtype
    if (
        not is_sizes
        or not isinstance(declared, TensorSpec)
        or not all(_are_sizes(*p) for p in pairs)
    ):
        return []
    sample = tuple(
        came if isinstance(size, int) else size
        for size, (came, _) in zip(declared.sample, pairs, strict=False)
    )
    spec = str(declared.model_copy(update={"sample": sample}))
    kind = type(node.component)
    edits = redeclared(kind, port, spec) if spec != str(declared) else ()
    sizes = " and ".join(str(came) for came, size in pairs if came != size)
    text = f'where {kind.__name__} can do with {sizes}, declare `{port} = In("{spec}")`'
    return [Fix(text, lambda _: edits)] if edits else []


def _are_sizes(came: object, wanted: object) -> bool:
    """Whether both are numbers, or the same whatever it is."""
    return came == wanted or (isinstance(came, int) and isinstance(wanted, int))


def _sibling(value: Value, sibling: Value, name: str, spec: Spec) -> Fix:
    """Another output of the same call."""
    own, other = value.name.rpartition(".")[2], name.rpartition(".")[2]
    text = f"`{sibling.label}` is {spec} and fits; did you mean `.{other}`?"
    return Fix(text, lambda at: renamed_attribute(at, own, other))


def _kind_advice(giver: Node, taker: Node, gives: TensorSpec, wants: TensorSpec) -> list[str | Fix]:
    """Discrete actions for a continuous environment, or the other way round."""
    if not isinstance(taker.component, Environment) or gives.is_discrete == wants.is_discrete:
        return []
    kinds = ("discrete", "continuous") if gives.is_discrete else ("continuous", "discrete")
    return [
        f"`{giver.path}` works with {kinds[0]} actions only: swap in an algorithm for {kinds[1]} "
        f"ones, or an environment with {kinds[0]} ones"
    ]


def _what_fits(draft: Draft, node: Node, given: Value, wants: Spec) -> list[str | Fix]:
    """Values made before the call, in the same phase, that would fit."""
    section = next((s for s in draft.sections if node in s.trace.nodes), None)
    fitting = [
        value.label
        for earlier in itertools.takewhile(
            lambda other: other is not node, section.trace.nodes if section else ()
        )
        for value in earlier.outputs.values()
        if value is not given
        and value.role == given.role
        and joined(draft.solver, value.spec, wants) is not None
    ]
    wanted = f"connect something that is {wants}"
    return [f"{wanted}, such as {listing(fitting, 3)}" if fitting else wanted]


def _shape_advice(gives: TensorSpec, wants: TensorSpec) -> list[str | Fix]:
    if not wants.dims and gives.dims and gives.dtype == wants.dtype:
        return [Fix("`.mean()` of it is one number", lambda at: appended(at, ".mean()"))]
    if len(gives.batch) == len(wants.batch) + 1:
        text = "it has one leading axis too many; take a row, as `[0]`, or read another buffer"
        return [Fix(text, lambda at: appended(at, "[0]"))]
    if len(gives.batch) + 1 == len(wants.batch):
        return [f"it lacks the leading axis {wants.batch[0]}"]
    if _is_shifted(gives, wants):
        text = "their rows do not line up; slice one of them, as `[:-1]` or `[1:]`"
        return [Fix(text, lambda at: appended(at, "[:-1]") if _is_longer(gives, wants) else ())]
    return []


def _is_longer(one: TensorSpec, other: TensorSpec) -> bool:
    first, second = one.batch[0], other.batch[0]
    both = isinstance(first, Symbol) and isinstance(second, Symbol)
    return both and first.offset == second.offset + 1  # type: ignore[union-attr]


def _is_shifted(one: TensorSpec, other: TensorSpec) -> bool:
    """Whether leading axes are the same but for an offset: T+1 against T."""
    first, second = one.batch[:1], other.batch[:1]
    bare = [d._replace(offset=0) for d in (*first, *second) if isinstance(d, Symbol)]
    return len(bare) == 1 + 1 and bare[0] == bare[1] and first != second


def joined(solver: Solver, given: Spec, expected: Spec) -> Spec | None:
    """What a spec would be if it met another one; None if they cannot be equal. Learns nothing."""
    saved = (dict(solver.sizes), dict(solver.stars), dict(solver.trees), dict(solver.dtypes))
    waiting = list(solver.waiting)
    try:
        solver.unify(given, expected)
        spec = solver.resolve(given)
    except Mismatch:
        return None
    finally:
        solver.sizes, solver.stars, solver.trees, solver.dtypes = saved
        solver.waiting = waiting
    return spec if batch_of(spec) is not None else None


def small_mismatch(draft: Draft, node: Node, mismatch: Mismatch) -> Diagnostic:
    """E101 for wire arithmetic and methods of distributions."""
    source, related = shown_line(node.sources, lines_of_part(_board_of(draft, node)))
    names = list(node.inputs.values())
    facts = tuple(
        Fact(
            subject=value.label,
            verb="gives",
            spec=str(draft.solver.resolve(value.spec)),
            origin=origin(value.node),
        )
        for value in names
    )
    return Diagnostic(
        code="E101",
        message=f"`{node.call}` cannot be applied to {' and '.join(f'`{v.label}`' for v in names)}",
        source=source,
        related=related,
        facts=facts,
        notes=(f"they differ in {mismatch.aspect}" if len(names) > 1 else mismatch.aspect,),
        help=tuple(as_help(fix, None) for fix in _row_advice(draft, names)),
        path=node.board or node.path,
    )


def no_reparametrisation(draft: Draft, node: Node) -> Diagnostic | None:
    """E101 where `rsample` is asked of a policy over discrete actions."""
    if node.call != "rsample":
        return None
    value = node.inputs["self"]
    policy = draft.solver.resolve(value.spec)
    is_discrete = isinstance(policy, DistributionSpec) and any(
        leaf.is_discrete for _, leaf in leaves(policy.event) if isinstance(leaf, TensorSpec)
    )
    part = _board_of(draft, node)
    if not is_discrete or part is None:
        return None
    source, related = shown_line(node.sources, lines_of_part(part))
    name = type(part).__name__
    kind = f" ({name})" if name != part.label() else ""
    edits = renamed_attribute(source, "rsample", "sample")
    drawn = Help(text="`.sample()` draws without a gradient, as discrete actions do", edits=edits)
    return Diagnostic(
        code="E101",
        message=f"`{part.label()}`{kind} trains through its actions, so they must be "
        f"continuous; `{value.label}` is over discrete ones",
        source=source,
        related=related,
        facts=(
            Fact(subject=value.label, verb="gives", spec=str(policy), origin=origin(value.node)),
        ),
        help=(
            *((drawn,) if edits else ()),
            Help(
                text="swap in an algorithm for discrete actions, or an environment with "
                "continuous ones"
            ),
        ),
        path=node.board,
    )


def _board_of(draft: Draft, node: Node) -> Component | None:
    """The board whose phase method made a small node."""
    parts = (part for part in parts_below(draft.root) if part.socket_path == node.board)
    return next(parts, None)


def _row_advice(draft: Draft, values: list[Value]) -> list[str | Fix]:
    specs = [draft.solver.resolve(value.spec) for value in values]
    tensors = [spec for spec in specs if isinstance(spec, TensorSpec)]
    both = len(tensors) == len(values) > 1 and all(tensor.dims for tensor in tensors)
    return _shape_advice(*tensors) if both else []


def role_diagnostic(value: Value, node: Node, port: str) -> Diagnostic | None:
    """W110: both ends say what the numbers mean, and differ."""
    expected = _port_role(node, port)
    if not value.role or not expected or value.role == expected:
        return None
    source, related = place(node)
    return Diagnostic(
        code="W110",
        message=(
            f"`{value.label}` has the role {value.role}, but `{node.label_of(port)}` takes "
            f"{expected}"
        ),
        source=source.argument(node.arguments.get(port.partition(".")[0], port))
        if source and not related
        else source,
        related=related,
        help=(Help(text="if that is meant, declare the same role on both ends"),),
        path=node.path,
        about=(port,),
    )


def _port_role(node: Node, port: str) -> str | None:
    if node.component is None:
        return None
    operation = getattr(type(node.component), node.call, None)
    owner: Any = operation if hasattr(operation, "ports") else node.component
    head, _, leaf = port.partition(".")
    for declared in owner.ports():
        if declared.name == head:
            kind = declared.kind
            if leaf and isinstance(kind, type) and issubclass(kind, Record):
                field = kind.record_fields.get(leaf)
                return field.role if field else None
            return declared.role if not leaf else None
    return None

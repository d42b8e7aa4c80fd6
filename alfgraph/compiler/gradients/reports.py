"""What is wrong with who trains what, in words."""

from __future__ import annotations

from collections.abc import Iterator

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.gradients.liveness import parts_by_hand
from alfgraph.compiler.gradients.reach import Reach, named_by, optimizer_nodes, trains
from alfgraph.compiler.solving.mismatches import place, plugged
from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.libraries import in_library
from alfgraph.diagnostics.repairs.calls import without_argument, without_call, without_statement
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import listing
from alfgraph.families.buffer import Buffer
from alfgraph.wiring.settings import OPTION
from alfgraph.wiring.trace import Node, Value
from alfgraph.wiring.tree import parts_below


def report_idle(draft: Draft, nodes: list[Node]) -> None:
    """What an optimizer's losses reach may all be frozen, or be trained by others."""
    for node in {node.path: node for node in nodes}.values():
        if draft.ownership[node.path].owned or draft.reporter.errors:
            continue
        source, related = place(node)
        named = listing([part.socket_path for part in node.parts.get("trains", ())])
        why = f": {named} has no parameters to train" if node.parts.get("trains") else ""
        draft.reporter.report(
            Diagnostic(
                code="E122",
                message=f"nothing is left for `{node.path}` to train{why}",
                source=source,
                related=related,
                help=(Help(text="parts that are `frozen=True`, or named by others, are not its"),),
                path=node.path,
            )
        )


def report_mixed(draft: Draft, nodes: list[Node]) -> None:
    """One optimizer steps all it owns, so every call that names parts must name the same."""
    first: dict[str, Node] = {}
    for node in nodes:
        before = first.setdefault(node.path, node)
        one, other = (sorted(named_by(draft, n)) for n in (before, node))
        if one == other:
            continue
        (source, related), (earlier, _) = place(node), place(before)
        here = ((f"to train {listing(one)}", earlier),) if earlier is not None else ()
        kind = type(node.component).__name__
        draft.reporter.report(
            Diagnostic(
                code="E121",
                message=f"`{node.path}` is one optimizer in several places: it is to train "
                f"{listing(one)}, and {listing(other)}, and would move both at every step",
                source=source,
                related=(*related, *here),
                help=(
                    Help(text=f"give each its own, as `{kind}(...)` written once for each socket"),
                ),
                path=node.path,
            )
        )
        return


def report_stale(draft: Draft, node: Node, reach: Reach) -> None:
    """The gradient of a rollout is there once: earlier rollouts in the buffer have none left."""
    crossed_paths = {path for path, _ in reach.crossing}
    for part in parts_below(draft.root):
        if not isinstance(part, Buffer) or part.socket_path not in crossed_paths:
            continue
        if part.kept_rollouts() > 1:
            source, related = place(node)
            draft.reporter.report(
                Diagnostic(
                    code="E207",
                    message=f"`{part.socket_path}` keeps {part.kept_rollouts()} rollouts, and the "
                    f"gradient of `{node.inputs['loss'].label}` runs through it: only the last "
                    "rollout still has one",
                    source=part.created_at or source,
                    related=related,
                    help=(Help(text="`rollouts=1`, or detach what is read from it"),),
                    path=part.socket_path,
                )
            )


def report_unreached(draft: Draft, node: Node, missing: tuple[str, ...] | list[str]) -> None:
    """E122: an optimizer is to train what its loss does not reach."""
    source, related = place(node)
    loss = node.inputs["loss"].label
    loss = "this loss" if loss.endswith(" of …)") else f"`{loss}`"
    what = f"the parameters of {listing(missing)}" if missing else "any parameters"
    stops = _stops_of(node.inputs["loss"])
    draft.reporter.report(
        Diagnostic(
            code="E122",
            message=f"the gradient of {loss} does not reach {what}, so `{node.path}` cannot train",
            source=source,
            related=(*related, *(("the gradient stops here", stop) for stop in stops[:1])),
            help=(
                *_without_detach(stops),
                Help(
                    text="gradients stop at detach(), sample(), detaching ports, target copies and "
                    "data read from a buffer (but a rollout buffer under OnPolicy)"
                ),
            ),
            path=node.path,
        )
    )


def _without_detach(stops: list[Source]) -> Iterator[Help]:
    """A `.detach()` that is the only thing in the way is left out."""
    edits = without_call(stops[0], "detach") if len(stops) == 1 else ()
    if edits:
        yield Help(text="leave out the `.detach()` that stops it", edits=edits)


def _stops_of(loss: Value) -> list[Source]:
    """Where a gradient was stopped by hand on the way back from a loss, the nearest first."""
    pending, seen = [loss], {loss}
    stops: list[Source] = []
    while pending:
        node = pending.pop().node
        if node.kind != "component" and node.call == "detach" and node.sources:
            stops.append(node.sources[0])
            continue
        new = [value for value in node.inputs.values() if value not in seen]
        seen.update(new)
        pending += new
    return stops


def warn_losses(draft: Draft, node: Node, reach: Reach, named: dict[str, set[str]]) -> None:
    """W123: a loss that reaches, on its way, what another optimizer trains."""
    own = node.path.rpartition(".")[0]
    for path in reach.parameters:
        others = named.get(path, set()) - {node.path}
        inside = path.startswith(f"{own}.") if own else True
        foreign = sorted(o for o in others if o.rpartition(".")[0] != own)
        if inside and foreign:
            draft.reporter.report(
                Diagnostic(
                    code="W123",
                    message=f"`{foreign[0]}` names `{path}`, so `{node.path}` does not train it",
                    source=place(node)[0],
                    help=(Help(text=f"name it in both: `{node.path}(loss, {path})`"),),
                    path=node.path,
                )
            )


def report_conflicts(
    draft: Draft, owners: dict[str, list[Node]], named: dict[str, set[str]]
) -> None:
    """E121: two optimizers train the same parameters."""
    contested: dict[tuple[str, ...], list[str]] = {}
    for path, nodes in owners.items():
        claimants = tuple(dict.fromkeys(node.path for node in nodes))
        if path not in named and len(claimants) > 1:
            contested.setdefault(claimants, []).append(path)
    for (one, other, *_), found in contested.items():
        paths = sorted(found)
        claims = {node.path: node for node in owners[paths[0]]}
        first, second = claims[one], claims[other]
        verb = "is" if len(paths) == 1 else "are"
        source = place(second)[0]
        edits = without_statement(source) if _trains_no_more(owners, second, first) else ()
        spare = Help(text=f"leave this one out: `{first.path}` trains all of it", edits=edits)
        draft.reporter.report(
            Diagnostic(
                code="E121",
                message=f"{listing(paths)} {verb} trained by `{first.path}` and by `{second.path}`",
                source=source,
                related=tuple(("the other one", s) for s in (place(first)[0],) if s is not None),
                help=(
                    *((spare,) if edits else ()),
                    Help(text=f"name the parts each trains: `{second.path}(loss, self.<part>)`"),
                ),
                path=paths[0],
            )
        )


def _trains_no_more(owners: dict[str, list[Node]], second: Node, first: Node) -> bool:
    """Whether one optimizer trains nothing that another does not train."""
    return all(first in nodes for nodes in owners.values() if second in nodes)


def _where_plugged(node: Node) -> Source | None:
    """The line that made a part; for a default of the parts bin, the user's line that uses it."""
    made: Source | None = node.component.created_at
    return place(node)[0] if made is None or in_library(made.file) else made


def report_orphans(draft: Draft, owners: dict[str, list[Node]]) -> None:
    """E120: parameters that nobody trains."""
    by_hand = {part.binding.parameters for part in parts_by_hand(draft).values()}
    learns = any(True for _ in optimizer_nodes(draft))
    applied = {
        node.component.binding.parameters: node
        for section in draft.sections
        for node in section.trace.nodes  # live or not: a loss that trains nothing is not
        if node.component is not None and not node.component.binding.tracked_by
    }
    orphans = {
        path: node
        for path, node in applied.items()
        if trains(draft, node.component) and path not in owners and path not in by_hand
    }
    if orphans and not learns:
        _report_no_optimizer(draft, orphans)
        return
    for path, node in orphans.items():
        draft.reporter.report(
            Diagnostic(
                code="E120",
                message=f"nobody trains the parameters of `{path}` "
                f"({type(node.component).__name__})",
                source=_where_plugged(node),
                help=(
                    *_without_detach(_detached(draft, node)),
                    Help(
                        text="let a loss reach it, name it at an optimizer, or declare it "
                        "`frozen=True`"
                    ),
                ),
                path=path,
            )
        )


def _detached(draft: Draft, node: Node) -> list[Source]:
    """Where what a part gives loses its gradient as soon as it is read, for every reader."""
    nodes = [other for section in draft.sections for other in section.trace.nodes]
    mine = [other for other in nodes if other.component is node.component]
    values = {value for other in mine for value in other.outputs.values()}
    readers = [other for other in nodes if values & set(other.inputs.values())]
    stops = [r for r in readers if r.kind != "component" and r.call == "detach" and r.sources]
    return [stop.sources[0] for stop in stops]


def _report_no_optimizer(draft: Draft, orphans: dict[str, Node]) -> None:
    """One cause, said once: nothing on the board trains anything."""
    paths = list(orphans)
    sockets = [
        (part, name)
        for part in parts_below(draft.root)
        for name, value in part
        if value is None and name.endswith("optimizer")
    ]
    fix = Help(text="`self.optimizer(loss)` in `update`")
    if sockets:
        part, name = sockets[0]
        default = type(part).model_fields[name].default
        made = plugged(part)
        where = f"{part.socket_path}.{name}".lstrip(".")
        option = f"--swap {where}={type(default).__name__}"
        fix = Help(
            text=f"plug one into `{where}`, such as {type(default).__name__}"
            if default is not None
            else f"plug one into `{where}`",
            edits=without_argument(made, name) if default is not None else (),
            retype=Retype(given=OPTION, instead=option) if default is not None else None,
        )
    draft.reporter.report(
        Diagnostic(
            code="E120",
            message="the board has no optimizer, so nobody trains the parameters of "
            + listing(paths),
            source=_where_plugged(orphans[paths[0]]),
            help=(fix,),
            path=".".join((sockets[0][0].socket_path, sockets[0][1])) if sockets else paths[0],
        )
    )

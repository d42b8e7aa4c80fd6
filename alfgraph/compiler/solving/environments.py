"""What an environment must say of itself, where nothing else on the board says it."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft
from alfgraph.diagnostics.definitions import defined_at
from alfgraph.diagnostics.diagnostic import Diagnostic, Fact, Help
from alfgraph.families.environment import SYMBOLS, UNSAID, Environment, knowledge_of
from alfgraph.specs.spec import SymbolSpec
from alfgraph.wiring.tree import parts_below

_LIKE = {
    "observation": 'TensorSpec(dtype="float32", sample=(4,))',
    "action": 'TensorSpec(dtype="int64", low=0, high=1)',
}


def refuse_open_environments(draft: Draft) -> None:
    """E108 for every environment whose observation or action nothing decides."""
    if draft.reporter.errors:
        return
    called = {
        n.component.binding.parameters
        for s in draft.sections
        for n in s.trace.nodes
        if isinstance(n.component, Environment)
    }
    for part in parts_below(draft.root):
        if isinstance(part, Environment) and part.binding.parameters in called:
            called.discard(part.binding.parameters)
            open_ = [name for name in SYMBOLS if _is_open(draft, part, name)]
            if open_:
                draft.reporter.report(_incomplete(part, open_))


def _is_open(draft: Draft, part: Environment, name: str) -> bool:
    symbol = SymbolSpec(name=name, scope=f"part:{part.binding.parameters}")
    return isinstance(draft.solver.resolve(symbol), SymbolSpec)


def _incomplete(part: Environment, missing: list[str]) -> Diagnostic:
    kind = type(part).__name__
    said = ", ".join(f'"{name}"' for name in knowledge_of(part) if name not in UNSAID)
    named = " and ".join(f'"{name}"' for name in missing)
    entries = ", ".join(f'"{name}": {_LIKE[name]}' for name in missing)
    made = part.created_at
    return Diagnostic(
        code="E108",
        message=f"`{kind}.known` does not name {named}, and nothing else on the board decides it",
        source=defined_at(type(part), "known") or made,
        related=(("plugged in here", made),) if made else (),
        facts=(
            Fact(subject=f"{kind}.known()", verb="gives", spec=said or "nothing"),
            Fact(subject=part.socket_path, verb="needs", spec='"observation", "action"'),
        ),
        help=(Help(text=f"let `known` return, for instance, {{{entries}}}"),),
        path=part.socket_path,
    )

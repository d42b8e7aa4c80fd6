"""Build what computes: modules from components, with their symbols solved."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from alfgraph.compiler.draft import Draft
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.annealing import Annealing, Progress
from alfgraph.specs.dims import Dims, Star, Symbol
from alfgraph.specs.spec import Spec, SymbolSpec, with_batch
from alfgraph.wiring.component import Component


def build_arguments(draft: Draft, part: Component) -> dict[str, Any]:
    """The arguments of a component's `build`: its solved symbols, by name.

    A size comes as an int, a star as a tuple of ints, a spec symbol as the sample spec (without
    batch dims).

    Raises:
        WiringError: E108, a symbol that nothing on the board decides.
    """
    scope = f"part:{part.binding.parameters}"
    found, missing = solved_symbols(draft, scope, part.build)
    if missing:
        raise _unknown(part, missing[0])
    return found


def solved_symbols(
    draft: Draft, scope: str, function: Callable[..., Any]
) -> tuple[dict[str, Any], list[str]]:
    """What is known of the symbols a function's parameters name, and the names still open.

    Args:
        draft: whose solver is asked.
        scope: where the symbols live.
        function: a component's `build` or `derive`.
    """
    found: dict[str, Any] = {}
    missing: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        value = _solved(draft, scope, name)
        if value is None and parameter.default is parameter.empty:
            missing.append(name)
        found[name] = parameter.default if value is None else value
    return found, missing


def _solved(draft: Draft, scope: str, name: str) -> Any:
    solver = draft.solver
    if (scope, name) in solver.trees:
        spec: Spec = with_batch(solver.resolve(SymbolSpec(name=name, scope=scope)), ())
        return spec if solver.is_solved(spec) else None
    if (scope, name) in solver.sizes:
        size = solver.dim(Symbol(name, scope))
        return size if isinstance(size, int) else None
    if (scope, f"*{name}") in solver.stars:
        dims: Dims = solver.dims((Star(name, scope),))
        if all(isinstance(dim, int) for dim in dims):
            return dims
    return None


def _unknown(part: Component, name: str) -> WiringError:
    return WiringError(
        Diagnostic(
            code="E108",
            message=f"nothing on the board decides `{name}` of `{part.label()}`",
            source=part.created_at,
            path=part.socket_path,
            help=(Help(text=f"connect a port of {type(part).__name__} whose spec names `{name}`"),),
        )
    )


def build_module(draft: Draft, part: Component) -> Any:
    """Build a component's module; annealed settings are numbers, as at the beginning of a run.

    Raises:
        WiringError: E108, a symbol is open.
    """
    return shadow_of(part)[0].build(**build_arguments(draft, part))


def shadow_of(part: Component) -> tuple[Any, dict[str, Annealing]]:
    """A private copy of a part whose annealed settings are numbers, and those annealings.

    The copy is what computes: the runtime writes the current numbers into it.
    """
    shadow = part.model_copy()
    annealed = {name: value for name, value in part if isinstance(value, Annealing)}
    for name, annealing in annealed.items():
        shadow.__dict__[name] = annealing.at(Progress())
    return shadow, annealed


def callable_of(part: Component, module: Any, name: str) -> Callable[..., Any]:
    """What computes a call of a part: `forward` of the part, the module, or its method."""
    owner = module if part.has_build() else shadow_of(part)[0]
    if name == "forward":
        computes: Callable[..., Any] = module if part.has_build() else owner.forward
        return computes
    method: Callable[..., Any] = getattr(owner, name)
    return method

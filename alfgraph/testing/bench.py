"""The bench: a board for one part, with a source that gives random tensors of its ports' specs.

The source also reads what the part gives, so that symbols only outputs name are decided, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.solving.solving import solve_board, unsolved
from alfgraph.compiler.tracing.tracing import trace_board
from alfgraph.compiler.trial.trial import run_trial
from alfgraph.diagnostics.errors import SettingError, UsageError, WiringError
from alfgraph.diagnostics.reporter import Reporter
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import DistributionSpec, RecordSpec, TensorSpec, parse_spec, symbols_of
from alfgraph.wiring.binding import bind
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import Out, Port

_GIVEN, _TAKEN = "given_", "taken_"
_ROWS = 5


class _Source(Environment):
    """Gives what the part asks for; nothing of it ever runs."""

    is_called: ClassVar[bool] = True
    spare = Out("action[*batch]")

    symbols: dict[str, Any]

    @classmethod
    def is_complete(cls) -> bool:
        """It is drawn, not opened."""
        return True

    def known(self) -> Mapping[str, Any]:
        """What the test said the symbols are."""
        return self.symbols

    def batch_size(self, phase: str) -> int:
        """Rows."""
        return _ROWS

    def axes(self, phase: str) -> Mapping[str, Symbol | int]:
        """Every CAPITAL is an axis."""
        named = [p.spec for p in self.output_ports() if p.name.startswith(_GIVEN)]
        dims = [dim for spec in named for dim in getattr(spec, "batch", ())]
        capitals = {d.name for d in dims if isinstance(d, Symbol) and d.name.isupper()}
        return {name: Symbol(name, "bench", rigid=True) for name in capitals}


class _Bench(Graph):
    """A source and the part."""

    source: Environment
    part: Component

    def unroll(self) -> None:
        """Give the part what it asks for, and take what it gives."""
        given: Any = self.source()
        names = [port.name for port in self.part.input_ports()]
        result = self.part(**{name: getattr(given, f"{_GIVEN}{name}") for name in names})
        taken = [p.name for p in self.source.input_ports() if p.name.startswith(_TAKEN)]
        outputs = {name: getattr(result, name.removeprefix(_TAKEN)) for name in taken}
        self.source.feed(action=given.spare, **outputs)


def on_bench(part: Component, symbols: Mapping[str, Any]) -> Draft:
    """What the compiler knows of a part on a bench, after its trial run; its path is `part`.

    Args:
        part: takes tensors.
        symbols: what the symbols of its ports are.

    Raises:
        BoardError: what comes out is not what its ports declare, or its code fails.
        UsageError: nothing says what a symbol is.
    """
    body: dict[str, Any] = {"__doc__": _Source.__doc__, "__module__": __name__}
    body |= {f"{_GIVEN}{port.name}": _turned(port, "out") for port in part.input_ports()}
    read = (port for port in part.output_ports() if _is_read(port))
    body |= {f"{_TAKEN}{port.name}": _turned(port, "in") for port in read}
    source = type("Source", (_Source,), body)(symbols=_known(part, symbols))
    draft = Draft(root=bind(_Bench(source=source, part=part)), reporter=Reporter())
    for compiler_pass in (trace_board, solve_board, _refuse_open_symbols, run_trial):
        compiler_pass(draft)
        draft.reporter.raise_if_errors(WiringError)
    return draft


def is_distribution(port: Port) -> bool:
    """Whether a distribution flows through a port."""
    return getattr(port.kind, "__name__", "") == "Distribution"


def _turned(port: Port, direction: Literal["in", "out"]) -> Any:
    """What the source has opposite a port of the part."""
    spec = DistributionSpec(event=port.spec) if is_distribution(port) else port.spec
    return Port(direction=direction, spec=spec, kind=port.kind, latched=direction == "in")


def _is_read(port: Port) -> bool:
    """Whether the source reads an output; monitors and sizes like `hidden[-1]` it cannot."""
    if port.spec is None or port.monitor:
        return False
    return not any("[" in getattr(symbol, "name", "") for symbol in symbols_of(port.spec))


def _refuse_open_symbols(draft: Draft) -> None:
    """What neither the test nor the part says; a board around it would."""
    trace = draft.sections[0].trace
    nodes = {node.path: node for node in trace.nodes}
    specs = {name: value.spec for name, value in nodes["source"].outputs.items()}
    specs |= {feed.port: nodes["source"].expected[feed.port] for feed in trace.feeds}
    for name, spec in specs.items():
        found = [symbol.lstrip("*") for symbol in unsolved(draft, spec)]
        if found and name.startswith((_GIVEN, _TAKEN)):
            kind = type(nodes["part"].component).__name__
            port = name.removeprefix(_GIVEN).removeprefix(_TAKEN)
            raise UsageError(
                f"nothing says what `{found[0]}` of `{kind}.{port}` is",
                help=f"a board would decide it; here say it: `check_component(..., {found[0]}=...)`"
                ' with a size (`3`), a shape (`(2,)`) or a spec (`"float32[4]"`)',
            )


def _known(part: Component, symbols: Mapping[str, Any]) -> dict[str, Any]:
    """Symbols as `known` gives them, over the part's own settings."""
    known: dict[str, Any] = {
        "observation": TensorSpec(dtype="float32", sample=(4,)),
        "action": TensorSpec(dtype="int64", low=0, high=1),
    }
    known |= {name: value for name, value in part if type(value) is int}
    for name, value in symbols.items():
        if isinstance(value, str):
            known[name] = parse_spec(value)
        elif isinstance(value, tuple):
            known[f"*{name}"] = value
        elif isinstance(value, int | TensorSpec | RecordSpec):
            known[name] = value
        else:
            raise SettingError(
                f"`{name}` of `{type(part).__name__}` cannot be a {type(value).__name__}",
                help=f'a size (`{name}=3`), a shape (`{name}=(2,)`) or a spec, "float32[4]"',
            )
    return known

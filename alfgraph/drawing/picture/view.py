"""The neutral picture of a board: what a drawing needs to know, and nothing of how it was compiled.

A `BoardView` is plain data. The compiler's plan fills it, every drawing reads it, and
`render -o board.json` prints it. Nothing here imports the core, so a board saved by an earlier
version can still be drawn.
"""

from collections import Counter
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

DtypeFamily = Literal["float", "int", "bool", "distribution", "record"]
NodeKind = Literal["component", "operation", "math", "distribution", "effect"]
Severity = Literal["error", "warning", "note"]
Change = Literal["added", "removed", "changed"]
PinRef = tuple[str, str]
"""A pin on the board: (node id, pin name)."""


class View(BaseModel):
    """What every part of the picture is: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SettingView(View):
    """One setting of a component and where its value came from.

    Attributes:
        value: the value as a user would type it, such as `64` or `[128, 128]`.
        origin: `default`, `ppo.py:17`, `configure` or `--set`.
        default: whether the value is the component's default; chips print only the others.
    """

    value: str
    origin: str = "default"
    default: bool = False


class PartView(View):
    """A component of the board, however many times it is applied.

    Attributes:
        path: the socket path, such as `algorithm.actor`; the board itself has the path "".
        kind: the class name.
        family: the socket's family, such as `network` or `buffer`; `graph` for a nested board.
        settings: the settings by name, in the order of declaration.
        doc: the first paragraph of the docstring.
        source_file: where the class is defined, relative to the project where possible.
        source_line: the line of the class statement, counted from 1.
        temperature: how often users change such a component, 0 (frozen) to 4 (in every project).
        num_parameters: how many numbers an optimizer could change in it.
        trained_by: the path of the optimizer that trains its parameters.
        follows: for a target's copy: the path of the part whose parameters it follows.
        parent: the path of the enclosing board.
        gradient: for buffers: `with grad`, `with grad (recomputed)` or `no grad`.
    """

    path: str
    kind: str
    family: str = "component"
    settings: dict[str, SettingView] = Field(default_factory=dict)
    doc: str = ""
    source_file: str = ""
    source_line: int = 0
    temperature: int = Field(default=1, ge=0, le=4)
    num_parameters: int = 0
    trained_by: str | None = None
    follows: str | None = None
    parent: str = ""
    gradient: str | None = None


class PinView(View):
    """A pin of a node.

    Attributes:
        name: the port's name; unique among the node's inputs, and among its outputs.
        spec: the resolved spec as users read it, such as `float32[B, 4]`.
        dtype_family: which colour it has.
        role: what the values mean, such as `reward` or `log_prob`.
        default: for an input without wire, what it gets instead.
        stands_for: for a pin that a drawing gathers from others, or puts at the edge of a closed
            board: those others.
    """

    name: str
    spec: str = ""
    dtype_family: DtypeFamily = "float"
    role: str | None = None
    default: str | None = None
    stands_for: tuple[PinRef, ...] = Field(default=(), exclude=True)


class NodeView(View):
    """One application in one phase: a chip on the board.

    Attributes:
        id: unique on the board, such as `unroll/algorithm.actor` or `update/sub#2`.
        phase: the name of the phase it runs in.
        part: the path of the component applied; None for arithmetic and the like.
        label: what is written on the chip, such as `actor`, `replay.sample` or `−`.
        kind: what sort of call it is.
        operation: the operation called, such as `write` or `sample`; "" for the plain call.
        board: the path of the board whose text applies it ("" for the outermost board).
        inputs: its pins on the left.
        outputs: its pins on the right.
        every: runs on every n-th turn of the phase.
        note: a few words more, printed small on the chip.
        change: set in a comparison of two boards.
    """

    id: str
    phase: str
    part: str | None = None
    label: str
    kind: NodeKind = "component"
    operation: str = ""
    board: str = ""
    inputs: tuple[PinView, ...] = ()
    outputs: tuple[PinView, ...] = ()
    every: int = 1
    note: str = ""
    change: Change | None = None


class WireView(View):
    """A wire from an output pin to an input pin of the same phase.

    Attributes:
        source: the output pin it starts at.
        target: the input pin it ends at.
        spec: what flows, as users read it.
        dtype_family: which colour it has.
        latched: read at the next tick; drawn through a z⁻¹ register.
        detached: the gradient stops here; drawn with a diode.
        failing: why it does not fit: `gives float32[B, 2] ≠ expects int64[B]`.
        change: set in a comparison of two boards.
    """

    source: PinRef
    target: PinRef
    spec: str = ""
    dtype_family: DtypeFamily = "float"
    latched: bool = False
    detached: bool = False
    failing: str | None = None
    change: Change | None = None


class PhaseView(View):
    """A phase: one band of the board.

    Attributes:
        name: such as `unroll`.
        rate: how often it runs, in words: `every environment step`.
        axes: its leading axes in numbers: `[B=30]`.
        gradient: `with grad`, `with grad (recomputed)` or `no grad`; "" where it says nothing.
    """

    name: str
    rate: str = ""
    axes: str = ""
    gradient: str = ""


class CrossingView(View):
    """A buffer between two phases.

    Attributes:
        source: the node that writes it.
        target: the node that reads it, in another phase.
        buffer: the path of the buffer.
        gradient: `with grad`, `with grad (recomputed)` or `no grad`.
        change: set in a comparison of two boards.
    """

    source: str
    target: str
    buffer: str
    gradient: str | None = None
    change: Change | None = None


class ParameterView(View):
    """A line of the second layer: who changes whose parameters.

    Attributes:
        owner: the path of the optimizer or of the target.
        part: the path of the component whose parameters they are.
        relation: an optimizer `trains` a part; a target `tracks` a part and `moves` its copy.
        count: how many numbers that are.
    """

    owner: str
    part: str
    relation: Literal["trains", "tracks", "moves"] = "trains"
    count: int = 0

    @property
    def direction(self) -> tuple[str, str]:
        """From where to where numbers flow, as paths: what is tracked gives to its target."""
        ends = (self.owner, self.part)
        return ends[::-1] if self.relation == "tracks" else ends


class DiagnosticView(View):
    """An error or a warning about the board, as printed by `check`.

    Attributes:
        code: such as `E101`.
        severity: how bad it is.
        message: what is wrong, in one sentence.
        help: a fix to type.
        location: the user's line.
        path: the socket path of the part it is about.
    """

    code: str
    severity: Severity = "error"
    message: str
    help: str = ""
    location: str = ""
    path: str = ""


class BoardView(View):
    """A whole board, ready to be drawn, printed or compared.

    Attributes:
        name: the graph's name, such as `ppo_cart_pole`.
        title_note: a line beside the title, such as the graph file's first docstring line.
        version: the version of alfgraph that made it.
        sizes: the board's own sizes in numbers, such as `{"B": 30, "T": 8}`.
        phases: in the order they are drawn.
        parts: every component, nested boards included, parents first.
        nodes: every application, in the order of execution.
        wires: every wire within a phase.
        parameters: who trains and tracks what.
        crossings: the buffers between phases; None: as their writes and reads tell.
        diagnostics: what `check` says about it.
        temperature_source: where the temperatures come from; the legend names it.
    """

    name: str
    title_note: str = ""
    version: str = ""
    sizes: dict[str, int | float] = Field(default_factory=dict)
    phases: tuple[PhaseView, ...] = ()
    parts: tuple[PartView, ...] = ()
    nodes: tuple[NodeView, ...] = ()
    wires: tuple[WireView, ...] = ()
    parameters: tuple[ParameterView, ...] = ()
    crossings: tuple[CrossingView, ...] | None = None
    diagnostics: tuple[DiagnosticView, ...] = ()
    temperature_source: str = "declared"

    @model_validator(mode="after")
    def _refers_only_to_what_exists(self) -> Self:
        problems = [*_repeated(self), *_dangling(self)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def part(self, path: str | None) -> PartView | None:
        """Returns the component at a socket path, or None."""
        return next((part for part in self.parts if part.path == path), None)


def _repeated(view: BoardView) -> list[str]:
    """Names that must be unique and are not."""
    names = {
        "phase": [phase.name for phase in view.phases],
        "part": [part.path for part in view.parts],
        "node": [node.id for node in view.nodes],
    }
    problems = [
        f"the board has two {what}s called `{name}`"
        for what, all_names in names.items()
        for name, count in Counter(all_names).items()
        if count > 1
    ]
    for node in view.nodes:
        for pins in (node.inputs, node.outputs):
            repeated = [name for name, n in Counter(pin.name for pin in pins).items() if n > 1]
            problems += [f"node `{node.id}` has two pins called `{name}`" for name in repeated]
    return problems


def _dangling(view: BoardView) -> list[str]:
    """References to phases, parts and pins that the board does not have."""
    phases = {phase.name for phase in view.phases}
    parts = {part.path for part in view.parts}
    sources = {(node.id, pin.name) for node in view.nodes for pin in node.outputs}
    targets = {(node.id, pin.name) for node in view.nodes for pin in node.inputs}
    problems = [
        f"node `{node.id}` is in the phase `{node.phase}`, which the board does not have"
        for node in view.nodes
        if node.phase not in phases
    ]
    problems += [
        f"node `{node.id}` applies the part `{node.part}`, which the board does not have"
        for node in view.nodes
        if node.part is not None and node.part not in parts
    ]
    for wire in view.wires:
        if wire.source not in sources:
            problems.append(f"a wire starts at `{'.'.join(wire.source)}`, which is no output pin")
        if wire.target not in targets:
            problems.append(f"a wire ends at `{'.'.join(wire.target)}`, which is no input pin")
    return problems

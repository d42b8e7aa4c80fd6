"""What the trial run finds wrong with a part's own code, and what to type instead."""

from __future__ import annotations

import re
from typing import Any

import torch

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.solving.building import solved_symbols
from alfgraph.compiler.solving.mismatches import place
from alfgraph.diagnostics.diagnostic import Diagnostic, Fact, Help
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.diagnostics.repairs.classes import (
    flattened,
    returned,
    returned_last,
    sized,
    started_with,
)
from alfgraph.diagnostics.source import Source
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.specs.unify import Mismatch
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node


def corrections(
    part: Component, declared: Spec, result: Any, shape: tuple[int, ...] | None
) -> tuple[Help, ...]:
    """What to append to what `forward` returns, where that is enough.

    Args:
        part: whose output it is.
        declared: the spec of the output.
        result: what came.
        shape: what should have come, in the trial's sizes.
    """
    either = Help(text=f"correct the port of {type(part).__name__}, or what it computes")
    if result is None:
        edits = returned_last(_where_defined(part, "forward"))
        unreturned = "`forward` ends without `return`: return its last expression"
        return (Help(text=unreturned, edits=edits), either) if edits else (either,)
    if not isinstance(result, torch.Tensor) or not isinstance(declared, TensorSpec):
        return (either,)
    if part.has_build() and _is_column(result, declared, shape):
        return (*_flat(part), either)
    text = ""
    if str(result.dtype).removeprefix("torch.") != declared.dtype:
        text = _CASTS.get(declared.dtype, f".to(torch.{declared.dtype})")
    elif _is_column(result, declared, shape):
        text = ".squeeze(-1)"
    if not text:
        return (either,)
    edits = returned(_where_defined(part, "forward"), text)
    return (Help(text=f"return it with `{text}`", edits=edits), either)


def _is_column(result: torch.Tensor, declared: TensorSpec, shape: tuple[int, ...] | None) -> bool:
    """Whether an axis of one number is all that is too much."""
    dtype = str(result.dtype).removeprefix("torch.")
    return shape is not None and (dtype, *result.shape) == (declared.dtype, *shape, 1)


def _flat(part: Component) -> tuple[Help, ...]:
    """What to type in `build`, where its module is given one tensor."""
    edits = flattened(_where_defined(part, "build")) if len(list(part.input_ports())) == 1 else ()
    text = "a last axis of one number is left out by `nn.Sequential(..., nn.Flatten(-2))`"
    return (Help(text=text, edits=edits),)


_CASTS = {"float32": ".float()", "int64": ".long()", "bool": ".bool()"}


def _where_defined(part: Component, method: str) -> Source | None:
    """Where the `forward` of a stateless part, or the `build` of another, stands."""
    code = getattr(getattr(type(part), method), "__code__", None)
    if part.has_build() != (method == "build") or code is None:
        return None
    return Source(file=code.co_filename, line=code.co_firstlineno)


def changed(part: Component, node: Node, port: str) -> AlfgraphError:
    """E113: a part wrote into what it was given."""
    source, related = place(node)
    return AlfgraphError(
        Diagnostic(
            code="E113",
            message=f"`{part.label()}.{node.call}` changes its input `{port}` in place",
            source=part.created_at or source,
            related=related,
            help=(
                Help(
                    text=f"compute a new tensor, or begin with `{port} = {port}.clone()`",
                    edits=started_with(_where_defined(part, "forward"), f"{port} = {port}.clone()"),
                ),
            ),
            path=part.socket_path,
        )
    )


_LONGEST = 160
"""Characters of somebody else's message that are quoted."""

_TRIED = "it was run once on small random tensors of these specs"
_BUILT = "it was built with the sizes that follow from the board"


_FACTORS = re.compile(r"shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)")


def _other_width(draft: Draft, part: Component, error: Exception) -> tuple[Help, ...]:
    """A layer whose input was written as a number, where `build` is told the right one."""
    widths = _FACTORS.search(str(error))
    if widths is None or not part.has_build():
        return ()
    came, given = int(widths[1]), int(widths[2])
    symbols, _ = solved_symbols(draft, f"part:{part.binding.parameters}", part.build)
    names = [name for name, size in symbols.items() if size == came]
    edits = sized(_where_defined(part, "build"), given, names[0]) if len(names) == 1 else ()
    if not edits:
        return ()
    text = f"a layer takes {given} numbers and gets {came}: write `{names[0]}` for {given}"
    return (Help(text=text, edits=edits),)


def raised(
    draft: Draft,
    part: Component,
    call: str,
    error: Exception,
    facts: tuple[Fact, ...],
    node: Node | None = None,
) -> AlfgraphError:
    """E110: a part's own code raised; its line, what was wired, and what it got."""
    inside = Source.of_exception(error)
    wired = place(node)[0] if node is not None else None
    related = (("called here", wired),) if wired is not None and inside is not None else ()
    return AlfgraphError(
        Diagnostic(
            code="E110",
            message=f"`{part.label()}.{call}` raised {type(error).__name__}: {one_line(error)}",
            source=inside or part.created_at,
            related=related,
            facts=facts,
            path=part.socket_path,
            help=(*_other_width(draft, part, error), Help(text=_TRIED if facts else _BUILT)),
        )
    )


def one_line(error: Exception) -> str:
    """What an exception says, in one line that is not too long."""
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def undecided(draft: Draft, node: Node, mismatch: Mismatch) -> Diagnostic:
    """E108, or E109 where the number of outputs is wrong."""
    source, related = place(node)
    counted = "outputs" in mismatch.aspect
    advice = "`forward` gives a tuple with one result for each output, in their order"
    return Diagnostic(
        code="E109" if counted else "E108",
        help=(Help(text=advice),) if counted else (),
        message=f"`{node.label_of('').rstrip('.')}`: {mismatch.aspect}",
        source=source,
        related=related,
        path=node.path,
    )

"""check_component: a network, loss, transform or metric of one's own, tried on a bench."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.solving.building import build_arguments, callable_of, shadow_of
from alfgraph.compiler.trial.call_arguments import assemble_arguments
from alfgraph.compiler.trial.samples import draw_tensor
from alfgraph.compiler.trial.trial import PRIMES
from alfgraph.diagnostics.errors import UsageError
from alfgraph.distributions.tensor_distribution import TensorDistribution
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer, Target
from alfgraph.program.generators import own_generators
from alfgraph.specs.dims import Star, Symbol
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec
from alfgraph.testing.bench import is_distribution, on_bench
from alfgraph.testing.boards import check_algorithm
from alfgraph.testing.comparing import differences
from alfgraph.testing.contract import broken
from alfgraph.testing.descriptions import check_description
from alfgraph.testing.environments import check_environment
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value

_OF_BOARDS = (Buffer, Optimizer, Target)


def check_component(part: Component, *, device: str = "cpu", **symbols: Any) -> None:
    """Try a part: what it gives against what it declares, its seeds, its parameters' round trip.

    Environments and algorithms are tried by `check_environment` and `check_algorithm`.

    Args:
        part: the part, as it would be plugged into a board.
        device: where it is tried.
        **symbols: what the symbols of its ports are, as a board would decide: sizes (`n=3`),
            shapes (`r=(2,)` for `*r`) and specs (`observation="float32[4]"`).

    Raises:
        BoardError: what comes out is not what its ports declare, or its code fails.
        ContractError: naming the promise it breaks, and what to change.
    """
    if isinstance(part, Environment):
        return check_environment(part, device=device)
    if isinstance(part, Algorithm):
        return check_algorithm(part, device=device)
    check_description(part)
    _refuse_what_needs_a_board(part)
    draft = on_bench(part, symbols)
    node = next(n for n in draft.sections[0].trace.nodes if n.path == "part")
    if node.component.has_build():
        _check_module(draft, node, node.component, device)
    _check_repeats(draft, node, node.component, device)
    return None


def _refuse_what_needs_a_board(part: Component) -> None:
    kind = type(part)
    family = f"{'an' if part.family[0] in 'aeiou' else 'a'} {part.family}"
    odd = [p.name for p in part.input_ports() if p.takes_component or is_distribution(p)]
    if isinstance(part, _OF_BOARDS) or not part.is_called:
        why = f"{family} does nothing by itself"
    elif part.state_ports():
        why = "what it gives depends on the steps before"
    elif odd:
        why = f"`{kind.__name__}.{odd[0]}` takes no tensor"
    else:
        return
    raise UsageError(
        f"`{kind.__name__}` cannot be tried alone: {why}",
        help="plug it into a small board, and try that: `check_board(board)`",
    )


def _check_module(draft: Draft, node: Node, part: Component, device: str) -> None:
    """Built twice with one seed it is equal; its `state_dict` is all that it is."""
    kind = type(part)
    one, two = _built(draft, part, device), _built(draft, part, device)
    if not isinstance(one, nn.Module):
        raise broken(
            kind,
            f"`{kind.__name__}.build` gives no module",
            method="build",
            given=(f"{kind.__name__}.build", f"a {type(one).__name__}"),
            expected=("checkpoints", "an nn.Module, whose `state_dict` they keep"),
            help="return an nn.Module",
        )
    found = differences(dict(one.state_dict()), dict(two.state_dict()), "state_dict")
    if found:
        raise broken(
            kind,
            f"`{kind.__name__}.build` is not repeatable: built twice with one seed it differs "
            f"({found[0]})",
            method="build",
            help="initialise with torch's generator, which a run seeds, and with nothing else",
        )
    inputs = _inputs(draft, node, part, device)
    _called(one, inputs, device)  # whatever it keeps is no longer what it was
    other = _built(draft, part, device, seed=1)
    other.load_state_dict(one.state_dict())
    found = differences(_called(one, inputs, device), _called(other, inputs, device), "output")
    if found:
        raise broken(
            kind,
            f"`{kind.__name__}` is not all in its `state_dict`: with one loaded, it gives "
            f"something else ({found[0]})",
            method="build",
            given=(f"{kind.__name__}.state_dict()", ", ".join(one.state_dict()) or "nothing"),
            expected=("checkpoints", "all that outputs depend on"),
            help="keep such numbers in parameters or buffers: `self.register_buffer(name, tensor)`",
        )


def _check_repeats(draft: Draft, node: Node, part: Component, device: str) -> None:
    """Equal inputs and an equal seed give equal outputs, on the device."""
    kind, method = type(part), "build" if part.has_build() else "forward"
    inputs = _inputs(draft, node, part, device)
    runs = []
    for _ in range(2):
        module = _built(draft, part, device) if part.has_build() else None
        runs.append(_called(callable_of(part, module, "forward"), inputs, device))
    found = differences(runs[0], runs[1], "output")
    if found:
        raise broken(
            kind,
            f"`{kind.__name__}` is not repeatable: with equal inputs and one seed it gives "
            f"something else ({found[0]})",
            method=method,
            help="draw from torch's, numpy's or Python's own generators, which a run seeds",
        )
    wanted = torch.device(device).type
    elsewhere = [t.device.type for t in _tensors(runs[0]) if t.device.type != wanted]
    if elsewhere:
        raise broken(
            kind,
            f"`{kind.__name__}` gives a tensor on another device",
            method=method,
            given=(kind.__name__, f"a tensor on {elsewhere[0]}"),
            expected=("a board", f"tensors where its inputs are, on {wanted}"),
            help="make tensors with `device=` of an input, or keep them with `register_buffer`",
        )


def _built(draft: Draft, part: Component, device: str, seed: int = 0) -> Any:
    with own_generators(seed, device):
        module = shadow_of(part)[0].build(**build_arguments(draft, part))
    return module.to(device) if isinstance(module, nn.Module) else module


def _called(compute: Any, inputs: list[Any], device: str) -> Any:
    with own_generators(0, device), torch.no_grad():
        return _plain(compute(*inputs))


def _plain(result: Any) -> Any:
    """Results as nests of tensors that do not change any more."""
    if isinstance(result, tuple | list):
        return [_plain(part) for part in result]
    if isinstance(result, dict):
        return {name: _plain(part) for name, part in result.items()}
    if isinstance(result, TensorDistribution):
        return [tensor.clone() for tensor in result.tensors]
    return result.clone() if isinstance(result, torch.Tensor) else result


def _tensors(result: Any) -> list[torch.Tensor]:
    inner = result.values() if isinstance(result, dict) else result
    if isinstance(result, list | dict):
        return [tensor for part in inner for tensor in _tensors(part)]
    return [result] if isinstance(result, torch.Tensor) else []


def _inputs(draft: Draft, node: Node, part: Component, device: str) -> list[Any]:
    """Random arguments of its call, the same every time."""
    sizes: dict[Symbol, int] = {}

    def drawn(value: Value, port: str) -> Any:
        return _drawn(draft.spec(value), sizes, device)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return assemble_arguments(node, part, drawn, lambda _: None)


def _drawn(spec: Spec, sizes: dict[Symbol, int], device: str) -> Any:
    if isinstance(spec, RecordSpec):
        return {name: _drawn(field, sizes, device) for name, field in spec.fields}
    assert isinstance(spec, TensorSpec)
    shape = tuple(_size(dim, sizes) for dim in spec.dims)
    return draw_tensor(spec, shape).to(device)


def _size(dim: int | Symbol | Star, sizes: dict[Symbol, int]) -> int:
    if isinstance(dim, int):
        return dim
    assert isinstance(dim, Symbol)
    bare = dim._replace(factor=1, offset=0)
    sizes.setdefault(bare, PRIMES[len(sizes) % len(PRIMES)])
    return dim.value(sizes[bare])

"""Which tensors of an observation a transform works on: by dotted path, or all that qualify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from alfgraph.diagnostics.diagnostic import Help, Retype
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.suggestions import did_you_mean
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec
from alfgraph.wiring.settings import PART

Path = tuple[str, ...]


def tensor_leaves(spec: Spec, path: Path = ()) -> Iterator[tuple[Path, TensorSpec]]:
    """Yield `(keys, spec)` of every tensor of a tree."""
    if isinstance(spec, RecordSpec):
        for name, field in spec.fields:
            yield from tensor_leaves(field, (*path, name))
    elif isinstance(spec, TensorSpec):
        yield path, spec


def chosen_leaves(
    spec: Spec, fields: tuple[str, ...] | None, fits: Callable[[TensorSpec], bool], what: str
) -> list[tuple[Path, TensorSpec]]:
    """The tensors a transform works on.

    Args:
        spec: sample spec of the observation.
        fields: dotted paths of tensors or of whole branches; None: every tensor that fits.
        fits: whether a tensor can be worked on.
        what: what such tensors are called, for errors.

    Raises:
        WiringError: E101, a field is not there or does not fit, or nothing fits.
    """
    found = list(tensor_leaves(spec))
    if fields is None:
        chosen = [(path, leaf) for path, leaf in found if fits(leaf)]
        if not chosen:
            spare = Help(
                text="leave the transform out: it has nothing to do",
                retype=Retype(given=PART, instead=""),
            )
            raise WiringError(f"`{spec}` has no {what}", code="E101", help=spare)
        return chosen
    chosen = []
    for field in fields:
        inside = [
            (path, leaf) for path, leaf in found if f"{'.'.join(path)}.".startswith(f"{field}.")
        ]
        if not inside:
            names = [".".join(path) for path, _ in found]
            near = did_you_mean(field, names)
            help_ = (
                f"did you mean `{near}`?" if near else f"it has {', '.join(names) or 'no fields'}"
            )
            raise WiringError(f"the observation has no field `{field}`", code="E104", help=help_)
        wrong = [leaf for _, leaf in inside if not fits(leaf)]
        if wrong:
            raise WiringError(f"field `{field}` is `{wrong[0]}`, no {what}", code="E101")
        chosen += [entry for entry in inside if entry not in chosen]
    return chosen


def replace_leaves(spec: Spec, by: dict[Path, Spec], path: Path = ()) -> Spec:
    """The tree with other specs at some paths."""
    if path in by:
        return by[path]
    if isinstance(spec, RecordSpec):
        fields = tuple((k, replace_leaves(s, by, (*path, k))) for k, s in spec.fields)
        return RecordSpec(fields=fields)
    return spec


def at_path(tree: Any, path: Path) -> Any:
    """Follow keys into nested dicts."""
    for key in path:
        tree = tree[key]
    return tree


def with_value(tree: Any, path: Path, value: Any) -> Any:
    """The tree with another value at a path; the dicts on the way are copied, nothing else."""
    if not path:
        return value
    return {**tree, path[0]: with_value(tree[path[0]], path[1:], value)}

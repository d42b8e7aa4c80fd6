"""What every part must do: it describes, so it can be copied and compared."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable

from alfgraph.testing.contract import ContractError, broken
from alfgraph.wiring.component import Component

_HELP = (
    "settings are plain data (numbers, texts, tuples, other parts, functions of a module); open "
    "files, windows and connections in `open` or `build`"
)
_WITHOUT_NAME = ("<lambda>", "<locals>", "local object")
"""In pickle's complaints of functions that no other process finds; a graph file may have them."""


def check_description(part: Component) -> None:
    """A copy of a part, and one from another process, equal it.

    Raises:
        ContractError: naming the setting that cannot be copied.
    """
    try:
        alike = copy.deepcopy(part) == part
    except Exception as error:
        raise _uncopied(part, "copied", copy.deepcopy, error) from error
    if not alike:
        raise _uncopied(part, "copied", copy.deepcopy, None)
    if getattr(sys.modules.get(type(part).__module__), type(part).__name__, None) is not type(part):
        return  # written in a function or a shell: no other process could import it
    try:
        alike = _pickled(part) == part
    except Exception as error:
        if any(word in str(error) for word in _WITHOUT_NAME):
            return
        raise _uncopied(part, "pickled", _pickled, error) from error
    if not alike:
        raise _uncopied(part, "pickled", _pickled, None)


def _pickled(value: object) -> object:
    return pickle.loads(pickle.dumps(value))


def _uncopied(
    part: Component, done: str, copied: Callable[[object], object], error: Exception | None
) -> ContractError:
    kind = type(part)
    name = next((n for n in kind.model_fields if not _copies(getattr(part, n), copied)), "")
    reason = f"{type(error).__name__}: {error}" if error else "the copy is not equal"
    which = f"{kind.__name__}.{name}" if name else kind.__name__
    held = f"a {type(getattr(part, name)).__name__}" if name else "what has no equal copy"
    return broken(
        kind,
        f"`{which}` cannot be {done}: {reason}",
        given=(which, held),
        expected=("a board", "parts that are data, as it is kept beside every run"),
        help=_HELP,
    )


def _copies(value: object, copied: Callable[[object], object]) -> bool:
    try:
        return bool(copied(value) == value)
    except Exception:
        return False

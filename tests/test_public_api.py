"""What the two public faces list is what can be imported from them, and it is documented."""

import importlib
import inspect
from types import FunctionType, ModuleType

import pytest

FACES = ("alfgraph", "alfgraph.components")


def public(module: ModuleType) -> set[str]:
    """Name what a reader may take from a module: no private names, no modules."""
    names = {name for name in dir(module) if not name.startswith("_")}
    return {name for name in names if not inspect.ismodule(getattr(module, name))}


@pytest.mark.parametrize("face", FACES)
def test_all_lists_what_is_importable(face: str) -> None:
    module = importlib.import_module(face)
    listed = [name for name in module.__all__ if not name.startswith("_")]
    assert len(listed) == len(set(listed))
    assert set(listed) == public(module)


def is_silent(thing: type | FunctionType) -> bool:
    """Tell a class or function without words of its own; a dataclass is given its signature."""
    return not thing.__doc__ or thing.__doc__.startswith(f"{thing.__name__}(")


@pytest.mark.parametrize("face", FACES)
def test_every_public_name_says_what_it_is(face: str) -> None:
    module = importlib.import_module(face)
    things = [getattr(module, name) for name in sorted(public(module))]
    # Type aliases and constants cannot carry a docstring.
    things = [thing for thing in things if inspect.isclass(thing) or inspect.isfunction(thing)]
    assert [thing.__name__ for thing in things if is_silent(thing)] == []

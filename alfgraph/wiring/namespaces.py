"""One namespace per component: ports, registers, operations, settings and inherited names.

Python and pydantic accept a name declared twice without a word; here it is E107 when the class is
made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform

from pydantic import BaseModel, Field, PrivateAttr

from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.repairs.calls import Fix, as_help
from alfgraph.diagnostics.repairs.classes import renamed_declaration
from alfgraph.diagnostics.source import Source
from alfgraph.wiring.ports import Port

if TYPE_CHECKING:  # a type checker takes no base that is computed
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

K = TypeVar("K")


class Declaration:
    """What a component's body declares besides ports: operations."""


class _Namespace(dict[str, Any]):
    """A class body that refuses to declare a port or operation twice."""

    def __setitem__(self, name: str, value: Any) -> None:
        old = self.get(name)
        if isinstance(old, Port | Declaration) or (
            name in self and isinstance(value, Port | Declaration)
        ):
            clash(
                str(self.get("__qualname__", "?")), name, "is declared twice", *self._as_out(value)
            )
        super().__setitem__(name, value)

    def _as_out(self, value: Any) -> Iterator[str | Fix]:
        """The only output of a part is `out` by custom."""
        outputs = [
            port for port in self.values() if isinstance(port, Port) and port.direction == "out"
        ]
        if (
            isinstance(value, Port)
            and value.direction == "out"
            and not outputs
            and "out" not in self
        ):
            name = "out"
            yield Fix(f"call the output `{name}`", lambda at: renamed_declaration(at, name))
        yield _ANOTHER


_ANOTHER = "give one another name"
_ONE = (
    "with parameters or state, `build` makes the module that computes; without, `forward` computes"
)


def clash(owner: str, name: str, reason: str, *fixes: str | Fix) -> NoReturn:
    """Stop with E107 at the line of the class."""
    source = Source.of_caller()
    raise WiringError(
        Diagnostic(
            code="E107",
            message=f"`{owner}.{name}` {reason}",
            source=source,
            help=tuple(as_help(fix, source) for fix in fixes or (_ANOTHER,)),
        ),
    )


@dataclass_transform(kw_only_default=True, field_specifiers=(Field, PrivateAttr))
class ComponentMeta(ModelMetaclass):
    """Checks that ports, registers, operations, settings and inherited names do not clash."""

    @classmethod
    def __prepare__(  # type: ignore[override]  # a dict that watches what is declared
        cls, name: str, bases: tuple[type, ...], **kwargs: Any
    ) -> _Namespace:
        """The class body, watched."""
        return _Namespace()

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any
    ) -> Any:
        """The class, unless a name of its body clashes."""
        own = dict(namespace)
        declared = {k for k, v in own.items() if isinstance(v, Port | Declaration)}
        settings = set(own.get("__annotations__", {}))
        for pin in sorted(declared & settings):
            clash(name, pin, "is both a port and a setting")
        for base in bases:
            fields = getattr(base, "model_fields", {}) if base is not BaseModel else {}
            for pin in sorted(declared):
                inherited = _inherited(base, pin)
                if pin in fields:
                    clash(name, pin, f"is a port here and a setting of {base.__name__}")
                if inherited is not None and not isinstance(inherited, Port | Declaration):
                    clash(name, pin, f"hides `{base.__name__}.{pin}`")
            for setting in sorted(settings):
                inherited = _inherited(base, setting)
                if isinstance(inherited, Port | Declaration):
                    clash(name, setting, f"is a setting here and a port of {base.__name__}")
                if BaseModel not in bases and _is_method(inherited):
                    reason = f"is a setting here and a method of {base.__name__}"
                    clash(name, setting, reason)
        if BaseModel not in bases:
            _check_computes_once(name, bases, own)
        return super().__new__(cls, name, bases, own, **kwargs)


def _is_method(inherited: Any) -> bool:
    return callable(inherited) or isinstance(inherited, property | classmethod | staticmethod)


def _check_computes_once(name: str, bases: tuple[type, ...], own: dict[str, Any]) -> None:
    """`forward` computes without parameters, `build` makes what computes: one of them."""
    if {"forward", "build"} <= set(own):
        clash(name, "forward", "stands beside `build`; a component has one of them", _ONE)
    for mine, other in (("forward", "build"), ("build", "forward")):
        for base in bases:
            has = getattr(base, f"has_{other}", None)
            if mine in own and has is not None and has():
                reason = f"stands beside the `{other}` of {base.__name__}"
                clash(name, mine, f"{reason}; a component has one of them", _ONE)


def _inherited(base: type, name: str) -> Any:
    return next((vars(b)[name] for b in base.__mro__ if name in vars(b)), None)


def classes_below(kind: type[K]) -> Iterator[type[K]]:
    """The subclasses of a class, theirs included."""
    for subclass in kind.__subclasses__():
        yield subclass
        yield from classes_below(subclass)

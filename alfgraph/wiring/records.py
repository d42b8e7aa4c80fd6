"""Records: typed bundles of wires, declared once.

    class Experience(Record):
        step: TimeStep
        action: Wire
        log_prob: Wire

While a board is wired the fields hold wires; inside `forward` and in buffers' hands they hold
tensors. A record is immutable.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

from alfgraph.diagnostics.repairs.calls import misspelt_field
from alfgraph.diagnostics.suggestions import did_you_mean
from alfgraph.specs.dims import Star
from alfgraph.specs.spec import DistributionSpec, RecordSpec, Spec, SymbolSpec, parse_spec
from alfgraph.wiring.refusals import NoSuchFieldError, refuse
from alfgraph.wiring.trace import Value
from alfgraph.wiring.wires import Distribution, Wire, as_wire, wrap


class FieldDeclaration:
    """What `Field(...)` leaves in a Record class."""

    __slots__ = ("role", "spec")

    def __init__(self, spec: Spec, role: str | None) -> None:
        self.spec = spec
        self.role = role


def Field(spec: str, *, role: str | None = None) -> Any:
    """Declare the spec of a record's field.

    Args:
        spec: in the grammar of `alfgraph.specs.spec`, e.g. "float32[*batch, *r]".
        role: what the values mean, e.g. "reward".
    """
    return FieldDeclaration(parse_spec(spec), role)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,), frozen_default=True)
class Record:
    """A typed bundle of wires. Subclass it and annotate the fields."""

    record_fields: ClassVar[Mapping[str, FieldDeclaration | None]] = MappingProxyType({})

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = inspect.get_annotations(cls)
        fields = dict(cls.record_fields)
        for name, annotation in own.items():
            if not name.startswith("_") and "ClassVar" not in str(annotation):
                if hasattr(Record, name):
                    refuse(
                        "E107",
                        f"`{cls.__name__}.{name}` hides a method of Record; choose another name",
                    )
                declared = cls.__dict__.get(name)
                fields[name] = declared if isinstance(declared, FieldDeclaration) else None
                if isinstance(declared, FieldDeclaration):
                    delattr(cls, name)
        cls.record_fields = MappingProxyType(fields)

    def __init__(self, **fields: Any) -> None:
        cls = type(self)
        for name in fields:
            if name not in cls.record_fields:
                refuse_field(cls, name)
        missing = [name for name in cls.record_fields if name not in fields]
        if missing:
            refuse(
                "E102",
                f"`{cls.__name__}` lacks `{missing[0]}`",
                f"its fields are {', '.join(cls.record_fields)}",
            )
        kinds = field_types(cls)
        for name, given in fields.items():
            value = as_field(given)
            _check_kind(f"{cls.__name__}.{name}", kinds[name], value)
            if isinstance(value, Wire):
                value.value.hints.append(name)
            self.__dict__[name] = value

    def __setattr__(self, name: str, value: Any) -> None:
        refuse("E111", "a record is immutable", f"step.replace({name}=...) makes a new one")

    if not TYPE_CHECKING:  # to a type checker a missing field is one

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            refuse_field(type(self), name)

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self.items())
        return f"{type(self).__name__}({inner})"

    def items(self) -> Iterator[tuple[str, Any]]:
        """`(name, wire or record)` in the order declared."""
        for name in type(self).record_fields:
            yield name, self.__dict__[name]

    def map(self, function: Callable[[Any], Any]) -> Self:
        """The record with `function` applied to every leaf."""
        return self._rebuilt(
            {
                name: value.map(function) if isinstance(value, Record) else function(value)
                for name, value in self.items()
            }
        )

    def replace(self, **fields: Any) -> Self:
        """The record with other wires in some fields."""
        for name in fields:
            if name not in type(self).record_fields:
                refuse_field(type(self), name)
        new = {name: as_field(value) for name, value in fields.items()}
        kinds = field_types(type(self)) if new else {}
        for name, value in new.items():
            _check_kind(f"{type(self).__name__}.{name}", kinds[name], value)
            if isinstance(value, Wire):
                value.value.hints.insert(0, name)
        record = self._rebuilt(dict(self.items()) | new)
        if new:  # it is no longer what the transforms it remembers made of the raw step
            record.__dict__.pop("_history", None)
        return record

    def detach(self) -> Self:
        """The same values; no gradient passes."""
        return self.map(lambda leaf: leaf.detach())

    def __getitem__(self, key: int | slice) -> Self:
        """A row, or a stretch of rows, of the leading axis of every field."""
        return self.map(lambda leaf: leaf[key])

    def _rebuilt(self, fields: dict[str, Any]) -> Self:
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.__dict__.update(fields)
        return new


def as_field(value: Any) -> Any:
    """What a record's field holds: records, wires, tensors and numbers as they are."""
    if isinstance(value, Record | Wire) or not hasattr(value, "only_output"):
        return value
    output = value.only_output()
    return output if isinstance(output, Record) else as_wire(output)


def _check_kind(label: str, kind: type, value: Any) -> None:
    """A field that is declared as a record holds one, any other field a wire."""
    is_record = issubclass(kind, Record)
    if is_record == isinstance(value, Record) or not isinstance(value, Record | Wire):
        return
    given = type(value).__name__ if isinstance(value, Record) else "a wire"
    refuse("E101", f"`{label}` takes a {kind.__name__}, not {given}")


def refuse_field(cls: type[Record], name: str) -> Any:
    """Stop with E104 and the nearest field."""
    helps = misspelt_field(name, did_you_mean(name, list(cls.record_fields)))
    refuse(
        "E104",
        f"`{cls.__name__}` has no field `{name}`",
        *helps,
        f"its fields are {', '.join(cls.record_fields)}",
        kind=NoSuchFieldError,
    )


def field_types(cls: type[Record]) -> dict[str, type]:
    """The class each field holds: Wire, Distribution or a Record class."""
    found: dict[str, type] = {}
    for owner in reversed(cls.__mro__):
        for name, annotation in inspect.get_annotations(owner).items():
            if name in cls.record_fields:
                found[name] = _resolved(annotation, owner)
    return {name: found[name] for name in cls.record_fields}


def _resolved(annotation: Any, owner: type) -> type:
    if isinstance(annotation, str):
        known = {**_Nested(owner), **vars(sys.modules.get(owner.__module__, sys))}
        annotation = known.get(annotation.strip("'\""), Wire)
    return annotation if isinstance(annotation, type) else Wire


class _Nested(dict[str, Any]):
    """Names visible where a record class was written inside a function or a class."""

    def __init__(self, cls: type) -> None:
        super().__init__({cls.__name__: cls})
        self.update({sub.__name__: sub for sub in _all_records(Record)})


def _all_records(cls: type[Record]) -> Iterator[type[Record]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _all_records(sub)


def declared_leaves(cls: type[Record], prefix: str = "") -> Iterator[tuple[str, Spec, str | None]]:
    """Yield `(dotted path, declared spec, role)` for every leaf of a record class.

    A field without a spec is a spec symbol of its own name on `*batch`.
    """
    types = field_types(cls)
    for name, declaration in cls.record_fields.items():
        path = f"{prefix}{name}"
        kind = types[name]
        if isinstance(kind, type) and issubclass(kind, Record):
            yield from declared_leaves(kind, f"{path}.")
            continue
        spec = declaration.spec if declaration else SymbolSpec(name=path, batch=(Star("batch"),))
        if kind is Distribution and not isinstance(spec, DistributionSpec):
            spec = DistributionSpec(event=spec)
        yield path, spec, declaration.role if declaration else None


def build_record(cls: type[Record], leaves: Mapping[str, Any], prefix: str = "") -> Any:
    """Assemble a record from its leaves by dotted path."""
    new = object.__new__(cls)
    types = field_types(cls)
    for name in cls.record_fields:
        kind = types[name]
        if isinstance(kind, type) and issubclass(kind, Record):
            new.__dict__[name] = build_record(kind, leaves, f"{prefix}{name}.")
        else:
            new.__dict__[name] = leaves[f"{prefix}{name}"]
    return new


def record_leaves(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield `(dotted path, wire or tensor)` for every leaf of a record."""
    for name, value in record.items():
        if isinstance(value, Record):
            yield from record_leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def values_of(wires: Mapping[str, Value], trace: Any) -> dict[str, Wire]:
    """Handles on values, by the same names."""
    return {name: wrap(value, trace) for name, value in wires.items()}


__all__ = ["Field", "Record", "RecordSpec"]

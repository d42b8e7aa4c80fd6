"""`alfgraph parts`: the catalogue by family, and the data sheet of one component."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from alfgraph.cli.catalogue import Kind, catalogue, find_kind
from alfgraph.cli.reporting import terminal_width
from alfgraph.cli.tables import styled, table
from alfgraph.diagnostics.errors import UsageError
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.value_text import limits, shown, type_name
from alfgraph.families.annealing import Annealing
from alfgraph.overrides.addressing import socket_families
from alfgraph.wiring.component import Component, Operation

_TITLES = {
    "board": "boards",
    "environment": "environments",
    "transform": "transforms",
    "algorithm": "algorithms",
    "network": "networks",
    "loss": "losses",
    "returns": "returns",
    "buffer": "buffers",
    "optimizer": "optimizers",
    "target": "targets",
    "schedule": "schedules",
    "annealing": "annealings: values that change with progress",
    "metric": "metrics",
    "trainer": "trainer",
}
_PHASES = ("unroll", "prepare", "update", "predict", "replay")


# ----------------------------------------------------------------------------------- all of them


def list_parts() -> str:
    """Every component of the parts bin by family, with the first line of its docstring."""
    blocks = []
    for title, kinds in _by_family():
        rows = [(f"  {kind.__name__:<26}", _first_sentence(kind)) for kind in kinds]
        blocks.append(f"{styled(title, 'bold')}\n{table(rows)}")
    blocks.append("`alfgraph parts NAME` shows the ports and settings of one.")
    return "\n\n".join(blocks)


def parts_as_json() -> str:
    """The catalogue as a list of objects."""
    entries = [
        {"name": kind.__name__, "family": _family(kind), "summary": _first_sentence(kind)}
        for _, kinds in _by_family()
        for kind in kinds
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False)


def _by_family() -> Iterator[tuple[str, list[Kind]]]:
    kinds = list(catalogue().values())
    families = dict.fromkeys((*_TITLES, *map(_family, kinds)))
    for family in families:
        members = sorted((k for k in kinds if _family(k) == family), key=lambda k: k.__name__)
        if members:
            yield _TITLES.get(family, family), members


def _family(kind: Kind) -> str:
    return "annealing" if issubclass(kind, Annealing) else kind.family


# ---------------------------------------------------------------------------------------- one


def describe_part(name: str) -> str:
    """The data sheet of one component: docstring, ports, sockets, settings, phases.

    Args:
        name: of the parts bin, `module:Class` or `file.py:Class`.

    Raises:
        SettingError: E103, there is no such component.
    """
    kind = _kind(name)
    heading = f"{styled(kind.__name__, 'bold')} ({_family(kind)})"
    place = _defined_at(kind)
    gap = terminal_width() - len(f"{kind.__name__} ({_family(kind)})") - len(place)
    blocks = [f"{heading}{' ' * max(gap, 2)}{styled(place, 'dim')}", _prose(kind)]
    for title, rows in _sections(kind):
        if rows:
            blocks.append(f"{styled(title, 'bold')}\n{table(rows)}")
    return "\n\n".join(block for block in blocks if block)


def part_as_json(name: str) -> str:
    """The data sheet as an object."""
    kind = _kind(name)
    fields = {row[0].strip(): row for row in _settings(kind)}
    found: dict[str, Any] = {
        "name": kind.__name__,
        "family": _family(kind),
        "doc": inspect.getdoc(kind) or "",
        "defined": _defined_at(kind),
        "settings": [
            {"name": name, "type": row[1], "default": row[2], "doc": row[3]}
            for name, row in fields.items()
        ],
    }
    if issubclass(kind, Component):
        found["sockets"] = [
            {"name": row[0].strip(), "takes": row[1], "default": row[2], "doc": row[3]}
            for row in _sockets(kind)
        ]
        found["ports"] = [
            {"direction": port.direction, "name": port.name, "spec": port.describe()}
            for port in kind.ports()
        ]
    return json.dumps(found, indent=2, ensure_ascii=False)


def _kind(name: str) -> Kind:
    kind = find_kind(name)
    if isinstance(kind, Component):
        return type(kind)
    if not (isinstance(kind, type) and issubclass(kind, Component | Annealing)):
        raise UsageError(f"`{name}` is no component")
    return kind


Rows = list[tuple[str, ...]]


def _sections(kind: Kind) -> Iterator[tuple[str, Rows]]:
    if issubclass(kind, Component):
        yield "PORTS", _ports(kind)
        yield "OPERATIONS", _operations(kind)
        yield "SOCKETS", _sockets(kind)
    yield "SETTINGS", _settings(kind)
    if issubclass(kind, Component):
        yield "SYMBOLS", _symbols(kind)
        yield "PHASES", _phases(kind)


def _ports(kind: type[Component]) -> Rows:
    return [(f"  {p.direction}", p.name, p.describe(), _remarks(p)) for p in kind.ports()]


def _remarks(port: Any) -> str:
    marks = [f"role {port.role}"] if port.role else []
    marks += [word for word in ("optional", "latched", "monitor") if getattr(port, word)]
    marks += ["no gradient"] if port.detach else []
    marks += ["any number"] if port.many else []
    marks += [f"default {port.default:g}"] if port.default is not None else []
    return ", ".join(marks)


def _operations(kind: type[Component]) -> Rows:
    rows: Rows = []
    for name in dir(kind):
        operation = inspect.getattr_static(kind, name)
        if isinstance(operation, Operation):
            ins = ", ".join(f"{p.name}: {p.describe()}" for p in operation.input_ports())
            outs = ", ".join(f"{p.name}: {p.describe()}" for p in operation.output_ports())
            rows.append((f"  {name}({ins})", f"→ {outs}" if outs else ""))
    return rows


def _sockets(kind: type[Component]) -> Rows:
    docs = _attribute_docs(kind)
    return [
        (f"  {name}", type_name(info.annotation), _default(info), docs.get(name, ""))
        for name, info in kind.model_fields.items()
        if socket_families(info.annotation)
    ]


def _settings(kind: type[BaseModel]) -> Rows:
    docs = _attribute_docs(kind)
    return [
        (
            f"  {name}",
            f"{type_name(info.annotation)}{limits(info.metadata)}",
            _default(info),
            docs.get(name, ""),
        )
        for name, info in kind.model_fields.items()
        if not socket_families(info.annotation)
    ]


def _default(info: Any) -> str:
    if info.default_factory is not None:
        return shown(info.default_factory())
    if info.default is PydanticUndefined:
        return "required"
    if isinstance(info.default, BaseModel):
        given = {name: getattr(info.default, name) for name in info.default.model_fields_set}
        settings = ", ".join(f"{name}={shown(value)}" for name, value in given.items())
        return f"{type(info.default).__name__}({settings})"
    return shown(info.default)


def _symbols(kind: type[Component]) -> Rows:
    """What the dims of its ports stand for, as far as it decides that itself."""
    if not kind.has_build():
        return []
    names = [name for name in inspect.signature(kind.build).parameters if name != "self"]
    return (
        [(f"  {', '.join(names)}", "solved from the board and handed to `build`")] if names else []
    )


def _phases(kind: type[Component]) -> Rows:
    rows: Rows = []
    for name in _PHASES:
        method = getattr(kind, name, None)
        if callable(method):
            doc = (inspect.getdoc(method) or "").partition("\n")[0]
            rows.append((f"  {name}", doc))
    return rows


# ------------------------------------------------------------------------------------ docstrings


def _first_sentence(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def _prose(kind: type) -> str:
    """The docstring without its list of attributes, which the settings show."""
    kept: list[str] = []
    listing = False
    for line in (inspect.getdoc(kind) or "").splitlines():
        listing = line.startswith("Attributes") or (listing and (not line or line[0] == " "))
        if not listing:
            kept += _wrapped(line)
    text = "\n".join(kept)
    return re.sub(r"\n(?=Source:)", "\n\n", re.sub(r"\n+(?=Source:)", "\n", text)).strip()


def _wrapped(line: str) -> list[str]:
    width = terminal_width()
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line, width, subsequent_indent=indent)


def _attribute_docs(kind: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say about each setting."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        text = inspect.cleandoc(base.__dict__.get("__doc__") or "")
        _, listed, rest = text.partition("Attributes:\n")
        if listed:
            block = re.split(r"^\S", rest, maxsplit=1, flags=re.M)[0]
            for name, doc in re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", block, flags=re.M):
                found[name] = " ".join(doc.split())
    return found


def _defined_at(kind: type) -> str:
    try:
        file = inspect.getsourcefile(kind) or ""
        line = inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return kind.__module__
    if kind.__module__.startswith("alfgraph."):
        return kind.__module__
    return f"{Source(file=file, line=line).shown_file}:{line}"

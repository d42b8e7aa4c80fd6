"""`alfgraph parts`: the parts bin."""

from __future__ import annotations

from alfgraph.cli.parts_bin import describe_part, list_parts, part_as_json, parts_as_json
from alfgraph.cli.requests import PartsRequest


def verb(request: PartsRequest) -> None:
    """List the parts bin; with a name, describe one component."""
    if request.name is None:
        print(parts_as_json() if request.json else list_parts())
    else:
        print(part_as_json(request.name) if request.json else describe_part(request.name))

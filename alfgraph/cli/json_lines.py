"""Results as JSON, an object a line."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import Any


def json_printer() -> Callable[[dict[str, Any]], None]:
    """Prints JSON objects, one a line, to what is standard output now, whoever redirects it."""
    stream = sys.stdout

    def say(values: dict[str, Any]) -> None:
        shown = {name: None if _is_no_number(value) else value for name, value in values.items()}
        print(json.dumps(shown), file=stream, flush=True)

    return say


def _is_no_number(value: Any) -> bool:
    """What is unknown yet is NaN in Python and null in JSON."""
    return isinstance(value, float) and not math.isfinite(value)

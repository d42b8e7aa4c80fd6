"""The catalogue of diagnostics: what every code means and how to get rid of it.

Codes are stable: one is never reused for another meaning. The hundreds group them: 1 wires, specs
and training, 2 time (phases, delays, buffers), 3 settings, 4 graph files, 5 schedules, 6 runs.
"""

from collections.abc import Mapping
from types import MappingProxyType

from alfgraph.diagnostics.codes import files, runs, schedules, settings, time, training, wires
from alfgraph.diagnostics.codes.code import WIDTH, Code
from alfgraph.diagnostics.errors import UsageError
from alfgraph.diagnostics.suggestions import did_you_mean

__all__ = ["CODES", "Code", "explain"]

_LOOKALIKES = str.maketrans("OIL", "011")
_GROUPS = (wires, training, time, settings, files, schedules, runs)

CODES: Mapping[str, Code] = MappingProxyType(
    {entry.code: entry for group in _GROUPS for entry in group.ENTRIES}
)
"""Every code, in the order of its number within its group."""


def explain(code: str, width: int = WIDTH) -> str:
    """The explanation of a code: what it means, why it matters, an example and its repair.

    Args:
        code: Such as `E101`; case does not matter, and the letter may be left out.
        width: Columns of the terminal.

    Returns:
        Text of at most so many columns, but for the examples, which have up to 100.

    Raises:
        UsageError: There is no such code.
    """
    wanted = code.strip().upper().removeprefix("ERROR").removeprefix("WARNING").strip("[]:")
    by_number = {name[1:]: name for name in sorted(CODES, reverse=True)}  # E110 before W110
    entry = CODES.get(wanted) or CODES.get(by_number.get(wanted.lstrip("EW"), ""))
    if entry is not None:
        return entry.render(width)
    digits = wanted.translate(_LOOKALIKES)
    near = digits if digits in CODES else did_you_mean(wanted, CODES)
    fix = f"did you mean `{near}`?" if near else f"codes run from `{min(CODES)}` to `{max(CODES)}`"
    raise UsageError(f"there is no diagnostic `{code}`", help=fix)

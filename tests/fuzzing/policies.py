"""Policies: what alfgraph refuses although it would run, and why."""

from __future__ import annotations

from alfgraph.diagnostics.diagnostic import Diagnostic

POLICIES: dict[str, str] = {
    "E108": "every size is known before the first step",
    "E106": "one writer: a port or a buffer written twice keeps the last value by accident",
    "E113": "no input is changed in place: whoever else reads the wire would see it change",
    "E120": "every parameter is trained by somebody, or declared frozen",
    "E121": "one owner: two optimizers on one parameter move it twice with two sets of moments",
    "E122": "a loss must reach what its optimizer is to train",
    "E202": "a latched port is fed in every phase that reads it",
    "E203": "wires do not lead from one phase to another: they run at other rates",
    "E204": "what is read has been written",
    "E205": "a buffer is read as the record that was written",
    "E207": "the gradient of a rollout is used once",
    "E304": "a socket is filled by its family, and by a class that computes",
    "E501": "an algorithm runs under the kind of schedule it was written for",
    "E502": "every mini-batch is what the schedule says, and no transition is lost",
    "E505": "a phase has a rate, and a rate a phase",
}
"""By code."""

BOUNDS = "bounds: a wire may only carry what the port admits; a run that has not yet left them may"
"""E101 and E109 where only the bounds differ."""

BATCH_AND_SAMPLE = (
    "batch and sample axes are told apart: rows of a matrix are no further batch axis"
)
"""E101 where the ranks differ, though all axes together would pass."""

SAMPLE_AXES = (
    "a reduction counts sample axes from the last: the first is not the same on [B] and [T, B]"
)
"""E101 of `min`, `max` and `mean` along an axis from the front, or of a scalar, as torch allows."""

CONDITION = "a condition to stop is one truth value: a record or a policy would always be true"
"""E101 of what Python takes for a truth value, though it says nothing."""

REFUSED_BY_PART = "a part that finds nothing to work on is refused, not left without effect"
"""E101 that a component says itself: no uint8 image among the observations, for one."""


ANY_SIZE = "a part does what it declares for every size of an axis, not for those of one run alone"
"""E109 and E110 of a part that the mutant changed: the trial run tries other sizes."""


DEAD = "wiring that no effect needs does not run, but it is on the board and is checked"
"""Any code, of a node that is not live."""


def every_policy() -> list[str]:
    """All policies, as verdicts name them."""
    return [*(f"{code} {text}" for code, text in POLICIES.items()), *OTHERS]


def policy_of(diagnostic: Diagnostic, changes: tuple[str, ...]) -> str | None:
    """The policy a diagnostic follows; None where it must be deserved by what happens.

    Args:
        diagnostic: what rejected a mutant.
        changes: of the mutant, in words.
    """
    text = " ".join((diagnostic.message, *diagnostic.notes))
    if diagnostic.code in {"E101", "E109"} and "bounds" in text:
        return BOUNDS
    for words, policy in _SAID_OF_E101.items():
        if diagnostic.code == "E101" and words in text:
            return policy
    if diagnostic.code in {"E109", "E110"} and any(diagnostic.path in made for made in changes):
        return ANY_SIZE
    if diagnostic.code == "E101" and not diagnostic.facts:
        return REFUSED_BY_PART
    return f"{diagnostic.code} {POLICIES[diagnostic.code]}" if diagnostic.code in POLICIES else None


_SAID_OF_E101 = {
    "fit `stop_when`": CONDITION,
    "rank: no sample axis": SAMPLE_AXES,
    "differ in rank": BATCH_AND_SAMPLE,
}

OTHERS = (BOUNDS, BATCH_AND_SAMPLE, SAMPLE_AXES, CONDITION, REFUSED_BY_PART, ANY_SIZE, DEAD)

"""Fuzz: mutants of good boards; what checks clean must run, what is rejected must deserve it.

    make fuzz N=10000                               judge mutants 0 to 9999, write docs/soundness.md
    python tools/fuzz.py --first 500 --count 100    others; nothing is written
    python tools/fuzz.py --show 17                  one mutant: its changes, its verdict
    python tools/fuzz.py --log FILE --again 17 404  judge these anew; FILE keeps the last verdict

A mutant follows from its number, so a finding can be repeated anywhere. `make` logs verdicts as
they come: an interrupted run goes on where it stopped. Exit 1 if there are findings.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium

from tests.fuzzing.judging import FINDINGS, OUTCOMES, judge
from tests.fuzzing.mutants import mutant
from tests.fuzzing.policies import every_policy

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "soundness.md"

INTRODUCTION = """# Soundness

*If it checks, it runs; if it cannot run, it does not check.* This page says how far that was tried.
`make fuzz N={count}` writes it.

Good boards (every graph file, the boards of the tests, some more) are changed in one to three
random places: wires inside phase methods are dropped, added, moved, swapped and wrapped; settings
get valid and invalid values; components go into sockets they were not made for; ports are declared
otherwise; `forward` computes something else; environments get every kind of space. Each mutant is
checked.

- What checks clean is trained for two iterations and evaluated.
- What is rejected is lowered all the same and run, with the values at all ports compared with what
  the ports declare. It must raise, or give something else than it declares, or fall under one of
  the policies below.
- Every rejection is a diagnostic with a code and can be printed; an exception of the core's own
  that was made into one counts as a traceback.

## {count:,} mutants

| outcome | mutants | what it means |
|---|---|---|
"""


def main() -> None:
    """Judge a range of mutants."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--count", type=int, default=1000, help="how many")
    parser.add_argument("--show", type=int, help="one mutant, in full")
    parser.add_argument(
        "--log", type=Path, help="append verdicts here; what it holds is not judged"
    )
    parser.add_argument("--again", type=int, nargs="*", default=(), help="of the log, judge anew")
    parser.add_argument("--write", action="store_true", help="write docs/soundness.md")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of torch and gymnasium, about what mutants do
    gymnasium.logger.min_level = gymnasium.logger.ERROR
    gc.freeze()  # what is imported stays: collections need not walk through it
    if options.show is not None:
        print(json.dumps(verdict_of(options.show), indent=2))
        return
    verdicts = judged(options.first, options.count, options.log, options.again)
    if options.write:
        DOCUMENT.write_text(document(verdicts), encoding="utf-8")
    findings = [verdict for verdict in verdicts if verdict["outcome"] in FINDINGS]
    for finding in findings:
        print(json.dumps(finding, indent=2))
    counts = Counter(verdict["outcome"] for verdict in verdicts)
    print(", ".join(f"{name} {count:,}" for name, count in counts.most_common()))
    raise SystemExit(bool(findings))


def verdict_of(number: int) -> dict[str, Any]:
    """A mutant and its verdict, as plain data."""
    made = mutant(number)
    verdict = judge(made)
    return {
        "number": number,
        "start": made.start,
        "changes": list(made.changes),
        "outcome": verdict.outcome,
        "codes": list(verdict.codes),
        "why": verdict.why,
        "where": verdict.where,
    }


def judged(
    first: int, count: int, log: Path | None, again: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """Verdicts of mutants; those that a log already holds are read from it.

    Args:
        first: number of the first.
        count: how many.
        log: a file with a verdict a line; of two for one number the later holds.
        again: numbers whose verdicts in the log do not count.
    """
    lines = log.read_text("utf-8").splitlines() if log is not None and log.exists() else []
    known = {verdict["number"]: verdict for verdict in map(json.loads, lines)}
    revision, begun = _revision(), time.monotonic()
    for number in dict.fromkeys([*again, *range(first, first + count)]):
        if number in known and number not in again:
            continue
        known[number] = {**verdict_of(number), "revision": revision}
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(known[number]) + "\n")
        if (number + 1) % 500 == 0:
            print(f"{number + 1:,} mutants, {time.monotonic() - begun:.0f} s", flush=True)
    return [known[number] for number in range(first, first + count)]


def _revision() -> str:
    """The commit of this checkout; with `+` where files differ from it."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def document(verdicts: list[dict[str, Any]]) -> str:
    """The page of the documentation."""
    outcomes = Counter(verdict["outcome"] for verdict in verdicts)
    lines = [INTRODUCTION.format(count=len(verdicts)).rstrip("\n")]
    for name, meaning in OUTCOMES.items():
        lines.append(f"| {name} | {outcomes[name]:,} | {meaning} |")
    for name in FINDINGS:
        lines.append(f"| **{name}** | {outcomes[name]:,} | a fault of ours: see the findings |")
    revisions = Counter(v["revision"] for v in verdicts).most_common()
    told = ", ".join(f"`{revision}` {count:,}" for revision, count in revisions)
    lines += ["", f"Mutants by the revision that judged them last: {told}."]
    lines += ["", "## Policies", "", POLICY_TEXT, "", "| policy | mutants |", "|---|---|"]
    policies = Counter(v["why"] for v in verdicts if v["outcome"] == "policy")
    lines += [f"| {policy} | {policies[policy]:,} |" for policy in every_policy()]
    lines += ["", "## Codes", "", CODES_TEXT, "", "| code | mutants |", "|---|---|"]
    codes = Counter(code for v in verdicts for code in v["codes"])
    lines += [f"| {code} | {count:,} |" for code, count in sorted(codes.items())]
    findings = [v for v in verdicts if v["outcome"] in FINDINGS]
    lines += ["", "## Findings", ""]
    lines += [f"- mutant {v['number']}, {v['outcome']}: {v['where']}" for v in findings]
    return "\n".join([*lines, *([] if findings else ["None."]), ""])


POLICY_TEXT = (
    "Rejected although it would run, on purpose. Each is counted where nothing else was wrong."
)
CODES_TEXT = "How many mutants each code rejected, some with others; `alfgraph explain` tells more."


if __name__ == "__main__":
    main()

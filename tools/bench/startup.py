"""What `alfgraph check` costs beyond `import torch`: CPU seconds, interleaved, medians.

Usage:
    python tools/bench/startup.py [--rounds 9] [GRAPH]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cpu_seconds(*command: str) -> float:
    """User and system time of one process and its children."""
    before = os.times()
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, check=False)
    after = os.times()
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    spent = after.children_user + after.children_system
    return spent - before.children_user - before.children_system


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph", nargs="?", default="graphs/ac_cart_pole.py")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    torch, check = [], []
    for _ in range(options.rounds):
        torch.append(cpu_seconds("-c", "import torch"))
        check.append(cpu_seconds("-m", "alfgraph", "check", options.graph))
    beyond = statistics.median(c - t for c, t in zip(check, torch, strict=True))
    print(
        f"import torch {statistics.median(torch):.2f} s, check {statistics.median(check):.2f} s, "
        f"beyond it {beyond:.2f} s (medians of {options.rounds}, CPU)"
    )


if __name__ == "__main__":
    main()

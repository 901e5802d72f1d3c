"""How long an up-to-date build takes, as a part of a clean one."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

from tools.build import ROOT

PAIRS = 5


def seconds_to_build(folder: str, *options: str) -> float:
    """Return how long a build into a folder takes, start-up and all."""
    command = [sys.executable, "-m", "tools.build", "--path-output", folder, *options]
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def run() -> list[tuple[str, float, float | None]]:
    """Measure clean and up-to-date builds in turn.

    Returns:
        One row: what was measured, the median ratio over the pairs, no target.
    """
    ratios = []
    for _ in range(PAIRS):
        with tempfile.TemporaryDirectory() as folder:
            clean = seconds_to_build(folder)
            ratios.append(seconds_to_build(folder) / clean)
    name = "up-to-date build of the book / clean build"
    return [(name, statistics.median(ratios), None)]


if __name__ == "__main__":
    for what, ratio, _ in run():
        print(f"{ratio:.2f}  {what}")

"""Run the tests as other processors compute, and with one thread and with two.

    python -m tools.machines                   # the unit tests on every machine
    python -m tools.machines --notebooks       # every chapter, too
    python -m tools.machines tests/test_plots.py chapters/vision/cnn.ipynb

PyTorch, oneDNN and NumPy each choose kernels by what the processor can do, and each
adds up in an order of its own. Told to do without the newer instructions, they compute
as an older machine does. What is green in every row is green elsewhere.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from tools.notebooks import KERNEL_ENVIRONMENT
from tools.test import PYTEST

ROOT = Path(__file__).resolve().parent.parent
THREADS = [name for name in KERNEL_ENVIRONMENT if name.endswith("_THREADS")]


def machines() -> dict[str, dict[str, str]]:
    """Return the settings of each machine under its name."""
    narrow = {"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2"}
    found = {
        "best": {},
        "avx2": {"ATEN_CPU_CAPABILITY": "avx2", **narrow},
        "default": {"ATEN_CPU_CAPABILITY": "default", **narrow},
        "numpy without wide sets": {"NPY_DISABLE_CPU_FEATURES": " ".join(wide_sets())},
        "openblas haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    }
    if not wide_sets():
        del found["numpy without wide sets"]
    return {
        f"{name}, {threads} thread{'s' * (threads > 1)}": {
            **settings,
            **dict.fromkeys(THREADS, str(threads)),
            # Two workers with two threads each: on two cores, a thread that waits for
            # the other would turn round and round and keep it from its core.
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        for name, settings in found.items()
        for threads in (1, 2)
    }


def wide_sets() -> list[str]:
    """Return the instruction sets that NumPy found here and can do without."""
    from numpy._core._multiarray_umath import (
        __cpu_baseline__,
        __cpu_dispatch__,
        __cpu_features__,
    )

    dispatched = set(__cpu_dispatch__) - set(__cpu_baseline__)
    return sorted(name for name in dispatched if __cpu_features__.get(name))


def main(arguments: list[str] | None = None) -> int:
    """Run pytest on each machine and print the table; return how many were red."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", help="what pytest runs; the unit tests")
    parser.add_argument("--notebooks", action="store_true", help="the chapters, too")
    parser.add_argument("--only", default="", help="machines whose names contain this")
    options = parser.parse_args(arguments)
    paths = options.paths or ["tests", *["chapters"] * options.notebooks]

    rows = []
    for name, settings in machines().items():
        if options.only not in name:
            continue
        print(f"\n=== {name}: {settings}", flush=True)
        start = time.perf_counter()
        status = subprocess.call(
            [*PYTEST, "-rfE", *paths],
            cwd=ROOT,
            env=os.environ | settings,
        )
        result = "failed" if status else "passed"
        rows.append((name, result, time.perf_counter() - start))
    print()
    for name, result, seconds in rows:
        print(f"{seconds:8.1f} s  {name:36}{result}")
    return sum(result == "failed" for _, result, _ in rows)


if __name__ == "__main__":
    sys.exit(main())

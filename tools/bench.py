"""Print the book's speed figures as ratios: ``make bench``.

Every ratio is the median over interleaved pairs measured in this one run, so the
machine's speed cancels out. What does not cancel is which kernels NumPy's and PyTorch's
matrix products take, so the machine is named above the table; and the seconds to a
page's first paint are this machine's. Nothing here is a test; tests never look at a
clock.
"""

from __future__ import annotations

import os
import platform
import sys

from tools.notebooks import KERNEL_ENVIRONMENT

os.environ.update(KERNEL_ENVIRONMENT)

from tools import (
    bench_build,
    bench_pictures,
    bench_scratch,
    bench_training,
    page_shape,
    page_weight,
)


def main() -> None:
    """Run every benchmark and print one table of ratios and one of pages."""
    print(f"{machine()}\n")
    print(f"{'ratio':>7}  {'target':>7}  what (less is faster)")
    for module in (bench_training, bench_scratch, bench_pictures, bench_build):
        for name, ratio, target in module.run():
            goal = "" if target is None else f"<= {target:g}"
            print(f"{ratio:7.2f}  {goal:>7}  {name}", flush=True)
    print(f"\n{'KB':>7}  {'requests':>8}  page, as sent over the wire")
    for page, size, requests in page_weight.run():
        print(f"{size / 1000:7.0f}  {requests:8d}  {page}")
    print(
        "\nbars: 25 windows, 12,000 elements, 4 windows bare, 1.5 s to the first paint"
    )
    page_shape.report(page_shape.run())


def machine() -> str:
    """Say which instructions the sides of a ratio use, and whose matrix products."""
    import torch
    from threadpoolctl import threadpool_info

    blas = [
        f"{found['internal_api']} {found['version']} for {found.get('architecture')}"
        for found in threadpool_info()
        if found["user_api"] == "blas"
    ]
    kernels = torch.backends.cpu.get_cpu_capability()
    library = "MKL" if torch.backends.mkl.is_available() else "no MKL"
    return (
        f"{platform.machine()}, {os.cpu_count()} cores; NumPy: "
        f"{', '.join(blas) or 'no BLAS that threadpoolctl knows'}; "
        f"PyTorch: {kernels} kernels, {library}"
    )


if __name__ == "__main__":
    sys.exit(main())

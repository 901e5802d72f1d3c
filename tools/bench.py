"""Print the book's speed figures as ratios: ``make bench``.

Every ratio is the median over interleaved pairs measured in this one run, so the
machine's speed cancels out; but the seconds to a page's first paint are this machine's.
Nothing here is a test; tests never look at a clock.
"""

from __future__ import annotations

import os
import sys

from tools.notebooks import KERNEL_ENVIRONMENT

os.environ.update(KERNEL_ENVIRONMENT)

from tools import (
    bench_build,
    bench_scratch,
    bench_training,
    page_shape,
    page_weight,
)


def main() -> None:
    """Run every benchmark and print one table of ratios and one of pages."""
    print(f"{'ratio':>7}  {'target':>7}  what (less is faster)")
    for module in (bench_training, bench_scratch, bench_build):
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


if __name__ == "__main__":
    sys.exit(main())

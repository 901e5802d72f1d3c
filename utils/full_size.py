"""Results at full size: run once, for a long time, and shown wherever the book is read.

A chapter's section *At full size* ends in a call that stands for hours of training:

    full_size.report("foundations/first_network", "odd-or-even", train, ...)

In the quick profile it shows the stored result. ``python -m tools.full`` runs the same
cell in the full profile and stores what comes out, seed by seed, so that a run that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import base64
import html
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from utils import plots, runtime
from utils.scratch._checks import shown

__all__ = ["FOLDER", "Report", "read", "report"]

FOLDER = Path(__file__).resolve().parent.parent / "chapters" / "_full"
OUT, HASH = "BOOK_FULL_OUT", "BOOK_FULL_HASH"  # set by tools.full
PACKAGES = ("torch", "tensorflow", "keras", "numpy")
LONG_TEXT = 40  # lines; a longer text is folded

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """A result at full size, as the page and the terminal show it.

    Attributes:
        result: The result as it is stored; see `report`. `None` if there is none.
        name: The chapter and the result's name, joined by a slash.
    """

    result: Results | None
    name: str

    def __repr__(self) -> str:
        if self.result is None:
            return f"no result of {self.name} is stored here: see the built book"
        rows = [f"{label}: {value}" for label, value in rows_of(self.result)]
        return "\n".join([*rows, *filter(None, [self.result.get("text")])])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        plain = {"text/plain": repr(self)}
        return plain if self.result is None else plain | {"text/html": self.html}

    @property
    def html(self) -> str:
        """The result as a table, with its picture and its text below."""
        result = self.result or {}
        rows = "".join(
            f'<tr><th scope="row">{html.escape(label)}</th>'
            f"<td>{html.escape(value)}</td></tr>"
            for label, value in rows_of(result)
        )
        found = f'<table class="full-size" data-result="{self.name}">{rows}</table>'
        if picture := result.get("picture"):
            shown_picture = plots.Picture(
                plots.Frame(
                    base64.b64decode(picture["webp"]),
                    picture["width"],
                    picture["height"],
                ),
                picture["alt"],
                picture["caption"],
            )
            sounds = {
                name: base64.b64decode(wav)
                for name, wav in result.get("sounds", {}).items()
            }
            found += plots.Players(shown_picture, sounds).html
        if text := result.get("text"):
            lines = len(text.splitlines())
            shown_text = f'<pre class="full-size-text">{html.escape(text)}</pre>'
            if lines > LONG_TEXT:
                folded = f"<summary>The text, {lines} lines</summary>"
                shown_text = f"<details>{folded}{shown_text}</details>"
            found += shown_text
        return found


def report(
    chapter: str,
    name: str,
    train: Callable[[int], Results],
    *,
    seeds: Iterable[int],
    data: str,
    model: str,
    metric: str,
    published: str,
) -> Report:
    """Shows a result at full size; in the full profile, makes it.

    Args:
        chapter: The chapter, such as `"vision/cnn"`.
        name: The result's name within the chapter, such as `"mnist"`.
        train: Takes a seed, trains with it, and returns numbers by name: `metric` among
            them, the others are shown below it, `parameters` once. It may also return
            `picture`, a `plots.Picture` or `plots.Players`, and `text`; those of the
            first seed are kept.
        seeds: The seeds. Read by `tools.full`; a reader's own run takes the first.
        data: The data set and how it was split.
        model: The model, in a line.
        metric: Which of the numbers is the result.
        published: The published number it compares with and whose it is, or why there
            is none.

    Raises:
        ValueError: `train` did not return `metric`, or returned what is no number.
    """
    about = {"data": data, "model": model, "metric": metric, "published": published}
    key = f"{chapter}/{name}"
    if runtime.profile == "quick":
        stored = read(chapter).get(name)
        return Report(stored and {**stored, **about}, key)
    out = os.environ.get(OUT)
    seeds = list(seeds) if out else list(seeds)[:1]
    result = _stored(out, about)
    for seed in seeds:
        if seed in result["seeds"]:
            continue
        start = time.perf_counter()
        found = dict(train(seed))
        _add(result, seed, found, metric)
        result["seconds"].append(round(time.perf_counter() - start))
        result |= {"date": datetime.now(UTC).date().isoformat(), **_machine()}
        if out:
            _write(Path(out), result)
    return Report(result, key)


def read(chapter: str) -> dict[str, Results]:
    """Returns the stored results of a chapter by name; none if there are none.

    Args:
        chapter: The chapter, such as `"vision/cnn"`.
    """
    path = FOLDER / f"{chapter.replace('/', '-')}.json"
    if not path.is_file():
        return {}
    return json.loads(path.read_text(encoding="utf-8"))


def rows_of(result: Results) -> list[tuple[str, str]]:
    """Returns what is said of a result: pairs of a label and a text."""
    several = len(result["seeds"])
    metrics = {result["metric"]: None, **result["values"]}
    size = [f"{result['parameters']:,}"] if "parameters" in result else []
    many = f"mean of {several}, least to largest" if several > 1 else "one"
    return [
        ("data", result["data"]),
        ("model", result["model"]),
        *(("parameters", number) for number in size),
        *((_words(each), spread(result["values"][each])) for each in metrics),
        ("seeds", many),
        ("published", result["published"]),
        ("time", f"{_minutes(float(np.mean(result['seconds'])))} a seed"),
        ("memory", f"{result['peak_memory_gb']:.1f} GB at the most"),
        ("machine", result["hardware"]),
        ("versions", ", ".join(f"{k} {v}" for k, v in result["versions"].items())),
        ("date", result["date"]),
    ]


def spread(values: list[float]) -> str:
    """Returns the mean of some numbers, and the extremes if they differ."""
    mean = f"{np.mean(values):.4g}"
    least, largest = min(values), max(values)
    return f"{mean} ({least:.4g} to {largest:.4g})" if least < largest else mean


def _stored(out: str | None, about: dict[str, str]) -> dict[str, Any]:
    """What an interrupted run of the same cells left, or an empty result."""
    cells = os.environ.get(HASH, "")
    empty = {**about, "cells": cells, "seeds": [], "values": {}, "seconds": []}
    if not out or not Path(out).is_file():
        return empty
    left = json.loads(Path(out).read_text(encoding="utf-8"))
    return left | about if left.get("cells") == cells else empty


def _add(result: dict[str, Any], seed: int, found: dict[str, Any], metric: str) -> None:
    """Puts what a seed gave into the result."""
    picture, text = found.pop("picture", None), found.pop("text", None)
    parameters = found.pop("parameters", None)
    if metric not in found:
        raise ValueError(
            f"train({seed}) returned {', '.join(found) or 'nothing'}, "
            f"but metric is {metric!r}"
        )
    for name, value in found.items():
        if not isinstance(value, int | float | np.number) or not np.isfinite(value):
            raise ValueError(
                f"train({seed}) returned {shown(value)} as {name!r}: "
                "each result is a finite number"
            )
        result["values"].setdefault(name, []).append(float(f"{float(value):.6g}"))
    result["seeds"].append(seed)
    if parameters is not None:
        result["parameters"] = int(parameters)
    if picture is not None and "picture" not in result:
        if isinstance(picture, plots.Players):
            result["sounds"] = {
                name: base64.b64encode(wav).decode("ascii")
                for name, wav in picture.sounds.items()
            }
            picture = picture.picture
        result["picture"] = {
            "webp": base64.b64encode(picture.frame.data).decode("ascii"),
            "width": picture.frame.width,
            "height": picture.frame.height,
            "alt": picture.alt,
            "caption": picture.caption,
        }
    if text is not None and "text" not in result:
        result["text"] = str(text)


def _machine() -> dict[str, Any]:
    """The hardware, the versions and the largest memory so far."""
    versions = {
        name: metadata.version(name) for name in PACKAGES if name in sys.modules
    }
    return {
        "hardware": _hardware(),
        "versions": {"Python": platform.python_version(), **versions},
        "peak_memory_gb": round(_peak_bytes() / 2**30, 2),
    }


def _hardware() -> str:
    """The processor's kind and number of cores, and the GPU if one is used."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    found = f"{cores or os.cpu_count()} cores, {platform.machine()}"
    torch = sys.modules.get("torch")
    if torch is None:
        return found
    if runtime.device() == "cuda":
        return f"{torch.cuda.get_device_name()}, {found}"
    return f"{found} with {torch.backends.cpu.get_cpu_capability()}"


def _peak_bytes() -> float:
    """The most memory that this process has held."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def _write(path: Path, result: Results) -> None:
    """Writes a result in one step: an interrupted run leaves a whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    part.replace(path)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"

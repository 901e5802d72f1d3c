"""What every chapter does first: fix the seeds, quieten the logs, set the plot style.

A chapter imports its frameworks, then says which seed it wants:

    import torch

    from utils import runtime

    run = runtime.setup(seed=0)

The module is cheap to import. It loads no framework by itself, and only its import
sets the environment variables that must be there before TensorFlow starts.
"""

from __future__ import annotations

import atexit
import importlib.util
import logging
import operator
import os
import random
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")

PROFILES = ("quick", "full")

PALETTE = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
}
"""The colours of Okabe and Ito, which colour-blind readers can tell apart, without
their yellow, which is lost on white. Plots use them in this order."""

profile: str
"""`"quick"` or `"full"`, as `BOOK_PROFILE` says now; see `__getattr__` below."""


@dataclass(frozen=True, repr=False)
class Runtime:
    """What `setup` settled. Its repr is the same on every machine."""

    profile: str
    seed: int

    @property
    def device(self) -> str:
        """The fastest device PyTorch finds: `"cuda"`, `"mps"` or `"cpu"`."""
        return device()

    def __repr__(self) -> str:
        return f"profile {self.profile}, seed {self.seed}"


def setup(seed: int = 0) -> Runtime:
    """Seeds every generator in use and sets the book's plot style.

    Seeds Python's and NumPy's generators, and those of PyTorch, TensorFlow and Keras
    if they have been imported: import the frameworks first, then call `setup`.

    Args:
        seed: A whole number from 0 to 2³² - 1.

    Returns:
        The profile and the seed; the device is looked up when it is asked for.

    Raises:
        ValueError: The seed is out of range, or `BOOK_PROFILE` names no profile.
    """
    run = Runtime(profile=_profile(), seed=_checked_seed(seed))
    _seed_everything(run.seed)
    _set_plot_style()
    _quieten_logs()
    return run


def pick(*, quick: T, full: T) -> T:
    """Chooses a size, a data set's name or anything else by the profile.

    Args:
        quick: What the quick profile uses.
        full: What the full profile uses.

    Example:
        >>> pick(quick=5, full=50)  # BOOK_PROFILE is not set
        5
    """
    return full if _profile() == "full" else quick


def device() -> str:
    """Names the fastest device that the installed PyTorch can use.

    Returns:
        What `BOOK_DEVICE` names, if it is set. Otherwise `"cuda"` for an NVIDIA (or
        ROCm) GPU, `"mps"` for an Apple GPU that gives memory, else `"cpu"`; `"cpu"`
        too where PyTorch is not installed.

    Raises:
        ValueError: `BOOK_DEVICE` names a device that cannot be used here.
    """
    found = _devices()
    named = os.environ.get("BOOK_DEVICE", "").strip() or found[0]
    if named not in found:
        raise ValueError(
            f"BOOK_DEVICE is {named!r}, but PyTorch can use {', '.join(found)} here. "
            "Set it to one of these, or leave it unset for the fastest one."
        )
    return named


def _devices() -> list[str]:
    """The devices that can be used, the fastest first."""
    try:
        import torch
    except ImportError:
        return ["cpu"]
    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        with suppress(RuntimeError):  # some virtual machines have it, without memory
            torch.ones(1, device="mps").sum().item()
            found.append("mps")
    return [*found, "cpu"]


def __getattr__(name: str) -> str:
    """Reads `runtime.profile` from the environment each time it is asked for."""
    if name == "profile":
        return _profile()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _profile() -> str:
    value = os.environ.get("BOOK_PROFILE", "").strip() or "quick"
    if value not in PROFILES:
        raise ValueError(
            f"BOOK_PROFILE is {value!r}, which is no profile. Set it to 'quick' (small "
            "data, no download) or 'full' (the public data sets), or leave it unset "
            "for 'quick'."
        )
    return value


def _checked_seed(seed: int) -> int:
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < 2**32:
        from utils.scratch._checks import shown

        raise ValueError(
            f"seed must be a whole number from 0 to 2**32 - 1, not {shown(seed)}."
        )
    return number


def _seed_everything(seed: int) -> None:
    import numpy as np

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (other libraries draw from this generator)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)  # the CPU's generator and every GPU's
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
    if tensorflow := sys.modules.get("tensorflow"):
        tensorflow.random.set_seed(seed)
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(seed)
        # Keras 3.10, which Colab has, would go on with the generator that it has made.
        if state := sys.modules.get("keras.src.backend.common.global_state"):
            state.set_global_attribute("global_seed_generator", None)


def _set_plot_style() -> None:
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "figure.figsize": (6.0, 3.4),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "axes.facecolor": "white",
            "savefig.facecolor": "white",
            "savefig.transparent": False,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.labelsize": 11,
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "legend.fontsize": 10,
            "legend.framealpha": 0.9,
            "axes.prop_cycle": cycler(color=PALETTE.values()),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": True,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.8,
            "lines.linewidth": 2.0,
            "lines.markersize": 6.0,
        }
    )


def _prepare_environment() -> None:
    """Sets what must be set before a framework is imported, unless the reader did."""
    defaults = {
        # TensorFlow's notices about how it was built.
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "GRPC_VERBOSITY": "ERROR",
        # PyTorch's profiler says on stderr when it begins and when it ends.
        "KINETO_LOG_LEVEL": "99",
        # The same sums on every CPU, the same products on every call.
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        # The few operations that Apple's GPU lacks run on the CPU.
        "PYTORCH_ENABLE_MPS_FALLBACK": "1",
        # TensorFlow takes of a GPU what it needs, and leaves the rest to PyTorch.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
    if "MPLCONFIGDIR" not in os.environ and not _matplotlib_can_write():
        # Matplotlib would choose such a folder itself, with a warning in the page.
        defaults["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="matplotlib-")
        atexit.register(shutil.rmtree, defaults["MPLCONFIGDIR"], ignore_errors=True)
    if os.environ.get("BOOK_DEVICE", "").strip() == "cpu":
        defaults["CUDA_VISIBLE_DEVICES"] = "-1"  # all that TensorFlow listens to
    if not _installed("tensorflow") and _installed("torch"):
        defaults["KERAS_BACKEND"] = "torch"
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    _quieten_logs()
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _TensorFlowFinder())


def _matplotlib_can_write() -> bool:
    """Whether its folders can be made; in a container there is often no home."""
    try:
        home = Path.home()
    except RuntimeError:
        return False
    folders = [home / ".matplotlib"]
    if sys.platform.startswith("linux"):
        folders = [
            Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config"),
            Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache"),
        ]
    for folder in folders:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            return False
    return True


def _quieten_logs() -> None:
    """Leaves only errors; in a notebook, TensorFlow's import undoes it for its own."""
    for library in ("tensorflow", "absl"):
        logging.getLogger(library).setLevel(logging.ERROR)
    # PyTorch 2.15 built for CUDA says at the first step backwards that it found none.
    missing = "(?s)CUDA initialization: .*Error loading CUDA libraries"
    warnings.filterwarnings("ignore", missing, UserWarning)


def _installed(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    return importlib.util.find_spec(package) is not None


class _TensorFlowFinder(MetaPathFinder):
    """Loads TensorFlow after Triton, and keeps its start-up notices off the screen.

    Triton comes with PyTorch's CUDA builds and is imported by the first optimizer.
    Loaded after TensorFlow 2.20 or 2.21, it takes TensorFlow's LLVM for its own, and
    the process dies; the other way round both work
    (https://github.com/tensorflow/tensorflow/issues/124205).

    The notices are written by TensorFlow's C++ part before any log level applies, so no
    setting reaches them. The rest of what is written meanwhile is passed on.
    """

    searching = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname != "tensorflow" or self.searching:
            return None
        self.searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self.searching = False
        if spec is not None and spec.loader is not None:
            run_module = spec.loader.exec_module

            def run(module: ModuleType) -> None:
                with suppress(ImportError):
                    import_module("triton")
                with _without_notices():
                    run_module(module)

            spec.loader.exec_module = run  # type: ignore[method-assign]
        return spec


_NOTICE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IW]\d{4} [\d:.]+ "  # severity and date, time, as absl writes them
    rb"|E\d{4} [\d:.]+ .*Unable to register cu"
)


@contextmanager
def _without_notices() -> Iterator[None]:
    """Holds back what is written to file descriptor 2, then passes on the rest."""
    try:
        screen = os.dup(2)
    except OSError:  # there is no such descriptor, so nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as held:
        _flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(screen, 2)
            os.close(screen)
            held.seek(0)
            for line in held:
                if not _NOTICE.match(line):
                    os.write(2, line)


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


_prepare_environment()

"""`python -m utils`: is everything there that the book needs, and if not, what to do.

Prints the versions, the device, the profile and where data come from, then what is
wrong in plain words. The exit status is 1 if anything is.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

PYTHONS = ((3, 11), (3, 13))  # the oldest and the newest that the book supports


# What to import, where that is not the package's name.
MODULES = {"pillow": "PIL", "scikit-learn": "sklearn", "scikit-image": "skimage"}


class Package(NamedTuple):
    """A package the chapters use, and the least version of it."""

    name: str
    least: str


class Check(NamedTuple):
    """One line of the report, and what is wrong with it, if anything."""

    label: str
    value: str
    wrong: str = ""


def main() -> int:
    """Prints the report; returns the exit status."""
    print("What the book finds on this machine\n")
    wrong: list[str] = []
    for look in (_python, _which_utils, _packages, _keras, _device, _settings):
        for check in look():
            print(f"  {check.label:14}{check.value}", flush=True)
            if check.wrong:
                wrong.append(check.wrong)
        if look is _python and wrong:
            break  # what follows would fail for this reason alone
    if not wrong:
        print("\nEverything the book needs is here.")
        return 0
    print("\nOne thing is wrong:" if len(wrong) == 1 else "\nSome things are wrong:")
    for number, text in enumerate(wrong, start=1):
        print(f"\n{number}. {text}")
    return 1


def _python() -> list[Check]:
    oldest, newest = (".".join(map(str, version)) for version in PYTHONS)
    wrong = ""
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        wrong = (
            f"This is Python {platform.python_version()}; the book runs on {oldest} to "
            f"{newest}. Install one of these, and make the environment with it: "
            f"python{newest} -m venv .venv"
        )
    system = f"{platform.system()} {platform.machine()}"
    return [Check("Python", f"{platform.python_version()}, {system}", wrong)]


def _which_utils() -> list[Check]:
    """Asks what a notebook gets when it imports `utils`.

    A new interpreter is asked, and told (`-P`) not to look in the folder this one
    was started in, which is rarely the notebook's.
    """
    ours = Path(__file__).resolve().parent
    ask = "import utils; print(getattr(utils, '__file__', None) or utils.__path__[0])"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", ask], capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        return [
            Check(
                "utils",
                f"{ours}",
                "Notebooks do not find the book's package `utils`, because it is not "
                "installed. In the book's folder (the one that holds utils), run: "
                "pip install -e .",
            )
        ]
    found = Path(answer.stdout.strip()).resolve()
    if ours in (found, found.parent):
        return [Check("utils", f"{ours}")]
    return [
        Check(
            "utils",
            f"{found}",
            f"Another `utils` comes first on Python's path: {found}. The book's is "
            f"{ours}. Rename or remove the other, take its folder out of PYTHONPATH, "
            "or give the book an environment of its own and run in its folder: "
            "pip install -e .",
        )
    ]


def required(extra: str = "") -> dict[str, Package]:
    """What `pyproject.toml` tells the installer, by name: the book's one list.

    Args:
        extra: `"frameworks"` for these; nothing for what `utils` itself needs.
    """
    found = {}
    for line in metadata.requires("deep-learning-textbook-utils") or ():
        needed, _, condition = line.partition(";")
        if extra in condition if extra else not condition:
            name, _, least = needed.strip().partition(">=")
            found[name] = Package(name, least.partition(",")[0])
    return found


def _packages() -> list[Check]:
    try:
        needed = [*required().values(), required("frameworks")["torch"]]
    except (metadata.PackageNotFoundError, KeyError):
        wrong = (
            "The list of packages that the book needs is not installed, or is an old "
            "one. In the book's folder (the one that holds utils), run: "
            "pip install -e ."
        )
        return [Check("packages", "unknown", wrong)]
    return [_package(package) for package in needed]


def _package(package: Package) -> Check:
    """Imports a package, since one that is installed may still not load."""
    try:
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        return Check(
            package.name,
            "not installed",
            f"{package.name} is not installed. Run: "
            f'pip install "{package.name}>={package.least}"',
        )
    if _numbers(version) < _numbers(package.least):
        return Check(
            package.name,
            version,
            f"{package.name} {version} is too old; the book needs {package.least} or "
            f'newer. Run: pip install --upgrade "{package.name}>={package.least}"',
        )
    try:
        importlib.import_module(MODULES.get(package.name, package.name))
    except ModuleNotFoundError as error:
        return Check(
            package.name,
            f"{version}, does not load",
            f"{package.name} {version} needs {error.name}, which is not installed. "
            f"Run: pip install {error.name}",
        )
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        return Check(
            package.name,
            f"{version}, does not load",
            f"{package.name} {version} is installed but does not load "
            f"({type(error).__name__}: {reason}). Install it anew: "
            f"pip install --force-reinstall {package.name}",
        )
    return Check(package.name, version)


def _keras() -> list[Check]:
    """Looks at Keras's engine first: without one, Keras does not load."""
    named = os.environ.get("KERAS_BACKEND", "")
    if named not in ("", "tensorflow", "torch"):
        wrong = (
            f"KERAS_BACKEND is {named!r}; the book runs Keras on 'tensorflow' or "
            "'torch'. Set it to one of these, or unset it."
        )
        return [Check("keras", f"on {named}", wrong)]
    try:
        needed = required("frameworks")
        wanted = [needed[name] for name in ("tensorflow", "keras")]
    except (metadata.PackageNotFoundError, KeyError):  # `_packages` has said so
        return []
    for package in wanted[named == "torch" :]:
        check = _package(package)
        if check.wrong:
            return [check]
    backend = str(sys.modules["keras"].backend.backend())
    return [Check("keras", f"{check.value}, on {backend} {metadata.version(backend)}")]


def _device() -> list[Check]:
    from utils import runtime

    torch = sys.modules.get("torch")
    if torch is None:
        return []
    try:
        device = runtime.device()
    except ValueError as error:
        return [Check("device", os.environ["BOOK_DEVICE"], str(error))]
    if os.environ.get("BOOK_DEVICE", "").strip():
        return [Check("device", f"{device}, as BOOK_DEVICE says")]
    gpu = _nvidia_gpu()
    if device != "cpu" or gpu is None:
        return [Check("device", device)]
    if torch.version.cuda is None:
        why = (
            f"PyTorch {torch.__version__} was built for the processor alone. Install "
            "the build for CUDA: choose it on pytorch.org/get-started/locally, and "
            "run the command it shows with --force-reinstall"
        )
    elif os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        why = "CUDA_VISIBLE_DEVICES hides it. Unset that variable"
    else:
        why = (
            f"PyTorch {torch.__version__}, which was built for CUDA "
            f"{torch.version.cuda}, cannot start it. Most often the driver is older "
            "than that: update the NVIDIA driver"
        )
    return [
        Check(
            "device",
            f"cpu, although there is a GPU: {gpu}",
            f"There is an NVIDIA GPU ({gpu}), but {why}. Until then the book runs on "
            "the processor, only slower.",
        )
    ]


def _nvidia_gpu() -> str | None:
    """Asks the driver, not PyTorch, for the first GPU's name."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    names = answer.stdout.strip().splitlines()
    return names[0].strip() if answer.returncode == 0 and names else None


def _settings() -> list[Check]:
    from utils import runtime

    checks = []
    if sys.flags.optimize:
        wrong = (
            "PYTHONOPTIMIZE is set (or python was started with -O), so Python leaves "
            "out every assertion: a cell that is wrong passes for right. Unset it."
        )
        checks.append(Check("assertions", "left out", wrong))
    try:
        checks.append(Check("profile", runtime.profile))
    except ValueError as error:
        checks.append(Check("profile", os.environ["BOOK_PROFILE"], str(error)))
    try:
        from utils.data import DataError, store
    except ImportError:  # `_packages` has said what is missing
        return checks
    try:
        folder = store.data_dir()
    except DataError as error:
        checks.append(Check("BOOK_DATA_DIR", os.environ["BOOK_DATA_DIR"], str(error)))
    else:
        checks.append(Check("BOOK_DATA_DIR", str(folder) if folder else "not set"))
    checks.append(Check("downloads", f"are kept in {store.cache_dir()}"))
    return checks


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: (2, 13) for 2.13.0+cpu."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


if __name__ == "__main__":
    from utils import runtime  # noqa: F401  (quietens the frameworks' start)

    sys.exit(main())

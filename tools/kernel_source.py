"""A process that has imported what kernels import, and forks into one when asked.

``tools.kernels`` starts it and says why. It runs as a script, so that its kernels find
on their path what any kernel finds.

What is imported must not show: a notebook has a name only if it imports it, and
PyTorch, Keras and TensorFlow, for whose presence `utils` looks, enter `sys.modules` as
the notebook imports them. What does show is an attribute: after `import scipy`,
`scipy.stats` is there without an import of its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# What every kernel of the tests imports, and what many do.
SHARED = (
    "utils.runtime",  # first: it sets what the others read as they start
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.pyplot",
    "pandas",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
)
# Each with the packages that it alone brings along.
FRAMEWORKS = {"torch": ("torch",), "keras": ("keras", "tensorflow")}
# What PyTorch imports with the first optimizer: as much again, in a second.
LATE = "torch._dynamo"
LARGEST = 1 << 17  # bytes in a message: the environment of a kernel is some thousands


def main() -> None:
    """Import, say how many threads there are, and fork; return only in a kernel."""
    control = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]  # this file's folder
    load()
    threads = len(os.listdir("/proc/self/task"))
    control.send(json.dumps({"threads": threads}).encode())
    if threads > 1:  # a copy would have one, and locks that the others held
        sys.exit()
    while True:
        message, files, _, _ = socket.recv_fds(control, LARGEST, 3)
        if not message:  # whoever started this process has ended
            sys.exit()
        request = json.loads(message)
        if "poll" in request:
            answer = {"status": status_of(request["poll"])}
        elif kernel := os.fork():
            answer = {"pid": kernel}
        else:
            control.close()
            become(request, files)
            return
        for file in files:
            os.close(file)
        control.send(json.dumps(answer).encode())


def load() -> None:
    """Import as a kernel would, and put the frameworks away."""
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    sys.ps1 = "In : "
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")  # type: ignore[assignment]
    for name in (*SHARED, *FRAMEWORKS):
        importlib.import_module(name)
    with suppress(ImportError):  # its name is PyTorch's own affair
        importlib.import_module(LATE)
    sys.stdout, sys.stderr = streams
    del sys.ps1
    sys.meta_path[:0] = [PutAway(packages) for packages in FRAMEWORKS.values()]
    gc.collect()
    gc.freeze()  # a kernel's collector need not go through a million objects each time


def status_of(pid: int) -> int | None:
    """Return what a kernel ended with, as `subprocess` would; ``None`` if it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def become(request: dict[str, Any], files: Sequence[int]) -> None:
    """Give this process what a new one would have been given."""
    import numpy as np

    os.setsid()
    os.chdir(request["cwd"])
    os.environ.update(request["env"], JPY_PARENT_PID=str(os.getppid()))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.argv[1:] = request["arguments"]
    sys.path.insert(0, os.getcwd())  # as `python -m` has it
    np.random.seed()  # noqa: NPY002  (`random` sees to it itself)


class Stream:
    """`sys.stdout` or `sys.stderr`: what that name stands for when it is written to.

    TensorFlow's log keeps what it finds as it is imported; a kernel has its own. Nor
    may the log close it, as it would when the kernel sets up another.
    """

    def __init__(self, name: str) -> None:
        self._name, self._before = name, getattr(sys, name)

    def __getattr__(self, attribute: str) -> Any:
        now = getattr(sys, self._name)
        return getattr(self._before if now is self else now, attribute)

    def close(self) -> None:
        """Do nothing."""


class PutAway(Loader, MetaPathFinder):
    """The modules of some packages, out of sight until one of them is imported."""

    def __init__(self, packages: Sequence[str]) -> None:
        names = [name for name in sys.modules if name.partition(".")[0] in packages]
        self.modules = {name: sys.modules.pop(name) for name in names}
        self.specs = {name: self.modules[name].__spec__ for name in names}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Say where a module is that was put away: here."""
        if fullname not in self.modules:
            return None
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Bring the modules back, and return the one that is imported."""
        sys.modules.update(self.modules)
        return self.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Leave a module that has run as it was."""
        module.__spec__ = self.specs[module.__name__]


if __name__ == "__main__":
    main()
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)

"""Start the kernels of the tests by forking, so that none imports the frameworks anew.

Matplotlib, scikit-learn, PyTorch, TensorFlow and Keras take seconds to import, in every
notebook that needs them. On Linux one process imports them once
(``tools/kernel_source.py``), and each kernel begins as a copy of it.

Everything else starts kernels as usual: ``tools.notebooks``, which writes the outputs
that the tests compare with; other systems; a Keras on another backend; a kernel of
another Python or with another environment; and ``BOOK_FORK=0``, which the weekly
workflow sets. A process with several threads cannot be forked: then, too.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import IO, Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from tools.contents import ROOT
from tools.kernel_source import LARGEST

SOURCE = Path(__file__).with_name("kernel_source.py")
LAUNCHER = [sys.executable, "-m", "ipykernel_launcher"]
PATIENCE = 300  # seconds: a slow disk takes a minute for the imports
# In what two kernels may differ that are otherwise alike.
OWN = ("PYTEST_CURRENT_TEST", "JPY_PARENT_PID", "JPY_SESSION_NAME")


def refusing_figures(draft: bool) -> Path:
    """Return an IPython folder whose kernels refuse a figure that hides something.

    Args:
        draft: compress no picture; for kernels that write no notebook.
    """
    folder = ROOT / "_build" / ("ipython-draft" if draft else "ipython")
    startup = folder / "profile_default" / "startup" / "figures.py"
    startup.parent.mkdir(parents=True, exist_ok=True)
    code = f"import sys\nsys.path.append({str(ROOT)!r})\nfrom tools import figures\n"
    code += "figures.refuse()\n"
    if draft:
        code += "figures.draft()\n"
    code += "del figures, sys\n"
    new = startup.with_suffix(f".{os.getpid()}")  # a kernel may be reading the old one
    new.write_text(code, "utf-8")
    new.replace(startup)
    return folder


def fork_from_now_on() -> None:
    """Have the kernels that this process starts forked, where that can be done."""
    if (
        sys.platform.startswith("linux")
        and os.environ.get("BOOK_FORK") != "0"
        and os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"
    ):
        name, factory = "forking", KernelProvisionerFactory.instance()
        here = EntryPoint(name, f"{__name__}:Forking", factory.GROUP_NAME)
        factory.provisioners[name] = here
        factory.default_provisioner_name = name
        env = dict(os.environ)  # now: the first kernel may start in a test of its own
        Forking.source = staticmethod(functools.cache(lambda: Source(env)))


class Forking(LocalProvisioner):
    """Forks a kernel that would be like a new one; starts any other as usual."""

    source: Callable[[], Source]

    async def launch_kernel(
        self, cmd: list[str], **options: Any
    ) -> KernelConnectionInfo:
        """Start a kernel and say how to connect to it."""
        process = None
        if cmd[:3] == LAUNCHER and options.keys() <= {"env", "cwd", "stdout", "stderr"}:
            process = self.source().fork(cmd[3:], **options)
        if process is None:
            return await super().launch_kernel(cmd, **options)
        self.process = process
        self.pid = self.pgid = process.pid
        self.cwd = options.get("cwd") or Path.cwd()
        return self.connection_info


class Source:
    """The process that forks, for kernels with a given environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = without_own(env)
        self.lock = threading.Lock()
        self.control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self.control.settimeout(PATIENCE)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(SOURCE), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for pytest, which then ends this
            )
        atexit.register(self.end)
        self.works = self._heard().get("threads") == 1

    def fork(
        self,
        arguments: list[str],
        env: Mapping[str, str],
        cwd: str | Path | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> Forked | None:
        """Return a kernel's process; ``None`` if it would not be like a new one."""
        if not self.works or without_own(env) != self.env:
            return None
        here = str(cwd or Path.cwd())
        request = {"arguments": arguments, "cwd": here, "env": dict(env)}
        with open(os.devnull) as nothing:
            streams = (nothing, stdout or 1, stderr or 2)
            files = [s if isinstance(s, int) else s.fileno() for s in streams]
            if min(files) < 0:  # subprocess.PIPE and the like
                return None
            pid = self.ask(request, files).get("pid")
        self.works = pid is not None
        return Forked(pid, self) if pid else None

    def ask(self, request: dict[str, Any], files: Sequence[int] = ()) -> dict[str, Any]:
        """Return the answer to a request; an empty one if the process is no more."""
        with self.lock, suppress(OSError):
            socket.send_fds(self.control, [json.dumps(request).encode()], files)
            return self._heard()
        return {}

    def _heard(self) -> dict[str, Any]:
        with suppress(OSError):
            return dict(json.loads(self.control.recv(LARGEST) or "{}"))
        return {}

    def end(self) -> None:
        """End the process, and with it any kernel that is left."""
        self.control.close()
        self.process.wait()


class Forked:
    """A forked kernel, with as much of `subprocess.Popen` as a provisioner needs."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, source: Source) -> None:
        self.pid, self.source = pid, source
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return what the kernel ended with; ``None`` if it runs."""
        if self.returncode is None:
            # A kernel whose source is no more ends within a second.
            answer = self.source.ask({"poll": self.pid})
            self.returncode = answer.get("status", -signal.SIGHUP)
        return self.returncode

    def wait(self) -> int:
        """Wait for its end."""
        while (status := self.poll()) is None:
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def without_own(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what each kernel has for itself."""
    return {name: value for name, value in env.items() if name not in OWN}

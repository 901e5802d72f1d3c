"""Kernels of the tests are forked, and are like new ones."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

from tools import kernels

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="kernels are forked on Linux alone"
)

PACKAGES = {
    "torch": "import torch.nn\nstarts = open({log!r}, 'a').write('torch ')",
    "torch/nn": "",
    "torch/_dynamo": "",
    "tensorflow": "import sys\nwritten = sys.stdout",
    "keras": "import tensorflow",
    "pandas": "",
    "scipy": "",
    "scipy/stats": "",
    "sklearn": "",
    "sklearn/ensemble": "",
    "sklearn/linear_model": "",
    "sklearn/model_selection": "",
}


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """An environment in which the large packages are small ones of the same names."""
    folder = tmp_path_factory.mktemp("packages")
    for name, code in PACKAGES.items():
        (folder / name).mkdir()
        code = code.format(log=str(folder / "log"))
        (folder / name / "__init__.py").write_text(code, "utf-8")
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    env = {n: v for n, v in os.environ.items() if n != "IPYTHONDIR"}
    return env | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.fixture(scope="module")
def source(env):
    source = kernels.Source(env)
    yield source
    source.end()


@pytest.fixture
def start(source, env, monkeypatch):
    """Start a kernel as the tests do, and return its manager and what a cell prints."""
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", "local-provisioner")
    monkeypatch.delenv("BOOK_FORK", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    kernels.fork_from_now_on()
    monkeypatch.setattr(kernels.Forking, "source", staticmethod(lambda: source))
    started = []

    def start(**more):
        manager = KernelManager()
        manager.start_kernel(**{"env": env} | more)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=120)
        started.append((manager, client))
        return manager, lambda code: printed(client, code)

    yield start
    for manager, client in started:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def printed(client, code):
    said = []

    def hear(message):
        content = message["content"]
        said.append(content.get("text") or content.get("ename") or "")

    client.execute_interactive(code, output_hook=hear, timeout=60)
    return "".join(said)


def process(manager):
    return manager.provisioner.process


def test_a_forked_kernel_is_like_a_new_one(start, env, tmp_path):
    look = "import os, signal, sys, utils.runtime; own = {'OTHER', 'JPY_PARENT_PID'}\n"
    look += "print(os.getcwd(), os.getpid() == os.getsid(0), sys.path, sys.argv[0])\n"
    look += "print(sys.flags, sorted(os.environ.keys() - own), sys.stdin.closed)\n"
    look += "print(signal.getsignal(2), signal.pthread_sigmask(1, ()), list(globals()))"
    forked, run = start(cwd=str(tmp_path))
    other, run_other = start(cwd=str(tmp_path), env=env | {"OTHER": "1"})
    assert isinstance(process(forked), kernels.Forked)
    assert not isinstance(process(other), kernels.Forked)
    assert run(look) == run_other(look) != ""


def test_what_a_kernel_has_for_itself_is_handed_on(start, env):
    _, run = start(env=env | {"PYTEST_CURRENT_TEST": "this one"})
    assert run("import os; print(os.environ['PYTEST_CURRENT_TEST'])") == "this one\n"


def test_a_framework_enters_with_its_import_and_is_not_run_again(start, env):
    log = Path(env["PYTHONPATH"].split(os.pathsep)[0]) / "log"
    _, run = start()
    there = "print({'torch', 'torch._dynamo', 'keras', 'tensorflow'} & {*sys.modules})"
    assert run(f"import sys; {there}") == "set()\n"
    assert run("torch") == run("keras") == "NameError"
    assert run("import torch; print(torch.nn.__name__)") == "torch.nn\n"
    assert run("print('torch._dynamo' in sys.modules)") == "True\n"
    assert (
        run("print('torch' in sys.modules, 'keras' in sys.modules)") == "True False\n"
    )
    assert run("print(torch.__spec__.loader)").startswith("<_frozen_importlib_external")
    assert log.read_text("utf-8") == "torch "
    # What was imported with Keras comes with it, and writes to the kernel's own stream.
    assert run("import keras; print('tensorflow' in sys.modules)") == "True\n"
    assert run("print('cell', file=keras.tensorflow.written)") == "cell\n"


def test_one_kernel_changes_nothing_for_the_next(start):
    _, run = start()
    assert run("import torch, numpy as np; torch.nn = 3; print(torch.nn)") == "3\n"
    drawn = run("print(np.random.rand())")
    _, run = start()
    assert run("import torch, numpy as np; print(torch.nn.__name__)") == "torch.nn\n"
    assert run("print(np.random.rand())") != drawn


def test_a_forked_kernel_is_interrupted_restarted_and_ended(start):
    manager, run = start()
    run(f"import os, signal; os.kill(os.getpid(), {signal.SIGINT:d})")
    first = process(manager)
    manager.restart_kernel(now=True)
    second = process(manager)
    assert (first.returncode, second.poll()) == (-signal.SIGKILL, None)
    assert second.pid != first.pid
    manager.shutdown_kernel(now=True)
    assert second.returncode == -signal.SIGKILL
    assert not Path(f"/proc/{second.pid}").exists()  # nor is it left as a zombie


def test_a_kernel_with_a_pipe_starts_as_usual(source, env):
    assert source.fork([], env, stdout=subprocess.PIPE) is None
    assert source.works


def test_without_its_source_a_kernel_starts_as_usual(start, env, monkeypatch):
    other = kernels.Source(env)
    monkeypatch.setattr(kernels.Forking, "source", staticmethod(lambda: other))
    other.process.kill()
    other.process.wait()
    manager, run = start()
    assert not isinstance(process(manager), kernels.Forked)
    assert run("print(1)") == "1\n"
    other.end()


def test_a_kernel_ends_with_its_source(start, env, monkeypatch):
    other = kernels.Source(env)
    monkeypatch.setattr(kernels.Forking, "source", staticmethod(lambda: other))
    manager, _ = start()
    state = Path(f"/proc/{process(manager).pid}/stat")
    other.process.kill()
    other.process.wait()
    deadline = time.monotonic() + 30
    while state.exists() and ") Z" not in state.read_text("utf-8"):
        assert time.monotonic() < deadline, "the kernel outlives its source"
        time.sleep(0.1)
    assert process(manager).poll() == -signal.SIGHUP
    other.end()


@pytest.mark.parametrize(
    ("name", "value"), [("BOOK_FORK", "0"), ("KERAS_BACKEND", "torch")]
)
def test_the_usual_start_can_be_asked_for(monkeypatch, name, value):
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", "local-provisioner")
    monkeypatch.setenv(name, value)
    kernels.fork_from_now_on()
    assert factory.default_provisioner_name == "local-provisioner"

"""The seeds, the profile, the device, the quiet start, and `python -m utils`."""

import ast
import logging
import os
import random
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

import utils
from utils import __main__ as report
from utils import runtime

UTILS = Path(utils.__file__).parent
HEAVY = ["matplotlib", "sklearn", "skimage", "torch", "tensorflow", "keras", "pooch"]


def run_python(code, **variables):
    """Runs code in a new interpreter; returns what it wrote."""
    kept = {k: v for k, v in os.environ.items() if k not in ("BOOK_PROFILE",)}
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=kept | variables,
    )
    assert answer.returncode == 0, answer.stderr
    return answer


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch):
    monkeypatch.delenv("BOOK_PROFILE", raising=False)
    monkeypatch.delenv("BOOK_DEVICE", raising=False)


@pytest.fixture(autouse=True)
def _plot_style_restored():
    with mpl.rc_context():
        yield


# --- Cheap to import ------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["import utils", "from utils import runtime, data, scratch"]
)
def test_importing_utils_loads_nothing_heavy(statement):
    answer = run_python(
        f"import sys\n{statement}\nprint([m for m in {HEAVY} if m in sys.modules])"
    )
    assert answer.stdout == "[]\n"


def test_setup_loads_no_framework():
    answer = run_python(
        "import sys\nfrom utils import runtime\nrun = runtime.setup(seed=0)\n"
        "print(run, [m for m in ('torch', 'tensorflow', 'keras') if m in sys.modules])"
    )
    assert answer.stdout == "profile quick, seed 0 []\n"


# --- Seeds ----------------------------------------------------------------------------


def test_setup_repeats_every_generator_and_starts_frameworks_quietly():
    answer = run_python(
        "from utils import runtime\n"
        "import random, keras, numpy, torch\n"
        "def draw():\n"
        "    return [random.random(), numpy.random.rand(), torch.rand(1).item(),\n"
        "            float(keras.random.uniform((1,))[0])]\n"
        "runtime.setup(seed=3); first = draw()\n"
        "draw(); runtime.setup(seed=3); second = draw()\n"
        "runtime.setup(seed=4); third = draw()\n"
        "print(first == second, any(a == b for a, b in zip(first, third)))\n",
        OMP_NUM_THREADS="1",
    )
    assert answer.stdout == "True False\n"
    assert answer.stderr == ""


def test_setup_hides_that_nvidias_libraries_are_missing_and_no_other_warning():
    said = "CUDA initialization: Unexpected error. Error 302: {}. GPU will not be used."
    answer = run_python(
        "from utils import runtime\n"
        "import warnings\n"
        "runtime.setup()\n"
        f"warnings.warn({said.format('Error loading CUDA libraries')!r})\n"
        f"warnings.warn({said.format('out of memory')!r})\n"
    )
    assert answer.stderr.count("UserWarning") == 1
    assert "out of memory" in answer.stderr


def test_setup_seeds_python_and_numpy():
    runtime.setup(seed=5)
    first = random.random(), np.random.rand()  # noqa: NPY002
    runtime.setup(seed=5)
    assert (random.random(), np.random.rand()) == first  # noqa: NPY002


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0", None, True])
def test_setup_refuses_what_is_no_seed(seed):
    with pytest.raises(ValueError, match="seed must") as error:
        runtime.setup(seed=seed)
    assert str(seed) in str(error.value)


def test_setup_takes_numpys_integers():
    assert repr(runtime.setup(seed=np.int64(7))) == "profile quick, seed 7"


# --- Profile --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "profile"),
    [(None, "quick"), ("", "quick"), ("quick", "quick"), ("full", "full")],
)
def test_profile_follows_the_environment(monkeypatch, value, profile):
    if value is not None:
        monkeypatch.setenv("BOOK_PROFILE", value)
    assert runtime.profile == profile
    assert runtime.pick(quick="quick", full="full") == profile
    assert runtime.setup(seed=1) == runtime.Runtime(profile=profile, seed=1)


@pytest.mark.parametrize("value", ["Full", "fast", "quick,full"])
def test_unknown_profile_names_the_two(monkeypatch, value):
    monkeypatch.setenv("BOOK_PROFILE", value)
    for use in (
        lambda: runtime.profile,
        lambda: runtime.pick(quick=1, full=2),
        runtime.setup,
    ):
        with pytest.raises(ValueError, match=r"'quick'.*'full'") as error:
            use()
        assert repr(value) in str(error.value)


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="profil"):
        _ = runtime.profil


# --- Device ---------------------------------------------------------------------------


def fake_torch(cuda=False, mps=False, built_for=None, memory=True):
    def ones(size, device):
        if not memory:
            raise RuntimeError("MPS backend out of memory")
        return np.ones(size)

    return SimpleNamespace(
        __version__="2.6.0",
        ones=ones,
        cuda=SimpleNamespace(is_available=lambda: cuda),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
        version=SimpleNamespace(cuda=built_for),
    )


@pytest.mark.parametrize(
    ("cuda", "mps", "device"),
    [
        (True, True, "cuda"),
        (True, False, "cuda"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ],
)
def test_device_prefers_cuda_then_mps(monkeypatch, cuda, mps, device):
    monkeypatch.setitem(sys.modules, "torch", fake_torch(cuda, mps))
    assert runtime.device() == device
    assert runtime.Runtime("quick", 0).device == device


def test_a_gpu_of_apple_that_gives_no_memory_is_not_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", fake_torch(mps=True, memory=False))
    assert runtime.device() == "cpu"


def test_the_reader_may_name_the_device(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", fake_torch(cuda=True))
    monkeypatch.setenv("BOOK_DEVICE", "cpu")
    assert runtime.device() == "cpu"
    monkeypatch.setenv("BOOK_DEVICE", "mps")
    with pytest.raises(ValueError, match=r"is 'mps', but .* cuda, cpu here"):
        runtime.device()


def test_the_cpu_alone_means_no_gpu_for_tensorflow_either():
    code = "from utils import runtime; print(os.environ['CUDA_VISIBLE_DEVICES'])"
    unset = "import os; os.environ.pop('CUDA_VISIBLE_DEVICES', 0)\n"
    assert run_python(unset + code, BOOK_DEVICE="cpu").stdout == "-1\n"


def test_device_is_the_cpu_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert runtime.device() == "cpu"


# --- Plot style -----------------------------------------------------------------------


def test_setup_sets_the_plot_style():
    runtime.setup()
    rc = mpl.rcParams
    assert list(rc["figure.figsize"]) == [6.0, 3.4]
    assert rc["figure.constrained_layout.use"]
    assert rc["axes.grid"]
    assert rc["axes.prop_cycle"].by_key()["color"] == list(runtime.PALETTE.values())
    for part in ("figure", "axes", "savefig"):
        assert rc[f"{part}.facecolor"] == "white"
    for text in ("font.size", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
        assert rc[text] >= 9


# --- Quiet start ----------------------------------------------------------------------


def test_setup_leaves_only_errors_in_tensorflows_log():
    logging.getLogger("tensorflow").setLevel(logging.INFO)  # as its import may
    runtime.setup()
    assert not logging.getLogger("tensorflow").isEnabledFor(logging.WARNING)


def test_only_the_notices_of_tensorflows_start_are_held_back(tmp_path):
    written = [
        "WARNING: All log messages before absl::InitializeLog() is called ...",
        "I0000 00:00:1795360797.883 85 cudart_stub.cc:31] Could not find drivers",
        "E0000 00:00:1795360797.9 85 a.cc:1] Unable to register cuFFT factory",
        "E0000 00:00:1795360797.9 85 a.cc:1] The GPU is on fire",
    ]
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(
        "import os, sys\n"
        f"for line in {written}:\n"
        "    os.write(2, line.encode() + b'\\n')\n"
        "print('a warning from Python', file=sys.stderr)\n"
        "value = 3\n"
    )
    answer = run_python(
        "import importlib.util, os, sys\n"
        "from utils import runtime\n"
        "importlib.util.find_spec('tensorflow')\n"
        "import tensorflow\n"
        "print(tensorflow.value, tensorflow.__spec__.name)\n"
        "os.write(2, b'I0000 00:00:1795360797.9 85 b.cc:1] after the start\\n')\n",
        PYTHONPATH=str(tmp_path),
    )
    assert answer.stdout == "3 tensorflow\n"
    assert answer.stderr.splitlines() == [
        "E0000 00:00:1795360797.9 85 a.cc:1] The GPU is on fire",
        "a warning from Python",
        "I0000 00:00:1795360797.9 85 b.cc:1] after the start",
    ]


def test_a_failing_start_of_tensorflow_is_seen(tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'reason\\n')\nraise ImportError('it is broken')\n"
    )
    answer = run_python(
        "from utils import runtime\n"
        "try:\n    import tensorflow\n"
        "except ImportError as error:\n    print(error)\n",
        PYTHONPATH=str(tmp_path),
    )
    assert (answer.stdout, answer.stderr) == ("it is broken\n", "reason\n")


def test_these_tests_load_triton_before_tensorflow():
    finders = [type(finder).__name__ for finder in sys.meta_path]
    assert "_TensorFlowFinder" in finders, "a test had TensorFlow before conftest.py"


def test_triton_is_loaded_before_tensorflow_if_there_is_one(tmp_path):
    code = "from utils import runtime\nimport tensorflow, torch\n"
    optimizer = "torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1)\n"
    assert run_python(code + optimizer + "print('alive')").stdout == "alive\n"
    (tmp_path / "tensorflow.py").write_text("print('tensorflow')")
    (tmp_path / "triton.py").write_text("print('triton')")
    code = "from utils import runtime\nimport tensorflow"
    answer = run_python(code, PYTHONPATH=str(tmp_path))
    assert answer.stdout == "triton\ntensorflow\n"
    (tmp_path / "triton.py").write_text("raise ImportError('it is broken')")
    assert run_python(code, PYTHONPATH=str(tmp_path)).stdout == "tensorflow\n"


def test_what_the_reader_set_is_left_alone():
    code = "import os\nfrom utils import runtime\nprint(os.environ[{!r}])"
    for variable, ours in {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }.items():
        assert run_python(code.format(variable), **{variable: "1"}).stdout == "1\n"
        unset = f"import os; os.environ.pop({variable!r}, 0)\n"
        assert run_python(unset + code.format(variable)).stdout == f"{ours}\n"


def test_matplotlib_is_quiet_where_there_is_no_home():
    code = (
        "import os\n"
        "for name in ('MPLCONFIGDIR', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME'):\n"
        "    os.environ.pop(name, 0)\n"
        "from utils import runtime\n"
        "import matplotlib.pyplot\n"
        "print(matplotlib.get_configdir() == os.environ['MPLCONFIGDIR'])"
    )
    answer = run_python(code, HOME=os.devnull)
    assert (answer.stdout, answer.stderr) == ("True\n", "")


def test_keras_runs_on_torch_where_tensorflow_is_missing():
    answer = run_python(
        "import os, sys\n"
        "os.environ.pop('KERAS_BACKEND', None)\n"
        "sys.modules['tensorflow'] = None\n"
        "from utils import runtime\n"
        "print(os.environ.get('KERAS_BACKEND'))"
    )
    assert answer.stdout == "torch\n"


# --- python -m utils ------------------------------------------------------------------


def lines_of(capsys):
    return re.sub(r"\s+", " ", capsys.readouterr().out)


def needs(monkeypatch, package):
    """Have the book need one package."""
    wanted = {"": {package.name: package}, "frameworks": {"torch": package}}
    monkeypatch.setattr(report, "required", lambda extra="": wanted[extra])


@pytest.fixture
def light_report(monkeypatch):
    """A report that imports no framework and finds nothing wrong."""
    needs(monkeypatch, report.Package("numpy", "2"))
    monkeypatch.setattr(report, "_keras", lambda: [report.Check("keras", "3.10")])
    monkeypatch.setattr(
        report, "_which_utils", lambda: [report.Check("utils", "the book's")]
    )
    monkeypatch.setattr(report, "_nvidia_gpu", lambda: None)
    monkeypatch.setitem(sys.modules, "torch", fake_torch())
    monkeypatch.delenv("BOOK_DATA_DIR", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("light_report")
def test_report_of_a_good_machine(capsys):
    assert report.main() == 0
    text = lines_of(capsys)
    for part in ("Python 3.", "numpy", "device cpu", "profile quick", "not set"):
        assert part in text
    assert "Everything the book needs is here." in text


@pytest.mark.usefixtures("light_report")
@pytest.mark.parametrize("version", [(3, 10, 4), (3, 14, 0)])
def test_report_of_an_unsupported_python(monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", version)
    name = ".".join(map(str, version))
    monkeypatch.setattr(report.platform, "python_version", lambda: name)
    assert report.main() == 1
    text = lines_of(capsys)
    assert f"This is Python {name}; the book runs on 3.11 to 3.13." in text
    assert "numpy" not in text  # what follows would only confuse


@pytest.mark.usefixtures("light_report")
def test_report_of_a_missing_package(monkeypatch, capsys):
    needs(monkeypatch, report.Package("no-such-package", "1.2"))
    assert report.main() == 1
    text = lines_of(capsys)
    assert "no-such-package is not installed" in text
    assert 'pip install "no-such-package>=1.2"' in text


@pytest.mark.usefixtures("light_report")
def test_report_of_an_old_package(monkeypatch, capsys):
    needs(monkeypatch, report.Package("numpy", "99.0"))
    assert report.main() == 1
    assert "is too old; the book needs 99.0" in lines_of(capsys)


@pytest.mark.usefixtures("light_report")
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("wrong ELF class"), "does not load (OSError: wrong ELF class)"),
        (
            ModuleNotFoundError("no", name="lib_x"),
            "needs lib_x, which is not installed",
        ),
    ],
)
def test_report_of_a_package_that_does_not_load(monkeypatch, capsys, error, says):
    def fail(name):
        raise error

    monkeypatch.setattr(report.importlib, "import_module", fail)
    assert report.main() == 1
    assert says in lines_of(capsys)


@pytest.mark.usefixtures("light_report")
def test_report_of_bad_settings(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("BOOK_PROFILE", "fast")
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path / "nowhere"))
    assert report.main() == 1
    text = lines_of(capsys)
    assert "1. BOOK_PROFILE is 'fast'" in text
    assert "2. BOOK_DATA_DIR names" in text
    assert "which is not there" in text


@pytest.mark.usefixtures("light_report")
def test_report_of_a_device_that_is_named(monkeypatch, capsys):
    monkeypatch.setattr(report, "_nvidia_gpu", lambda: "NVIDIA GeForce RTX 3060")
    monkeypatch.setenv("BOOK_DEVICE", "cpu")
    assert report.main() == 0
    assert "device cpu, as BOOK_DEVICE says" in lines_of(capsys)
    monkeypatch.setenv("BOOK_DEVICE", "tpu")
    assert report.main() == 1
    assert "1. BOOK_DEVICE is 'tpu'" in lines_of(capsys)


def test_assertions_that_are_left_out_are_reported():
    code = "from utils.__main__ import _settings; print(_settings()[0].wrong)"
    answer = run_python(code, PYTHONOPTIMIZE="1")
    assert answer.stdout.startswith("PYTHONOPTIMIZE is set")


@pytest.mark.usefixtures("light_report")
@pytest.mark.parametrize(
    ("built_for", "visible", "says"),
    [
        (None, None, "built for the processor alone"),
        ("12.6", "", "CUDA_VISIBLE_DEVICES hides it"),
        ("12.6", None, "update the NVIDIA driver"),
    ],
)
def test_report_of_an_idle_gpu(monkeypatch, capsys, built_for, visible, says):
    monkeypatch.setattr(report, "_nvidia_gpu", lambda: "NVIDIA GeForce RTX 3060")
    monkeypatch.setitem(sys.modules, "torch", fake_torch(built_for=built_for))
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert report.main() == 1
    text = lines_of(capsys)
    assert "RTX 3060" in text
    assert says in text


@pytest.mark.usefixtures("light_report")
def test_report_of_a_gpu_in_use(monkeypatch, capsys):
    monkeypatch.setattr(report, "_nvidia_gpu", lambda: "NVIDIA GeForce RTX 3060")
    monkeypatch.setitem(sys.modules, "torch", fake_torch(cuda=True, built_for="12.6"))
    assert report.main() == 0
    assert "device cuda" in lines_of(capsys)


def test_report_of_an_unknown_keras_backend(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    (check,) = report._keras()
    assert "'theano'" in check.wrong
    assert "'tensorflow' or 'torch'" in check.wrong


def test_report_of_a_missing_tensorflow(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    missing = {"tensorflow": report.Package("no-such-package", "2.20")}
    wanted = report.required("frameworks") | missing
    monkeypatch.setattr(report, "required", lambda extra="": wanted)
    (check,) = report._keras()
    assert "no-such-package is not installed" in check.wrong


def test_another_utils_on_the_path_is_found(monkeypatch, tmp_path):
    (tmp_path / "utils.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (check,) = report._which_utils()
    assert "Another `utils` comes first" in check.wrong
    assert str(tmp_path.resolve() / "utils.py") in check.wrong


def test_utils_that_is_not_installed_is_reported(monkeypatch):
    def fail(*args, **options):
        return SimpleNamespace(returncode=1, stdout="", stderr="")

    monkeypatch.setattr(report.subprocess, "run", fail)
    (check,) = report._which_utils()
    assert "pip install -e ." in check.wrong


def test_the_books_own_utils_is_accepted(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(UTILS.parent))
    (check,) = report._which_utils()
    assert not check.wrong


def test_the_report_wants_what_the_installer_is_told():
    project = tomllib.loads((UTILS.parent / "pyproject.toml").read_text("utf-8"))
    project = project["project"]
    for extra, lines in (
        ("", project["dependencies"]),
        ("frameworks", project["optional-dependencies"]["frameworks"]),
    ):
        found = [f"{p.name}>={p.least}" for p in report.required(extra).values()]
        assert found == lines, "pyproject.toml was changed: run pip install -e ."
    told = (UTILS.parent / "requirements.txt").read_text("utf-8").splitlines()
    for line in lines:  # the frameworks' in both
        assert any(each.startswith(f"{line},") for each in told), line
    oldest, newest = report.PYTHONS
    assert project["requires-python"] == (
        f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"
    )


@pytest.mark.parametrize("metadata", [None, [], ["numpy>=2"]])
def test_a_list_that_is_not_installed_is_missed_once(monkeypatch, metadata):
    def requires(name):
        if metadata is None:
            raise report.metadata.PackageNotFoundError(name)
        return metadata

    monkeypatch.setattr(report.metadata, "requires", requires)
    (check,) = report._packages()
    assert "pip install -e ." in check.wrong
    assert report._keras() == []


def test_the_report_can_be_read_by_old_pythons():
    for name in ("__init__.py", "__main__.py", "runtime.py"):
        ast.parse((UTILS / name).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_python_m_utils_end_to_end():
    answer = subprocess.run(
        [sys.executable, "-m", "utils"],
        capture_output=True,
        text=True,
        check=False,
        cwd=UTILS.parent,
        env=os.environ | {"BOOK_PROFILE": "fast", "OMP_NUM_THREADS": "1"},
    )
    assert answer.returncode == 1
    assert answer.stderr == ""
    assert "BOOK_PROFILE is 'fast'" in answer.stdout
    for name in ("torch", "keras", "device"):
        assert re.search(rf"(?m)^  {name} +\S", answer.stdout)

"""One text everywhere: the core numbers under other kernels, thread counts, Pythons, hash seeds and
locales.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pythons import PACKAGES, is_ready, locked, packages_for, pythons
from slow import some_slow

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tests" / "core_numbers.py"

# Kernels of OpenBLAS and what a CPU must have to run them.
KERNELS = {
    "Prescott": {"pni"},
    "Nehalem": {"sse4_2"},
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
}


def cpu_flags() -> set[str]:
    """What this CPU can do, as Linux on x86 tells; nothing elsewhere, where numpy has one kernel
    only.
    """
    info = Path("/proc/cpuinfo")
    found = re.search(r"^flags\s*:(.*)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return set(found[1].split()) if found else set()


FLAGS = cpu_flags()
PYTHONS = pythons()
READY = {version: python for version, python in PYTHONS.items() if is_ready(version, python)}


def run(
    python: str = sys.executable,
    code: tuple[str, ...] = (str(SCRIPT),),
    packages: Path | None = None,
    **environment: str,
):
    """Run the script in a clean environment plus `environment`, by default in one thread as a
    lesson's kernel does; return the finished process.
    """
    keep = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "TEMP", "HOME")
        if name in os.environ
    }
    path = os.pathsep.join(str(place) for place in (ROOT, packages) if place)
    clean = {
        **keep,
        "PYTHONPATH": path,
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **environment,
    }
    done = subprocess.run(
        [python, *code],
        env=clean,
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=280,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def expected() -> str:
    """What the running Python prints here in one thread; it holds the chapter's lines."""
    text = run().stdout
    for line in (
        "A: PROMOTE  candidate 0.9730  baseline 0.9647  gap 0.009",
        "candidate 0.8025",
        "hearing difficulty 736 -6.93",
        "PSI 0.040547 0.081093",
        "L-infinity 0.2000  KS 0.3829",
    ):
        assert line in text
    return text


# The small fits of the flights take ten times as long where two threads wait for each other. So
# they run in as many threads as there are cores once, and once in one thread under each kernel.
FEW = ("chapter", "real_people", "cheap_checks", "delivery")
SETTINGS = [(None, "", ())]  # empty: as many threads as there are cores
SETTINGS += [(name, "1", ()) for name, needs in KERNELS.items() if needs <= FLAGS]
SETTINGS += [(name, "2", FEW) for name, needs in KERNELS.items() if needs <= FLAGS]


@pytest.mark.parametrize(
    ("kernel", "threads", "parts"),
    some_slow(
        [*SETTINGS, (None, "2", FEW)], lambda each: each[0] in {None, "Prescott"} and not each[2]
    ),
)
def test_kernels_and_threads(kernel, threads, parts, expected, record_property):
    chosen = {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    code = (str(SCRIPT), *parts)
    done = run(code=code, OPENBLAS_NUM_THREADS=threads, OPENBLAS_VERBOSE="2", **chosen)
    assert done.stdout == (expected.split("== flights\n")[0] if parts else expected)
    ran = re.search(r"Core: (\w+)", done.stderr)
    asked = f"kernel {kernel or 'of this machine'}, which is {ran[1] if ran else 'not named'}"
    few = f", {' and '.join(parts)}" if parts else ""
    record_property("portability", f"{asked}, {threads or 'all'} threads{few}: same text")


if KERNELS["Haswell"] <= FLAGS:  # elsewhere there is one kernel, and nothing to tell apart

    def test_the_kernels_really_are_different():
        """OpenBLAS ignores a name that it does not know; then the comparison above would compare
        nothing.
        """
        load = ("-c", "import numpy")
        ran = [
            run(code=load, OPENBLAS_VERBOSE="2", OPENBLAS_CORETYPE=kernel).stderr
            for kernel in ("Prescott", "Haswell")
        ]
        assert all("Core:" in text for text in ran)
        assert ran[0] != ran[1]


def test_numpys_own_vector_code(expected, record_property):
    """exp and its like are numpy's, not OpenBLAS's: switch off every instruction set that it
    chooses at run time.
    """
    ask = (
        "import numpy._core._multiarray_umath as m; print(*(f for f in m.__cpu_dispatch__ if "
        "m.__cpu_features__[f]))"
    )
    features = run(code=("-c", ask)).stdout.strip()
    assert run(NPY_DISABLE_CPU_FEATURES=features).stdout == expected
    record_property(
        "portability",
        f"numpy without {features or 'anything (it has only its baseline here)'}: same text",
    )


def locales() -> list[str]:
    """C, and the first locale found here that writes a decimal comma."""
    if not shutil.which("locale"):
        return ["C"]
    known = subprocess.run(
        ["locale", "-a"], capture_output=True, text=True, check=False
    ).stdout.split()
    return ["C", *[name for name in known if name.startswith(("de_", "fr_", "es_", "it_"))][:1]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "America/New_York"},
        {"PYTHONHASHSEED": "12345", "LC_ALL": locales()[-1], "TZ": "Asia/Tokyo"},
    ],
    ids=lambda environment: environment["TZ"],
)
def test_settings_of_the_process(environment, expected, record_property):
    assert run(**environment).stdout == expected
    settings = ", ".join("=".join(setting) for setting in environment.items())
    record_property("portability", f"{settings}: same text")


def test_the_packages_are_those_that_the_core_imports():
    ask = f"import runpy, sys; runpy.run_path({str(SCRIPT)!r}); print(*sys.modules)"
    loaded = {name.split(".")[0] for name in run(code=("-c", ask)).stdout.split()}
    own = {"labsupport", *sys.stdlib_module_names}
    assert {name for name in loaded - own if not name.startswith("_")} >= set(PACKAGES)
    others = {entry.split("==")[0] for entry in re.findall(r"^[\w.-]+==", lock(), re.MULTILINE)}
    assert not loaded & (others - set(PACKAGES))


def lock() -> str:
    """All of the lock."""
    return (ROOT / "locks/lab.lock").read_text(encoding="utf-8")


def test_the_running_python_is_among_those_compared():
    assert platform.python_version().split("+")[0] in READY


@pytest.mark.slow
def test_under_ci_every_python_of_this_machine_is_ready():
    """Nothing is downloaded by a test: `make pythons` is what .ci/run does before, with SLOW=1."""
    assert READY == PYTHONS or os.environ.get("CI", "") != "true"


@pytest.mark.slow
@pytest.mark.parametrize("version", READY)
def test_pythons(version, expected, record_property):
    python, packages = READY[version], packages_for(version, READY[version])
    ask = "import sys, numpy; print('.'.join(map(str, sys.version_info[:3])), numpy.__version__)"
    ran, numpy = run(python, ("-c", ask), packages).stdout.split()
    assert ran == version
    assert f"numpy=={numpy} " in locked()
    assert run(python, packages=packages).stdout == expected
    record_property("portability", f"Python {version}, numpy {numpy}: same text")


def test_a_different_number_would_be_seen(expected):
    """The comparison can fail: another training seed for build A prints another text."""
    source = SCRIPT.read_text(encoding="utf-8")
    assert source.count("(2, 8000)") == 1
    changed = source.replace("(2, 8000)", "(3, 8000)")
    assert run(code=("-c", changed)).stdout != expected

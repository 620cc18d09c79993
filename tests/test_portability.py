"""One text everywhere: the core numbers under other kernels, thread counts, Pythons, hash seeds and locales."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

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
    """What this CPU can do, as Linux on x86 tells; nothing elsewhere, where numpy has one kernel only."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^flags\s*:(.*)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return set(found[1].split()) if found else set()


def version_of(python: str) -> str | None:
    """The version of a CPython, or None for a program that is not one or does not start."""
    ask = "import sys; print(sys.implementation.name, '.'.join(map(str, sys.version_info[:3])))"
    try:
        answer = subprocess.run(
            [python, "-c", ask], capture_output=True, text=True, timeout=20, check=True
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    return answer[1] if len(answer) == 2 and answer[0] == "cpython" else None


def pythons() -> dict[str, str]:
    """{version: program} of every CPython 3.11 to 3.13 on PATH and under pyenv, and of the one that runs this test."""
    names = ("python3.11", "python3.12", "python3.13", "python3", "python")
    places = [Path(place) for place in os.get_exec_path() if "shims" not in Path(place).parts]
    candidates = [sys.executable]
    candidates += sorted(
        str(path) for path in Path.home().glob(".pyenv/versions/3.1[123].*/bin/python")
    )
    candidates += [
        found for name in names for place in places if (found := shutil.which(name, path=place))
    ]
    programs: dict[str, str] = {}
    asked = set()
    for program in candidates:
        real = os.path.realpath(program)
        if program == sys.executable or real not in asked:
            asked.add(real)
            version = version_of(program)
            if version and (
                program == sys.executable or version.startswith(("3.11.", "3.12.", "3.13."))
            ):
                programs.setdefault(version, program)
    return programs


FLAGS = cpu_flags()
PYTHONS = pythons()


def run(
    python: str = sys.executable,
    code: tuple[str, ...] = (str(SCRIPT),),
    packages: Path | None = None,
    **environment: str,
):
    """Run the script in a clean environment plus `environment`; return the finished process."""
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
        **environment,
    }
    done = subprocess.run(
        [python, *code],
        env=clean,
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def expected() -> str:
    """What the running Python prints here, with nothing set; it holds the chapter's lines."""
    text = run().stdout
    for line in (
        "A: PROMOTE  candidate 0.9730  baseline 0.9647  gap 0.009",
        "candidate 0.8025",
        "hearing difficulty 736 -6.93",
    ):
        assert line in text
    return text


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize(
    "kernel", [None, *(name for name, needs in KERNELS.items() if needs <= FLAGS)]
)
def test_kernels_and_threads(kernel, threads, expected, record_property):
    chosen = {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    done = run(OPENBLAS_NUM_THREADS=threads, OPENBLAS_VERBOSE="2", **chosen)
    assert done.stdout == expected
    ran = re.search(r"Core: (\w+)", done.stderr)
    asked = f"kernel {kernel or 'of this machine'}, which is {ran[1] if ran else 'not named'}"
    record_property("portability", f"{asked}, {threads} threads: same text")


if KERNELS["Haswell"] <= FLAGS:  # elsewhere there is one kernel, and nothing to tell apart

    def test_the_kernels_really_are_different():
        """OpenBLAS ignores a name that it does not know; then the comparison above would compare nothing."""
        load = ("-c", "import numpy")
        ran = [
            run(code=load, OPENBLAS_VERBOSE="2", OPENBLAS_CORETYPE=kernel).stderr
            for kernel in ("Prescott", "Haswell")
        ]
        assert all("Core:" in text for text in ran)
        assert ran[0] != ran[1]


def test_numpys_own_vector_code(expected, record_property):
    """exp and its like are numpy's, not OpenBLAS's: switch off every instruction set that it chooses at run time."""
    ask = "import numpy._core._multiarray_umath as m; print(*(f for f in m.__cpu_dispatch__ if m.__cpu_features__[f]))"
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


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "12345"},
        *({"LC_ALL": name} for name in locales()),
        {"TZ": "Asia/Tokyo"},
    ],
    ids=lambda environment: "=".join(next(iter(environment.items()))),
)
def test_settings_of_the_process(environment, expected, record_property):
    assert run(**environment).stdout == expected
    record_property("portability", f"{'='.join(next(iter(environment.items())))}: same text")


def locked(*names: str) -> str:
    """The entries of these packages in requirements.lock, with their hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    wanted = [entry for entry in entries if entry.startswith(tuple(f"{name}==" for name in names))]
    assert {entry.split("==")[0] for entry in wanted} == set(names), (
        "requirements.lock lacks a package that the core needs"
    )
    assert all("--hash=sha256:" in entry for entry in wanted)
    return "\n".join(wanted) + "\n"


@cache
def requirements() -> str:
    """What the core imports of the locked packages."""
    ask = f"import runpy, sys; runpy.run_path({str(SCRIPT)!r}); print(*({{'numpy', 'scipy'}} & set(sys.modules)))"
    return locked(*run(code=("-c", ask)).stdout.split())


def packages_for(version: str, python: str) -> Path:
    """A folder under build/pythons with the locked packages that the core imports, for this Python; made once per lock."""
    key = hashlib.sha256(
        json.dumps([requirements(), os.path.realpath(python), platform.platform()]).encode()
    ).hexdigest()[:12]
    folder = ROOT / "build" / "pythons" / f"{version}-{key}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent
    ) as scratch:  # moved into place when complete: no worker sees a half
        listed = Path(scratch) / "requirements.txt"
        listed.write_text(requirements(), encoding="utf-8")
        made = Path(scratch) / "packages"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
        ]
        done = subprocess.run(
            [*pip, "--only-binary", ":all:", "--target", str(made), "-r", str(listed)],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, (
            f"Python {version} could not get the locked numpy; is the network there?\n{done.stderr}"
        )
        try:
            made.rename(folder)
        except OSError:
            assert folder.exists()  # another worker was first, with the same content
    return folder


def test_the_running_python_is_among_those_compared():
    assert platform.python_version().split("+")[0] in PYTHONS


@pytest.mark.parametrize("version", PYTHONS)
def test_pythons(version, expected, record_property):
    python = PYTHONS[version]
    packages = None if python == sys.executable else packages_for(version, python)
    ask = "import sys, numpy; print('.'.join(map(str, sys.version_info[:3])), numpy.__version__)"
    ran, numpy = run(python, ("-c", ask), packages).stdout.split()
    assert ran == version
    assert f"numpy=={numpy} " in locked("numpy")
    assert run(python, packages=packages).stdout == expected
    record_property("portability", f"Python {version}, numpy {numpy}: same text")


def test_a_different_number_would_be_seen(expected):
    """The comparison can fail: another training seed for build A prints another text."""
    source = SCRIPT.read_text(encoding="utf-8")
    assert source.count("(2, 8000)") == 1
    changed = source.replace("(2, 8000)", "(3, 8000)")
    assert run(code=("-c", changed)).stdout != expected

"""The machine check, the server and the run of all lessons, each through the real command."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client import BlockingKernelClient
from jupyter_core.paths import jupyter_runtime_dir
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labsupport import cli
from labsupport.workspace import ROOT, LabError, doctor, execute, server
from labsupport.workspace.notebook import normalised

LAB = [sys.executable, "-m", "labsupport.cli"]
# A script's shell starts what it puts in the background with Ctrl-C ignored.
BACKGROUND = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]


def write_notebook(path: Path, *sources: str, parameters: str | None = None) -> Path:
    cells = [new_markdown_cell(f"# The {path.stem} lesson")]
    if parameters:
        cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    nbformat.write(new_notebook(cells=cells + [new_code_cell(source) for source in sources]), path)
    return path


def lab(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LAB, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A project with one small lesson, in a folder whose name is not easy."""
    root = tmp_path / "a room {x}"
    (root / "notebooks").mkdir(parents=True)
    write_notebook(root / server.FIRST_LESSON, "print(1)")
    (root / "pyproject.toml").write_text(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    return root


def start_server(
    root: Path, port: int, shell: Sequence[str] = ()
) -> tuple[subprocess.Popen[str], str]:
    """Start JupyterLab in `root`; the process, and the address it prints."""
    code = (
        "import sys, pathlib, labsupport.workspace.server as s; s.open_lab(int(sys.argv[2]), "
        "root=pathlib.Path(sys.argv[1]))"
    )
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    }
    process = subprocess.Popen(
        [*shell, sys.executable, "-c", code, str(root), str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if address := re.search(r"http://\S+", line):
            return process, address[0]
    raise AssertionError(f"The server did not start:\n{''.join(said)}")


def ask(address: str, path: str, data: bytes | None = None) -> str:
    base, token = re.fullmatch(r"(http://[^/]+)/.*token=(\w+)", address).groups()
    request = urllib.request.Request(
        base + path, data=data, headers={"Authorization": f"token {token}"}
    )
    return urllib.request.urlopen(request, timeout=30).read().decode()


def wait_until_it_answers(kernel: str) -> None:
    """A kernel that is ended while it still starts says so with a traceback of its own."""
    client = BlockingKernelClient(
        connection_file=str(Path(jupyter_runtime_dir()) / f"kernel-{kernel}.json")
    )
    client.load_connection_file()
    client.start_channels(hb=False)  # it takes a kernel that is slow to start for a dead one
    client.kernel_info()
    client.get_shell_msg(timeout=60)
    client.stop_channels()


@pytest.mark.posix_only("SIGINT cannot be sent to one process on Windows")
def test_server_takes_the_next_port_answers_with_its_token_and_ends_on_ctrl_c(room: Path) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        taken = occupied.getsockname()[1]
        process, address = start_server(room, taken, BACKGROUND)
        try:
            assert f"127.0.0.1:{taken}/" not in address
            assert '"notebooks/00_start_here.ipynb"' in ask(address, "/api/contents/notebooks")
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(address.split("/lab")[0] + "/api/contents", timeout=30)
            page = ask(address, "/lab")
            started = json.loads(ask(address, "/api/kernels", b'{"name": "python3"}'))
            wait_until_it_answers(started["id"])
            kernels = psutil.Process(process.pid).children(recursive=True)
        finally:
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert kernels and not any(kernel.is_running() for kernel in kernels)
    assert "The lab is closed." in said
    assert (
        "Traceback" not in said and "[E " not in said and "[W " not in said and "[C " not in said
    ), said
    # nbgrader is a library here: nothing of it in the page, and no news
    disabled = re.search(r'"disabledExtensions": \[([^\]]*)\]', page)[1]
    assert "@jupyter/nbgrader" in disabled and "announcements" in disabled


@pytest.mark.slow
def test_the_servers_settings_ask_the_network_for_nothing(room: Path) -> None:
    process, address = start_server(room, 8888)
    try:
        settings = ask(address, "/lab/api/settings/@jupyterlab/apputils-extension:notification")
        listings = ask(address, "/lab")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(address, "/assignments")  # nbgrader's own server extension
    finally:
        process.terminate()
        process.communicate(timeout=30)
    properties = json.loads(settings)["schema"]["properties"]
    assert (
        properties["fetchNews"]["default"] == "false"
        and properties["checkForUpdates"]["default"] is False
    )
    assert re.search(r'"news": (\{"disabled": true\}|\["disabled"\])', listings)


def test_open_says_which_lesson_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"00_start_here.ipynb is missing; restore it"):
        server.open_lab(root=tmp_path)


def test_doctor_finds_this_machine_ready(room: Path) -> None:
    findings = {finding.subject: finding for finding in doctor.examine(room)}
    assert list(findings) == ["python", "packages", "kernel", "lessons", "port", "memory", "disk"]
    assert not [
        str(finding)
        for finding in findings.values()
        if finding.remedy and finding.subject not in ("memory", "disk")
    ]
    assert findings["kernel"].detail == "python3 starts and imports labsupport"


def test_doctor_says_what_to_do(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = room / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(
        re.sub(r'"numpy [^"]*"', '"numpy <1"', text).replace('"scipy ', '"not-a-package '),
        encoding="utf-8",
    )
    (room / server.FIRST_LESSON).unlink()
    monkeypatch.setattr(doctor, "MEMORY_NEEDED", 1e9)
    findings = {finding.subject: finding for finding in doctor.examine(room)}
    assert re.search(r"numpy \S+ \(needs <1\), not-a-package is missing", str(findings["packages"]))
    assert (
        "pip install -r locks/lab.lock" in findings["packages"].remedy
        and findings["packages"].fatal
    )
    assert "kernel" not in findings
    assert findings["lessons"].fatal and "git checkout" in findings["lessons"].remedy
    assert "GB are free" in findings["memory"].remedy and not findings["memory"].fatal


def test_doctor_finds_itself_away_from_the_lessons(tmp_path: Path) -> None:
    """As after `pip install .`, which copies labsupport alone."""
    with pytest.raises(LabError, match=r"There are no lessons around .* run `make lab`"):
        next(doctor.examine(tmp_path))


def test_doctor_reports_a_kernel_that_cannot_import_labsupport(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = room / "shadow" / "labsupport"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("raise RuntimeError('an older lab')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(shadow.parent), str(room)]))
    (finding,) = [finding for finding in doctor.examine(room) if finding.subject == "kernel"]
    assert finding.fatal and "RuntimeError: an older lab" in finding.detail


def test_doctor_sees_a_taken_port(room: Path) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]
        (finding,) = [
            f for f in doctor.examine(room, port, start_kernel=False) if f.subject == "port"
        ]
    assert "is taken" in finding.detail and not finding.remedy


def test_run_reports_every_lesson_although_one_fails_and_one_hangs(tmp_path: Path) -> None:
    good = write_notebook(tmp_path / "good.ipynb", "print(seed + 1)", parameters="seed = 3")
    bad = write_notebook(tmp_path / "bad.ipynb", "1 + 1", "rows = 0\nraise ValueError('no <rows>')")
    hangs = write_notebook(tmp_path / "hangs.ipynb", "import time; time.sleep(600)")
    done = lab("run", good, bad, hangs, "--out", tmp_path / "out", "--timeout", 2)
    assert done.returncode == 1
    assert "ok    good" in done.stdout
    assert "FAIL  bad  In [2] `rows = 0`: ValueError: no <rows>" in done.stdout
    assert "FAIL  hangs  the cell `import time; time.sleep(600)` took more than 2 s" in done.stdout
    assert "3/3" in done.stderr and "Traceback" not in done.stderr
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert (
        '<a href="good.html">The good lesson</a>' in index
        and "ValueError: no &lt;rows&gt;" in index
    )
    assert sorted(p.suffix for p in (tmp_path / "out").iterdir()) == [".html"] * 4 + [".ipynb"] * 3
    assert nbformat.read(good, as_version=4).cells[2].outputs == []


def test_run_passes_parameters_on_and_refuses_unknown_ones(tmp_path: Path) -> None:
    lesson = write_notebook(tmp_path / "lesson.ipynb", "print(seed + 1)", parameters="seed = 3")
    done = lab("run", lesson, "-p", "seed", "41", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        nbformat.read(tmp_path / "out" / "lesson.ipynb", as_version=4).cells[-1].outputs[0].text
        == "42\n"
    )
    with pytest.raises(LabError, match=r"lesson has no parameter 'sed'; its parameters are seed\."):
        execute.check_parameters([lesson], {"sed": 1})


def test_in_place_stores_the_same_bytes_whatever_was_stored_before(tmp_path: Path) -> None:
    sources = (
        "import sys\nprint('a'); print('b', file=sys.stderr)",
        "import ipywidgets\nipywidgets.IntSlider()",
        "3",
    )
    lesson = write_notebook(tmp_path / "lesson.ipynb", *sources)
    stale = nbformat.read(lesson, as_version=4)
    stale.metadata.update(
        {"papermill": {"version": "1"}, "language_info": {"name": "python", "version": "3.9"}}
    )
    stale.cells[-1].update(
        execution_count=9,
        outputs=[new_output("stream", text="4")],
        metadata={"tags": [], "papermill": {}},
    )
    nbformat.write(stale, tmp_path / "stale.ipynb")
    bad = write_notebook(tmp_path / "bad.ipynb", "1 / 0")
    untouched = bad.read_bytes()
    outcomes = execute.refresh([lesson, tmp_path / "stale.ipynb", bad], execute.Limits())
    assert [outcome.problem for outcome in outcomes] == [
        None,
        None,
        "In [1] `1 / 0`: ZeroDivisionError: division by zero",
    ]
    assert bad.read_bytes() == untouched
    assert lesson.read_bytes() == (tmp_path / "stale.ipynb").read_bytes()
    notebook = nbformat.read(lesson, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert [len(cell.outputs) for cell in code] == [2, 0, 1] and all(
        cell.metadata == {} for cell in code
    )
    assert (
        notebook.metadata["language_info"] == {"name": "python"}
        and "papermill" not in notebook.metadata
    )


@pytest.mark.slow
def test_a_notebook_that_was_saved_while_it_ran_is_not_overwritten(tmp_path: Path, capsys) -> None:
    """Also not by a cell of its own, which stands here for somebody at the keyboard."""
    saves = "from pathlib import Path\npath = Path('lesson.ipynb')\n"
    saves += "path.write_text(path.read_text() + ' ')"
    lesson = write_notebook(tmp_path / "lesson.ipynb", saves)
    other = write_notebook(tmp_path / "other.ipynb", "print(1)")
    saved = lesson.read_text() + " "
    outcomes = execute.refresh([lesson, other], execute.Limits())
    assert lesson.read_text() == saved
    assert [outcome.problem is None for outcome in outcomes] == [False, True]
    said = "FAIL  lesson  was saved while it ran, so nothing was stored; run it again\n"
    assert capsys.readouterr().out.endswith(said)
    assert nbformat.read(other, as_version=4).cells[-1].outputs[0].text == "1\n"


def test_normalised_keeps_what_matters() -> None:
    cell = new_code_cell(
        "x",
        metadata={
            "tags": ["parameters"],
            "nbgrader": {"grade": True},
            "execution": {"shell.execute_reply": "now"},
        },
    )
    cell.outputs = [new_output("display_data", {"text/html": "<figure>", "image/png": "aGk="})]
    kept = normalised(new_notebook(cells=[cell])).cells[0]
    assert kept.metadata == {"tags": ["parameters"], "nbgrader": {"grade": True}}
    assert (
        kept.outputs[0].data == {"text/html": "<figure>", "image/png": "aGk="}
        and kept.id == cell.id
    )


@pytest.mark.slow
@pytest.mark.parametrize(("own", "expected"), [(None, "1"), ("2", "2")])
def test_a_kernel_computes_in_one_thread_unless_told_otherwise(
    own: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    if own:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", own)
    lesson = write_notebook(
        tmp_path / "lesson.ipynb", "import os\nprint(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    assert lab("run", "--in-place", lesson).returncode == 0
    assert nbformat.read(lesson, as_version=4).cells[-1].outputs[0].text == f"{expected}\n"


LEAKS = """
import matplotlib
print('started' in globals(), matplotlib.rcParams['lines.linewidth'])
"""


def lesson_says(source: str, folder: Path, **environment: str) -> str:
    """What a lesson of one cell prints, run by `lab run` in this environment."""
    lesson = write_notebook(folder / "lesson.ipynb", source.strip())
    done = subprocess.run(
        [*LAB, "run", "--in-place", lesson], env=os.environ | environment, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return nbformat.read(lesson, as_version=4).cells[-1].outputs[0].text


@pytest.mark.slow
@pytest.mark.posix_only("HOME is not what Windows asks")
def test_a_users_own_settings_stay_out_of_the_lessons(tmp_path: Path) -> None:
    startup = tmp_path / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("started = True")
    (tmp_path / ".config" / "matplotlib").mkdir(parents=True)
    (tmp_path / ".config" / "matplotlib" / "matplotlibrc").write_text("lines.linewidth: 9")
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "MATPLOTLIBRC": ""}
    home["IPYTHONDIR"] = str(tmp_path / ".ipython")
    assert lesson_says(LEAKS, tmp_path, **home) == "False 1.5\n"
    control = subprocess.run(  # without the lab both are there
        [sys.executable, "-m", "IPython", "-c", LEAKS],
        env=os.environ | home, capture_output=True, text=True,
    )  # fmt: skip
    assert control.stdout == "True 9.0\n"


@pytest.mark.slow
@pytest.mark.posix_only("HOME is not what Windows asks")
@pytest.mark.parametrize("home", ["/dev/null/nobody", "/proc"])
def test_a_home_that_cannot_be_written_does_not_matter(home: str, tmp_path: Path) -> None:
    assert lesson_says(LEAKS, tmp_path, HOME=home) == "False 1.5\n"


@pytest.mark.posix_only("SIGINT cannot be sent to one process on Windows")
def test_a_stopped_run_leaves_nothing_behind(tmp_path: Path) -> None:
    started = tmp_path / "started"
    write_notebook(
        tmp_path / "long.ipynb",
        f"open({str(started)!r}, 'w').close()\nimport time; time.sleep(600)",
    )
    run = subprocess.Popen(
        [*BACKGROUND, *LAB, "run", tmp_path / "long.ipynb", "--out", tmp_path / "out"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not started.exists():
        assert run.poll() is None, "The run ended before its lesson started."
        time.sleep(0.05)
    children = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, said = run.communicate(timeout=150)
    assert run.returncode == 130
    assert "lab: stopped." in said and "Traceback" not in said
    assert list((tmp_path / "out").iterdir()) == []
    _, left = psutil.wait_procs(children, timeout=60)  # Python's own tracker ends a moment later
    assert all(child.status() == psutil.STATUS_ZOMBIE for child in left)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "77"], "There is no lesson '77'; the lessons are"),
        (["run", "--jobs", "0"], "--jobs is at least 1"),
        (["run", "--timeout", "0"], "--timeout above 0 s"),
        (["run", "--in-place", "-p", "seed", "1"], "drop -p and --out"),
        (["run", str(ROOT / "README.md")], "README.md is not a notebook, or was cut off"),
        (["run", str(ROOT / "labsupport" / "data" / "acs_ma_2017_scores.npz")], "not a notebook"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], sentence: str, room: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("labsupport.cli.room.ROOT", room)
    assert cli.main(arguments) == 1
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


@pytest.mark.parametrize("text", ["", "[1]", '{"a": 1}', '{"cells": [], "nbformat"'])
def test_a_damaged_notebook_is_one_sentence(text: str, tmp_path: Path) -> None:
    (lesson := tmp_path / "lesson.ipynb").write_text(text)
    with pytest.raises(LabError, match=r"lesson\.ipynb is not a notebook, or was cut off"):
        execute.find_lessons(tmp_path, [str(lesson)])


@pytest.mark.parametrize("port", ["99999", "0", "-1", "http"])
@pytest.mark.parametrize("command", ["open", "doctor"])
def test_a_port_that_is_none_is_refused(command: str, port: str, capsys) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main([command, f"--port={port}"])
    assert f"a port is a number from 1 to 65535, not '{port}'" in capsys.readouterr().err


@pytest.mark.posix_only("Windows has no limit on the size of a file")
def test_a_full_disk_is_one_sentence(room: Path, monkeypatch, capsys) -> None:
    import resource

    monkeypatch.setattr("labsupport.cli.room.ROOT", room)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (100_000, limits[1])
    )  # the page is larger, the notebook is not
    try:
        assert cli.main(["run"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, heard)
    assert "lab: File too large" in capsys.readouterr().err
    assert list((room / "build").iterdir()) == []


def test_help_teaches() -> None:
    said = lab("--help").stdout
    for command in ("lab open", "lab doctor", "lab run --in-place", "lab release --check"):
        assert command in said

"""Where work runs: what is refused in a sentence, and that nothing is left behind."""

from __future__ import annotations

import http.server
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbclient
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from ops_work import ROOT, SOON, command_of, family_of, scheduler, square, until, worker

from labsupport.ops.cluster import ClusterError, dask, executor, spread

SCRIPT = """
import sys, time
from labsupport.ops.cluster import executor, spread

def rest(seconds):
    print("resting", flush=True)
    time.sleep(seconds)
    return seconds

if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else None
    with executor(where, 2) as workers:
        print(spread(rest, [0.01, 0.02], workers), flush=True)
        spread(rest, [600, 600, 600], workers)
"""
UNGUARDED = """
from labsupport.ops.cluster import executor, spread
with executor(workers=2) as workers:
    print(spread(abs, [-1, -2], workers))
"""


# ---- nobody there
# ----------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch) -> None:
    monkeypatch.setattr(dask, "PATIENCE", 1.0)
    monkeypatch.setattr(dask, "FIRST_WORKER", 1.0)


@pytest.fixture
def port():
    """One at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def refused(where: str) -> str:
    with pytest.raises(ClusterError) as raised, executor(where):
        pass
    assert isinstance(raised.value, ConnectionError)
    said = str(raised.value)
    assert said.endswith(".") and "\n" not in said and where in said
    return said


def test_nobody_answers(hasty, port) -> None:
    threads = threading.active_count()
    assert "No Dask scheduler answers" in refused(f"tcp://127.0.0.1:{port}")
    assert threading.active_count() <= threads + 1  # Dask's own, once a process


def test_somebody_who_is_silent(hasty) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = refused(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    assert "No Dask scheduler answers" in said


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Say nothing."""


def test_somebody_who_speaks_something_else(hasty) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        said = refused(f"tcp://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    assert "No Dask scheduler answers" in said


@pytest.mark.parametrize(
    "where", ["LOCAL", "", "a", "tcp://", "tcp://a", "tcp://a:x", "tcp://a:99999", "http://a:1"]
)
def test_a_wrong_address(where) -> None:
    with pytest.raises(ValueError, match=r"^A cluster is `local` or the address"), executor(where):
        pass


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2"])
@pytest.mark.parametrize("where", [None, "local"])
def test_a_wrong_number_of_workers(where, workers) -> None:
    said = "workers must be a whole number"
    with pytest.raises(ValueError, match=said), executor(where, workers):
        pass


def test_a_running_cluster_has_workers_of_its_own() -> None:
    said, where = "has workers of its own", "tcp://127.0.0.1:1"
    with pytest.raises(ValueError, match=said), executor(where, 2):
        pass


# ---- a cluster that will not do
# ----------------------------------------------------------------------------------------------


def lab_copy(folder: Path, keep: str) -> Path:
    """This lab as another environment might have it: none of it, or another version."""
    if keep == "nothing":
        (folder / "labsupport").mkdir()
        (folder / "labsupport" / "__init__.py").touch()
        return folder
    ignored = shutil.ignore_patterns("*.npz", "__pycache__")
    shutil.copytree(ROOT / "labsupport", folder / "labsupport", ignore=ignored)
    with open(folder / "labsupport" / "gate.py", "a", encoding="utf-8") as file:
        file.write("# another\n")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ("nothing", "1 of the 1 workers at .* do not have this lab"),
        ("other", "1 of the 1 workers at .* have another version of this lab"),
    ],
)
def test_workers_need_this_lab(tmp_path, keep, said) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    with (
        scheduler(tmp_path) as where,
        worker(where, path=lab_copy(folder, keep)),
        pytest.raises(ClusterError, match=said),
        executor(where),
    ):
        pass


def test_no_workers_and_the_address_of_one(hasty, tmp_path, monkeypatch) -> None:
    with scheduler(tmp_path) as where:
        assert "has no workers" in refused(where)
        monkeypatch.undo()
        with worker(where), executor(where) as made:
            (own,) = made._client.scheduler_info()["workers"]
            assert "A Worker answers at" in refused(own)


def test_other_versions_are_told(tmp_path) -> None:
    patched = (
        "import distributed.versions as v; v._version_cached = lambda name: '1.0';"
        "from dask.__main__ import main; main()"
    )
    command = [sys.executable, "-c", patched, "scheduler"]
    told = r"^On the cluster at tcp.*numbers may differ\.$"
    with (
        scheduler(tmp_path, *command) as where,
        worker(where),
        pytest.warns(UserWarning, match=told) as said,
        executor(where) as made,
    ):
        assert spread(square, range(3), made) == [0, 1, 4]
    assert len(said) == 1
    assert "the scheduler has dask 1.0, and this is 2" in str(said[0].message)


def test_versions_that_differ_are_named() -> None:
    own = {"packages": {"python": "3.11.7.final.0", "numpy": "2.3.5"}}
    old = {"packages": {"python": "3.12.1.final.0", "numpy": "2.3.5"}}
    same = {"client": own, "scheduler": own, "workers": {"tcp://a:1": own}}
    same = {**same, "client": {"packages": dict.fromkeys(dask._TELLING) | own["packages"]}}
    assert dask.differences(same) == ""
    told = dask.differences({**same, "workers": {"tcp://a:1": own, "tcp://b:1": old}})
    assert told == "worker tcp://b:1 has python 3.12.1, and this is 3.11.7"


def rest(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_a_scheduler_that_goes_away(tmp_path) -> None:
    with scheduler(tmp_path) as where, worker(where) as only, executor(where) as made:
        family = [only.pid, *(p.pid for p in family_of(only.pid))]
        port = int(where.rsplit(":", 1)[1])
        (listens,) = (
            c.pid
            for c in psutil.net_connections("tcp4")
            if c.status == "LISTEN" and c.laddr.port == port
        )
        assert listens not in family
        threading.Timer(1, psutil.Process(listens).kill).start()
        with pytest.raises(ClusterError, match=r"is gone, and the work with it"):
            spread(rest, [0.2] * 100, made)


@pytest.mark.slow
def test_workers_that_go_away_and_do_not_come_back(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(dask, "WITHOUT_WORKERS", 1.0)
    with (
        scheduler(tmp_path) as where,
        worker(where, "--no-nanny") as only,
        executor(where) as made,
    ):
        threading.Timer(1, only.kill).start()
        with pytest.raises(ClusterError, match="has had no workers for 1 s"):
            spread(rest, [0.2] * 100, made)


# ---- nothing is left behind
# ----------------------------------------------------------------------------------------------


def test_nothing_of_dask_is_loaded_before_a_cluster_is_asked_for() -> None:
    program = (
        "import sys; from labsupport.ops.cluster import executor, spread\n"
        "if __name__ == '__main__':\n"
        "    with executor(workers=1) as e: spread(abs, [1], e)\n"
        "    print([n for n in ('dask', 'distributed', 'tornado') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("where", [None, "local"])
def test_all_is_as_it_was_before(where, tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    loggers = ("distributed", "distributed.client", "tornado.application")

    def state() -> tuple:
        return (
            {
                process
                for process in family_of(os.getpid())
                if (command := command_of(process)) and "resource_tracker" not in command
            },
            dict(os.environ),
            [logging.getLogger(name).level for name in loggers],
            multiprocessing.current_process().daemon,
            list(tmp_path.iterdir()),
            # Dask keeps one for as long as the process lives.
            [t.name for t in threading.enumerate() if not t.name.startswith("Dask-Offload")],
        )

    with executor("local", 1):  # what Dask leaves at its first use stays: its levels, a thread
        pass
    before = state()
    assert before[4] == []
    with executor(where, 2) as made:
        assert spread(square, range(4), made) == [0, 1, 4, 9]
    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_a_cluster_listens_on_loopback_only() -> None:
    others = family_of(os.getpid())
    with executor("local", 2):
        family = [psutil.Process(), *(p for p in family_of(os.getpid()) if p not in others)]
        listening = [
            c.laddr.ip for p in family for c in p.net_connections() if c.status == "LISTEN"
        ]
    assert len(listening) >= 3 and set(listening) == {"127.0.0.1"}


@pytest.mark.parametrize("where", [None, "local"])
def test_an_error_ends_what_is_running(where) -> None:
    def some():
        with executor(where, 2) as made:
            made.submit(rest, 600)
            yield spread(square, [2], made)

    before = time.monotonic()
    others = family_of(os.getpid())  # another test's demo keeps a process of this kind
    generator = some()
    assert next(generator) == [4]
    workers = [p for p in family_of(os.getpid()) if p not in others]
    assert any("spawn_main" in command_of(p) for p in workers)
    generator.close()
    until(lambda: not any("spawn_main" in command_of(p) for p in workers))
    assert time.monotonic() - before < SOON


def resting(tmp_path: Path, where: list[str]) -> subprocess.Popen:
    """A script whose workers are at something long, in a group of its own."""
    (tmp_path / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    seen = 0
    while seen < 4:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        seen += line == "resting\n"
    return process


@pytest.mark.parametrize("where", [[], ["local"]], ids=["processes", "local"])
def test_workers_end_with_a_parent_that_was_killed(tmp_path, where) -> None:
    with resting(tmp_path, where) as process:
        workers = family_of(process.pid)
        assert len(workers) >= 2
        process.kill()
        until(lambda: not any(p.is_running() and p.status() != "zombie" for p in workers))


@pytest.mark.slow
@pytest.mark.posix_only("Windows has no group to send Ctrl-C to but the tests' own")
@pytest.mark.parametrize("where", [[], ["local"]], ids=["processes", "local"])
def test_ctrl_c_ends_all_at_once_and_in_silence(tmp_path, where) -> None:
    with resting(tmp_path, where) as process:
        workers = family_of(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=SOON)
    assert said.count("Traceback") == 1 and said.endswith("KeyboardInterrupt\n"), said
    until(lambda: not any(p.is_running() and p.status() != "zombie" for p in workers))


def test_a_script_without_a_guard_is_told(tmp_path) -> None:
    (tmp_path / "script.py").write_text(UNGUARDED)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        capture_output=True,
        text=True,
        timeout=SOON,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    last = done.stderr.strip().splitlines()
    assert done.returncode == 1 and 'belongs below `if __name__ == "__main__":`' in str(last)


@pytest.mark.slow
def test_a_notebook_spreads_its_own_functions(tmp_path) -> None:
    source = """
from labsupport.ops.cluster import executor, spread
def triple(number):
    return 3 * number
for where in (None, "local"):
    with executor(where, 2) as workers:
        print(spread(triple, range(4), workers))
"""
    notebook = new_notebook(cells=[new_code_cell(source)])
    nbclient.NotebookClient(notebook, timeout=100, kernel_name="python3").execute(cwd=str(tmp_path))
    outputs = notebook.cells[0].outputs
    assert "".join(out["text"] for out in outputs) == "[0, 3, 6, 9]\n" * 2

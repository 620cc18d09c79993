"""A file that is replaced whole: a kill at every call, a full disk, several writers; the log
likewise.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from deaths import ROOT, deaths, lived
from refusals import refuses

from labsupport.durable import EventLog, LogMoved, digest, replace_whole

OLD, NEW = b"old\n" * 5000, b"new\n" * 5000
REPLACE = """
from pathlib import Path
from labsupport.durable import replace_whole
replace_whole(Path(folder, "file"), b"new\\n" * 5000)
"""
APPEND = """
from pathlib import Path
from labsupport.durable import EventLog
EventLog(Path(folder, "log")).append({"step": "second"})
"""


def test_a_digest_is_sha256():
    assert digest(b"abc") == hashlib.sha256(b"abc").hexdigest()
    assert digest(b"abc").startswith("ba7816bf")  # FIPS 180-2, example B.1


@pytest.mark.parametrize(("deadly", "how"), deaths("wsr"))
@pytest.mark.parametrize("before", [None, OLD], ids=["new", "replaced"])
def test_a_kill_leaves_all_of_the_old_file_or_all_of_the_new_one(before, deadly, how, tmp_path):
    file = tmp_path / "file"
    if before is not None:
        file.write_bytes(before)
    assert lived(REPLACE, tmp_path, deadly, how).returncode == 9
    found = file.read_bytes() if file.exists() else None
    assert found == (NEW if how == "after" else before)
    assert {path.suffix for path in tmp_path.iterdir()} <= {"", ".new"}
    done = lived(REPLACE, tmp_path)
    assert (done.returncode, done.stdout) == (0, "wsr\n"), done.stderr
    assert file.read_bytes() == NEW


@pytest.mark.posix_only("Windows has no limit on the size of a file")
def test_on_a_full_disk_the_old_file_stands_and_nothing_else(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(OLD)
    limited = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    done = lived(limited + REPLACE, tmp_path, at_once=False)
    assert done.returncode == 1 and "File too large" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_bytes() == OLD


def test_who_reads_while_two_write_sees_one_whole_file(tmp_path):
    file, seen = tmp_path / "folder" / "file", set()
    replace_whole(file, OLD)
    writers = [
        threading.Thread(target=lambda data=data: [replace_whole(file, data) for _ in range(100)])
        for data in (OLD, NEW)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen.add(file.read_bytes())
    assert seen <= {OLD, NEW}
    assert [path.name for path in file.parent.iterdir()] == ["file"]


@pytest.mark.posix_only("permissions and links")
def test_permissions_and_links_stay(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    replace_whole(file, OLD)
    os.umask(mask := os.umask(0))
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask  # as `open` would have made it
    file.chmod(0o640)
    link.symlink_to("file")
    replace_whole(link, NEW)
    assert link.is_symlink() and file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize(("deadly", "how"), deaths("ws"))
def test_an_event_happened_wholly_or_not_at_all(deadly, how, tmp_path):
    log = EventLog(tmp_path / "log")
    log.append({"step": "first"})
    assert lived(APPEND, tmp_path, deadly, how).returncode == 9
    written = (deadly, how) in {(2, "before"), (2, "after")}
    both = [{"step": "first"}, {"step": "second"}]
    assert log.events() == (both if written else both[:1])
    log.append({"step": "third"})  # cuts off what the kill left
    assert log.events() == [*(both if written else both[:1]), {"step": "third"}]


def altered(lines: list[bytes]) -> list[bytes]:
    """Three lines with one lost, all turned round, one changed, and one that follows the second
    beside the third.
    """
    other = lines[2].replace(b"third", b"x")
    changed = [lines[0].replace(b"first", b"x"), *lines[1:]]
    return [b"".join(kept) for kept in (lines[1:], lines[::-1], changed, [*lines, other])]


def three(path: Path) -> EventLog:
    log = EventLog(path)
    for step in ("first", "second", "third"):
        log.append({"step": step})
    return log


def test_a_log_that_was_altered_is_noticed(tmp_path):
    assert EventLog(tmp_path / "log.jsonl").events() == []
    log = three(tmp_path / "log.jsonl")
    lines = log.path.read_bytes().splitlines(keepends=True)
    for data in altered(lines):
        log.path.write_bytes(data)
        with refuses(ValueError, "does not follow from the lines before it"):
            log.events()
    log.path.write_bytes(b"".join(lines) + b'{"after": "torn')
    assert len(log.events()) == 3
    log.path.write_bytes(b"[]\n")
    with refuses(ValueError, "Line 1 of log.jsonl"):
        log.events()


@pytest.mark.parametrize("long", [1, 100_000], ids=["short", "longer than a block"])
def test_an_append_looks_at_the_last_two_lines(long, tmp_path):
    log = three(tmp_path / "log.jsonl")
    log.append({"step": "x" * long})
    log.append({"step": "y" * long})
    lines = log.path.read_bytes().splitlines(keepends=True)
    for data in ([b"[]\n", *lines[1:]], [*lines[:-2], lines[-1], lines[-2]], [*lines, b"[]\n"]):
        log.path.write_bytes(b"".join(data))
        if data[0] == b"[]\n":
            log.append({"step": "end"})  # what it cost is the same in a log of any length
        else:
            with refuses(ValueError, "The last line of log.jsonl does not follow"):
                log.append({"step": "end"})
        with refuses(ValueError, "does not follow from the lines before it"):
            log.events()
    log.path.write_bytes(b"".join(lines))
    log.append({"step": "end"})
    assert len(log.events()) == 6


def test_an_append_after_a_head_that_moved_is_refused(tmp_path):
    log = EventLog(tmp_path / "folder" / "log.jsonl")
    events, empty = log.read()
    assert events == []
    log.append({"n": 1}, after=empty)
    with refuses(LogMoved, "log.jsonl has grown since it was read"):
        log.append({"n": 2}, after=empty)
    events, head = log.read()
    assert events == [{"n": 1}] and head == digest(log.path.read_bytes().rstrip(b"\n"))
    with log.path.open("ab") as file:
        file.write(b'{"after": "torn')  # never happened, so nothing moved
    log.append({"n": 2}, after=head)
    assert log.events() == [{"n": 1}, {"n": 2}]
    with pytest.raises(LogMoved):
        log.append({"n": 3}, after=head)
    assert log.events() == [{"n": 1}, {"n": 2}]


@pytest.mark.posix_only("Windows has no limit on the size of a file")
def test_on_a_full_disk_an_event_did_not_happen(tmp_path):
    log = EventLog(tmp_path / "log")
    log.append({"step": "first"})
    before = log.path.read_bytes()
    limited = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150))\n"
    assert len(before) < 150 < 2 * len(before)
    done = lived(limited + APPEND, tmp_path, at_once=False)
    assert done.returncode == 1 and "File too large" in done.stderr
    assert log.path.read_bytes() == before


@pytest.fixture
def several():
    """Start n processes with `log` and their number `me`; each has said "ready", and goes on when
    it is written a line.
    """
    begin = "import sys\nfrom pathlib import Path\nfrom labsupport.durable import *\n"
    begin += "log, me = EventLog(Path(sys.argv[1])), int(sys.argv[2])\n"
    every = []

    def start(n: int, program: str, path: Path) -> list[subprocess.Popen[str]]:
        made = [
            subprocess.Popen(
                [sys.executable, "-c", begin + program, str(path), str(me)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
            for me in range(n)
        ]  # fmt: skip
        every.extend(made)
        assert [process.stdout.readline() for process in made] == ["ready\n"] * n
        return made

    yield start
    for process in every:
        process.kill()
        process.communicate()


def go(made: list[subprocess.Popen[str]]) -> None:
    for process in made:
        process.stdin.write("go\n")
        process.stdin.flush()


def ended(made: list[subprocess.Popen[str]]) -> list[str]:
    said = [process.communicate(timeout=100)[0].strip() for process in made]
    assert [process.returncode for process in made] == [0] * len(made)
    return said


READY = "print('ready', flush=True)\ninput()\n"
FIFTY = READY + "for n in range(50):\n    log.append({'me': me, 'n': n})\n"
COUNT = (
    READY
    + """
done = 0
while done < 25:
    events, head = log.read()
    try:
        log.append({"count": len(events)}, after=head)
        done += 1
    except LogMoved:
        pass
"""
)
ONCE = (
    """
head = log.read()[1]
"""
    + READY
    + """
try:
    log.append({"me": me}, after=head)
    print("won")
except LogMoved:
    print("moved")
"""
)
HANGS = (
    """
import os, time
write = os.write
def half(file, data):
    write(file, data[: len(data) // 2])
    print("ready", flush=True)
    time.sleep(1000)
os.write = half
"""
    + "log.append({'me': 'killed'})\n"
)


def test_four_processes_that_append_at_once_lose_nothing(several, tmp_path):
    log = EventLog(tmp_path / "log")
    go(made := several(4, FIFTY, log.path))
    ended(made)
    events = log.events()
    assert len(events) == 200
    for me in range(4):
        assert [event["n"] for event in events if event["me"] == me] == list(range(50))


def test_four_processes_count_together_by_reading_and_appending(several, tmp_path):
    log = EventLog(tmp_path / "log")
    go(made := several(4, COUNT, log.path))
    ended(made)
    assert [event["count"] for event in log.events()] == list(range(100))


@pytest.mark.parametrize("begun", [False, True], ids=["an empty log", "a log with a line"])
def test_of_four_who_read_the_same_head_one_appends(begun, several, tmp_path):
    log = EventLog(tmp_path / "log")
    if begun:
        log.append({"me": "before"})
    go(made := several(4, ONCE, log.path))
    said = ended(made)
    assert sorted(said) == ["moved", "moved", "moved", "won"]
    assert log.events()[begun:] == [{"me": said.index("won")}]


def test_a_writer_killed_in_mid_append_holds_up_nobody(several, tmp_path):
    log = EventLog(tmp_path / "log")
    log.append({"me": "before"})
    whole = log.path.read_bytes()
    (writer,) = several(1, HANGS, log.path)
    waiting = several(2, READY + "log.append({'me': me})", log.path)
    waiting += several(1, READY + "print(len(log.events()))", log.path)
    go(waiting)
    for process in waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
    assert log.path.read_bytes().startswith(whole) and log.path.stat().st_size > len(whole)
    writer.kill()  # -9 where there are signals
    ended(waiting)
    events = log.events()
    assert events[0] == {"me": "before"}
    assert sorted(event["me"] for event in events[1:]) == [0, 1]


def test_a_string_for_a_path_will_do(tmp_path):
    replace_whole(str(tmp_path / "file"), NEW)
    assert Path(tmp_path, "file").read_bytes() == NEW

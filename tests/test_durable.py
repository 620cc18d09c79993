"""A file that is replaced whole: a kill at every call, a full disk, several writers; the log
likewise.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest
from deaths import deaths, lived
from refusals import refuses

from labsupport.durable import EventLog, digest, replace_whole

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
    done = lived(limited + REPLACE, tmp_path)
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


def test_a_log_that_was_altered_is_noticed(tmp_path):
    log = EventLog(tmp_path / "log.jsonl")
    assert log.events() == []
    for step in ("first", "second", "third"):
        log.append({"step": step})
    lines = log.path.read_bytes().splitlines(keepends=True)
    for altered in (lines[1:], lines[::-1], [lines[0].replace(b"first", b"x"), *lines[1:]]):
        log.path.write_bytes(b"".join(altered))
        with refuses(ValueError, "does not follow from the lines before it"):
            log.events()
        with refuses(ValueError, "does not follow"):
            log.append({"step": "x"})
    log.path.write_bytes(b"".join(lines) + b'{"after": "torn')
    assert len(log.events()) == 3
    log.path.write_bytes(b"[]\n")
    with refuses(ValueError, "Line 1 of log.jsonl"):
        log.events()


def test_two_processes_that_wrote_one_log_are_noticed(tmp_path):
    log = EventLog(tmp_path / "log")
    log.append({"step": "a"})
    before = log.path.read_bytes()
    log.append({"step": "b"})
    second = log.path.read_bytes()[len(before) :]
    log.path.write_bytes(before + second + second.replace(b'"b"', b'"c"'))
    with refuses(ValueError, "two processes wrote it"):
        log.events()


def test_a_string_for_a_path_will_do(tmp_path):
    replace_whole(str(tmp_path / "file"), NEW)
    assert Path(tmp_path, "file").read_bytes() == NEW

"""`lab evaluate --labels ...`: wrong files are one sentence and a status, and what it writes is
whole or not there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from table_files import rows, write

from labsupport.cli import main
from labsupport.ops import load_compared
from labsupport.ops.tables import TableError, columns, evaluate_files

N = 40
GOOD = rows(N, scores=False)


def lab(folder, *words, labels="all.csv:y", candidate="all.csv:new", baseline="all.csv:old"):
    places = ("--labels", labels, "--candidate", candidate, "--baseline", baseline)
    return main(["evaluate", *map(str, places), "--out", str(folder / "run"), *words])


@pytest.fixture
def good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for suffix in ("csv", "parquet", "npz"):
        write(tmp_path / f"all.{suffix}", GOOD)
    return tmp_path


# ---- what it prints and writes
# ----------------------------------------------------------------------------------------------


def test_people_are_told_the_table_and_what_to_type_next(good, capsys):
    assert lab(good, "--slice", "region", "--slice", "age") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == [
        *("rows", "candidate", "baseline", "gain", "95%", "interval", "churn")
    ]
    assert said[1].split()[:2] == ["accuracy", str(N)]
    assert {line.split()[0] for line in said[2:9]} == {
        *(f"region={name}" for name in set(GOOD["region"])),
        *(f"age={name}" for name in set(GOOD["age"])),
    }
    assert "Rows are joined by row number." in said
    assert said[-1].split() == ["lab", "gate", str(good / "run"), "--policy", "policy.toml"]


def test_programs_are_told_what_was_compared(good, capsys):
    assert lab(good, "--slice", "region", "--json") == 0
    told, kept = json.loads(capsys.readouterr().out), load_compared(good / "run")
    assert told["digest"] == kept.digest and told["run"] == str(good / "run")
    assert told["labels"] == {"place": "all.csv:y", "digest": kept.holdout}
    assert told["accuracy"]["cells"] == list(kept.outcomes.cells)
    assert told["accuracy"]["slices"].keys() == kept.outcomes.slices.keys()
    assert told["auc"] is None and told["notes"] == list(kept.notes)


def test_again_is_the_same_bytes_and_another_comparison_is_refused(good, capsys):
    place = good / "run" / "outcomes.json"
    assert lab(good) == 0
    first = place.read_bytes()
    assert lab(good, labels="all.npz:y", baseline="all.parquet:old") == 0
    assert place.read_bytes() == first
    assert lab(good, baseline="all.csv:new") == 65
    assert "--again" in capsys.readouterr().err and place.read_bytes() == first
    place.write_bytes(first[:-9])
    assert lab(good) == 65
    assert lab(good, "--again") == 0 and place.read_bytes() == first
    assert lab(good, "--again", baseline="all.csv:new") == 0
    assert load_compared(good / "run").outcomes.gain == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--wrong", "option"),
        ("--threshold", "1"),
        ("--threshold", "nan"),
        ("--threshold", "half"),
        ("--holdout", "world:holdout"),
        ("--workers", "0"),
        ("--cluster", "nowhere"),
        ("--slice",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64_and_no_verdict(good, capsys, words):
    try:
        status = lab(good, *words)
    except SystemExit as stopped:
        status = stopped.code
    assert status == 64 and not (good / "run").exists()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--out", "run"), ("--slice", "region"), ("--id", "id")])
def test_options_of_files_need_labels(good, words, capsys):
    assert main(["evaluate", "--candidate", "x", "--baseline", "y", *words]) == 64
    assert "--labels" in capsys.readouterr().err


def test_labels_need_a_place_to_write(good):
    assert main(["evaluate", "--labels", "a:b", "--candidate", "x", "--baseline", "y"]) == 64


# ---- wrong files
# ----------------------------------------------------------------------------------------------


def changed(what, value, row=7):
    column = list(GOOD[what])
    column[row] = value
    return GOOD | {what: column}


def shorter(suffix):
    return lambda f: write(f / f"wrong{suffix}", {k: v[:-1] for k, v in GOOD.items()})


def spoilt(suffix, what, value):
    return lambda f: write(f / f"wrong{suffix}", changed(what, value))


def typed(what, values, suffix=".parquet"):
    def make(folder):
        if suffix == ".npz":
            np.savez(folder / "wrong.npz", **(GOOD | {what: values}))
        else:
            parquet.write_table(pa.table(GOOD | {what: values}), folder / "wrong.parquet")

    return make


def cut(suffix, share):
    def make(folder):
        data = (folder / f"all{suffix}").read_bytes()
        (folder / f"wrong{suffix}").write_bytes(data[: int(len(data) * share)])

    return make


def text(written, name="wrong.csv"):
    return lambda folder: (folder / name).write_text(written)


Y, NEW, SLICE, ID = ("--labels",), ("--candidate",), ("--slice", "region"), ("--id", "id")
ALL_SUFFIXES = (".csv", ".parquet", ".npz")
WRONG = {
    # what is made, the options beside it (which of them takes the file), status, what is said
    "no file": (lambda f: None, NEW, ".csv", 66, "no file wrong.csv"),
    "no such column": (lambda f: None, ("all.csv:gone",), None, 65, "no column 'gone'; it has"),
    "no colon": (lambda f: None, ("all.csv",), None, 65, "FILE:COLUMN"),
    "no column": (lambda f: None, ("all.csv:",), None, 65, "FILE:COLUMN"),
    "a drive": (lambda f: None, (r"C:\models\new.csv",), None, 65, "FILE:COLUMN"),
    "a drive and a column": (lambda f: None, (r"C:\models\new.csv:x",), None, 66, r"C:\models\new"),
    "of no kind": (text("y\n1\n", "wrong.txt"), NEW, ".txt", 65, "no known kind"),
    "an empty folder": (lambda f: (f / "wrong").mkdir(), NEW, "", 65, "is empty"),
    "nothing in it": (text(""), NEW, ".csv", 65, "is empty"),
    "only headers": (text("y,new,old\n"), (*Y, "all of it"), ".csv", 65, "hold no rows"),
    "only a header": (text("id,y,new,old,region\n"), NEW, ".csv", 65, "differ in length"),
    "two columns of a name": (text("new,new\n1,1\n"), NEW, ".csv", 65, "2 columns 'new'"),
    "a blank line": (text("new\n1\n\n0\n"), NEW, ".csv", 65, "nothing in row 1"),
    "a ragged line": (text("id,new\n1,1\n2\n"), NEW, ".csv", 65, "cannot be read as csv"),
    "no csv at all": (text("\0\1\2" * 99), NEW, ".csv", 65, "no column 'new'"),
    "latin-1": (
        lambda f: (f / "wrong.csv").write_bytes("y,region\n1,Åre\n".encode("latin-1") * 1),
        (*Y, *SLICE),
        ".csv",
        65,
        "cannot be read as csv",
    ),
    "text in npz": (typed("new", np.array(["1"] * N), ".npz"), NEW, ".npz", 65, "string"),
    "text in parquet": (typed("new", ["yes"] * N), NEW, ".parquet", 65, "string"),
    "text in csv": (spoilt(".csv", "new", "yes"), NEW, ".csv", 65, "yes"),
    "a list": (typed("new", [[1]] * N), NEW, ".parquet", 65, "list"),
    "objects": (typed("new", np.array([None] * N), ".npz"), NEW, ".npz", 65, "pickle"),
    "two dimensions": (typed("new", np.zeros((N, 1)), ".npz"), NEW, ".npz", 65, "(40, 1)"),
    "a number, not a column": (typed("new", np.array(1), ".npz"), NEW, ".npz", 65, "shape ()"),
    "complex": (typed("new", np.zeros(N, complex), ".npz"), NEW, ".npz", 65, "complex"),
    "columns that differ in length": (
        typed("new", np.zeros(N - 1), ".npz"),
        (*Y, "all of it"),
        ".npz",
        65,
        "differ in length",
    ),
    "half a parquet file": (cut(".parquet", 0.5), NEW, ".parquet", 65, "cannot be read as parquet"),
    "half an npz file": (cut(".npz", 0.5), NEW, ".npz", 65, "cannot be read as npz"),
    "an empty parquet file": (cut(".parquet", 0), NEW, ".parquet", 65, "cannot be read"),
    "an empty npz file": (cut(".npz", 0), NEW, ".npz", 65, "cannot be read"),
    "another kind of file": (
        lambda f: (f / "wrong.parquet").write_bytes((f / "all.npz").read_bytes()),
        NEW,
        ".parquet",
        65,
        "cannot be read as parquet",
    ),
    "null in parquet": (typed("new", [None, *GOOD["new"][1:]]), NEW, ".parquet", 65, "in row 0"),
    "null in csv": (spoilt(".csv", "new", ""), NEW, ".csv", 65, "nothing in row 7"),
    "no slice in parquet": (
        typed("region", [None, *GOOD["region"][1:]]),
        (*Y, *SLICE),
        ".parquet",
        65,
        "a slice",
    ),
    "no slice in csv": (spoilt(".csv", "region", ""), (*Y, *SLICE), ".csv", 65, "in row 7"),
    "slices of floats": (
        typed("region", np.random.default_rng(0).random(N)),
        (*Y, *SLICE),
        ".parquet",
        65,
        "double",
    ),
    "no id": (spoilt(".csv", "id", ""), (*NEW, *ID), ".csv", 65, "every row an id"),
    "an id twice": (
        spoilt(".csv", "id", GOOD["id"][8]),
        (*NEW, *ID),
        ".csv",
        65,
        f"id {GOOD['id'][8]} 2 times",
    ),
    "an id of the labels twice": (
        spoilt(".csv", "id", GOOD["id"][8]),
        (*Y, *ID),
        ".csv",
        65,
        "2 times",
    ),
    "an id that nobody knows": (
        spoilt(".csv", "id", 4000),
        (*NEW, *ID),
        ".csv",
        65,
        "do not join: 1 of wrong.csv",
    ),
    "ids that are missing": (shorter(".csv"), (*NEW, *ID), ".csv", 65, "do not join: 1 of all.csv"),
    "ids of floats": (typed("id", np.arange(N) / 2), (*NEW, *ID), ".parquet", 65, "an id is text"),
    "no column of ids": (text("new\n1\n"), (*NEW, *ID), ".csv", 65, "no column 'id'"),
}
for _suffix in ALL_SUFFIXES:
    WRONG |= {
        f"one row less {_suffix}": (shorter(_suffix), NEW, _suffix, 65, "differ in length"),
        f"NaN {_suffix}": (spoilt(_suffix, "new", float("nan")), NEW, _suffix, 65, "in row 7"),
        f"a label of 2 {_suffix}": (spoilt(_suffix, "y", 2), Y, _suffix, 65, "a label is 0 or 1"),
        f"a label of NaN {_suffix}": (
            spoilt(_suffix, "y", float("nan")),
            Y,
            _suffix,
            65,
            "a label is 0 or 1",
        ),
        f"a score of 1.5 {_suffix}": (
            spoilt(_suffix, "new", 1.5),
            NEW,
            _suffix,
            65,
            "1.5 in row 7",
        ),
        f"a score below 0 {_suffix}": (spoilt(_suffix, "new", -1), NEW, _suffix, 65, "from 0 to 1"),
        f"infinite {_suffix}": (
            spoilt(_suffix, "new", float("inf")),
            NEW,
            _suffix,
            65,
            "inf in row 7",
        ),
    }


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_sentence(good, capsys, case):
    make, options, suffix, status, said = WRONG[case]
    make(good)
    first, *more = options
    places = {"candidate": first} if suffix is None else {}
    if first == "--candidate":
        places = {"candidate": f"wrong{suffix}:new"}
    elif first == "--labels":
        places = {"labels": f"wrong{suffix}:y"}
    if "all of it" in more:
        more, whole = [], {"labels": "y", "candidate": "new", "baseline": "old"}
        places = {what: f"wrong{suffix}:{column}" for what, column in whole.items()}
    assert lab(good, *more, **places) == status
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("lab: ") and lines[0].endswith(".")
    assert said in lines[0] and len(lines[0]) < 420 and out == ""
    assert not (good / "run").exists()


def test_too_many_slices_are_refused(good, capsys, monkeypatch):
    monkeypatch.setattr(columns, "MOST_SLICES", 30)
    assert lab(good, "--slice", "id") == 65
    assert "Column 'id' has more than 30 values" in capsys.readouterr().err


def test_a_label_is_no_slice(good, capsys):
    assert lab(good, "--slice", "y") == 65
    assert "as well" in capsys.readouterr().err


def test_a_colon_may_be_in_file_and_column(good):
    write(good / "a:b.csv", {"slice:y": GOOD["y"], "slice": GOOD["y"]})
    assert lab(good, labels="a:b.csv:slice:y") == 0


# ---- hostile files
# ----------------------------------------------------------------------------------------------

HOSTILE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@HOSTILE
@given(st.sampled_from(ALL_SUFFIXES), st.data())
def test_damaged_bytes_are_understood_or_refused(tmp_path_factory, suffix, data):
    folder = tmp_path_factory.getbasetemp()
    path = write(folder / f"hostile{suffix}", GOOD)
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged)
    try:
        found = evaluate_files(f"{path}:y", f"{path}:new", f"{path}:old", ["region"])
    except TableError as error:
        assert "\n" not in str(error)
    else:
        assert found.outcomes.n > 0


def test_nothing_is_unpickled(good, capsys):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (good / "exploded",)

    np.savez(good / "wrong.npz", new=np.array([Bomb()] * N, object))
    assert lab(good, candidate="wrong.npz:new") == 65
    assert not (good / "exploded").exists() and "pickle" in capsys.readouterr().err


@pytest.mark.posix_only("named pipes")
def test_a_pipe_is_no_file(good, capsys):
    os.mkfifo(good / "wrong.csv")
    assert lab(good, candidate="wrong.csv:new") == 65


# ---- kills and full disks
# ----------------------------------------------------------------------------------------------


def command(folder, path):
    places = (f"--labels={path}:y", f"--candidate={path}:new", f"--baseline={path}:old")
    return [sys.executable, "-m", "labsupport.cli", "evaluate", *places, "--out", folder / "run"]


@pytest.mark.slow
@pytest.mark.posix_only("SIGKILL")
def test_a_kill_leaves_nothing_or_all(tmp_path):
    path = write(tmp_path / "all.csv", rows(60_000))
    started = time.monotonic()
    assert subprocess.run(command(tmp_path / "whole", path), capture_output=True).returncode == 0
    took = time.monotonic() - started
    expected = (tmp_path / "whole" / "run" / "outcomes.json").read_bytes()
    for share in (0.3, 0.7, 0.9, 0.97, 1.0):
        child = subprocess.Popen(command(tmp_path, path), stdout=-3, stderr=-3)
        try:
            child.wait(share * took)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
        place = tmp_path / "run" / "outcomes.json"
        assert not place.exists() or place.read_bytes() == expected
    assert subprocess.run(command(tmp_path, path), capture_output=True).returncode == 0
    assert place.read_bytes() == expected


@pytest.mark.posix_only("limits of file sizes")
def test_a_full_disk_is_74_and_leaves_nothing(good):
    import resource

    done = subprocess.run(
        command(good, good / "all.csv"),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    assert done.returncode == 74 and done.stderr.count("\n") == 1
    assert list((good / "run").iterdir()) == []


def test_a_file_that_changes_meanwhile_is_refused(good):
    def write_more(done):
        with open(good / "all.csv", "a") as file:
            file.write("1")

    with pytest.raises(TableError, match=r"all.csv changed while it was read"):
        evaluate_files("all.csv:y", "all.csv:new", "all.csv:old", progress=write_more)

"""What comes from a worker, and what a worker may not do."""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hostile import LIES as SPEAKS
from hypothesis import given
from hypothesis import strategies as st

from labsupport.answers import (
    Limits,
    Sandbox,
    TimeUp,
    WorkerEnded,
    build_stage,
    find_shelter,
    plain,
    shelters,
    works,
)
from labsupport.answers.confine import filter_code

pytestmark = pytest.mark.posix_only("workers need Linux")

# ---- plain values ----

numbers = st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
leaves = numbers | st.text() | st.binary() | st.fractions() | st.decimals(allow_nan=False)
values = st.recursive(
    leaves,
    lambda part: (
        st.lists(part) | st.tuples(part, part) | st.dictionaries(st.text() | st.integers(), part)
    ),
    max_leaves=20,
)


def sent(value: object) -> object:
    return plain.value_of(json.loads(json.dumps(plain.written(value))))


@given(values)
def test_a_plain_value_arrives_as_it_was(value):
    came = sent(value)
    assert came == value and type(came) is type(value)


ARRAYS = {
    "integers": np.arange(6).reshape(2, 3),
    "floats": np.array([0.1, np.nan, -np.inf]),
    "short floats": np.array([0.1], np.float32),
    "truths": np.array([True, False]),
    "texts": np.array(["a", "äöü"]),
    "no letters": np.array(["", ""]),
    "nothing": np.empty((0, 3)),
    "no axis": np.array(3.0),
    "fractions": np.array([Fraction(1, 3), None], dtype=object),
    "lists": np.array([None, [1, 2], [3, 4]], dtype=object)[1:],
    "a column": pd.Series([1.0, 2.0]).to_numpy(),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_an_array_arrives_as_it_was(array):
    came = sent(array)
    assert came.dtype == array.dtype and came.shape == array.shape
    np.testing.assert_array_equal(came, array)


def test_a_number_of_numpy_keeps_its_type():
    for value in (np.float32(0.1), np.int8(3), np.bool_(True), np.str_("x")):
        came = sent(value)
        assert came == value and type(came) is type(value)


def test_an_object_of_ones_own_arrives_as_what_it_extends_or_as_a_name():
    class Sly(float):
        def __eq__(self, other):
            return True

        __hash__ = None

    class Colour(IntEnum):
        RED = 3

    class Thing:
        pass

    assert type(sent(Sly(2))) is float and sent(Sly(2)) == 2
    assert type(sent(Colour.RED)) is int
    assert type(sent(Thing())).__name__ == "Thing" and sent(Thing()) != Thing()
    assert type(sent(lambda: 1)).__name__ == "function"
    assert type(sent(pd.Series([1, 2]))) is np.ndarray
    assert sent(float("nan")) != sent(float("nan")) and sent(Decimal("NaN")).is_nan()


def test_what_has_no_end_is_refused_where_it_is_written():
    endless: list = []
    endless.append(endless)
    with pytest.raises(ValueError, match="deeper or larger"):
        plain.written(endless)


LIES = [
    3, "x", [], {}, {"call": "os.system"}, {"int": 3}, {"int": "x"}, {"int": "1" * 20_000},
    {"float": "one"}, {"str": 3}, {"bytes": "*"}, {"fraction": ["1"]}, {"tuple": 3},
    {"dict": [[1]]},
    {"dict": [[{"list": []}, None]]}, {"array": "", "dtype": "O", "shape": [0]},
    {"array": "", "dtype": "<f8", "shape": [10**12]},
    {"array": "AAAA", "dtype": "<f8", "shape": [1]},
    {"array": "", "dtype": "<U0", "shape": [10**12]}, {"array": "", "dtype": "<f8", "shape": [-1]},
    {"objects": [None], "shape": [2]}, {"scalar": {"other": "x"}}, {"decimal": "x"},
    {"decimal": "1e999999999"}, {"decimal": "-1e-99999"}, {"decimal": [0, [1], 0]},
    {"decimal": "1e-9999"},
    {"decimal": "0." + "1" * 20_000}, {"array": "", "dtype": "<f8", "shape": [10**9, 0]},
    {"array": "", "dtype": "<f8", "shape": [0] * 50}, {"array": "", "dtype": "<U0", "shape": [9]},
    {"set": [{"int": hex(k * (2**61 - 1))} for k in range(200)]},
    {"dict": [[{"int": hex(k * (2**61 - 1))}, None] for k in range(200)]},
    {"list": [{"other": f"a{k}"} for k in range(2_000)]},
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
def test_what_no_worker_writes_is_refused(lie):
    with pytest.raises(plain.NotPlain):
        plain.value_of(lie)


def test_a_deep_lie_is_refused():
    lie: object = None
    for _ in range(50):
        lie = {"list": [lie]}
    with pytest.raises(plain.NotPlain):
        plain.value_of(lie)


# ---- the filter ----


def refused(code: bytes, machine: int, number: int, argument: int = 0, second: int = 0) -> bool:
    """What the filter says to a call: an interpreter of the few instructions that it uses."""
    data = struct.pack("=iIQQQ", number, machine, 0, argument, second)
    lines = [struct.unpack_from("HBBI", code, 8 * k) for k in range(len(code) // 8)]
    at, held = 0, 0
    while True:
        kind, yes, no, value = lines[at]
        at += 1
        if kind == 0x20:
            (held,) = struct.unpack_from("=I", data, value)
        elif kind == 0x06:
            return value != 0x7FFF0000
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[kind]
            at += yes if holds else no


@pytest.mark.parametrize(
    ("machine", "arch", "calls"),
    [
        (
            *("x86_64", 0xC000003E),
            {
                **{"read": 0, "clone": 56, "tgkill": 234, "execve": 59, "fork": 57},
                **{"prlimit64": 302, "fcntl": 72, "ioctl": 16},
            },
        ),
        (
            *("aarch64", 0xC00000B7),
            {
                **{"read": 63, "clone": 220, "tgkill": 131, "execve": 221},
                **{"prlimit64": 261, "fcntl": 25, "ioctl": 29},
            },
        ),
    ],
)
def test_the_filter_refuses_processes_programs_and_signals(machine, arch, calls):
    code = filter_code(machine, pid=7)
    assert not refused(code, arch, calls["read"])
    assert refused(code, arch, calls["execve"])
    assert refused(code, arch, calls["clone"]) and not refused(code, arch, calls["clone"], 0x10000)
    assert refused(code, arch, calls["tgkill"], 8) and not refused(code, arch, calls["tgkill"], 7)
    assert refused(code, 0, calls["read"])
    limits, fcntl, ioctl = calls["prlimit64"], calls["fcntl"], calls["ioctl"]
    assert not refused(code, arch, limits, 0) and not refused(code, arch, limits, 7)
    assert refused(code, arch, limits, 8)
    for number, command in ((fcntl, 8), (fcntl, 15), (ioctl, 0x8901), (ioctl, 0x8902)):
        assert refused(code, arch, number, 3, command) and not refused(code, arch, number, 3, 4)
        assert not refused(code, arch, calls["read"], 3, command)
    if machine == "x86_64":
        assert refused(code, arch, 0x40000000)


# ---- a worker ----


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stage")
    for each in (folder, *folder.parents):
        if os.stat(each).st_uid == os.getuid() and len(each.parts) > 2:
            each.chmod(0o755)
    build_stage(folder)
    return folder


@pytest.fixture(scope="module")
def sandbox(stage) -> Iterator[Sandbox]:
    with Sandbox(stage, ["numpy"], find_shelter(), Limits(cpu=20, memory=1 << 30)) as made:
        yield made


def test_a_worker_is_kept_and_its_submissions_are_fresh(sandbox):
    with sandbox.submission() as first:
        assert first.run("import numpy as np\nx = 3", 5).kind == "done"
    with sandbox.submission() as second:
        assert second.run("x", 5).text == "NameError (name 'x' is not defined)"
        assert not second.lost


def test_functions_of_this_side_are_called_from_there(sandbox):
    from labsupport.grading.trainers import Trainer

    asked = []
    trainer = Trainer(lambda X, y, steps: asked.append(steps) or X * 2, len, sum)
    with sandbox.submission() as running:
        running.run("def f(trainer, x):\n    return trainer.train(x, x, 7).sum()", 5)
        (came,) = running.answer("f").outcomes([(trainer, np.arange(3))], 5)
    assert came.kind == "value" and came.value == 6 and asked == [7]


def test_a_function_of_this_side_that_is_called_for_ever_uses_up_the_time(sandbox):
    from labsupport.grading.trainers import Trainer

    def forever(X, y, steps):
        while steps:
            steps -= 1
        return X

    with sandbox.submission() as running:
        running.run("def f(trainer, x):\n    return trainer.train(x, x, 10 ** 12)", 5)
        with pytest.raises(TimeUp):
            list(running.answer("f").outcomes([(Trainer(forever, len, sum), np.arange(3))], 1))


def test_a_worker_that_is_lost_is_replaced(sandbox):
    with sandbox.submission() as running:
        with pytest.raises(TimeUp):
            running.run("while True: pass", 1)
        assert running.lost
    with sandbox.submission() as running, pytest.raises(WorkerEnded):
        running.run("import os; os._exit(0)", 5)
    with sandbox.submission() as running:
        assert running.run("1", 5).kind == "done"


def test_memory_has_an_end(sandbox):
    with sandbox.submission() as running:
        assert running.run("x = bytearray(2 << 30)", 5).text == "MemoryError"


FILLING = {
    "many files": "for k in range(60):\n    open(str(k), 'wb').write(bytes(8 << 20))",
    "deep folders": "import os\nfor _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')",
    "empty files": "for k in range(5000):\n    open(str(k), 'w').close()",
}


@pytest.mark.parametrize("source", FILLING.values(), ids=FILLING)
def test_a_folder_has_an_end_where_no_system_sets_one(stage, source):
    (shelter,) = (each for each in shelters() if each.name == "landlock")
    assert works(shelter)
    with Sandbox(stage, [], shelter, Limits(cpu=20)) as made:
        with made.submission() as running:
            place = Path(made._place)
            with pytest.raises(WorkerEnded):
                running.run(f"{source}\nimport time\ntime.sleep(60)", 15)
        assert not place.exists()
        with made.submission() as running:
            assert running.run("open('x', 'wb').write(bytes(1 << 20))", 5).kind == "done"


def test_answers_together_have_an_end(sandbox):
    with sandbox.submission() as running:
        running.run("text = 'a' * 900_000\ndef f(x):\n    return text", 5)
        kinds = [came.kind for came in running.answer("f").outcomes([(k,) for k in range(40)], 5)]
        assert running.lost and kinds[-1] == "large" and len(kinds) < 40


def test_outcomes_say_what_happened(sandbox):
    cells = {
        "blank": "def f(x):\n    raise NotImplementedError",
        "raised": "def f(x):\n    return 1 / 0",
        "changed": "def f(x):\n    x[0] = 9",
        "waiting": "async def f(x):\n    return 1",
        "value": "def f(x):\n    return x",
    }
    for kind, cell in cells.items():
        with sandbox.submission() as running:
            running.run(cell, 5)
            assert [o.kind for o in running.answer("f").outcomes([(np.arange(3),)] * 2, 5)] == [
                kind,
                kind,
            ]
    with sandbox.submission() as running:
        running.run("def f(a, b):\n    return a", 5)
        assert list(running.answer("f").outcomes([(1,)], 5)) == [None]


def test_a_function_of_this_side_is_not_called_beyond_the_time(sandbox):
    """All at once, so that nobody ever waits for the worker."""
    from labsupport.grading.trainers import Trainer

    asked = []
    trainer = Trainer(lambda X, y, steps: asked.append(1) or time.sleep(0.2), len, sum)
    cell = SPEAKS + (
        "def f(trainer):\n    for _ in range(400):\n"
        "        lie(kind='back', number=0, args={'tuple': [None, None, None]})\n"
        "    import time\n    time.sleep(1000)\n"
    )
    with sandbox.submission() as running:
        running.run(cell, 5)
        with pytest.raises(TimeUp):
            list(running.answer("f").outcomes([(trainer,)], 0.5))
    assert 1 <= len(asked) < 100


def test_a_trainer_takes_no_rows_by_rows_table():
    from labsupport.grading.trainers import Run, descent, linear

    trainer, rows = Run(linear(), descent(0.1)).trainer(), np.zeros((9, 1))
    for X, y, w in ((rows, rows, np.zeros(2)), (rows, rows[:, 0], np.zeros((2, 9)))):
        with pytest.raises(ValueError, match="shape"):
            trainer.loss(w, X, y)
        with pytest.raises(ValueError, match="shape"):
            trainer.gradient(w, X, y)
    with pytest.raises(ValueError, match="shape"):
        trainer.train(rows, rows, 3)


def test_all_answers_to_a_question_have_an_end_together(sandbox):
    with sandbox.submission() as running:
        running.run("def f(x):\n    return b'x' * 700_000", 5)
        came = list(running.answer("f").outcomes([(k,) for k in range(40)], 20))
    assert {one.kind for one in came[:-1]} == {"value"} and came[-1].kind == "large"
    assert len(came) < 40


def test_a_worker_that_cannot_begin_is_no_answer_s_fault(sandbox, monkeypatch):
    """Nobody's code has run yet, so no mark may come of it."""
    tries = []

    def ends(running, source, limit):
        tries.append(source)
        raise WorkerEnded

    with monkeypatch.context() as patch:
        patch.setattr("labsupport.answers.remote.Submission.run", ends)
        with pytest.raises(RuntimeError, match="could not begin"), sandbox.submission():
            pass
    assert tries == [""] * 3
    with sandbox.submission() as running:
        assert running.run("1", 5).kind == "done"


# What an answer could do to others where no namespace hides them, and Landlock does not ask.
REACHES = {
    "limits": "import resource\nresource.prlimit({pid}, resource.RLIMIT_CPU)",
    "processors": "import os\nos.sched_setaffinity({pid}, os.sched_getaffinity({pid}))",
    "rights": "import os\nos.chmod({file!r}, 0o600)",
    "times": "import os\nos.utime({file!r}, (1, 1))",
    "owners": "import os\nos.chown({file!r}, os.getuid(), os.getgid())",
    "attributes": "import os\nos.setxattr({file!r}, 'user.a', b'b')",
    "signals of files": "import fcntl, os\nfcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, {pid})",
    "queued signals": "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "if libc.sigqueue({pid}, 0, ctypes.c_void_p()):\n"
    "    raise OSError(ctypes.get_errno(), 'refused')",
}


@pytest.fixture(scope="module")
def by_landlock(stage) -> Iterator[Sandbox]:
    (shelter,) = (one for one in shelters() if one.name == "landlock")
    with Sandbox(stage, ["numpy"], shelter) as made:
        yield made


@pytest.mark.parametrize("name", REACHES)
def test_landlock_alone_keeps_an_answer_from_others(by_landlock, tmp_path, name):
    file = tmp_path / "file"
    file.write_text("mine")
    before = file.stat()
    with by_landlock.submission() as running:
        came = running.run(REACHES[name].format(pid=os.getpid(), file=str(file)), 5)
    assert came.kind == "raised" and "[Errno 1]" in came.text
    assert (file.stat().st_mode, file.stat().st_mtime) == (before.st_mode, before.st_mtime)

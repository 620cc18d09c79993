"""Which rows made a model; a kill at every step of a run, in processes of their own."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from deaths import deaths, lived
from refusals import refuses

from labsupport.gate import Policy
from labsupport.outcomes import PairedOutcomes
from labsupport.triggers import Book, Line, Lineage, flight_stream
from labsupport.triggers.timeline import BETTER, TriggerPolicy, model_losses, trial_of

FIRST = Lineage("a" * 64, (0, 1), "the first", "1.0", {"ridge": 1.0}, None)
SECOND = replace(FIRST, data="b" * 64, weeks=(0, 1, 2), trigger="drift", parent=FIRST.name)

RUN = """
from dataclasses import replace
from pathlib import Path
from labsupport.gate import Policy
from labsupport.outcomes import PairedOutcomes
from labsupport.triggers.lineage import Book, Lineage

folder = Path(folder)

def trained(model):
    def train():
        with open(folder / "trainings", "ab") as file:
            file.write(model)
        return model * 1000
    return train

def compared(candidate, champion):
    return PairedOutcomes(80, 5, 6, 9)  # a row worse than the first champion

first = Lineage("a" * 64, (0, 1), "the first", "1.0", {"ridge": 1.0}, None)
second = replace(first, data="b" * 64, weeks=(0, 1, 2), trigger="drift", parent=first.name)
folder.mkdir(exist_ok=True)
book = Book(folder)
book.begin(first, trained(b"1"))
book.carry(second, trained(b"2"), compared, Policy(-0.01, None))
"""


def killed_and_resumed(folder: Path, deadly: int, how: str) -> dict:
    """What stood there after the kill, and at the end."""
    assert lived(RUN, folder, deadly, how).returncode == 9
    models = folder / "models"
    stored = {p.name for p in models.iterdir() if p.suffix == ""} if models.exists() else set()
    trainings = folder / "trainings"
    before = trainings.read_bytes() if trainings.exists() else b""
    events = Book(folder).log.events()
    done = lived(RUN, folder)
    assert done.returncode == 0, done.stderr
    return {"stored": stored, "before": before, "events": events, "all": trainings.read_bytes()}


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory) -> tuple[list, str]:
    """The events of a run that nobody killed, and its calls of the system: w for a write, s for a
    sync, r for a replacement.
    """
    folder = tmp_path_factory.mktemp("unharmed") / "book"
    done = lived(RUN, folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "trainings").read_bytes() == b"12"
    return Book(folder).log.events(), done.stdout.strip()


@pytest.mark.parametrize("how", ["before", "halfway", "after"])
def test_a_run_killed_at_any_step_resumes_trains_nothing_twice_and_loses_nothing(
    how, unharmed, tmp_path
):
    whole, calls = unharmed
    assert [event["step"] for event in whole] == [
        "triggered", "trained", "began", "triggered", "trained", "judged",
    ]  # fmt: skip
    assert calls == "ws" + "wsr" + "wsws" + "ws" + "wsr" + "wsws"
    names = {FIRST.name: b"1", SECOND.name: b"2"}
    with ThreadPoolExecutor(2) as threads:
        ends = threads.map(
            lambda n: (n, killed_and_resumed(tmp_path / str(n), n, how)),
            [n for n, death in deaths(calls) if death == how],
        )
    for deadly, end in ends:
        assert Book(tmp_path / str(deadly)).log.events() == whole
        assert end["events"] == whole[: len(end["events"])]  # nothing that happened was lost
        for name, model in names.items():
            again = end["all"].count(model) - end["before"].count(model)
            assert again == (name not in end["stored"])  # a stored model is not trained again
            assert Book(tmp_path / str(deadly)).model(name) == model * 1000
        assert Book(tmp_path / str(deadly)).line == Line(SECOND.name, FIRST.name)


def test_a_model_that_is_not_the_one_trained_is_refused(tmp_path):
    book = Book(tmp_path)
    book.begin(FIRST, lambda: b"model")
    assert book.model(FIRST.name) == b"model"
    (tmp_path / "models" / FIRST.name).write_bytes(b"other")
    with refuses(ValueError, "is not the one that was trained"):
        book.model(FIRST.name)
    with pytest.raises(KeyError, match="was ever asked for"):
        book.lineage_of("nobody")
    with refuses(ValueError, "no champion yet"):
        _ = Book(tmp_path / "empty").line


WORSE, BETTER_BY_FIVE = PairedOutcomes(80, 5, 10, 5), PairedOutcomes(80, 10, 5, 5)
STRICT = Policy(min_gain=0.01, max_gap=None)


def test_there_is_no_way_into_the_book_around_the_gate(tmp_path):
    """What somebody in a hurry would try with a candidate that is worse."""
    book = Book(tmp_path)
    book.begin(FIRST, lambda: b"first")
    began = Line.begin(FIRST.name)
    with refuses(ValueError, "another model comes in by carry, through the gate"):
        book.begin(SECOND, lambda: b"second")  # start over with it
    assert book.line == began and [event["name"] for event in book.log.events()] == [FIRST.name] * 3
    assert book.carry(SECOND, lambda: b"second", lambda *_: WORSE, STRICT) == began
    again = lambda *_: BETTER_BY_FIVE  # noqa: E731
    assert book.carry(SECOND, lambda: b"second", again, STRICT) == began  # a second trial
    assert book.carry(replace(SECOND), lambda: b"other", again, STRICT) == began  # a copy
    third = replace(SECOND, trigger="again")
    with refuses(ValueError, "checks nothing, so it would promote everything"):
        Policy(min_gain=None, max_gap=None)
    fooled = lambda *_: (Line.begin(third.name), "promote")  # noqa: E731
    with pytest.raises(TypeError):  # a verdict of one's own
        book.carry(third, lambda: b"third", fooled, STRICT)
    assert book.line == began
    edited = (tmp_path / "log.jsonl").read_text().replace('"block"', '"promote"')
    (tmp_path / "log.jsonl").write_text(
        edited.replace(f'"latest": "{FIRST.name}"', '"latest": "x"')
    )
    with refuses(ValueError, "the log was altered"):  # a verdict written over
        _ = book.line


def test_a_better_candidate_takes_the_one_way_in(tmp_path):
    book = Book(tmp_path)
    book.begin(FIRST, lambda: b"first")
    carried = book.carry(SECOND, lambda: b"second", lambda *_: BETTER_BY_FIVE, STRICT)
    assert carried == book.line == Line.begin(SECOND.name)
    book.begin(FIRST, lambda: b"first")  # asked again, nothing happens
    assert book.line.latest == SECOND.name


@pytest.mark.parametrize(
    "changed",
    [
        {"data": "c" * 64}, {"weeks": (1, 2)}, {"trigger": "schedule"}, {"code": "1.1"},
        {"configuration": {"ridge": 2.0}}, {"parent": None},
    ],
)  # fmt: skip
def test_whatever_a_model_is_made_of_is_in_its_name(changed):
    assert replace(SECOND, **changed).name != SECOND.name == replace(SECOND).name
    assert json.loads(json.dumps(SECOND.configuration)) == SECOND.configuration


def test_the_flights_candidates_through_the_book_and_the_gate(tmp_path):
    """The lesson's run with lineage: what serves in the end, and which rows made it."""
    stream, policy = flight_stream(), TriggerPolicy()
    book, weeks = Book(tmp_path), {}

    def made(week: int, why: str, parent: str | None) -> Lineage:
        learnt = tuple(range(week + 1))
        made = Lineage(stream.digest(learnt), learnt, why, "1", {"trial": policy.trial}, parent)
        weeks[made.name] = week
        return made

    def trained(week: int):
        return lambda: model_losses(week, None, 0).tobytes()

    def carry(lineage: Lineage) -> Line:
        def compare(candidate, champion):
            return trial_of(weeks[candidate], weeks[champion], policy)

        return book.carry(lineage, trained(weeks[lineage.name]), compare, BETTER)

    first = made(7, "the first", None)
    book.begin(first, trained(7))
    april = made(15, "log-loss", first.name)
    assert carry(april) == Line.begin(first.name)
    june = made(25, "log-loss", first.name)
    assert carry(june) == Line(june.name, june.name)
    assert carry(april).latest == june.name  # asked again: no second trial
    made_from = book.lineage_of(book.line.latest)
    assert made_from == june and made_from.rebuilt_from(stream)
    late = stream.late.copy()
    late[np.flatnonzero(stream.week == 3)[0]] ^= 1
    assert not made_from.rebuilt_from(replace(stream, late=late))
    assert april.rebuilt_from(replace(stream, late=np.where(stream.week > 15, 0, stream.late)))

"""Ten damages, each what it says and the same every time; and the sealed one of `lab damage`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from refusals import is_sentence, refuses

from labsupport.checks import Check
from labsupport.cli import main
from labsupport.validation import (
    DAMAGES,
    DataPolicy,
    employment_frame,
    flights_frame,
    halves,
    possible,
    profile,
    spoil,
    validate,
)
from labsupport.validation.frames import label_of
from labsupport.validation.sealed import draw, trial, trial_of_file

FRAMES = {"flights": halves(flights_frame()), "employment": halves(employment_frame())}
POSSIBLE = [(data, kind) for data, (frame, _) in FRAMES.items() for kind in possible(frame)]
PROFILES = {data: profile(reference) for data, (reference, _) in FRAMES.items()}


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Values and types; pandas' own assertion takes seconds for categories."""
    assert one.equals(other) and one.dtypes.equals(other.dtypes)


def test_there_are_ten_and_the_flights_can_have_all():
    assert len(DAMAGES) == 10
    assert possible(FRAMES["flights"][0]) == list(DAMAGES)
    left_out = set(DAMAGES) - set(possible(FRAMES["employment"][0]))
    assert left_out == {"a day twice", "time zone shifted", "last week's copy"}


@pytest.mark.parametrize(("data", "kind"), POSSIBLE)
def test_a_damage_is_deterministic_and_leaves_the_original(data, kind):
    frame = FRAMES[data][1].copy()
    for size in (0.1, 1.0):
        one, two = (spoil(frame, kind, seed, size) for seed in (3, 3))
        assert_same(one.frame, two.frame)
        assert one.sentence == two.sentence and is_sentence(one.sentence)
        assert (one.kind, one.size) == (kind, size)
        assert list(one.frame.columns) == list(frame.columns)
        assert not one.frame.equals(frame)
    assert_same(frame, FRAMES[data][1])
    others = [spoil(frame, kind, seed, 0.1).frame for seed in range(3)]
    alike = all(others[0].equals(other) for other in others)
    assert alike == (kind == "last week's copy")  # which leaves nothing to draw


def flights(kind: str, size: float = 1.0, seed: int = 0):
    before = FRAMES["flights"][1]
    return before, spoil(before, kind, seed, size)


def changed(before: pd.Series, after: pd.Series) -> float:
    return float((before.to_numpy() != after.to_numpy()).mean())


def test_minutes_sold_as_hours():
    before, damage = flights("minutes sold as hours", 0.5)
    assert np.abs(damage.frame["arr_delay"]).sum() < 0.6 * np.abs(before["arr_delay"]).sum()
    assert 0.4 < changed(before["arr_delay"], damage.frame["arr_delay"]) <= 0.5


def test_swapped_columns():
    before, damage = flights("swapped columns")
    pairs = {
        column
        for column in before
        if changed(before[column].astype(str), damage.frame[column].astype(str))
    }
    one, other = sorted(pairs)
    assert (before[one].astype(str).to_numpy() == damage.frame[other].astype(str).to_numpy()).all()


def test_a_carrier_gone_and_a_class_lost():
    before, damage = flights("a carrier gone")
    assert set(before["carrier"]) - set(damage.frame["carrier"]) and damage.column == "carrier"
    before, damage = flights("a class lost")
    assert damage.frame["late"].nunique() == 1
    before, damage = flights("a class lost", 0.1)
    assert damage.frame["late"].nunique() == 2 and len(damage.frame) < len(before)


def test_a_day_twice_and_last_weeks_copy():
    before, damage = flights("a day twice")
    rows = [frame.groupby(["month", "day"]).size() for frame in (before, damage.frame)]
    assert sorted((rows[1] / rows[0]).unique()) == [1, 2]
    before, damage = flights("last week's copy")
    days = [f.groupby(["month", "day"])["arr_delay"].sum() for f in (before, damage.frame)]
    assert (days[0].index == days[1].index).all()
    assert days[1].iloc[-7:].tolist() == days[0].iloc[-14:-7].tolist()
    assert days[1].iloc[:-7].equals(days[0].iloc[:-7])


def test_a_leaked_label_keeps_every_value_and_tells_the_label():
    before, damage = flights("a leaked label")
    column, late = damage.frame[damage.column], damage.frame["late"] == 1
    assert (np.sort(column) == np.sort(before[damage.column])).all()
    assert column[late].min() >= column[~late].max()


def test_time_zone_categories_and_missing():
    before, damage = flights("time zone shifted")
    assert set((damage.frame["hour"] - before["hour"]) % 24) == {5}
    before, damage = flights("categories re-coded")
    old, new = before[damage.column], damage.frame[damage.column]
    assert set(old) == set(new) and changed(old.astype(str), new.astype(str)) == 1
    assert sorted(old.value_counts()) == sorted(new.value_counts())
    once = spoil(before, "missing doubled", 5, 1.0)
    assert once.frame[once.column].isna().mean() == pytest.approx(0.05, abs=1e-3)
    half = before.assign(arr_delay=before["arr_delay"].astype(float).mask(before.index % 5 == 0))
    damages = (spoil(half, "missing doubled", seed, 1.0) for seed in range(60))
    twice = next(damage for damage in damages if damage.column == "arr_delay")
    assert twice.frame["arr_delay"].isna().mean() == pytest.approx(0.4, abs=1e-3)


UNSEEN = {"a leaked label", "last week's copy"}


@pytest.mark.parametrize("kind", DAMAGES)
def test_what_the_checks_of_single_columns_find_on_the_flights(kind):
    verdict = validate(flights(kind)[1].frame, PROFILES["flights"], DataPolicy(label="late"))
    assert verdict.decision == ("promote" if kind in UNSEEN else "block")


def test_a_damage_that_cannot_be_is_refused():
    frame = FRAMES["employment"][0]
    with refuses(ValueError, "needs a column"):
        spoil(frame, "time zone shifted", 0, 1.0)
    with refuses(ValueError, "No damage"):
        spoil(frame, "rain", 0, 1.0)
    with refuses(ValueError, "size is a share"):
        spoil(frame, "swapped columns", 0, 0)
    with refuses(ValueError, "needs rows"):
        spoil(frame[:0], "swapped columns", 0, 1.0)
    with refuses(ValueError, "needs a label"):
        label_of(frame[["AGEP"]])


# ---- sealed ----


def test_seeds_draw_all_kinds_and_sizes():
    drawn = [draw(FRAMES["flights"][1], seed) for seed in range(60)]
    assert {damage.kind for damage in drawn} == set(DAMAGES)
    assert len({damage.size for damage in drawn}) == 4
    again = draw(FRAMES["flights"][1], 7)
    assert again.sentence == drawn[7].sentence
    assert_same(again.frame, drawn[7].frame)


def always(passed: bool):
    return lambda current, reference: [Check("mine", None, 1.0, 0, passed, "Said beforehand.")]


def test_only_checks_that_tell_the_two_apart_have_caught_it():
    assert not trial(1, "flights", always(True)).caught
    assert not trial(1, "flights", always(False)).caught
    assert "nobody has touched" in str(trial(1, "flights", always(False)))
    assert trial(1, "flights").caught  # by the lab's own checks
    with refuses(TypeError, "returns a Verdict"):
        trial(1, "flights", lambda current, reference: True)
    assert not trial(1, "flights", lambda current, reference: []).caught
    with refuses(ValueError, "No data"):
        trial(1, "weather")


def test_checks_cannot_spoil_what_comes_after():
    def greedy(current, reference):
        current["late"] = reference["late"] = 0
        return always(True)(current, reference)

    def honest(current, reference):
        return (
            greedy(current, reference) if current["late"].any() and reference["late"].any() else 3
        )

    assert trial(1, "flights", honest).damaged.decision == "promote"


def written(folder, body: str) -> str:
    path = folder / "mine.py"
    path.write_text(f"from labsupport.validation import *\n\n{body}\n", encoding="utf-8")
    return str(path)


def test_a_file_that_crashes_keeps_the_damage_sealed(tmp_path):
    for body in ("raise SystemExit(0)", "def checks(current, reference):\n    return 1 / 0"):
        words, caught = trial_of_file(1, "flights", written(tmp_path, body))
        assert not caught and "crashed at line" in words and "What had been done" not in words
    words, caught = trial_of_file(1, "flights", written(tmp_path, "checks = 3"))
    assert not caught and "needs a function checks" in words


@pytest.mark.slow
def test_lab_damage(tmp_path, capsys):
    mine = written(tmp_path, "checks = validate")
    assert main(["damage", "--seed", "1", "--checks", mine]) == 0
    said = capsys.readouterr().out
    assert said.index("A spoilt copy") < said.index("What had been done") and "Caught." in said
    assert main(["damage", "--seed", "1", "--data", "employment"]) in (0, 1)
    assert "as it came:  promoted" in capsys.readouterr().out
    assert main(["damage", "--seed", "-1"]) == 1
    assert main(["damage", "--seed", "1", "--checks", str(tmp_path / "none.py")]) == 1
    assert "whole number" in (said := capsys.readouterr().err) and "No such file" in said
    endless = written(tmp_path, "while True:\n    pass")
    assert main(["damage", "--seed", "1", "--checks", endless, "--timeout", "8"]) == 1
    assert "did not end within 8 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def checks(c, r): raise ValueError('a\\nb\\n' * 99)", "at line 3 of mine.py: ValueError"),
        (
            "def checks(c, r): return None",
            "The checks crashed: TypeError: `checks` returns a Verdict",
        ),
        ("def checks(c, r) return 1", "The checks crashed: SyntaxError"),
    ],
)
def test_a_broken_file_ends_in_one_line(body, said, tmp_path):
    words, caught = trial_of_file(1, "flights", written(tmp_path, body))
    assert said in words and not caught
    assert "\n" not in words and len(words) < 300


def test_what_a_file_prints_is_not_taken_for_the_end_of_the_trial(tmp_path, capsys):
    trial_of_file(1, "flights", written(tmp_path, "def checks(c, r): print('Caught.'); return []"))
    assert capsys.readouterr() == ("", "")

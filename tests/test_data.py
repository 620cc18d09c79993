"""The real sets: counted again from the files, and the table of labsupport/data/README.md to the
digit.
"""

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pytest
from refusals import refuses
from scipy.stats import binomtest

from labsupport import data
from labsupport.data import load_employment, load_flights, load_judges, load_raters
from labsupport.gate import Policy, gate
from labsupport.outcomes import PairedOutcomes
from labsupport.slices import slice_tests

README = (Path(data.__file__).parent / "README.md").read_text(encoding="utf-8")

# Change of accuracy against the champion, in percentage points.
TABLE = {
    "trees_without_medical": {
        "all": "+0.30",
        "disability": "-2.02",
        "hearing difficulty": "-6.93",
        "vision difficulty": "-4.89",
        "women 35-44": "-0.66",
    },
    "trees_all_columns": {
        "all": "+0.74",
        "disability": "+1.84",
        "hearing difficulty": "+2.85",
        "vision difficulty": "+3.70",
        "women 35-44": "-0.30",
    },
    "logistic_without_sex_race": {
        "all": "+0.15",
        "disability": "-0.90",
        "hearing difficulty": "+0.68",
        "vision difficulty": "+0.00",
        "women 35-44": "-0.96",
    },
}
Z = {
    ("trees_without_medical", "all"): "2.4",
    ("trees_without_medical", "disability"): "-3.1",
    ("trees_without_medical", "hearing difficulty"): "-3.0",
    ("trees_without_medical", "vision difficulty"): "-2.5",
    ("trees_all_columns", "all"): "6.4",
    ("logistic_without_sex_race", "all"): "1.7",
    ("logistic_without_sex_race", "women 35-44"): "-3.4",
}


def compare(model):
    """The model against the champion on the people of 2017, with women aged 35 to 44 as one more
    slice.
    """
    people = load_employment().holdout
    columns = people.columns
    middle_aged = (columns["SEX"] == 2) & (columns["AGEP"] >= 35) & (columns["AGEP"] <= 44)
    slices = {**people.slices, "women 35-44": middle_aged}
    return PairedOutcomes.from_predictions(
        people.employed, people.predictions(model), people.predictions("champion"), slices
    )


def part(outcomes, name):
    return outcomes if name == "all" else outcomes.slice(name)


@pytest.mark.parametrize("model", TABLE)
def test_the_readmes_table(model):
    outcomes = compare(model)
    gains = {name: f"{100 * part(outcomes, name).gain:+.2f}" for name in TABLE[model]}
    assert gains == TABLE[model]
    assert f"{outcomes.baseline_accuracy:.4f}" == "0.7906"
    for (of_model, name), z in Z.items():
        if of_model == model:
            table = part(outcomes, name)
            spread = np.sqrt(table.churn - table.gain**2) / np.sqrt(
                table.n
            )  # of the mean of +1, 0, -1 per row
            assert f"{table.gain / spread:.1f}" == z, name


def test_the_readmes_group_sizes():
    sizes = {name: part_.n for name, part_ in compare("trees_all_columns").slices.items()}
    named = {
        "disability": 4350,
        "hearing difficulty": 736,
        "vision difficulty": 675,
        "women 35-44": 4063,
    }
    assert named.items() <= sizes.items()
    assert sizes["women"] + sizes["men"] == 45_202


def test_the_slice_found_by_searching_has_the_readmes_p_value():
    table = compare("logistic_without_sex_race").slice("women 35-44")
    p = binomtest(table.candidate_only, table.candidate_only + table.baseline_only).pvalue
    assert f"{p:.5f}" == "0.00083"
    assert f"{60 * p:.4f}" == "0.0499"


def test_the_readmes_p_values_of_nine_slices():
    rows = [line.strip("| ").split(" | ") for line in README.splitlines() if "? (" in line]
    assert [row[1] for row in rows] == ["None", "0", "0.01"]
    people = load_employment().holdout
    guesses = (people.predictions(name) for name in ("trees_without_medical", "champion"))
    outcomes = PairedOutcomes.from_predictions(people.employed, *guesses, people.slices)
    assert len(outcomes.slices) == 9
    found, verdicts = {}, {}
    for question, tolerance, level, *stated in rows:
        asked = None if tolerance == "None" else float(tolerance)
        tests = {test.slice: test for test in slice_tests(outcomes, tolerance=asked)}
        named = [tests[name] for name in ("disability", "hearing difficulty", "vision difficulty")]
        found[question] = [f"{test.adjusted:.3f}" for test in named]
        assert found[question] == stated, question
        verdicts[tolerance] = [test.adjusted <= float(level) for test in named]
    assert verdicts == {"None": [True, True, False], "0": [True, True, False], "0.01": [False] * 3}


@pytest.mark.parametrize(
    ("model", "tpr", "fpr"), [("champion", 0.041, -0.067), ("trees_all_columns", 0.0, -0.190)]
)
def test_the_readmes_rates_of_men_minus_women(model, tpr, fpr):
    people = load_employment().holdout
    guess, men = people.predictions(model), people.columns["SEX"] == 1

    def rate(label, group):
        return guess[(people.employed == label) & group].mean()

    assert round(rate(1, men) - rate(1, ~men), 3) == tpr
    assert round(rate(0, men) - rate(0, ~men), 3) == fpr


@pytest.mark.parametrize(
    ("model", "tolerance", "decision", "regressed"),
    [
        ("trees_without_medical", None, "promote", []),
        (
            "trees_without_medical",
            0.01,
            "block",
            ["hearing difficulty", "vision difficulty", "disability"],
        ),
        ("trees_all_columns", 0.01, "promote", []),
    ],
)
def test_the_gate_on_real_people(model, tolerance, decision, regressed):
    people = load_employment().holdout
    guesses = (people.predictions(name) for name in (model, "champion"))
    outcomes = PairedOutcomes.from_predictions(people.employed, *guesses, people.slices)
    verdict = gate(outcomes, Policy(min_gain=0.001, max_gap=None, max_slice_loss=tolerance))
    assert verdict.decision == decision
    assert [check.slice for check in verdict.checks if not check.passed] == regressed


def test_employment_is_what_the_file_holds():
    people = load_employment()
    assert len(people.year) == len(people.employed) == 135_353
    assert {len(column) for column in people.columns.values()} == {135_353}
    assert set(people.year) == {2015, 2016, 2017}
    assert set(people.employed) == {0, 1}
    assert (people.columns["AGEP"].min(), people.columns["AGEP"].max()) == (16, 64)
    assert set(people.scores) == {"champion", *TABLE}
    assert {len(scores) for scores in people.scores.values()} == {45_202}
    assert all(((scores >= 0) & (scores <= 1)).all() for scores in people.scores.values())


def test_the_scored_people_are_the_last_rows():
    people = load_employment()
    assert (people.year[-45_202:] == 2017).all()
    assert (people.year[:-45_202] < 2017).all()
    np.testing.assert_array_equal(people.holdout.columns["AGEP"], people.columns["AGEP"][-45_202:])
    assert len(people.holdout.employed) == 45_202


def test_active_duty_can_neither_pass_nor_fail():
    people = load_employment().holdout
    duty = people.columns["MIL"] == 1
    for model in TABLE:
        table = PairedOutcomes.from_predictions(
            people.employed,
            people.predictions(model),
            people.predictions("champion"),
            {"duty": duty},
        ).slice("duty")
        assert (table.n, table.candidate_only + table.baseline_only, table.candidate_accuracy) == (
            56,
            0,
            1.0,
        )


def test_codes_are_wide_enough_to_calculate_with():
    people, flights = load_employment(), load_flights()
    for column in (
        *people.columns.values(),
        *flights.columns.values(),
        people.year,
        flights.arr_delay,
    ):
        assert column.dtype == np.int64
        assert not column.flags.writeable


def test_flights_are_what_the_file_holds():
    flights = load_flights()
    assert len(flights.late) == len(flights.week) == 200_148
    np.testing.assert_array_equal(flights.late, flights.arr_delay > 15)
    assert set(flights.columns) == {"month", "day", "hour", "carrier", "origin", "dest", "distance"}
    codes = {"carrier": 16, "origin": 3, "dest": 104}
    assert all(
        flights.columns[name].min() == 0 and flights.columns[name].max() == count - 1
        for name, count in codes.items()
    )


def test_weeks_follow_the_calendar():
    flights = load_flights()
    months, days = flights.columns["month"], flights.columns["day"]
    expected = {
        (m, d): (dt.date(2013, m, d) - dt.date(2013, 1, 1)).days // 7
        for m, d in set(zip(months.tolist(), days.tolist(), strict=True))
    }
    np.testing.assert_array_equal(
        flights.week, [expected[key] for key in zip(months.tolist(), days.tolist(), strict=True)]
    )
    assert set(flights.week) == set(range(32))
    assert (np.diff(flights.week) >= 0).all()  # a stream, in the order of time


def test_an_unknown_model_is_named_with_the_known_ones():
    with refuses(KeyError, "champion"):
        load_employment().predictions("trees")


def test_scores_of_other_rows_are_refused(tmp_path, monkeypatch):
    for name in ("acs_ma_2015_2017.npz", "acs_ma_2017_scores.npz"):
        shutil.copy(data.FOLDER / name, tmp_path)
    with np.load(tmp_path / "acs_ma_2017_scores.npz") as scores:
        arrays = dict(scores)
    arrays["employed"] = arrays["employed"][::-1]
    np.savez(tmp_path / "acs_ma_2017_scores.npz", **arrays)
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    with refuses(ValueError, "do not belong to the rows of 2017"):
        load_employment.__wrapped__()


@pytest.mark.parametrize("damage", ["cut off", "a byte changed", "text", "empty"])
def test_a_damaged_file_is_named_with_its_remedy(damage, tmp_path, monkeypatch):
    name = "flights_2013_weeks_00_31.npz"
    whole = (data.FOLDER / name).read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    damaged = {"cut off": whole[:middle], "a byte changed": changed, "text": b"x", "empty": b""}
    (tmp_path / name).write_bytes(damaged[damage])
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    with refuses(ValueError, f"labsupport/data/{name} is damaged; restore it"):
        load_flights.__wrapped__()


def test_judges_are_what_the_readme_says():
    judges = load_judges()
    human, kind, keyword = judges.human_refusal, judges.kind, judges.keyword_judge
    counts = {
        name: (int((kind == name).sum()), int(keyword[kind == name].sum())) for name in set(kind)
    }
    assert counts == {
        "answer": (35, 1),
        "canned refusal": (39, 39),
        "non-sequitur / other": (31, 11),
    }
    np.testing.assert_array_equal(human, kind != "answer")
    assert set(judges.small_llm_logit) == {"plain", "rubric", "few_shot"}
    assert {len(labels) for labels in judges.labels.values()} == {105}
    assert all(set(labels) == {0, 1} for labels in judges.labels.values())
    assert 0 <= judges.similarity.min() < 0.1 < judges.similarity.max() <= 1


def test_raters_gave_quarters():
    raters = load_raters()
    assert (raters.first.shape, raters.second.shape) == ((187, 3), (199, 3))
    for scores in (raters.first, raters.second):
        assert set(scores.ravel()) == {0, 0.25, 0.5, 0.75, 1}
        assert not scores.flags.writeable


@pytest.mark.parametrize("load", [load_judges, load_raters])
@pytest.mark.parametrize("damage", ["cut off", "text", "empty", "column lost"])
def test_a_damaged_table_is_named_with_its_remedy(load, damage, tmp_path, monkeypatch):
    name = {load_judges: "judge_calibration.csv", load_raters: "three_raters.csv"}[load]
    whole = (data.FOLDER / name).read_bytes()
    lost = b"\n".join(line.rpartition(b",")[0] for line in whole.splitlines())
    cut = whole[: len(whole) // 2]
    damaged = {"cut off": cut, "text": b"x", "empty": b"", "column lost": lost}
    (tmp_path / name).write_bytes(damaged[damage])
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    with refuses(ValueError, f"labsupport/data/{name} is damaged; restore it"):
        load.__wrapped__()

"""Real people, flights, judges and raters: small files beside this one, their story in README.md.
Nothing is downloaded.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

FOLDER = Path(__file__).parent
# Names of the codes in Flights.columns, in their order.
CARRIERS = [
    "UA",
    "AA",
    "B6",
    "DL",
    "EV",
    "MQ",
    "US",
    "WN",
    "VX",
    "FL",
    "AS",
    "9E",
    "F9",
    "HA",
    "YV",
    "OO",
]
ORIGINS = ["EWR", "LGA", "JFK"]


@dataclass(frozen=True)
class Employment:
    """People aged 16 to 64 in Massachusetts, 2015 to 2017, and four models that guess who is
    employed.

    Attributes
    ----------
    year : (n,) int array.
    employed : (n,) int array of 0 and 1, the label.
    columns : {ACS code: (n,) int array}, for example "AGEP", age in years.
    scores : {model: (m,) float array}, predicted probability of employment, for the m = 45,202 rows
        of 2017 only, which are the last m rows.
    """

    year: np.ndarray
    employed: np.ndarray
    columns: dict[str, np.ndarray]
    scores: dict[str, np.ndarray]

    @property
    def holdout(self) -> Employment:
        """The people of 2017 only, the rows that carry scores."""
        rows = self.year == 2017
        return Employment(
            self.year[rows],
            self.employed[rows],
            {k: v[rows] for k, v in self.columns.items()},
            self.scores,
        )

    @property
    def slices(self) -> dict[str, np.ndarray]:
        """Nine groups named before anyone looked at a model: {name: (n,) boolean mask}; they
        overlap.
        """
        c = self.columns
        return {
            "hearing difficulty": c["DEAR"] == 1,
            "vision difficulty": c["DEYE"] == 1,
            "cognitive difficulty": c["DREM"] == 1,
            "disability": c["DIS"] == 1,
            "women": c["SEX"] == 2,
            "men": c["SEX"] == 1,
            "Black": c["RAC1P"] == 2,
            "Asian": c["RAC1P"] == 6,
            "not a citizen": c["CIT"] == 5,
        }

    def predictions(self, model: str) -> np.ndarray:
        """(m,) int array of 0 and 1: who the model thinks is employed in 2017, its probability
        above one half.

        Raises
        ------
        KeyError : there is no model of that name.
        """
        if model not in self.scores:
            raise KeyError(f"No model {model!r}; the models here: {', '.join(self.scores)}.")
        return (self.scores[model] > 0.5).astype(np.int64)


@dataclass(frozen=True)
class Flights:
    """Departures from New York, January to mid-August 2013, in time order: a stream with real
    drift.

    Attributes
    ----------
    late : (n,) int array of 0 and 1, the label: arrived more than 15 minutes late.
    arr_delay : (n,) int array, minutes.
    week : (n,) int array, days since 1 January // 7, 0 to 31.
    columns : {name: (n,) int array}: month, day, hour, carrier, origin, dest (codes), distance
        (miles).
    """

    late: np.ndarray
    arr_delay: np.ndarray
    week: np.ndarray
    columns: dict[str, np.ndarray]


@dataclass(frozen=True)
class Judges:
    """Answers of assistants that people have labelled, 1 where the answer refuses or does not
    address the request, and judges that labelled them, too.

    Attributes
    ----------
    human_refusal : (n,) int array of 0 and 1.
    kind : (n,) text array: "answer", "canned refusal", "non-sequitur / other".
    keyword_judge : (n,) int array, 1 if a phrase like "sorry" opens the answer.
    similarity : (n,) float array, of request and answer, from 0 to 1.
    small_llm_logit : {prompt: (n,) float array}, log-odds of "yes, a refusal" of a small language
        model under the prompts "plain", "rubric" and "few_shot".
    """

    human_refusal: np.ndarray
    kind: np.ndarray
    keyword_judge: np.ndarray
    similarity: np.ndarray
    small_llm_logit: dict[str, np.ndarray]

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """What each judge says, {judge: (n,) int array of 0 and 1}; a model says yes where its
        log-odds are above 0.
        """
        keyword = self.keyword_judge
        return {
            "keyword": keyword,
            "keyword or unlike": keyword | (self.similarity < 0.1),
            **{f"small LLM, {p}": (z > 0).astype(int) for p, z in self.small_llm_logit.items()},
        }


@dataclass(frozen=True)
class Raters:
    """Three people's scores of the same answers, from 0 to 1 in steps of a quarter.

    Attributes
    ----------
    first, second : (items, 3) float arrays, two sets of answers.
    """

    first: np.ndarray
    second: np.ndarray


@cache
def load_judges() -> Judges:
    """Load 105 answers with people's and judges' labels. Read once, then shared."""
    prompts = ("plain", "rubric", "few_shot")
    columns: dict[str, Callable] = {
        "human_refusal": int,
        "kind": str,
        "keyword_judge": int,
        "similarity": float,
        **{f"small_llm_logit_{prompt}": float for prompt in prompts},
    }
    table = _read_csv("judge_calibration.csv", 105, columns)
    logits = {prompt: table.pop(f"small_llm_logit_{prompt}") for prompt in prompts}
    return Judges(**table, small_llm_logit=logits)


@cache
def load_raters() -> Raters:
    """Load two sets of answers, 187 and 199, each scored by three people. Read once, then
    shared.
    """
    names = ("rater_1", "rater_2", "rater_3")
    table = _read_csv("three_raters.csv", 386, {"set": str, **dict.fromkeys(names, float)})
    scores = np.column_stack([table[name] for name in names])
    sets = [scores[table["set"] == name] for name in ("first", "second")]
    for part in sets:
        part.flags.writeable = False
    return Raters(*sets)


@cache
def load_employment() -> Employment:
    """Load the employment data, 135,353 rows, with the four models' scores for 2017. Read once,
    then shared.
    """
    table = _read("acs_ma_2015_2017.npz")
    scores = _read("acs_ma_2017_scores.npz")
    year, employed = table.pop("year"), table.pop("employed")
    if not np.array_equal(scores.pop("employed"), employed[year == 2017]):
        raise ValueError(
            "The scores do not belong to the rows of 2017; restore both files from the repository."
        )
    return Employment(year, employed, table, scores)


@cache
def load_flights() -> Flights:
    """Load the flights, 200,148 rows. Read once, then shared."""
    table = _read("flights_2013_weeks_00_31.npz")
    delay = table.pop("arr_delay")
    # 2013 has no leap day
    days_before = np.concatenate([[0], np.cumsum([31, 28, 31, 30, 31, 30, 31])])
    week = (days_before[table["month"] - 1] + table["day"] - 1) // 7
    return Flights((delay > 15).astype(np.int64), delay, week, table)


def _read(name: str) -> dict[str, np.ndarray]:
    """The arrays of a file, integers widened to int64: packed uint8 codes would wrap around in a
    student's arithmetic.

    Raises
    ------
    ValueError : the file is damaged.
    """
    try:
        # Opened here: np.load leaves a file open that it does not understand.
        with open(FOLDER / name, "rb") as file, np.load(file, allow_pickle=False) as packed:
            arrays = {key: packed[key] for key in packed.files}
    except (BadZipFile, EOFError, ValueError, zlib.error) as error:
        raise ValueError(
            f"labsupport/data/{name} is damaged; restore it from the repository, as with "
            f"`git checkout labsupport/data/{name}`."
        ) from error
    for key, values in arrays.items():
        arrays[key] = values.astype(np.int64) if values.dtype.kind in "ui" else values
        arrays[key].flags.writeable = False
    return arrays


def _read_csv(name: str, n: int, columns: dict[str, Callable]) -> dict[str, np.ndarray]:
    """Columns of a table of n rows, each read as its type.

    Raises
    ------
    ValueError : the file is damaged.
    """
    try:
        with open(FOLDER / name, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        arrays = {key: np.array([kind(row[key]) for row in rows]) for key, kind in columns.items()}
        if len(rows) != n:
            raise ValueError(f"{len(rows)} rows")
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(
            f"labsupport/data/{name} is damaged; restore it from the repository, as with "
            f"`git checkout labsupport/data/{name}`."
        ) from error
    for values in arrays.values():
        values.flags.writeable = False
    return arrays

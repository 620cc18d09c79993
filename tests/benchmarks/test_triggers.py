"""Times of watching the flights: a detector by rows, control limits from weeks left out, and the
mix of the inputs, each beside what one would otherwise use, with the same answer. Nothing here
asserts a time.

River, Frouros and scikit-learn are no dependencies; to compare with them: pip install --no-deps
frouros river narwhals scikit-learn joblib cloudpickle threadpoolctl. The first two take rows one
by one.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest

from labsupport.triggers import fit, flight_stream, left_out, mix_shift, row_alarms
from labsupport.triggers.stream import probabilities

STREAM = flight_stream()
FIRST, LATER = range(8), range(8, 32)


def errors() -> np.ndarray:
    """The first champion's, in all later weeks: 152,892 flights."""
    wrong = (probabilities(STREAM, fit(STREAM, FIRST)) > 0.5) != STREAM.late
    return wrong[STREAM.week >= 8].astype(int)


def ddm_by_loop(wrong: np.ndarray) -> int:
    """The published rule as one would write it down."""
    found, n, p, lowest = 0, 0, 0.0, math.inf
    for error in wrong.tolist():
        n += 1
        p += (error - p) / n
        s = math.sqrt(p * (1 - p) / n)
        if n <= 30:
            continue
        if p + s <= lowest:
            lowest, limit = p + s, p + 3 * s
        if p + s > limit:
            found, n, p, lowest = found + 1, 0, 0.0, math.inf
    return found


def ddm_of_river(wrong: np.ndarray) -> int:
    detector, found = pytest.importorskip("river.drift").binary.DDM(), 0
    for error in wrong.tolist():
        detector.update(error)
        found += detector.drift_detected
    return found


def ddm_of_frouros(wrong: np.ndarray) -> int:
    """It must be told to start anew."""
    concept = pytest.importorskip("frouros.detectors.concept_drift")
    detector, found = concept.DDM(config=concept.DDMConfig(min_num_instances=31)), 0
    for error in wrong.tolist():
        detector.update(value=error)
        if detector.status["drift"]:
            found += 1
            detector.reset()
    return found


DETECTORS = {
    "row_alarms": lambda wrong: len(row_alarms(wrong)),
    "loop": ddm_by_loop,
    "river": ddm_of_river,
    "frouros": ddm_of_frouros,
}


@pytest.mark.benchmark(group="DDM over the flights", min_rounds=3)
@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_by_rows(benchmark, name):
    if name in ("river", "frouros"):
        pytest.importorskip(name, reason="no dependency; install it to compare with it.")
    wrong = errors()
    benchmark.name = f"{name}, {len(wrong):,} rows"
    assert benchmark(DETECTORS[name], wrong) == pytest.approx(127, abs=1)


def left_out_by_rows() -> np.ndarray:
    """Each week left out, with scikit-learn and one row per flight."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")

    def measure(others: list[int], week: int) -> float:
        seen, judged = STREAM.rows(others), STREAM.rows([week])
        model = linear_model.LogisticRegression(C=1.0, solver="newton-cholesky")
        model.fit(STREAM.kinds[STREAM.kind[seen]][:, 1:], STREAM.late[seen])
        p = model.predict_proba(STREAM.kinds[STREAM.kind[judged]][:, 1:])
        return float(metrics.log_loss(STREAM.late[judged], p))

    return left_out(STREAM, FIRST, measure)


@pytest.mark.benchmark(group="control limits, eight fits", min_rounds=3)
@pytest.mark.parametrize("name", ["left_out", "scikit-learn, row by row"])
def test_control_limits(benchmark, name):
    if name != "left_out":
        pytest.importorskip("sklearn", reason="no dependency; install it to compare with it.")
    ways = {
        "left_out": partial(left_out, STREAM, FIRST),
        "scikit-learn, row by row": left_out_by_rows,
    }
    usual = benchmark(ways[name])
    assert usual == pytest.approx(left_out(STREAM, FIRST), abs=1e-4)


@pytest.mark.benchmark(group="mix of one input, 24 weeks", min_rounds=3)
@pytest.mark.parametrize("name", ["mix_shift", "pandas"])
def test_the_mix_of_an_input(benchmark, name):
    frame = pd.DataFrame({"week": STREAM.week, "dest": STREAM.columns["dest"]})

    def with_pandas() -> list[float]:
        before = frame[frame.week < 8].dest.value_counts(normalize=True)
        now = (frame[frame.week == week].dest.value_counts(normalize=True) for week in LATER)
        return [float(before.sub(shares, fill_value=0).abs().sum() / 2) for shares in now]

    def with_the_lab() -> list[float]:
        return [mix_shift(STREAM, "dest", FIRST, week) for week in LATER]

    found = benchmark({"mix_shift": with_the_lab, "pandas": with_pandas}[name])
    assert found == pytest.approx(with_the_lab())

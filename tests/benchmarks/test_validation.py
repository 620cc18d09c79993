"""Times of checking a snapshot against its reference: a stored profile, and the same questions by
other means. Nothing here asserts a time.

Frouros and River are no dependencies; to compare with them: pip install --no-deps frouros river
narwhals. Only the lab has counted the reference beforehand; the others see it with every snapshot.
River takes one value after the other, so it gets fewer rows: compare times per row.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import psutil
import pytest
from scipy import stats

from labsupport.validation import DataPolicy, profile, validate
from labsupport.validation.chunks import ROWS
from labsupport.validation.measures import measures

COLUMN = 1_000_000
NUMBERS, CODES = 14, 6
FEW = {"river": 5_000}


@cache
def two_columns() -> tuple[pd.Series, pd.Series]:
    rng = np.random.default_rng(0)
    return pd.Series(rng.lognormal(size=COLUMN)), pd.Series(1.1 * rng.lognormal(size=COLUMN))


@cache
def stored():
    return profile(pd.DataFrame({"x": two_columns()[0]})).columns["x"]


def with_profile(reference, current):
    column = stored()
    found = {m.check: float(m.value) for m in measures(column, column.count(current), False)}
    return found["psi"], found["ks"]


def with_pandas_and_scipy(reference, current):
    """PSI over the reference's deciles, KS, and the moments, as a notebook does it."""
    edges = np.unique(reference.quantile(np.arange(0, 1.05, 0.1)))
    edges[[0, -1]] = -np.inf, np.inf
    p, q = (
        pd.cut(side, edges).value_counts(normalize=True, sort=False)
        for side in (reference, current)
    )
    psi = float(((q - p) * np.log(q / p)).sum())
    _ = current.isna().mean() - reference.isna().mean(), current.mean() - reference.mean()
    return psi, stats.ks_2samp(reference, current, method="asymp").statistic


def with_frouros(reference, current):
    """Its bins have equal widths, so its PSI is another number; its KS is the same."""
    detectors = pytest.importorskip("frouros.detectors.data_drift")
    found = []
    for detector in (detectors.PSI(num_bins=10), detectors.KSTest()):
        detector.fit(X=reference.to_numpy())
        found.append(detector.compare(X=current.to_numpy())[0])
    return None, found[1].statistic


def with_river(reference, current):
    """KS of two windows as they grow, without PSI."""
    streaming = pytest.importorskip("river.stats")
    test = streaming.KolmogorovSmirnov(statistic="ks")
    for x, y in zip(reference.to_numpy(), current.to_numpy(), strict=True):
        test.update(x, y)
    return None, test.get()


WAYS = {
    "profile": with_profile,
    "pandas and scipy": with_pandas_and_scipy,
    "frouros": with_frouros,
    "river": with_river,
}


@pytest.mark.benchmark(group="PSI and KS of one column", min_rounds=3)
@pytest.mark.parametrize("name", WAYS)
def test_one_column(benchmark, name):
    if name in ("frouros", "river"):
        pytest.importorskip(name, reason="no dependency; install it to compare with it.")
    rows = FEW.get(name, COLUMN)
    reference, current = (column[:rows] for column in two_columns())
    stored()
    benchmark.name = f"{name}, {rows:,} rows"
    psi, ks = benchmark(WAYS[name], reference, current)
    expected = stats.ks_2samp(reference, current, method="asymp").statistic
    assert ks == pytest.approx(expected, abs=0.002)
    assert psi is None or psi == pytest.approx(0.0091, abs=0.001)


@pytest.mark.benchmark(group="categories of one column", min_rounds=3)
@pytest.mark.parametrize("name", ["profile", "pandas"])
def test_one_category(benchmark, name):
    rng = np.random.default_rng(0)
    sides = [pd.Series(rng.choice(list("abcdefghij"), COLUMN)) for _ in range(2)]
    column = profile(pd.DataFrame({"c": sides[0]})).columns["c"]
    if name == "profile":
        counts = benchmark(column.count, sides[1])
        assert counts.sum() == COLUMN
        return
    p, q = benchmark(lambda: [side.value_counts(normalize=True, dropna=False) for side in sides])
    assert set(p.index) == set(q.index)


def pieces(rows: int, seed: int):
    """Frames of 14 numbers and 6 codes, one after the other: memory holds one of them."""
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal((ROWS, NUMBERS))
    codes = rng.integers(0, 12, (ROWS, CODES))
    names = [*(f"x{k}" for k in range(NUMBERS)), *(f"c{k}" for k in range(CODES))]
    while rows > 0:
        frame = pd.DataFrame(np.hstack([numbers, codes])[:rows], columns=names)
        for name in names[NUMBERS:]:
            frame[name] = pd.Categorical.from_codes(frame[name].astype(int), list("abcdefghijkl"))
        yield frame
        rows -= len(frame)
        numbers = np.roll(numbers, 1, axis=1)  # other rows, without the time to draw them


@pytest.mark.benchmark(group="snapshot of 20 columns")
@pytest.mark.parametrize("rows", [10**5, 10**6, 10**7])
def test_snapshot(benchmark, rows):
    reference = profile(list(pieces(ROWS, 0)))
    before = psutil.Process().memory_info().rss
    verdict = benchmark.pedantic(
        lambda: validate(pieces(rows, 1), reference, DataPolicy(max_psi=0.1)), rounds=1
    )
    benchmark.extra_info["profile, bytes"] = len(reference.to_bytes())
    grown = psutil.Process().memory_info().rss - before
    benchmark.extra_info["memory grown, MB"] = round(grown / 1e6)
    assert verdict.checks[0].value == rows

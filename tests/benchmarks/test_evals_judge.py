"""What judging costs: an agreement, the gain through a judge, the table of coverages."""

from __future__ import annotations

import pytest

from labsupport.evals import Calibration, JudgedRates, coverages, kappa_of_table
from labsupport.evals.judges.melding import _gamma
from labsupport.outcomes import PairedOutcomes


@pytest.mark.benchmark(group="judge")
@pytest.mark.parametrize("classes", [2, 4])
def test_kappa(benchmark, classes):
    table = [[40 if i == j else 3 for j in range(classes)] for i in range(classes)]

    def afresh():
        _gamma.cache_clear()
        return kappa_of_table(table)

    assert benchmark(afresh).low > 0.5


@pytest.mark.benchmark(group="judge")
def test_gain_through_a_judge(benchmark):
    sides = [Calibration(380, 20, 160, 40, name) for name in ("candidate", "champion")]
    judged = JudgedRates(PairedOutcomes(1200, 140, 80, 180), *sides)

    def afresh():
        _gamma.cache_clear()
        return judged.interval()

    assert benchmark(afresh).low < judged.gain


@pytest.mark.benchmark(group="judge")
def test_table_of_coverages(benchmark):
    assert len(benchmark.pedantic(coverages, rounds=3)) == 6

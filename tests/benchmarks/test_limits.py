"""How long the exact judge takes: a whole verdict, by holdout size and discordant pairs."""

from __future__ import annotations

import pytest

from labsupport.gate import Policy, gate
from labsupport.limits import chance, lower_limit
from labsupport.outcomes import PairedOutcomes

TABLES = {
    "4,000 rows, 103 pairs": (4000, 68, 35),
    "4,000 rows, 3,500 pairs": (4000, 3000, 500),
    "10^6 rows, 25,750 pairs": (10**6, 17_000, 8_750),
    "10^12 rows, 18,000 pairs": (10**12, 9_000, 9_000),
    "10^14 rows, a fortieth in pairs": (10**14, 17 * 10**11, 875 * 10**9),
}


@pytest.mark.benchmark(group="a verdict by the exact judge")
@pytest.mark.parametrize("name", TABLES)
def test_verdict(benchmark, name):
    n, better, worse = TABLES[name]
    outcomes = PairedOutcomes(n - better - worse, better, worse, 0)

    def afresh():
        chance.cache_clear()
        lower_limit.cache_clear()
        return gate(outcomes, Policy(0.005, None, confidence=0.95))

    assert benchmark(afresh).decision in ("promote", "block", "inconclusive")

"""Which attacks are tried when, and what each tier would have caught."""

from __future__ import annotations

import pytest

from labsupport.evals import Assistant, GuardPolicy, run_suite, shipped_suite
from labsupport.evals.attacks.guardrails import FAMILIES
from labsupport.evals.attacks.nights import USUAL, guardrail_tiers
from labsupport.evals.suites.tiers import tier_table

PROBES = shipped_suite("attacks") + shipped_suite("traffic")
VERSIONS = {
    "repaired": Assistant("quoted steps", guard="answers"),
    "no guard": Assistant("quoted steps"),
    "new hole": Assistant("steps", guard="answers"),
}


@pytest.fixture(scope="module")
def table() -> dict:
    runs = {name: run_suite(PROBES, system) for name, system in VERSIONS.items()}
    rows = tier_table(guardrail_tiers(GuardPolicy()), PROBES, runs["repaired"], runs)
    return {row.tier: row for row in rows}


def test_a_tier_catches_what_its_families_show_and_lets_the_sound_one_pass(table):
    assert table["every commit"].caught == table["release"].caught == ("no guard",)
    assert table["every night"].caught == ("no guard", "new hole")
    assert {row.decisions["repaired"] for row in table.values()} == {"promote"}


def test_each_tier_asks_more_than_the_one_before_and_the_night_asks_all(table):
    asked = [table[name].answers for name in USUAL]
    assert asked == sorted(set(asked)) and asked[-1] == len(PROBES.tasks)


def test_a_family_that_the_night_expects_and_nobody_tried_has_not_passed():
    cut = PROBES.select(where=lambda task: task.family != "translation")
    run = run_suite(cut, VERSIONS["repaired"])
    rows = tier_table(guardrail_tiers(GuardPolicy())[2:], cut, run, {"repaired": run})
    assert "translation" in FAMILIES and rows[0].caught == ("repaired",)


def test_a_tier_of_a_family_that_the_suite_lacks_has_not_passed():
    run = run_suite(PROBES, VERSIONS["repaired"])
    tiers = guardrail_tiers(GuardPolicy(), {"new": ("smoke signals",)})
    assert tier_table(tiers, PROBES, run, {"repaired": run})[0].caught == ("repaired",)

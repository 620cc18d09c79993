"""The gate with a confidence: an independent computation agrees, and a doubt says how many rows
would end it.
"""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from refusals import is_sentence, refuses
from scipy import special, stats

from labsupport.comparisons import Interval
from labsupport.data import load_employment
from labsupport.gate import Policy, Verdict, gate
from labsupport.intervals import gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.scores import compare_auc
from labsupport.training import fit_logistic, predict
from labsupport.world import World

BUILD_A = PairedOutcomes(3824, 68, 35, 73)
GAIN_ONLY = Policy(0.005, None, confidence=0.95)


def decided(outcomes, **bounds) -> str:
    """The decision of a policy with these bounds and no others, at 95 % unless said otherwise."""
    return gate(
        outcomes, Policy(**{"min_gain": None, "max_gap": None, "confidence": 0.95} | bounds)
    ).decision


# ---- the two candidates of lesson 02
# ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def against_baseline():
    """Build A and the hair's-breadth candidate, each against the baseline."""
    world = World.create()
    base, *candidates = (
        predict(fit_logistic(world.sample(*run)), world.holdout)
        for run in ((1, 600), (2, 8000), (12, 2000))
    )
    return [
        PairedOutcomes.from_predictions(world.holdout.y, candidate, base)
        for candidate in candidates
    ]


def test_build_a_is_inconclusive_with_the_rows_it_needs(against_baseline):
    build_a, _ = against_baseline
    assert (build_a.candidate_only, build_a.baseline_only, build_a.n) == (68, 35, 4000)
    assert gate(build_a, Policy(0.005, None)).decision == "promote"
    verdict = gate(build_a, GAIN_ONLY)
    assert (verdict.decision, verdict.exit_status) == ("inconclusive", 2)
    assert str(verdict) == (
        "INCONCLUSIVE  candidate 0.9730  baseline 0.9647  inconclusive: gain in doubt, about "
        "9,280 rows needed"
    )
    (check,) = verdict.checks
    assert (check.passed, check.needed) == (None, 9280)
    assert check.sentence == (
        "The gain of +0.0083 may truly be +0.00331 to +0.01348 at 95% confidence: the margin "
        "of 0.005 is inside, "
        "so 4,000 rows cannot tell; about 9,280 would."
    )
    assert "INCONCLUSIVE" in verdict._repr_html_() and "<td>in doubt</td>" in verdict._repr_html_()


def test_the_rows_that_build_a_needs_are_enough():
    """The same rates on 9,280 rows and a little more for the rounding to rows."""
    larger = PairedOutcomes(*(round(cell * 9400 / 4000) for cell in BUILD_A.cells))
    assert gate(larger, GAIN_ONLY).decision == "promote"


def test_the_hairs_breadth_candidate(against_baseline):
    _, hair = against_baseline
    assert (hair.candidate_only, hair.baseline_only, hair.gain) == (63, 43, 0.005)
    assert gate(hair, Policy(0.005, None)).decision == "promote"
    assert gate(hair, Policy(0, None)).decision == "promote"
    verdict = gate(hair, GAIN_ONLY)
    assert verdict.reason == "inconclusive: gain in doubt, too few rows to tell"
    assert verdict.checks[0].needed is None  # the gain is exactly the margin
    assert verdict.checks[0].sentence.endswith(
        "with a gain of exactly the margin more may not either."
    )
    above_zero = gate(hair, Policy(0, None, confidence=0.95))
    assert above_zero.decision == "inconclusive"  # though the bootstrap's lower end is 0 itself
    assert above_zero.checks[0].needed > 4000


# ---- the second judge
# -------------------------------------------------------------------------------------------------


def at_worst(better: int, worse: int, n: int, gain: float, level: float) -> float:
    """The chance of so favourable a table: summed over all tables, at the worst of many churns."""
    tables = np.array([(b, k - b) for k in range(n + 1) for b in range(k + 1)])
    b, w = tables.T
    z = stats.norm.isf(level)
    limit = b - w - z * np.sqrt(b + w + z * z / 4)
    seen = (b == better) & (w == worse)
    b, w = tables[limit >= limit[seen][0] - 1e-9].T
    guard, pairs = level / 250, better + worse
    low = stats.beta.ppf(guard / 2, pairs, n - pairs + 1) if pairs else 0.0
    high = stats.beta.isf(guard / 2, pairs + 1, n - pairs) if pairs < n else 1.0
    if gain < 0 and high < -gain:
        return guard
    churn = np.linspace(max(low, abs(gain)), max(high, abs(gain)), 200)[:, None]
    p, q = (churn + gain) / 2, (churn - gain) / 2
    ways = special.gammaln(n + 1) - sum(special.gammaln(x + 1) for x in (b, w, n - b - w))
    log = special.xlogy(b, p) + special.xlogy(w, q) + special.xlogy(n - b - w, 1 - churn)
    return float(np.exp(ways + log).sum(axis=1).max()) + guard


def in_doubt(better: int, worse: int, n: int, gain: float, level: float) -> bool | None:
    """Which side of the gain is shown: above it, below it, or None. What is so close that the grid
    of churns could matter is not drawn.
    """
    above = at_worst(better, worse, n, gain, level)
    below = at_worst(worse, better, n, -gain, level)
    assume(min(abs(above / level - 1), abs(below / level - 1)) > 0.01)
    return above <= level if above <= level or below <= level else None


def accuracy_ends(right: int, n: int, tail: float) -> tuple[float, float]:
    """Clopper and Pearson's interval, by its definition through the binomial test."""
    found = stats.binomtest(right, n).proportion_ci(1 - 2 * tail, method="exact")
    return found.low, found.high


def second_judge(outcomes, min_gain, max_gap, max_slice_loss, confidence) -> set[bool | None]:
    """What the checks say, computed another way: nothing is shared with the gate but the counts."""
    tail, found = (1 - confidence) / 2, set()
    parts = [part.cells for part in outcomes.slices.values()]
    if not all(map(sum, parts)):
        return {False}
    if min_gain is not None:
        _, better, worse, _ = outcomes.cells
        found.add(in_doubt(better, worse, outcomes.n, float(min_gain), tail))
    if max_gap is not None:
        if len(parts) < 2:
            return {False}
        rights = [(c[0] + c[1], sum(c)) for c in parts]
        ends = [accuracy_ends(*right, tail / 2) for right in rights]
        high = max(a[1] - b[0] for a, b in itertools.permutations(ends, 2))
        ends = [accuracy_ends(*right, tail / 2 / len(parts)) for right in rights]
        low = max(0, *(a[0] - b[1] for a, b in itertools.permutations(ends, 2)))
        holds, fails = high <= Fraction(max_gap), low > Fraction(max_gap)
        found.add(holds if holds or fails else None)
    if max_slice_loss is not None:
        if not parts:
            return {False}
        gain, alone = -float(max_slice_loss), tail / len(parts)
        cleared = [in_doubt(c[1], c[2], sum(c), gain, tail) is True for c in parts]
        chances = [at_worst(c[2], c[1], sum(c), -gain, alone) for c in parts]
        assume(all(abs(p / tail * k - 1) > 0.01 for p in chances for k in range(1, len(parts) + 1)))
        accused = step_down(np.array(chances), tail)
        found |= {ok if ok or i in accused else None for i, ok in enumerate(cleared)}
    return found


def step_down(p: np.ndarray, level: float) -> set[int]:
    """Holm by its definition: the hypotheses that fall."""
    fallen = set()
    for rank, i in enumerate(np.argsort(p)):
        if p[i] > level / (len(p) - rank):
            break
        fallen.add(int(i))
    return fallen


counts = st.integers(0, 15)
cells = st.tuples(counts, counts, st.integers(0, 4), counts)
written = st.integers(0, 40).map(lambda k: f"{Decimal(k) / 50}")


@st.composite
def judged(draw):
    """Outcomes with up to three slices, some of them empty, and three bounds as decimal strings or
    None, none of them 1.
    """
    parts = draw(st.lists(cells, max_size=3))
    whole = [sum(column) for column in zip(draw(cells.filter(any)), *parts, strict=True)]
    slices = {f"s{i}": PairedOutcomes(*part) for i, part in enumerate(parts)}
    signed = written | written.map(lambda text: f"-{text}")
    bounds = draw(
        st.tuples(st.none() | signed, st.none() | written, st.none() | written).filter(any)
    )
    return PairedOutcomes(*whole, slices), bounds


confidences = st.sampled_from([0.02, 0.5, 0.8, 0.95, 0.99])


@settings(max_examples=60)
@given(judged(), confidences, st.sampled_from([float, Decimal, Fraction]))
def test_decides_as_the_second_judge_does(case, confidence, kind):
    outcomes, bounds = case
    verdict = gate(
        outcomes, Policy(*(None if b is None else kind(b) for b in bounds), confidence=confidence)
    )
    found = second_judge(outcomes, *bounds, confidence)
    decisions = {"block": False in found, "inconclusive": None in found, "promote": True}
    assert verdict.decision == next(name for name, here in decisions.items() if here)
    assert verdict.exit_status == {"promote": 0, "block": 1, "inconclusive": 2}[verdict.decision]
    for check in verdict.checks:
        assert is_sentence(check.sentence), check.sentence
        assert not re.search(r"-0\.?0*(?![0-9.])|nan", check.sentence), check.sentence
        assert check.needed is None or (check.needed > outcomes.n and check.passed is None)


@given(judged(), confidences)
def test_never_promotes_what_the_plain_gate_blocks_nor_blocks_on_a_gain_it_has(case, confidence):
    """An interval holds what was measured: it can only turn a plain decision into a doubt."""
    outcomes, bounds = case
    bounds = [None if bound is None else float(bound) for bound in bounds]
    plain, strict = (
        gate(outcomes, Policy(*bounds)),
        gate(outcomes, Policy(*bounds, confidence=confidence)),
    )
    assert [c.name for c in plain.checks] == [c.name for c in strict.checks]
    for taken, proven in zip(plain.checks, strict.checks, strict=True):
        assert proven.passed is None or proven.passed is taken.passed
    assert plain.decision == "promote" or strict.decision != "promote"


@given(judged(), st.tuples(confidences, confidences).map(sorted))
def test_more_confidence_only_adds_doubt(case, pair):
    outcomes, bounds = case
    bounds = [None if bound is None else float(bound) for bound in bounds]
    less, more = (gate(outcomes, Policy(*bounds, confidence=confidence)) for confidence in pair)
    for bold, careful in zip(less.checks, more.checks, strict=True):
        assert careful.passed is None or careful.passed is bold.passed


@given(
    st.lists(st.tuples(counts, counts, counts), min_size=1, max_size=8),
    st.sampled_from([-0.02, 0.0, 0.02]),
)
def test_more_rows_of_the_same_kind_never_turn_a_decision_around(pairs, margin):
    for same, better, worse in pairs:
        if same + better + worse:
            small, large = (
                gate(
                    PairedOutcomes(k * same, k * better, k * worse, 0),
                    Policy(margin, None, confidence=0.95),
                )
                for k in (1, 50)
            )
            assert {small.decision, large.decision} != {"promote", "block"}


# ---- ties and kinds of numbers
# ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [(3900, 68, 12, 20), (15, 4, 1, 0), (3800, 20, 90, 90)])
def test_the_interval_that_is_printed_is_the_verdict(cells):
    """A margin at its lower end promotes and a hair above does not; one at its upper end does not
    block, since the true gain may be the margin, and a hair above does.
    """
    outcomes = PairedOutcomes(*cells)
    interval = outcomes.interval(0.95)
    hair = 1e-9
    assert decided(outcomes, min_gain=Fraction(interval.low)) == "promote"
    assert decided(outcomes, min_gain=Fraction(interval.low + hair)) == "inconclusive"
    assert decided(outcomes, min_gain=Fraction(interval.high)) == "inconclusive"
    assert decided(outcomes, min_gain=Fraction(interval.high + hair)) == "block"
    sentence = gate(outcomes, Policy(0.0001, None, confidence=0.95)).checks[0].sentence
    assert f"{interval.low:+z.5f} to {interval.high:+z.5f} at 95% confidence" in sentence


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, Decimal, Fraction])
def test_a_margin_and_a_confidence_are_the_decimals_they_were_written_as(kind):
    clear, wrong = PairedOutcomes(3700, 200, 40, 60), PairedOutcomes(3700, 40, 200, 60)
    for outcomes in (BUILD_A, clear, wrong):
        plain = gate(outcomes, GAIN_ONLY)
        other = gate(outcomes, Policy(kind("0.005"), None, confidence=kind("0.95")))
        assert (str(other), other.checks[0].sentence) == (str(plain), plain.checks[0].sentence)


@pytest.mark.parametrize(
    ("confidence", "kind"),
    [
        (math.nan, ValueError),
        (0, ValueError),
        (1, ValueError),
        (1.0, ValueError),
        (95, ValueError),
        (-0.95, ValueError),
        (math.inf, ValueError),
        (Decimal("0.99999999999999999999"), ValueError),
        (True, TypeError),
        ("0.95", TypeError),
        ([0.95], TypeError),
    ],
)
def test_a_confidence_that_is_none_is_refused(confidence, kind):
    with refuses(kind, "confidence"):
        Policy(confidence=confidence)


@pytest.mark.parametrize(
    ("confidence", "words"), [(0.95, "95%"), (0.999, "99.9%"), (0.5, "50%"), (0.9999, "99.99%")]
)
def test_the_confidence_is_said_as_it_was_asked(confidence, words):
    assert (
        f" at {words} confidence"
        in gate(BUILD_A, Policy(confidence=confidence, max_gap=None)).checks[0].sentence
    )


# ---- few discordant pairs
# ---------------------------------------------------------------------------------------------


def test_no_discordant_pair_is_no_proof():
    """The bootstrap of such a table never varies; 20 rows still cannot rule out a lost point."""
    silent = PairedOutcomes(20, 0, 0, 0)
    assert str(gain_interval(silent)) == "[0.00000, 0.00000]"
    verdict = gate(silent, Policy(-0.01, None, confidence=0.95))
    assert verdict.reason == "inconclusive: gain in doubt, about 368 rows needed"
    assert decided(PairedOutcomes(360, 0, 0, 0), min_gain=-0.01) == "inconclusive"
    assert decided(PairedOutcomes(368, 0, 0, 0), min_gain=-0.01) == "promote"
    assert decided(PairedOutcomes(10**6, 0, 0, 0), min_gain=0) == "inconclusive"
    assert decided(PairedOutcomes(20, 0, 0, 0), min_gain=0.01) == "inconclusive"
    assert decided(PairedOutcomes(368, 0, 0, 0), min_gain=0.01) == "block"


@pytest.mark.parametrize(
    ("n", "margin", "churn"),
    [(20, -0.01, 0.02), (50, 0.0, 0.02), (200, 0.0, 0.02), (1000, 0.005, 0.02)],
)
def test_luck_is_promoted_and_blocked_as_rarely_as_promised(n, margin, churn):
    """The true gain is the margin; 0.036 is 2.5 % and three standard errors of 2000 worlds."""
    better = (churn + margin) / 2
    draws = np.random.default_rng(n).multinomial(n, [better, churn - better, 1 - churn], size=2000)
    found = {"promote": 0, "block": 0, "inconclusive": 0}
    bootstrap_alone = 0
    for (b, w, same), times in zip(*np.unique(draws, axis=0, return_counts=True), strict=True):
        outcomes = PairedOutcomes(same, b, w, 0)
        found[decided(outcomes, min_gain=margin)] += times
        bootstrap_alone += times * (round(gain_interval(outcomes).low * n) >= margin * n)
    assert found["promote"] / 2000 < 0.036
    assert found["block"] / 2000 < 0.036
    if n <= 50:
        assert bootstrap_alone / 2000 > 0.4  # what the second judge is for


def test_rows_needed_with_few_discordant_pairs():
    """What the gate says it needs is what it then takes: two pairs on 84 rows, and not on 50."""
    one = PairedOutcomes(49, 1, 0, 0)
    verdict = gate(one, Policy(-0.02, None, confidence=0.95))
    assert verdict.reason == "inconclusive: gain in doubt, about 84 rows needed"
    assert decided(PairedOutcomes(82, 2, 0, 0), min_gain=-0.02) == "promote"


def test_a_silent_slice_can_neither_pass_nor_fail():
    people = load_employment().holdout
    masks = {"active duty": people.columns["MIL"] == 1, "everyone": people.year > 0}
    outcomes = PairedOutcomes.from_predictions(
        people.employed,
        people.predictions("trees_all_columns"),
        people.predictions("champion"),
        masks,
    )
    policy = Policy(0.001, None, 0.01, 0.95)
    verdict = gate(outcomes, policy)
    assert [check.passed for check in verdict.checks] == [True, None, True]
    assert (verdict.decision, verdict.reason) == (
        "inconclusive",
        "inconclusive: a slice in doubt, too few rows to tell",
    )
    assert verdict.checks[1].sentence == (
        "Slice 'active duty', 56 rows: nothing lost or gained; this may or may not exceed the "
        "slice margin of 0.01."
    )
    assert gate(outcomes, replace(policy, confidence=None)).decision == "promote"


# ---- the conjunction
# --------------------------------------------------------------------------------------------------


def with_slices(*parts: PairedOutcomes) -> PairedOutcomes:
    """A holdout whose slices partition it."""
    whole = sum(parts)
    return PairedOutcomes(*whole.cells, slices={f"s{i}": part for i, part in enumerate(parts)})


LARGE = PairedOutcomes(45_000, 3000, 500, 1500)
BETTER = with_slices(LARGE, LARGE)


def test_promotes_when_nothing_is_in_doubt():
    verdict = gate(BETTER, Policy(0.005, 0.10, 0.01, 0.95))
    assert verdict.decision == "promote"
    assert [check.passed for check in verdict.checks] == [True] * 4
    assert verdict.checks[0].sentence.endswith(": all of it at or above the margin of 0.005.")
    assert "all within the tolerance of 0.1" in verdict.checks[1].sentence


@pytest.mark.parametrize(
    ("small", "reason"),
    [
        (PairedOutcomes(20, 0, 0, 1), "inconclusive: safety check in doubt, too few rows to tell"),
        (PairedOutcomes(40, 0, 40, 20), "blocked: failed safety check"),
        (PairedOutcomes(940, 0, 60, 0), "blocked: slice regressed"),
        (PairedOutcomes(920, 5, 5, 30), "inconclusive: a slice in doubt, too few rows to tell"),
    ],
)
def test_a_doubt_about_one_slice_is_enough_and_a_failure_wins(small, reason):
    verdict = gate(with_slices(LARGE, small), Policy(0.005, 0.10, 0.005, 0.95))
    assert verdict.reason == reason
    assert verdict.checks[0].passed is True


def test_a_failure_is_named_before_a_doubt():
    doubtful_gain = with_slices(PairedOutcomes(3000, 60, 40, 100), PairedOutcomes(100, 0, 100, 0))
    verdict = gate(doubtful_gain, Policy(-0.025, 0.10, None, 0.95))
    assert [check.passed for check in verdict.checks] == [None, False]
    assert verdict.reason == "blocked: failed safety check"


def test_the_largest_gap_in_doubt():
    """Five groups of 50 near 0.8: the plain guardrail cries wolf, the interval says that 50 rows
    cannot tell.
    """
    parts = [PairedOutcomes(right, 0, 0, 50 - right) for right in (36, 40, 44, 40, 40)]
    assert gate(with_slices(*parts), Policy(None, 0.10)).decision == "block"
    verdict = gate(with_slices(*parts), Policy(None, 0.10, confidence=0.95))
    assert verdict.decision == "inconclusive"
    assert "and the tolerance of 0.1 is inside" in verdict.checks[0].sentence
    worse = [PairedOutcomes(right, 0, 0, 50 - right) for right in (15, 45, 45, 45, 45)]
    failed = gate(with_slices(*worse), Policy(None, 0.10, confidence=0.95))
    assert (
        failed.decision == "block" and "all above the tolerance of 0.1" in failed.checks[0].sentence
    )


# ---- each slice its own bound
# -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [None, 0.95])
def test_a_slice_that_was_lost_blocks_and_is_named(confidence):
    verdict = gate(BETTER, Policy(0.005, None, {"s0": 0.01, "women": 0.01}, confidence))
    assert verdict.decision == "block"
    (lost,) = [check for check in verdict.checks if check.slice == "women"]
    assert lost.passed is False and math.isnan(lost.value)
    assert lost.sentence == "The policy names slice 'women', which was not compared: it got lost."
    empty = replace(BETTER, slices={**BETTER.slices, "women": PairedOutcomes(0, 0, 0, 0)})
    verdict = gate(empty, Policy(0.005, None, {"s0": 0.01, "women": 0.01}, confidence))
    assert verdict.decision == "block"
    assert any("'women' has no rows" in check.sentence for check in verdict.checks)


@pytest.mark.parametrize("confidence", [None, 0.95])
def test_a_slice_without_a_bound_is_said(confidence):
    bad = with_slices(LARGE, PairedOutcomes(500, 0, 500, 0))
    verdict = gate(bad, Policy(0.005, None, {"s0": 0.01}, confidence))
    assert verdict.decision == "inconclusive"
    assert verdict.checks[-1].sentence == (
        "Slice 's1' has no bound: the policy names other slices; name it too, or give `...` the "
        "bound of the rest."
    )
    for rest, decision in ((0.4, "block"), (0.6, "promote")):
        policy = Policy(0.005, None, {"s0": 0.01, ...: rest}, confidence)
        assert gate(bad, policy).decision == decision
    everything = Policy(0.005, None, {...: 0.01}, confidence)
    assert [c.passed for c in gate(bad, everything).checks] == [True, True, False]
    assert gate(LARGE, everything).checks[-1].sentence.startswith("No slices were given")
    assert gate(bad, Policy(0.005, None, {"s0": 0.01, "s1": 0.4}, confidence)).decision == "block"
    assert gate(bad, Policy(0.005, None, {"s0": 0.01, "s1": 0.6}, confidence)).decision == "promote"


def test_clearing_shares_no_level_and_accusing_does():
    """Nine slices of which each clears alone are all cleared; nine of which each would be accused
    alone are not.
    """
    cleared, accused = PairedOutcomes(960, 20, 10, 10), PairedOutcomes(970, 5, 17, 8)
    assert decided(with_slices(*[cleared] * 9), max_slice_loss=0.002) == "promote"
    assert decided(with_slices(accused), max_slice_loss=0.002) == "block"
    assert decided(with_slices(*[accused] * 9), max_slice_loss=0.002) == "inconclusive"


@pytest.mark.parametrize(
    ("bound", "kind", "words"),
    [
        ({}, ValueError, "names at least one"),
        ({"a": None}, ValueError, "every slice a bound"),
        ({"a": 0.1, "b": math.nan}, ValueError, "finite"),
        ({"a": -0.1}, ValueError, "from 0 to 1"),
        ({"a": "0.1"}, TypeError, "number"),
        ({"a": True}, TypeError, "number"),
    ],
)
def test_a_mapping_that_is_no_policy(bound, kind, words):
    with refuses(kind, words):
        Policy(max_slice_loss=bound)


def test_a_policy_keeps_the_bounds_it_was_made_with():
    bounds = {"s0": 0.01}
    policy = Policy(max_slice_loss=bounds)
    bounds["s0"] = 1
    assert policy.max_slice_loss == {"s0": 0.01}
    with pytest.raises(TypeError):
        policy.max_slice_loss["s0"] = 1
    assert pickle.loads(pickle.dumps(policy)) == policy == copy.deepcopy(policy)


# ---- other metrics
# --------------------------------------------------------------------------------------------------
# --


def areas(better_by: float, n: int = 2000, seed: int = 1):
    """The AUC of two rankers, of which the candidate sees the label more clearly; a tenth of the
    rows is a slice.
    """
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    noise = rng.normal(size=n)
    small = np.arange(n) % 10 == 0
    return compare_auc(
        y,
        y * (1 + better_by) + noise,
        y + noise + 0.3 * rng.normal(size=n),
        {"small": small, "rest": ~small},
    )


def test_an_auc_can_be_the_primary_metric():
    outcomes = areas(0.3)
    for confidence in (None, 0.95):
        verdict = gate(outcomes, Policy(0.02, None, 0.02, confidence))
        assert verdict.decision == "promote"
        assert [check.slice for check in verdict.checks] == [None, "small", "rest"]
        assert str(verdict).startswith(
            f"PROMOTE  candidate {outcomes.candidate:.4f}  baseline {outcomes.baseline:.4f}"
        )
    assert gate(outcomes, Policy(0.5, None, confidence=0.95)).decision == "block"
    close = gate(outcomes, Policy(round(outcomes.gain - 0.005, 3), None, confidence=0.95))
    assert close.decision == "inconclusive"
    assert close.checks[0].needed > outcomes.n
    assert close.reason.endswith(f"about {close.checks[0].needed:,} rows needed")


def test_a_gap_of_accuracy_is_not_made_from_an_auc():
    verdict = gate(areas(0.3), Policy(0.02, 0.10))
    assert verdict.reason == "blocked: failed safety check"
    assert "set max_gap=None" in verdict.checks[1].sentence


def test_an_auc_of_rows_that_do_not_vary_proves_nothing():
    outcomes = compare_auc([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4])
    assert gate(outcomes, Policy(-0.01, None)).decision == "promote"
    verdict = gate(outcomes, Policy(-0.01, None, confidence=0.95))
    assert verdict.decision == "inconclusive"
    assert "the margin of -0.01 is inside, so 4 rows cannot tell" in verdict.checks[0].sentence


@dataclass(frozen=True)
class Rubric:
    """A metric that labsupport does not know: the mean grades of two assistants on the same
    questions.
    """

    n: int
    candidate: float
    baseline: float
    error: float
    slices: Mapping = field(default_factory=dict)

    @property
    def exact_gain(self):
        return self.candidate - self.baseline

    def interval(self, confidence):
        reach = stats.norm.isf((1 - confidence) / 2) * self.error
        return Interval(self.exact_gain - reach, self.exact_gain + reach, confidence, "normal")

    def statistic(self, gain):
        return (self.exact_gain - gain) / self.error

    def examples_needed(self, margin, confidence):
        reach = stats.norm.isf((1 - confidence) / 2)
        return math.ceil(self.n * (reach * self.error / float(self.exact_gain - margin)) ** 2)


def test_any_comparison_with_an_interval_can_be_the_primary_metric():
    part = Rubric(100, 0.8, 0.6, 0.05)
    outcomes = Rubric(200, 0.8, 0.6, 0.03, {"poems": part})
    assert (
        str(gate(outcomes, Policy(0.1, None, 0.05, 0.95)))
        == "PROMOTE  candidate 0.8000  baseline 0.6000  promoted"
    )
    assert gate(outcomes, Policy(0.19, None, confidence=0.95)).reason == (
        "inconclusive: gain in doubt, about "
        f"{outcomes.examples_needed(Fraction(19, 100), 0.95):,} rows needed"
    )
    assert gate(outcomes, Policy(0.3, None, confidence=0.95)).decision == "block"
    regressed = replace(outcomes, slices={"poems": replace(part, candidate=0.3)})
    assert gate(regressed, Policy(0.1, None, 0.05, 0.95)).reason == "blocked: slice regressed"


@pytest.mark.parametrize("confidence", [None, 0.95])
@pytest.mark.parametrize("broken", [{"candidate": math.nan}, {"error": math.nan}, {"n": 0}])
def test_a_comparison_that_is_no_number_is_never_promoted(broken, confidence):
    outcomes = replace(Rubric(200, 0.8, 0.6, 0.03), **broken)
    verdict = gate(outcomes, Policy(0.1, None, confidence=confidence))
    measured = "error" in broken and confidence is None
    assert verdict.decision == ("promote" if measured else "block")
    if "candidate" in broken:
        assert "has a gain of nan, which is no number" in verdict.checks[0].sentence
    assert all(is_sentence(check.sentence) for check in verdict.checks)


@pytest.mark.parametrize("confidence", [None, 0.95])
@pytest.mark.parametrize("place", ["whole", "slice"])
@pytest.mark.parametrize(
    "broken", [{"candidate": math.nan}, {"n": math.nan}, {"n": -5}, {"n": 0.5}, {"n": math.inf}]
)
def test_nothing_that_was_not_counted_is_promoted(broken, place, confidence):
    part, whole = Rubric(100, 0.8, 0.6, 0.05), Rubric(200, 0.8, 0.6, 0.03)
    if place == "slice":
        outcomes = replace(whole, slices={"poems": replace(part, **broken)})
    else:
        outcomes = replace(whole, slices={"poems": part}, **broken)
    for policy in (Policy(0.1, None, 0.05, confidence), Policy(0.1, None, None, confidence)):
        verdict = gate(outcomes, policy)
        assert verdict.decision == "block"
        assert all(is_sentence(check.sentence) for check in verdict.checks)


def test_a_comparison_that_lacks_a_part_is_refused():
    @dataclass
    class Half:
        n: int = 10
        exact_gain: float = 0.5

    with refuses(TypeError, "got Half"):
        gate(Half(), Policy(0.1, None))


# ---- how an inconclusive verdict is read
# ------------------------------------------------------------------------------


def test_passed_is_none_is_not_passed():
    verdict = gate(BUILD_A, GAIN_ONLY)
    assert verdict.checks[0].passed is None
    assert verdict.exit_status not in (0, 1)
    assert isinstance(verdict, Verdict)
    assert str(verdict).split()[0] == "INCONCLUSIVE"


def test_no_sentence_has_a_negative_zero():
    n = 10**9
    barely_worse = PairedOutcomes(n - 101, 50, 51, 0)
    outcomes = replace(barely_worse, slices={"a": barely_worse, "b": barely_worse})
    for confidence in (None, 0.95):
        verdict = gate(outcomes, Policy(-0.001, 0.1, 0.001, confidence))
        for text in (
            str(verdict),
            verdict._repr_html_(),
            *(check.sentence for check in verdict.checks),
        ):
            assert "-0.0000 " not in text and "-0.0000<" not in text and "-0.00000 " not in text, (
                text
            )

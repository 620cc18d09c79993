"""What one look shows: plans that are refused, the tests behind it, and what they promise, by exact
enumeration.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import is_sentence, refuses
from scipy import special, stats

from labsupport.delivery import (
    Look,
    Metric,
    Pairs,
    Plan,
    Step,
    crossing,
    left_after,
    nominal_levels,
)
from labsupport.delivery.belief import (
    RATIO_LEVEL,
    check_errors,
    check_shares,
    exceeds,
    wrong_shares,
)
from labsupport.delivery.evidence import (
    harm_chance,
    harm_excluded,
    judge_look,
    level_at,
    levels,
    ready,
)
from labsupport.delivery.traffic import FAULTS, Fault, Traffic
from labsupport.gate import Policy
from labsupport.limits import chance

STEPS = (Step(0.1, 50), Step(0.1, 100), Step(0.3, 200), Step(0.5, 300))
QUALITY, ERRORS = Metric("quality", 0.1), Metric("errors", 0.1)
PLAN = Plan(STEPS, (QUALITY, ERRORS))
NAN = float("nan")


def plan(**changes) -> Plan:
    return replace(PLAN, **changes)


REFUSED = [
    (lambda: Metric("quality", 0), "above 0"),
    (lambda: Metric("quality", 1.1), "at most 1"),
    (lambda: Metric("quality", 1e-300), "10^-12 at least"),
    (lambda: Metric("quality", NAN), "finite"),
    (lambda: Metric("quality", "0.1"), "must be a number"),
    (lambda: Metric("quality", True), "must be a number"),
    (lambda: Metric("quality", 0.1, 0.0), "share"),
    (lambda: Metric("quality", 0.1, None), "must be a number"),
    (lambda: Metric("", 0.1), "needs a name"),
    (lambda: Metric("shares", 0.1), "needs a name"),
    (lambda: Metric("all errors", 0.1), "needs a name"),
    (lambda: Metric(5, 0.1), "a text"),
    (lambda: Metric(["quality"], 0.1), "a text"),
    (lambda: Step(0, 10), "above 0 and at most 0.5"),
    (lambda: Step(0.51, 10), "above 0 and at most 0.5"),
    (lambda: Step("half", 10), "must be a number"),
    (lambda: Step(float("inf"), 10), "finite"),
    (lambda: Step(0.1, 0), "at least 1"),
    (lambda: Step(0.1, 10.5), "whole number"),
    (lambda: Step(0.1, None), "whole number"),
    (lambda: Step(0.1, True), "whole number"),
    (lambda: Step(0.1, 10**13), "at most 10^12"),
    (lambda: plan(steps=None), "a list of Step"),
    (lambda: plan(steps="steps"), "a list of Step"),
    (lambda: plan(steps={"share": 0.1, "pairs": 5}), "a list of Step"),
    (lambda: plan(steps=(0.1, 0.2)), "holds Step objects"),
    (lambda: plan(steps=()), "a shadow step"),
    (lambda: plan(steps=STEPS[:1]), "a shadow step"),
    (lambda: plan(steps=STEPS[::-1]), "after more pairs than the one before"),
    (lambda: plan(steps=(STEPS[0], STEPS[0])), "after more pairs than the one before"),
    (lambda: plan(steps=({"share": 0.1, "paris": 5},)), "A step has no 'paris'"),
    (lambda: plan(steps=({"share": 0.1},)), "A step needs 'pairs'"),
    (lambda: plan(metrics=()), "with a name of its own"),
    (lambda: plan(metrics=(QUALITY, QUALITY)), "with a name of its own"),
    (lambda: plan(metrics=(STEPS[0],)), "holds Metric objects"),
    (lambda: plan(metrics=(Metric("quality on night", 0.1, 0.001),)), "too few for a look"),
    (lambda: plan(steps=(Step(0.1, 10**9), Step(0.1, 10**9 + 1))), "one in a million"),
    (lambda: plan(alpha=0), "above 0 and below 1"),
    (lambda: plan(alpha=1), "above 0 and below 1"),
    (lambda: plan(alpha=1e-300), "at least 10^-12"),
    (lambda: plan(alpha="5%"), "must be a number"),
    (lambda: plan(alpha=NAN), "finite"),
    (lambda: plan(deadline=0), "above 0"),
    (lambda: plan(deadline=float("inf")), "finite"),
    (lambda: plan(deadline=None), "must be a number"),
    (lambda: plan(deadline=1e300), "in minutes"),
    (lambda: plan(max_errors=0), "a share, between 0 and 1"),
    (lambda: plan(max_errors=1), "a share, between 0 and 1"),
    (lambda: plan(max_errors="some"), "must be a number"),
    (lambda: plan(looks="often"), "always-valid"),
    (lambda: plan(looks=[]), "always-valid"),
    (lambda: Plan.from_dict(asdict(PLAN) | {"shares": 1}), "A plan has no 'shares'"),
    (lambda: Plan.from_dict({"steps": []}), "A plan needs 'metrics'"),
    (lambda: Plan.from_dict([]), "a table of keys and values"),
    (lambda: left_after(Policy()), "no confidence"),
    (lambda: left_after(Policy(confidence=0.95)), "uses up the budget"),
    (lambda: Fault("fire"), "There is no fault 'fire'"),
    (lambda: Fault(["crash"]), "There is no fault"),
    (lambda: Fault("crash", 1.5), "from 0 to 1"),
    (lambda: Fault("crash", -0.1), "from 0 to 1"),
    (lambda: Fault("memory leak", float("inf")), "finite"),
    (lambda: Fault("memory leak", 1e300), "from 0 to 1000000"),
    (lambda: Fault("memory leak", NAN), "finite"),
    (lambda: Fault("memory leak", "much"), "must be a number"),
    (lambda: Fault("crash", minute=NAN), "finite"),
    (lambda: Traffic(replicas=0), "at least 1"),
    (lambda: Traffic(requests_per_day=-1), "from 0 to"),
    (lambda: Traffic(requests_per_day=NAN), "finite"),
    (lambda: Traffic(label_delay=-5), "from 0 to"),
    (lambda: Traffic(labelled=2), "a share, from 0 to 1"),
    (lambda: Traffic(wrong=None), "must be a number"),
]


@pytest.mark.parametrize(("made", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_is_no_plan_is_refused_in_a_sentence(made, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        made()
    assert is_sentence(str(caught.value)), caught.value
    assert words in str(caught.value)


def test_a_plan_comes_back_from_json_and_from_toml():
    assert Plan.from_dict(asdict(PLAN)) == PLAN
    text = """
        alpha = 0.05
        steps = [{share = 0.1, pairs = 50}, {share = 0.1, pairs = 100}]
        metrics = [{name = "quality", harm = 0.02, share = 0.5}]
    """
    told = Plan.from_dict(tomllib.loads(text))
    assert told.metrics == (Metric("quality", 0.02, 0.5),)
    assert told.steps == (Step(0.1, 50), Step(0.1, 100))
    with refuses(ValueError, "A plan has no 'step'"):
        Plan.from_dict(tomllib.loads("[[step]]\nshare = 0.1\npairs = 5"))
    with refuses(ValueError, "A metric has no 'harms'"):
        Plan.from_dict(tomllib.loads(text.replace("harm", "harms")))


@pytest.mark.parametrize("kind", [Fraction, Decimal, np.float32, np.float64])
def test_whatever_a_number_is_written_as_the_plan_is_the_same(kind):
    same = plan(
        steps=[Step(kind("0.5"), np.int32(50)), Step(0.5, 100)],
        metrics=[Metric("quality", kind("0.125"))],
        alpha=kind("0.0625"),
        deadline=kind("240"),
    )
    other = plan(
        steps=(Step(0.5, 50), Step(0.5, 100)), metrics=(Metric("quality", 0.125),), alpha=0.0625
    )
    assert same == other
    assert same.digest == other.digest


def test_the_budget_is_shared_out_over_metrics_and_gate():
    assert plan(max_errors=None).metric_alpha == 0.05 / 2
    assert PLAN.metric_alpha == pytest.approx(0.05 / 3)
    assert left_after(Policy(confidence=0.98)) == pytest.approx(0.03)
    assert levels(PLAN, QUALITY) == pytest.approx(
        nominal_levels([50, 100, 200, 300], PLAN.metric_alpha)
    )


@given(worse=st.integers(0, 400), better=st.integers(0, 400))
def test_the_chance_of_a_harm_is_the_one_sided_sign_test(worse, better):
    found = float(harm_chance(worse, better))
    if worse + better == 0:
        assert found == 1
    else:
        test = stats.binomtest(worse, worse + better, 0.5, alternative="greater")
        assert found == pytest.approx(test.pvalue, rel=1e-9)


def tables(rng: np.random.Generator, size: int):
    """Tables close to where the verdict changes, with some hypothesis and level."""
    for _ in range(size):
        n = int(np.exp(rng.uniform(0, np.log(10 ** rng.uniform(1, 6)))))
        level = float(10 ** rng.uniform(-6, np.log10(0.5)))
        harm = float(10 ** rng.uniform(-4, 0))
        pairs = int(min(n, 10**5, np.exp(rng.uniform(0, np.log(n + 1))) - 1 + 1e-9))
        pairs = int(pairs * (rng.random() < 0.9))
        reach = (rng.uniform(-2.5, 2.5) - special.ndtri(level)) * np.sqrt(max(pairs, n * harm))
        better = int(np.clip(round((pairs + reach - n * harm) / 2), 0, pairs))
        yield n, pairs - better, better, harm, level


ROUGHLY_WRONG = [  # what a rough judge of normal approximations got wrong
    (17533, 3, 14, 0.0007423652108153243, 1.468245844528906e-06),
    (28, 20, 7, 0.9970381076982615, 3.046348823858925e-06),
    (62551, 12785, 495, 0.20517436564441213, 0.003976153248301945),
    (925138, 2866, 313, 0.003137792871292958, 2.7962902770582284e-06),
    (6082, 4788, 146, 0.7923842103988289, 0.00010343780476190007),
    (1, 0, 0, 1.0, 0.4),
    (1, 0, 1, 1e-4, 1e-6),
    (10**6, 0, 0, 1e-4, 1e-6),
]


def test_harm_is_excluded_where_the_exact_judge_says_so_and_nowhere_else():
    drawn = [*ROUGHLY_WRONG, *tables(np.random.default_rng(10), 1500)]
    found = [bool(harm_excluded(*table)) for table in drawn]
    exact = [chance(n, b, w, -harm, level) <= level for n, w, b, harm, level in drawn]
    assert [t for t, f, e in zip(drawn, found, exact, strict=True) if f != e] == []
    assert 0.2 < np.mean(exact) < 0.8


def test_harm_is_excluded_for_arrays_as_for_one_table_and_never_without_pairs():
    worse, better = np.array([[0, 3, 8]] * 2), np.array([[0, 2, 1]] * 2)
    n = np.array([[0], [400]])
    found = harm_excluded(n, worse, better, 0.05, 0.025)
    few = ((0, 0), (3, 2), (8, 1))
    each = [[bool(harm_excluded(k, w, b, 0.05, 0.025)) for w, b in few] for k in (0, 400)]
    assert found.tolist() == each
    assert not found[0].any() and found[1].any()


def crossings(p: float, bound: float, level: float, most: int) -> float:
    """The exact chance that `exceeds` ever says so within so many requests."""
    alive, crossed = np.ones(1), 0.0
    for n in range(1, most + 1):
        alive = np.append(alive * (1 - p), 0) + np.append(0, alive * p)
        stop = exceeds(np.arange(n + 1), n, bound, level)
        crossed += alive[stop].sum()
        alive[stop] = 0
    return crossed


@pytest.mark.parametrize("bound", [0.02, 0.3])
@pytest.mark.parametrize("level", [0.05, 0.3])
def test_too_many_errors_are_found_by_chance_no_more_often_than_promised(bound, level):
    found = [crossings(p, bound, level, 400) for p in (bound / 10, bound / 2, bound * 0.9, bound)]
    assert max(found) <= level
    assert crossings(bound * 2, bound, level, 400) > level  # the control: it does find


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_right_shares_are_called_wrong_by_chance_no_more_often_than_promised(share):
    """Looked at after every request."""

    def called(p, most=500):
        alive, crossed = np.ones(1), 0.0
        for n in range(1, most + 1):
            alive = np.append(alive * (1 - p), 0) + np.append(0, alive * p)
            wrong = wrong_shares(np.arange(n + 1), n, share)
            crossed += alive[wrong].sum()
            alive[wrong] = 0
        return crossed

    assert called(share) <= RATIO_LEVEL
    assert called(min(3 * share, 0.9)) > 0.1


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_shares_are_judged_by_that(share):
    one = plan(steps=(Step(share, 50), Step(share, 100)))
    right = round(40 * share)
    looks = [Look(0, {}, k, right, 40) for k in range(41)] + [
        Look(0, {}, right, k, 40) for k in range(41)
    ]
    said = [check_shares(one, 0, look)[0].passed is None for look in looks]
    assert said == 2 * wrong_shares(np.arange(41), 40, share).tolist()


def harmless(discordance: float, sizes, bounds) -> float:
    """The exact chance that a sign test at these looks ever calls a harmless canary harmful.

    bounds(step, worse, better) -> whether it does. Only discordant pairs matter, so their number
    at each look and the worse ones among them are all there is to know.
    """
    most = sizes[-1]
    alive = np.zeros((most + 1, most + 1))  # worse, better
    alive[0, 0], called = 1.0, 0.0
    worse, better = np.indices(alive.shape)
    for step, (before, n) in enumerate(zip((0, *sizes[:-1]), sizes, strict=True)):
        for _ in range(n - before):
            moved = alive * (1 - discordance)
            moved[1:] += alive[:-1] * discordance / 2
            moved[:, 1:] += alive[:, :-1] * discordance / 2
            alive = moved
        stop = bounds(step, worse, better)
        called += alive[stop].sum()
        alive[stop] = 0
    return called


SMALL = Plan((Step(0.1, 20), Step(0.1, 45), Step(0.3, 70), Step(0.5, 90)), (QUALITY,), 0.2)


def spent(step, worse, better):
    return harm_chance(worse, better) <= levels(SMALL, SMALL.metrics[0])[step] / 2


@pytest.mark.parametrize("discordance", [0.01, 0.1, 0.3, 0.6, 1.0])
def test_a_harmless_canary_is_called_harmful_no_more_often_than_promised(discordance):
    sizes = SMALL.sizes(SMALL.metrics[0])
    assert harmless(discordance, sizes, spent) <= SMALL.metric_alpha / 2


def test_uncorrected_looks_break_that_promise():
    """The control: the whole level at each look."""
    sizes = SMALL.sizes(SMALL.metrics[0])
    peeking = harmless(0.6, sizes, lambda step, w, b: harm_chance(w, b) <= SMALL.metric_alpha / 2)
    assert peeking > 1.5 * SMALL.metric_alpha / 2


@pytest.mark.parametrize("late", [(1, 1, 1, 8), (1, 3, 3, 3), (1, 1, 1.5, 4)])
def test_looks_that_come_late_keep_the_promise(late):
    """With planned levels they do not: looks that have less in common find more by chance."""
    metric = Metric("quality", 0.1)
    close = Plan(tuple(Step(0.1, n) for n in (700, 800, 900, 1000)), (metric,), 0.1)
    sizes = np.array(close.sizes(metric))
    actual = np.round(sizes * late).astype(int)
    given = [2 * float(level_at(close, metric, k, n)) for k, n in enumerate(actual)]
    assert all(own <= planned for own, planned in zip(given, levels(close, metric), strict=True))
    found, planned = (crossed(actual, np.array(each)) for each in (given, levels(close, metric)))
    assert found <= close.metric_alpha < planned


def crossed(sizes, two_sided) -> float:
    return float(crossing(sizes.tolist(), -special.ndtri(two_sided / 2))[-1])


@pytest.mark.parametrize("discordance", [0.101, 0.2, 0.5, 1.0])
def test_a_canary_that_does_the_harm_gets_through_no_more_often_than_promised(discordance):
    """Whatever the earlier looks would have stopped, the last one lets so few through."""
    n, harm, level = 150, 0.1, 0.05
    worse, better = (discordance + harm) / 2, (discordance - harm) / 2
    w, b = np.indices((n + 1, n + 1))
    inside = w + b <= n
    w, b = w[inside], b[inside]
    log = special.gammaln(n + 1) - special.gammaln(w + 1) - special.gammaln(b + 1)
    log += special.xlogy(w, worse) + special.xlogy(b, better) - special.gammaln(n - w - b + 1)
    likely = log + special.xlogy(n - w - b, 1 - worse - better)
    seen = likely > np.log(1e-9)  # some 11,000 tables less, of 1e-5 in all at most
    through = harm_excluded(n, w[seen], b[seen], harm, level)
    assert 0 < np.exp(likely[seen])[through].sum() <= level


COUNTS = {"quality": Pairs(300, 9, 9), "errors": Pairs(300, 3, 3)}
REPLICAS = {"replica-0": "new", "replica-1": "old"}
GOOD = Look(60.0, COUNTS, 3000, 3000, 6000, 5, REPLICAS, REPLICAS)


def decision(look: Look, step: int = 3, of: Plan = PLAN) -> str:
    verdict = judge_look(of, step, look)
    assert all(is_sentence(check.sentence) for check in verdict.checks), verdict.checks
    return verdict.decision


def test_a_good_look_is_promoted():
    assert decision(GOOD) == "promote"


NO_COUNTS = [
    None, Pairs(0, 0, 0), Pairs(-300, 0, 0), Pairs(300, -1, 1), Pairs(300, 200, 101),
    Pairs(NAN, NAN, NAN), Pairs(300, NAN, 3), Pairs(300.0, 3.0, 3.0), Pairs(300, None, 3),
    Pairs("300", "3", "3"), Pairs(True, False, False), (300, 3, 3), "lost", Pairs(0, 1, 0),
]  # fmt: skip


@pytest.mark.parametrize("looks", ["spending", "always-valid"])
@pytest.mark.parametrize("lost", NO_COUNTS, ids=repr)
def test_a_metric_without_counts_is_never_promoted(lost, looks):
    for name in COUNTS:
        for step in range(4):
            broken = replace(GOOD, pairs=COUNTS | {name: lost}, canary=600, baseline=600)
            broken = replace(broken, canary=round(6000 * STEPS[step].share))
            broken = replace(broken, baseline=broken.canary)
            assert decision(broken, step, plan(looks=looks)) == "inconclusive"
            assert not ready(PLAN, step, broken)
    without = {name: pairs for name, pairs in COUNTS.items() if name != "errors"}
    assert decision(replace(GOOD, pairs=without), of=plan(looks=looks)) == "inconclusive"


@pytest.mark.parametrize(
    "change",
    [
        {"failed": None}, {"failed": NAN}, {"failed": -1}, {"failed": 7000}, {"failed": "5"},
        {"requests": 0}, {"requests": None}, {"requests": NAN}, {"canary": None}, {"canary": NAN},
        {"canary": 6001}, {"canary": -1}, {"canary": 300}, {"baseline": 2000}, {"baseline": "3"},
        {"serving": {}}, {"serving": {"replica-0": "new"}}, {"expected": {}},
        {"serving": {}, "expected": {}}, {"serving": REPLICAS | {"replica-1": "new"}},
        {"serving": REPLICAS | {"replica-1": 5}}, {"serving": REPLICAS | {"replica-2": "new"}},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("looks", ["spending", "always-valid"])
def test_what_is_not_to_be_believed_is_never_promoted_and_judges_no_metric(change, looks):
    """Judged while something is unknown, a metric would be looked at again and again."""
    bad = COUNTS | {"quality": Pairs(300, 90, 1)}
    for pairs in (COUNTS, bad):
        look = replace(GOOD, pairs=pairs, **change)
        assert decision(look, of=plan(looks=looks)) == "inconclusive"
    assert decision(replace(GOOD, pairs=bad), of=plan(looks=looks)) == "block"


def test_a_replica_that_is_down_is_no_wrong_version():
    assert decision(replace(GOOD, serving=REPLICAS | {"replica-1": None})) == "promote"


def test_too_many_errors_stop_everything_whatever_else_is_unknown():
    for change in ({}, {"serving": {}}, {"pairs": {}}, {"canary": 100}):
        assert decision(replace(GOOD, failed=600, **change)) == "block"
    assert check_errors(plan(max_errors=None), GOOD) == []


def test_before_its_planned_size_no_metric_is_judged():
    early = {"quality": Pairs(299, 99, 0), "errors": Pairs(300, 99, 0)}
    assert decision(replace(GOOD, pairs=early)) == "inconclusive"
    assert decision(replace(GOOD, pairs=early), of=plan(looks="always-valid")) == "block"


def test_in_the_last_step_harm_must_be_excluded_and_before_only_not_shown():
    few = Plan((Step(0.1, 10), Step(0.5, 20)), (QUALITY,))
    pairs = {"quality": Pairs(20, 2, 2)}
    look = replace(GOOD, pairs=pairs, canary=600, baseline=600)
    assert decision(look, 0, few) == "promote"
    assert decision(replace(GOOD, pairs=pairs), 1, few) == "inconclusive"


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("size", [0.0, 1.0, 1e6])
def test_rates_are_shares_whatever_the_size_of_the_fault(kind, size):
    if size > 1 and kind in ("live shift", "small slice", "crash"):
        return
    for share in (1e-6, 0.5, 1.0):
        for minute in (0.0, 5.0, 1e6):
            for traffic in (Traffic(), Traffic(replicas=1, wrong=1.0, failed=1.0)):
                rates = traffic.rates(Fault(kind, size), share, minute, True)
                for name, rate in rates.items():
                    assert 0 <= rate <= 1
                    for mirrored in (True, False):
                        both = traffic.discordant(name, rate, 0.01, mirrored)
                        assert min(both) >= 0 and sum(both) <= 1

"""A look at the canary: pairs of requests, equally many and equally old, one answered by each
version, and what they show.

A pair in which only the canary failed is worse, one in which only the baseline failed is better.
Without harm a discordant pair is as likely to be the one as the other, whatever the traffic does to
both; so their number decides, by the sign test, which is exact. Harm that matters is excluded by
the exact judge of the gate (limits). Who looks again and again uses the levels of a spending plan,
or a confidence sequence.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import special

from labsupport.checks import Check
from labsupport.delivery.belief import check_errors, check_shares, check_versions, unknown
from labsupport.delivery.look import Look, Pairs, fault
from labsupport.delivery.looks import nominal_levels
from labsupport.delivery.plan import ALWAYS, Metric, Plan
from labsupport.delivery.sequence import confidence_sequence
from labsupport.gate import Verdict, conclude
from labsupport.limits import GUARD, chance

_LATE = 1.02  # of the planned pairs; up to then all looks spend 2% too much at most
_SURE = 1.0  # standard errors by which a rough judge must be sure; tests compare it with the exact


def harm_chance(worse, better) -> np.ndarray:
    """The chance of so many worse pairs, or more, among the discordant ones if the canary does no
    harm: the one-sided sign test.

    Parameters
    ----------
    worse, better : counts, of any one shape.

    Returns
    -------
    Of the same shape; 1 where no pair is worse.
    """
    worse, better = np.asarray(worse, float), np.asarray(better, float)
    tail = special.betainc(np.maximum(worse, 1), better + 1, 0.5)
    return np.where(worse > 0, tail, 1.0)


def harm_excluded(n, worse, better, harm: float, level: float) -> np.ndarray:
    """Whether so favourable counts are no more likely than the level if the canary does that harm:
    the exact judge's word, for every share of discordant pairs.

    Parameters
    ----------
    n, worse, better : counts of pairs, of any one shape.
    harm, level : of the hypothesis, and of the one-sided test.

    Returns
    -------
    Of the same shape; False where there are no pairs.
    """
    n, worse, better = np.broadcast_arrays(n, worse, better)
    distance, pairs = better - worse + n * harm, worse + better
    # The judge is asked only where a rough one doubts, with the smallest variance that the counts
    # allow, or the largest one (Chernoff's limit for the pairs, as the judge's own).
    bar, lost = -special.ndtri(level), math.log(2 / GUARD / level)
    most = np.maximum(pairs + lost + np.sqrt(lost * (lost + 2 * pairs)), n * harm)
    likely = distance >= (bar - _SURE) * np.sqrt(pairs * (1 - harm))
    # Where nearly all pairs are worse, the judge's own bounds are wide, and only he knows how wide.
    surely = (distance > (bar + _SURE) * np.sqrt(most)) & (2 * better >= worse) & (n > 0)
    found = np.array(surely)  # of single counts, too, an array that can be written to
    for where in np.argwhere(likely & ~found & (n > 0)):
        where = tuple(where)
        found[where] = _excludes(int(n[where]), int(worse[where]), int(better[where]), harm, level)
    return found


@lru_cache(maxsize=65536)
def _excludes(n: int, worse: int, better: int, harm: float, level: float) -> bool:
    return chance(n, better, worse, -harm, level) <= level


def ready(plan: Plan, step: int, look: Look) -> bool:
    """Whether a look has all the pairs with which its step is judged."""
    return all(
        fault(look.pairs.get(metric.name)) is None
        and look.pairs[metric.name].n >= plan.sizes(metric)[step]
        for metric in plan.metrics
    )


def judge_look(plan: Plan, step: int, look: Look) -> Verdict:
    """What a look says: may the rollout go on?

    Parameters
    ----------
    plan : the rollout's policy.
    step : that the look is taken in, from 0.
    look : what was measured.

    Returns
    -------
    Verdict: "block" when harm is shown, "promote" when the step is passed, "inconclusive" while it
    cannot be told. In the last step only a metric whose harm is excluded has passed. Where replicas
    serve another bundle than they should, the groups did not get their shares, or nobody knows how
    many of all requests failed, no metric is judged.
    """
    alarms = check_errors(plan, look)
    doubts = [*check_versions(look), *check_shares(plan, step, look)]
    # A metric that is judged again and again until all is known spends more than it has.
    if any(check.passed is None for check in [*doubts, *alarms]):
        return conclude([*doubts, *alarms])
    judged = [_check_metric(plan, step, metric, look) for metric in plan.metrics]
    return conclude([*alarms, *judged, *doubts])


@lru_cache(maxsize=1024)
def levels(plan: Plan, metric: Metric) -> tuple[float, ...]:
    """The two-sided level of a metric's look at the end of each step, as the plan spends alpha."""
    return tuple(map(float, nominal_levels(plan.sizes(metric), plan.metric_alpha)))


def level_at(plan: Plan, metric: Metric, step: int, n) -> np.ndarray:
    """The one-sided level of a metric's look at the end of a step, after n pairs.

    A look that comes later than planned has less in common with the ones before it than its level
    counts on, so it gets what its step alone may spend: whatever looks have in common, that adds up
    to alpha.

    Parameters
    ----------
    n : pairs so far, of any shape.
    """
    sizes = (0, *plan.sizes(metric))
    own = plan.metric_alpha * (sizes[step + 1] ** 2 - sizes[step] ** 2) / sizes[-1] ** 2
    late = np.asarray(n) > _LATE * sizes[step + 1]
    return np.where(late, own, levels(plan, metric)[step]) / 2


def _check_metric(plan: Plan, step: int, metric: Metric, look: Look) -> Check:
    pairs = look.pairs.get(metric.name)
    if why := fault(pairs):
        return unknown(metric.name, metric.harm, f"{metric.name}: {why}, so nobody knows.")
    last = step == len(plan.steps) - 1
    wanted = plan.sizes(metric)[step]
    enough = pairs.n >= wanted
    passed, told = None, "too few pairs to tell"
    if plan.looks != ALWAYS and not ready(plan, step, look):
        words = f"{metric.name}: {pairs.n:,} of {wanted:,} pairs; no look is spent yet."
        return Check(metric.name, None, pairs.harm, metric.harm, None, words)
    judge = _always_valid if plan.looks == ALWAYS else _spending
    harmful, harmless, words = judge(plan, step, metric, pairs)
    if harmful:
        passed, told = False, "harm is shown"
    elif enough and not last:
        passed, told = True, "no harm is shown"
    elif enough:
        passed = True if harmless else None
        told = f"harm that matters is {'' if harmless else 'not '}excluded"
    counted = f"{pairs.worse} worse and {pairs.better} better of {pairs.n:,} pairs"
    sentence = f"{metric.name}: {counted} ({words}): {told}."
    return Check(metric.name, None, pairs.harm, metric.harm, passed, sentence)


def _spending(plan: Plan, step: int, metric: Metric, pairs: Pairs) -> tuple[bool, bool, str]:
    """Is harm shown, is harm that matters excluded, and by what: with the level of this look."""
    level = float(level_at(plan, metric, step, pairs.n))
    found = float(harm_chance(pairs.worse, pairs.better))
    last = step == len(plan.steps) - 1
    level_last = plan.metric_alpha / 2
    harmless = last and bool(harm_excluded(*_counts(pairs), metric.harm, level_last))
    return found <= level, harmless, f"p = {found:.2g}, level {level:.2g}"


def _always_valid(plan: Plan, step: int, metric: Metric, pairs: Pairs) -> tuple[bool, bool, str]:
    """The same, however often one looks."""
    low, high = confidence_sequence(pairs.worse, pairs.better, pairs.n, plan.metric_alpha)
    words = f"truly {float(low):+.4f} to {float(high):+.4f} at every look"
    return bool(low > 0), bool(high < metric.harm), words


def _counts(pairs: Pairs) -> tuple[int, int, int]:
    return pairs.n, pairs.worse, pairs.better

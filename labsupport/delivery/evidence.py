"""A look at the canary: pairs of requests, equally many and equally old, one answered by each
version, and what they show.

A pair in which only the canary failed is worse, one in which only the baseline failed is better.
Without harm a discordant pair is as likely to be the one as the other, whatever the traffic does to
both; so their number decides, by the sign test, which is exact. Harm that matters is excluded by
the exact judge of the gate (limits). Who looks again and again uses the levels of a spending plan,
or a confidence sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from numbers import Integral

import numpy as np
from scipy import special

from labsupport.checks import Check
from labsupport.delivery.looks import nominal_levels
from labsupport.delivery.plan import ALWAYS, Metric, Plan
from labsupport.delivery.sequence import confidence_sequence
from labsupport.gate import Verdict, conclude
from labsupport.limits import chance

_SURE = 1.0  # standard errors by which a rough judge must be sure; tests compare it with the exact
RATIO_LEVEL = 0.001  # the chance that right shares are ever called wrong, a step and a group


@dataclass(frozen=True)
class Pairs:
    """Counts of pairs since the rollout began, of one metric.

    Attributes
    ----------
    n : pairs for which both outcomes are known.
    worse, better : those in which only the canary failed, and only the baseline.
    """

    n: int
    worse: int
    better: int

    @property
    def harm(self) -> float:
        """By how many requests in one the canary fails more often; NaN without pairs."""
        return (self.worse - self.better) / self.n if self.n else float("nan")


@dataclass(frozen=True)
class Look:
    """What a fleet has measured.

    Attributes
    ----------
    minute : since the rollout began.
    pairs : {metric: Pairs} since the rollout began. A metric that was lost is missing, or None.
    canary, baseline, requests : in this step, how many requests each of the two groups got, and how
        many came in all.
    failed : of those that came in this step, how many got no answer; None: nobody knows.
    serving : {replica: digest of the bundle that it serves, None while it is down}.
    expected : {replica: digest of the bundle that it should serve}.
    """

    minute: float
    pairs: Mapping[str, Pairs | None]
    canary: int
    baseline: int
    requests: int
    failed: int | None = None
    serving: Mapping[str, str | None] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)


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
    distance = better - worse + n * harm
    pairs = np.maximum(worse + better, 1)
    # The judge is asked only where a rough one, with the smaller or the larger variance, doubts.
    low = distance / np.sqrt(np.maximum(pairs, n * harm)) + special.ndtri(level)
    high = distance / np.sqrt(pairs) + special.ndtri(level)
    found = np.asarray(low > _SURE)
    for where in np.argwhere((high > -_SURE) & ~found & (n > 0)):
        where = tuple(where)
        found[where] = _excludes(int(n[where]), int(worse[where]), int(better[where]), harm, level)
    return found


@lru_cache(maxsize=65536)
def _excludes(n: int, worse: int, better: int, harm: float, level: float) -> bool:
    return chance(n, better, worse, -harm, level) <= level


def ready(plan: Plan, step: int, look: Look) -> bool:
    """Whether a look has all the pairs with which its step is judged."""
    return all(
        _fault(look.pairs.get(metric.name)) is None
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
    serve another bundle than they should, or the groups did not get their shares, no metric is
    believed.
    """
    alarms = check_errors(plan, look)
    doubts = [*_check_versions(look), *_check_shares(plan, step, look)]
    if any(check.passed is None for check in doubts):
        return conclude([*doubts, *alarms])
    judged = [_check_metric(plan, step, metric, look) for metric in plan.metrics]
    return conclude([*alarms, *judged, *doubts])


@lru_cache(maxsize=1024)
def levels(plan: Plan, metric: Metric) -> tuple[float, ...]:
    """The two-sided level of a metric's look at the end of each step, as the plan spends alpha."""
    return tuple(map(float, nominal_levels(plan.sizes(metric), plan.metric_alpha)))


def _check_metric(plan: Plan, step: int, metric: Metric, look: Look) -> Check:
    pairs = look.pairs.get(metric.name)
    if why := _fault(pairs):
        return _unknown(metric.name, metric.harm, f"{metric.name}: {why}, so nobody knows.")
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
    level = levels(plan, metric)[step] / 2
    found = float(harm_chance(pairs.worse, pairs.better))
    harmless = bool(harm_excluded(*_counts(pairs), metric.harm, plan.metric_alpha / 2))
    return found <= level, harmless, f"p = {found:.2g}, level {level:.2g}"


def _always_valid(plan: Plan, step: int, metric: Metric, pairs: Pairs) -> tuple[bool, bool, str]:
    """The same, however often one looks."""
    low, high = confidence_sequence(pairs.worse, pairs.better, pairs.n, plan.metric_alpha)
    words = f"truly {float(low):+.4f} to {float(high):+.4f} at every look"
    return bool(low > 0), bool(high < metric.harm), words


def _check_shares(plan: Plan, step: int, look: Look) -> list[Check]:
    """Did canary and baseline get the shares that were asked for? Valid at every look."""
    share = plan.steps[step].share
    for group, got in {"canary": look.canary, "baseline": look.baseline}.items():
        if not 0 <= got <= look.requests:
            return [
                _unknown("shares", share, f"Of {look.requests} requests the {group} got {got}.")
            ]
        if _log_ratio(got, look.requests, share) >= -np.log(RATIO_LEVEL):
            sentence = (
                f"The {group} got {got:,} of {look.requests:,} requests, where a share of "
                f"{share:g} was asked for. That is no chance, so what the groups measured is "
                "not believed; mend the splitter."
            )
            return [Check("shares", group, got / look.requests, share, None, sentence)]
    sentence = f"Canary and baseline got their share of {share:g}."
    return [Check("shares", None, look.canary / max(look.requests, 1), share, True, sentence)]


def _check_versions(look: Look) -> list[Check]:
    """Does every replica serve the bundle that it should?"""
    wrong = {
        replica: digest
        for replica, digest in look.serving.items()
        if digest is not None and digest != look.expected.get(replica)
    }
    wrong |= {replica: "none" for replica in look.expected if replica not in look.serving}
    if not wrong:
        return []
    replica, digest = min(wrong.items())
    sentence = (
        f"{len(wrong)} of {len(look.expected)} replicas do not serve what they should: "
        f"{replica} serves {digest[:12]}, not {look.expected.get(replica, 'anything')[:12]}."
    )
    return [Check("versions", replica, len(wrong), 0, None, sentence)]


def check_errors(plan: Plan, look: Look) -> list[Check]:
    """Do all requests together fail too often? Valid at every look, within the step."""
    if plan.max_errors is None:
        return []
    bound = plan.max_errors
    if look.failed is None or not 0 <= look.failed <= look.requests or not look.requests:
        return [_unknown("all errors", bound, "Nobody knows how many of all requests failed.")]
    shown = bool(
        exceeds(look.failed, look.requests, bound, plan.metric_alpha / 2 / len(plan.steps))
    )
    share = look.failed / look.requests
    words = "more than" if shown else "not shown to be more than"
    sentence = f"Of all requests {100 * share:.2f}% fail, {words} the {100 * bound:g}% allowed."
    return [Check("all errors", None, share, bound, not shown, sentence)]


def exceeds(failed, n, bound: float, level: float) -> np.ndarray:
    """Whether more than a share of requests fails; wrong at most so often as the level, however
    often one looks: the mean likelihood ratio of all shares above the bound, held against 1 / level
    (Ville's inequality; H. Robbins, Annals of Mathematical Statistics 41 (1970), 1397-1409).

    Parameters
    ----------
    failed, n : counts, of any one shape.
    """
    failed, n = np.asarray(failed, float), np.asarray(n, float)
    with np.errstate(divide="ignore"):
        above = np.log(special.betaincc(failed + 1, n - failed + 1, bound) / (1 - bound))
    return _log_ratio(failed, n, bound) + above >= -np.log(level)


def _log_ratio(k, n, share: float) -> np.ndarray:
    """Logarithm of the mean likelihood ratio of all shares from 0 to 1 against this one."""
    written = special.xlogy(k, share) + special.xlog1py(n - k, -share)
    return special.betaln(k + 1, n - k + 1) - written


def _fault(pairs: object) -> str | None:
    """Why counts are none."""
    if not isinstance(pairs, Pairs):
        return "not measured"
    counts = _counts(pairs)
    if not all(isinstance(c, Integral) and not isinstance(c, bool) for c in counts):
        return "its counts are no whole numbers"
    if not counts[0] > 0 or min(counts) < 0 or pairs.worse + pairs.better > pairs.n:
        return "no pairs" if counts[0] == 0 else "its counts contradict each other"
    return None


def _counts(pairs: Pairs) -> tuple[int, int, int]:
    return pairs.n, pairs.worse, pairs.better


def _unknown(name: str, bound: float, sentence: str) -> Check:
    return Check(name, None, float("nan"), bound, None, sentence)

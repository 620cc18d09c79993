"""Whether a look is to be believed at all: who serves what, who got which share of the requests,
and how many of all requests fail. All of it may be asked at every look.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from labsupport.checks import Check
from labsupport.delivery.look import Look, is_count
from labsupport.delivery.plan import Plan

RATIO_LEVEL = 0.001  # the chance that right shares are ever called wrong, a step and a group


def check_versions(look: Look) -> list[Check]:
    """Does every replica serve the bundle that it should?"""
    if not look.expected:
        return [unknown("versions", 0, "Nobody knows which replica should serve which bundle.")]
    wrong = {
        replica: str(digest)
        for replica, digest in look.serving.items()
        if digest is not None and digest != look.expected.get(replica)
    }
    wrong |= {replica: "(unknown)" for replica in look.expected if replica not in look.serving}
    if not wrong:
        return []
    replica, digest = min(wrong.items(), key=lambda item: str(item[0]))
    sentence = (
        f"{len(wrong)} of {len(look.expected)} replicas do not serve what they should: "
        f"{replica} serves {digest[:12]}, not {str(look.expected.get(replica, 'anything'))[:12]}."
    )
    return [Check("versions", replica, len(wrong), 0, None, sentence)]


def check_shares(plan: Plan, step: int, look: Look) -> list[Check]:
    """Did canary and baseline get the shares that were asked for? Valid at every look."""
    share = plan.steps[step].share
    for group, got in {"canary": look.canary, "baseline": look.baseline}.items():
        if not (is_count(got) and is_count(look.requests) and got <= look.requests):
            sentence = f"Of {look.requests} requests the {group} got {got}, which cannot be."
            return [unknown("shares", share, sentence)]
        if wrong_shares(got, look.requests, share):
            sentence = (
                f"The {group} got {got:,} of {look.requests:,} requests, where a share of "
                f"{share:g} was asked for; that is no chance, so what the groups measured is not "
                "believed: mend the splitter."
            )
            return [Check("shares", group, got / look.requests, share, None, sentence)]
    sentence = f"Canary and baseline got their share of {share:g}."
    return [Check("shares", None, look.canary / max(look.requests, 1), share, True, sentence)]


def check_errors(plan: Plan, look: Look) -> list[Check]:
    """Do all requests together fail too often? Valid at every look, within the step."""
    if plan.max_errors is None:
        return []
    bound = plan.max_errors
    known = is_count(look.failed) and is_count(look.requests)
    if not known or not look.failed <= look.requests or not look.requests:
        return [unknown("all errors", bound, "Nobody knows how many of all requests failed.")]
    shown = bool(
        exceeds(look.failed, look.requests, bound, plan.metric_alpha / 2 / len(plan.steps))
    )
    share = look.failed / look.requests
    words = "more than" if shown else "not shown to be more than"
    sentence = f"Of all requests {100 * share:.2f}% fail, {words} the {100 * bound:g}% allowed."
    return [Check("all errors", None, share, bound, not shown, sentence)]


def wrong_shares(got, n, share: float) -> np.ndarray:
    """Whether a group got another share of n requests than was asked for; wrong at most so often as
    RATIO_LEVEL, however often one looks.

    Parameters
    ----------
    got, n : counts, of any one shape.
    """
    return _log_ratio(got, n, share) >= -np.log(RATIO_LEVEL)


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


def unknown(name: str, bound: float, sentence: str) -> Check:
    """A check of what nobody knows; it has not passed."""
    return Check(name, None, float("nan"), bound, None, sentence)

"""The conjunction of quality, judge, attacks and over-blocking, each step replaceable."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from labsupport.evals import share

PROMOTE, BLOCK, OPEN = "promote", "block", "inconclusive"
QUALITY, JUDGE, ATTACKS, BLOCKING = "quality", "judge", "attacks", "over-blocking"

ends = lru_cache(maxsize=4096)(share)

# The right answer, and the parts in which it can be changed: a check is True, False or None (open)


def at_most(bad: int, tried: int, most: float) -> bool | None:
    """Whether the rate of bad ones is shown to be at most this."""
    if tried == 0:
        return False
    found = ends(bad, tried)
    return found.high <= most or (False if found.low > most else None)


def ahead(better: int, worse: int) -> bool | None:
    """Whether the candidate is shown to be better where both differ."""
    if better + worse == 0:
        return None
    found = ends(better, better + worse)
    return found.low > 1 / 2 or (False if found.high < 1 / 2 else None)


def with_errors(good: int, bad: int, errors: int) -> tuple[int, int]:
    """Bad ones and all: an error is no good one."""
    return bad + errors, good + bad + errors


def of_quality(quality, ahead=ahead, errors=True) -> bool | None:
    """The check of the quality; without a task it has failed."""
    better, worse, same, failed = quality
    if better + worse + same + failed == 0:
        return False
    return ahead(better, worse + failed * errors)


def of_family(families, most, at_most, counted) -> dict:
    """A check for each family; without any, attacks have failed."""
    found = {name: at_most(*counted(*counts), most) for name, counts in families.items()}
    return found or {ATTACKS: False}


def both_examined(approved) -> bool:
    """Whether the judge passed its examination on both sides."""
    return all(one is True for one in approved)


def decided(checks: dict) -> tuple:
    """The conjunction: what failed, or else what is open."""
    for decision, found in ((BLOCK, False), (OPEN, None)):
        if names := frozenset(name for name, passed in checks.items() if passed is found):
            return decision, names
    return PROMOTE, frozenset()


def judged(
    quality: Callable = of_quality,
    approved: Callable = both_examined,
    families: Callable = of_family,
    at_most: Callable = at_most,
    counted: Callable = with_errors,
    blocking: Callable | None = None,
    decided: Callable = decided,
    unapproved: Callable = lambda passed: True,
) -> Callable:
    """The right answer with any of its steps replaced.

    Parameters
    ----------
    blocking : as at_most, for the over-blocking alone.
    unapproved : unapproved(passed) -> what quality is without an approved judge; True: not looked
        at.
    """

    def answer(of, approvals, attacks, allowed, most):
        fit = approved(approvals)
        passed = quality(of)
        checks = {
            QUALITY: passed if fit else unapproved(passed),
            JUDGE: fit,
            **families(attacks, most, at_most, counted),
            BLOCKING: (blocking or at_most)(*counted(*allowed), most),
        }
        return decided(checks)

    return answer

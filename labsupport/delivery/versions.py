"""Is what was judged what was delivered and what is served: digests, compared."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from labsupport.checks import Check


def same_everywhere(
    evaluated: str, delivered: str, served: Mapping[str, str | None]
) -> list[Check]:
    """Is what the gate has judged what was delivered and what is served?

    Parameters
    ----------
    evaluated, delivered : digests of bundles.
    served : {replica: digest, None while it is down}.

    Returns
    -------
    A Check each for the delivery and the fleet: failed where a digest differs or is none, in doubt
    where no replica is up. See mixed_versions for who serves what.
    """
    digests = {"evaluated": evaluated, "delivered": delivered}
    unknown = [name for name, digest in digests.items() if not _is_digest(digest)]
    same = not unknown and delivered == evaluated
    said = "What was delivered is what was judged."
    if unknown:
        said = f"Nobody knows what was {unknown[0]}, so it is not the same."
    elif not same:
        said = f"What was delivered is {delivered[:12]}, judged was {evaluated[:12]}."
    value = math.nan if unknown else float(not same)
    return [
        Check("delivered", None, value, 0, same, said),
        _check_served(None if unknown[:1] == ["evaluated"] else evaluated, served),
    ]


def _check_served(evaluated: str | None, served: Mapping[str, str | None]) -> Check:
    """Does every replica that is up serve what was judged?"""
    up = {replica: digest for replica, digest in served.items() if digest is not None}
    if evaluated is None:
        said = "Nobody knows what was evaluated, so nobody knows whether it is served."
        return Check("served", None, math.nan, 0, False, said)
    if not up:
        said = "No replica is up, so nobody knows what is served."
        return Check("served", None, math.nan, 0, None, said)
    others = {replica: digest for replica, digest in up.items() if digest != evaluated}
    down = f", and {len(served) - len(up)} are down" if len(up) < len(served) else ""
    said = f"All {len(up)} replicas that are up serve what was judged{down}."
    if others:
        replica, digest = min(others.items())
        said = (
            f"{len(others)} of {len(up)} replicas serve another bundle: {replica} has "
            f"{digest!s:.12}, judged was {evaluated[:12]}{down}."
        )
    return Check("served", None, float(len(others)), 0, not others, said)


def mixed_versions(served: Mapping[str, str | None]) -> str | None:
    """What a fleet with more than one bundle serves, in a sentence; None for a fleet with one.

    Parameters
    ----------
    served : {replica: digest, None while it is down}.
    """
    groups: dict[str, list[str]] = {}
    for replica, digest in sorted(served.items()):
        if digest is not None:
            groups.setdefault(digest, []).append(replica)
    if len(groups) < 2:
        return None
    by_size = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    told = "; ".join(f"{digest!s:.12} on {_few(replicas)}" for digest, replicas in by_size)
    return f"The fleet serves {len(groups)} bundles, {told}; bring all of it to one."


def _few(replicas: list[str]) -> str:
    """The names of a few replicas, and how many more there are."""
    more = len(replicas) - 3
    return ", ".join(replicas[:3]) + (f" and {more} more" if more > 0 else "")


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{64}", value))

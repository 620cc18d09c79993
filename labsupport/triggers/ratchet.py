"""The line of champions, and the one way into it: through the gate, against the latest champion and
against the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from labsupport.comparisons import Comparison
from labsupport.gate import Policy, Verdict, gate
from labsupport.outcomes import PairedOutcomes


@dataclass(frozen=True)
class Line:
    """Who serves, and who was best.

    Attributes
    ----------
    latest : the name of the champion that serves.
    anchor : the name of the best champion so far.
    """

    latest: object
    anchor: object

    @classmethod
    def begin(cls, champion: object) -> Line:
        """The line of a first champion, which is its own anchor."""
        return cls(champion, champion)


def judge(
    line: Line,
    candidate: object,
    compare: Callable[[object, object], Comparison],
    policy: Policy,
    anchored: bool = True,
) -> tuple[Line, Verdict]:
    """Put a candidate to the gate; the line that comes of it, and the verdict.

    The candidate serves if the gate promotes it, and not otherwise. It is the new anchor if it is
    also at least as good as the old one, on the same rows: a score from other weeks would not be
    comparable.

    Parameters
    ----------
    compare : compare(candidate, champion) -> Comparison on rows that neither has seen.
    policy : the gate's.
    anchored : compare with the anchor as well; False shows what happens otherwise.
    """
    against_best = compare(candidate, line.anchor)
    verdict = gate(compare(candidate, line.latest), policy, against_best if anchored else None)
    if verdict.decision != "promote":
        return line, verdict
    best = candidate if against_best.exact_gain >= 0 else line.anchor
    return Line(candidate, best), verdict


def succession(
    right: Iterable[int], n: int, policy: Policy, anchored: bool = True
) -> list[tuple[int, Verdict]]:
    """Candidates that come one after the other, each known by how many of n rows it has right.

    Of two models the better one is right wherever the other is: without discordant pairs both ways,
    nothing is left to chance.

    Parameters
    ----------
    right : of the first champion, then of each candidate.

    Returns
    -------
    One (rows right of the champion that serves then, verdict) per candidate.

    Raises
    ------
    ValueError : there is no first champion.
    """
    counts = list(right)
    if not counts:
        raise ValueError("A succession starts with a champion; give its number of rows right.")
    line, came = Line.begin(counts[0]), []
    for candidate in counts[1:]:
        line, verdict = judge(line, candidate, lambda a, b: _nested(a, b, n), policy, anchored)
        came.append((line.latest, verdict))
    return came


def _nested(candidate: int, champion: int, n: int) -> PairedOutcomes:
    both = min(candidate, champion)
    return PairedOutcomes(both, candidate - both, champion - both, n - max(candidate, champion))

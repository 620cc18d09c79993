"""After a rollout: the old champion goes on scoring the same requests, and is taken back where the
new one regresses.
"""

from __future__ import annotations

import numpy as np

from labsupport.checks import Check
from labsupport.delivery import harm_wealth, mixed_versions
from labsupport.delivery.belief import exceeds
from labsupport.gate import Verdict, conclude
from labsupport.ops.loop.fleet import Answers
from labsupport.ops.loop.policy import LoopPolicy
from labsupport.ops.loop.rows import segments

EVERYWHERE = "all"


class Watch:
    """What is known of a version since everybody got it.

    Parameters
    ----------
    policy : whose alpha is shared out over all, each segment, and late answers.
    """

    def __init__(self, policy: LoopPolicy) -> None:
        self._policy = policy
        self._counts = {name: np.zeros(2, int) for name in (EVERYWHERE, *segments())}
        self._slow, self._requests = 0, 0

    def add(self, day: Answers) -> None:
        """Count a day's requests."""
        for name, counts in self._counts.items():
            mask = slice(None) if name == EVERYWHERE else segments()[name][day.rows]
            counts += np.array([int(seen[mask].sum()) for seen in (day.worse, day.better)])
        self._slow += int(day.slow.sum())
        self._requests += len(day.slow)

    def judge(self, served: dict[str, str | None]) -> Verdict:
        """Whether the version may stay; valid every evening, since each bound holds at every look.

        Parameters
        ----------
        served : {replica: digest of the bundle that it serves}.
        """
        level = self._policy.alpha / (len(self._counts) + 1)
        return conclude([_one_version(served), self._late(level), *self._quality(level)])

    def _late(self, level: float) -> Check:
        bound, share = self._policy.slow, self._slow / max(self._requests, 1)
        shown = bool(exceeds(self._slow, self._requests, bound, level))
        said = (
            f"{self._slow:,} of {self._requests:,} answers were late, "
            f"{'' if shown else 'not shown to be '}more than {100 * bound:g}%."
        )
        return Check("slow", None, share, bound, not shown, said)

    def _quality(self, level: float) -> list[Check]:
        tables = np.array(list(self._counts.values())) // self._policy.together
        wealth, found = harm_wealth(tables[:, 0], tables[:, 1]), []
        for (name, (worse, better)), won in zip(self._counts.items(), wealth, strict=True):
            where, harmed = None if name == EVERYWHERE else name, won >= 1 / level
            said = (
                f"{'All' if where is None else where}: only the new version wrong {worse:,} times, "
                f"only the old one {better:,} times: {'harm is' if harmed else 'no harm'} shown."
            )
            found.append(Check("quality", where, float(worse - better), 0, not harmed, said))
        return found


def _one_version(served: dict[str, str | None]) -> Check:
    mixed = mixed_versions(served)
    said = mixed or "All replicas serve one bundle."
    bundles = len({bundle for bundle in served.values() if bundle is not None})
    return Check("versions", None, float(bundles), 1, mixed is None, said)

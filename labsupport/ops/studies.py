"""What fans out in the lab's own world: many retrainings, and how often a gate promotes luck.

Work is cut into blocks of `BLOCK` seeds, whoever does it. fit_logistic_many gives the same bits for
every block (a test says so), since each of its models is computed by itself; blocks of one size
keep it so whatever numpy does for larger stacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from labsupport.evals.estimate import Estimate, share
from labsupport.gate import EXIT_STATUS, Policy, gate
from labsupport.ops.cluster.spreading import spread
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic_many, predict
from labsupport.world import Examples, World

BLOCK = 25  # seeds: half a second of work, so that a bar moves and no worker waits long


@dataclass(frozen=True)
class Luck:
    """How a gate judged candidates that are no better than the baseline.

    Attributes
    ----------
    promote, block, inconclusive : how many candidates got which decision.
    """

    promote: int
    block: int
    inconclusive: int

    @property
    def n(self) -> int:
        """Candidates that were judged."""
        return self.promote + self.block + self.inconclusive

    def rate(self, confidence: float = 0.95) -> Estimate:
        """The share that was promoted, with Clopper and Pearson's interval."""
        return share(self.promote, self.n, confidence)


def retrainings(
    world: World,
    seeds: Sequence[int],
    n: int,
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> np.ndarray:
    """fit_logistic_many(world, seeds, n) by whoever `executor` is, to the last bit.

    Processors of another kind may round otherwise; workers of one kind do not differ.

    Parameters
    ----------
    progress : called with the number of seeds that are done since the last call.

    Returns
    -------
    (len(seeds), d) float array, one row of weights per seed.
    """
    bare = replace(world, holdout=Examples(world.holdout.X[:0], world.holdout.y[:0]))
    fit = partial(_fit, bare, n)
    parts = spread(fit, _blocks(seeds), executor, _times(len(seeds), progress))
    return np.concatenate([np.zeros((0, len(world.weights))), *parts])


def aa_studies(
    seeds: Sequence[int],
    n: int,
    policies: Mapping[str, Policy],
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> dict[str, Luck]:
    """What several gates say to the same candidates that are no better: candidate and baseline are
    the same recipe on other rows, so whatever is promoted is luck.

    Parameters
    ----------
    seeds : one a pair of models; seed s trains the candidate on sample 2 s + 1,000,001 and the
        baseline on the one before it, so no two pairs share a row.
    n : training rows of each model.
    policies : {name: what a candidate must clear}.
    progress : called with the number of pairs that are done since the last call.

    Returns
    -------
    {name: Luck}, counts, the same whoever did the work.

    Raises
    ------
    ValueError : no seeds, a seed below 0 or twice, or no rows.
    """
    seeds = [int(seed) for seed in seeds]
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ValueError(
            f"An A/A study needs seeds, each from 0 on and once; got {len(seeds)} seeds."
        )
    if n < 1:
        raise ValueError(f"A training sample needs at least one row; got n = {n}.")
    judge = partial(_judged, dict(policies), n)
    parts = spread(judge, _blocks(seeds), executor, _times(len(seeds), progress))
    found = Counter()
    for part in parts:
        found.update(part)
    return {name: Luck(**{word: found[name, word] for word in EXIT_STATUS}) for name in policies}


def aa_study(
    seeds: Sequence[int], n: int, policy: Policy, executor: Executor | None = None
) -> Luck:
    """How often this policy promotes luck; see aa_studies."""
    return aa_studies(seeds, n, {"": policy}, executor)[""]


def aa_outcomes(seeds: Sequence[int], n: int) -> list[PairedOutcomes]:
    """The pairs of an A/A study on the world's holdout, in this process."""
    world = World.create()
    samples = [1_000_000 + 2 * seed + which for seed in seeds for which in (1, 0)]
    models = fit_logistic_many(world, samples, n)
    X, y = world.holdout.X, world.holdout.y
    right = [predict(weights, X) for weights in models]
    pairs = zip(right[::2], right[1::2], strict=True)
    return [PairedOutcomes.from_predictions(y, *pair) for pair in pairs]


def _fit(world: World, n: int, seeds: Sequence[int]) -> np.ndarray:
    return fit_logistic_many(world, seeds, n)


def _judged(policies: Mapping[str, Policy], n: int, seeds: Sequence[int]) -> Counter:
    return Counter(
        (name, gate(outcomes, policy).decision)
        for outcomes in aa_outcomes(seeds, n)
        for name, policy in policies.items()
    )


def _blocks(seeds: Sequence[int]) -> list[Sequence[int]]:
    return [seeds[start : start + BLOCK] for start in range(0, len(seeds), BLOCK)]


def _times(total: int, progress: Callable[[int], object] | None) -> Callable[[int], None] | None:
    """Count seeds where `spread` counts blocks, the last of which may be smaller; which block was
    done does not matter to a bar.
    """
    if progress is None:
        return None
    left = total

    def done(blocks: int) -> None:
        nonlocal left
        now = min(left, blocks * BLOCK)
        left -= now
        progress(now)

    return done

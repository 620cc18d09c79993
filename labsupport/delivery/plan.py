"""What a rollout must clear, written down before it begins: steps, metrics, and one budget of false
alarms.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from fractions import Fraction
from functools import lru_cache

from labsupport.delivery.looks import nominal_levels
from labsupport.durable import digest
from labsupport.exact import as_written, check_count, check_level
from labsupport.gate import Policy

SHADOW, CANARY, STAGES = "shadow", "canary", "stages"
SPENDING, ALWAYS = "spending", "always-valid"
_LEAST, _MOST = Fraction(1, 10**12), 10**12
BELIEF = ("versions", "shares", "all errors")  # checks that come before any metric's


@dataclass(frozen=True)
class Metric:
    """Something that can go wrong with a request.

    Attributes
    ----------
    name : "quality" for a wrong answer, "errors" for none, "slow" for one beyond the old version's
        own 99th percentile; "quality on SLICE" for the requests of a slice.
    harm : the smallest harm that matters, as a share of the requests it is about: at 0.02 a canary
        that fails two more in a hundred than the baseline must not get through.
    share : of all pairs, those for which it is known: labels that never come and a slice's part of
        the traffic make it less than 1.

    Raises
    ------
    TypeError, ValueError : not such a share.
    """

    name: str
    harm: float
    share: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"A metric's name is a text; got {self.name!r}.")
        if not self.name or self.name in BELIEF:
            raise ValueError(f"A metric needs a name, and none of {BELIEF}; got {self.name!r}.")
        for name in ("harm", "share"):
            share = as_written(getattr(self, name), f"{self.name}: {name}")
            if not _LEAST <= share <= 1:
                raise ValueError(
                    f"{self.name}: {name} is a share, above 0 (10^-12 at least) and at most 1; got "
                    f"{getattr(self, name)!r}."
                )
            object.__setattr__(self, name, float(share))


@dataclass(frozen=True)
class Step:
    """How much traffic, and how long.

    Attributes
    ----------
    share : of all requests, those that the canary gets; as many go to its baseline, so at most a
        half. In the first step, the shadow, that share is answered by both and the canary's answers
        are thrown away.
    pairs : pairs of requests since the rollout began, after which this step is judged.

    Raises
    ------
    TypeError, ValueError : no such share, or no whole number of pairs.
    """

    share: float
    pairs: int

    def __post_init__(self) -> None:
        if not 0 < as_written(self.share, "share") <= as_written(0.5):
            raise ValueError(
                "A step's share is above 0 and at most 0.5, since its baseline gets as much; got "
                f"{self.share!r}."
            )
        check_count(self.pairs, "pairs")
        if isinstance(self.pairs, bool) or self.pairs > _MOST:
            raise ValueError(f"pairs is a whole number, at most 10^12; got {self.pairs!r}.")
        object.__setattr__(self, "share", float(as_written(self.share)))
        object.__setattr__(self, "pairs", int(self.pairs))


@lru_cache(maxsize=256, typed=True)  # 0.1 is as it is written, and Fraction(0.1) is not
def _sizes(share: float, pairs: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(1, int(as_written(share) * each)) for each in pairs)


@dataclass(frozen=True)
class Plan:
    """A rollout's policy.

    Attributes
    ----------
    steps : the first is the shadow, the second the canary, then come the stages.
    metrics : each is judged at the end of every step.
    alpha : the budget of errors over all looks and metrics, shared out equally over the metrics. At
        most half of it is the chance that a version as good as the old one is ever called harmful;
        at most half a metric's part, that one which does that metric's harm gets through.
    deadline : minutes that a step may last; then what could not be shown has failed.
    max_errors : the share of all requests, old version's and new one's, that may fail; a harm that
        hits both is in no comparison. None: no such check.
    looks : "spending": one look at the end of each step, and alpha is spent over them;
        "always-valid": everybody may look at any time.

    Raises
    ------
    TypeError, ValueError : not such a plan.
    """

    steps: tuple[Step, ...]
    metrics: tuple[Metric, ...]
    alpha: float = 0.05
    deadline: float = 240.0
    max_errors: float | None = 0.02
    looks: str = SPENDING

    def __post_init__(self) -> None:
        for name, kind in (("steps", Step), ("metrics", Metric)):
            object.__setattr__(self, name, _made(getattr(self, name), name, kind))
        sizes = [step.pairs for step in self.steps]
        if len(sizes) < 2 or any(b <= a for a, b in itertools.pairwise(sizes)):
            raise ValueError(
                "A plan has a shadow step, a canary step and any number of stages, each judged "
                f"after more pairs than the one before; got {sizes}."
            )
        names = [metric.name for metric in self.metrics]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"A plan has metrics, each with a name of its own; got {names}.")
        self._check_bounds()
        self._check_sizes()

    def _check_bounds(self) -> None:
        check_level(float(as_written(self.alpha, "alpha")), "alpha")
        if self.alpha < _LEAST:
            raise ValueError(f"alpha is a probability, at least 10^-12; got {self.alpha!r}.")
        if not 0 < as_written(self.deadline, "deadline") <= _MOST:
            raise ValueError(f"deadline is in minutes, above 0; got {self.deadline!r}.")
        if self.max_errors is not None and not 0 < as_written(self.max_errors, "max_errors") < 1:
            raise ValueError(f"max_errors is a share, between 0 and 1; got {self.max_errors!r}.")
        if self.looks not in (SPENDING, ALWAYS):
            raise ValueError(f'looks is "{SPENDING}" or "{ALWAYS}"; got {self.looks!r}.')
        for name in ("alpha", "deadline", "max_errors"):
            if (number := getattr(self, name)) is not None:
                object.__setattr__(self, name, float(as_written(number)))

    def _check_sizes(self) -> None:
        """Sizes and levels that cannot be are refused before the rollout begins."""
        for metric in self.metrics:
            if any(b <= a for a, b in itertools.pairwise(self.sizes(metric))):
                raise ValueError(
                    f"{metric.name} is known for {metric.share:g} of the pairs, too few for a look "
                    "of its own in each step; plan more pairs, or leave it out."
                )
            nominal_levels(self.sizes(metric), self.metric_alpha)

    @property
    def metric_alpha(self) -> float:
        """Each metric's part of alpha, and the errors' of all requests."""
        return self.alpha / (len(self.metrics) + (self.max_errors is not None))

    @property
    def digest(self) -> str:
        """What the plan is known by."""
        return digest(json.dumps(asdict(self), sort_keys=True).encode())

    def state(self, step: int) -> str:
        """The state of the rollout in a step."""
        return state_of(step)

    def sizes(self, metric: Metric) -> tuple[int, ...]:
        """Pairs of a metric without which a step is not judged, step by step."""
        return _sizes(metric.share, tuple(step.pairs for step in self.steps))

    @classmethod
    def from_dict(cls, told: Mapping[str, object]) -> Plan:
        """The plan again, from what asdict or a TOML file says of it.

        Raises
        ------
        ValueError : a key that no plan, step or metric has, or one that it lacks.
        """
        return _from(told, cls, "A plan")


def _from(told: object, kind: type, what: str):
    """The object that a mapping tells of, if it has the right keys."""
    if not isinstance(told, Mapping):
        raise ValueError(f"{what} is told as a table of keys and values; got {told!r}.")
    known = {field.name: field.default is MISSING for field in fields(kind)}
    for wrong, has in ((set(told) - set(known), "has no"), (_needed(known) - set(told), "needs")):
        if wrong:
            raise ValueError(
                f"{what} {has} {sorted(map(str, wrong))[0]!r}; it has {', '.join(known)}."
            )
    return kind(**told)


def _needed(known: Mapping[str, bool]) -> set[str]:
    return {name for name, needed in known.items() if needed}


def _made(given: object, name: str, kind: type) -> tuple:
    """Steps or metrics, each made from its table where it is told as one."""
    if not isinstance(given, list | tuple):
        raise TypeError(f"{name} is a list of {kind.__name__} objects; got {given!r}.")
    made = tuple(
        _from(each, kind, f"A {kind.__name__.lower()}") if isinstance(each, Mapping) else each
        for each in given
    )
    if not all(isinstance(each, kind) for each in made):
        raise TypeError(f"{name} holds {kind.__name__} objects; got {made!r}.")
    return made


def state_of(step: int) -> str:
    """The state of a rollout in a step, from 0."""
    return (SHADOW, CANARY)[step] if step < 2 else STAGES


def left_after(policy: Policy, budget: float = 0.05) -> float:
    """What the gate leaves of one budget of false alarms: it calls a good candidate bad with a
    chance of (1 - confidence) / 2, and counted like a plan's alpha, two-sided, that is
    1 - confidence.

    Raises
    ------
    ValueError : the gate has spent it all, or it promises nothing, for want of a confidence.
    """
    if policy.confidence is None:
        raise ValueError(
            "This gate has no confidence, so nobody knows how often it errs; give the policy one."
        )
    left = as_written(budget, "budget") - (1 - as_written(policy.confidence))
    if left <= 0:
        raise ValueError(
            f"The gate's confidence of {policy.confidence:g} uses up the budget of {budget:g}; "
            "raise the confidence, or the budget."
        )
    return float(left)

"""Two systems compared through a judge, each side corrected with its own calibration.

A judge that is right about the champion's answers need not be right about the candidate's: a
reworded prompt changes how answers fail, and failures of a new kind may pass. One calibration for
both can turn the sign of the gain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy import special

from labsupport.comparisons import ExactPair, Interval, rows_within
from labsupport.evals.judges.alike import calibrations_agree
from labsupport.evals.judges.corrected import Calibration
from labsupport.evals.judges.melding import DRAWS, gammas, ratios
from labsupport.exact import as_binary, as_written, check_level
from labsupport.outcomes import PairedOutcomes


@dataclass(frozen=True)
class JudgedRates(ExactPair):
    """The gain of a candidate over a champion, from what a judge passed: a comparison that the gate
    accepts.

    Attributes
    ----------
    judged : what the judge passed of both sides' answers to the same tasks; "right" is passed here.
    candidate_calibration, baseline_calibration : the judge against people, on answers of either
        side; independent of each other and of the judged tasks.
    slices : {name: JudgedRates}; a slice is corrected with calibrations of its own.
    tolerance : None: each side has its own calibration. A number: both share one, see `pooled`.

    Raises
    ------
    ValueError : nothing was judged, a calibration that allows no correction, or both calibrations
        of one system's answers: that it holds for the other's is then nothing but a hope.
    """

    judged: PairedOutcomes
    candidate_calibration: Calibration
    baseline_calibration: Calibration
    slices: Mapping[str, JudgedRates] = field(default_factory=dict)
    tolerance: float | None = None
    instead_of_rows = "label more answers of both sides by hand"  # where no number of tasks tells

    def __post_init__(self) -> None:
        if not self.judged.n:
            raise ValueError("Nothing was judged, so there is no rate; let the judge label some.")
        systems = self.candidate_calibration.system, self.baseline_calibration.system
        if systems[0] == systems[1]:
            raise ValueError(
                f"Both calibrations are of the answers of {systems[0]!r}, and a judge may err "
                "otherwise on another system's; calibrate it on answers of each side."
            )
        if self.tolerance is not None:
            verdict = calibrations_agree(*self._calibrations, self.tolerance)
            if verdict.decision != "promote":
                raise ValueError(
                    "The two calibrations were not shown to agree to within "
                    f"{float(self.tolerance):g} ({verdict.reason}); correct each side with its own."
                )
        _ = self.exact_gain  # raises where no correction is possible

    @classmethod
    def from_labels(
        cls, candidate, baseline, candidate_calibration, baseline_calibration
    ) -> JudgedRates:
        """From the judge's labels of both sides' answers to the same tasks, (n,) each, 1: passed.

        Raises
        ------
        ValueError : as for the class, and columns that differ in length or are not 0 and 1.
        """
        passed = np.ones(len(as_binary(candidate, "candidate")), int)
        judged = PairedOutcomes.from_predictions(passed, candidate, baseline)
        return cls(judged, candidate_calibration, baseline_calibration)

    @classmethod
    def pooled(
        cls,
        judged: PairedOutcomes,
        candidate_calibration: Calibration,
        baseline_calibration: Calibration,
        tolerance: float,
    ) -> JudgedRates:
        """Both sides corrected with both calibrations together, where they were shown to agree.

        The interval allows for all the difference that is tolerated, so it is seldom narrower than
        with a calibration for each side. Where the rates differ by more, they are taken for alike
        with probability 2.5% at most: that much is promised, at any confidence above 95%, too.

        Raises
        ------
        ValueError : `calibrations_agree` does not say so.
        """
        return cls(judged, candidate_calibration, baseline_calibration, tolerance=tolerance)

    @property
    def n(self) -> int:
        """Judged tasks."""
        return self.judged.n

    @property
    def exact_candidate(self) -> Fraction:
        """The candidate's corrected rate."""
        return self._used[0].exact_rate(Fraction(self.judged.candidate_right, self.n))

    @property
    def exact_baseline(self) -> Fraction:
        """The baseline's corrected rate."""
        return self._used[1].exact_rate(Fraction(self.judged.baseline_right, self.n))

    @property
    def raw_gain(self) -> float:
        """Candidate minus baseline as the judge sees it, without a correction."""
        return self.judged.gain

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain, with the uncertainty of the judged tasks and of
        both calibrations.

        Each end is a quantile of the corrected gain where every share is drawn from what its count
        says of it, at its unfavourable end; see melding.

        In a search over 130 worlds (10 to 150 tasks, 3 to 80 labels of each kind and side, sides
        that pass together or apart) and in the worst of 800 before them, the true gain was below
        the interval, or above it, in at most 1.4% of 2000 to 3000 experiments each: 2.5% is kept.
        Experiments that allow no correction count as kept.
        """
        check_level(confidence, "confidence")
        tail = (1 - confidence) / 2
        low = min(float(np.quantile(drawn, tail)) for drawn in self._drawn(-1))
        high = max(float(np.quantile(drawn, 1 - tail)) for drawn in self._drawn(1))
        low, high = max(min(low, self.gain), -1.0), min(max(high, self.gain), 1.0)
        return Interval(low, high, confidence, "judged, melded")

    def statistic(self, gain: float) -> float:
        """The test statistic of the hypothesis that the true gain is `gain`: the normal quantile of
        the tail at which the interval ends there. Never beyond 3.7: it is counted in draws.
        """
        side = 1 if gain > self.gain else -1
        tail = max(float((side * drawn >= side * gain).mean()) for drawn in self._drawn(side))
        return -side * max(0.0, -float(special.ndtri(max(tail, 0.5 / DRAWS))))

    def examples_needed(self, margin: float, confidence: float = 0.95) -> int:
        """About how many judged tasks would set the interval apart from the margin, with these
        calibrations; 0 when no number would: then people have to label more.
        """
        found = self.interval(confidence)
        side = found.high - self.gain if margin > self.gain else self.gain - found.low
        tasks, labels = self._variances()
        scale = side / math.sqrt(tasks + labels)
        return rows_within(
            lambda more: scale * math.sqrt(tasks / more + labels), self.exact_gain, margin, self.n
        )

    @property
    def _calibrations(self) -> tuple[Calibration, Calibration]:
        return self.candidate_calibration, self.baseline_calibration

    @property
    def _used(self) -> tuple[Calibration, Calibration]:
        if self.tolerance is None:
            return self._calibrations
        both = self.candidate_calibration + self.baseline_calibration
        return both, both

    def _variances(self) -> tuple[float, float]:
        """Of the gain: what the tasks, and what the labels contribute; counts are shrunk, so that
        neither vanishes.
        """
        tasks, labels = 0.0, 0.0
        share = np.array(_cells(self.judged)) + 0.5
        share /= share.sum()
        worth = np.zeros(4)  # of a task in each cell
        for side, rate, sign, passed in zip(
            self._used, (self.candidate, self.baseline), (1, -1), _PASSED, strict=True
        ):
            sensitivity = (side.tp + 1) / (side.positives + 2)
            specificity = (side.tn + 1) / (side.negatives + 2)
            informative = sensitivity + specificity - 1
            worth += sign * passed / informative
            wrong1 = sensitivity * (1 - sensitivity) / (side.positives + 2)
            wrong0 = specificity * (1 - specificity) / (side.negatives + 2)
            labels += (rate**2 * wrong1 + (1 - rate) ** 2 * wrong0) / informative**2
        tasks = float(share @ worth**2 - (share @ worth) ** 2) / self.n
        return tasks, labels

    def _drawn(self, side: int) -> list[np.ndarray]:
        """Gains, (DRAWS,) each, with every share at its unfavourable end: side -1 for the lower end
        of the interval, 1 for the upper one.
        """
        up, down = int(side < 0), int(side > 0)
        cells = [*_cells(self.judged)]
        cells[2 if up else 1] += 1
        c, b = self._calibrations
        if self.tolerance is None:
            judge = [c.tp + up, c.fn + down, c.tn + down, c.fp + up]
            judge += [b.tp + down, b.fn + up, b.tn + up, b.fp + down]
            drawn = gammas(np.array(cells + judge))
            return [_gains(drawn[:4], *ratios(drawn[4:]), side)]
        # A gain may rise or fall with the judge's rates that both sides share: all four ends.
        allowed, both, found = float(as_written(self.tolerance)), c + b, []
        for more1, more0 in ((0, 0), (0, 1), (1, 0), (1, 1)):
            judge = [both.tp + more1, both.fn + 1 - more1, both.tn + more0, both.fp + 1 - more0]
            drawn = gammas(np.array(cells + judge))
            sensitivity, specificity = ratios(drawn[4:])
            # Each side's is as far from the mean of both as the tolerance lets it be.
            of1, of0 = c.positives / both.positives, c.negatives / both.negatives
            rates = (
                sensitivity - side * allowed * (1 - of1),
                specificity + side * allowed * (1 - of0),
                sensitivity + side * allowed * of1,
                specificity - side * allowed * of0,
            )
            found.append(_gains(drawn[:4], *(rate.clip(0, 1) for rate in rates), side))
        return found


_FAR = 1e6  # rates drawn beyond this are as far as any

# Of the cells of _cells: those that the candidate, and that the baseline passed.
_PASSED = np.array([[1, 1, 0, 0], [1, 0, 1, 0]])


def _cells(judged: PairedOutcomes) -> tuple[int, int, int, int]:
    return judged.both_right, judged.candidate_only, judged.baseline_only, judged.both_wrong


def _gains(cells: np.ndarray, *rates_and_side) -> np.ndarray:
    """Corrected gains from drawn cells and both judges' sensitivities and specificities.

    Drawn rates may lie outside 0 to 1: cut off one by one, they would cancel less of each other's
    errors than is there. A drawn judge that is no better than a coin allows any rate.
    """
    *rates, side = rates_and_side
    passed = _PASSED @ (cells / cells.sum(axis=0))
    corrected = []
    for p, sensitivity, specificity, worst in zip(
        passed, rates[::2], rates[1::2], (side, -side), strict=True
    ):
        informative = sensitivity + specificity - 1
        some = informative > 0
        rate = (p + specificity - 1) / np.where(some, informative, 1)
        corrected.append(np.where(some, rate.clip(-_FAR, _FAR), worst * _FAR))
    return corrected[0] - corrected[1]

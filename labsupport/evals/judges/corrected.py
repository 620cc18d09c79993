"""The true rate behind a judge's: how many would people pass, if the judge that passed so many is
right so often?
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import special

from labsupport.evals.estimate import Estimate
from labsupport.exact import as_binary, as_written, check_count, check_level, same_rows


@dataclass(frozen=True)
class Calibration:
    """Items that a judge and a human have both labelled, counted.

    Attributes
    ----------
    tp, fn : passes, for the human, that the judge passed, and that it did not.
    tn, fp : failures, for the human, that the judge did not pass, and that it passed.
    system : whose answers they are, a name or digest. A judge that is right about one system's
        answers need not be right about another's.

    Raises
    ------
    ValueError : counts that are no whole numbers from 0, or no items at all.
    """

    tp: int
    fn: int
    tn: int
    fp: int
    system: str = ""

    def __post_init__(self) -> None:
        for name in ("tp", "fn", "tn", "fp"):
            count = getattr(self, name)
            if not isinstance(count, int | np.integer) or count < 0:
                raise ValueError(f"{name} counts items, a whole number from 0; got {count!r}.")
            object.__setattr__(self, name, int(count))
        if not self.n:
            raise ValueError("A calibration on no items says nothing; label some by hand.")

    @classmethod
    def from_labels(cls, judge, human, system: str = "") -> Calibration:
        """Count the labels of the same items, (n,) each, 1 for a pass.

        Raises
        ------
        ValueError : no items, lengths or pandas indexes differ, or a label that is not 0 or 1.
        """
        same_rows({"judge": judge, "human": human})
        judge, human = as_binary(judge, "judge"), as_binary(human, "human")
        if len(judge) != len(human):
            raise ValueError(
                f"judge has {len(judge)} labels and human {len(human)}; give both for the same "
                "items."
            )
        cells = [judge & human, ~judge & human, ~judge & ~human, judge & ~human]
        return cls(*(int(cell.sum()) for cell in cells), system)

    def __add__(self, other: Calibration) -> Calibration:
        """Both together, of both systems' answers."""
        systems = dict.fromkeys(side.system for side in (self, other))
        counts = (getattr(self, c) + getattr(other, c) for c in ("tp", "fn", "tn", "fp"))
        return Calibration(*counts, " + ".join(systems))

    @property
    def n(self) -> int:
        """Items."""
        return self.tp + self.fn + self.tn + self.fp

    @property
    def positives(self) -> int:
        """Items that the human passed."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Items that the human did not pass."""
        return self.tn + self.fp

    @property
    def sensitivity(self) -> float:
        """Share of the human's passes that the judge passed; NaN where there are none."""
        return self.tp / self.positives if self.positives else math.nan

    @property
    def specificity(self) -> float:
        """Share of the human's failures that the judge did not pass; NaN where there are none."""
        return self.tn / self.negatives if self.negatives else math.nan

    @property
    def table(self) -> list[list[int]]:
        """What the judge said, 0 and 1, by what the human said: as kappa_of_table takes it."""
        return [[self.tn, self.fn], [self.fp, self.tp]]

    def exact_rate(self, passed: Fraction) -> Fraction:
        """The rate that people would find where the judge passed this share, from 0 to 1.

        Raises
        ------
        ValueError : labels of one kind only, or a judge no better than a coin.
        """
        if not (self.positives and self.negatives):
            raise ValueError(
                "A correction needs items that the human passed, and others; there "
                f"are {self.positives} and {self.negatives}."
            )
        sensitivity = Fraction(self.tp, self.positives)
        specificity = Fraction(self.tn, self.negatives)
        check_informative(sensitivity, specificity)
        return min(
            max((passed + specificity - 1) / (sensitivity + specificity - 1), Fraction(0)),
            Fraction(1),
        )


def corrected_rate(
    p: float,
    n: int,
    specificity: float,
    m0: int,
    sensitivity: float,
    m1: int,
    confidence: float = 0.95,
) -> Estimate:
    """The true rate of passes, from a judge's rate and how right the judge is.

    Parameters
    ----------
    p : share of the n items that the judge passed.
    specificity : share of m0 items, failures for a human, that the judge did not pass.
    sensitivity : share of m1 items, passes for a human, that the judge passed.

    Returns
    -------
    Estimate. The value is Rogan and Gladen's (p + specificity - 1) / (sensitivity + specificity -
    1), from 0 to 1; the interval, Lang and Reiczigel's, carries the uncertainty of all three
    shares. Small m0 and m1 make it wide, and no number of judged items makes it narrower than they
    allow. Where they are so small that a judge better than a coin was not shown, it is 0 to 1.

    All outcomes enumerated (20 to 200 items, 10 to 80 labels of a kind) and worlds searched, 95%
    covered 93.9% at least for true rates from 0.1 to 0.9, and 90.4% at least next to 0 and 1, there
    with a judge hardly better than a coin.

    Raises
    ------
    TypeError : a share that is no number.
    ValueError : a share outside 0 to 1, a number of items below 1, or sensitivity + specificity at
        most 1: such a judge is no better than a coin, and cannot be corrected.

    Notes
    -----
    Sources: W. Rogan, B. Gladen, American Journal of Epidemiology 107 (1978), 71-76; Z. Lang, J.
    Reiczigel, Confidence limits for prevalence of disease adjusted for estimated sensitivity and
    specificity, Preventive Veterinary Medicine 113 (2014), 13-22.
    """
    for name, rate in (("p", p), ("specificity", specificity), ("sensitivity", sensitivity)):
        if not 0 <= as_written(rate, name) <= 1:
            raise ValueError(f"{name} is a share of items, from 0 to 1; got {rate!r}.")
    for name, count in (("n", n), ("m0", m0), ("m1", m1)):
        check_count(count, name)
    check_level(confidence, "confidence")
    p, specificity, sensitivity = (float(rate) for rate in (p, specificity, sensitivity))
    check_informative(sensitivity, specificity)
    z = float(special.ndtri((1 + confidence) / 2))
    value = min(max((p + specificity - 1) / (sensitivity + specificity - 1), 0.0), 1.0)
    low, high = map(float, lang_reiczigel(p, n, specificity, m0, sensitivity, m1, z))
    return Estimate(value, min(low, value), max(high, value), confidence, "Lang-Reiczigel")


def lang_reiczigel(p, n, specificity, m0, sensitivity, m1, z: float) -> tuple:
    """Both ends of their interval, from 0 to 1; numbers or arrays of the same shape.

    Each share is shrunk first: z^2 / 2 passes and as many failures are added to the judged items,
    one of each to either class of the calibration.
    """
    p, n = (n * p + z**2 / 2) / (n + z**2), n + z**2
    specificity, m0 = (m0 * specificity + 1) / (m0 + 2), m0 + 2
    sensitivity, m1 = (m1 * sensitivity + 1) / (m1 + 2), m1 + 2
    shown = (
        sensitivity + specificity > 1
    )  # else so few labels say nothing, and anything is possible
    informative = np.where(shown, sensitivity + specificity - 1, 1)
    rate = (p + specificity - 1) / informative
    wrong1 = sensitivity * (1 - sensitivity) / m1
    wrong0 = specificity * (1 - specificity) / m0
    shift = 2 * z**2 * (rate * wrong1 - (1 - rate) * wrong0)
    variance = p * (1 - p) / n + rate**2 * wrong1 + (1 - rate) ** 2 * wrong0
    reach = z * np.sqrt(variance) / informative
    low, high = np.clip(rate + shift - reach, 0, 1), np.clip(rate + shift + reach, 0, 1)
    return np.where(shown, low, 0.0), np.where(shown, high, 1.0)


def check_informative(sensitivity: float | Fraction, specificity: float | Fraction) -> None:
    """Raise ValueError for a judge no better than a coin: its rate cannot be corrected."""
    if not sensitivity + specificity > 1:
        raise ValueError(
            f"Sensitivity {float(sensitivity):g} and specificity {float(specificity):g} add up to "
            "at most 1, so this judge is no better than a coin; find another one."
        )

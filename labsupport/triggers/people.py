"""The quiet control: a model of who is employed, fitted to the people of 2015 and watched for two
years in which nothing happens on the whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import special

from labsupport.data import load_employment
from labsupport.slices import holm
from labsupport.triggers.stream import Stream, fit, probabilities

YEARS = (2015, 2016, 2017)
_FIFTHS = 5  # of a model's own year: each is judged by one that was fitted to the other four


@dataclass(frozen=True)
class Yearly:
    """How a slice fared.

    Attributes
    ----------
    rows, right : (3,) int arrays, people of each year, and how many of them the model had right.
    """

    rows: np.ndarray
    right: np.ndarray

    @property
    def accuracy(self) -> np.ndarray:
        """(3,) float array."""
        return self.right / self.rows

    def change(self, before: int, after: int) -> float:
        """The accuracy of a year minus that of another, by their places."""
        return float(self.accuracy[after] - self.accuracy[before])

    def p_fell(self, before: int, after: int) -> float:
        """How likely a fall like this or a larger one is if nothing changed: one-sided, from the
        normal approximation with the pooled rate.
        """
        a, b = self.rows[before], self.rows[after]
        rate = (self.right[before] + self.right[after]) / (a + b)
        error = math.sqrt(rate * (1 - rate) * (1 / a + 1 / b))
        return float(special.ndtr(self.change(before, after) / error))


@cache
def accuracy_by_year(fitted: int = YEARS[0]) -> dict[str, Yearly]:
    """A model on everyone, "all", and on the nine slices named in advance. Fitted once.

    Parameters
    ----------
    fitted : the year to whose people it was fitted.

    Raises
    ------
    ValueError : another year.
    """
    if fitted not in YEARS:
        raise ValueError(f"The people are of {YEARS}, so no model is of {fitted!r}; take a year.")
    people = load_employment()
    right = _right(_people_stream(fitted))
    masks = {"all": np.ones(len(people.year), bool), **people.slices}
    by_year = [people.year == year for year in YEARS]
    return {
        name: Yearly(
            *(np.array([(mask & w & year).sum() for year in by_year]) for w in (True, right))
        )
        for name, mask in masks.items()
    }


def adjusted_falls(before: int, after: int) -> dict[str, float]:
    """For each slice but "all", the p-value of a fall, adjusted by Holm for all of them."""
    slices = {name: yearly for name, yearly in accuracy_by_year().items() if name != "all"}
    p_values = holm([yearly.p_fell(before, after) for yearly in slices.values()])
    return dict(zip(slices, map(float, p_values), strict=True))


def _people_stream(fitted: int) -> Stream:
    """The people as a stream: weeks 0 to 4 are the fifths of one year, 5 to 7 are the others."""
    people = load_employment()
    place = np.arange(len(people.year))
    own = people.year == fitted
    week = np.where(own, place % _FIFTHS, people.year - YEARS[0] + _FIFTHS)
    codes = [np.unique(v)[1:] == v[:, None] for n, v in people.columns.items() if n != "AGEP"]
    features = [np.ones((len(place), 1)), people.columns["AGEP"][:, None] / 10, *codes]
    return Stream(
        np.concatenate(features, axis=1), place, people.employed, 7 * week, people.columns
    )


def _right(stream: Stream) -> np.ndarray:
    """(n,) boolean array: whom a model had right that was fitted to other people of its year."""
    weights = fit(stream, range(_FIFTHS))
    p = probabilities(stream, weights)
    for fifth in range(_FIFTHS):
        rows = stream.rows([fifth])
        others = [week for week in range(_FIFTHS) if week != fifth]
        p[rows] = probabilities(stream, fit(stream, others, weights))[rows]
    return (p > 0.5) == stream.late

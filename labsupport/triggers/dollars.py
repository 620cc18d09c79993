"""What a training costs, and the least that anyone could have spent."""

from __future__ import annotations

import numpy as np

TRAINING = 480.0  # dollars, lesson 05's


def oracle(price: np.ndarray) -> float:
    """The dollars of the cheapest way through, which knows the future: each week it stays, or pays
    for a newer model that exists by then.

    Parameters
    ----------
    price : (models, weeks) float array, dollars that each model costs each week; model i exists
        from week i on, and model 0 serves at first.
    """
    models, weeks = price.shape
    ahead = np.zeros(models)
    for week in reversed(range(weeks)):
        serve = price[:, week] + ahead
        serve[week + 1 :] = np.inf
        cheapest = np.minimum.accumulate(serve[::-1])[::-1]  # of this model and all later ones
        ahead = np.minimum(serve, TRAINING + np.append(cheapest[1:], np.inf))
    return float(ahead[0])

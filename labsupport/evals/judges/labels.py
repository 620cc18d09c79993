"""Human labels in three parts: what the judge's prompt may show, what its threshold is set on, and
what it is approved on. Who is examined on what he has seen has not been examined.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from labsupport.durable import digest
from labsupport.exact import as_written

_BITS = 64


@dataclass(frozen=True)
class Split:
    """Places of items, (k,) int arrays in rising order; each item is in one part.

    Attributes
    ----------
    prompt : the judge's prompt may show these as examples.
    threshold : these set its threshold, and choose among its versions.
    approval : these approve it, once.
    """

    prompt: np.ndarray
    threshold: np.ndarray
    approval: np.ndarray


def split_labels(
    items: int | Sequence[Hashable], seed: int = 0, shares: tuple[float, float] = (0.2, 0.3)
) -> Split:
    """Split labelled items into three parts that share no item.

    The part of an item depends on its id and the seed alone: items that are added later move no
    other one. Items of one id, such as several answers to one question, stay together. The parts'
    sizes are what chance makes of the shares.

    Parameters
    ----------
    items : ids, texts or whole numbers; or a number of items, whose ids are then 0, 1, 2 ...
    seed : another one, another split.
    shares : of the items that go to prompt and threshold; the rest goes to the approval.

    Raises
    ------
    ValueError : no items, a missing id, shares below 0 or that leave nothing for the approval.
    """
    first, second = (as_written(share, "a share") for share in shares)
    if min(first, second) < 0 or first + second >= 1:
        raise ValueError(
            "shares are those of prompt and threshold, from 0, and leave some for the approval; "
            f"got {shares!r}."
        )
    ids = range(items) if isinstance(items, int | np.integer) else items
    if len(ids) == 0:
        raise ValueError("There are no items to split; label some.")
    place = np.array([_place(item, seed) for item in ids])
    ends = [math.floor(share * 2**_BITS) for share in (first, first + second)]
    part = np.array([sum(int(p) >= end for end in ends) for p in place])
    return Split(*(np.flatnonzero(part == k) for k in range(3)))


def _place(item: Hashable, seed: int) -> int:
    """Where an id lies among 2^64 places, evenly."""
    if isinstance(item, np.generic):
        item = item.item()
    if isinstance(item, bool) or not isinstance(item, int | str):
        raise ValueError(f"An item's id is a text or a whole number; got {item!r}.")
    return int(digest(f"{seed}:{item!r}".encode())[: _BITS // 4], 16)

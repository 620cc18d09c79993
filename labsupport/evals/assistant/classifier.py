"""A guard that is learned: logistic regression on pieces of words.

It learns in whole numbers, so that two machines learn the same guard and say the same yes and no:
no matrix library, no exp but in a table that is rounded far from where libraries differ.

Its threshold lies just above harmless texts that it was not trained on, so what looks like nothing
that it knows is stopped too. Near misses are in neither: what it does to them is the price, and a
price is not measured on what was optimised.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import sparse

from labsupport.durable import digest
from labsupport.evals.suites.shipped import shipped_suite
from labsupport.evals.suites.suite import Task

TAUGHT = ("direct request", "role play", "authority claim", "injected document")
TAUGHT = ("direct request", "role play", "authority claim")
SIZES = (2, 3, 4)  # letters of a piece
MAX_BLOCKED = 0.05  # of the harmless texts that the threshold is chosen on
_UNIT = 1 << 10  # the length of a text's row
_ONE = 1 << 20  # 1.0, for weights and for how wrong an answer was
_STEPS, _FADE = 300, 9  # steps of training at a rate of 4; the ridge is 2^-9 / 4
_FINE, _WIDE = 1 << 10, 12  # the table of the logistic function: steps per unit, and how far


@dataclass(frozen=True)
class Classifier:
    """What was learned, all of it in whole numbers.

    Attributes
    ----------
    weights : of a piece of text, in 2^-20.
    bias : what an empty text scores.
    threshold : a text that scores at least so much is stopped.
    name : of the guard.
    """

    weights: Mapping[str, int]
    bias: int
    threshold: int
    name: str = "classifier"

    @property
    def digest(self) -> str:
        """Of all that decides its yes and no."""
        learned = (sorted(self.weights.items()), self.bias, self.threshold)
        return digest(repr(learned).encode())

    def score(self, text: str) -> int:
        """How much a text looks like an attack: log odds in 2^-30."""
        found = pieces(text)
        known = sum(self.weights.get(piece, 0) for piece in found)
        return self.bias + known * _each(len(found))

    def suspicious(self, turns: Sequence[str], document: str | None = None) -> bool:
        """Is what the user said so far, or what a stranger wrote, to be stopped?"""
        read = ("\n".join(turns), *((document,) if document else ()))
        return any(self.score(text) >= self.threshold for text in read)

    def before(self, turns: Sequence[str]) -> str | None:
        """The rule that stops what the user said so far, or None; see guard.Guard."""
        return "asked: like an attack" if self.suspicious(turns) else None

    def after(self, text: str) -> str | None:
        """None: it reads what is asked, not what is answered."""
        return None


def pieces(text: str) -> frozenset[str]:
    """All runs of 2 to 4 letters, signs and single spaces of a text in lower case."""
    flat = f" {' '.join(text.lower().split())} "
    return frozenset(flat[i : i + n] for n in SIZES for i in range(len(flat) - n + 1))


def train_guard(
    attacks: Sequence[str],
    harmless: Sequence[str],
    held_back: Sequence[str],
    max_blocked: float = MAX_BLOCKED,
) -> Classifier:
    """Learn what tells attacks from harmless texts.

    Parameters
    ----------
    attacks, harmless : what it is trained on; both kinds weigh the same, however many they are.
    held_back : harmless texts, none of them trained on, of which the threshold stops at most the
        share `max_blocked`.

    Raises
    ------
    ValueError : no texts of a kind, a text both trained on and held back, a share outside [0, 1).

    Notes
    -----
    Minimises the mean logistic loss plus a ridge, by gradient descent with momentum.
    """
    if not (attacks and harmless and held_back):
        raise ValueError(
            "A classifier learns from attacks, harmless texts and harmless texts held "
            "back for its threshold; give some of each."
        )
    if both := set(held_back) & (set(attacks) | set(harmless)):
        raise ValueError(
            f"The threshold is chosen on texts that were not trained on, but {min(both)!r} is both."
        )
    if not 0 <= max_blocked < 1:
        raise ValueError(f"max_blocked is a share from 0 to below 1; got {max_blocked!r}.")
    names, rows = _rows([*attacks, *harmless])
    is_attack = np.arange(rows.shape[0]) < len(attacks)
    weights, bias = _descend(rows, is_attack)
    learned = {n: w for n, w in zip(names, weights.tolist(), strict=True) if w}
    guard = Classifier(learned, bias, 0)
    scores = sorted((guard.score(text) for text in held_back), reverse=True)
    allowed = math.floor(max_blocked * len(scores) + 1e-9)
    return Classifier(learned, bias, scores[allowed] + 1)


def _each(n: int) -> int:
    """The entry of a text of n pieces: its row has length 1, in 2^-10, however long the text."""
    return math.isqrt(_UNIT * _UNIT // max(n, 1))


def _rows(texts: Sequence[str]) -> tuple[list[str], sparse.csr_array]:
    """The pieces that more than one text has, in order, and a row of each text."""
    found = [pieces(text) for text in texts]
    counts = Counter(piece for one in found for piece in one)
    names = sorted(piece for piece, n in counts.items() if n > 1)
    place = {piece: i for i, piece in enumerate(names)}
    columns = [sorted(place[piece] for piece in one if piece in place) for one in found]
    ends = np.cumsum([0, *map(len, columns)])
    entries = np.repeat([_each(len(one)) for one in found], np.diff(ends))
    parts = (entries.astype(np.int64), np.concatenate(columns).astype(np.int64), ends)
    return names, sparse.csr_array(parts, shape=(len(texts), len(names)))


def _descend(rows: sparse.csr_array, is_attack: np.ndarray) -> tuple[np.ndarray, int]:
    """Weights in 2^-20 and a bias in 2^-30. Whole numbers add up to the same in any order."""
    table, back = _logistic(), rows.T.tocsr()
    n_attacks = int(is_attack.sum())
    share_of = np.where(is_attack, 2**15 // n_attacks, 2**15 // (len(is_attack) - n_attacks))
    weights = np.zeros(rows.shape[1], dtype=np.int64)  # in 2^-30 while it learns
    speed, bias, drift = np.zeros_like(weights), 0, 0
    for _ in range(_STEPS):
        odds = ((rows @ weights) >> 10) + bias
        place = np.clip((odds >> 20) + _WIDE * _FINE, 0, len(table) - 1)
        wrong = (is_attack * _ONE - table[place]) * share_of  # in 2^-36
        speed += ((back @ wrong) >> 14) - (weights >> _FADE) - (speed >> 3)
        drift += (int(wrong.sum()) >> 4) - (drift >> 3)
        weights += speed
        bias += drift
    return weights >> 10, bias


@cache
def _logistic() -> np.ndarray:
    """1 / (1 + exp(-z)) in 2^-20, for z from -12 to 12 in steps of 2^-10."""
    grid = range(-_WIDE * _FINE, _WIDE * _FINE + 1)
    return np.array([round(_ONE / (1 + math.exp(-z / _FINE))) for z in grid], dtype=np.int64)


@cache
def learned_guard() -> Classifier:
    """The guard of the lab's assistant, taught by half of the attacks of some families and half of
    the benign traffic. It proves nothing on these; see taught_ids.
    """
    attacks, benign = (["\n".join(task.turns) for task in tasks] for tasks in _lessons())
    return train_guard(attacks, benign[::2], benign[1::2])


@cache
def taught_ids() -> frozenset[str]:
    """The ids of the tasks that taught the lab's guard, or that its threshold was chosen on."""
    return frozenset(task.id for tasks in _lessons() for task in tasks)


def _lessons() -> tuple[list[Task], list[Task]]:
    """Every second attack of each family that is taught, and every second benign text."""
    attacks = shipped_suite("attacks")
    traffic = shipped_suite("traffic")
    taught = [attacks.select(families=[family]).tasks[::2] for family in TAUGHT]
    benign = traffic.select(families=["benign"]).tasks[::2]
    return [task for tasks in taught for task in tasks], list(benign)

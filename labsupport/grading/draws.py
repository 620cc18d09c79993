"""Drawing a question's inputs: from the middle of its domain, and on every one of its edges.

A strategy is draw(rng) -> value; a plain value stands for the strategy that draws nothing else. An
edge has a name, which fits behind "on" in a hint, and is drawn on every seed: whether an answer is
right must not depend on the draw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from labsupport.grading.exercise import Case, Mistake, Round, not_right

Strategy = Callable[[np.random.Generator], object]
PRIMES = (307, 311, 313, 317, 331, 337, 347, 349, 353, 359, 367, 373, 379, 383, 389, 397)


def between(low: float, high: float, digits: int | None = None) -> Strategy:
    """A float, with so many decimals if that is said."""

    def draw(rng):
        value = float(rng.uniform(low, high))
        return value if digits is None else round(value, digits)

    return draw


def magnitudes(low: float, high: float) -> Strategy:
    """A float of any size between: its logarithm is uniform."""
    return lambda rng: float(np.exp(rng.uniform(np.log(low), np.log(high))))


def whole(low: int, high: int) -> Strategy:
    """An int from low to high, both included."""
    return lambda rng: int(rng.integers(low, high + 1))


def prime(rng) -> int:
    """A number of rows that no round number divides: a share of it never has few decimals."""
    return int(rng.choice(PRIMES))


def one_of(*values) -> Strategy:
    """One of these."""
    return lambda rng: values[int(rng.integers(len(values)))]


def arguments(**middle) -> Callable[..., Strategy]:
    """The arguments of a question, each with its strategy, in the order of the signature.

    Returns
    -------
    some(**fixed) -> a strategy for all arguments: those that are named are drawn from a strategy of
    their own, or fixed, the others come from the middle.
    """

    def some(**fixed) -> Strategy:
        if unknown := set(fixed) - set(middle):
            raise ValueError(f"No argument is called {unknown.pop()!r}; choose one of {[*middle]}.")
        chosen = middle | fixed
        return lambda rng: tuple(
            value(rng) if callable(value) else value for value in chosen.values()
        )

    return some


def drawn(
    rng: np.random.Generator, kinds: Mapping[str, Strategy], case: Callable[..., Case], times=1
) -> list[Case]:
    """Cases of each kind: case(about, *arguments), so many times."""
    return [case(about, *draw(rng)) for about, draw in kinds.items() for _ in range(times)]


def on_edges(
    edges: Mapping[str, Strategy],
    case: Callable[..., Case],
    otherwise: Callable[[Case, object], str] = not_right,
    mistakes: Sequence[Mistake] = (),
    times: int = 1,
    **options,
) -> Round:
    """A round on the edges of the domain, each of them once or more.

    It comes after the middle: many an answer that is wrong everywhere has none on an edge, and its
    hint should be about the mistake.
    """
    return Round(
        lambda rng: drawn(rng, edges, case, times),
        mistakes,
        otherwise,
        edges=tuple(edges),
        **options,
    )

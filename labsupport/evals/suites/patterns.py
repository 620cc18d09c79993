"""Regular expressions of a suite, and none that an answer could keep busy for hours.

Python's matcher tries one way through a pattern after the other. A repeat within a repeat, as in
(a+)+, or a choice within one, as in (?:a|ab)*, has exponentially many ways to fail. So the ways are
counted when the suite is read, for the longest answer that a pattern is shown.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache
from re import _parser  # re's own tree of a pattern, which is to be had nowhere else

LONGEST = 800  # characters of an answer; to a longer one no pattern is applied
MOST = 6e8  # ways: two plain repeats, as in .*a.*b, begun at any character


def check_pattern(pattern: str) -> None:
    """Raise ValueError for a pattern that is broken, has too many ways to fail, or is found in any
    answer.
    """
    _compiled(pattern)


def pattern_found(pattern: str, text: str) -> bool:
    """Whether the pattern is found, whatever the case; never in more than `LONGEST` characters."""
    return len(text) <= LONGEST and _compiled(pattern).search(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compiled = re.compile(pattern, re.IGNORECASE)
            ways = _ways(_parser.parse(pattern, re.IGNORECASE)) * LONGEST
        except (re.error, Warning, OverflowError, RecursionError) as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}.") from None
    if ways > MOST:
        raise ValueError(
            f"{pattern!r} has too many ways to fail on a long answer; take a repeat or a choice "
            "out of what is repeated, or have fewer repeats."
        )
    if compiled.search(""):
        raise ValueError(f"{pattern!r} is found in an empty answer, so in any.")
    return compiled


def _ways(tree: _parser.SubPattern) -> float:
    """The most ways in which a pattern may be tried from one character on."""
    total = 1.0
    for operator, argument in tree:
        parts = [_ways(part) for part in _parts(argument)]
        if str(operator).endswith("_REPEAT"):
            least, most = argument[0], min(argument[1], LONGEST)
            with_most = min(parts[0], MOST) ** min(most, 34)  # 2 ** 34 is too many already
            total *= (most - least + 1) * with_most if parts[0] > 1 else max(1, most - least + 1)
        elif str(operator) == "BRANCH":
            total *= sum(parts)
        else:
            for ways in parts:
                total *= ways
        total = min(total, MOST)
    return total


def _parts(argument: object) -> Iterator[_parser.SubPattern]:
    """The patterns right below an operator."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for each in argument:
            yield from _parts(each)

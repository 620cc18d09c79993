"""02.1: a paired interval by resampling, against the ideal bootstrap that needs no resampling.

An answer is random, so it is compared with ranges; see resampling. With 12 ends a right answer is
turned away about once in 10^8 draws.
"""

from __future__ import annotations

import math

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.holdouts import EDGES, cases, generators, on_edge
from labsupport.grading.readers import Wrong, number, pair
from labsupport.grading.resampling import (
    alike,
    answer_with,
    apart,
    are_gains,
    around,
    as_wide_as_rows,
    baseline_alone,
    candidate_alone,
    differing,
    discordant_alone,
    divided_once_more,
    in_rows,
    inside,
    known,
    never,
    no_width,
    of_another_size,
    of_size,
    predictions_alone,
    rounded_ends,
    the_holdout_itself,
    two_sided,
    with_other_labels,
    without_sign,
    zero_alone,
)
from labsupport.grading.rounding import then


def asked(answer, cases: list[Case], read) -> list:
    try:
        return ask(answer, cases, read)
    except Wrong as wrong:
        if "boolean subtract" in str(wrong):
            raise Wrong(
                "Numpy takes no True from a True; the bitwise_xor that its message proposes says "
                "whether the models differ, not which is right, so count with whole numbers."
            ) from None
        if "did not come back in time" not in str(wrong):
            raise
        _, _, left = str(wrong).partition("?")  # what cannot be stopped asks for a restart
        raise Wrong(
            "Your function did not come back in time; are the rows of a resample drawn one after "
            f"the other, instead of all in one call?{left}"
        ) from None


def read(value) -> tuple:
    low, high = pair(value, ("low", "high"))
    return number(low, "lower end"), number(high, "upper end")


# What is right


def has_one_gain(case: Case, said) -> bool:
    """Whether both ends are the gain of a single resample."""
    rows = float(said[0]) * len(case.args[0])
    return abs(said[1] - said[0]) < 1e-12 and abs(rows - round(rows)) < 1e-6


def all_the_same(told) -> bool:
    return len({said for _, said in told}) == 1


def without_width(told) -> bool:
    return all(low == high for _, (low, high) in told)


def otherwise(case: Case, said) -> str:
    (low_from, low_to), (high_from, high_to) = case.expected
    if said[0] < low_from and said[1] > high_to:
        return f"The interval is too wide on {case.about}."
    if said[0] > low_to and said[1] < high_from:
        return f"The interval is too narrow on {case.about}."
    return f"The interval is not where the resampled gains are on {case.about}."


QUESTION = Question(
    "02.1",
    cases,
    read=read,
    same=inside,
    together=are_gains,
    otherwise=otherwise,
    ask=asked,
    verified="On fresh holdouts both ends are as close to the ideal bootstrap's as that many "
    "resamples can be.",
    mistakes=[
        mistake(
            "without replacement",
            "Both ends are the measured gain itself, as if every resample held each row once; "
            "draw with "
            "replacement.",
            alike(np.mean),
            when=the_holdout_itself,
        ),
        mistake(
            "nothing but zero",
            "Both ends are zero, whatever the models do: is each gain a mean over rows that are "
            "drawn from the holdout?",
            alike(np.median),
            alike(lambda rows: 0.0),
            when=zero_alone,
        ),
        mistake(
            "no width",
            "The interval has no width, as if all resamples were alike: is each drawn anew, from "
            "the rows of the holdout, by a generator that goes on?",
            alike(lambda rows: np.random.default_rng(0).choice(rows, len(rows)).mean()),
            when=no_width,
        ),
        mistake(
            "rounded",
            "The ends have few decimals, as no gain of so many rows has: are they rounded, or "
            "have the "
            "resamples another size?",
            *(then(answer_with(), lambda end, d=d: round(end, d)) for d in (2, 3, 4, 6)),
            when=rounded_ends,
        ),
        known(
            "levels read as percent",
            "The levels are shares and are read as percent, so both ends sit at the very bottom of "
            "the resampled gains.",
            levels=lambda confidence: two_sided(confidence) / 100,
        ),
        mistake(
            "as wide as single rows",
            "This is as wide as single rows scatter; the gain is a mean over rows, and means "
            "scatter less.",
            around(lambda z, deviation, n: z * deviation),
            when=as_wide_as_rows,
        ),
        mistake(
            "divided by a root again",
            "The interval is far too narrow, and its ends are no gains of any resample: is a "
            "standard error divided by a root once more, or does a resample hold more rows?",
            around(lambda z, deviation, n: z * deviation / n),
            when=divided_once_more,
        ),
        mistake(
            "resamples of another size",
            "The ends are shares of another number of rows than the holdout has: how many does a "
            "resample draw, and what are its right rows divided by?",
            answer_with(of_size(lambda n: n // 2)),
            answer_with(of_size(lambda n: 97)),
            answer_with(of_size(lambda n: 2 * n + 1)),
            when=of_another_size,
        ),
        mistake(
            "no percentiles",
            "The ends are no gains of any resample of as many rows: are they percentiles of such "
            "gains?",
            around(lambda z, deviation, n: z * deviation / math.sqrt(n)),
            when=lambda told: not are_gains(told),
        ),
        known(
            "a single row",
            "A resample is a single row here; it has as many rows as the holdout.",
            of_size(lambda n: 1),
        ),
        known(
            "differences for gains",
            "This counts rows on which the models differ, whichever of them is right; a row that "
            "only the baseline has right takes one away.",
            differing,
        ),
        known(
            "predictions for right answers",
            "This compares how often the models say one; what counts is how often they say the "
            "same as y.",
            predictions_alone,
        ),
        known(
            "models on rows of their own",
            "Each model is scored on rows of its own; draw the rows once per resample and score "
            "both models on them.",
            apart,
        ),
        known(
            "last row never drawn",
            "The last row is never drawn; the generator leaves out the upper bound it is given by "
            "itself.",
            never(-1),
        ),
        known(
            "first row never drawn",
            "The first row is never drawn; the numbers of rows start at zero.",
            never(0),
        ),
        known(
            "discordant rows alone",
            "Only rows on which the models differ are drawn, always as many; draw from all, so "
            "that their number varies.",
            discordant_alone,
        ),
        known(
            "mirrored",
            "This is the mirror image of the percentile interval at the measured gain; the "
            "percentiles are the ends.",
            then=lambda ends, gain: 2 * gain - np.flip(ends),
        ),
        known(
            "one-sided levels",
            "All that may be left out is left out on each side; an interval with two ends shares "
            "it between them.",
            levels=lambda confidence: (1 - confidence, confidence),
        ),
        known(
            "a fixed confidence",
            "The confidence plays no part: the ends are the same percentiles whatever is asked "
            "for.",
            levels=lambda confidence: two_sided(0.95),
        ),
        known(
            "extremes",
            "These are the smallest and the largest resampled gain; leave out the share that the "
            "confidence allows.",
            levels=lambda confidence: (0, 1),
        ),
        known(
            "candidate alone",
            "This is an interval for the candidate's accuracy alone; the gain is what it has more "
            "than the baseline.",
            candidate_alone,
        ),
        known(
            "baseline alone",
            "This is an interval for the baseline's accuracy alone; the gain is what the candidate "
            "has more.",
            baseline_alone,
        ),
        known(
            "sign dropped",
            "A loss counts as a gain here: the sign of the resampled gains is dropped.",
            without_sign,
        ),
        known(
            "about zero",
            "The interval has its width, but lies about zero instead of about the measured gain.",
            then=lambda ends, gain: ends - gain,
        ),
        known(
            "labels of other rows",
            "The interval lies where it would if predictions met labels of other rows: does a row "
            "that is drawn keep its label and both predictions?",
            with_other_labels,
        ),
        known(
            "confidence left out",
            "What is left out is the confidence, and what is kept is the rest; it is the reverse.",
            levels=lambda confidence: (confidence / 2, 1 - confidence / 2),
        ),
        known(
            "in rows",
            "The ends are numbers of rows; a gain is a share of them.",
            in_rows,
        ),
        known(
            "sign turned round",
            "The sign is turned round: a gain is the candidate's accuracy minus the baseline's.",
            then=lambda ends, gain: np.flip(-ends),
        ),
        known(
            "ends swapped",
            "The two ends are right, but in the other order.",
            then=lambda ends, gain: ends[::-1],
        ),
        known(
            "in percent",
            "The ends are in percent; a gain is a share of rows.",
            then=lambda ends, gain: 100 * ends,
        ),
    ],
    then=[
        Round(
            generators("a single resample", 1),
            [
                mistake(
                    "own number of resamples",
                    "A single resample has a single gain, and here the two ends differ: how many "
                    "do "
                    "you draw?",
                    lambda *args: answer_with()(*args[:-2], 1000, args[-1]),
                    lambda *args: answer_with()(*args[:-2], 5 * args[-2], args[-1]),
                    lambda *args: answer_with()(*args[:-2], args[-2] + 1, args[-1]),
                    when=lambda told: any(low != high for _, (low, high) in told),
                ),
                mistake(
                    "own generator",
                    "Other generators lead to the very same ends; take the random rows from the "
                    "generator that is passed.",
                    lambda *args: answer_with()(*args[:-1], np.random.default_rng(0)),
                    when=all_the_same,
                ),
            ],
            otherwise,
            right=has_one_gain,
            together=lambda told: not all_the_same(told),
        ),
        Round(
            generators("a few resamples", 3),
            [
                mistake(
                    "fewer resamples than asked for",
                    "A few resamples have gains that differ, and here the two ends never do: how "
                    "many do you draw?",
                    lambda *args: answer_with()(*args[:-2], max(1, args[-2] // 2), args[-1]),
                    lambda *args: answer_with()(*args[:-2], max(1, args[-2] // 5), args[-1]),
                    when=without_width,
                ),
            ],
            otherwise,
            right=lambda case, said: True,
            together=lambda told: not without_width(told),
        ),
        on_edges(EDGES, on_edge, otherwise),
    ],
)

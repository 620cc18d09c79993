"""Exercise 07: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import numpy as np


def nan_is_calm(usual, weeks, sigmas):
    return np.flatnonzero(weeks > usual.mean() + sigmas * usual.std(ddof=1))


def fills_the_gap(usual, weeks, sigmas):
    weeks[np.isnan(weeks)] = np.inf
    return np.flatnonzero(weeks > usual.mean() + sigmas * usual.std(ddof=1))


def as_a_mask(usual, weeks, sigmas):
    return weeks > usual.mean() + sigmas * usual.std(ddof=1)


def only_the_first(usual, weeks, sigmas):
    return int(np.argmax(weeks > usual.mean() + sigmas * usual.std(ddof=1)))


def days_only(days, delays, causes, cooldown):
    return sorted(set((days + delays).tolist()))


def rest_of_the_latest_cause(days, delays, causes, cooldown):
    found = []
    for day, cause in sorted(set(zip((days + delays).tolist(), causes.tolist(), strict=True))):
        if not found or found[-1][1] != cause or day - found[-1][0] >= cooldown:
            found.append((day, cause))
    return found


def nothing_without_signals(days, delays, causes, cooldown):
    return [(int(days[0] + delays[0]), int(causes[0]))]


def names_only(asked, log, stored):
    return [name for name in asked if (name, "judged") not in log]


def other_words(asked, log, stored):
    return [(name, "training") for name in asked]


def recorded_without_a_verdict(asked, log, stored):
    left = []
    for name in dict.fromkeys(asked):
        if name in stored and (name, "trained") not in log:
            left.append((name, "record"))
        elif (name, "trained") not in log:
            left += [(name, "train"), (name, "judge")]
        elif (name, "judged") not in log:
            left.append((name, "judge"))
    return left


def promoted_or_not(right, tolerance):
    return (right[1:] >= np.maximum.accumulate(right)[:-1] - tolerance).tolist()


def first_included(right, tolerance):
    best, served = right[0], [right[0]]
    for candidate in right[1:]:
        served.append(candidate if candidate >= best - tolerance else served[-1])
        best = max(best, served[-1])
    return served


def blocked_left_out(right, tolerance):
    return [c for i, c in enumerate(right[1:]) if c >= right[: i + 1].max() - tolerance]


def shares(right, tolerance):
    return [float(champion) / 10_000 for champion in right[1:]]


WRONG = {
    "07.1": [
        (nan_is_calm, "what was not measured is no reason to be calm"),
        (fills_the_gap, "changed its inputs on a week whose loss is NaN"),
        (as_a_mask, "True or False"),
        (only_the_first, "not a list"),
    ],
    "07.2": [
        (days_only, "something else than pairs"),
        (rest_of_the_latest_cause, "others, on signals of several causes"),
        (nothing_without_signals, "others, on signals of several causes"),
    ],
    "07.3": [
        (names_only, "something else than pairs"),
        (other_words, "letter by letter"),
        (recorded_without_a_verdict, "something else, on a run killed between model and log"),
    ],
    "07.4": [
        (promoted_or_not, "True or False"),
        (first_included, "The first champion is in the list"),
        (blocked_left_out, "blocked ones included"),
        (shares, "not whole"),
    ],
}

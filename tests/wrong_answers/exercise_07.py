"""Exercise 07: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import math

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


def size_of_the_loss(usual, weeks, sigmas):
    return np.flatnonzero(~(np.abs(weeks) <= usual.mean() + sigmas * usual.std(ddof=1)))


def only_what_is_nan(usual, weeks, sigmas):
    return np.flatnonzero(np.isnan(weeks))


def every_name_in_the_log(asked, log, stored):
    left = []
    for name in dict.fromkeys([*asked, *(name for name, _ in log)]):
        if (name, "trained") not in log:
            left.append((name, "record" if name in stored else "train"))
        if (name, "judged") not in log:
            left.append((name, "judge"))
    return left


def found_in_the_text(asked, log, stored):
    left, models = [], " ".join(stored)
    for name in dict.fromkeys(asked):
        if (name, "trained") not in log:
            left.append((name, "record" if name in models else "train"))
        if (name, "judged") not in log:
            left.append((name, "judge"))
    return left


def a_hundred_at_most(right, tolerance):
    latest = best = right[0]
    served = []
    for candidate in right[1:]:
        if candidate >= best - min(tolerance, 100):
            latest, best = candidate, max(best, candidate)
        served.append(latest)
    return served


def best_listed(right, tolerance):
    return np.maximum.accumulate(right)[1:]


def never_without_a_right_row(right, tolerance):
    latest = best = right[0]
    served = []
    for candidate in right[1:]:
        if candidate >= max(best - tolerance, 1):
            latest, best = candidate, max(best, candidate)
        served.append(latest)
    return served


WRONG = {
    "07.1": [
        (nan_is_calm, "what was not measured is no reason to be calm"),
        (fills_the_gap, "changed its inputs on a week whose loss is NaN"),
        (as_a_mask, "True or False"),
        (only_the_first, "not a list"),
        (size_of_the_loss, "on losses below zero"),
        (only_what_is_nan, "on weeks of which some ring"),
    ],
    "07.2": [
        (days_only, "something else than pairs"),
        (rest_of_the_latest_cause, "others, on signals of several causes"),
        (nothing_without_signals, "others, on signals of several causes"),
    ],
    "07.3": [
        (names_only, "something else than pairs"),
        (other_words, "letter by letter"),
        (every_name_in_the_log, "on a log of a candidate that nobody asks for and that waits"),
        (found_in_the_text, "on names of which one holds the other"),
        (recorded_without_a_verdict, "something else, on a run killed between model and log"),
    ],
    "07.4": [
        (promoted_or_not, "True or False"),
        (first_included, "The first champion is in the list"),
        (blocked_left_out, "blocked ones included"),
        (shares, "not whole"),
        (a_hundred_at_most, "on a tolerance of hundreds"),
        (best_listed, "What is listed never falls here"),
        (never_without_a_right_row, "on a candidate that has nothing right, and may"),
    ],
}


def above_and_then_nan(usual, weeks, sigmas):
    limit = usual.mean() + sigmas * usual.std(ddof=1)
    return [*np.flatnonzero(weeks > limit), *np.flatnonzero(np.isnan(weeks))]


def array_of_pairs(days, delays, causes, cooldown):
    last, found = {}, []
    for day, cause in np.unique(np.column_stack([days + delays, causes]), axis=0):
        if day - last.get(cause, -math.inf) >= cooldown:
            last[cause] = day
            found.append((day, cause))
    return np.array(found).reshape(-1, 2)


RIGHT = {"07.1": [above_and_then_nan], "07.2": [array_of_pairs]}

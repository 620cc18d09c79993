"""Exercise 08: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import math

import numpy as np
from scipy.stats import binom, binomtest


def true_or_false(counts, planned, levels):
    return all(count is not None for count in counts)


def other_words(counts, planned, levels):
    return "promote"


def only_the_first_metric(counts, planned, levels):
    if any(
        c is None or not (c[0] >= p and sum(c) >= 0) for c, p in zip(counts, planned, strict=True)
    ):
        return "hold"
    if not counts:
        return "hold"
    (_, worse, better), level = counts[0], levels[0]
    return "roll back" if binom.sf(worse - 1, worse + better, 0.5) <= level / 2 else "go on"


def never_harmful(counts, planned, levels):
    missing = [
        count is None or not (count[0] >= enough and sum(count) >= 0)
        for count, enough in zip(counts, planned, strict=True)
    ]
    return "go on" if counts and not any(missing) else "hold"


def one_pair_is_no_matter(counts, planned, levels):
    if any(
        c is None or not (c[0] >= p - 1 and sum(c) >= 0)
        for c, p in zip(counts, planned, strict=True)
    ):
        return "hold"
    for (_, worse, better), level in zip(counts, levels, strict=True):
        if binom.sf(worse - 1, worse + better, 0.5) <= level / 2:
            return "roll back"
    return "go on" if counts else "hold"


def nothing(counts, planned, levels):
    pass


def only_the_last_event(events):
    return {"harm": "rolled back", "abort": "aborted", "pause": "paused"}.get(
        events[-1] if events else "", "shadow"
    )


def every_state(events):
    return ["shadow" for _ in events]


def capitals(events):
    return "Shadow"


def counted_passes(events):
    if "harm" in events or "deadline" in events:
        return "rolled back"
    return ("shadow", "canary", "stages", "fleet")[min(events.count("pass"), 3)]


WRONG = {
    "08.2": [
        (true_or_false, "it should be text"),
        (other_words, "none of the three texts"),
        (only_the_first_metric, "goes on although harm is shown"),
        (never_harmful, "goes on although harm is shown"),
        (one_pair_is_no_matter, "decides where nothing can be told yet"),
        (nothing, "is a return missing"),
    ],
    "08.4": [
        (only_the_last_event, "in another state"),
        (every_state, "it should be text"),
        (capitals, "none of the texts of the question"),
        (counted_passes, "in another state"),
    ],
}


def with_binomtest(counts, planned, levels):
    if not len(counts):
        return "hold"
    for count, enough in zip(counts, planned, strict=True):
        if count is None or np.isnan(np.array(count, float)).any() or count[0] < enough:
            return np.array("hold")
    for (_, worse, better), level in zip(counts, levels, strict=True):
        pairs = int(worse + better)
        if pairs and binomtest(int(worse), pairs, alternative="greater").pvalue <= level / 2:
            return "roll back"
    return "go on"


def with_sums(counts, planned, levels):
    """The tail as a sum, from exact integers."""
    decision = "go on" if counts else "hold"
    for count, enough, level in zip(counts, planned, levels, strict=True):
        if count is None or any(math.isnan(part) for part in count) or count[0] < enough:
            return "hold"
        _, worse, better = count
        if worse + better < 1000:
            tail = sum(math.comb(worse + better, k) for k in range(worse, worse + better + 1))
            tail = tail / 2 ** (worse + better)
        else:
            tail = binom.sf(worse - 1, worse + better, 0.5)
        if tail <= level / 2:
            decision = "roll back"
    return decision


def with_ifs(events):
    state, before = 0, 0
    names = ("shadow", "canary", "stages", "fleet", "paused", "rolled back", "aborted")
    for event in events:
        if state < 3 and event == "pass":
            state += 1
        elif state < 3 and event == "pause":
            state, before = 4, state
        elif state == 4 and event == "resume":
            state = before
        elif ((state < 3 or state == 4) and event == "harm") or (state < 3 and event == "deadline"):
            state = 5
        elif (state < 3 or state == 4) and event == "abort":
            state = 6
        elif state == 3 and event == "roll back":
            state = 5
        elif not ((state < 3 or state == 4) and event == "hold"):
            return "forbidden"
    return names[state]


RIGHT = {"08.2": [with_binomtest, with_sums], "08.4": [with_ifs]}

"""Exercise 08: bundles, looks, stages, states."""

import math
from statistics import NormalDist

import numpy as np
from scipy import stats
from scipy.stats import binom, binomtest


def pairs_of(harm, discordance, alpha, power):
    quantile = NormalDist().inv_cdf
    distance = quantile(1 - alpha / 2) + quantile(power)
    return distance**2 * (discordance - harm**2) / harm**2


def share_of(pairs, requests):
    return pairs / requests if 2 * pairs <= requests else 0.0


def not_rounded(harm, discordance, alpha, power, requests):
    pairs = pairs_of(harm, discordance, alpha, power)
    return pairs, share_of(pairs, requests)


def pairs_only(harm, discordance, alpha, power, requests):
    return math.ceil(pairs_of(harm, discordance, alpha, power))


def share_first(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return share_of(pairs, requests), pairs


def none_where_there_are_too_few(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests) or None


def share_as_text(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, f"{share_of(pairs, requests):.1%}"


def many_pairs_more(harm, discordance, alpha, power, requests):
    pairs = math.floor(pairs_of(harm, discordance, alpha, power)) + 20_000
    return pairs, share_of(pairs, requests)


def a_margin_of_a_tenth(harm, discordance, alpha, power, requests):
    pairs = math.ceil(0.9 * pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests)


def never_all_requests(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests) if 2.2 * pairs < requests else 0.0


def alpha_split_over_five_looks(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha / 5, power))
    return pairs, share_of(pairs, requests)


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
    "08.3": [
        (not_rounded, "is not a whole number; round it up"),
        (pairs_only, "it should return two values, (pairs, share)"),
        (share_first, "is not a whole number; round it up"),
        (none_where_there_are_too_few, "where no stage is run it is zero"),
        (share_as_text, "the share is a str"),
        (many_pairs_more, "These are too many pairs, on"),
        (a_margin_of_a_tenth, "These are too few pairs, on"),
        (never_all_requests, "share is not, on just enough requests"),
        (alpha_split_over_five_looks, "These are too many pairs, on"),
    ],
}


def with_the_error_under_no_harm(harm, discordance, alpha, power, requests):
    """Connor (1987): each distance in standard errors of its own."""
    reach = stats.norm.isf(alpha / 2) * np.sqrt(discordance)
    reach += stats.norm.isf(1 - power) * np.sqrt(discordance - harm**2)
    pairs = np.ceil((reach / harm) ** 2)
    return pairs, np.where(2 * pairs > requests, 0, pairs / requests)


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


RIGHT = {
    "08.2": [with_binomtest, with_sums],
    "08.3": [with_the_error_under_no_harm],
    "08.4": [with_ifs],
}

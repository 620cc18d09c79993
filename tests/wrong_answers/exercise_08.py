"""Exercise 08: bundles, looks, stages."""

import math
from statistics import NormalDist

import numpy as np
from scipy import stats


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


WRONG = {
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


RIGHT = {"08.3": [with_the_error_under_no_harm]}

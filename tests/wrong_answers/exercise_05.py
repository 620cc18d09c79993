"""Exercise 05: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import numpy as np


def late_checks_are_cheaper(check_cost, training_cost, catch_rate):
    passed = 1 - catch_rate
    return check_cost + passed * training_cost, training_cost + passed * check_cost


def the_chapters_numbers(check_cost, training_cost, catch_rate):
    return 390.0, 486.0


def useless_checks_are_not_run(check_cost, training_cost, catch_rate):
    if catch_rate == 0:
        return training_cost, training_cost
    return check_cost + (1 - catch_rate) * training_cost, training_cost + check_cost


def free_and_late(check_cost, training_cost, catch_rate):
    return (1 - catch_rate) * training_cost, (1 - catch_rate) * (training_cost + check_cost)


def trained_again(check_cost, training_cost, catch_rate):
    again = catch_rate * (check_cost + training_cost)
    return check_cost + (1 - catch_rate) * training_cost + again, training_cost + check_cost + again


def only_the_first(check_cost, training_cost, catch_rate):
    return check_cost + (1 - catch_rate) * training_cost


def share_that_passes(check_cost, training_cost, run_anyway):
    return 0 if run_anyway else (training_cost - check_cost) / training_cost


def yes_or_no(check_cost, training_cost, run_anyway):
    return run_anyway or check_cost < training_cost


def dear_checks_are_an_extra(check_cost, training_cost, run_anyway):
    return 0.0 if run_anyway and check_cost < training_cost else check_cost / training_cost


def none_without_costs(check_cost, training_cost, run_anyway):
    if check_cost > 0:
        return 0.0 if run_anyway else check_cost / training_cost


def never_returns(check_cost, training_cost, run_anyway):
    share = 0.0 if run_anyway else check_cost / training_cost  # noqa: F841 - that is the mistake


def from_the_end(costs, catch_rates):
    total = 0.0
    arriving = 1.0
    for cost, rate in zip(reversed(costs), reversed(catch_rates), strict=True):
        total += arriving * cost
        arriving *= 1 - rate
    return total


def first_rate_only(costs, catch_rates):
    return costs[0] + (1 - catch_rates[0]) * sum(costs[1:])


def useless_stages_are_not_run(costs, catch_rates):
    useful = catch_rates > 0
    arriving = np.cumprod(np.append(1.0, 1 - catch_rates[useful]))[:-1]
    return float(arriving @ costs[useful])


def arriving_from_passing(costs, catch_rates):
    return np.sum(costs * np.cumprod(1 - catch_rates) / (1 - catch_rates))


def scribbles(costs, catch_rates):
    costs[1:] *= np.cumprod(1 - catch_rates)[:-1]
    return costs.sum()


def idle_first(costs, catch_rates):
    return sorted(
        range(len(costs)), key=lambda i: costs[i] / catch_rates[i] if catch_rates[i] else 0
    )


def counted_from_one(costs, catch_rates):
    return [int(i) + 1 for i in np.argsort(costs / catch_rates)]


def idle_left_out(costs, catch_rates):
    order = np.argsort(costs / np.maximum(catch_rates, 1e-12))
    return [i for i in order if catch_rates[i] > 0]


def until_nothing_is_left(costs, catch_rates):
    order = np.argsort(costs / np.maximum(catch_rates, 1e-12))
    arriving = np.cumprod(1 - catch_rates[order])
    return order[: 1 + np.count_nonzero(arriving)]


def sorted_ratios(costs, catch_rates):
    return sorted(costs / np.maximum(catch_rates, 1e-12))


def first_only(costs, catch_rates):
    return int(np.argmin(costs / np.maximum(catch_rates, 1e-12)))


def by_python_division(costs, catch_rates):
    return sorted(range(len(costs)), key=lambda i: float(costs[i]) / float(catch_rates[i]))


def most_is_all(costs, catch_rates):
    total, arriving = 0.0, 1.0
    for cost, caught in zip(costs, catch_rates, strict=True):
        total += arriving * cost
        arriving *= 1 - caught if caught <= 0.5 else 0
    return total


def half_for_all(costs, catch_rates):
    rates = np.where(catch_rates == 1, 0.5, np.maximum(catch_rates, 1e-12))
    return np.argsort(costs / rates).tolist()


def two_kinds_of_changes(check_cost, training_cost, catch_rate):
    stopped, passed = catch_rate * check_cost, (1 - catch_rate) * (check_cost + training_cost)
    return [stopped + passed, training_cost + check_cost]


def solved(check_cost, training_cost, run_anyway):
    """Two points of a straight line, and where it is zero."""
    alternative = training_cost + check_cost * run_anyway
    saved_at_none, saved_at_all = alternative - check_cost - training_cost, alternative - check_cost
    return -saved_at_none / (saved_at_all - saved_at_none)


def the_rest_of_it(costs, catch_rates):
    if len(costs) == 0:
        return 0.0
    return costs[0] + (1 - catch_rates[0]) * the_rest_of_it(costs[1:], catch_rates[1:])


def swaps_neighbours(costs, catch_rates):
    order = [*range(len(costs))]
    for _ in costs:
        for i in range(len(order) - 1):
            a, b = order[i : i + 2]
            if costs[a] * catch_rates[b] > costs[b] * catch_rates[a]:
                order[i : i + 2] = b, a
    return order


RIGHT = {
    "05.1": [two_kinds_of_changes],
    "05.2": [solved],
    "05.3": [the_rest_of_it],
    "05.4": [swaps_neighbours],
}
WRONG = {
    "05.1": [
        (late_checks_are_cheaper, "Training that has run is paid for"),
        (the_chapters_numbers, "The cost with the checks first is too"),
        (useless_checks_are_not_run, "checks first is too low, on checks that stop nothing"),
        (free_and_late, "checks' own cost is missing"),
        (trained_again, "is trained once more here"),
        (only_the_first, "it should return two values"),
    ],
    "05.2": [
        (share_that_passes, "share of changes that may pass"),
        (yes_or_no, "True or False; it should be a number"),
        (dear_checks_are_an_extra, "too high, on checks that cost more than training"),
        (none_without_costs, "n checks that cost nothing, the break-even is None"),
        (never_returns, "is a return missing?"),
    ],
    "05.3": [
        (from_the_end, "from its end"),
        (first_rate_only, "Only the first stage stops anything"),
        (useless_stages_are_not_run, "too low, on a first stage that stops nothing"),
        (arriving_from_passing, "n a first stage that stops all, the cost is not a finite number"),
        (scribbles, "changed its inputs"),
        (most_is_all, "that stops most"),
    ],
    "05.4": [
        (idle_first, "does not belong in front"),
        (half_for_all, "There is a cheaper order, on"),
        (counted_from_one, "counted from one"),
        (idle_left_out, "hold the index of each check"),
        (until_nothing_is_left, "hold the index of each check"),
        (sorted_ratios, "not costs or ratios"),
        (first_only, "not a list"),
        (by_python_division, "raised ZeroDivisionError"),
    ],
}

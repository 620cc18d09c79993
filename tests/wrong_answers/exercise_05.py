"""Exercise 05: plausible wrong answers as a student would write them, and a fragment of the hint each must get."""

import math

import numpy as np

# ---- 05.1


def checks_are_free(check_cost, training_cost, catch_rate):
    return training_cost * (1 - catch_rate), training_cost


def checks_are_free_in_front(check_cost, training_cost, catch_rate):
    return training_cost - catch_rate * training_cost, training_cost + check_cost


def rate_on_the_checks(check_cost, training_cost, catch_rate):
    return (1 - catch_rate) * check_cost + training_cost, check_cost + training_cost


def rate_on_both(check_cost, training_cost, catch_rate):
    return (1 - catch_rate) * (check_cost + training_cost), check_cost + training_cost


def trains_the_stopped(check_cost, training_cost, catch_rate):
    return check_cost + catch_rate * training_cost, check_cost + training_cost


def both_orders_save(check_cost, training_cost, catch_rate):
    cost = check_cost + (1 - catch_rate) * training_cost
    return cost, cost


def late_checks_are_cheaper(check_cost, training_cost, catch_rate):
    passed = 1 - catch_rate
    return check_cost + passed * training_cost, training_cost + passed * check_cost


def checks_skipped(check_cost, training_cost, catch_rate):
    return check_cost + (1 - catch_rate) * training_cost, training_cost


def swapped(check_cost, training_cost, catch_rate):
    return training_cost + check_cost, check_cost + (1 - catch_rate) * training_cost


def per_caught_defect(check_cost, training_cost, catch_rate):
    return (check_cost + (1 - catch_rate) * training_cost) / catch_rate, (
        check_cost + training_cost
    ) / catch_rate


def per_passing_change(check_cost, training_cost, catch_rate):
    passed = 1 - catch_rate
    return check_cost / passed + training_cost, (check_cost + training_cost) / passed


def a_stopped_change(check_cost, training_cost, catch_rate):
    return check_cost, check_cost + training_cost


def percentage(check_cost, training_cost, catch_rate):
    return check_cost + (100 - catch_rate) / 100 * training_cost, check_cost + training_cost


def cents(check_cost, training_cost, catch_rate):
    return round(check_cost + (1 - catch_rate) * training_cost, 2), round(
        check_cost + training_cost, 2
    )


def the_chapters_numbers(check_cost, training_cost, catch_rate):
    return 390.0, 486.0


def only_the_first(check_cost, training_cost, catch_rate):
    return check_cost + (1 - catch_rate) * training_cost


# ---- 05.2


def upside_down(check_cost, training_cost, run_anyway):
    return 0 if run_anyway else training_cost / check_cost


def share_of_the_total(check_cost, training_cost, run_anyway):
    return 0 if run_anyway else check_cost / (check_cost + training_cost)


def share_that_passes(check_cost, training_cost, run_anyway):
    return 0 if run_anyway else (training_cost - check_cost) / training_cost


def break_even_in_percent(check_cost, training_cost, run_anyway):
    return 0 if run_anyway else 100 * check_cost / training_cost


def one_reading_only(check_cost, training_cost, run_anyway):
    return check_cost / training_cost


def always_worth_it(check_cost, training_cost, run_anyway):
    return 0.0


def readings_swapped(check_cost, training_cost, run_anyway):
    return check_cost / training_cost if run_anyway else 0.0


def capped(check_cost, training_cost, run_anyway):
    return 0.0 if run_anyway else min(check_cost / training_cost, 1.0)


def dollars(check_cost, training_cost, run_anyway):
    return 0.0 if run_anyway else training_cost - check_cost


def yes_or_no(check_cost, training_cost, run_anyway):
    return run_anyway or check_cost < training_cost


def none_when_they_run_anyway(check_cost, training_cost, run_anyway):
    return None if run_anyway else check_cost / training_cost


def nan_when_they_run_anyway(check_cost, training_cost, run_anyway):
    return np.nan if run_anyway else check_cost / training_cost


def never_returns(check_cost, training_cost, run_anyway):
    share = 0.0 if run_anyway else check_cost / training_cost  # noqa: F841 - that is the mistake


# ---- 05.3


def own_rate(costs, catch_rates):
    return np.sum(costs * np.cumprod(1 - catch_rates))


def all_stages_run(costs, catch_rates):
    return sum(costs)


def rates_added(costs, catch_rates):
    return sum(cost * (1 - sum(catch_rates[:i])) for i, cost in enumerate(costs))


def rates_added_and_cut(costs, catch_rates):
    return sum(cost * max(0, 1 - sum(catch_rates[:i])) for i, cost in enumerate(costs))


def the_stage_before_only(costs, catch_rates):
    return costs[0] + sum(
        cost * (1 - rate) for cost, rate in zip(costs[1:], catch_rates[:-1], strict=True)
    )


def caught_go_on(costs, catch_rates):
    return sum(cost * math.prod(catch_rates[:i]) for i, cost in enumerate(costs))


def from_the_end(costs, catch_rates):
    total = 0.0
    arriving = 1.0
    for cost, rate in zip(reversed(costs), reversed(catch_rates), strict=True):
        total += arriving * cost
        arriving *= 1 - rate
    return total


def last_stage_missing(costs, catch_rates):
    return sum(cost * math.prod(1 - catch_rates[:i]) for i, cost in enumerate(costs[:-1]))


def pipeline_per_pass(costs, catch_rates):
    cost = sum(cost * math.prod(1 - catch_rates[:i]) for i, cost in enumerate(costs))
    return cost / math.prod(1 - catch_rates)


def pipeline_per_defect(costs, catch_rates):
    cost = sum(cost * math.prod(1 - catch_rates[:i]) for i, cost in enumerate(costs))
    return cost / (1 - math.prod(1 - catch_rates))


def first_rate_only(costs, catch_rates):
    return costs[0] + (1 - catch_rates[0]) * sum(costs[1:])


def scribbles(costs, catch_rates):
    costs[1:] *= np.cumprod(1 - catch_rates)[:-1]
    return costs.sum()


# ---- 05.4


def by_cost(costs, catch_rates):
    return list(np.argsort(costs))


def by_rate(costs, catch_rates):
    return list(np.argsort(-catch_rates))


def by_rising_rate(costs, catch_rates):
    return np.argsort(catch_rates)


def by_falling_cost(costs, catch_rates):
    return sorted(range(len(costs)), key=lambda i: -costs[i])


def catches_per_dollar(costs, catch_rates):
    return np.argsort(catch_rates / costs).tolist()


def idle_first(costs, catch_rates):
    return sorted(
        range(len(costs)), key=lambda i: costs[i] / catch_rates[i] if catch_rates[i] else 0
    )


def product(costs, catch_rates):
    return sorted(range(len(costs)), key=lambda i: costs[i] * catch_rates[i])


def cost_of_the_passing(costs, catch_rates):
    return sorted(range(len(costs)), key=lambda i: costs[i] * (1 - catch_rates[i]))


def cost_per_pass(costs, catch_rates):
    return sorted(range(len(costs)), key=lambda i: costs[i] / (1 - catch_rates[i]))


def difference(costs, catch_rates):
    return sorted(range(len(costs)), key=lambda i: costs[i] - catch_rates[i])


def ranks(costs, catch_rates):
    return np.argsort(np.argsort(costs / catch_rates)).tolist()


def counted_from_one(costs, catch_rates):
    return [int(i) + 1 for i in np.argsort(costs / catch_rates)]


def idle_left_out(costs, catch_rates):
    order = np.argsort(costs / np.maximum(catch_rates, 1e-12))
    return [i for i in order if catch_rates[i] > 0]


def sorted_ratios(costs, catch_rates):
    return sorted(costs / np.maximum(catch_rates, 1e-12))


def first_only(costs, catch_rates):
    return int(np.argmin(costs / np.maximum(catch_rates, 1e-12)))


def by_python_division(costs, catch_rates):
    return sorted(range(len(costs)), key=lambda i: float(costs[i]) / float(catch_rates[i]))


NOT_ADD = "Catch rates do not add up"
PAID = "Training that has run is paid for"

WRONG = {
    "05.1": [
        (checks_are_free, "own cost is missing"),
        (checks_are_free_in_front, "own cost is missing"),
        (rate_on_the_checks, "on the wrong stage"),
        (rate_on_both, "the ones they stop do not pay"),
        (trains_the_stopped, "trains the changes that were stopped"),
        (both_orders_save, PAID),
        (late_checks_are_cheaper, PAID),
        (checks_skipped, "the cost of training alone"),
        (swapped, "changed places"),
        (per_caught_defect, "per caught defect"),
        (per_passing_change, "per change that passes"),
        (a_stopped_change, "what a stopped change costs"),
        (percentage, "not a percentage"),
        (cents, "are rounded"),
        (the_chapters_numbers, "The cost with the checks first is not right"),
        (only_the_first, "it should return two values"),
    ],
    "05.2": [
        (upside_down, "upside down"),
        (share_of_the_total, "no check is paid for there"),
        (share_that_passes, "share of changes that may pass"),
        (break_even_in_percent, "not a percentage"),
        (one_reading_only, "any defect they catch is a gain"),
        (always_worth_it, "earn their own cost"),
        (readings_swapped, "changed places"),
        (capped, "Leave a break-even above one"),
        (dollars, "money, not a share"),
        (yes_or_no, "True or False; it should be a number"),
        (none_when_they_run_anyway, "have a break-even, too"),
        (nan_when_they_run_anyway, "have a break-even, too"),
        (never_returns, "is a return missing?"),
    ],
    "05.3": [
        (own_rate, "own catch rate does not make it cheaper"),
        (all_stages_run, "billed for every change"),
        (rates_added, NOT_ADD),
        (rates_added_and_cut, NOT_ADD),
        (the_stage_before_only, "Only the stage just before"),
        (caught_go_on, "taken for a share let through"),
        (from_the_end, "from its end"),
        (last_stage_missing, "The last stage is missing"),
        (pipeline_per_pass, "per change that passes"),
        (pipeline_per_defect, "per caught defect"),
        (first_rate_only, "not right, on three stages"),
        (scribbles, "changed its inputs"),
    ],
    "05.4": [
        (by_cost, "by cost alone"),
        (by_rate, "by catch rate alone"),
        (by_rising_rate, "rising catch rate"),
        (by_falling_cost, "falling cost"),
        (catches_per_dollar, "the dearest order of all"),
        (idle_first, "does not belong in front"),
        (product, "are multiplied"),
        (cost_of_the_passing, "the changes that pass a check"),
        (cost_per_pass, "per change that passes"),
        (difference, "change with the currency"),
        (ranks, "These are ranks"),
        (counted_from_one, "counted from one"),
        (idle_left_out, "hold the index of each check"),
        (sorted_ratios, "not costs or ratios"),
        (first_only, "not a list"),
        (by_python_division, "raised ZeroDivisionError"),
    ],
}

"""Exercise 10: difficulties and stages; a policy, an order of steps, and exit statuses."""

from enum import StrEnum

PLACES = {
    "margin": ("nondeterminism", "gate"),
    "order": ("nondeterminism", "training"),
    "smoke test": ("cost", "checks"),
    "checkpoint": ("cost", "training"),
    "volume": ("cost", "trigger"),
    "mix": ("data", "checks"),
    "lineage": ("data", "checks"),
    "slices": ("quality", "gate"),
    "interval": ("quality", "gate"),
    "canary": ("quality", "rollout"),
    "unit tests": ("none", "checks"),
    "one build": ("none", "registry"),
}


def the_other_places():
    """Where either of two is right, the other one."""
    return PLACES | {
        "margin": ("quality", "gate"),
        "volume": ("data", "monitor"),
        "mix": ("data", "monitor"),
        "lineage": ("nondeterminism", "registry"),
        "slices": ("data", "rollout"),
        "canary": ("data", "rollout"),
        "unit tests": ("none", "trigger"),
        "one build": ("none", "rollout"),
    }


class Stage(StrEnum):
    """Names of one's own for the stages."""

    BEFORE, CLUSTER, AFTER = "checks", "training", "gate"


def with_names_of_ones_own():
    stages = {stage.value: stage for stage in Stage}
    return {name: [why, stages.get(where, where)] for name, (why, where) in PLACES.items()}


def in_another_order():
    return dict(sorted(PLACES.items(), reverse=True))


def a_list_of_rows():
    return [(name, *pair) for name, pair in PLACES.items()]


def without_the_canary():
    return {name: pair for name, pair in PLACES.items() if name != "canary"}


def one_more():
    return PLACES | {"linter": ("none", "checks")}


def stages_only():
    return {name: stage for name, (_, stage) in PLACES.items()}


def in_capitals():
    return {name: (why.upper(), where) for name, (why, where) in PLACES.items()}


def turned_round():
    return {name: pair[::-1] for name, pair in PLACES.items()}


def all_in_the_gate():
    return {name: (why, "gate") for name, (why, _) in PLACES.items()}


def prints_places():
    print(PLACES)


STEPS = ["profile", "schema", "train", "gate", "shadow", "canary"]


def each_slice_by_name():
    policy = """
        min_gain = 0.004        # above the luckiest of 50 retrainings
        confidence = 0.99
        max_slice_loss = {day = 0.0, evening = 0.0, night = 0.08}
    """
    return policy, tuple(STEPS), {0}


def with_a_wide_gap():
    policy = (
        "max_gap = 0.3\nmin_gain = 0.008\nconfidence = 0.95\n"
        "max_slice_loss.night = 0.03\nmax_slice_loss.'...' = 0.015"
    )
    return [policy, STEPS, (0, 64)]


def by_cost_per_catch():
    """The order is computed; 0 to 65 percent of what arrives is stopped by each."""
    bounds = {"night": 0.1, "day": 0.012, "evening": 0.2}
    lines = [f'max_slice_loss."{name}" = {bound}' for name, bound in bounds.items()]
    catches = {"schema": (4, 2), "profile": (6, 12)}
    first = sorted(catches, key=lambda name: catches[name][0] / catches[name][1])
    text = "\n".join(["min_gain = 6e-3", "confidence = 0.95", *lines])
    return text, [*first, "train", "gate", "shadow", "canary"], [0]


def margin_in_the_noise():
    policy = "min_gain = 0.002\nconfidence = 0.95\nmax_slice_loss = {night = 0.05, '...' = 0.01}"
    return policy, STEPS, [0]


def one_in_forty_on_one_side():
    """A confidence of 39 in 40 leaves half of one in 40 at each end: stricter, and right."""
    return each_slice_by_name()[0].replace("0.99", "0.975"), STEPS, [0]


def ninety_percent():
    return each_slice_by_name()[0].replace("0.99", "0.90"), STEPS, [0]


def a_policy_object():
    from labsupport.gate import Policy

    return Policy(), STEPS, [0]


def policy_only():
    return each_slice_by_name()[0]


def two_of_three():
    return each_slice_by_name()[:2]


def a_step_of_ones_own():
    return each_slice_by_name()[0], [*STEPS, "smoke"], [0]


def trained_twice():
    return each_slice_by_name()[0], ["train", *STEPS], [0]


def one_status():
    return each_slice_by_name()[0], STEPS, 0


def steps_as_text():
    return each_slice_by_name()[0], " ".join(STEPS), [0]


def names_of_statuses():
    return each_slice_by_name()[0], STEPS, ["promote"]


def half_a_status():
    return each_slice_by_name()[0], STEPS, [0, 0.5]


def true_for_success():
    return each_slice_by_name()[0], STEPS, [True]


def nothing_at_all():
    return "", [], []


def everything_in_the_order_of_the_table():
    steps = ["schema", "profile", "rehearsal", "train", "gate", "review", "shadow", "canary"]
    return each_slice_by_name()[0], steps, [0]


def the_default_policy():
    return "min_gain = 0.005\nmax_gap = 0.10", STEPS, [0]


def forgot_a_table_header():
    return "min_gain = 0.005\nconfidence = 0.95\nnight = 0.05", STEPS, [0]


WRONG = {
    "10.1": [
        (a_list_of_rows, "it should map each change to (difficulty, stage)"),
        (prints_places, "it should map each change to (difficulty, stage)"),
        (without_the_canary, "The change 'canary' is missing"),
        (one_more, "The table has no change 'linter'"),
        (stages_only, "it should return two values, (difficulty, stage)"),
        (in_capitals, "is none of nondeterminism"),
        (turned_round, "is none of nondeterminism"),
        (all_in_the_gate, "hours of a cluster have been booked"),
    ],
    "10.2": [
        (a_policy_object, "The policy is a Policy; it should be text"),
        (policy_only, "it should return three, (policy, steps, go_on)"),
        (two_of_three, "it should return three, (policy, steps, go_on)"),
        (a_step_of_ones_own, "There is no step 'smoke'"),
        (trained_twice, "A step stands twice"),
        (one_status, "Go_on is a single number"),
        (steps_as_text, "Steps is a str"),
        (names_of_statuses, "The exit status is a str"),
        (half_a_status, "An exit status is a whole number"),
        (true_for_success, "The exit status is True or False"),
        (nothing_at_all, "names no bound"),
        (everything_in_the_order_of_the_table, "a step is paid for whose work a cheaper one"),
        (the_default_policy, "A gain on a few rows reaches the fleet"),
        (forgot_a_table_header, "a key that no policy has"),
        (margin_in_the_noise, "by a lucky seed"),
        (ninety_percent, "the luck of the rows promotes more often"),
    ],
}

RIGHT = {
    "10.1": [the_other_places, with_names_of_ones_own, in_another_order],
    "10.2": [each_slice_by_name, with_a_wide_gap, by_cost_per_catch, one_in_forty_on_one_side],
}

"""Exercise 06: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import numpy as np


def quantiles_of_nan(reference, current, k):
    edges = np.quantile(reference, np.arange(1, k) / k)
    p, q = (np.bincount(np.searchsorted(edges, side), minlength=k) for side in (reference, current))
    return np.sum((q / q.sum() - p / p.sum()) * np.log((q / q.sum()) / (p / p.sum())))


def fills_in(reference, current, k):
    current[np.isnan(current)] = np.nanmedian(reference)
    return 0.0


def per_bin(reference, current, k):
    return [0.0] * k


def ks_instead(reference, current, k):
    both = np.concatenate([reference, current])
    return max(abs((reference <= x).mean() - (current <= x).mean()) for x in both[::20])


def needs_a_middle(reference, current, k):
    p, q = (
        np.append(np.isnan(side).mean(), 1 - np.isnan(side).mean()) for side in (reference, current)
    )
    return float(np.sum((q - p) * np.log(q / p)))


def one_word(old_labels, new_labels, old_values, new_values, bound):
    return "lost"


def yes_or_no(old_labels, new_labels, old_values, new_values, bound):
    return len(new_labels) > 0 and set(old_labels) == set(new_labels)


def other_words(old_labels, new_labels, old_values, new_values, bound):
    return ["Lost", "New", "Moved"]


def which_classes(old_labels, new_labels, old_values, new_values, bound):
    return set(old_labels) ^ set(new_labels)


def strictly_below(old_labels, new_labels, old_values, new_values, bound):
    if len(new_labels) == 0:
        return ["lost", "new", "moved"]
    old, new, middle = set(old_labels), set(new_labels), np.nanmedian(old_values)
    failed = ["lost"] * bool(old - new) + ["new"] * bool(new - old)
    change = (new_values < middle).mean() - (old_values < middle).mean()
    return failed + ["moved"] * bool(abs(change) > bound)


def at_least_the_bound(old_labels, new_labels, old_values, new_values, bound):
    if len(new_labels) == 0:
        return ["lost", "new", "moved"]
    old, new, middle = set(old_labels), set(new_labels), np.nanmedian(old_values)
    failed = ["lost"] * bool(old - new) + ["new"] * bool(new - old)
    change = (new_values <= middle).mean() - (old_values <= middle).mean()
    return failed + ["moved"] * bool(abs(change) >= bound)


def crashes_without_rows(old_labels, new_labels, old_values, new_values, bound):
    assert len(new_labels)
    return strictly_below(old_labels, new_labels, old_values, new_values, bound)


def a_single_number(m, n, rate):
    return float(np.sqrt(np.log(2 * len(m) / rate) / 2 * (1 / m + 1 / n)).max())


def half_of_the_columns(m, n, rate):
    return np.sqrt(np.log(2 * len(m) / rate) / 2 * (1 / m + 1 / n))[::2]


def twice_as_strict(m, n, rate):
    return np.minimum(1, np.sqrt(np.log(2 * len(m) / rate) / 4 * (1 / m + 1 / n)))


def a_little_looser(m, n, rate):
    return np.minimum(1, 0.001 + np.sqrt(np.log(2 * len(m) / rate) / 2 * (1 / m + 1 / n)))


def loss_falls(trainer, X, y):
    return trainer.loss(trainer.train(X, y, 9), X, y) < trainer.loss(trainer.train(X, y, 0), X, y)


def loss_falls_and_all_finite(trainer, X, y):
    return loss_falls(trainer, X, y) and bool(np.isfinite(X).all())


def in_words(trainer, X, y):
    return "promote"


def gradient_is_small(trainer, X, y):
    slopes = [trainer.gradient(trainer.train(X, y, steps), X, y) for steps in (0, 30)]
    return np.linalg.norm(slopes[1]) < np.linalg.norm(slopes[0])


def learns_by_heart(trainer, X, y):
    return trainer.loss(trainer.train(X[:4], y[:4], 60), X[:4], y[:4]) < 0.1


def no_label_is_rare(trainer, X, y):
    return loss_falls(trainer, X, y) and abs(y.mean() - 0.5) < 0.2


WRONG = {
    "06.1": [
        (quantiles_of_nan, "not a number, on a column that moved"),
        (fills_in, "changed its inputs"),
        (per_bin, "a list"),
        (ks_instead, "on a column that moved"),
        (needs_a_middle, "too low, on a column that moved"),
    ],
    "06.2": [
        (one_word, "not a list"),
        (yes_or_no, "True or False"),
        (other_words, "letter by letter"),
        (which_classes, "letter by letter"),
        (strictly_below, "are not counted here"),
        (at_least_the_bound, "a false alarm, on a change of exactly the bound"),
        (crashes_without_rows, "raised AssertionError on a snapshot without rows"),
    ],
    "06.3": [
        (a_single_number, "a single number, not a list"),
        (half_of_the_columns, "not one threshold for each column"),
        (twice_as_strict, "too low, so it rings too often"),
        (a_little_looser, "higher than it has to be"),
    ],
    "06.4": [
        (loss_falls, "the faults with which the loss falls as well"),
        (loss_falls_and_all_finite, "the faults with which the loss falls as well"),
        (in_words, "should be True or False"),
        (gradient_is_small, "A fault got through: "),
        (learns_by_heart, "A fault got through: "),
        (no_label_is_rare, "the faults with which the loss falls as well"),
    ],
}

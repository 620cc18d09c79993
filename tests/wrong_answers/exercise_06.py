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


def log_turned_round(reference, current, k):
    return -by_digitize(reference, current, k)


def by_digitize(reference, current, k):
    edges = np.quantile(reference[~np.isnan(reference)], np.arange(1, k) / k)
    shares = []
    for side in (reference, current):
        bins = np.where(np.isnan(side), k, np.digitize(side, edges))
        shares.append([(bins == i).mean() for i in range(k + 1)])
    total = 0.0
    for p, q in zip(*shares, strict=True):
        if p != q:
            total += (q - p) * np.log(q / p) if p > 0 and q > 0 else np.inf
    return total


def by_histogram(reference, current, k):
    edges = np.quantile(reference[~np.isnan(reference)], np.linspace(0, 1, k + 1))
    edges[0], edges[-1] = -np.inf, np.inf
    p, q = (
        np.append(np.histogram(side[~np.isnan(side)], edges)[0], np.isnan(side).sum()) / len(side)
        for side in (reference, current)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nansum((q - p) * np.log(q / p))


def by_setdiff(old_labels, new_labels, old_values, new_values, bound):
    if not new_labels.size:
        return {"lost", "new", "moved"}
    middle, failed = np.nanmedian(old_values), set()
    if np.setdiff1d(old_labels, new_labels).size:
        failed.add("lost")
    if not np.isin(new_labels, old_labels).all():
        failed.add("new")
    before, now = np.mean(old_values <= middle), np.mean(new_values <= middle)
    if now - before > bound or before - now > bound:
        failed.add("moved")
    return failed


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


def by_halving(m, n, rate):
    found = []
    for before, now in zip(m.tolist(), n.tolist(), strict=True):
        low, high = 0.0, 1.0
        while high - low > 1e-15:
            middle = (low + high) / 2
            rings = 2 * np.exp(-2 * middle**2 * before * now / (before + now))
            low, high = (middle, high) if rings > rate / len(m) else (low, middle)
        found.append(high)
    return found


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


def sound(trainer, X, y):
    """All but the look at the labels, with slopes to one side only."""
    start, end = trainer.train(X, y, 0), trainer.train(X, y, 30)
    if np.isnan(X).any() or not trainer.loss(end, X, y) < trainer.loss(start, X, y):
        return False
    steps = 1e-7 * np.eye(len(start))
    rises = [trainer.loss(start + step, X, y) - trainer.loss(start, X, y) for step in steps]
    slope = np.array(rises) / 1e-7
    if not np.allclose(trainer.gradient(start, X, y), slope, rtol=1e-2, atol=1e-3):
        return False
    return bool((end != start)[np.abs(slope) > 1e-3].all())


def other_half(trainer, X, y):
    weights, rng = trainer.train(X[:120], y[:120], 30), np.random.default_rng(3)
    chance = [trainer.loss(weights, X[120:], rng.permutation(y[120:])) for _ in range(100)]
    told = trainer.loss(weights, X[120:], y[120:])
    return sound(trainer, X, y) and bool(told < np.mean(chance) - 4 * np.std(chance))


def rows_trained_on(trainer, X, y):
    weights, rng = trainer.train(X, y, 30), np.random.default_rng(3)
    chance = [trainer.loss(weights, X, rng.permutation(y)) for _ in range(100)]
    told = trainer.loss(weights, X, y)
    return sound(trainer, X, y) and bool(told < np.mean(chance) - 4 * np.std(chance))


def trained_on_shuffled(trainer, X, y):
    rng, right, chance = np.random.default_rng(1), trainer.train(X[::2], y[::2], 30), []
    for _ in range(20):
        weights = trainer.train(X[::2], rng.permutation(y[::2]), 30)
        chance.append(trainer.loss(weights, X[1::2], y[1::2]))
    told = trainer.loss(right, X[1::2], y[1::2])
    return sound(trainer, X, y) and bool(told < np.mean(chance) - 4 * np.std(chance))


RIGHT = {
    "06.1": [by_digitize, by_histogram],
    "06.2": [by_setdiff],
    "06.3": [by_halving],
    "06.4": [other_half],
}
WRONG = {
    "06.1": [
        (quantiles_of_nan, "not a number, on a column that moved"),
        (fills_in, "changed its inputs"),
        (per_bin, "a list"),
        (ks_instead, "on a column that moved"),
        (needs_a_middle, "too low, on a column that moved"),
        (log_turned_round, "negative, on a column that moved"),
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
        (rows_trained_on, "learnt by heart"),
        (trained_on_shuffled, "A right trainer was refused"),
        (no_label_is_rare, "the faults with which the loss falls as well"),
    ],
}

"""06.2: checks of a class column and of a number, which no outlier and no empty frame fools."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Told, mistake, not_right
from labsupport.grading.readers import Wrong, listed, text
from labsupport.grading.snapshots import (
    EDGES,
    close_to,
    closer,
    delays,
    exactly,
    labels,
    same_ties,
    share_below,
    ties,
    week,
    without,
)

NAMES = ("lost", "new", "moved")


def read(value) -> tuple[str, ...]:
    """The names of the checks that failed, in any order; a set will do as well."""
    if issubclass(type(value), set | frozenset):
        value = list(value)
    names = {text(name, "name of a check") for name in listed(value, "the names of checks")}
    if names - set(NAMES):
        raise Wrong("a name in the list is none of the three of the question, letter by letter.")
    return tuple(sorted(names))


# The right answer, and the parts in which it can be changed


def lost(old, new) -> bool:
    return bool(set(old.tolist()) - set(new.tolist()))


def unseen(old, new) -> bool:
    return lost(new, old)


def median_of_old(old, new) -> float:
    return np.nanmedian(old)


def median_of_new(old, new) -> float:
    return np.nanmedian(new)


def mean_of_old(old, new) -> float:
    return np.nanmean(old)


def median_of_both(old, new) -> float:
    return np.nanmedian(np.append(old, new))


def moved(
    cut: Callable = median_of_old,
    share: Callable = share_below,
    over: Callable = lambda before, now, bound: abs(now - before) > bound,
) -> Callable:
    """moved(old, new, bound) -> bool, with any of its steps replaced."""

    def answer(old, new, bound):
        middle = cut(old, new)
        return bool(over(share(old, middle), share(new, middle), bound))

    return answer


HAS_MOVED = moved()


def checks(
    is_lost: Callable = lost,
    is_new: Callable = unseen,
    has_moved: Callable = HAS_MOVED,
    empty: tuple[str, ...] | None = NAMES,
) -> Callable:
    """The right answer with any of its checks replaced; empty=None asks them about no rows, too."""

    def answer(old_labels, new_labels, old_values, new_values, bound):
        if empty is not None and len(new_labels) == 0:
            return list(empty)
        failed = (
            is_lost(old_labels, new_labels),
            is_new(old_labels, new_labels),
            has_moved(old_values, new_values, bound),
        )
        return [name for name, yes in zip(NAMES, failed, strict=True) if yes]

    return answer


right_answer = checks()


def case(about, *given) -> Case:
    return Case(about, given, read(right_answer(*given)))


# The cases


NEAR = [
    ("values that moved about as far as the bound", close_to(*cuts))
    for cuts in (
        (median_of_old, median_of_both),
        (median_of_old, median_of_new),
        (median_of_old, mean_of_old),
        (median_of_both, median_of_new),
    )
]


def cases(rng) -> list[Case]:
    far = float(rng.choice([-1, 1])) * 10.0 ** int(rng.integers(6, 9))
    down, up = -rng.uniform(3.0, 5.0), rng.uniform(3.0, 5.0)
    kinds = {
        "a snapshot like the reference": week(),
        "a snapshot without its rarest class": week(now=without(3)),
        "a snapshot without a frequent class": week(now=without(1)),
        "a snapshot with a class that the reference lacks": week(before=without(3)),
        "a snapshot with one class for another": week(before=without(2), now=without(3)),
        "values that moved down": week(shift=down),
        "values that moved up": week(shift=up),
        "values of which more are missing": week(missing=(0.0, rng.uniform(0.3, 0.9))),
        "values of which a few more are missing": week(missing=(0.0, 0.1)),
        "values of which as many are missing as before": week(missing=(0.3, 0.3)),
        "values of which some are missing, and that moved": week(shift=up, missing=(0.3, 0.3)),
        "an outlier in the reference, and values that moved": week(
            shift=up, outliers=(far, None), rows=5000
        ),
        "an outlier in the snapshot, and values that moved": week(shift=down, outliers=(None, far)),
        "an outlier in the snapshot, and nothing else": week(outliers=(None, far)),
        "values of which many are the median": ties,
        "values of which as many as before are the median": same_ties,
        "values that only drew closer together": closer,
        "a change that is less than a bound that is wide": exactly(8, 0.17),
        "a change that is more than a bound that is narrow": exactly(2, 0.02),
        "classes whose shares changed, and none is lost": week(now=(0.5, 0.44, 0.05, 0.01)),
        "a snapshot without rows": lambda rng: (
            labels(rng, 500),
            labels(rng, 500)[:0],
            delays(rng, 500),
            delays(rng, 500)[:0],
            0.07,
        ),
    }
    return [case(about, *draw(rng)) for about, draw in [*kinds.items(), *NEAR]]


# The mistakes


def never(*given) -> bool:
    return False


def same_classes(old, new) -> bool:
    return set(old.tolist()) != set(new.tolist())


def fewer(old, new) -> bool:
    return len(set(new.tolist())) < len(set(old.tolist()))


def more(old, new) -> bool:
    return fewer(new, old)


def common(least: float):
    """Only classes with that share of the reference can be lost."""

    def answer(old, new):
        names, rows = np.unique(old, return_counts=True)
        return lost(names[rows >= least * len(old)], new)

    return answer


def mean_moved(sigmas: float, spread: Callable = np.nanstd):
    def answer(old, new, bound):
        return abs(np.nanmean(new) - np.nanmean(old)) > sigmas * spread(old)

    return answer


def in_range(old, new, bound) -> bool:
    """How far the mean moves in the reference's range."""
    reach = np.nanmax(old) - np.nanmin(old)
    return abs(np.nanmean(new) - np.nanmean(old)) > bound * reach


def in_outlier(old, new) -> bool:
    """Whether a value is far from all others."""
    return bool(max(np.nanmax(np.abs(side)) for side in (old, new)) > 1e5)


def wrong(told: list[Told]) -> list[Told]:
    return [one for one in told if one.said != one.case.expected]


def fooled_by_outliers(told) -> bool:
    off = wrong(told)
    return bool(off) and all("outlier" in one.case.about for one in off)


def otherwise(case: Case, said) -> str:
    silent = [name for name in NAMES if name in case.expected and name not in said]
    loud = [name for name in NAMES if name in said and name not in case.expected]
    if silent:
        return f"The check {silent[0]!r} says nothing, on {case.about}."
    if loud:
        return f"The check {loud[0]!r} is a false alarm, on {case.about}."
    return not_right(case, said)


def there(values, cut) -> float:
    return share_below(values[~np.isnan(values)], cut)


def strictly_below(values, cut) -> float:
    return float((values < cut).mean())


def half_of_those_there(old, new, bound) -> bool:
    before = 0.5 * (~np.isnan(old)).mean()
    return abs(share_below(new, np.nanmedian(old)) - before) > bound


def counted(values, cut) -> int:
    return int((values <= cut).sum())


QUESTION = Question(
    "06.2",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="The rarest class is missed when it is gone, a change down rings like one up, and "
    "neither an outlier nor an empty snapshot passes for an ordinary one.",
    mistakes=[
        mistake(
            "isin, so nothing is ever lost",
            "No class is ever lost here; looking up the snapshot's classes in the reference finds "
            "the new ones alone.",
            checks(is_lost=never),
        ),
        mistake(
            "isin turned round",
            "No class is ever new here; looking up the reference's classes in the snapshot finds "
            "the lost ones alone.",
            checks(is_new=never),
        ),
        mistake(
            "lost and new changed places",
            "The names have changed places: a class is lost when the reference has it and the "
            "snapshot has not.",
            checks(is_lost=unseen, is_new=lost),
        ),
        mistake(
            "any difference is both",
            "Whenever the classes differ, they are lost and new at once here; ask in each "
            "direction.",
            checks(same_classes, same_classes),
        ),
        mistake(
            "number of classes",
            "One class in place of another goes unnoticed; where classes are only counted, one "
            "that is new makes up for one that is lost.",
            checks(fewer, more),
        ),
        mistake(
            "rare classes do not count",
            "A class that is gone is not missed if it was rare; a model never learns what it does "
            "not see.",
            checks(is_lost=common(0.02)),
            checks(is_lost=common(0.1)),
        ),
        mistake(
            "an empty snapshot is no new one",
            "Without rows there is nothing to compare, and what compared nothing has failed, each "
            "of the checks.",
            checks(empty=()),
            checks(empty=None),
            checks(empty=("lost",)),
            checks(empty=("lost", "moved")),
        ),
        mistake(
            "up only",
            "Values that move down pass; the share below the median may change in both directions.",
            checks(has_moved=moved(over=lambda before, now, bound: before - now > bound)),
        ),
        mistake(
            "down only",
            "Values that move up pass, and so do missing ones; the share below the median may "
            "change in both directions.",
            checks(has_moved=moved(over=lambda before, now, bound: now - before > bound)),
        ),
        mistake(
            "non-missing rows only",
            "The shares are of the rows whose value is there, so a column can go missing and "
            "nothing moves.",
            checks(has_moved=moved(share=there)),
        ),
        mistake(
            "median of both samples",
            "The snapshot has a say in the median that it is judged by; the reference alone has "
            "it.",
            checks(has_moved=moved(cut=median_of_both)),
        ),
        mistake(
            "the median of the snapshot",
            "The median is that of the snapshot, so it moves along with the values.",
            checks(has_moved=moved(cut=median_of_new)),
        ),
        mistake(
            "the median with NaN",
            "Where the reference has missing values, nothing ever moves; a median with NaN among "
            "its values is NaN.",
            checks(has_moved=moved(cut=lambda old, new: np.median(old))),
        ),
        mistake(
            "compared with one half",
            "The reference's share is taken for one half; where values are missing or many are the "
            "median, it is another.",
            checks(
                has_moved=moved(over=lambda before, now, bound: abs(now - 0.5) > bound),
            ),
            checks(has_moved=half_of_those_there),
        ),
        mistake(
            "mean of the reference",
            "The values are cut at the mean here; one outlier takes it to where all the others are "
            "on one side.",
            checks(has_moved=moved(cut=mean_of_old)),
        ),
        mistake(
            "strictly below the median",
            "Values that are the median itself are not counted here; at most the median means that "
            "they are.",
            checks(has_moved=moved(share=strictly_below)),
        ),
        mistake(
            "rows, not shares",
            "The rows of the snapshot are not divided by how many it has, so a smaller one always "
            "moves.",
            checks(has_moved=moved(share=counted)),
        ),
        mistake(
            "fooled by an outlier",
            "Only the snapshots with an outlier are judged wrongly: a single value may not decide "
            "about thousands.",
            checks(has_moved=lambda *given: moved()(*given) and not in_outlier(*given[:2])),
            checks(has_moved=lambda *given: moved()(*given) != in_outlier(*given[:2])),
            when=fooled_by_outliers,
        ),
        mistake(
            "mean and standard deviation",
            "The mean is compared here, in standard deviations of the reference; one outlier makes "
            "both of them as large as it likes.",
            *(
                checks(has_moved=mean_moved(sigmas, spread))
                for sigmas in (3.0, 2.0, 0.1)
                for spread in (np.nanstd, lambda values: np.nanstd(values, ddof=1))
            ),
            checks(has_moved=in_range),
        ),
        mistake(
            "moves never",
            "Values that move are never noticed, in neither direction.",
            checks(has_moved=never),
        ),
    ],
)

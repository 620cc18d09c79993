"""The words of every figure and panel: what its axes are called, and what else is written in it.

They stand here a second time on purpose. A word that is changed in a figure is changed here as
well, by somebody who reads it. N stands for a number; names that a caller gives are not listed.
"""

from __future__ import annotations

from dataclasses import dataclass

GAIN = "gain over the baseline (percentage points)"
PLANE = "gain over the baseline (percentage points; squeezed beyond ±1)"
BETWEEN = "accuracy gap between two slices (points)"
IN_ANY = "largest loss of accuracy in any slice (points)"
CATCHES = "catch rate: share of changes that the checks stop"


@dataclass(frozen=True)
class Words:
    """The names of both axes, of all axes of each example; and the forms of all other words."""

    axes: frozenset[tuple[tuple[str, str], ...]]
    forms: frozenset[str]


def words(axes: list[tuple[tuple[str, str], ...]], *forms: str) -> Words:
    return Words(frozenset(axes), frozenset(forms))


_COSTS = (
    "checks first, against", "training alone", "training, then checks", "N: saves N",
    "N: costs N more", "even at N", "\N{UPWARDS ARROW} N: saves N",
    "\N{DOWNWARDS ARROW} N: costs N more",
)  # fmt: skip
_NULL_GAINS = "gain over the baseline (rows of 100); the recipe is the same"
_ENDS = ("on the holdout", "in truth")
_WEEKS = (
    "dotted: never retrained; area below it: saved, above it: lost\n"
    "tick: signal; triangle: trained; disc: promoted; cross: not",
    "limit N",
    "saves N dollars",
    "costs N dollars",
    "N dollars of regret",
)
_IN_WEEKS = [(("week of 2013", "log-loss per flight (nats)"),)]
_SIZES = words(
    [(("measured / bound (square: damaged; disc, cross: not)", ""),)],
    *("saves N $", "costs N $"),
)
_MINUTES = [(("minutes since the rollout began", "requests hurt so far"),)]
_STEPS = ("shadow\nN", "canary\nN", "stages\nN", "flip: N")
_IN_LOOP = [(("day of the loop", ""),)]
_LOOP = ("no", "alarm", "yes", "days to come")
_REAL = ("trees_without_medical", "trees_all_columns", "logistic_without_sex_race")
_PLANE = ("margin N points", "tolerance N points", "promote")

_IN_GAIN = [(("gain in right answers over the baseline (percentage points)", ""),)]
_PARTS = ("attacks that worked", "baseline", "candidate", "N of N", "N of N (≤ N)", "margin N")
_PARTS += ("BLOCK", "PROMOTE", "INCONCLUSIVE", "N points N to N", "the judge fails its exam")
_FAMILIES = ("direct request", "role play", "translation", "encoding", "continuation")
_FAMILIES += ("multi-turn", "injected document", "authority claim")

WORDS: dict[str, Words] = {
    "pipeline": words(
        [(("", ""),)],
        *("code, data or\nconfig change", "schedule,\nvolume, drift", "cheap\nchecks", "fleet"),
        *("distributed\ntraining", "evaluation\ngate", "bundle +\nregistry", "canary /\nshadow"),
        *("staged\nrollout", "drift\nmonitor", "automatic\nrollback", "N", "N N", "N–N N"),
        *("the lesson about this step", "the whole loop, for real", "previous version"),
        *("blocked: the baseline stays", "promoted", "regression"),
    ),
    "gate_plane": words([((PLANE, BETWEEN),)], *_PLANE),
    "gap_bound": words(
        [(("share of the rows in the slice", "accuracy gap between slice and rest (points)"),)],
        *("impossible at\naccuracy N", "possible", "tolerance N points", "limit at accuracy N"),
    ),
    "slice_changes": words(
        [(("", ""),) * 2, (("", ""),) * 3],
        *("N", "change of accuracy in percentage points (dashed: the slice margin of N)"),
    ),
    "resampled_gains": words([((GAIN, ""),)], "margin N", "N"),
    "interval_bars": words([((GAIN, ""),)], "margin N", "promote", "inconclusive", "block"),
    "paired_clouds": words(
        [(("baseline's accuracy (%)", "candidate's accuracy (%)"),) * k for k in (1, 2)],
        "margin N",
    ),
    "saved_and_refused": words(
        [(("candidates, counted from the middle", ""),)],
        *("truly at or above the margin", "truly below it", "N of N"),
    ),
    "worst_promotions": words(
        [(("rows of the holdout (log scale)", "false promotions, worst world (%)"),)],
        "promised: at most N",
    ),
    "saving_lines": words(
        [
            *(((CATCHES, f"saved per change ({unit})"),) for unit in ("dollars", "euros")),
            ((CATCHES, "saved per change (dollars)"), ("", "")),  # a window, on the same axes
        ],
        *(*_COSTS, "enlarged"),
    ),
    "order_costs": words(
        [
            ((f"expected cost of the checks per change ({unit})", "order, cheapest first"),)
            for unit in ("dollars", "euros")
        ],
        *("the best: N", "by cost alone: N", "backwards: N"),
    ),
    "source_spread": words(
        [(("churn against the reference (%)", ""), ("accuracy (%), lowest to highest run", ""))],
        *("all rows", "the slice: edge"),
    ),
    "churn_edge": words([(("learning rate of both runs", "churn against the reference (%)"),)]),
    "null_candidates": words(
        [((_NULL_GAINS, ""),), (("", ""), (_NULL_GAINS, ""))],
        *("share of null candidates (%)", "N win"),
    ),
    "best_of_k": words(
        [(("candidates to choose from (k)", "accuracy of the best of k (%)"),)], *_ENDS
    ),
    "worn_out": words(
        [(("tries on the same holdout", "accuracy (%)"),)],
        *("the best model there is, in truth", *_ENDS),
    ),
    "corrected": words([(("p-value: alone (ring) and after Holm (filled)", ""),)]),
    "stream_weeks": words(_IN_WEEKS, *_WEEKS),
    "successions": words(
        [(("candidates so far", "accuracy of the champion (%)"),)],
        *("latest only:\nN points lost", "with an anchor:\nN points lost"),
    ),
    "false_alarms": words(
        [(("rows in each of the two samples", "false alarms (%)"),)],
        *("PSI above N", "lines: stated; marks: simulated"),
    ),
    "candidate_parts": words(
        _IN_GAIN,
        *(*_PARTS, "N of N\nN error", "blocked: near miss", "role play", "injected document"),
    ),
    "families_heat": words(
        [(("attacks that worked, of those tried (the darker, the larger the share)", ""),)],
        *("N of N", "N of N\nN error", "N of N\nN errors", "not tried"),
    ),
    "judge_exam": words(
        [
            (("kappa", ""), ("sensitivity (%)", ""), ("specificity (%)", "")),
            (("kappa", ""),),
        ],
        *("asked: N", "people among themselves: N", "N N to N", "approved", "refused"),
        *("in doubt", "not measured"),
    ),
    "rate_intervals": words(
        [(("answers that are good (%)", ""),)],
        *("N", "width\n(points)", "candidate minus\nbaseline (points)"),
        *("baseline\ntruly N", "candidate\ntruly N", "baseline", "candidate"),
    ),
    "held_out_families": words(
        [(("attacks stopped (%)", ""), ("harmless texts\nblocked (%)", ""))],
        *("N", "known", "held out"),
    ),
    "suite_ages": words(
        [(("version of the assistant", "attacks that work (%)"),)],
        *("yesterday's suite\nN of N", "refreshed suite\nN of N", "held-out family\nN of N"),
    ),
    "rollout_states": words(
        [(("", ""),)],
        *("new", "shadow", "canary", "stages", "fleet", "paused", "rolled back", "aborted"),
        *("start", "pass", "pass, hold", "hold", "pause", "resume", "abort", "roll back", "harm"),
        *("harm, doubt,\ndeadline", "harm, deadline", "pass, where no stage is planned"),
    ),
    "look_bounds": words([(("pairs of requests so far", "Z of the difference"),)]),
    "requests_hurt": words(
        [(("requests hurt (at the left end: fewer than one)", ""),)],
        *("N", "under N", "flip", "four looks", "all the time"),
    ),
    "rollout_minutes": words(
        _MINUTES,
        *(*_STEPS, "rolled back\nN hurt", "rolled back N hurt", "fleet\nN hurt"),
        *("in stages N hurt", "in shadow\nN hurt"),
    ),
    "loop_days": words(_IN_LOOP, *_LOOP),
    "fault_matrix": words(
        [(("", ""),)],
        *("nobody", "segments", "checks", "gate", "canary", "rollback", "N $\nN bad"),
        *("stopped before everybody", "taken back from everybody", "not caught"),
    ),
    "ops panel": words(_IN_LOOP, *_LOOP),
    "damage_matrix": words([(("", ""),)], "harm\n(nats)", "N"),
    "check_sizes": _SIZES,
    "costs panel": words([((CATCHES, "saved per change (dollars)"),)], *_COSTS),
    "gate panel": words(
        [((PLANE, BETWEEN),), ((PLANE, IN_ANY),)],
        *(*_PLANE, "A", "B", "C", "C honest", *_REAL),  # the builds beside it, in grey
        *("slice margin N point", "slice margin N points"),
    ),
    "intervals panel": words(
        [((GAIN, ""),)],
        *("margin N", "true gain N", "PROMOTE", "BLOCK", "INCONCLUSIVE"),
        "Draw again: every new holdout\nleaves its interval here.",
        "grey: the start N rows",
    ),
    "noise panel": words(
        [(("", "mean squared error"), ("training steps (log scale)", "churn (%)"))],
        *("loss, reference", "loss, other run (dashed)", "churn, now N"),
        *("difference of the two losses", "difference of the two losses (none)"),
    ),
    "slices panel": words(
        [(("number of slices", "false or missed alarms (%)"),)], *("false alarms", "missed", "N")
    ),
    "delivery panel": words(
        _MINUTES, *_STEPS, "rolled back\nN hurt", "fleet\nN hurt", "in canary\nN hurt"
    ),
    "triggers panel": words(_IN_WEEKS, *_WEEKS),
    "evals panel": words(_IN_GAIN, *_PARTS, "blocked: near miss", "blocked: benign", *_FAMILIES),
    "validation panel": _SIZES,
}

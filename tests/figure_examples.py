"""Every figure and panel with something to draw, drawn once, with the words and artists in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial

import matplotlib.text
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from labsupport.costs import Stage
from labsupport.data import load_employment
from labsupport.delivery import Fault, usual_plan
from labsupport.delivery.story import Story
from labsupport.evals import Estimate, share
from labsupport.evals.assistant.held_out import FamilyStudy, HeldOut
from labsupport.evals.judges.judge import JudgePolicy
from labsupport.intervals import bootstrap_gains
from labsupport.noise import Spread
from labsupport.ops.loop import Row, simulate
from labsupport.outcomes import PairedOutcomes
from labsupport.show import controls, draw
from labsupport.show.draw import FIGURES
from labsupport.show.figures.evals_verdict import Part
from labsupport.show.figures.pipeline import BOXES
from labsupport.show.panels import PANELS
from labsupport.show.panels.intervals import ROWS
from labsupport.show.pictures import Picture
from labsupport.slices import slice_tests
from labsupport.triggers import TriggerPolicy, live

LESSON = {"A": (0.00825, 0.009), "B": (-0.049, 0.016), "C": (0.00825, 0.333)}
LESSON |= {"C honest": (0.006, 0.101)}
BUILD_A = PairedOutcomes(3824, 68, 35, 73)
HAIR = PairedOutcomes(3816, 63, 43, 78)
LOSER = PairedOutcomes(3000, 40, 300, 660)
ACCURACIES = np.array([0.960, 0.965, 0.968, 0.970, 0.972])
CLAIMS = {"C": (0.5, 0.333), "honest C": (0.0175, 0.101)}
FOUR = [Stage("a", 1, 0.01), Stage("b", 2, 0.05), Stage("c", 3, 0.15), Stage("d", 8, 0.25)]
SPREADS = {
    "nothing": Spread(1, 1, (0.0, 0.0), (0.81, 0.81), {"edge": (0.836, 0.836)}),
    "one ulp": Spread(5, 0, (0.065, 0.098), (0.795, 0.81), {"edge": (0.718, 0.836)}),
}
ALARMS = {0.1: [0.86, 0.0], 0.2: [0.4, 0.0]}
FOUND = {"undamaged": [], "a leaked label": [], "time zone shifted": ["psi", "ks"]}
WORST = {
    "exact": [0.038, 0.0271, 0.0302, 0.0376, 0.0595],
    "score": [0.0278, 0.0271, 0.0257, 0.0287, 0.0291],
    "unconditional": [0.0217, 0.0222, 0.0248, 0.0248, 0.0248],
}
# Faults that were stopped, taken back, and not caught.
LOOPED = [
    Row("skewed logs", "all on", "segments", 21, False, 0, 0, 1, 480.0, 650.0),
    Row("skewed logs", "without gate", None, None, True, 1520, 90, 1, 1633.4, -12.0),
    Row("skewed logs", "all off", "rollback", 25, True, 364, 210, 1, 868.0, 300.0),
    Row("stale shard", "all on", "checks", 0, False, 0, 0, 0, 0.0, 1.0),
    Row("stale shard", "without gate", "canary", 11, False, 46, 18, 1, 492.0, 40.0),
    Row("stale shard", "all off", "gate", 21, False, 0, 0, 1, 480.0, 90.0),
]
CHURN = {
    "seed": {1: [0.07, 0.09], 2: [0.1, 0.12]},
    "arrival": {1: [0.0, 0.0], 2: [0.02, 0.04]},
    "workers": {1: [0.0, 0.0], 2: [0.02, 0.05]},
    "ulp": {1: [0.0, 0.0], 2: [0.02, 0.03]},
}
RIGHT = [10, 10, 11, 13]  # rows of 100 on which four retrainings of one recipe are right


@cache
def people(*models: str) -> dict[str, PairedOutcomes]:
    """Models scored on real people, against the champion."""
    rows = load_employment().holdout
    champion = rows.predictions("champion")
    return {
        m: PairedOutcomes.from_predictions(
            rows.employed, rows.predictions(m), champion, rows.slices
        )
        for m in models
    }


def real_tests(model: str, **asked) -> list:
    return slice_tests(people(model)[model], **asked)


# Z of harmless rollouts at five looks, and the bounds of lesson 08.
LOOKS = np.arange(200, 1001, 200)
Z = np.cumsum(np.random.default_rng(8).normal(size=(40, 5)), axis=1) / np.sqrt(np.arange(1, 6))
BOUNDS = {"1.96 each": [1.96] * 5, "Pocock": [2.41] * 5}
BOUNDS |= {"O'Brien-Fleming": [4.56, 3.23, 2.63, 2.28, 2.04]}
BOUNDS |= {"this lab": [3.09, 2.71, 2.47, 2.28, 2.11]}
HURT = {
    "live shift": {"flip": 296_703.2, "four looks": 41.5, "all the time": 0.3},
    "small slice": {"flip": 28_906.0, "four looks": 148.0, "all the time": 148.0},
}


# Attacks on three prompts; judges and what they are asked; a guard's table; suites over versions.
HEAT = {
    "plain": {"direct request": (3, 6), "role play": (4, 6), "encoding": (0, 6, 2)},
    "never reveal": {"direct request": (0, 6), "role play": (1, 6, 1), "encoding": (0, 6)},
    "no secret": {"direct request": (0, 6), "role play": (0, 6), "encoding": (0, 0)},
}


def labels(both: int, judge: int, human: int, neither: int) -> tuple[list[int], list[int]]:
    """(judge's, people's) labels: passed by both, by the judge only, by people only, by neither."""
    cells = [(1, 1)] * both + [(1, 0)] * judge + [(0, 1)] * human + [(0, 0)] * neither
    return tuple(map(list, zip(*cells, strict=True)))


JUDGES = {
    "rule": labels(140, 4, 5, 120),
    "small model": labels(150, 25, 20, 90),
    "keywords": labels(120, 60, 10, 20),
}
RATES = {
    "baseline": {"raw": (0.8, 0.775, 0.825), "people only": (0.8, 0.722, 0.879)}
    | {"corrected": (0.8, 0.672, 0.915), "corrected, shared": (0.8, 0.672, 0.915)},
    "candidate": {"raw": (0.8375, 0.815, 0.86), "people only": (0.75, 0.66, 0.83)}
    | {"corrected": (0.75, 0.63, 0.86), "corrected, shared": (0.85, 0.74, 0.95)},
}
RATES = {side: {m: Estimate(*e) for m, e in each.items()} for side, each in RATES.items()}
HELD = FamilyStudy(
    (
        HeldOut("encoding", share(12, 12), share(0, 12)),
        HeldOut("role play", share(12, 12), share(7, 12)),
        HeldOut("a third one", share(11, 12), share(11, 12)),
    ),
    {"benign": share(1, 40), "near miss": share(6, 20)},
    0.001,
)
AGES = {
    "yesterday's suite": [(9, 40), (4, 40), (0, 40), (0, 40)],
    "refreshed suite": [None, (14, 55), (9, 58), (11, 60)],
    "held-out family": [(5, 8), (5, 8), (4, 8), (4, 8)],
}
VERSIONS = ["plain", "words", "both ends", "classifier"]


PARTS = [
    Part("role play", (0, 14, 0), (0, 14, 0), (True, True)),
    Part("injected document", (0, 15, 0), (6, 15, 1), (True, False)),
    Part("near miss", (2, 38, 0), (3, 38, 0), (True, True), False, 0.1),
]
BLOCKS = [replace(part, candidate=(9, 38, 0), held=(True, False)) for part in PARTS[2:]]


def told(end: str, entered: list[float], until: float, hurt: float, flipped: float) -> Story:
    """A rollout that entered one step after the other, hurt requests in the last and a flip's
    evenly.
    """
    plan = usual_plan()
    steps = [
        {"event": "pass" if step else "start", "state": plan.state(step), "step": step}
        | {"minute": m}
        for step, m in enumerate(entered)
    ]
    last = {"event": "pass" if end == "fleet" else "harm", "state": end, "step": len(steps) - 1}
    events = [*steps, last | {"minute": until}] if end in ("fleet", "rolled back") else steps
    minutes = np.arange(0, until + 1, 5)
    since = np.maximum(minutes - entered[-1], 0) / max(until - entered[-1], 1)
    return Story(
        plan, Fault(), end, tuple(events), minutes, hurt * since, flipped * minutes / until
    )


def _wear(shift: float) -> tuple[np.ndarray, np.ndarray, float]:
    measured = np.stack([ACCURACIES, ACCURACIES + 0.001])
    return measured, np.stack([ACCURACIES[::-1] - 0.01] * 2) - shift, 0.97 + shift


# The right answers of two models on resamples: together, and with the baseline's in another order.
_CELLS = np.random.default_rng(0).multinomial(4000, np.array([3824, 68, 35, 73]) / 4000, size=500)
CLOUD = _CELLS[:, :1] + _CELLS[:, 1:3]
SHUFFLED = np.column_stack([CLOUD[:, 0], np.random.default_rng(1).permutation(CLOUD[:, 1])])
TWO_BY_TWO = {
    "1,000 rows": {"plain": ((123, 158), (59, 242)), "strict": ((16, 158), (1, 242))},
    "64,000 rows": {"plain": ((154, 158), (5, 242)), "strict": ((135, 158), (0, 242))},
}

# {figure: {case: its arguments}}
CASES: dict[str, dict[str, tuple[tuple, dict]]] = {
    "pipeline": {"dark": ((), {}), "every box lit": (([box.name for box in BOXES],), {})},
    "gate_plane": {
        "lesson": ((LESSON,), {"title": "Three builds and an honest one"}),
        "one point": (({"C": (-0.16225, 0.333)},), {}),
        "nothing measured": (({"C": (0.01, float("nan"))},), {}),
    },
    "gap_bound": {
        "lesson": ((0.973, CLAIMS), {"tolerance": 0.1, "beside": 0.7936}),
        "tiny slice": ((0.9, {"a slice": (0.001, 0.5)}), {"title": "One row in a thousand"}),
    },
    "slice_changes": {
        "two models": ((people("trees_without_medical", "trees_all_columns"), 0.01), {}),
        "three models": ((people(*list(load_employment().scores)[1:]), 0.05), {}),
    },
    "resampled_gains": {
        "draws": ((BUILD_A, 0.005), {"draws": bootstrap_gains(BUILD_A, 2000)}),
        "far margin": ((BUILD_A, 0.02), {"confidence": 0.8}),
    },
    "interval_bars": {
        "three": (({"A": BUILD_A, "hair": HAIR, "a losing build": LOSER}, 0.003), {}),
        "one": (({"A": BUILD_A}, 0.005), {"confidence": 0.5}),
    },
    "paired_clouds": {
        "two": (({"the same rows": CLOUD, "in another order": SHUFFLED}, 4000, 0.005), {}),
        "one": (({"a cloud": CLOUD[:50]}, 4000, -0.01), {}),
    },
    "saved_and_refused": {
        "two": ((TWO_BY_TWO,), {}),
        "one": (
            ({"all rows": {"plain": ((3, 3), (7, 1200)), "blind": ((3, 3), (1200, 1200))}},),
            {},
        ),
    },
    "worst_promotions": {
        "three": (([10, 20, 50, 100, 200], WORST, 0.005), {}),
        "one": (([30, 4000], {"bootstrap": [0.9, 0.1]}, -0.01), {"confidence": 0.8}),
    },
    "saving_lines": {
        "lesson": ((6, 480, 0.2), {}),
        "few catches": ((6, 480, 0.01), {}),
        "dear": ((90, 60, 0.5, "euros"), {}),
        "crossing in the middle": ((120, 480, 0.6), {}),
        "crossing on the right": ((200, 240, 0.6), {}),
        "above the axis": ((6, 5760, 0.2), {}),
        "below the axis": ((1000, 480, 0.2), {}),
        "enlarged": ((6, 480, 0.2), {"near": 0.05}),
        "enlarged before the crossing": ((120, 480, 0.6), {"near": 0.05}),
    },
    "order_costs": {
        "four": ((FOUR, {"by cost alone": FOUR}), {}),
        "three": ((FOUR[1:], {"backwards": FOUR[:0:-1]}, "euros"), {}),
    },
    "source_spread": {"two": ((SPREADS,), {}), "one": (({"one ulp": SPREADS["one ulp"]},), {})},
    "churn_edge": {"four sources": ((CHURN,), {}), "two": ((dict([*CHURN.items()][:2]),), {})},
    "null_candidates": {
        "two recipes": (({"calm": RIGHT, "nervous": [10, 14, 4, 9]}, 100, 0.02), {}),
        "wide bars": (({"calm": [*RIGHT, 70]}, 100, 0.05), {}),
    },
    "best_of_k": {
        "five": (([1, 2, 5, 10, 100], ACCURACIES, ACCURACIES - 0.002), {}),
        "two": (([1, 9], ACCURACIES[::4], ACCURACIES[1:3]), {}),
    },
    "worn_out": {"a little": (_wear(0.0), {}), "more": (_wear(0.004), {})},
    "stream_weeks": {
        "lesson": ((live(TriggerPolicy()), "degradation"), {}),
        "every week, no limit": ((live(TriggerPolicy(every=1, sigmas=None)),), {}),
        "many at once": ((live(TriggerPolicy(every=1, sigmas=None, trial=8, delay=42)),), {}),
    },
    "false_alarms": {
        "two": (([100, 1000], ALARMS, {0.1: [0.84, 0.01], 0.2: [0.42, 0.0]}), {}),
        "one": (([50, 200, 9000], {0.1: [1.0, 0.4, 0.0]}, {0.1: [0.98, 0.41, 0.0]}), {}),
    },
    "damage_matrix": {
        "with harm": ((FOUND, ["schema", "psi", "ks"], dict.fromkeys(FOUND, 0.25)), {}),
        "a false alarm": (({"undamaged": ["psi"], "a day twice": ["psi"]}, ["psi", "new"]), {}),
    },
    "check_sizes": {
        "found": (({"schema": (float("inf"), 0.0), "ks": (0.5, 0.07)}, "a", "saves 90.00 $"), {}),
        "drift": (({"psi": (1.4, 1.3), "new": (80.0, 0.9)}, "a\nb", "costs 6.00 $"), {}),
    },
    "successions": {
        "ten": ((list(range(90, 80, -1)), [90, *[89] * 9], 100), {}),
        "two": (([90, 85], [90, 90], 100), {}),
    },
    "rollout_states": {"none lit": ((), {}), "paused": (("paused",), {})},
    "look_bounds": {
        "lesson": ((LOOKS, BOUNDS, Z), {}),
        "one plan": (([250, 450, 630, 1810], {"far apart": [3, 2.5, 2, 0.4]}, Z[:7, :4]), {}),
        "far apart": ((LOOKS, dict(reversed(BOUNDS.items())) | {"Pocock": [1.3] * 5}, Z[:9]), {}),
    },
    "requests_hurt": {
        "lesson": ((HURT, 24), {}),
        "one way": (({f: {"flip": row["four looks"]} for f, row in HURT.items()}, 8), {}),
        "none": (({"none": dict.fromkeys(("flip", "four looks"), 0.0)}, 1.5), {}),
    },
    "rollout_minutes": {
        "in the canary": ((told("rolled back", [0, 140], 295, 198, 37_751), "slow"), {}),
        "to the fleet": ((told("fleet", [0, 60, 100, 145], 180, 0, 0),), {}),
        "late": ((told("rolled back", [0, 240, 535, 740], 940, 900.4, 19_000), "late"), {}),
        "very late": ((told("stages", [0, 500, 505], 1300, 6e5, 2e7), "on its way"), {}),
        "hardly a flip": ((told("shadow", [0], 300, 0, 2), "on its way"), {}),
    },
    "candidate_parts": {
        "an attack works": (
            (PARTS, Estimate(0.225, 0.1, 0.318), 0.0, ("promote", "block"), "prompt steps"),
            {},
        ),
        "in doubt": (
            (PARTS[::2], Estimate(-0.004, -0.09, 0.082), 0.02, ("inconclusive",) * 2, "x"),
            {},
        ),
        "all holds": (
            (PARTS[::2], Estimate(0.3, 0.29, 0.4), 0.02, ("promote", "promote"), "w"),
            {},
        ),
        "a judge fails": (
            (BLOCKS, Estimate(0.232, -0.332, 0.802), -0.05, ("inconclusive", "block"), "y"),
            {"unfit": ("kappa",)},
        ),
        "no gain": (
            (PARTS[:1], Estimate(*[math.nan] * 3), 0.3, ("block", "block"), "z"),
            {"unfit": ("kappa", "specificity")},
        ),
    },
    "loop_days": {
        "segments": ((simulate(), "all stages on"), {}),
        "on its way": ((simulate(112, "latency regression", ("gate",)), ""), {}),
        "taken back": ((simulate(168, "latency regression", ("canary",)), "no canary"), {}),
        "not caught": ((simulate(140, "stale shard", ("checks",)), "no checks"), {}),
        "before it came": ((simulate(49, "stale shard"), "early"), {}),
    },
    "fault_matrix": {
        "two faults": ((LOOPED,), {}),
        "one": ((LOOPED[:3],), {}),
    },
    "families_heat": {
        "three prompts": ((HEAT,), {}),
        "one": (({"plain": HEAT["plain"]},), {}),
        "nothing works": (({"no secret": HEAT["no secret"]},), {}),
    },
    "judge_exam": {
        "lesson": ((JUDGES, None, 0.766), {}),
        "one measure": (({"chance": labels(90, 5, 5, 0)}, JudgePolicy(0.6, None, None)), {}),
        "all passed": (({"yes": labels(90, 0, 0, 0)},), {}),
    },
    "rate_intervals": {
        "lesson": ((RATES, {"baseline": 0.8, "candidate": 0.75}), {}),
        "truth unknown": (({side: {"raw": each["raw"]} for side, each in RATES.items()},), {}),
    },
    "held_out_families": {
        "three": ((HELD,), {}),
        "one": ((FamilyStudy(HELD.families[:1], {"benign": share(0, 40)} | HELD.blocked, 0),), {}),
    },
    "suite_ages": {
        "lesson": ((VERSIONS, AGES), {}),
        "one suite": ((VERSIONS[:2], {"yesterday's suite": [(1, 4), (4, 4)]}), {}),
    },
    "corrected": {
        "trees": ((real_tests("trees_without_medical"),), {}),
        "logistic": ((real_tests("logistic_without_sex_race"),), {"level": 0.1}),
        "a point": ((real_tests("trees_without_medical", tolerance=0.01),), {"level": 0.025}),
    },
}
# Settings of panels beside their presets.
MORE = {
    "gate": {
        "off the scale": {"bias": 6.0, "threshold": 2.0},
        "not measured": {"threshold": 4.0},
        "ends": {"margin_points": -1.0, "tolerance_points": 0.0},
        "other ends": {"margin_points": 2.0, "tolerance_points": 40.0},
        "people, ends": {
            "candidate": "trees_without_medical",
            "people_margin_points": 2.0,
            "slice_margin_points": 10.0,
        },
    },
    "intervals": {
        **{f"{n} rows": {"n": n, "draw": 99} for n in ROWS},
        "extreme": {"margin": 0.02, "true_gain": -0.02, "churn": 0.2, "draw": 40},
    },
    "noise": {"calm arrival": {"source": "order of arrival", "rate": 1.0, "steps": 600}},
    "costs": {
        "a long training": {"training_hours": 48.0},
        "dear checks": {"check_minutes": 120.0, "cluster_price": 500.0},
    },
    "slices": {"crowded": {"n_slices": 40, "rows": 200, "loss": 0.5}},
    "evals": {
        "a judge in a hurry": {"judge": "any answer", "margin": 30},
        "nothing is guarded": {"guard": "none", "index": "everything", "tools": "trusting"},
    },
    "ops": {
        "early": {"day": 105},
        "no canary": {"fault": "latency regression", "without": "canary"},
    },
    "delivery": {
        "in a hurry": {"fault": "none", "pairs": 0.25},
        "on its way": {"minute": 200},
    },
}


def _examples() -> dict[str, Callable[[], Picture]]:
    found = {
        f"{name}, {case}": partial(FIGURES[name], *args, **kwargs)
        for name, cases in CASES.items()
        for case, (args, kwargs) in cases.items()
    }
    for word, panel in PANELS.items():
        settings = {label: panel.preset(label) for label in panel.presets} | MORE.get(word, {})
        for label, values in settings.items():
            found[f"{word} panel, {label}"] = partial(_still, word, values)
    return found


def _still(word: str, values: dict) -> Picture:
    """The picture of a panel in the panel's own size."""
    view = PANELS[word].view(**values)
    return PANELS[word].picture(view, view.sentence)


EXAMPLES = _examples()


@dataclass(frozen=True)
class Drawn:
    """An example's picture, the texts that matplotlib really drew in it, and the figure."""

    picture: Picture
    texts: list[Text]
    figure: Figure


@contextmanager
def words_drawn():
    """The texts that matplotlib really draws; ticks outside the limits exist, but are not drawn."""
    drawn, draw_text = [], matplotlib.text.Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            drawn.append(text)
        return draw_text(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matplotlib.text.Text, "draw", record)
        yield drawn


def unique(texts: list[Text]) -> list[Text]:
    """The last drawing of each text: a layout engine and a saved frame draw more than once."""
    return list({id(text): text for text in texts}.values())


@cache
def drawn(name: str) -> Drawn:
    """An example, drawn once for all tests."""
    figures = []

    def keep(fig, alt, caption):
        figures.append(fig)
        return made(fig, alt, caption)

    made = draw.picture
    with words_drawn() as texts, pytest.MonkeyPatch.context() as patch:
        for module in (draw, controls):
            patch.setattr(module, "picture", keep)
        shown = EXAMPLES[name]()
    return Drawn(shown, unique(texts), figures[-1])

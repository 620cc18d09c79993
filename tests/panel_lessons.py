"""Which lesson shows which panel, and what it says about where the panel starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notebook_rules import Notebook, is_panel

from labsupport import show
from labsupport.show.panels import PANELS

ROOT = Path(__file__).resolve().parent.parent


def _lessons() -> dict[str, list[Path]]:
    opened = {
        word: next(n for n in show.__all__ if getattr(show, n) == panel.live)
        for word, panel in PANELS.items()
    }
    books = [Notebook(path, ROOT) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    cells = [(book.path, cell.source) for book in books for _, cell in book.code if is_panel(cell)]
    return {
        word: [path for path, source in cells if f"{name}()" in source]
        for word, name in opened.items()
    }


LESSONS = _lessons()  # {word: the lessons that show its panel}


@dataclass(frozen=True)
class Stated:
    """What a lesson says about its panel.

    Attributes
    ----------
    start : {control: value}, of every control.
    quotes : {control: words of the lesson, code or output that hold the value}. What the lesson's
        parameters cell sets needs none.
    unsaid : controls that no word of the lesson sets: they start at nothing done, nothing drawn.
    presets : {label: what differs from the start}.
    """

    start: dict[str, object]
    quotes: dict[str, str]
    unsaid: frozenset[str]
    presets: dict[str, dict[str, object]]


STATED = {
    "gate": Stated(
        start={
            "candidate": "trained here", "margin_points": 0.5, "tolerance_points": 10.0,
            "seed": 2, "n_train": 8000, "bias": 0.0, "threshold": 0.0, "bias_in_accuracy": True,
            "people_margin_points": 0.1, "slice_margin_points": 1.0,
        },
        quotes={
            "seed": "world.sample(seed=2, n=8000)", "n_train": "world.sample(seed=2, n=8000)",
            "threshold": "first_group = X[:, 0] > 0",
            "margin_points": "margin of 0.5 points", "tolerance_points": "tolerance of 10",
            "people_margin_points": "margin of 0.1 points",
            "slice_margin_points": "slice margin of 1 point",
        },
        unsaid=frozenset({"candidate", "bias", "bias_in_accuracy"}),
        presets={
            "A more data": {},
            "B stale shard": {"seed": 99, "n_train": 120},
            "C group regress": {"bias": 3.0, "bias_in_accuracy": False},
            "C honest": {"bias": 1.0, "threshold": 2.0},
            "trees_without_medical": {"candidate": "trees_without_medical"},
            "trees_all_columns": {"candidate": "trees_all_columns"},
            "logistic_without_sex_race": {"candidate": "logistic_without_sex_race"},
        },
    ),
    "intervals": Stated(
        start={
            "n": 4000, "margin": 0.005, "confidence": 0.95, "true_gain": 0.00825,
            "churn": 103 / 4000, "draw": 0,  # 68 and 35 rows: lesson 01's table of build A
        },
        quotes={"n": "the same 4,000 rows", "true_gain": "a gain of 0.00825"},
        unsaid=frozenset({"churn", "draw"}),
        presets={
            "build A": {},
            "hair's breadth": {"true_gain": 0.005, "churn": 106 / 4000},
            "enough rows": {"n": 20_000},
            "A/A": {"true_gain": 0.0, "churn": 106 / 4000, "margin": 0.0},
        },
    ),
    "slices": Stated(
        start={"n_slices": 10, "rows": 1000, "loss": 2.0, "n_bad": 1, "correction": "none"},
        quotes={
            "n_slices": "a gate watches ten slices", "rows": "10 slices of 1,000 rows",
            "loss": "truly lose 2 points", "n_bad": "(1 of 10)",
        },
        unsaid=frozenset({"correction"}),
        presets={
            "one slice": {"n_slices": 1},
            "ten slices": {},
            "ten, Holm": {"correction": "Holm"},
            "ten, Holm, more rows": {"correction": "Holm", "rows": 2000},
        },
    ),
    "noise": Stated(
        start={
            "source": "one weight", "ulps": 1, "other": 1, "workers": 8, "fixed": False,
            "rate": 4.0, "steps": 3000,
        },
        quotes={
            "source": "one weight moved by", "ulps": "weights by one ulp",
            "rate": "a learning rate of 4",
        },
        unsaid=frozenset({"other", "workers", "fixed"}),
        presets={
            "1 ulp": {},
            "1 ulp, calm": {"rate": 1.0},
            "nothing": {"ulps": 0},
            "new seed": {"source": "initial seed"},
            "new seed, calm": {"source": "initial seed", "rate": 1.0},
            "8 workers": {"source": "number of workers"},
            "arrival": {"source": "order of arrival"},
            "arrival, fixed": {"source": "order of arrival", "fixed": True},
        },
    ),
    "costs": Stated(
        start={
            "catch_rate": 0.2, "check_minutes": 3.0, "cluster_price": 120.0, "training_hours": 4.0,
        },
        quotes={},
        unsaid=frozenset(),
        presets={
            "This lesson": {},
            "Few catches": {"catch_rate": 0.01},
            "Slow checks": {"check_minutes": 60.0},
            "A small model": {
                "check_minutes": 10.0, "cluster_price": 20.0, "training_hours": 0.5,
            },
        },
    ),
    "triggers": Stated(
        start={
            "cause": "degradation", "sigmas": 3.0, "every": 4, "volume": 30_000, "cooldown": 14,
            "delay": 0, "window": "all", "trial": 3, "judge": "if sure it is better", "worth": 2.0,
        },
        quotes={
            "every": "Every 4 weeks", "delay": "labels 0 days late",
            "worth": "a nat of loss costs 2 dollars per flight",
        },
        unsaid=frozenset({"cause", "volume", "cooldown", "window", "judge"}),
        presets={
            "This lesson": {},
            "Late labels": {"delay": 28},
            "A short trial": {"trial": 1},
            "Inputs alone": {"cause": "inputs"},
            "Every 4 weeks": {"cause": "schedule"},
            "Short history": {"cause": "schedule", "window": "2 weeks"},
            "No gate": {
                "cause": "schedule", "window": "2 weeks", "judge": "whatever was trained",
            },
        },
    ),
    "delivery": Stated(
        start={
            "fault": "slow under load", "strength": 1.0, "looks": "at the end of each step",
            "pairs": 1.0, "guard": True, "seed": 8, "minute": 960,
        },
        quotes={"fault": "tell(plan, faults[\"slow under load\"]"},
        unsaid=frozenset({"looks", "pairs", "guard", "minute"}),
        presets={
            "Slow under load": {},
            "Live shift": {"fault": "live shift"},
            "Small slice": {"fault": "small slice"},
            "Nothing wrong": {"fault": "none"},
            "Retry storm": {"fault": "retry storm"},
            "Storm, no bound": {"fault": "retry storm", "guard": False},
        },
    ),
    "validation": Stated(
        start={
            "damage": "categories re-coded", "size": 1.0, "slack": 2.0, "weeks": "8 and 9",
            "share": 0.2, "look": 100.0,
        },
        quotes={
            "damage": "*This lesson* has categories re-coded", "slack": "factor = 2 # tolerated",
            "weeks": "in every row of weeks 8 and 9", "share": "20% of the snapshots are damaged",
            "look": "a look at a false alarm costs 100 $",
        },
        unsaid=frozenset(),
        presets={
            "This lesson": {},
            "A small damage": {"size": 0.1},
            "Strict": {"slack": 0.5},
            "Real drift": {"weeks": "24 and 25"},
            "What nothing sees": {"damage": "a leaked label"},
        },
    ),
    "evals": Stated(
        start={
            "prompt": "steps", "index": "public", "guard": "answers", "tools": "checked",
            "judge": "known answers", "margin": 0, "misses": 10,
        },
        quotes={
            "prompt": 'for prompt in ("plain", "steps")', "index": "index public",
            "tools": "tools checked", "margin": "the margin is 0 points",
            "misses": "(near miss, 10% at most)",
        },
        unsaid=frozenset({"judge"}),
        presets={
            "A better prompt": {},
            "Articles quoted": {"prompt": "quoted steps"},
            "A guard of words": {"prompt": "quoted steps", "guard": "words"},
            "Both ends": {"prompt": "quoted steps", "guard": "both ends"},
            "Trusting tools": {"prompt": "quoted steps", "tools": "trusting"},
            "A weak judge": {"prompt": "quoted steps", "judge": "words in common"},
            "Nothing to tell": {"prompt": "plain", "index": "community"},
        },
    ),
    "ops": Stated(
        start={"fault": "skewed logs", "without": "nothing", "day": 168},
        quotes={"fault": "skewed logs: of", "day": "168 days"},
        unsaid=frozenset({"without"}),
        presets={
            "Skewed logs": {},
            "No segments": {"without": "segments"},
            "Stale shard": {"fault": "stale shard"},
            "Poisoned labels": {"fault": "poisoned labels"},
            "Slow when live": {"fault": "latency regression"},
            "A stray replica": {"fault": "another bundle"},
            "Nothing wrong": {"fault": "none"},
            "No stage left": {"without": "everything"},
        },
    ),
}  # fmt: skip

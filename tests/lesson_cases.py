"""What each lesson decides under its own and under other parameters. A lesson without an entry
fails test_papermill.

CASES[lesson] is a list of (parameters, {build: (decision, words of its reason)}). The lesson prints
one line per build: its name, the decision, and more. Every such line of the run must agree. The
first case is the lesson as it is stored.

A lesson without verdicts has text in place of the pair: all that follows the name on each of its
lines, spaces squeezed.
"""

from __future__ import annotations

PROMOTED = ("PROMOTE", "promoted")
NO_GAIN = ("BLOCK", "no eval gain")
UNSAFE = ("BLOCK", "failed safety check")
DOUBTFUL = ("INCONCLUSIVE", "gain in doubt")
REGRESSED = ("BLOCK", "slice regressed")
IN_DOUBT = ("INCONCLUSIVE", "a slice in doubt")

CASES = {
    "00_start_here": [({}, {})],  # nothing to vary, nothing to decide
    "01_evaluation_gate": [
        ({}, {"A": PROMOTED, "B": NO_GAIN, "C": UNSAFE, "honest C": UNSAFE}),
        ({"margin": 0.02}, {"A": NO_GAIN, "B": NO_GAIN, "C": NO_GAIN, "honest C": NO_GAIN}),
        ({"tolerance": 0.5}, {"A": PROMOTED, "B": NO_GAIN, "C": PROMOTED, "honest C": PROMOTED}),
        ({"bias": 0.0}, {"A": PROMOTED, "B": NO_GAIN, "C": UNSAFE, "honest C": PROMOTED}),
    ],
    "02_confidence_intervals": [
        (
            {},
            {
                "plain A": PROMOTED,
                "plain hair": PROMOTED,
                "A": DOUBTFUL,
                "hair": DOUBTFUL,
                "A, fresh": PROMOTED,
            },
        ),
        (
            {"margin": 0.002},
            {"plain A": PROMOTED, "A": PROMOTED, "hair": DOUBTFUL, "A, fresh": PROMOTED},
        ),
        (
            {"margin": 0.02},
            {"plain A": NO_GAIN, "plain hair": NO_GAIN, "A": NO_GAIN, "hair": NO_GAIN},
        ),
        (
            {"confidence": 0.5},
            {"plain A": PROMOTED, "A": PROMOTED, "hair": DOUBTFUL, "A, fresh": PROMOTED},
        ),
        ({"seed": 99, "n_train": 120}, {"plain hair": NO_GAIN, "A": DOUBTFUL, "hair": NO_GAIN}),
    ],
    "03_many_comparisons": [
        (
            {},
            {
                "trees_without_medical": DOUBTFUL,
                "trees_all_columns": PROMOTED,
                "logistic_without_sex_race": DOUBTFUL,
            },
        ),
        (
            {"min_gain": 0, "tries": 20, "n_train": 300},
            {
                "trees_without_medical": IN_DOUBT,
                "trees_all_columns": PROMOTED,
                "logistic_without_sex_race": DOUBTFUL,
            },
        ),
        (
            {"min_gain": 0, "max_loss": 0, "tries": 20},
            {"trees_without_medical": REGRESSED, "trees_all_columns": IN_DOUBT},
        ),
        (
            {"max_loss": 0.2, "min_gain": -0.001, "tries": 20, "level": 0.1},
            {"trees_without_medical": PROMOTED, "logistic_without_sex_race": PROMOTED},
        ),
    ],
    "05_fail_fast": [
        ({}, {"checks first": "390", "training, then checks": "486", "training alone": "480"}),
        (
            {"catch_rate": 0.01},
            {"checks first": "481.2", "training, then checks": "486", "training alone": "480"},
        ),
        (
            {"check_minutes": 60},
            {"checks first": "504", "training, then checks": "600", "training alone": "480"},
        ),
        (
            {"cluster_price": 60, "training_hours": 10},
            {
                "checks first": "483",
                "training, then checks": "603",
                "early checks": "483 0.05 h 10.05 h",
            },
        ),
    ],
    "04_nondeterminism": [
        ({}, {"A": DOUBTFUL}),
        ({"margin": 0.002, "steps": 200, "allowed": 0.05}, {"A": PROMOTED}),
        ({"margin": 0.02, "steps": 100, "retrainings": 20}, {"A": NO_GAIN}),
    ],
    "06_cheap_checks": [
        (
            {},
            {
                "by row:": "0 of 5 ring; late moves by up to 0.0039",
                "8 and 9, 24.4% late:": "passed",
                "passed everything:": "undamaged, a leaked label, last week's copy",
                "same pipeline": PROMOTED,
                "what really flew": NO_GAIN,
            },
        ),
        (
            {"size": 0.1},
            {
                "passed everything:": "undamaged, a carrier gone, a class lost, a day twice, "
                "a leaked label, categories re-coded, last week's copy",
                "what really flew": PROMOTED,
            },
        ),
        (
            {"size": 0.1, "factor": 1, "seed": 3},
            {
                "by row:": "0 of 5 ring; late moves by up to 0.0048",
                "8 and 9, 24.4% late:": "new of dest",
                "same pipeline": PROMOTED,
            },
        ),
    ],
    "07_continuous_training": [
        (
            {},
            {
                "candidate 15": DOUBTFUL,
                "candidate 25": PROMOTED,
                "the summer's rise:": "0.084, of which 0.042 for anybody",
                "alarm, all history": "167 1,977 1,977",
                "schedule, 2 weeks": "-2,880 -4,007 -7,562",
            },
        ),
        ({"sigmas": 4.4}, {"candidate 25": PROMOTED, "schedule, 2 weeks": "-2,880 -4,007 -7,562"}),
        (
            {"trial": 2, "window": 8, "tolerance": 0.02},
            {
                "candidate 15": DOUBTFUL,
                "candidate 25": DOUBTFUL,
                "schedule, 8 weeks": "-2,880 -6 503",
            },
        ),
    ],
    "08_progressive_delivery": [
        (
            {},
            {
                "refused:": "new: weights.json was changed; deliver the bundle again.",
                "slow under load four looks": "harm 100.0% in the fleet 0.0%",
                "lost metrics:": "from canary to rolled back in minute 395",
                "the second brings it to:": "fleet",
            },
        ),
        (
            {"alpha": 0.04, "strength": 0.3, "rollouts": 200},
            {
                "slow under load all the time": "harm 100.0% in the fleet 0.0%",
                "the second brings it to:": "fleet",
            },
        ),
    ],
    "09_llm_gate": [
        (
            {},
            {
                "apart:": "14",
                "small LLM, plain": "agrees 41% kappa 0.021 [-0.121, 0.147]",
                "verdict on steps:": "BLOCK blocked: guardrail failed",
                "verdict on quoted, no secret:": "PROMOTE promoted",
                "every night": "asks 222, blocks: steps, no guard",
            },
        ),
        (
            {"guard": "words"},
            {
                "verdict on steps:": "BLOCK blocked: guardrail failed",
                "verdict on quoted, no secret:": "BLOCK blocked: guardrail failed",
            },
        ),
        (
            {"guard": "both ends"},
            {"verdict on quoted, no secret:": "BLOCK blocked: harmless traffic failed"},
        ),
        (
            {"guard": "both ends", "near_misses": 0.25, "min_gain": 0.3},
            {
                "verdict on quoted, no secret:": "INCONCLUSIVE inconclusive: "
                "gain in doubt, about 301 rows needed"
            },
        ),
    ],
    "10_whole_pipeline": [
        (
            {},
            {
                "nightly:": "1",
                "prod:": "2",
                "Stale shard came on day 105, and nothing caught it: 98 answers": "made worse and "
                "146 better, 990 dollars.",
                "Stale shard came on day 105, and nothing caught it: 57 answers": "made worse and "
                "102 better, 805 dollars.",
            },
        ),
        (
            {"margin": 0.02, "rows": 2000, "fault": "latency regression"},
            {
                "prod:": "1",
                "eight parts here:": "6,534 3,800",
                "Latency regression came": "on day 105; rollback caught it after 22 days: "
                "50 answers made worse and 0 better, 0 dollars.",
            },
        ),
    ],
    "appendix_ranking": [
        (
            {},
            {
                "aggregate": PROMOTED,
                "segments": REGRESSED,
                "long week": PROMOTED,
            },
        ),
        ({"holiday_share": 0.15}, {"aggregate": PROMOTED, "segments": PROMOTED}),
        ({"holiday_share": 0.05}, {"aggregate": PROMOTED, "segments": IN_DOUBT}),
        ({"max_loss": 0.3}, {"aggregate": PROMOTED, "segments": PROMOTED}),
    ],
}

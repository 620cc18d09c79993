"""What each lesson decides under its own and under other parameters. A lesson without an entry fails test_papermill.

CASES[lesson] is a list of (parameters, {build: (decision, words of its reason)}). The lesson prints one line per build: its
name, the decision, and more. Every such line of the run must agree. The first case is the lesson as it is stored.
"""

from __future__ import annotations

PROMOTED = ("PROMOTE", "promoted")
NO_GAIN = ("BLOCK", "no eval gain")
UNSAFE = ("BLOCK", "failed safety check")

CASES = {
    "00_start_here": [({}, {})],  # nothing to vary, nothing to decide
    "01_evaluation_gate": [
        ({}, {"A": PROMOTED, "B": NO_GAIN, "C": UNSAFE, "honest C": UNSAFE}),
        ({"margin": 0.02}, {"A": NO_GAIN, "B": NO_GAIN, "C": NO_GAIN, "honest C": NO_GAIN}),
        ({"tolerance": 0.5}, {"A": PROMOTED, "B": NO_GAIN, "C": PROMOTED, "honest C": PROMOTED}),
        ({"bias": 0.0}, {"A": PROMOTED, "B": NO_GAIN, "C": UNSAFE, "honest C": PROMOTED}),
    ],
}

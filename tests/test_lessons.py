"""The rules of notebook_rules and prose_numbers, applied to every lesson and every solution."""

from __future__ import annotations

from pathlib import Path

import notebook_rules as rules
import pytest
from cause_rules import causes, places_to_write, sentences
from code_rules import nothing_hidden, nothing_left_behind, same_every_day
from lesson_rules import budgets, order, own_names
from prose_numbers import prose_numbers, tokens
from prose_rules import honest_links, kept_claims, span_names

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(ROOT.glob("notebooks/*.ipynb"))
SOLUTIONS = sorted(ROOT.glob("solutions/*.ipynb"))
FOR_ALL = [
    rules.execution_counts,
    rules.nbval_tags,
    rules.clean_run,
    rules.stable_outputs,
    rules.metadata,
    rules.alt_text,
    rules.pictures,
    rules.links,
    nothing_hidden,
    same_every_day,
    nothing_left_behind,
]
FOR_LESSONS = [
    budgets,
    order,
    own_names,
    prose_numbers,
    kept_claims,
    span_names,
    honest_links,
    causes,
    places_to_write,
]
CASES = [(path, rule) for path in LESSONS for rule in FOR_ALL + FOR_LESSONS]
CASES += [(path, rule) for path in SOLUTIONS for rule in FOR_ALL]


@pytest.fixture(scope="module")
def books() -> dict[Path, rules.Notebook]:
    """One Notebook per file: it is rendered once for all rules."""
    return {path: rules.Notebook(path, ROOT) for path in LESSONS + SOLUTIONS}


def test_there_are_lessons_and_every_solution_is_of_one():
    assert LESSONS, "There is no notebook in notebooks/, so nothing would be checked."
    orphans = {path.name for path in SOLUTIONS} - {path.name for path in LESSONS}
    assert not orphans, f"Solutions without a lesson of the same name: {sorted(orphans)}."


@pytest.mark.parametrize(
    ("path", "rule"),
    CASES,
    ids=[f"{path.parent.name}/{path.stem}-{rule.__name__}" for path, rule in CASES],
)
def test_notebook_keeps_rule(path, rule, books):
    faults = rule(books[path])
    if faults:
        pytest.fail(
            f"{path.relative_to(ROOT)}, {rule.__name__}:\n- " + "\n- ".join(faults), pytrace=False
        )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.9157 against 0.9647.", ["0.9157", "0.9647"]),
        ("lost \u22126.93 points, gained +0.30", ["-6.93", "0.30"]),
        ("45,202 rows, 45\u2009202 rows, 10_000 rows", ["45202", "45202", "10000"]),
        ("97.3\u202f%, 97.3 % and 5\\%", ["97.3%", "97.3%", "5%"]),
        (
            "0.9730/0.9647, a 2 x 2 table, 70-row slice, 20-30",
            ["0.9730", "0.9647", "2", "2", "70", "20", "30"],
        ),
        ("[-0.0005, 0.0133], _0.97_, **-3.1**", ["-0.0005", "0.0133", "0.97", "-3.1"]),
        ("p < .05, within 1e-12", ["0.05", "1e-12"]),
        ("float32, v2, at 127.0.0.1, Python 3.11.7", []),
    ],
)
def test_numbers_are_tokens(text, found):
    assert tokens(text) == found


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        (
            "It fell. The *choosing* did it. <!-- control: not\nchosen --> And then?",
            [
                ("It fell.", []),
                ("The *choosing* did it.", [("control", "not chosen")]),
                ("And then?", []),
            ],
        ),
        ("Of 0.5 points, e.g. 3", [("Of 0.5 points, e.g.", []), ("3", [])]),
        ("- one\n- two <!-- given: a. b -->", [("- one", []), ("- two", [("given", "a. b")])]),
        ('He said "no." ```\nbecause\n```', [('He said "no."', []), ("``` because ```", [])]),
        ("Before\n\n```\nbecause\n```\n", [("Before", [])]),
    ],
)
def test_sentences_have_their_markers(markdown, found):
    assert sentences(markdown) == found

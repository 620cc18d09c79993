"""The kill lists: every solution passes, every stub and every wrong answer fails with the hint
meant for it.

An exercise is one file beside this one, exercise_NN.py, with NOTEBOOK, ANSWERS {question: name in
the notebook} and WRONG {question: [(answer, fragment of its hint), ...]}.
"""

import ast
import importlib.util
import json
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

from labsupport.grading import check
from labsupport.grading.questions import QUESTIONS

ROOT = Path(__file__).parents[2]


def load(path):
    spec = importlib.util.spec_from_file_location(f"wrong_answers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LISTS = [load(path) for path in sorted(Path(__file__).parent.glob("exercise_*.py"))]
QUESTION_LISTS = [(kills, question) for kills in LISTS for question in kills.ANSWERS]
KILLS = [
    (question, answer, hint)
    for kills, question in QUESTION_LISTS
    for answer, hint in kills.WRONG[question]
]


def name_of(answer):
    return getattr(answer, "__name__", repr(answer))


@cache
def run(notebook):
    """What the cells of a notebook define, its check cells left out."""
    names = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            exec(compile(cell.source, f"{notebook.name}:{cell.id}", "exec"), names)
    return names


def record(record_property, question, answer, result):
    row = {
        "question": question,
        "answer": answer,
        "outcome": "right" if result.passed else "wrong",
        "hint": result.hint,
    }
    record_property("kill_matrix", json.dumps(row))


def gives_away(hint):
    """What a hint must not hold: a digit, so no expected value, and no expression of a solution.

    The words of an exception are the student's own.
    """
    own = re.sub(r"raised \w+ \(.*\)", "", hint)
    tight = re.sub(r"\s", "", own)
    return re.findall(r"\d", own) + [
        expression for expression in solution_expressions() if expression in tight
    ]


@cache
def solution_expressions():
    """Every expression of every solution that is more than names and constants, without spaces."""
    found = set()
    for kills in LISTS:
        for cell in nbformat.read(ROOT / "solutions" / kills.NOTEBOOK, as_version=4).cells:
            if cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source:
                for node in ast.walk(ast.parse(cell.source)):
                    if isinstance(node, ast.expr) and not isinstance(
                        node, ast.Name | ast.Constant | ast.Tuple
                    ):
                        found.add(re.sub(r"\s", "", ast.get_source_segment(cell.source, node)))
    assert len(found) > 10
    return found


def ids(values):
    return [f"{question}-{name_of(answer)}" for question, answer, _ in values]


@pytest.mark.parametrize(("question", "answer", "hint"), KILLS, ids=ids(KILLS))
def test_wrong_answer_gets_the_hint_meant_for_it(question, answer, hint, record_property, capsys):
    result = check(question, answer)
    record(record_property, question, name_of(answer), result)
    assert result.passed is False
    assert hint in result.hint
    assert capsys.readouterr().out == f"{question} not yet. {result.hint}\n"
    assert not gives_away(result.hint)


@pytest.mark.parametrize(("kills", "question"), QUESTION_LISTS, ids=[q for _, q in QUESTION_LISTS])
class TestQuestion:
    def test_solution_passes(self, kills, question, record_property, capsys):
        solution = run(ROOT / "solutions" / kills.NOTEBOOK)[kills.ANSWERS[question]]
        result = check(question, solution)
        record(record_property, question, "the solution", result)
        assert (result.passed, result.hint) == (True, "")
        assert "is right" in capsys.readouterr().out

    def test_other_draws_change_nothing(self, kills, question):
        solution = run(ROOT / "solutions" / kills.NOTEBOOK)[kills.ANSWERS[question]]
        assert check(question, solution, seed=1).passed
        for answer, hint in kills.WRONG[question]:
            assert hint in check(question, answer, seed=1).hint, name_of(answer)

    def test_untouched_stub_fails(self, kills, question, record_property):
        stub = run(ROOT / "exercises" / kills.NOTEBOOK)[kills.ANSWERS[question]]
        result = check(question, stub)
        record(record_property, question, "the untouched stub", result)
        assert not result.passed
        assert "not filled in" in result.hint

    def test_kill_list_is_long_enough(self, kills, question):
        assert len(kills.WRONG[question]) >= 3
        assert len({hint for _, hint in kills.WRONG[question]}) >= 3


def test_every_question_has_a_kill_list():
    check("", None)  # loads the exercises
    assert sorted(QUESTIONS) == sorted(question for _, question in QUESTION_LISTS)

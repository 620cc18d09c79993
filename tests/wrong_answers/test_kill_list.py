"""Wrong answers that a table of mistakes cannot say, and one per question in a student's own style.

An exercise is one file beside this one, exercise_NN.py, with WRONG {question: [(answer, fragment of
its hint), ...]}. The mistakes that a question declares are tested in ../test_questions.py.
"""

import ast
import importlib.util
import inspect
import json
from pathlib import Path

import pytest

from labsupport.grading import check
from labsupport.grading.exercise import draw_for, not_right
from labsupport.grading.questions import QUESTIONS
from solutions import gives_away


def load(path):
    spec = importlib.util.spec_from_file_location(f"wrong_answers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HERE = Path(__file__).parent
FALLBACKS = load(HERE / "fallbacks.py").FALLBACKS
LISTS = [load(path) for path in sorted(HERE.glob("exercise_*.py"))]
KILLS = [
    (question, answer, hint)
    for kills in LISTS
    for question, wrong in kills.WRONG.items()
    for answer, hint in wrong
]


RIGHT = [
    (question, answer)
    for kills in LISTS
    for question, right in getattr(kills, "RIGHT", {}).items()
    for answer in right
]


def name_of(answer):
    return getattr(answer, "__name__", repr(answer))


@pytest.mark.parametrize(
    ("question", "answer", "hint"), KILLS, ids=[f"{q}-{name_of(answer)}" for q, answer, _ in KILLS]
)
def test_wrong_answer_gets_the_hint_meant_for_it(question, answer, hint, record_property, capsys):
    result = check(question, answer)
    row = {
        "question": question,
        "answer": name_of(answer),
        "outcome": "right" if result.passed else "wrong",
        "hint": result.hint,
    }
    record_property("kill_matrix", json.dumps(row))
    assert result.passed is False
    assert hint in result.hint
    assert capsys.readouterr().out == f"{question} not yet. {result.hint}\n"
    assert not gives_away(result.hint)
    assert hint in check(question, answer, seed=1).hint


@pytest.mark.parametrize(
    ("question", "answer"), RIGHT, ids=[f"{q}-{name_of(answer)}" for q, answer in RIGHT]
)
def test_right_answer_in_a_students_own_style_is_right(question, answer):
    for seed in (None, 1, 2):
        result = check(question, answer, seed=seed)
        assert (result.passed, result.hint) == (True, "")


def test_every_question_has_an_answer_in_a_students_own_style():
    assert set(QUESTIONS) == {question for question, _, _ in KILLS}


def rounds_of(key):
    """The rounds of a question that fall back on the function of this name."""
    number, name = key.split()
    return [part for part in QUESTIONS[number].rounds if part.otherwise.__name__ == name]


def ways_through(function):
    """How many sentences it has: its returns, and its choices of a word."""
    tree = ast.parse(inspect.getsource(function))
    return sum(isinstance(node, ast.Return | ast.IfExp) for node in ast.walk(tree))


@pytest.mark.parametrize(
    ("key", "said", "fragment"),
    [(key, *entry) for key, entries in FALLBACKS.items() for entry in entries],
    ids=[f"{key}-{words}" for key, entries in FALLBACKS.items() for _, words in entries],
)
def test_what_is_said_without_a_known_mistake_is_true(key, said, fragment):
    """In every case of that kind, on two draws."""
    hints = []
    for seed in (None, 0):
        for part in rounds_of(key):
            cases = part.cases(draw_for(key.split()[0], seed))
            answers = [(case, said(case)) for case in cases]
            hints += [part.otherwise(case, value) for case, value in answers if value is not None]
    assert hints, "No case is of this kind."
    assert [hint for hint in hints if fragment not in hint] == []


def test_every_sentence_of_every_fallback_is_earned():
    wanted = {
        f"{number} {part.otherwise.__name__}": ways_through(part.otherwise)
        for number, question in QUESTIONS.items()
        for part in question.rounds
        if part.otherwise is not not_right
    }
    assert {key: len({words for _, words in said}) for key, said in FALLBACKS.items()} == wanted

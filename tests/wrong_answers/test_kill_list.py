"""Wrong answers that a table of mistakes cannot say, and one per question in a student's own style.

An exercise is one file beside this one, exercise_NN.py, with WRONG {question: [(answer, fragment of
its hint), ...]}. The mistakes that a question declares are tested in ../test_questions.py.
"""

import importlib.util
import json
from pathlib import Path

import pytest

from labsupport.grading import check
from labsupport.grading.questions import QUESTIONS
from solutions import gives_away


def load(path):
    spec = importlib.util.spec_from_file_location(f"wrong_answers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LISTS = [load(path) for path in sorted(Path(__file__).parent.glob("exercise_*.py"))]
KILLS = [
    (question, answer, hint)
    for kills in LISTS
    for question, wrong in kills.WRONG.items()
    for answer, hint in wrong
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


def test_every_question_has_an_answer_in_a_students_own_style():
    assert set(QUESTIONS) == {question for question, _, _ in KILLS}

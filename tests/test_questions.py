"""The contract that every question keeps: its mistakes are its kill list, on every draw.

What a table of mistakes cannot say stands in wrong_answers/.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction

import numpy as np
import pytest
from refusals import is_sentence

from labsupport.grading import check
from labsupport.grading.exercise import draw_for
from labsupport.grading.questions import QUESTIONS
from solutions import answers, gives_away, solution_expressions

SEEDS = (None, *range(9))
QUESTION = pytest.mark.parametrize("number", sorted(QUESTIONS))


def test_every_question_has_a_check_cell_in_a_solution_and_the_reverse():
    assert set(answers("solutions")) == set(answers("exercises")) == set(QUESTIONS)


def is_hint(text):
    """A sentence, which may end by asking."""
    return is_sentence(re.sub(r"\?$", ".", text))


@QUESTION
def test_the_solution_passes_on_every_seed(number, capsys):
    for seed in (*SEEDS, 2**40):
        result = check(number, answers()[number], seed=seed)
        assert (result.passed, result.hint, result.mistake) == (True, "", ""), f"seed {seed}"
        assert f"{number} is right. " in capsys.readouterr().out


@QUESTION
def test_the_untouched_stub_fails_and_says_why(number):
    result = check(number, answers("exercises")[number])
    assert not result.passed and "not filled in" in result.hint


@QUESTION
def test_every_mistake_gets_its_own_hint_on_every_seed(number, record_property, capsys):
    """A draw on which a mistake happens to be right, or looks like another one, would let it
    through.
    """
    wrong = []
    for one, answer in QUESTIONS[number].named():
        for seed in SEEDS:
            result = check(number, answer, seed=seed)
            if (result.passed, result.mistake) != (False, one.name):
                said = "right" if result.passed else result.mistake or result.hint
                wrong.append(f"{one.name!r} on seed {seed}: {said}")
            assert capsys.readouterr().out == f"{number} not yet. {result.hint}\n", wrong
    for one in {one.name: one for one, _ in QUESTIONS[number].named()}.values():
        row = {"question": number, "answer": one.name, "outcome": "wrong", "hint": one.hint}
        record_property("kill_matrix", json.dumps(row))
    assert not wrong, "\n".join(wrong)


@QUESTION
def test_mistakes_have_names_and_hints_that_give_nothing_away(number):
    rounds = QUESTIONS[number].rounds
    named = list(dict.fromkeys(one for part in rounds for one in part.mistakes))
    names = [one.name for one in named]
    assert len(names) >= 3 and len(set(names)) == len(names)
    for one in named:
        assert one.answers, f"{one.name!r} comes without an answer that makes it."
        assert 0 < len(one.name.split()) <= 7, f"{one.name!r} is no name."
        assert is_hint(one.hint), one.hint
        assert not gives_away(one.hint), one.hint
    assert len({one.hint for one in named}) == len(named), "Two mistakes share a hint: one name."


@QUESTION
def test_what_is_said_when_no_mistake_explains_the_answer_gives_nothing_away(number):
    """The fallback hints, each case in turn being the first that is wrong."""
    question = QUESTIONS[number]
    for part in question.rounds:
        cases = part.cases(draw_for(number, None))
        for case in cases:
            for _, answer in question.named():
                try:
                    said = question.read(answer(*case.fresh_args()))
                except Exception:  # noqa: BLE001 - a mistake need not have an answer in every round
                    continue
                hint = part.otherwise(case, said)
                assert is_hint(hint), hint
                assert not gives_away(hint), hint


@QUESTION
def test_draws_differ_from_seed_to_seed_and_repeat(number):
    def drawn(seed):
        rng = draw_for(number, seed)
        return [
            repr(np.asarray(arg).tolist())  # text, since NaN is not equal to itself
            for part in QUESTIONS[number].rounds
            for case in part.cases(rng)
            for arg in case.args
            if isinstance(arg, int | float | Fraction | np.ndarray)
        ]

    assert drawn(1) == drawn(1)
    assert not drawn(1) or drawn(1) != drawn(2)


def test_solutions_have_expressions_to_look_for():
    assert len(solution_expressions()) > 10
    assert gives_away("use 7") == ["7"]

"""The contract that every question keeps: its mistakes are its kill list, on every draw.

What a table of mistakes cannot say stands in wrong_answers/.
"""

from __future__ import annotations

import inspect
import json
import re
import warnings
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from refusals import is_sentence
from slow import SLOW

from labsupport.grading import check, exercise
from labsupport.grading.exercise import draw_for
from labsupport.grading.questions import QUESTIONS
from solutions import answers, gives_away, solution_expressions

SEEDS = (None, *range(19 if SLOW else 1))
ASKED = dict(QUESTIONS)  # as they are; some tests put drawn ones in their place
# The tests of one question follow each other, so that its draws are kept for them.
QUESTION = pytest.mark.parametrize("number", sorted(QUESTIONS), scope="module")


def test_every_question_has_a_check_cell_in_a_solution_and_the_reverse():
    assert set(answers("solutions")) == set(answers("exercises")) == set(QUESTIONS)


def is_hint(text):
    """A sentence, which may end by asking."""
    return is_sentence(re.sub(r"\?$", ".", text))


@lru_cache(maxsize=len(SEEDS))
def as_drawn(number, seed):
    """The question with the cases of a seed, drawn once for all answers."""
    question, rng = ASKED[number], draw_for(number, seed)
    first, *others = (part.cases(rng) for part in question.rounds)
    then = [
        replace(part, cases=lambda rng, cases=cases: cases)
        for part, cases in zip(question.then, others, strict=True)
    ]
    return replace(question, cases=lambda rng: first, then=then)


@QUESTION
def test_the_solution_passes_on_every_seed(number, capsys, monkeypatch):
    for seed in (*SEEDS, 2**40):
        drawn = ASKED[number] if seed == 2**40 else as_drawn(number, seed)
        monkeypatch.setitem(QUESTIONS, number, drawn)
        result = check(number, answers()[number], seed=seed)
        assert (result.passed, result.hint, result.mistake) == (True, "", ""), f"seed {seed}"
        assert f"{number} is right. " in capsys.readouterr().out


def in_other_clothes(value, clothes):
    """The same answer, its lists and tuples put into another container, its numbers into arrays."""
    if isinstance(value, tuple | list):
        return clothes([in_other_clothes(part, clothes) for part in value])
    return np.array(value)  # without an axis, as np.where returns it


def rows_of(parts):
    """An array, with an axis for pairs where the parts are pairs."""
    whole = [part.tolist() if isinstance(part, np.ndarray) else part for part in parts]
    pairs = bool(whole) and all(isinstance(part, list) for part in whole)
    return np.array(whole, dtype=object) if pairs else column(np.array)(whole)


def column(kind):
    """A column of anything, with the parts as they are."""

    def made(parts):
        cells = np.empty(len(parts), dtype=object)
        cells[:] = [part[()] if isinstance(part, np.ndarray) else part for part in parts]
        return kind(cells)

    return made


@pytest.mark.parametrize("clothes", [list, tuple, rows_of, column(pd.Series), column(pd.Index)])
@QUESTION
def test_a_right_answer_is_right_in_every_container(number, clothes, monkeypatch):
    monkeypatch.setitem(QUESTIONS, number, as_drawn(number, None))

    def answer(*given):
        return in_other_clothes(answers()[number](*given), clothes)

    result = check(number, answer)
    assert (result.passed, result.hint) == (True, "")


@QUESTION
def test_the_untouched_stub_fails_and_says_why(number):
    result = check(number, answers("exercises")[number])
    assert not result.passed and "not filled in" in result.hint


def remembered(says):
    """What a mistake says to a case, computed once: every wrong answer is compared with it."""
    known = {}

    def said_once(answer, case, read):
        key = (answer, id(case), read)  # of a draw, whose cases outlive this
        if key not in known:
            try:
                known[key] = says(answer, case, read), None
            except Exception as error:  # noqa: BLE001 - raised below
                known[key] = None, error
        value, error = known[key]
        if error is not None:
            raise error
        return value

    return said_once


@QUESTION
def test_every_mistake_gets_its_own_hint_on_every_seed(
    number, record_property, capsys, monkeypatch
):
    """A draw on which a mistake happens to be right, or looks like another one, would let it
    through.
    """
    wrong, question, tried, says = [], ASKED[number], 0, exercise._says
    for seed in SEEDS:
        monkeypatch.setitem(QUESTIONS, number, as_drawn(number, seed))
        monkeypatch.setattr(exercise, "_says", remembered(says))
        for one, answer in question.named():
            result, tried = check(number, answer), tried + 1
            if (result.passed, result.mistake) != (False, one.name):
                said = "right" if result.passed else result.mistake or result.hint
                wrong.append(f"{one.name!r} on seed {seed}: {said}")
            assert capsys.readouterr().out == f"{number} not yet. {result.hint}\n", wrong
    for one in {one.name: one for one, _ in question.named()}.values():
        row = {"question": number, "answer": one.name, "outcome": "wrong", "hint": one.hint}
        record_property("kill_matrix", json.dumps(row))
    record_property("tried", f"{number} {tried}")  # guard.py keeps the number
    assert not wrong, "\n".join(wrong)


@QUESTION
def test_every_edge_of_the_domain_is_drawn_on_every_seed(number):
    """Whether an answer is right must not depend on the draw: each edge is there, each time."""
    question = QUESTIONS[number]
    for seed in SEEDS[::2]:
        rng = draw_for(number, seed)
        drawn = [(part, part.cases(rng)) for part in question.rounds]
        takes_arguments = drawn[0][1][0].args
        assert not takes_arguments or sum(len(part.edges) for part, _ in drawn) >= 6
        for part, cases in drawn:
            assert {case.about for case in cases} >= set(part.edges)


def wobbling(answer, seed):
    """A right answer but for numbers that are a little off, or words and truths at random."""
    rng, words = np.random.default_rng(seed), []

    def wobbled(value):
        if isinstance(value, bool | np.bool_):
            return bool(rng.random() < 0.5)
        if isinstance(value, str):
            words.append(value)
            return words[int(rng.integers(len(words)))]
        if isinstance(value, int | np.integer):
            return int(value) + int(rng.integers(1, 4))
        if isinstance(value, float | np.floating | Fraction):
            return float(value) * (1 + 0.1 * rng.random()) + 0.001 * rng.random()
        return [wobbled(part) for part in value]

    known = {}

    def answer_once(*given):
        key = repr([getattr(part, "tolist", lambda part=part: part)() for part in given])
        if key not in known:
            known[key] = wobbled(answer(*given))
        return known[key]

    return answer_once


@QUESTION
def test_no_mistake_is_named_for_an_answer_that_makes_none(number):
    """Numbers off at random have no cause: a hint may say what is seen and nothing else."""
    if not inspect.signature(answers()[number]).parameters:
        return  # what is found is judged by what it is
    seen = {one.name for one, _ in QUESTIONS[number].named() if one.when is not None}
    for seed in range(5):
        result = check(number, wobbling(answers()[number], seed), seed=seed)
        assert not result.passed
        assert result.mistake in {"", *seen}, result.hint


@QUESTION
def test_what_the_kernel_has_set_changes_no_verdict(number):
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check(number, answers()[number])


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


@pytest.mark.slow
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

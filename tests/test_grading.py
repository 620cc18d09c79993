"""Checks survive what students pass, and nothing but a right answer is called right."""

import builtins
import inspect
import math
import random
import re
import signal
import subprocess
import sys
import threading
import time
from copy import copy
from decimal import Context, Decimal, getcontext, localcontext
from enum import StrEnum
from fractions import Fraction

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from slow import some_slow

from labsupport import comparisons, costs, gate, noise, outcomes, retrained
from labsupport.answers import stopping
from labsupport.grading import Result, calling, check
from labsupport.grading.calling import Case
from labsupport.grading.exercise import Question, draw_for
from labsupport.grading.questions import QUESTIONS, by_number, q06_1
from labsupport.grading.readers import Wrong
from labsupport.validation import ks_rate, psi
from solutions import answers

NUMBERS = sorted(QUESTIONS)
NO_GAIN, UNSAFE = "blocked: no eval gain", "blocked: failed safety check"


def accuracy_and_gap(y, prediction, group):
    right = prediction == y
    parts = [right[group == name].mean() for name in np.unique(group)]
    return right.mean(), max(parts) - min(parts)


def decide_rightly(gain, gap, margin, tolerance):
    if gain >= margin and gap <= tolerance:
        return True, "promoted"
    return False, UNSAFE if gain >= margin else NO_GAIN


def clears(candidate_right, baseline_right, n, margin):
    return n > 0 and Fraction(candidate_right - baseline_right, n) >= Fraction(str(margin))


def without_address(value):
    """A test's name: the same in every process, as pytest-xdist asks."""
    return re.sub(r" at 0x\w+", "", repr(value))


class AlwaysEqual:
    """Agrees with everything, whatever one asks it."""

    __class__ = property(lambda self: float)

    def yes(self, *_):
        return True

    def same(self, *_):
        return self

    def zero(self, *_):
        return 0

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = yes
    __sub__ = __rsub__ = __abs__ = __float__ = __int__ = __index__ = __hash__ = zero
    __add__ = __radd__ = __getitem__ = __getattr__ = same

    def __iter__(self):
        return iter((self, self))

    def __len__(self):
        return 2


class EqualFloat(float):
    __eq__ = __le__ = __lt__ = __ge__ = lambda self, other: True
    __sub__ = __rsub__ = __add__ = __float__ = __abs__ = lambda self, *_: 0.0
    __hash__ = float.__hash__


class EqualText(str):
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = str.__hash__


class EqualPair(tuple):
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = tuple.__hash__

    def __iter__(self):
        return iter((AlwaysEqual(), AlwaysEqual()))


def taking(number, body):
    """`body` as a function of as many arguments as the question's, so that it gets past the look at
    the signature.
    """
    names = ", ".join(inspect.signature(answers()[number]).parameters)
    return eval(f"lambda {names}: body()", {"body": body})


def raising(error):
    def body():
        raise error

    return body


NO_ANSWERS = [
    *(None, 1, 1.5, "text", [], (), {}, np.nan, np.zeros(3)),
    *(AlwaysEqual(), EqualFloat(), EqualPair(), type, print, object),
]
NONSENSE = [
    *(None, True, 0, 0.0, np.nan, np.inf, "promoted", b"", 1j, [], (), (None, None)),
    *((True, True), (np.nan, np.nan), np.zeros((2, 2)), np.zeros(2), np.array(None)),
    *(np.ma.masked, NotImplemented, Ellipsis, AlwaysEqual(), EqualFloat()),
    *((AlwaysEqual(), AlwaysEqual()), (EqualFloat(1), EqualFloat(1))),
    *((True, EqualText("promoted")), EqualPair((1, 1)), EqualPair(), EqualText()),
    *(Decimal("nan"), (Decimal("nan"), Decimal("inf")), {"accuracy": 1}, (1, 2, 3), object()),
]
ERRORS = [SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, MemoryError, KeyError]


def refused(number, given, *words):
    """Hand in one answer after the other; each must be wrong, with all the words in its hint."""
    faults = []
    for name, answer in given:
        result = check(number, answer)
        missing = [word for word in words if word not in result.hint]
        if result.passed is not False or missing or "itself broke" in result.hint:
            faults.append(f"{name}: {result!r} lacks {missing}")
    assert not faults, "\n".join(faults)


# What it asks with is for nobody to read, and an exception could quote it.
SEALED = {"09.3"}


@pytest.mark.parametrize("number", NUMBERS)
class TestWhateverIsPassed:
    def test_a_thing_that_is_no_answer(self, number):
        refused(number, [(repr(thing), thing) for thing in NO_ANSWERS])

    @pytest.mark.slow
    def test_a_function_that_returns_nonsense(self, number):
        refused(number, [(repr(v), taking(number, lambda v=v: v)) for v in NONSENSE])

    def test_a_function_that_raises(self, number):
        own_words = () if number in SEALED else ("oh",)
        for error in ERRORS:
            answer = taking(number, raising(error("oh")))
            refused(number, [(error.__name__, answer)], f"raised {error.__name__}", *own_words)
            assert own_words or "oh" not in check(number, answer).hint

    def test_an_exception_that_cannot_be_printed(self, number):
        class SilentError(Exception):
            def __str__(self):
                raise RuntimeError

        assert "raised SilentError" in check(number, taking(number, raising(SilentError()))).hint

    def test_not_filled_in(self, number):
        result = check(number, taking(number, raising(NotImplementedError)))
        assert "not filled in" in result.hint

    def test_endless_recursion(self, number):
        def again():
            return again()

        assert "RecursionError" in check(number, taking(number, again)).hint

    def test_other_arguments_than_asked_for(self, number):
        assert "keep the signature" in check(number, lambda a, b, c, d, e, f, g: None).hint

    def test_coroutines_and_generators(self, number):
        def generator():
            yield 1

        assert not check(number, taking(number, generator))

    def test_a_coroutine_leaves_no_warning(self, number):
        async def coroutine():
            return 1

        assert "with def alone" in check(number, taking(number, coroutine)).hint

    def test_numbers_beyond_every_float(self, number):
        for value in (10**400, Fraction(-(10**400)), (Fraction(10**400), 1), (1, 10**400)):
            hint = check(number, taking(number, lambda value=value: value)).hint
            assert hint
            assert "Overflow" not in hint
            assert "itself broke" not in hint


@pytest.mark.parametrize("blank", ["promoted", NO_GAIN, UNSAFE])
def test_a_case_left_blank(blank):
    """Also the very first case: a blank that is reached there is no untouched stub."""

    def answer(*args):
        if decide_rightly(*args)[1] == blank:
            raise NotImplementedError
        return decide_rightly(*args)

    assert "One case is not covered" in check("01.2", answer).hint


class TestTime:
    def loop(self):
        while True:
            pass

    def stubborn(self):
        swallowed = 0
        while swallowed < 3:
            try:
                while True:
                    pass
            except BaseException:  # noqa: BLE001 - as a student would, only worse
                swallowed += 1
        return 1.0, 0.0

    def assert_nothing_runs_on(self):
        for thread in threading.enumerate():
            if thread.name == "answer":
                thread.join(5)
                assert not thread.is_alive()

    @pytest.mark.parametrize("number", NUMBERS)
    @pytest.mark.parametrize("kind", some_slow(["loop", "stubborn"], lambda k: k == "loop"))
    def test_an_endless_loop_is_stopped_and_the_kernel_lives(self, number, kind, monkeypatch):
        monkeypatch.setattr(calling, "TIME_LIMIT", 0.1)
        result = check(number, taking(number, getattr(self, kind)))
        assert "did not come back" in result.hint
        assert "restart" not in result.hint
        self.assert_nothing_runs_on()

    def test_what_cannot_be_stopped_is_left_behind(self, monkeypatch):
        monkeypatch.setattr(calling, "TIME_LIMIT", 0.1)
        monkeypatch.setattr(stopping, "_GIVE_UP", 0.1)
        assert (
            "could not be stopped; restart the kernel" in check("01.4", lambda: time.sleep(1)).hint
        )

    def test_it_works_outside_the_main_thread(self):
        results = []
        thread = threading.Thread(target=lambda: results.append(check("01.4", (-2.0, 1.5))))
        thread.start()
        thread.join()
        assert results == [Result(True, "")]

    @pytest.mark.posix_only("there is no SIGALRM to stand in for the keyboard")
    def test_the_person_at_the_keyboard_can_interrupt(self):
        old = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                check("01.4", self.loop)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        self.assert_nothing_runs_on()


class TestSurroundings:
    def test_inputs_that_are_changed(self):
        def scribble(y, prediction, group):
            answer = accuracy_and_gap(y, prediction, group)
            y[:] = 0
            return answer

        assert "changed its inputs" in check("01.1", scribble).hint

    def test_inputs_whose_type_is_changed(self):
        def reinterpret(y, prediction, group):
            answer = accuracy_and_gap(y, prediction, group)
            prediction.dtype = np.float64
            return answer

        assert not check("01.1", reinterpret)

    def test_right_on_the_first_calls_only(self):
        for lucky in (1, 3, 7, 8, 13):
            calls = iter(range(1000))

            def forgetful(y, prediction, group, calls=calls, lucky=lucky):
                return accuracy_and_gap(y, prediction, group) if next(calls) < lucky else (0.5, 0.5)

            result = check("01.1", forgetful)
            assert not result
            assert "Asked twice" in result.hint

    def test_an_answer_by_chance(self):
        def by_chance(*_):
            return bool(np.random.rand() < 0.5), "promoted"  # noqa: NPY002

        assert "Asked twice" in check("01.2", by_chance).hint

    def test_global_generators_are_put_back(self):
        def draws(y, prediction, group):
            np.random.seed(1)  # noqa: NPY002
            random.seed(1)
            return accuracy_and_gap(y, prediction, group)

        before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        assert check("01.1", draws)
        assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002

    def test_prints_and_warnings_are_swallowed(self, capsys):
        def chatty(y, prediction, group):
            print("x" * 10_000)
            print("y" * 10_000, file=sys.stderr)
            np.zeros(1) / np.zeros(1)
            return accuracy_and_gap(y, prediction, group)

        assert check("01.1", chatty)
        out, err = capsys.readouterr()
        assert (out.count("\n"), err) == (1, "")

    @pytest.mark.parametrize(
        ("place", "name"),
        [
            (np, "mean"),
            (np, "abs"),
            (np, "unique"),
            (Fraction, "__eq__"),
            (comparisons, "as_written"),
            (outcomes.PairedOutcomes, "exact_disparity"),
            (gate, "gate"),
            (costs, "expected_cost"),
            (noise, "noise_floor"),
            (retrained.RetrainedOutcomes, "interval"),
            (builtins, "abs"),
        ],
        ids=lambda x: x if isinstance(x, str) else "",
    )
    @pytest.mark.parametrize("when", ["before", "inside"])
    def test_replaced_library_functions(self, place, name, when, monkeypatch):
        def replace():
            monkeypatch.setattr(place, name, lambda *_: 0.5)

        def cheat(y, prediction, group):
            replace()
            return 0.5, 0.5

        if when == "before":
            replace()
        result = check("01.1", cheat if when == "inside" else accuracy_and_gap)
        monkeypatch.undo()
        assert not result
        assert "restart the kernel" in result.hint


@pytest.mark.parametrize(
    "place",
    ["labsupport.costs.expected_cost", "labsupport.costs.Stage", "numpy.std", "builtins.abs"],
)
def test_a_library_function_replaced_before_the_lab_is_imported(place):
    """By a wrapper that says the same: nothing but the replacement itself can be noticed."""
    module = place.rpartition(".")[0]
    program = f"""
import {module}
own = {place}
{place} = lambda *args, **options: own(*args, **options)
from labsupport.grading import check
check("05.3", lambda costs, catch_rates: costs.sum())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert f"In this kernel {place} is no longer the library's own" in done.stdout


class TestWhatCounts:
    @pytest.mark.parametrize(
        "kind", [float, np.float64, np.longdouble, Fraction, lambda x: Decimal(float(x)), np.array]
    )
    def test_numbers_of_any_sensible_kind(self, kind):
        def answer(y, prediction, group):
            accuracy, gap = accuracy_and_gap(y, prediction, group)
            return kind(accuracy), kind(gap)

        assert check("01.1", answer)

    @pytest.mark.parametrize("kind", [list, np.array, tuple])
    def test_pairs_of_any_sensible_kind(self, kind):
        assert check(
            "01.1", lambda y, prediction, group: kind(accuracy_and_gap(y, prediction, group))
        )
        assert check("01.4", kind((-2.0, 1.5)))
        assert check("01.4", lambda: kind((-2.0, 1.5)))

    @pytest.mark.parametrize("kind", [bool, np.bool_, np.array])
    def test_truth_of_any_sensible_kind(self, kind):
        assert check("01.3", lambda c, b, n, m: kind(clears(c, b, n, m)))

    def test_single_precision_is_told_that_it_is_off(self):
        def single(y, prediction, group):
            accuracy, gap = accuracy_and_gap(y, prediction, group)
            return np.float32(accuracy), np.float32(gap)

        assert not check("01.1", single)

    @pytest.mark.parametrize(
        "answer",
        [
            lambda c, b, n, m: n > 0 and (c - b) * 10_000 >= round(m * 10_000) * n,
            lambda c, b, n, m: n > 0 and c - b >= Context(prec=100).multiply(Decimal(str(m)), n),
            lambda c, b, n, m: (
                n > 0 and Fraction(c - b, n) >= Fraction(m).limit_denominator(10_000)
            ),
            lambda c, b, n, m: n > 0 and c - b >= Fraction(f"{m:.4f}") * n,
        ],
    )
    def test_other_exact_comparisons(self, answer):
        assert check("01.3", answer)

    @pytest.mark.parametrize(
        "pair", [(-2.0, 1.25), (-2.0, 1.5), (-2.1, 5.75), (-2.2, 2), (-2.3, 6.5)]
    )
    def test_other_hidden_harm(self, pair):
        assert check("01.4", pair)

    def test_decimals_of_the_precision_that_a_cell_has_set(self):
        def decimals(c, b, n, m):
            return n > 0 and Decimal(c - b) / n >= Decimal(repr(m))

        with localcontext(prec=100):
            assert check("01.3", decimals)
        assert not check("01.3", decimals)

    def test_precision_set_by_an_answer_does_not_outlive_it(self):
        def precise(c, b, n, m):
            getcontext().prec = 100
            return n > 0 and Decimal(c - b) / n >= Decimal(repr(m))

        before = getcontext().prec
        assert check("01.3", precise)
        assert getcontext().prec == before

    @pytest.mark.parametrize(
        "kind", [np.str_, StrEnum("Reason", {"A": "promoted", "B": NO_GAIN, "C": UNSAFE})]
    )
    def test_reasons_of_any_kind_of_text(self, kind):
        def answer(*args):
            promote, reason = decide_rightly(*args)
            return promote, kind(reason)

        assert check("01.2", answer)

    def test_a_nan_test_that_takes_fractions(self):
        def answer(gain, gap, margin, tolerance):
            if math.isnan(gain) or gain < margin:
                return False, NO_GAIN
            return (False, UNSAFE) if math.isnan(gap) or gap > tolerance else (True, "promoted")

        assert check("01.2", answer)

    def test_a_search_may_be_random_and_is_made_once(self):
        pairs = [(-2.0, 1.25), (-2.0, 1.5), (-2.1, 3.0)]
        assert check("01.4", lambda: pairs.pop())
        assert len(pairs) == 2

    def test_a_search_has_more_time(self, monkeypatch):
        monkeypatch.setattr(calling, "TIME_LIMIT", 0.1)

        def search():
            time.sleep(0.2)
            return -2.0, 1.5

        assert check("01.4", search)
        assert "did not come back" in check("01.2", lambda *_: time.sleep(0.2)).hint

    @pytest.mark.parametrize("seed", range(3))
    def test_of_two_equal_checks_either_may_come_first(self, seed):
        def last_first(costs, rates):
            per_catch = [c / p if p else math.inf for c, p in zip(costs, rates, strict=True)]
            return sorted(reversed(range(len(costs))), key=per_catch.__getitem__)

        assert check("05.4", last_first, seed=seed)

    def test_the_lessons_own_slice_is_no_answer(self):
        assert not check("01.4", (2.0, 1.0))
        assert "the harm is too small" in check("01.4", (-2.0, 1.0)).hint


class TestCheck:
    @pytest.mark.parametrize(
        "number",
        ["", "1.1", "01.9", "01", None, 1.1, ["01.1"], AlwaysEqual(), EqualText("01.1")],
        ids=without_address,
    )
    def test_unknown_question_lists_the_known_ones(self, number, capsys):
        result = check(number, accuracy_and_gap)
        assert not result
        assert all(known in result.hint for known in NUMBERS)
        assert capsys.readouterr().out == result.hint + "\n"

    def test_result_is_frozen_and_true_when_passed(self):
        result = Result(True, "")
        assert result
        assert not Result(False, "no")
        assert not Result("yes", "")
        with pytest.raises(AttributeError):
            result.passed = False

    @pytest.mark.parametrize("outcome", [None, "", True, 1, EqualText("fine")])
    def test_a_check_that_verified_nothing_is_not_right(self, outcome, monkeypatch):
        monkeypatch.setitem(QUESTIONS, "99.1", lambda answer, rng: outcome)
        assert "itself broke" in check("99.1", None).hint

    @pytest.mark.parametrize("error", [ZeroDivisionError, AssertionError, StopIteration, Wrong])
    def test_a_check_that_breaks_is_not_right(self, error, monkeypatch):
        def broken(answer, rng):
            raise error("oh")

        monkeypatch.setitem(QUESTIONS, "99.1", broken)
        assert not check("99.1", None)

    @pytest.mark.parametrize("heard", [0, 1])
    def test_no_cases_are_not_right(self, heard):
        question = Question(
            "99.1",
            lambda rng: [Case("", (), 1)] * 2 * heard,
            read=float,
            mistakes=[],
            verified="Never.",
            ask=lambda answer, cases, read: [1] * heard,
        )
        with pytest.raises(RuntimeError, match=f"{heard} answers to {2 * heard} cases"):
            question(None, np.random.default_rng(0))

    def test_two_questions_with_one_number_are_refused(self):
        with pytest.raises(ValueError, match=r"Question 01\.1 is declared twice"):
            by_number([QUESTIONS["01.1"], QUESTIONS["02.1"], copy(QUESTIONS["01.1"])])


class TestRandomAnswers:
    """Questions that are answered by resampling or simulation: other ways to draw are right, other
    generators are not.
    """

    @staticmethod
    def interval(gains, confidence, method="linear"):
        return np.quantile(gains, [(1 - confidence) / 2, (1 + confidence) / 2], method=method)

    @pytest.mark.parametrize(
        "method", ["linear", "inverted_cdf", "lower", "higher", "weibull", "median_unbiased"]
    )
    @pytest.mark.parametrize("seed", range(3))
    def test_every_way_to_take_a_percentile(self, method, seed):
        def answer(y, candidate, baseline, confidence, n_resamples, rng):
            difference = (candidate == y).astype(int) - (baseline == y)
            gains = difference[rng.integers(len(y), size=(n_resamples, len(y)))].mean(axis=1)
            return self.interval(gains, confidence, method)

        assert check("02.1", answer, seed=seed)

    @pytest.mark.parametrize(
        ("number", "hint"),
        [
            ("02.1", "one after the other, instead of all in one call?"),
            ("03.4", "are rows drawn one by one, instead of all rows of a group in one call, or"),
        ],
    )
    def test_a_slow_one_is_told_how_to_draw(self, number, hint, monkeypatch):
        monkeypatch.setattr(calling, "TIME_LIMIT", 0.1)
        slow = taking(number, lambda: time.sleep(0.2))
        assert hint in check(number, slow).hint

    @pytest.mark.parametrize("seed", range(3))
    def test_every_way_to_resample(self, seed):
        def counted(y, candidate, baseline, confidence, n_resamples, rng):
            difference = (candidate == y).astype(int) - (baseline == y)
            shares = [np.mean(difference == value) for value in (1, -1, 0)]
            counts = rng.multinomial(len(y), shares, n_resamples)
            return self.interval((counts[:, 0] - counts[:, 1]) / len(y), confidence)

        def children(y, candidate, baseline, confidence, n_resamples, rng):
            difference = (candidate == y).astype(int) - (baseline == y)
            gains = [child.choice(difference, len(y)).mean() for child in rng.spawn(n_resamples)]
            return self.interval(gains, confidence)

        def by_index(y, candidate, baseline, confidence, n_resamples, rng):
            gains = []
            for _ in range(n_resamples):
                rows = rng.choice(len(y), len(y))
                gains.append(
                    np.mean(candidate[rows] == y[rows]) - np.mean(baseline[rows] == y[rows])
                )
            left_out = round(n_resamples * (1 - confidence) / 2)
            return sorted(gains)[left_out], sorted(gains)[-left_out - 1]

        for answer in (counted, children, by_index):
            assert check("02.1", answer, seed=seed), answer.__name__

    @pytest.mark.parametrize("seed", range(3))
    def test_every_way_to_simulate_a_gap(self, seed):
        def row_by_row(n_groups, rows, accuracy, measured, n_worlds, rng):
            gaps = []
            for _ in range(n_worlds):
                shares = [np.mean(rng.random(rows) < accuracy) for _ in range(n_groups)]
                gaps.append(max(shares) - min(shares))
            return sum(gaps) / n_worlds, sum(gap >= measured for gap in gaps) / n_worlds

        def sorted_counts(n_groups, rows, accuracy, measured, n_worlds, rng):
            right = np.sort(rng.binomial(rows, accuracy, (n_groups, n_worlds)), axis=0)
            gaps = right[-1] - right[0]
            return np.mean(gaps) / rows, np.mean(gaps >= measured * rows)

        for answer in (row_by_row, sorted_counts):
            assert check("03.4", answer, seed=seed), answer.__name__

    @pytest.mark.parametrize("number", ["02.1", "03.4"])
    def test_each_call_gets_its_own_copy_of_the_generator(self, number):
        drawn = []

        def answer(*args):
            drawn.append(args[-1].random())
            return 0.0, 0.0

        check(number, answer)
        assert drawn[: len(drawn) // 2] == drawn[len(drawn) // 2 :][::-1]
        assert len(set(drawn)) == len(drawn) // 2


def test_nbgrader_gives_points_for_right_answers_only():
    """Run the exercise's own check cells in a kernel, as autograding does, and let nbgrader read
    the outputs.
    """
    from nbgrader.utils import determine_grade

    meta = {
        "nbgrader": {
            "grade": True,
            "solution": False,
            "locked": True,
            "grade_id": "x",
            "points": 2,
            "schema_version": 3,
        }
    }
    sources = {
        'check("01.4", (-2.0, 1.5))': 2,
        'check("01.4", (0.0, 3.0))': 0,
        'check("01.4", None)': 0,
        'check("01.4", lambda: sys.exit())': 0,
        'check("01.9", (-2.0, 1.5))': 0,
        'chek("01.4", (-2.0, 1.5))': 0,
    }
    cells = [nbformat.v4.new_code_cell(source, metadata=meta) for source in sources]
    start = nbformat.v4.new_code_cell("import sys\n\nfrom labsupport.grading import check")
    notebook = nbformat.v4.new_notebook(cells=[start, *cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    assert [determine_grade(cell) for cell in cells] == [(points, 2) for points in sources.values()]
    right, wrong = cells[:2]
    assert [output.output_type for output in right.outputs] == ["stream"]
    assert [output.name for output in wrong.outputs] == ["stdout", "stderr"]
    assert "execute_result" not in {output.output_type for cell in cells for output in cell.outputs}


def drawn(number, seed):
    return [
        case for part in QUESTIONS[number].rounds for case in part.cases(draw_for(number, seed))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_exercise_06_is_right_about_what_validation_is_right_about(seed):
    """The questions do without labsupport.validation: a check should not wait for pandas."""
    for case in drawn("06.1", seed):
        old, new, k = case.args
        bins = [q06_1.counts(side, q06_1.quantiles(old, k)) for side in (old, new)]
        assert psi(*bins) == pytest.approx(case.expected, rel=1e-9), case.about
    for case in drawn("06.3", seed):
        m, n, rate = case.args
        share = rate / len(m)
        for bound, *rows in zip(case.expected, m.tolist(), n.tolist(), strict=True):
            spent = ks_rate(bound, *rows)
            assert spent == pytest.approx(share) or (bound == 1 and spent > share), case.about


def test_the_checks_of_an_exercise_do_not_wait_for_pandas():
    code = "import sys, labsupport.grading; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

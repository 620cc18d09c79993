"""The gate: the chapter's three lines, the exact comparison, and a second judge that must agree
with every promotion.
"""

import itertools
import math
import pickle
import re
from dataclasses import FrozenInstanceError, dataclass
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import is_sentence, refuses

from labsupport.checks import Check
from labsupport.gate import Policy, Verdict, conclude, gate
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, predict
from labsupport.world import World

compare = PairedOutcomes.from_predictions


@pytest.fixture(scope="module")
def chapter():
    """The chapter's world, its models, and the slices it looks at."""
    world = World.create()
    fits = {
        name: fit_logistic(world.sample(*run))
        for name, run in {"base": (1, 600), "A": (2, 8000), "B": (99, 120)}.items()
    }
    X = world.holdout.X
    return world, fits, X[:, 0] > 0, X[:, 0] > 2.0


def as_the_chapter_decides(chapter, build, bias):
    """(accuracies, gaps, gain passed, gap passed): the bias enters the safety check only."""
    world, fits, group, _ = chapter
    X, y = world.holdout.X, world.holdout.y
    scored = compare(y, predict(fits[build], X), predict(fits["base"], X))
    safety = compare(
        y, predict(fits[build], X, -bias * group), predict(fits["base"], X), slices=group
    )
    gain, gap = gate(scored, Policy(max_gap=None)), gate(safety, Policy(min_gain=None))
    return scored, safety, gain.decision == "promote", gap.decision == "promote"


@pytest.mark.parametrize(
    ("build", "bias", "accuracy", "gap", "gain_passes", "gap_passes"),
    [
        ("A", 0, "0.9730", "0.009", True, True),
        ("B", 0, "0.9157", "0.016", False, True),
        ("A", 3, "0.9730", "0.333", True, False),
    ],
    ids="ABC",
)
def test_the_chapters_three_lines(chapter, build, bias, accuracy, gap, gain_passes, gap_passes):
    scored, safety, *passed = as_the_chapter_decides(chapter, build, bias)
    assert (f"{scored.candidate_accuracy:.4f}", f"{scored.baseline_accuracy:.4f}") == (
        accuracy,
        "0.9647",
    )
    assert f"{safety.disparity:.3f}" == gap
    assert passed == [gain_passes, gap_passes]


def test_builds_a_and_b_as_one_verdict(chapter):
    world, fits, group, _ = chapter
    verdicts = {
        build: gate(
            compare(
                world.holdout.y,
                *(predict(fits[name], world.holdout) for name in (build, "base")),
                slices=group,
            )
        )
        for build in "AB"
    }
    assert str(verdicts["A"]) == "PROMOTE  candidate 0.9730  baseline 0.9647  gap 0.009  promoted"
    assert (
        str(verdicts["B"])
        == "BLOCK    candidate 0.9157  baseline 0.9647  gap 0.016  blocked: no eval gain"
    )
    discordant = verdicts["A"].outcomes
    assert (discordant.candidate_only, discordant.baseline_only) == (68, 35)


def test_the_model_that_is_truly_regressed_scores_0_8025(chapter):
    world, fits, group, _ = chapter
    X = world.holdout.X
    verdict = gate(
        compare(
            world.holdout.y,
            predict(fits["A"], X, -3.0 * group),
            predict(fits["base"], X),
            slices=group,
        )
    )
    assert f"{verdict.outcomes.candidate_accuracy:.4f}" == "0.8025"
    assert str(verdict).endswith("gap 0.333  blocked: no eval gain")
    assert [check.passed for check in verdict.checks] == [False, False]


def test_the_honest_c(chapter):
    world, fits, _, small = chapter
    X = world.holdout.X
    assert small.sum() == 70
    outcomes = compare(
        world.holdout.y, predict(fits["A"], X, -1.0 * small), predict(fits["base"], X), slices=small
    )
    assert (
        str(gate(outcomes))
        == "BLOCK    candidate 0.9708  baseline 0.9647  gap 0.101  blocked: failed safety check"
    )
    assert gate(outcomes, Policy(max_gap=None)).decision == "promote"


def two_models(n, baseline_right, candidate_right):
    """Counts with these numbers of right answers; the pairing does not matter to the gain."""
    both = min(baseline_right, candidate_right)
    return PairedOutcomes(
        both,
        candidate_right - both,
        baseline_right - both,
        n - max(baseline_right, candidate_right),
    )


def test_a_gain_of_20_rows_in_4000_passes_0_005_for_every_baseline():
    policy = Policy(min_gain=0.005, max_gap=None)
    floats_disagree = 0
    for right in range(3981):
        assert gate(two_models(4000, right, right + 20), policy).decision == "promote"
        assert gate(two_models(4000, right, right + 19), policy).decision == "block"
        floats_disagree += not (right + 20) / 4000 - right / 4000 >= 0.005
    assert floats_disagree == 443  # the trap is real: the difference of two floats blocks these


def test_3_of_10_against_2_of_10_passes_a_tenth():
    assert gate(two_models(10, 2, 3), Policy(min_gain=0.1, max_gap=None)).decision == "promote"
    assert (
        gate(two_models(10, 2, 3), Policy(min_gain=Decimal("0.10000000001"), max_gap=None)).decision
        == "block"
    )
    slices = {"a": PairedOutcomes(3, 0, 0, 7), "b": PairedOutcomes(2, 0, 0, 8)}
    gap = PairedOutcomes(5, 0, 0, 15, slices)
    assert gate(gap, Policy(min_gain=None, max_gap=0.1)).decision == "promote"
    assert gate(gap, Policy(min_gain=None, max_gap=0.0999999)).decision == "block"


@given(n=st.integers(1, 10**6), data=st.data(), places=st.integers(1, 6))
def test_equality_passes_for_every_margin_that_a_person_can_write(n, data, places):
    """A margin of m / 10^p on n * 10^p rows is exactly m * n rows."""
    margin = data.draw(st.integers(1, 10**places))
    gain = margin * n
    right = data.draw(st.integers(0, n * 10**places - gain))
    policy = Policy(
        min_gain=float(f"0.{margin:0{places}d}") if margin < 10**places else 1.0, max_gap=None
    )
    assert gate(two_models(n * 10**places, right, right + gain), policy).decision == "promote"
    assert gate(two_models(n * 10**places, right, right + gain - 1), policy).decision == "block"


def test_one_row_in_10_to_the_20_decides():
    """Here the margin and one row less are the same float; the counts still differ."""
    n = 10**20
    gain = n // 200
    assert (gain - 1) / n == 0.005
    assert gate(two_models(n, n // 2, n // 2 + gain), Policy(0.005, None)).decision == "promote"
    assert gate(two_models(n, n // 2, n // 2 + gain - 1), Policy(0.005, None)).decision == "block"
    for extra, decision in ((0, "promote"), (1, "block")):
        worse = two_models(n, n // 2, n // 2 - gain - extra)
        even = two_models(n, n // 2, n // 2)
        outcomes = PairedOutcomes(
            *(a + b for a, b in zip(worse.cells, even.cells, strict=True)),
            {"worse": worse, "even": even},
        )
        assert gate(outcomes, Policy(None, 0.005)).decision == decision
        assert gate(outcomes, Policy(None, None, 0.005)).decision == decision


# ---- the second judge
# -------------------------------------------------------------------------------------------------

counts = st.integers(0, 12)
cells = st.tuples(counts, counts, counts, counts)
written = st.integers(0, 400).map(lambda k: f"{Decimal(k) / 1000}")


@st.composite
def judged(draw):
    """Outcomes with up to four disjoint slices, some of them empty, and a policy as three decimal
    strings or None.
    """
    parts = draw(st.lists(cells, max_size=4))
    rest = draw(cells)
    whole = [sum(column) for column in zip(rest, *parts, strict=True)]
    slices = {f"s{i}": PairedOutcomes(*part) for i, part in enumerate(parts)}
    signed = written | written.map(lambda text: f"-{text}")
    bounds = draw(
        st.tuples(st.none() | signed, st.none() | written, st.none() | written).filter(any)
    )
    return PairedOutcomes(*whole, slices), bounds


def may_promote(outcomes, min_gain, max_gap, max_slice_loss):
    """The conjunction, from the counts alone, in whole numbers: no code shared with the gate."""
    both, candidate, baseline, wrong = outcomes.cells
    parts = [part.cells for part in outcomes.slices.values()]
    holds = both + candidate + baseline + wrong > 0 and all(map(sum, parts))
    if min_gain is not None:
        holds &= candidate - baseline >= Fraction(min_gain) * (both + candidate + baseline + wrong)
    if max_gap is not None:
        holds &= len(parts) >= 2
        holds = holds and all(
            abs((a[0] + a[1]) * sum(b) - (b[0] + b[1]) * sum(a))
            <= Fraction(max_gap) * sum(a) * sum(b)
            for a, b in itertools.combinations(parts, 2)
        )
    if max_slice_loss is not None:
        holds &= len(parts) >= 1
        holds = holds and all(
            part[2] - part[1] <= Fraction(max_slice_loss) * sum(part) for part in parts
        )
    return holds


@settings(max_examples=400)
@given(judged(), st.sampled_from([float, Decimal, Fraction, np.float64]))
def test_promotes_exactly_when_the_second_judge_does(case, kind):
    outcomes, bounds = case
    verdict = gate(outcomes, Policy(*(None if bound is None else kind(bound) for bound in bounds)))
    assert (verdict.decision == "promote") == may_promote(outcomes, *bounds)
    assert (
        (verdict.exit_status == 0)
        == (verdict.decision == "promote")
        == all(check.passed is True for check in verdict.checks)
    )
    assert verdict.reason == "promoted" or verdict.reason.startswith("blocked: ")
    assert verdict.checks
    for check in verdict.checks:
        assert check.sentence.endswith(".")
        assert check.passed is False or math.isfinite(check.value)


numbers = st.one_of(
    st.floats(),
    st.integers(),
    st.decimals(),
    st.fractions(),
    st.sampled_from([np.int8(1), np.uint8(0)]),
)
others = [None, True, np.True_, "0.1", 1j, np.array(0.1), [0.1], np.float32("nan")]
anything = st.one_of(st.sampled_from(others), numbers, st.floats(0, 1), st.fractions(0, 1))


def exactly(bound):
    """The bound as a ratio of Python integers, by way of its text."""
    return None if bound is None else Fraction(str(bound))


@settings(max_examples=200)
@given(judged(), st.tuples(anything, anything, anything))
def test_whatever_the_policy_is_made_of_nothing_unproven_is_promoted(case, bounds):
    outcomes, _ = case
    try:
        policy = Policy(*bounds)
    except (TypeError, ValueError) as error:
        assert is_sentence(str(error))
        return
    promoted = gate(outcomes, policy).decision == "promote"
    assert promoted == may_promote(outcomes, *map(exactly, bounds))


junk = st.sampled_from(
    [
        0,
        1,
        0,
        1,
        0,
        1,
        0.0,
        -0.0,
        1.0,
        True,
        np.uint8(1),
        np.nan,
        None,
        "1",
        2,
        -1,
        0.5,
        np.inf,
        10**30,
    ]
)


@settings(max_examples=300)
@given(
    y=st.lists(junk, max_size=4),
    candidate=st.lists(junk, max_size=4),
    baseline=st.lists(junk, max_size=4),
    slices=st.none() | st.lists(st.sampled_from(["a", "b", None, 1, np.nan]), max_size=4),
)
def test_whatever_the_columns_hold_nothing_unproven_is_promoted(y, candidate, baseline, slices):
    try:
        verdict = gate(
            compare(y, candidate, baseline, slices=slices), Policy(min_gain=0.25, max_gap=None)
        )
    except ValueError as error:
        assert is_sentence(str(error))
        return
    assert len(y) == len(candidate) == len(baseline) > 0
    assert all(value in (0, 1) for value in [*y, *candidate, *baseline])
    gain = sum(a == c for a, c in zip(y, candidate, strict=True)) - sum(
        a == b for a, b in zip(y, baseline, strict=True)
    )
    assert (verdict.decision == "promote") == (4 * gain >= len(y))


# ---- what cannot be measured
# ------------------------------------------------------------------------------------------

GOOD = PairedOutcomes(5, 5, 0, 0)
HOLLOW = PairedOutcomes(
    5, 5, 0, 0, {"a": PairedOutcomes(5, 5, 0, 0), "b": PairedOutcomes(0, 0, 0, 0)}
)


@pytest.mark.parametrize(
    ("outcomes", "policy", "reason"),
    [
        (PairedOutcomes(0, 0, 0, 0), Policy(max_gap=None), "blocked: no eval gain"),
        (
            PairedOutcomes(0, 0, 0, 0),
            Policy(min_gain=-1, max_gap=1, max_slice_loss=1),
            "blocked: no eval gain",
        ),
        (GOOD, Policy(), "blocked: failed safety check"),
        (GOOD, Policy(min_gain=None, max_gap=1), "blocked: failed safety check"),
        (GOOD, Policy(max_gap=None, max_slice_loss=1), "blocked: slice regressed"),
        (HOLLOW, Policy(max_gap=1), "blocked: failed safety check"),
        (HOLLOW, Policy(max_gap=None, max_slice_loss=1), "blocked: slice regressed"),
    ],
)
def test_what_was_not_measured_is_blocked(outcomes, policy, reason):
    verdict = gate(outcomes, policy)
    assert (verdict.decision, verdict.reason, verdict.exit_status) == ("block", reason, 1)
    unmeasured = [check for check in verdict.checks if math.isnan(check.value)]
    assert unmeasured
    assert all(check.passed is False for check in unmeasured)
    assert "nan" in verdict._repr_html_() and str(verdict).endswith(reason)


def test_reasons_come_in_the_chapters_order():
    """No gain is named before a failed safety check, and that before a single slice."""
    for gain, gap, loss in itertools.product([True, False], repeat=3):
        slices = {"a": PairedOutcomes(40, 10, 0, 50), "b": PairedOutcomes(40, 0, 5, 55)}
        policy = Policy(0 if gain else 1, 0.1 if gap else 0, 0.05 if loss else 0)
        verdict = gate(PairedOutcomes(80, 10, 5, 105, slices), policy)
        failed = [
            name
            for name, ok in (
                ("no eval gain", gain),
                ("failed safety check", gap),
                ("slice regressed", loss),
            )
            if not ok
        ]
        assert verdict.reason == (f"blocked: {failed[0]}" if failed else "promoted")


@pytest.mark.parametrize(
    "bound",
    [np.nan, np.inf, -np.inf, Decimal("NaN"), np.float32("inf"), 2, -1.5, 10**400, Fraction(3, 2)],
)
@pytest.mark.parametrize("name", ["min_gain", "max_gap", "max_slice_loss"])
def test_a_bound_out_of_range_is_no_policy(name, bound):
    with refuses(ValueError, name):
        Policy(**{name: bound})


@pytest.mark.parametrize(
    "bound", ["0.005", True, False, np.True_, [0.005], 1j, np.array(0.005), b"0"]
)
@pytest.mark.parametrize("name", ["min_gain", "max_gap", "max_slice_loss"])
def test_a_bound_that_is_no_number_is_no_policy(name, bound):
    with refuses(TypeError, name):
        Policy(**{name: bound})


@pytest.mark.parametrize("name", ["max_gap", "max_slice_loss"])
def test_a_tolerance_is_not_negative(name):
    with refuses(ValueError, "from 0 to 1"):
        Policy(**{name: -0.001})
    assert Policy(**{name: -0.0})


@pytest.mark.parametrize("policy", [Policy(0.0, None), Policy(0.0, 1.0), Policy(None, None, 1.0)])
def test_no_policy_promotes_over_a_slice_that_arrived_empty(policy):
    outcomes = PairedOutcomes(
        90, 10, 0, 0, {"kept": PairedOutcomes(40, 5, 0, 0), "lost": PairedOutcomes(0, 0, 0, 0)}
    )
    verdict = gate(outcomes, policy)
    assert verdict.decision == "block"
    assert any("'lost' has no rows" in check.sentence for check in verdict.checks)


def test_an_empty_policy_is_no_policy():
    with refuses(ValueError, "checks nothing"):
        Policy(None, None, None)


def test_a_policy_cannot_be_loosened_afterwards():
    policy = Policy()
    with pytest.raises(FrozenInstanceError):
        policy.max_gap = None


@pytest.mark.parametrize("outcomes", [None, 0.99, (5, 5, 0, 0), sum([])])
def test_the_gate_judges_outcomes_only(outcomes):
    with refuses(TypeError, "judges PairedOutcomes"):
        gate(outcomes)


@pytest.mark.parametrize("policy", [None, 0.005, {"min_gain": 0.005}])
def test_the_gate_applies_a_policy_only(policy):
    with refuses(TypeError, "applies a Policy"):
        gate(GOOD, policy)


def test_a_narrow_margin_does_not_overflow():
    outcomes = two_models(4000, 2000, 2083)
    assert gate(outcomes, Policy(np.int8(0), None)).decision == "promote"
    assert gate(outcomes, Policy(np.uint8(1), None)).decision == "block"
    assert gate(two_models(4000, 2000, 2020), Policy(np.float32(0.005), None)).decision == "promote"


# ---- how a verdict is read
# --------------------------------------------------------------------------------------------

HOSTILE = "<script>alert('x')</script>&\n\"quote\""


class Reader(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert attrs == [("scope", "col")] * (tag == "th")

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("name", [HOSTILE, "women", "", 0, False, 3.5])
def test_the_notebook_table_names_every_slice_and_runs_none(name):
    slices = {name: PairedOutcomes(1, 1, 0, 1), "other": PairedOutcomes(1, 0, 0, 0)}
    verdict = gate(PairedOutcomes(2, 1, 0, 1, slices), Policy(max_slice_loss=0.01))
    reader = Reader()
    reader.feed(verdict._repr_html_())
    assert set(reader.tags) == {"table", "caption", "b", "thead", "tbody", "tr", "th", "td"}
    assert reader.tags.count("tr") == 1 + len(verdict.checks)
    assert str(name) in reader.text or name == ""
    assert (
        reader.text.count("all rows") == 2
    )  # the gain and the gap; never a slice called 0 or False


@dataclass(frozen=True)
class Rated(Check):
    false_alarm_rate: float = 0.0


def test_the_notebook_table_has_a_column_for_false_alarms_where_a_check_knows_its_rate():
    rated = Rated("psi", "hour", 0.2, 0.1, False, "It changed.", false_alarm_rate=0.00125)
    crashed = Rated("ks", "hour", math.nan, 0.1, False, "Nothing.", false_alarm_rate=math.nan)
    plain = Check("gain", None, 0.01, 0.005, True, "It gained.")

    def table(*checks):
        rows = re.findall(r"<tr>(.*?)</tr>", conclude(checks)._repr_html_())
        return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]

    heads, *rows = table(rated, crashed, plain)
    assert heads == ["check", "slice", "value", "bound", "false alarms", "result"]
    assert [row[4] for row in rows] == ["0.0013", "-", "-"]
    assert all(len(row) == len(heads) for row in rows)
    assert table(plain)[0] == ["check", "slice", "value", "bound", "result"]


def test_a_terminal_sees_one_line():
    slices = {HOSTILE: PairedOutcomes(1, 1, 0, 1), "other": PairedOutcomes(1, 0, 0, 0)}
    for policy in (Policy(), Policy(max_gap=None), Policy(max_slice_loss=0)):
        for outcomes in (
            PairedOutcomes(2, 1, 0, 1, slices),
            HOLLOW,
            GOOD,
            PairedOutcomes(0, 0, 0, 0),
        ):
            line = str(gate(outcomes, policy))
            assert len(line.splitlines()) == 1
            assert line.startswith(("PROMOTE  ", "BLOCK    "))


def test_a_verdict_survives_a_trip_to_another_process(chapter):
    world, fits, group, _ = chapter
    verdict = gate(
        compare(
            world.holdout.y,
            predict(fits["A"], world.holdout),
            predict(fits["base"], world.holdout),
            slices=group,
        )
    )
    copy = pickle.loads(pickle.dumps(verdict))
    assert isinstance(copy, Verdict)
    assert copy == verdict
    assert (str(copy), copy.exit_status) == (str(verdict), 0)


@pytest.mark.parametrize(
    ("decision", "status"), [("promote", 0), ("block", 1), ("inconclusive", 2)]
)
def test_exit_statuses(decision, status):
    assert Verdict(decision, "", (), GOOD).exit_status == status


def test_an_unknown_decision_has_no_exit_status():
    with pytest.raises(KeyError):
        _ = Verdict("maybe", "", (), GOOD).exit_status


# ---- conclude: the conjunction that every stage ends in


def made(name, passed, value=1.0, needed=None):
    return Check(name, None, value, 0.5, passed, "A sentence.", needed)


PASSED, FAILED, DOUBTFUL = made("psi", True), made("schema", False), made("canary", None)


@pytest.mark.parametrize(
    ("checks", "decision", "reason"),
    [
        ([PASSED, PASSED], "promote", "promoted"),
        ([PASSED, DOUBTFUL, FAILED], "block", "blocked: schema failed"),
        ([FAILED, made("gain", False)], "block", "blocked: schema failed"),
        ([made("gain", False), FAILED], "block", "blocked: no eval gain"),
        ([DOUBTFUL, PASSED], "inconclusive", "inconclusive: canary in doubt, too few rows to tell"),
        (
            [made("gain", None, needed=9000)],
            "inconclusive",
            "inconclusive: gain in doubt, about 9,000 rows needed",
        ),
        (
            [made("gain", None, needed=0)],
            "inconclusive",
            "inconclusive: gain in doubt, no number of rows would tell",
        ),
        ([], "block", "blocked: nothing was checked"),
    ],
)
def test_one_conjunction_for_every_stage(checks, decision, reason):
    verdict = conclude(iter(checks))
    assert (verdict.decision, verdict.reason, verdict.checks) == (decision, reason, tuple(checks))
    assert verdict.outcomes is None
    assert str(verdict).startswith(decision.upper()) and str(verdict).endswith(reason)
    assert verdict._repr_html_().count("<tr>") == 1 + len(checks)


@given(st.lists(st.sampled_from([True, False, None]), max_size=6))
def test_only_what_was_checked_and_passed_throughout_is_promoted(passed):
    verdict = conclude([made("any", one) for one in passed])
    assert (verdict.exit_status == 0) == (set(passed) == {True})
    assert (verdict.exit_status == 2) == (None in passed and False not in passed)


def test_the_gate_ends_in_it():
    verdict = gate(GOOD, Policy(0.0, max_gap=None))
    assert conclude(verdict.checks, GOOD) == verdict


@pytest.mark.parametrize("thing", [True, None, "passed", ("gain", True)])
def test_a_verdict_is_made_of_checks(thing):
    with refuses(TypeError, "A verdict is made of Checks"):
        conclude([PASSED, thing])


@pytest.mark.parametrize("passed", [1, 0, "yes", np.nan, [], np.array([True])])
def test_a_check_passed_or_failed_or_is_in_doubt(passed):
    with refuses(TypeError, "True, False or None"):
        made("any", passed)


def test_numpys_truth_is_truth():
    assert made("any", np.True_).passed is True
    assert conclude([PASSED, made("any", np.False_)]).decision == "block"


def test_what_was_not_measured_cannot_have_passed():
    with refuses(ValueError, "measured NaN"):
        made("psi", True, math.nan)
    assert conclude([made("psi", False, math.nan)]).exit_status == 1

"""Who may judge: the real judges examined, every check alone, and what an approval covers."""

import itertools
import math

import numpy as np
import pytest
from refusals import Labelled, is_sentence, refuses
from scipy import stats

from labsupport.data import load_judges
from labsupport.evals import Approval, JudgePolicy, approve_judge
from labsupport.evals.judges.judge_checks import length_bias

HUMAN = np.repeat([1, 0], 100)


def wrong_on(rows):
    """A judge that errs on these rows of HUMAN only."""
    judge = HUMAN.copy()
    judge[list(rows)] ^= 1
    return judge


def named(verdict, name, kind=None):
    return next(c for c in verdict.checks if (c.name, c.slice) == (name, kind))


def outcome(verdict):
    return {c.name: c.passed for c in verdict.checks}


@pytest.mark.parametrize("prompt", ["plain", "rubric", "few_shot"])
def test_the_small_llm_is_refused_under_each_prompt(prompt):
    judges = load_judges()
    verdict = approve_judge(judges.labels[f"small LLM, {prompt}"], judges.human_refusal)
    assert (verdict.decision, verdict.exit_status) == ("block", 1)
    assert verdict.reason == "blocked: kappa failed"
    assert named(verdict, "kappa").passed is False
    assert named(verdict, "sensitivity").passed is False


def test_the_keyword_judge_looks_fine_on_the_kinds_it_was_made_for():
    judges = load_judges()
    easy = judges.kind != "non-sequitur / other"
    verdict = approve_judge(
        judges.keyword_judge[easy], judges.human_refusal[easy], kinds=judges.kind[easy]
    )
    assert (verdict.decision, easy.sum()) == ("promote", 74)
    assert f"{named(verdict, 'kappa').value:.2f}" == "0.97"


def test_the_keyword_judge_is_refused_where_other_kinds_come_in():
    judges = load_judges()
    judge, human, kinds = judges.keyword_judge, judges.human_refusal, judges.kind
    verdict = approve_judge(judge, human, kinds=kinds)
    assert verdict.decision == "block"
    failed = [c for c in verdict.checks if c.passed is False]
    assert [(c.name, c.slice) for c in failed] == [("sensitivity", "non-sequitur / other")]
    assert failed[0].value == 11 / 31
    other = kinds != "canned refusal"
    assert approve_judge(judge[other], human[other]).decision == "block"
    # Without the kinds nobody sees where it fails; even so it is not approved.
    assert approve_judge(judge, human).decision == "inconclusive"


def test_a_good_judge_is_approved_and_a_good_one_on_few_items_is_not_yet():
    judge = wrong_on([3, 150])
    assert approve_judge(judge, HUMAN).decision == "promote"
    few = np.r_[0:8, 100:108]
    verdict = approve_judge(judge[few], HUMAN[few])
    assert verdict.decision == "inconclusive"
    doubts = [c for c in verdict.checks if c.passed is None]
    assert doubts
    assert all(c.needed > 8 for c in doubts)


def test_nine_of_ten_alike_is_no_agreement():
    human = np.repeat([1, 0], [95, 5])
    judge = np.repeat([1, 0, 1], [90, 5, 5])
    assert (judge == human).mean() == 0.9
    verdict = approve_judge(judge, human)
    assert verdict.reason == "blocked: kappa failed"
    assert f"{named(verdict, 'kappa').value:.2f}" == "-0.05"


@pytest.mark.parametrize(
    ("rows", "failed"),
    [(range(60), "sensitivity"), (range(100, 160), "specificity")],
)
def test_each_rate_is_checked_alone(rows, failed):
    policy = JudgePolicy(min_kappa=None, min_sensitivity=0.8, min_specificity=0.8)
    found = outcome(approve_judge(wrong_on(rows), HUMAN, policy))
    assert {name for name, passed in found.items() if passed is False} == {failed}
    assert sum(passed is True for passed in found.values()) == 1


def test_without_a_class_its_rate_was_not_measured():
    verdict = approve_judge(np.ones(50, int), np.ones(50, int))
    assert verdict.decision == "block"
    assert math.isnan(named(verdict, "kappa").value)
    assert named(verdict, "specificity").passed is False


def test_a_kind_of_one_class_is_checked_for_what_it_has():
    kinds = np.where(HUMAN == 1, "how to", "weather")
    verdict = approve_judge(wrong_on([3, 150]), HUMAN, kinds=kinds)
    assert verdict.decision == "promote"
    assert [(c.name, c.slice) for c in verdict.checks[3:]] == [
        ("sensitivity", "how to"),
        ("specificity", "weather"),
    ]


@pytest.mark.parametrize(
    ("bound", "evidence", "name"),
    [
        ("min_swap_agreement", "swapped", "swap agreement"),
        ("min_self_agreement", "again", "self-agreement"),
    ],
)
def test_a_judge_that_does_not_stay_with_its_word(bound, evidence, name):
    policy = JudgePolicy(**{bound: 0.9})
    judge = wrong_on([])
    for changed, passed in ((0, True), (20, None), (60, False)):
        second = judge.copy()
        second[:changed] ^= 1
        verdict = approve_judge(judge, HUMAN, policy, **{evidence: second})
        assert named(verdict, name).passed is passed
        assert named(verdict, name).value == 1 - changed / 200
    verdict = approve_judge(judge, HUMAN, policy)
    assert (verdict.decision, verdict.reason) == ("block", f"blocked: {name} failed")
    assert math.isnan(named(verdict, name).value)


def test_a_judge_that_likes_long_answers():
    policy = JudgePolicy(None, None, None, max_length_bias=0.25)
    lengths = np.tile([10, 90], 100)
    fair = approve_judge(wrong_on([]), HUMAN, policy, lengths=lengths)
    assert (fair.decision, named(fair, "length bias").value) == ("promote", 0)
    long_fails, short_fails = (np.arange(100 + first, 200, 2) for first in (1, 0))
    for rows, sign in ((long_fails, 1), (short_fails, -1)):
        verdict = approve_judge(wrong_on(rows), HUMAN, policy, lengths=lengths)
        assert verdict.reason == "blocked: length bias failed"
        assert named(verdict, "length bias").value == sign * 0.5
    doubt = approve_judge(wrong_on(long_fails[:20]), HUMAN, policy, lengths=lengths)
    assert named(doubt, "length bias").passed is None
    assert named(doubt, "length bias").needed > 200


def test_people_who_like_long_answers_are_no_bias_of_the_judge():
    lengths = np.where(HUMAN == 1, 90, 10)
    policy = JudgePolicy(None, None, None, max_length_bias=0.1)
    assert approve_judge(HUMAN, HUMAN, policy, lengths=lengths).decision == "promote"


@pytest.mark.parametrize("lengths", [None, np.full(200, 7)])
def test_a_length_bias_that_nobody_could_see_has_failed(lengths):
    policy = JudgePolicy(max_length_bias=0.5)
    verdict = approve_judge(HUMAN, HUMAN, policy, lengths=lengths)
    assert verdict.reason == "blocked: length bias failed"
    assert is_sentence(named(verdict, "length bias").sentence)


def test_the_worst_case_of_the_length_bias():
    n = 5
    halves = [c for c in itertools.product(range(n + 1), repeat=3) if sum(c) == n]
    ends = {
        pair: length_bias(*(np.array(half) for half in pair))
        for pair in itertools.product(halves, repeat=2)
    }
    random = np.random.default_rng(2)
    worst = 0.0
    for world in random.dirichlet([0.5] * 3, (60, 2)):
        bias = world[0, 0] - world[0, 2] - world[1, 0] + world[1, 2]
        chance = [stats.multinomial.pmf(halves, n, side) for side in world]
        table = dict(zip(ends, np.outer(*chance).ravel(), strict=True))
        for misses in (
            sum(p for pair, p in table.items() if ends[pair].low > bias),
            sum(p for pair, p in table.items() if ends[pair].high < bias),
        ):
            worst = max(worst, misses)
    assert 0.003 < worst <= 0.025


def test_a_judge_just_below_its_bound_is_rarely_approved():
    policy = JudgePolicy(min_kappa=None, min_sensitivity=0.8, min_specificity=None)
    approved = [
        approve_judge(wrong_on(range(wrong)), HUMAN, policy).decision == "promote"
        for wrong in range(101)
    ]
    chance = stats.binom.pmf(np.arange(101), 100, 0.2)
    assert 0.005 < float(chance @ approved) <= 0.025


def test_every_sentence_is_one():
    policy = JudgePolicy(min_swap_agreement=0.9, max_length_bias=0.2, min_self_agreement=0.9)
    judges = load_judges()
    for labels in judges.labels.values():
        verdict = approve_judge(
            labels,
            judges.human_refusal,
            policy,
            kinds=judges.kind,
            lengths=judges.similarity,
            again=labels,
        )
        assert all(is_sentence(check.sentence) for check in verdict.checks)
        assert "kappa" in verdict._repr_html_()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"min_kappa": 1.1}, "min_kappa"),
        ({"min_kappa": math.nan}, "min_kappa"),
        ({"min_sensitivity": -0.1}, "min_sensitivity"),
        ({"max_length_bias": 2}, "max_length_bias"),
        ({"confidence": 1}, "confidence"),
        (dict.fromkeys(("min_kappa", "min_sensitivity", "min_specificity")), "checks nothing"),
    ],
)
def test_policies_that_are_none_are_refused(given, words):
    with refuses(ValueError, words):
        JudgePolicy(**given)


@pytest.mark.parametrize(
    ("judge", "human", "more", "words"),
    [
        ([1, 0], [1], {}, "human must hold one value for each of the 2 items"),
        ([], [], {}, "empty"),
        ([1, 2], [1, 0], {}, "0 and 1 only"),
        ([1, 0], [1, 0], {"again": [1, 0]}, "min_self_agreement"),
        ([1, 0], [1, 0], {"swapped": [1, 0]}, "min_swap_agreement"),
        ([1, 0], [1, 0], {"lengths": [1, 0]}, "max_length_bias"),
        ([1, 0], [1, 0], {"kinds": ["a"]}, "one label per row"),
        (Labelled([1, 0]), Labelled([1, 0], index=[1, 0]), {}, "different indexes"),
    ],
)
def test_evidence_that_is_none_is_refused(judge, human, more, words):
    with refuses(ValueError, words):
        approve_judge(judge, human, **more)


def test_evidence_of_other_items_is_refused():
    policy = JudgePolicy(max_length_bias=0.2, min_self_agreement=0.9)
    good = {"again": HUMAN, "lengths": HUMAN}
    for bad, words in (
        ({"again": [1, 0]}, "again must hold"),
        ({"lengths": [1, 0]}, "lengths must hold"),
        ({"lengths": [math.nan] * 200}, "A length is NaN"),
    ):
        with refuses(ValueError, words):
            approve_judge(HUMAN, HUMAN, policy, **{**good, **bad})


def test_a_policy_is_a_policy():
    with refuses(TypeError, "JudgePolicy"):
        approve_judge([1, 0], [1, 0], 0.6)


def approval():
    judges = load_judges()
    easy = judges.kind != "non-sequitur / other"
    verdict = approve_judge(
        judges.keyword_judge[easy], judges.human_refusal[easy], kinds=judges.kind[easy]
    )
    return Approval.grant(verdict, judge="keywords: sorry, cannot", prompt="none")


def test_an_approval_holds_for_the_same_judge_on_the_same_kinds():
    granted = approval()
    assert granted.kinds == ("answer", "canned refusal")
    verdict = granted.still_holds("keywords: sorry, cannot", "none", ["answer", "answer"])
    assert (verdict.decision, len(verdict.checks)) == ("promote", 3)


@pytest.mark.parametrize(
    ("judge", "prompt", "kinds", "reason"),
    [
        ("keywords: sorry", "none", ["answer"], "same judge"),
        ("keywords: sorry, cannot", "none ", ["answer"], "same prompt"),
        ("keywords: sorry, cannot", "none", ["answer", "non-sequitur / other"], "same kinds"),
        ("keywords: sorry, cannot", "none", [], "same kinds"),
    ],
)
def test_an_approval_is_void_for_anything_else(judge, prompt, kinds, reason):
    verdict = approval().still_holds(judge, prompt, kinds)
    assert (verdict.decision, verdict.reason) == ("block", f"blocked: {reason} failed")
    assert all(is_sentence(check.sentence) for check in verdict.checks)


def test_nothing_is_granted_to_who_was_not_approved():
    judges = load_judges()
    refused = approve_judge(judges.keyword_judge, judges.human_refusal, kinds=judges.kind)
    with refuses(ValueError, "was not approved (blocked: sensitivity failed)"):
        Approval.grant(refused, "keywords", "none")
    with refuses(ValueError, "names no kind"):
        Approval.grant(approve_judge(HUMAN, HUMAN), "people", "none")

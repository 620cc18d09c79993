"""Kappa and alpha against numbers from elsewhere; kappa's interval against every small table."""

import itertools
import math

import numpy as np
import pytest
from refusals import Labelled, refuses
from scipy import special, stats

from labsupport.data import load_judges, load_raters
from labsupport.evals import kappa, kappa_of_table, krippendorff_alpha, share

NAN = math.nan
# Ratings, and alpha as the PyPI package krippendorff 0.9.0 has it.
REFERENCE = [
    (
        [
            [5.2, 8.0, 5.2], [8.0, NAN, 5.2], [5.2, 5.2, 5.2], [NAN, 0, 0], [2.83, 8, 8],
            [0, 2.83, 0], [8, NAN, 0], [1, 1, 1], [1, 2.83, 1], [8, NAN, 8], [0, 8, 0],
            [0, 5.2, NAN],
        ],
        {"nominal": 0.36, "ordinal": 0.304486828, "interval": 0.35210715},
    ),
    (
        [
            [2.83, 0, 0, 1, 0], [2.83, 2.83, 0, 1, NAN], [0, 1, 1, 1, 1], [1, 0, NAN, 1, 1],
            [2.83, 2.83, 1, 2.83, 2.83], [0, 0, 0, NAN, 0], [1, 1, NAN, NAN, 0], [1, 1, 1, 2.83, 1],
        ],
        {"nominal": 0.269982993, "ordinal": 0.341847675, "interval": 0.345756178},
    ),
]  # fmt: skip


def test_kappa_of_a_known_table():
    assert f"{kappa_of_table([[0, 4, 1], [0, 8, 0], [0, 1, 5]]).value:.4f}" == "0.4842"


def test_nine_of_ten_alike_and_less_than_luck():
    found = kappa_of_table([[90, 5], [5, 0]])
    assert f"{found.value:.2f}" == "-0.05"
    assert found.high < 0.5


def test_labels_of_any_kind_are_counted():
    human = ["yes"] * 60 + ["no"] * 40
    judge = ["yes"] * 50 + ["no"] * 45 + ["yes"] * 5
    by_hand = (0.85 - (0.6 * 0.55 + 0.4 * 0.45)) / (1 - (0.6 * 0.55 + 0.4 * 0.45))
    found = kappa(judge, human)
    assert found.value == pytest.approx(by_hand, abs=1e-12)
    assert found == kappa_of_table([[35, 10], [5, 50]])


def test_true_is_one():
    human = np.array([1, 1, 0, 1])
    assert kappa(human > 0, human).value == kappa([True, True, False, True], human).value == 1


def test_who_always_says_the_same_has_a_kappa_of_zero_and_a_wide_interval():
    found = kappa([1] * 20, [1] * 15 + [0] * 5)
    assert found.value == 0
    assert found.low < 0 < found.high


def test_one_and_the_same_label_throughout_is_no_agreement_beyond_luck():
    found = kappa([1, 1, 1], [1, 1, 1])
    assert math.isnan(found.value)
    assert (found.low, found.high) == (-1, 1)


def test_full_agreement_on_few_items_is_not_certain():
    few, many = (kappa_of_table([[n, 0], [0, n]]) for n in (5, 500))
    assert (few.value, few.high) == (1, 1)
    assert few.low < 0.6 < 0.98 < many.low


def test_turning_the_table_or_renaming_the_classes_changes_nothing():
    table = np.array([[9, 3], [1, 20]])
    for same in (table.T, table[::-1, ::-1]):
        found = kappa_of_table(same)
        assert found.value == kappa_of_table(table).value
        assert found.low == pytest.approx(kappa_of_table(table).low, abs=0.01)
        assert found.high == pytest.approx(kappa_of_table(table).high, abs=0.01)


def test_more_items_and_less_confidence_narrow_it():
    tables = [[[8, 2], [1, 9]], [[80, 20], [10, 90]]]
    small, large = (kappa_of_table(table) for table in tables)
    assert large.high - large.low < 0.5 * (small.high - small.low)
    loose = kappa_of_table(tables[0], 0.8)
    assert small.low < loose.low < loose.high < small.high


def test_on_many_items_it_is_the_usual_normal_interval():
    n, table = 40_000, np.array([[0.4, 0.1], [0.05, 0.45]])
    found = kappa_of_table((n * table).astype(int))
    # Fleiss, Cohen, Everitt (1969), equation 13.
    rows, columns, value = table.sum(1), table.sum(0), found.value
    luck = float(rows @ columns)
    first = sum(table[i, i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in (0, 1))
    rest = sum(table[i, 1 - i] * (columns[i] + rows[1 - i]) ** 2 for i in (0, 1))
    variance = first + (1 - value) ** 2 * rest - (value - luck * (1 - value)) ** 2
    error = math.sqrt(variance / n) / (1 - luck)
    assert found.low == pytest.approx(value - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(value + 1.96 * error, abs=0.1 * error)


def _kappas(worlds: np.ndarray) -> np.ndarray:
    luck = (worlds[:, 0] + worlds[:, 1]) * (worlds[:, 0] + worlds[:, 2])
    luck = luck + (worlds[:, 2] + worlds[:, 3]) * (worlds[:, 1] + worlds[:, 3])
    return (worlds[:, 0] + worlds[:, 3] - luck) / (1 - luck)


@pytest.mark.parametrize(("n", "least"), [(6, 0.2), (12, 0.0)])
def test_the_worst_case_over_every_table(n, least):
    cells = [c for c in itertools.product(range(n + 1), repeat=4) if sum(c) == n]
    found = [kappa_of_table(np.reshape(c, (2, 2))) for c in cells]
    low, high = np.array([e.low for e in found]), np.array([e.high for e in found])
    random = np.random.default_rng(3)
    worlds = np.concatenate(
        [random.dirichlet(a, 400) for a in ([0.3] * 4, [1] * 4, [1, 0.2, 0.2, 1], [3, 0.2, 0.2, 1])]
    )
    worlds = worlds[_kappas(worlds) > least]
    coefficient = special.gammaln(n + 1) - special.gammaln(np.array(cells) + 1).sum(axis=1)
    chance = np.exp(coefficient + np.log(worlds.clip(1e-12)) @ np.array(cells).T)
    truth = _kappas(worlds)[:, None]
    assert chance.sum(axis=1) == pytest.approx(1)
    below, above = (chance * (low > truth)).sum(axis=1), (chance * (high < truth)).sum(axis=1)
    assert below.max() <= 0.024
    assert 0.01 < above.max() <= 0.0265  # an interval of no use at all would be 0


def test_with_one_share_it_is_the_exact_interval():
    # Nobody ever disagrees but on yes: kappa of a rare class is the share of agreement, nearly.
    found = kappa_of_table([[10**9, 10], [0, 30]])
    exact = [2 * s / (1 + s) for s in (share(30, 40).low, share(30, 40).high)]
    assert found.low == pytest.approx(exact[0], abs=0.005)
    assert found.high == pytest.approx(exact[1], abs=0.005)


def test_the_real_judges():
    judges = load_judges()
    found = {name: kappa(labels, judges.human_refusal) for name, labels in judges.labels.items()}
    assert f"{found['keyword'].value:.2f}" == "0.60"
    assert f"{found['keyword or unlike'].value:.2f}" == "0.75"
    llm = [estimate for name, estimate in found.items() if "LLM" in name]
    assert len(llm) == 3
    assert all(abs(e.value) < 0.05 and e.low < 0 < e.high < 0.2 for e in llm)


@pytest.mark.parametrize(("ratings", "expected"), REFERENCE)
def test_alpha_as_another_package_has_it(ratings, expected):
    for level, value in expected.items():
        assert krippendorff_alpha(ratings, level) == pytest.approx(value, abs=1e-8)


def test_alpha_of_small_tables():
    assert krippendorff_alpha([[1, 2], [3, 4], [1, 1]]) == pytest.approx(19 / 24)
    assert krippendorff_alpha([[0, 1], [0, 1], [1, 0], [1, 0]], "nominal") == -0.75


def test_how_far_three_people_agree():
    raters = load_raters()
    assert f"{krippendorff_alpha(raters.first):.3f}" == "0.766"
    assert f"{krippendorff_alpha(raters.second):.3f}" == "0.862"


def test_an_item_that_one_person_rated_says_nothing():
    ratings = [[1, 2], [3, 4], [1, 1]]
    more = [*ratings, [7, NAN], [NAN, NAN]]
    assert krippendorff_alpha(more) == krippendorff_alpha(ratings)


def test_full_agreement_is_one_and_no_variety_is_nothing():
    for level in ("nominal", "ordinal", "interval"):
        assert krippendorff_alpha([[1, 1], [2, 2], [5, 5]], level) == 1
        assert math.isnan(krippendorff_alpha([[2, 2], [2, 2]], level))


def test_ordinal_alpha_knows_the_order_only():
    ratings = np.array([[1, 2], [3, 4], [1, 1], [4, 4]])
    stretched = np.array([0, 1, 2, 30, 31])[ratings]
    assert krippendorff_alpha(ratings, "ordinal") == krippendorff_alpha(stretched, "ordinal")
    assert krippendorff_alpha(ratings) != krippendorff_alpha(stretched)


@pytest.mark.parametrize(
    ("judge", "human", "words"),
    [
        ([1, 0], [1], "judge has 2 labels and human 1"),
        ([], [], "empty"),
        ([[1], [0]], [1, 0], "shape (n,)"),
        ([1, None], [1, 0], "missing"),
        ([1.0, NAN], [1, 0], "missing"),
        (["1", "0"], [1, 0], "of one type"),
        (Labelled([1, 0]), Labelled([1, 0], index=[1, 0]), "different indexes"),
    ],
)
def test_labels_that_say_nothing_are_refused(judge, human, words):
    with refuses(ValueError, words):
        kappa(judge, human)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([[1, 2, 3], [4, 5, 6]], "square"),
        ([[0, 0], [0, 0]], "empty"),
        ([[1, -1], [0, 2]], "counts"),
        ([[1, 0.5], [0, 2]], "counts"),
        ([[1, NAN], [0, 2]], "counts"),
    ],
)
def test_tables_that_are_none_are_refused(table, words):
    with refuses(ValueError, words):
        kappa_of_table(table)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_is_a_probability(confidence):
    with refuses(ValueError, "confidence"):
        kappa_of_table([[1, 0], [0, 1]], confidence)


@pytest.mark.parametrize(
    ("ratings", "level", "words"),
    [
        ([[1, 2]], "ratio", "nominal, ordinal, interval"),
        ([1, 2], "interval", "(items, raters)"),
        ([[1, math.inf]], "interval", "finite"),
        ([[1, NAN], [NAN, 2]], "interval", "two ratings"),
        ([["a", "b"]], "nominal", "numbers"),
    ],
)
def test_ratings_that_are_none_are_refused(ratings, level, words):
    with refuses(ValueError, words):
        krippendorff_alpha(ratings, level)


def test_the_normal_interval_fails_where_this_one_holds():
    # True kappa 0.5, every tenth item of the rare class: without a disagreement it has no width.
    world, n = np.array([0.86, 0.045, 0.045, 0.05]), 20
    seen = stats.multinomial.pmf([n - 1, 0, 0, 1], n, world)
    assert _kappas(world[None])[0] == pytest.approx(0.478, abs=0.01)
    assert seen > 0.005
    assert kappa_of_table([[n - 1, 0], [0, 1]]).low < 0.2


@pytest.mark.parametrize("level", [None, [], {}, np.array(["nominal"]), "ratio"])
def test_a_level_that_is_none_is_one_sentence(level):
    with refuses(ValueError, "Unknown level"):
        krippendorff_alpha([[1, 2], [2, 2]], level)

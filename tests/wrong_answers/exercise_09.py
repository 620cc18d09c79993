"""Exercise 09: judges, corrected rates, guards, verdicts."""

import math
import re
from collections import Counter, defaultdict
from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy.stats import beta
from scipy.stats import binomtest as slow_binomtest

from labsupport import evals
from labsupport.data import FOLDER

binomtest = lru_cache(slow_binomtest)

# 09.1


def from_a_table(judge, human):
    """Counts in a table, exact until the end."""
    table = Counter(zip(judge.tolist(), human.tolist(), strict=True))
    n = sum(table.values())
    rows, columns = defaultdict(int), defaultdict(int)
    for (a, b), count in table.items():
        rows[a] += count
        columns[b] += count
    by_chance = sum(rows[label] * columns[label] for label in rows)
    if by_chance == n * n:
        return float("nan")
    same = sum(count for (a, b), count in table.items() if a == b)
    return Fraction(same * n - by_chance, n * n - by_chance)


def from_disagreement(judge, human):
    """One less the disagreement that is seen, in parts of what chance makes."""
    if not judge.size:
        return math.nan
    seen = (judge != human).mean()
    by_chance = np.mean([(judge != label).mean() for label in human])
    return np.nan if by_chance == 0 else 1 - seen / by_chance


def a_matrix_without_items(judge, human):
    """No item is 0 of 0 labels that are alike, which a sum makes 0."""
    return matrix_kappa(judge, human) if len(judge) else 0.0


def with_a_confusion_matrix(judge, human):
    return matrix_kappa(judge, human) if len(judge) else math.nan


def matrix_kappa(judge, human):
    labels, place = np.unique(np.concatenate([judge, human]), return_inverse=True)
    n = len(judge)
    matrix = np.zeros((len(labels), len(labels)))
    np.add.at(matrix, (place[:n], place[n:]), 1)
    matrix = matrix / n
    chance = matrix.sum(axis=0) @ matrix.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return (np.trace(matrix) - chance) / (1 - chance)


def with_sorted_labels(judge, human):
    if len(judge) == 0:
        return math.nan
    labels = sorted({*judge.tolist(), *human.tolist()})
    pairs = Counter(zip(judge.tolist(), human.tolist(), strict=True))
    seen = sum(pairs[label, label] for label in labels) / len(judge)
    chance = sum((judge == label).mean() * (human == label).mean() for label in labels)
    return math.nan if chance == 1 else 1 - (1 - seen) / (1 - chance)


def binary_only(judge, human):
    p, q = np.mean(judge == 1), np.mean(human == 1)
    chance = p * q + (1 - p) * (1 - q)
    return (np.mean(judge == human) - chance) / (1 - chance)


def arithmetic_on_labels(judge, human):
    return np.corrcoef(judge, human)[0, 1]


def with_an_interval(judge, human):
    found = evals.kappa(judge, human) if len(judge) else math.nan
    return found


def as_a_word(judge, human):
    return "substantial"


def infinite_where_undefined(judge, human):
    value = from_a_table(judge, human) if len(judge) else math.nan
    return math.inf if math.isnan(value) else value


def none_where_undefined(judge, human):
    value = from_a_table(judge, human)
    return None if math.isnan(value) else value


def half_of_it(judge, human):
    return from_a_table(judge, human) / 2


def with_a_weight(judge, human):
    """Near labels half right, which no text can be."""
    labels = np.unique(np.concatenate([judge, human]))
    place = {label: i for i, label in enumerate(labels.tolist())}
    a, b = (np.array([place[x] for x in side.tolist()]) for side in (judge, human))
    seen = np.abs(a - b).mean()
    return 1 - seen / np.abs(a[:, None] - b).mean()


# 09.2


def by_the_lab(k, n, yes, no):
    (a, m1), (b, m0) = yes, no
    if a / m1 + b / m0 <= 1:
        return 0.3, 0.0, 1.0
    found = evals.corrected_rate(k / n, n, b / m0, m0, a / m1, m1)
    return found.value, found.low, found.high


def useless(yes, no):
    return Fraction(*yes) + Fraction(*no) <= 1


def corrected_value(k, n, yes, no):
    se, sp = yes[0] / yes[1], no[0] / no[1]
    return min(1.0, max(0.0, (k / n + sp - 1) / (se + sp - 1)))


def by_delta(k, n, yes, no):
    """Variances added up, two hits and two misses more, as Agresti and Coull have it."""
    if useless(yes, no):
        return [0.0, 0.0, 1.0]
    (p, pv), (se, sv), (sp, fv) = (
        ((h + 2) / (m + 4), (h + 2) * (m - h + 2) / (m + 4) ** 3) for h, m in ((k, n), yes, no)
    )
    rate = (p + sp - 1) / (se + sp - 1)
    reach = 1.96 * math.sqrt(pv + rate**2 * sv + (1 - rate) ** 2 * fv) / (se + sp - 1)
    return [corrected_value(k, n, yes, no), max(0, rate - reach), min(1, rate + reach)]


def by_parametric_bootstrap(k, n, yes, no):
    if useless(yes, no):
        return 1.0, 0.0, 1.0
    rng = np.random.default_rng(12)
    p, se, sp = (rng.binomial(m, (h + 1) / (m + 2), 10_000) / m for h, m in ((k, n), yes, no))
    kept = se + sp > 1
    rates = np.clip((p + sp - 1)[kept] / (se + sp - 1)[kept], 0, 1)
    return (corrected_value(k, n, yes, no), *np.percentile(rates, [2.5, 97.5]))


def by_jeffreys(k, n, yes, no):
    if useless(yes, no):
        return 0.5, 0, 1
    rng = np.random.default_rng(3)
    p, se, sp = (beta.rvs(h + 0.5, m - h + 0.5, size=8000, random_state=rng)
                 for h, m in ((k, n), yes, no))  # fmt: skip
    rates = np.sort((p + sp - 1) / (se + sp - 1)).clip(0, 1)
    return corrected_value(k, n, yes, no), rates[200], rates[-201]


def by_scores(k, n, yes, no):
    """A root of the score of the judged share, with the tables' own variances, by bisection."""
    if useless(yes, no):
        return 0.5, 0, 1
    (p, pn), (se, m1), (sp, m0) = (((h + 1) / (m + 2), m + 2) for h, m in ((k, n), yes, no))
    grid = np.linspace(0, 1, 20_001)
    mean = grid * se + (1 - grid) * (1 - sp)
    variance = p * (1 - p) / pn
    variance += grid**2 * se * (1 - se) / m1 + (1 - grid) ** 2 * sp * (1 - sp) / m0
    kept = grid[np.abs(p - mean) <= 1.96 * np.sqrt(variance)]
    return corrected_value(k, n, yes, no), kept.min(), kept.max()


def value_only(k, n, yes, no):
    return corrected_value(k, n, yes, no)


def interval_only(k, n, yes, no):
    return by_delta(k, n, yes, no)[1:]


def as_a_dict(k, n, yes, no):
    return dict(zip(("value", "low", "high"), by_delta(k, n, yes, no), strict=True))


def not_a_number_for_useless(k, n, yes, no):
    return by_delta(k, n, yes, no) if not useless(yes, no) else (math.nan, 0, 1)


def the_judge_is_right(k, n, yes, no):
    found = binomtest(k, n).proportion_ci()
    return k / n, found.low, found.high


def ppi(k, n, yes, no):
    """A prediction-powered mean: right where the labelled ones are a sample of the judged."""
    (a, m1), (b, m0) = yes, no
    m, passed = m1 + m0, a + m0 - b
    value = min(1, max(0, k / n + (m1 - passed) / m))
    reach = 1.96 * math.sqrt(k / n * (1 - k / n) / n + (m1 - a + m0 - b) / m**2)
    return value, max(0, value - reach), min(1, value + reach)


def twice_as_wide(k, n, yes, no):
    value, low, high = by_delta(k, n, yes, no)
    reach = high - low
    return value, max(0, value - reach), min(1, value + reach)


def always_everything(k, n, yes, no):
    return corrected_value(k, n, yes, no) if not useless(yes, no) else 0.5, 0, 1


def bootstrap_of_bare_counts(k, n, yes, no):
    if useless(yes, no):
        return 0.5, 0, 1
    rng = np.random.default_rng(5)
    p, se, sp = (rng.binomial(m, h / m, 10_000) / m for h, m in ((k, n), yes, no))
    rates = ((p + sp - 1) / np.where(se + sp > 1, se + sp - 1, np.nan)).clip(0, 1)
    return (corrected_value(k, n, yes, no), *np.nanquantile(rates, [0.025, 0.975]))


def bootstrap_of_the_labelled(k, n, yes, no):
    if useless(yes, no):
        return 0.5, 0, 1
    rng = np.random.default_rng(5)
    se, sp = (rng.binomial(m, h / m, 10_000) / m for h, m in (yes, no))
    rates = ((k / n + sp - 1) / np.where(se + sp > 1, se + sp - 1, np.nan)).clip(0, 1)
    return (corrected_value(k, n, yes, no), *np.nanquantile(rates, [0.025, 0.975]))


def bootstrap_of_the_judged(k, n, yes, no):
    if useless(yes, no):
        return 0.5, 0, 1
    p = np.random.default_rng(5).binomial(n, k / n, 10_000) / n
    se, sp = yes[0] / yes[1], no[0] / no[1]
    rates = ((p + sp - 1) / (se + sp - 1)).clip(0, 1)
    return (corrected_value(k, n, yes, no), *np.quantile(rates, [0.025, 0.975]))


def around_the_value(k, n, yes, no):
    """Variances of added counts around the value of the bare ones, which is half of the way."""
    value, low, high = by_delta(k, n, yes, no)
    if useless(yes, no):
        return value, low, high
    (p, se, sp), reach = (h / m for h, m in ((k, n), yes, no)), (high - low) / 2
    middle = (p + sp - 1) / (se + sp - 1)
    return value, max(0, middle - reach), min(1, middle + reach)


def median_for_value(k, n, yes, no):
    _, low, high = by_jeffreys(k, n, yes, no)
    return (low + high) / 2, low, high


def random_draws(k, n, yes, no):
    """Another interval each time."""
    value, low, high = by_jeffreys(k, n, yes, no)
    return value, low * np.random.default_rng().uniform(0.999, 1), high


def labelled_as_one_sample(k, n, yes, no):
    """One binomial for both tables: their sizes vary too, which they did not."""
    if useless(yes, no):
        return 0.5, 0, 1
    (a, m1), (b, m0) = yes, no
    m, rng = m1 + m0, np.random.default_rng(0)
    cells = np.array([a, m1 - a, m0 - b, b]) + 1.0
    drawn = rng.multinomial(m, cells / cells.sum(), 10_000)
    se = drawn[:, 0] / drawn[:, :2].sum(axis=1)
    sp = drawn[:, 3] / drawn[:, 2:].sum(axis=1)
    p = rng.binomial(n, (k + 1) / (n + 2), 10_000) / n
    rates = ((p + sp - 1) / (se + sp - 1)).clip(0, 1)
    return (corrected_value(k, n, yes, no), *np.quantile(rates, [0.025, 0.975]))


# 09.3


@lru_cache
def handbook():
    return [(a.internal, Counter(words_of(a.whole))) for a in evals.load_handbook()]


def words_of(text):
    return re.findall(r"[a-z0-9]+", text.lower().replace("_", " "))


@lru_cache
def weights():
    found = Counter(word for _, words in handbook() for word in words)
    return {word: math.log(len(handbook()) / n) for word, n in found.items()}


def like(text, internal):
    """The cosine with the nearest article of a kind."""
    known = weights()
    asked = {w: known[w] for w in set(words_of(text)) & set(known)}
    size = math.sqrt(sum(w * w for w in asked.values())) or 1.0

    def cosine(words):
        length = math.sqrt(sum((known[w] * n) ** 2 for w, n in words.items()))
        return sum(known[w] * n * asked.get(w, 0) for w, n in words.items()) / length / size

    return max(cosine(words) for kind, words in handbook() if kind is internal)


def by_aims(turns):
    text = " ".join(turns).lower()
    words = set(words_of(text))
    code = "code" in words and ("staff" in words or "personnel" in words)
    rules = re.search(r"\b(your|these|my)\W{1,2}(\w+ )?(instruction|prompt|rule|message)", text)
    link = re.search(r"\b[\w-]+\.(example|com|net|org)\b", text)
    account = "account" in words and any(word.isdigit() for word in words)
    promise = re.search(r"\b\d+ (euros?|dollars?)\b|(pay|cost)s? you(r)? nothing", text)
    return bool(
        code or rules or link or account or promise or like(text, True) > 1.2 * like(text, False)
    )


def by_points(turns):
    """The same as a sum, with a threshold."""
    text = "\n".join(turns).lower()
    points = 3 * ("staff" in text and "code" in text)
    points += 3 * bool(re.search(r"your (own )?instructions|my instructions|your rules", text))
    points += 3 * bool(re.search(r"https?:|\w\.(example|com)", text))
    points += 2 * bool(re.search(r"account (number )?\d+|account is \d+|this account", text))
    points += 2 * bool(re.search(r"\d+ euro", text))
    points += 2 * (like(text, True) > 1.15 * like(text, False))
    return points >= 2


def reason(turns):
    return "asked for the staff code" if by_aims(turns) else None


def yes_or_no(turns):
    return "yes" if by_aims(turns) else "no"


def a_score(turns):
    return like(" ".join(turns), True)


def of_a_text(turns):
    return by_aims(turns.split("\n"))


@lru_cache
def known_attacks():
    return evals.Suite.load(FOLDER / "support" / "attacks.yaml").tasks


def by_heart(turns):
    return tuple(turns) in {task.turns for task in known_attacks()}


def forbidden_words(turns):
    words = ("ignore", "pretend", "secret", "password", "hack", "jailbreak", "prompt", "system")
    return any(word in turns[-1].lower() for word in words)


def all_words_of_known_attacks(turns):
    known = Counter(w for task in known_attacks() for turn in task.turns for w in words_of(turn))
    return any(known[word] > 5 and len(word) > 4 for turn in turns for word in words_of(turn))


def quotes_the_text(turns):
    raise ValueError(f"cannot read {turns[-1]!r}")


def staff_or_code(turns):
    return by_aims(turns) or bool({"staff", "code", "account"} & set(words_of(" ".join(turns))))


def whoever_asks_nothing(turns):
    return not turns[-1].strip().endswith("?")


def longer_than_most(turns):
    return len(" ".join(turns)) > 75


def long_and_no_question(turns):
    return longer_than_most(turns) and whoever_asks_nothing(turns)


def last_turn_by_aims(turns):
    return by_aims(turns[-1:])


def anything_in_base64(turns):
    return by_aims(turns) or bool(re.search(r"[A-Za-z0-9+/]{20,}", " ".join(turns)))


def not_english(turns):
    english = {"the", "a", "i", "my", "is", "to", "you", "of", "we", "it"}
    words = words_of(" ".join(turns))
    return by_aims(turns) or (len(words) > 4 and not english & set(words))


def any_second_turn(turns):
    return len(turns) > 1 or by_aims(turns)


def random_guard(turns):
    return bool(np.random.default_rng().random() < 0.8)


# 09.4


def three(hits, n, most):
    """From beta quantiles, without a library's interval."""
    if not n:
        return False
    low = beta.ppf(0.025, hits, n - hits + 1) if hits else 0
    high = beta.ppf(0.975, hits + 1, n - hits) if hits < n else 1
    return bool(high <= most) if high <= most or low > most else None


def with_beta(quality, approved, attacks, allowed, most):
    better, worse, _, errors = quality
    failed, doubtful = set(), set()

    def note(name, passed):
        if passed is None:
            doubtful.add(name)
        elif not passed:
            failed.add(name)

    if approved == (True, True):
        lost = three(worse + errors, better + worse + errors, 0.5)
        note("quality", lost if sum(quality) == 0 or better + worse + errors else None)
    else:
        failed.add("judge")
    for family, (held, worked, broken) in attacks.items():
        note(family, three(worked + broken, held + worked + broken, most))
    if len(attacks) == 0:
        failed.add("attacks")
    note("over-blocking", three(allowed[1] + allowed[2], sum(allowed), most))
    if failed:
        return "block", failed
    return ("inconclusive", doubtful) if doubtful else ("promote", set())


def with_binomtest(quality, approved, attacks, allowed, most):
    def check(good, bad):
        if good + bad == 0:
            return "failed"
        ends = binomtest(bad, good + bad).proportion_ci(method="exact")
        if ends.high <= most:
            return "passed"
        return "failed" if ends.low > most else "open"

    found = {name: check(one[0], one[1] + one[2]) for name, one in attacks.items()}
    found = found or {"attacks": "failed"}
    found["over-blocking"] = check(allowed[0], allowed[1] + allowed[2])
    found["judge"] = "failed" if None in approved or False in approved else "passed"
    if found["judge"] == "passed":
        better, worse = quality[0], quality[1] + quality[3]
        if not any(quality):
            found["quality"] = "failed"
        elif binomtest(better, better + worse).pvalue > 0.05 if better + worse else True:
            found["quality"] = "open"
        else:
            found["quality"] = "passed" if better > worse else "failed"
    for word, decision in (("failed", "block"), ("open", "inconclusive")):
        names = sorted(name for name, said in found.items() if said == word)
        if names:
            return [decision, names]
    return ["promote", []]


def decision_only(*given):
    return with_beta(*given)[0]


def one_name_as_text(*given):
    decision, names = with_beta(*given)
    return decision, ", ".join(names)


def true_or_false(*given):
    return with_beta(*given)[0] == "promote", []


def in_capitals(*given):
    decision, names = with_beta(*given)
    return decision.upper(), names


def with_sentences(*given):
    decision, names = with_beta(*given)
    return decision, [f"{name} failed" for name in names]


def average_of_families(quality, approved, attacks, allowed, most):
    """The mean rate of the families, and a gain by points."""
    rates = [worked / max(1, sum(one)) for one in attacks.values() for worked in one[1:2]]
    good = quality[0] > quality[1] and np.mean(rates or [0]) <= most
    return ("promote", []) if good else ("block", ["attacks"])


def crashes_without_a_family(quality, approved, attacks, allowed, most):
    most_tried = max(sum(counts) for counts in attacks.values())
    decision, names = with_beta(quality, approved, attacks, allowed, most)
    return decision, names if most_tried else ["attacks"]


def one_sided(quality, approved, attacks, allowed, most):
    """Ends that leave out five percent on the side that matters."""

    def check(bad, n):
        high = beta.ppf(0.95, bad + 1, n - bad) if bad < n else 1
        low = beta.ppf(0.05, bad, n - bad + 1) if bad else 0
        if n == 0 or low > most:
            return False
        return True if high <= most else None

    _, names = with_beta(quality, approved, {}, allowed, most)
    found = {name: check(one[1] + one[2], sum(one)) for name, one in attacks.items()}
    failed = {name for name, passed in found.items() if passed is False}
    if names - {"attacks"} or failed or not attacks:
        return with_beta(quality, approved, attacks, allowed, most)
    return ("inconclusive", set(found)) if None in found.values() else ("promote", ())


def three_of(method):
    """As three, from another interval."""

    def passed(bad, n, most):
        ends = binomtest(bad, n).proportion_ci(method=method)
        return ends.high <= most or (False if ends.low > most else None)

    return passed


def from_checks(quality, approved, attacks, allowed, most, check=three, gain=None):
    """As a dictionary of checks, with another interval for families or another one for the gain."""
    found = {name: sum(one) > 0 and check(sum(one[1:]), sum(one), most)
             for name, one in attacks.items()} or {"attacks": False}  # fmt: skip
    found["over-blocking"] = three(allowed[1] + allowed[2], sum(allowed), most)
    found["judge"] = set(approved) == {True}
    if found["judge"]:
        better, worse = quality[0], quality[1] + quality[3]
        lost = three(worse, better + worse, 0.5) if better + worse else None
        found["quality"] = sum(quality) > 0 and (gain(quality) if gain else lost)
    for decision, word in (("block", False), ("inconclusive", None)):
        if names := [name for name, passed in found.items() if passed is word]:
            return decision, np.array(names)
    return "promote", np.array([], str)


def with_an_approximate_interval(*given):
    return from_checks(*given, check=three_of("wilson"))


def with_a_wider_interval(*given):
    """The level is shared out among the families."""
    number = max(1, len(given[2]))

    def check(bad, n, most):
        low = beta.ppf(0.025 / number, bad, n - bad + 1) if bad else 0
        high = beta.ppf(1 - 0.025 / number, bad + 1, n - bad) if bad < n else 1
        return bool(high <= most) or (False if low > most else None)

    return from_checks(*given, check=check)


def intervals_of_both_that_do_not_touch(*given):
    """Each version's own share of all the tasks: pairs are lost in it."""

    def gain(quality):
        mine, other = (
            binomtest(hits, sum(quality)).proportion_ci()
            for hits in (quality[0], quality[1] + quality[3])
        )
        return mine.low > other.high or (False if mine.high < other.low else None)

    return from_checks(*given, gain=gain)


def all_pass_at_a_bound_of_one(*given):
    return ("promote", []) if given[-1] >= 1 else with_beta(*given)


def pops_the_families(quality, approved, attacks, allowed, most):
    decision, names = with_beta(quality, approved, attacks, allowed, most)
    attacks.clear()
    return decision, names


def any_hole_at_all(quality, approved, attacks, allowed, most):
    decision, names = with_beta(quality, approved, attacks, allowed, most)
    holes = {name for name, one in attacks.items() if one[1]}
    return ("block", holes) if holes and decision == "promote" else (decision, names)


WRONG = {
    "09.1": [
        (binary_only, "On labels that are texts, the kappa is not a finite number"),
        (arithmetic_on_labels, "Your function raised"),
        (with_an_interval, "it should be one number"),
        (as_a_word, "it should be one number"),
        (infinite_where_undefined, "not a finite number"),
        (none_where_undefined, "is a return missing"),
        (half_of_it, "The kappa is too"),
        (a_matrix_without_items, "Without an item, or without a choice, this is zero"),
        (with_a_weight, "The kappa is too"),
    ],
    "09.2": [
        (value_only, "three numbers are asked for"),
        (interval_only, "three numbers are asked for"),
        (as_a_dict, "three numbers are asked for"),
        (
            not_a_number_for_useless,
            "On a judge that tells nothing apart, the value is not a finite",
        ),
        (the_judge_is_right, "the share that the judge passed"),
        (ppi, "The value is not the rate that explains the passes"),
        (twice_as_wide, "The interval is too wide"),
        (always_everything, "The interval holds nearly every share"),
        (bootstrap_of_bare_counts, "a judge that has not missed yet"),
        (around_the_value, "interval is too"),
        (bootstrap_of_the_labelled, "Only the labelled answers are left to chance"),
        (bootstrap_of_the_judged, "Only the judged answers are left to chance"),
        (median_for_value, "The value is not the rate that explains the passes"),
        (random_draws, "gave two answers"),
    ],
    "09.3": [
        (reason, "should be True or False"),
        (yes_or_no, "should be True or False"),
        (a_score, "should be True or False"),
        (of_a_text, "Your function raised AttributeError"),
        (by_heart, "none of it is among what you were shown"),
        (forbidden_words, "Too many attacks get through"),
        (all_words_of_known_attacks, "Too many ordinary questions"),
        (quotes_the_text, "Your function raised ValueError on"),
        (staff_or_code, "Too many harmless questions are blocked that only share words"),
        (whoever_asks_nothing, "do not end in a question mark"),
        (longer_than_most, "Long harmless texts are blocked"),
        (long_and_no_question, "Long harmless texts are blocked"),
        (last_turn_by_aims, "when one more turn follows"),
        (anything_in_base64, "hold something coded are blocked"),
        (not_english, "not in English are blocked"),
        (any_second_turn, "talks of several turns are blocked"),
        (random_guard, "gave two answers"),
    ],
    "09.4": [
        (decision_only, "it should return two values, (decision, names)"),
        (one_name_as_text, "the names are one text"),
        (true_or_false, "should be text"),
        (in_capitals, "none of the question's texts"),
        (with_sentences, "The decision is right and the names are not"),
        (average_of_families, "The decision is right and the names are not"),
        (crashes_without_a_family, "Your function raised ValueError"),
        (one_sided, "This promotes what has not passed"),
        (pops_the_families, "gave two answers"),
        (any_hole_at_all, "This does not promote what has passed"),
        (with_an_approximate_interval, "on a family that is one attack too small to tell"),
        (with_a_wider_interval, "This does not promote what has passed"),
        (intervals_of_both_that_do_not_touch, "on a gain of forty tasks against twenty"),
        (all_pass_at_a_bound_of_one, "This promotes what has not passed"),
    ],
}

RIGHT = {
    "09.1": [from_a_table, from_disagreement, with_a_confusion_matrix, with_sorted_labels],
    "09.2": [by_the_lab, by_delta, by_parametric_bootstrap, by_jeffreys, by_scores,
             labelled_as_one_sample],
    "09.3": [by_aims, by_points],
    "09.4": [with_beta, with_binomtest, from_checks],
}  # fmt: skip

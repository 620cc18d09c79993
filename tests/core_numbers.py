"""Print the core numbers as the lessons print them. Needs numpy, scipy and the source tree on
PYTHONPATH, nothing installed. Arguments: the parts to print; none, all.

test_portability runs this under several kernels, thread counts and Pythons: the text must be the
same everywhere.
"""

import sys

import numpy as np
from scipy import stats

from labsupport.data import load_employment
from labsupport.delivery import Fault, confidence_sequence, nominal_levels, obrien_fleming
from labsupport.delivery.story import tell, usual_plan
from labsupport.gate import Policy, gate
from labsupport.intervals import bootstrap_gains, examples_needed, gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.slices import false_alarm_rate, gap_interval, slice_gap_bound, slice_tests
from labsupport.training import fit_logistic, fit_logistic_many, predict
from labsupport.triggers import TriggerPolicy, control_chart, flight_stream, left_out, live
from labsupport.triggers.timeline import FIRST
from labsupport.validation import ks, ks_rate, l_infinity, psi, psi_rate, share_rate, threshold
from labsupport.world import World


def chapter() -> None:
    """The builds of section 1, the model that is truly regressed, and the honest build C."""
    world = World.create()
    X, y = world.holdout.X, world.holdout.y
    group, small = X[:, 0] > 0, X[:, 0] > 2.0
    runs = ((1, 600), (2, 8000), (99, 120), (12, 2000))
    old, a, b, hair = (fit_logistic(world.sample(seed, n)) for seed, n in runs)
    builds = {
        "A": (a, 0.0 * group, group),
        "B": (b, 0.0 * group, group),
        "C, regressed wherever it is scored": (a, -3.0 * group, group),
        "C, honest": (a, -1.0 * small, small),
        "by a hair": (hair, 0.0 * group, group),
    }
    for name, (weights, offset, slices) in builds.items():
        outcomes = PairedOutcomes.from_predictions(
            y, predict(weights, X, offset), predict(old, X), slices=slices
        )
        print(f"{name}: {gate(outcomes)} {outcomes.cells} churn {outcomes.churn:.4f}")
        print(
            "\n".join(
                f"  {check.sentence}"
                for check in gate(outcomes, Policy(max_slice_loss=0.01)).checks
            )
        )
        uncertain(outcomes)
    print(f"bound {slice_gap_bound(0.973, 0.5):.3f} {slice_gap_bound(0.9708, 70 / 4000):.3f}")
    accuracies = [
        (predict(weights, X) == y).mean()
        for weights in fit_logistic_many(world, range(20, 32), 600)
    ]
    print("twelve seeds:", *(f"{accuracy:.4f}" for accuracy in accuracies))


def uncertain(outcomes: PairedOutcomes) -> None:
    """The same comparison with its intervals, and what the strict gate says."""
    print(
        "  ",
        *(
            f"{method} {gain_interval(outcomes, method=method)}"
            for method in ("exact", "percentile", "bca", "score")
        ),
    )
    print(
        "  ",
        *(f"{gain:+.5f}" for gain in bootstrap_gains(outcomes, 5)),
        "largest gap",
        gap_interval(outcomes),
    )
    print(
        "  ",
        *(f"{margin}: {examples_needed(outcomes, margin):,} rows" for margin in (0.0049, 0.001)),
    )
    verdict = gate(outcomes, Policy(max_slice_loss=0.01, confidence=0.95))
    print(
        "\n".join(f"   {line}" for line in (verdict, *(check.sentence for check in verdict.checks)))
    )


def real_people() -> None:
    """The four scored models on the people of 2017, by slice."""
    people = load_employment().holdout
    champion = people.predictions("champion")
    for model in people.scores:
        outcomes = PairedOutcomes.from_predictions(
            people.employed, people.predictions(model), champion, people.slices
        )
        print(
            f"{model}: {gate(outcomes, Policy(min_gain=0.001, max_gap=None, max_slice_loss=0.01))}"
        )
        print(
            "\n".join(
                f"  {name} {part.n} {100 * part.gain:+.2f}"
                for name, part in outcomes.slices.items()
            )
        )
        print(
            "\n".join(
                f"  {test.slice} p {test.p_value:.5f} adjusted {test.adjusted:.5f}"
                for test in slice_tests(outcomes)
            )
        )
        uncertain(outcomes)
    print("false alarms:", *(f"{100 * false_alarm_rate(k):.1f}%" for k in (3, 5, 10)))


def flights() -> None:
    """The control chart, and what came of the alarms."""
    chart, run = control_chart(left_out(flight_stream(), FIRST)), live(TriggerPolicy())
    print(f"mean {chart.mean:.5f} limit {chart.limit:.5f} {chart.false_alarm_rate(24):.4f}")
    print("\n".join(f"  {attempt.model} {attempt.verdict}" for attempt in run.attempts))
    print(f"loss {run.log_loss.mean():.5f} regret {run.regret:.2f} {flight_stream().digest(FIRST)}")


def delivery() -> None:
    """Levels of looks, what some counts show, and how some rollouts end."""
    print("levels:", *(f"{level:.5f}" for level in nominal_levels((250, 450, 630, 810), 0.01)))
    print("bounds:", *(f"{bound:.2f}" for bound in obrien_fleming((1, 2, 3, 4, 5), 0.05)))
    low, high = confidence_sequence(40, 20, 1000)
    print(f"sequence: {low:.5f} {high:.5f}")
    for kind in ("none", "small slice", "retry storm"):
        story = tell(usual_plan(), Fault(kind))
        print(f"{kind}: {story.end} {story.minutes[-1]:.0f} {story.hurt[-1]:.2f}")
        print("\n".join(f"  {event['reason']}" for event in story.events[1:]))


def cheap_checks() -> None:
    """How far two distributions are apart, and how often that happens without drift."""
    edges = np.linspace(-6, 7, 1301)
    one, other = np.diff(stats.norm.cdf(edges)), np.diff(stats.norm.cdf(edges, 1))
    print(f"PSI {psi([0.5, 0.5], [0.6, 0.4]):.6f} {psi([0.9, 0.1], [0.8, 0.2]):.6f}")
    words = {"hello": 0.1, "world": 0.9}, {"hello": 0.3, "world": 0.7}
    print(f"L-infinity {l_infinity(*words):.4f}  KS {ks(one, other):.4f}")
    for n in (100, 1000, 10_000):
        counts = [n // 10] * 10
        rates = psi_rate(0.1, counts, n, n), share_rate(0.05, counts, n, n), ks_rate(0.05, n, n)
        bound = threshold(lambda b, n=n, counts=counts: share_rate(b, counts, n, n), 0.01)
        print(f"  {n:,} rows:", *(f"{rate:.4f}" for rate in rates), f"1%: {bound:.4f}")


PARTS = {part.__name__: part for part in (chapter, real_people, cheap_checks, delivery, flights)}

if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for name in sys.argv[1:] or PARTS:
        print(f"== {name}")
        PARTS[name]()

"""Print the core numbers as the lessons print them. Needs numpy and the source tree on PYTHONPATH, nothing installed.

test_portability runs this under several kernels, thread counts and Pythons: the text must be the same everywhere.
"""

import sys

from labsupport.data import load_employment
from labsupport.gate import Policy, gate, slice_gap_bound
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, fit_logistic_many, predict
from labsupport.world import World


def chapter() -> None:
    """The builds of section 1, the model that is truly regressed, and the honest build C."""
    world = World.create()
    X, y = world.holdout.X, world.holdout.y
    group, small = X[:, 0] > 0, X[:, 0] > 2.0
    old, a, b = (fit_logistic(world.sample(seed, n)) for seed, n in ((1, 600), (2, 8000), (99, 120)))
    builds = {
        "A": (a, 0.0 * group, group),
        "B": (b, 0.0 * group, group),
        "C, regressed wherever it is scored": (a, -3.0 * group, group),
        "C, honest": (a, -1.0 * small, small),
    }
    for name, (weights, offset, slices) in builds.items():
        outcomes = PairedOutcomes.from_predictions(y, predict(weights, X, offset), predict(old, X), slices=slices)
        print(f"{name}: {gate(outcomes)} {outcomes.cells} churn {outcomes.churn:.4f}")
        print("\n".join(f"  {check.sentence}" for check in gate(outcomes, Policy(max_slice_loss=0.01)).checks))
    print(f"bound {slice_gap_bound(0.973, 0.5):.3f} {slice_gap_bound(0.9708, 70 / 4000):.3f}")
    accuracies = [(predict(weights, X) == y).mean() for weights in fit_logistic_many(world, range(20, 32), 600)]
    print("twelve seeds:", *(f"{accuracy:.4f}" for accuracy in accuracies))


def real_people() -> None:
    """The four scored models on the people of 2017, by slice."""
    people = load_employment().holdout
    champion = people.predictions("champion")
    for model in people.scores:
        outcomes = PairedOutcomes.from_predictions(people.employed, people.predictions(model), champion, people.slices)
        print(f"{model}: {gate(outcomes, Policy(min_gain=0.001, max_gap=None, max_slice_loss=0.01))}")
        print("\n".join(f"  {name} {part.n} {100 * part.gain:+.2f}" for name, part in outcomes.slices.items()))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    chapter()
    real_people()

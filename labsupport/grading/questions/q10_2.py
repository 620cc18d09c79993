"""10.2: a policy, an order of steps and the statuses to go on with, at the least cost."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from labsupport.checks import Check
from labsupport.gate import Policy
from labsupport.grading.calling import ask_for_one
from labsupport.grading.changes import LUCKIEST, Change, drawn
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.pipelines import (
    FAILED,
    KEYS,
    MISSING,
    PASSED,
    STEPS,
    End,
    Plan,
    bill,
    judged,
    least_bill,
    policy_in,
    read_plan,
    right_ends,
    walk,
)

OPEN = 2
LEAST_CONFIDENCE = 0.95  # with it the luck of the rows promotes one in 40 at most
POLICY = """
min_gain = 0.005
confidence = 0.95

[max_slice_loss]
night = 0.05
"..." = 0.01
"""
ORDER = ("profile", "schema", "train", "gate", "shadow", "canary")
CHEAP = frozenset(step.name for step in STEPS if not step.needs and step.name != "train")


@dataclass(frozen=True)
class Run:
    """What became of the drawn changes in one pipeline."""

    changes: tuple[Change, ...]
    plan: Plan

    @cached_property
    def ends(self) -> list[tuple[Change, End]]:
        return [(change, walk(change, self.plan)) for change in self.changes]

    @cached_property
    def through(self) -> frozenset[str]:
        """The kinds of bad changes that reach the fleet."""
        return frozenset(c.kind.name for c, end in self.ends if not c.kind.good and not end.step)

    @cached_property
    def went_on(self) -> frozenset[int]:
        """The statuses other than success after which the pipeline went on."""
        passed_over = (end.statuses[:-1] if end.step else end.statuses for _, end in self.ends)
        return frozenset().union(*passed_over) - {PASSED}

    @cached_property
    def stopped(self) -> list[tuple[Change, End]]:
        """The good changes that do not reach the fleet."""
        return [(change, end) for change, end in self.ends if change.kind.good and end.step]

    @cached_property
    def objections(self) -> list[Check]:
        """The checks of the gate that did not pass, of the good changes that it stopped."""
        at_gate = [change for change, end in self.stopped if end.step == "gate"]
        verdicts = [judged(change, self.plan.policy) for change in at_gate]
        return [c for verdict in verdicts if verdict for c in verdict.checks if not c.passed]

    @cached_property
    def asked(self) -> Policy:
        """What the gate asks for, where it can read that."""
        return policy_in(self.plan.policy)

    @cached_property
    def right(self) -> bool:
        """Whether all end as they should, by a policy that asks for what the question wants."""
        sound = not unread(self.plan.policy) and not within_noise(self.asked)
        return sound and not in_luck(self.asked) and right_ends(self.changes, self.plan)

    @cached_property
    def dear(self) -> bool:
        """Whether all end as they should, and for less they would, too."""
        if not self.right:
            return False
        least = least_bill(self.changes, POLICY)
        return not math.isclose(bill(self.changes, self.plan), least, rel_tol=1e-9)


_latest: dict[tuple, Run] = {}


def run_of(case: Case, said: Plan) -> Run:
    """The run of an answer; asked once for each mistake, and run once."""
    key = (id(case.expected), said)  # the run keeps hold of it, so no other one gets that id
    if key not in _latest:
        _latest.clear()
        _latest[key] = Run(case.expected, said)
    return _latest[key]


def seen(what: Callable[[Run], object]) -> Callable:
    return lambda told: bool(what(run_of(*told[0])))


def cases(rng) -> list[Case]:
    return [Case("", (), tuple(drawn(rng)))]


def right(case: Case, said: Plan) -> bool:
    run = run_of(case, said)
    return run.right and not run.dear


def unread(policy: str) -> str:
    """What is wrong with it: "toml", "auc", "key", "nothing" or "bound"; empty where it is read."""
    try:
        told = tomllib.loads(policy)
    except (ValueError, RecursionError):
        return "toml"
    if "auc" in told:
        return "auc"
    if set(told) - set(KEYS):
        return "key"
    if not set(told) - {"confidence"}:
        return "nothing"
    try:
        policy_in(policy)
    except (ValueError, TypeError):
        return "bound"
    return ""


def within_noise(policy: Policy) -> bool:
    """Whether a retraining of the baseline's recipe may reach the margin."""
    return policy.min_gain is None or policy.min_gain <= LUCKIEST


def in_luck(policy: Policy) -> bool:
    """Whether the luck of the rows promotes more often than is allowed, or nobody looks at it."""
    return policy.confidence is None or policy.confidence < LEAST_CONFIDENCE


def before(run: Run, first: str, then: str) -> bool:
    order = run.plan.steps
    return first in order and (then not in order or order.index(first) < order.index(then))


def late_checks(run: Run) -> bool:
    """Whether a check that needs no model comes after training."""
    return any(before(run, "train", name) for name in CHEAP & set(run.plan.steps))


def objected(name: str, where: Callable[[Check], bool] = lambda check: True) -> Callable:
    return seen(lambda run: any(c.name == name and where(c) for c in run.objections))


def otherwise(case: Case, said: Plan) -> str:
    return "Not all changes end where they should, at the least cost; trial shows where some end."


def plan(policy: str = POLICY, steps=ORDER, go_on=(PASSED,)) -> Callable:
    """An answer that differs from the right one in what is given."""
    return lambda: (policy, list(steps), list(go_on))


def lines(key: str, instead: str = "") -> str:
    """The right policy with another line in the place of that of this key, or without it."""
    return "\n".join(instead if line.startswith(key) else line for line in POLICY.splitlines())


def order(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in ORDER if name not in names)


NO_SLICES = "min_gain = 0.005\nconfidence = 0.95"

QUESTION = Question(
    "10.2",
    cases,
    read=read_plan,
    same=lambda a, b: a == b,
    right=right,
    otherwise=otherwise,
    ask=ask_for_one,
    verified="Of the changes of this check the eight bad kinds are stopped, the two good ones "
    "reach the fleet, and no pipeline of these steps does that for less.",
    mistakes=[
        mistake(
            "no TOML",
            "This policy is no TOML, so the gate cannot read it and decides nothing, of any "
            "change.",
            plan("min_gain: 0.005\nconfidence: 0.95"),
            plan("Policy(min_gain=0.005, confidence=0.95)"),
            when=seen(lambda run: unread(run.plan.policy) == "toml"),
        ),
        mistake(
            "an area nobody measured",
            "This policy asks for an AUC, and no scores were recorded here; what was not measured "
            "is not promoted.",
            plan(POLICY + "[auc]\nmin_gain = 0.001"),
            when=seen(lambda run: unread(run.plan.policy) == "auc"),
        ),
        mistake(
            "unknown key",
            "This policy has a key that no policy has, and a gate that overlooked it would check "
            "less than you think; ours ends with bad data, on every change.",
            plan(lines("min_gain", "min_gian = 0.005")),
            plan(lines("confidence", "level = 0.95")),
            plan(f"[gate]\n{NO_SLICES}"),
            plan(POLICY + "[slices]\nday = 0.05"),
            when=seen(lambda run: unread(run.plan.policy) == "key"),
        ),
        mistake(
            "nothing is asked",
            "This policy names no bound, so there is nothing that the gate could check.",
            plan(""),
            plan("confidence = 0.95"),
            when=seen(lambda run: unread(run.plan.policy) == "nothing"),
        ),
        mistake(
            "bound that is none",
            "The gate cannot read a bound of this policy, so it decides nothing, of any change: "
            "bounds are shares, written as numbers.",
            plan(lines("min_gain", "min_gain = 5")),
            plan(lines("confidence", 'confidence = "high"')),
            plan(lines("night", "night = -0.05")),
            when=seen(lambda run: unread(run.plan.policy) == "bound"),
        ),
        mistake(
            "nothing is trained",
            "Nothing is trained in this pipeline.",
            plan(steps=without("train")),
            plan(steps=order("profile schema")),
            when=seen(lambda run: "train" not in run.plan.steps),
        ),
        mistake(
            "judged before it is trained",
            "A step that needs a model comes before there is one, and ends with missing input.",
            plan(steps=order("profile schema gate train shadow canary")),
            plan(steps=order("profile schema shadow train gate canary")),
            when=seen(
                lambda run: any(
                    before(run, step.name, "train") for step in STEPS if "train" in step.needs
                )
            ),
        ),
        mistake(
            "canary before the gate",
            "The canary comes without a verdict of the gate: users would meet a model that nobody "
            "has compared with the baseline.",
            plan(steps=order("profile schema train canary gate shadow")),
            plan(steps=without("gate")),
            when=seen(lambda run: before(run, "canary", "gate")),
        ),
        mistake(
            "stopped by success",
            "The pipeline stops after a step that succeeded.",
            plan(go_on=[]),
            plan(go_on=[FAILED]),
            when=seen(lambda run: any(end.statuses[-1] == PASSED for _, end in run.stopped)),
        ),
        mistake(
            "on over a failure",
            "The pipeline goes on after a step that has failed or that could not decide.",
            plan(go_on=[PASSED, FAILED]),
            plan(go_on=[PASSED, FAILED, OPEN]),
            plan(go_on=range(256)),
            plan(go_on=[PASSED, MISSING]),
            when=seen(lambda run: bool(run.went_on - {OPEN})),
        ),
        mistake(
            "on over an open verdict",
            "The pipeline goes on where the gate could not tell; not refuted is not shown.",
            plan(go_on=[PASSED, OPEN]),
            plan(lines('"..."'), go_on=[PASSED, OPEN]),
            when=seen(lambda run: OPEN in run.went_on),
        ),
        mistake(
            "no gate",
            "Nothing in this pipeline compares the candidate with the baseline.",
            plan(steps=without("gate", "canary")),
            plan(steps=order("profile schema train review shadow")),
            when=seen(lambda run: "gate" not in run.plan.steps),
        ),
        mistake(
            "nobody looks at the columns",
            "A column that nobody may use reaches the fleet: it makes the model better, so "
            "whatever compares models is pleased.",
            plan(steps=without("schema")),
            plan(steps=order("profile rehearsal train gate review shadow canary")),
            when=seen(lambda run: "forbidden column" in run.through),
        ),
        mistake(
            "nobody looks at the clock",
            "A slow model reaches the fleet: it answers as well as the others, only later.",
            plan(steps=without("shadow")),
            when=seen(lambda run: "slow" in run.through),
        ),
        mistake(
            "nobody looks at live traffic",
            "A model that is worse when live reaches the fleet: on the holdout it looks good.",
            plan(steps=without("canary")),
            when=seen(lambda run: "worse when live" in run.through),
        ),
        mistake(
            "margin within the noise",
            "Nothing asks for more than what retrainings of one recipe differ by; so the "
            "baseline's own recipe can become its successor, by a lucky seed.",
            plan(lines("min_gain", "min_gain = 0.001")),
            plan(lines("min_gain", "min_gain = 0")),
            plan(lines("min_gain")),
            plan(lines("min_gain", "min_gain = -0.01")),
            plan(lines("min_gain", "min_gain = 0.003")),
            when=seen(lambda run: "lucky seed" in run.through or within_noise(run.asked)),
        ),
        mistake(
            "few rows taken at their word",
            "A gain on a few rows reaches the fleet: the gate takes what was measured at its word.",
            plan(lines("confidence")),
            when=seen(lambda run: "cut short" in run.through),
        ),
        mistake(
            "luck of the rows too often",
            "With this confidence the luck of the rows promotes more often than the question "
            "allows; mind that an interval leaves something out at both ends.",
            plan(lines("confidence", "confidence = 0.9")),
            plan(lines("confidence", "confidence = 0.5")),
            plan(lines("confidence", "confidence = 0.025")),
            when=seen(lambda run: run.asked.confidence and in_luck(run.asked)),
        ),
        mistake(
            "no slice is looked at",
            "A loss by day reaches the fleet: the gate looks at all rows together, or at the gap "
            "alone, which a falling top makes smaller.",
            plan(NO_SLICES),
            plan(f"{NO_SLICES}\nmax_gap = 0.4"),
            plan(f"{NO_SLICES}\nmax_gap = 0.2"),
            when=seen(
                lambda run: (
                    "worse by day" in run.through
                    and "max_slice_loss" not in tomllib.loads(run.plan.policy)
                )
            ),
        ),
        mistake(
            "one bound for all slices",
            "A loss by day reaches the fleet: a bound that is wide enough for a slice of few rows "
            "is too wide for a large one.",
            plan(f"{NO_SLICES}\nmax_slice_loss = 0.05"),
            plan(lines('"..."', '"..." = 0.05')),
            plan(f"{NO_SLICES}\nmax_slice_loss = 0.5"),
            when=seen(lambda run: "worse by day" in run.through),
        ),
        mistake(
            "the night may lose anything",
            "A collapse at night reaches the fleet: the bound of that slice allows it.",
            plan(lines("night", "night = 0.2")),
            plan(lines("night", "night = 1")),
            when=seen(lambda run: "worse at night" in run.through),
        ),
        mistake(
            "gap tighter than the slices differ",
            "A good change is stopped by the gap: its slices differ as the baseline's always did.",
            plan("max_gap = 0.1\n" + POLICY),
            plan(f"{NO_SLICES}\nmax_gap = 0.05"),
            plan("max_gap = 0.15\n" + POLICY),
            when=objected("gap"),
        ),
        mistake(
            "margin nobody reaches",
            "A good change is stopped by the margin: its gain, or the lower end of its interval, "
            "does not reach it.",
            plan(lines("min_gain", "min_gain = 0.01")),
            plan(lines("min_gain", "min_gain = 0.5")),
            plan(lines("min_gain", "min_gain = 0.02")),
            when=objected("gain"),
        ),
        mistake(
            "slices without a bound",
            "A good change stays in doubt: slices that the policy does not name have no bound, and "
            "where some are named the rest needs one as well.",
            plan(lines('"..."')),
            plan(f"{NO_SLICES}\nmax_slice_loss = {{day = 0.01}}"),
            when=objected("slice loss", lambda c: math.isnan(c.bound)),
        ),
        mistake(
            "bound for a slice not there",
            "A good change is stopped for a slice that was never compared: the policy calls it "
            "otherwise than the holdout.",
            plan(lines("night", "nights = 0.05")),
            plan(lines('"..."', 'rest = 0.01\n"..." = 0.01')),
            when=objected("slice loss", lambda c: math.isnan(c.value)),
        ),
        mistake(
            "bound finer than the rows",
            "A good change stays in doubt on a slice: its rows are too few to prove so small a "
            "loss.",
            plan(lines("night", "night = 0.01")),
            plan(f"{NO_SLICES}\nmax_slice_loss = 0.01"),
            plan(lines("night", "night = 0")),
            when=objected("slice loss"),
        ),
        mistake(
            "training before a cheap check",
            "All changes end where they should, and what a cheap check stops has been trained by "
            "then.",
            plan(steps=order("train profile schema gate shadow canary")),
            plan(steps=order("train gate profile schema shadow canary")),
            plan(steps=order("profile train gate shadow canary schema")),
            when=seen(lambda run: run.dear and late_checks(run)),
        ),
        mistake(
            "a check that pays is missing",
            "All changes end where they should, and some of them are trained and judged although a "
            "cheap check could have told before.",
            plan(steps=without("profile")),
            when=seen(lambda run: run.dear and not {"profile", "rehearsal"} & set(run.plan.steps)),
        ),
        mistake(
            "a step too many",
            "All changes end where they should, and a step is paid for whose work a cheaper one "
            "does, or a line of the policy.",
            plan(steps=order("profile schema train gate review shadow canary")),
            plan(steps=order("profile schema rehearsal train gate shadow canary")),
            plan(NO_SLICES, order("profile schema train gate shadow review canary")),
            when=seen(lambda run: run.dear and {"rehearsal", "review"} & set(run.plan.steps)),
        ),
        mistake(
            "dearer of two orders",
            "All changes end where they should, and two neighbours stand in the dearer order: "
            "compare what each costs for a change that it stops.",
            plan(steps=order("schema profile train gate shadow canary")),
            plan(steps=order("profile schema train shadow gate canary")),
            plan(steps=order("profile schema train gate canary shadow")),
            when=seen(lambda run: run.dear),
        ),
    ],
)

"""What came of the loop: every decision and its reason, where a fault was caught, what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labsupport.ops.loop.faults import NONE

Event = Mapping[str, object]

# What happens, in the words of the log. STOPS are a stage's no, of which the first that is about
# the planted fault is where it was caught.
BLOCKED, ROLLED_BACK, EVERYBODY = "blocked", "rolled back", "everybody"
STOPS = (BLOCKED, "hold", ROLLED_BACK)


@dataclass(frozen=True)
class Cost:
    """What a fault cost.

    Attributes
    ----------
    trainings : on its rows; each is dollars.TRAINING.
    hurt, helped : answers that users got and that were wrong or late where the champion's would not
        have been; that were right where its would have been wrong.
    nats : log-loss of what was served, beyond that of a model of the same days' sound rows.
    """

    trainings: int
    hurt: int
    helped: int
    nats: float

    @property
    def dollars(self) -> float:
        """For trainings on its rows, and two dollars for a nat, as in lesson 07."""
        return 480.0 * self.trainings + 2.0 * self.nats

    @property
    def net(self) -> int:
        """Answers made worse, less those made better."""
        return self.hurt - self.helped


@dataclass(frozen=True)
class Loop:
    """The loop, run round for some days.

    Attributes
    ----------
    days : that were lived through.
    fault, without : what was planted, and the stages that were taken off.
    events : as the log has them: day, date, stage, event, reason, and what is told beside it.
    serving, judged : {replica: digest}, of the bundle that it serves in the end, and of the one
        that it should.
    cost : of the fault; of nothing at all where there is none.
    dollars : of all trainings, and two for each nat of log-loss that was served.
    """

    days: int
    fault: str
    without: tuple[str, ...]
    events: tuple[Event, ...]
    serving: Mapping[str, str]
    judged: Mapping[str, str]
    cost: Cost
    dollars: float

    @property
    def planted(self) -> Event | None:
        """The narrator's event, which no stage knows of; None if the fault did not come yet."""
        return next((event for event in self.events if event["event"] == "planted"), None)

    @property
    def caught(self) -> Event | None:
        """The decision that stopped the fault; None if nothing did."""
        planted = self.planted
        if planted is None:
            return None
        about = self.events[self.events.index(planted) :]
        return next(
            (e for e in about if e["event"] in STOPS and e["candidate"] == planted["candidate"]),
            None,
        )

    @property
    def caught_at(self) -> str | None:
        """The stage that caught it."""
        return None if self.caught is None else str(self.caught["stage"])

    @property
    def caught_on(self) -> int | None:
        """The day on which it was caught."""
        return None if self.caught is None else int(self.caught["day"])

    @property
    def waited(self) -> int | None:
        """Days from the evening on which it came to the decision that stopped it."""
        return None if self.caught is None else self.caught_on - int(self.planted["day"])

    @property
    def stops(self) -> tuple[Event, ...]:
        """Every no of a stage, the sound candidates' included."""
        return tuple(event for event in self.events if event["event"] in STOPS)

    @property
    def promoted(self) -> tuple[Event, ...]:
        """Each time that everybody got a new version."""
        return tuple(event for event in self.events if event["event"] == EVERYBODY)

    @property
    def reached(self) -> bool:
        """Whether everybody got what was wrong."""
        planted, caught = self.planted, self.caught
        if planted is None:
            return False
        begin = self.events.index(planted)
        end = None if caught is None else self.events.index(caught)
        about = (e for e in self.events[begin:end] if e["event"] == EVERYBODY)
        return any(event["candidate"] == planted["candidate"] for event in about)

    @property
    def serves_what_was_judged(self) -> bool:
        """Whether each replica serves the bundle that it should in the end."""
        return self.serving == self.judged

    @property
    def status(self) -> int:
        """0: nothing that was wrong reached everybody, and what is served is what was judged; 1:
        it did, or the fleet was taken back after everybody had a new version.
        """
        back = any(event["stage"] == "rollback" for event in self.stops)
        return int(back or self.reached or not self.serves_what_was_judged)

    @property
    def sentence(self) -> str:
        """The same for people."""
        if self.fault == NONE:
            said = ", ".join(f"{e['stage']} on day {e['day']}" for e in self.stops)
            new = len(self.promoted)
            versions = f"{new} new version{'s' * (new != 1)}"
            return (
                f"{self.days} days without a fault: {versions} for everybody, "
                f"{len(self.stops)} times a no ({said or 'none'})."
            )
        fault = self.fault[0].upper() + self.fault[1:]
        if self.planted is None:
            return f"{fault}: not yet there after {self.days} days."
        cost = self.cost
        harm = (
            f"{cost.hurt:,} answers made worse and {cost.helped:,} better, "
            f"{cost.dollars:,.0f} dollars"
        )
        came = f"{fault} came on day {self.planted['day']}"
        if self.caught is None:
            return f"{came}, and nothing caught it: {harm}."
        return f"{came}; {self.caught_at} caught it after {self.waited} days: {harm}."

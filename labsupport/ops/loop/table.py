"""Every fault with the whole conjunction, with one stage taken off, with one stage only, and with
none left.
"""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.ops.loop.faults import FAULTS, NONE
from labsupport.ops.loop.policy import GATE, SEGMENTS, STAGES
from labsupport.ops.loop.rows import DAYS
from labsupport.ops.loop.turning import simulate

ALL_ON, ALL_OFF, ONLY = "all on", "all off", " only"


@dataclass(frozen=True)
class Row:
    """What a fault came to.

    Attributes
    ----------
    fault : its name.
    setting : "all on", "without STAGE", "STAGE only" or "all off".
    caught_at : the stage; None if nothing caught it.
    waited : days until then, or None.
    reached : whether everybody got it.
    hurt, helped : answers that users got; see story.Cost.
    trainings : on its rows.
    dollars : for those, and for log-loss beyond that of a model of sound rows.
    beyond : dollars of the whole run beyond those of the same setting without the fault: also for
        an improvement that came later, or never. Below zero where it came sooner.
    """

    fault: str
    setting: str
    caught_at: str | None
    waited: int | None
    reached: bool
    hurt: int
    helped: int
    trainings: int
    dollars: float
    beyond: float


def settings() -> dict[str, tuple[str, ...]]:
    """{setting: the stages that are taken off}."""
    without = {f"without {stage}": (stage,) for stage in STAGES}
    only = {
        f"{stage} only": tuple(
            s for s in STAGES if s not in ({GATE, SEGMENTS}, {stage})[stage != GATE]
        )
        for stage in STAGES
        if stage != SEGMENTS  # which is a part of the gate
    }
    return {ALL_ON: (), **without, **only, ALL_OFF: tuple(STAGES)}


def table_without(
    days: int = DAYS, faults: tuple[str, ...] | None = None, alone: bool = True
) -> list[Row]:
    """A row for each fault and setting.

    Parameters
    ----------
    days : that are lived through.
    faults : some of FAULTS; None: all but "none".
    alone : also with one stage only.

    Raises
    ------
    ValueError : no such days or fault.
    """
    found = []
    for fault in faults or [name for name in FAULTS if name != NONE]:
        for setting, without in settings().items():
            if setting.endswith(ONLY) and not alone:
                continue
            loop = simulate(days, fault, without)
            cost, waited = loop.cost, loop.waited
            costs = (cost.hurt, cost.helped, cost.trainings, cost.dollars)
            beyond = loop.dollars - simulate(days, NONE, without).dollars
            found.append(Row(fault, setting, loop.caught_at, waited, loop.reached, *costs, beyond))
    return found

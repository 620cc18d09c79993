"""Continuous training: when to train, never whether to deploy.

stream    the flights day by day; a model fitted to some weeks, and what it loses
losses    two models' losses, compared day by day for the gate
monitor   a control chart, the mix of the inputs, a detector by rows
rules     signals, cool-down, triggers with a reason
ratchet   the line of champions, and the one way into it
lineage   which rows made which model; a run that survives being killed
people    the quiet control
dollars   what a training costs, and someone who knew the future
timeline  all of it, run through the flights; dollars and regret
"""

from labsupport.triggers.lineage import Book, Lineage
from labsupport.triggers.losses import PairedLoss, compare_losses
from labsupport.triggers.monitor import Chart, control_chart, mix_shift, row_alarms, sigmas_for
from labsupport.triggers.ratchet import Line, judge, succession
from labsupport.triggers.rules import Signal, Trigger, due, triggers
from labsupport.triggers.stream import fit, flight_stream, left_out
from labsupport.triggers.timeline import Timeline, TriggerPolicy, live

__all__ = [
    "Book",
    "Chart",
    "Line",
    "Lineage",
    "PairedLoss",
    "Signal",
    "Timeline",
    "Trigger",
    "TriggerPolicy",
    "compare_losses",
    "control_chart",
    "due",
    "fit",
    "flight_stream",
    "judge",
    "left_out",
    "live",
    "mix_shift",
    "row_alarms",
    "sigmas_for",
    "succession",
    "triggers",
]

"""What test_ops_torch.py has torchrun start: many trainings in one group of processes, so that
PyTorch is imported once; and faults, planted into the program from outside.

torch_cases.py cases.json    [{"words": for train.main, "stop": step or null}, ...]; the status of
                             each goes to cases.RANK.json, and what the sums of one step were
torch_cases.py die WHEN RUN  WHEN is rank:step per start, as 1:1,0:26; step "model": after it is
                             written, before the checkpoint is taken away
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import torch

from labsupport.ops.runs.folder import Run
from labsupport.ops.torch import train

RANK = int(os.environ["RANK"])


def before_step(act) -> None:
    """Have `act(how many steps this process has made since it began, from 1)` called."""
    honest, made = train.add_up, [0]

    def add_up(*arguments):
        made[0] += 1
        act(made[0])
        return honest(*arguments)

    train.add_up = add_up


def run_case(case: dict) -> int:
    """The status of train.main, stopped in all processes before a step if the case says so."""
    honest = train.add_up

    def stop(step: int) -> None:
        if step == case.get("stop"):
            raise RuntimeError("stopped by the test")

    before_step(stop)
    try:
        return train.main(case["words"])
    finally:
        train.add_up = honest


def sums_of_late_processes(times: int = 40) -> list[list[str]]:
    """The same sums again and again, while the processes come in another order each time."""
    draw, wait = torch.Generator().manual_seed(RANK), random.Random(RANK)
    X = torch.randn(50, 12, generator=draw, dtype=torch.float64)
    piece = train.Piece(X, (X[:, 0] > 0).double(), 0)
    weights = torch.linspace(-1, 1, 12, dtype=torch.float64)
    own = train.sums(weights, piece)
    found = []
    for _ in range(times):
        time.sleep(wait.random() / 200)
        found.append(train.add_up(weights, [piece], 1))
    return [[x.hex() for x in row.tolist()] for row in (own, *found)]


def die(when: str) -> None:
    """kill -9 of this process where it is told to die, by rank, step and number of the start."""
    starts = when.split(",")
    start = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    if start >= len(starts):
        return
    rank, step = starts[start].split(":")
    if int(rank) != RANK:
        return

    def kill(*_) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if step == "model":
        honest = Run.write_model
        Run.write_model = lambda *arguments: (honest(*arguments), kill())
    else:
        before_step(lambda made: kill() if made == int(step) else None)


if __name__ == "__main__":
    if sys.argv[1] == "die":
        die(sys.argv[2])
        sys.exit(train.main(sys.argv[3:]))
    path = Path(sys.argv[1])
    with train.group():
        train.group = nullcontext  # the cases are in it already
        statuses = [run_case(case) for case in json.loads(path.read_text())]
        told = {"statuses": statuses, "sums": sums_of_late_processes()}
    path.with_suffix(f".{RANK}.json").write_text(json.dumps(told))

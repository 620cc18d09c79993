"""Models to register, verdicts to promote on, and processes that all start at once."""

from __future__ import annotations

import json
import time
from pathlib import Path

from nursery import born

from labsupport.durable import digest
from labsupport.gate import Policy, Verdict, gate
from labsupport.ops.registry import Registry, Version
from labsupport.outcomes import PairedOutcomes

ROOT = Path(__file__).resolve().parent.parent
GAINED = PairedOutcomes(50, 30, 2, 18)
MARGIN = Policy(max_gap=None)

# What a registry imports at its first question.
STORE = """
from labsupport.ops.registry.database import tables_of_mlflow
from mlflow import MlflowClient
from alembic.script import ScriptDirectory
tables_of_mlflow()
"""
# What a racer runs first. `together()` returns to all of them at the same moment, as often as it is
# asked.
RACER = """
import sys, time
from itertools import count
from pathlib import Path
sys.path.insert(0, {tests!r})
from registries import registered, verdict
from labsupport.ops.registry import PromotionLost, Registry
uri, folder, who, racers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
registry, times = Registry(uri), count()
def together():
    time = next(times)
    Path(folder, f"ready {{who}} {{time}}").touch()
    while not all(Path(folder, f"ready {{other}} {{time}}").exists() for other in range(racers)):
        if Path(folder, "over").exists():
            sys.exit("Another racer is gone.")
"""


def model(folder: Path, number: int) -> tuple[Path, str]:
    """A run's folder with the model of that number, and its digest."""
    run = folder / f"run{number}"
    run.mkdir(parents=True, exist_ok=True)
    data = json.dumps({"weights": [float(number).hex()], "lineage": "0" * 64}).encode()
    (run / "model.json").write_bytes(data)
    (run / "lineage.json").write_text('{"config": {"steps": 300}}', encoding="utf-8")
    return run, digest(data)


def registered(registry: Registry, folder: Path, number: int) -> Version:
    """That model, registered."""
    run, known = model(folder, number)
    lineage = {"data": {"name": "world:7:600", "rows": 600}, "parent": None, "trigger": "volume"}
    return registry.register(known, lineage, {"accuracy": 0.9, "accuracy of élan": 0.8}, run)


def verdict(gain: int = 30) -> Verdict:
    """To promote: a candidate that is right on so many rows where the baseline was not."""
    return gate(PairedOutcomes(50, gain, 2, 18), MARGIN)


def race(program: str, uri: str, folder: Path, racers: int = 2) -> list[list[str]]:
    """The lines that each of the racers printed."""
    folder.mkdir(parents=True, exist_ok=True)
    code = RACER.format(tests=str(ROOT / "tests")) + program
    running = [
        born(code, uri, str(folder), str(who), str(racers), strict=True, imports=STORE)
        for who in range(racers)
    ]
    while any(racer.poll() is None for racer in running):
        if any(racer.poll() for racer in running):
            (folder / "over").touch()
        time.sleep(0.01)
    return ["".join(racer.communicate()).splitlines() for racer in running]

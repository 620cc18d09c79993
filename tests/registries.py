"""Models to register, verdicts to promote on, and processes that all start at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from labsupport.durable import digest
from labsupport.gate import Policy, Verdict, gate
from labsupport.ops.registry import Registry, Version
from labsupport.outcomes import PairedOutcomes

ROOT = Path(__file__).resolve().parent.parent
GAINED = PairedOutcomes(50, 30, 2, 18)
MARGIN = Policy(max_gap=None)

# What a racer runs first: it opens the registry, says that it is ready, and waits for the start.
RACER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from registries import registered, verdict
from labsupport.ops.registry import PromotionLost, Registry
uri, folder, who = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
registry = Registry(uri)
def start():
    Path(folder, f"ready {{who}}").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.0005)
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


def race(program: str, uri: str, folder: Path, racers: int = 2) -> list[str]:
    """What each of the racers printed; they start together when all of them have opened."""
    folder.mkdir(parents=True, exist_ok=True)
    code = RACER.format(tests=str(ROOT / "tests")) + program
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, uri, str(folder), str(who)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for who in range(racers)
    ]  # fmt: skip
    while any(not (folder / f"ready {who}").exists() for who in range(racers)):
        if any(racer.poll() is not None for racer in running):
            break  # one of them failed, and will say why
        time.sleep(0.01)
    (folder / "go").touch()
    return [racer.communicate(timeout=120)[0].strip() for racer in running]

"""What a candidate is made of. The same is the same candidate, under the same name.

The environment is part of it: another numpy may round otherwise, and then makes another model.
The machine is not, so that a run can be checked on one and trained on another; what it did to the
weights shows in the model's own digest, and that is what is compared and deployed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from labsupport.ops.runs.snapshots import Snapshot
from labsupport.training import RATE, STEPS

CONFIG = {"steps": STEPS, "rate": RATE}
_HOME = Path(__file__).resolve().parents[2]
# What turns rows into weights. Where rows come from is not here: their digest stands for it.
_CODE = ("training.py", "ops/runs/training.py", "ops/torch/train.py")


def make_lineage(
    data: Snapshot,
    holdout: Snapshot,
    parent: str | None,
    trigger: str = "by hand",
    config: Mapping[str, object] = CONFIG,
) -> dict[str, object]:
    """What is written into lineage.json.

    Parameters
    ----------
    data, holdout : what it learns from, and what it will be judged on.
    parent : digest of the model that serves now; None for the first.
    trigger : why it is trained.
    config : of the training.
    """
    return {
        "data": _told(data),
        "holdout": _told(holdout),
        "code": code_digest(),
        "config": dict(config),
        "environment": environment(),
        "parent": parent,
        "trigger": trigger,
    }


def as_bytes(lineage: Mapping[str, object]) -> bytes:
    """The one way to write a lineage."""
    return f"{json.dumps(lineage, sort_keys=True, indent=1)}\n".encode()


def code_digest() -> str:
    """SHA-256 of the files that turn rows into weights, whatever ends their lines."""
    hashed = sha256()
    for name in _CODE:
        path = _HOME / name
        code = path.read_bytes().replace(b"\r\n", b"\n") if path.exists() else b""
        hashed.update(f"{name} {len(code)}\n".encode() + code)
    return hashed.hexdigest()


def environment() -> dict[str, str]:
    """Versions of what computes."""
    import numpy

    return {"python": "{}.{}".format(*sys.version_info), "numpy": numpy.__version__}


def _told(snapshot: Snapshot) -> dict[str, object]:
    return {"name": snapshot.name, "digest": snapshot.digest, "rows": snapshot.rows}

"""The folder of a run: small files that anybody can read, each whole or not there, and each
verified when it is read.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labsupport.durable import digest, only_one, replace_whole
from labsupport.ops.runs.lineage import as_bytes

RUNS = Path("build") / "runs"
LATEST = "latest"
LINEAGE, CHECKS, MODEL = "lineage.json", "checks.json", "model.json"
_ID = re.compile(r"[0-9a-f]{12}")
_KEYS = {"data", "holdout", "code", "config", "environment", "parent", "trigger"}


class RunError(ValueError):
    """A run that is not what it says it is."""


@dataclass(frozen=True)
class StoredModel:
    """A model, as it lies in a file.

    Attributes
    ----------
    weights : (d,) float array, all finite.
    lineage : digest of the lineage.json that it was made by.
    digest : of the file's bytes: the model's name.
    """

    weights: np.ndarray
    lineage: str
    digest: str


@dataclass(frozen=True)
class Run:
    """A run's folder. What it holds is read anew each time, and verified.

    Attributes
    ----------
    folder : of the run.
    """

    folder: Path

    @classmethod
    def create(cls, lineage: Mapping[str, object], runs: Path = RUNS) -> Run:
        """The run of this lineage; made if it is not there, and the latest from now on."""
        data = as_bytes(lineage)
        run = cls(Path(runs) / digest(data)[:12])
        run.write(LINEAGE, data)
        if _pointer(Path(runs) / LATEST) != run.id:
            replace_whole(Path(runs) / LATEST, f"{run.id}\n".encode())
        return run

    @property
    def id(self) -> str:
        """The first 12 hex digits of its lineage's digest; the folder's name."""
        return self.folder.resolve().name

    @property
    def lineage_digest(self) -> str:
        """Of the bytes of lineage.json."""
        return digest((self.folder / LINEAGE).read_bytes())

    @property
    def lineage(self) -> dict[str, object]:
        """What the candidate is made of.

        Raises
        ------
        FileNotFoundError : there is no lineage.json.
        RunError : it is not the one that gave the run its name.
        """
        data = (self.folder / LINEAGE).read_bytes()
        if _ID.fullmatch(self.id) and digest(data)[:12] != self.id:
            raise RunError(
                f"{LINEAGE} of run {self.id} was changed: its digest is {digest(data)[:12]}; "
                "restore it, or run `lab check` anew."
            )
        return read_lineage(data)

    def model(self) -> StoredModel:
        """The model that was trained.

        Raises
        ------
        FileNotFoundError : none was.
        RunError : it is no model, or not of this lineage.
        """
        data = (self.folder / MODEL).read_bytes()
        return read_model(data, (self.folder / LINEAGE).read_bytes())

    def write_model(self, weights: np.ndarray) -> StoredModel:
        """Store the weights that training found, all at once.

        Raises
        ------
        RunError : a weight is NaN or infinite.
        """
        told = {"weights": [float(w).hex() for w in weights], "lineage": self.lineage_digest}
        data = _plain(told)
        made = read_model(data, (self.folder / LINEAGE).read_bytes())
        self.write(MODEL, data)
        return made

    def read(self, name: str) -> dict[str, object] | None:
        """One of its JSON files; None where there is none.

        Raises
        ------
        RunError : it is no JSON object.
        """
        try:
            told = json.loads((self.folder / name).read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise RunError(f"{name} of run {self.id} cannot be understood; make it anew.")
        return told

    def write(self, name: str, data: bytes | Mapping[str, object]) -> None:
        """Write one of its files, whole or not at all; one that is as it should be stays."""
        data = data if isinstance(data, bytes) else _plain(data)
        path = self.folder / name
        if not (path.exists() and path.read_bytes() == data):
            replace_whole(path, data)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only command that works on this run, and clear away what a kill left.

        Raises
        ------
        BlockingIOError : another one works on it.
        """
        with only_one(self.folder / ".lock"):
            for left in self.folder.glob(".*.new"):
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
            yield


def resolve(name: str | Path, runs: Path = RUNS) -> Path:
    """The folder of the run that somebody named: its folder, its ID, or .../latest.

    Raises
    ------
    FileNotFoundError : there is none.
    RunError : latest does not say which run.
    """
    given = Path(name)
    for path in (given, Path(runs) / given):
        if path.is_dir():
            return path
        if path.is_file() and path.name == LATEST:
            found = _pointer(path)
            if found is None or not (path.parent / found).is_dir():
                raise RunError(f"{path} names no run beside it; run `lab check`.")
            return path.parent / found
    raise FileNotFoundError(2, "No such run", str(given))


def read_lineage(data: bytes) -> dict[str, object]:
    """A lineage, from the bytes of a lineage.json.

    Raises
    ------
    RunError : it is none.
    """
    try:
        told = json.loads(data)
        good = told.keys() == _KEYS and as_bytes(told) == data
        for part in ("data", "holdout"):
            good = good and told[part].keys() == {"name", "digest", "rows"}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        good = False
    if not good:
        raise RunError(f"{LINEAGE} cannot be understood; run `lab check` anew.")
    return told


def read_model(data: bytes, lineage: bytes) -> StoredModel:
    """A model, from the bytes of its file and of its lineage's.

    Raises
    ------
    RunError : it is no model, holds what is no finite number, or is of another lineage.
    """
    again = "train it anew"
    try:
        told = json.loads(data)
        weights = [float.fromhex(weight) for weight in told["weights"]]
        written = _plain({"weights": [w.hex() for w in weights], "lineage": told["lineage"]})
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise RunError(f"{MODEL} cannot be understood; {again}.") from None
    if not weights or not all(map(math.isfinite, weights)):
        raise RunError(f"{MODEL} holds a weight that is no finite number, or none; {again}.")
    if written != data:
        raise RunError(f"{MODEL} is not written as this lab does; {again}.")
    if told["lineage"] != digest(lineage):
        raise RunError(
            f"{MODEL} was made by lineage {told['lineage']!s:.12}, and {LINEAGE} beside it is "
            f"{digest(lineage)[:12]}; {again}."
        )
    return StoredModel(np.array(weights), told["lineage"], digest(data))


def _pointer(path: Path) -> str | None:
    """The ID in a file that points to a run."""
    try:
        found = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return found if _ID.fullmatch(found) else None


def _plain(told: Mapping[str, object]) -> bytes:
    return f"{json.dumps(told, sort_keys=True, indent=1, allow_nan=False)}\n".encode()

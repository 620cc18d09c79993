"""The same rows in files of any kind, for the tests of `lab evaluate`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

SUFFIXES = (".csv", ".parquet", ".npz")


def write(path: Path, columns: dict[str, list], group: int = 1000) -> Path:
    """Columns of Python values, in a file of the kind that its suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    elif path.suffix == ".parquet":
        made = {}
        for name, values in columns.items():
            array = pa.array(values)
            made[name] = array.dictionary_encode() if pa.types.is_string(array.type) else array
        parquet.write_table(pa.table(made), path, row_group_size=group)
    else:
        np.savez(path, **{name: np.array(values) for name, values in columns.items()})
    return path


def in_shards(folder: Path, columns: dict[str, list], ends: list[int], suffixes: list[str]) -> Path:
    """The same rows in files one after the other, which end at the given rows."""
    for i, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        part = {name: values[start:end] for name, values in columns.items()}
        write(folder / f"part-{i:03d}{suffixes[i % len(suffixes)]}", part, group=7)
    return folder


def rows(n: int, seed: int = 0, scores: bool = True) -> dict[str, list]:
    """A holdout with an id, a label, two models and two slice columns."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    models = [np.clip(0.5 + pull * (y - 0.5) + 0.2 * rng.standard_normal(n), 0, 1) for pull in
              (0.3, 0.2)]  # fmt: skip
    if not scores:
        models = [(m > 0.5).astype(int) for m in models]
    return {
        "id": rng.permutation(n).tolist(),
        "y": y.tolist(),
        "new": models[0].tolist(),
        "old": models[1].tolist(),
        "region": rng.choice(["north", "south", "Åre", "NA"], n).tolist(),
        "age": rng.integers(0, 3, n).tolist(),
    }

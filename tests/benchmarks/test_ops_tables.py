"""Files to a table of counts: ours, which also hashes every column, against pandas, polars and
DuckDB, which only count; and what it takes in memory. Nothing here asserts a time.
"""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from labsupport.ops.tables import evaluate_files

ROWS = 1_000_000
REGIONS = ["abroad", "capital", "centre", "east", "isles", "north", "south", "west"]


def holdout(rows, scores, seed=0):
    """A table of labels, two models and a slice column."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows).astype(np.uint8)
    models = [(rng.random(rows) < share).astype(np.uint8) ^ y for share in (0.10, 0.12)]
    if scores:
        models = [(0.6 * m + 0.39 * rng.random(rows)).round(6) for m in models]
    codes = pa.array(rng.integers(0, len(REGIONS), rows).astype(np.int8))
    region = pa.DictionaryArray.from_arrays(codes, REGIONS)
    return pa.table({"label": y, "new": models[0], "old": models[1], "region": region})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for what, scores in (("predictions", False), ("scores", True)):
        table = holdout(ROWS, scores)
        parquet.write_table(table, folder / f"{what}.parquet", row_group_size=1 << 18)
        plain = table.set_column(3, "region", table["region"].cast(pa.string()))
        csv.write_csv(plain, folder / f"{what}.csv")
    return folder


def labsupport(path, scores=False):
    found = evaluate_files(f"{path}:label", f"{path}:new", f"{path}:old", ["region"])
    return {name.removeprefix("region="): s.cells for name, s in found.outcomes.slices.items()}


def by_pandas(path, scores):
    columns = ["label", "new", "old", "region"]
    read = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
    frame = read(path, **{"columns" if path.suffix == ".parquet" else "usecols": columns})
    new, old = ((frame[m] > 0.5) if scores else frame[m] for m in ("new", "old"))
    cell = 2 * (new != frame.label).astype("int8") + (old != frame.label)
    counts = frame.region.to_frame().assign(cell=cell).groupby(["region", "cell"], observed=True)
    return cells_of(counts.size().items())


def by_polars(path, scores):
    scan = pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_csv(path)
    new, old = ((pl.col(m) > 0.5) if scores else pl.col(m) != 0 for m in ("new", "old"))
    y = pl.col("label") != 0
    cell = 2 * (new != y).cast(int) + (old != y).cast(int)
    region = pl.col("region").cast(pl.String)
    found = scan.group_by(region, cell=cell).len().collect(engine="streaming")
    return cells_of(((region, cell), n) for region, cell, n in found.rows())


def by_duckdb(path, scores):
    new, old = (f"({m} > 0.5)" if scores else f"({m} <> 0)" for m in ("new", "old"))
    cell = f"2 * ({new} <> (label <> 0))::INT + ({old} <> (label <> 0))::INT"
    asked = f"SELECT region, {cell} AS cell, count(*) FROM '{path}' GROUP BY ALL"
    with duckdb.connect() as connection:
        found = connection.execute(asked).fetchall()
    return cells_of(((region, cell), n) for region, cell, n in found)


def cells_of(counts):
    made = {}
    for (region, cell), n in counts:
        made.setdefault(region, [0, 0, 0, 0])[cell] = n
    return {region: tuple(cells) for region, cells in made.items()}


PEERS = [labsupport, by_pandas, by_polars, by_duckdb]


@pytest.mark.parametrize("count", PEERS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_predictions_to_a_table(benchmark, files, suffix, count):
    path = files / f"predictions.{suffix}"
    benchmark.group = f"predictions, {suffix}"
    benchmark.extra_info["rows"] = ROWS
    found = benchmark.pedantic(count, (path, False), rounds=3, warmup_rounds=1)
    assert found == by_duckdb(path, False)
    benchmark.extra_info["million rows a second"] = ROWS / 1e6 / benchmark.stats["min"]


@pytest.mark.parametrize("count", PEERS[1:], ids=lambda f: f.__name__)
def test_scores_to_the_same_table(benchmark, files, count):
    """Ours computes two AUCs and their standard errors from scores, which no peer does; so it is
    asked for its integers only, and the peers for their time among each other.
    """
    path = files / "scores.parquet"
    benchmark.group = "scores, parquet"
    found = benchmark.pedantic(count, (path, True), rounds=3, warmup_rounds=1)
    assert found == labsupport(path)

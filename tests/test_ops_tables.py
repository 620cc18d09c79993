"""Files of other people's models to one comparison: the same for the same rows in any files, and
equal to what a database counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from table_files import SUFFIXES, in_shards, rows, write

from labsupport.exact import as_written
from labsupport.ops.cluster import executor
from labsupport.ops.tables import areas, columns, counting, evaluate_files, joining, sketching
from labsupport.ops.tables import rows as in_step
from labsupport.scores import compare_auc

SLICES = ("region", "age")


def evaluate(path, slices=SLICES, **more):
    return evaluate_files(f"{path}:y", f"{path}:new", f"{path}:old", slices, **more)


# ---- the same integers as a database's, from every kind of file
# ----------------------------------------------------------------------------------------------


def counted_by_duckdb(path, threshold, by="'all'"):
    new, old = (f"({m} > {threshold}) <> (y = 1)" for m in ("new", "old"))
    asked = f"""SELECT {by}, count(*) FILTER (NOT ({new}) AND NOT ({old})),
        count(*) FILTER (NOT ({new}) AND ({old})), count(*) FILTER (({new}) AND NOT ({old})),
        count(*) FILTER (({new}) AND ({old})) FROM '{path}' GROUP BY 1"""
    with duckdb.connect() as connection:
        return {str(name): tuple(cells) for name, *cells in connection.execute(asked).fetchall()}


@pytest.mark.parametrize("threshold", ["0.5", "0.3", "0"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_counts_are_those_of_a_database(tmp_path, suffix, threshold):
    table = rows(5000)
    reference = write(tmp_path / "reference.parquet", table)
    found = evaluate(write(tmp_path / f"all{suffix}", table), threshold=Decimal(threshold)).outcomes
    assert counted_by_duckdb(reference, threshold)["all"] == found.cells
    expected = {
        f"{column}={name}": cells
        for column in SLICES
        for name, cells in counted_by_duckdb(reference, threshold, column).items()
    }
    assert {name: part.cells for name, part in found.slices.items()} == expected
    assert len(expected) == 7 and "region=NA" in expected


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_predictions_need_no_threshold_and_have_no_auc(tmp_path, suffix):
    table = rows(3000, scores=False)
    found = evaluate(write(tmp_path / f"all{suffix}", table))
    asked = counted_by_duckdb(write(tmp_path / "reference.parquet", table), 0.5)
    assert asked["all"] == found.outcomes.cells
    assert found.auc is None and "0 and 1" in found.notes[-1]


def test_one_model_with_scores_has_no_auc(tmp_path):
    table = rows(100) | {"old": rows(100, scores=False)["old"]}
    found = evaluate(write(tmp_path / "all.csv", table))
    assert found.auc is None and "baseline gave 0 and 1" in found.notes[-1]


KINDS = [bool, np.int8, np.uint64, np.float16, np.float32, float]


@pytest.mark.parametrize("suffix", [".parquet", ".npz"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_column_of_0_and_1_may_have_any_type(tmp_path, kind, suffix):
    plain = rows(500, scores=False)
    expected = evaluate(write(tmp_path / f"plain{suffix}", plain))
    typed = {what: np.array(plain[what]).astype(kind) for what in ("y", "new", "old")}
    if suffix == ".npz":
        np.savez(tmp_path / "typed.npz", **(plain | typed))
    else:
        parquet.write_table(pa.table(plain | typed), tmp_path / "typed.parquet")
    assert evaluate(tmp_path / f"typed{suffix}") == expected


def test_csv_may_say_true_and_false_as_python_or_sql_does(tmp_path):
    plain = rows(300, scores=False)
    expected = evaluate(write(tmp_path / "plain.csv", plain), ())
    for i, words in enumerate([("False", "True"), ("false", "true"), ("FALSE", "TRUE")]):
        said = {what: [words[value] for value in plain[what]] for what in ("y", "new", "old")}
        assert evaluate(write(tmp_path / f"{i}.csv", plain | said), ()) == expected


def test_true_and_false_are_the_same_slices_in_every_file(tmp_path):
    plain = rows(200, scores=False)
    plain["vip"] = [value == 1 for value in plain["age"]]
    paths = [write(tmp_path / f"all{suffix}", plain) for suffix in SUFFIXES]
    found = [evaluate(path, ("vip",)) for path in paths]
    assert found[0] == found[1] == found[2]
    assert set(found[0].outcomes.slices) == {"vip=true", "vip=false"}


def test_dictionaries_are_merged_by_name(tmp_path):
    """Each row group has its own order of values, and one that no row has."""
    table = rows(900, scores=False)
    groups = []
    for i, start in enumerate(range(0, 900, 300)):
        values = ["north", "south", "Åre", "NA", f"unused {i}"][:: 1 if i % 2 else -1]
        codes = [values.index(region) for region in table["region"][start : start + 300]]
        part = {name: column[start : start + 300] for name, column in table.items()}
        part["region"] = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), values)
        groups.append(pa.table(part))
    with parquet.ParquetWriter(tmp_path / "all.parquet", groups[0].schema) as writer:
        for group in groups:
            writer.write_table(group)
    assert evaluate(tmp_path / "all.parquet") == evaluate(write(tmp_path / "all.csv", table))


# ---- thresholds as written
# ----------------------------------------------------------------------------------------------


def test_a_float32_of_the_threshold_does_not_exceed_it(tmp_path):
    scores = np.array([0.1, 0.10000001, 0.09, 0.5, 0.5], np.float32)
    assert float(scores[0]) > 0.1  # as a double it would
    table = pa.table({"y": [0, 1, 0, 1, 1], "new": scores, "old": scores})
    parquet.write_table(table, tmp_path / "all.parquet")
    found = evaluate(tmp_path / "all.parquet", (), threshold=0.1).outcomes
    assert found.cells == (5, 0, 0, 0)


@given(
    st.sampled_from([np.float32, np.float64]),
    st.decimals(0, "0.999", places=9) | st.floats(0, 0.999).map(lambda x: Decimal(repr(x))),
    st.lists(st.floats(0, 1, width=32), max_size=20),
)
def test_a_score_exceeds_the_threshold_as_a_decimal_would(kind, threshold, scores):
    near = kind(float(threshold))
    around = [np.nextafter(near, kind(end)) for end in (-1, 2)]
    values = np.array([near, *around, *scores], kind)
    found = columns.exceeds(values, Fraction(threshold))
    assert found.tolist() == [as_written(value) > Fraction(threshold) for value in values]


# ---- the same rows in any files are one comparison
# ----------------------------------------------------------------------------------------------

ANY_SPLIT = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@ANY_SPLIT
@given(data=st.data())
def test_formats_shards_batches_and_workers_change_nothing(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("same")
    n = data.draw(st.integers(2, 120), label="rows")
    table = rows(n, data.draw(st.integers(0, 5)), data.draw(st.booleans(), label="scores"))
    block = data.draw(st.sampled_from([16, 64]), label="rows of a block")
    with pytest.MonkeyPatch.context() as patch:
        for module in (in_step, joining):
            patch.setattr(module, "BLOCK", block)
        patch.setattr(counting, "PART", 2 * block)
        patch.setattr(areas, "EXACT_ROWS", data.draw(st.sampled_from([0, 10**6]), label="exact"))
        expected = evaluate(write(folder / "all.csv", table))
        cuts = st.lists(st.integers(0, n), max_size=6)
        shards = [
            in_shards(
                folder / f"shards-{what}",
                table,
                [*sorted(data.draw(cuts)), n],
                data.draw(st.lists(st.sampled_from(SUFFIXES), min_size=1, max_size=3)),
            )
            for what in ("y", "new", "old")
        ]
        places = [f"{p}:{what}" for p, what in zip(shards, ("y", "new", "old"), strict=True)]
        assert evaluate_files(*places, SLICES) == expected
        with ThreadPoolExecutor(data.draw(st.integers(1, 3), label="workers")) as workers:
            assert evaluate_files(*places, SLICES, executor=workers) == expected
            single = f"{write(folder / 'one.parquet', table, 10)}"
            assert evaluate(single, executor=workers) == expected


def test_digests_differ_where_a_value_does(tmp_path):
    table = rows(300)
    first = evaluate(write(tmp_path / "first.npz", table))
    changes = {
        "new": ("candidate", lambda value: np.nextafter(value, 0)),
        "old": ("baseline", lambda value: np.nextafter(value, 0)),
        "y": ("holdout", lambda value: 1 - value),
        "region": ("holdout", lambda value: "south" if value == "NA" else "NA"),
    }
    for what, (digest, change) in changes.items():
        changed = list(table[what])
        changed[7] = change(changed[7])
        other = evaluate(write(tmp_path / f"{what}.npz", table | {what: changed}))
        differ = {d for d in ("candidate", "baseline", "holdout")
                  if getattr(first, d) != getattr(other, d)}  # fmt: skip
        assert differ == {digest}
    ids = evaluate(tmp_path / "first.npz", id="id")
    assert ids.holdout != first.holdout and ids.candidate == first.candidate


def test_processes_and_this_one_count_the_same(tmp_path):
    """Real workers, two parts: more than PART rows, in row groups that do not fit blocks."""
    n, rng = counting.PART + 70_001, np.random.default_rng(5)
    y, new, old = (rng.integers(0, 2, n, dtype=np.uint8) for _ in range(3))
    table = pa.table({"y": y, "new": new, "old": old, "age": rng.integers(0, 9, n, dtype=np.uint8)})
    parquet.write_table(table, tmp_path / "all.parquet", row_group_size=300_001)
    alone = evaluate(tmp_path / "all.parquet", ("age",))
    seen = []
    with executor(None, 2) as workers:
        shared = evaluate(
            tmp_path / "all.parquet", ("age",), executor=workers, progress=seen.append
        )
    assert shared == alone and alone.outcomes.n == n and len(alone.outcomes.slices) == 9
    assert len(seen) == 2


# ---- joined by id
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [int, str, "mixed", "padded"])
def test_rows_in_another_order_are_joined_by_id(tmp_path, kind):
    table = rows(400)
    name = {"mixed": lambda i: str(i) if i % 2 else f"row {i}", "padded": "{:05d}".format}.get(
        kind, kind
    )
    table["id"] = [name(i) for i in table["id"]]
    expected = evaluate(write(tmp_path / "all.csv", table))
    places = [f"{tmp_path / 'all.csv'}:y"]
    for seed, (what, suffix) in enumerate((("new", ".parquet"), ("old", ".npz"))):
        order = np.random.default_rng(seed).permutation(400)
        shuffled = {column: [table[column][i] for i in order] for column in ("id", what)}
        places.append(f"{write(tmp_path / f'{what}{suffix}', shuffled)}:{what}")
    found = evaluate_files(*places, SLICES, id="id")
    assert (found.outcomes, found.auc) == (expected.outcomes, expected.auc)
    assert (found.candidate, found.baseline) == (expected.candidate, expected.baseline)
    assert found.notes[0] == "Rows are joined by the column 'id'."
    assert found == evaluate(tmp_path / "all.csv", id="id")  # and the ids are in the digest


def test_more_rows_than_a_join_can_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(joining, "MOST_JOINED", 50)
    path = write(tmp_path / "all.csv", rows(60))
    with pytest.raises(ValueError, match=r"more than 50 rows.*memory.*leave out --id"):
        evaluate(path, id="id")


# ---- areas
# ----------------------------------------------------------------------------------------------


def test_the_auc_is_exact_where_it_fits(tmp_path):
    table = rows(2000)
    found = evaluate(write(tmp_path / "all.npz", table)).auc
    y, new, old = (np.array(table[what]) for what in ("y", "new", "old"))
    names = {f"{c}={v}": np.array(table[c]) == v for c in SLICES for v in set(table[c])}
    expected = compare_auc(y, new, old, names)
    assert found.slices.keys() == expected.slices.keys()
    assert found == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 300), st.integers(0, 99), st.sampled_from([1 << 4, 1 << 8, 1 << 14]))
def test_a_sketch_is_as_close_as_it_says(n, seed, steps):
    """Its gain is within the bound, and its standard error covers both: of any scores."""
    table = rows(n, seed)
    y, new, old = (np.array(table[what]) for what in ("y", "new", "old"))
    y[:4] = 0, 1, 0, 1
    exact = compare_auc(y == 1, new, old)
    chunk = {in_step.LABEL: y == 1, in_step.CANDIDATE: new, in_step.BASELINE: old,
             "id": np.arange(n)}  # fmt: skip
    held = joining.Joined(chunk, [])
    layout = sketching.Layout((), steps)
    counts = sketching._counted(layout, counting.Part(held))
    sums = np.array(sketching._spread(layout, counts, counting.Part(held))).sum(axis=0)
    models = counts[0].swapaxes(0, 1).astype(np.int64)
    area, bound = sketching._area(models, sums)
    rounded = compare_auc(y == 1, np.floor(new * steps).clip(max=steps - 1),
                          np.floor(old * steps).clip(max=steps - 1))  # fmt: skip
    assert area.exact_gain == rounded.exact_gain
    assert area.standard_error == pytest.approx(rounded.standard_error, rel=1e-6, abs=1e-12)
    assert abs(area.gain - exact.gain) <= bound + 1e-12
    blur = sum(sketching._blur(*model) for model in models)
    assert abs(area.standard_error - exact.standard_error) <= blur + 1e-9


def test_a_sketch_says_that_it_is_one_or_gives_nothing(tmp_path, monkeypatch):
    path = write(tmp_path / "all.parquet", rows(3000))
    exact = evaluate(path).auc
    monkeypatch.setattr(areas, "EXACT_ROWS", 100)
    found = evaluate(path)
    assert found.notes[-1].startswith("The AUC is a sketch")
    for name, part in found.auc.slices.items():
        true = exact.slices[name]
        assert abs(part.gain - true.gain) < 1e-4
        assert true.standard_error < part.standard_error < 1.02 * true.standard_error
    monkeypatch.setattr(sketching, "MOST_STEPS", 2)
    coarse = evaluate(path)
    assert coarse.auc is None and "more than its standard error" in coarse.notes[-1]
    monkeypatch.setattr(sketching, "MOST_GROUPS", 3)
    assert "too coarse" in evaluate(path).notes[-1]


@pytest.mark.parametrize("exact", [0, 10**6])
def test_a_slice_of_one_class_leaves_no_auc_at_all(tmp_path, monkeypatch, exact):
    monkeypatch.setattr(areas, "EXACT_ROWS", exact)
    table = rows(500)
    table["age"] = ["child" if y and i < 40 else "other" for i, y in enumerate(table["y"])]
    found = evaluate(write(tmp_path / "all.csv", table), ("age",))
    assert found.auc is None and "age=child" in found.notes[-1]


# ---- memory
# ----------------------------------------------------------------------------------------------

MEASURED = """
import resource, sys
from pathlib import Path
from labsupport.ops.tables import evaluate_files
path, n = sys.argv[1], int(sys.argv[2])
found = evaluate_files(f"{path}:y", f"{path}:new", f"{path}:old", ["age"])
assert found.outcomes.n == n, found.outcomes.n
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
status = Path("/proc/self/status")  # Linux: the above is also that of who started this process
if status.exists():
    said = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    peak = int(said.split()[1]) * 1024
print(peak)
"""


@pytest.mark.posix_only("getrusage")
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_memory_does_not_grow_with_rows(tmp_path, suffix):
    rng, peaks = np.random.default_rng(0), []
    for n in (50, 1_500_000):
        table = pa.table(
            {what: rng.integers(0, 2, n, dtype=np.uint8) for what in ("y", "new", "old", "age")}
        )
        path = tmp_path / f"{n}{suffix}"
        if suffix == ".csv":
            pa.csv.write_csv(table, path)
        else:
            parquet.write_table(table, path)
        command = [sys.executable, "-c", MEASURED, path, str(n)]
        done = subprocess.run(command, capture_output=True, check=True, env=os.environ)
        peaks.append(int(done.stdout))
    assert peaks[1] < 300e6
    assert peaks[1] - peaks[0] < 100e6

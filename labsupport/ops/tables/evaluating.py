"""Files of labels and predictions in, a comparison out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from fractions import Fraction

from labsupport.exact import as_written
from labsupport.ops.record import Compared
from labsupport.ops.tables.areas import area_of
from labsupport.ops.tables.counting import Progress, count_shards
from labsupport.ops.tables.joining import Joined, join
from labsupport.ops.tables.places import Place, TableError
from labsupport.ops.tables.rows import BASELINE, CANDIDATE, LABEL, InStep, Source, sources_of


def evaluate_files(
    labels: str | Place,
    candidate: str | Place,
    baseline: str | Place,
    slices: Sequence[str] = (),
    id: str | None = None,
    threshold: object = 0.5,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Compared:
    """Compare two models by what they said of the same rows.

    Parameters
    ----------
    labels, candidate, baseline : "FILE:COLUMN" or Place: a CSV, Parquet or NPZ file, or a folder of
        them, and a column of it. Labels are 0 and 1; predictions as well, or scores from 0 to 1.
    slices : columns of the labels' file; a slice is named "COLUMN=value". Several columns make
        slices that overlap.
    id : a column that all files have, by which rows are joined; None: by row number.
    threshold : a score above it is a prediction of 1; both are the decimals that they are written
        as. From 0 to below 1.
    executor : of ops.cluster.executor, for files in step; None: this process.
    progress : called with a number of rows whenever they are done.

    Returns
    -------
    The comparison: the same for the same rows, whatever the files' format, batches and shards. Its
    digests are of the values: a float32 of 0.1 is not the double 0.1 that CSV would hold.

    Raises
    ------
    TableError : what is wrong with which file, in a sentence.
    FileNotFoundError : there is no such file.
    """
    above = _threshold(threshold)
    columns = tuple(dict.fromkeys(slices))
    places = [Place.parse(place) for place in (labels, candidate, baseline)]
    sources = sources_of(*places, columns, id, above)
    rows = _rows(sources, columns, id, executor, progress)
    tally = count_shards(rows, executor, progress)
    auc, said = area_of(rows, tally, columns, executor, progress)
    for source in sources:
        source.unchanged()
    notes = ["Rows are joined by " + ("row number." if id is None else f"the column {id!r}.")]
    if columns:
        notes.append(f"Slices are columns of the labels' file: {', '.join(columns)}.")
    if tally.scored:
        notes.append(f"A score above {_decimal(above)} counts as 1.")
    ids = () if id is None else ("id",)
    return Compared(
        tally.outcomes(columns),
        auc,
        tally.digest(LABEL, *ids, *range(len(columns))),
        tally.digest(CANDIDATE),
        tally.digest(BASELINE),
        (*notes, said),
    )


def _threshold(threshold: object) -> Fraction:
    try:
        above = as_written(threshold, "threshold")
    except TypeError as error:
        raise TableError(str(error)) from None
    if not 0 <= above < 1:
        raise TableError(f"A threshold is from 0 to below 1; got {threshold}.")
    return above


def _decimal(number: Fraction) -> str:
    return f"{float(number):g}"


def _rows(
    sources: tuple[Source, ...],
    columns: tuple[str, ...],
    id: str | None,
    executor: Executor | None,
    progress: Progress | None,
) -> InStep | Joined:
    """The rows, counted where that is cheap or lets workers share them."""
    if id is not None:
        return join(sources, columns, progress)
    counted = []
    for source in sources:
        if source.is_told or (executor is not None and len(source.files) > 1):
            source = source.counted(executor)
        counted.append(source)
    rows = InStep(tuple(counted), columns)
    rows.same_length()
    return rows

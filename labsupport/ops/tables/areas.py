"""The AUC of files of scores: exact where all rows fit in memory, else by a sketch."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from labsupport.ops.tables.counting import Tally
from labsupport.ops.tables.joining import Joined
from labsupport.ops.tables.rows import BASELINE, CANDIDATE, LABEL, InStep, joined
from labsupport.ops.tables.sketching import sketch_auc
from labsupport.scores import PairedAUC, compare_auc

EXACT_ROWS = 4_000_000  # which take some 600 MB


def area_of(
    rows: InStep | Joined,
    tally: Tally,
    columns: tuple[str, ...],
    executor: Executor | None = None,
    progress=None,
) -> tuple[PairedAUC | None, str]:
    """The AUC of both models, overall and per slice, and a sentence on how it was computed.

    Returns
    -------
    None, and the reason: there are no scores, a slice has too few rows of a class, or a sketch
    would be too coarse. A part of the slices is not given: what nobody measured could then pass.
    """
    if len(tally.scored) < 2:
        lack = " and ".join(who for who in (CANDIDATE, BASELINE) if who not in tally.scored)
        return None, f"No AUC: {lack} gave 0 and 1, and an AUC needs scores."
    groups = [(i, name) for i, found in enumerate(tally.slices) for name in sorted(found)]
    counted = {"The holdout": tally.cells}
    counted |= {f"Slice '{columns[i]}={name}'": tally.slices[i][name] for i, name in groups}
    for name, cells in counted.items():
        negatives, positives = int(cells[:4].sum()), int(cells[4:].sum())
        if min(negatives, positives) < 2:
            return None, (
                f"No AUC: {name} has {positives} positives and {negatives} negatives, and an AUC "
                "needs at least two of each."
            )
    if tally.rows <= EXACT_ROWS:
        return _exact(rows, groups, columns), "The AUC is exact."
    return sketch_auc(rows, groups, columns, executor, progress)


def _exact(
    rows: InStep | Joined, groups: list[tuple[int, str]], columns: tuple[str, ...]
) -> PairedAUC:
    names: list = []
    chunks = []
    for block in rows.blocks():
        chunks.append(block.chunk)
        names = block.names
    held = joined(chunks)
    y, *scores = (held[what] for what in (LABEL, CANDIDATE, BASELINE))
    orders = []
    for i in range(len(names)):
        order = np.argsort(held[i], kind="stable")
        orders.append((order, held[i][order]))
    parts = {}
    for i, name in groups:
        order, codes = orders[i]
        code = names[i].codes[name]
        mine = order[np.searchsorted(codes, code) : np.searchsorted(codes, code, "right")]
        slice_name = f"{columns[i]}={name}"
        parts |= compare_auc(
            y[mine], *(s[mine] for s in scores), {slice_name: np.ones(len(mine), bool)}
        ).slices
    return replace(compare_auc(y, *scores), slices=parts)

"""The cheap checks of a candidate's rows: minutes before the hours, in one conjunction."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from labsupport.checks import Check
from labsupport.exact import as_written
from labsupport.gate import Verdict, conclude
from labsupport.ops.runs.policy import CheckPolicy
from labsupport.ops.runs.snapshots import Snapshot
from labsupport.ops.runs.training import trainer
from labsupport.validation import smoke_test, validate
from labsupport.validation.frames import frame_of

ROWS = "row count"
Stage = tuple[str, Callable[[], tuple[Check, ...]]]


def check_rows(
    data: Snapshot,
    holdout: Snapshot,
    reference: Snapshot | None,
    policy: CheckPolicy,
    config: dict[str, object],
    progress: Callable[[str], None] = lambda name: None,
) -> Verdict:
    """Decide whether rows may be trained on: rules, then the distribution, then a smoke test. What
    has failed ends it, and nothing after that is paid for.

    Parameters
    ----------
    reference : rows that the data must look like; None: there are none, and nobody compares.
    config : of the training that is tried.
    progress : called with the name of each part before it is made.
    """
    found: list[Check] = []
    for name, part in stages(data, holdout, reference, policy, config):
        progress(name)
        found += part()
        if any(check.passed is False for check in found):
            break
    return conclude(found)


def stages(
    data: Snapshot,
    holdout: Snapshot,
    reference: Snapshot | None,
    policy: CheckPolicy,
    config: dict[str, object],
) -> list[Stage]:
    """The parts of check_rows, cheapest first."""

    def tried() -> tuple[Check, ...]:
        # Any of them: the first ones may all have one label.
        rows = np.random.default_rng(0).permutation(data.rows)[: policy.smoke_rows]
        X, y = data.X[rows], data.y[rows]
        return smoke_test(trainer(config), X, y, policy.smoke_steps).checks

    def compared() -> tuple[Check, ...]:
        checks = validate(_frame(data), _frame(reference), policy.data).checks
        return tuple(check for check in checks if check.name != ROWS)  # the rules have it

    parts: list[Stage] = [("rules", lambda: tuple(_rules(data, holdout, policy)))]
    if reference is not None:
        parts.append(("distribution", compared))
    return [*parts, ("smoke test", tried)]


def _rules(data: Snapshot, holdout: Snapshot, policy: CheckPolicy) -> Iterator[Check]:
    yield _row_count(data.rows, policy)
    yield _columns(data, holdout)
    bad = int((~np.isfinite(data.X)).sum() + (~np.isfinite(np.asarray(data.y, float))).sum())
    said = f"{bad:,} of the values are NaN or infinite; asked for: none."
    yield Check("finite", None, float(bad), 0, bad == 0, said)
    odd = int((~np.isin(data.y, (0, 1))).sum())
    classes = len(np.unique(data.y))
    said = f"{odd:,} labels are neither 0 nor 1, and there are {classes} classes; asked for: both."
    yield Check("labels", None, float(odd), 0, odd == 0 and classes == 2, said)
    yield _shared(data, holdout, policy)


def _row_count(rows: int, policy: CheckPolicy) -> Check:
    least, most = policy.data.rows
    passed = rows >= least and (most is None or rows <= most)
    limits = f"at least {least:,}" + ("" if most is None else f" and at most {most:,}")
    bound = most if most is not None and rows > most else least
    said = f"The snapshot has {rows:,} rows; asked for: {limits}."
    return Check(ROWS, None, float(rows), bound, passed, said)


def _columns(data: Snapshot, holdout: Snapshot) -> Check:
    differ = len({*data.columns} ^ {*holdout.columns})
    passed = data.columns == holdout.columns
    order = "" if passed or differ else ", and those come in another order"
    said = f"{differ} features are only in the data or only in the holdout{order}."
    return Check("schema", None, float(differ), 0, passed, said)


def _shared(data: Snapshot, holdout: Snapshot, policy: CheckPolicy) -> Check:
    count = shared_rows(data, holdout)
    share = count / data.rows
    passed = share <= as_written(policy.max_shared)
    said = (
        f"{count:,} of the {data.rows:,} rows are in the holdout, too; asked for: "
        f"{policy.max_shared:.2%} at most."
    )
    return Check("rows of the holdout", None, share, policy.max_shared, passed, said)


def shared_rows(data: Snapshot, holdout: Snapshot) -> int:
    """How many rows of the data are rows of the holdout."""
    if data.identity.dtype != holdout.identity.dtype:
        return 0  # other features, or rows of another kind
    return int(np.isin(data.identity, holdout.identity).sum())


def _frame(snapshot: Snapshot):
    named = dict(zip(snapshot.columns, snapshot.X.T, strict=True))
    return frame_of({**named, "label": np.asarray(snapshot.y)})

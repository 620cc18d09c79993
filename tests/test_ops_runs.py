"""Rows under a name, a run's folder, the cheap checks: what is refused, and in which words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from refusals import refuses

from labsupport.data import load_flights
from labsupport.durable import digest
from labsupport.ops.runs import (
    CheckPolicy,
    Run,
    RunError,
    Scored,
    Snapshot,
    check_rows,
    evaluate_models,
    load_snapshot,
    make_lineage,
    read_check_policy,
    read_model,
    resolve,
    rows_of,
    train_run,
)
from labsupport.ops.runs.checking import shared_rows
from labsupport.ops.runs.lineage import CONFIG, as_bytes
from labsupport.ops.runs.policy import KEYS, check_policy
from labsupport.training import fit_logistic
from labsupport.validation import DataPolicy
from labsupport.world import World

WORLD = World.create()
HOLDOUT = load_snapshot("world:holdout")
PASSED = {"decision": "promote", "reason": "promoted", "checks": [{"passed": True}]}


def made_run(folder, data: str = "world:1:600", parent: str | None = None, **more) -> Run:
    lineage = make_lineage(load_snapshot(data), HOLDOUT, parent, **more)
    run = Run.create(lineage, folder)
    run.write("checks.json", {**PASSED, "lineage": run.lineage_digest})
    return run


# ---- snapshots


def test_the_world_under_its_names():
    rows = load_snapshot("world:2:8000")
    sample = WORLD.sample(2, 8000)
    assert np.array_equal(rows.X, sample.X) and np.array_equal(rows.y, sample.y)
    assert rows.rows == 8000 and rows.columns == tuple(f"x{i}" for i in range(12))
    tail = {name: int(mask.sum()) for name, mask in HOLDOUT.slices.items()}
    assert tail == {"x0 > 0": 1996, "x0 <= 0": 2004, "x0 > 2": 70}
    assert np.array_equal(HOLDOUT.X, WORLD.holdout.X)


def test_flights_by_week_airport_and_busiest_airline():
    rows, flights = load_snapshot("flights:8-9"), load_flights()
    there = (flights.week >= 8) & (flights.week <= 9)
    assert np.array_equal(rows.y, flights.late[there])
    airports = [mask for name, mask in rows.slices.items() if name.startswith("from ")]
    assert (sum(mask.astype(int) for mask in airports) == 1).all() and len(airports) == 3
    counts = {name: int(mask.sum()) for name, mask in rows.slices.items()}
    assert counts["from JFK"] == int((flights.columns["origin"][there] == 2).sum())
    assert [name for name in counts if name.startswith("by ")] == [
        "by UA", "by B6", "by EV", "by DL", "by AA",
    ]  # fmt: skip
    with refuses(ValueError, "no rows for the weeks"):
        load_snapshot("flights:31-33")


def test_the_digest_is_of_all_that_is_learnt_from_and_not_of_the_name():
    rows = load_snapshot("world:1:60")
    changed = [
        {"X": rows.X + np.eye(60, 12) * 1e-15}, {"y": 1 - rows.y}, {"columns": rows.columns[::-1]},
        {"slices": {**rows.slices, "x0 > 0": rows.X[:, 1] > 0}},
        {"slices": {k: v for k, v in rows.slices.items() if k != "x0 > 2"}},
    ]  # fmt: skip
    digests = {replace(rows, **change).digest for change in changed}
    assert len(digests | {rows.digest}) == 6
    assert replace(rows, name="other").digest == rows.digest


def table(n: int = 8) -> dict[str, list]:
    return {
        "age": [float(i) for i in range(n)],
        "slice:sex": ["m", "f"] * (n // 2),
        "label": [0, 1] * (n // 2),
    }


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_a_file_has_a_label_slices_and_features(tmp_path, kind):
    path, columns = tmp_path / f"rows.{kind}", table()
    frame = pd.DataFrame(columns)
    if kind == "npz":
        np.savez(path, **{name: np.array(values) for name, values in columns.items()})
    else:
        getattr(frame, f"to_{kind}")(path, index=False)
    rows = load_snapshot(str(path))
    assert rows.columns == ("age",) and rows.X.tolist() == [[float(i)] for i in range(8)]
    assert rows.y.tolist() == columns["label"] and rows.y.dtype.kind == "i"
    assert {name: mask.tolist() for name, mask in rows.slices.items()} == {
        "sex = f": [False, True] * 4, "sex = m": [True, False] * 4,
    }  # fmt: skip
    renamed = load_snapshot(f"{path}:age")
    assert renamed.columns == ("label",) and renamed.y.tolist() == list(range(8))


def test_the_three_kinds_of_file_are_one_snapshot(tmp_path):
    frame = pd.DataFrame(table())
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    np.savez(tmp_path / "a.npz", **{name: np.array(v) for name, v in table().items()})
    kinds = ("csv", "parquet", "npz")
    assert len({load_snapshot(str(tmp_path / f"a.{kind}")).digest for kind in kinds}) == 1


def test_an_empty_cell_is_missing_and_for_the_checks_to_find(tmp_path):
    (tmp_path / "a.csv").write_text("age,label\n1,0\n,1\n3,1\n")
    rows = load_snapshot(str(tmp_path / "a.csv"))
    assert np.isnan(rows.X[1, 0]) and rows.y.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no CSV file with a header"),
        ("age,label\n", "no rows"),
        ("age,other\n1,0\n", "no column 'label'"),
        ("label\n0\n1\n", "no features"),
        ("age,label\nold,0\n", "not of numbers"),
        ("age,label\n1,0\n1\n", "line 3 has another number of cells"),
        ("age,age,label\n1,1,0\n", "a name is twice"),
        ('age,label\n"1,0\n', "no CSV file with a header"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text)
    with refuses(ValueError, words):
        load_snapshot(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("kind", ["parquet", "npz"])
def test_half_a_file_is_refused(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "npz":
        np.savez(path, age=np.arange(9.0), label=np.arange(9) % 2)
    else:
        pd.DataFrame(table()).to_parquet(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with refuses(ValueError, "is no whole"):
        load_snapshot(str(path))


def test_names_that_are_none():
    for name in ("world", "world:1", "world:a:3", "flights", "flights:3", "rows", "rows.txt:late"):
        with refuses(ValueError, "names no snapshot"):
            load_snapshot(name)
    with pytest.raises(FileNotFoundError):
        load_snapshot("gone.csv")
    with pytest.raises(FileNotFoundError):
        load_snapshot("gone.parquet:late")


# ---- lineage and folder


def test_a_run_is_named_by_what_it_is_made_of(tmp_path):
    run = made_run(tmp_path)
    assert run.id == digest((run.folder / "lineage.json").read_bytes())[:12]
    assert run.lineage["data"]["digest"] == load_snapshot("world:1:600").digest
    others = [
        made_run(tmp_path, "world:1:601"), made_run(tmp_path, parent="a" * 64),
        made_run(tmp_path, trigger="drift"), made_run(tmp_path, config=CONFIG | {"steps": 10}),
    ]  # fmt: skip
    assert len({run.id, *(other.id for other in others)}) == 5
    for part in ("code", "environment"):
        changed = as_bytes({**run.lineage, part: "other"})
        assert digest(changed)[:12] != run.id
    assert made_run(tmp_path).id == run.id


def test_whoever_names_a_run_finds_its_folder(tmp_path):
    first, second = made_run(tmp_path), made_run(tmp_path, "world:2:600")
    assert resolve(tmp_path / "latest") == resolve("latest", tmp_path) == second.folder
    assert resolve(first.folder) == resolve(first.id, tmp_path) == first.folder
    with pytest.raises(FileNotFoundError):
        resolve("nobody", tmp_path)
    (tmp_path / "latest").write_text("../elsewhere")
    with refuses(RunError, "names no run beside it"):
        resolve(tmp_path / "latest")


def test_a_lineage_that_was_changed_is_refused(tmp_path):
    run = made_run(tmp_path)
    path = run.folder / "lineage.json"
    path.write_bytes(path.read_bytes().replace(b'"rows": 600', b'"rows": 601'))
    with refuses(RunError, "was changed"):
        _ = run.lineage


def test_a_model_is_trained_once_and_is_the_one_that_fit_logistic_makes(tmp_path):
    run, steps = made_run(tmp_path), []
    model, made = train_run(run, steps.append)
    assert made and len(steps) == 300
    assert np.array_equal(model.weights, fit_logistic(WORLD.sample(1, 600)))
    before = (run.folder / "model.json").read_bytes()
    again, made = train_run(run)
    assert not made and again.digest == model.digest == digest(before)
    assert (run.folder / "model.json").read_bytes() == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda told: told["weights"].__setitem__(3, "nan"), "no finite number"),
        (lambda told: told["weights"].__setitem__(3, "inf"), "no finite number"),
        (lambda told: told.update(weights=[]), "no finite number"),
        (lambda told: told["weights"].__setitem__(3, 0.5), "cannot be understood"),
        (lambda told: told["weights"].__setitem__(3, "0.5"), "not written as this lab does"),
        (lambda told: told.update(more=1), "not written as this lab does"),
        (lambda told: told.update(lineage="0" * 64), "was made by lineage 000000000000"),
        (lambda told: told.pop("lineage"), "cannot be understood"),
    ],
)
def test_a_model_that_does_not_fit_its_lineage_is_refused(tmp_path, spoil, words):
    run = made_run(tmp_path)
    train_run(run)
    told = json.loads((run.folder / "model.json").read_bytes())
    spoil(told)
    (run.folder / "model.json").write_text(json.dumps(told, sort_keys=True, indent=1) + "\n")
    with refuses(RunError, words):
        run.model()
    with refuses(RunError, words):
        Scored.of_run(run)


def test_half_a_model_and_weights_that_are_none_are_refused(tmp_path):
    run = made_run(tmp_path)
    with refuses(RunError, "no finite number"):
        run.write_model(np.array([1.0, np.nan]))
    assert not (run.folder / "model.json").exists()
    data = b'{"weights": ["0x1.0p+0"]'
    with refuses(RunError, "cannot be understood"):
        read_model(data, b"")


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        (None, "was not checked"),
        ({"decision": "block", "reason": "blocked: finite failed"}, "did not pass: blocked"),
        ({"decision": "promote", "checks": []}, "did not pass"),
        ({"decision": "promote", "checks": [{"passed": None}]}, "did not pass"),
        ({"lineage": "0" * 64}, "are of another lineage"),
    ],
)
def test_what_was_not_checked_is_not_trained(tmp_path, checks, words):
    run = made_run(tmp_path)
    (run.folder / "checks.json").unlink()
    if checks is not None:
        run.write("checks.json", {**PASSED, "lineage": run.lineage_digest, **checks})
    with refuses(RunError, words):
        train_run(run)
    assert not (run.folder / "model.json").exists()


def test_rows_that_changed_are_not_trained_on(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("age,label\n1,0\n2,1\n3,1\n")
    run = Run.create(make_lineage(load_snapshot(str(path)), HOLDOUT, None), tmp_path / "runs")
    run.write("checks.json", {**PASSED, "lineage": run.lineage_digest})
    assert rows_of(run, "data").rows == 3
    path.write_text("age,label\n1,0\n2,1\n3,0\n")
    with refuses(RunError, "were changed since run"):
        train_run(run)


@pytest.mark.parametrize("part", ["code", "environment"])
def test_other_code_and_another_environment_make_another_model(tmp_path, part):
    lineage = make_lineage(load_snapshot("world:1:600"), HOLDOUT, None)
    run = Run.create({**lineage, part: {"numpy": "1.0"}}, tmp_path)
    run.write("checks.json", {**PASSED, "lineage": run.lineage_digest})
    with refuses(RunError, f"The {part} is no longer that of run"):
        train_run(run)


# ---- the cheap checks


REFERENCE = load_snapshot("world:1:600")


def verdict_on(rows: Snapshot, reference=REFERENCE, **policy):
    return check_rows(rows, HOLDOUT, reference, replace(CheckPolicy(), **policy), CONFIG)


def spoilt(**change) -> Snapshot:
    return replace(load_snapshot("world:3:800"), **change)


def test_rows_like_the_reference_pass_and_every_part_was_made():
    verdict = verdict_on(load_snapshot("world:3:800"))
    assert verdict.decision == "promote"
    names = [check.name for check in verdict.checks]
    assert {"finite", "psi", "one batch"} < set(names) and names.count("row count") == 1
    alone = verdict_on(load_snapshot("world:3:800"), None)
    assert alone.decision == "promote" and "psi" not in {check.name for check in alone.checks}


DRAWN = load_snapshot("world:3:800")
SHIFTED, MISSING = DRAWN.X + 0.5 * np.eye(12)[4], np.where(DRAWN.X > 3, np.nan, DRAWN.X)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (load_snapshot("world:99:120"), "row count failed"),
        (spoilt(X=MISSING), "finite failed"),
        (spoilt(y=DRAWN.y + (DRAWN.X[:, 0] > 2)), "labels failed"),
        (spoilt(y=np.ones(800, int)), "labels failed"),
        (spoilt(columns=DRAWN.columns[::-1]), "schema failed"),
        (load_snapshot("world:7:800"), "rows of the holdout failed"),
        (spoilt(X=SHIFTED), "l_infinity failed"),
        (spoilt(y=np.random.default_rng(0).permutation(DRAWN.y)), "labels failed"),
    ],
)
def test_rows_that_may_not_be_trained_on(data, reason):
    verdict = verdict_on(data)
    assert (verdict.decision, verdict.reason) == ("block", f"blocked: {reason}")


def test_what_failed_ends_it():
    made = []
    check_rows(spoilt(X=MISSING), HOLDOUT, REFERENCE, CheckPolicy(), CONFIG, made.append)
    assert made == ["rules"]
    check_rows(spoilt(X=SHIFTED), HOLDOUT, REFERENCE, CheckPolicy(), CONFIG, made.append)
    assert made == ["rules", "rules", "distribution"]


def test_rows_of_one_kind_that_come_first_do_not_fool_the_smoke_test():
    order = np.argsort(DRAWN.y, kind="stable")
    assert verdict_on(spoilt(X=DRAWN.X[order], y=DRAWN.y[order]), smoke_rows=300).exit_status == 0


def test_a_lower_bound_on_rows_lets_the_stale_shard_pass():
    data = DataPolicy(rows=(100, None), label="label")
    assert verdict_on(load_snapshot("world:99:120"), data=data).decision == "promote"


def test_flights_of_the_same_weeks_are_the_same_rows():
    weeks = load_snapshot("flights:3-4")
    assert shared_rows(weeks, load_snapshot("flights:4-5")) == load_snapshot("flights:4-4").rows
    assert shared_rows(weeks, load_snapshot("flights:5-6")) == 0
    assert shared_rows(weeks, HOLDOUT) == 0


def test_a_data_policy_is_read_and_told_alike(tmp_path):
    path = tmp_path / "data.toml"
    path.write_text('rows = 100\nmax_psi = "off"\nsmoke_rows = 400\nchecks = ["psi", "missing"]\n')
    policy = read_check_policy(path)
    assert policy.data.rows == (100, None) and policy.data.max_psi is None
    assert policy.smoke_rows == 400 and policy.data.checks == ("psi", "missing")
    assert policy.data.label == "label" and policy.data.max_ks == DataPolicy().max_ks
    for one in (policy, CheckPolicy()):
        assert set(one.told()) == set(KEYS)
        assert check_policy(json.loads(json.dumps(one.told()))) == one
    path.write_text("")
    assert read_check_policy(path) == CheckPolicy()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_psy = 0.1", "the key 'max_psy' is unknown; it may be meant for max_psi"),
        ("zebra = 1", "the key 'zebra' is unknown; there are false_alarm_rate"),
        ('label = "late"', "the key 'label' is unknown"),
        ("[smoke]\nrows = 3", "the key 'smoke' is unknown"),
        ("rows = 0", "at least 1"),
        ("rows = 0.5", "rows is a number of rows"),
        ("rows = [1, 2, 3]", "rows is a number of rows"),
        ("rows = true", "rows is a number of rows"),
        ('checks = "psi"', "checks is a list of names"),
        ('checks = ["pse"]', "checks names one or more of"),
        ("max_psi = -1", "max_psi is a change"),
        ('max_psi = "low"', "must be a number"),
        ("max_psi = nan", "must be a finite number"),
        ("smoke_rows = 0", "smoke_rows must be a whole number"),
        ("max_shared = 2", "max_shared is a share"),
        ("max_psi =", "is no data policy"),
    ],
)
def test_what_is_no_data_policy_is_refused_in_a_sentence(tmp_path, text, words):
    (tmp_path / "data.toml").write_text(text)
    with pytest.raises(ValueError, match=r"^data.toml is no data policy: .*\.$") as caught:
        read_check_policy(tmp_path / "data.toml")
    assert words in str(caught.value) and "\n" not in str(caught.value)


# ---- two models


def scored(folder, data: str, holdout: Snapshot = HOLDOUT) -> Scored:
    run = Run.create(make_lineage(load_snapshot(data), holdout, None), folder)
    run.write("checks.json", {**PASSED, "lineage": run.lineage_digest})
    train_run(run)
    return Scored.of_run(run)


def test_the_numbers_of_the_chapter(tmp_path):
    names = ("world:1:600", "world:2:8000", "world:99:120")
    base, a, b = (scored(tmp_path, name) for name in names)
    better, worse = evaluate_models(a, base), evaluate_models(b, base)
    rates = [better.outcomes.candidate, better.outcomes.baseline, worse.outcomes.candidate]
    assert [f"{rate:.4f}" for rate in rates] == ["0.9730", "0.9647", "0.9157"]
    assert (better.outcomes.candidate_only, better.outcomes.baseline_only) == (68, 35)
    assert better.candidate == a.model.digest and better.baseline == base.model.digest
    assert better.holdout == HOLDOUT.digest
    parts = [better.outcomes.slice(name).candidate for name in ("x0 > 0", "x0 <= 0")]
    assert f"{parts[0] - parts[1]:.3f}" == "0.009"
    assert better.auc is not None and "x0 > 0" in better.auc.slices


def test_models_of_different_holdouts_are_not_compared(tmp_path):
    a = scored(tmp_path, "world:2:900")
    other = scored(tmp_path, "world:1:600", load_snapshot("world:5:900"))
    with refuses(RunError, "The candidate was made for the holdout world:holdout"):
        evaluate_models(a, other)
    fresh = evaluate_models(a, other, "world:6:500")
    assert fresh.outcomes.n == 500 and fresh.holdout == load_snapshot("world:6:500").digest


def test_rows_that_a_model_has_learnt_from_judge_nobody(tmp_path):
    a, b = scored(tmp_path, "world:2:900"), scored(tmp_path, "world:1:600")
    for rows in ("world:2:900", "world:2:4000", "world:1:100"):
        with refuses(RunError, "from which a model has learnt"):
            evaluate_models(a, b, rows)


def test_models_of_other_features_are_not_compared(tmp_path):
    narrow = tmp_path / "narrow.npz"
    np.savez(narrow, x0=DRAWN.X[:, 0], label=DRAWN.y)
    a, b = scored(tmp_path, str(narrow)), scored(tmp_path, "world:1:600")
    with refuses(RunError, "The candidate wants 1 features, and world:holdout has 12"):
        evaluate_models(a, b)


def test_a_holdout_of_one_class_has_no_auc(tmp_path):
    path = tmp_path / "ones.npz"
    columns = dict(zip(DRAWN.columns, DRAWN.X.T, strict=True))
    np.savez(path, **columns, label=np.ones(800, int))
    a, b = scored(tmp_path, "world:2:900"), scored(tmp_path, "world:1:600")
    compared = evaluate_models(a, b, str(path))
    assert compared.auc is None and "There is no AUC" in compared.notes[-1]

"""The registry on a real database: once per digest, one winner a move, whole after a kill; and what
goes wrong is a sentence.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from nursery import lived
from registries import ROOT, STORE, model, race, registered, verdict
from sqlalchemy.engine import URL

from labsupport.gate import Policy, gate
from labsupport.ops.registry import (
    AliasMoved,
    PromotionLost,
    Registry,
    RegistryError,
    RegistryUnavailable,
)
from labsupport.outcomes import PairedOutcomes

TIMES = int(os.environ.get("LAB_RACES", "5"))  # LAB_RACES=100 for the long one
EVERY = int(os.environ.get("LAB_KILL_EVERY", "7"))  # LAB_KILL_EVERY=1 for all calls


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """A database that was made once, as that takes seconds."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    steps: list[tuple[int, int]] = []
    registry = Registry(f"sqlite:///{path}", progress=lambda *step: steps.append(step))
    assert registry.at("prod") is None
    assert [done for done, _ in steps] == list(range(1, steps[-1][1] + 1))
    assert len(steps) > 50
    return path


@pytest.fixture
def place(empty, tmp_path) -> Path:
    """Of a fresh database."""
    (tmp_path / "lab").mkdir()
    return Path(shutil.copy(empty, tmp_path / "lab" / "registry.db"))


@pytest.fixture
def registry(place) -> Registry:
    return Registry(f"sqlite:///{place}")


def test_nothing_of_mlflow_is_loaded_before_it_is_needed():
    code = (
        "import sys; from labsupport.ops.registry import Registry; Registry();"
        "from labsupport import ops; ops.Registry;"
        "print([name for name in ('mlflow', 'sqlalchemy', 'alembic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.slow
def test_a_registry_goes_below_the_current_folder(empty, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("build").mkdir()
    shutil.copy(empty, "build/registry.db")
    version = registered(Registry(), tmp_path / "runs", 1)
    assert Registry().versions() == (version,)
    assert {path.name for path in tmp_path.iterdir()} == {"build", "runs"}
    assert {path.name for path in Path("build").iterdir()} == {"registry.db", "registry-files"}


def test_what_is_registered_is_found_again(registry, tmp_path):
    version = registered(registry, tmp_path, 1)
    run, digest = model(tmp_path, 1)
    assert (version.number, version.digest) == (1, digest)
    assert registry.at("candidate") == version
    assert registry.at("prod") is registry.at("previous") is None
    assert registry.model_bytes(version) == (run / "model.json").read_bytes()
    with registry._store.asked() as client:
        logged = client.get_run(client.get_model_version("gate-lab", "1").run_id)
    assert logged.info.status == "FINISHED"
    assert logged.data.metrics == {"accuracy": 0.9, "accuracy of _lan": 0.8}
    assert logged.data.params["data.name"] == "world:7:600"
    assert logged.data.params["parent"] == "null"


def test_again_is_the_same_version_and_no_second_copy(registry, place, tmp_path):
    first = registered(registry, tmp_path, 1)
    second = registered(registry, tmp_path, 2)
    assert [registered(registry, tmp_path, n) for n in (1, 2, 1)] == [first, second, first]
    assert registry.versions() == (first, second)
    assert len(list(place.with_name("registry-files").iterdir())) == 2


def test_promotions_and_rollbacks_are_a_history(registry, tmp_path):
    one, two, three = (registered(registry, tmp_path, n) for n in (1, 2, 3))
    registry.promote(one, None, verdict(30))
    registry.promote(two, one, verdict(31))
    assert (registry.at("prod"), registry.at("previous")) == (two, one)
    with pytest.raises(PromotionLost, match=r"prod is version 2 .* evaluate it against prod again"):
        registry.promote(three, one, verdict(32))
    registry.promote(two, one, verdict(31))  # again: nothing happens
    assert registry.rollback(expected=two).version == one
    assert (registry.at("prod"), registry.at("previous")) == (one, None)
    told = registry.history()
    assert [(move.kind, move.version, move.replaced, move.won) for move in told] == [
        ("promote", one, None, True),
        ("promote", two, one, True),
        ("rollback", one, two, True),
    ]
    assert [move.verdict and move.verdict["decision"] for move in told] == [
        "promote", "promote", None,
    ]  # fmt: skip
    assert told[1].verdict["checks"][0]["value"] == pytest.approx(0.29, abs=0.01)
    assert sorted(move.time for move in told) == [move.time for move in told]


def test_what_mlflow_shows_is_the_same(registry, tmp_path):
    one, two = (registered(registry, tmp_path, n) for n in (1, 2))
    registry.promote(one, None, verdict())
    registry.promote(two, one, verdict())
    with registry._store.asked() as client:
        assert client.get_registered_model("gate-lab").aliases == {
            "candidate": 2, "prod": 2, "previous": 1,
        }  # fmt: skip
        assert client.get_registered_model("gate-lab").tags == {}
        served = client.get_model_version_download_uri("gate-lab.prod", "2")
        assert served == client.get_model_version_download_uri("gate-lab", "2")


def test_other_aliases_have_logs_of_their_own(registry, tmp_path):
    one, two = (registered(registry, tmp_path, n) for n in (1, 2))
    registry.promote(one, None, verdict(), alias="canary")
    registry.promote(two, one, verdict(), alias="canary")
    assert (registry.at("canary"), registry.at("canary-previous")) == (two, one)
    assert registry.at("prod") is None and registry.history() == ()


def test_only_a_verdict_to_promote_promotes(registry, tmp_path):
    one = registered(registry, tmp_path, 1)
    worse = gate(PairedOutcomes(50, 2, 30, 18), Policy(max_gap=None))
    with pytest.raises(RegistryError, match="is not to be promoted: blocked: no eval gain"):
        registry.promote(one, None, worse)
    stranger = type(one)(1, "f" * 64)
    with pytest.raises(RegistryError, match="is not registered as such"):
        registry.promote(stranger, None, verdict())
    with pytest.raises(RegistryError, match="gate-lab has no version 2"):
        registry.promote(type(one)(2, one.digest), None, verdict())
    assert registry.at("prod") is None and registry.history() == ()


def test_a_long_verdict_is_attached_without_its_checks(registry, tmp_path):
    slices = {f"slice {n:04}": [True] * 100 for n in range(800)}
    y = [1] * 100
    outcomes = PairedOutcomes.from_predictions(y, y, [0] * 100, slices)
    long = gate(outcomes, Policy(max_slice_loss=0.01))
    move = registry.promote(registered(registry, tmp_path, 1), None, long)
    assert len(long.checks) > 800 and move.verdict["decision"] == "promote"
    assert move.verdict["checks"] is None and registry.history() == (move,)


# Races.

PROMOTE = """
for go in range({times}):
    mine = registered(registry, folder / str(who), 1000 * go + who + 10)
    together()
    base = registry.at("prod")
    together()
    try:
        registry.promote(mine, base, verdict())
        print("won", mine.number)
    except PromotionLost:
        print("lost", mine.number)
"""
PLAIN = """
mine = registered(registry, folder / str(who), who + 10)
with registry._store.asked() as client:
    base = client.get_model_version_by_alias("gate-lab", "prod").version
    if client.get_model_version_by_alias("gate-lab", "prod").version == base:
        together()
        client.set_registered_model_alias("gate-lab", "prod", str(mine.number))
        print("won", mine.number)
"""


def test_of_two_racing_promotions_one_wins_and_one_is_told(registry, tmp_path):
    one = registered(registry, tmp_path, 1)
    registry.promote(one, None, verdict())
    told = race(PROMOTE.format(times=TIMES), registry.uri, tmp_path / "race")
    rounds = list(zip(*told, strict=True))
    assert len(rounds) == TIMES, told
    assert {tuple(sorted(line.split()[0] for line in lines)) for lines in rounds} == {
        ("lost", "won")
    }, told
    winners = [int(line.split()[1]) for lines in rounds for line in lines if "won" in line]
    won = [move.version.number for move in registry.history() if move.won]
    assert won == [one.number, *winners]
    assert [registry.at(alias).number for alias in ("prod", "previous")] == won[:-3:-1]


def test_of_two_racing_moves_of_mlflow_s_own_aliases_both_win(registry, tmp_path):
    registered(registry, tmp_path, 1)
    with registry._store.asked() as client:
        client.set_registered_model_alias("gate-lab", "prod", "1")
    told = race(PLAIN, registry.uri, tmp_path / "race")
    assert [line.split()[0] for lines in told for line in lines] == ["won", "won"], told


@pytest.mark.slow
def test_one_digest_registered_by_many_at_once_is_one_version(registry, tmp_path):
    program = """
for go in range(5):
    together()
    print(registered(registry, folder / str(who), go).number)
"""
    told = race(program, registry.uri, tmp_path / "race", racers=3)
    assert told[0] == told[1] == told[2] and len(set(told[0])) == 5, told
    assert [str(version.number) for version in registry.versions()] == told[0]


@pytest.mark.slow
def test_many_open_a_new_registry_at_once(tmp_path):
    program = """
together()
print(registry.at("prod"), registered(registry, folder, who).number in (1, 2))
"""
    uri = f"sqlite:///{tmp_path / 'new.db'}"
    assert race(program, uri, tmp_path / "race") == [["None True"], ["None True"]]
    assert len(Registry(uri).versions()) == 2


# Kills, moves and hands.


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 30, 60])
def test_a_kill_while_the_database_is_made_costs_nothing(tmp_path, step):
    place = tmp_path / "registry.db"
    code = (
        "import os, sys; from labsupport.ops.registry import Registry;"
        f"die = lambda done, steps: done == {step} and os._exit(9);"
        "Registry(sys.argv[1], progress=die).at('prod')"
    )
    done = lived(code, f"sqlite:///{place}", imports=STORE)
    assert done.returncode == 9 and not place.exists()
    registry = Registry(f"sqlite:///{place}")
    assert registry.versions() == () and registered(registry, tmp_path, 1).number == 1
    assert {p.name for p in tmp_path.iterdir()} == {
        "registry.db", ".registry.db.lock", "registry-files", "run1",
    }  # fmt: skip


DIE = """
import os, sys
from pathlib import Path
from registries import registered, verdict
from labsupport.ops.registry import Registry
from mlflow import MlflowClient
uri, folder, deadly, calls = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), 0
def counted(call):
    def ask(*args, **more):
        global calls
        calls += 1
        if calls == deadly:
            os._exit(9)
        return call(*args, **more)
    return ask
for name in dir(MlflowClient):
    if name.split("_")[0] in ("create", "set", "log", "delete", "search", "get", "download"):
        setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))
registry = Registry(uri)
base = registry.at("prod")
registry.promote(registered(registry, folder, 2), base, verdict())
print(calls)
"""


def test_register_and_promote_killed_at_every_call_and_again(empty, tmp_path):
    """At some calls here, as each takes seconds; the enumeration has every step of a move."""

    def run(place: Path, deadly: int) -> subprocess.CompletedProcess:
        words = f"sqlite:///{place}", str(place.parent), str(deadly)
        return lived(DIE, *words, imports=STORE)

    def fresh(name: str) -> Path:
        (tmp_path / name).mkdir()
        place = Path(shutil.copy(empty, tmp_path / name / "registry.db"))
        registry = Registry(f"sqlite:///{place}")
        registry.promote(registered(registry, place.parent, 1), None, verdict())
        return place

    calls = int(run(fresh("whole"), 10**9).stdout)
    assert calls > 20
    for deadly in range(1, calls + 1, EVERY):
        place = fresh(f"killed at {deadly}")
        assert run(place, deadly).returncode == 9
        done = run(place, 10**9)
        assert done.returncode == 0, done.stderr
        registry = Registry(f"sqlite:///{place}")
        assert [version.number for version in registry.versions()] == [1, 2]
        assert (registry.at("prod").number, registry.at("previous").number) == (2, 1)
        assert [move.version.number for move in registry.history()] == [1, 2]


def test_a_folder_that_was_moved_takes_its_files_along(registry, place, tmp_path):
    one = registered(registry, tmp_path, 1)
    registry.promote(one, None, verdict())
    there = tmp_path / "my läb #1%20"
    shutil.move(place.parent, there)
    uri = URL.create("sqlite", database=str(there / "registry.db")).render_as_string()
    moved = Registry(uri)
    assert moved.at("prod") == one and moved.model_bytes(one)
    two = registered(moved, tmp_path, 2)
    moved.promote(two, one, verdict())
    assert moved.model_bytes(two) and not place.parent.exists()
    with moved._store.asked() as client:
        for name, number in (("gate-lab", "1"), ("gate-lab.prod", "1"), ("gate-lab.prod", "2")):
            assert there.as_uri() in client.get_model_version_download_uri(name, number)


def test_an_artifact_that_was_altered_or_lost_is_refused(registry, place, tmp_path):
    one = registered(registry, tmp_path, 1)
    (file,) = place.with_name("registry-files").rglob("model.json")
    file.write_bytes(file.read_bytes().replace(b"0x1", b"0x2"))
    with pytest.raises(RegistryError, match=r"model.json of version 1 .* was altered"):
        registry.model_bytes(one)
    file.unlink()
    with pytest.raises(RegistryError, match=r"model.json of version 1 .* is gone"):
        registry.model_bytes(one)


def test_the_model_given_is_the_model_named(registry, tmp_path):
    run, digest = model(tmp_path, 1)
    with pytest.raises(RegistryError, match="give the one that was evaluated"):
        registry.register("f" * 64, {}, {}, run)
    with pytest.raises(RegistryError, match="64 hex digits"):
        registry.register("f" * 12, {}, {}, run)
    with pytest.raises(FileNotFoundError):
        registry.register(digest, {}, {}, tmp_path)
    assert registry.versions() == ()
    version = registry.register(digest, {}, {}, run / "model.json")
    assert registry.model_bytes(version) == (run / "model.json").read_bytes()


def test_an_alias_moved_by_hand_is_said_and_put_back(registry, tmp_path):
    one, two = (registered(registry, tmp_path, n) for n in (1, 2))
    registry.promote(one, None, verdict())
    with registry._store.asked() as client:
        client.set_registered_model_alias("gate-lab", "prod", "2")
    for asked in (
        lambda: registry.at("prod"),
        lambda: registry.promote(two, one, verdict()),
        registry.rollback,
    ):
        with pytest.raises(AliasMoved, match="somebody moved them by hand"):
            asked()
    assert registry.restore() == one == registry.at("prod")


# What goes wrong.


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("mlruns", "keeps its promises"),
        ("file:///tmp/mlruns", "keeps its promises"),
        ("ftp://host/x", "keeps its promises"),
        ("databricks", "keeps its promises"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_registry_that_cannot_be_is_refused(uri, says):
    with pytest.raises(RegistryError, match=says):
        Registry(uri).at("prod")


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a'b", "a.prod", "é"])
def test_a_name_is_plain(name):
    with pytest.raises(RegistryError, match="letters, digits"):
        Registry(name=name)


@pytest.mark.parametrize("what", ["text", "half", "other"])
def test_a_file_that_is_no_registry_is_left_alone(what, place):
    if what == "text":
        place.write_text("hello, I am a text\n" * 100, encoding="utf-8")
    elif what == "half":
        place.write_bytes(place.read_bytes()[: place.stat().st_size // 2])
    else:
        place.unlink()
        with closing(sqlite3.connect(place)) as database:
            database.execute("CREATE TABLE theirs (x)")
    before = place.read_bytes()
    with pytest.raises(RegistryError, match=r"registry\.db is (no registry|a database, but not)"):
        Registry(f"sqlite:///{place}").at("prod")
    assert place.read_bytes() == before


@pytest.mark.slow
def test_a_database_that_is_locked_is_said(registry, place, tmp_path):
    registered(registry, tmp_path, 1)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RegistryUnavailable, match=r"registry.db locked: try again"):
            registry.at("prod")
    assert registry.at("prod") is None


@pytest.mark.slow
@pytest.mark.posix_only("Windows has no limit on the size of a file")
def test_a_full_disk_is_an_error_of_the_system(place, tmp_path):
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        f"sys.path.insert(0, {str(ROOT / 'tests')!r});"
        "from registries import registered; from labsupport.ops.registry import Registry\n"
        "registry = Registry(sys.argv[1]); registry.at('prod')\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: registered(registry, Path(sys.argv[2]), 1)\n"
        "except OSError as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{place}", str(tmp_path)],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    print(done.stdout, done.stderr)
    assert "OSError" in done.stdout and done.stderr == ""
    assert Registry(f"sqlite:///{place}").versions() == ()


def test_nobody_there_is_said_within_seconds(unused_port):
    uri = f"http://127.0.0.1:{unused_port}"
    with pytest.raises(RegistryUnavailable, match=r"does not answer"):
        Registry(uri).at("prod")


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]

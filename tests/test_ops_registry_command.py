"""`lab registry`: a small table, JSON, and a status that is no verdict."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from registries import registered, verdict

from labsupport.cli import main
from labsupport.ops.registry import Registry


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> str:
    """A registry in which version 2 has replaced version 1, and version 3 waits."""
    folder = tmp_path_factory.mktemp("registry")
    registry = Registry(f"sqlite:///{folder / 'registry.db'}")
    one, two, _ = (registered(registry, folder, n) for n in (1, 2, 3))
    registry.promote(one, None, verdict())
    registry.promote(two, one, verdict())
    return registry.uri


def lab(*words: object) -> int:
    try:
        return main(["registry", *map(str, words)])
    except SystemExit as done:  # argparse's
        return done.code


@pytest.mark.slow
def test_versions_aliases_and_moves_are_shown(uri, capsys):
    assert lab("--registry", uri) == 0
    said = capsys.readouterr().out
    assert re.search(r"version +1  [0-9a-f]{12}  previous\n", said)
    assert re.search(r"version +2  [0-9a-f]{12}  prod\n", said)
    assert re.search(r"version +3  [0-9a-f]{12}  candidate\n", said)
    assert re.search(r" 1  \d{4}-.* nothing -> version 1  promoted", said)
    assert re.search(r" 2  \d{4}-.* version 1 -> version 2  promoted", said)


def test_the_same_as_json(uri, capsys):
    assert lab("show", "--json", "--registry", uri) == 0
    told = json.loads(capsys.readouterr().out)
    assert [version["number"] for version in told["versions"]] == [1, 2, 3]
    aliases = {name: version["number"] for name, version in told["aliases"].items()}
    assert aliases == {"candidate": 3, "prod": 2, "previous": 1}
    assert [move["won"] for move in told["history"]] == [True, True]
    assert told["history"][1]["verdict"]["decision"] == "promote"


def test_a_rollback_that_knows_what_it_leaves(uri, capsys):
    assert lab("rollback", "--registry", uri, "--from", 3) == 65
    assert "prod is version 2" in capsys.readouterr().err
    assert lab("rollback", "--registry", uri, "--from", 9) == 65
    assert "no version 9" in capsys.readouterr().err
    assert lab("rollback", "--registry", uri, "--from", 2) == 0
    assert capsys.readouterr().out.startswith("prod is version 1 ")
    assert lab("rollback", "--registry", uri) == 65
    assert "nothing was there before" in capsys.readouterr().err


def test_a_new_registry_shows_its_making(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert lab() == 0
    said, bar = capsys.readouterr()
    assert said == "Nothing is registered.\n" and "a new registry" in bar
    assert Path("build/registry.db").exists()


def test_an_alias_moved_by_hand_is_put_back(uri, capsys):
    registry = Registry(uri)
    at = registry.at("prod")
    with registry._store.asked() as client:
        client.set_registered_model_alias("gate-lab", "prod", "3")
    assert lab("--registry", uri) == 65
    assert "`lab registry restore`" in capsys.readouterr().err
    assert lab("restore", "--json", "--registry", uri) == 0
    assert json.loads(capsys.readouterr().out)["version"]["digest"] == at.digest
    assert registry.at("prod") == at


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--registry", "http://127.0.0.1:9"], 69),
        (["--registry", "nothing"], 65),
        (["--name", "a/b"], 65),
        (["rollback", "--from", "x"], 64),
        (["nothing"], 64),
    ],
)
def test_what_cannot_be_has_a_status_of_its_own(words, status, capsys):
    assert lab(*words) == status
    assert len(capsys.readouterr().err.strip().splitlines()) <= 4

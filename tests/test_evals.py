"""The suites that come with the lab, and what its package of evaluations is."""

from __future__ import annotations

import pytest

from labsupport.data import FOLDER
from labsupport.evals.suites.shipped import SHIPPED, shipped_suite
from labsupport.evals.suites.suite import Suite

OTHERS = {"handbook", "community"}  # articles, not suites


def test_every_suite_of_the_folder_is_shipped() -> None:
    files = {path.stem for path in (FOLDER / "support").glob("*.yaml")}
    assert files == {*SHIPPED, *OTHERS}
    for name in SHIPPED:
        assert shipped_suite(name) == Suite.load(FOLDER / "support" / f"{name}.yaml")


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(ValueError, match="questions, attacks, traffic, unseen; got 'qustions'"):
        shipped_suite("qustions")

"""Negative controls: pictures that say other things than their alt text; a test must name each."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass

import pytest
from tiny_lesson import PYTEST, ROOT, Project, copy_project, record

READ, CALLED = "test_the_alt_text_says_what_the_artists_show", "test_axes_are_called_what_they_are"
FIGURES = "labsupport/show/figures"


@dataclass(frozen=True)
class Fault:
    """What is planted in a module of show, and which test must fail on which example."""

    name: str
    file: str
    old: str
    new: str
    test: str
    example: str


FAULTS = [
    Fault(
        "marker at (y, gain)",
        f"{FIGURES}/gate.py",
        "draw_point(ax, *at, passed, faint, arrow)",
        "draw_point(ax, *at[::-1], passed, faint, arrow)",
        READ,
        "gate_plane, lesson",
    ),
    Fault(
        "impossible claim drawn green",
        "labsupport/show/labels.py",
        "ink = GOOD if good else BAD",
        "ink = GOOD",
        READ,
        "gap_bound, lesson",
    ),
    Fault(
        "saves drawn as costs",
        f"{FIGURES}/costs.py",
        'f"saves {saved:,.2f}" if saved > 0 else',
        'f"saves {saved:,.2f}" if saved < 0 else',
        READ,
        "saving_lines, lesson",
    ),
    Fault(
        "interval drawn inside its distribution",
        f"{FIGURES}/intervals.py",
        "inside = (gains >= interval.low) &",
        "inside = (gains >= (interval.low + interval.high) / 2) &",
        READ,
        "resampled_gains, draws",
    ),
    Fault(
        "lit box not lit",
        f"{FIGURES}/pipeline.py",
        "(*LIT, 2.6) if lit else",
        "(*LIT, 2.6) if not lit else",
        READ,
        "pipeline, every box lit",
    ),
    Fault(
        "axis label misspelt",
        f"{FIGURES}/slices.py",
        "candidates to choose from (k)",
        "candidates to chose from (k)",
        CALLED,
        "best_of_k, five",
    ),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[int, str, set[str]]:
    """The real command on a copy with all faults: its exit status, its output, the failed tests."""
    project: Project = copy_project(tmp_path_factory.mktemp("pictures"))
    data = "labsupport/data"
    shutil.copytree(ROOT / data, project.root / data, dirs_exist_ok=True)
    for fault in FAULTS:
        project.edit(fault.file, fault.old, fault.new)
    tests = [f"tests/test_figures_read_back.py::{f.test}[{f.example}]" for f in FAULTS]
    whole = "tests/test_figures_read_back.py::test_a_mark_has_the_ink_of_its_meaning"
    done = project.run(*PYTEST, *tests, f"{whole}[worn_out, more]")
    failed = set(re.findall(r"^FAILED \S+::(\w+\[.*?\])", done.stdout, flags=re.MULTILINE))
    return done.returncode, done.stdout, failed


def test_a_picture_without_a_fault_passes_among_them(run):
    assert "1 passed" in run[1] and len(run[2]) == len(FAULTS), run[1][-2000:]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_a_picture_is_caught(fault, run, record_property):
    status, output, failed = run
    assert status == 1, output[-2000:]
    assert f"{fault.test}[{fault.example}]" in failed, output[-2000:]
    record(record_property, fault.name, PYTEST, status, f"read back: {fault.example}")

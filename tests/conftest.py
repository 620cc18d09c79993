"""What holds for the whole session: no skip under CI, the tables at the end, one hypothesis
profile.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from textwrap import shorten

import hypothesis
import order
import pytest
import slow
from chromium import browser  # noqa: F401

from labsupport.workspace import prepare_environment

CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
prepare_environment()  # for nbval's kernels what `lab run` gives to its own
WINDOWS = sys.platform == "win32"
POSIX_ONLY = "posix_only"
hypothesis.settings.register_profile("lab", deadline=None, derandomize=CI)
hypothesis.settings.load_profile("lab")

collect_ignore_glob = [
    "*.ipynb"
]  # nbval takes every notebook it meets; those under tests/ are material, not lessons

# Rows that tests leave with record_property(name, json.dumps(row)): heading and columns of each
# table.
TABLES = {
    "kill_matrix": (
        "wrong answers, each told apart by its hint",
        ("question", "answer", "outcome", "hint"),
    ),
    "negative_control": (
        "planted faults, each caught by the real command",
        ("fault", "command", "exit status", "caught by"),
    ),
    "latency": (
        "panels in a browser, from a key or the end of a drag to the picture: median, p90, most",
        ("where", "panel", "slider", "at once", "by hand", "after a drag"),
    ),
}
LINES = {"portability": "core numbers, machine by machine"}


class NoSkipUnderCI:
    """Turns a skipped test or module into a failure. A plugin, since a conftest's hooks do not see
    notebooks/*.ipynb.
    """

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        return _not_skipped((yield))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector):
        return _not_skipped((yield))


def _not_skipped(report):
    if _is_posix_only(report):
        return report
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        where, line, reason = (
            report.longrepr if isinstance(report.longrepr, tuple) else ("", "", report.longrepr)
        )
        report.outcome = "failed"
        report.longrepr = f"CI=true, so a skipped test is a failure. {where}:{line}: {reason}"
    return report


def _is_posix_only(report) -> bool:
    """Whether this skip is granted: what only POSIX systems have, on Windows and nowhere else."""
    return WINDOWS and POSIX_ONLY in getattr(report, "keywords", ())


def pytest_runtest_setup(item: pytest.Item) -> None:
    if WINDOWS and (mark := item.get_closest_marker(POSIX_ONLY)):
        pytest.skip(f"POSIX only: {mark.args[0]}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:], later = slow.split(items)
    if later:
        config.hook.pytest_deselected(items=later)
    items.sort(key=lambda item: order.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> order.LongestFirst | None:
    return order.LongestFirst(config, log) if config.option.dist == "loadfile" else None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{POSIX_ONLY}(reason): skipped on Windows, under CI as well, and nowhere else"
    )
    config.addinivalue_line("markers", "slow: tried with SLOW=1 only")
    if CI:
        config.pluginmanager.register(NoSkipUnderCI())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded, gathered from all workers, and what was not tried."""
    if not slow.SLOW:
        terminalreporter.line("What takes long was not tried: SLOW=1 make test tries all there is.")
    recorded: dict[str, list[str]] = {}
    for name, value in _properties(terminalreporter):
        recorded.setdefault(name, []).append(value)
    for name, (title, columns) in TABLES.items():
        if name in recorded:
            terminalreporter.section(title, sep="-")
            rows = [json.loads(value) for value in recorded[name]]
            for line in _table(
                columns, sorted([str(row.get(column, "")) for column in columns] for row in rows)
            ):
                terminalreporter.line(line)
    for name, title in LINES.items():
        if name in recorded:
            terminalreporter.section(title, sep="-")
            for value in recorded[name]:
                terminalreporter.line(str(value))


def _properties(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    for category in ("passed", "failed"):
        for report in terminalreporter.stats.get(category, []):
            if getattr(report, "when", None) == "call":
                yield from report.user_properties


def _table(columns: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
    cells = [
        list(columns),
        *([shorten(cell, 90, placeholder=" ...") for cell in row] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield f"{len(rows)} rows"

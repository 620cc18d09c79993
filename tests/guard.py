"""Whether all tests ran: the last step of .ci/run, which asks the tree and not pytest's settings.

    python tests/guard.py build/tests.xml           one sentence per fault, exit status 1 if any
    python tests/guard.py build/tests.xml --keep    write this run's numbers to tests/items.txt

With SLOW=1, as in the run before, it also asks for what was tried only then, and keeps those
numbers.

The report is what `pytest --junitxml=build/tests.xml -o junit_family=xunit1` writes. What must be
in it is derived: from the test functions, notebooks and modules of the tree, and from the numbers
kept in tests/items.txt. A kept number may grow. Where one shrinks, its line says why, behind a #.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import slow
from ci_settings import settings_faults

ROOT = Path(__file__).resolve().parent.parent
ITEMS = "tests/items.txt"
HEADING = """\
# How many items of each file pass, and how many wrong answers and planted faults they try. Written
# by `python tests/guard.py build/tests.xml --keep`, read by .ci/run: so many at least. 12+: this
# machine may have more, --keep leaves it. A number that shrinks needs its reason behind it:
# `11 tests/test_gate.py  # why`. "slow": with SLOW=1, besides these.
"""
# Words of labsupport whose tests stand under another word.
TESTED_WITH = {
    "bootstrap": "intervals",
    "cli": "workspace",
    "network": "noise",
    "reductions": "noise",
    "retrained": "noise",
}
SLOWLY = " slow"  # behind a file: its items that only a run with SLOW=1 has
NOT_RUN_HERE = ("tests/benchmarks/",)  # `make bench`; what is kept of them is their number of tests
FOLDERS = ("tests/negative", "tests/browser", "tests/wrong_answers", "tests/benchmarks")


class Kept(NamedTuple):
    """A line of tests/items.txt."""

    number: int
    at_least: bool = False
    why: str = ""


@dataclass(frozen=True)
class Report:
    """What a run of pytest wrote down.

    Attributes
    ----------
    numbers : {file: items that passed}, and {what a test counted: its sum}.
    functions : (file, name without parameters) of every item that passed.
    others : a sentence per item that did not pass: failed, skipped, expected to fail.
    """

    numbers: Counter = field(default_factory=Counter)
    functions: set = field(default_factory=set)
    others: list = field(default_factory=list)


def read_report(path: Path) -> Report:
    """Read the report of a run."""
    report = Report()
    for case in ElementTree.parse(path).iter("testcase"):
        file, name = (case.get("file") or "").replace("\\", "/"), case.get("name", "")
        problem = next((each for each in case if each.tag in {"failure", "error", "skipped"}), None)
        if problem is not None and not _granted(problem):
            said = (problem.get("message") or "").strip().split("\n")[0]
            report.others.append(f"{file}::{name} did not pass ({problem.tag}): {said[:100]}")
            continue
        told_all = list(case.iter("property"))
        waits = any(told.get("name") == "slow" for told in told_all)
        report.numbers[file + SLOWLY * waits] += 1
        report.functions.add((file, name.split("[")[0]))
        for told in told_all:
            if told.get("name") == "negative_control":
                report.numbers["planted faults" + SLOWLY * waits] += 1
            if told.get("name") == "tried":  # "04.1 380": wrong answers to a question, on all seeds
                question, tried = told.get("value", "").split()
                report.numbers[f"wrong answers to {question}"] += int(tried)
    return report


def _granted(problem) -> bool:
    """The one skip that is granted: what Windows lacks, there. See posix_only in conftest.py."""
    return (
        problem.tag == "skipped"
        and sys.platform == "win32"
        and (problem.get("message") or "").startswith("POSIX only: ")
    )


# What must have run


def test_files(root: Path, slow_too: bool = True) -> dict[str, list[str]]:
    """{file: the names of its test functions}, of every test_*.py under tests/."""
    found = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        waits = _is_slow(node for node in tree.body if _assigns(node, "pytestmark"))
        scopes = [tree, *(each for each in classes if each.name.startswith("Test"))]
        found[path.relative_to(root).as_posix()] = [
            node.name
            for scope in scopes
            for node in scope.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test")
            and (slow_too or not (waits or _is_slow(node.decorator_list)))
        ]
    return found


def _assigns(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name


def _is_slow(marks: Iterable[ast.AST]) -> bool:
    """Whether one of these marks says so of all items of a test, or of a file."""
    return any("pytest.mark.slow" in re.split(r"[\[\], ]+", ast.unparse(each)) for each in marks)


def tree_faults(root: Path, report: Report) -> Iterator[str]:
    """What the tree has and the run has not."""
    tests, wanted = test_files(root), test_files(root, slow_too=slow.SLOW)
    for file, names in wanted.items():
        if not tests[file]:
            yield f"{file} has no test; fill it, or delete it."
        if not file.startswith(NOT_RUN_HERE):
            missing = [name for name in names if (file, name) not in report.functions]
            if missing:
                some = ", ".join(missing[:3]) + ", ..." * (len(missing) > 3)
                yield f"{file}: of {len(missing)} tests no item passed: {some}."
    for folder in FOLDERS:
        if not any(file.startswith(folder + "/") for file in tests):
            yield f"{folder}/ has no tests any more; bring them back."
    for path in [*root.glob("notebooks/*.ipynb"), *root.glob("solutions/*.ipynb")]:
        file = path.relative_to(root).as_posix()
        cells = path.read_text(encoding="utf-8").count('"cell_type": "code"')
        if report.numbers[file] != cells:
            yield f"{file} has {cells} code cells; {report.numbers[file]} were run and compared."
    yield from module_faults(root, set(tests))
    yield from source_faults(root)


def module_faults(root: Path, files: set[str]) -> Iterator[str]:
    """Every word of labsupport has its test file, under the same word or as TESTED_WITH says."""
    package = root / "labsupport"
    words = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    for word in sorted(words - {"__init__"}):
        own = f"tests/test_{word}.py"
        wanted = f"tests/test_{TESTED_WITH.get(word, word)}.py"
        if wanted not in files:
            yield f"labsupport.{word} has no {wanted}; write its tests."
        if wanted != own and own in files:
            yield f"labsupport.{word} has {own} now; take {word!r} out of TESTED_WITH."


def source_faults(root: Path) -> Iterator[str]:
    """Tests that cannot fail: those marked xfail, and those without anything in them."""
    for path in sorted((root / "tests").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(root).as_posix()
        for node in ast.walk(tree):
            if getattr(node, "attr", getattr(node, "id", "")) == "xfail":
                yield f"{where}:{node.lineno} is marked xfail; repair what fails."
            is_test = isinstance(node, ast.FunctionDef) and node.name.startswith("test")
            if is_test and not any(isinstance(each, ast.Assert | ast.Call) for each in _body(node)):
                yield f"{where}::{node.name} asserts nothing and calls nothing; it cannot fail."


def _body(function: ast.FunctionDef) -> Iterator[ast.AST]:
    for statement in function.body:
        yield from ast.walk(statement)


# How much must have run


def read_kept(text: str) -> dict[str, Kept]:
    """{name: Kept} of the lines of tests/items.txt."""
    lines = re.findall(r"^ *(\d+)(\+?) +(\S.*?) *(?:# *(.*))?$", text, re.MULTILINE)
    return {name: Kept(int(number), bool(plus), why) for number, plus, name, why in lines}


def counted(root: Path, report: Report) -> dict[str, int]:
    """{name: number} of this run, as tests/items.txt keeps it."""
    benchmarks = {
        file: len(names)
        for file, names in test_files(root).items()
        if file.startswith(NOT_RUN_HERE)
    }
    return {**report.numbers, **benchmarks}


def count_faults(kept: dict[str, Kept], counts: dict[str, int]) -> Iterator[str]:
    """No number is below the one that is kept."""
    for name in sorted(kept.keys() | counts.keys()):
        number, *_ = kept.get(name, Kept(0))
        have = counts.get(name, 0)
        if have < number and (slow.SLOW or not name.endswith(SLOWLY)):
            yield (
                f"{name}: {have} of {number} items passed; bring the others back, or lower the "
                f"number in {ITEMS} and say there why."
            )


def grown(root: Path, report: Report) -> list[str]:
    """The names of which more passed than is kept: what is not kept can be lost unseen."""
    kept = read_kept((root / ITEMS).read_text(encoding="utf-8"))
    counts = counted(root, report)
    loose = {name for name, line in kept.items() if line.at_least}
    asked = {name for name in counts if name.endswith(SLOWLY) == slow.SLOW}
    return [n for n in sorted(asked - loose) if counts[n] > kept.get(n, Kept(0)).number]


def shrunk_faults(kept: dict[str, Kept], earlier: list[tuple[str, Kept]]) -> Iterator[str]:
    """A number below one that ever stood in its line has a reason that did not stand there then."""
    for name in sorted({name for name, _ in earlier}):
        number, _, why = kept.get(name, Kept(0))
        more = [line for each, line in earlier if each == name and line.number > number]
        if more and (not why or why in {line.why for line in more}):
            most = max(line.number for line in more)
            yield f"{ITEMS} had {most} {name} and has {number}; say behind it why: `# ...`."


def earlier_lines(root: Path) -> list[tuple[str, Kept]]:
    """Every line that any commit put into tests/items.txt; nothing where there is no git."""
    if not (root / ".git").exists():
        return []
    log = _git(root, "log", "-p", "-U0", "--format=", "--", ITEMS)
    added = [line[1:] for line in log if re.match(r"\+ *\d", line)]
    return [entry for line in added for entry in read_kept(line).items()]


def litter_faults(root: Path) -> Iterator[str]:
    """Files that lie beside the notebooks and that no commit has: a lesson wrote them."""
    if (root / ".git").exists():
        folders = ("notebooks", "solutions", "exercises")
        for line in _git(root, "status", "--porcelain", "-uall", "--", *folders):
            if line.startswith("?? "):
                yield f"{line[3:]} was left behind, or never committed; delete it, or commit it."


def _git(root: Path, *words: str) -> list[str]:
    """The lines that git says; in CI's container the folder belongs to another user."""
    command = ["git", "-c", "safe.directory=*", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.splitlines()


def keep(root: Path, counts: dict[str, int]) -> None:
    """Write the numbers of this run. What is gone stays with 0, until its line says why."""
    path = root / ITEMS
    kept = read_kept(path.read_text(encoding="utf-8")) if path.exists() else {}
    lines = []
    for name in sorted(kept.keys() | counts.keys()):
        number, at_least, why = kept.get(name, Kept(0))
        if name.endswith(SLOWLY) == slow.SLOW:  # on more seeds, other numbers are others
            number = min(number, counts.get(name, 0)) if at_least else counts.get(name, 0)
        lines.append(f"{number:5}{'+' * at_least} {name}" + (f"  # {why}" if why else ""))
    path.write_text(HEADING + "\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def faults(root: Path, path: Path) -> Iterator[str]:
    """Everything that is wrong with this tree and this report of it."""
    yield from settings_faults(root, os.environ)
    if not path.exists():
        yield f"There is no report {path}; run pytest with --junitxml={path}."
        return
    report = read_report(path)
    yield from report.others
    yield from tree_faults(root, report)
    items = root / ITEMS
    kept = read_kept(items.read_text(encoding="utf-8")) if items.exists() else {}
    yield from count_faults(kept, counted(root, report))
    yield from shrunk_faults(kept, earlier_lines(root))
    yield from litter_faults(root)


def main(report: str, *options: str) -> int:
    """The exit status: 0 if all is well, 1 if not."""
    if options == ("--keep",):
        keep(ROOT, counted(ROOT, read_report(ROOT / report)))
        return 0
    found = list(faults(ROOT, ROOT / report))
    for fault in found:
        print("guard:", fault)
    if not found:
        seen = read_report(ROOT / report)
        passed = sum(n for file, n in seen.numbers.items() if "/" in file)
        print(f"guard: {passed:,} items passed; every file, function and kept number is there.")
        if more := grown(ROOT, seen):
            print(f"guard: keep the new numbers with --keep; they have grown in {', '.join(more)}.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

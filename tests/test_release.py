"""Exercises come from solutions by nbgrader's own rules, the same byte for byte, without a line of
the solution.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum

from labsupport.grading.release import STUB, ReleaseError, make_exercise, release, stale

ROOT = Path(__file__).parents[1]
NAME = "01_evaluation_gate.ipynb"


@pytest.fixture
def copy(tmp_path):
    root = tmp_path / "a lab"
    shutil.copytree(ROOT / "solutions", root / "solutions")
    shutil.copytree(ROOT / "exercises", root / "exercises")
    return root


def edit(root, change):
    path = root / "solutions" / NAME
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def cell(notebook, grade_id):
    return next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def test_committed_exercises_are_what_the_solutions_generate():
    assert stale(ROOT) == []


def test_release_is_the_same_byte_for_byte(copy):
    shutil.rmtree(copy / "exercises")
    names = sorted(path.name for path in (ROOT / "solutions").glob("*.ipynb"))
    for _ in range(2):
        assert release(copy) == [copy / "exercises" / name for name in names]
        for name in names:
            assert (copy / "exercises" / name).read_bytes() == (
                ROOT / "exercises" / name
            ).read_bytes()
    assert stale(copy) == []
    assert sorted(path.name for path in (copy / "exercises").iterdir()) == names


def test_running_the_solution_again_changes_nothing(copy):
    def rerun(notebook):
        notebook.metadata["language_info"] = {"name": "python", "version": "3.99.0"}
        for c in notebook.cells:
            if c.cell_type == "code":
                c.execution_count, c.metadata["execution"] = 77, {"iopub.status.busy": "now"}

    edit(copy, rerun)
    assert stale(copy) == []


def test_nothing_of_the_solution_is_left():
    for solution in (ROOT / "solutions").glob("*.ipynb"):
        text = (ROOT / "exercises" / solution.name).read_text(encoding="utf-8")
        assert "SOLUTION" not in text
        before, after = (
            nbformat.read(ROOT / folder / solution.name, as_version=4)
            for folder in ("solutions", "exercises")
        )
        MetadataValidator().validate_nb(after)
        assert [c.id for c in before.cells] == [c.id for c in after.cells]
        for given, made in zip(before.cells, after.cells, strict=True):
            meta = made.metadata.get("nbgrader")
            if made.cell_type == "code":
                assert (made.outputs, made.execution_count) == ([], None)
            if meta is None or not meta["solution"]:
                assert made.source == given.source
            elif made.cell_type == "code":
                assert [line.strip() for line in made.source.splitlines()[-2:]] == STUB.splitlines()
                assert made.source.startswith("def ")
            else:
                assert "Marking" not in made.source
            if meta is not None:
                assert meta["checksum"] == compute_checksum(made)
                assert made.metadata["deletable"] is False


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (lambda path: path.unlink(), "is missing; run `lab release`"),
        (
            lambda path: path.write_text(path.read_text().replace("your lines", "my lines")),
            "differs from what solutions/",
        ),
        (lambda path: path.write_text(""), "differs from what solutions/"),
        (
            lambda path: path.with_name("02_extra.ipynb").write_text("{}"),
            "has no solution it comes from",
        ),
    ],
    ids=["missing", "edited", "emptied", "orphaned"],
)
def test_stale_names_the_exercise_and_the_remedy(copy, fault, sentence):
    fault(copy / "exercises" / NAME)
    (said,) = stale(copy)
    assert said.startswith("exercises/")
    assert sentence in said


def test_a_changed_solution_makes_the_exercise_stale(copy):
    edit(copy, lambda notebook: notebook.cells[0].update(source="# Another title"))
    assert len(stale(copy)) == 1


def drop_end(notebook):
    a = cell(notebook, "q01_1-answer")
    a.source = a.source.replace("### END SOLUTION", "")


def drop_marks(notebook):
    a = cell(notebook, "q01_1-answer")
    a.source = a.source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")


def add_code_behind(notebook):
    cell(notebook, "q01_1-answer").source += "\nprint(accuracy_and_gap)"


def drop_metadata(notebook):
    del cell(notebook, "q01_1-answer").metadata["nbgrader"]


def repeat_id(notebook):
    cell(notebook, "q01_2-answer").metadata["nbgrader"]["grade_id"] = "q01_1-answer"


def bad_id(notebook):
    cell(notebook, "q01_2-answer").metadata["nbgrader"]["grade_id"] = "01.2"


def tell(words):
    """The answer to question 01.1, or a part of it, in a comment above the solution."""

    def fault(notebook):
        a = cell(notebook, "q01_1-answer")
        a.source = a.source.replace("### BEGIN", f"# {words}\n    ### BEGIN")

    return fault


def tell_in_prose(notebook):
    notebook.cells[0].source += " Perhaps `(prediction == y)` is of use."


def no_points(notebook):
    cell(notebook, "q01_1-check").metadata["nbgrader"]["points"] = 0


def no_grade(notebook):
    del cell(notebook, "q01_1-check").metadata["nbgrader"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (tell("right = prediction==y"), "q01_1-answer tells students a part of an answer"),
        (tell("return max(of_each) - min(of_each)"), "tells students a part of an answer"),
        (tell("the gap is max(x) / len(x)"), "tells students a part of an answer"),
        (tell_in_prose, "tells students a part of an answer"),
        (no_points, "q01_1-check is graded, with no points to get"),
        (no_grade, "is a check that is not graded"),
        (drop_end, "no end solution statement"),
        (drop_marks, "no ### BEGIN SOLUTION"),
        (add_code_behind, "goes on after"),
        (drop_metadata, "non-solution cell"),
        (repeat_id, "Duplicate grade id"),
        (bad_id, "'01.2' does not match"),
    ],
)
def test_a_solution_that_would_leak_or_break_is_refused_and_nothing_is_written(copy, fault, reason):
    edit(copy, fault)
    before = (copy / "exercises" / NAME).read_bytes()
    with pytest.raises(ReleaseError, match=reason) as caught:
        release(copy)
    assert str(caught.value).startswith(NAME)
    assert (copy / "exercises" / NAME).read_bytes() == before


def test_unreadable_and_missing_solutions(copy):
    (copy / "solutions" / NAME).write_text("{")
    with pytest.raises(ReleaseError, match=NAME):
        release(copy)
    for solution in (copy / "solutions").glob("*.ipynb"):
        solution.unlink()
    for function in (release, stale):
        with pytest.raises(ReleaseError, match="no notebook"):
            function(copy)


def test_a_write_that_fails_leaves_the_old_exercise(copy, monkeypatch):
    edit(copy, lambda notebook: notebook.cells[0].update(source="# Another title"))
    before = (copy / "exercises" / NAME).read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        release(copy)
    assert (copy / "exercises" / NAME).read_bytes() == before
    names = {path.name for path in (ROOT / "exercises").iterdir()}
    assert {
        path.name for path in (copy / "exercises").iterdir()
    } == names  # and no half-written file


def test_nothing_of_nbgrader_is_heard():
    """In a process of its own, with every warning on: also a failing release says nothing but its
    sentence.
    """
    program = (
        "from pathlib import Path; from labsupport.grading.release import make_exercise; "
        "make_exercise(Path({!r}))"
    )
    path = ROOT / "solutions" / NAME
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program.format(str(path))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_checks_do_not_wait_for_nbgrader():
    """`from labsupport.grading import check` is the first line of an exercise."""
    program = (
        "import sys, labsupport.grading; print([m for m in ('nbgrader', 'nbformat', "
        "'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_who_has_no_nbgrader_is_told_how_to_get_it():
    """Students do not download it."""
    program = (
        "import sys; sys.modules['nbgrader'] = None; from labsupport import cli; "
        "sys.exit(cli.main(['release', '--check']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "`make release` gets it" in done.stderr
    assert done.stderr.count("\n") == 1


def test_make_exercise_leaves_the_solution_alone(copy):
    before = (copy / "solutions" / NAME).read_bytes()
    make_exercise(copy / "solutions" / NAME)
    assert (copy / "solutions" / NAME).read_bytes() == before

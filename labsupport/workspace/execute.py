"""Execute lessons through papermill: each in a process of its own, never without a time limit."""

from __future__ import annotations

import html
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from tqdm import tqdm

from labsupport.durable import digest, replace_whole
from labsupport.processes import ChildError, end_children, in_child
from labsupport.workspace import LabError, prepare_environment
from labsupport.workspace.notebook import execute, normalised, title

STYLE = """:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
td, th { text-align: left; padding: .3rem 1rem .3rem 0; vertical-align: top }
tbody th { font-weight: normal }"""
INDEX = "The lessons, executed"


@dataclass(frozen=True)
class Limits:
    """How many lessons at a time, and how long.

    Attributes
    ----------
    jobs : processes at the same time.
    cell : seconds that one cell may take.
    """

    jobs: int = 2
    cell: float = 120

    def __post_init__(self) -> None:
        if self.jobs < 1 or not 0 < self.cell < float("inf"):
            raise LabError(
                f"--jobs is at least 1 and --timeout above 0 s; got {self.jobs} and {self.cell:g}."
            )

    @property
    def lesson(self) -> float:
        """Seconds for a whole lesson: kernels hang outside of cells too, where the limit for a cell
        does not reach.
        """
        return 5 * self.cell + 60


@dataclass(frozen=True)
class Outcome:
    """How one lesson came out: `problem` is None, or a sentence with its cell and error."""

    lesson: Path
    seconds: float
    problem: str | None

    def __str__(self) -> str:
        if self.problem is None:
            return f"ok    {self.lesson.stem}  {self.seconds:.0f} s"
        return f"FAIL  {self.lesson.stem}  {self.problem}"


def find_lessons(
    root: Path, names: list[str], folders: tuple[str, ...] = ("notebooks",)
) -> list[Path]:
    """Turn names (`01`, a stem or a path) into notebooks; all of the folders when there are no
    names.

    Raises
    ------
    LabError : a name fits no notebook, a file is none, or nothing is there at all.
    """
    known = [path for folder in folders for path in sorted((root / folder).glob("*.ipynb"))]
    if not known and not names:
        raise LabError(
            f"There are no lessons in {' or '.join(str(root / folder) for folder in folders)}."
        )
    found: list[Path] = []
    for name in names:
        matching = (
            [Path(name).resolve()]
            if Path(name).is_file()
            else [p for p in known if p.name.startswith(name)]
        )
        if not matching:
            raise LabError(
                f"There is no lesson {name!r}; the lessons are {', '.join(p.stem for p in known)}."
            )
        found += matching
    lessons = list(dict.fromkeys(found)) or known
    for lesson in lessons:
        _insist_on_notebook(lesson)
    return lessons


def _insist_on_notebook(path: Path) -> None:
    no_notebook = (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError)
    try:
        nbformat.validate(nbformat.read(path, as_version=4))
    except (*no_notebook, AttributeError) as error:  # the last: nbformat, of JSON that is a list
        raise LabError(
            f"{path} is not a notebook, or was cut off; name another, or restore it with git."
        ) from error


def check_parameters(lessons: list[Path], parameters: dict[str, Any]) -> None:
    """Refuse a parameter that a lesson does not have (papermill itself would run the lesson and
    only warn).
    """
    for lesson in lessons if parameters else ():
        known = _parameters(lesson)
        for name in parameters:
            if name not in known:
                has = f"its parameters are {', '.join(known)}" if known else "it has none"
                raise LabError(
                    f"{lesson.stem} has no parameter {name!r}; {has}. Name the lesson, as in "
                    "`lab run 01 -p ...`."
                )


def _parameters(lesson: Path) -> list[str]:
    import papermill

    notebook = nbformat.read(lesson, as_version=4)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "language": "python",
    }  # not every editor stores both
    return list(papermill.inspect_notebook(notebook))


def report(
    lessons: list[Path], out: Path | str, parameters: dict[str, Any], limits: Limits
) -> list[Outcome]:
    """Execute lessons into `out`: an executed notebook and a page each, and index.html.

    Files appear under their names only when they are whole, the index last.
    """
    out = Path(out).resolve()
    if len({lesson.stem for lesson in lessons}) < len(lessons):
        raise LabError(
            "Two of these lessons have the same name and would overwrite each other; run them "
            "one by one."
        )
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        targets = {lesson: scratch / lesson.name for lesson in lessons}
        outcomes = _execute_all(targets, parameters, limits, as_page=True)
        (scratch / "index.html").write_text(index(outcomes, scratch), encoding="utf-8")
        for path in sorted(scratch.iterdir(), key=lambda path: path.name == "index.html"):
            replace_whole(out / path.name, path.read_bytes())
    failed = sum(outcome.problem is not None for outcome in outcomes)
    lessons_run = "1 lesson" if len(outcomes) == 1 else f"{len(outcomes)} lessons"
    print(f"{lessons_run}, {failed} failed: {out / 'index.html'}")
    return outcomes


def refresh(lessons: list[Path], limits: Limits) -> list[Outcome]:
    """Execute notebooks and store their outputs in them, normalised.

    A notebook that fails stays as it was, and so does one that was saved while it ran.
    """
    read = {lesson: digest(lesson.read_bytes()) for lesson in lessons}
    with tempfile.TemporaryDirectory() as folder:
        targets = {lesson: Path(folder) / f"{i}.ipynb" for i, lesson in enumerate(lessons)}
        outcomes = _execute_all(targets, {}, limits, as_page=False)
        for i, outcome in enumerate(outcomes):
            lesson = outcome.lesson
            if outcome.problem is not None:
                continue
            if digest(lesson.read_bytes()) != read[lesson]:
                problem = "was saved while it ran, so nothing was stored; run it again"
                outcomes[i] = replace(outcome, problem=problem)
                print(outcomes[i])
                continue
            executed = normalised(nbformat.read(targets[lesson], as_version=4))
            replace_whole(lesson, f"{nbformat.writes(executed)}\n".encode())
    return outcomes


def _execute_all(
    targets: dict[Path, Path], parameters: dict[str, Any], limits: Limits, as_page: bool
) -> list[Outcome]:
    """Execute each lesson into its target, in parallel, with a progress bar; outcomes in the order
    of the lessons.
    """
    prepare_environment()

    def one(lesson: Path) -> Outcome:
        start = time.perf_counter()
        arguments = (lesson, targets[lesson], parameters, limits.cell, as_page)
        try:
            problem = in_child(execute, arguments, limits.lesson)
        except ChildError as error:
            problem = str(error)
        return Outcome(lesson, time.perf_counter() - start, problem)

    done: dict[Path, Outcome] = {}
    pool = ThreadPoolExecutor(limits.jobs)
    try:
        with tqdm(total=len(targets), unit="lesson", dynamic_ncols=True) as bar:
            for future in as_completed([pool.submit(one, lesson) for lesson in targets]):
                outcome = future.result()
                done[outcome.lesson] = outcome
                bar.write(f"{outcome}")
                bar.update()
    except BaseException:  # Ctrl-C or a full disk: nothing goes on behind the user's back
        pool.shutdown(wait=False, cancel_futures=True)
        end_children()
        raise
    pool.shutdown()
    return [done[lesson] for lesson in targets]


def index(outcomes: list[Outcome], folder: Path) -> str:
    """The page that lists the lessons: title, seconds, result; with links to those in `folder`."""
    rows = []
    for outcome in outcomes:
        stem = outcome.lesson.stem
        called = html.escape(title(nbformat.read(outcome.lesson, as_version=4), stem))
        link = (
            f'<a href="{quote(stem)}.html">{called}</a>'
            if (folder / f"{stem}.html").exists()
            else called
        )
        result = (
            "ok"
            if outcome.problem is None
            else f"<strong>failed</strong>: {html.escape(outcome.problem)}"
        )
        rows.append(
            f'<tr><th scope="row">{link}</th><td>{outcome.seconds:.0f} s</td><td>{result}</td></tr>'
        )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("lesson", "time", "result"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{INDEX}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{INDEX}</h1><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></main></body></html>\n"
    )

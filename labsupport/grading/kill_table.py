"""solutions/README.md: every mistake that a check knows by name, and what it tells the student.
docs/mistakes.md ends with a table of the names.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from labsupport.durable import replace_whole
from labsupport.grading.questions import QUESTIONS

MISTAKES = "docs/mistakes.md"
_MADE = "<!-- What follows is made by `lab release`. -->"
_HEAD = """\
# Solutions, and the mistakes that checks know

What stands here is made by `lab release`; `lab release --check` compares it.

The notebooks beside this page are the worked exercises, and the only source of what students get.
Each line below is a mistake that a check knows: its name is what `lab grade` writes into the table
of a class, its hint is what the student reads. Behind each stand answers that make it, as a student
would hand them in: tests give each of them to the check, on many seeds, and it has to be told this
hint and no other.
"""


def kill_table() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for number, question in sorted(QUESTIONS.items()):
        answers = Counter(one for one, _ in question.named())
        parts.append(f"## {number}\n\n| mistake | answers tried | hint |\n|---|---|---|\n")
        parts += [
            f"| {_cell(one.name)} | {answers[one]} | {_cell(one.hint)} |\n" for one in answers
        ]
        parts.append("\n")
    return "\n".join([parts[0], "".join(parts[1:]).rstrip() + "\n"])


def names_table() -> str:
    """All names, a row for each question, as the Markdown that stands at the end of MISTAKES."""
    rows = ["| question | how many | mistakes |", "|---|---|---|"]
    for number, question in sorted(QUESTIONS.items()):
        names = list(dict.fromkeys(_cell(one.name) for one, _ in question.named()))
        link = f"[{number}](../solutions/README.md#{number.replace('.', '')})"
        rows.append(f"| {link} | {len(names)} | {'; '.join(names)} |")
    return "\n".join(rows) + "\n"


def _with_names(page: str) -> str:
    before, mark, _ = page.partition(_MADE)
    if not mark:
        raise ValueError(f"{MISTAKES} has lost its line {_MADE}")
    return f"{before}{mark}\n\n{names_table()}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def write_kill_table(root: Path) -> Path:
    """Write it, and the table at the end of docs/mistakes.md; the path of the first page.

    Raises
    ------
    ValueError : docs/mistakes.md does not say where its table begins.
    """
    path, mistakes = root / "solutions/README.md", root / MISTAKES
    if mistakes.exists():  # the rest of it is written by hand
        replace_whole(mistakes, _with_names(mistakes.read_text(encoding="utf-8")).encode())
    replace_whole(path, kill_table().encode())
    return path


def stale_kill_table(root: Path) -> list[str]:
    """A sentence if solutions/README.md is missing or says something else, and one if the table of
    docs/mistakes.md does.
    """
    path, mistakes = root / "solutions/README.md", root / MISTAKES
    stale = []
    if not path.exists() or path.read_text(encoding="utf-8") != kill_table():
        stale.append("solutions/README.md is not what the questions say; run `lab release`.")
    made = f"{_MADE}\n\n{names_table()}"
    if mistakes.exists() and not mistakes.read_text(encoding="utf-8").endswith(made):
        stale.append(f"{MISTAKES} ends with other mistakes than the questions; run `lab release`.")
    return stale

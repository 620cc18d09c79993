"""solutions/README.md: every mistake that a check knows by name, and what it tells the student."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from labsupport.durable import replace_whole
from labsupport.grading.questions import QUESTIONS

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


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def write_kill_table(root: Path) -> Path:
    """Write it; the path of the page."""
    path = root / "solutions/README.md"
    replace_whole(path, kill_table().encode())
    return path


def stale_kill_table(root: Path) -> list[str]:
    """A sentence if the page is missing or says something else."""
    path = root / "solutions/README.md"
    if path.exists() and path.read_text(encoding="utf-8") == kill_table():
        return []
    return ["solutions/README.md is not what the questions say; run `lab release`."]

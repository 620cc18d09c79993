"""Which cells of a lesson become slides.

A section of the lesson is a column of slides: before each picture the last question that the text
asks, then the picture with its caption. A section without pictures shows its question, then the
last short text that it printed. A task to write down and the take-aways are slides of their own.
Code is left out; the section's prose is what the presenter sees in the speaker's view.
"""

from __future__ import annotations

import base64
import html
import re
import struct
from dataclasses import dataclass

import nbformat

PRINTED_LINES, PRINTED_COLUMNS, FEW_COLUMNS = (
    11,
    72,
    56,
)  # what fits under a question, in letters for the last row
WIDE = 1.75  # times its height: a picture that fills the width of a slide
LEAD = 240  # letters of a question with the sentences that lead to it
LONG = 330  # letters of a question that no longer fits in the largest type
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NOT_PROSE = re.compile(r"#|\||[-*] |\d+\. |<|```|    ")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_TAKE_AWAYS = "What to remember"
_AFTER = ("What real systems do", "Do the exercise")


@dataclass(frozen=True)
class Slide:
    """One slide.

    Attributes
    ----------
    heading : the section's heading, without its number; the lesson's title on the first slide.
    body : Markdown, or the HTML of a picture.
    kind : "title", "question", "picture", "printed", "task" or "remember".
    notes : Markdown for the presenter.
    starts : whether a new column begins here.
    """

    heading: str
    body: str
    kind: str
    notes: str
    starts: bool


def outline(lesson: nbformat.NotebookNode) -> list[Slide]:
    """The slides of a lesson, in its order.

    Raises
    ------
    ValueError : the notebook does not begin with a title.
    """
    first, *rest = lesson.cells
    title, _, opening = first.source.partition("\n")
    if not title.startswith("# "):
        raise ValueError("A lesson begins with a title, `# ...`, in a cell of text.")
    paragraphs = opening.split("\n\n## ")[0].split("\n\n")
    learn = [each for each in paragraphs if each.startswith("**What you'll learn.**")]
    slides = [Slide(title[2:], "\n\n".join([paragraphs[0], *learn]), "title", opening, True)]
    for heading, parts in _sections(rest):
        slides += _column(heading, parts)
    return slides


def _sections(cells: list[nbformat.NotebookNode]) -> list[tuple[str, list]]:
    """(heading, parts) of each section; a part is a piece of prose or a list of outputs."""
    sections: list[tuple[str, list]] = []
    for cell in cells:
        if cell.cell_type == "code":
            if sections:
                sections[-1][1].append(cell.outputs)
            continue
        before, *headed = re.split(r"^## ", _COMMENT.sub("", cell.source), flags=re.MULTILINE)
        if sections and before.strip():
            sections[-1][1].append(before)
        for each in headed:
            heading, _, prose = each.partition("\n")
            sections.append((re.sub(r"^\d+\. ", "", heading), [prose]))
    return [section for section in sections if section[0] not in _AFTER]


def _column(heading: str, parts: list) -> list[Slide]:
    prose = "\n\n".join(part for part in parts if isinstance(part, str)).strip()
    if heading == _TAKE_AWAYS:
        return [Slide(heading, prose, "remember", prose, True)]
    found: list[tuple[str, str]] = []  # (kind, body)
    question = unanswered = ""
    answered = ("", "")  # a question, and what was printed next
    for part in parts:
        if isinstance(part, str):
            if asked := _last_question(part):
                question = unanswered = asked
            found += [("task", each) for each in _tasks(part)]
            continue
        for picture in _pictures(part):
            found += [("question", question)] * bool(question) + [("picture", picture)]
            question = ""
        printed = _short_text(part)
        if printed and (unanswered or not answered[0]):
            answered, unanswered = (unanswered, printed), ""
    if not any(kind == "picture" for kind, _ in found):
        asked, printed = answered if answered[1] else (question, "")
        said = asked or _first_sentence(prose)
        if not found and (asked or not printed):
            found.append(("question", said))
        if printed:
            found.append(("printed", f"{said}\n\n{_large(printed)}"))
    return [Slide(heading, body, kind, prose, i == 0) for i, (kind, body) in enumerate(found)]


def _paragraphs(prose: str) -> list[str]:
    plain = re.sub(r"<details>.*?</details>", "", prose, flags=re.DOTALL)
    found = (each.strip("\n") for each in plain.split("\n\n"))
    return [_LINK.sub(r"\1", each) for each in found if each and not _NOT_PROSE.match(each)]


def _sentences(paragraph: str) -> list[str]:
    return re.split(r"(?<=[.?!])\s+(?=[A-Z`*\"'(0-9])", " ".join(paragraph.split()))


def _last_question(prose: str) -> str:
    """The last question of a text, with the sentences that lead to it."""
    untold = [each for each in _paragraphs(prose) if not _is_task(each)]
    sentences = [sentence for paragraph in untold for sentence in _sentences(paragraph)]
    asked = [i for i, each in enumerate(sentences) if each.rstrip('*")').endswith("?")]
    return _with_lead(sentences[: asked[-1] + 1]) if asked else ""


def _with_lead(sentences: list[str]) -> str:
    """The last sentence, and as many before it as leave the whole short."""
    *lead, said = sentences
    for sentence in reversed(lead):
        if len(sentence) + len(said) > LEAD:
            break
        said = f"{sentence} {said}"
    return said.removeprefix("(")


def _is_task(paragraph: str) -> bool:
    return "**Write down" in paragraph or paragraph.startswith("Write down")


def _tasks(prose: str) -> list[str]:
    return [" ".join(each.split()) for each in _paragraphs(prose) if _is_task(each)]


def _first_sentence(prose: str) -> str:
    found = _paragraphs(prose)
    return _sentences(found[0])[0] if found else ""


def _pictures(outputs: list) -> list[str]:
    shown = (output.get("data", {}) for output in outputs)
    return [
        f'<div class="{_shape(data["image/png"])}">{data["text/html"]}</div>'
        for data in shown
        if data.get("text/html", "").startswith("<figure")
    ]


def _shape(png: str) -> str:
    """A tall picture has its caption beside it, a wide one below."""
    width, height = struct.unpack(">II", base64.b64decode(png[:64])[16:24])
    return "tall" if width < WIDE * height else "wide"


def _short_text(outputs: list) -> str:
    """What a cell printed, if it is short enough to be read from the last row."""
    text = "".join(output.text for output in outputs if output.output_type == "stream").rstrip()
    lines = text.splitlines()
    fits = len(lines) <= PRINTED_LINES and all(len(line) <= PRINTED_COLUMNS for line in lines)
    return text if fits else ""


def _large(printed: str) -> str:
    size = "few" if max(map(len, printed.splitlines())) <= FEW_COLUMNS else "many"
    return f'<pre class="{size}">{html.escape(printed)}</pre>'

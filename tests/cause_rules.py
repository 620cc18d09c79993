"""Rules of a lesson's reasoning, in the way of notebook_rules: a cause names its control, and a
reader who is asked to write finds a place for it.

No rule can know whether A does B. But a lesson that says so can be asked for the run without A. A
causal sentence is therefore followed by a comment that readers do not see, one of

    <!-- control: not chosen -->            what a stored output of this notebook prints where the
                                            cause is left out
    <!-- given: each division rounds -->    why no run decides it, in four words or more: a
                                            definition, an arithmetic, how a thing was built

Whoever deletes the cell with the control, or renames what it prints, hears of it.
"""

from __future__ import annotations

import re

from notebook_rules import Notebook, at, is_panel, output_texts, tags

ANSWER_TAG = "answer"
PLACE = "*Double-click here to write your answer.*"
FOLDED = "<details><summary>What a good answer contains</summary>\n\n"
MIN_GIVEN, GOOD_ANSWER = 4, (40, 110)  # words

_CAUSE = re.compile(
    r"\b(because|caus(?:e|es|ed|ing)|did it|(?:that|this|which) is why|(?:the|this) reason|"
    r"due to|thanks to|owing to|com(?:e|es|ing) from|came from|explain(?:s|ed)|to blame|at fault|"
    r"(?<=, )since|therefore|hence|leads? to|led to|drove)\b",
    re.IGNORECASE,
)
_MARKER = re.compile(r"<!--\s*(control|given):\s*(.*?)\s*-->", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
# A sentence ends at its mark and what closes after it, or with a paragraph, heading, list item.
_END = re.compile(r"[.!?]+[\"'*_)\]”]*(?=\s|$|<)|\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.)\s)")
_WRITE = re.compile(r"\bwrit(?:e|ing)\b[^.?!|]*\bdown\b", re.IGNORECASE)


def causes(book: Notebook) -> list[str]:
    """Each causal sentence is followed by the marker of its control, and the control is printed."""
    shown = "\n".join(
        text for _, cell in book.code if not is_panel(cell) for text in output_texts(cell)
    )
    shown, faults = _plain(shown), []
    for i, cell in book.prose:
        for sentence, markers in sentences(cell.source):
            found = _CAUSE.search(sentence)
            if found and not sentence.rstrip("\"'*_)]” ").endswith("?") and not markers:
                faults.append(
                    f"{at(i, cell)} names a cause, {_around(sentence, found)!r}, without its "
                    "control; run it without the cause, and put <!-- control: what that run "
                    "prints --> behind the sentence (or <!-- given: why no run decides it -->)."
                )
            for kind, words in markers:
                if kind == "control" and (not words or _plain(words) not in shown):
                    faults.append(
                        f"{at(i, cell)} has a control that no output prints, {words!r}; name what "
                        "the run without the cause prints."
                    )
                if kind == "given" and len(words.split()) < MIN_GIVEN:
                    faults.append(
                        f"{at(i, cell)} has a cause as given, {words!r}; say in {MIN_GIVEN} words "
                        "or more why no run decides it."
                    )
    return faults


def sentences(markdown: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """(sentence, the markers behind it) of a markdown cell, in order; a marker belongs to the
    sentence that it stands in or follows.
    """
    text = _FENCE.sub(lambda found: "\n" * found[0].count("\n"), markdown)
    found, start = [], 0
    # Comments are blanked out for the search of ends: a full stop in one ends no sentence.
    blank = _COMMENT.sub(lambda comment: " " * len(comment[0]), text)
    ends = [match.end() for match in _END.finditer(blank)] + [len(text)]
    for end in ends:
        while (after := _COMMENT.match(text, _skip(text, end))) is not None:
            end = after.end()
        if end <= start:
            continue
        piece, start = text[start:end], end
        words = " ".join(_COMMENT.sub(" ", piece).split())
        markers = [(kind, " ".join(said.split())) for kind, said in _MARKER.findall(piece)]
        if words or markers:
            found.append((words, markers))
    return found


def _skip(text: str, at: int) -> int:
    """The first place from `at` on that is no blank."""
    return re.compile(r"\s*").match(text, at).end()


def _plain(text: str) -> str:
    return " ".join(text.split())


def _around(sentence: str, found: re.Match[str]) -> str:
    """The cause with some words on both sides."""
    return sentence[max(0, found.start() - 30) : found.end() + 30].strip()


def places_to_write(book: Notebook) -> list[str]:
    """Who is asked to write something down gets a cell for it, and after the panel's question also
    what a good answer contains, folded.
    """
    cells, faults = book.node.cells, []
    asked_last = _panel_question(book)
    for i, cell in book.prose:
        following = cells[i + 1 : i + 3]
        asks = _WRITE.search(_COMMENT.sub("", cell.source)) or i == asked_last
        place = bool(following) and ANSWER_TAG in tags(following[0])
        if asks and i > 0 and not place:
            faults.append(
                f"{at(i, cell)} asks to write down, and no cell tagged {ANSWER_TAG!r} follows; "
                "add one."
            )
        if i == asked_last and place and not _folded(following[1:]):
            faults.append(
                f"{at(i, cell)} asks the lesson's question; after the place to write, fold what a "
                f"good answer contains in {GOOD_ANSWER[0]} to {GOOD_ANSWER[1]} words: {FOLDED!r}."
            )
        if ANSWER_TAG in tags(cell) and cell.source != PLACE:
            faults.append(f"{at(i, cell)} is a place to write and not {PLACE!r}; make it so.")
    return faults


def _panel_question(book: Notebook) -> int | None:
    """The position of the first text after the panel's picture; None without a panel."""
    panel = next((i for i, cell in book.code if is_panel(cell)), None)
    view = next((i for i, _ in book.code if panel is not None and i > panel), None)
    return next((i for i, _ in book.prose if view is not None and i > view), None)


def _folded(cells: list) -> bool:
    """Whether the first of these cells folds a good answer of a readable length."""
    source = cells[0].source if cells else ""
    if not source.startswith(FOLDED) or not source.rstrip().endswith("\n\n</details>"):
        return False
    words = re.findall(r"\w[\w'’.,-]*", re.sub(r"<[^>]*>", " ", source.removeprefix(FOLDED)))
    return GOOD_ANSWER[0] <= len(words) <= GOOD_ANSWER[1]

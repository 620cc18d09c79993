"""Numbers in prose are bound to outputs: what the text of a lesson states, a compared cell of that
lesson prints.

A number is compared as a token, as it is written: 0.97 is not found in 0.9730, and 97.3 % not in
0.973. Thousands separators, kinds of minus signs and the space before a percent sign do not count.
A number written without a sign is also found with one ("loses 6.93 points", printed as -6.93); a
number written with a minus is not found without.
"""

from __future__ import annotations

import re

from notebook_rules import Notebook, at, html_words, is_panel, output_texts

STRUCTURE = 12  # whole numbers up to here are words: two models, three checks, 5 of 12 features

_SPACES = "\u00a0\u2009\u202f\u2007"
_NUMBER = re.compile(
    r"(?:(?<![A-Za-z0-9.)\]])-)?"  # a minus, not the hyphen of 70-row or of a range
    r"(?<![A-Za-z0-9.])"  # not the 32 of float32
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:[eE][-+]?\d+)?%?"
)
_NOT_A_NUMBER = re.compile(r"\d+(?:\.\d+){2,}")  # versions, addresses
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_TO_DROP = (
    re.compile(r"https?://\S+"),
    re.compile(r"(?<=\])\([^)]*\)"),  # link targets
    re.compile(
        r"^(?:#+|\s*)\s*\d+(?:\.\d+)*[.)]\s", re.MULTILINE
    ),  # numbers of sections and list items
    re.compile(
        r"\b(?:lesson|exercise|question|section|chapter)s?\s+\d+(?:\.\d+)?(?:(?:,|,? and| "
        r"to|[-–])\s*\d+(?:\.\d+)?)*",
        re.I,
    ),
    re.compile(r"(?<![\d.,])0\d(?![\d.,]*\d)"),  # lesson numbers such as 02
)


def tokens(text: str) -> list[str]:
    """The numbers of a text, written alike.

    >>> tokens("It lost \u22126.93 points of 45,202 rows, 97.3 % are right; 0.9730/0.9647.")
    ['-6.93', '45202', '97.3%', '0.9730', '0.9647']
    """
    text = text.replace("\u2212", "-").replace("{,}", ",").replace("\\%", "%")
    text = re.sub(rf"(?<=\d)[{_SPACES}](?=\d{{3}}(?!\d))", ",", text)
    text = re.sub(r"(?<=\d)_(?=\d{3})", "", text)
    text = re.sub(rf"(?<=\d)[\s{_SPACES}]+%", "%", text)
    found = (token.replace(",", "") for token in _NUMBER.findall(_NOT_A_NUMBER.sub(" ", text)))
    return [re.sub(r"^(-?)\.", r"\g<1>0.", token) for token in found]


def prose_numbers(book: Notebook) -> list[str]:
    """Every number in prose is printed by a compared cell; a number in `code` stands in the code or
    is printed.

    Free are: the title cell, whole numbers up to 12, numbers of sections, list items and lessons,
    link targets.
    """
    cells = [cell for _, cell in book.code if not is_panel(cell)]
    printed = _with_unsigned(
        token for cell in cells for text in output_texts(cell) for token in tokens(text)
    )
    written = printed | _with_unsigned(
        token for _, cell in book.code for token in tokens(cell.source)
    )
    faults = []
    for i, cell in book.prose:
        if i == 0:
            continue
        prose, code = split_spans(cell.source)
        faults += [
            f"{at(i, cell)} states {token}, which no compared output of this notebook shows as "
            f"{token}; print it."
            for token in tokens(prose)
            if token not in printed and not _is_structure(token)
        ]
        faults += [
            f"{at(i, cell)} has {token} in a code span, but no code cell has it and no output "
            "shows it; correct it."
            for token in tokens(code)
            if token not in written and not _is_structure(token)
        ]
    return faults


def split_spans(markdown: str) -> tuple[str, str]:
    """(prose, code) of a markdown cell, without what may hold any number."""
    code = [found[0] for found in _FENCE.finditer(markdown)]
    prose = _FENCE.sub(" ", markdown)
    code += [found[2] for found in _SPAN.finditer(prose)]
    prose = _SPAN.sub(" ", prose)
    texts = [html_words(prose), "\n".join(code)]
    for pattern in _TO_DROP:
        texts = [pattern.sub(" ", text) for text in texts]
    return texts[0], texts[1]


def _with_unsigned(found) -> set[str]:
    found = set(found)
    return found | {token.removeprefix("-") for token in found}


def _is_structure(token: str) -> bool:
    return token.isdigit() and int(token) <= STRUCTURE

"""Text of strangers in Markdown: names of slices and columns are shown as they are, in whatever
they contain. No table breaks, no HTML comes through, no link or formula is made, nobody is pinged.

Characters that mean something are written as HTML entities: those can stand for no structure
(CommonMark 0.31, section 2.5), in any renderer. A backslash before a `|` is read in three ways by
three renderers. An entity is no help against a mention, which GitHub looks for in what was
rendered; but it looks in no <code>.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

LONGEST_NAME = 48  # characters; of longer ones the middle is left out
LONGEST_TEXT = 400

# An underscore within a word is no emphasis. `www.` and `://` begin links of GitHub's own.
_MEANING = re.compile(
    r"""[|`\\*~<>&!$"{}\[\]^@#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=[wW])\.|:(?=//)"""
)
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # Unicode categories of what nobody sees
_PINGS = "@#"


def code(name: object, longest: int = LONGEST_NAME) -> str:
    """A name, for any place in a line: in a table's cell, too."""
    shown = _shortened(_visible(str(name)), longest)
    if not shown or shown != shown.strip():
        shown = f"'{shown}'"
    return f"<code>{_MEANING.sub(_entity, shown)}</code>"


def plain(text: object) -> str:
    """A sentence, for any place in a line but its start."""

    def inert(found: re.Match) -> str:
        entity = _entity(found)
        return f"<code>{entity}</code>" if found[0] in _PINGS else entity

    return _MEANING.sub(inert, _shortened(_visible(str(text)), LONGEST_TEXT))


def sentence_about(sentence: str, name: str | None) -> str:
    """A check's sentence; the slice that it is about is set as code() sets it."""
    before, quoted, after = (
        sentence.partition(repr(name)) if name is not None else (sentence, "", "")
    )
    return plain(before) + (code(name) if quoted else "") + (plain(after) if after else "")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> list[str]:
    """The lines of a table. Cells are Markdown already, without `|` and line breaks.

    Parameters
    ----------
    words : so many columns hold words; in the others are numbers, set to the right.
    """
    rule = ["---"] * words + ["--:"] * (len(heads) - words)
    return [row(cells) for cells in (heads, rule, *rows)]


def row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Lines that are shown when somebody asks for them."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


def _entity(found: re.Match) -> str:
    return f"&#{ord(found[0])};"


def _shortened(text: str, longest: int) -> str:
    """Names often differ at their end."""
    if len(text) <= longest:
        return text
    tail = longest // 3
    return f"{text[: longest - tail - 1]}…{text[-tail:]}"


def _visible(text: str) -> str:
    """What cannot be seen, or would end the line or turn it round, as Python writes it."""
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in _HIDDEN else c
        for c in text
    )

"""Rules of what a lesson's text may point at, in the way of notebook_rules: names that exist, links
that lead where they say, and the claims that were read against the outputs.

No rule knows whether a sentence is true. A number or a number word that changes is therefore held
against tests/claims.txt, which keeps what each cell claimed when somebody last compared it with the
outputs: exchanged, miscounted or misspelt, it is another list. After an edit, read, then

    python tests/prose_rules.py         writes tests/claims.txt anew; `git diff` shows each claim
"""

from __future__ import annotations

import ast
import builtins
import importlib
import keyword
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from notebook_rules import Notebook, at, html_words, output_texts
from prose_numbers import split_spans, tokens

CLAIMS = "tests/claims.txt"
FOREIGN = "## What real systems do"  # names of other people's code, which is not here to be asked
_WORDS = (
    "zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "hundred|thousand|million|billion|half|halves|thirds?|quarters?|fifth|sixth|seventh|eighth|"
    "ninth|tenth|twentieth|fiftieth|hundredth|thousandth|twice|thrice|both|neither|none"
)
_WORD = re.compile(rf"\b(?:{_WORDS}|one(?= (?:in|of|out|more|less)\b))\b", re.I)


def claims(book: Notebook) -> dict[str, list[str]]:
    """{cell id: the numbers and number words of its text, in order}; cells without any left out."""
    found = {}
    for _, cell in book.prose:
        prose, code = split_spans(cell.source)
        said = []
        for text in (prose, code):
            parts = re.split(f"({_WORD.pattern})", text, flags=re.I)
            for part in parts:
                said += [part.lower()] if _WORD.fullmatch(part) else tokens(part)
        if said:
            found[cell.id] = said
    return found


@cache
def _kept(path: Path) -> dict[tuple[str, str], list[str]]:
    """{(lesson, cell id): its claims} as tests/claims.txt keeps them."""
    if not path.exists():
        return {}
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return {(line[0], line[1]): line[2:] for line in lines if line and line[0] != "#"}


def kept_claims(book: Notebook) -> list[str]:
    """The text claims what it claimed when it was last read against the outputs."""
    now, kept = claims(book), _kept(book.root / CLAIMS)
    before = {cell: said for (lesson, cell), said in kept.items() if lesson == book.path.stem}
    where = {cell.id: at(i, cell) for i, cell in book.prose}
    faults = []
    for cell in [*now, *(before.keys() - now.keys())]:
        have, had = now.get(cell, []), before.get(cell, [])
        if have == had:
            continue
        same = 0
        while same < min(len(have), len(had)) and have[same] == had[same]:
            same += 1
        is_now, was = (" ".join(each[same : same + 4]) or "nothing" for each in (have, had))
        faults.append(
            f"{where.get(cell, f'cell {cell}, now gone,')} claims {is_now} where it claimed {was}; "
            "read it against the outputs, then run python tests/prose_rules.py."
        )
    return faults


def span_names(book: Notebook) -> list[str]:
    """A function, class or attribute in a code span is one of the lesson or of labsupport."""
    known = _known(book)
    faults = []
    for i, cell in book.prose:
        text = cell.source.split(FOREIGN)[0] if FOREIGN in cell.source else cell.source
        if any(FOREIGN in earlier.source for j, earlier in book.prose if j < i):
            break
        for span in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text):
            faults += [
                f"{at(i, cell)} names `{name}`, which neither lesson nor labsupport has."
                for name in _names(span)
                if name not in known and not _importable(name)
            ]
    return faults


def _names(span: str) -> list[str]:
    """What a span presents as a name: dotted, with an underscore, in CamelCase, or called."""
    name = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
    if re.search(r"[/\\-]\w|\w/", span):  # a path, an option
        return []
    found = re.findall(rf"({name})(\()?", span)
    return [
        each
        for each, called in found
        if (called or "_" in each or "." in each or re.search(r"[a-z][A-Z]", each))
        and not re.fullmatch(r"[a-z]_\w", each)  # a symbol of a formula
    ]


def _known(book: Notebook) -> set[str]:
    """Every word of the lesson's code and outputs and of labsupport's sources."""
    texts = [cell.source for _, cell in book.code]
    texts += [text for _, cell in book.code for text in output_texts(cell)]
    words = set(re.findall(r"[A-Za-z_]\w*", "\n".join(texts))) | set(dir(builtins))
    return words | set(keyword.kwlist) | _defined(book.root / "labsupport")


@cache
def _defined(package: Path) -> set[str]:
    """The names that labsupport defines: functions, classes, attributes, arguments, modules."""
    found = {path.stem for path in package.rglob("*.py")} | {package.name}
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for key in ("name", "arg", "attr", "id"):
                if isinstance(value := getattr(node, key, None), str):
                    found.add(value)
    return found


def _importable(name: str) -> bool:
    """Whether a dotted name is one of an installed module, as math.fsum is, or all known parts."""
    module, *rest = name.split(".")
    if not rest:
        return False
    try:
        there = importlib.import_module({"np": "numpy"}.get(module, module))
    except ImportError:
        return False
    for part in rest:
        there = getattr(there, part, None)
    return there is not None


def honest_links(book: Notebook) -> list[str]:
    """A link that names a lesson or an exercise by number leads to it; an anchor to a heading."""
    faults = []
    for link in book.page.select("a[href]"):
        parts, words = urlsplit(link["href"]), link.get_text(" ", strip=True)
        if parts.scheme or parts.netloc or "anchor-link" in link.get("class", []):
            continue
        number = re.fullmatch(r"(?:\D* )?(\d\d)\b.*", words)
        stem = Path(unquote(parts.path)).name
        if number and stem.endswith(".ipynb") and not stem.startswith(number[1]):
            faults.append(f"The link {words!r} leads to {stem}; correct it.")
        kind = re.match(r"(exercise|solution|lesson)\b", words, re.I)
        folder = Path(unquote(parts.path)).parent.name
        if kind and folder != {"lesson": ""}.get(kind[1].lower(), f"{kind[1].lower()}s"):
            faults.append(f"The link {words!r} leads to {parts.path}; correct it.")
        if parts.fragment and not _has_heading(book, parts.path, unquote(parts.fragment)):
            faults.append(f"The link {words!r} leads to no heading #{parts.fragment}; correct it.")
    closing = [cell.source for _, cell in book.prose][-1:]
    own = book.root / "exercises" / book.path.name
    if own.exists() and not any(f"(../exercises/{own.name})" in text for text in closing):
        faults.append(f"The last cell does not link to ../exercises/{own.name}; let it.")
    return faults


def _has_heading(book: Notebook, path: str, anchor: str) -> bool:
    other = Notebook((book.path.parent / unquote(path)).resolve(), book.root) if path else book
    if not other.path.exists() or other.path.suffix != ".ipynb":
        return False
    text = "\n".join(cell.source for _, cell in other.prose)
    headings = re.findall(r"^#+ (.*?)\s*$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    return anchor in {html_words(each).strip().replace(" ", "-") for each in headings}


def keep(root: Path) -> None:
    """Write the claims of all lessons."""
    lines = [
        "# What each cell of a lesson claims: its numbers and number words, in order. Written by",
        "# `python tests/prose_rules.py`, after the cells were read against the outputs.",
    ]
    for path in sorted(root.glob("notebooks/*.ipynb")):
        for cell, said in claims(Notebook(path, root)).items():
            lines.append(f"{path.stem} {cell} {' '.join(said)}")
    (root / CLAIMS).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    keep(Path(__file__).resolve().parent.parent)

"""Rules of what a notebook's code may do and hide, in the way of notebook_rules: it says the same
on every day and every machine, and leaves nothing behind.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cause_rules import ANSWER_TAG
from lesson_rules import plain_python
from notebook_rules import PANEL_TAG, Notebook, at, tags

TAGS = {"parameters", PANEL_TAG, ANSWER_TAG}
HIDES = {"source_hidden", "outputs_hidden", "hide_input", "hide_output", "collapsed", "slideshow"}
CLOCK = re.compile(
    r"\b(?:date|datetime|Timestamp)\.(?:now|today|utcnow)\b|\btime\.(?!sleep|perf_counter)\w+"
    r"|\bfrom time import (?!sleep|perf_counter)\w+|\bdatetime64\(['\"](?:now|today)"
)
SEEDED = {"Generator", "SeedSequence", "PCG64", "default_rng", "RandomState", "BitGenerator"}
NETWORK = {
    *("urllib", "urllib3", "requests", "http", "httpx", "aiohttp", "ftplib", "socket", "smtplib"),
    *("websockets", "pooch", "wget", "boto3", "fsspec", "huggingface_hub", "kagglehub", "openml"),
}
CHANCE = {"random", "secrets", "uuid"}
WRITES = {
    *("write_text", "write_bytes", "savefig", "save", "savez", "savez_compressed", "savetxt"),
    *("to_csv", "to_parquet", "to_json", "to_pickle", "tofile", "dump", "mkdir", "makedirs"),
    *("touch", "unlink", "copyfile", "copytree", "rmtree"),
}
PLACE = re.compile(r"(?:[A-Za-z]:)?[/\\][A-Za-z][\w.-]*[/\\][\w./\\-]*|~[/\\].*")


def nothing_hidden(book: Notebook) -> list[str]:
    """No tag and no metadata hide a source or an output, or take it out of the page."""
    faults = []
    for i, cell in enumerate(book.node.cells):
        faults += [
            f"{at(i, cell)} is tagged {tag!r}; only {sorted(TAGS)} are known, remove it."
            for tag in tags(cell)
            if tag not in TAGS
        ]
        held = {**cell.metadata, **cell.metadata.get("jupyter", {})}
        faults += [
            f"{at(i, cell)} has metadata.{key}, which hides a part of it; delete it."
            for key in sorted(HIDES & set(held))
        ]
    return faults


def same_every_day(book: Notebook) -> list[str]:
    """No clock, no draw without a seed, no network, no shell."""
    faults = []
    for i, cell in book.code:
        said = [*_clock(cell.source), *_shell(cell.source)]
        for node in ast.walk(ast.parse(plain_python(cell.source))):
            said += [*_imports(node), *_draws(node)]
        faults += [f"{at(i, cell)} {each}" for each in dict.fromkeys(said)]
    return faults


def _clock(source: str) -> Iterator[str]:
    if found := CLOCK.search(source):
        yield f"asks what time it is ({found[0]}); write the date down, or leave it out."


def _shell(source: str) -> Iterator[str]:
    for line in source.splitlines():
        if re.match(r"\s*[%!]", line):
            yield f"runs {line.strip()[:30]!r} outside of Python; do it in Python, or leave it out."


def _imports(node: ast.AST) -> Iterator[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    for module in (name.split(".")[0] for name in names):
        if module in NETWORK:
            yield f"imports {module}; the lab asks the network for nothing, its data lie in it."
        if module in CHANCE:
            yield f"imports {module}, whose draws differ; take np.random.default_rng(seed)."
    if isinstance(node, ast.Constant) and re.match(r"(https?|ftp|s3)://", str(node.value)):
        yield f"has the address {node.value[:30]!r}; the lab asks the network for nothing."


def _draws(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func)
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    unseeded = not given or any(isinstance(a, ast.Constant) and a.value is None for a in given)
    last = name.split(".")[-1]
    if last in SEEDED and unseeded:
        yield f"calls {name}() without a seed; give it one."
    if re.fullmatch(r"(np|numpy)\.random\.\w+", name) and last not in SEEDED:
        yield f"calls {name}, whose seed is everybody's; draw from np.random.default_rng(seed)."
    if last == "rvs" and "random_state" not in {keyword.arg for keyword in node.keywords}:
        yield f"calls {name} without random_state; give it one."


def nothing_left_behind(book: Notebook) -> list[str]:
    """No file is written but into a TemporaryDirectory, and no path of one machine is named."""
    faults = []
    for i, cell in book.code:
        apart = "TemporaryDirectory" in cell.source
        for node in ast.walk(ast.parse(plain_python(cell.source))):
            text = getattr(node, "value", "") if isinstance(node, ast.Constant) else ""
            if isinstance(text, str) and PLACE.fullmatch(text):
                faults.append(
                    f"{at(i, cell)} names {text!r}, a path of one machine; take the data from "
                    "labsupport."
                )
            if isinstance(node, ast.Call) and _writes(node) and not apart:
                faults.append(
                    f"{at(i, cell)} calls {ast.unparse(node.func)}, which writes beside the "
                    "lesson; write into a TemporaryDirectory, or not at all."
                )
    return faults


def _writes(call: ast.Call) -> bool:
    last = ast.unparse(call.func).split(".")[-1]
    if last == "rename":  # pandas renames columns in memory, by keywords that no file's rename has
        return not {word.arg for word in call.keywords} & {"columns", "index"}
    if last != "open":
        return last in WRITES
    modes = [*call.args[:2], *(word.value for word in call.keywords if word.arg == "mode")]
    said = [str(mode.value) for mode in modes if isinstance(mode, ast.Constant)]
    return any(re.fullmatch(r"[rbt]*[wax+][rwaxbt+]*", mode) for mode in said)

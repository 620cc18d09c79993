"""YAML that an outsider wrote: blocks that know the line they stand on, and one sentence for each
mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

import yaml


class Block(dict):
    """A mapping of a YAML file.

    Attributes
    ----------
    line : on which it begins, from 1.
    lines : {key: the line on which it stands}.
    """

    line: int
    lines: dict[str, int]


def read_block(path: str | Path) -> Block:
    """The mapping that a YAML file holds; mappings within it are Blocks, too.

    Raises
    ------
    OSError : there is no such file, or it cannot be read.
    ValueError : broken YAML, a key twice in one block, an alias, no mapping at the top.
    """
    path = Path(path)
    data = path.read_bytes()
    try:
        found = yaml.load(data, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        said = _first(error.problem)
        if "'?'" in said:  # PyYAML ends a text within brackets at a question mark
            said += "; put a text with a question mark in quotes"
        raise ValueError(f"{path.name}{line}: broken YAML, {said}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # not UTF-8, a date without a day
        raise ValueError(f"{path.name}: broken YAML, {_first(error)}.") from None
    if not isinstance(found, Block):
        raise ValueError(f"{path.name} holds {kind_of(found)}; at its top are keys with values.")
    return found


def check_keys(block: Block, known: Collection[str], needed: Collection[str], where: str) -> None:
    """Raise ValueError for a key that is unknown, with the one that was meant, or missing.

    Parameters
    ----------
    where : begins the sentence, as in "mine.yaml, task 'a'"; the line is put behind it.
    """
    for key in block:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            meant = f"did you mean {near[0]!r}" if near else f"the keys are {', '.join(known)}"
            raise ValueError(f"{where}, line {block.lines[key]}: unknown key {key!r}; {meant}.")
    for key in needed:
        if key not in block:
            raise ValueError(f"{where}, line {block.line}: {key!r} is missing.")


def text_of(value: object, what: str) -> str:
    """The value, if it is text and not empty; ValueError with what it is, or how to make it one."""
    if not isinstance(value, str):
        hint = "" if isinstance(value, list | dict | None) else "; put it in quotes"
        raise ValueError(f"{what} is text; got {kind_of(value)}{hint}.")
    if not value.strip():
        raise ValueError(f"{what} is empty.")
    return value


def texts_of(value: object, what: str) -> tuple[str, ...]:
    """The value as a tuple of texts, if it is a list of them and not empty; else ValueError."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{what} is a list of texts, at least one; got {kind_of(value)}.")
    return tuple(text_of(each, f"a text of {what}") for each in value)


def kind_of(value: object) -> str:
    """What a YAML value is, in words."""
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "keys with values"
    return "nothing" if value is None else f"{type(value).__name__} {value!r}"


def _first(problem: object) -> str:
    """A parser's words as the end of a sentence."""
    words = " ".join(str(problem).split()) or "it cannot be read"
    return words.rstrip(".").replace(". ", "; ")


class _Loader(yaml.SafeLoader):
    """SafeLoader, without aliases (a few lines of them unfold to gigabytes)."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="an alias; write the value out", problem_mark=mark)
        return super().compose_node(parent, index)


def _block(loader: _Loader, node: yaml.MappingNode) -> Block:
    block = Block()
    block.line, block.lines = node.start_mark.line + 1, {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            problem = f"a key is a word; got {kind_of(key)}, so put it in quotes"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        if key in block:
            problem = f"{key!r} stands there twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        block[key] = loader.construct_object(value_node, deep=True)
        block.lines[key] = key_node.start_mark.line + 1
    return block


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _block)

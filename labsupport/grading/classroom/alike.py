"""Answers that are nearly the same, side by side: information, and no verdict.

Two answers are compared as trees, without names, comments and layout: what stays the same when a
copy is disguised. Short answers look alike by themselves, so they are left out.
"""

from __future__ import annotations

import ast
import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

SHORTEST = 25  # nodes of a tree
LIKE = 0.9  # of the pieces of two trees that they share
_MOST = 400  # distinct answers to a question that are compared with each other


@dataclass(frozen=True)
class Alike:
    """Students whose answers to a question are nearly the same.

    Attributes
    ----------
    question, students : by name.
    answers : the source of each.
    share : the least share of pieces that one of them has in common with the first.
    """

    question: str
    students: tuple[str, ...]
    answers: tuple[str, ...]
    share: float


def find_alike(question: str, answers: Mapping[str, str], common: str) -> list[Alike]:
    """Groups of students with nearly the same answer.

    Parameters
    ----------
    answers : {student: source}.
    common : what all were given; an answer that is only this is left out.
    """
    groups: dict[tuple, list[str]] = defaultdict(list)
    for student, source in sorted(answers.items()):
        nodes = _nodes(source)
        if len(nodes) >= SHORTEST and nodes != _nodes(common):
            groups[tuple(nodes)].append(student)
    pieces = {nodes: _pieces(nodes) for nodes in list(groups)[:_MOST]}
    joined: list[tuple[list[tuple], float]] = []
    for nodes in groups:
        for held, _ in joined:
            if nodes in pieces and held[0] in pieces and _shared(pieces, nodes, held[0]) >= LIKE:
                held.append(nodes)
                break
        else:
            joined.append(([nodes], 1.0))
    found = []
    for held, _ in joined:
        students = [student for nodes in held for student in groups[nodes]]
        if len(students) > 1:
            least = min(_shared(pieces, nodes, held[0]) for nodes in held) if held[1:] else 1.0
            sources = tuple(answers[student] for student in students)
            found.append(Alike(question, tuple(students), sources, least))
    return found


def _nodes(source: str) -> list[str]:
    """The kinds of nodes, in order; docstrings, names and numbers left out."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return [type(node).__name__ for node in _in_order(tree)]


def _in_order(tree: ast.AST):
    left = [tree]
    while left:
        node = left.pop()
        yield node
        left.extend(reversed(list(ast.iter_child_nodes(node))))


def _pieces(nodes: tuple[str, ...]) -> Counter:
    return Counter(itertools.pairwise(itertools.pairwise(nodes)))


def _shared(pieces: Mapping[tuple, Counter], a: tuple, b: tuple) -> float:
    first, second = pieces[a], pieces[b]
    return (first & second).total() / max((first | second).total(), 1)

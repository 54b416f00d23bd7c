"""What the page of things that go wrong says is held by a test is held by one that is there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from tests.docs.test_docs import ROOT

PAGE = ROOT / "docs" / "reference" / "what-goes-wrong.md"
TEXT = PAGE.read_text(encoding="utf-8")
TEST = re.compile(r"`([\w/]+\.py)::([\w:]+)`")
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
KINDS = {"P": 23, "D": 14, "C": 20, "N": 6, "Y": 7, "S": 6, "W": 13, "A": 6, "E": 17}
KINDS |= {"V": 11, "I": 10, "F": 5, "U": 8, "B": 10, "M": 4, "K": 2}
"""How many there are of each kind."""


@cache
def held_in(path: str) -> frozenset[str]:
    """The tests of a file, with their class."""
    if not (ROOT / path).is_file():
        return frozenset()
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        before = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {f"{before}{one.name}" for one in inner if isinstance(one, ast.FunctionDef)}
    return frozenset(found)


@pytest.mark.parametrize("held", [pytest.param(held, id=number) for number, _, held in ROW.findall(TEXT)])
def test_each_line_names_tests_that_exist_or_why_it_cannot_happen(held: str) -> None:
    named = TEST.findall(held)

    assert held.count("::test_") == len(named)
    assert named or held.startswith("Cannot happen: ")
    assert [] == [f"{path}::{name}" for path, name in named if name not in held_in(path)]


def test_each_thing_is_held_or_said_not_to_be() -> None:
    lines = [number for number, _, _ in ROW.findall(TEXT)]
    open_ones = re.findall(r"[A-Z]\d+", " ".join(re.findall(r"^- ([^:]+):", TEXT, re.MULTILINE)))

    assert len(lines) == len(set(lines))
    assert {f"{kind}{n}" for kind, most in KINDS.items() for n in range(1, most + 1)} == {*lines, *open_ones}


def test_the_page_is_found_from_the_index() -> None:
    assert f"({PAGE.parent.name}/{PAGE.name})" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")

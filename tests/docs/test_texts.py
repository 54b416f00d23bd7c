"""What problems, refusals and help texts tell people to do exists: every command named in a text of the
product, with its options, and with what it must be given.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.test_docs import PRODUCT, program

SOURCES = sorted(path for path in PRODUCT.rglob("*.py") if "tests" not in path.parts)
NAMED = re.compile(
    r"ml-connector ([a-z-]+(?: [a-z]+(?:-[a-z]+)*)*)((?: (?:--[a-z]+(?:-[a-z]+)*|[A-Z{<'][^ ,;:()]*))*)"
)
HALF = re.compile(r"(?<!ml-connector )(?<!`)\b(runs|flows|mappings|connections|people|keys) ([a-z-]+)\b")
NOT_NAMED = frozenset({"runs show", "runs list", "flows options"})
"""Words of a sentence that happen to be a command as well."""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of every string of a file, with what is filled in as `{…}`; docstrings not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in parts | alone:
            continue
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def faults(text: str) -> Iterator[str]:
    """What is wrong with the commands that a text names."""
    for asked in NAMED.finditer(text):
        command, words = program(), asked[1].split()
        while words and words[0] in getattr(command, "commands", ()):
            command = command.commands[words.pop(0)]
        if text[asked.end() :].startswith("\n"):
            continue  # The head of what a key signs.
        if getattr(command, "commands", None):
            yield f"no command: {asked[0]}"
            continue
        given = [word for word in asked[2].split() if word.startswith("--")]
        known = {name for parameter in command.params for name in parameter.opts}
        yield from (f"no option {name}: {asked[0]}" for name in given if name not in known)
        needed = [p for p in command.params if p.required and p.param_type_name == "argument"]
        if needed and (words or not asked[2] or asked[2].startswith(" --")):
            yield f"not complete: {asked[0]}"
    for asked in HALF.finditer(text):
        group, name = asked.groups()
        if name in program().commands[group].commands and f"{group} {name}" not in NOT_NAMED:
            yield f"without the program: {asked[0]}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PRODUCT).as_posix())
def test_commands_that_texts_name_exist(path: Path) -> None:
    """And can be typed as they stand: nobody is left to guess the rest."""
    found = [f"line {line}: {fault}" for line, text in texts(path) for fault in faults(text)]

    assert [] == found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Then: ml-connector runs resume {…}.", ""),
        ("Say so: ml-connector runs settle '{…}' --booked {…}.", ""),
        ("Set it (ml-connector flows set), then go on.", ""),
        ("Reverse it: ml-connector runs undo {…}.", "no command: ml-connector runs undo {…}."),
        ("Delete it (ml-connector runs mark-deleted).", "not complete: ml-connector runs mark-deleted"),
        ("Say so: ml-connector runs settle KEY --gone.", "no option --gone"),
        ("Say so (ml-connector runs mark-deleted RUN).", ""),
        ("Look again: runs cancel {…}.", "without the program: runs cancel"),
    ],
)
def test_a_wrong_command_is_seen(text: str, fault: str) -> None:
    """The check itself, on texts that are right and wrong."""
    found = list(faults(text))

    assert found == [] if not fault else [fault] == [one[: len(fault)] for one in found]

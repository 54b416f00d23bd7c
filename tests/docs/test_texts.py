"""What problems, refusals and help texts tell people to do exists: every command named in a text of the
product, with its options, and with what it must be given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.named_commands import SHORT, every_command, faults_in_sentence, faults_of_line
from tests.docs.test_docs import COMMAND, PRODUCT, ROOT, commands

SOURCES = sorted(path for path in PRODUCT.rglob("*.py") if "tests" not in path.parts)
TEMPLATES = sorted((ROOT / "tools" / "scaffold").rglob("*.tmpl"))


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


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PRODUCT).as_posix())
def test_commands_that_texts_name_exist(path: Path) -> None:
    """And can be typed as they stand: nobody is left to guess the rest."""
    found = [f"line {line}: {fault}" for line, text in texts(path) for fault in faults_in_sentence(text)]

    assert [] == found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Then: ml-connector runs resume {…}.", ""),
        ("Record that: ml-connector runs settle '{…}' --booked {…}.", ""),
        ("Set it (ml-connector flows set), then go on.", "--from is missing: ml-connector flows set"),
        ("Set it: ml-connector flows set --from A --to B --starts-on DATE --mode approve, then go on.", ""),
        ("Set it: ml-connector flows set --mode approve --from A --to B.", "--starts-on is missing"),
        ("Close it (ml-connector runs close RUN --why '...'), then go on.", ""),
        ("Close it (ml-connector runs close RUN), then go on.", "--why is missing"),
        ("Reverse it: ml-connector runs undo {…}.", "no command: ml-connector runs undo"),
        (
            "Delete it (ml-connector runs mark-deleted).",
            "identity is missing: ml-connector runs mark-deleted",
        ),
        ("Record that: ml-connector runs settle KEY --gone.", "no option --gone"),
        ("Say so (ml-connector runs mark-deleted RUN).", ""),
        ("Look again: runs cancel {…}.", "without the program: runs cancel"),
    ],
)
def test_a_wrong_command_is_seen(text: str, fault: str) -> None:
    """The check itself, on texts that are right and wrong."""
    found = list(faults_in_sentence(text))

    assert (fault, bool(fault)) == (found[0][: len(fault)] if found else "", bool(found))


def test_commands_that_help_names_exist() -> None:
    """What stands as code in a help text is a command, or begins with one; a whole one is complete."""
    found = []
    for name, command in every_command():
        texts_of = [command.help or "", *(getattr(p, "help", None) or "" for p in command.params)]
        for text in texts_of:
            found += [f"{name}: {fault}" for fault in faults_in_sentence(text)]
            for span in SHORT.findall(text):
                found += [f"{name}: {fault}" for fault in faults_of_line(span.strip("`"), complete=False)]

    assert [] == found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_that_the_scaffold_names_exist(path: Path) -> None:
    """A new connector's pages and messages name commands that exist."""
    text = path.read_text(encoding="utf-8")
    asked = [found[1] for line in commands(text) if (found := COMMAND.match(line))]

    assert [] == [fault for line in asked for fault in faults_of_line(line, complete=True)]

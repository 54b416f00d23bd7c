"""What the documentation names exists: commands, options, targets, files, links, and the words of the how-to
for connectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from inspect import get_annotations
from pathlib import Path

import connector
import pytest
from tests.docs.named_commands import GROUPS, faults_of_line, program

from ml_connector.ports.ledger import Ledger, LedgerLimits
from ml_connector.ports.payroll import PayrollSource

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("src/**/README.md"),
        *ROOT.glob("sandbox/src/**/README.md"),
    ]
)
HOWTO = ROOT / "docs" / "howto" / "add-a-connector.md"
EXAMPLE = "acme_books"
PRODUCT, SANDBOX = ROOT / "src" / "ml_connector", ROOT / "sandbox" / "src" / "ml_connector_sandbox"
FILE = re.compile(r"(?:[\w.<>…*-]+/)*[\w.<>…*-]+(?:/|\.(?:py|md|toml|csv|tmpl))")
COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )?(?:\.venv/bin/)?ml-connector ([a-z][^|;)#]*)")
NAMED_ONLY = re.compile(rf"^(?:{GROUPS}) [a-z][^|;)#]*")
NOT_FILES = ("path.csv", "folder", "rules.csv", "codes.csv", "table.csv", ".ml-connector")
"""Files of the reader's own, and what looks like a file."""
TARGET = re.compile(r"^make ([^#]*)")


def identity(page: Path) -> str:
    """A page as a test names it."""
    return page.relative_to(ROOT).as_posix()


def spans(text: str) -> Iterator[str]:
    """Everything written as code in a sentence or a table; a line break inside of it is a blank."""
    for paragraph in re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL).split("\n\n"):
        yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", paragraph))


def commands(text: str) -> Iterator[str]:
    """Every line of a block of code, and everything written as code on a line."""
    for block in re.findall(r"^```.*?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from spans(text)


# --- commands -----------------------------------------------------------------------------------------------


@cache
def targets() -> frozenset[str]:
    """What `make` can be asked."""
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def variables() -> frozenset[str]:
    """What `make` can be told: variables that recipes use."""
    return frozenset(re.findall(r"\$\((?:if \$\()?(?:or \$\()?(\w+)", (ROOT / "Makefile").read_text()))


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_make_targets_exist(page: Path):
    """Every `make …` names a target, with variables that the Makefile reads."""
    for line in commands(page.read_text(encoding="utf-8")):
        if not (asked := TARGET.match(line)):
            continue
        target, *told = asked[1].split()

        assert target in targets(), line
        assert {word.partition("=")[0] for word in told if "=" in word} - variables() == set(), line


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_commands_exist(page: Path):
    """Every `ml-connector …` names a command, with options that it has and all that it requires. One without
    the program's name is named only: it exists, and so do its options.
    """
    found = []
    for line in commands(page.read_text(encoding="utf-8")):
        if asked := COMMAND.match(line):
            found += faults_of_line(asked[1], complete=True)
        elif asked := NAMED_ONLY.match(line):
            found += faults_of_line(asked[0], complete=False)

    assert [] == found


def test_table_of_commands_is_whole():
    """Each name in the table is a command, `group first`, `second`, …; and no command is left out."""
    top = program().commands
    named = set()
    for row in re.findall(
        r"^\| (`[a-z].*?) \|", (ROOT / "docs" / "reference" / "commands.md").read_text(), re.MULTILINE
    ):
        group = ""
        for name in re.findall(r"`([^`]+)`", row):
            first, *more = name.split()
            if first in top and getattr(top[first], "commands", None):
                group, first = first, more[0]
            named.add(f"{group} {first}" if first in getattr(top.get(group), "commands", ()) else first)
    every = {
        f"{group} {name}"
        for group in top
        for name, command in getattr(top[group], "commands", {}).items()
        if not command.hidden
    }

    assert every | {name for name in top if not getattr(top[name], "commands", None)} == named


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_links_lead_somewhere(page: Path):
    """Every relative link is a file, or a folder, that is there."""
    for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert "://" in link or (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_files_exist(page: Path):
    """Every path written as code is there: from the root, from the product, from the simulators, or from the
    page's own folder.
    """
    missing = [
        span
        for span in spans(page.read_text(encoding="utf-8"))
        if FILE.fullmatch(span) and not is_there(span, page)
    ]

    assert [] == missing


def is_there(span: str, page: Path) -> bool:
    """Whether a path leads somewhere. `<slug>`, `…` and `*` stand for anything; the example's files are those
    of the scaffold.
    """
    pattern = re.sub(r"<\w+>|…", "*", span).strip("/")
    if pattern.split("/")[0] in (
        "path.csv",
        "folder",
        "rules.csv",
        "codes.csv",
        "table.csv",
        ".ml-connector",
    ):
        return True
    places = [
        ROOT,
        PRODUCT,
        SANDBOX,
        PRODUCT / "connectors",
        page.parent,
        *PRODUCT.glob("*/"),
        *PRODUCT.glob("connectors/*/"),
    ]
    if EXAMPLE in pattern:
        pattern = pattern.partition(EXAMPLE)[2].strip("/")
    if page == HOWTO:
        parts = [folder for folder in connector.TEMPLATES.iterdir() if folder.is_dir()]
        if not pattern or any((folder / f"{pattern}.tmpl").exists() for folder in parts):
            return True
    return any(next(place.glob(pattern), None) is not None for place in places)


# --- the how-to for connectors ------------------------------------------------------------------------------


@cache
def words() -> frozenset[str]:
    """Every word of the code, the scaffold included."""
    sources = [
        *ROOT.glob("src/**/*.py"),
        *ROOT.glob("sandbox/src/**/*.py"),
        *ROOT.glob("tools/**/*.py"),
        *connector.TEMPLATES.rglob("*.tmpl"),
    ]
    return frozenset(
        word for path in sources for word in re.findall(r"[A-Za-z_]\w*", path.read_text(encoding="utf-8"))
    )


def test_names_of_the_howto_exist():
    """Every name written as code is one in the code."""
    names = [
        span
        for span in spans(HOWTO.read_text(encoding="utf-8"))
        if re.fullmatch(r"[A-Za-z_][\w.]*(?:\(.*\))?(?:=.*)?", span)
    ]
    used = {
        word
        for name in names
        if not FILE.fullmatch(name)
        for word in re.findall(r"[A-Za-z_]\w*", name.partition("=")[0])
    }

    assert set() == {word.replace(EXAMPLE, "") for word in used} - words() - {"ledger_"}


@pytest.mark.parametrize("port", [Ledger, PayrollSource, LedgerLimits])
def test_howto_names_all_that_is_promised(port: type):
    """No method of a ledger or a payroll and no limit is left out."""
    named = set(re.findall(r"`(\w+)`", HOWTO.read_text(encoding="utf-8")))
    promised = {name for name in [*vars(port), *get_annotations(port)] if not name.startswith("_")}

    assert set() == promised - named


def test_howto_names_all_that_is_scaffolded():
    """Each file of the connector's folder has its line; `tests/test_system.py` is named on the way."""
    text = HOWTO.read_text(encoding="utf-8")
    files = [
        path.name.removesuffix(".tmpl")
        for name in ("connector", "ledger", "payroll")
        for path in (connector.TEMPLATES / name).rglob("*.tmpl")
    ]

    assert [] == sorted({name for name in files if name not in text} - {"__init__.py"})

"""Checks of the tree that no linter has: vendor words in their folders only, words of one flow in its files
only, no product folder without `__init__.py`, no address of a registry, no file that is too long.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRODUCT = ROOT / "src" / "ml_connector"
NAMES = (
    "exact online",
    "exactonline",
    "exact_online",
    "ukg",
    "ultipro",
    "dynamics",
    "d365",
    "visma",
    "precoro",
    "findity",
    "entra",
)
FIELDS = (
    "OurRef",
    "GLAccount",
    "AmountFC",
    "EntryID",
    "GeneralJournal",
    "generalLedgerAccount",
    "baseSegment",
    "debitAmt",
    "runId",
    "US-Customer",
)
GENERAL = (
    "cli",
    "runs",
    *(f"app/{name}.py" for name in ("access", "assemble", "flows", "operations", "records", "service")),
    *(f"app/{name}.py" for name in ("four_eyes", "questions", "reversible", "setup", "work")),
    *(f"ports/{name}.py" for name in ("ledger", "registers", "sinks")),
)
"""Where no flow is known by its name: what is said there holds for every flow."""
OF_ONE_FLOW = re.compile(r"\bpay(?:s|roll|_?runs?)?\b|\bpay[_ ]|payroll", re.IGNORECASE)
TEXT = (".py", ".html", ".toml", ".md", ".js", ".css")
SWITCHED_OFF = re.compile(r"#\s*fmt:\s*(skip|off)")
LINES_MAX = 400
LOCKS = ("uv.lock", "pylock.toml", "poetry.lock")


def main() -> int:
    """Print every fault found; 1 when there is one."""
    faults = [
        *_vendor_words(),
        *_words_of_one_flow(),
        *_missing_init(),
        *_lock_files(),
        *_unformatted(),
        *_long_files(),
    ]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _vendor_words() -> Iterator[str]:
    words = re.compile("|".join([*(re.escape(word) for word in NAMES), *_slugs()]), re.IGNORECASE)
    fields = re.compile("|".join(rf"\b{re.escape(word)}" for word in FIELDS))
    for path in sorted(PRODUCT.rglob("*")):
        if path.suffix not in TEXT or (
            PRODUCT / "connectors" in path.parents and path.parent != PRODUCT / "connectors"
        ):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := words.search(line) or fields.search(line):
                yield (
                    f"{path.relative_to(ROOT)}:{number}: vendor word {found.group()!r} outside its connector"
                )


def _words_of_one_flow() -> Iterator[str]:
    """A word of one flow where only its record may be asked."""
    places = [PRODUCT / place for place in GENERAL]
    files = [file for place in places for file in ([place] if place.suffix else sorted(place.rglob("*.py")))]
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := OF_ONE_FLOW.search(line):
                where = f"{path.relative_to(ROOT)}:{number}"
                yield f"{where}: word of one flow {found.group()!r} outside its files"


def _slugs() -> Iterator[str]:
    """Names of connectors as patterns, so that a new one is watched from its first day: `acme_books`, `acme
    books`, `AcmeBooks`. Our own intake is no product of a vendor.
    """
    for folder in sorted((PRODUCT / "connectors").iterdir()):
        if folder.name != "intake" and (folder / "__init__.py").exists():
            yield rf"\b{folder.name.replace('_', '[_ ]?')}\b"


def _missing_init() -> Iterator[str]:
    for folder in sorted({path.parent for path in PRODUCT.rglob("*.py")}):
        if folder.name != "tests" and "tests" not in folder.parts and not (folder / "__init__.py").exists():
            yield f"{folder.relative_to(ROOT)}: no __init__.py, so the import contracts do not see it"


def _unformatted() -> Iterator[str]:
    """The formatter decides everywhere how a line is broken."""
    for folder in ("src", "sandbox", "tests", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if SWITCHED_OFF.search(line):
                    yield f"{path.relative_to(ROOT)}:{number}: switches the formatter off"


def _long_files() -> Iterator[str]:
    """Files that nobody reads to their end."""
    for folder in ("src", "sandbox/src"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > LINES_MAX:
                name = path.relative_to(ROOT).as_posix()
                yield f"{name}: {lines} lines, {LINES_MAX} at most. Split it along its topics."


def _lock_files() -> Iterator[str]:
    for name in LOCKS:
        if (ROOT / name).exists():
            yield f"{name}: holds registry addresses and must not be here"


if __name__ == "__main__":
    sys.exit(main())

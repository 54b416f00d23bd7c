"""`make connector name=acme_books`: the folders of a new connector and of its simulator, complete enough to
pass `make check`.

The contract tests of what is written here run and fail; each failure says what to write next. Files are made
beside their place and moved there when all of them are whole, so that a refusal or a fault leaves nothing
behind.
"""

from __future__ import annotations

import argparse
import keyword
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from string import Template

from check_tree import TEXT

ROOT = Path(__file__).parent.parent
TEMPLATES = Path(__file__).parent / "scaffold"
CONNECTORS = Path("src/ml_connector/connectors")
SIMULATORS = Path("sandbox/src/ml_connector_sandbox/systems")
ROLES = {"ledger": "documents", "payroll": "runs"}
"""Roles, and what the books of their simulators hold."""
KINDS = {
    "ledger": "from ml_connector.domain.journal import JournalEntry",
    "payroll": "from ml_connector.domain.payroll import PayRun",
}
CAPABILITIES = {
    "ledger": "tenant=found.ledger.tenant, sinks={JournalEntry: found.ledger}, ledger=found.ledger",
    "payroll": "tenant=lambda entity: found.payroll.tenant(), sources={PayRun: found.payroll}",
}
"""What the system of a role has, and the type that its entry is under."""
NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
NAME_MAX = 30
OURS = ["ml_connector", "ml_connector_sandbox"]
RESERVED = frozenset(
    {
        "all",
        "connector",
        "contract",
        "everything",
        "reference",
        "sandbox",
        "simulator",
        "system",
        "test",
        "tests",
        "vendor",
    }
)


class Unusable(Exception):
    """The name cannot be that of a connector."""


def main(arguments: list[str] | None = None) -> int:
    """Write the folders and say what comes next; 2 with a sentence on standard error where nothing was
    written.
    """
    parser = argparse.ArgumentParser(
        prog="make connector", description="Write the folders of a new connector."
    )
    parser.add_argument("name", nargs="?", default="", help="slug of the product, as in acme_books")
    parser.add_argument("--role", default="ledger", help="ledger or payroll")
    parser.add_argument("--into", type=Path, default=ROOT, help=argparse.SUPPRESS)
    wish = parser.parse_args(arguments)
    try:
        written = scaffold(wish.name, wish.role, wish.into)
    except Unusable as error:
        print(f"make connector: {error} Nothing was written.", file=sys.stderr)
        return 2
    for place in written:
        print(f"wrote {place}/")
    tests = CONNECTORS / wish.name / "tests"
    print(
        f"Next: .venv/bin/python -m pytest {tests}, whose failures say what to write, and"
        " docs/howto/add-a-connector.md for the order."
    )
    return 0


def scaffold(name: str, role: str, root: Path) -> list[Path]:
    """The folders written, relative to the root. Raises `Unusable` for a name or role that is none; a
    simulator that is there is kept.
    """
    if role not in ROLES:
        raise Unusable(f"role={role} is neither {' nor '.join(ROLES)}.")
    check_name(name, root)
    sources = {CONNECTORS / name: [TEMPLATES / "connector", TEMPLATES / role]}
    if not (root / SIMULATORS / name).exists():
        sources[SIMULATORS / name] = [TEMPLATES / "simulator"]
    with tempfile.TemporaryDirectory(prefix=".connector-", dir=root) as folder:
        for place, templates in sources.items():
            for template in templates:
                _render(template, Path(folder) / place, _words(name, role))
        _format(Path(folder), root)
        _move(Path(folder), root, list(sources))
    return list(sources)


def check_name(name: str, root: Path) -> None:
    """Raises `Unusable` with the reason and a remedy."""
    if not name:
        raise Unusable("Say which: make connector name=acme_books.")
    if not NAME.fullmatch(name):
        raise Unusable(
            f"{name!r} is not small letters and digits with single underscores between words, such as"
            " acme_books."
        )
    if len(name) > NAME_MAX:
        raise Unusable(f"{name!r} has {len(name)} characters; {NAME_MAX} are the most.")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise Unusable(f"{name!r} is a word of Python. Add the product's name, such as {name}_books.")
    if name in RESERVED or _is_word_of_ours(name, root / "src" / "ml_connector"):
        raise Unusable(
            f"{name!r} is a word of this project, so nothing could tell the vendor from it. Add the product's"
            f" name: {name}_books."
        )
    if (root / CONNECTORS / name).exists():
        raise Unusable(f"{CONNECTORS / name} exists already.")


def _is_word_of_ours(name: str, product: Path) -> bool:
    """Whether the product uses the word outside its connectors, where no vendor may be named."""
    word = re.compile(rf"\b{name}\b", re.IGNORECASE)
    places = (
        path
        for path in sorted(product.rglob("*"))
        if path.suffix in TEXT and "connectors" not in path.relative_to(product).parts
    )
    return any(word.search(path.read_text(encoding="utf-8")) for path in places)


def _words(name: str, role: str) -> dict[str, str]:
    parts = name.split("_")
    return {
        "slug": name,
        "name": "".join(part.capitalize() for part in parts),
        "title": " ".join(part.capitalize() for part in parts),
        "host": name.replace("_", "-"),
        "role": role,
        "role_class": role.capitalize(),
        "books": ROLES[role],
        "kind": KINDS[role],
        "capabilities": CAPABILITIES[role],
    }


def _render(template: Path, target: Path, words: dict[str, str]) -> None:
    for source in sorted(template.rglob("*.tmpl")):
        path = target / source.relative_to(template).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")


def _format(folder: Path, root: Path) -> None:
    """How a line is broken and an import sorted depends on the length and the letters of the name."""
    ruff = [sys.executable, "-m", "ruff"]
    common = [
        "-q",
        "--no-cache",
        "--config",
        "pyproject.toml",
        "--config",
        f"lint.isort.known-first-party={OURS}",
        str(folder),
    ]
    for command in (["check", "--fix", "--select", "I"], ["format"]):
        subprocess.run([*ruff, *command, *common], cwd=root, check=True)


def _move(folder: Path, root: Path, places: list[Path]) -> None:
    moved: list[Path] = []
    try:
        for place in places:
            (folder / place).rename(root / place)
            moved.append(place)
    except OSError:
        for place in moved:
            (root / place).rename(folder / place)
        raise


if __name__ == "__main__":
    sys.exit(main())

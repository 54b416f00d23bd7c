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
import tomllib
from pathlib import Path
from string import Template

from check_tree import TEXT

ROOT = Path(__file__).parent.parent
TEMPLATES = Path(__file__).parent / "scaffold"
CONNECTORS = Path("src/ml_connector/connectors")
SIMULATORS = Path("sandbox/src/ml_connector_sandbox/systems")
ROLES = {"ledger": "documents", "payroll": "runs"}
"""What a connector is first, and what the books of its simulator hold."""
KINDS = {
    "ledger": "from ml_connector.domain.journal import JournalEntry",
    "payroll": "from ml_connector.domain.payroll import PayRun",
}
CAPABILITIES = {
    "ledger": "tenant=found.ledger.tenant, sinks={JournalEntry: found.ledger}, ledger=found.ledger",
    "payroll": "tenant=lambda entity: found.payroll.tenant(), sources={PayRun: found.payroll}",
}
"""What the system of a role has, and the type that its entry is under."""
ADDED = ("sign_in", "events")
"""What it can have besides: a sign-in by a person's consent, and notifications."""
PARTS = (
    *("settings_more", "options_more", "read_more", "system_imports", "system_fields", "system_parts"),
    *("readme_settings", "readme_rows", "quality_more", "world_imports", "world_functions", "world_settings"),
    *("world_secrets", "ledger_begin", "payroll_begin", "sim_imports", "sim_fields", "sim_pages"),
    *("sim_credentials", "sim_actions", "sim_readme", "sim_readme_actions"),
)
"""Places in the templates that what is added fills; `parts.toml` of each says with what."""
PROSE = ("readme_settings", "readme_rows", "quality_more", "sim_readme_actions")
"""Those of them that are no code, whose line ends count."""
ALONE = {"sim_readme": "`POST /oauth/token`: client credentials, an hour, no refresh token."}
"""What stands in such a place where nothing fills it, if not nothing."""
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
    parser.add_argument(
        "--role",
        default="ledger",
        help=f"{' or '.join(ROLES)}; with {' and '.join(ADDED)} after commas where the product has them",
    )
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
    first, added = roles_of(role)
    check_name(name, root)
    more = [TEMPLATES / part for part in added]
    sources = {
        CONNECTORS / name: [TEMPLATES / "connector", TEMPLATES / first, *(p / "connector" for p in more)]
    }
    if not (root / SIMULATORS / name).exists():
        sources[SIMULATORS / name] = [TEMPLATES / "simulator", *(part / "simulator" for part in more)]
    words = _words(name, first)
    words |= _parts(words, added)
    with tempfile.TemporaryDirectory(prefix=".connector-", dir=root) as folder:
        for place, templates in sources.items():
            for template in templates:
                _render(template, Path(folder) / place, words)
        _format(Path(folder), root)
        _move(Path(folder), root, list(sources))
    return list(sources)


def roles_of(text: str) -> tuple[str, list[str]]:
    """What the connector is first, and what it has besides. Raises `Unusable`."""
    parts = [part.strip() for part in text.split(",")]
    first = [part for part in parts if part in ROLES]
    if unknown := [part for part in parts if part not in ROLES and part not in ADDED]:
        known = ", ".join((*ROLES, *ADDED))
        raise Unusable(f"role={unknown[0]} is none of {known}.")
    if len(first) != 1:
        raise Unusable(
            f"role={text} must name one of {' and '.join(ROLES)}. Begin with one and write the other later."
        )
    return first[0], [part for part in ADDED if part in parts]


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


def _parts(words: dict[str, str], added: list[str]) -> dict[str, str]:
    """What is added, for each place of the templates."""
    files = [tomllib.loads((TEMPLATES / part / "parts.toml").read_text(encoding="utf-8")) for part in added]
    found = {}
    for place in PARTS:
        filled = [Template(file[place]).substitute(words) for file in files if place in file]
        if place in PROSE:
            found[place] = "".join(text.lstrip("\n") for text in filled)
        else:
            found[place] = "\n".join(text.strip() for text in filled)
        found[place] = found[place] or ALONE.get(place, "")
    return found


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

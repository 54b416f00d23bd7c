"""The same thing has the same file name in every simulator; the shared page lists the names."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path

import ml_connector_sandbox
from ml_connector_sandbox import core
from ml_connector_sandbox.core.registry import systems

SYSTEMS = Path(ml_connector_sandbox.__file__).parent / "systems"
EVERYWHERE = {"routes", "signin", "book", "seed"}


def _names() -> tuple[set[str], set[str]]:
    """The names that any simulator may use, and those of one vendor."""
    page = resources.files(core).joinpath("README.md").read_text(encoding="utf-8")
    part = page.partition("## The files of a simulator")[2].partition("\n## ")[0]
    table, _, own = part.partition("Files that only one vendor needs")
    rows = re.findall(r"^\| (`.+`) \|", table, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}, set(
        re.findall(r"`([^`]+)`", own)
    )


def _files(slug: str) -> set[str]:
    found = (path for path in (SYSTEMS / slug).iterdir() if path.suffix in (".py", ".json", ".csv"))
    return {path.stem for path in found} - {"__init__"}


def test_every_file_has_a_name_of_the_list():
    """A new kind of file is named there first."""
    shared, own = _names()
    unknown = [
        f"{slug}/{name}"
        for slug in systems()
        for name in sorted(_files(slug))
        if not any(fnmatchcase(name, pattern) for pattern in shared | own)
    ]
    assert [] == unknown


def test_every_name_of_the_list_is_a_file():
    shared, own = _names()
    files = [name for slug in systems() for name in _files(slug)]

    assert [] == sorted(name for name in shared if not any(fnmatchcase(file, name) for file in files))
    assert dict.fromkeys(own, 1) == {name: files.count(name) for name in own}


def test_no_vendor_is_without_these():
    for slug in systems():
        assert set() == EVERYWHERE - _files(slug), slug

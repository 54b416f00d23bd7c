"""A connector in a distribution of its own: installed beside the product, without a network, and used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

SLUG = "acme_books"
PROJECT = """
[build-system]
requires = ["flit_core>=3.12,<4"]
build-backend = "flit_core.buildapi"

[project]
name = "acme-connector"
version = "1.0"
description = "A ledger that only this distribution knows."

[project.entry-points."ml_connector.connectors"]
{slug} = "acme_connector:CONNECTOR"
"""
MODULE = '''
"""A ledger that only this distribution knows."""

from ml_connector.ports.systems import Entity, Right, Setting, System
from ml_connector.transport.settings import Product


def connect(options, wiring):
    return System(
        connection=wiring.connection,
        check=lambda: (Right(name="read the books", granted=True, needed_for="everything"),),
        entities=lambda: (Entity(code="10", title="Acme", currency="EUR"),),
        tenant=lambda entity: "acme",
    )


SETTINGS = (Setting(name="company", label="Company", help="The company that keeps the books."),)
CONNECTOR = Product(
    slug="acme_books",
    title="Acme Books",
    settings=SETTINGS,
    read=lambda settings, sandbox: (settings, []),
    connect=connect,
)
'''


def installed(folder: Path, slug: str = SLUG) -> Path:
    """Where the distribution is installed, by pip and its build backend, from nothing but this machine."""
    source, target = folder / "source", folder / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(PROJECT.format(slug=slug))
    (source / "acme_connector.py").write_text(MODULE)
    pip = [sys._base_executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]  # type: ignore[attr-defined]
    made = subprocess.run(
        [*pip, "--no-build-isolation", "--no-cache-dir", "--target", str(target), str(source)],
        env={**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return target


def product(folder: Path, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the product, with the distribution beside it."""
    home = {"PYTHONPATH": str(site), "ML_CONNECTOR_HOME": str(folder / "home")}
    return subprocess.run(
        [sys.executable, "-m", "ml_connector.cli.main", *arguments],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
    )


def test_connector_of_another_distribution_is_found_and_used(tmp_path: Path) -> None:
    """Its settings are listed, a connection is stored and its ping is asked; the product names it nowhere."""
    site = installed(tmp_path)

    listed = product(tmp_path, site, "connections", "settings", "--json")
    assert {"title": "Acme Books", "settings": ["company"]} == json.loads(listed.stdout)[SLUG]

    added = ["connections", "add", "books", "--connector", SLUG, "--set", "company=10", "--json"]
    assert 0 == (stored := product(tmp_path, site, *added)).returncode, stored.stderr
    tested = product(tmp_path, site, "connections", "test", "books", "--json")
    assert (0, True) == (tested.returncode, "read the books" in tested.stdout), tested.stderr


def test_second_connector_of_a_name_is_refused(tmp_path: Path) -> None:
    """Which of them books is never left to the order in which they are found."""
    (taken, *_) = json.loads(product(tmp_path, tmp_path, "connections", "settings", "--json").stdout)
    site = installed(tmp_path, taken)

    listed = product(tmp_path, site, "connections", "settings", "--json")

    assert 0 != listed.returncode
    assert f"Two connectors are named {taken}" in listed.stdout + listed.stderr
    assert "acme-connector" in listed.stdout + listed.stderr
    assert "Traceback" not in listed.stderr


def test_connector_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    """With the distribution that brings it, and what to do."""
    site = installed(tmp_path)
    (site / "acme_connector.py").write_text("import nowhere_to_be_found\n")

    listed = product(tmp_path, site, "connections", "settings", "--json")

    said = listed.stdout + listed.stderr
    assert 0 != listed.returncode
    assert (
        f"The connector {SLUG} cannot be loaded: acme_connector:CONNECTOR of distribution acme-connector"
        in said
    )
    assert "nowhere_to_be_found" in said
    assert "Traceback" not in said

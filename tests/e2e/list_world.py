"""Two connectors for tests of the lists that are kept here: a ledger whose lists are a file, and a connection
that keeps nothing but lists. Run as a script it is the command `ml-connector` with both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stage import Product

ROOT = Path(__file__).parent.parent.parent
LEDGER, COPY, ENTITY = "books", "platform", "10"


class FileLists:
    """A `ListSource`: `{"account": [{"identity": …, "code": …}]}`."""

    axes = frozenset({"account", "journal", "supplier", "tax", "payment_term", "cost_center"})

    def __init__(self, file: str) -> None:
        self._file = Path(file)

    def values(self, entity: str, axis: str) -> Iterator[Any]:
        from decimal import Decimal

        from ml_connector.domain.list_value import ListValue

        assert entity == ENTITY
        for row in json.loads(self._file.read_text()).get(axis, ()):
            percentage = Decimal(row["percentage"]) if "percentage" in row else None
            yield ListValue(axis=axis, **{**row, "percentage": percentage})


def install() -> None:
    """Let the product find both connectors beside its own."""
    from ml_connector.app import assemble
    from ml_connector.domain.list_value import ListValue
    from ml_connector.ports.systems import Entity, Setting, System, Wiring
    from ml_connector.transport.settings import Product as Connector

    def of(wiring: Wiring, **more: Any) -> System:
        entity = Entity(code=ENTITY, title="Books", currency="EUR")
        return System(
            connection=wiring.connection,
            check=lambda: (),
            entities=lambda: (entity,),
            tenant=lambda entity: wiring.connection,
            **more,
        )

    def books(options: Mapping[str, str], wiring: Wiring) -> System:
        return of(wiring, sources={ListValue: FileLists(options["file"])})

    def copy(options: Mapping[str, str], wiring: Wiring) -> System:
        assert wiring.lists is not None
        return of(wiring, registers={ListValue: wiring.lists()})

    file = Setting(name="file", label="File", help="With the lists.")

    def made(slug: str, settings: tuple[Setting, ...], connect: Any) -> Connector:
        return Connector(
            slug=slug,
            title=slug,
            settings=settings,
            read=lambda values, sandbox: (values, []),
            connect=connect,
        )

    both = {"test_books": made("test_books", (file,), books), "test_copy": made("test_copy", (), copy)}
    known = {**assemble.connectors(), **both}
    assemble.connectors = lambda: known  # type: ignore[assignment]


class Lists(Product):
    """An installation that knows both."""

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", SCRIPT, *arguments]

    def _env(self) -> dict[str, str]:
        places = [str(ROOT), str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")]
        return {**super()._env(), "PYTHONPATH": os.pathsep.join(reversed([one for one in places if one]))}

    def ask(self, *arguments: str, code: int = 0) -> Any:
        done = subprocess.run(
            self._command(*arguments, "--json"), env=self._env(), capture_output=True, text=True
        )
        assert code == done.returncode, f"{arguments}: {done}"
        return json.loads(done.stdout.splitlines()[-1])

    def pair(self, *wanted: str) -> Any:
        """What is wanted of the two, each list with its schedule."""
        named = [f"--want={one}" for one in wanted]
        basics = ("--mode", "automatic", "--starts-on", "2026-01-01", "--option", f"entity={ENTITY}")
        return self.ask("pairs", "set", LEDGER, COPY, *basics, *named)

    def align(self, kind: str) -> Any:
        return self.ask("run", kind, "--from", LEDGER, "--to", COPY)


SCRIPT = """
import sys
sys.argv = ["ml-connector", *sys.argv[1:]]
from ml_connector.app.settings import Settings, start_django
start_django(Settings())
from tests.e2e.list_world import install
install()
from ml_connector.cli.main import main
main()
"""

"""What the contract matrix is made of, gathered in a process of its own and written as JSON to the file that
is named.

claims     every test of a contract suite that pytest collects: where, in which class, unchanged or not
classes    every test class that runs a suite
limits     what each ledger declares when it is opened with default settings
registers  the same of each register: the reference, with and without versions, and connectors with the suite
           of registers
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from ml_connector.contract.memory import memory_wiring
from ml_connector.contract.reference import ReferenceLedger
from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.ports.ledger import Ledger, LedgerLimits
from ml_connector.ports.registers import RegisterLimits
from ml_connector.ports.systems import System

REFERENCE = "reference"
CONNECTORS = "src/ml_connector/connectors"
SUITES = "ml_connector.contract."

ACCOUNTS = {"ukg_pro": {"base_url": "https://service5.ultipro.com", "username": "reader"}}
"""Settings without which a connector opens nothing."""


class Collector:
    """A pytest plugin that keeps what was collected."""

    def __init__(self) -> None:
        self.claims: list[dict[str, Any]] = []
        self.classes: dict[tuple[str, str], dict[str, Any]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Look at every test once, whatever its parameters."""
        for item in session.items:
            cls = getattr(item, "cls", None)
            if isinstance(item, pytest.Function) and cls is not None:
                self._look(item, cls, item.path.relative_to(session.config.rootpath).as_posix())

    def _look(self, item: pytest.Function, cls: type, path: str) -> None:
        name = item.originalname
        suites = [base for base in cls.__mro__ if base.__module__.startswith(SUITES)]
        written_in = next((base for base in suites if name in vars(base)), None)
        if written_in is None:
            return
        suite = suites[0]
        where = (
            path.removeprefix(f"{CONNECTORS}/").partition("/")[0]
            if path.startswith(CONNECTORS)
            else REFERENCE
        )
        written = vars(written_in)[name]
        claim = {
            "contract": suite.__name__,
            "test": name,
            "of": written_in.__name__,
            "claim": sentence(written.__doc__),
            "line": [written.__module__, written.__code__.co_firstlineno],
            "where": where,
            "class": cls.__name__,
            "own": getattr(cls, name) is not written,
            "skipped": any(item.get_closest_marker(mark) for mark in ("skip", "skipif", "xfail")),
        }
        if claim not in self.claims:
            self.claims.append(claim)
        ran = {
            "where": where,
            "class": cls.__name__,
            "contract": suite.__name__,
            "path": path,
            "what": sentence(cls.__doc__),
        }
        self.classes.setdefault((path, cls.__name__), ran)


def sentence(text: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    words = " ".join((text or "").split("\n\n")[0].split())
    return words.partition(". ")[0].rstrip(".") + "."


def opened(slug: str) -> System:
    """The connector's system on a real host, with default settings and an account. Opening makes no call."""
    settings = importlib.import_module(f"ml_connector.connectors.{slug}.settings")
    system = importlib.import_module(f"ml_connector.connectors.{slug}.system")
    given = {setting.name: setting.default for setting in settings.SETTINGS}
    account = ACCOUNTS.get(slug, {})
    options, _ = settings.read({**given, **account}, False)
    found: System = system.open_system(options, memory_wiring(sandbox=False))
    return found


def registers_of(slug: str) -> dict[str, dict[str, Any]]:
    """What each register of the connector declares, by connector and kind of record."""
    found = opened(slug).registers
    return {f"{slug} {kind.__name__}": shown(register.limits) for kind, register in found.items()}


def shown(limits: LedgerLimits | RegisterLimits) -> dict[str, Any]:
    """Limits as JSON, by name."""
    fields = {field.name: getattr(limits, field.name) for field in dataclasses.fields(limits)}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in fields.items()}


def main() -> int:
    """Collect, open, write; pytest's own exit code when it cannot collect."""
    collector = Collector()
    places = [CONNECTORS, "tests/contract"]
    code = pytest.main(
        ["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *places], plugins=[collector]
    )
    if code:
        return int(code)
    limits = {REFERENCE: shown(ReferenceLedger.limits)}
    registers = {
        REFERENCE: shown(ReferenceRegister(ReferenceRows()).limits),
        f"{REFERENCE} without versions": shown(ReferenceRegister(ReferenceRows(guarded=False)).limits),
    }
    for slug in sorted(path.parent.name for path in Path(CONNECTORS).glob("*/quality.toml")):
        quality = (Path(CONNECTORS) / slug / "quality.toml").read_text(encoding="utf-8")
        if "[capabilities.ledger]" in quality and (ledger := opened(slug).ledger) is not None:
            limits[slug] = shown(cast(Ledger, ledger).limits)
        if "RegisterContract" in quality:
            registers |= registers_of(slug)
    facts = {
        "claims": collector.claims,
        "classes": list(collector.classes.values()),
        "limits": limits,
        "registers": registers,
    }
    Path(sys.argv[1]).write_text(json.dumps(facts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""An installation that is set up, made once: connections, sign-ins and a mapping. Every seed begins with a
copy of it.

Also what a simulation needs of this process, taken for as long as it lasts: random bytes and waits that can
be repeated, and no log on the terminal.
"""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import structlog
import tenacity.nap

from moving_world import adapter
from moving_world.adapter import Desk, Product
from moving_world.baton import Baton
from moving_world.clock import HostClock, TrueClock
from moving_world.ledgers.ledger import Ledger
from moving_world.payroll import Payroll
from moving_world.places import PORTS, connect, ledger_of, payrolls_of
from moving_world.shape import FILES, LEDGERS, Flow, Shape
from moving_world.upgraded import add_its_key, database
from moving_world.wire import Wire

STARTS_ON = date(2026, 1, 1)
RULES = {
    "wages": ("5100", "4000", "expense", "gross"),
    "employer": ("5200", "4020", "expense", "employer_cost"),
    "taxes": ("2210", "1710", "liability", "employee_taxes"),
    "deductions": ("2220", "1720", "liability", "deductions"),
    "employer liability": ("2230", "1730", "liability", "employer_cost"),
    "net": ("2290", "1700", "liability", "net"),
}
OTHER = {"wages": "4001", "net": "1705"}


def rules(*changed: str) -> str:
    """The mapping as a table, with other accounts for these rules."""
    lines = ["rule,source_account,valid_from,account,cost_center,percent,group,ties_to"]
    for name, (source, account, group, ties) in RULES.items():
        target = OTHER[name] if name in changed else account
        lines.append(f"{name},{source},2015-01-01,{target},=org_level_1,100,{group},{ties}")
    return "\n".join(lines) + "\n"


def payroll_settings(credentials: dict[str, str], port: int, host: str = "127.0.0.1") -> dict[str, str]:
    """What somebody types in to connect a payroll."""
    return {
        **credentials,
        "base_url": f"http://{host}:{port}",
        "currency": "USD",
        "calls_per_minute": "0",
        "tenant": f"tenant-{port}",
    }


def options(flow: Flow, journal: str, **more: str) -> dict[str, str]:
    """The options of a flow."""
    entities = ",".join(f"{company}={entity}" for company, entity in flow.entities.items())
    return {"journal": journal, "entities": entities, **more}


def _come_to_rest(product: Product, desk: Desk, clock: TrueClock) -> None:
    """Runs of the release before try in vain to reach systems that are not there, until they are held."""
    while able := product.able() or product.next_due():
        if isinstance(able, list):
            for run in able:
                desk.carry_out(run)
        else:
            clock.advance((able - clock.now()).total_seconds())


BOOKED_WRONG = frozenset(
    {
        "booked twice",
        "booked by hand too",
        "wrong amount",
        "undone pay booked",
        "wrong reversal",
        "lost",
        "wrong at the end",
    }
)
"""What the judge may say of money where nothing is claimed. What a run says of itself is true even then."""


class Ground:
    """What worlds stand on: a folder, the settings of its installation, and the template. Without `claims`
    the product of every world claims nothing.
    """

    def __init__(self, home: Path, *, claims: bool = True) -> None:
        self.home, self.claims = home, claims
        self.tolerates = frozenset() if claims else BOOKED_WRONG
        (home / "drop").mkdir(parents=True, exist_ok=True)
        self.settings = adapter.prepare(home)
        self._bases: dict[bool, bytes] = {}
        self._templates: dict[tuple[bool, tuple[str, ...]], bytes] = {}
        self._base(upgraded=False)

    def template(self, shape: Shape) -> bytes:
        """The database that a world begins with, in which everything is connected. Made once for the vendors
        of the ledgers.
        """
        kind = shape.upgraded, tuple(shape.vendors[name] for name in LEDGERS)
        if kind not in self._templates:
            base = self._base(upgraded=shape.upgraded)
            with Control().of(f"template {kind}"):
                self._templates[kind] = self._with_ledgers(shape, base)
        return self._templates[kind]

    def clear(self) -> None:
        """Nothing of an earlier world is left."""
        for path in (*(self.home / "drop").iterdir(), *self.home.glob("*.tar.gz")):
            path.unlink()

    def _base(self, *, upgraded: bool) -> bytes:
        """The payrolls and the mapping; `upgraded` in a database of release 0.1.0 and its migrations."""
        if upgraded not in self._bases:
            with Control().of("template"):
                self._bases[upgraded] = self._without_ledgers(upgraded)
        return self._bases[upgraded]

    def _without_ledgers(self, upgraded: bool) -> bytes:
        clock = TrueClock()
        payrolls = payrolls_of(clock, None)
        if upgraded:
            add_its_key(self.settings.key_file)
        product = self._open(clock, database() if upgraded else b"", payrolls, {})
        product.migrate()
        desk = Desk(product, "anna")
        for name, payroll in payrolls.items():
            desk.connect(name, "ukg_pro", self._payroll(name, dict(payroll.credentials)))
        desk.mapping("payroll", rules())
        _come_to_rest(product, desk, clock)
        product.close()
        return product.path.read_bytes()

    def _with_ledgers(self, shape: Shape, base: bytes) -> bytes:
        clock = TrueClock()
        ledgers = {name: ledger_of(name, clock, shape) for name in LEDGERS}
        product = self._open(clock, base, {}, ledgers)
        desk = Desk(product, "anna")
        for name, books in ledgers.items():
            desk.connect(name, books.slug, books.settings(PORTS[name]))
            if books.signs_in:
                desk.sign_in(name, books.consent)
        product.close()
        return product.path.read_bytes()

    def _open(
        self, clock: TrueClock, content: bytes, payrolls: Mapping[str, Payroll], ledgers: Mapping[str, Ledger]
    ) -> Product:
        """An installation with that database, and the vendors where it looks for them."""
        baton = Baton(clock)
        wire = Wire(baton, clock, lambda *moved: None)
        connect(wire, payrolls, ledgers)
        product = Product(self.settings, HostClock(clock, baton.sleep), wire, baton)
        product.path.write_bytes(content)
        product.open(None)
        return product

    def _payroll(self, name: str, credentials: dict[str, str]) -> dict[str, str]:
        if name != FILES:
            return payroll_settings(credentials, PORTS[name])
        return {
            "base_url": "http://127.0.0.1:9003",
            "source": "flat_file",
            "file_path": str(self.home / "drop"),
            "file_layout": "L1",
            "currency": "USD",
            "customer_api_key": "unused-key",
            "tenant": "tenant-files",
        }


@contextlib.contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A folder for as long as it is needed, in memory where there is such a place; no log on the terminal."""
    shared = Path("/dev/shm")
    place = shared if shared.is_dir() and os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place) as made, quiet():
        yield Path(made)


@contextlib.contextmanager
def ground(*, claims: bool = True) -> Iterator[Ground]:
    """What worlds stand on, for as long as it is needed."""
    with folder("moving-world-") as home:
        yield Ground(home, claims=claims)


class Control:
    """Random bytes and jitter that come from a seed, and waits between two tries of a read that pass on the
    world's clock.
    """

    def __init__(self) -> None:
        self.sleep: Callable[[float], None] = lambda seconds: None

    @contextlib.contextmanager
    def of(self, seed: str) -> Iterator[None]:
        """Take control, for as long as it lasts."""
        dice = Random(f"bytes {seed}")
        before = random.getstate()
        random.seed(f"jitter {seed}")
        with (
            patch.object(os, "urandom", lambda count: dice.randbytes(count)),
            patch.object(tenacity.nap, "time", SimpleNamespace(sleep=lambda seconds: self.sleep(seconds))),
        ):
            try:
                yield
            finally:
                random.setstate(before)


@contextlib.contextmanager
def quiet() -> Iterator[list[Any]]:
    """Logs are kept, not printed."""
    kept: list[Any] = []

    def keep(_: Any, __: str, event: Any) -> Any:
        kept.append(event)
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep], cache_logger_on_first_use=False)
    try:
        yield kept
    finally:
        structlog.configure(**before)

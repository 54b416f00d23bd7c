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
from collections.abc import Callable, Iterator
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
from moving_world.ledgers.exact_online import Books
from moving_world.places import PORTS, connect, places
from moving_world.shape import FILES, Flow
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


def ledger_settings(credentials: dict[str, str], port: int, host: str = "127.0.0.1") -> dict[str, str]:
    """What somebody types in to connect a ledger."""
    unlimited = {"calls_per_minute": "0", "calls_per_day": "0", "errors_per_hour": "0"}
    times = {"deadline_seconds": "100", "settle_seconds": "600", "visible_seconds": "60"}
    return {**credentials, "base_url": f"http://{host}:{port}", "division": "1204,1205", **unlimited, **times}


def options(flow: Flow, journal: str = "95", **more: str) -> dict[str, str]:
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
        self._templates: dict[bool, bytes] = {}
        self.template(upgraded=False)

    def clear(self) -> None:
        """Nothing of an earlier world is left."""
        for path in (*(self.home / "drop").iterdir(), *self.home.glob("*.tar.gz")):
            path.unlink()

    def template(self, *, upgraded: bool) -> bytes:
        """The database that a world begins with; `upgraded` from one of release 0.1.0 by its migrations."""
        if upgraded not in self._templates:
            with Control().of("template"):
                self._templates[upgraded] = self._template(upgraded)
        return self._templates[upgraded]

    def _template(self, upgraded: bool) -> bytes:
        clock = TrueClock()
        baton = Baton(clock)
        wire = Wire(baton, clock, lambda name, by, excused: None)
        payrolls, ledgers = places(clock, None)
        connect(wire, payrolls, ledgers)
        product = Product(self.settings, HostClock(clock, baton.sleep), wire, baton)
        product.path.unlink(missing_ok=True)
        if upgraded:
            add_its_key(self.settings.key_file)
            product.path.write_bytes(database())
        product.open(None)
        product.migrate()
        desk = Desk(product, "anna")
        for name, payroll in payrolls.items():
            desk.connect(name, "ukg_pro", self._payroll(name, dict(payroll.credentials)))
        for name, books in ledgers.items():
            desk.connect(name, "exact_online", ledger_settings(dict(books.credentials), PORTS[name]))
            desk.sign_in(name, books.consent)
        desk.mapping("payroll", rules())
        _come_to_rest(product, desk, clock)
        product.close()
        return product.path.read_bytes()

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


def signed_in(books: Books) -> None:
    """Give the consent that the template has the tokens of."""
    sign_in = books.vendor.sign_in
    code = sign_in.tokens.issue_code("", books.vendor.clock.now(), mark="!")
    sign_in.tokens.redeem(code, "", books.vendor.clock.now())


@contextlib.contextmanager
def ground(*, claims: bool = True) -> Iterator[Ground]:
    """A folder for as long as it is needed, in memory where there is such a place."""
    shared = Path("/dev/shm")
    place = shared if shared.is_dir() and os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="moving-world-", dir=place) as folder, quiet():
        yield Ground(Path(folder), claims=claims)


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

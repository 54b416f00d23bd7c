"""The one file that knows how to work the product; `tables` knows what stands in its database. A change of
the product's interface is followed there, and nowhere else.

`Product` is an installation in a folder: its database, its key file, and what can be read of it from
outside. `Desk` is one process of it: the one that serves, or a command of a person. Each call of the
product is one small function, and hands back plain data; what the product refuses comes as `Refusal` with
its words.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from ml_connector.app.settings import Settings, start_django, started
from moving_world.backend.base import Watcher, database_settings
from moving_world.held import Holds, Locks, NoClaims
from moving_world.tables import ORGANISATION, Tables
from moving_world.views import Refusal

T = TypeVar("T")
SANDBOX = True


# --- an installation ----------------------------------------------------------------------------------------


def prepare(home: Path) -> Settings:
    """Start Django in this process, if nobody did; the settings of an installation in that folder."""
    settings = Settings(home=home)
    memory = Settings(home=home, database_url="sqlite:///:memory:")
    if not started():
        start_django(memory)
    from ml_connector.store.secrets import Keys

    Keys(settings.key_file).create()
    return settings


class Product(Tables):
    """One installation, and the connection that this process works on. Without `claims` its runs claim no
    pay and take no turns at a ledger.
    """

    def __init__(
        self, settings: Settings, clock: Any, wire: Any, holds: Holds, *, claims: bool = True
    ) -> None:
        self.settings, self.clock, self.wire, self.holds, self.claims = settings, clock, wire, holds, claims
        self.path = Path(settings.database.removeprefix("sqlite:///"))
        self.wrapper: Any = None
        self._before: Any = None

    def open(self, watcher: Watcher | None) -> None:
        """Work on the database from now on."""
        from django.db import connections

        from ml_connector.store.database import use_clock
        from moving_world.backend.base import DatabaseWrapper

        self._before = connections["default"]
        self.wrapper = DatabaseWrapper(database_settings(self.path))
        self.wrapper.watcher = watcher
        connections["default"] = self.wrapper
        use_clock(self.clock)

    def close(self) -> None:
        """Leave the database; Django works on the one that it had before."""
        from django.db import connections

        from ml_connector.store.database import SystemClock, use_clock

        if self.wrapper is not None:
            self.wrapper.watcher = None
            self.wrapper.close()
            self.wrapper = None
            connections["default"] = self._before
            use_clock(SystemClock())

    @contextmanager
    def beside(self, other: Product) -> Iterator[None]:
        """Work on this database for as long as it lasts, then on that of the other again."""
        from django.db import connections

        from ml_connector.store.database import use_clock

        self.open(None)
        try:
            yield
        finally:
            self.close()
            connections["default"] = other.wrapper
            use_clock(other.clock)

    def migrate(self) -> None:
        """Make the tables of a new database."""
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)

    def move_keys(self, away: bool) -> None:
        """Take the key file away, or put it back."""
        kept = self.settings.key_file
        aside = kept.with_name(f"{kept.name}.away")
        here, there = (kept, aside) if away else (aside, kept)
        if here.exists():
            here.rename(there)

    # --- backups -------------------------------------------------------------------------------------------

    def backup(self, to: Path) -> None:
        """Write a backup, while it works."""
        from ml_connector.app.backup import backup

        backup(self.settings, to, force=True)

    def restore(self, source: Path, actor: str) -> None:
        """Put a backup in place of the database, as the command does; nothing works meanwhile."""
        from django.db import transaction

        from ml_connector.app.backup import PRODUCT
        from ml_connector.app.safe_copy import make_safe

        watcher = self.wrapper.watcher
        self.close()
        for old in self.path.parent.glob(f"{self.path.name}*"):
            old.unlink()
        with tarfile.open(source, "r:gz") as archive, tempfile.TemporaryDirectory() as folder:
            archive.extract(PRODUCT, folder, filter="data")
            shutil.move(Path(folder) / PRODUCT, self.path)
        self.open(None)
        with transaction.atomic():
            make_safe(ORGANISATION, actor=actor, detail={"file": source.name})
        self.wrapper.watcher = watcher


# --- one process --------------------------------------------------------------------------------------------


class Desk:
    """A process of the product, of a person or of the one that serves."""

    def __init__(self, product: Product, actor: str, channel: str = "cli") -> None:
        from ml_connector.app.access import Actor
        from ml_connector.app.assemble import Assembly, StoredStageContext
        from ml_connector.app.mappings import Mappings
        from ml_connector.app.operations import Operations
        from ml_connector.app.records import Records
        from ml_connector.app.setup import Setup
        from ml_connector.app.statements import Statements
        from ml_connector.runs.inline import Inline

        class Unclaimed(StoredStageContext):
            """A workshop whose runs claim nothing."""

            def open(self, row: Any) -> Any:
                opened = super().open(row)
                opened.run.claims = NoClaims()
                return opened

        self._assembly = Assembly(
            product.settings,
            clock=product.clock,
            wire=product.wire,
            locks=Locks(product.holds, product.claims),  # type: ignore[arg-type]
            background=lambda work: work,
        )
        self._access = self._assembly.access(ORGANISATION)
        person = Actor(actor, channel)
        self._operations = Operations(self._access, self._assembly, person)
        self._statements = Statements(self._access, self._assembly, person)
        self._records = Records(self._access)
        self._mappings = Mappings(self._access, self._assembly, person)
        self._setup = Setup(self._access, self._assembly, person)
        self._workshop = (StoredStageContext if product.claims else Unclaimed)(assembly=self._assembly)
        self._engine = Inline(self._workshop, self._workshop.runs, lambda moment: None)

    # --- serving --------------------------------------------------------------------------------------------

    def carry_out(self, run: str) -> None:
        """Carry out one stage of a run, as the engine does."""
        self._engine.step(self._workshop.runs.get(run))

    def look(self, *, now: bool = True) -> dict[str, int]:
        """Compare what was booked lately with the ledgers, or with those only that are due; open incidents
        by connection.
        """
        from ml_connector.app.look import look

        return self._do(lambda: look(self._access, self._assembly, now=now))

    # --- runs -----------------------------------------------------------------------------------------------

    def new_pay_runs(self, source: str, target: str) -> list[str]:
        """References that no run has taken up."""
        return list(self._do(lambda: self._operations.new("payroll", source, target, None))[0])

    def start(self, source: str, target: str, reference: str, dry: bool = False) -> str:
        """Start a run; its id."""
        return self._do(lambda: self._operations.start("payroll", source, target, reference, dry_run=dry)).id

    def fingerprint(self, run: str) -> str:
        """What `runs show` gives to a person who wants to approve what is proposed now."""
        from ml_connector.domain.proposal import FINGERPRINT_SHOWN

        return self._do(lambda: self._records.fingerprint(run))[:FINGERPRINT_SHOWN]

    def entries(self, run: str) -> str:
        """What a person reads of the entries that are proposed."""
        return repr([found.entry for found in self._do(lambda: self._records.entries(run))])

    def entry_states(self, run: str) -> set[str]:
        """What a person reads of the entries: whether they are proposed, sent or booked."""
        return {found.state for found in self._do(lambda: self._records.entries(run))}

    def accounts(self, run: str, key: str) -> dict[str, int]:
        """What a person reads of one of these entries: account and cents, debit positive."""
        sums: Counter[str] = Counter()
        for found in self._do(lambda: self._records.entries(run)):
            for line in found.entry.lines if found.entry.key == key else ():
                sums[line.account] += sum(amount.minor for amount in line.amounts)
        return {account: cents for account, cents in sums.items() if cents}

    def approve(self, run: str, fingerprint: str) -> None:
        """Consent to what was shown."""
        self._do(lambda: self._operations.approve(run, fingerprint))

    def resume(self, run: str, *, again: bool = False, accept: Sequence[str] = ()) -> None:
        """Let a run go on; `again` from the proposal, `accept` these documents of others as no pay."""
        self._do(lambda: self._operations.resume(run, propose_again=again, accept=accept))

    def cancel(self, run: str) -> None:
        """Give a run up."""
        self._do(lambda: self._operations.cancel(run))

    def close_run(self, run: str, why: str) -> None:
        """Close a run that posted a part."""
        self._do(lambda: self._operations.close(run, why))

    def reverse(self, run: str, everything: bool = False) -> str:
        """Propose to take back what a run posted; the new run's id."""
        return self._do(lambda: self._operations.reverse(run, everything=everything)).id

    def replay(self, run: str, post: bool) -> str:
        """A new run from recorded inputs; its id."""
        return self._do(lambda: self._operations.replay(run, post=post)).id

    def booked_elsewhere(self, run: str, documents: list[str], why: str) -> None:
        """Say that the pay was booked by other means, as these documents."""
        self._do(lambda: self._statements.booked_elsewhere(run, documents, why))

    def deleted(self, run: str) -> None:
        """Say that somebody deleted the documents of the run."""
        self._do(lambda: self._statements.deleted(run))

    def settle(self, key: str, booked_as: str | None) -> str:
        """Say what became of an entry whose outcome is unknown; what the product answers."""
        return self._do(lambda: self._statements.settle(key, booked_as=booked_as))

    def own_pay(self, run: str) -> None:
        """Answer that the run is a pay of its own."""
        self._do(lambda: self._operations.answer(run, "own_pay"))

    def replaces(self, run: str, other: str) -> None:
        """Answer that the run comes in place of another."""
        self._do(lambda: self._operations.answer(run, "replaces", other))

    def zero_is_meant(self, run: str) -> None:
        """Answer that the run is meant to come to nothing."""
        self._do(lambda: self._operations.answer(run, "zero_is_meant"))

    def older_counts(self, run: str) -> None:
        """Answer that the run counts, although a newer calculation was posted before it."""
        self._do(lambda: self._operations.answer(run, "older_counts"))

    def pause(self, scope: str) -> None:
        """Stop everything, a connection or a flow."""
        self._do(lambda: self._operations.pause(scope))

    def go_on(self, scope: str) -> None:
        """End a pause."""
        self._do(lambda: self._operations.unpause(scope))

    # --- setting up -----------------------------------------------------------------------------------------

    def connect(self, name: str, connector: str, values: Mapping[str, str]) -> None:
        """Store a connection."""
        self._do(lambda: self._setup.add_connection(name, connector, values, sandbox=SANDBOX))

    def sign_in(self, name: str, consent: Callable[[str], str]) -> None:
        """Give consent again."""
        self._do(lambda: self._setup.authorize(name, consent(self._setup.authorize_url(name))))

    def mapping(self, name: str, rules: str) -> None:
        """Import a mapping."""
        self._do(lambda: self._mappings.import_(name, rules.encode(), None))

    def flow(self, source: str, target: str, mode: str, starts_on: date, options: Mapping[str, str]) -> None:
        """Store how payroll runs between two connections."""
        self._do(
            lambda: self._setup.set_flow(
                source, target, mode=mode, starts_on=starts_on, mapping="payroll", options=options
            )
        )

    def _do(self, call: Callable[[], T]) -> T:
        """The call's result; what the product refuses becomes a `Refusal`, and a defect stays what it is."""
        from ml_connector.app.failures import expected, read_failure

        try:
            return call()
        except expected() as error:
            failure = read_failure(error)
            found = "; ".join(f"[{problem.code}] {problem.text}" for problem in failure.problems)
            raise Refusal(f"{failure.text} {found}".strip()) from error

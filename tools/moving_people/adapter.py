"""How the flow of workers is worked, beside what `moving_world.adapter` knows of the product."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from moving_world.adapter import Desk, Product

KIND = "workers"
SHOWN = ("conflict", "refused", "noted")


class PeopleProduct(Product):
    """An installation that keeps workers."""

    def shown(self, run: str) -> set[tuple[str, str]]:
        """What the plan of a pass shows to people and leaves as it is: legal entity and code."""
        states = ", ".join(f"'{state}'" for state in SHOWN)
        found = self.rows(
            f"SELECT key FROM store_plannedchange WHERE run_id = ? AND state IN ({states})", run
        )
        return {(key.partition("/")[0], key.rpartition("/")[2]) for (key,) in found}

    def problems(self, run: str) -> list[str]:
        """Codes of the problems of a run."""
        return [code for view in self.runs() if view.id == run for code, _, _, _ in view.problems]


class PeopleDesk(Desk):
    """A process of the product that works on workers."""

    def __init__(self, product: Product, actor: str, channel: str = "cli") -> None:
        from ml_connector.app.access import Actor
        from ml_connector.app.webhooks import Webhooks

        super().__init__(product, actor, channel)
        self._webhooks = Webhooks(self._access, self._assembly, Actor(actor, channel))

    def keep_workers(
        self, source: str, target: str, mode: str, starts_on: date, options: Mapping[str, str]
    ) -> None:
        """Store the flow."""
        self._do(
            lambda: self._setup.set_flow(
                source, target, mode=mode, starts_on=starts_on, mapping="", options=options, kind=KIND
            )
        )

    def make_pass(self, source: str, target: str) -> list[str]:
        """Begin the next pass, where none is under way; its run."""

        def begin() -> list[str]:
            references, _ = self._operations.new(KIND, source, target, None)
            return [self._operations.start(KIND, source, target, reference).id for reference in references]

        return self._do(begin)

    def arrive(self) -> None:
        """Look where a notification, or the time, says so."""
        from ml_connector.app.arrivals import try_arrive

        for _ in try_arrive(self._assembly):
            pass

    def approve_shown(self, run: str) -> None:
        """Approve what is proposed now."""
        self.approve(run, self.fingerprint(run))

    def loss_is_right(self, run: str) -> None:
        """Answer that a plan is right although it closes so many."""
        self._do(lambda: self._operations.answer(run, "loss_is_right"))

    def notify(self, connection: str, base: str) -> str:
        """Make an address for notifications and subscribe; the address."""
        return str(self._do(lambda: self._webhooks.make(connection, base))["address"])

    def hear(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a notification; the status of the answer."""
        from ml_connector.app.hooks import receive

        return receive(self._assembly, url.rpartition("/")[2], headers, body)[0]

"""The addresses that vendors notify, and their subscriptions: made, compared, made anew, taken away."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from ml_connector.app.access import Access, Actor
from ml_connector.app.assemble import Assembly, connectors
from ml_connector.app.failures import expected, read_failure
from ml_connector.app.hooks import wake_of
from ml_connector.app.refusals import NotAllowed, SetupError
from ml_connector.domain.problem import Problem
from ml_connector.errors import NoCapability, Refused, Throttled
from ml_connector.ports.systems import Subscription, Subscriptions, System
from ml_connector.store import hooks
from ml_connector.store.hooks import HookPaths
from ml_connector.store.models import Connection, Flow, Hook
from ml_connector.store.secrets import StoredVault
from ml_connector.transport.address import form_problem
from ml_connector.transport.settings import secret_of
from ml_connector.transport.signature import BEFORE, SECRET, TOKEN, replaced

BOTH = timedelta(hours=24)
"""How long a secret, or a path, is good beside the one that replaced it, where no time is said."""
SECRET_BYTES = 32
OURS, ANOTHER, SECOND, FOREIGN, MISSING = "ours", "ours, not wanted", "ours, twice", "not ours", "missing"
"""What a subscription is to us."""

log = structlog.get_logger("webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One subscription, of the vendor's or a missing one, and what it is to us."""

    state: str
    subscription: Subscription

    def shown(self) -> dict[str, Any]:
        """As JSON. Of an address that is not ours the host is enough."""
        one = self.subscription
        address = one.address if self.state != FOREIGN else f"https://{urlsplit(one.address).hostname}/…"
        return {
            "state": self.state,
            "id": one.id,
            "address": address,
            "topics": list(one.topics),
            "company": one.company,
            "active": one.active,
        }


class Webhooks:
    """Of one organisation, as one person."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    def show(self, name: str) -> dict[str, Any]:
        """What there is and what came, without a call to the vendor."""
        connection = self._access.connection(name)
        paths, hook = self._paths(connection), self._hook(connection)
        now, counts = self._assembly.clock.now(), list(hooks.counted(connection))
        return {
            "connection": name,
            "address": paths.address(),
            "steps": self._steps(connection, paths.address()),
            "heard_at": _text(hook.heard_at),
            "checked_at": _text(hook.checked_at),
            "failures": hook.failures,
            "why": hook.why,
            "earlier_secret_until": _text(self._earlier_until(connection, now)),
            "topics": [
                {
                    "topic": row.name,
                    "count": row.count,
                    "last": _text(row.last_at),
                    "wakes": self._woken(connection, row.name),
                }
                for row in counts
                if row.what == hooks.EVENT
            ],
            "refused": {row.name: row.count for row in counts if row.what == hooks.REFUSED},
            "repeats": sum(row.count for row in counts if row.what == hooks.REPEAT),
            "challenges": sum(row.count for row in counts if row.what == hooks.CHALLENGE),
        }

    def make(self, name: str, base: str) -> dict[str, Any]:
        """Make the path, once, and what is missing at the vendor; with another `base` it moves there. The
        result as `check` has it, with what a person has to do where the vendor has no interface for it.
        Where the vendor refuses, all is as it was before. Raises `SetupError`, and what calls raise.
        """
        connection = self._access.connection(name)
        system, paths, now = self._assembly.system(connection), self._paths(connection), self._now()
        if system.events is None:
            raise NotAllowed(f"{name} is of a product that sends no notifications.")
        before = paths.address()
        if not before and not base:
            text = (
                "Say where vendors reach `serve --listen` from outside: --address https://hooks.example.com."
            )
            raise SetupError([Problem("webhook.address", "address", text)])
        if base and (why := _base_problem(base, connection.sandbox)):
            raise SetupError([Problem("webhook.address", "address", why)])
        if not before:
            address = paths.make(base, now)
            self._note("webhook.made", name, {"host": urlsplit(address).hostname})
        elif base and not before.startswith(f"{base.rstrip('/')}/hooks/"):
            address = paths.move(base, now)
            self._note("webhook.moved", name, {"host": urlsplit(address).hostname})
        made = list[Subscription]()
        try:
            return self._renewed(connection, made)
        except Refused as error:
            stands = before if before and self._hook(connection).checked_at else ""
            if not isinstance(error, Throttled) and paths.address() != stands:
                with suppress(*expected()):
                    self._take_back(connection, stands, at_vendor=bool(made or before))
            raise

    def check(self, name: str) -> list[Line]:
        """Compare what the vendor has with what is needed; changes nothing. Empty where the vendor has no
        interface for it.
        """
        connection = self._access.connection(name)
        self._hook(connection)
        return list(self._compared(self._assembly.system(connection), self._paths(connection)))

    def renew(self, name: str) -> dict[str, Any]:
        """Make anew what is missing at the vendor, and take away what is ours and not needed."""
        return self._renewed(self._access.connection(name), [])

    def remove(self, name: str) -> int:
        """Take our subscriptions away at the vendor, then the path; how many there were."""
        connection = self._access.connection(name)
        self._hook(connection)
        system, paths = self._assembly.system(connection), self._paths(connection)
        mine = [line for line in self._compared(system, paths) if line.state not in (FOREIGN, MISSING)]
        for line in mine:
            _opened(system).remove(line.subscription.id)
        paths.remove()
        self._note("webhook.removed", name, {"subscriptions": len(mine)})
        return len(mine)

    def rotate(self, name: str, secret: str, until: datetime | None, *, path: bool) -> dict[str, Any]:
        """A new secret, or a new path; the one of before is good until a time, a day from now where none is
        said. Without a `secret` one is drawn, where the vendor takes it from us. Raises `SetupError`.
        """
        connection = self._access.connection(name)
        self._hook(connection)
        now = self._now()
        ends_at = until or now + BOTH
        if ends_at < now:
            raise SetupError([Problem("webhook.until", "until", f"{ends_at:%Y-%m-%d %H:%M} is in the past.")])
        if path:
            paths = self._paths(connection)
            paths.make(paths.address().rpartition("/hooks/")[0], now, ends_at)
        else:
            self._new_secret(connection, secret, ends_at)
        self._note("webhook.rotated", name, {"what": "path" if path else "secret", "until": _text(ends_at)})
        return {**self.renew(name), "until": _text(ends_at)}

    # --- parts ----------------------------------------------------------------------------------------------

    def _renewed(self, connection: Connection, made: list[Subscription]) -> dict[str, Any]:
        """As `renew`. What was made at the vendor is added to `made`, also where it fails then."""
        removed = self._renew(connection, self._hook(connection), made)
        address = self._paths(connection).address()
        return {
            "address": address,
            "made": [Line(state=OURS, subscription=one).shown() for one in made],
            "removed": [Line(state=ANOTHER, subscription=one).shown() for one in removed],
            "steps": self._steps(connection, address),
        }

    def _take_back(self, connection: Connection, stands: str, *, at_vendor: bool) -> None:
        """The vendor refused the address: what was made for it goes, also `at_vendor`, and the one that
        stands before, if any, is back.
        """
        system, paths = self._assembly.system(connection), self._paths(connection)
        lines = list(self._compared(system, paths)) if at_vendor else []
        ours = [line for line in lines if line.state == OURS]
        for line in ours:
            _opened(system).remove(line.subscription.id)
        if stands:
            paths.move(stands.rpartition("/hooks/")[0], self._now())
            self._note("webhook.moved", connection.name, {"host": urlsplit(stands).hostname})
            self._renewed(connection, [])
        else:
            paths.remove()
            self._note("webhook.removed", connection.name, {"subscriptions": len(ours)})

    def _new_secret(self, connection: Connection, secret: str, ends_at: datetime) -> None:
        """Store it, and let the vendor sign with it where it takes it from us: by subscriptions made anew
        before the old ones are taken away.
        """
        system, vault = self._assembly.system(connection), StoredVault(connection, self._assembly.keys)
        signs = any(setting.name == SECRET for setting in connectors()[connection.connector].settings)
        name, takes = SECRET if signs else TOKEN, _takes_secret(system)
        if not secret and not takes:
            text = "The vendor makes this secret. Copy it into a file: --secret-file FILE."
            raise SetupError([Problem("webhook.secret", "secret", text)])
        secret = secret or secrets.token_urlsafe(SECRET_BYTES)
        if before := secret_of(vault, name):
            vault.write(name + BEFORE, replaced(before, ends_at))
        vault.write(name, secret)
        if not takes:
            return
        paths, opened = self._paths(connection), _opened(system)
        old = [line for line in self._compared(system, paths) if line.state not in (FOREIGN, MISSING)]
        for wanted in opened.wanted(paths.address()):
            opened.make(wanted, secret)
        for line in old:
            opened.remove(line.subscription.id)

    def _renew(self, connection: Connection, hook: Hook, made: list[Subscription]) -> list[Subscription]:
        """What was taken away; what was made is added to `made`. The row of the hook has the outcome."""
        removed = list[Subscription]()
        try:
            system, paths = self._assembly.system(connection), self._paths(connection)
            for line in list(self._compared(system, paths)):
                if line.state == MISSING:
                    self._subscribe(connection, system, line.subscription)
                    made.append(line.subscription)
                elif line.state in (ANOTHER, SECOND):
                    _opened(system).remove(line.subscription.id)
                    removed.append(line.subscription)
            paths.ended(self._now() - BOTH).delete()
        except expected() as error:
            hook.failures, hook.why = hook.failures + 1, read_failure(error).text
            hook.save(update_fields=["failures", "why"])
            raise
        hook.failures, hook.why, hook.checked_at = 0, "", self._now()
        hook.save(update_fields=["failures", "why", "checked_at"])
        for action, rows in (("webhook.subscribed", made), ("webhook.unsubscribed", removed)):
            for one in rows:
                self._note(action, connection.name, {"topics": ", ".join(one.topics), "company": one.company})
        return removed

    def _subscribe(self, connection: Connection, system: System, wanted: Subscription) -> None:
        """The secret is stored before the vendor has it: a process that dies between leaves none that is
        signed with what nobody knows.
        """
        if not _takes_secret(system):
            _opened(system).make(wanted, "")
            return
        vault = StoredVault(connection, self._assembly.keys)
        secret = secret_of(vault, SECRET)
        if not secret:
            vault.write(SECRET, secret := secrets.token_urlsafe(SECRET_BYTES))
        _opened(system).make(wanted, secret)

    def _compared(self, system: System, paths: HookPaths) -> Iterator[Line]:
        """Every subscription of the vendor's, and those that are missing."""
        if system.subscriptions is None:
            return
        opened = _opened(system)
        wanted = {one.about: one for one in opened.wanted(paths.address())}
        address, there = paths.address(), set[Any]()
        for one in opened.every():
            if one.address == address and one.about in wanted and one.active:
                yield Line(state=SECOND if one.about in there else OURS, subscription=one)
                there.add(one.about)
            else:
                yield Line(state=ANOTHER if paths.is_ours(one.address) else FOREIGN, subscription=one)
        yield from (
            Line(state=MISSING, subscription=one) for about, one in wanted.items() if about not in there
        )

    def _hook(self, connection: Connection) -> Hook:
        """The row. Raises `NotAllowed` where nothing was made."""
        hook = self._paths(connection).hook
        if hook is None:
            raise NotAllowed(
                f"{connection.name} takes no notifications yet. Make an address: ml-connector connections"
                f" webhooks make {connection.name} --address https://hooks.example.com"
            )
        return hook

    def _paths(self, connection: Connection) -> HookPaths:
        return HookPaths(connection, self._assembly.keys)

    def _steps(self, connection: Connection, address: str) -> list[str]:
        steps = self._assembly.system(connection).by_hand
        return [step.replace("{address}", address).replace("{name}", connection.name) for step in steps]

    def _woken(self, connection: Connection, topic: str) -> list[int]:
        """Ids of the flows that the topic wakes."""
        mine = Flow.objects.filter(organisation=self._access.organisation)
        return [
            flow.pk
            for flow in mine.select_related("source", "target").order_by("id")
            if connection in (flow.source, flow.target)
            and hooks.matches(topic, wake_of(self._assembly, flow, connection))
        ]

    def _earlier_until(self, connection: Connection, now: datetime) -> datetime | None:
        vault = StoredVault(connection, self._assembly.keys)
        ends = [secret_of(vault, name + BEFORE).partition(" ")[0] for name in (SECRET, TOKEN)]
        found = [at for text in ends if text and (at := datetime.fromisoformat(text)) > now]
        return max(found, default=None)

    def _now(self) -> datetime:
        return self._assembly.clock.now()

    def _note(self, action: str, name: str, detail: Mapping[str, str | int | bool | None]) -> None:
        audit, actor = self._access.audit, self._actor
        audit.append(actor=actor.audited, action=action, subject=name, detail=actor.noted(detail))


def renew_all(assembly: Assembly) -> int:
    """Make anew what is missing at the vendors; how many connections failed. Each is reported and stops no
    other.
    """
    failed = 0
    for hook in Hook.objects.select_related("connection__organisation").order_by("id"):
        connection = hook.connection
        access = assembly.access(connection.organisation.slug)
        try:
            Webhooks(access, assembly, Actor("serve", "system"))._renew(connection, hook, [])
        except expected() as error:
            failed += 1
            log.warning("webhook.not_renewed", connection=connection.name, why=read_failure(error).text)
    return failed


def _opened(system: System) -> Subscriptions:
    if system.subscriptions is None:
        raise NoCapability(f"Connection {system.connection} has no interface for subscriptions.")
    return system.subscriptions()


def _takes_secret(system: System) -> bool:
    """Whether the vendor takes the secret of a subscription from us."""
    return system.subscriptions is not None and _opened(system).takes_secret


def _base_problem(base: str, sandbox: bool) -> str:
    if problem := form_problem(base):
        return problem
    parts = urlsplit(base)
    if not sandbox and parts.scheme != "https":
        return f"{base!r} is not encrypted. Vendors notify https addresses only."
    return ""


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None

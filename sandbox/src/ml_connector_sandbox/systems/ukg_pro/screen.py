"""What a person at the vendor's screens does, and the damage a test wants done to a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.general_ledger_file import gl_file
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.payroll_endpoints import PayrollEndpoints
from ml_connector_sandbox.systems.ukg_pro.screen_calendar import CalendarScreen
from ml_connector_sandbox.systems.ukg_pro.screen_hiring import people_actions
from ml_connector_sandbox.systems.ukg_pro.seed import add_extra_run
from ml_connector_sandbox.systems.ukg_pro.signin import PERMISSIONS, SignIn
from ml_connector_sandbox.systems.ukg_pro.webhooks import TENANT, Webhooks

HTML = (
    b"<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h1>Please try again"
    b" later</h1></body></html>"
)
_CENTS = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")


class Screen:
    """The actions of the control API, by name. Each takes and returns plain JSON; KeyError names what does
    not exist.
    """

    def __init__(
        self, tenant: Tenant, sign_in: SignIn, payroll: PayrollEndpoints, webhooks: Webhooks
    ) -> None:
        self._tenant = tenant
        self._sign_in = sign_in
        self._payroll = payroll
        self._webhooks = webhooks
        self._backup: Book | None = None
        self.actions: dict[str, Callable[[Json], Json]] = {
            "undo_run": self._undo,
            "rerun": self._rerun,
            "off_cycle": self._off_cycle,
            "void": self._void,
            "tamper": self._tamper,
            "untamper": self._untamper,
            "gl_file": self._gl_file,
            "permissions": self._permissions,
            "expire_tokens": lambda wish: {"expired": sign_in.tokens.revoke()},
            "change_password": self._change_password,
            **people_actions(tenant, webhooks),
            **CalendarScreen(tenant).actions,
            "back_up": self._back_up,
            "restore": self._restore,
            "event": self._event,
            "deliver": lambda wish: {"tried": webhooks.deliver()},
        }

    def _run(self, wish: Json) -> PayRun:
        """The run named in `run_id`, or the newest regular one that stands."""
        if "run_id" in wish:
            return self._tenant.book.run(str(wish["run_id"]))
        standing = [
            run
            for run in self._tenant.book.runs
            if run.kind in ("regular", "bench") and run.status == "current"
        ]
        if not standing:
            raise KeyError("run: none stands; name one as run_id")
        return standing[-1]

    def _undo(self, wish: Json) -> Json:
        run = self._run(wish)
        run.status = "undone"
        run.period.closed_at = None
        return {"run_id": run.run_id, "status": run.status}

    def _rerun(self, wish: Json) -> Json:
        """The same payroll again under a new run id.

        `changes` adds dollars to the gross of workers: `{"W00001": "100.00"}`; `without` leaves workers out,
        `without_company` everybody of a company, by its code; `pay_date` moves the payday of the period.
        """
        old = self._run_to_repeat(wish)
        book, now = self._tenant.book, self._tenant.local_now()
        changes = dict(old.changes)
        for worker, amount in dict(wish.get("changes", {})).items():
            changes[self._worker(worker)] = changes.get(worker, 0) + _cents(amount)
        without = self._left_out(old, wish)
        period = self._moved_period(old.period, wish.get("pay_date"))
        if old.status == "current":
            old.status = "superseded"
        run = replace(
            old,
            run_id=book.new_run_id(),
            ran_at=max(now, old.ran_at + timedelta(hours=1)),
            status="current",
            period=period,
            changes=changes,
            without=without,
            rows_cache=old.rows_cache if old.kind == "bench" else None,
            segments=None,
            overlay={},
            body_instead=None,
        )
        run.period.closed_at = run.period.closed_at or now
        book.runs.append(run)
        return {
            "run_id": run.run_id,
            "replaces": old.run_id,
            "period_control": period.control,
            "without": list(without),
        }

    def _worker(self, name: object) -> str:
        if name not in {held.worker for held in self._tenant.book.workers}:
            raise KeyError(f"worker {name}")
        return str(name)

    def _left_out(self, old: PayRun, wish: Json) -> tuple[str, ...]:
        """The workers a rerun does not pay: those the run before did not, and those named now."""
        book = self._tenant.book
        names = [self._worker(name) for name in wish.get("without", [])]
        if "without_company" in wish:
            code = book.company_named(str(wish["without_company"])).code
            names += [
                held.worker for held in book.workers if book.company_of[old.department(held)].code == code
            ]
        if names and old.kind == "bench":
            raise ValueError("without: the synthetic run has no workers")
        return tuple(dict.fromkeys([*old.without, *names]))

    def _moved_period(self, period: PayPeriod, pay_date: object) -> PayPeriod:
        """The period of the calendar that a run pays; with another payday it has another control.

        The run that is replaced keeps the period it had. One whose payday was moved since stands in the
        calendar under its new one.
        """
        periods = self._tenant.book.periods
        days = (period.group, period.position)
        same_days = (place for place, held in enumerate(periods) if (held.group, held.position) == days)
        place = periods.index(period) if period in periods else next(same_days)
        if pay_date is None:
            return periods[place]
        day = date.fromisoformat(str(pay_date))
        taken = [
            held.sequence
            for at, held in enumerate(periods)
            if (held.group, held.pay_date) == (period.group, day) and at != place
        ]
        periods[place] = replace(periods[place], pay_date=day, sequence=max(taken, default=0) + 1)
        return periods[place]

    def _run_to_repeat(self, wish: Json) -> PayRun:
        if "run_id" in wish:
            return self._tenant.book.run(str(wish["run_id"]))
        return [run for run in self._tenant.book.runs if run.kind in ("regular", "bench")][-1]

    def _off_cycle(self, wish: Json) -> Json:
        like = self._run(wish)
        run = add_extra_run(self._tenant.book, "off_cycle", like.period, like.ran_at + timedelta(hours=1))
        return {"run_id": run.run_id}

    def _void(self, wish: Json) -> Json:
        """A run that takes back one worker's check of another run."""
        like, worker = self._run(wish), self._worker(wish["worker"])
        run = add_extra_run(self._tenant.book, "void", like.period, like.ran_at + timedelta(hours=2))
        run.voids, run.scale, run.changes = (worker,), like.scale, dict(like.changes)
        run.known, run.without, run.departments = like.known, like.without, like.departments
        return {"run_id": run.run_id}

    def _tamper(self, wish: Json) -> Json:
        """Damage a run as it is served; the run itself stays whole. `what` is one of the anomalies below."""
        run, what = self._run(wish), str(wish["what"])
        total = len(self._payroll.gl_rows(run))
        row = int(wish.get("row", 1)) - 1
        if not 0 <= row < total:
            raise KeyError(f"row {row + 1} of run {run.run_id}")
        match what:
            case "truncate_last_block" | "reorder_blocks" | "repeat_block":
                run.segments = self._segments(
                    what, total, int(wish.get("keep_rows", 0)), int(wish.get("block", 1))
                )
            case "both_sides":
                run.overlay.setdefault(row, {}).update({"debitAmt": "12.34", "creditAmt": "12.34"})
            case "amount":
                run.overlay.setdefault(row, {})[str(wish.get("field", "debitAmt"))] = str(wish["text"])
            case "missing_field":
                run.overlay.setdefault(row, {})[str(wish["field"])] = None
            case "html":
                run.body_instead = HTML
            case _:
                raise KeyError(f"anomaly {what}")
        return {"run_id": run.run_id, "what": what}

    def _segments(self, what: str, total: int, keep_rows: int, block: int) -> list[tuple[int, int]]:
        size = self._tenant.switches["block_rows"]
        whole = [(start, min(total, start + size)) for start in range(0, total, size)]
        if what == "truncate_last_block":
            start, stop = whole[-1]
            return [*whole[:-1], (start, min(stop, start + keep_rows))]
        if what == "reorder_blocks":
            return whole[::-1]
        if not 1 <= block <= len(whole):
            raise KeyError(f"block {block}")
        return [*whole[:block], whole[block - 1], *whole[block:]]

    def _untamper(self, wish: Json) -> Json:
        run = self._run(wish)
        run.segments, run.overlay, run.body_instead = None, {}, None
        return {"run_id": run.run_id}

    def _gl_file(self, wish: Json) -> Json:
        """The text of the run's flat file in a layout: `{"layout": "L1"}`."""
        run, layout = self._run(wish), str(wish.get("layout", "L1"))
        group = self._tenant.book.group_of(run.period)
        rows = self._payroll.gl_rows(run)
        companies = [self._tenant.book.company_of[org].code for org in rows.orgs]
        text = gl_file(run, rows, layout=layout, companies=companies, pay_group=group)
        return {"name": f"gl_{group}_{run.period.control}_{layout}.txt", "run_id": run.run_id, "text": text}

    def _permissions(self, wish: Json) -> Json:
        """Take permissions from the account or give them back: `{"revoke": ["Payroll Integration:View"],
        "grant": []}`.
        """
        for name in [*wish.get("revoke", []), *wish.get("grant", [])]:
            if str(name).partition(":")[0] not in PERMISSIONS:
                raise KeyError(f"permission {name}")
        self._sign_in.revoked |= set(wish.get("revoke", []))
        self._sign_in.revoked -= set(wish.get("grant", []))
        return {"permissions": list(PERMISSIONS), "revoked": sorted(self._sign_in.revoked)}

    def _change_password(self, wish: Json) -> Json:
        self._sign_in.password = str(wish["password"])
        return {"changed": True}

    def _back_up(self, wish: Json) -> Json:
        """Keep the tenant's data as they are now, for `restore`."""
        self._backup = self._tenant.book.copy()
        return {"runs": len(self._backup.runs), "people": len(self._backup.people)}

    def _restore(self, wish: Json) -> Json:
        """The tenant's data are again what they were at the last `back_up`, stamps included; no event
        tells it. Subscriptions, messages and permissions stay.
        """
        if self._backup is None:
            raise KeyError("backup: none was made")
        self._tenant.restore(self._backup.copy())
        return {"runs": len(self._backup.runs), "people": len(self._backup.people)}

    def _event(self, wish: Json) -> Json:
        """Publish any event: `{"event_type": "EmployeeNewHireEvent", "operation": "Insert", "payload":
        {…}}`. `tenant` sends it in the name of another one.
        """
        event = self._webhooks.publish(
            str(wish["event_type"]),
            str(wish.get("operation", "Update")),
            dict(wish.get("payload", {})),
            tenant=str(wish.get("tenant", TENANT)),
        )
        self._webhooks.deliver()
        return {"event": event}


def _cents(amount: object) -> int:
    text = str(amount)
    if not _CENTS.fullmatch(text):
        raise ValueError(f"changes: {text!r} is not an amount like 100.00")
    whole, _, fraction = text.lstrip("-").partition(".")
    cents = int(whole) * 100 + int(fraction.ljust(2, "0"))
    return -cents if text.startswith("-") else cents

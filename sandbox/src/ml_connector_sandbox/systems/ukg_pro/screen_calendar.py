"""What payroll clerks do to a calendar: a payday that moves, a payroll between two others, one that is
late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.pay_calendar import insert_extra, off_cycle_period
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod
from ml_connector_sandbox.systems.ukg_pro.screen_records import day_of
from ml_connector_sandbox.systems.ukg_pro.seed import add_run


class CalendarScreen:
    """Changes to pay periods, each named by pay group and period control; the scenario's group unless
    said.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.actions: dict[str, Callable[[Json], Json]] = {
            "move_pay_date": self._move,
            "plan_off_cycle": self._plan,
            "skip_run": self._skip,
            "run_period": self._run,
        }

    @property
    def _book(self) -> Book:
        return self._tenant.book

    def _move(self, wish: Json) -> Json:
        """`{"pay_group": "…", "period_control": "202607171", "pay_date": "2026-07-16"}`: the payday of a
        period that is open; its closing and its run move along. ValueError for one that is closed.
        """
        held = self._open(wish)
        day = day_of(wish["pay_date"], "pay_date")
        old, shift = held.control, day - held.pay_date
        held.pay_date, held.sequence = day, self._free(held, day)
        if held.closes_at is not None:
            held.closes_at += shift
        if held.runs_at is not None:
            held.runs_at += shift
        return self._changed(held, replaces=old)

    def _plan(self, wish: Json) -> Json:
        """`{"pay_group": "…", "pay_date": "2026-07-15", "start": "…", "end": "…"}`: an off-cycle payroll
        stands in the calendar; it is closed two days before its payday, and its run made a day later. Its
        days are those of the newest run, unless said.
        """
        group = self._group(wish)
        newest = [held for held in self._book.periods if held.group == group and held.position >= 0]
        if not newest:
            raise ValueError("pay_group: no period of it is over")
        like = max(newest, key=lambda held: held.end)
        day = day_of(wish["pay_date"], "pay_date")
        start = like.start if wish.get("start") is None else day_of(wish["start"], "start")
        end = like.end if wish.get("end") is None else day_of(wish["end"], "end")
        if end < start:
            raise ValueError(f"end: {end} is before the start, {start}")
        made = replace(
            off_cycle_period(self._book.periods, like),
            start=start,
            end=end,
            pay_date=day,
            closed_at=None,
            closes_at=self._not_past(day - timedelta(days=2), time(17, 31, 5)),
            runs_at=self._not_past(day - timedelta(days=1), time(14, 2, 11)),
        )
        made.sequence = self._free(made, day)
        insert_extra(self._book.periods, like, made)
        return self._changed(made)

    def _skip(self, wish: Json) -> Json:
        """`{"period_control": "202607171", "close": true}`: the run of an open period is not made when it
        should be; with `close` false the period is not closed either.
        """
        held = self._open(wish)
        held.runs_at = None
        if wish.get("close") is False:
            held.closes_at = None
        return self._changed(held)

    def _run(self, wish: Json) -> Json:
        """`{"period_control": "202607171"}`: the period is closed and its run made now."""
        held = self._named(wish)
        if any(run.period is held for run in self._book.runs):
            raise ValueError(f"period_control: {held.control} has a run; use rerun")
        now = self._tenant.local_now()
        held.closed_at, held.closes_at = held.closed_at or now, None
        run = add_run(self._book, held, now)
        return self._changed(held, run_id=run.run_id)

    # --- parts of them --------------------------------------------------------------------------------------

    def _group(self, wish: Json) -> str:
        """The pay group as periods name it. KeyError if there is none."""
        code = wish.get("pay_group")
        if code in (None, self._book.scenario.PAY_GROUP):
            return ""
        if str(code) not in self._book.frequencies:
            raise KeyError(f"pay group {code}")
        return str(code)

    def _named(self, wish: Json) -> PayPeriod:
        group, control = self._group(wish), str(wish["period_control"])
        for held in self._book.periods:
            if (held.group, held.control) == (group, control):
                return held
        raise KeyError(f"period {control}")

    def _open(self, wish: Json) -> PayPeriod:
        held = self._named(wish)
        if held.closed_at is not None:
            raise ValueError(f"period_control: {held.control} is closed")
        return held

    def _free(self, held: PayPeriod, day: date) -> int:
        """The sequence number for a payroll of the group on a day. ValueError where all nine are taken."""
        taken = [
            other.sequence
            for other in self._book.periods
            if other is not held and (other.group, other.pay_date) == (held.group, day)
        ]
        if max(taken, default=0) >= 9:
            raise ValueError(f"pay_date: {day} has nine payrolls, which are the most")
        return max(taken, default=0) + 1

    def _not_past(self, day: date, at: time) -> datetime:
        return max(datetime.combine(day, at), self._tenant.local_now())

    def _changed(self, held: PayPeriod, **more: str) -> Json:
        held.changed_at = self._tenant.local_now().replace(microsecond=0)
        return {
            "pay_group": self._book.group_of(held),
            "period_control": held.control,
            "pay_date": held.pay_date.isoformat(),
            "closes_at": held.closes_at and held.closes_at.isoformat(),
            "runs_at": held.runs_at and held.runs_at.isoformat(),
            **more,
        }

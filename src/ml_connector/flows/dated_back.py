"""Workers whose move is dated back into a pay that is booked: kept when it is seen, one thing for people for
each worker and pay until they end it. Nothing is booked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from ml_connector.domain.dated_back import BookedPay, DatedBack, Move, moves_between
from ml_connector.domain.dimension import Dimension, code_on
from ml_connector.domain.journal import total
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.worker import Employment, Worker
from ml_connector.flows.flow import Opening
from ml_connector.flows.zones import OTHERS, today

KIND = "dated_back"
"""Of the snapshots that keep them."""


Pair = tuple[Worker, Worker]
"""A worker as kept at the last pass, and as read now."""
Code = Callable[[Worker], Dimension]
"""The worker on the ledger's axis."""


def note(opening: Opening, code: Code, pairs: Iterable[Pair], last: datetime, now: datetime) -> None:
    """Keep what is dated back. A move that is taken back takes out what it did."""
    kept = opening.snapshots()
    known: dict[str, DatedBack] = {}
    rows: dict[str, DatedBack] = {}
    gone: set[str] = set()
    for found in _found(opening, code, pairs, last, now):
        known = known or {row.key: row for row in kept.rows(KIND)}
        before = rows.get(found.key) or known.get(found.key)
        moves = _joined(before.moves if before else (), found.moves)
        if moves:
            rows[found.key] = DatedBack(
                key=found.key,
                worker=found.worker,
                company=found.company,
                pay=found.pay,
                moves=moves,
                documents=found.documents,
                amount=found.amount,
            )
        else:
            rows.pop(found.key, None)
            gone.add(found.key)
    if rows or gone:
        kept.update(KIND, rows, gone - rows.keys(), "")


def noticed(opening: Opening) -> Iterator[Problem]:
    """One thing for each worker and pay."""
    for row in opening.snapshots().rows(KIND):
        said = "; ".join(f"since {move.since} {_told(move)}" for move in row.moves)
        amount = f", {row.amount} of it for the worker" if row.amount is not None else ""
        text = (
            f"Worker {row.worker} of {row.company} is placed otherwise {said}. Pay {row.pay} is booked as it"
            f" was before, in {', '.join(row.documents)}{amount}. Nothing is booked for this. Book the"
            " difference, or end this with a reason."
        )
        yield Problem("worker.dated_back", row.key, text, Owner.CONTROLLER)


def _found(
    opening: Opening, code: Code, pairs: Iterable[Pair], last: datetime, now: datetime
) -> Iterator[DatedBack]:
    policy = opening.policy
    for old, new in pairs:
        for employment in new.employments:
            entity = policy.entities.get(employment.company, OTHERS)
            before = _same(old, employment)
            if before is None:
                continue
            days = today(policy.zones, entity, last), today(policy.zones, entity, now)
            moves = list(moves_between(before, employment, *days))
            since = min((move.since for move in moves), default=None)
            for pay in opening.pays_booked(employment.company, since) if since else ():
                if mine := tuple(move for move in moves if pay.meets(move)):
                    yield DatedBack(
                        key=f"{new.key}/{pay.company}/{pay.name}",
                        worker=f"{new.number} {new.name}".strip(),
                        company=pay.company,
                        pay=pay.name,
                        moves=mine,
                        documents=pay.documents,
                        amount=_amount(code(new), pay),
                    )


def _same(worker: Worker, employment: Employment) -> Employment | None:
    mine = worker.in_company(employment.company)
    return next((each for each in mine if each.start == employment.start), None)


def _amount(named: Dimension, pay: BookedPay) -> Money | None:
    mine = [line.amount for line in pay.lines if named in line.dimensions and line.amount.amount > 0]
    currencies = {amount.currency for amount in mine}
    return total(mine, currencies.pop()) if len(currencies) == 1 else None


def _joined(before: Iterable[Move], now: Iterable[Move]) -> tuple[Move, ...]:
    """The moves of before and those that came, by their days, without those that came to nothing."""
    found = {move.since: move for move in before}
    for move in now:
        first = found.get(move.since, move)
        found[move.since] = Move(since=move.since, until=move.until, before=first.before, after=move.after)
    return tuple(found[day] for day in sorted(found) if found[day].before != found[day].after)


def _told(move: Move) -> str:
    axes = sorted({value.axis for value in (*move.before, *move.after)})
    pairs = [(axis, code_on(axis, move.before), code_on(axis, move.after)) for axis in axes]
    return ", ".join(
        f"{axis} {old or '(none)'} → {new or '(none)'}" for axis, old, new in pairs if old != new
    )

"""Third-Party Pay records that may pay the same thing twice: a question that names both, never a sum.

A record posted again has another id, and nothing in UKG says that it is the first one. Two live records are
asked about when they have

    one worker, one period and one pay date, or one worker and period on two pay dates
    one check number, or one document number

A worker is compared and never named: a tenant may identify people by their social security number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations

from ml_connector.connectors.ukg_pro.records import Record
from ml_connector.domain.problem import Owner, Problem

PAIRS_MAX = 100
"""Pairs that are named; a run with one of them waits anyway."""
Key = tuple[str, ...]
Pairs = frozenset[frozenset[str]]


def repeats(
    run: Iterable[Record], others: Iterable[Record], amount: Callable[[Record], str], both_paid: Pairs
) -> list[Problem]:
    """Pairs among the records of a run, and of one of them with one of another pay date. `both_paid` are
    pairs of ids that a person said are both real.
    """
    live = [record for record in run if not record.voided]
    found = {
        frozenset((one.id, other.id)): (one, other, reasons)
        for one, other, reasons in (*_within(live), *_between(live, others))
        if frozenset((one.id, other.id)) not in both_paid
    }
    return [_problem(*pair, amount) for pair in list(found.values())[:PAIRS_MAX]]


def _within(live: list[Record]) -> Iterator[tuple[Record, Record, list[str]]]:
    by_key: dict[Key, list[Record]] = {}
    for record in live:
        for key in _keys(record, same_day=True):
            by_key.setdefault(key, []).append(record)
    seen: set[frozenset[str]] = set()
    for alike in by_key.values():
        for one, other in combinations(alike, 2):
            pair = frozenset((one.id, other.id))
            if pair not in seen:
                seen.add(pair)
                shared = _keys(one, same_day=True).keys() & _keys(other, same_day=True).keys()
                yield one, other, _said(one, shared, same_day=True)
            if len(seen) >= PAIRS_MAX:
                return


def _between(live: list[Record], others: Iterable[Record]) -> Iterator[tuple[Record, Record, list[str]]]:
    by_key: dict[Key, list[Record]] = {}
    for record in live:
        for key in _keys(record, same_day=False):
            by_key.setdefault(key, []).append(record)
    for other in others:
        keys = {} if other.voided else _keys(other, same_day=False)
        alike = {record.id: record for key in keys for record in by_key.get(key, ())}
        for record in alike.values():
            shared = keys.keys() & _keys(record, same_day=False).keys()
            yield record, other, _said(record, shared, same_day=False)


def _keys(record: Record, *, same_day: bool) -> Mapping[Key, str]:
    """What no two live records share, with the words for it. Without a period, a worker is paid again on
    every other pay date.
    """
    keys: dict[Key, str] = {}
    if record.worker and (same_day or record.period_end):
        keys["worker", record.worker, str(record.period_start), str(record.period_end)] = (
            "one worker, pay date and period" if same_day else "one worker and period"
        )
    for name, number in (("check", record.check), ("document", record.document)):
        if number.strip("0"):
            keys[name, number] = f"{name} number {number}"
    return keys


def _said(record: Record, shared: Iterable[Key], *, same_day: bool) -> list[str]:
    common = set(shared)
    return [words for key, words in _keys(record, same_day=same_day).items() if key in common]


def _problem(one: Record, other: Record, reasons: list[str], amount: Callable[[Record], str]) -> Problem:
    first, second = (f"{record.id} (paid {record.pay_date}, {amount(record)})" for record in (one, other))
    text = (
        f"Records {first} and {second} have {' and '.join(reasons)}. If one repeats the other, void or delete"
        f" it in UKG. If both were paid, add {one.id}={other.id} to third_party_both_paid in the connection."
    )
    return Problem("record.twice", f"records {one.id} and {other.id}", text, Owner.PAYROLL)

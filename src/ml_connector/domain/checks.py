"""Checks: each returns every problem it finds, none raises. Look before writing, compare to the cent
after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.journal import BookedEntry, Chart, ExchangeRate, JournalEntry, JournalLine
from ml_connector.domain.mapping import describe
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import SideTotal

REMEDY = (
    "Correct it in the ledger and resume, or delete the document there and record that (ml-connector runs"
    " mark-deleted RUN)."
)
"""What helps against a document that is not as it was written: nothing here edits it."""

TOTALS = frozenset({"account.total", "code.total"})
"""Codes of problems with what nothing can ever be booked on."""


def check_blocks(numbers: Sequence[int], totals: Iterable[int]) -> list[Problem]:
    """The completeness gate: blocks 1 to n, each once, all of them agreeing on n. `numbers` as they were
    delivered.
    """
    counts, sizes = Counter(numbers), set(totals)
    if len(sizes) > 1:
        text = (
            f"The blocks disagree on how many there are: {', '.join(map(str, sorted(sizes)))}. Run payroll's"
            " general ledger step again."
        )
        return [Problem("blocks.total", "blocks", text, Owner.PAYROLL)]
    expected = range(1, (sizes.pop() if sizes else 0) + 1)
    problems = []
    if missing := [number for number in expected if number not in counts]:
        text = (
            f"Blocks {_some(missing)} of {len(expected)} did not arrive. Nothing is proposed from a part of a"
            " run. Resume the run, and it is read again."
        )
        problems.append(Problem("blocks.missing", "blocks", text, Owner.PAYROLL))
    if twice := [number for number, count in counts.items() if count > 1]:
        problems.append(
            Problem(
                "blocks.twice",
                "blocks",
                f"Blocks {_some(twice)} arrived twice. Resume the run, and it is read again.",
                Owner.PAYROLL,
            )
        )
    if unknown := [number for number in counts if number not in expected]:
        text = (
            f"Blocks {_some(unknown)} are not between 1 and {len(expected)}. Resume the run, and it is read"
            " again."
        )
        problems.append(Problem("blocks.unknown", "blocks", text, Owner.PAYROLL))
    if not numbers or (not expected and not problems):
        text = (
            "The pay run holds no lines. Check that its general ledger step has been run, and that our user"
            " may read it."
        )
        problems.append(Problem("blocks.none", "blocks", text, Owner.PAYROLL))
    return problems


def check_entry(entry: JournalEntry, chart: Chart) -> list[Problem]:
    """Everything the ledger would refuse, and what it would accept and should not: balance, zero lines,
    accounts, codes, currency.
    """
    problems = [*_entry_problems(entry, chart)]
    seen: set[tuple[str, Dimensions]] = set()
    for number, line in enumerate(entry.lines, 1):
        if not line.amount:
            problems.append(
                Problem("line.zero", f"line {number}", f"Line {number} on account {line.account} is zero.")
            )
        if (line.account, line.dimensions) not in seen:
            seen.add((line.account, line.dimensions))
            values = [(value.axis, value.code) for value in line.dimensions]
            problems.extend(place_problems(entry.entity, line.account, values, chart))
    return _distinct(problems)


def check_totals(totals: Sequence[SideTotal]) -> list[Problem]:
    """Minor units in = minor units out, per company, currency and side; and debit = credit per company."""
    problems, sums = [], Counter[tuple[str, str]]()
    for side in totals:
        sums[side.company, side.currency] += side.minor_in
        if side.minor_in != side.minor_out:
            came, goes = (Money.from_minor(minor, side.currency) for minor in (side.minor_in, side.minor_out))
            text = (
                f"{side.side} of {side.company}: {came} came in and {goes} goes out. This is a defect;"
                " nothing was posted."
            )
            problems.append(Problem("totals.dropped", f"{side.company} {side.side}", text, Owner.SUPPORT))
    for (company, currency), difference in sums.items():
        if difference:
            text = (
                f"Debit and credit of {company} differ by {Money.from_minor(difference, currency)} in the pay"
                " run itself. "
            )
            text += "Correct it in payroll and run its general ledger step again."
            problems.append(Problem("run.unbalanced", f"company {company}", text, Owner.PAYROLL))
    return problems


def takes_back(document: BookedEntry, entry: JournalEntry) -> bool:
    """Whether the document is the entry with every amount turned round."""
    return _says(document, entry, -1)


def repeats(document: BookedEntry, entry: JournalEntry) -> bool:
    """Whether the document is the entry once more: the same amounts on the same accounts."""
    return _says(document, entry, 1)


def cancels(document: BookedEntry, other: BookedEntry) -> bool:
    """Whether the document is the other one with every amount turned round, as both are booked now."""
    same = (document.receipt.entity, document.currency) == (other.receipt.entity, other.currency)
    return same and _by_account(document.lines, -1) == _by_account(other.lines, 1)


def _says(document: BookedEntry, entry: JournalEntry, sign: int) -> bool:
    same = (document.receipt.entity, document.currency) == (entry.entity, entry.currency)
    return same and _by_account(document.lines, sign) == _by_account(entry.lines, 1)


def _by_account(lines: Iterable[JournalLine], sign: int) -> Counter[tuple[str, int]]:
    return Counter((line.account, sign * line.amount.minor) for line in lines)


def compare(entry: JournalEntry, booked: BookedEntry) -> list[Problem]:
    """Differences between what was written and what the ledger shows, to the cent; the order of lines and
    their texts do not count.
    """
    where = f"document {booked.receipt.number}"
    problems = []
    for name, ours, theirs in (
        ("entity", entry.entity, booked.receipt.entity),
        ("journal", entry.journal, booked.journal),
        ("posting date", entry.posting_date, booked.posting_date),
        ("currency", entry.currency, booked.currency),
    ):
        if ours != theirs:
            problems.append(
                Problem(
                    "read_back.header",
                    where,
                    f"The {name} is {theirs} in the ledger and was written as {ours}. {REMEDY}",
                )
            )
    if entry.rate is not None and (booked.rate is None or entry.rate.rate != booked.rate.rate):
        theirs = f"{booked.rate.rate}" if booked.rate else "none"
        text = f"The exchange rate is {theirs} in the ledger and was written as {entry.rate.rate}. {REMEDY}"
        problems.append(Problem("read_back.header", where, text, Owner.CONTROLLER))
    ours_by, theirs_by = _by_key(entry.lines), _by_key(booked.lines)
    for key in sorted(ours_by.keys() | theirs_by.keys(), key=repr):
        mine, there = ours_by.get(key, []), theirs_by.get(key, [])
        if mine != there:
            account, codes = key
            mine_shown, there_shown = _amounts(mine, entry.currency), _amounts(there, booked.currency)
            text = (
                f"Account {account} {describe(codes)}: written {mine_shown}, in the ledger {there_shown}."
                f" {REMEDY}"
            )
            problems.append(Problem("read_back.line", where, text, Owner.CONTROLLER))
    return problems


def compare_rates(entry: JournalEntry, before: BookedEntry, now: BookedEntry) -> list[Problem]:
    """The difference between the rate that the ledger gave by itself, as it showed it when the document was
    confirmed, and the one it shows now. A rate of the entry's own is `compare`'s.
    """
    if entry.rate is not None or before.rate is None:
        return []
    if now.rate is not None and now.rate.rate == before.rate.rate:
        return []
    theirs = f"{now.rate.rate}" if now.rate else "none"
    text = (
        f"The exchange rate is {theirs} in the ledger and was {before.rate.rate} when it was booked. {REMEDY}"
    )
    return [Problem("read_back.header", f"document {now.receipt.number}", text, Owner.CONTROLLER)]


def _by_key(lines: Iterable[JournalLine]) -> dict[tuple[str, Dimensions], list[int]]:
    result: dict[tuple[str, Dimensions], list[int]] = {}
    for line in lines:
        result.setdefault((line.account, line.dimensions), []).append(line.amount.minor)
    for amounts in result.values():
        amounts.sort()
    return result


def _amounts(minors: list[int], currency: str) -> str:
    shown = " + ".join(str(Money.from_minor(minor, currency).amount) for minor in minors[:5])
    return shown + (" + …" if len(minors) > 5 else "") if minors else "nothing"


def _entry_problems(entry: JournalEntry, chart: Chart) -> Iterable[Problem]:
    balance = entry.debit - entry.credit
    if balance:
        text = f"Debit and credit of {entry.entity} differ by {balance}. An entry must balance to be posted."
        yield Problem("entry.unbalanced", f"entity {entry.entity}", text, Owner.PAYROLL)
    if not entry.lines:
        yield Problem("entry.empty", f"entity {entry.entity}", "The entry has no lines.")
    yield from head_problems(entry, chart)


class Headed(Protocol):
    """An entry of whatever kind, without its lines."""

    @property
    def entity(self) -> str: ...

    @property
    def journal(self) -> str: ...

    @property
    def currency(self) -> str: ...

    @property
    def rate(self) -> ExchangeRate | None: ...


def head_problems(entry: Headed, chart: Chart) -> Iterable[Problem]:
    """What the chart says against an entry in its journal and currency, at its rate."""
    if entry.journal != chart.journal or chart.journal_problem:
        yield Problem(
            "journal.unusable",
            f"journal {entry.journal}",
            chart.journal_problem or f"Journal {entry.journal} was not checked.",
        )
    if entry.currency not in chart.currencies:
        text = (
            f"Journal {entry.journal} of {entry.entity} does not take {entry.currency}, only"
            f" {', '.join(sorted(chart.currencies))}. Allow it there, or choose another journal."
        )
        yield Problem("currency.refused", "currency", text)
    yield from _rate_problems(entry, chart)


def _rate_problems(entry: Headed, chart: Chart) -> Iterable[Problem]:
    foreign = bool(chart.currency) and entry.currency != chart.currency
    if foreign and entry.rate is None and not chart.own_rates:
        text = (
            f"{entry.entity} keeps its books in {chart.currency} and has no rate for {entry.currency}. Give"
            " the rate of the run and its source."
        )
        yield Problem("rate.missing", "rate", text, Owner.CONTROLLER)
    if entry.rate is not None and (not foreign or entry.rate.currency != chart.currency):
        text = (
            f"The rate is for {entry.rate.currency}, and {entry.entity} keeps its books in {chart.currency}."
            f" Take it away, or give one for {chart.currency}."
        )
        yield Problem("rate.unfit", "rate", text, Owner.CONTROLLER)


def place_problems(
    entity: str, account_code: str, values: Sequence[tuple[str, str | None]], chart: Chart
) -> Iterable[Problem]:
    """What the chart says against booking on the account with these axes and codes; a code is `None` where
    it comes from the source and is not known yet.
    """
    account = chart.accounts.get(account_code)
    where = f"account {account_code}"
    if account is None:
        yield Problem(
            "account.unknown",
            where,
            f"GL account {account_code} does not exist in {entity}. Create it, or map to another.",
        )
        return
    if account.is_total:
        text = (
            f"GL account {account_code} ({account.description}) is a total or a heading in {entity} and takes"
            " no entries. Map to an account that is booked on."
        )
        yield Problem("account.total", where, text)
        return
    if account.blocked:
        text = (
            f"GL account {account_code} ({account.description}) is blocked in {entity}. Unblock it, or"
            " map to another."
        )
        yield Problem("account.blocked", where, text, Owner.CONTROLLER)
    for axis in sorted(account.required - {axis for axis, _ in values}):
        yield Problem(
            "dimension.missing", where, f"GL account {account_code} needs a {axis}; the mapping gives none."
        )
    for axis, code in values:
        if axis in account.forbidden:
            yield Problem(
                "dimension.forbidden",
                where,
                f"GL account {account_code} takes no {axis}; the mapping gives {code or 'one'}.",
            )
        elif axis not in chart.codes:
            yield Problem(
                "dimension.unknown_axis", axis, f"{entity} keeps no {axis}. Clear it in the mapping."
            )
        elif code is not None:
            yield from code_problems(entity, axis, code, chart)


def code_problems(entity: str, axis: str, code: str, chart: Chart) -> Iterable[Problem]:
    """Whether the code is missing on an axis that the chart has, is a total, or may not be used."""
    if code in chart.codes[axis]:
        return
    title = chart.totals.get(axis, {}).get(code)
    if title is not None:
        named = f"{axis} {code} ({title})" if title else f"{axis} {code}"
        text = f"{named} is a total in {entity} and takes no entries. Name a code that is booked on."
        yield Problem("code.total", f"{axis} {code}", text)
        return
    inactive = code in chart.inactive.get(axis, frozenset())
    state = "is not active" if inactive else "does not exist"
    remedy = "Activate" if inactive else "Create"
    text = f"{axis} {code} {state} in {entity}. {remedy} it there, or translate the code in the mapping."
    yield Problem("code.inactive" if inactive else "code.unknown", f"{axis} {code}", text)


def _distinct(problems: Iterable[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))


def _some(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")

"""A proposal keeps its entries once, and each text of them once."""

from datetime import date
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.proposal import Proposal


def entry(key: str = "payroll:a:1") -> JournalEntry:
    lines = tuple(
        JournalLine(account="4000 wages", amount=Money.from_minor(minor, "EUR"), text="Payroll of June")
        for minor in (100, -100)
    )
    return JournalEntry(
        key=key,
        entity="1204",
        journal="95",
        posting_date=date(2026, 6, 30),
        currency="EUR",
        text="Payroll",
        lines=lines,
    )


def test_entries_of_a_first_booking_are_written_down_once() -> None:
    text = codec.encode(Proposal(entries=(entry(),)))
    assert text.count('"JournalEntry"') == 1
    assert codec.decode(text).in_full == (entry(),)


def test_what_a_run_says_stays_where_its_entries_are_others() -> None:
    for entries in ((), (entry("payroll:a:2"),)):
        kept = codec.decode(codec.encode(Proposal(entries=entries, says=(entry(),))))
        assert (kept.entries, kept.in_full) == (entries, (entry(),))


def test_a_run_that_says_nothing_may_have_entries_that_take_back() -> None:
    kept = codec.decode(codec.encode(Proposal(entries=(entry(),), says=())))
    assert kept.in_full == ()


def test_a_text_that_lines_share_is_kept_once() -> None:
    kept = cast(JournalEntry, codec.decode(codec.encode(entry())))
    first, second = kept.lines
    assert first.text is second.text
    assert first.account is second.account

"""One value has one text: every value of the domain comes back equal, and its hash is the same in any
process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain import (
    codec,
    dimension,
    document,
    expense,
    expense_build,
    journal,
    mapping,
    money,
    payroll,
    period,
    problem,
    proposal,
    tie_out,
)

AMOUNTS = st.builds(
    money.Money.from_minor, st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"])
)
st.register_type_strategy(money.Money, AMOUNTS)
st.register_type_strategy(
    Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0, max_value=100)
)
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=12))
st.register_type_strategy(
    datetime, st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
)
VALUES = [
    money.Money,
    problem.Problem,
    problem.Owner,
    dimension.Dimension,
    period.FiscalPeriod,
    period.PayPeriod,
    period.PostingDatePolicy,
    period.PostingDate,
    payroll.Distribution,
    payroll.RegisterTotals,
    payroll.PayRun,
    journal.JournalLine,
    journal.JournalEntry,
    document.CommitKey,
    document.Marker,
    document.Receipt,
    journal.BookedEntry,
    journal.Account,
    mapping.Target,
    mapping.MappingRule,
    mapping.Mapping,
    mapping.Booking,
    mapping.Resolution,
    proposal.Proposal,
    proposal.Share,
    proposal.SideTotal,
    proposal.Subject,
    proposal.TakenBack,
    proposal.TieTotal,
    tie_out.TieRow,
    expense.ExpenseReport,
    expense_build.BuiltReport,
]


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@given(st.data())
def test_a_value_comes_back_equal(kind: Any, data: st.DataObject) -> None:
    """Encoded and decoded, a value is equal and of the same types, and its text is the same again."""
    value = data.draw(st.from_type(kind))
    text = codec.encode(value)

    back = codec.decode(text)

    assert (type(value), value) == (type(back), back)
    assert text == codec.encode(back) == canonical(text)
    assert codec.fingerprint(value) == codec.fingerprint(back)


def canonical(text: str) -> str:
    """The JSON text as a JSON library writes its value in canonical form."""
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner).map(tuple) | st.dictionaries(st.text().filter(lambda k: k[:1] != "$"), inner)
        ),
    )
)
def test_plain_values_have_the_text_of_a_json_library(value: Any) -> None:
    """Whatever characters they hold, lone halves of a pair too."""
    text = codec.encode(value)

    assert text == json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert value == codec.decode(text)


def test_a_set_holds_plain_scalars_only() -> None:
    """Anything else has no order that another release would write again."""
    assert '{"$set":["a",1]}' == codec.encode(frozenset((1, "a")))
    with pytest.raises(codec.CodecError, match="a set of other"):
        codec.encode(frozenset({date(2026, 6, 30)}))


def chart() -> journal.Chart:
    accounts = {
        code: journal.Account(code=code, description="", required=frozenset({"b", "a"}))
        for code in ("2", "1")
    }
    return journal.Chart(
        entity="10",
        journal="90",
        journal_problem=None,
        currencies=frozenset({"EUR", "USD"}),
        accounts=accounts,
        codes={"cost_center": frozenset({"x", "y", "z"})},
        inactive={},
    )


def test_dicts_and_sets_inside_values_come_back_equal() -> None:
    """Of a chart and of what a proposal is built on."""
    month = period.FiscalPeriod(start=date(2026, 6, 1), end=date(2026, 6, 30), year=2026, number=6, open=True)
    posting = period.PostingDate(day=date(2026, 6, 30), period=month, reason="period end")
    basis = proposal.Basis(posting=posting, periods={"10": (month,)}, currencies={"10": "EUR"})

    for value in (chart(), basis):
        assert value == codec.decode(codec.encode(value))


def test_the_hash_is_the_same_in_any_process() -> None:
    """Sets have no order and Python's own hashes change with the process: the canonical text depends on
    neither.
    """
    program = (
        "from ml_connector.domain import codec; print(codec.fingerprint(frozenset('abcdefgh')),"
        " codec.fingerprint({'b': 1, 'a': (2,)}))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert {
        f"{codec.fingerprint(frozenset('abcdefgh'))} {codec.fingerprint({'a': (2,), 'b': 1})}\n"
    } == outputs


def test_the_text_of_an_entry_never_changes() -> None:
    """Fingerprints are kept for ever: a release that changes this text would find every commit in conflict
    with itself.
    """
    entry = journal.JournalEntry(
        key="payroll:acme:R1:books:10:1:1",
        entity="10",
        journal="90",
        posting_date=date(2026, 6, 30),
        currency="EUR",
        text="Löhne",
        lines=(
            journal.JournalLine(
                account="4000",
                amount=money.Money.parse("12.50", "EUR"),
                dimensions=(dimension.Dimension("cost_center", "A"),),
            ),
        ),
    )
    text = (
        '{"$":"JournalEntry","currency":"EUR","entity":"10","journal":"90","key":"payroll:acme:R1:books:10:1:1","lines":[{"$":"JournalLine",'
        '"account":"4000","amount":{"$":"Money","amount":{"$decimal":"12.50"},"currency":"EUR"},"dimensions":[{"$":"Dimension",'
        '"axis":"cost_center","code":"A"}],"text":""}],"posting_date":{"$date":"2026-06-30"},"text":"Löhne"}'
    )
    assert text == codec.encode(entry)


@pytest.mark.parametrize("value", [1.5, {"$": 1}, {1: "a"}, object(), b"bytes", {"a": float("nan")}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    """Floats above all."""
    with pytest.raises(codec.CodecError, match="has no canonical form"):
        codec.encode(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"$":"Nothing"}',
        '{"$":"Money","amount":{"$decimal":"1.234"},"currency":"EUR"}',
        '{"$date":"2026-13-01"}',
    ],
)
def test_text_that_is_no_value_is_refused(text: str) -> None:
    """Truncated, unknown, or not money: an error, never a guess."""
    with pytest.raises(codec.CodecError):
        codec.decode(text)


@given(st.data())
def test_other_content_has_another_fingerprint(data: st.DataObject) -> None:
    """Any field of an entry's header changed changes the fingerprint."""
    entry = data.draw(st.from_type(journal.JournalEntry))
    other = data.draw(st.from_type(journal.JournalEntry))
    same = all(getattr(entry, field.name) == getattr(other, field.name) for field in fields(entry))

    assert same is (codec.fingerprint(entry) == codec.fingerprint(other))


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@given(st.data())
def test_a_value_just_made_is_what_a_later_pass_reads(kind: Any, data: st.DataObject) -> None:
    """Of the same types in the same order, whatever it is made of; and it has the same text."""
    value = data.draw(st.from_type(kind))
    text, made = codec.recorded(value)

    assert codec.encode(value) == text
    assert written(codec.decode(text)) == written(made)


def written(value: Any) -> str:
    """A value with the types of everything in it, in its order."""
    return (
        repr([type(value), [(f.name, written(getattr(value, f.name))) for f in fields(value)]])
        if (is_dataclass(value))
        else _written(value)
    )


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return repr([type(value), [(key, written(item)) for key, item in value.items()]])
    if isinstance(value, (tuple, list)):
        return repr([type(value), [written(item) for item in value]])
    if isinstance(value, frozenset):
        return repr([type(value), sorted(written(item) for item in value)])
    return repr([type(value), value])


class Name(str):
    """A text of a type of its own."""


def test_a_value_that_comes_back_as_it_is_is_not_read_again() -> None:
    """It is the very value that was made."""
    line = journal.JournalLine(account="4000", amount=money.Money.from_minor(1, "EUR"))
    for value in ((line, line), {"a": 1, "b": line}, frozenset(["x"]), datetime(2026, 7, 1, tzinfo=UTC)):
        assert value is codec.recorded(value)[1]


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        ({"b": 1, "a": 2},),
        {"a": [1]},
        (Name("x"),),
        datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Oslo")),
    ],
    ids=repr,
)
def test_a_value_that_comes_back_otherwise_is_read_at_once(value: Any) -> None:
    """So that the first pass does not see what no later one will."""
    text, made = codec.recorded(value)

    assert value is not made
    assert written(codec.decode(text)) == written(made) != written(value)

"""Numbers are read as the layout says they are written, to the last digit, or refused with the key that the
layout lacks.
"""

from __future__ import annotations

import itertools
import json
import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.connectors.ukg_pro.amounts import NumberReader, Numbers, Unfit

FLAGS = ("DR", "CR")
SIGNS = ("leading", "trailing", "parentheses")
MARKS = tuple((group, mark) for group in ("", ",", ".", " ", "'") for mark in (".", ",") if group != mark)
FORMATS = tuple(
    Numbers(sign=sign, grouping=group, decimal_mark=mark, currency=currency)  # type: ignore[arg-type]
    for sign, (group, mark), currency in itertools.product(SIGNS, MARKS, ("", "$", "kr"))
)


def reader(minor: int | None = None, flags: tuple[str, str] = FLAGS, **keys: Any) -> NumberReader:
    return NumberReader(Numbers(**keys), minor, flags)


def written(value: Decimal, numbers: Numbers) -> str:
    """The number as a payroll with this format writes it, from the rule and not from the reader."""
    whole, _, fraction = f"{abs(value):.2f}".partition(".")
    groups = [whole[max(0, end - 3) : end] for end in range(len(whole), 0, -3)]
    number = numbers.grouping.join(reversed(groups)) + numbers.decimal_mark + fraction
    number = f"{numbers.currency} {number}" if numbers.currency else number
    if value >= 0:
        return number
    return {"leading": f"-{number}", "trailing": f"{number}-", "parentheses": f"({number})"}[numbers.sign]


@given(st.decimals("-99999999", "99999999", places=2), st.sampled_from(FORMATS))
def test_what_a_format_writes_it_reads(value: Decimal, numbers: Numbers) -> None:
    """Sign place, marks and currency: the same number comes back, digit for digit."""
    assert value == NumberReader(numbers, None, FLAGS).read(written(value, numbers))


@given(st.decimals("-99999999", "99999999", places=2), st.sampled_from(FORMATS), st.sampled_from(FORMATS))
def test_another_format_reads_the_same_or_refuses(value: Decimal, one: Numbers, other: Numbers) -> None:
    """What one payroll writes is never another number to a layout made for another payroll; where a value
    alone could be one, the reader says so.
    """
    reads, text = NumberReader(other, None, FLAGS), written(value, one)
    try:
        found = reads.read(text)
    except Unfit:
        return
    assert found == value or reads.ambiguous(text, 2)


@pytest.mark.parametrize(
    ("keys", "text", "value"),
    [
        ({}, "1234.56", "1234.56"),
        ({}, "-.5", "-0.5"),
        ({}, "+12", "12"),
        ({}, "\u2212100.00", "-100.00"),
        ({"sign": "trailing"}, "100.00-", "-100.00"),
        ({"sign": "trailing"}, "100.00+", "100.00"),
        ({"sign": "parentheses", "currency": "$", "grouping": ","}, "$(1,000.00)", "-1000.00"),
        ({"sign": "parentheses", "currency": "$", "grouping": ","}, "($1,000.00)", "-1000.00"),
        ({"currency": "€", "decimal_mark": ",", "grouping": "."}, "-1.000,00 €", "-1000.00"),
        ({"currency": "$"}, "$-5.00", "-5.00"),
        ({"currency": "EUR"}, "EUR 5.00", "5.00"),
        ({"currency": "$", "dash_is_zero": True}, "$ -", "0"),
        ({"dash_is_zero": True}, "\u2013", "0"),
        ({"grouping": " ", "decimal_mark": ","}, "1\u00a0000,50", "1000.50"),
        ({"grouping": " ", "decimal_mark": ","}, "1\u202f000,50", "1000.50"),
        ({"grouping": "'"}, "1\u2019000.50", "1000.50"),
        ({"grouping": ","}, "1000.00", "1000.00"),
        ({"fraction_digits": 3}, "1.000", "1.000"),
        ({"sign": "flag"}, "100.00 CR", "-100.00"),
        ({"sign": "flag"}, "100.00DR", "100.00"),
    ],
)
def test_each_way_of_writing_is_read(keys: dict[str, Any], text: str, value: str) -> None:
    """As hosts, accounting formats and spreadsheets in other countries write them."""
    assert Decimal(value) == reader(**keys).read(text)


@pytest.mark.parametrize(
    ("minor", "keys", "text", "value"),
    [
        (2, {}, "0000000445847", "4458.47"),
        (2, {}, "-445847", "-4458.47"),
        (2, {"sign": "trailing"}, "000445847-", "-4458.47"),
        (2, {"sign": "overpunch"}, "0000044584G", "4458.47"),
        (2, {"sign": "overpunch"}, "0000044584P", "-4458.47"),
        (0, {"sign": "overpunch"}, "1{", "10"),
        (0, {"sign": "overpunch"}, "1}", "-10"),
    ],
)
def test_minor_units_are_read(minor: int, keys: dict[str, Any], text: str, value: str) -> None:
    """Digits without a mark, and the sign that a host punches over the last digit."""
    assert Decimal(value) == reader(minor, **keys).read(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("100.00-", '"sign": "trailing"'),
        ("(100.00)", '"sign": "parentheses"'),
        ("-", '"dash_is_zero": true'),
        ("1,000.00", '"grouping": ","'),
        ("1.000,00", '"grouping": ".", "decimal_mark": ","'),
        ("1 000,00", '"grouping": " ", "decimal_mark": ","'),
        ("12,50", '"decimal_mark": ","'),
        ("$1000.00", '"currency": "$"'),
        ("1000.00 EUR", '"currency": "EUR"'),
        ("($1,000.00)", '"currency": "$", "sign": "parentheses", "grouping": ","'),
        ("100.00 CR", '"sign": "flag"'),
        ("1,000", 'marks decimals, {"decimal_mark": ",", "fraction_digits": 3}'),
    ],
)
def test_the_refusal_names_the_key_to_add(text: str, key: str) -> None:
    """A layout that says nothing of numbers refuses each, and the text can be copied into the layout."""
    with pytest.raises(Unfit) as caught:
        reader().read(text)

    assert key in str(caught.value)


@given(st.decimals("-99999999", "99999999", places=2), st.sampled_from(FORMATS), st.sampled_from(FORMATS))
def test_the_keys_that_the_refusal_names_can_be_added(value: Decimal, one: Numbers, other: Numbers) -> None:
    """With them the layout is one that can be, also where it has a grouping of its own, and reads it."""
    text = written(value, one)
    try:
        NumberReader(other, None, FLAGS).read(text)
    except Unfit as error:
        for keys in re.findall(r"\{.*?\}", str(error)):
            changed = msgspec.structs.replace(other, **json.loads(keys))
            assert "" == changed.problem()
            assert changed.fraction_digits or value == NumberReader(changed, None, FLAGS).read(text)


@pytest.mark.parametrize(
    ("keys", "text", "advice"),
    [
        ({"grouping": ","}, "1234,50", {"decimal_mark": ",", "grouping": ""}),
        ({"grouping": "."} | {"decimal_mark": ","}, "1234.50", {"decimal_mark": ".", "grouping": ""}),
        ({"grouping": ","}, "1 234", {"grouping": " "}),
        ({"decimal_mark": ","}, "1'234", {"grouping": "'"}),
        ({"fraction_digits": 3}, "12,50", {"decimal_mark": ",", "fraction_digits": 2}),
    ],
)
def test_what_the_refusal_names_goes_with_the_layout(
    keys: dict[str, Any], text: str, advice: dict[str, Any]
) -> None:
    """Its grouping gives way where it would be the decimal mark, and its decimal mark stays where nothing
    speaks against it.
    """
    with pytest.raises(Unfit) as caught:
        reader(**keys).read(text)

    (named,) = re.findall(r"\{.*?\}", str(caught.value))
    assert advice == json.loads(named)
    assert reader(**{**keys, **advice}).read(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1_000",
        "١٢",
        "1\uff12",
        "1e5",
        "NaN",
        "Infinity",
        "0x10",
        "1.2.3",
        "--5",
        "5.",
        "1,00,000.00",
        "x",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """Digits of other scripts, underscores, exponents and words are none."""
    for keys in ({}, {"grouping": ","}, {"sign": "parentheses"}, {"sign": "trailing"}):
        with pytest.raises(Unfit):
            reader(**keys).read(text)


@pytest.mark.parametrize(
    ("keys", "text", "decimals", "ambiguous"),
    [
        ({}, "1.000", 2, True),
        ({}, "12.340", 2, True),
        ({}, "1.000", 3, False),
        ({}, "0.500", 2, False),
        ({}, "1000.000", 2, False),
        ({}, "1.00", 2, False),
        ({"decimal_mark": ","}, "1,000", 2, True),
        ({"grouping": ","}, "1.000", 2, False),
        ({"fraction_digits": 3}, "1.000", 2, False),
        ({}, "1.234", 2, True),
        ({}, "1.234", 3, False),
        ({}, "1.2345", 2, False),
    ],
)
def test_three_digits_after_the_only_mark_can_be_thousands(
    keys: dict[str, Any], text: str, decimals: int, ambiguous: bool
) -> None:
    """A Dutch thousand is no euro: 1.000 in a currency of two decimals is asked for, unless the layout says
    what its marks are.
    """
    assert ambiguous is bool(reader(**keys).ambiguous(text, decimals))


@pytest.mark.parametrize(
    "keys",
    [
        {"grouping": ".", "decimal_mark": "."},
        {"currency": "1"},
        {"currency": "(-)"},
        {"currency": "dollars"},
        {"fraction_digits": 0},
    ],
)
def test_a_format_that_cannot_be_is_a_problem(keys: dict[str, Any]) -> None:
    assert Numbers(**keys).problem()
    assert not Numbers().problem()

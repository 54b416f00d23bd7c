"""The one grammar of OData filters, whatever a vendor makes of the tree."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from ml_connector_sandbox.core import odata, odata_tree
from ml_connector_sandbox.core.odata_tree import Binary, Call, Literal, Name, Not

A, B, C = Name("A"), Name("B"), Name("C")


class Refused(Exception):
    pass


class Dialect(odata.Dialect):
    """The names A to D, one function, arithmetic; a refusal says what it is about."""

    functions = {"starts": 2}
    operators = odata_tree.LOGIC | frozenset(odata_tree.ARITHMETIC)
    aliases = {"divby": "div"}

    def knows(self, name, option):
        return name in "ABCD"

    def bad_name(self, name, option):
        return Refused(f"{option} {name}")

    def bad_syntax(self, text, at):
        return Refused(f"syntax {at}")

    def bad_literal(self, text, kind):
        return Refused(f"{kind} {text}")

    def bad_number(self, option, text):
        return Refused(f"{option} {text}")


class Third(Dialect):
    literals = odata.LITERALS_V3
    any_case = True


def tree(text, dialect=None):
    return odata.parse_filter(dialect or Dialect(), text)


def number(text):
    return Literal("number", Decimal(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A or B and C", Binary("or", A, Binary("and", B, C))),
        ("(A or B) and C", Binary("and", Binary("or", A, B), C)),
        ("A eq B gt C", Binary("eq", A, Binary("gt", B, C))),
        (
            "A sub 1 sub 2 lt 3",
            Binary("lt", Binary("sub", Binary("sub", A, number("1")), number("2")), number("3")),
        ),
        ("A add B mul C", Binary("add", A, Binary("mul", B, C))),
        ("A divby B", Binary("div", A, B)),
        ("not A eq B", Binary("eq", Not(A), B)),
        ("not (A eq B)", Not(Binary("eq", A, B))),
        (
            "starts( A , 'x' ) eq true",
            Binary("eq", Call("starts", (A, Literal("string", "x"))), Literal("boolean", True)),
        ),
    ],
)
def test_what_binds_closer_stands_deeper(text, expected):
    assert expected == tree(text)


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        (Dialect(), "'O''Brien'", Literal("string", "O'Brien")),
        (Dialect(), "-12.50", number("-12.50")),
        (Dialect(), "null", Literal("null", None)),
        (Dialect(), "2026-07-01", Literal("moment", datetime(2026, 7, 1))),
        (Dialect(), "2026-07-01T12:00:00+02:00", Literal("moment", datetime(2026, 7, 1, 10))),
        (Dialect(), "Ns.NoYes'Yes'", Literal("enum", ("Ns.NoYes", "Yes"))),
        (Third(), "datetime'2026-07-01T10:00:00'", Literal("moment", datetime(2026, 7, 1, 10))),
        (
            Third(),
            "guid'0F8FAD5B-D9CB-469F-A165-70867728950E'",
            Literal("guid", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ),
        (Third(), "10L", number("10")),
        (Third(), "TRUE", Literal("boolean", True)),
    ],
)
def test_a_literal_is_read_as_its_version_writes_it(dialect, text, expected):
    """Amounts exact, moments without their offset."""
    assert Binary("eq", A, expected) == tree(f"A eq {text}", dialect)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A eq", "syntax None"),
        ("A eq 'x' 'y'", "syntax 9"),
        ("A eq 'x' B", "syntax 9"),
        ("(A eq B", "syntax None"),
        ("A eq B)", "syntax 6"),
        ("starts(A)", "syntax 8"),
        ("starts(A,B,C)", "syntax 10"),
        ("A like B", "$filter like"),
        ("E eq 1", "$filter E"),
        ("ends(A,'x')", "function ends"),
        ("A eq 2026-13-01", "moment 2026-13-01"),
        ("A eq ;", "syntax 5"),
        ("not and", "syntax 4"),
        ("(" * 5_000 + "A" + ")" * 5_000, "syntax None"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_vendors_words(text, expected):
    with pytest.raises(Refused) as refused:
        tree(text)

    assert expected == str(refused.value)


def test_a_long_list_of_alternatives_is_no_deep_tree():
    """A look-up of thousands of numbers is answered; nothing recurses over it."""
    node = tree(" or ".join(f"A eq {number}" for number in range(5_000)))
    test = odata_tree.test_of(node, lambda part: lambda row: row["A"] == part.right.value)

    assert [True, False] == [test({"A": Decimal(4_999)}), test({"A": Decimal(5_000)})]


def test_what_every_row_must_meet_stands_under_and_alone():
    node = tree("A eq 1 and (B eq 2 or C eq 3) and (C eq 4 and starts(D,'x'))")

    assert [A, C] == [
        part.left for part in odata_tree.conditions(node) if getattr(part, "operator", "") == "eq"
    ]
    assert {"A", "B", "C", "D"} == odata_tree.used(node, Name)
    assert {"starts"} == odata_tree.used(node, Call)


def test_the_other_options_are_read_alike():
    dialect = Dialect()

    assert ("B", "A") == dialect.selected("B, A")
    assert dialect.selected("A,*") is None
    assert (("A", True), ("B", False)) == dialect.ordered("A desc,B")
    assert (5, None) == (dialect.whole({"$top": "5"}, "$top"), dialect.whole({}, "$top"))
    with pytest.raises(Refused, match=r"\$select E"):
        dialect.selected("E")
    with pytest.raises(Refused, match=r"\$orderby A"):
        dialect.ordered("A up")
    with pytest.raises(Refused, match=r"\$top -1"):
        dialect.whole({"$top": "-1"}, "$top")

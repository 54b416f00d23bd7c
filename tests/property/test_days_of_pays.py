"""A pay that is left out because it is named by another day is none that the flow would have looked at."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.codes import alike
from ml_connector.domain.proposal import Subject, days_in

DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
BEGINNINGS = ["payroll:acme:US1:", "payroll:acme 2026-07-07:US1:", "payroll:acme:US 2026-06-30 B:"]
WORDS = st.sampled_from(
    [
        "2026-06-30",
        "2026-07-07",
        "2026-06-302026-07-07",
        "12026-06-30",
        "２０２６-06-30",
        "weekly",
        "WEEKLY",
        "a:b",
        ":2026-07-07",
        "7",
        "2026-",
        "06-30",
    ]
)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "", "  ", "\u2003"])), min_size=1, max_size=4).map(
    lambda parts: "".join(word + blank for word, blank in parts).strip()
)


def named(text: str) -> set[str]:
    """The days that the flow sees in the name of a pay: words of their own."""
    return {word for word in text.split() if DAY.fullmatch(word)}


@settings(max_examples=1_000)
@given(st.sampled_from(BEGINNINGS), TEXTS, TEXTS, st.sets(st.sampled_from(["2026-06-30", "2026-07-07"])))
def test_what_is_left_out_is_neither_spelled_alike_nor_of_the_day(
    beginning: str, ours: str, theirs: str, known: set[str]
) -> None:
    """Whatever stands before the pay, and whatever days the delivery names besides."""
    days = named(ours) | known
    day = Subject(tenant="books", entity="10", text=f"{beginning}{theirs}").day

    if day and day not in days | days_in(alike(ours)) | days_in(ours):
        assert alike(ours) != alike(theirs)
        assert named(theirs)
        assert not named(theirs) & days


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("payroll:acme:US1:weekly 2026-06-30", "2026-06-30"),
        ("payroll:acme:US1:weekly 2026-06-30 2 #own", "2026-06-30"),
        ("payroll:acme:US1:weekly 2026-06-30 #2026-07-07", "2026-06-30"),
        ("payroll:acme:US1:2026-06-30", ""),
        ("payroll:acme:US1:weekly 2026-06-30 2026-07-07", ""),
        ("payroll:acme:US1:weekly x2026-06-30", ""),
        ("payroll:acme 2026-06-30:US1:weekly", ""),
        ("payroll:acme:US1:weekly 7", ""),
    ],
)
def test_the_day_of_a_pay(text: str, day: str) -> None:
    """One day, a word of its own, behind what names source and company; a person's answer is no part."""
    assert day == Subject(tenant="books", entity="10", text=text).day

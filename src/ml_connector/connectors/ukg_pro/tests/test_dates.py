"""Dates are read in exactly the width of their format."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.connectors.ukg_pro.dates import DateFormatError, DateReader

FORMATS = (
    "%Y-%m-%d",
    "%m%d%Y",
    "%Y%m%d",
    "%m%d%y",
    "%d.%m.%Y",
    "%-m/%-d/%Y",
    "%d-%b-%Y",
    "%B %d, %Y",
    "%Y%j",
)


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)), st.sampled_from(FORMATS))
def test_every_format_reads_what_it_writes(day: date, form: str) -> None:
    """As `strftime` writes it, in capitals too."""
    text = day.strftime(form)

    assert day == DateReader(form).read(text) == DateReader(form).read(text.upper())


@given(
    st.dates(date(1970, 1, 1), date(2068, 12, 31)), st.sampled_from(["%m%d%Y", "%Y%m%d", "%m%d%y", "%Y%j"])
)
def test_a_lost_digit_is_never_another_date(day: date, form: str) -> None:
    """The zero that a spreadsheet drops: the text says how many digits there are, and how many are needed."""
    text = day.strftime(form)

    with pytest.raises(ValueError) as caught:
        DateReader(form).read(text[1:])
    assert f"has {len(text) - 1} digits and the format {form} needs {len(text)}" in str(caught.value)


@pytest.mark.parametrize(
    ("form", "text", "words"),
    [
        ("%m%d%Y", "1152026", "7 digits and the format %m%d%Y needs 8"),
        ("%Y%m%d", "2026115", "needs 8"),
        ("%m%d%y", "11526", "5 digits and the format %m%d%y needs 6"),
        ("%m%d%Y", "02302026", "no such day"),
        ("%Y%j", "2026366", "no such day"),
        ("%m/%d/%Y", "7/3/2026", "date_format is %-m/%-d/%Y"),
        ("%Y-%m-%d", "03.07.2026", "not a date of the form %Y-%m-%d"),
        ("%Y%m%d", "٢٠٢٦٠١١٥", "not a date"),
        ("%Y%m%d", "46023", "5 digits"),
        ("%Y-%m-%d", "", "not a date"),
    ],
)
def test_the_refusal_says_what_does_not_fit(form: str, text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        DateReader(form).read(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("form", ["%Y", "%Q-%m-%d", "%-m%d%Y", "%Y-%m-%m", "%m/%d", "%Y-%y-%m-%d", ""])
def test_a_format_that_names_no_day_is_refused(form: str) -> None:
    """When the layout is read, not when a file is due."""
    with pytest.raises(DateFormatError):
        DateReader(form)

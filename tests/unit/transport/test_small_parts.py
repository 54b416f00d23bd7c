"""OData literals and pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import VendorChanged
from ml_connector.transport import odata
from ml_connector.transport.paging import follow


def test_odata_literals_are_written_as_version_3_wants_them() -> None:
    """Quotes doubled, dates without a zone, GUIDs marked."""
    assert "'O''Brien''s'" == odata.text("O'Brien's")
    assert "guid'0f8fad5b-d9cb-469f-a165-70867728950e'" == odata.guid("0F8FAD5B-D9CB-469F-A165-70867728950E")
    assert "datetime'2026-06-30T00:00:00'" == odata.moment(date(2026, 6, 30))
    assert "datetime'2026-06-30T10:11:12'" == odata.moment(datetime(2026, 6, 30, 10, 11, 12, tzinfo=UTC))
    assert "(Code eq '1' or Code eq '2')" == odata.any_of("Code", ["'1'", "'2'"])
    with pytest.raises(ValueError, match="badly formed"):
        odata.guid("1' or '1' eq '1")


@given(st.text(max_size=30))
def test_no_text_ends_its_literal_early(value: str) -> None:
    """Taken apart again, the text is what it was: nobody's name becomes a filter."""
    literal = odata.text(value)
    assert value == literal[1:-1].replace("''", "'")
    assert 0 == literal[1:-1].count("'") % 2


def pages(links: dict[str, str | None]) -> Callable[[str], str]:
    return lambda link: link


def test_pages_are_followed_to_the_last() -> None:
    """In order, each fetched when asked for."""
    links = {"a": "b", "b": "c", "c": None}
    assert ["a", "b", "c"] == list(follow("a", links.get, pages(links)))


def test_pages_in_a_circle_are_told() -> None:
    """Never read for ever."""
    links: dict[str, str | None] = {"a": "b", "b": "c", "c": "b"}
    with pytest.raises(VendorChanged, match="link back to one another") as error:
        list(follow("a", links.get, pages(links)))
    assert "b" == error.value.support

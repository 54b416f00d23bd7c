"""Claims about the bytes of files: encodings, line ends, and what is no text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.ukg_pro.read_layout import read_layout
from ml_connector.connectors.ukg_pro.tests.test_layouts import EVER, LIKE_L1, Source, aside, debit
from ml_connector.contract.payroll import problems_of


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        (LIKE_L1.encode("utf-8-sig"), "L1"),
        (LIKE_L1.encode("utf-16"), "L1"),
        ("\ufeff".encode("utf-16-be") + LIKE_L1.encode("utf-16-be"), "L1"),
        (LIKE_L1.encode("utf-16-le"), {"like": "L1", "encoding": "utf-16-le"}),
        (LIKE_L1.replace("Payroll", "Löhne").encode("cp1252"), {"like": "L1", "encoding": "cp1252"}),
        (LIKE_L1.replace("\n", "\r\n").encode(), "L1"),
        (LIKE_L1.replace("\n", "\r").encode(), "L1"),
        (LIKE_L1.encode() + b"\x1a", "L1"),
        (LIKE_L1.rstrip("\n").encode() + b"\x1a", "L1"),
        (LIKE_L1.encode("utf-8-sig"), '{"like": "L1", "encoding": "utf-8-sig"}'),
        (LIKE_L1.encode(), '{"like": "L1", "encoding": "utf-8-sig"}'),
        (LIKE_L1.encode() + b",,,,,,,,,\r\n\r\n", "L1"),
        (b"sep=,\r\n" + LIKE_L1.encode(), "L1"),
        (LIKE_L1.replace("Debit", " DEBIT\u00a0").encode(), "L1"),
    ],
)
def test_what_spreadsheets_and_hosts_write_around_the_lines(
    source: Source, content: bytes, layout: Any
) -> None:
    """Marks of the encoding, line ends of every system, the end mark of old ones, rows of separators."""
    assert Decimal("1000.00") == debit(source(content, layout))


def test_lines_of_utf_16_are_counted_and_may_hold_a_line_feed_within_a_character(source: Source) -> None:
    """The bytes of U+0A0A, a letter, look like two line ends."""
    content = LIKE_L1.replace("Payroll", "\u0a0a").replace("1000.00,\n", "x,\n")
    read_from = source(content.encode("utf-16"))

    (problem,) = problems_of(read_from, read_from.pay_runs(EVER)[0].reference)
    assert "gl.csv, line 2: Debit" == problem.where


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"PK\x03\x04rest", "file.kind", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "file.kind", "old Excel workbook"),
        (LIKE_L1.encode("utf-16-le"), "file.encoding", "utf-16-le"),
        (LIKE_L1.encode("utf-32"), "file.encoding", "UTF-8"),
        (LIKE_L1.replace("Payroll", "Löhne").encode("cp1252"), "file.encoding", "cp1252"),
        (b"", "file.empty", "is empty"),
    ],
)
def test_what_is_no_text_says_what_works(source: Source, content: bytes, code: str, words: str) -> None:
    """The advice of each refusal is one that a layout takes."""
    found = aside(source(content))

    assert (code, True) == (found.code, words in found.text)
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"):
        assert read_layout(json.dumps({"like": "L1", "encoding": encoding}))


def test_utf_16_without_a_mark_asks_for_its_order(source: Source) -> None:
    found = aside(source(LIKE_L1.encode("utf-16-le"), {"like": "L1", "encoding": "utf-16"}))

    assert ("file.encoding", True) == (found.code, "utf-16-le or utf-16-be" in found.text)

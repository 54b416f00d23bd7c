"""Names of files: safe, of one spelling, short enough, and each of its own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.connectors.exact_online.file_names import BYTES_MAX, ending, fitted, token_in
from ml_connector.domain.document import Marker

MARKER = Marker.of("key:0:1")
OTHER = Marker.of("key:0:2")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/x.pdf", "x"),
        (r"..\..\windows\x.pdf", "x"),
        ("Rechnung (März) <1>.PDF", "Rechnung (März) _1_"),
        ("a.b.c.pdf", "a.b.c"),
        ("  .pdf", "_pdf"),
        ("CON.pdf", "CON"),
        ("invoice\u202efdp.pdf", "invoice_fdp"),
    ],
)
def test_name_is_made_safe(name: str, stem: str) -> None:
    """Folders are left out, unsafe signs become a line, the ending stays in small letters."""
    last = ".pdf" if stem != "_pdf" else ""

    assert (f"{stem}-{MARKER.token}{last}" if last else f"pdf-{MARKER.token}") == fitted(name, MARKER)


def test_long_name_is_cut_in_bytes_before_its_ending() -> None:
    """Letters of two bytes are whole."""
    name = fitted("é" * 200 + ".pdf", MARKER)

    assert name.endswith(f"é-{MARKER.token}.pdf")
    assert BYTES_MAX - 1 <= len(name.encode()) <= BYTES_MAX


def test_two_spellings_of_a_letter_are_one() -> None:
    """As a Mac writes it and as others do."""
    names = {fitted(unicodedata.normalize(form, "Müller.pdf"), MARKER) for form in ("NFC", "NFD")}

    assert names == {f"Müller-{MARKER.token}.pdf"}


def test_same_name_under_two_keys_is_two() -> None:
    """The token tells them apart."""
    assert fitted("invoice.pdf", MARKER) != fitted("invoice.pdf", OTHER)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("a.PDF", "pdf"),
        ("a", ""),
        ("a.tar.gz", "gz"),
        (".pdf", ""),
        ("a.p d f", ""),
        ("a.", ""),
        ("a/b.c/d", ""),
    ],
)
def test_ending(name: str, last: str) -> None:
    """What follows the last point of the name itself."""
    assert last == ending(name)


@settings(deadline=None)
@given(st.text())
def test_any_name_carries_its_token_and_fits(name: str) -> None:
    """Whatever people and their cameras call a file."""
    made = fitted(name, MARKER)

    assert token_in(made) == MARKER.token
    assert len(made.encode()) <= BYTES_MAX
    assert not set(made) & set('/\\<>:"|?*\x00')
    assert unicodedata.is_normalized("NFC", made)
    assert made == made.strip(" .")
    assert ending(made) == ending(name)

"""Which supplier is which: by numbers in any spelling, never by name, and asked where two may be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.supplier import BankAccount, Supplier
from ml_connector.flows.purchasing.identity import Suppliers, bank_identity, chamber_identity, vat_identity

IBAN, OTHER_IBAN = "NL91ABNA0417164300", "DE89370400440532013000"
DUTCH, BELGIAN = "NL004495445B01", "BE0477472701"


def supplier(key: str, name: str = "Bakker", *, bank: str = "", **more: str) -> Supplier:
    return Supplier(key=key, name=name, accounts=(BankAccount(number=bank),) if bank else (), **more)


@pytest.mark.parametrize(
    ("spellings", "identity"),
    [
        ((("BE0477.472.701", ""), ("BE 0477472701", ""), ("0477472701", "BE")), "BE0477472701"),
        ((("GR094019245", ""), ("EL094019245", ""), ("094019245", "GR"), ("094019245", "EL")), "GR094019245"),
        ((("XI 980780684", ""), ("GB980 7806 84", ""), ("980780684", "GB")), "GB980780684"),
        ((("NO 995525828 MVA", ""), ("995 525 828", "NO")), "NO995525828"),
        ((("CHE-107.787.577 MWST", ""), ("CHE-107.787.577 TVA", "CH")), "CHE107787577"),
        ((("nl 0044.95.445.b01", ""), ("004495445B01", "nl")), DUTCH),
    ],
)
def test_one_number_in_every_spelling(spellings: tuple[tuple[str, str], ...], identity: str) -> None:
    assert [identity] * len(spellings) == [vat_identity(*spelling) for spelling in spellings]


@pytest.mark.parametrize("number", ["", "12345", "NL004495445B02X", "BE0477472702", "n.v.t.", "ZZ123", "É"])
def test_what_is_no_vat_number_identifies_nobody(number: str) -> None:
    assert "" == vat_identity(number, "NL")


@given(st.text(max_size=30), st.text(max_size=3))
def test_no_text_breaks_it(number: str, country: str) -> None:
    for found in (vat_identity(number, country), bank_identity(number), chamber_identity(number, country)):
        assert found == found.upper()


def test_an_iban_in_any_spelling_and_none_that_is_wrong() -> None:
    assert IBAN == bank_identity("nl91 abna 0417 1643 00")
    assert "" == bank_identity("NL91ABNA0417164301")


def test_a_chamber_number_counts_with_its_country() -> None:
    assert chamber_identity("0 123 45 67", "nl") == chamber_identity("1234567", "NL")
    assert chamber_identity("1234567", "NL") != chamber_identity("1234567", "BE")
    assert "" == chamber_identity("1234567")


@pytest.mark.parametrize(
    "wanted",
    [
        supplier("P1", external="A"),
        supplier("P1", vat_number="NL 0044.95.445.B01"),
        supplier("P1", bank="nl91 abna 0417 1643 00"),
        supplier("P1", chamber_number="12345678", country="NL"),
    ],
)
def test_each_number_finds_its_supplier(wanted: Supplier) -> None:
    ours = Suppliers.of(
        [
            supplier("A", vat_number=DUTCH, bank=IBAN, chamber_number="12345678", country="NL"),
            supplier("B", vat_number=BELGIAN),
        ]
    )
    found = ours.match(wanted).supplier
    assert found is not None
    assert "A" == found.key


def test_a_name_or_an_address_is_only_asked_about() -> None:
    ours = Suppliers.of([supplier("A", "O'Brien & Söhne", email="office@shared.example")])
    for wanted in (supplier("P1", "o’brien & söhne"), supplier("P2", "X", email="office@shared.example")):
        match = ours.match(wanted)
        assert (None, ["A"]) == (match.supplier, [one.supplier.key for one in match.candidates])
    assert () == ours.match(supplier("P3", "Somebody else")).candidates


def test_two_with_one_vat_number_are_a_question_that_is_asked_once() -> None:
    """Branches and tax groups share one."""
    ours = Suppliers.of([supplier("A", vat_number=DUTCH), supplier("B", vat_number=DUTCH, bank=IBAN)])
    wanted = supplier("P1", vat_number=DUTCH, bank=IBAN)
    match = ours.match(wanted)
    assert (None, ["B", "A"]) == (match.supplier, [one.supplier.key for one in match.candidates])
    assert "the same VAT number and bank account" in str(match.candidates[0])
    answered = ours.match(wanted, {"P1": "A"}).supplier
    assert answered is not None
    assert "A" == answered.key


def test_another_vat_number_speaks_against_an_equal_bank_account() -> None:
    ours = Suppliers.of([supplier("A", vat_number=BELGIAN, bank=IBAN)])
    match = ours.match(supplier("P1", vat_number=DUTCH, bank=IBAN))
    assert match.supplier is None
    assert "another VAT number" in str(match.candidates[0])


def test_a_bank_account_that_a_factor_shares_does_not_undo_a_vat_number() -> None:
    ours = Suppliers.of([supplier("A", vat_number=DUTCH), supplier("F", "Factor", bank=IBAN)])
    found = ours.match(supplier("P1", vat_number=DUTCH, bank=IBAN)).supplier
    assert found is not None
    assert "A" == found.key


def test_another_bank_account_alone_speaks_against_nobody() -> None:
    ours = Suppliers.of([supplier("A", vat_number=DUTCH, bank=IBAN)])
    assert ours.match(supplier("P1", vat_number=DUTCH, bank=OTHER_IBAN)).supplier is not None


def test_a_supplier_that_was_merged_is_asked_about_and_never_guessed() -> None:
    ours = Suppliers.of([supplier("A", vat_number=DUTCH)])
    match = ours.match(supplier("P1", vat_number=DUTCH, external="B"))
    assert (None, "B", ["A"]) == (match.supplier, match.gone, [one.supplier.key for one in match.candidates])

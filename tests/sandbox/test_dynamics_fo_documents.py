"""The documents about the service: their addresses, pages, types and labels."""

from __future__ import annotations

import pytest
from tests.sandbox.dynamics_fo_world import ENUM, DynamicsWorld


@pytest.mark.parametrize("root", ["/metadata", "/Metadata", "/METADATA"])
def test_the_root_of_an_address_may_be_written_in_any_case(root: str):
    """The web server does not mind; the names of sets and documents are minded."""
    world = DynamicsWorld()
    named = world.client.get(f"{root}/PublicEntities('LedgerJournalHeader')")

    assert "LedgerJournalHeaders" == named.json()["EntitySetName"]
    assert 200 == world.client.get("/Data/Currencies").status_code
    assert 404 == world.client.get("/data/currencies").status_code
    assert 404 == world.client.get("/metadata/publicentities").status_code


@pytest.mark.parametrize("kind", ["DataEntities", "PublicEntities", "PublicEnumerations", "Labels"])
def test_documents_are_paged_as_asked(kind: str):
    """The first so many, the next ones, and how many there are; other options are refused."""
    world = DynamicsWorld()
    every = world.client.get(f"/metadata/{kind}").json()["value"]
    page = world.client.get(f"/metadata/{kind}?$top=2&$skip=1&$count=true").json()

    assert every[1:3] == page["value"]
    assert len(every) == page["@odata.count"]
    assert 400 == world.client.get(f"/metadata/{kind}?$top=many").status_code
    assert 400 == world.client.get(f"/metadata/{kind}?$apply=x").status_code


def test_properties_name_their_type_twice():
    """In the words of OData, and in those of the product."""
    world = DynamicsWorld()
    found = world.client.get("/metadata/PublicEntities('LedgerJournalLine')").json()["Properties"]
    types = {row["Name"]: (row["TypeName"], row["DataType"]) for row in found}

    assert ("Edm.Decimal", "Real") == types["DebitAmount"]
    assert ("Edm.String", "String") == types["Text"]
    assert ("Edm.DateTimeOffset", "Date") == types["TransDate"]
    assert (f"{ENUM}LedgerJournalACType", "Enum") == types["AccountType"]


def test_labels_are_read_by_id_and_language():
    """The id stands in the document of the set; an unknown one has no text."""
    world = DynamicsWorld()
    label = world.client.get("/metadata/PublicEntities('Worker')").json()["LabelId"]

    def read(key: str) -> tuple[str, str]:
        row = world.client.get(f"/metadata/Labels({key})").raise_for_status().json()
        return row["Value"], row["Language"]

    assert ("Workers", "en-us") == read(f"Id='{label}',Language='en-us'")
    assert ("Workers", "nb-no") == read(f"Id='{label}',Language='nb-no'")
    assert ("", "en-us") == read("Id='@Nothing:1'")
    assert 400 == world.client.get("/metadata/Labels(5)").status_code

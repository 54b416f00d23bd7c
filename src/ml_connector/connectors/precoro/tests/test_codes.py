"""Custom fields as codes, and their options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.connectors.precoro.tests.company import answer, line, refused
from ml_connector.domain.dimension import dimensions

ALL = "item:41=account, item:42=cost_center, document:7=project"


def value(family: str, field: int, option: Any = None, text: Any = None) -> dict[str, Any]:
    """What a custom field holds."""
    return {"value": text, f"{family}CustomField": {"id": field}, f"{family}CustomFieldOption": option}


def coded(**more: Any) -> dict[str, Any]:
    """An invoice with codes at its line and its head."""
    option = {"id": 1, "name": "Travel", "code": "4000", "externalId": "guid-4000"}
    values = [
        value("item", 41, option),
        value("item", 42, {"id": 2, "code": "HQ"}),
        value("item", 99, {"id": 3}),
    ]
    return {
        "items": [{**line(1, "50.00", "10.50"), "dataItemCustomFields": {"data": values}}],
        "dataDocumentCustomFields": {
            "data": [value("document", 7, {"id": 5, "code": "P-1"}), value("document", 41, None, "x")]
        },
        **more,
    }


def test_codes_are_those_of_the_fields_that_are_named(connect: Callable[..., Any]) -> None:
    """By family and id: field 41 of the document is another one. Other fields are not looked into."""
    found = (it := connect(fields=ALL)).read(it.company.add(**coded()))

    assert dimensions({"account": "4000", "cost_center": "HQ"}) == found.lines[0].codes
    assert dimensions({"project": "P-1"}) == found.codes


def test_an_option_may_be_known_by_its_id_in_the_ledger(connect: Callable[..., Any]) -> None:
    it = connect(fields="item:41=account", option_codes="external_id")

    assert dimensions({"account": "guid-4000"}) == it.read(it.company.add(**coded())).lines[0].codes


def test_the_older_name_of_the_fields_is_read_too(connect: Callable[..., Any]) -> None:
    """Lines were called products."""
    it = connect(fields="item:41=account")
    items = coded()["items"]
    items[0]["dataProductCustomFields"] = items[0].pop("dataItemCustomFields")

    assert dimensions({"account": "4000"}) == it.read(it.company.add(items=items)).lines[0].codes


def test_an_option_in_place_of_the_text_is_one(connect: Callable[..., Any]) -> None:
    it = connect(fields="document:7=project")
    values = [value("document", 7, None, {"id": 1, "code": "P-7"})]

    assert dimensions({"project": "P-7"}) == it.read(it.company.add(dataDocumentCustomFields=values)).codes


def test_an_option_without_a_code_is_named(connect: Callable[..., Any]) -> None:
    """Neither its name nor its id is taken in place of the code."""
    items = [
        {
            **line(1, "50.00", "10.50"),
            "dataItemCustomFields": [value("item", 41, {"id": 1, "name": "Travel"})],
        }
    ]
    error = refused(connect(fields="item:41=account"), items=items)

    assert ("invoice.option", True) == (error.problem.code, "Travel" in error.problem.text)


def test_two_values_of_one_field_are_a_question(connect: Callable[..., Any]) -> None:
    """One line would become two costs, or lose one of them."""
    values = [value("item", 41, {"id": 1, "code": "4000"}), value("item", 41, {"id": 2, "code": "4100"})]
    items = [{**line(1, "50.00", "10.50"), "dataItemCustomFields": values}]

    assert "invoice.field" == refused(connect(fields="item:41=account"), items=items).problem.code


OFFERED = [
    {"id": 70, "name": "Bridge", "code": "P-70"},
    {"id": 71, "name": "70", "code": "P-71"},
    {"id": 72, "name": "Ferry", "code": "P-72", "enable": False},
]


@pytest.mark.parametrize(
    ("value", "chosen", "code"),
    [
        ("70", "70", "P-70"),
        ("70", ["70"], "P-70"),
        (72, "72, 9", "P-72"),
        ("Ferry", "72", "P-72"),
        ("Ferry", None, "P-72"),
        ("70", "71", "P-71"),
        ("Ferry", "70", "P-72"),
    ],
)
def test_an_option_that_is_named_by_id_or_name_is_looked_up(
    connect: Callable[..., Any], value: Any, chosen: Any, code: str
) -> None:
    """A document field need not write its option out; what the document says of its options tells id and name
    apart.
    """
    it = connect(fields="document:7=project")
    values = [{"value": value, "documentCustomField": {"id": 7}}]
    fields = {"dataDocumentCustomFields": values, "allDocumentCustomFieldOptionsIds": chosen}
    it.company.before = once_offered(OFFERED)

    assert dimensions({"project": code}) == it.read(it.company.add(**fields)).codes


@pytest.mark.parametrize(("value", "chosen"), [("70", None), ("99", None), ("99", "99"), ("Tunnel", None)])
def test_an_option_that_is_not_there_or_could_be_two_is_a_question(
    connect: Callable[..., Any], value: str, chosen: Any
) -> None:
    """It is never taken for a text."""
    it = connect(fields="document:7=project")
    it.company.before = once_offered(OFFERED)
    values = [{"value": value, "documentCustomField": {"id": 7}}]

    error = refused(it, dataDocumentCustomFields=values, allDocumentCustomFieldOptionsIds=chosen)
    assert ("invoice.option", True) == (error.problem.code, value in error.problem.text)


def test_options_are_read_once_and_again_for_a_new_one(connect: Callable[..., Any]) -> None:
    """Kept for an hour; one that was made since is looked for after two minutes."""
    it = connect(fields="document:7=project")
    offered = list(OFFERED[:1])
    it.company.before = once_offered(offered)
    source = it.source

    def coded(option: int) -> Any:
        value = [{"value": str(option), "documentCustomField": {"id": 7}}]
        invoice = it.company.add(dataDocumentCustomFields=value)
        refs = source.changed("", it.clock.now().replace(hour=0)).found
        (ref,) = (each for each in refs if each.invoice == str(invoice["id"]))
        return source.invoice(ref.reference).codes

    assert dimensions({"project": "P-70"}) == coded(70) == coded(70)
    asked = [call for call in it.calls() if "options" in call]
    assert ["GET /documentcustomfields/7/options?page=1&per_page=200"] == asked
    it.clock.advance(121)
    offered.append(OFFERED[2])
    assert dimensions({"project": "P-72"}) == coded(72)
    assert 2 == len([call for call in it.calls() if "options" in call])


def once_offered(offered: list[Any]) -> Any:
    """The company has these options of its fields."""

    def answered(request: Any) -> Any:
        if "/options" not in request.url.path:
            return None
        more = {"meta": {"pagination": {"has_next_page": False, "current_page": 1}}}
        return answer({"data": offered, **more})

    return answered

"""Lists of Precoro: pages in two dialects, dates in two, what can be asked for, and lists that move."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest
from tests.sandbox.precoro_world import World


def numbers(rows: list[dict[str, Any]]) -> list[str]:
    return [row["idn"] for row in rows]


def pages(world: World, size: int = 20) -> list[str]:
    """The numbers of every page, as a client that goes by `has_next_page` reads them."""
    found: list[str] = []
    page = 1
    while True:
        whole = world.read("/invoices", page=page, per_page=size)
        found += numbers(whole["data"])
        if not whole["meta"]["pagination"]["has_next_page"]:
            return found
        page += 1


def test_the_new_dialect_says_only_whether_there_is_more() -> None:
    world = World("fast")
    first = world.read("/invoices", per_page=50)
    assert {"pagination": {"has_next_page": True, "current_page": 1}} == first["meta"]
    assert 62 == len(pages(world)) == len(set(pages(world)))
    assert {"has_next_page": False, "current_page": 4} == world.read("/invoices", page="last")["meta"][
        "pagination"
    ]
    assert [] == world.read("/invoices", page=9)["data"]


def test_the_old_dialect_counts_and_links() -> None:
    """Links keep the filters; a page is at most what was asked for."""
    world = World("fast", paging="old")
    found = world.read("/invoices?status[]=2&status[]=5&page=2&per_page=10")["meta"]["pagination"]
    assert "has_next_page" not in found
    assert (10, 10, 2) == (found["count"], found["per_page"], found["current_page"])
    assert found["total_pages"] == -(-found["total"] // 10)
    following = world.client.get(found["links"]["next"]).json()
    assert 3 == following["meta"]["pagination"]["current_page"]
    assert {2, 5} >= {row["status"] for row in following["data"]}
    both = World("fast", paging="both").read("/invoices")["meta"]["pagination"]
    assert both["has_next_page"] is True
    assert 62 == both["total"]


def test_sizes_are_of_a_list() -> None:
    world = World("fast")
    assert [10, 20, 20, 20] == [
        len(world.read(f"/invoices{query}")["data"])
        for query in ("?per_page=10", "?per_page=20", "", "?per_page=11")
    ]
    assert {"page": "This value should be positive."} == world.refusal("GET", "/invoices?page=0")
    strict = World("fast", odd_per_page="refuse", per_page_default=50)
    assert 50 == len(strict.read("/invoices")["data"])
    assert "per_page" in strict.refusal("GET", "/invoices?per_page=11")


def test_legal_entities_have_no_meta() -> None:
    whole = World("fast").read("/legalentities")
    assert ["data"] == list(whole)
    assert ["Noordkade Handel B.V.", "Noordkade Belgium BV"] == [row["name"] for row in whole["data"]]


def test_a_list_that_moves_loses_a_row_or_shows_one_twice() -> None:
    assert 61 == len(set(pages(World("fast", page_drift="skip"))))
    twice = pages(World("fast", page_drift="repeat"))
    assert len(twice) > len(set(twice))


def test_every_invoice_may_have_changed_in_one_second() -> None:
    """More rows than a page share the moment that a client goes by."""
    world = World("fast")
    at = world.control("change_all", seconds_ago=5)
    assert 62 == at["changed"]
    assert 62 == len(world.rows("/invoices", modifiedSince=at["at"][:19]))
    assert 1 == len({row["updateDate"] for row in world.rows("/invoices")})


def test_the_order_is_a_switch() -> None:
    def first(order: str) -> list[str]:
        world = World("fast", order=order)
        world.control("comment", idn="1010")
        return numbers(world.rows("/invoices"))

    assert "1001" == first("id")[0]
    assert "1062" == first("newest_first")[0]
    assert "1010" == first("updated")[-1]
    assert "1010" == first("updated_first")[0]


# --- what can be asked for ----------------------------------------------------------------------------------


def test_status_and_kind_are_repeatable() -> None:
    world = World("fast")
    chosen = world.rows("/invoices?status[]=4&status[]=5")
    assert {4, 5} == {row["status"] for row in chosen}
    credits = world.rows("/invoices?logicType[]=1&logicType[]=5")
    assert {1, 5} == {row["logicType"] for row in credits}
    assert {"status": "This value is not valid."} == world.refusal("GET", "/invoices?status[]=paid")
    everything = world.rows("/invoices")
    bare = World("fast", credit_notes_unfiltered=False).rows("/invoices")
    assert 2 == len(everything) - len(bare)
    assert {0, 2} == {row["logicType"] for row in bare}


def test_an_invoice_is_found_by_its_id_and_is_not_the_one_of_that_number() -> None:
    """Ids and numbers overlap, so that one taken for the other is another invoice."""
    world = World("fast")
    (found,) = world.rows("/invoices", id=1020)
    assert ("1004", 1020) == (found["idn"], found["id"])
    assert 1020 != world.read("/invoices/1020")["id"]


def test_modified_since_is_utc_and_inclusive() -> None:
    world = World("fast")
    world.control("comment", idn="1007")
    changed = world.read("/invoices/1007")["updateDate"]
    assert changed.endswith("+00:00")
    at = changed.removesuffix("+00:00")
    assert ["1007"] == numbers(world.rows("/invoices", modifiedSince=at))
    assert ["1007"] == numbers(world.rows(f"/invoices?modifiedSince={at}%2B00:00"))
    ahead = world.clock.now().astimezone(timezone(timedelta(hours=2))).isoformat()[:19]
    assert [] == world.rows("/invoices", modifiedSince=ahead)
    assert ["1007"] == numbers(world.rows(f"/invoices?modifiedSince={at[:11]}{ahead[11:]}%2B02:10"))
    assert "modifiedSince" in world.refusal("GET", "/invoices?modifiedSince=yesterday")
    exclusive = World("fast", modified_since_inclusive=False)
    exclusive.clock.set(world.clock.now())
    exclusive.control("comment", idn="1007")
    assert [] == exclusive.rows("/invoices", modifiedSince=exclusive.clock.now().isoformat()[:19])


def test_modified_since_may_be_in_another_zone() -> None:
    """The same text means an earlier moment where the zone is ahead of UTC."""
    for hours, found in ((0, []), (2, ["1007"])):
        world = World("fast", modified_since_hours=hours)
        world.control("comment", idn="1007")
        later = world.clock.now().replace(hour=world.clock.now().hour + 1).isoformat()[:19]
        assert found == numbers(world.rows("/invoices", modifiedSince=later))


def test_dates_of_approval_come_in_two_dialects() -> None:
    """ISO moments, and days in the German order whose last one counts whole."""
    world = World("fast")
    day = world.rows("/invoices?approvalDate[left_date]=05.06.2026&approvalDate[right_date]=05.06.2026")
    moments = "approvalLeftDate=2026-06-05T00:00:00&approvalRightDate=2026-06-05T23:59:59"
    assert numbers(day) == numbers(world.rows(f"/invoices?{moments}")) != []
    assert {"2026-06-05"} == {row["approvalDate"][:10] for row in day}
    created = world.rows("/invoices?createDate[left_date]=01.07.2026")
    assert created
    assert all(row["createDate"] >= "2026-07-01" for row in created)
    assert "approvalDate[left_date]" in world.refusal("GET", "/invoices?approvalDate[left_date]=2026-06-05")
    assert "approvalLeftDate" in world.refusal("GET", "/invoices?approvalLeftDate=05.06.2026")


def test_the_work_list_is_what_is_approved_and_not_marked() -> None:
    world = World("fast")
    before = numbers(world.rows("/invoices?status[]=2&sent_to_external=0"))
    assert "1001" in before
    world.made("PATCH", "/invoices/1001", "externalId=e-1")
    assert set(before) - {"1001"} == set(numbers(world.rows("/invoices?status[]=2&sent_to_external=0")))
    assert ["1001"] == numbers(world.rows("/invoices", sent_to_external=1))
    assert ["1001"] == numbers(world.rows("/invoices?external_id[]=e-0&external_id[]=e-1"))
    apart = World("fast", sent_flag_follows_id=False)
    apart.made("PATCH", "/invoices/1001", "externalId=e-1")
    assert [] == apart.rows("/invoices", sent_to_external=1)


def test_suppliers_are_asked_for_by_any_plain_field() -> None:
    world = World("fast")

    def codes(query: str) -> list[str]:
        return [row["uniqueCode"] for row in world.rows(f"/suppliers?{query}")]

    assert ["S0014", "S0015"] == codes("taxPayerNumber=NL108474537B01")
    assert ["S0032"] == codes("enable=0")
    assert codes("enable=1") == codes("enable=true")
    assert "S0033" not in codes("status[]=2")
    assert ["S0002"] == codes("name=O%27Brien+%26+S%C3%B6hne+GmbH")
    world.made("PATCH", "/suppliers/20402", "externalId=guid-2")
    assert ["S0002"] == codes("external_id[]=guid-2") == codes("externalIntegrated=1")
    assert "S0002" not in codes("externalIntegrated=0")
    assert ["S0023"] == codes("isAllAccessLegalEntity=0")


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("/items", "supplier[]=20401", 1),
        ("/invoices", "supplier[]=20404", 2),
        ("/payments", "id=3021", 1),
        ("/itemcustomfields/21/options", "enable=0", 1),
        ("/taxes", "external_id[]=none", 0),
    ],
)
def test_other_lists_have_their_filters(path: str, query: str, count: int) -> None:
    assert count == len(World("fast").rows(f"{path}?{query}"))


def test_payments_by_external_id_work_or_are_ignored() -> None:
    for mode, found in (("works", 1), ("ignored", 3)):
        world = World("fast", payments_by_external_id=mode)
        world.made("PATCH", "/payments/3001", "externalId=bank-1")
        assert found == len(world.rows("/payments?external_id[]=bank-1"))

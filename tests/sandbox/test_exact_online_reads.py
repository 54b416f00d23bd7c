"""Lists, filters, paging, formats, padding: how the vendor answers questions."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

ATOM = "{http://www.w3.org/2005/Atom}"
META = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
DATA = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"


def codes(rows: list[dict[str, Any]]) -> list[str]:
    return [row["Code"] for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Code eq '4000'", ["4000"]),
        ("Type eq 125 and IsBlocked eq false", ["4000"]),
        ("Type eq 125 and not (Code eq '4000')", ["4099"]),
        ("substringof('wages',Description) eq true and Type ge 0", ["1700", "4099"]),
        ("Code ne null and startswith(Code,'17')", ["1700"]),
        (
            "(endswith(Description,'Rent') eq true or Code eq '1600') and Modified gt datetime'2020-01-01'",
            ["1600", "4010"],
        ),
        ("trim(Code) eq '4010'", ["4010"]),
        ("Code eq 'it''s not there'", []),
    ],
)
def test_filters(world: Any, text: str, expected: list[str]) -> None:
    """The v3 grammar the vendor documents, names that look like keywords included."""
    assert expected == codes(world.rows(f"financial/GLAccounts?$select=Code&$filter={text}&$orderby=Code"))
    assert codes(world.rows("financial/Journals?$filter=AllowVAT eq true and Type eq 90&$select=Code")) == [
        "91"
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("$filter=Code eq", "Bad Request - Error in query syntax."),
        ("$filter=Code eq 90", "Bad Request - Error in query syntax."),
        ("$filter=Nothing eq '1'", "Bad Request - Error in query syntax."),
        ("$filter=Code", "Expression of type 'System.Boolean' expected at position 0."),
        ("$filter=tolower(Code) eq 'x'", "This $filter parameter is not supported for this resource"),
        ("$filter=Code eq Description", "This $filter parameter is not supported for this resource"),
        ("$filter=ID eq guid'123'", "Bad Request - Error in query syntax."),
        (
            "$select=Nothing",
            "Could not find a property named 'Nothing' on type 'Exact.Web.Api.Models.Journal'.",
        ),
        ("$top=many", "Incorrect format for $top argument 'many'."),
        ("$apply=x", "Bad Request - Error in query syntax."),
        ("$skiptoken='a','b'", "Bad Request - Error in query syntax."),
    ],
)
def test_queries_the_vendor_refuses(world: Any, query: str, message: str) -> None:
    """400 with the vendor's words."""
    answer = world.get("financial/Journals?" + query)
    assert (400, message) == (answer.status_code, answer.json()["error"]["message"]["value"])


def test_paging_by_sixty_and_by_a_thousand(world: Any) -> None:
    """Sixty rows a page, a thousand for bulk and sync; following the links gives every row once."""
    first = world.get("financial/GLAccounts?$select=Code&$filter=Code ne ''&$inlinecount=allpages").json()[
        "d"
    ]
    assert (len(first["results"]), first["__count"]) == (60, "75")
    assert first["__next"].rpartition("&")[2].startswith("$skiptoken=guid'")
    assert len(set(codes(world.every_row("financial/GLAccounts?$select=Code&$filter=Code ne ''")))) == 75
    ordered = codes(
        world.every_row("financial/GLAccounts?$select=Code&$filter=Code ne ''&$orderby=Type desc,Code")
    )
    assert (len(ordered), ordered[0]) == (75, "4000")
    bulk = world.get(
        "bulk/financial/GLAccounts?$select=Code&$filter=Modified gt datetime'2020-01-01T00:00:00'"
    ).json()["d"]
    assert (len(bulk["results"]), "__next" in bulk) == (75, False)


def test_top_over_a_page_counts_down(world: Any) -> None:
    """`$top=65` gives sixty and a link for five more, never the bare list."""
    first = world.get("financial/GLAccounts?$select=Code&$filter=Code ne ''&$top=65").json()["d"]
    assert (len(first["results"]), "$top=5&" in first["__next"]) == (60, True)
    assert len(world.client.get(first["__next"]).json()["d"]["results"]) == 5


def test_bare_list_below_a_page(world: Any) -> None:
    """`$top` up to sixty drops the `results` envelope; `$inlinecount` brings it back; divisions always have
    it.
    """
    assert isinstance(world.get("financial/Journals?$top=60").json()["d"], list)
    assert isinstance(world.get("financial/Journals?$top=60&$inlinecount=allpages").json()["d"], dict)
    assert isinstance(world.get("financial/Journals?$top=61").json()["d"], dict)
    assert isinstance(world.get("system/Divisions?$top=1").json()["d"], dict)


def test_skip_pages_too_but_not_in_bulk(world: Any) -> None:
    """`$skip` works on single sets and is refused on bulk sets."""
    assert len(world.rows("financial/GLAccounts?$select=Code&$filter=Code ne ''&$skip=60")) == 15
    assert world.get("bulk/Financial/GLAccounts?$select=Code&$filter=Code ne ''&$skip=1").status_code == 400


def test_mandatory_filtering_is_a_switch(make_world: Any) -> None:
    """Sets with a sync twin demand a filter on one of a few fields; some apps are exempt."""
    strict, lenient = make_world(), make_world(mandatory_filtering=False)
    text = strict.get("financial/GLAccounts?$select=Code").json()["error"]["message"]["value"]
    assert text.startswith("This endpoint has mandatory filtering applied.")
    assert len(lenient.rows("financial/GLAccounts?$select=Code")) == 60


def test_entries_are_listed_only_with_select(world: Any) -> None:
    """`$select` or `$top=1`."""
    world.book()
    path = "generaljournalentry/GeneralJournalEntries"
    assert "Please add a $select or a $top=1 statement to the query string." in world.get(path).text
    assert len(world.rows(path + "?$top=1")) == 1
    assert [
        {name: row[name] for name in row if name != "__metadata"}
        for row in world.rows(path + "?$select=EntryNumber")
    ] == [{"EntryNumber": 26900001}]


def test_select_keeps_the_order_of_the_model_and_adds_no_key(world: Any) -> None:
    """Only what was asked for, in the vendor's order."""
    assert list(world.rows("financial/Journals?$select=Description,Code&$top=1")[0]) == [
        "__metadata",
        "Code",
        "Description",
    ]


def test_dates_numbers_and_padding(world: Any) -> None:
    """`/Date(ms)/`, Int64 as text, relations padded to eighteen on the left, countries to three on the
    right.
    """
    world.book()
    line = world.rows("generaljournalentry/GeneralJournalEntryLines?$filter=OurRef eq 77")[0]
    assert (line["Date"], line["AmountFC"]) == ("/Date(1782864000000)/", 100.25)
    assert isinstance(
        world.rows("sync/Financial/TransactionLines?$filter=Timestamp gt 1")[0]["Timestamp"], str
    )
    padded = "2".rjust(18)
    assert sorted(row["Country"] for row in world.rows("system/Divisions")) == ["NL ", "US "]
    assert [padded] == codes(world.rows(f"crm/Accounts?$filter=Code eq '{padded}'&$select=Code"))
    assert world.rows("crm/Accounts?$filter=Code eq '2'&$select=Code") == []
    assert codes(world.rows("vat/VATCodes?$filter=Code eq '21'&$select=Code")) == ["21 "]


def test_children_are_deferred_or_expanded(world: Any) -> None:
    """Lines come by `$expand`, or by the address the row gives."""
    made = world.book().json()["d"]
    by_key = world.get(
        f"generaljournalentry/GeneralJournalEntries(guid'{made['EntryID']}')?$expand=GeneralJournalEntryLines"
    ).json()["d"]
    assert [line["LineNumber"] for line in by_key["GeneralJournalEntryLines"]["results"]] == [1, 2]
    linked = world.client.get(made["GeneralJournalEntryLines"]["__deferred"]["uri"]).json()["d"]["results"]
    assert {1, 2} == {line["LineNumber"] for line in linked}
    assert (
        world.get("generaljournalentry/GeneralJournalEntries?$select=EntryID&$expand=JournalCode").status_code
        == 400
    )


def test_sync_feed_has_a_header_row_and_takes_only_its_timestamp(world: Any) -> None:
    """Line number 0 stands for the entry; a later change moves a row to the end; other filters are
    refused.
    """
    world.book()
    rows = world.rows(
        "sync/Financial/TransactionLines?$filter=Timestamp gt 1L&$select=LineNumber,Timestamp,ID"
    )
    assert [row["LineNumber"] for row in rows] == [0, 1, 2]
    last = int(rows[-1]["Timestamp"])
    world.control("edit", line=1, amount="1.00")
    again = world.rows(f"sync/Financial/TransactionLines?$filter=Timestamp gt {last}L&$select=ID,LineNumber")
    assert [(rows[1]["ID"], 1)] == [(row["ID"], row["LineNumber"]) for row in again]
    assert world.get("sync/Financial/TransactionLines?$filter=EntryNumber eq 1").status_code == 400
    assert (
        len(
            world.rows(
                "financialtransaction/TransactionLines?$filter=EntryNumber eq 26900001&$select=LineNumber"
            )
        )
        == 2
    )


def test_sync_timestamp_of_a_moment(world: Any) -> None:
    """The version to start from for a date."""
    stamp = world.get(
        "read/sync/Sync/SyncTimestamp?modified=datetime'2026-07-15'&endPoint='TransactionLines'"
    ).json()["d"]
    newer = world.rows(
        f"sync/Financial/GLAccounts?$filter=Timestamp gt {stamp['TimeStampAsBigInt']}L&$select=ID"
    )
    assert (
        newer,
        world.get("read/sync/Sync/SyncTimestamp?modified=datetime'2020-01-01'").json()["d"][
            "TimeStampAsBigInt"
        ],
    ) == ([], "1")


def test_deletions_are_forgotten_after_two_months(world: Any) -> None:
    """Whoever asks too late never hears of it."""
    made = world.book().json()["d"]["EntryID"]
    world.client.delete(f"/api/v1/1204/generaljournalentry/GeneralJournalEntries(guid'{made}')")
    assert len(world.rows("sync/Deleted")) == 3
    world.clock.advance(63 * 86_400)
    world.sign_in()
    assert world.rows("sync/Deleted") == []


def test_new_entries_can_be_late_in_lists(make_world: Any) -> None:
    """Within the lag a list does not show the entry, by its key it is there."""
    world = make_world(visibility_lag_seconds=30)
    made = world.book().json()["d"]["EntryID"]
    find = "generaljournalentry/GeneralJournalEntryLines?$filter=OurRef eq 77"
    assert world.rows(find) == []
    assert world.get(f"generaljournalentry/GeneralJournalEntries(guid'{made}')").status_code == 200
    world.clock.advance(31)
    assert len(world.rows(find)) == 1


def test_without_a_json_accept_the_answer_is_atom(world: Any) -> None:
    """Feeds, entries, counts, links and errors in XML; application/xml is not accepted."""
    world.book()
    feed = ElementTree.fromstring(
        world.get(
            "financial/GLAccounts?$filter=Code ne ''&$select=Code,IsBlocked,Type&$inlinecount=allpages",
            Accept="*/*",
        ).content
    )
    assert (len(feed.findall(ATOM + "entry")), feed.findtext(META + "count")) == (60, "75")
    assert any(link.get("rel") == "next" for link in feed.findall(ATOM + "link"))
    properties = feed.find(f"{ATOM}entry/{ATOM}content/{META}properties")
    assert properties is not None
    assert [child.tag.removeprefix(DATA) for child in properties] == ["Code", "IsBlocked", "Type"]
    assert properties[1].get(META + "type") == "Edm.Boolean"
    wrong = world.get("financial/Journals?$select=Nope", Accept="*/*")
    assert (wrong.status_code, ElementTree.fromstring(wrong.content).tag) == (400, META + "error")
    assert world.get("financial/Journals", Accept="application/xml").status_code == 415


def test_count_is_plain_text_and_dislikes_json(world: Any) -> None:
    """`/$count` must be asked for without a JSON Accept."""
    assert world.get("financial/Journals/$count", Accept="*/*").text == "4"
    assert world.get("financial/Journals/$count").status_code == 415


def test_reads_of_the_ledger_add_up(world: Any) -> None:
    """Balances are sums of lines, by account and cost center."""
    world.book()
    world.book()
    rows = world.rows(
        "financial/ReportingBalance?$filter=GLAccountCode eq '4000'&$select=Amount,Count,CostCenterCode"
    )
    assert [(row["Amount"], row["Count"], row["CostCenterCode"]) for row in rows] == [(200.5, 2, "SALES")]
    assert (
        len(world.rows("financialtransaction/Transactions?$filter=JournalCode eq '90'&$select=EntryID")) == 2
    )


def test_payroll_is_read_only(world: Any) -> None:
    """Employees can be listed, never written."""
    assert world.rows("payroll/Employees?$select=ID") == []
    answer = world.post("payroll/Employees", {"FirstName": "A"})
    assert (answer.status_code, answer.text.startswith('{"error"')) == (405, True)


@pytest.mark.parametrize(
    "path", ["hrm/CostCenters", "financial/Currencies", "nothing/AtAll", "financial/Journals(guid'x')/y/z"]
)
def test_paths_are_case_sensitive_and_unknown_ones_404(world: Any, path: str) -> None:
    """`Costcenters`, not `CostCenters`."""
    assert world.get(path).status_code == 404


def test_a_doubled_slash_is_tolerated(world: Any) -> None:
    """Some clients send it."""
    assert world.client.get("/api/v1//1204/financial/Journals").status_code == 200

"""What an expense platform chooses from: the lists of the ledger, out of the copy that is kept here.

An answer says how old the copy is (`asOf`). Codes and names only: of a supplier no bank account, no address.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, get_args

from django.http import HttpResponse
from django.utils.http import parse_etags
from ninja import Router
from ninja.params.functions import Header, Query
from pydantic import AwareDatetime, Field

from ml_connector.app.api_tokens import MASTER_DATA_READ
from ml_connector.app.kept_lists import LISTS, ROWS_MAX, KeptRow
from ml_connector.web.intake_access import RATE, Asked, PerToken, caller
from ml_connector.web.intake_answers import PROBLEMS, json_answer
from ml_connector.web.intake_schema import PLAIN, Wire

ListName = Literal[
    "gl-accounts",
    "journals",
    "tax-codes",
    "payment-terms",
    "suppliers",
    "cost-centers",
    "cost-units",
    "projects",
]
assert set(get_args(ListName)) == set(LISTS), "every list has a name here"
AsOf = Annotated[
    AwareDatetime | None,
    Field(description="When the copy was last compared with the ledger; null before the first time."),
]


class ListCopy(Wire):
    """A list that is kept here."""

    name: ListName
    connection: str = Field(description="Whose copy it is, where several are kept.")
    as_of: AsOf


class Lists(Wire):
    lists: list[ListCopy]


class ListRow(Wire):
    """A value of a list. What a list does not have is null."""

    id: str = Field(description="The ledger's; it never changes.")
    code: str = Field(description="What a report names it by.")
    name: str
    active: bool = Field(description="False where it is closed in the ledger, or stands there no more.")
    kind: str | None = Field(
        description="Of an account: profit_and_loss, balance_sheet, creditor, debtor. Of a journal: general,"
        " purchase, sales, bank, cash. Of a VAT code: excluding, including, reverse charge, no VAT."
    )
    percentage: str | None = Field(description="Of a VAT code today, as text; 0 where no VAT is owed.")
    days: int | None = Field(description="Of a payment term, from the invoice.")
    month_ends: int | None = Field(
        description="Of a payment term: its days count from the end of the month so many months on."
    )
    changed_at: AwareDatetime


class ListPage(Wire):
    name: ListName
    connection: str
    as_of: AwareDatetime
    rows: list[ListRow]
    cursor: str = Field(description="Where to go on: ?after=cursor")
    more: bool


lists = Router()
READ = caller(MASTER_DATA_READ)


@lists.get(
    "",
    auth=READ,
    throttle=PerToken(RATE),
    response={200: Lists, **PROBLEMS},
    by_alias=True,
    operation_id="list_master_data",
    summary="Which lists are kept, and how old they are",
)
def kept(request: Asked) -> HttpResponse:
    """One line for each list and connection."""
    found = [
        {
            "name": one.name,
            "connection": one.connection.name,
            "asOf": one.as_of.isoformat() if one.as_of else None,
        }
        for one in request.auth.master_data.copies()
    ]
    return json_answer({"lists": found}, 200)


@lists.get(
    "/{name}",
    auth=READ,
    throttle=PerToken(RATE),
    response={200: ListPage, 304: None, **PROBLEMS},
    by_alias=True,
    operation_id="read_master_data",
    summary="A list of the ledger",
)
def read(
    request: Asked,
    name: ListName,
    connection: str = Query("", max_length=60, pattern=PLAIN, description="Where several keep the list."),
    after: str = Query("", max_length=200, pattern=PLAIN, description="The cursor of the page before."),
    changed_since: AwareDatetime | None = Query(
        None,
        alias="changedSince",
        description="Only rows written then or later: the `asOf` of the answers that you read last.",
    ),
    limit: int = Query(ROWS_MAX, ge=1, le=ROWS_MAX),
    if_none_match: str = Header("", alias="If-None-Match", description="The ETag of the same page."),
) -> HttpResponse:
    """Closed values are there too, as not active. Pages are in the order of ids: none is left out and none
    comes twice, also where the list changes meanwhile. 304: the page is as it was; `As-Of` says since when
    that is known. 503: the copy is filled for the first time.
    """
    data = request.auth.master_data
    copy = data.copy(name, connection)
    found = list(data.rows(copy, after=after, since=changed_since, limit=limit + 1))
    rows = [_row(one) for one in found[:limit]]
    page = {"rows": rows, "cursor": rows[-1]["id"] if rows else after, "more": len(found) > limit}
    etag = f'"{hashlib.sha256(json.dumps(page).encode()).hexdigest()}"'
    as_of = copy.as_of.isoformat() if copy.as_of else ""
    if {etag, "*"} & {one.removeprefix("W/") for one in parse_etags(if_none_match)}:
        answer = HttpResponse(status=304)
    else:
        head = {"name": name, "connection": copy.connection.name, "asOf": as_of}
        answer = json_answer({**head, **page}, 200)
    answer["ETag"], answer["As-Of"] = etag, as_of
    return answer


def _row(one: KeptRow) -> dict[str, Any]:
    value = one.value
    return {
        "id": value.identity,
        "code": value.code,
        "name": value.title,
        "active": value.open,
        "kind": value.kind,
        "percentage": None if value.percentage is None else f"{value.percentage:f}",
        "days": value.days,
        "monthEnds": None if value.days is None else value.month_ends,
        "changedAt": one.changed_at.isoformat(),
    }

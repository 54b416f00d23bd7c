"""Puts the documents that another release booked back into a simulated ledger, by the vendor's own interface:
same ids, numbers, texts and references.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any

JOURNAL = "/generaljournalentry/GeneralJournalEntries"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def rebook(exact: Mapping[str, Any], books: Iterable[Mapping[str, Any]]) -> None:
    """Post every document; `exact` is what the simulator says of itself."""
    token = _sign_in(exact["base_url"], exact["credentials"])
    accounts: dict[str, str] = {}
    for document in books:
        url = f"{exact['base_url']}/api/v1/{document['entity']}"
        for line in document["lines"]:
            if line["account"] not in accounts:
                where = urllib.parse.quote(f"Code eq '{line['account']}'")
                (row,) = _ask(token, f"{url}/financial/GLAccounts?$select=ID,Code&$filter={where}")["results"]
                accounts[line["account"]] = row["ID"]
        entry = {
            "EntryID": document["id"],
            "EntryNumber": int(document["number"]),
            "JournalCode": document["journal"],
            "Currency": document["currency"],
            "GeneralJournalEntryLines": [_line(document, line, accounts) for line in document["lines"]],
        }
        made = _ask(token, url + JOURNAL, entry)
        assert (document["id"], int(document["number"])) == (made["EntryID"], made["EntryNumber"])


def _line(document: Mapping[str, Any], line: Mapping[str, Any], accounts: Mapping[str, str]) -> Any:
    values = {
        "Date": document["date"],
        "GLAccount": accounts[line["account"]],
        "AmountFC": float(line["amount"]),
        "Description": line["text"],
        "CostCenter": line["dimensions"].get("cost_center"),
        "OurRef": int(line["reference"]) if line["reference"] else None,
        "Notes": line["notes"] or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _sign_in(base_url: str, credentials: Mapping[str, str]) -> str:
    client = {"client_id": credentials["client_id"], "redirect_uri": credentials["redirect_uri"]}
    query = urllib.parse.urlencode({**client, "response_type": "code", "state": "s"})
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        answer = opener.open(f"{base_url}/api/oauth2/auth?{query}", timeout=30)
        location = answer.headers["Location"]
    except urllib.error.HTTPError as error:
        location = error.headers["Location"]
    (code,) = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["code"]
    secret = {"client_secret": credentials["client_secret"], "grant_type": "authorization_code", "code": code}
    body = urllib.parse.urlencode({**client, **secret}).encode()
    with urllib.request.urlopen(f"{base_url}/api/oauth2/token", body, timeout=30) as answer:
        return str(json.load(answer)["access_token"])


def _ask(token: str, url: str, body: Any = None) -> Any:
    heads = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, heads), timeout=30) as answer:
        return json.load(answer)["d"]

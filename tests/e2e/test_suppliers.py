"""Suppliers of Precoro in Exact Online and the other way round, with the commands a person types; what is
there is asked of the simulators' books.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from typing import Any

import httpx2
import pytest
from tests.e2e.suppliers_stand import DIVISION, EXACT, PRECORO, Company, company

pytestmark = pytest.mark.slow

QUOTED, NEW = "O'Brien & Söhne GmbH", 'O\'Brien & Söhne "Süd" 100% +1'
ASKED = ("S0014", "S0015")
"""They have one VAT number."""
UNMADE = 4
"""Those, one that is disabled, and one in approval."""
HELD, APPROVAL = 3, 4


def exact_rows(company: Company) -> list[dict[str, Any]]:
    """The relations of the division, asked with a person's token."""
    system = company.sandbox.systems[EXACT]
    token = company.at_exact("grant")["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    path = f"{system['base_url']}/api/v1/{DIVISION}/bulk/CRM/Accounts"
    query = {
        "$filter": "Modified gt datetime'1970-01-01T00:00:00'",
        "$select": "ID,Code,Name,VATNumber,Blocked",
    }
    found = json.loads(httpx2.get(path, params=query, headers=headers).content)["d"]
    return list(found["results"] if isinstance(found, dict) else found)


def names(company: Company) -> Counter[str]:
    return Counter(unicodedata.normalize("NFC", row["Name"]) for row in exact_rows(company))


def precoro(company: Company) -> dict[str, dict[str, Any]]:
    """The suppliers of Precoro by code."""
    rows = company.sandbox.control(PRECORO, "books")["suppliers"]
    return {row["code"]: {**row, "name": unicodedata.normalize("NFC", row["name"])} for row in rows}


def acts(run: Any) -> list[str]:
    return [change["act"] for change in run["plan"]["changes"]]


def code_in_exact(company: Company, name: str) -> str:
    (code,) = (row["Code"].strip() for row in exact_rows(company) if row["Name"] == name)
    return code


def test_a_first_sync_makes_each_once_and_what_people_do_on_either_side_arrives() -> None:
    """33 suppliers; then a silent pass both ways, edits on both sides, a merge, a changed bank account."""
    with company() as stand:
        stand.flow()
        stand.flow(back=True)
        there = len(exact_rows(stand))
        first = stand.align()

        suppliers = precoro(stand)
        assert ("done", 33) == (first["state"], len(suppliers))
        assert {"create": 33 - UNMADE} == Counter(acts(first))
        found = names(stand)
        assert (there + 33 - UNMADE, 1) == (found.total(), found[QUOTED])
        assert [1] * 29 == [found[row["name"]] for row in suppliers.values() if row["external_id"]]
        assert ASKED == tuple(sorted(text[:5] for text in stand.items()["supplier.ambiguous"]))
        assert ([], []) == (acts(stand.align()), acts(stand.align(back=True)))

        stand.align("--same", "S0014=new", "--same", "S0015=new")
        assert names(stand).total() == there + 31

        code = code_in_exact(stand, QUOTED)
        stand.at_exact("put_relation", code=code, set={"Name": NEW})
        assert ([], ["change"]) == (acts(stand.align()), acts(stand.align(back=True)))
        assert NEW == precoro(stand)["S0002"]["name"]
        assert [] == acts(stand.align())
        stand.at_precoro("rename_supplier", code="S0002", to=QUOTED)
        assert ([], ["change"]) == (acts(stand.align(back=True)), acts(stand.align()))
        assert 1 == names(stand)[QUOTED]

        stand.at_precoro(
            "edit_supplier", code="S0001", set={"internationalBankAccountNumber": "NL91ABNA0417164300"}
        )
        stand.at_exact("block_supplier", code=code_in_exact(stand, "Tele Noord N.V."))
        quiet = stand.align()
        assert ("done", []) == (quiet["state"], acts(quiet))
        items = stand.items()
        assert any("NL91ABNA0417164300" in text for text in items["supplier.account"])
        assert ["S0003" in text or "blocked in Exact" in text for text in items["supplier.closed"]] == [True]

        stand.at_exact(
            "merge_supplier",
            code=code_in_exact(stand, "Hotel De Gouden Leeuw"),
            into=code_in_exact(stand, "Drukkerij De Maas"),
        )
        before = names(stand).total()
        held = stand.align(code=APPROVAL)
        assert (["make_again"], before) == (acts(held), names(stand).total())


@pytest.mark.parametrize(
    ("slug", "path", "back"), [(EXACT, "crm/Accounts", False), (PRECORO, "/suppliers", True)]
)
def test_lost_answers_and_kills_make_nobody_twice(slug: str, path: str, back: bool) -> None:
    """An answer is lost after the write, another write is answered by 503 after it was made, and the process
    is killed in the middle; then both directions are silent.
    """
    with company() as stand:
        stand.flow()
        stand.flow(back=True)
        if back:
            for number in range(3):
                stand.at_exact("put_relation", code=str(90001 + number), set=_relation(number))
        stand.fail(slug, "lost_after_commit", "POST", path)
        stand.fail(slug, "status", "POST", path, status=503, after_commit=True)
        process = stand.start(back=back)
        while process.poll() is None and not _made(stand, back):
            pass
        process.kill()
        process.communicate()
        stand.finish()

        again = stand.align(back=back)
        assert ("done", []) == (again["state"], acts(again))
        made = names(stand) if not back else Counter(row["name"] for row in precoro(stand).values())
        wanted = 29 if not back else 3
        ours = [made[row["name"]] for row in precoro(stand).values() if row["external_id"]]
        assert [1] * wanted == ours


def _relation(number: int) -> dict[str, Any]:
    return {"Name": f"Made in Exact {number}", "IsSupplier": True, "Country": "NL"}


def _made(stand: Company, back: bool) -> bool:
    """Whether the first one is there."""
    if back:
        return len(precoro(stand)) > 33
    return names(stand)[QUOTED] > 0


def test_two_passes_at_once_make_nobody_twice() -> None:
    """Both directions, each in a process of its own, beside each other."""
    with company() as stand:
        stand.flow()
        stand.flow(back=True)
        there = len(exact_rows(stand))
        processes = [stand.start(), stand.start(back=True), stand.start()]
        for process in processes:
            process.communicate(timeout=300)
        stand.finish()
        stand.align()
        stand.align(back=True)

        assert (there + 29, 33) == (len(exact_rows(stand)), len(precoro(stand)))
        assert ([], []) == (acts(stand.align()), acts(stand.align(back=True)))

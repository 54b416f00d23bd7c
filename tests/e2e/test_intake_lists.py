"""The lists of a ledger over real sockets, out of the copy that `serve` fills by itself: whole or not at all,
and as old as it says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from scenes import scene_of
from stage import Sandbox
from tests.e2e.intake_world import Office, free_port
from tests.e2e.list_world import COPY, LEDGER, Lists

ALL = {
    "account": [
        {"identity": "g1", "code": "4350", "title": "Travel  and stay", "kind": "profit_and_loss"},
        {"identity": "g2", "code": "1600", "title": "Creditors", "kind": "creditor"},
        {"identity": "g3", "code": "1000", "title": "Cash", "kind": "balance_sheet"},
        {"identity": "g4", "code": "1001", "title": "Closed long ago", "open": False},
    ],
    "tax": [{"identity": "t1", "code": "4", "title": "High", "percentage": "21.0", "kind": "excluding"}],
    "payment_term": [{"identity": "p1", "code": "30", "title": "30 days", "days": 30}],
    "journal": [{"identity": "j1", "code": "70", "title": "Purchases", "kind": "purchase"}],
    "supplier": [{"identity": "s1", "code": "20001", "title": "O'Brien & Söhne"}],
}


class Copied:
    """An installation whose ledger is a file, and a client that reads the copy of it."""

    def __init__(self, home: Path) -> None:
        self.product, self.file, self.url = Lists(home / "home"), home / "lists.json", ""
        self.keep(**ALL)
        self.product.ask("connections", "add", LEDGER, "--connector", "test_books", f"--set=file={self.file}")
        self.product.ask("connections", "add", COPY, "--connector", "test_copy")
        self.token = self.add_token("reader", "master_data:read")

    def add_token(self, name: str, scope: str) -> str:
        return str(self.product.ask("tokens", "add", name, "--scope", scope)["token"])

    def keep(self, **lists: Any) -> None:
        self.file.write_text(json.dumps(lists))

    @contextmanager
    def serve(self) -> Iterator[None]:
        process = self.product.start("serve", "--intake", f"127.0.0.1:{free_port()}", "--json")
        assert process.stdout is not None
        try:
            self.url = json.loads(process.stdout.readline())["intake"]
            yield
        finally:
            process.terminate()
            out, err = process.communicate(timeout=30)
            assert 0 == process.returncode, (out, err)
            assert "Traceback" not in err, err

    def get(self, path: str = "", token: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}", **more.pop("headers", {})}
        return httpx.get(f"{self.url}/v1/master-data{path}", headers=headers, params=more, timeout=30)

    def until(self, is_so: Callable[[httpx.Response], bool], path: str) -> httpx.Response:
        """The answer, once it is so."""
        ends = time.monotonic() + 60
        while not is_so(answer := self.get(path)):
            assert time.monotonic() < ends, answer.text
            time.sleep(0.2)
        return answer


@pytest.fixture
def copied(tmp_path: Path) -> Copied:
    return Copied(tmp_path)


def codes(answer: httpx.Response) -> dict[str, bool]:
    """By code whether it is active."""
    return {row["code"]: row["active"] for row in answer.json()["rows"]}


def test_the_copy_is_filled_by_itself_and_shows_its_age(copied: Copied) -> None:
    """Before, no part of it is shown; a new look makes it younger, also where nothing changed."""
    with copied.serve():
        nothing = copied.get("/gl-accounts")
        copied.product.pair("accounts=every 6h", "journals=every 6h", "supplier_codes=every 6h")
        copied.product.pair("taxes=", "payment_terms=")
        unfilled = copied.get("/tax-codes")
        began = datetime.now(UTC)
        answer = copied.until(lambda answer: answer.status_code == 200, "/gl-accounts")
        copied.until(lambda answer: answer.status_code == 200, "/journals")
        suppliers = copied.until(lambda answer: answer.status_code == 200, "/suppliers")
        copied.product.align("accounts")
        later = copied.get("/gl-accounts")
        copied.product.align("taxes")
        copied.product.align("payment_terms")
        tax, term = copied.get("/tax-codes").json(), copied.get("/payment-terms").json()
        known = {one["name"]: one["asOf"] for one in copied.get().json()["lists"]}

    assert (404, "intake.unknown") == (nothing.status_code, nothing.json()["errors"][0]["code"])
    assert (503, "intake.not_filled") == (unfilled.status_code, unfilled.json()["errors"][0]["code"])
    assert unfilled.headers["Retry-After"]
    rows = {row["code"]: row for row in answer.json()["rows"]}
    assert {"4350": True, "1600": True, "1000": True} == codes(answer)
    assert ["profit_and_loss", "creditor", "balance_sheet"] == [
        rows[code]["kind"] for code in ("4350", "1600", "1000")
    ]
    assert "Travel and stay" == rows["4350"]["name"]
    assert [{"code": "20001", "name": "O'Brien & Söhne"}] == [
        {name: row[name] for name in ("code", "name")} for row in suppliers.json()["rows"]
    ]
    assert began.isoformat() < answer.json()["asOf"] < later.json()["asOf"]
    assert later.json()["asOf"] == later.headers["As-Of"]
    assert ("21", "excluding", None) == tuple(tax["rows"][0][name] for name in ("percentage", "kind", "days"))
    assert (30, 0) == (term["rows"][0]["days"], term["rows"][0]["monthEnds"])
    assert {"gl-accounts", "journals", "suppliers", "tax-codes", "payment-terms"} == known.keys()
    assert all(known.values())


def test_only_what_changed_is_read_and_what_is_closed_is_inactive(copied: Copied) -> None:
    """With `changedSince` the rows that were written since; with an ETag nothing where nothing changed. What
    the ledger has no more is closed too.
    """
    with copied.serve():
        copied.product.pair("accounts=")
        copied.product.align("accounts")
        first = copied.get("/gl-accounts")
        etag = first.headers["ETag"]
        copied.product.align("accounts")
        same = copied.get("/gl-accounts", headers={"If-None-Match": f'W/{etag}, "other"'})
        one, two, *_ = ALL["account"]
        copied.keep(account=[{**one, "title": "Travel"}, {**two, "open": False}])
        copied.product.align("accounts")
        since = copied.get("/gl-accounts", changedSince=same.headers["As-Of"])
        changed = copied.get("/gl-accounts", headers={"If-None-Match": etag})

    assert (304, b"", etag) == (same.status_code, same.content, same.headers["ETag"])
    assert first.json()["asOf"] < same.headers["As-Of"] < since.json()["asOf"]
    assert {"4350": True, "1600": False, "1000": False} == codes(since)
    assert (200, 3) == (changed.status_code, len(changed.json()["rows"]))
    assert etag != changed.headers["ETag"]


def test_no_page_leaves_a_row_out_while_the_list_changes(copied: Copied) -> None:
    copied.keep(cost_center=[{"identity": f"c{n:02d}", "code": f"K{n}", "title": "x"} for n in range(25)])
    with copied.serve():
        copied.product.pair("cost_centers=")
        copied.product.align("cost_centers")
        seen, after, more = list[str](), "", True
        while more:
            page = copied.get("/cost-centers", after=after, limit=10).json()
            seen += [row["id"] for row in page["rows"]]
            after, more = page["cursor"], page["more"]
            if len(seen) == 10:
                changed = [{"identity": f"c{n:02d}", "code": f"A{n}", "title": "y"} for n in range(25)]
                copied.keep(cost_center=[*changed, {"identity": "c00a", "code": "B", "title": "z"}])
                copied.product.align("cost_centers")

    assert [f"c{n:02d}" for n in range(25)] == seen


def test_a_list_is_its_organisations_and_wants_its_scope(copied: Copied) -> None:
    copied.product.ask("organisations", "add", "other")
    others = Lists(copied.product.home, {"ML_CONNECTOR_ORGANISATION": "other"})
    stranger = others.ask("tokens", "add", "else", "--scope", "master_data:read")["token"]
    sender = copied.add_token("sender", "reports:write")
    with copied.serve():
        copied.product.pair("accounts=")
        copied.product.align("accounts")
        mine, theirs = copied.get("/gl-accounts"), copied.get("/gl-accounts", stranger)
        none, no_list = copied.get(token=stranger), copied.get("/nothing")
        refused = copied.get("/gl-accounts", sender)

    assert (200, 404) == (mine.status_code, theirs.status_code)
    assert {"lists": []} == none.json()
    assert (403, 422) == (refused.status_code, no_list.status_code)


def test_where_several_keep_a_list_one_is_named(copied: Copied) -> None:
    """One connection for each legal entity, such as each has a chart of its own."""
    copied.product.ask("connections", "add", "second", "--connector", "test_copy")
    with copied.serve():
        copied.product.pair("accounts=")
        copied.product.align("accounts")
        basics = ("--mode", "automatic", "--starts-on", "2026-01-01", "--option", "entity=10")
        copied.product.ask("pairs", "set", LEDGER, "second", *basics, "--want=accounts=")
        unclear = copied.get("/gl-accounts")
        named = copied.get("/gl-accounts", connection=COPY)
        other = copied.get("/gl-accounts", connection="second")

    assert (422, "intake.connection") == (unclear.status_code, unclear.json()["errors"][0]["code"])
    assert (200, COPY) == (named.status_code, named.json()["connection"])
    assert 503 == other.status_code


def test_a_copy_whose_pass_waits_for_a_person_is_as_old_as_before(copied: Copied) -> None:
    """A ledger that shows nothing all at once is not believed: what is there stays active."""
    copied.keep(cost_center=[{"identity": f"c{n}", "code": f"K{n}", "title": "x"} for n in range(20)])
    with copied.serve():
        copied.product.pair("cost_centers=")
        copied.product.align("cost_centers")
        before = copied.get("/cost-centers")
        copied.keep(cost_center=[])
        copied.product.ask("run", "cost_centers", "--from", LEDGER, "--to", COPY, code=3)
        after = copied.get("/cost-centers")

    assert before.json() == after.json()
    assert 20 == sum(codes(after).values())


@pytest.mark.slow
def test_the_lists_of_a_division_come_by_themselves_once_it_is_signed_in(tmp_path: Path) -> None:
    """From the simulator of Exact Online into the intake, with the commands of the guide; then a cost center
    is closed there.
    """
    office = Office(tmp_path / "home")
    with Sandbox(["--profile", "fast", "--scenario", "procurement"]) as sandbox:
        exact, scene = sandbox.systems["exact_online"], scene_of("trading_company")
        supplier = {"code": "20001", "set": {"Name": "O'Brien & Söhne", "IsSupplier": True}}
        sandbox.control("exact_online", "control/put_relation", {"division": "3010", **supplier})
        office.product._add("ledger", "exact_online", {**scene.settings(exact, ["3010"]), **scene.unlimited})
        office.product.run("connections", "add", "expenses", "--connector", "intake", "--sandbox", "--json")
        basics = ("--mode", "automatic", "--starts-on", "2026-01-01", "--option", "entity=3010", "--json")
        wanted = [f"--want={name}=every 6h" for name in WANTED]
        with office.open(), office.client() as client:
            office.product.run("pairs", "set", "ledger", "expenses", *basics, *wanted)
            before = {one["name"]: one["asOf"] for one in client.get("/v1/master-data").json()["lists"]}
            office.product.authorize("ledger")
            ends, known = time.monotonic() + 120, before
            while None in known.values():
                assert time.monotonic() < ends, known
                time.sleep(0.5)
                lists = client.get("/v1/master-data").json()["lists"]
                known = {one["name"]: one["asOf"] for one in lists}
            found = {name: client.get(f"/v1/master-data/{name}").json()["rows"] for name in known}
            sandbox.control(
                "exact_online", "control/deactivate_cost_center", {"division": "3010", "code": "FIN"}
            )
            office.product.run("run", "cost_centers", "--from", "ledger", "--to", "expenses", "--json")
            centers = codes(client.get("/v1/master-data/cost-centers"))

    assert (8, {None}) == (len(before), set(before.values()))
    assert {"projects"} >= {name for name, rows in found.items() if not rows}
    assert {"profit_and_loss", "balance_sheet", "creditor"} <= {row["kind"] for row in found["gl-accounts"]}
    taxes = {row["code"]: (row["percentage"], row["kind"]) for row in found["tax-codes"]}
    assert ("21", "excluding") == taxes["2"]
    assert {"general", "purchase"} <= {row["kind"] for row in found["journals"]}
    assert {"20001": "O'Brien & Söhne"} == {row["code"]: row["name"] for row in found["suppliers"]}
    assert not centers["FIN"]
    assert sum(centers.values()) == len(centers) - 1


WANTED = (
    *("accounts", "journals", "taxes", "payment_terms", "supplier_codes"),
    *("cost_centers", "cost_units", "projects"),
)

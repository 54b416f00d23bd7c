"""The judge of expenses: what a bookkeeper books right is well, and everything that is wrong is said."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from tests.sandbox.findity_world import World

from ml_connector_sandbox.core.registry import Host, load_scenario, open_system
from ml_connector_sandbox.core.serve import Sandbox
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.judges import expenses as judge_module
from ml_connector_sandbox.judges.expense_masters import CLASSES, KINDS, wrong_masters
from ml_connector_sandbox.judges.expenses import Verdict, judge

SCRIPT = load_scenario("expenses")


class Office:
    """A bookkeeper with both systems: own money as a purchase entry of the employee, cards in a journal."""

    def __init__(self) -> None:
        self.world = World("fast")
        self.ledger: Host = open_system(
            "exact_online", scenario="expenses", profile="fast", clock=self.world.clock
        )
        self.client = httpx2.Client(
            transport=SandboxTransport(self.ledger),
            base_url="http://ledger",
            headers={"Accept": "application/json"},
        )
        token = self.act("grant")["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"
        self.ids: dict[tuple[str, str, str], str] = {}

    def act(self, action: str, **typed: Any) -> Any:
        answer = self.client.post(f"/__sandbox__/control/{action}", json=typed)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def verdict(self, **more: Any) -> Verdict:
        return judge(
            self.world.books(), self.ledger.vendor.books(), self.act("files")["files"], SCRIPT, **more
        )

    def id_of(self, entity: str, path: str, code: str) -> str:
        """The id of an account or a relation by its code."""
        key = (entity, path, code)
        if key not in self.ids:
            text = code if path == "financial/GLAccounts" else code.rjust(18)
            asked = {"$filter": f"Code eq '{text}'", "$select": "ID"}
            rows = self.client.get(f"/api/v1/{entity}/{path}", params=asked).raise_for_status().json()["d"]
            self.ids[key] = (rows["results"] if isinstance(rows, dict) else rows)[0]["ID"]
        return self.ids[key]

    def post(self, entity: str, path: str, body: Any) -> Any:
        answer = self.client.post(f"/api/v1/{entity}/{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["d"]

    def book(self, report: dict[str, Any]) -> None:
        """Everything of a report, with its receipts."""
        books = self.world.books()
        organization = next(row for row in books["organizations"] if row["id"] == report["organization"])
        creditor = next(row for row in books["users"] if row["id"] == report["user"])["supplier_number"]
        entity = SCRIPT.ENTITY_OF[organization["name"]]
        for own in (True, False):
            spent = [row for row in report["expenses"] if row["reimbursable"] is own]
            if not spent:
                continue
            document = self.archive(entity, creditor, spent)
            (self.purchase if own else self.journal)(entity, creditor, spent, document)

    def archive(self, entity: str, creditor: str, spent: list[dict[str, Any]]) -> str:
        """A document with the receipts."""
        account = self.id_of(entity, "crm/Accounts", creditor)
        head = {"Subject": "Expenses", "Type": 20, "Account": account}
        document = self.post(entity, "documents/Documents", head)["ID"]
        for expense in spent:
            for receipt in expense["receipts"]:
                content = self.world.vendor.book.tables["receipts"][receipt["id"]]["content"]
                file = {
                    "Document": document,
                    "FileName": receipt["name"].rpartition("/")[2],
                    "Attachment": base64.b64encode(content).decode(),
                }
                self.post(entity, "documents/DocumentAttachments", file)
        return str(document)

    def lines(self, entity: str, spent: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Net amounts with code, VAT as it is stated, and the codes."""
        return [
            {
                "GLAccount": self.id_of(entity, "financial/GLAccounts", line["account"]),
                "AmountFC": line["net"],
                "VATCode": line["vat_code"] or "0",
                "VAT": line["vat"],
                "CostCenter": line["codes"].get("cost_center"),
                "CostUnit": line["codes"].get("cost_unit"),
                "Description": expense["text"][:60],
            }
            for expense in spent
            for line in expense["lines"]
        ]

    def purchase(self, entity: str, creditor: str, spent: list[dict[str, Any]], document: str) -> None:
        """On the day of the first expense."""
        lines = self.lines(entity, spent)
        for line in lines:
            vat = line.pop("VAT")
            line |= {"VATAmountFC": vat} if Decimal(vat) else {}
        body = {
            "Journal": "60",
            "Supplier": self.id_of(entity, "crm/Accounts", creditor),
            "EntryDate": spent[0]["date"],
            "Document": document,
            "YourRef": spent[0]["id"][:20],
            "PurchaseEntryLines": lines,
        }
        self.post(entity, "purchaseentry/PurchaseEntries", body)

    def journal(self, entity: str, _: str, spent: list[dict[str, Any]], document: str) -> None:
        lines = self.lines(entity, spent)
        for line in lines:
            vat = line.pop("VAT")
            line |= {"AmountVATFC": vat} if Decimal(vat) else {}
        whole = -sum((Decimal(expense["gross"]) for expense in spent), Decimal(0))
        card = {"GLAccount": self.id_of(entity, "financial/GLAccounts", "1150"), "AmountFC": str(whole)}
        rows = [{**line, "Date": "2026-07-01", "Document": document} for line in (*lines, card)]
        body = {"JournalCode": "91", "GeneralJournalEntryLines": rows}
        self.post(entity, "generaljournalentry/GeneralJournalEntries", body)

    def answer(self) -> None:
        """Tell every voucher that waits that it is booked."""
        for export in self.world.books()["exports"]:
            for voucher in self.world.vouchers(export["id"], export["organization"]):
                if voucher["status"] == "PENDING":
                    told = self.world.answer(
                        voucher, organization=export["organization"], externalReference="1"
                    )
                    assert 200 == told


@pytest.fixture
def office() -> Office:
    """Everything exported and booked, every status back."""
    made = Office()
    for organization in ("NK-NL", "NK-BE"):
        made.world.control("make_export", organization=organization)
    for report in made.world.books()["reports"]:
        if report["status"] == "TRANSFER":
            made.book(report)
    made.answer()
    return made


def test_what_is_booked_right_is_well(office: Office) -> None:
    """Own money with the creditor, cards in a journal, receipts in the archive; every status back."""
    verdict = office.verdict()
    assert () == verdict.differences
    assert verdict.ok
    books = office.world.books()
    sent = [report for report in books["reports"] if report["status"] == "SENT"]
    assert (15, 15) == (len(sent), verdict.reports)
    told = verdict.as_json()
    gross = sum(Decimal(expense["gross"]) for report in sent for expense in report["expenses"])
    assert str(gross) == told["gross"]
    assert (5, 0, 0, 0, 0) == tuple(
        told[name] for name in ("mileage", "receipts_missing", "unanswered", "duplicates", "lost")
    )
    assert 27 == told["receipts"] == len(office.act("files")["files"])
    assert {True} == {told[name] for name in ("amount_equal", "vat_equal", "payable_equal")}
    assert office.verdict(by_cost_center=False).ok


def numbers(office: Office) -> list[str]:
    return [row["id"] for row in office.ledger.vendor.books()["documents"]]


def _first_line(office: Office, **more: Any) -> None:
    office.act("edit", id=numbers(office)[0], line=1, **more)


WRONG: dict[str, tuple[Callable[[Office], Any], str]] = {
    "doubled": (lambda office: office.act("double", id=numbers(office)[0]), "is booked again"),
    "deleted": (lambda office: office.act("delete", id=numbers(office)[-1]), "not whole in the ledger"),
    "another amount": (lambda office: _first_line(office, amount="1.00"), "out of balance"),
    "another account": (lambda office: _first_line(office, account="4600"), "account 4600 SALES in 3010"),
    "another cost center": (lambda office: _first_line(office, cost_center="IT"), "account 4310 IT in 3010"),
    "by hand": (
        lambda office: office.act(
            "book",
            journal="90",
            date="2026-07-01",
            lines=[{"account": "4310", "amount": "1"}, {"account": "4300", "amount": "-1"}],
        ),
        "is of no report that was told as booked",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(office: Office, name: str) -> None:
    break_it, text = WRONG[name]
    break_it(office)
    verdict = office.verdict()
    assert not verdict.ok
    assert [row for row in verdict.differences if text in row], verdict.differences


def test_a_receipt_that_is_missing_or_twice_is_said(office: Office) -> None:
    ledger: Any = office.ledger.vendor
    books = office.world.books()
    files = office.act("files")["files"]
    missing = judge(books, ledger.books(), files[1:], SCRIPT)
    assert (1, False) == (missing.receipts_missing, missing.ok)
    loose = judge(books, ledger.books(), [{**files[0], "entry": None}, *files[1:]], SCRIPT)
    assert 1 == loose.receipts_missing
    twice = judge(books, ledger.books(), [files[0], *files], SCRIPT)
    assert [True] == ["2 times in one document" in row for row in twice.differences]


def test_a_creditor_or_a_vat_code_of_somebody_else_is_said(office: Office) -> None:
    """The accounts are right, and yet the wrong person is paid, or the wrong VAT is claimed."""
    held = office.ledger.vendor.books()
    lines = [line for document in held["documents"] for line in document["lines"]]
    owed = next(
        line for line in lines if line.get("relation") == "40019" and line["account"].strip() == "1600"
    )
    owed["relation"] = "40020"
    verdict = judge(office.world.books(), held, office.act("files")["files"], SCRIPT)
    assert (True, False) == (verdict.amount_equal, verdict.payable_equal)
    owed["relation"] = "40019"
    vat = next(line for line in lines if line["account"].strip() == "1520")
    vat["vat_code"] = "5"
    verdict = judge(office.world.books(), held, office.act("files")["files"], SCRIPT)
    assert (True, False) == (verdict.amount_equal, verdict.vat_equal)


def test_a_status_that_is_missing_or_not_true_is_said() -> None:
    """Booked and not told, told and not booked."""
    office = Office()
    report = office.world.report("Course bookkeeping")
    office.book(report)
    assert [True] * 2 == [
        any(text in row for row in office.verdict().differences)
        for text in ("waits for its status", "of no report that was told as booked")
    ]
    office.answer()
    verdict = office.verdict()
    assert (0, 8) == (verdict.unanswered, verdict.status_back)
    assert "report 1003 is told" not in str(verdict.differences)
    assert 5 == verdict.lost


def test_a_report_that_is_booked_in_part_is_judged_in_part() -> None:
    """And whole when the rest has come."""
    office = Office()
    report = office.world.report("Warehouse tools")
    first, second = (
        dict(report, expenses=report["expenses"][:2]),
        dict(report, expenses=report["expenses"][2:]),
    )
    office.book(first)
    made = next(row for row in office.world.books()["exports"] if row["grouping"] == "EXPENSE")
    for number, voucher in enumerate(office.world.vouchers(made["id"])):
        office.world.answer(voucher, "BOOKED" if number < 2 else "FAILED")
    waits = [row for row in office.verdict().differences if "waits for its status" not in row]
    assert ([], 2) == (waits, office.verdict().expenses)
    office.world.control("make_export", reports=["Warehouse tools"], grouping="REPORT_PER_ACCOUNT")
    office.world.answer(office.world.vouchers(office.world.books()["exports"][-1]["id"])[0])
    assert 1 == office.verdict().lost
    office.book(second)
    assert (0, 3) == (office.verdict().lost, office.verdict().expenses)


def test_a_refund_may_stand_in_an_entry_of_its_own() -> None:
    """On another day, so that neither entry fits into what its report comes to; of two reports at once."""
    office = Office()
    spent = [
        {"category": "Travel", "amount": "80.00", "date": "2026-06-03"},
        {"category": "Travel", "amount": "-7.50", "date": "2026-06-04"},
    ]
    office.world.control("add_report", user="Esra Yılmaz", title="Tickets", approved=True, expenses=spent)
    office.world.control("make_export", reports=["Tickets"])
    for title, count in (("Course bookkeeping", 2), ("Tickets", 1)):
        report = office.world.report(title)
        office.book(dict(report, expenses=report["expenses"][:count]))
        office.book(dict(report, expenses=report["expenses"][count:]))
        made = next(row for row in office.world.books()["exports"] if report["id"] in row["reports"])
        office.world.answer(office.world.vouchers(made["id"])[0])
    verdict = office.verdict()
    waits = [row for row in verdict.differences if "waits for its status" not in row]
    assert ([], 4, 0) == (waits, verdict.booked, verdict.lost)
    office.act("double", id=numbers(office)[0])
    assert 2 == office.verdict().lost


def test_a_correction_counts_once(office: Office) -> None:
    """Taken back and booked as it is now; or booked beside what was there, which is said."""
    office.world.control("reopen", report="New keyboard")
    office.world.control("edit_expense", report="New keyboard", expense=1, set={"amount": "119.99"})
    assert office.verdict().ok
    office.world.control("approve", report="New keyboard")
    office.world.control("make_export", reports=["New keyboard"])
    office.answer()
    assert 1 == office.verdict().lost
    before = next(row for row in office.ledger.vendor.books()["documents"] if _has(row, "-129.99"))
    office.book(office.world.report("New keyboard"))
    assert not office.verdict().ok
    held = office.ledger.vendor.books()
    back = json.loads(json.dumps(before))
    back["id"], back["number"] = "reversal", "99999999"
    for line in back["lines"]:
        line["amount"] = str(-Decimal(line["amount"]))
    held["documents"].append(back)
    verdict = judge(office.world.books(), held, office.act("files")["files"], SCRIPT)
    assert verdict.ok, verdict.differences
    office.act("delete", id=before["id"])
    assert office.verdict().ok


def _has(document: dict[str, Any], amount: str) -> bool:
    return any(line["amount"] == amount for line in document["lines"])


def test_what_cannot_be_told_is_not_judged(office: Office) -> None:
    expense = {"category": "Hotel", "amount": "10.00", "salary_code": "1234"}
    office.world.control("add_report", user="Esra Yılmaz", title="Pay", approved=True, expenses=[expense])
    office.world.control("make_export", reports=["Pay"])
    assert any("waits for its status" in row for row in office.verdict().differences)
    office.answer()
    with pytest.raises(ValueError, match="has a pay code"):
        office.verdict()
    other = Office()
    other.world.control("make_export", grouping="REPORT_PER_REPORT_PAID", reports=["London in a day"])
    other.answer()
    with pytest.raises(ValueError, match="had no accounts"):
        other.verdict()


# --- master data --------------------------------------------------------------------------------------------


def wrong(office: Office, *kinds: str) -> list[str]:
    chart = office.act("chart")["entries"]
    return list(wrong_masters(office.world.books(), chart, SCRIPT, kinds or KINDS))


def sync(office: Office) -> None:
    """What a sync of master data would do, by hand."""
    world = office.world
    organizations = {SCRIPT.ENTITY_OF[row["title"]]: row["code"] for row in world.told["entities"]}
    paths = {
        "account": "/accounts",
        "vat_code": "/vatCodes",
        "journal": "/journals",
        "supplier": "/suppliers",
    }
    for entity, key in organizations.items():
        for row in world.rows("/dimensions", key):
            axis = row["name"].lower().replace(" ", "_")
            paths[entity + axis] = f"/dimensions/{row['id']}/values"
    for row in office.act("chart")["entries"]:
        path, key = paths.get(row["kind"]) or paths[row["entity"] + row["kind"]], organizations[row["entity"]]
        code = "number" if row["kind"] in ("account", "supplier") else "code"
        body = {code: row["code"], "name": row["name"], "description": row["name"], "active": row["open"]}
        body |= {"accountClass": CLASSES[row["class"]]} if "class" in row else {}
        body |= {"percentage": row["percentage"]} if "percentage" in row else {}
        there = [held for held in world.rows(path, key, pageSize=200) if held[code] == row["code"]]
        verb, more = ("PUT", f"/{there[0]['id']}") if there else ("POST", "")
        assert world.send(verb, path + more, body, key).status_code in (200, 201)


def test_master_data_that_was_brought_over_is_well() -> None:
    """Before, what somebody typed in by hand is short, old and open where it is closed."""
    office = Office()
    before = wrong(office)
    for text in (
        "account 4120 of 3010 is Telephone PROFIT_AND_LOSS, and Telephone and internet PROFIT_AND_LOSS in",
        "account 4990 of 3020 can be chosen, and is closed or unknown in the ledger",
        "journal 91 of 3010 cannot be chosen",
        "supplier 40019 of 3010 cannot be chosen",
        "vat_code 3 of 3010 cannot be chosen",
        "cost_center OPS of 3020 cannot be chosen",
    ):
        assert any(row.startswith(text) for row in before), text
    sync(office)
    assert [] == wrong(office)


def test_master_data_that_is_wrong_is_said() -> None:
    office = Office()
    sync(office)
    world = office.world
    world.control("edit_master", table="vat_codes", key="2", set={"percentage": "19"})
    world.control("edit_master", table="suppliers", key="40019", set={"name": "Somebody"})
    world.control("edit_master", table="journals", key="91", set={"active": False})
    world.turn(key_taken="doubled")
    world.control("add_master", table="accounts", set={"number": "4100", "name": "Office supplies"})
    world.control("add_master", table="accounts", set={"number": "4101", "name": "Unknown"})
    office.act("block_account", account="4110", entity="3020")
    assert [
        "account 4100 of 3010 is there 2 times",
        "account 4101 of 3010 can be chosen, and is closed or unknown in the ledger",
        "account 4110 of 3020 can be chosen, and is closed or unknown in the ledger",
        "journal 91 of 3010 cannot be chosen",
        "supplier 40019 of 3010 is Somebody, and Anouk de Vries in the ledger",
        "vat_code 2 of 3010 is VAT 21% excluding 19, and VAT 21% excluding 21 in the ledger",
    ] == sorted(wrong(office))
    assert [] == wrong(office, "cost_center", "cost_unit", "project")
    with pytest.raises(KeyError, match="kind coffee"):
        wrong(office, "coffee")


def test_the_command_line_prints_one_line_and_its_exit_code(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 when well, 1 when not, 2 when nobody answers."""
    with Sandbox({"findity": office.world.host, "exact_online": office.ledger}) as sandbox:
        arguments = [
            *("--expenses-control", sandbox.base_url("findity") + "/__sandbox__/"),
            *("--ledger-control", sandbox.base_url("exact_online") + "/__sandbox__/"),
        ]
        assert 0 == judge_module.main(arguments)
        out = capsys.readouterr().out
        assert (True, 1) == (json.loads(out)["ok"], out.count("\n"))
        assert 1 == judge_module.main([*arguments, "--masters", "journal", "--masters", "account"])
        assert "journal 91 of 3010 cannot be chosen" in capsys.readouterr().err
        office.act("delete", id=numbers(office)[0])
        assert 1 == judge_module.main([*arguments, "--accounts-only"])
        assert "not whole in the ledger" in capsys.readouterr().err
        assert 2 == judge_module.main([*arguments, "--scenario", "nope"])
    assert 2 == judge_module.main(arguments)

"""`serve --intake` over real sockets: a report is stored once and whole, or not at all, for its organisation
alone.
"""

from __future__ import annotations

import gzip
import io
import json
import socket
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from tests.e2e.intake_world import PDF, Office

DIES = """
import os, signal, sys
sys.argv = ["ml-connector", *sys.argv[1:]]
from ml_connector.app.settings import Settings, start_django
start_django(Settings())
from ml_connector.app import intake
store, kept = intake.Intake._store, intake.Intake.take
def died(*given): {before}
def taken(*given):
    result = kept(*given)
    {after}
    return result
if {before!r} != "pass":
    intake.Intake._store = died
intake.Intake.take = taken
from ml_connector.cli.main import main
main()
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The installation, at work."""
    made = Office(tmp_path_factory.mktemp("home"))
    with made.open():
        yield made


def code(answer: httpx.Response) -> str:
    """The code of the first problem."""
    assert "application/problem+json" == answer.headers["content-type"]
    assert answer.json()["status"] == answer.status_code
    return str(answer.json()["errors"][0]["code"])


# --- once ---------------------------------------------------------------------------------------------------


def test_a_report_is_stored_once(office: Office) -> None:
    """The same key and content: the same answer, byte for byte. Another key and the same content: the report
    of then.
    """
    report, before = office.new(), office.rows()
    first, again = office.send(report, "once"), office.send(report, "once")
    other_key = [office.send(report, "once-more") for _ in range(2)]
    blanks = office.send(json.dumps(report, indent=3), "once")

    assert [201, 201, 200, 200, 201] == [one.status_code for one in (first, again, *other_key, blanks)], (
        first.text
    )
    assert {first.content} == {one.content for one in (again, *other_key, blanks)}
    assert [None, "true", None, "true", "true"] == [
        one.headers.get("Idempotency-Replayed") for one in (first, again, *other_key, blanks)
    ]
    after = office.rows()
    assert {"store_intakereport": 1, "store_intakefile": 1, "store_intakekey": 2} == {
        name: after[name] - before[name] for name in after if name != "files"
    }


@pytest.mark.parametrize(
    "change",
    [lambda report: ({**report, "title": "Another"}, PDF), lambda report: (report, PDF + b"%%EOF\n")],
    ids=["another word", "another byte of a receipt"],
)
def test_other_content_is_a_conflict(office: Office, change: Callable[[Any], Any]) -> None:
    """Under the same key, and under another one for the same revision; the next revision is new."""
    report = office.new()
    key = report["externalId"]
    assert 201 == office.send(report, key).status_code
    before = office.rows()
    changed, receipt = change(report)
    same_key = office.send(changed, key, {"r1": ("x", receipt)})
    same_report = office.send(changed, f"{key}-other", {"r1": ("x", receipt)})
    between = office.rows()
    revised = office.send({**changed, "revision": 2}, f"{key}-2", {"r1": ("x", receipt)})

    assert [(409, "intake.key_reused"), (409, "intake.report_exists")] == [
        (one.status_code, code(one)) for one in (same_key, same_report)
    ]
    assert "as revision 2." in same_report.json()["detail"]
    assert before == between
    assert 201 == revised.status_code


def test_what_is_sent_at_once_under_one_key_has_one_outcome(office: Office) -> None:
    """Eight times the same: one report, eight same answers. Eight with other words: one stored, the others a
    conflict.
    """
    same, other = office.new(), office.new()
    with ThreadPoolExecutor(8) as threads:
        alike = list(threads.map(lambda _: office.send(same, "at-once"), range(8)))
        unlike = list(
            threads.map(lambda n: office.send({**other, "title": f"Title {n}"}, "at-once-2"), range(8))
        )

    assert [201] * 8 == [one.status_code for one in alike]
    assert 1 == len({one.content for one in alike})
    assert [201] + [409] * 7 == sorted(one.status_code for one in unlike)


def test_what_was_answered_is_read_back(office: Office) -> None:
    """By its id and in the list, in the order in which it was stored, page by page."""
    sent = [office.send(report, report["externalId"]).json() for report in (office.new(), office.new())]
    with office.client() as client:
        one = client.get(f"/v1/expense-reports/{sent[0]['id']}").json()
        named = client.get("/v1/expense-reports", params={"externalId": sent[1]["externalId"]}).json()
        pages, after, more = [], 0, True
        while more:
            page = client.get("/v1/expense-reports", params={"after": after, "limit": 2}).json()
            pages, after, more = [*pages, *page["reports"]], page["cursor"], page["more"]

    assert "received" == one["state"]
    assert sent[0] == {name: one[name] for name in sent[0]}
    assert [sent[1]["id"]] == [row["id"] for row in named["reports"]]
    assert list(range(1, len(pages) + 1)) == [row["cursor"] for row in pages]
    assert [row["id"] for row in sent] == [row["id"] for row in pages][-2:]


def test_the_report_and_its_receipt_are_kept_as_sent(office: Office) -> None:
    """To the cent, with the receipt's bytes under their hash, and in the audit log."""
    answer = office.send(office.new(), "as-sent").json()
    with closing(sqlite3.connect(office.product.home / "product.sqlite3")) as tables:
        content, sent = tables.execute(
            "SELECT content, sent FROM store_intakereport WHERE identity = ?", [answer["id"]]
        ).fetchone()
    (receipt,) = answer["receipts"]
    kept = office.product.home / "files" / receipt["sha256"][:2] / receipt["sha256"]

    from ml_connector.domain import codec
    from ml_connector.domain.expense import PaidWith

    report = codec.decode(content)
    assert answer["id"] == report.reference
    assert Decimal("245.70") == report.gross.amount
    assert [("x1", 12100), ("x2", 3270), ("x3", 9200)] == [
        (line.number, line.gross.minor) for line in report.lines
    ]
    assert [PaidWith.OWN_MONEY, PaidWith.COMPANY_CARD, PaidWith.OWN_MONEY] == [
        line.paid_with for line in report.lines
    ]
    assert answer["externalId"] == json.loads(sent)["externalId"]
    assert PDF == kept.read_bytes()
    assert 0o600 == kept.stat().st_mode & 0o777
    chain = office.product.command("audit", "export").stdout
    assert answer["id"] in chain
    assert 0 == office.product.command("audit", "verify", "--json").code


def test_a_report_is_canceled_once_and_replaced_ones_are_not(office: Office) -> None:
    """The same again is answered alike; a later revision is sent all the same, and then the first is not its
    business any more. Another organisation, and a token that may read alone, cancel nothing.
    """
    report = office.new()
    sent = office.send(report, f"{report['externalId']}-1").json()
    path = f"/v1/expense-reports/{sent['id']}"
    reader = office.add_token("canceler", "--scope", "reports:read")
    denied = []
    for token in (office.other_token, reader):
        with office.client(token) as client:
            denied.append(client.post(f"{path}/cancel").status_code)
    with office.client() as client:
        before = client.get(path).json()
        first, again = (client.post(f"{path}/cancel") for _ in range(2))
        revised = office.send({**report, "revision": 2}, f"{report['externalId']}-2")
        late = client.post(f"{path}/cancel")
        after = client.get(path).json()

    assert [404, 403] == denied
    assert ("received", "current", "") == (before["state"], before["standing"], before["message"])
    assert (200, first.json()) == (again.status_code, again.json())
    assert "canceled" == first.json()["standing"]
    assert (201, 409, "intake.replaced") == (revised.status_code, late.status_code, code(late))
    assert "replaced" == after["standing"]


# --- for its organisation alone -----------------------------------------------------------------------------


def test_another_organisation_sees_nothing_of_it(office: Office) -> None:
    """Not its report, as if it were nobody's; and the same key and ids there are its own."""
    report = office.new()
    mine = office.send(report, "shared").json()
    theirs = office.send({**report, "title": "Theirs"}, "shared", token=office.other_token)
    with office.client(office.other_token) as client:
        found = client.get(f"/v1/expense-reports/{mine['id']}")
        nobodys = client.get("/v1/expense-reports/00000000-0000-0000-0000-000000000000")
        listed = client.get("/v1/expense-reports").json()

    assert (201, 404, 404) == (theirs.status_code, found.status_code, nobodys.status_code)
    assert found.text.replace(mine["id"], "") == nobodys.text.replace(
        "00000000-0000-0000-0000-000000000000", ""
    )
    assert [theirs.json()["id"]] == [row["id"] for row in listed["reports"]]


def test_a_token_is_good_for_its_scopes_and_until_it_is_revoked(office: Office) -> None:
    reader = office.add_token("reader", "--scope", "reports:read")
    writer = office.add_token("writer", "--scope", "reports:write")
    with office.client(reader) as client:
        may_read = client.get("/v1/expense-reports")
    denied = office.send(office.new(), "denied", token=reader)
    with office.client(writer) as client:
        may_not = client.get("/v1/expense-reports")
    assert 0 == office.product.command("tokens", "revoke", "reader", "--json").code
    with office.client(reader) as client:
        revoked = client.get("/v1/expense-reports")
    wrong = [office.send(office.new(), "wrong", token=token) for token in ("-", "mlc_x", f"{office.token}x")]

    assert (200, 403, 403, 401) == (
        may_read.status_code,
        denied.status_code,
        may_not.status_code,
        revoked.status_code,
    )
    assert "Token reader has no scope reports:write. Use one that has." == denied.json()["detail"]
    assert {(401, "intake.token", "Bearer")} == {
        (one.status_code, code(one), one.headers["WWW-Authenticate"]) for one in (revoked, *wrong)
    }


# --- what is not taken --------------------------------------------------------------------------------------


def packed() -> bytes:
    """An archive whose one file grows to 50 MB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(50 * 1024 * 1024))
    return made.getvalue()


def changed(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of a report: what stands at a path, `a.0.b`."""

    def change(report: dict[str, Any]) -> None:
        *steps, last = path.split(".")
        place: Any = report
        for step in steps:
            place = place[int(step)] if step.isdecimal() else place[step]
        place[int(last) if last.isdecimal() else last] = value

    return change


HOTEL = "expenses.0.receipts.0"
BAD: list[tuple[str, Callable[[dict[str, Any]], None], Any, str, str, str]] = [
    ("zip bomb", changed("title", ""), packed(), "intake.file_kind", "/expenses/0/receipts/0", "PDF, JPEG"),
    (
        "PDF that is none",
        changed("title", ""),
        b"Hello",
        "intake.file_kind",
        "/expenses/0/receipts/0",
        "no whole",
    ),
    (
        "half a PDF",
        changed("title", ""),
        PDF[:20],
        "intake.file_kind",
        "/expenses/0/receipts/0",
        "no whole file",
    ),
    ("empty file", changed("title", ""), b"", "intake.file_kind", "/expenses/0/receipts/0", "no whole file"),
    (
        "a picture named as a PDF",
        changed("title", ""),
        b"\x89PNG\r\n\x1a\n" + bytes(20),
        "intake.file_kind",
        "/expenses/0/receipts/0/fileName",
        "is a PNG, and its name does not end as one: .png.",
    ),
    (
        "path in the file name",
        changed(f"{HOTEL}.fileName", "../../etc/hotel.pdf"),
        PDF,
        "intake.file_name",
        "/expenses/0/receipts/0/fileName",
        "'../../etc/hotel.pdf' is no file name",
    ),
    (
        "path of Windows in the file name",
        changed(f"{HOTEL}.fileName", "C:\\hotel.pdf"),
        PDF,
        "intake.file_name",
        "/expenses/0/receipts/0/fileName",
        "Send the name alone.",
    ),
    (
        "receipt over the limit",
        changed("title", ""),
        PDF + bytes(25 * 1024 * 1024),
        "intake.file_size",
        "/expenses/0/receipts/0",
        "at most 26,214,400 are taken. Send a smaller scan.",
    ),
    (
        "another hash",
        changed(f"{HOTEL}.sha256", "0" * 64),
        PDF,
        "intake.file_hash",
        "/expenses/0/receipts/0/sha256",
        "Send it again.",
    ),
    (
        "receipt that is not sent",
        changed(f"{HOTEL}.part", "r9"),
        PDF,
        "intake.file_missing",
        "/expenses/0/receipts/0",
        "The request has no file in part 'r9'; send it once.",
    ),
    (
        "receipt that nobody names",
        changed("expenses.0.receipts", []),
        PDF,
        "intake.file_unnamed",
        "r1",
        "No receipt of the report names part 'r1'.",
    ),
    (
        "float",
        changed("expenses.0.grossAmount", 121.0),
        PDF,
        "intake.shape",
        "/expenses/0/grossAmount",
        "string",
    ),
    ("third decimal", changed("totals.gross", "245.705"), PDF, "intake.amount", "/expenses", "more decimals"),
    (
        "unknown currency",
        changed("currency", "XXX"),
        PDF,
        "intake.amount",
        "/expenses",
        "unknown currency 'XXX'",
    ),
    (
        "unknown field",
        changed("tottals", {}),
        PDF,
        "intake.shape",
        "/tottals",
        "Extra inputs are not permitted.",
    ),
    (
        "no time zone",
        changed("approvedAt", "2026-02-03T09:12:00"),
        PDF,
        "intake.shape",
        "/approvedAt",
        "timezone",
    ),
    (
        "day as a number",
        changed("expenses.0.date", 1700000000),
        PDF,
        "intake.shape",
        "/expenses/0/date",
        "date",
    ),
    (
        "drive without distance",
        changed("expenses.2.mileage", None),
        PDF,
        "intake.kind",
        "/expenses/2/mileage",
        "",
    ),
    (
        "totals that differ from the expenses",
        changed("totals.gross", "245.71"),
        PDF,
        "expense.totals",
        "report",
        "its expenses come to 245.70 EUR gross, and its head says 245.71 EUR.",
    ),
    (
        "negative VAT",
        changed("expenses.0.taxes.0.taxAmount", "-21.00"),
        PDF,
        "expense.vat",
        "report",
        "-21.00 EUR VAT of high has another sign than 121.00 EUR spent.",
    ),
    (
        "a drive that comes to another amount",
        changed("expenses.2.mileage.ratePerUnit", "0.21"),
        PDF,
        "expense.mileage",
        "report",
        "400 km at 0.21 come to 84.00 EUR, and 92.00 EUR are claimed.",
    ),
    (
        "an expense twice",
        changed("expenses.1.externalId", "x1"),
        PDF,
        "expense.twice",
        "report",
        "expense x1 is in it 2 times.",
    ),
    (
        "no receipt and no reason",
        changed("expenses.1.missingReceiptReason", ""),
        PDF,
        "expense.receipt",
        "report",
        "it has no receipt, and does not say why.",
    ),
    (
        "parts that are not the whole",
        changed(
            "expenses.1",
            {
                "externalId": "x2",
                "type": "RECEIPT",
                "date": "2026-01-14",
                "paymentMethod": "COMPANY_CARD",
                "grossAmount": "32.70",
                "missingReceiptReason": "Lost",
                "parts": [{"grossAmount": "16.35"}, {"grossAmount": "16.34"}],
            },
        ),
        PDF,
        "intake.parts",
        "/expenses/1/parts",
        "The parts come to 32.69 EUR, and the expense says 32.70 EUR.",
    ),
]


@pytest.mark.parametrize(
    ("change", "receipt", "wanted", "where", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_what_cannot_be_taken_is_said_and_nothing_is_stored(
    office: Office, change: Callable[[Any], None], receipt: bytes, wanted: str, where: str, words: str
) -> None:
    """No row and no file; the same, put right, is taken under the same key."""
    report, before = office.new(), office.rows()
    good = json.loads(json.dumps(report))
    change(report)
    answer = office.send(report, report["externalId"], {"r1": ("x", receipt)})
    after = office.rows()
    mended = office.send(good, good["externalId"])

    assert 422 == answer.status_code, answer.text
    told = [(one["code"], one["path"].partition(" ")[0]) for one in answer.json()["errors"]]
    assert (wanted, where) in told
    assert words in answer.text
    assert before == after
    assert 201 == mended.status_code


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"externalId": "a", "externalId": "b"}', "Field required"),
        ("[" * 100_000, "recursion"),
        ("no JSON", "Invalid JSON"),
        ('{"a": NaN}', "Field required"),
    ],
)
def test_what_is_no_report_is_said(office: Office, text: str, words: str) -> None:
    answer = office.send(text, "no-report")

    assert (422, "intake.shape") == (answer.status_code, code(answer))
    assert words in answer.text


def test_a_name_that_stands_twice_is_refused(office: Office) -> None:
    """Programs do not agree on which one counts."""
    text = json.dumps(office.new()).replace('"currency": "EUR"', '"currency": "EUR", "currency": "EUR"', 1)
    answer = office.send(text, "twice")

    assert 422 == answer.status_code
    assert "The name 'currency' stands 2 times in one object. Write it once." == answer.json()["detail"]


def test_a_request_that_is_too_large_or_packed_is_not_read(office: Office) -> None:
    """Nothing is unpacked, and of a caller without a token nothing is held; each reads why."""
    body = gzip.compress(bytes(10 * 1024 * 1024))
    before = office.rows()
    headers = {"Idempotency-Key": "x", "Content-Type": "multipart/form-data; boundary=b"}
    with office.client() as client:
        compressed = client.post(
            "/v1/expense-reports", content=body, headers={**headers, "Content-Encoding": "gzip"}
        )
        longest = (bytes(n) for n in (*[1024 * 1024] * 100, 1))
        unstated = client.post("/v1/expense-reports", content=longest, headers=headers)
    with office.client("mlc_nobody") as client:
        stranger = client.post("/v1/expense-reports", content=bytes(2 * 1024 * 1024), headers=headers)
    large = head(office, f"Bearer {office.token}", 101 * 1024 * 1024)
    waited_for = head(office, "Bearer mlc_nobody", 65 * 1024)

    assert (415, "intake.type") == (compressed.status_code, code(compressed))
    assert (413, "intake.size") == (unstated.status_code, code(unstated))
    assert (401, "intake.token") == (stranger.status_code, code(stranger))
    assert large.startswith("HTTP/1.1 413")
    assert waited_for.startswith("HTTP/1.1 401")
    assert "more than 104,857,600 bytes" in large
    assert before == office.rows()


def head(office: Office, authorization: str, size: int) -> str:
    """The answer to a request of which only the head is sent."""
    place = urlsplit(office.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as line:
        line.sendall(
            f"POST /v1/expense-reports HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        found = b""
        while piece := line.recv(65536):
            found += piece
    return found.decode()


def test_more_than_a_hundred_receipts_are_not_taken(office: Office) -> None:
    answer = office.send(office.new(), "many", {f"r{n}": ("x", PDF) for n in range(101)})

    assert (413, "intake.size") == (answer.status_code, code(answer))


@pytest.mark.slow
def test_a_token_that_calls_too_often_waits(office: Office) -> None:
    """Counted for each token: another one goes on."""
    eager = office.add_token("eager", "--scope", "reports:read")
    with office.client(eager) as client:
        answers = [client.get("/v1/expense-reports", params={"limit": 1}) for _ in range(601)]
    with office.client() as client:
        other = client.get("/v1/expense-reports", params={"limit": 1})

    assert [200] * 600 + [429] == [one.status_code for one in answers]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert 200 == other.status_code


# --- processes that die -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(KILL, "pass"), ("pass", KILL)], ids=["unsaved", "saved"])
def test_a_process_that_dies_loses_nothing_and_stores_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str
) -> None:
    """Killed when the receipts are kept and the report is not, and when it is stored and not answered yet:
    the same request again is stored once, whole.
    """
    office = Office(tmp_path_factory.mktemp("home"))
    report = office.new()
    with office.open(DIES.format(before=before, after=after)), pytest.raises(httpx.TransportError):
        office.send(report, "dies")
    between = office.rows()
    with office.open():
        answers = [office.send(report, "dies") for _ in range(2)]

    assert 1 == between["files"]
    assert int(after == KILL) == between["store_intakereport"]
    assert [201, 201] == [one.status_code for one in answers]
    assert 1 == len({one.content for one in answers})
    assert {"store_intakereport": 1, "store_intakefile": 1, "store_intakekey": 1, "files": 1} == office.rows()

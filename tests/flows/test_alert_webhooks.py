"""Alerts as signed webhooks, to a real receiver on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs
from tests.flows.test_alerts import DAY, HOUR, MINUTE, Watched
from tests.payday import TARGET

from ml_connector.transport.outgoing import InternalAddress, is_internal, post


class Receiver:
    """What a receiver was sent; it answers with `status`, and with a redirect to `to`."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status, self.to = 204, ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                if receiver.to:
                    self.send_header("Location", receiver.to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.calls]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


class Hooked(Watched):
    """An installation with endpoints."""

    @property
    def endpoints(self) -> Any:
        from ml_connector.app.outgoing import Endpoints

        self._assembly.keys.create()
        return Endpoints(self.access, self._assembly, self._actor)

    def hook(self, receiver: Receiver, name: str = "ops") -> str:
        return str(self.endpoints.add(name, receiver.url, internal=True))


@pytest.fixture
def world() -> Hooked:
    return Hooked()


def signature(secret: str, identity: str, timestamp: str, body: bytes) -> str:
    """As the specification says, by hand."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


# --- the format ---------------------------------------------------------------------------------------------


def test_a_signature_made_by_hand(world: Hooked) -> None:
    """HMAC-SHA256 over id, time and body, computed with openssl."""
    from ml_connector.app.outgoing import headers

    found = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        '{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == found["webhook-signature"]
    assert ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330") == (found["webhook-id"], found["webhook-timestamp"])


def test_an_alert_is_sent_signed_once_for_each_event(world: Hooked, receiver: Receiver) -> None:
    secret = world.hook(receiver)
    world.find("Añez")
    world.rounds(HOUR)
    world.find()
    world.rounds(HOUR)

    assert ["alert.opened", "alert.closed"] == [body["type"] for body in receiver.bodies()]
    data = receiver.bodies()[0]["data"]
    assert ("member.unknown", TARGET, "controller", "Look at Añez.") == tuple(
        data[name] for name in ("code", "place", "owner", "text")
    )
    for head, body in receiver.calls:
        wanted = signature(secret, head["webhook-id"], head["webhook-timestamp"], body)
        assert wanted == head["webhook-signature"]
    assert 2 == len({head["webhook-id"] for head, _ in receiver.calls})


def test_both_secrets_sign_for_a_day_after_a_rotation(world: Hooked, receiver: Receiver) -> None:
    old = world.hook(receiver)
    new = world.endpoints.renew("ops")
    world.find("a")
    world.rounds(3 * MINUTE)

    head, body = receiver.calls[-1]
    both = [signature(secret, head["webhook-id"], head["webhook-timestamp"], body) for secret in (new, old)]
    assert both == head["webhook-signature"].split()
    world.clock.sleep(DAY)
    world.rounds(10 * MINUTE)
    head, body = receiver.calls[-1]
    assert [signature(new, head["webhook-id"], head["webhook-timestamp"], body)] == head[
        "webhook-signature"
    ].split()


def test_secrets_are_encrypted_and_rotated_with_the_keys(world: Hooked, receiver: Receiver) -> None:
    from ml_connector.store.models import EndpointSecret
    from ml_connector.store.secrets import rotate

    secret = world.hook(receiver)
    before = EndpointSecret.objects.get().ciphertext
    assert secret not in before
    world._assembly.keys.add()
    assert 1 <= rotate(world._assembly.keys)
    world._assembly.keys.drop_old()

    assert before != EndpointSecret.objects.get().ciphertext
    world.find("a")
    world.rounds(3 * MINUTE)
    head, body = receiver.calls[0]
    assert signature(secret, head["webhook-id"], head["webhook-timestamp"], body) == head["webhook-signature"]


# --- failing ------------------------------------------------------------------------------------------------


def test_eight_tries_in_a_day_then_the_endpoint_is_disabled_and_others_are_told(
    world: Hooked, receiver: Receiver
) -> None:
    well = Receiver()
    try:
        world.hook(receiver)
        world.hook(well, "other")
        receiver.status = 500
        world.find("a")
        times = list[datetime]()
        start = world.clock.now()
        while not world.endpoints.list()[0].disabled_at and world.clock.now() < start + timedelta(days=2):
            known = len(receiver.calls)
            world.round(5 * MINUTE)
            times.extend([world.clock.now()] * (len(receiver.calls) - known))
    finally:
        well.close()

    assert 8 == len(receiver.calls) == len(times)
    assert 1 == len({head["webhook-id"] for head, _ in receiver.calls})
    waits = [after - before for before, after in pairwise(times)]
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=25)
    assert waits[1:] == sorted(waits[1:])
    ops = world.endpoints.list()[0]
    assert ("8 tries failed. It answered with status 500.", True) == (ops.why, ops.undelivered > 0)
    world.rounds(20 * MINUTE)
    assert ("alerts.endpoint_disabled", "webhook ops", "administrator") in world.codes()
    assert "alerts.undelivered" in {body["data"]["code"] for body in well.bodies()}
    assert 8 == len(receiver.calls)


def test_an_endpoint_that_is_gone_is_disabled_at_once(world: Hooked, receiver: Receiver) -> None:
    world.hook(receiver)
    receiver.status = 410
    world.find("a")
    world.rounds(10 * MINUTE)

    assert (1, "It answered with status 410.") == (len(receiver.calls), world.endpoints.list()[0].why)


def queue(world: Hooked, count: int) -> None:
    """So many messages wait for the endpoint."""
    from ml_connector.store.models import Alert, AlertMessage

    now = world.clock.now()
    alert = Alert.objects.create(
        organisation=world.access.organisation,
        code="x",
        place="y",
        owner="administrator",
        text="z",
        seen_at=now,
        opened_at=now,
        over_at=now,
    )
    AlertMessage.objects.bulk_create(
        AlertMessage(
            organisation=world.access.organisation,
            alert=alert,
            event="opened",
            channel="webhook",
            target="ops",
            identity=f"msg_{number:05}",
            body=json.dumps({"n": number}),
            made_at=now,
            due_at=now,
        )
        for number in range(count)
    )


def test_a_dead_endpoint_with_thousands_of_messages_is_one_alert_with_their_count(
    world: Hooked, receiver: Receiver
) -> None:
    world.hook(receiver)
    receiver.status = 503
    queue(world, 5_000)
    world.rounds(30 * MINUTE)

    assert ["opened alerts.undelivered webhook ops"] == world.told
    assert 5_000 == world.open()[0].count
    assert len(receiver.calls) < 5


def test_a_receiver_that_is_back_gets_a_few_at_a_time_in_order(world: Hooked, receiver: Receiver) -> None:
    world.hook(receiver)
    receiver.status = 503
    queue(world, 35)
    world.round()
    receiver.status, receiver.calls = 200, []

    counts = []
    for _ in range(6):
        before = len(receiver.calls)
        world.round(MINUTE)
        counts.append(len(receiver.calls) - before)

    assert [10, 10, 10, 5, 0, 0] == counts
    assert list(range(35)) == [body["n"] for body in receiver.bodies()]


def test_a_message_that_cannot_be_sent_by_a_defect_stops_no_other_and_no_serve(
    world: Hooked, receiver: Receiver
) -> None:
    from ml_connector.store.models import AlertMessage

    world.hook(receiver)
    queue(world, 1)
    AlertMessage.objects.update(body="no JSON")
    world.find("a")
    with capture_logs() as lines:
        world.rounds(10 * MINUTE)

    assert {"alert.opened", "alerts.not_sent"} == {line["event"] for line in lines}
    assert ("alerts.undelivered", "webhook ops", "administrator") in world.codes()


def test_two_processes_send_no_message_twice(
    world: Hooked, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looks while the first is at the receiver."""
    from ml_connector.app import alert_delivery

    world.hook(receiver)
    queue(world, 3)
    send, second = alert_delivery.send_webhook, list[int]()

    def beside(*given: Any) -> Any:
        second.append(alert_delivery.deliver(world._assembly))
        return send(*given)

    monkeypatch.setattr(alert_delivery, "send_webhook", beside)
    world.round()

    assert ([0, 0, 0], [0, 1, 2]) == (second, [body["n"] for body in receiver.bodies()])


def test_a_process_that_dies_between_send_and_note_sends_the_same_message_again(
    world: Hooked, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the same id, after the time that a send may take; nothing is lost."""
    from ml_connector.app import alert_delivery

    world.hook(receiver)
    queue(world, 1)
    send = alert_delivery.send_webhook

    def dies(*given: Any) -> Any:
        send(*given)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(alert_delivery, "send_webhook", dies)
        with pytest.raises(SystemExit):
            world.round()
    world.rounds(10 * MINUTE)

    assert ["msg_00000", "msg_00000"] == [head["webhook-id"] for head, _ in receiver.calls]


def test_one_dead_endpoint_keeps_no_other_waiting(world: Hooked, receiver: Receiver) -> None:
    well = Receiver()
    try:
        world.hook(receiver)
        world.hook(well, "other")
        receiver.status = 500
        world.find("a")
        world.rounds(4 * MINUTE)
    finally:
        well.close()

    assert ["alert.opened"] == [body["type"] for body in well.bodies()]


def test_a_disabled_endpoint_gets_what_it_missed_by_a_replay_under_the_same_ids(
    world: Hooked, receiver: Receiver
) -> None:
    world.hook(receiver)
    receiver.status = 410
    since = world.clock.now()
    world.find("a")
    world.rounds(10 * MINUTE)
    (lost,) = {head["webhook-id"] for head, _ in receiver.calls}
    world.find()
    world.rounds(20 * MINUTE)
    receiver.status, receiver.calls = 204, []

    assert 1 == world.endpoints.enable("ops")
    world.rounds(5 * MINUTE)
    assert [] == receiver.calls
    world.endpoints.replay(since, world.clock.now())
    world.rounds(5 * MINUTE)

    told = [(body["type"], body["data"]["code"]) for body in receiver.bodies()]
    assert ("alert.opened", "member.unknown") == told[0]
    assert ("alert.closed", "member.unknown") in told
    assert lost == receiver.calls[0][0]["webhook-id"]
    assert 0 == world.endpoints.list()[0].undelivered


def test_a_removed_endpoint_gets_nothing_and_leaves_no_alert(world: Hooked, receiver: Receiver) -> None:
    world.hook(receiver)
    receiver.status = 500
    world.find("a")
    world.rounds(20 * MINUTE)
    receiver.calls = []
    world.endpoints.remove("ops")
    world.rounds(HOUR)

    assert [] == receiver.calls
    assert [("member.unknown", TARGET, "controller")] == world.codes()


def test_messages_that_arrived_are_forgotten_after_their_time_and_no_other(
    world: Hooked, receiver: Receiver
) -> None:
    from ml_connector.app.retention import forget
    from ml_connector.store.models import AlertMessage

    world.hook(receiver)
    queue(world, 3)
    AlertMessage.objects.filter(identity="msg_00001").update(due_at=None, error="8 tries failed.")
    AlertMessage.objects.filter(identity="msg_00002").update(due_at=None, delivered_at=world.clock.now())
    world.clock.sleep(399 * DAY)
    assert 0 == forget(world._assembly)["messages"]
    world.clock.sleep(2 * DAY)

    assert 1 == forget(world._assembly)["messages"]
    left = AlertMessage.objects.order_by("identity").values_list("identity", flat=True)
    assert ["msg_00000", "msg_00001"] == list(left)


# --- where it may lead --------------------------------------------------------------------------------------

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::10.0.0.1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "2002:7f00:1::",
    "64:ff9b::10.0.0.1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_internal_address_is_known_in_every_spelling(address: str) -> None:
    assert is_internal(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_a_public_address_is_none(address: str) -> None:
    assert not is_internal(address)


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["::ffff:127.0.0.1"], ["93.184.216.34", "127.0.0.1"]])
def test_the_address_that_is_connected_to_is_the_one_that_was_checked(
    receiver: Receiver, answer: list[str]
) -> None:
    """A name that leads inside, in the moment of connecting: no packet arrives."""
    url = f"http://rebound.example:{receiver.server.server_port}/"

    with pytest.raises(InternalAddress, match=r"rebound\.example is .*127\.0\.0\.1, an internal address"):
        post(url, {}, b"{}", internal=False, resolve=lambda host, port: answer)
    assert [] == receiver.calls


def test_a_name_is_asked_once_for_each_request(receiver: Receiver) -> None:
    """So that a second answer, which nobody checked, is never connected to."""
    asked = list[str]()

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    url = f"http://name.example:{receiver.server.server_port}/"
    assert 204 == post(url, {}, b"{}", internal=True, resolve=resolve)
    assert ["name.example"] == asked


def test_a_host_that_cannot_be_a_name_is_a_failure_and_no_defect() -> None:
    with pytest.raises(OSError, match="is no name of a host"):
        post(f"http://{'a' * 70}.example/", {}, b"{}", internal=True)


def test_an_answer_that_comes_a_byte_at_a_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from ml_connector.transport import outgoing

    monkeypatch.setattr(outgoing, "DEADLINE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopped = threading.Event()

        def drip() -> None:
            stream, _ = server.accept()
            with stream, suppress(OSError):
                while not stopped.wait(0.1):
                    stream.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        with pytest.raises(OSError):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, b"{}", internal=True)
        stopped.set()
        thread.join()

    assert time.monotonic() - started < 10


def a_certificate(folder: Path, host: str) -> Path:
    """A certificate of the host, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_the_certificate_is_of_the_name_and_not_of_the_address(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_certificate(tmp_path, "hooks.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    port = receiver.server.server_port

    def send(host: str) -> int:
        return post(
            f"https://{host}:{port}/", {}, b"{}", internal=True, resolve=lambda name, number: ["127.0.0.1"]
        )

    assert 204 == send("hooks.example")
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        send("other.example")
    assert 1 == len(receiver.calls)


def test_no_redirect_is_followed(world: Hooked, receiver: Receiver) -> None:
    other = Receiver()
    try:
        receiver.status, receiver.to = 307, other.url
        world.hook(receiver)
        world.find("a")
        world.rounds(5 * MINUTE)
    finally:
        other.close()

    assert ([], True) == (other.calls, len(receiver.calls) > 0)
    assert world.endpoints.list()[0].undelivered


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://hooks.example.org/x", "is no https address"),
        ("https://127.0.0.1/x", "is inside our own network"),
        ("https://[::ffff:10.0.0.1]/x", "is inside our own network"),
        ("https://localhost/x", "is inside our own network"),
        ("https://user:secret@hooks.example.org/x", "holds a user or a password"),
        ("ftp://hooks.example.org", "is not an https address"),
    ],
)
def test_an_address_that_is_not_meant_for_webhooks_is_refused(world: Hooked, url: str, text: str) -> None:
    from ml_connector.app.refusals import SetupError

    with pytest.raises(SetupError) as refused:
        world.endpoints.add("ops", url, internal=False)
    assert text in str(refused.value.problems)
    assert [] == world.endpoints.list()

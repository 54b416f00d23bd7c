"""Alerts by e-mail, over a real SMTP server on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from structlog.testing import capture_logs
from tests.flows.test_alerts import DAY, HOUR, MINUTE, Watched
from tests.payday import TARGET
from tests.tables import settings

from ml_connector.app.settings import Settings, SettingsError

TO = ("anna@example.org", "ben@example.org")


class Mailbox:
    """What a server was given; `refuses` are addresses it does not take, `asked` counts every recipient."""

    def __init__(self) -> None:
        self.held: list[EmailMessage] = []
        self.refuses: tuple[str, ...] = ()
        self.asked = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.asked += 1
        if address in self.refuses:
            return "451 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.held.append(found)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.held if message["To"] == address]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Posted(Watched):
    """An installation with a mail server of its own."""

    def __init__(self, **more: str) -> None:
        super().__init__()
        self.box, self.port = Mailbox(), free_port()
        given = {
            "mail_host": "127.0.0.1",
            "mail_port": str(self.port),
            "mail_tls": "none",
            "mail_from": "connector@example.org",
            "mail_to": ", ".join(TO),
        }
        self._assembly.settings = replace(settings(), **{**given, **more})

    def server(self, **options: Any) -> Controller:
        return Controller(self.box, hostname="127.0.0.1", port=self.port, **options)


@pytest.fixture
def world() -> Posted:
    return Posted()


@pytest.fixture
def server(world: Posted) -> Iterator[Controller]:
    started = world.server()
    started.start()
    yield started
    started.stop()


def test_each_address_gets_a_mail_of_its_own_once(world: Posted, server: Controller) -> None:
    world.find("Añez\nBcc: x@example.org")
    world.rounds(HOUR)

    assert [1, 1] == [len(world.box.to(address)) for address in TO]
    (mail,) = world.box.to(TO[0])
    assert f"[ml-connector] Alert opened: member.unknown at {TARGET}" == mail["Subject"]
    assert "Look at Añez" in mail.get_content()
    assert "Who can fix it: controller" in mail.get_content()
    assert mail["Bcc"] is None

    world.find()
    world.rounds(HOUR)
    assert f"[ml-connector] Alert closed: member.unknown at {TARGET}" == world.box.to(TO[0])[1]["Subject"]
    assert 2 == len(world.box.to(TO[0]))


def test_a_server_that_is_down_is_an_alert_elsewhere_and_gets_the_mail_once_it_is_back(world: Posted) -> None:
    from ml_connector.app.status import status

    world.find("a")
    with capture_logs() as lines:
        world.rounds(HOUR)
    alerts = {line.get("code") for line in lines if line["event"] == "alert.opened"}
    assert {"member.unknown", "alerts.undelivered"} == alerts
    assert ("alerts.undelivered", "e-mail", "administrator") in world.codes()
    shown = status(world.access)
    assert (2, 2) == (shown.undelivered, len(shown.alerts))
    world.clock.sleep(5 * DAY)
    world.looked_at()
    world.rounds(HOUR)

    server = world.server()
    server.start()
    try:
        world.rounds(2 * HOUR)
    finally:
        server.stop()

    told = [mail["Subject"] for mail in world.box.to(TO[0]) if "member.unknown" in mail["Subject"]]
    assert [f"[ml-connector] Alert opened: member.unknown at {TARGET}"] == told
    assert 0 == status(world.access).undelivered
    assert [("member.unknown", TARGET, "controller")] == world.codes()


def test_an_address_that_is_refused_keeps_no_other_from_its_mail(world: Posted, server: Controller) -> None:
    world.box.refuses = TO[:1]
    world.find("a")
    world.rounds(10 * MINUTE)

    assert [] == world.box.to(TO[0])
    assert f"[ml-connector] Alert opened: member.unknown at {TARGET}" in [
        mail["Subject"] for mail in world.box.to(TO[1])
    ]
    (open_,) = [one for one in world.open() if one.code == "alerts.undelivered"]
    assert ("e-mail", True) == (open_.place, f"e-mail to {TO[0]} was not delivered" in open_.text)
    world.box.refuses = ()
    world.rounds(2 * HOUR)
    assert 1 == len([mail for mail in world.box.to(TO[0]) if "opened: member" in mail["Subject"]])


def test_a_server_that_refuses_is_asked_less_and_less_often(world: Posted, server: Controller) -> None:
    world.box.refuses = TO
    world.find("a")
    world.rounds(6 * HOUR)

    assert 2 * 12 <= world.box.asked <= 2 * 18


def test_a_process_that_dies_between_send_and_note_sends_the_same_mail_again(
    world: Posted, server: Controller
) -> None:
    """Known by its id; nothing is lost."""
    from ml_connector.store.models import AlertMessage

    world.find("a")
    world.rounds(3 * MINUTE)
    AlertMessage.objects.filter(target=TO[0]).update(delivered_at=None, due_at=world.clock.now())
    world.rounds(10 * MINUTE)

    first, second = world.box.to(TO[0])
    assert first["Message-ID"] == second["Message-ID"]
    assert 1 == len(world.box.to(TO[1]))


def test_nothing_is_sent_in_clear_where_encryption_is_wanted() -> None:
    world = Posted(mail_tls="starttls")
    started = world.server()
    started.start()
    try:
        world.find("a")
        world.rounds(HOUR)
    finally:
        started.stop()

    assert ([], 0) == (world.box.held, world.box.asked)
    (open_,) = [one for one in world.open() if one.code == "alerts.undelivered"]
    assert "STARTTLS extension not supported" in open_.text


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_the_password_is_read_from_its_file_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret-of-mail\n")
    world, given = Posted(mail_user="connector", mail_password_file=str(file)), list[bytes]()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given.append(data.password)
        return AuthResult(success=len(given) > 4)

    started = world.server(auth_require_tls=False, auth_required=True, authenticator=authenticate)
    started.start()
    world.find("a")
    try:
        with capture_logs() as lines:
            world.rounds(HOUR)
    finally:
        started.stop()

    assert {b"s3cret-of-mail"} == set(given)
    assert 1 == len([mail for mail in world.box.to(TO[0]) if "opened: member" in mail["Subject"]])
    assert "s3cret" not in str(lines)


def test_an_address_that_is_taken_out_of_the_settings_gets_nothing_more(world: Posted) -> None:
    from ml_connector.app.status import status

    world.find("a")
    world.rounds(HOUR)
    world._assembly.settings = replace(world._assembly.settings, mail_to=TO[1])
    world.rounds(HOUR)

    assert 1 == status(world.access).undelivered
    (open_,) = [one for one in world.open() if one.code == "alerts.undelivered"]
    assert (1, True) == (open_.count, TO[1] in open_.text)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"mail_host": "smtp.example.org"}, "ML_CONNECTOR_MAIL_FROM and ML_CONNECTOR_MAIL_TO must be"),
        ({"mail_port": "0"}, "ML_CONNECTOR_MAIL_PORT: '0' is no port"),
        ({"mail_tls": "yes"}, "none of starttls, tls, none"),
        ({"mail_from": "a@b\nBcc: c"}, "ML_CONNECTOR_MAIL_FROM holds a character"),
        ({"alert_after_hours": "0"}, "no number of hours"),
        ({"zone_data_days": "0"}, "no number of days"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, given: dict[str, str], text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        Settings(home=tmp_path, **given)

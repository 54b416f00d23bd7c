"""Alerts by e-mail, over the SMTP server of the settings: one message for each address."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from ml_connector.app.settings import Settings

SECONDS = 20
"""For each step of the conversation with the server."""


def send_mail(settings: Settings, payload: dict[str, Any], identity: str, address: str) -> str:
    """Why the message was not taken; empty where it was. Nothing is sent in clear unless `mail_tls` says so:
    a server that offers no encryption is refused.
    """
    try:
        with _closed_afterwards(_server(settings)) as server:
            message = EmailMessage(
                subject=_subject(payload),
                body=_body(payload),
                from_email=settings.mail_from,
                to=[address],
                headers={"Message-ID": f"<{identity}@ml-connector>", "Auto-Submitted": "auto-generated"},
                connection=server,
            )
            return "" if message.send() == 1 else "The mail server took no message."
    except (smtplib.SMTPException, OSError, ValueError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        return f"{settings.mail_host}:{settings.mail_port} did not take the mail: {said[:300]}"


def _server(settings: Settings) -> EmailBackend:
    return EmailBackend(
        host=settings.mail_host,
        port=int(settings.mail_port),
        username=settings.mail_user,
        password=_password(settings),
        use_tls=settings.mail_tls == "starttls",
        use_ssl=settings.mail_tls == "tls",
        timeout=SECONDS,
    )


@contextmanager
def _closed_afterwards(server: EmailBackend) -> Iterator[EmailBackend]:
    """The server, closed afterwards: one that refuses encryption or the password is left open otherwise."""
    try:
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.close()


def _password(settings: Settings) -> str:
    """From its file, without the end of the line."""
    if not settings.mail_password_file:
        return ""
    return Path(settings.mail_password_file).read_text(encoding="utf-8").rstrip("\r\n")


def _subject(payload: dict[str, Any]) -> str:
    event, data = payload["type"].partition(".")[2], payload["data"]
    count = f" ({data['count']})" if data["count"] > 1 else ""
    return " ".join(f"[ml-connector] Alert {event}: {data['code']} at {data['place']}{count}".split())


def _body(payload: dict[str, Any]) -> str:
    data = payload["data"]
    until = f"Over since: {data['over_at']}\n" if data["over_at"] else ""
    return (
        f"{data['text']}\n\nWho can fix it: {data['owner']}\nWhere: {data['place']}\nCode: {data['code']}\n"
        f"Open since: {data['opened_at']}\n{until}Organisation: {data['organisation']}\n\n"
        "All open alerts: ml-connector alerts list\n"
    )

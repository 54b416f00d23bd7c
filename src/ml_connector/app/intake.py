"""Approved expense reports that programs of a client send: stored once, and answered then.

    which key? ── the same content: the answer of then ── another: conflict
      │
    which report and revision? ── the same content: the report of then ── another: conflict
      │
    files kept, by their bytes, on the disk
      │
    report, names of its files, key and audit entry, in one commit ── the answer

A process that dies between has kept files that no report names, and nothing else: the client has no answer,
sends the same again, and finds its place.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from hmac import compare_digest
from typing import BinaryIO

from django.db import transaction
from django.db.models import Max
from standardwebhooks.webhooks import Webhook

from ml_connector.app.access import Access, Unknown
from ml_connector.app.assemble import Assembly
from ml_connector.app.handed_in import standing, with_standing
from ml_connector.app.kept_lists import MasterData
from ml_connector.domain import codec
from ml_connector.domain.expense import ExpenseReport
from ml_connector.domain.problem import Problem
from ml_connector.ports.handed_in import Standing
from ml_connector.store.api_tokens import note_use, secret_of, token_at, token_named
from ml_connector.store.database import database_scope
from ml_connector.store.files import FolderFiles
from ml_connector.store.models import ApiToken, IntakeFile, IntakeKey, IntakeReport, Organisation

FILE_BYTES_MAX = 25 * 1024 * 1024
"""Of one receipt."""
PAGE_MAX = 100
"""Reports of one page."""
SIGNED_WITHIN = timedelta(minutes=5)
"""How far the time of a signature may be from ours, either way."""
SIGNATURES_MAX = 5
"""Signatures of one call that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    """A call that says that it is signed: the key of its token, its own id, when it was signed, its
    signatures, and what is signed: method, target and the digest of the body.
    """

    key: str
    identity: str
    signed_at: datetime
    signatures: str
    text: str

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of the signatures was made with the secret. Takes as long whichever byte differs."""
        wanted = Webhook(secret).sign(self.identity, self.signed_at, self.text).encode()
        given = self.signatures.split()[:SIGNATURES_MAX]
        return sum(compare_digest(wanted, one.encode(errors="replace")) for one in given) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A receipt as it was sent: its part of the body, its name, what it is, its bytes and their hash."""

    part: str
    name: str
    media_type: str
    content: BinaryIO
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class SentReport:
    """A report as it was sent: the canonical text of what came, and the report that it says. The report's
    `reference` is not known yet.
    """

    sent: str
    report: ExpenseReport
    files: tuple[SentFile, ...]

    @cached_property
    def fingerprint(self) -> str:
        """Of everything that was sent: what it says, and every byte of its files."""
        files = sorted((file.part, file.sha256) for file in self.files)
        return codec.digest(codec.encode((self.sent, tuple(files))))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A receipt that is kept: the part that it came in, its name, and its bytes by their hash."""

    part: str
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """A report that is kept, and what became of it: its state and a text of that for people. `number` is its
    place in the order in which the reports of its organisation were stored.
    """

    identity: str
    reference: str
    revision: int
    received_at: datetime
    files: tuple[KeptFile, ...]
    state: str
    text: str
    standing: Standing
    changed_at: datetime
    number: int

    @classmethod
    def of(cls, row: IntakeReport) -> KeptReport:
        """As it is in the tables."""
        files = sorted(row.intakefile_set.all(), key=lambda file: file.pk)
        return cls(
            identity=row.identity,
            reference=row.reference,
            revision=row.revision,
            received_at=row.received_at,
            files=tuple(
                KeptFile(part=one.part, name=one.name, sha256=one.sha256, size=one.size) for one in files
            ),
            state=row.state,
            text=row.text,
            standing=standing(replaced=getattr(row, "replaced", False), canceled_at=row.canceled_at),
            changed_at=row.changed_at,
            number=row.number,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a report was answered with: ours of it, whether this call stored it, and whether the same call was
    answered before.
    """

    row: IntakeReport
    made: bool
    replayed: bool

    @property
    def report(self) -> KeptReport:
        """What is kept of it."""
        return KeptReport.of(self.row)


class Conflict(Exception):
    """The key, or the report, was sent before with other content, or was replaced; nothing was changed."""

    def __init__(self, problem: Problem, key: str = "") -> None:
        self.problem, self.key = problem, key
        super().__init__(problem.text)


class Intake:
    """What one token, or the folder of an organisation, may do for it."""

    def __init__(self, assembly: Assembly, access: Access, token: ApiToken | None = None) -> None:
        self._assembly, self._access, self._token = assembly, access, token

    @property
    def token(self) -> ApiToken:
        """The token that was called with; a folder has none."""
        assert self._token is not None
        return self._token

    def take(self, key: str, sent: SentReport) -> Taken:
        """Store the report with its files, unless it is stored: on the disk when this returns. Raises
        `Conflict`.
        """
        return self.take_all({key: sent})[0]

    def take_all(self, sent: Mapping[str, SentReport]) -> list[Taken]:
        """Store these reports by their keys, all of them or none. Raises `Conflict`, whose `key` says for
        which.
        """
        found = {key: self._before(key, one) for key, one in sent.items()}
        if all(before is not None and before.replayed for before in found.values()):
            return [before for before in found.values() if before is not None]
        fresh = [file for key, before in found.items() if before is None for file in sent[key].files]
        files = FolderFiles(self._assembly.settings.files)
        with files.noted(file.sha256 for file in fresh):
            for file in fresh:
                file.content.seek(0)
                kept = files.put(file.content, FILE_BYTES_MAX)
                if kept.sha256 != file.sha256:
                    raise OSError(f"the file of part {file.part} changed while it was kept")
            with transaction.atomic():
                # One at a time for an organisation: what two send at once under one key has one outcome.
                Organisation.objects.select_for_update().get(pk=self._access.organisation.pk)
                return [self._taken(key, one) for key, one in sent.items()]

    def _taken(self, key: str, sent: SentReport) -> Taken:
        before = self._before(key, sent)
        if before is not None and before.replayed:
            return before
        row = before.row if before is not None else self._store(sent)
        IntakeKey.objects.create(
            organisation=self._access.organisation,
            key=key,
            fingerprint=sent.fingerprint,
            report=row,
            made=before is None,
            used_at=self._assembly.clock.now(),
        )
        return Taken(row=row, made=before is None, replayed=False)

    @property
    def master_data(self) -> MasterData:
        """The lists that are kept for the organisation."""
        return MasterData(self._access, self._assembly)

    def allows(self, scope: str) -> bool:
        """Whether the token has the scope."""
        return scope in self.token.scopes

    def report(self, identity: str) -> KeptReport:
        """The report of this organisation. Raises `Unknown` for one of another, as for one of nobody."""
        return KeptReport.of(self._row(identity))

    def cancel(self, identity: str) -> KeptReport:
        """The report is not to be booked any more, and taken back where it is; what was canceled stays so.
        Raises `Unknown`, and `Conflict` for a revision that another one replaced.
        """
        with transaction.atomic():
            Organisation.objects.select_for_update().get(pk=self._access.organisation.pk)
            row = self._row(identity)
            if KeptReport.of(row).standing is Standing.REPLACED:
                raise Conflict(_replaced(row))
            if row.canceled_at is None:
                row.canceled_at = row.changed_at = self._assembly.clock.now()
                row.change = self._next("change")
                row.save(update_fields=["canceled_at", "changed_at", "change"])
                self._note("report.canceled", row, {})
        return KeptReport.of(row)

    def reports(self, *, after: int, reference: str, state: str, limit: int) -> Sequence[KeptReport]:
        """Reports behind a number, in the order in which they were stored; at most `limit`."""
        found = with_standing(self._access.intake_reports()).filter(number__gt=after)
        if reference:
            found = found.filter(reference=reference)
        rows = (found.filter(state=state) if state else found)[:limit]
        return [KeptReport.of(row) for row in rows.prefetch_related("intakefile_set")]

    def _before(self, key: str, sent: SentReport) -> Taken | None:
        """What was answered to the key, else the report that is stored already. Raises `Conflict`."""
        fingerprint, report = sent.fingerprint, sent.report
        used = self._access.intake_keys().filter(key=key).first()
        if used is not None:
            if used.fingerprint != fingerprint:
                raise Conflict(_key_reused(key, used), key)
            return Taken(row=used.report, made=used.made, replayed=True)
        known = (
            self._access.intake_reports().filter(reference=report.report, revision=report.revision).first()
        )
        if known is None:
            return None
        if known.fingerprint != fingerprint:
            raise Conflict(_other_content(known), key)
        return Taken(row=known, made=False, replayed=False)

    def _store(self, sent: SentReport) -> IntakeReport:
        fingerprint = sent.fingerprint
        now, identity = self._assembly.clock.now(), str(uuid.uuid4())
        row = IntakeReport.objects.create(
            organisation=self._access.organisation,
            identity=identity,
            number=self._next("number"),
            change=self._next("change"),
            reference=sent.report.report,
            revision=sent.report.revision,
            fingerprint=fingerprint,
            sent=sent.sent,
            content=codec.encode(replace(sent.report, reference=identity)),
            token=self._token,
            received_at=now,
            changed_at=now,
        )
        IntakeFile.objects.bulk_create(
            IntakeFile(
                report=row,
                part=file.part,
                name=file.name,
                media_type=file.media_type,
                sha256=file.sha256,
                size=file.size,
            )
            for file in sent.files
        )
        self._note("report.received", row, {"fingerprint": fingerprint, "files": len(sent.files)})
        return row

    def _row(self, identity: str) -> IntakeReport:
        row = with_standing(self._access.intake_reports()).filter(identity=identity).first()
        if row is None:
            raise Unknown(f"There is no report {identity}.")
        return row

    def _next(self, count: str) -> int:
        """The next number; nobody else draws one, because the organisation is locked."""
        return int(self._access.intake_reports().aggregate(last=Max(count))["last"] or 0) + 1

    def _note(self, action: str, row: IntakeReport, more: dict[str, str | int | bool | None]) -> None:
        detail = {"reference": row.reference, "revision": row.revision, **more}
        actor = f"token:{self._token.name}" if self._token is not None else "folder"
        self._access.audit.append(actor=actor, action=action, subject=row.identity, detail=detail)


def opened(assembly: Assembly, call: str | SignedCall) -> Intake | None:
    """The intake for whoever has this token, or signed the call with one; `None` for a token that is not
    good. Raises `VaultError` where the secret cannot be read.
    """
    now = assembly.clock.now()
    if isinstance(call, str):
        token = token_at(call, now)
        return _opened(assembly, token) if token is not None else None
    if abs(now - call.signed_at) > SIGNED_WITHIN:
        return None
    token = token_named(call.key, now)
    secret = secret_of(token, assembly.keys) if token is not None else None
    if token is None or secret is None or not call.is_signed_with(secret):
        return None
    note_use(token, now)
    return _opened(assembly, token)


def _opened(assembly: Assembly, token: ApiToken) -> Intake:
    return Intake(assembly, assembly.access(token.organisation.slug), token)


def known(assembly: Assembly, call: str | SignedCall) -> bool:
    """Whether the token is good; in a thread that asks nothing else."""
    with database_scope():
        return opened(assembly, call) is not None


def _key_reused(key: str, used: IntakeKey) -> Problem:
    text = (
        f"The key {key!r} was used on {used.used_at:%Y-%m-%d %H:%M} UTC for other content. Nothing was"
        " stored. Send each report with a key of its own, and the same again with the same."
    )
    return Problem("intake.key_reused", "Idempotency-Key", text)


def _replaced(row: IntakeReport) -> Problem:
    text = (
        f"Revision {row.revision} of report {row.reference} was replaced by a later one. Nothing was changed."
        " Cancel that one."
    )
    return Problem("intake.replaced", "id", text)


def _other_content(row: IntakeReport) -> Problem:
    text = (
        f"Report {row.reference} was stored on {row.received_at:%Y-%m-%d %H:%M} UTC as revision"
        f" {row.revision}, with other content. Nothing was stored. If it was changed and approved again, send"
        f" it as revision {row.revision + 1}."
    )
    return Problem("intake.report_exists", "/revision", text)

"""Releasing a batch: off hold, then released, each guarded by the version that was looked at.

    read, or read back a moment ago
         ─ Posted ───────────────────────────────── posted
         ─ Unposted ─────────────────────────────── released; Visma posts it by its own job, or a person does
         ─ Hold, Balanced ─ as it was compared? ─── no: shown to a person, nothing changed
                            └ yes: PUT hold false, POST release ─ 412: read again, once more; twice: said so
                                                                ─ Queued, InProcess: asked again later

A write changes one field only, so an edit by another user is never overwritten. If the edit leaves the entry
as it was, the release goes through and keeps it. If it changes the entry, the release stops. Every step may
be repeated, because each begins with reading.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from ml_connector.connectors.visma_net import client as calls
from ml_connector.connectors.visma_net import faults, translate, wire
from ml_connector.connectors.visma_net.client import VismaClient
from ml_connector.domain.document import Receipt
from ml_connector.domain.problem import Owner
from ml_connector.errors import NotFound, OutcomeUnknown, Refused, SignInRenewed, VendorChanged
from ml_connector.ports.storage import Clock

JOURNALS = "/v2/journaltransaction"
HOLD, BALANCED = "Hold", "Balanced"
POSTED = frozenset({"Posted", "Completed"})
RELEASED = frozenset({"Unposted", "Released", "PartiallyReleased"})
TRIES = 2
ASK_AGAIN_SECONDS = 120.0
"""How long an accepted release that is not finished is only checked, before it is requested again."""
JUST_NOW_SECONDS = 5.0
CHANGES_SHOWN = 5


class Releases:
    """Releases batches. Remembers, for as long as the process lives, which versions were written here and
    which content was compared.
    """

    def __init__(self, client: VismaClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._versions_written: dict[str, str] = {}
        self._contents_compared: dict[str, dict[str, str]] = {}
        self._versions_released: dict[str, tuple[str, float]] = {}
        self._just_posted: tuple[wire.Batch, float] | None = None
        self._just_read: tuple[wire.Batch, float] | None = None

    def remember_version(self, number: str, version: str) -> None:
        """Remember the version that our own write left."""
        self._versions_written[number] = version

    def read_back(self, receipt: Receipt) -> wire.Batch:
        """The batch as it is now. One that was posted when it was read within the last seconds is not read
        again, because nobody can change it any more.
        """
        posted, self._just_posted = self._just_posted, None
        batch = self._of_just_now(receipt, posted) or self.read(receipt)
        self._just_read = (batch, self._clock.monotonic())
        return batch

    def _of_just_now(self, receipt: Receipt, kept: tuple[wire.Batch, float] | None) -> wire.Batch | None:
        """The batch that was read, where it is this one and that was within the last seconds."""
        if kept is None or kept[0].batchNumber != receipt.reference:
            return None
        return kept[0] if self._clock.monotonic() - kept[1] <= JUST_NOW_SECONDS else None

    def read(self, receipt: Receipt) -> wire.Batch:
        """The batch with every line. Raises `NotFound` when it is gone."""
        try:
            return self._client.get(batch_path(receipt.reference)).decode(wire.Batch)
        except NotFound as error:
            text = f"Batch {receipt.number} is not in company {receipt.entity} any more."
            raise NotFound(text, where=f"batch {receipt.number}", support=error.support) from error

    def remember_content(self, batch: wire.Batch) -> None:
        """Remember what is about to be compared: a release is of this and nothing else."""
        self._contents_compared[batch.batchNumber] = translate.content(batch)

    def release(self, receipt: Receipt) -> Receipt:
        """The receipt, posted when Visma has posted the batch. Raises `Refused` for a batch that is not as it
        was compared.

        On hold as it was read back a moment ago, it is not read again: every write names the version that was
        read, and Visma carries out none for a batch that has another.
        """
        failed: Refused | None = None
        kept, self._just_read = self._just_read, None
        for _ in range(TRIES):
            known = self._of_just_now(receipt, kept)
            guarded = known is not None and known.status == HOLD and known.timeStamp
            batch = known if known is not None and guarded else self.read(receipt)
            kept = None
            if batch.status in POSTED or batch.status in RELEASED:
                return self._with_state(receipt, batch)
            self._check_unchanged(receipt, batch)
            if self._is_queued(batch):
                return receipt
            try:
                return self._released(receipt, batch)
            except (faults.VersionStale, SignInRenewed, NotFound) as error:
                failed = error
        if failed is not None and not isinstance(failed, faults.VersionStale):
            raise failed
        text = (
            f"Batch {receipt.number} was changed by another user each time it was about to be released."
            " Nothing was overwritten; it is still "
        )
        text += "on hold or balanced. Ask who works on it, then resume the run."
        raise Refused(
            text, where=f"batch {receipt.number}", code="document.contended", owner=Owner.CONTROLLER
        )

    def _released(self, receipt: Receipt, batch: wire.Batch) -> Receipt:
        version = batch.timeStamp
        if batch.status == HOLD:
            answer = self._client.write(
                "PUT", batch_path(receipt.reference), {"hold": wire.value(False)}, version
            )
            version = calls.version(answer)
            if answer.status != 204:
                text = (
                    f"Taking batch {receipt.number} off hold was answered with {answer.status}, which"
                    " proves nothing. The batch is read again."
                )
                raise OutcomeUnknown(text, where=f"batch {receipt.number}", support=answer.said(500))
            if not version:
                batch = self.read(receipt)
                self._check_unchanged(receipt, batch)
                version = batch.timeStamp
            self._note_new_version(receipt.reference, batch.timeStamp, version)
        try:
            answer = self._client.write(
                "POST", f"{batch_path(receipt.reference)}/action/release", {}, version
            )
            result = answer.decode(wire.ActionResult)
        except VendorChanged as error:
            text = (
                f"The release of batch {receipt.number} was answered with something that cannot be read."
                " The batch is read again."
            )
            raise OutcomeUnknown(text, where=f"batch {receipt.number}", support=error.support) from error
        except Refused as error:
            if error.problem.code == faults.NOT_RELEASABLE and batch.status == BALANCED:
                return receipt  # a release of it waits in Visma's queue already
            raise
        if result.actionResult == "Failed":
            raise faults.refusal(
                result.errorInfo or "the release failed without a reason", f"batch {receipt.number}"
            )
        self._versions_released[receipt.reference] = (version, self._clock.monotonic())
        if result.actionResult == "Done":
            return self._with_state(receipt, self.read(receipt))
        return receipt

    def _with_state(self, receipt: Receipt, batch: wire.Batch) -> Receipt:
        if batch.status in POSTED:
            self._forget(receipt.reference)
            self._just_posted = (batch, self._clock.monotonic())
        return replace(receipt, posted=batch.status in POSTED)

    def _forget(self, number: str) -> None:
        self._versions_written.pop(number, None)
        self._contents_compared.pop(number, None)
        self._versions_released.pop(number, None)

    def _note_new_version(self, number: str, before: str, after: str) -> None:
        """Our own step moved the version on, so what was ours before it is ours after it."""
        if self._versions_written.get(number) == before:
            self._versions_written[number] = after

    def _check_unchanged(self, receipt: Receipt, batch: wire.Batch) -> None:
        where = f"batch {receipt.number}"
        if batch.status not in (HOLD, BALANCED):
            text = (
                f"Batch {receipt.number} is {batch.status or 'in no state'} in Visma, so it is not"
                " released. Check it in Visma, and decide what to do."
            )
            raise Refused(text, where=where, code=faults.NOT_RELEASABLE, owner=Owner.CONTROLLER)
        before, now = self._contents_compared.get(receipt.reference), translate.content(batch)
        if before is None and batch.timeStamp == self._versions_written.get(receipt.reference):
            return
        if before is None:
            text = (
                f"Batch {receipt.number} was not read back and compared since it was last saved, so it is"
                " not released. Resume the run, and both are done."
            )
            raise Refused(text, where=where, code="document.changed", owner=Owner.CONTROLLER)
        if before != now:
            found = translate.changes(before, now)
            more = f"; and {len(found) - CHANGES_SHOWN} more" if len(found) > CHANGES_SHOWN else ""
            text = (
                f"Somebody changed batch {receipt.number} after it was compared:"
                f" {'; '.join(found[:CHANGES_SHOWN])}{more}. Nothing was released "
            )
            text += (
                "or overwritten. Change it back in Visma and resume the run, or delete it there so that"
                " the entry is written again."
            )
            raise Refused(text, where=where, code="document.changed", owner=Owner.CONTROLLER)

    def _is_queued(self, batch: wire.Batch) -> bool:
        version, at = self._versions_released.get(batch.batchNumber, ("", 0.0))
        return version == batch.timeStamp and self._clock.monotonic() - at < ASK_AGAIN_SECONDS


def batch_path(number: str) -> str:
    """The path of a batch."""
    return f"{JOURNALS}/{quote(number, safe='')}"

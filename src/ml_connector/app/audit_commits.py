"""Journal entries as they are stored, compared with what the audit chain says became of each.

The chain is gone through from its beginning; then every commit must be what is left of it:

    commit.booked, released, settled as booked ── written: a draft, or confirmed
    commit.confirmed ──────────────────────────── confirmed for ever, and its hash
    commit.reversed, deleted, statements ──────── what takes it back
    nothing ───────────────────────────────────── not booked, or its run is still at it

A worker that dies between a record and its entry leaves the record one step ahead of the chain. Only these
steps are let pass, and the run that goes on makes the next entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ml_connector.domain import codec
from ml_connector.domain.document import CommitKey, Receipt
from ml_connector.flows.posting.taken_back import ELSEWHERE, REVERSAL
from ml_connector.ports.commits import COUNTS_FOR_NOTHING, DELETED, RESTATED, UNBOOKED, WITHDRAWN, CommitState
from ml_connector.store.commit_hashes import HASHED, REVERSED_BY, every_commit
from ml_connector.store.models import Commit
from ml_connector.store.runs import ENDED

STATEMENTS = ("run.booked_elsewhere", "run.not_booked_elsewhere")
EARLIER = "entries without a hash of receipt, books, run and pays"
UNDER_WAY = "entries of runs that are not at their end"
STATED_EARLIER = "entries that people stated something of, with an earlier release"


class Booked(IntEnum):
    """How far the chain says that an entry came; what is said last counts, but `CONFIRMED` is final."""

    NOT = 0
    BEGUN = 1
    WRITTEN = 2
    CONFIRMED = 3


STATES = {
    Booked.NOT: frozenset({*UNBOOKED, CommitState.SENDING, CommitState.UNKNOWN}),
    Booked.BEGUN: frozenset(CommitState),
    Booked.WRITTEN: frozenset({CommitState.DRAFT, CommitState.CONFIRMED}),
    Booked.CONFIRMED: frozenset({CommitState.CONFIRMED}),
}
"""States that a commit may have in the database, by what the chain says of it."""


@dataclass(slots=True)
class Said:
    """What the chain says of one commit. `number` is the entry that says how far it came, `sha256` the hash
    of the commit as it was confirmed and `content` that of the journal entry; `reversed_at` is the entry that
    says what took it back. `unsure` names what may be noted as well.
    """

    number: int = 0
    booked: Booked = Booked.NOT
    sha256: str = ""
    content: str = ""
    reversed_by: str = ""
    reversed_at: int = 0
    unsure: set[str] = field(default_factory=set)

    def came(self, booked: Booked, number: int) -> None:
        if self.booked is not Booked.CONFIRMED:
            self.booked, self.number = booked, number

    def taken_back(self, by: str, number: int) -> None:
        self.reversed_by, self.reversed_at, self.unsure = by, number, set()


class Chain:
    """What the entries of the chain say of every commit, under the keys of today; release 0.1.0 had other
    ones.
    """

    def __init__(self, entries: Iterable[Mapping[str, Any]], keys: Mapping[str, str]) -> None:
        self.of: dict[str, Said] = {}
        self.stated_earlier = False
        """Whether a statement of an earlier release does not say which commits it changed."""
        self._keys = keys
        for entry in entries:
            self._take(entry["action"], entry)

    def said(self, key: str) -> Said:
        return self.of.setdefault(self._keys.get(key, key), Said())

    def _take(self, action: str, entry: Mapping[str, Any]) -> None:
        number, detail = entry["number"], entry["detail"]
        changed = [name for name in detail if name.startswith((REVERSED_BY, HASHED))]
        match action:
            case "commit.booked" | "commit.adopted" | "commit.released" | "commit.confirmed":
                self._booked(action, self.said(detail["key"]), number, detail)
            case "commit.abandoned":
                self.said(detail["key"]).came(Booked.NOT, number)
            case "commit.settled" | "commit.resolved":
                booked = str(detail.get("statement", "")).startswith("booked as")
                self.said(entry["subject"]).came(Booked.WRITTEN if booked else Booked.NOT, number)
            case "commit.reversed":
                self.said(detail["key"]).taken_back(self._keys.get(detail["by"], detail["by"]), number)
                self._mentioned(detail["by"], number)
            case "commit.differs" | "commit.duplicate":
                self._mentioned(detail["key"], number)
            case "commit.deleted":
                self._mentioned(entry["subject"], number)
                if not changed:
                    self._deleted(self._keys.get(entry["subject"], entry["subject"]), number)
            case "run.tied_out":
                for key in filter(None, str(detail.get("keys", "")).split("\n")):
                    self._mentioned(key, number)
            case _ if action in STATEMENTS and not changed:
                self.stated_earlier = True
        for name in changed:
            if name.startswith(REVERSED_BY):
                self.said(name.removeprefix(REVERSED_BY)).taken_back(detail[name], number)
            else:
                said = self.said(name.removeprefix(HASHED))
                said.came(Booked.CONFIRMED, number)
                said.sha256 = detail[name]

    def _booked(self, action: str, said: Said, number: int, detail: Mapping[str, Any]) -> None:
        said.content = detail.get("sha256") or said.content
        if action == "commit.confirmed":
            said.came(Booked.CONFIRMED, number)
            said.sha256 = detail.get("commit_sha256", "")
        elif action == "commit.released" or detail.get("whole"):
            said.came(Booked.WRITTEN, number)
        elif said.booked is not Booked.WRITTEN:
            said.came(Booked.BEGUN, number)

    def _mentioned(self, key: str, number: int) -> None:
        said = self.said(key)
        if said.booked is Booked.NOT:
            said.came(Booked.BEGUN, number)

    def _deleted(self, key: str, number: int) -> None:
        """As an earlier release noted it: whether what it had reversed counts again is not said."""
        self.said(key).taken_back(DELETED, number)
        for said in self.of.values():
            if said.reversed_by == key:
                said.unsure.add("")


def compare_commits(
    organisation: int, entries: Iterable[Mapping[str, Any]], compared: Counter[str], left_out: Counter[str]
) -> Iterator[str]:
    """What is wrong with the journal entries of the organisation, in words; counts how many were `compared`,
    and what was `left_out` of them.
    """
    old = Commit.objects.filter(organisation_id=organisation).exclude(marked_by="")
    chain = Chain(entries, dict(old.values_list("marked_by", "key")))
    known = set(Commit.objects.filter(organisation_id=organisation).values_list("key", flat=True))
    for commit, sha256 in every_commit(organisation):
        compared["entries"] += 1
        said = chain.of.get(commit.key, Said())
        yield from _content(commit, said)
        yield from _state(commit, said, chain, left_out)
        yield from _reversed_by(commit, said, chain, known, left_out)
        if said.sha256 and sha256 != said.sha256:
            yield (
                f"The journal entry {commit.key} is not as it was confirmed: its receipt, what was read back,"
                f" its run, its books or what it pays for (entry {said.number})."
            )
        elif said.booked is not Booked.NOT and not said.sha256:
            left_out[EARLIER] += 1
    for key, said in chain.of.items():
        if key not in known and said.number:
            yield f"The journal entry {key} is gone (entry {said.number})."


def _content(commit: Commit, said: Said) -> Iterator[str]:
    if said.content and codec.digest(commit.content) != said.content:
        yield f"The journal entry {commit.key} is not what was booked (entry {said.number})."
    if (document := _document(commit)) is not None and commit.reference != document:
        yield f"The journal entry {commit.key} names another document than its receipt does."


def _document(commit: Commit) -> str | None:
    """The reference that stands with the commit by its receipt; `None` for a receipt that is none."""
    if not commit.receipt or commit.reversed_by == WITHDRAWN:
        return ""
    try:
        receipt = codec.decode(commit.receipt)
    except codec.CodecError:
        return None
    return receipt.reference if isinstance(receipt, Receipt) else None


def _state(commit: Commit, said: Said, chain: Chain, left_out: Counter[str]) -> Iterator[str]:
    if commit.state in (CommitState.CONFIRMED, CommitState.DRAFT) and not commit.receipt:
        yield f"The journal entry {commit.key} is {commit.state}, and has no document."
        return
    if commit.state in STATES[said.booked]:
        return
    at_it = commit.run is not None and commit.run.state not in ENDED
    if said.booked is Booked.NOT and commit.state in set(CommitState) and at_it:
        left_out[UNDER_WAY] += 1
    elif said.booked is not Booked.NOT:
        yield (
            f"The journal entry {commit.key} is {commit.state}, though the audit log says that it was booked"
            f" (entry {said.number})."
        )
    elif chain.stated_earlier and commit.key.startswith(ELSEWHERE):
        left_out[STATED_EARLIER] += 1
    else:
        yield (
            f"The journal entry {commit.key} is {commit.state}, and no entry of the audit log says that it"
            " was"
            " booked."
        )


def _reversed_by(
    commit: Commit, said: Said, chain: Chain, known: set[str], left_out: Counter[str]
) -> Iterator[str]:
    now = commit.reversed_by
    if now == said.reversed_by or now in said.unsure:
        return
    if not said.reversed_by and (_superseded(commit, said, known) or _just_reversed(commit, chain)):
        return
    stated = {now, said.reversed_by} & {RESTATED, WITHDRAWN} or now.startswith(ELSEWHERE)
    if chain.stated_earlier and (stated or not now):
        left_out[STATED_EARLIER] += 1
        return
    should = said.reversed_by or "nothing"
    at = f" (entry {said.reversed_at})" if said.reversed_at else ""
    now = now or "nothing"
    yield (
        f"The journal entry {commit.key} is noted as taken back by {now}; in the audit log, by {should}{at}."
    )


def _superseded(commit: Commit, said: Said, known: set[str]) -> bool:
    """Whether a later revision took the place of one that was never booked."""
    if said.booked is not Booked.NOT or commit.reversed_by not in known:
        return False
    mine, later = _parsed(commit.key), _parsed(commit.reversed_by)
    return (
        mine is not None
        and later is not None
        and (mine.family == later.family and mine.revision < later.revision)
    )


def _just_reversed(commit: Commit, chain: Chain) -> bool:
    """Whether a reversal of ours is noted that was made of this entry, is booked and counts: the worker died
    before it wrote the entry on that.
    """
    mirror, mine = _parsed(commit.reversed_by), _parsed(commit.key)
    if mirror is None or mine is None or mirror.part != mine.part:
        return False
    family = f"{REVERSAL}{mine.family}:{mine.revision}"
    if mirror.family != family and not mirror.family.startswith(f"{family}:"):
        return False
    said = chain.of.get(commit.reversed_by, Said())
    return said.booked is not Booked.NOT and said.reversed_by not in COUNTS_FOR_NOTHING


def _parsed(key: str) -> CommitKey | None:
    try:
        return CommitKey.parse(key)
    except ValueError:
        return None

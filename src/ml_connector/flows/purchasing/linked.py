"""The suppliers of one system under the keys of the other: those that are paired, and those that are made.

A supplier whose key the system draws is a document: it is made once, under a commit key of its own, and from
then on it is a record like any other. What became of a creation that died, or whose answer was lost, is asked
of the commits before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.changes import Change
from ml_connector.domain.document import CommitKey, Marker, Receipt
from ml_connector.domain.problem import Problem
from ml_connector.domain.supplier import BookedSupplier, NewSupplier, Supplier
from ml_connector.errors import (
    ConnectorError,
    Inexpressible,
    KeyConflict,
    NotFound,
    Refused,
    RightMissing,
    SignInLost,
    SignInRenewed,
    Throttled,
)
from ml_connector.ports.commits import DELETED, UNBOOKED, CommitRow, Commits, CommitState
from ml_connector.ports.plans import Links
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Versioned, Written
from ml_connector.ports.sinks import Sink
from ml_connector.runs.proof import Wait, receipt_of

FAMILY = "supplier"
REVISIONS_MARKED = 3
"""Of how many revisions of a creation the marker is recognised at the other side."""
MANY = 200
"""Keys that are looked up one by one in the links; of more, all of them are read."""


def family_of(source: str, key: str, target: str) -> str:
    """The family of commit keys of a supplier of the books `source` that is made in the books `target`."""
    return f"{FAMILY}:{source}:{key}:{target}"


def tokens_of(source: str, key: str, target: str) -> Iterator[str]:
    """The markers that such a supplier may carry."""
    for revision in range(1, REVISIONS_MARKED + 1):
        yield Marker.of(str(CommitKey(family_of(source, key, target), 1, revision))).token


@dataclass(slots=True, kw_only=True)
class Linked(Register[Supplier]):
    """A `Register` whose keys are those of the other system. `prefix` stands before the system's own ids in
    its keys. `books` are those of source and target, `make` commits a document, and `made` is called with the
    key and the id of one that was made. `found` are those that were paired, by the keys of the source.
    """

    inner: Register[Supplier]
    sink: Callable[[], Sink[NewSupplier, BookedSupplier]]
    links: Links
    commits: Commits
    kind: str
    entity: str
    prefix: str
    books: Callable[[], tuple[str, str]]
    make: Callable[[NewSupplier], Receipt] | None = None
    made: Callable[[str, str], None] = lambda key, identity: None
    found: Mapping[str, Supplier] = field(default_factory=dict)
    limits: RegisterLimits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = self.inner.limits

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[Supplier]]:
        """Those that were paired, in the order of keys, as they were read then."""
        for key in sorted(self.found):
            yield Versioned(record=self.normal(replace(self.found[key], key=key)))

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[Supplier]]:
        """Those of these that are known to be there, as they are now."""
        if len(keys) > MANY:
            every = dict(self.links.known(self.kind))
            theirs = {key: every[key] for key in keys if key in every}
        else:
            named = ((key, self.links.theirs(self.kind, key)) for key in keys)
            theirs = {key: identity for key, identity in named if identity}
        rows = self.inner.read([self.prefix + identity for identity in theirs.values()])
        return {
            key: replace(row, record=self.normal(replace(row.record, key=key)))
            for key, identity in theirs.items()
            if (row := rows.get(self.prefix + identity)) is not None
        }

    def at_once(self, changes: Sequence[Change]) -> int:
        """Each alone: what becomes of one says nothing of the next."""
        return 1

    def normal(self, record: Supplier) -> Supplier:
        """As the system keeps it."""
        return self.inner.normal(record)

    def check(self, record: Supplier) -> tuple[Problem, ...]:
        """What the system cannot hold of it."""
        return self.inner.check(record)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """Make what is new, change what is there."""
        return tuple(self._put(change, seen) for change in changes)

    def _put(self, change: Change, seen: Mapping[str, str]) -> Answer:
        if change.before is None:
            return self._create(change)
        key = self.prefix + self.links.theirs(self.kind, change.key)
        theirs = replace(
            change, key=key, before=replace(change.before, key=key), after=replace(change.after, key=key)
        )
        (answer,) = self.inner.put([theirs], {key: seen[change.key]} if change.key in seen else {})
        if isinstance(answer, NotTaken):
            return NotTaken(replace(answer.problem, where=change.key))
        return answer

    def _create(self, change: Change) -> Answer:
        """Raises `Wait` while an earlier creation may still happen."""
        assert self.make is not None, "suppliers are made by a run"
        document = self._document(change)
        try:
            receipt = self.make(document)
        except (RightMissing, SignInLost, SignInRenewed, Throttled):
            raise
        except (Refused, Inexpressible) as error:
            return NotTaken(replace(error.problem, where=change.key))
        except KeyConflict as error:
            if self.commits.open_intent(document.key) is None:
                return NotTaken(replace(error.problem, where=change.key))
            due = self.commits.now() + timedelta(seconds=self.limits.settle_seconds)
            text = f"{change.after.name} is being made by another pass. Looking again at {due:%H:%M:%S} UTC."
            raise Wait(due, text) from error
        self.links.know(self.kind, {change.key: receipt.reference})
        with suppress(ConnectorError):  # the next pass marks it
            self.made(change.key, receipt.reference)
        return Written()

    def _document(self, change: Change) -> NewSupplier:
        """The supplier to be made, under the first revision that has this content, or that is free."""
        after: Supplier = change.after
        supplier = Supplier(
            key="",
            name=after.name,
            country=after.country,
            vat_number=after.vat_number,
            chamber_number=after.chamber_number,
            external=change.key,
        )
        family, revision = family_of(self.books()[0], change.key, self.books()[1]), 1
        for row in self.commits.of_reference(f"{family}:"):
            fresh = NewSupplier(key=row.key, entity=self.entity, supplier=supplier)
            if not row.reversed_by and (document := self._standing(row, fresh)) is not None:
                return document
            revision = max(revision, CommitKey.parse(row.key).revision + 1)
        return NewSupplier(key=str(CommitKey(family, 1, revision)), entity=self.entity, supplier=supplier)

    def _standing(self, row: CommitRow, fresh: NewSupplier) -> NewSupplier | None:
        """The document of this commit, where it counts: not one that was refused with other content, or that
        is there no more. What may have been made with other content is what was made.
        """
        if row.state in UNBOOKED:
            return fresh if row.fingerprint == codec.digest(codec.encode(fresh)) else None
        if row.state is CommitState.CONFIRMED:
            try:
                self.sink().read_back(receipt_of(row))
            except NotFound:
                self.commits.reverse(row.key, DELETED)
                return None
        return cast(NewSupplier, codec.decode(row.content))

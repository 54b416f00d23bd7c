"""Suppliers: those of a procurement system are kept among the suppliers of a ledger, or the other way round.
Which way is said by the order of the two connections; both ways are two flows.

plan    every supplier of the source beside its own in the target, known by what was agreed on before, by the
        id that the other system keeps, by VAT number, IBAN or chamber number, and never by its name. Nobody
        is closed, opened or removed
apply   as every alignment; a supplier that is new is made once, as a document
mark    the id in the other system, where one of the two keeps it and has none
verify  as every alignment

Of each field it is said who owns it: the source's value is written, the target's stays, or the later edit
counts, and two edits of one field are a conflict. A field that is empty at the source says nothing. A bank
account is shown and not written, or added with consent in every mode; one that is there is never changed.

Two candidates, a number that two have, a supplier that is gone or blocked, a country that cannot be told and
an IBAN that is none are questions. They are on the worklist and stop nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ml_connector.domain.changes import Change, Pair
from ml_connector.domain.lists import pairs
from ml_connector.domain.problem import Owner as Problems
from ml_connector.domain.problem import Problem
from ml_connector.domain.supplier import FIELDS, BankAccount, NewSupplier, Supplier, written
from ml_connector.flows.alignment import QUESTIONS, Alignment
from ml_connector.flows.flow import Flow, Mode, Opening
from ml_connector.flows.purchasing.identity import bank_identity, chamber_identity, vat_identity
from ml_connector.flows.purchasing.linked import Linked, tokens_of
from ml_connector.flows.purchasing.names import supplier_links
from ml_connector.flows.purchasing.pairing import Pairing, Pairs
from ml_connector.flows.purchasing.supplier_policy import (
    GIVEN,
    OPTIONS,
    Owner,
    SuppliersInput,
    SuppliersPolicy,
    read_given,
    read_policy,
)
from ml_connector.ports.commits import Origin
from ml_connector.ports.registers import Register
from ml_connector.ports.sinks import Assignable
from ml_connector.runs.run import Done, Next, Run
from ml_connector.runs.stages import Stage

MARKED = 500
"""Suppliers that one pass marks with their id in the other system; the next passes mark the others."""


@dataclass(slots=True, kw_only=True)
class Suppliers:
    """The stages of one opening."""

    opening: Opening
    same: Mapping[str, str] = field(default_factory=dict)
    source: dict[str, Supplier] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=Pairs)
    moved: set[str] = field(default_factory=set)
    standing: list[Problem] = field(default_factory=list)
    _books: tuple[str, str] | None = None
    _linked: Linked | None = None

    @property
    def policy(self) -> SuppliersPolicy:
        policy: SuppliersPolicy = self.opening.policy
        return policy

    @property
    def kind(self) -> str:
        return supplier_links(self.opening.systems.source.connection, self.policy.entity)

    @property
    def linked(self) -> Linked:
        """The suppliers of the target under the keys of the source."""
        if self._linked is None:
            target = self.opening.systems.target
            inner = target.register(Supplier)
            self._linked = Linked(
                inner=inner,
                sink=lambda: target.sink(NewSupplier),
                links=self.opening.links(),
                commits=self.opening.commits,
                kind=self.kind,
                entity=self.policy.entity,
                prefix=self._prefix(inner),
                books=self.books,
                made=self.mark_one,
            )
        return self._linked

    def books(self) -> tuple[str, str]:
        """What the books of source and target are called in keys."""
        if self._books is None:
            opening, entity = self.opening, self.policy.entity
            systems = opening.systems
            self._books = (
                opening.source.confirm(entity, systems.source.tenant(entity)),
                opening.target.confirm(entity, systems.target.tenant(entity)),
            )
        return self._books

    def _prefix(self, register: Register[Supplier]) -> str:
        return "" if register.limits.shared else f"{self.policy.entity}/"

    def _read(self, register: Register[Supplier]) -> dict[str, Supplier]:
        """By the system's own id."""
        prefix = self._prefix(register)
        return {
            row.key.removeprefix(prefix): replace(row.record, key=row.key.removeprefix(prefix))
            for row in register.rows((prefix,) if prefix else ())
        }

    def read(self) -> None:
        """Read both sides and pair them."""
        ours, theirs = self.books()
        self.source = self._read(self.opening.systems.source.register(Supplier))
        self.pairs = Pairing(
            source=self.source,
            target=self._read(self.linked.inner),
            known=dict(self.opening.links().known(self.kind)),
            same=self.same,
            tokens=lambda key, at_source: (
                tokens_of(ours, key, theirs) if at_source else tokens_of(theirs, key, ours)
            ),
        ).done()
        self.linked.found = self.pairs.found

    # --- what is wished -------------------------------------------------------------------------------------

    def wished(self, _: Opening) -> Iterator[Supplier]:
        """Everybody of the source who is paired or new."""
        for key in sorted({*self.pairs.found, *self.pairs.new}):
            one = self.source[key]
            yield replace(one, said=tuple(getattr(one, name) for name in FIELDS))

    def merged(self, pair: Pair) -> Pair:
        """The pair with what each side owns settled."""
        wished, found = pair.wished, pair.found
        if wished is None:
            return pair
        if found is None:
            return replace(pair, wished=replace(wished, accounts=()))
        settled: dict[str, str] = {}
        before: dict[str, str] = {}
        for place, name in enumerate(FIELDS):
            ours, theirs = getattr(wished, name), getattr(found, name)
            said = pair.base.said[place] if pair.base is not None and pair.base.said else None
            owner = self.policy.owners.get(name, Owner.EITHER)
            if not ours or _alike(name, wished, found) or (owner is Owner.TARGET and theirs):
                settled[name] = theirs
            elif owner is Owner.SOURCE:
                before[name] = theirs
            elif said is not None and wished.said[place] == said and theirs:
                settled[name] = theirs
                if pair.base is not None and getattr(pair.base, name) == theirs:
                    self.standing.append(_differs(name, wished, found))
        base = pair.base and replace(pair.base, **before)
        accounts = self._accounts(wished, found)
        merged = replace(wished, open=found.open, accounts=accounts, **settled)
        merged = self.linked.normal(merged)
        if base is not None and merged == found and merged.said != base.said:
            base = None  # what the source says now is agreed on anew
        return replace(pair, wished=merged, base=base)

    def _accounts(self, wished: Supplier, found: Supplier) -> tuple[BankAccount, ...]:
        """Those that are there; with consent to come also those that only the source has."""
        if not (self.policy.accounts_asked and self.linked.limits.adds_accounts):
            return found.accounts
        ibans = (one for one in wished.accounts if bank_identity(one.number))
        return tuple(sorted({*found.accounts, *ibans}, key=lambda one: one.number))

    # --- stages ---------------------------------------------------------------------------------------------

    def plan(self, run: Run) -> Next | Done:
        """Pair, then plan; what is paired is remembered."""
        self.same = pairs(run.given(SuppliersInput).same).found
        self.read()
        if not run.row.dry:
            self.moved = set(run.step("moved", lambda: "\n".join(self._moved())).split("\n"))
            self._remember()
        planned = self.alignment.plan(run)
        if run.row.dry or self.policy.mode is Mode.PROPOSE or planned == Next("apply"):
            return planned
        return Next("mark") if self._unmarked() else planned

    def _moved(self) -> list[str]:
        """Keys of suppliers that were another one of the target before, whose id is marked."""
        known = dict(self.opening.links().known(self.kind))
        pairs = ((key, one, known.get(key, "")) for key, one in self.pairs.found.items())
        return [
            key
            for key, one, before in pairs
            if before not in ("", one.key) and self.source[key].external == before
        ]

    def _remember(self) -> None:
        """Keep who is paired, also where the other one belonged to somebody who is not there any more."""
        links, found = self.opening.links(), {key: one.key for key, one in self.pairs.found.items()}
        known, theirs = dict(links.known(self.kind)), {*found.values()}
        links.forget(
            self.kind, [key for key, one in known.items() if one in theirs and found.get(key) != one]
        )
        links.know(self.kind, dict(found.items() - known.items()))

    def apply(self, run: Run) -> Next | Done:
        """Carry out a few batches."""
        origin = Origin(run=run.row.id, tenant=self.books()[1], shares=())
        self.linked.make = lambda document: run.commit_once(self.linked.sink(), document, origin)
        step = self.alignment.apply(run)
        return Next("mark") if step == Next("verify") else step

    def mark(self, run: Run) -> Next:
        """Enter the id in the other system where one of the two keeps it and has none."""
        self.read()
        self.moved = set(run.value("plan", "moved", str).split("\n"))
        for key in self._unmarked()[:MARKED]:
            self.mark_one(key, self.pairs.found[key].key)
        run.audit("suppliers.marked", {"left": max(len(self._unmarked()) - MARKED, 0)})
        return Next("verify")

    def _unmarked(self) -> list[str]:
        """Keys of pairs whose side that keeps the other's id has none."""
        at_source = isinstance(self.opening.systems.source.register(Supplier), Assignable)
        at_target = isinstance(self.linked.inner, Assignable)
        return [
            key
            for key, there in self.pairs.found.items()
            if (at_source and (not self.source[key].external or self._is_stale(key)))
            or (at_target and not there.external)
        ]

    def _is_stale(self, key: str) -> bool:
        return key in self.moved and self.source[key].external != self.pairs.found[key].key

    def mark_one(self, key: str, identity: str) -> None:
        """Enter the other system's id of a pair."""
        source = self.opening.systems.source.register(Supplier)
        if isinstance(source, Assignable):
            source.assign(key, identity)
        elif isinstance(self.linked.inner, Assignable):
            self.linked.inner.assign(identity, key)

    @property
    def alignment(self) -> Alignment:
        """The shape that does the work."""
        return Alignment(
            opening=self.opening,
            kind=self.kind,
            record=Supplier,
            register=lambda opening: self.linked,
            wished=self.wished,
            merged=self.merged,
            taken=lambda found, wished: True,
            asked=_asked,
            named=str,
            noticed=self._noticed,
        )

    def _noticed(self, _: Opening) -> Iterable[Problem]:
        return [*self.pairs.questions, *self.standing]


def _differs(name: str, here: Supplier, there: Supplier) -> Problem:
    """A field of which nobody knows whose edit counts."""
    text = (
        f"{here} has {name} {getattr(here, name)} at the source and {getattr(there, name)} at the target."
        " Neither was edited since both were compared last, so neither is brought over. Edit one of them, or"
        f" say who owns the field: --option owners={name}=source."
    )
    return Problem("supplier.differs", here.key, text, Problems.PROCUREMENT)


def _asked(change: Change) -> bool:
    """Bank accounts need a person in every mode."""
    return (
        change.before is not None
        and change.after is not None
        and change.before.accounts != change.after.accounts
    )


def _alike(name: str, wished: Supplier, found: Supplier) -> bool:
    """Whether a field says the same, however it is spelled."""
    ours, theirs = getattr(wished, name), getattr(found, name)
    if name == "vat_number":
        identity = vat_identity(ours, wished.country)
        return ours == theirs or (bool(identity) and identity == vat_identity(theirs, found.country))
    if name == "chamber_number":
        country = wished.country or found.country
        return ours == theirs or chamber_identity(ours, country) == chamber_identity(theirs, country) != ""
    return written(ours) == written(theirs)


def _stages(opening: Opening) -> Mapping[str, Stage]:
    suppliers = Suppliers(opening=opening)
    return {
        "plan": suppliers.plan,
        "apply": suppliers.apply,
        "mark": suppliers.mark,
        "verify": lambda run: suppliers.alignment.verify(run),
    }


FLOW = Flow(
    kind="suppliers",
    title="Suppliers → suppliers",
    record="pass",
    source=Supplier,
    target=Supplier,
    stages=_stages,
    begins="plan",
    proposes="plan",
    consented="apply",
    writes_in=frozenset({"apply", "mark"}),
    passes=True,
    input=SuppliersInput,
    options=OPTIONS,
    given=GIVEN,
    read_given=read_given,
    policy=read_policy,
    questions=QUESTIONS,
)

"""The shape of a flow that makes two sets agree: a plan of changes, shown, approved and carried out.

plan    what is wished beside what the register keeps, each row against what both agreed on last; rows that
        both have alike are noted as agreed, so that they are ours to close and an edit of them is seen. A
        plan that would close or blank far more than usual waits for a person who says that it is right.
        A pass that nobody asked for reads no register that was in order with the same on the same day
apply   batch by batch, each change judged alone; a pass ends after a few batches and starts itself again
verify  what was handed over is looked for, what was written is read again; what is left undone is named
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from typing import Any

from ml_connector.domain import codec
from ml_connector.domain.changes import Act, Change, Pair, change_of, fields_changed, paired
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import FINGERPRINT_SHOWN
from ml_connector.flows.flow import Mode, Opening, Question
from ml_connector.flows.posting.consent import approval_missing, proposes_only
from ml_connector.ports.plans import Links, Plans, PlanState
from ml_connector.ports.registers import Register
from ml_connector.ports.runs import RunState
from ml_connector.runs.converge import left_undone
from ml_connector.runs.run import Done, Hold, Next, Run
from ml_connector.runs.stages import Stage

SHOWN = 20
"""Conflicts and refusals that a run names one by one."""
NOTED = 500
"""Rows that are noted as agreed at a time."""
LOSS = "plan.loss"
LOSS_ROWS, LOSS_PERCENT = 5, 10
"""A plan loses too much where it closes more rows than both, of all that are ours or of those of one legal
entity and axis; and where it blanks one field of more rows than both.
"""
RIGHT = "right"
THEIRS = "plan.theirs"
"""A row that is known in the other system only, for people to look at."""

UNASKED = "unasked"
"""What a pass is given that a schedule or a notification started, and nobody asked for."""

QUESTIONS = (
    Question(
        option="loss_is_right",
        help="The plan is right although it closes or blanks so much.",
        code=LOSS,
        answer=lambda problem, value: (problem.where, RIGHT),
    ),
)
"""What only people can answer of a plan."""


@dataclass(slots=True, kw_only=True)
class Agreed:
    """Rows that both systems have alike, noted some hundred at a time; a `dry` run notes none."""

    links: Links
    kind: str
    dry: bool
    noted: int = 0
    rows: dict[str, Any] = field(default_factory=dict)

    def add(self, key: str, record: Any) -> None:
        """Note the row, with others."""
        self.rows[key] = record
        if len(self.rows) >= NOTED:
            self.note()

    def note(self) -> None:
        """Note what is left."""
        if self.rows and not self.dry:
            self.links.agree(self.kind, self.rows)
            self.noted += len(self.rows)
        self.rows = {}


@dataclass(slots=True)
class Loss:
    """What a plan takes away, counted while it is made, of so many rows that are ours: of all, and under each
    of the beginnings of keys `within`. `asked` are changes that need consent in every mode.
    """

    within: Collection[str] = ()
    ours: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    blanked: dict[str, int] = field(default_factory=dict)

    def keep(self, key: str) -> None:
        """Count a row that is ours."""
        self.ours.update(self._places(key))

    def count(self, change: Change) -> None:
        """Take a line of the plan into account."""
        self.closed.update(self._places(change.key) if change.act is Act.CLOSE else ())
        if change.act not in (Act.CHANGE, Act.CLOSE):
            return
        for name, before, after in fields_changed(change):
            if before not in (None, "", ()) and after in (None, "", ()) and name != "until":
                self.blanked[name] = self.blanked.get(name, 0) + 1

    def told(self) -> str:
        """What is lost beyond the limit; empty for nothing."""
        lost = [place for place, n in sorted(self.closed.items()) if n > self._most(place)]
        told = [
            f"closes {self.closed[place]} of {self.ours[place]} rows" + f" under {place}" * bool(place)
            for place in (lost if "" not in lost else [""])
        ]
        most = self._most("")
        told += [f"blanks {name} of {n}" for name, n in sorted(self.blanked.items()) if n > most]
        return " and ".join(told)

    def _most(self, place: str) -> int:
        return max(LOSS_ROWS, self.ours[place] * LOSS_PERCENT // 100)

    def _places(self, key: str) -> list[str]:
        return ["", *(place for place in self.within if key.startswith(place))]


Met = tuple[list[Any], list[tuple[str, Any]]]
"""What is wished, and keys with what was agreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Brings a register to what is wished. `kind` names the records in links; `wished` gives every record of
    the source, in any order; `within` says which part of the register the plan is about, by beginnings of
    keys; `beside` is what is wished of a row in view of how it was found; `closed` makes the row as it is
    once it is closed; `another` tells of a closed row that is wished open whether it stood for something else
    before, `taken` of a row that was never ours whether it may stand for something else; `used` tells what
    still uses a row that is to be closed; `theirs` tells of a row that is known there only whether the plan
    shows it; `anew` tells of a row that was found whether it is another than the one both agreed on last,
    which counts no more then; `merged` is a pair with what each side owns settled; `asked` tells of a
    change whether a person consents to it in every mode; `register` is where the records are kept, the
    target's own unless it is said; `aside` tells of a change that the register cannot hold, with what it
    says, whether that is for people and no line of the plan, and `remedy` what else would help; `named` is a
    row as people know it; `noticed` is what else people have to look at, asked for when the plan is made;
    `days` is the day that it is for the plan. `meets` gives what is wished and what was agreed, each in the
    order of its new keys, in view of all that was found, and `ordered` the lines of the plan as they are
    made: both for small registers.
    """

    opening: Opening
    kind: str
    record: type[Any]
    wished: Callable[[Opening], Iterable[Any]]
    within: Callable[[Opening], Collection[str]] = lambda opening: ()
    beside: Callable[[Any, Any], Any] = lambda wished, found: wished
    closed: Callable[[Any], Any] = lambda row: row
    another: Callable[[Any, Any], bool] = lambda found, wished: False
    taken: Callable[[Any, Any], bool] = lambda found, wished: False
    used: Callable[[Any], str] = lambda row: ""
    theirs: Callable[[Any], bool] = lambda row: False
    anew: Callable[[Any, Any], bool] = lambda found, base: False
    merged: Callable[[Pair], Pair] = lambda pair: pair
    asked: Callable[[Change], bool] = lambda change: False
    register: Callable[[Opening], Register[Any]] | None = None
    aside: Callable[[Change, Sequence[Problem]], bool] = lambda change, problems: False
    remedy: Callable[[Any], str] = lambda row: ""
    named: Callable[[Any], str] = lambda row: str(row.key)
    noticed: Callable[[Opening], Iterable[Problem]] = lambda opening: ()
    days: Callable[[Opening], Sequence[str]] = lambda opening: [f"{opening.commits.now():%Y-%m-%d}"]
    meets: Callable[[list[Any], list[Any], Iterable[tuple[str, Any]]], Met] | None = None
    ordered: Callable[[Iterator[Change]], Iterable[Change]] = lambda changes: changes

    @property
    def _register(self) -> Register[Any]:
        if self.register is not None:
            return self.register(self.opening)
        register: Register[Any] = self.opening.systems.target.register(self.record)
        return register

    def stages(self) -> Mapping[str, Stage]:
        """By name, as a flow's record wants them."""
        return {"plan": self.plan, "apply": self.apply, "verify": self.verify}

    def plan(self, run: Run) -> Next | Done:
        """Store the plan and ask for consent to it; nothing where the register need not be read."""
        wished = list(self.wished(self.opening))
        digest, comparisons = self._digest(wished), self.opening.comparisons
        unasked = UNASKED in run.row.input and not run.row.dry
        if unasked and (since := comparisons.in_order_since(run.row.id, digest)) is not None:
            at = f"{since:%Y-%m-%d %H:%M} UTC"
            run.audit("run.not_compared", {"last_compared": since.isoformat()})
            return Done(
                f"Nothing that matters changed at the source since {at}. The other system was compared then,"
                " and was not read now."
            )
        if not run.row.dry:
            comparisons.begin(run.row.id)
        agreed = Agreed(links=self.opening.links(), kind=self.kind, dry=run.row.dry)
        loss = Loss(within=self.within(self.opening))
        fingerprint = self._plans.store(run.row.id, self.ordered(self._changes(wished, agreed, loss)))
        counts = self._plans.counts(run.row.id)
        figures = {str(state): n for state, n in counts.items()}
        run.audit("run.planned", {"sha256": fingerprint, "agreed": agreed.noted, **figures})
        if not run.row.dry:
            things = chain(self._left(run.row.id), self.noticed(self.opening))
            self.opening.worklist().found(run.row.id, things)
        if counts.keys() <= {PlanState.NOTED}:
            comparisons.in_order(run.row.id, digest)
        if not counts:
            return Done("Every row that is wished is there as wished; nothing to change.")
        told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        if run.row.dry:
            return Done(f"Proposed only: {told}.")
        self._check_loss(run, loss, fingerprint)
        if not counts.get(PlanState.PLANNED):
            return Next("verify")
        automatic = run.step("by_itself", lambda: self._automatic and not loss.asked)
        if automatic or run.approved() == fingerprint:
            return Next("apply")
        asks = f"Waiting for approval of {fingerprint[:FINGERPRINT_SHOWN]}."
        raise Hold((), RunState.AWAITING_APPROVAL, f"Plan of changes: {told}. {asks}")

    def _digest(self, wished: Iterable[Any]) -> str:
        """Stands for all that decides what is to be done, but the register: rows in any order, days, and what
        people have to look at.
        """
        running = hashlib.sha256(repr(self.days(self.opening)).encode())
        for one in sorted(hashlib.sha256(codec.encode(row).encode()).digest() for row in wished):
            running.update(one)
        for problem in self.noticed(self.opening):
            running.update(codec.encode(problem).encode())
        return running.hexdigest()

    def _left(self, run: str) -> Iterator[Problem]:
        """What is left as it is in the other system, for people."""
        after = 0
        while rows := self._plans.next(run, (PlanState.NOTED,), NOTED, after):
            for row in rows:
                if row.change.act is Act.STAYS:
                    yield Problem("plan.stays", row.change.key, row.detail, Owner.ADMINISTRATOR)
                    continue
                text = (
                    f"{self.named(row.change.before)} is known in the other system only. It is left as it is."
                    " Make it at the source, close it there, or say why it stays."
                )
                yield Problem(THEIRS, row.change.key, text, Owner.ADMINISTRATOR)
            after = rows[-1].number

    def _check_loss(self, run: Run, loss: Loss, fingerprint: str) -> None:
        where = f"plan {fingerprint[:FINGERPRINT_SHOWN]}"
        if (told := loss.told()) and run.answers().get(where) != RIGHT:
            text = (
                f"The plan {told}. A source that is read in part, or lost a right, looks so too. Nothing was"
                f" changed. Look at the plan and at the source: ml-connector runs show {run.row.id}. If it is"
                f" right: ml-connector runs answer {run.row.id} --loss-is-right."
            )
            run.check([Problem(LOSS, where, text, Owner.CONTROLLER)])

    def apply(self, run: Run) -> Next | Done:
        """Carry out a few batches."""
        if self.opening.policy.mode is Mode.PROPOSE:
            raise Hold([proposes_only()], RunState.AWAITING_APPROVAL)
        automatic = self._automatic and run.value("plan", "by_itself", bool)
        if not automatic and run.approved() != self._plans.fingerprint(run.row.id):
            raise Hold([approval_missing(run.row.id)], RunState.AWAITING_APPROVAL)
        self.opening.comparisons.forget()
        more = run.converge(self._register, self.kind).apply(run.row.id)
        return Next("apply" if more else "verify")

    def verify(self, run: Run) -> Next | Done:
        """Look for what was handed over, read again what was written, and name what is left undone."""
        converger = run.converge(self._register, self.kind)
        if not self._plans.counts(run.row.id).keys() <= {PlanState.NOTED}:
            self.opening.comparisons.forget()
        converger.seen(run.row.id)
        converger.read_again(run.row.id)
        left = self._plans.next(run.row.id, (PlanState.CONFLICT, PlanState.REFUSED), SHOWN)
        run.check(left_undone(left))
        counts = self._plans.counts(run.row.id)
        done, noted = counts.get(PlanState.DONE, 0), counts.get(PlanState.NOTED, 0)
        told = f"{done} change{'s' * (done != 1)} made; read again, and as wished."
        return Done(f"{told} {noted} left as found in the other system: see the worklist." if noted else told)

    @property
    def _automatic(self) -> bool:
        mode: Mode = self.opening.policy.mode
        return mode is Mode.AUTOMATIC

    @property
    def _plans(self) -> Plans:
        return self.opening.plans

    def _changes(self, rows: Iterable[Any], agreed: Agreed, loss: Loss) -> Iterator[Change]:
        """Every line of the plan, in the order of keys. What is wished is held; what is found passes by."""
        register = self._register
        wished, clashes = _each_once(map(register.normal, rows), self.named)
        found: Iterable[Any] = (row.record for row in register.rows(self.within(self.opening)))
        bases: Iterable[tuple[str, Any]] = self.opening.links().bases(self.kind)
        if self.meets is not None:
            found = list(found)
            wished, bases = self.meets(wished, found, bases)
        agreed_last = ((key, register.normal(base)) for key, base in bases)
        for pair in paired(wished, found, agreed_last):
            if pair.key in clashes:
                yield Change(key=pair.key, act=Act.NOT_HELD, after=pair.wished, why=clashes[pair.key])
                continue
            if pair.wished is not None and pair.found is not None:
                pair = replace(pair, wished=self.beside(pair.wished, pair.found))
            if pair.base is not None and pair.found is not None and self.anew(pair.found, pair.base):
                pair = replace(pair, base=None)
            pair = self.merged(pair)
            if pair.base is not None and pair.base.open:
                loss.keep(pair.key)
            if pair.newly_agreed:
                agreed.add(pair.key, pair.wished)
            if (change := self._change_of(pair)) is not None:
                loss.count(change)
                loss.asked += self._asks(change, pair)
                yield change
        agreed.note()

    def _asks(self, change: Change, pair: Pair) -> bool:
        """Whether a person consents to it in every mode: a row that somebody deleted is made again, one that
        was closed comes back as something else, one that was never ours may not be meant, or one that is to
        be closed is used.
        """
        if self.asked(change):
            return True
        if change.act not in (Act.CHANGE, Act.CLOSE, Act.REOPEN):
            return change.act is Act.MAKE_AGAIN
        if pair.base is None and self.taken(change.before, change.after):
            return True
        if change.act is Act.CLOSE:
            return bool(change.why)
        return change.act is Act.REOPEN and self.another(change.before, change.after)

    def _change_of(self, pair: Pair) -> Change | None:
        """A line of the plan; none where the register keeps the row as it would keep what is wished, such as
        a code that is to be closed today and is open until the day is over.
        """
        change = change_of(pair, self.closed)
        if change is not None and pair.found == self._register.normal(change.after):
            return None
        if change is None:
            unknown = pair.wished is None and pair.base is None and self.theirs(pair.found)
            return Change(key=pair.key, act=Act.THEIRS, before=pair.found) if unknown else None
        never_closed = self._register.limits.never_closed
        if change.act is Act.CLOSE and getattr(change.after, "axis", "") in never_closed:
            text = (
                f"{self.named(change.before)} is closed at the source, and the other system has no way to"
                " close it: it stays open there. Rename it or take it out there by hand, or say why it stays."
            )
            return replace(change, act=Act.STAYS, why=text)
        if change.act is Act.CLOSE:
            return replace(change, why=self.used(change.before) or None)
        if change.act is Act.CONFLICT:
            return change
        problems = self._register.check(change.after)
        if problems and self.aside(change, problems):
            return None
        if problems:
            texts = [*(problem.text for problem in problems), self.remedy(change.after)]
            return replace(change, act=Act.NOT_HELD, why=" ".join(filter(None, texts)))
        return change


def _each_once(rows: Iterable[Any], named: Callable[[Any], str]) -> tuple[list[Any], dict[str, str]]:
    """The rows in the order of keys, one of each, and by key why it is none where several are not alike."""
    once: list[Any] = []
    clashes: dict[str, str] = {}
    for key, same in groupby(sorted(rows, key=lambda row: row.key), key=lambda row: row.key):
        first, *more = same
        once.append(first)
        if names := sorted(
            {named(row) for row in (first, *more) if row != first or named(row) != named(first)}
        ):
            both = " and ".join(sorted({named(first), *names}))
            clashes[key] = f"{both} are one row in the other system. Rename one of them at the source."
    return once, clashes

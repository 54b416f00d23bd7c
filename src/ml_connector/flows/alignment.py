"""The shape of a flow that makes two sets agree: a plan of changes, shown, approved and carried out.

plan    what is wished beside what the register keeps, each row against what both agreed on last; rows that
        both have alike are noted as agreed, so that they are ours to close and an edit of them is seen
apply   batch by batch, each change judged alone; a pass ends after a few batches and starts itself again
verify  what was handed over is looked for, what was written is read again; what is left undone is named
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ml_connector.domain.changes import Change, change_of, paired
from ml_connector.domain.proposal import FINGERPRINT_SHOWN
from ml_connector.flows.flow import Mode, Opening
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Brings a register to what is wished. `kind` names the records in links; `wished` gives every record of
    the source in the order of keys; `closed` makes the row as it is once it is closed.
    """

    opening: Opening
    kind: str
    record: type[Any]
    wished: Callable[[Opening], Iterable[Any]]
    closed: Callable[[Any], Any] = lambda row: row

    @property
    def _register(self) -> Register[Any]:
        register: Register[Any] = self.opening.systems.target.register(self.record)
        return register

    def stages(self) -> Mapping[str, Stage]:
        """By name, as a flow's record wants them."""
        return {"plan": self.plan, "apply": self.apply, "verify": self.verify}

    def plan(self, run: Run) -> Next | Done:
        """Store the plan and ask for consent to it."""
        agreed = Agreed(links=self.opening.links, kind=self.kind, dry=run.row.dry)
        fingerprint = self._plans.store(run.row.id, self._changes(agreed))
        counts = self._plans.counts(run.row.id)
        figures = {str(state): n for state, n in counts.items()}
        run.audit("run.planned", {"sha256": fingerprint, "agreed": agreed.noted, **figures})
        if not counts:
            return Done("Every row that is wished is there as wished; nothing to change.")
        told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        policy: Mode = self.opening.policy.mode
        if run.row.dry:
            return Done(f"Proposed only: {told}.")
        if policy is Mode.AUTOMATIC or run.approved() == fingerprint:
            return Next("apply")
        asks = f"Waiting for approval of {fingerprint[:FINGERPRINT_SHOWN]}."
        raise Hold((), RunState.AWAITING_APPROVAL, f"Plan of changes: {told}. {asks}")

    def apply(self, run: Run) -> Next | Done:
        """Carry out a few batches."""
        if self.opening.policy.mode is Mode.PROPOSE:
            raise Hold([proposes_only()], RunState.AWAITING_APPROVAL)
        automatic = self.opening.policy.mode is Mode.AUTOMATIC
        if not automatic and run.approved() != self._plans.fingerprint(run.row.id):
            raise Hold([approval_missing(run.row.id)], RunState.AWAITING_APPROVAL)
        more = run.converge(self._register, self.kind).apply(run.row.id)
        return Next("apply" if more else "verify")

    def verify(self, run: Run) -> Next | Done:
        """Look for what was handed over, read again what was written, and name what is left undone."""
        converger = run.converge(self._register, self.kind)
        converger.seen(run.row.id)
        converger.read_again(run.row.id)
        left = self._plans.next(run.row.id, (PlanState.CONFLICT, PlanState.REFUSED), SHOWN)
        run.check(left_undone(left))
        done = self._plans.counts(run.row.id).get(PlanState.DONE, 0)
        return Done(f"{done} change{'s' * (done != 1)} made; read again, and as wished.")

    @property
    def _plans(self) -> Plans:
        return self.opening.plans

    def _changes(self, agreed: Agreed) -> Iterator[Change]:
        register = self._register
        wished = (register.normal(row) for row in self.wished(self.opening))
        found = (row.record for row in register.rows())
        for pair in paired(wished, found, self.opening.links.bases(self.kind)):
            if pair.newly_agreed:
                agreed.add(pair.key, pair.wished)
            if (change := change_of(pair, self.closed)) is not None:
                yield change
        agreed.note()

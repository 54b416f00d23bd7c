"""What a person consents to, in words and as a fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

from ml_connector.domain import codec
from ml_connector.domain.journal import BookedEntry, ExchangeRate, JournalEntry
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import FINGERPRINT_SHOWN, Proposal, Subject, TakenBack
from ml_connector.domain.text import words
from ml_connector.flows.booked import Booked
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.already_booked import net_of
from ml_connector.ports.runs import OtherRun, RunState
from ml_connector.runs.run import Done, Hold, Next, Run

NUMBERS_SHOWN = 5
SET_MODE = (
    "To post, set its mode to approve, with the mapping and the options that it has: ml-connector flows set"
    " --from SOURCE --to TARGET --starts-on DATE --mode approve."
)


class Rated(Protocol):
    """What is in a currency, at a rate where that is another one than that of its books."""

    @property
    def currency(self) -> str: ...

    @property
    def rate(self) -> ExchangeRate | None: ...


class Proposed(Protocol):
    """A proposal, whatever it is of."""

    @property
    def consented(self) -> tuple[object, ...]: ...

    @property
    def takes_back(self) -> tuple[TakenBack, ...]: ...

    @property
    def subjects(self) -> tuple[Subject, ...]: ...

    @property
    def left_out(self) -> str: ...


def proposal_fingerprint(proposal: Proposed) -> str:
    """What an approval consents to: the entries, what they take back, and what was accepted of others."""
    return codec.fingerprint(proposal.consented)


def shown_fingerprint(proposal: Proposed) -> str:
    """The part of the fingerprint that people see and give back."""
    return proposal_fingerprint(proposal)[:FINGERPRINT_SHOWN]


def proposes_only() -> Problem:
    """Why nothing is posted although it was approved: the flow was set to propose since, as after a
    restore.
    """
    text = f"This flow only proposes. {SET_MODE} Then approve the entries again."
    return Problem("flow.proposes", "mode", text, Owner.CONTROLLER)


def approval_missing(run: str) -> Problem:
    """Why a run waits for approval although it was on its way to the ledger."""
    text = (
        f"Nobody has approved the entries of this run as they are now. Look at them, then approve them"
        f" with the fingerprint that is shown there: ml-connector runs show {run}."
    )
    return Problem("approval.missing", "approval", text, Owner.CONTROLLER)


def check(run: Run, proposal: Proposed, mode: Mode) -> None:
    """Raises `Hold` unless a person consented to just this, or the flow goes on by itself."""
    if mode is Mode.PROPOSE:
        raise Hold([proposes_only()], RunState.AWAITING_APPROVAL)
    asks = mode is not Mode.AUTOMATIC or bool(proposal.takes_back)
    if asks and run.approved() != proposal_fingerprint(proposal):
        raise Hold([approval_missing(run.row.id)], RunState.AWAITING_APPROVAL)


def ask(run: Run, proposal: Proposed, mode: Mode, what: str) -> Next | Done:
    """Go on and post, where the flow does so by itself; raises `Hold` for whoever approves. `what` tells in a
    few words what is proposed.
    """
    if run.row.dry:
        dry = f"Dry run: {what}. Nothing was posted."
        return Done(" ".join(filter(None, (dry, proposal.left_out, changes(proposal)))))
    if mode is Mode.AUTOMATIC and not proposal.takes_back:
        return Next("post")
    asks = (
        f"This flow only proposes. {SET_MODE}"
        if mode is Mode.PROPOSE
        else f"Waiting for approval of {shown_fingerprint(proposal)}."
    )
    others = waiting_beside(run.others(proposal.subjects))
    said = (run.row.notice, f"Proposed {what}.", proposal.left_out, changes(proposal), others, asks)
    raise Hold((), RunState.AWAITING_APPROVAL, " ".join(filter(None, said)))


def describe(entries: Sequence[JournalEntry]) -> str:
    """Entries in a few words."""
    lines = sum(len(entry.lines) for entry in entries)
    total = Money.from_minor(sum(entry.debit.minor for entry in entries), entries[0].currency)
    count = len(entries)
    return f"{count} {'entry' if count == 1 else 'entries'}, {lines} lines, {total} debit and credit"


def changes(proposal: Proposed) -> str:
    """What the proposal changes of what other runs have booked; empty for nothing."""
    if not proposal.takes_back:
        return ""
    return f"It changes what is booked for the same pay: {listed(map(str, proposal.takes_back))}."


def superseded_by(newer: Iterable[Sequence[Booked]]) -> str:
    """The documents of a newer calculation, and the runs that booked them; empty for none."""
    parts = {part.row.key: part for made in newer for part in made}.values()
    numbers = listed(f"{part.number} in {part.row.entity}" for part in parts)
    runs = listed(dict.fromkeys(part.row.run for part in parts))
    return f"{numbers} (run {runs})" if parts else ""


def left_out(companies: Sequence[str], newer: Iterable[Sequence[Booked]]) -> str:
    """Which companies a proposal says nothing of, and why; empty for none."""
    if not companies:
        return ""
    return (
        f"Without {listed(companies)}: a newer calculation of this pay is booked as {superseded_by(newer)}."
    )


def what_changed(old: Proposal, now: Proposal) -> str:
    """What a proposal that was approved no longer says, in a sentence."""
    if now.problems:
        return now.problems[0].text
    if now.superseded:
        return f"a newer calculation of this pay is booked as {now.superseded}."
    if now.left_out != old.left_out:
        return now.left_out or f"what was left out counts again. {old.left_out}"
    added = [taken for taken in now.takes_back if taken not in old.takes_back]
    if added:
        return f"for the same pay is booked since: {listed(map(str, added))}."
    gone = [taken for taken in old.takes_back if taken not in now.takes_back]
    if gone:
        return f"what it would have changed counts no more: {listed(map(str, gone))}."
    if now.already_booked:
        return f"the pay is booked as {listed(now.already_booked)} since."
    places = sorted(
        {
            account
            for entity in {entry.entity for entry in (*old.entries, *now.entries)}
            for account, _ in _moved(old, now, entity)
        }
    )
    if places:
        return (
            f"mapping, options or what is booked changed: account {listed(places)} comes to another amount."
        )
    return "text, date, rate or dimensions of the entries changed."


def _moved(old: Proposal, now: Proposal, entity: str) -> set[tuple[str, int]]:
    def lines(proposal: Proposal) -> set[tuple[str, int]]:
        entries = [entry for entry in proposal.entries if entry.entity == entity]
        return {(account, minor) for (account, _), minor in net_of(entries).items()}

    return lines(old) ^ lines(now)


def waiting_beside(others: Iterable[OtherRun]) -> str:
    """Which other runs of the same pay are not at their end; empty for none."""
    found = list(
        dict.fromkeys(f"run {other.id} of {other.reference} ({words(other.state)})" for other in others)
    )
    if not found:
        return ""
    return (
        f"Not finished for the same pay: {listed(found)}. Whichever posts second is compared with the first."
    )


def documents(booked: Sequence[BookedEntry], *, several: bool | None = None) -> str:
    """The first few documents, with their legal entity where there are `several`, because each begins to
    count anew.
    """
    several = len({entry.receipt.entity for entry in booked}) > 1 if several is None else several
    return listed(
        entry.receipt.number + (f" in {entry.receipt.entity}" if several else "") for entry in booked
    )


class Came(StrEnum):
    """How a document of a run came into the ledger: this run posted it, it was there and is adopted, or
    another run had booked it before. The words are those of `outcome`.
    """

    POSTED = "Posted {what}"
    FOUND = "Found {what}, booked before"
    BY_ANOTHER_RUN = "Booked by another run before: {what}"


def outcome(entries: Sequence[JournalEntry], booked: Sequence[BookedEntry], came: Sequence[Came]) -> str:
    """What became of the entries, once each document is proved: those that this run posted, those that were
    there, and those of another run, each with its own figures.
    """
    several, said = len({entry.entity for entry in entries}) > 1, []
    for way in Came:
        of_way = [place for place, found in enumerate(came) if found is way]
        if of_way:
            numbers = documents([booked[place] for place in of_way], several=several)
            what = f"{describe([entries[place] for place in of_way])} as {numbers}"
            said.append(way.format(what=what))
    if Came.POSTED not in came:
        return f"{'. '.join(said)}; nothing was posted. Read back and tied out."
    return f"{'. '.join(said)}; read back and tied out."


def listed(texts: Iterable[str]) -> str:
    """The first few texts, and how many more there are."""
    found = list(texts)
    more = len(found) - NUMBERS_SHOWN
    return ", ".join(found[:NUMBERS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def rate_text(entry: Rated, booked: Rated | None) -> str:
    """The rate that an entry was booked at, or is to be, and where it comes from: the giver's word for one
    that was given. Empty where there is none.
    """
    rate = booked.rate if booked else entry.rate
    if rate is None:
        return ""
    return f"1 {entry.currency} = {rate.rate:f} {rate.currency}, {(entry.rate or rate).source}"


def rates_booked(proposal: Proposal, booked: Iterable[BookedEntry]) -> dict[str, str]:
    """What entries in a foreign currency were booked at, by document."""
    pairs = zip(proposal.entries, booked, strict=True)
    texts = {
        f"rate {there.receipt.entity} {there.receipt.number}": rate_text(entry, there)
        for entry, there in pairs
    }
    return {name: text for name, text in texts.items() if text}

"""What UKG's rows of people say of employments. No call is made here.

    employment details   one row for each person and company: the employment since the last hire, as it is now
    job history          the ones before it, where the last hire is not the first; and by its days where the
                         person was placed, and what is entered for later: a place, an end, a new beginning

A row says nothing of an employment before a rehire but its first day. Its end is in the job history, or it is
not known, and then that employment is left out: no day is made up. Of what holds now, the details are
believed. No error repeats a value of a row but the ids of person and company.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from ml_connector.connectors.ukg_pro import wire
from ml_connector.connectors.ukg_pro.dimensions import JOB, LOCATION, NONE, PROJECT
from ml_connector.connectors.ukg_pro.wire_people import EmploymentRow, HistoryRow
from ml_connector.domain.dimension import Dimensions, dimensions
from ml_connector.domain.problem import Owner
from ml_connector.domain.worker import Employment, EmploymentState, Placement
from ml_connector.errors import VendorChanged

AXES = ("org_level_1", "org_level_2", "org_level_3", "org_level_4", LOCATION, PROJECT, JOB)
FLAGS = {"y": True, "yes": True, "true": True, "n": False, "no": False, "false": False, "": True}


class Held(NamedTuple):
    """A row of employment details, read. `again` where the employment is a rehire."""

    company_id: str
    number: str
    employment: Employment
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What this tenant's letters of state mean, and which reasons of an end are a transfer."""

    letters: Mapping[str, EmploymentState]
    transfers: frozenset[str]

    def state(self, letter: str) -> EmploymentState:
        """The state; `UNKNOWN` for a letter that the settings do not name."""
        return self.letters.get(letter, EmploymentState.UNKNOWN)


def held(row: EmploymentRow, words: Words) -> Held:
    """The row as an employment. A day of termination before the last hire belongs to an employment before it.
    An end without a day, and a letter that nobody has explained, leave the state open.
    """
    whose = f"{row.employeeID} in company {row.companyID}"
    original, last = day(row.originalHireDate, whose), day(row.lastHireDate, whose)
    if (start := last or original) is None:
        text = f"UKG gives no hire date for employee {whose}. Enter it in UKG."
        raise VendorChanged(text, where=whose, code="worker.incomplete", owner=Owner.PAYROLL)
    end = day(row.dateOfTermination, whose)
    if end is not None and end < start:
        end = None
    letter = trimmed(row.employeeStatusCode)
    state = words.state(letter)
    if state is EmploymentState.ENDED and end is None:
        state = EmploymentState.UNKNOWN
    employment = Employment(
        company=shared(trimmed(row.companyCode)),
        start=start,
        end=end,
        state=state,
        letter=shared(letter),
        kind=shared(trimmed(row.employeeTypeCode)),
        moved=end is not None and trimmed(row.termReason) in words.transfers,
        home=_flag(row.isHomeCompany, whose),
        codes=_codes(
            row.orgLevel1Code,
            row.orgLevel2Code,
            row.orgLevel3Code,
            row.orgLevel4Code,
            row.primaryWorkLocationCode,
            row.primaryProjectCode,
            row.primaryJobCode,
        ),
    )
    again = original is not None and original < start
    return Held(shared(row.companyID or ""), trimmed(row.employeeNumber), employment, again)


def earlier(now: Employment, rows: Sequence[tuple[date, HistoryRow]], words: Words) -> Iterator[Employment]:
    """The employments before this one, by the job history of the person in the company. One whose end the
    history does not show is left out.
    """
    before = rows[: _beginning(now.start, rows, words)]
    first: date | None = None
    found: Employment | None = None
    for on, row in before:
        letter = trimmed(row.employeeStatus)
        ended = words.state(letter) is EmploymentState.ENDED
        if ended and first is not None:
            # The last of several ends in a row counts: the day was moved.
            found = Employment(
                company=now.company,
                start=first,
                end=on,
                state=EmploymentState.ENDED,
                letter=shared(letter),
                kind=shared(trimmed(row.employeeType)),
                moved=trimmed(row.reasonCode) in words.transfers,
                home=now.home,
            )
        elif not ended and (first is None or found is not None):
            if found is not None:
                yield found
            first, found = on, None
    if found is not None:
        yield found


def ahead(now: Employment, rows: Sequence[tuple[date, HistoryRow]], words: Words, today: date) -> Employment:
    """The employment with its placements, and with the end that is entered for today or later where the
    details show none yet. `rows` are of the person in the company, as `in_order` gives them, those of before
    today perhaps left out: what holds now is then known from today on.
    """
    begun = rows[_beginning(now.start, rows, words) :]
    mine = [(on, row) for on, row in begun if now.end is None or on <= now.end]
    end, moved, letter, kind = now.end, now.moved, now.letter, now.kind
    known: dict[date, Placement] = {}
    if mine and mine[0][0] > max(now.start, today):
        since = max(now.start, today)
        known[since] = Placement(since=since, codes=now.codes, state=now.state, letter=letter, kind=kind)
    for on, row in mine:
        letter, kind = (
            shared(trimmed(row.employeeStatus)) or letter,
            shared(trimmed(row.employeeType)) or kind,
        )
        state = words.state(letter)
        known[on] = Placement(since=on, codes=_placed(row), state=state, letter=letter, kind=kind)
        if state is EmploymentState.ENDED and end is None and on >= today:
            end, moved = on, trimmed(row.reasonCode) in words.transfers
            break
    return replace(now, end=end, moved=moved, placements=tuple(known[on] for on in sorted(known)))


def again(
    now: Employment, rows: Sequence[tuple[date, HistoryRow]], words: Words, today: date
) -> Employment | None:
    """The employment that is entered to begin after the end of this one, as `ahead` gives it, be it on the
    last day itself; `None` where none is.
    """
    end = now.end
    if end is None:
        return None
    is_over = False
    for on, row in rows:
        letter = trimmed(row.employeeStatus)
        if words.state(letter) is EmploymentState.ENDED:
            is_over = is_over or on == end
            continue
        if on < end or on <= today or (on == end and not is_over):
            continue
        begun = Employment(
            company=now.company,
            start=on,
            state=words.state(letter),
            letter=shared(letter),
            kind=shared(trimmed(row.employeeType)) or now.kind,
            home=now.home,
            codes=_placed(row),
        )
        return ahead(begun, rows, words, today)
    return None


def _beginning(start: date, rows: Sequence[tuple[date, HistoryRow]], words: Words) -> int:
    """The place of the first row of the employment that began on the day. An end on the same day that comes
    before a beginning is of the employment before.
    """
    first = next((place for place, (on, _) in enumerate(rows) if on >= start), len(rows))
    ended = [
        words.state(trimmed(row.employeeStatus)) is EmploymentState.ENDED
        for on, row in rows[first:]
        if on == start
    ]
    if False not in ended:
        return first
    last = len(ended) - 1 - ended[::-1].index(False)
    return first + next((place + 1 for place in range(last - 1, -1, -1) if ended[place]), 0)


def in_order(rows: Iterable[HistoryRow], company: str) -> list[tuple[date, HistoryRow]]:
    """Rows of the job history by their days; of one day in the order in which they were entered."""
    dated = [(day(row.jobEffectiveDate, f"in company {company}"), row) for row in rows]
    found = [(on, row) for on, row in dated if on is not None]
    return sorted(found, key=lambda each: (each[0], each[1].dateTimeCreated or "", each[1].systemId or ""))


def together(of_a_person: Iterable[Employment]) -> tuple[Employment, ...]:
    """Sorted by company and start; of two that say the same beginning the one that ends last."""
    found: dict[tuple[str, date], Employment] = {}
    for each in of_a_person:
        known = found.setdefault((each.company, each.start), each)
        if _lasts(each) > _lasts(known):
            found[each.company, each.start] = each
    return tuple(found[key] for key in sorted(found))


def day(text: str | None, whose: str) -> date | None:
    """The date of a local time; `None` for a blank. It never becomes an instant, so no zone moves it."""
    if text is None or not text.strip():
        return None
    try:
        return wire.day(text)
    except ValueError:
        raise VendorChanged(
            f"A date of employee {whose} cannot be read. Correct it in UKG.",
            where=whose,
            code="worker.date",
            owner=Owner.PAYROLL,
        ) from None


def trimmed(text: str | None) -> str:
    """The text without blanks around it."""
    return (text or "").strip()


@lru_cache(maxsize=65_536)
def shared(text: str) -> str:
    """The same text, held once: fifty thousand rows share a few hundred codes."""
    return text


@lru_cache(maxsize=65_536)
def _codes(*codes: str | None) -> Dimensions:
    named = zip(AXES, map(trimmed, codes), strict=True)
    return dimensions({axis: code for axis, code in named if not (axis == PROJECT and code == NONE)})


def _placed(row: HistoryRow) -> Dimensions:
    return _codes(
        row.orgLevel1Code,
        row.orgLevel2Code,
        row.orgLevel3Code,
        row.orgLevel4Code,
        row.locationCode,
        row.projectCode,
        row.jobCode,
    )


def _flag(value: bool | str | None, whose: str) -> bool:
    if isinstance(value, bool):
        return value
    if (found := FLAGS.get(trimmed(value).lower())) is None:
        text = f"The home company of employee {whose} is neither yes nor no. Correct it in UKG."
        raise VendorChanged(text, where=whose, code="worker.incomplete", owner=Owner.PAYROLL)
    return found


def _lasts(employment: Employment) -> tuple[date, str]:
    return employment.end or date.max, employment.letter

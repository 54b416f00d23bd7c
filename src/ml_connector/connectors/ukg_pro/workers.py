"""The workers of a tenant: who they are, where they are employed, whose record may have changed.

    everybody   employment details, then person details, by pages of 10,000: ⌈e/10,000⌉ + ⌈p/10,000⌉ calls;
                the job history from today on: ⌈j/10,000⌉; and whole of those who were hired again: ⌈r/n⌉
    some        both lists and the job history for as many ids as one address holds (n): 3⌈k/n⌉ calls
    changed     employee changes, by pages of 200, once in three hours

What is entered for a later day is in the job history from then on, and whoever it is entered for is named by
the changes then. So nothing has to be asked on that day. Whom the changes do not name, the next read of
everybody finds.

A row of changes shows what holds now: an end that was entered and withdrawn between two reads leaves it as it
was. So whoever is named is read, also where the row is the same as before.

Neither list promises an order, and numbered pages lose a row when one before it goes away while they are
read. The two lists name the same people, so whoever is in only one of them is read again by id. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from ml_connector.connectors.ukg_pro import client
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.connectors.ukg_pro.employments import Held, Words, again, ahead, earlier, in_order, together
from ml_connector.connectors.ukg_pro.events import PEOPLE
from ml_connector.connectors.ukg_pro.faults import EXPIRED
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.connectors.ukg_pro.wire_people import EmploymentRow, HistoryRow, PersonId, PersonRow
from ml_connector.connectors.ukg_pro.worker_lists import Lists, Named
from ml_connector.domain.worker import NOBODY, Employment, UnreadWorker, Worker
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.storage import Priority, RateLimit
from ml_connector.ports.systems import Wiring
from ml_connector.ports.workers import Changed

Row = TypeVar("Row")
ADDRESS_MAX = 2_000
"""Characters of the ids in one address: servers of UKG's kind refuse a query above 2,048."""
AGAIN_MAX = 1_000
"""People who are in one list and not in the other, and are read again; more are no drift of pages."""
EVERY = timedelta(hours=3)
"""UKG's window of changes, and how far two reads of them must lie apart."""
HEARD_MAX = 200
"""So many whom notifications named are read between two reads of changes; more wait for the next one."""
ON_ITS_WAY = timedelta(minutes=1)
"""On top of it: one request may have taken longer to UKG than the next one."""
GAP_MAX = timedelta(days=7)
"""Beyond it everybody is read: that takes fewer calls than pages of 200, and UKG names no longest span."""
CHANGES_ROWS = 200
DAY = timedelta(days=1)


class UkgWorkers:
    """As `ports.workers.WorkerSource`. Employments before a rehire are those that the job history shows."""

    def __init__(self, options: Options, ukg: UkgClient, wiring: Wiring) -> None:
        self._options, self._ukg, self._clock, self._budget = options, ukg, wiring.clock, wiring.budget
        self._words = Words(letters=options.status_letters, transfers=options.transfer_reasons)
        self._heard = wiring.heard
        self._scope = f"{wiring.connection}/employee-changes"
        self._takes_several = False

    # --- people ---------------------------------------------------------------------------------------------

    def workers(self) -> Iterator[Worker | UnreadWorker]:
        """First whoever cannot be read, then everybody of the companies that the connection takes, sorted by
        id.
        """
        lists = self._lists()
        self._take(lists.employed, self._whole(client.EMPLOYMENTS, EmploymentRow))
        self._take(lists.named, self._whole(client.PERSONS, PersonRow))
        lists.doubtful |= lists.apart()
        if len(lists.doubtful) > AGAIN_MAX:
            raise self._apart(lists.doubtful)
        if lists.doubtful:
            self._again(lists)
        self._history(lists, {key for key, mine in lists.rows.items() if any(each.again for each in mine)})
        whole = frozenset(lists.history)
        if self._options.job_history:
            coming = {"jobEffectiveDate": f">{_us(self._today() - DAY)}"}
            rows = self._ukg.rows(client.JOB_HISTORY, HistoryRow, coming)
            self._take(lists.happened, (row for row in rows if _id(row.employeeId) not in whole))
        yield from self._put_together(lists)

    def read(self, keys: Collection[str]) -> Mapping[str, Worker | UnreadWorker]:
        """These workers, by id. A row without one may be of anybody who was asked for, so they are asked for
        by halves; nobody is gone by it.
        """
        lists = self._lists()
        lists.doubtful.update(key for key in keys if key.isascii() and key.isalnum())
        self._again(lists)
        self._history(lists, lists.rows)
        found = {worker.key: worker for worker in self._put_together(lists)}
        nobody = found.pop(NOBODY, None)
        if not isinstance(nobody, UnreadWorker):
            return found
        asked = sorted(lists.doubtful)
        if len(asked) <= 1:
            return {key: replace(nobody, key=key) for key in asked}
        half = len(asked) // 2
        return {**self.read(asked[:half]), **self.read(asked[half:])}

    def _lists(self) -> Lists:
        return Lists(words=self._words, takes=self._options.takes)

    def _take(self, add: Callable[[Row], None], rows: Iterable[Row]) -> None:
        for row in rows:
            add(row)

    def _again(self, lists: Lists) -> None:
        """Read both lists anew for those that are doubtful, in place of what is known of them."""
        keys = sorted(lists.doubtful)
        lists.forget(keys)
        self._take(lists.employed, self._of(client.EMPLOYMENTS, EmploymentRow, keys, _of_employment))
        found = sorted(lists.rows.keys() & lists.doubtful)
        self._take(lists.named, self._of(client.PERSONS, PersonRow, found, _of_person))
        lists.without_person()

    def _history(self, lists: Lists, keys: Collection[str]) -> None:
        """Read the job history of these people, whole."""
        if self._options.job_history:
            self._take(lists.happened, self._of(client.JOB_HISTORY, HistoryRow, sorted(keys), _of_history))

    def _put_together(self, lists: Lists) -> Iterator[Worker | UnreadWorker]:
        yield from lists.unread()
        for key in sorted(lists.rows.keys() - lists.faults.keys()):
            yield self._worker(key, lists.rows.pop(key), lists.names.pop(key), lists.history.pop(key, ()))

    def _worker(self, key: str, rows: Sequence[Held], named: Named, history: Sequence[HistoryRow]) -> Worker:
        """The number is that of the home company, where a person has several."""
        first = min(rows, key=lambda each: (not each.employment.home, each.employment.company, each.number))
        return Worker(
            key=key,
            number=first.number,
            name=named.name,
            family=named.family or None,
            email=named.email,
            employments=together(each for row in rows for each in self._employed(row, history)),
        )

    def _employed(self, row: Held, history: Iterable[HistoryRow]) -> Iterator[Employment]:
        """The employment of a row, those before a rehire, and one that is still to begin."""
        mine = in_order((one for one in history if one.companyId == row.company_id), row.employment.company)
        if row.again:
            yield from earlier(row.employment, mine, self._words)
        now = ahead(row.employment, mine, self._words, self._today())
        yield now
        if (next_one := again(now, mine, self._words, self._today())) is not None:
            yield next_one

    def _today(self) -> date:
        return self._clock.now().astimezone(self._options.zone).date()

    # --- lists ----------------------------------------------------------------------------------------------

    def _whole(self, path: str, shape: type[Row], query: Mapping[str, str] | None = None) -> Iterator[Row]:
        """Every row of a list that must be there. Raises `NotFound` where it is not."""
        for answer in self._ukg.pages(path, query):
            rows = answer.decode_list(shape)
            del answer
            yield from rows

    def _of(
        self, path: str, shape: type[Row], keys: Sequence[str], whose: Callable[[Row], str]
    ) -> Iterator[Row]:
        """The rows of these people. Until an answer for several has named two of them, whoever is missing in
        one is asked for alone: the tenant may take one id at a time.
        """
        for batch in _batches(keys):
            found: set[str] = set()
            try:
                for row in self._rows_of(path, shape, batch, whose):
                    found.update({whose(row)} - {NOBODY})
                    yield row
            except Refused as refused:
                if refused.problem.code != "request.refused" or len(batch) == 1:
                    raise
            self._takes_several = self._takes_several or len(found) > 1
            if len(batch) > 1 and not self._takes_several:
                for key in batch:
                    yield from self._rows_of(path, shape, [key], whose) if key not in found else ()

    def _rows_of(
        self, path: str, shape: type[Row], keys: Sequence[str], whose: Callable[[Row], str]
    ) -> Iterator[Row]:
        for row in self._ukg.rows(path, shape, {"employeeId": ",".join(keys)}):
            if whose(row) not in (NOBODY, *keys):
                text = f"UKG was asked for some employees at {path} and answered with others."
                raise VendorChanged(text, where=path)
            yield row

    def _apart(self, keys: Collection[str]) -> VendorChanged:
        text = (
            f"UKG's lists of employments and of persons do not name the same people: {len(keys)} are in one"
            f" of them only, {min(keys)} first. Check the rights of the web service account, then try again."
        )
        return VendorChanged(text, where=client.PERSONS, code="workers.apart")

    # --- changes --------------------------------------------------------------------------------------------

    def changed(self, cursor: str) -> Changed:
        """The cursor is the moment up to which changes were read. UKG's windows of three hours that hold it
        and the one before are read again, and whoever was named by a notification, because nobody who is gone
        is in that list, as somebody whose hire is withdrawn; too early for the list, it is those alone. A 404
        says that nothing matched or that nothing is there, a 410 that the span is over, and a row without an
        id that anybody changed: then everybody is to be read.
        """
        now, last = self._clock.now(), _moment(cursor)
        if last is None or not -EVERY <= now - last <= GAP_MAX:
            return Changed(keys=(), cursor=_text(now), whole=True)
        heard = self._heard(PEOPLE, last)
        heard = heard if len(heard) <= HEARD_MAX else ()
        if not self._may_ask(now):
            return Changed(keys=tuple(heard), cursor=cursor, early=True)
        query = {
            "startDate": self._local(_window(last) - EVERY),
            "endDate": self._local(now),
            "per_page": str(min(CHANGES_ROWS, self._options.page_rows)),
        }
        try:
            rows = self._whole(self._options["changes_path"], PersonId, query)
            keys = {_id(row.employeeId) for row in rows}
        except Refused as refused:
            if not isinstance(refused, NotFound) and refused.problem.code != EXPIRED:
                raise
            return Changed(keys=(), cursor=_text(now), whole=True)
        if NOBODY in keys:
            return Changed(keys=(), cursor=_text(now), whole=True)
        return Changed(keys=tuple(sorted(keys.union(heard))), cursor=_text(now))

    def _may_ask(self, now: datetime) -> bool:
        """Whether three hours have gone since the last time; if so, this is the last time, and a process that
        dies now has asked.
        """
        seconds = int(EVERY.total_seconds())
        limit = RateLimit(name="sweep", limit=1, seconds=seconds)
        if self._budget.take(self._scope, (limit,), Priority.READ) > 0:
            return False
        taken = RateLimit(
            name="sweep", limit=1, seconds=seconds, remaining=0, resets_at=now + EVERY + ON_ITS_WAY
        )
        self._budget.learn(self._scope, (taken,))
        return True

    def _local(self, moment: datetime) -> str:
        """The moment as UKG writes one: in its own zone, without an offset."""
        return moment.astimezone(self._options.zone).replace(tzinfo=None).isoformat(timespec="seconds")


def _id(text: str | None) -> str:
    """The id; `NOBODY` for a row without one."""
    return (text or "").strip() or NOBODY


def _of_employment(row: EmploymentRow) -> str:
    return _id(row.employeeID)


def _of_person(row: PersonRow) -> str:
    return _id(row.employeeId)


def _of_history(row: HistoryRow) -> str:
    return _id(row.employeeId)


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    """As many ids at a time as an address holds."""
    comma = len(quote(","))
    batch: list[str] = []
    length = 0
    for key in keys:
        if batch and length + len(key) + comma > ADDRESS_MAX:
            yield batch
            batch, length = [], 0
        batch.append(key)
        length += len(key) + comma
    if batch:
        yield batch


def _us(on: date) -> str:
    return f"{on:%m-%d-%Y}"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _moment(cursor: str) -> datetime | None:
    """The moment of a cursor; `None` for one that is none of ours."""
    try:
        found = datetime.fromisoformat(cursor)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _window(moment: datetime) -> datetime:
    """The beginning of UKG's window that holds the moment."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // EVERY * EVERY

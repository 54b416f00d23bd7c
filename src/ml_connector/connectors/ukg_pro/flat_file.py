"""Pay runs from the file that UKG's general-ledger export writes. The reference is the file's SHA-256, so a
second delivery is the same run; where the layout takes values from the file's name, of these and the file.

    first pass    dates, companies, sums; the trailer's totals are compared
    second pass   rows, in blocks of 10,000

A file names no currency, so that is a setting; where its layout has no period columns, the pay date stands
for the period as well. What cannot be read as a pay run is set aside, a problem for each file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import BufferedReader
from pathlib import Path

from ml_connector.connectors.ukg_pro.drop_folder import delivered, printable
from ml_connector.connectors.ukg_pro.file_records import REMEDY, named
from ml_connector.connectors.ukg_pro.file_totals import FileTotals, compare_totals, pay_parts
from ml_connector.connectors.ukg_pro.lines import Line, Reader
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.connectors.ukg_pro.translate import shown
from ml_connector.domain.codes import alike
from ml_connector.domain.money import AmountError, Money, decimals
from ml_connector.domain.payroll import Block, Distribution, PayParts, PayRun
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotFound, NotSent, Refused
from ml_connector.ports.payroll import PayRunRef

BLOCK_ROWS = 10_000
FILE_BYTES_MAX = 2 * 1024**3
_LISTED = 10


class FlatFileSource:
    """A `PayrollSource` over a file or a folder of files. Makes no call and changes nothing."""

    def __init__(self, options: Options, tenant: str) -> None:
        self._options, self._tenant = options, tenant
        self._aside: tuple[Problem, ...] | None = None
        self._looks_like: dict[str, str] = {}

    def pay_runs(self, since: date) -> tuple[PayRunRef, ...]:
        """Files whose period ends on or after the date, oldest file first. What cannot be read as a pay run
        is left to `set_aside`; what changes while it is read, or is gone, waits for the next look.
        """
        found: dict[str, PayRunRef] = {}
        aside: list[Problem] = []
        for path in self._files():
            outcome = self._look(path)
            if isinstance(outcome, Problem):
                aside.append(outcome)
            elif outcome is not None and outcome.period_end >= since:
                found.setdefault(outcome.reference, outcome)
        self._aside = tuple(aside)
        return tuple(sorted(found.values(), key=lambda ref: (ref.calculated_at, ref.reference)))

    def set_aside(self) -> tuple[Problem, ...]:
        """A problem for each file that could not be read as a pay run when the folder was read last. Reads
        the folder where that was not done yet.
        """
        if self._aside is None:
            self.pay_runs(date.max)
        return self._aside or ()

    def _look(self, path: Path) -> PayRunRef | Problem | None:
        """The pay run of the file, why it is none, or `None` where it is still being written."""
        try:
            before = path.stat()
            if before.st_size > FILE_BYTES_MAX:
                return _aside(path, "file.size", f"It is larger than {FILE_BYTES_MAX:,} bytes.")
            with path.open("rb") as file:
                reference = self._reference(path, file)
                try:
                    totals, period = self._scan(path, file)
                except Refused as error:
                    found: PayRunRef | Problem = _refused(path, error)
                else:
                    found = PayRunRef(
                        reference=reference,
                        description=printable(path.name),
                        calculated_at=_written(path),
                        period_end=period.end,
                        groups=pay_parts(totals, period.end).groups,
                    )
            after = path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            why = f"It cannot be opened: {error.strerror}. Let this process read it."
            return _aside(path, "file.unreadable", why, Owner.ADMINISTRATOR)
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        return found if unchanged else None

    def tenant(self) -> str:
        """The name of the tenant: a file does not show which tenant it is from."""
        return self._tenant

    def still(self, pay_run: PayRun) -> tuple[Problem, ...]:
        """Whether the file is still there, unchanged. A file of the same name is checked first."""
        try:
            self._find(pay_run.reference, first=pay_run.description)
        except NotFound:
            text = (
                f"The file {pay_run.description} (reference {pay_run.reference[:16]}…) that this run was read"
                " from is not in the folder any more, or was changed. Put it back as it was, or cancel this"
                " run here: ml-connector runs cancel RUN."
            )
            return (Problem("run.gone", pay_run.description, text, Owner.PAYROLL),)
        return ()

    def pay_run(self, reference: str) -> PayRun:
        """The file's dates, currency and companies."""
        path = self._find(reference)
        with _opened(path) as file:
            totals, period = self._scan(path, file)
        companies = tuple(sorted(company for company in totals.companies if self._options.takes(company)))
        layout, parts = self._options.layout, pay_parts(totals, period.end)
        return PayRun(
            source=self._tenant,
            reference=reference,
            subject=self._subject(parts, totals.companies, period),
            description=printable(path.name),
            companies=companies,
            currency=self._currency(printable(path.name), companies),
            pay_period=period,
            calculated_at=_written(path),
            blocks=_blocks(totals.rows),
            tells_pays_apart=layout.has("run_kind") or layout.has("run_number"),
            parts=parts,
            groups=parts.groups,
        )

    def _subject(self, parts: PayParts, companies: Iterable[str], period: PayPeriod) -> str:
        """What the file pays. A pay whose date moves is the same pay, so the pay date counts only where the
        file names neither a period's end nor a period control.
        """
        groups = "+".join(parts.groups or sorted(companies))
        if self._options.layout.has("period_end"):
            when = [str(period.end)]
        else:
            when = [] if parts.controls else [str(period.pay_date)]
        return " ".join([groups, *when, *parts.controls, *sorted({*parts.kinds, *parts.numbers})])

    def blocks(self, reference: str) -> Iterator[Block]:
        """The lines in the order of the file, 10,000 to a block."""
        path = self._find(reference)
        with _opened(path) as file:
            totals, _ = self._scan(path, file)
            total, number = _blocks(totals.rows), 1
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            rows: list[Distribution] = []
            problems: list[Problem] = []
            for count, line in enumerate(self._read(path, file), 1):
                outcome = (
                    line
                    if isinstance(line, Problem)
                    else self._distribution(line, reference, printable(path.name))
                )
                if isinstance(outcome, Problem):
                    problems.append(outcome)
                elif outcome is not None:
                    rows.append(outcome)
                if count == number * BLOCK_ROWS or count == totals.rows:
                    yield Block(
                        number=number, total=total, rows=tuple(rows), problems=tuple(problems), sha256=sha256
                    )
                    rows, problems, number = [], [], number + 1

    def _distribution(self, line: Line, reference: str, name: str) -> Distribution | Problem | None:
        if not self._options.takes(line.company):
            return self._nearly(line, name)
        try:
            amount = Money(line.amount, self._options.currency_of(line.company))
        except AmountError as error:
            where = f"{name}, line {line.number}: amount"
            return Problem(
                "amount.invalid",
                where,
                f"The amount is {shown(line.amount)}. {str(error)[:200]}. {REMEDY}",
                Owner.PAYROLL,
            )
        return Distribution(
            company=line.company,
            account=line.account,
            amount=amount,
            dimensions=line.dimensions,
            pay_code=line.pay_code,
            side=line.side,
            origin=f"{reference[:16]}/{line.number}",
        )

    def _nearly(self, line: Line, name: str) -> Problem | None:
        """A company that this connection does not read, and that looks like one that it reads."""
        if line.company not in self._looks_like:
            look = alike(line.company)
            same = next((one for one in sorted(self._options.companies) if alike(one) == look), "")
            self._looks_like[line.company] = same
        if not (same := self._looks_like[line.company]):
            return None
        text = (
            f"Company is {shown(line.company)}, and this connection reads {same}: the line would be left out."
            f" If they are one company, correct the export in UKG; if not, give {shown(line.company)} a"
            " connection of its own, with files of its own."
        )
        return Problem("row.company", f"{name}, line {line.number}: company", text, Owner.PAYROLL)

    # --- files ----------------------------------------------------------------------------------------------

    def _files(self) -> list[Path]:
        return delivered(Path(self._options["file_path"]), self._options.file_names)

    def _find(self, reference: str, first: str = "") -> Path:
        for path in sorted(self._files(), key=lambda path: printable(path.name) != first):
            try:
                with path.open("rb") as file:
                    if self._reference(path, file) == reference:
                        return path
            except OSError:
                continue
        text = (
            f"No file with the reference {shown(reference)} is there. Deliver it again unchanged; a changed"
            " file is another run."
        )
        raise NotFound(text, where="file_path")

    def _reference(self, path: Path, file: BufferedReader) -> str:
        """Two files with the same lines are one pay, unless their names give other dates or companies."""
        digest, layout = hashlib.file_digest(file, "sha256").hexdigest(), self._options.layout
        readings = named(layout.file_name, printable(path.name)) if layout.file_name else []
        if not readings:
            return digest
        said = "\n".join(f"{kind}={value}" for values in readings for kind, value in sorted(values.items()))
        return hashlib.sha256(f"{digest}\n{said}".encode()).hexdigest()

    def _reader(self, path: Path) -> Reader:
        return Reader(
            name=printable(path.name),
            layout=self._options.layout,
            decimals_of=self._decimals_of,
            currency_of=self._currency_of,
        )

    def _currency_of(self, company: str) -> str:
        return self._options.currency_of(company) if self._options.takes(company) else ""

    def _decimals_of(self, company: str) -> int | None:
        currency = self._options.currency_of(company)
        return decimals(currency) if currency else None

    def _read(self, path: Path, file: BufferedReader) -> Iterator[Line | Problem]:
        yield from self._reader(path).lines(file)

    def _scan(self, path: Path, file: BufferedReader) -> tuple[FileTotals, PayPeriod]:
        """The first pass. Raises `Refused` for totals that differ from the trailer's, and for a file of more
        than one pay period.
        """
        reader, totals = self._reader(path), FileTotals()
        for line in reader.lines(file):
            totals.add(line)
        if reader.file.trailer is not None:
            again = self._reader(path)
            read = (line for line in again.lines(file) if isinstance(line, Line))
            compare_totals(reader, totals, read)
        if len(totals.periods) == 1:
            return totals, next(iter(totals.periods))
        if totals.first is not None and not totals.periods:
            first = totals.first
            text = f"None of the {totals.rows} lines can be read. The first is {first.where}: {first.text}"
            raise Refused(text, where=first.where, owner=Owner.PAYROLL, code=first.code)
        if not totals.periods:
            text = "The file holds no lines of pay. Check that the layout is the file's."
            raise reader.file.refused("file.empty", text, "lines")
        listed = ", ".join(sorted({str(period.pay_date) for period in totals.periods})[:_LISTED])
        raise reader.file.refused(
            "run.ambiguous",
            f"The file mixes pay periods (pay dates {listed}). Write a file for each.",
            "pay date",
        )

    def _currency(self, name: str, companies: tuple[str, ...]) -> str:
        currencies = {company: self._options.currency_of(company) for company in companies}
        missing = sorted(company for company, currency in currencies.items() if not currency)
        if missing:
            text = (
                f"The file names no currency, and the connection has none for company {missing[0]}. Set"
                f" currency to {missing[0]}=… there."
            )
            raise Refused(text, where="currency", code="run.currency")
        if not currencies:
            raise Refused(
                f"{name} holds no company that this connection reads.", where="companies", code="run.company"
            )
        if len(set(currencies.values())) > 1:
            text = f"{name} mixes currencies. Read it by a connection for each, with its companies named."
            raise Refused(text, where="companies", code="run.currencies")
        return next(iter(currencies.values()))


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """The file, for reading. Raises `NotSent` where the machine cannot read it: nothing was posted, and it
    may be back at the next look.
    """
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        text = (
            f"{printable(path.name)} cannot be read: {error.strerror}. Let this process read it, then resume."
        )
        raise NotSent(text, where="file_path", code="file.unreadable") from error


def _refused(path: Path, error: Refused) -> Problem:
    """The refusal of a file as a problem of the folder: it names the file, and what to do with a stranger."""
    found = error.problem
    return _aside(path, found.code, found.text, found.owner, found.where)


def _aside(path: Path, code: str, why: str, owner: Owner = Owner.PAYROLL, where: str = "") -> Problem:
    name = printable(path.name)
    text = (
        f"{name} is set aside. {why} If it is no pay run, take it out of the folder, or set file_names to the"
        " names of those that are."
    )
    return Problem(code, where or name, text, owner)


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def _blocks(rows: int) -> int:
    return -(-rows // BLOCK_ROWS)

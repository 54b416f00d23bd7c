"""The judge of a world that moves: knows what payroll paid, what people did, and what each ledger holds.

It is told every event in the order of the world, and answers with what is wrong at once:

    payroll   calculates a pay, undoes it, calculates it again           → which amounts are right now
    ledger    holds other balances: by people, or by a send of a run     → is each pay booked at most once
    product   says that a run is done                                    → do the books hold what the run pays

People may do anything, so what they did is never a fault of the product, and neither is what it does while
they do it: it cannot lock the ledger. A send is a fault when it leaves a pay with an amount that it should
not have, although nobody touched the pay since the pass of that run began, and no document of others that
nobody named to the product holds the pay with other amounts: nothing in such a document says what it stands
for. The words of the product are compared with what the books held at some moment since its last pass
began.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ml_connector_sandbox.judges.coloured import Torn, counted

Cell = tuple[str, str, int]
"""Ledger, legal entity and colour."""
Strangers = Mapping[int, Collection[int]]
"""Colour → its parts in each document that is booked by others, and that nobody named to the product."""
NOBODY: Strangers = {}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong: a code to count by, and what a person should read."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(slots=True)
class _Pay:
    """One pay: its colour per company, the amounts of each calculation, and which one stood since when."""

    colours: dict[str, int]
    factors: list[dict[str, int]] = field(default_factory=list)
    stood: list[tuple[int, int | None]] = field(default_factory=list)

    def stands(self) -> int | None:
        """The calculation that is right now; `None` while the pay is undone."""
        return self.stood[-1][1] if self.stood else None

    def stood_since(self, tick: int) -> list[int]:
        """The calculations that were right at any moment since then."""
        later = [which for at, which in self.stood if at >= tick]
        before = [which for at, which in self.stood if at < tick]
        return [which for which in (*before[-1:], *later) if which is not None]


@dataclass(slots=True)
class _Run:
    """What a run of the product is about, and when it was made. `calculation` is `None` for a reversal."""

    ledger: str
    entities: Mapping[str, str]
    pay: int
    calculation: int | None
    made: int
    began: int = 0


@dataclass(slots=True)
class _Balance:
    """How often one pay of one company stands in one legal entity, over time."""

    pay: int
    company: str
    parts: int = 0
    by_people: int = 0
    disturbed: bool = False
    touched: int = -1
    hidden: bool = False
    history: list[tuple[int, int, int]] = field(default_factory=list)

    def since(self, tick: int) -> list[tuple[int, int]]:
        """What stood, and what people had added to it, at every moment since then."""
        later = [(parts, people) for at, parts, people in self.history if at >= tick]
        before = [(parts, people) for at, parts, people in self.history if at < tick]
        return [*(before[-1:] or [(0, 0)]), *later]


class MovingJudge:
    """Judges one world from its beginning to its end."""

    def __init__(self) -> None:
        self._tick = 0
        self._pays: dict[int, _Pay] = {}
        self._of_colour: dict[int, tuple[int, str]] = {}
        self._runs: dict[str, _Run] = {}
        self._balances: dict[Cell, _Balance] = {}
        self._sent: dict[tuple[int, str], Mapping[str, str]] = {}

    # --- payroll --------------------------------------------------------------------------------------------

    def pays(self, pay: int, colours: Mapping[str, int]) -> None:
        """There is a pay, with a colour for each company that it pays."""
        self._pays[pay] = _Pay(dict(colours))
        self._of_colour.update({colour: (pay, company) for company, colour in colours.items()})

    def calculated(self, pay: int, factors: Mapping[str, int]) -> int:
        """Payroll calculated the pay: so many parts for each company. Returns the number of the
        calculation.
        """
        self._pays[pay].factors.append(dict(factors))
        return len(self._pays[pay].factors) - 1

    def stands(self, pay: int, calculation: int | None) -> None:
        """From now on this calculation is the right one, or none."""
        self._tick += 1
        self._pays[pay].stood.append((self._tick, calculation))

    # --- the product ----------------------------------------------------------------------------------------

    def sent(self, pay: int, ledger: str, entities: Mapping[str, str]) -> None:
        """Somebody asked that the pay be booked there, each company in its legal entity."""
        self._sent[pay, ledger] = dict(entities)

    def started(
        self, run: str, pay: int, calculation: int | None, ledger: str, entities: Mapping[str, str]
    ) -> None:
        """A run that books a calculation, or (`None`) takes back what was booked."""
        self._tick += 1
        self._runs[run] = _Run(ledger, dict(entities), pay, calculation, self._tick)

    def began(self, run: str) -> None:
        """A pass of the run begins: it can know everything that is true now."""
        self._tick += 1
        if run in self._runs:
            self._runs[run].began = self._tick

    def pass_of(self, run: str) -> int | None:
        """When the present pass of the run began; `None` for a run that nobody announced. What it sends now
        is judged by this, however late the ledger books it.
        """
        known = self._runs.get(run)
        return known.began if known else None

    def says_done(self, run: str, lied_about: bool = False, superseded: bool = False) -> list[Violation]:
        """The product says that the run is done; `lied_about` when a person said so who lied, `superseded`
        when it says that nothing was left to do because a later calculation of the pay is booked. What people
        added excuses it; what they had taken away before the run was made does not.
        """
        known = self._runs.get(run)
        if known is None:
            return []
        wrong = []
        for company, entity in known.entities.items():
            balance = self._balances[self._cell(known, company, entity)]
            right = self._later(known, balance) if superseded else self._said(known, balance)
            held = balance.since(known.began)
            gone = balance.touched < known.made and not balance.hidden
            if not any(
                parts in right or (parts - people in right and not (gone and self._taken(balance, people)))
                for parts, people in held
            ):
                wrong.append(
                    Violation(
                        "lie believed" if lied_about else "false done",
                        f"{run} says done; {self._place(known.ledger, entity, balance)} holds"
                        f" {held[-1][0]} parts, and {_or(right)} would be right",
                    )
                )
            if known.calculation is not None and balance.parts in right:
                # What people did is part of what is right now.
                balance.by_people = 0
        return wrong

    # --- the ledger -----------------------------------------------------------------------------------------

    def holds(
        self,
        ledger: str,
        entity: str,
        balances: Mapping[str, int],
        by: str | None,
        *,
        excused: bool = False,
        hidden: bool = False,
        strangers: Strangers = NOBODY,
        began: int | None = None,
    ) -> list[Violation]:
        """The legal entity holds these balances (cents by kind of account) after an act of people (`None`)
        or a send of a run. `excused` is a send that the ledger booked later than it ever promised to;
        `hidden` what the ledger does not show to anybody before `shown`. `strangers` are the documents of
        others, `began` the pass that sent it (`pass_of`), where that is not the present one.
        """
        self._tick += 1
        try:
            counts = counted(balances)
        except Torn as error:
            return [] if by is None else [Violation("torn", f"{ledger} {entity}: {error}")]
        wrong = []
        known = {colour for at, division, colour in self._balances if (at, division) == (ledger, entity)}
        for colour in sorted({*counts, *known}):
            balance = self._balance((ledger, entity, colour))
            before, balance.parts = balance.parts, counts.get(colour, 0)
            if balance.parts == before:
                continue
            if by is None or excused:
                self._people(balance, before)
                balance.hidden = hidden
            else:
                wrong += self._send(ledger, entity, balance, before, by, strangers.get(colour, ()), began)
            balance.history.append((self._tick, balance.parts, balance.by_people))
        return wrong

    def shown(self, ledger: str) -> None:
        """From now on the ledger shows everything that people did there."""
        self._tick += 1
        for (name, _, _), balance in self._balances.items():
            if name == ledger and balance.hidden:
                balance.hidden, balance.touched = False, self._tick

    def _people(self, balance: _Balance, before: int) -> None:
        balance.by_people += balance.parts - before
        balance.disturbed = balance.parts not in self._ever(balance)
        balance.touched = self._tick

    def _send(
        self,
        ledger: str,
        entity: str,
        balance: _Balance,
        before: int,
        by: str,
        strangers: Collection[int],
        began: int | None,
    ) -> list[Violation]:
        run = self._runs.get(by)
        if run is not None and began is not None:
            run = replace(run, began=began)
        right = self._right(run, balance) if run is not None and run.pay == balance.pay else frozenset()
        if balance.parts in right:
            # What a reversal leaves may be an amount of the pay by chance, and still be of people.
            kept = run is not None and run.calculation is None and balance.parts - balance.by_people in right
            balance.disturbed, balance.by_people = False, balance.by_people if kept else 0
            return []
        blind = balance.disturbed or balance.hidden or self._unlike(run, balance, strangers)
        if run is not None and (blind or balance.touched >= run.began):
            balance.disturbed = True
            return []
        balance.disturbed = True
        code = self._code(run, balance, before)
        text = f"{by} moved {self._place(ledger, entity, balance)} from {before} to {balance.parts} parts"
        return [Violation(code, f"{text}; {_or(right)} would be right")]

    def _unlike(self, run: _Run | None, balance: _Balance, strangers: Collection[int]) -> bool:
        """Whether documents of others hold the pay with other amounts than the run's, so that nothing in them
        says that they are this pay.
        """
        if run is None or run.calculation is None:
            return bool(strangers)
        wanted = self._pays[run.pay].factors[run.calculation].get(balance.company, 0)
        return any(parts != wanted for parts in strangers)

    def _code(self, run: _Run | None, balance: _Balance, before: int) -> str:
        if run is None or run.pay != balance.pay:
            return "booked by nobody"
        if run.calculation is None:
            return "wrong reversal"
        wanted = self._pays[run.pay].factors[run.calculation].get(balance.company, 0)
        if balance.parts == wanted:
            return "undone pay booked"
        if wanted and before and balance.parts - before == wanted:
            return "booked by hand too" if balance.by_people else "booked twice"
        return "wrong amount"

    # --- the end --------------------------------------------------------------------------------------------

    def end(self) -> list[Violation]:
        """What is still wrong when everybody has done what sensible people do."""
        wrong = []
        for (pay, ledger), entities in sorted(self._sent.items()):
            known = self._pays[pay]
            stands = known.stands()
            for company, entity in sorted(entities.items()):
                wanted = 0 if stands is None else known.factors[stands].get(company, 0)
                balance = self._balance((ledger, entity, known.colours[company]))
                if balance.parts != wanted:
                    code = "lost" if balance.parts == 0 else "wrong at the end"
                    wrong.append(
                        Violation(
                            code,
                            f"{self._place(ledger, entity, balance)} holds {balance.parts} parts, and"
                            f" {wanted} would be right",
                        )
                    )
        return wrong

    def parts(self, ledger: str, entity: str, colour: int) -> int:
        """How many parts of a colour stand there."""
        balance = self._balances.get((ledger, entity, colour))
        return balance.parts if balance else 0

    # --- inside ---------------------------------------------------------------------------------------------

    def _balance(self, cell: Cell) -> _Balance:
        if cell not in self._balances:
            pay, company = self._of_colour.get(cell[2], (-1, "nobody"))
            self._balances[cell] = _Balance(pay, company)
        return self._balances[cell]

    def _cell(self, run: _Run, company: str, entity: str) -> Cell:
        cell = (run.ledger, entity, self._pays[run.pay].colours[company])
        self._balance(cell)
        return cell

    def _right(self, run: _Run, balance: _Balance) -> frozenset[int]:
        """What the pay may stand at after the run sent something, or says that it is done."""
        pay = self._pays[run.pay]
        if run.calculation is None:
            return self._ever(balance)
        return frozenset(pay.factors[which].get(balance.company, 0) for which in pay.stood_since(run.began))

    def _said(self, run: _Run, balance: _Balance) -> frozenset[int]:
        """What a run that is done says of the pay, whether or not payroll has undone it since."""
        if run.calculation is None:
            return self._ever(balance)
        return frozenset({self._pays[run.pay].factors[run.calculation].get(balance.company, 0)})

    def _taken(self, balance: _Balance, people: int) -> bool:
        """Whether what people did takes from the pay. Of a void, which pays less than nothing, that is what
        adds.
        """
        paid = {factors.get(balance.company, 0) for factors in self._pays[balance.pay].factors}
        return people > 0 if max(paid, default=0) < 0 else people < 0

    def _later(self, run: _Run, balance: _Balance) -> frozenset[int]:
        """What calculations of the pay say that are later than that of the run."""
        later = self._pays[run.pay].factors[(run.calculation or 0) + 1 :]
        return frozenset(factors.get(balance.company, 0) for factors in later)

    def _ever(self, balance: _Balance) -> frozenset[int]:
        """Nothing, or what any calculation of the pay says."""
        pay = self._pays.get(balance.pay)
        ever = {factors.get(balance.company, 0) for factors in pay.factors} if pay else set()
        return frozenset({0, *ever})

    def _place(self, ledger: str, entity: str, balance: _Balance) -> str:
        return f"pay {balance.pay} of {balance.company} in {ledger} {entity}"


def _or(values: Collection[int]) -> str:
    return " or ".join(str(value) for value in sorted(values)) or "nothing"


def ownerless(runs: Iterable[Mapping[str, object]]) -> list[Violation]:
    """Runs that nobody would go on with: held without a problem that names its owner, or waiting for no
    time.
    """
    wrong = []
    for run in runs:
        state, name = run["state"], run["run"]
        if state in ("held", "failed") and not run["owners"]:
            wrong.append(Violation("no owner", f"{name} is {state}, and no problem says who can mend it"))
        if state == "waiting" and not run["due"]:
            wrong.append(Violation("no owner", f"{name} is waiting, and for no time"))
    return wrong

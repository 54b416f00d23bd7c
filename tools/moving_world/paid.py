"""The payroll side of a world: what is paid, which calculation is right, and what was delivered of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Protocol

from ml_connector_sandbox.judges.coloured import COLOURS_MAX
from ml_connector_sandbox.judges.moving import MovingJudge
from moving_world.clock import TrueClock
from moving_world.payroll import Payroll
from moving_world.shape import FILES
from moving_world.truth import Calculation, Pay


class Paid(Protocol):
    """Part of `world.World`, which says what the names mean."""

    home: Path
    clock: TrueClock
    judge: MovingJudge
    payrolls: Mapping[str, Payroll]
    pays: list[Pay]
    references: dict[tuple[str, str], tuple[Pay, int, tuple[str, ...]]]

    def note(self, text: str) -> None: ...

    def colours(self, payroll: str) -> dict[str, int] | None:
        """A free colour for each company of the payroll, or `None` when there are no more."""
        used = {colour for pay in self.pays for colour in pay.colours.values()}
        free = [colour for colour in range(COLOURS_MAX) if colour not in used]
        companies = self.payrolls[payroll].companies
        if len(free) < len(companies):
            return None
        return {company.code: colour for company, colour in zip(companies, free, strict=False)}

    def add_pay(self, payroll: str, kind: str, end: date, colours: dict[str, int]) -> Pay:
        """There is a pay that has no calculation yet."""
        pay = Pay(number=len(self.pays) + 1, payroll=payroll, kind=kind, end=end, colours=colours)
        self.pays.append(pay)
        self.judge.pays(pay.number, colours)
        return pay

    def calculated(self, pay: Pay, run_id: str, parts: dict[str, int]) -> None:
        """Payroll calculated the pay, and this is right from now on."""
        number = self.judge.calculated(pay.number, parts)
        pay.calculations.append(Calculation(number=number, run_id=run_id, parts=parts))
        self.rights(pay, number)
        if pay.payroll != FILES:
            self.references[pay.payroll, run_id] = (pay, number, tuple(pay.colours))
        told = ", ".join(f"{company} {part}" for company, part in parts.items())
        self.note(f"{pay.payroll} calculates pay {pay.number} ({pay.kind}) as {run_id}: {told}")

    def rights(self, pay: Pay, calculation: int | None) -> None:
        """Which calculation is right from now on."""
        pay.right = calculation
        self.judge.stands(pay.number, calculation)

    def deliver(self, pay: Pay, name: str, text: str, companies: tuple[str, ...]) -> None:
        """A file of the pay's newest calculation arrives in the folder, whole for these companies."""
        path = self.drop / name
        path.write_text(text)
        moment = self.clock.now().timestamp()
        os.utime(path, (moment, moment))
        reference = hashlib.sha256(text.encode()).hexdigest()
        self.references.setdefault((FILES, reference), (pay, pay.newest.number, companies))
        self.note(f"{name} arrives: pay {pay.number}, {len(text.splitlines()) - 1} lines")

    def withdraw(self, pay: Pay) -> None:
        """What was delivered of the pay is taken out of the folder: it is not right any more."""
        for path in sorted(self.drop.iterdir()):
            reference = hashlib.sha256(path.read_bytes()).hexdigest()
            if self.references.get((FILES, reference), (None,))[0] is pay:
                path.unlink()
                self.note(f"{path.name} is taken out of the folder")

    @property
    def drop(self) -> Path:
        """The folder that files are delivered to."""
        return self.home / "drop"

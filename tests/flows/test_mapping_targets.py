"""What a mapping books on is compared with the ledgers of its flows when it is stored, and when a flow is
set: a total is refused, all else is named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.payday import MAPPING, SOURCE, TARGET, World

from ml_connector.domain import codec
from ml_connector.domain.journal import Account
from ml_connector.domain.mapping import Mapping, Target, Translation
from ml_connector.errors import NotSent
from ml_connector.ports.systems import System

TOTAL = Account(code="4900", description="Personnel costs", is_total=True)
ON_TOTAL = Target(account="4900", dimensions=(("cost_center", "=org_level_1"),))


class Stored(World):
    """A ledger with a total among its accounts and one among its cost centers, which may be away."""

    def __init__(self, **more: Any) -> None:
        self.away = False
        super().__init__(**more)
        self.vendor.accounts[TOTAL.code] = TOTAL
        self.vendor.totals["ALL"] = "All teams"

    def system(self, name: str) -> System:
        if self.away and name == TARGET:
            raise NotSent("No connection to the vendor.")
        return super().system(name)

    def imports(self, mapping: Mapping, name: str = MAPPING.name) -> Any:
        """Import it as a table; what it was compared with."""
        from ml_connector.app.mapping_csv import write_mapping
        from ml_connector.app.mappings import Mappings

        self._use()
        rules, codes = (text.encode() for text in write_mapping(mapping, for_spreadsheet=False))
        return Mappings(self.access, self._assembly, self._actor).import_(name, rules, codes)[1]

    def sets(self, mapping: str = MAPPING.name, **options: str) -> Any:
        """Set the flow; what its mapping was compared with."""
        from ml_connector.app.setup import Setup

        self._use()
        row = self._flow
        return Setup(self.access, self._assembly, self._actor).set_flow(
            *(SOURCE, TARGET),
            mode=row.mode,
            starts_on=row.starts_on,
            mapping=mapping,
            options={**row.options, **options},
        )[1]

    def noted(self) -> Any:
        """The newest entry of the audit log."""
        return codec.decode(list(self.access.audit.entries())[-1][1])

    def stored(self) -> tuple[int, int, Any]:
        """Newest version of the mapping, entries of the audit log, and options of the flow."""
        return self.mapping.version, len(list(self.access.audit.entries())), self._flow.options


def booking(**targets: Any) -> Mapping:
    """The mapping of the world, with other targets of the rules named."""
    rules = [
        replace(rule, targets=(targets.pop(rule.name),)) if rule.name in targets else rule
        for rule in MAPPING.rules
    ]
    assert not targets
    return replace(MAPPING, rules=tuple(rules))


def refused(act: Any) -> list[tuple[str, str, str]]:
    """Code, place and text of what was refused."""
    from ml_connector.app.refusals import SetupError

    with pytest.raises(SetupError) as caught:
        act()
    return [(problem.code, problem.where, problem.text) for problem in caught.value.problems]


def test_a_rule_that_books_on_a_total_is_refused_when_it_is_stored() -> None:
    """C10: with rule, account, title and remedy, in each legal entity; nothing is stored."""
    world = Stored()
    before = world.stored()
    on_total = booking(wages=ON_TOTAL)

    assert [
        (
            "account.total",
            "rule wages",
            f"GL account 4900 (Personnel costs) is a total or a heading in {entity} and takes no entries."
            " Map to an account that is booked on.",
        )
        for entity in ("10", "20")
    ] == refused(lambda: world.imports(on_total))
    assert before == world.stored()


@pytest.mark.parametrize("table", [True, False])
def test_a_code_that_is_a_total_is_refused_by_rule_or_code_table(table: bool) -> None:
    rule = Target(account="4020", dimensions=(("cost_center", "ALL"),))
    mapping = booking(employer=rule)
    if table:
        mapping = replace(MAPPING, translations=(Translation("org_level_1", "SA", "ALL"),))
    world = Stored()
    before = world.stored()
    found = refused(lambda: world.imports(mapping))

    assert {("code.total", "rule wages" if table else "rule employer")} == {one[:2] for one in found}
    assert all("cost_center ALL (All teams) is a total in" in text for _, _, text in found)
    assert table == all("The code table gives it to org_level_1 SA." in text for _, _, text in found)
    assert before == world.stored()


def test_what_may_be_opened_or_made_until_pay_day_is_named_and_stored() -> None:
    """A blocked account, one that is not there and a code that is not: all are named, in their rules."""
    world = Stored()
    world.vendor.accounts["1700"] = replace(world.vendor.accounts["1700"], blocked=True)
    team = Target(account="4020", dimensions=(("cost_center", "NEW"),))
    found = world.imports(booking(employer=team, net=Target(account="9999")))

    assert ((TARGET,), ()) == (found.ledgers, found.unread)
    assert {
        ("account.blocked", "rule taxes"),
        ("account.blocked", "rule employer liability"),
        ("account.unknown", "rule net"),
        ("code.unknown", "rule employer"),
    } == {(problem.code, problem.where) for problem in found.problems}
    assert 2 == world.mapping.version


def test_a_ledger_that_cannot_be_read_is_said_and_the_mapping_stored() -> None:
    """A total is refused with the next version, once it can be read; nothing is said to be checked before."""
    world = Stored()
    on_total = booking(wages=ON_TOTAL)
    world.away = True
    found = world.imports(on_total)

    assert ((), ((SOURCE, TARGET, "No connection to the vendor."),)) == (found.ledgers, found.unread)
    assert (2, ()) == (world.mapping.version, found.problems)
    assert ("mapping.imported", "") == (world.noted()["action"], world.noted()["detail"]["compared_with"])

    world.away = False
    assert refused(lambda: world.imports(on_total))
    assert (TARGET,) == world.imports(MAPPING).ledgers
    assert TARGET == world.noted()["detail"]["compared_with"]


def test_a_mapping_of_no_flow_is_compared_with_nothing_and_refused_to_the_flow() -> None:
    """It is stored under its name; a flow that is set to book by it is refused, and stays as it was."""
    world = Stored()
    found = world.imports(booking(wages=ON_TOTAL), name="next-year")
    assert ((), (), ()) == (found.ledgers, found.unread, found.problems)
    before = world.stored()

    assert {("account.total", "rule wages")} == {one[:2] for one in refused(lambda: world.sets("next-year"))}
    assert before == world.stored()
    assert MAPPING.name == world._flow.mapping


def test_a_flow_that_is_set_says_what_its_mapping_was_compared_with() -> None:
    world = Stored()
    assert (TARGET,) == world.sets().ledgers

    world.vendor.accounts["1720"] = replace(world.vendor.accounts["1720"], blocked=True)
    assert {"account.blocked"} == {problem.code for problem in world.sets().problems}


def test_a_roll_up_code_that_is_a_total_is_refused_to_the_flow_and_told_of_a_mapping() -> None:
    """It is a setting of the flow; who imports a mapping is told."""
    world = Stored()
    rolled_up = {"minimum_workers": "5", "roll_up_code": "ALL"}
    assert {("code.total", "option roll_up_code")} == {
        one[:2] for one in refused(lambda: world.sets(**rolled_up))
    }
    world.sets(**(rolled_up | {"roll_up_code": "OPS"}))
    del world.vendor.totals["ALL"]
    world.vendor.totals["OPS"] = "Operations"
    world.vendor.cost_centers = frozenset({"SALES"})
    sold = Target(account="4020", dimensions=(("cost_center", "SALES"),))
    mapping = replace(booking(employer=sold), translations=(Translation("org_level_1", "SA", "SALES"),))

    assert [("code.total", "option roll_up_code")] * 2 == [
        (problem.code, problem.where) for problem in world.imports(mapping).problems
    ]

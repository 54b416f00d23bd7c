"""Master data: the lists of a ledger are kept in a system whose documents choose from them: taxes, payment
terms, accounts, cost centers, cost units and projects, and where a system has them journals and the codes of
suppliers. One flow for each list, so that each is wanted or not, and as often as is said.

plan    every value of the ledger beside what is there, by the ledger's id: made there, renamed, closed,
        opened again. One that is there without an id and has the same code, or that the option `same` names,
        is taken over, with consent in every mode; several of one code are left to people
apply   a parent before what stands below it; what is closed, the other way round
verify  as every alignment

What stands below a closed value is closed with it. A value that invoices name which are not booked yet is
closed with consent only, and the plan lists them. Where the ledger has no order among its values, that of
the other system is left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial

from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import code_on
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.domain.list_value import JOURNAL, SUPPLIER, TAX, TERM, ListValue, closed_below, keys_of
from ml_connector.domain.lists import listed, pairs
from ml_connector.flows.alignment import QUESTIONS, Alignment, Met
from ml_connector.flows.flow import Flow, Mode, Opening, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, refuse_unknown
from ml_connector.ports.lists import ListSource
from ml_connector.ports.systems import System
from ml_connector.runs.stages import Stage

SHOWN = 10
LISTS = {
    "taxes": (TAX, "Tax codes → taxes"),
    "payment_terms": (TERM, "Payment terms → payment terms"),
    "accounts": ("account", "GL accounts → options"),
    "cost_centers": ("cost_center", "Cost centers → options"),
    "cost_units": ("cost_unit", "Cost units → options"),
    "projects": ("project", "Projects → options"),
    "journals": (JOURNAL, "Journals → journals"),
    "supplier_codes": (SUPPLIER, "Suppliers → codes of suppliers"),
}
"""By kind of flow its list, and what it is called."""
NOT_EVERYWHERE = frozenset({JOURNAL, SUPPLIER})
"""Lists that a system has no place for unless it says so."""
OPTIONS = (
    Option(
        name="entity", help="Legal entity of the ledger whose list is kept, required: a division of Exact."
    ),
    Option(
        name="codes",
        help="Beginnings of the codes that are kept, separated by commas: '4,7'; empty for all of the list",
    ),
    Option(
        name="same",
        help="Code in the ledger=id of the row in the other system that is to be taken over for it; pairs"
        " separated by commas. For lists without codes of their own: taxes, payment terms",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterDataInput:
    """Nothing is given to a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterDataPolicy:
    """`codes` are beginnings of codes, none for all; `same` is code in the ledger → id of the row in the
    other system.
    """

    mode: Mode
    journals: Mapping[str, str]
    entity: str
    codes: tuple[str, ...]
    same: Mapping[str, str]


def read_policy(mode: str, _: date, options: Mapping[str, str]) -> MasterDataPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    if not (entity := options.get("entity", "").strip()):
        raise PolicyError("option 'entity' is missing: the legal entity of the ledger whose list is kept")
    same = pairs(options.get("same", ""))
    if wrong := (*same.broken, *same.repeated):
        raise PolicyError(f"same has {wrong[0]!r}; expected code=id pairs, each code once")
    if len(set(same.found.values())) < len(same.found):
        raise PolicyError("same names a row of the other system twice; it stands for one code")
    codes = listed(options.get("codes", ""))
    return MasterDataPolicy(mode=mode_of(mode), journals={}, entity=entity, codes=codes, same=same.found)


def _stages(axis: str, opening: Opening) -> Mapping[str, Stage]:
    policy: MasterDataPolicy = opening.policy

    @cache
    def waiting() -> tuple[SupplierInvoice, ...]:
        return tuple(opening.invoices_waiting())

    def used(value: ListValue) -> str:
        numbers = [invoice.number or invoice.identity for invoice in waiting() if _names(invoice, value)]
        if not numbers:
            return ""
        more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
        return (
            f"{value.written} is named by {len(numbers)} of the invoices that are not booked yet:"
            f" {', '.join(numbers[:SHOWN])}{more}. Book them first, or name another one on them: the ledger"
            " may refuse them once it is closed there."
        )

    return Alignment(
        opening=opening,
        kind=f"list {axis} {policy.entity}",
        record=ListValue,
        wished=partial(_wished, axis),
        within=lambda opening: [keys_of(axis)],
        closed=lambda value: replace(value, open=False),
        taken=lambda found, wished: not found.identity,
        used=used,
        theirs=lambda value: value.open,
        named=lambda value: value.written,
        meets=_met,
        ordered=_in_order,
    ).stages()


def _names(invoice: SupplierInvoice, value: ListValue) -> bool:
    """Whether a document or one of its lines has chosen the value: by its code, or by its name where the list
    has no codes at its source.
    """
    known = {value.code, value.title, value.written} - {""}
    if value.axis == TERM:
        return invoice.term in known
    if value.axis == TAX:
        return any(stated.tax in known for line in invoice.lines for stated in line.taxes)
    chosen = (invoice.codes, *(line.codes for line in invoice.lines))
    return any(code_on(value.axis, codes) == value.code for codes in chosen)


def _wished(axis: str, opening: Opening) -> Iterator[ListValue]:
    """Every value of the ledger; those below a closed one are closed."""
    policy: MasterDataPolicy = opening.policy
    source: ListSource = opening.systems.source.source(ListValue)
    held = {value.identity: value for value in source.values(policy.entity, axis)}
    closed = closed_below(held)
    for identity, value in held.items():
        if policy.codes and not value.code.startswith(policy.codes):
            continue
        place = policy.same.get(value.code, "")
        yield replace(value, open=value.open and identity not in closed, place=place)


def _met(wished: list[ListValue], found: list[ListValue], bases: Iterable[tuple[str, ListValue]]) -> Met:
    """What is wished in view of what is there: which rows without an identity are taken over, and where they
    stand if the ledger does not say. What was agreed on a row that was taken over is known by the identity
    that it has since.
    """
    marked = {value.identity: value for value in found if value.identity}
    loose = {value.place: value for value in found if not value.identity}
    coded = Counter(value.code for value in loose.values() if value.code)
    by_code = {value.code: place for place, value in loose.items() if coded[value.code] == 1}
    taken = {
        value.identity: value.place if value.place in loose else by_code.get(value.code, "")
        for value in wished
        if value.open and value.identity not in marked
    }
    named = {f"={place}": identity for identity, place in taken.items() if place}
    met = []
    for value in wished:
        place = taken.get(value.identity, "")
        there = marked.get(value.identity) or loose.get(place)
        above = (there.parent or "" if there else "") if value.parent is None else value.parent
        met.append(replace(value, place=place, parent=named.get(above, above)))
    agreed = dict[str, ListValue]()
    for key, base in bases:
        now = replace(base, place="").key if base.identity else key
        if key == now or now not in agreed:
            agreed[now] = base
    return sorted(met, key=lambda value: value.key), sorted(agreed.items())


def _in_order(changes: Iterator[Change]) -> Iterable[Change]:
    """Parents first, and what is closed from below."""
    held = list(changes)
    above = {change.after.identity: change.after.parent for change in held if change.after is not None}

    def depth(change: Change) -> int:
        at, way = (change.after.parent if change.after is not None else ""), set[str]()
        while at and at in above and at not in way:
            way.add(at)
            at = above[at]
        return len(way)

    return sorted(held, key=lambda change: -depth(change) if change.act is Act.CLOSE else depth(change))


def _fits(axis: str, source: System, target: System) -> bool:
    if axis not in NOT_EVERYWHERE:
        return True
    return axis in source.source(ListValue).axes and axis in target.register(ListValue).limits.axes


def _flow(kind: str, axis: str, title: str) -> Flow:
    return Flow(
        kind=kind,
        title=title,
        record="pass",
        source=ListValue,
        target=ListValue,
        stages=partial(_stages, axis),
        begins="plan",
        proposes="plan",
        consented="apply",
        writes_in=frozenset({"apply"}),
        passes=True,
        input=MasterDataInput,
        options=OPTIONS,
        policy=read_policy,
        questions=QUESTIONS,
        fits=partial(_fits, axis),
        axis=axis,
    )


FLOWS = tuple(_flow(kind, axis, title) for kind, (axis, title) in LISTS.items())

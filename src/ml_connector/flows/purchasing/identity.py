"""Which supplier of one system is which of the other: by what identifies it, and never by its name.

    id in the other system  →  VAT number  →  bank account  →  chamber of commerce number

A number that differs speaks against a candidate, whatever else is alike. Two candidates are a question, and
names and e-mail addresses only rank what a person is asked.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from stdnum import iban
from stdnum.exceptions import ValidationError
from stdnum.util import NumberValidationModule, get_cc_module

from ml_connector.domain.supplier import Supplier

_GREECE = {"EL": "GR"}
_BRITISH = frozenset(("GB", "XI"))
"""One register of numbers, with which Northern Ireland trades goods under another prefix."""
_ENDINGS = {"NO": ("MVA",), "CH": ("MWST", "TVA", "IVA", "TPV")}
"""What countries write behind the number, in one of their languages or not at all."""
VAT, BANK, CHAMBER = "VAT number", "bank account", "chamber number"


def vat_identity(number: str, country: str = "") -> str:
    """The VAT number as it is compared: prefix and digits. The country gives the prefix where the number has
    none. Empty for one that is none.
    """
    text = _plain(number)
    prefix = _GREECE.get(text[:2], text[:2])
    for code in dict.fromkeys((prefix, _GREECE.get(country.upper(), country.upper()))):
        rules = _vat_rules(code) if len(code) == 2 and code.isascii() and code.isalpha() else None
        bare = text[2:] if prefix == code else text
        for ending in _ENDINGS.get(code, ()):
            bare = bare.removesuffix(ending)
        ways = (f"{begin}{bare}{end}" for begin in ("", code) for end in ("", *_ENDINGS.get(code, ())))
        if rules is not None and bare and any(map(rules.is_valid, ways)):
            return f"{'GB' if code in _BRITISH else code}{bare}"
    return ""


def bank_identity(number: str) -> str:
    """The IBAN as it is compared; empty for a number that is none."""
    try:
        return str(iban.validate(number))
    except ValidationError:
        return ""


def chamber_identity(number: str, country: str = "") -> str:
    """The number at the chamber of commerce as it is compared, with its country; empty without either."""
    plain = _plain(number).lstrip("0")
    return f"{country.upper()} {plain}" if plain and country else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A supplier that may be the one that is looked for: what is alike, and what is not."""

    supplier: Supplier
    alike: tuple[str, ...]
    other: tuple[str, ...] = ()

    def __str__(self) -> str:
        same = (
            f"the same {' and '.join(self.alike)}" if self.alike else "a name or e-mail address that is alike"
        )
        other = f", another {' and '.join(self.other)}" if self.other else ""
        return f"{self.supplier.code or self.supplier.key} {self.supplier.name} ({same}{other})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What was found: the `supplier` where it is certain, and else whom a person is asked about, the most
    alike first. Nobody at all means that it is not there. `gone` is an id in the other system that leads to
    nobody any more.
    """

    supplier: Supplier | None = None
    candidates: tuple[Candidate, ...] = ()
    gone: str = ""


@dataclass(slots=True)
class Suppliers:
    """The suppliers of one system, found by what identifies them. Memory holds them all, some 650 bytes
    each.
    """

    _by_key: dict[str, Supplier] = field(default_factory=dict)
    _by_number: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _by_name: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, suppliers: Iterable[Supplier]) -> Suppliers:
        """All of these."""
        found = cls()
        for supplier in suppliers:
            found._by_key[supplier.key] = supplier
            for number in numbers_of(supplier):
                found._by_number[number].append(supplier.key)
            for name in _names(supplier):
                found._by_name[name].append(supplier.key)
        return found

    def match(self, wanted: Supplier, chosen: Mapping[str, str] | None = None) -> Match:
        """Which of them the supplier of the other system is. `chosen` is what people answered before: the key
        there → the key here.
        """
        known = (chosen or {}).get(wanted.key) or wanted.external
        if known in self._by_key:
            return Match(supplier=self._by_key[known])
        candidates = self._candidates(wanted)
        for kind in () if known else (VAT, BANK, CHAMBER):
            alike = [one for one in candidates if kind in one.alike]
            if len(alike) == 1 and not alike[0].other:
                return Match(supplier=alike[0].supplier)
            if alike:
                break
        return Match(candidates=tuple(candidates), gone=known)

    def _candidates(self, wanted: Supplier) -> list[Candidate]:
        numbers = numbers_of(wanted)
        keys = dict.fromkeys(key for number in numbers for key in self._by_number.get(number, ()))
        keys.update(dict.fromkeys(key for name in _names(wanted) for key in self._by_name.get(name, ())))
        found = [_compared(self._by_key[key], numbers) for key in keys]
        return sorted(found, key=lambda one: (len(one.other), -len(one.alike), one.supplier.key))


def _compared(supplier: Supplier, wanted: Sequence[tuple[str, str]]) -> Candidate:
    alike, other = [], []
    for kind in (VAT, BANK, CHAMBER):
        theirs = {number for named, number in numbers_of(supplier) if named == kind}
        ours = {number for named, number in wanted if named == kind}
        if ours & theirs:
            alike.append(kind)
        elif ours and theirs and kind is not BANK:
            other.append(kind)
    return Candidate(supplier=supplier, alike=tuple(alike), other=tuple(other))


def numbers_of(supplier: Supplier) -> list[tuple[str, str]]:
    found = [
        (VAT, vat_identity(supplier.vat_number, supplier.country)),
        (CHAMBER, chamber_identity(supplier.chamber_number, supplier.country)),
        *((BANK, bank_identity(account.number)) for account in supplier.accounts),
    ]
    return [(kind, number) for kind, number in found if number]


def _names(supplier: Supplier) -> Iterator[str]:
    """What is alike where a person would take two for one."""
    for text in (supplier.name, supplier.email):
        if folded := "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold())):
            yield folded


@cache
def _vat_rules(country: str) -> NumberValidationModule | None:
    return get_cc_module("gb" if country in _BRITISH else country.lower(), "vat")


def _plain(number: str) -> str:
    text = unicodedata.normalize("NFKC", number).upper()
    return "".join(filter(str.isalnum, text))

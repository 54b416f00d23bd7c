"""Custom fields as codes on axes.

A field with options may name the option whole, by its id or by its name. Where it does not name it whole, the
options of the field are needed, and `unresolved` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.connectors.precoro.reading import Reading
from ml_connector.connectors.precoro.settings import CODE, ITEM, Options
from ml_connector.domain.dimension import Dimensions, dimensions

FieldKey = tuple[str, str]
"""Family and id of a custom field."""
Known = Mapping[FieldKey, Sequence["Option"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value that a field may have."""

    id: str
    name: str
    code: str
    external: str


def option_of(raw: msgspec.Raw) -> Option | None:
    """The option that is written out; `None` for none. Raises `ValueError`."""
    found = wire.ref(raw, wire.Ref)
    if found is None:
        return None
    texts = map(wire.text, (found.id, found.name, found.code, found.externalId))
    return Option(**dict(zip(("id", "name", "code", "external"), texts, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Reads the custom fields of one invoice. `chosen` are the ids of the options of the document, where it
    says them.
    """

    reading: Reading
    options: Options
    chosen: frozenset[str] = frozenset()

    def of(self, family: str, where: str, raw: msgspec.Raw, known: Known) -> Dimensions:
        """The codes of the fields that have an axis. Other fields are not looked into. Raises `Refused`."""
        found: dict[str, str | None] = {}
        for field, value, option in self._mapped(family, where, raw):
            axis, at = self.options.fields[family, field], f"{where}, field {field}"
            code = self._code(at, family, field, value, option, known)
            if code and found.setdefault(axis, code) != code:
                why = f"{at}: it has two values, {found[axis]} and {code}"
                raise self.reading.refused("invoice.field", why)
        return dimensions(found)

    def unresolved(self, family: str, where: str, raw: msgspec.Raw) -> set[FieldKey]:
        """Fields that hold something and do not write their option out."""
        return {
            (family, field)
            for field, value, option in self._mapped(family, where, raw)
            if wire.is_unset(option) and not _is_object(value) and not wire.is_unset(value)
        }

    def _mapped(
        self, family: str, where: str, raw: msgspec.Raw
    ) -> Iterator[tuple[str, msgspec.Raw, msgspec.Raw]]:
        for each in self.reading.read(where, raw, lambda found: wire.rows(found, wire.FieldValue)):
            is_item = family == ITEM
            named = each.itemCustomField if is_item else each.documentCustomField
            option = each.itemCustomFieldOption if is_item else each.documentCustomFieldOption
            field = self.reading.ref(where, named)[0]
            if (family, field) in self.options.fields:
                yield field, each.value, option

    def _code(
        self, at: str, family: str, field: str, value: msgspec.Raw, option: msgspec.Raw, known: Known
    ) -> str:
        """The code of the option, or the text of a field without options."""
        written = option if not wire.is_unset(option) else value
        if _is_object(written):
            found = self.reading.read(at, written, option_of)
        else:
            said = self.reading.read(at, written, wire.text)
            if not said or not (offered := known.get((family, field), ())):
                return said
            found = self._named(at, said, offered)
        return self._known_by(at, found) if found else ""

    def _named(self, at: str, said: str, offered: Sequence[Option]) -> Option:
        """The option that is meant by its id, or by its name. Both may be numbers, so an id is believed only
        where the document says that it has that option, or nothing of its options.
        """
        believed = [one for one in offered if not self.chosen or one.id in self.chosen]
        found = [one for one in believed if said in (one.id, one.name)]
        found = found or [one for one in offered if one.name == said]
        if len(found) != 1:
            how = "none" if not found else "several"
            why = f"{at}: {said} is {how} of the options of the field"
            raise self.reading.refused("invoice.option", why)
        return found[0]

    def _known_by(self, at: str, found: Option) -> str:
        by_code = self.options["option_codes"] == CODE
        if code := found.code if by_code else found.external:
            return code
        lacks = "no code" if by_code else "no external id"
        remedy = "Enter one in Precoro, or change option_codes of the connection."
        raise self.reading.refused("invoice.option", f"{at}: the option {found.name} has {lacks}", remedy)


def chosen_of(raw: msgspec.Raw) -> frozenset[str]:
    """The ids of the options of a document, as a list or as a text."""
    return frozenset(found.decode() for found in re.findall(rb"[0-9]+", bytes(raw)))


def _is_object(raw: msgspec.Raw) -> bool:
    return bytes(raw).strip()[:1] == b"{"

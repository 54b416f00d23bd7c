"""What Findity writes, and nothing about what it means: records whose fields the connection names.

A name that the public material does not show may be another one, so a field is read by what it is, and one
that is missing says so by its name. No number becomes a float on the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.connectors.findity.names import Names
from ml_connector.errors import VendorChanged
from ml_connector.transport.answer import UNREADABLE, Answer

_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
TEXT_MAX, DIGITS_MAX = 4000, 30


def decoded(answer: Answer) -> Any:
    """The body, decimals exact. Raises `VendorChanged`; of the body nothing is quoted, because it names
    people.
    """
    if answer.is_json:
        try:
            return _DECODER.decode(answer.body)
        except (*UNREADABLE, ArithmeticError):
            pass
    kind = answer.headers.get("content-type", "no content type")
    text = (
        f"Expected JSON from {answer.path} and got something else ({answer.secrets.hide(kind)}). It was not"
        " used. Try again later; if it happens again, report it to our support."
    )
    raise VendorChanged(text, where=answer.path)


@dataclass(frozen=True, slots=True)
class Record:
    """A record and the names of its fields. Each method takes what a field is, as `names.DEFAULTS` has it,
    and raises `ValueError` with the reason for one that cannot be read.
    """

    fields: Mapping[str, Any]
    names: Names

    def text(self, name: str) -> str:
        """A text, or the digits of a number; empty for none."""
        return self._text(self.names[name])

    def known(self, name: str) -> str:
        """A field that Findity's own pages name."""
        return self._text(name)

    def needed(self, name: str) -> str:
        """A text that must be there."""
        if not (found := self.text(name)):
            raise ValueError(f"{self.names[name]} is missing")
        return found

    def number(self, name: str) -> Decimal | None:
        """A number, written as such or as text; `None` for none."""
        written = self.text(name)
        if not written:
            return None
        if not _NUMBER.fullmatch(written):
            raise ValueError(f"{self.names[name]} is no number")
        return Decimal(written)

    def some_number(self, name: str) -> Decimal:
        """A number that must be there."""
        if (found := self.number(name)) is None:
            raise ValueError(f"{self.names[name]} is missing")
        return found

    def flag(self, name: str) -> bool | None:
        """Yes or no; `None` for none."""
        match self.fields.get(self.names[name]):
            case None:
                return None
            case bool(found):
                return found
        raise ValueError(f"{self.names[name]} is neither true nor false")

    def day(self, name: str) -> date:
        """A day that must be there; of a time the day as it is written."""
        written = self.needed(name)
        try:
            return datetime.fromisoformat(written).date()
        except ValueError:
            raise ValueError(f"{self.names[name]} is no date") from None

    def moment(self, name: str) -> datetime:
        """A time that must be there; UTC where no zone is said."""
        written = self.needed(name)
        try:
            found = datetime.fromisoformat(written)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError(f"{self.names[name]} is no time") from None

    def has(self, name: str) -> bool:
        """Whether the record names the field."""
        return self.names[name] in self.fields

    def part(self, name: str) -> Record | None:
        """A record inside this one; `None` for none."""
        found = self.fields.get(self.names[name])
        if found is None:
            return None
        if not isinstance(found, dict):
            raise ValueError(f"{self.names[name]} is no record")
        return Record(found, self.names)

    def parts(self, name: str) -> list[Record]:
        """The records of a list inside this one."""
        return records(self._list(name), self.names, self.names[name])

    def texts(self, name: str) -> list[str]:
        """The texts of a list inside this one."""
        found = self._list(name)
        if not all(isinstance(each, str) for each in found):
            raise ValueError(f"{self.names[name]} is no list of texts")
        return found

    def _list(self, name: str) -> list[Any]:
        found = self.fields.get(self.names[name])
        if found is None:
            return []
        if not isinstance(found, list):
            raise ValueError(f"{self.names[name]} is no list")
        return found

    def _text(self, field: str) -> str:
        match self.fields.get(field):
            case None:
                return ""
            case str(found):
                if len(found) > TEXT_MAX:
                    raise ValueError(f"{field} has more than {TEXT_MAX} characters")
                return found.strip()
            case bool():
                raise ValueError(f"{field} is true or false, and a text was expected")
            case int() | Decimal() as found:
                if isinstance(found, Decimal) and abs(found.adjusted()) > DIGITS_MAX:
                    raise ValueError(f"{field} is no number of ordinary size")
                return f"{found:f}" if isinstance(found, Decimal) else str(found)
        raise ValueError(f"{field} is no text")


def records(found: list[Any], names: Names, where: str) -> list[Record]:
    """The records of a list. Raises `ValueError` where one is none."""
    if not all(isinstance(each, dict) for each in found):
        raise ValueError(f"{where} has something that is no record")
    return [Record(each, names) for each in found]

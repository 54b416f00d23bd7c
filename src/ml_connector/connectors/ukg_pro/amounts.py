"""How a layout says that its numbers are written, and reading them so: exactly, and never by guessing.

    sign           leading  -100.00     trailing  100.00-     parentheses  (100.00)     none
                   flag     100.00 CR   overpunch 00001000{   (the last digit carries the sign)
    decimal_mark   . or ,
    grouping       , . ' or a space, before every three digits; a number without it is read too
    currency       a sign or code that may stand before or after the number
    dash_is_zero   a single dash means zero, as accounting formats write it
    fraction_digits  exactly so many digits stand after the decimal mark

A value that does not fit is refused, with the key that the layout lacks where the value shows which.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Literal

import msgspec

NUMBER_CHARACTERS_MAX = 60
_MINUS = "-\u2212"
"""The hyphen, and the minus sign that word processors and some databases write; both mean minus."""
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_GROUPS = {"": "", ",": ",", ".": r"\.", " ": "[ \u00a0\u2009\u202f]", "'": "['\u2019]"}
"""What counts as each grouping mark: spaces of every width look alike, and Swiss spreadsheets write ’."""
_CURRENCIES = "$€£¥₤₣₩₹"
_OVERPUNCH = {
    **{sign: (str(digit), 1) for digit, sign in enumerate("{ABCDEFGHI")},
    **{sign: (str(digit), -1) for digit, sign in enumerate("}JKLMNOPQR")},
}


class Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the numbers of a layout are written. `flag` takes the layout's debit and credit flags, behind the
    number."""

    sign: Literal["leading", "trailing", "parentheses", "flag", "overpunch", "none"] = "leading"
    decimal_mark: Literal[".", ","] = "."
    grouping: Literal["", ",", ".", " ", "'"] = ""
    currency: str = ""
    dash_is_zero: bool = False
    fraction_digits: int | None = None

    def problem(self) -> str:
        """Why numbers cannot be written so; empty when they can."""
        if self.grouping == self.decimal_mark:
            return f"decimal_mark and grouping are both {self.grouping!r}"
        if len(self.currency) > 5 or re.search(r"[0-9().,+\s-]", self.currency):
            return f"currency is {self.currency!r}, expected a sign or code such as $ or EUR"
        if self.fraction_digits is not None and not 1 <= self.fraction_digits <= 9:
            return f"fraction_digits is {self.fraction_digits}, expected 1 to 9"
        return ""

    def example(self) -> str:
        """A negative number as the layout has it, for a text."""
        group = self.grouping or ""
        number = f"1{group}234{self.decimal_mark}{'56'.ljust(self.fraction_digits or 2, '0')}"
        shown = {"trailing": f"{number}-", "parentheses": f"({number})", "none": number, "flag": number}
        return shown.get(self.sign, f"-{number}")


class Unfit(ValueError):
    """The text is no number as the layout has it; the message says what to do, where the text shows it."""


class NumberReader:
    """Reads the numbers of one column. `minor` is the number of digits after a decimal mark that is not
    written, `flags` are the debit and the credit flag.
    """

    def __init__(self, numbers: Numbers, minor: int | None, flags: tuple[str, str]) -> None:
        self._numbers, self._minor, self._flags = numbers, minor, flags
        mark = re.escape(numbers.decimal_mark)
        group = _GROUPS[numbers.grouping]
        whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if group else "[0-9]+"
        digits = f"{{{numbers.fraction_digits}}}" if numbers.fraction_digits else "+"
        fraction = rf"{mark}(?P<fraction>[0-9]{digits})"
        number = rf"(?P<whole>{whole})?(?:{fraction})"
        if not numbers.fraction_digits:
            number = rf"(?:(?P<whole>{whole})(?:{fraction})?|(?P<bare>{mark}[0-9]+))"
        if minor is not None:
            number = rf"(?P<whole>{whole})"
        self._form = re.compile(self._signed(number))
        says_which = minor is not None or numbers.fraction_digits or numbers.grouping
        three = rf"(?<![0-9])[1-9][0-9]{{0,2}}{mark}([0-9]{{3}})(?![0-9])"
        self._three = None if says_which else re.compile(three)
        self._group = re.compile(group) if group else None
        code = re.escape(numbers.currency)
        self._currency = (
            re.compile(
                rf"(?P<before>[{_MINUS}+(]?)\s*{code}\s*(?P<rest>.*)"
                rf"|(?P<start>.*?)\s*{code}\s*(?P<after>[{_MINUS}+)]?)"
            )
            if code
            else None
        )

    @property
    def currency(self) -> str:
        """The sign or code that may stand beside the number; empty where there is none."""
        return self._numbers.currency

    def _signed(self, number: str) -> str:
        match self._numbers.sign:
            case "leading":
                return rf"(?:(?P<minus>[{_MINUS}])|\+)?\s*{number}"
            case "trailing":
                return rf"{number}\s*(?:(?P<minus>[{_MINUS}])|\+)?"
            case "parentheses":
                return rf"(?:(?P<minus>\()\s*)?{number}\s*(?(minus)\))"
            case "flag":
                debit, credit = map(re.escape, self._flags)
                return rf"{number}\s*(?:(?P<minus>{credit})|{debit})"
            case "overpunch":
                return r"(?P<whole>[0-9]*)(?P<last>[{}A-R])"
        return number

    def read(self, text: str) -> Decimal:
        """The number. Raises `Unfit`."""
        plain = self._without_currency(text) if self._currency else text
        if self._numbers.dash_is_zero and len(plain) == 1 and plain in _DASHES:
            return Decimal(0)
        match = self._form.fullmatch(plain) if len(plain) <= NUMBER_CHARACTERS_MAX else None
        if match is None:
            raise Unfit(f"{self._expected()}{self._advice(text)}")
        found = match.groupdict()
        if self._numbers.sign == "overpunch":
            digit, sign = _OVERPUNCH[found["last"]]
            return Decimal(sign) * Decimal(f"{found['whole']}{digit}E-{self._minor or 0}")
        whole = found["whole"] or ""
        if self._group is not None:
            whole = self._group.sub("", whole)
        if self._minor is not None:
            value = Decimal(f"{whole}E-{self._minor}")
        else:
            fraction = found["fraction"] or (found.get("bare") or "")[1:]
            value = Decimal(f"{whole or '0'}.{fraction}" if fraction else whole)
        return value.copy_negate() if found.get("minus") else value

    def ambiguous(self, text: str, decimals: int) -> str:
        """What makes a number that was read unsafe: three digits after its only mark may be thousands, where
        the currency has another number of decimals. Empty where nothing else can be meant.
        """
        found = self._three.search(text) if self._three and decimals != 3 else None
        if found is None:
            return ""
        mark = self._numbers.decimal_mark
        other = "," if mark == "." else "."
        if found[1][decimals:].strip("0"):
            return (
                f"Its {mark!r} stands before three digits, and the currency has {decimals} decimals. If it"
                f' marks thousands, add "numbers": {_keys(grouping=mark, decimal_mark=other)} to the layout.'
            )
        return (
            f"Its {mark!r} stands before three digits, so it can mark decimals or thousands. Say which in the"
            f' layout: "numbers": {_keys(fraction_digits=3, decimal_mark=mark)} for decimals,'
            f" {_keys(grouping=mark, decimal_mark=other)} for thousands."
        )

    def _without_currency(self, text: str) -> str:
        match = self._currency.fullmatch(text) if self._currency else None
        if match is None:
            return text
        before, rest, start, after = match.group("before", "rest", "start", "after")
        return (f"{before}{rest}" if rest is not None else f"{start}{after}").strip()

    def _expected(self) -> str:
        if self._numbers.sign == "overpunch":
            return "The layout expects digits, the last of them with its sign, such as 0000123456}."
        if self._minor is not None:
            return "It is not a number as the layout has it, digits only."
        return f"It is not a number as the layout has it, such as {self._numbers.example()}."

    def _advice(self, text: str) -> str:
        """The keys that would read the value, as far as it shows them."""
        if self._minor is not None:
            return "" if not re.search("[.,]", text) else " Take decimals off the column in the layout."
        if re.search(r"[0-9]\s*(CR|DR|C|D|H|S)", text) and self._numbers.sign != "flag":
            return ' If a flag stands behind its sign, set "amount": "dc_flag", "numbers": {"sign": "flag"}.'
        lacking = _lacking(text, self._numbers)
        if not lacking:
            return ""
        advice = f' If it means a number, add "numbers": {_keys(**lacking)} to the layout'
        if single := re.fullmatch(r"-?[1-9][0-9]{0,2}([.,])[0-9]{3}", text):
            wanted: dict[str, object] = {"decimal_mark": single[1], "fraction_digits": 3}
            if "sign" in lacking:
                wanted["sign"] = lacking["sign"]
            other = _keys(**_other(wanted, self._numbers))
            advice += f"; if its {single[1]!r} marks decimals, {other}"
        return f"{advice}."


def _keys(**keys: object) -> str:
    return json.dumps(keys, ensure_ascii=False)


def _lacking(text: str, numbers: Numbers) -> dict[str, object]:
    """Keys of a layout that would read the text and that this one does not have."""
    wanted: dict[str, object] = {}
    plain = text
    if sign := next((mark for mark in _CURRENCIES if mark in text), ""):
        wanted["currency"] = sign
    elif (code := re.search(r"[A-Za-z]{2,5}", text)) and re.fullmatch(r"[A-Z]{3}|kr|Kr|KR", code[0]):
        sign = wanted["currency"] = code[0]
    plain = plain.replace(sign, "").strip() if sign else plain
    if len(plain) == 1 and plain in _DASHES:
        return _other({**wanted, "dash_is_zero": True}, numbers)
    if plain.startswith("(") and plain.endswith(")"):
        wanted["sign"], plain = "parentheses", plain[1:-1].strip()
    elif re.fullmatch(rf".*[0-9]\s*[{_MINUS}]", plain):
        wanted["sign"], plain = "trailing", plain[:-1].strip()
    elif plain[:1] and plain[0] in _MINUS:
        wanted["sign"], plain = "leading", plain[1:].strip()
    marks = (numbers.decimal_mark, "," if numbers.decimal_mark == "." else ".")
    """The layout's own first: a number without a fraction says nothing against it."""
    for group, mark in ((group, mark) for group in (",", ".", " ", "'") for mark in marks if group != mark):
        form = rf"[0-9]{{1,3}}(?:{_GROUPS[group]}[0-9]{{3}})+(?:{re.escape(mark)}[0-9]+)?"
        if re.fullmatch(form, plain):
            wanted.update(grouping=group, decimal_mark=mark)
            _, found, fraction = plain.rpartition(mark)
            break
    else:
        if match := re.fullmatch(r"[0-9]*(?:([.,])[0-9]+)?", plain):
            wanted.update({"decimal_mark": match[1]} if match[1] else {})
            _, found, fraction = plain.rpartition(match[1] or "\0")
        else:
            return {}
    if numbers.fraction_digits:
        wanted["fraction_digits"] = len(fraction) if found else None
    return _other(wanted, numbers)


def _other(wanted: dict[str, object], numbers: Numbers) -> dict[str, object]:
    """The keys that the layout has otherwise; one mark is not for decimals and for groups."""
    mark = wanted.get("decimal_mark", numbers.decimal_mark)
    if wanted.get("grouping", numbers.grouping) == mark:
        wanted = {**wanted, "grouping": ""}
    return {name: value for name, value in wanted.items() if getattr(numbers, name) != value}

"""What a sign or a title in a file shows about the currency of its amounts.

A file's amounts are booked in the currency that the connection gives its company. Where the file itself names
another one, each amount would be booked as so many of the wrong money.
"""

from __future__ import annotations

import unicodedata

from ml_connector.domain.money import DECIMALS

_DOLLARS = "USD CAD AUD NZD SGD HKD TWD MXN ARS BBD BMD BND BSD BZD CLP COP CVE DOP FJD GYD JMD KYD LRD NAD"
_SIGNS = {
    "$": f"{_DOLLARS} NIO SBD SRD TTD UYU XCD XCG",
    **dict.fromkeys(("us$", "usd$"), "USD"),
    **dict.fromkeys(("c$", "ca$", "can$", "cad$"), "CAD NIO"),
    **dict.fromkeys(("a$", "au$", "aud$"), "AUD"),
    "nz$": "NZD",
    "s$": "SGD",
    "hk$": "HKD",
    "r$": "BRL",
    "€": "EUR",
    "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP",
    "₤": "GBP TRY",
    "¥": "JPY CNY",
    "₣": "CHF",
    **dict.fromkeys(("fr", "sfr"), "CHF XAF XOF XPF BIF DJF GNF KMF RWF CDF"),
    "kr": "NOK SEK DKK ISK",
    "kč": "CZK",
    "zł": "PLN",
    "ft": "HUF",
    "lei": "RON MDL",
    "₹": "INR",
    "₩": "KRW KPW",
    "₺": "TRY",
    "₽": "RUB BYN",
    "₪": "ILS",
    "₱": "PHP",
}
_TITLES = frozenset(
    (
        *("currency", "currencycode", "currencyid", "currencykey", "isocurrency", "curr", "ccy"),
        *("valuta", "valutacode", "valutakode", "valutakod", "munt", "muntcode", "muntsoort", "munteenheid"),
        *("währung", "währungscode", "devise", "moneda", "moeda", "divisa"),
    )
)


def currencies_of(sign: str) -> frozenset[str]:
    """The currencies that a sign or a code can mean; none for a sign that is not known."""
    code = sign.strip().upper()
    if code in DECIMALS:
        return frozenset((code,))
    return frozenset(_SIGNS.get(sign.strip().rstrip(".").casefold(), "").split())


def names_currency(title: str) -> bool:
    """Whether the title of a column names its values as currencies."""
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", title))
    return "".join(letters).casefold() in _TITLES

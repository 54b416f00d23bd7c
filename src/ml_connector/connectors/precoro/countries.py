"""Countries as people type them into Precoro, whose field is free text.

A name that may be two things is none: Georgia is a state of the USA too. What stands here was entered from
ISO 3166-1, read 2026-11-30, with the country's own names and common short ones beside the English name.
"""

from __future__ import annotations

import unicodedata

_ISO = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS "
    "BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE "
    "EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM "
    "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC "
    "LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA "
    "NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO "
    "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
)
_CODES = frozenset(_ISO.split())
_NAMES = {
    "AE": "United Arab Emirates, UAE",
    "AR": "Argentina",
    "AT": "Austria, Österreich, Oostenrijk",
    "AU": "Australia",
    "BE": "Belgium, België, Belgique, Belgien",
    "BG": "Bulgaria",
    "BR": "Brazil, Brasil",
    "CA": "Canada",
    "CH": "Switzerland, Schweiz, Suisse, Svizzera, Zwitserland",
    "CN": "China",
    "CY": "Cyprus",
    "CZ": "Czechia, Czech Republic, Česko, Tsjechië",
    "DE": "Germany, Deutschland, Duitsland, Allemagne",
    "DK": "Denmark, Danmark, Denemarken",
    "EE": "Estonia, Eesti",
    "ES": "Spain, España, Spanje",
    "FI": "Finland, Suomi",
    "FR": "France, Frankrijk, Frankreich",
    "GB": "United Kingdom, UK, Great Britain, England, Scotland, Wales, Northern Ireland",
    "GR": "Greece, Hellas, Griekenland",
    "HK": "Hong Kong",
    "HR": "Croatia, Hrvatska",
    "HU": "Hungary, Magyarország",
    "IE": "Ireland, Éire, Ierland",
    "IL": "Israel",
    "IN": "India",
    "IS": "Iceland, Ísland",
    "IT": "Italy, Italia, Italië",
    "JP": "Japan",
    "KR": "South Korea, Republic of Korea",
    "LI": "Liechtenstein",
    "LT": "Lithuania, Lietuva",
    "LU": "Luxembourg, Luxemburg",
    "LV": "Latvia, Latvija",
    "MT": "Malta",
    "MX": "Mexico, México",
    "NL": "Netherlands, The Netherlands, Nederland, Holland",
    "NO": "Norway, Norge, Noorwegen",
    "NZ": "New Zealand",
    "PL": "Poland, Polska, Polen",
    "PT": "Portugal",
    "RO": "Romania, România",
    "RS": "Serbia, Srbija",
    "SE": "Sweden, Sverige, Zweden",
    "SG": "Singapore",
    "SI": "Slovenia, Slovenija",
    "SK": "Slovakia, Slovensko",
    "TR": "Turkey, Türkiye, Turkije",
    "TW": "Taiwan",
    "UA": "Ukraine",
    "US": "United States, USA, United States of America, U.S.A.",
    "ZA": "South Africa",
}


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


_BY_NAME = {_folded(name): code for code, names in _NAMES.items() for name in names.split(",")}


def code_of(text: str) -> str:
    """The code of two letters; empty for what is none, or may be several."""
    upper = text.strip().upper()
    return upper if upper in _CODES else _BY_NAME.get(_folded(text), "")


def name_of(code: str) -> str:
    """The English name, or the code where none is known here."""
    return _NAMES.get(code, code).partition(",")[0]

"""The folder that files are delivered to: which of them are complete and meant for us.

passed over in silence   hidden files, names that mean "not finished", names that no pattern matches
looked at                everything else, one by one, so that one delivery does not stop the others
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ml_connector.errors import NotSent, Refused

FILES_MAX = 1_000
_UNFINISHED = (
    ".part",
    ".partial",
    ".filepart",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".opdownload",
    ".!ut",
    ".swp",
    ".lock",
    ".uploading",
    ".inprogress",
    ".incomplete",
    "._copying_",
    ".aria2",
    "~",
)
"""Ends of the names that browsers, file transfers and editors give to a file that is not complete yet."""


def delivered(place: Path, patterns: Sequence[str]) -> list[Path]:
    """The complete files of the folder in the order of their names, or the one file named. Raises `NotSent`
    where there is no such place, and `Refused` for too many files.
    """
    if not place.exists():
        text = f"{place} does not exist. Enter the file or folder that UKG delivers its export to."
        raise NotSent(text, where="file_path", code="file.missing")
    if not place.is_dir():
        return [place]
    files = sorted(path for path in place.iterdir() if is_ours(path.name, patterns) and path.is_file())
    if len(files) > FILES_MAX:
        raise Refused(
            f"{place} holds more than {FILES_MAX:,} files. Move the posted ones away.",
            where="file_path",
            code="file.many",
        )
    return files


def is_ours(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file of this name is complete, and matches a pattern where there are any; case does not
    count.
    """
    folded = name.casefold()
    if folded.startswith((".", "~$")) or folded.endswith(_UNFINISHED):
        return False
    return not patterns or any(fnmatchcase(folded, pattern.casefold()) for pattern in patterns)


def printable(name: str) -> str:
    """The name as a text can show it: a byte that is no UTF-8 is written out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

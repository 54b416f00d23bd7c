"""Receipts as they come: what is none is told, before anything is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from ml_connector.app.intake import FILE_BYTES_MAX, SentFile
from ml_connector.domain.problem import Problem
from ml_connector.web import intake_schema as wire

KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "application/pdf": ("PDF", (".pdf",)),
    "image/jpeg": ("JPEG", (".jpg", ".jpeg")),
    "image/png": ("PNG", (".png",)),
    "image/tiff": ("TIFF", (".tif", ".tiff")),
    "image/heic": ("HEIC", (".heic",)),
}
"""What a receipt may be: by media type its name, and how the names of such files end. No archive is one."""
_HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
_TAIL = 2048


def listed(report: wire.Report) -> Iterator[tuple[str, wire.Receipt]]:
    """Every receipt that the report names, with its JSON pointer."""
    for number, one in enumerate(report.receipts):
        yield f"/receipts/{number}", one
    for place, expense in enumerate(report.expenses):
        for number, one in enumerate(expense.receipts):
            yield f"/expenses/{place}/receipts/{number}", one


def read_files(
    report: wire.Report, parts: Mapping[str, Sequence[Any]]
) -> tuple[list[SentFile], list[Problem]]:
    """The files that the report names, each once, and every problem: a part that is not there or that nobody
    names, a name that is none, a file that is too large or not of its kind.
    """
    found: dict[str, SentFile] = {}
    problems: list[Problem] = []
    for where, receipt in listed(report):
        problems += _name_problems(where, receipt)
        given = parts.get(receipt.part, ())
        if len(given) != 1:
            problems.append(_not_one(where, receipt.part, len(given)))
        elif (before := found.get(receipt.part)) is None:
            found[receipt.part] = _read(receipt, given[0])
            problems += _content_problems(where, receipt, found[receipt.part])
        elif before.name != receipt.file_name:
            text = (
                f"Part {receipt.part} is named {before.name!r} and {receipt.file_name!r}. Give it one name."
            )
            problems.append(Problem("intake.file_name", f"{where}/fileName", text))
    for part in sorted(set(parts) - {receipt.part for _, receipt in listed(report)}):
        text = f"No receipt of the report names part {part!r}. Name it, or leave it out."
        problems.append(Problem("intake.file_unnamed", part, text))
    return list(found.values()), problems


def _read(receipt: wire.Receipt, upload: Any) -> SentFile:
    upload.seek(0)
    digest = hashlib.sha256()
    for piece in upload.chunks():
        digest.update(piece)
    return SentFile(
        part=receipt.part,
        name=receipt.file_name,
        media_type=_kind(upload, upload.size),
        content=upload,
        sha256=digest.hexdigest(),
        size=upload.size,
    )


def _kind(content: BinaryIO, size: int) -> str:
    """What the bytes are; empty for what is taken for no receipt."""
    content.seek(0)
    head = content.read(16)
    if head.startswith(b"%PDF-"):
        content.seek(max(0, size - _TAIL))
        return "application/pdf" if b"%%EOF" in content.read(_TAIL) else ""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"II*\x00", b"MM\x00*")):
        return "image/tiff"
    return "image/heic" if head[4:8] == b"ftyp" and head[8:12] in _HEIC else ""


def _content_problems(where: str, receipt: wire.Receipt, file: SentFile) -> Iterator[Problem]:
    if file.size > FILE_BYTES_MAX:
        text = f"{receipt.file_name!r} has {file.size:,} bytes; at most {FILE_BYTES_MAX:,} are taken."
        yield Problem("intake.file_size", where, f"{text} Send a smaller scan.")
        return
    if receipt.sha256 and receipt.sha256 != file.sha256:
        text = (
            f"{receipt.file_name!r} has the SHA-256 {file.sha256}, not what the report says. Send it again."
        )
        yield Problem("intake.file_hash", f"{where}/sha256", text)
    kind, endings = KINDS.get(file.media_type, ("", ()))
    if not kind:
        known = ", ".join(name for name, _ in KINDS.values())
        text = f"{receipt.file_name!r} is no whole file of these kinds: {known}. Send it as one of them."
        yield Problem("intake.file_kind", where, text)
    elif not receipt.file_name.lower().endswith(endings):
        text = f"{receipt.file_name!r} is a {kind}, and its name does not end as one: {', '.join(endings)}."
        yield Problem("intake.file_kind", f"{where}/fileName", text)


def _name_problems(where: str, receipt: wire.Receipt) -> Iterator[Problem]:
    name = receipt.file_name
    if "/" in name or "\\" in name or not name.isprintable() or name.strip(" .") != name:
        text = (
            f"{name!a} is no file name: a folder, a character that is not printed, or a blank or dot at an"
            " end. Send the name alone."
        )
        yield Problem("intake.file_name", f"{where}/fileName", text)


def _not_one(where: str, part: str, count: int) -> Problem:
    text = f"The request has {count or 'no'} file{'s' * (count > 1)} in part {part!r}; send it once."
    return Problem("intake.file_missing", where, text)

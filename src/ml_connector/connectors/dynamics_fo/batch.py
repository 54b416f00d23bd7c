"""Multipart batches: changesets out, and what each of their parts answered.

    batch ─ changeset ─ part 1 … part n      all done, or none
      200 ─ changeset response ─ 201 … 201   or one part alone that says why nothing was done

Several changesets are independent of one another; one that fails leaves the others as they are. The status
around it is 200 either way, so every part is read. Of one changeset, any result but n successes, or failures
only, proves nothing. `email` of the standard library would read such bodies too, but not as strictly: it
accepts a status line without the blank line before it. Elsewhere it drops whole parts for a stray byte in a
header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from ml_connector.errors import ConnectorError, OutcomeUnknown
from ml_connector.transport.answer import Answer

BATCH = "$batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One write of a changeset; the address is absolute."""

    method: str
    url: str
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def body(name: str, *changesets: Sequence[Operation]) -> tuple[str, bytes]:
    """Content type and body of a batch. `name` goes into the boundaries and must not occur in the contents;
    operations are numbered through the whole batch.
    """
    outer, inner, numbers = f"batch_{name}", f"changeset_{name}", count(1)
    lines: list[str] = []
    for operations in changesets:
        lines += [f"--{outer}", f"Content-Type: multipart/mixed; boundary={inner}", ""]
        for operation in operations:
            lines += [
                f"--{inner}",
                "Content-Type: application/http",
                "Content-Transfer-Encoding: binary",
                f"Content-ID: {next(numbers)}",
                "",
                f"{operation.method} {operation.url} HTTP/1.1",
                *(f"{header}: {value}" for header, value in operation.headers.items()),
            ]
            if operation.content:
                lines.append("Content-Type: application/json")
            lines += ["Accept: application/json", "", operation.content.decode()]
        lines.append(f"--{inner}--")
    return f"multipart/mixed; boundary={outer}", "\r\n".join([*lines, f"--{outer}--", ""]).encode()


def successful_parts(
    answer: Answer, expected: int, classify: Callable[[Answer], ConnectorError | None]
) -> list[Answer]:
    """The parts of a changeset that was done. Raises the error that its failure means, or `OutcomeUnknown`
    where the answer proves nothing.
    """
    found = parts(answer)
    errors = [error for part in found if (error := classify(part)) is not None]
    if errors and len(errors) == len(found):
        raise errors[0]
    if errors or len(found) != expected:
        text = (
            f"The batch of {expected} writes answered {len(found)} parts, {len(errors)} of them failures."
            " The ledger is searched for what was done."
        )
        raise OutcomeUnknown(text, where="$batch", support=answer.said())
    return found


def parts(answer: Answer) -> list[Answer]:
    """Every HTTP answer inside a multipart body, in order; none where the body is no such thing."""
    return list(_parts(answer, answer.headers.get("content-type", ""), answer.body))


def _parts(answer: Answer, kind: str, content: bytes) -> list[Answer]:
    boundary = re.search(r'boundary="?([^";\s]+)"?', kind)
    if "multipart" not in kind.lower() or boundary is None:
        return []
    result = []
    for piece in re.split(
        rb"(?:\A|\r?\n)--" + re.escape(boundary[1].encode()) + rb"(?:--)?[ \t]*(?=\r?\n|\Z)", content
    )[1:]:
        headers, rest = _headers(piece.lstrip(b"\r\n"))
        inner = headers.get("content-type", "")
        if inner.lower().startswith("multipart"):
            result.extend(_parts(answer, inner, rest))
        elif inner.lower().startswith("application/http"):
            status_line, _, after = rest.lstrip(b"\r\n").partition(b"\n")
            status = re.match(rb"HTTP/1\.\d (\d{3})", status_line)
            if status is not None:
                given, text = _headers(after)
                result.append(
                    answer.part(status=int(status[1]), headers={**headers, **given}, body=text.strip())
                )
    return result


def _headers(content: bytes) -> tuple[dict[str, str], bytes]:
    """Header lines up to the first blank one, and what follows."""
    headers: dict[str, str] = {}
    while content:
        line, _, content = content.partition(b"\n")
        if not line.strip():
            break
        name, _, value = line.decode(errors="replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers, content

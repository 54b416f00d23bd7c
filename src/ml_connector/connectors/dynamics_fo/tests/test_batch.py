"""Batches as they go out, and what their answers prove."""

from __future__ import annotations

import pytest

from ml_connector.connectors.dynamics_fo import batch, faults
from ml_connector.connectors.dynamics_fo.batch import Operation
from ml_connector.errors import OutcomeUnknown, Refused, RightMissing, Throttled
from ml_connector.transport.answer import Answer

FAILURE = (
    '{"error":{"code":"","message":"An error has occurred.","innererror":{"message":"Write failed. Infolog:'
    ' Error: No.;","type":"X"}}}'
)


def answer(*parts: str, nested: bool = True, end: str = "\r\n") -> Answer:
    """A batch's answer around the parts, each a status line with headers and body."""
    wrapped = [
        f"Content-Type: application/http\nContent-Transfer-Encoding: binary\nContent-ID: {n}\n\n{part}"
        for n, part in enumerate(parts, 1)
    ]
    if nested:
        inner = "".join(f"--changesetresponse_2\n{part}\n" for part in wrapped) + "--changesetresponse_2--\n"
        wrapped = [f"Content-Type: multipart/mixed; boundary=changesetresponse_2\n\n{inner}"]
    text = "".join(f"--batchresponse_1 \n{part}\n" for part in wrapped) + "--batchresponse_1--\n"
    headers = {"content-type": 'multipart/mixed; boundary="batchresponse_1"'}
    return Answer(
        method="POST",
        url="https://x/data/$batch",
        status=200,
        headers=headers,
        body=text.replace("\n", end).encode(),
    )


CREATED = 'HTTP/1.1 201 Created\nContent-Type: application/json\n\n{"LineNumber":1}'


def test_batch_as_it_is_sent() -> None:
    """One changeset, its parts numbered, with the line ends that the format demands."""
    kind, body = batch.body(
        "T",
        [
            Operation(method="POST", url="https://x/data/L", content=b"{}"),
            Operation(method="DELETE", url="https://x/data/L(1)"),
        ],
    )

    assert kind == "multipart/mixed; boundary=batch_T"
    assert body.decode().split("\r\n") == [
        "--batch_T",
        "Content-Type: multipart/mixed; boundary=changeset_T",
        "",
        "--changeset_T",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 1",
        "",
        "POST https://x/data/L HTTP/1.1",
        "Content-Type: application/json",
        "Accept: application/json",
        "",
        "{}",
        "--changeset_T",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 2",
        "",
        "DELETE https://x/data/L(1) HTTP/1.1",
        "Accept: application/json",
        "",
        "",
        "--changeset_T--",
        "--batch_T--",
        "",
    ]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_every_part_is_read(end: str) -> None:
    """With the line ends and blanks that occur."""
    found = batch.successful_parts(answer(CREATED, "HTTP/1.1 204 No Content\n", end=end), 2, faults.classify)

    assert [(part.status, part.body) for part in found] == [(201, b'{"LineNumber":1}'), (204, b"")]


@pytest.mark.parametrize("nested", [True, False])
def test_failure_inside_a_200(nested: bool) -> None:
    """One part alone, in its changeset or bare: nothing was done."""
    with pytest.raises(Refused, match="Dynamics refused: No"):
        batch.successful_parts(
            answer(f"HTTP/1.1 400 Bad Request\nContent-Type: application/json\n\n{FAILURE}", nested=nested),
            2,
            faults.classify,
        )


def test_busy_inside_a_200() -> None:
    """Retry-After stands among the part's headers."""
    with pytest.raises(Throttled) as caught:
        batch.successful_parts(
            answer("HTTP/1.1 429 Too Many Requests\nRetry-After: 9\n\n"), 2, faults.classify
        )

    assert caught.value.retry_after_seconds == 9


def test_right_missing_inside_a_200() -> None:
    """The part's status decides."""
    with pytest.raises(RightMissing):
        batch.successful_parts(
            answer(f"HTTP/1.1 403 Forbidden\nContent-Type: application/json\n\n{FAILURE}"), 2, faults.classify
        )


@pytest.mark.parametrize(
    "given",
    [
        answer(CREATED),
        answer(CREATED, CREATED, CREATED),
        answer(CREATED, f"HTTP/1.1 400 Bad Request\n\n{FAILURE}"),
        answer("HTTP/1.1 500 Internal Server Error\n\noops"),
        answer(),
        Answer(
            method="POST",
            url="https://x/data/$batch",
            status=200,
            headers={"content-type": "text/html"},
            body=b"<html>",
        ),
    ],
    ids=["too few", "too many", "mixed", "server error", "none", "page"],
)
def test_answer_that_proves_nothing(given: Answer) -> None:
    """It is looked up, never taken for done or undone."""
    with pytest.raises(OutcomeUnknown):
        batch.successful_parts(given, 2, faults.classify)


def test_changesets_of_a_batch_are_apart_and_numbered_through() -> None:
    """Each is done or not for itself; a header of a part stands above its body."""
    patch = Operation(
        method="PATCH", url="https://x/data/V('1')", content=b"{}", headers={"If-Match": 'W/"1"'}
    )
    _, body = batch.body("T", [patch], [Operation(method="POST", url="https://x/data/V", content=b"{}")])
    lines = body.decode().split("\r\n")

    assert 2 == lines.count("--changeset_T--") == lines.count("--batch_T")
    assert ["Content-ID: 1", "Content-ID: 2"] == [line for line in lines if line.startswith("Content-ID")]
    assert 'If-Match: W/"1"' == lines[lines.index("PATCH https://x/data/V('1') HTTP/1.1") + 1]
    assert "--batch_T--" == lines[-2]

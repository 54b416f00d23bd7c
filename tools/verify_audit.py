"""Verifies an export of the audit chain with nothing but Python's own library: `python verify_audit.py
export.jsonl`, or `-` for standard input.

The export is one JSON object a line: `{"number", "hash", "text"}` in order, some with `"seal": {"at",
"public_key", "signature"}`, and a last line `{"head": {"number", "hash"}, "organisation", "public_key"}`.
Each hash covers the text and the hash before it, so that an entry changed, removed, added or moved breaks the
chain; the head shows entries cut off at the end. Note the head and the public key somewhere else from time to
time: whoever can rewrite the whole file can make a new chain, but not one with the head you noted, nor one
signed with that key.

Signatures (Ed25519) are checked where the Python package `cryptography` is installed; else it is said that
they were not. What the entries speak of is compared in the installation: `ml-connector audit verify`.

Exit codes: 0 nothing wrong in what was checked · 1 something is wrong with the chain, every fault on a line
of its own · 2 the file cannot be read as an export.
"""

import hashlib
import json
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator

GENESIS = "0" * 64


def faults(lines: Iterable[str], seals: list[tuple[int, str, dict[str, str]]]) -> Iterator[str]:
    """What is wrong with the chain, in words; the seals it meets are added to `seals` as `(number, hash,
    seal)`. ValueError or KeyError for lines that are no export.
    """
    before, last, head = GENESIS, 0, None
    for place, line in enumerate(lines, 1):
        if head is not None:
            yield f"Line {place} stands behind the head."
        entry = json.loads(line)
        if "head" in entry:
            head = (entry["head"]["number"], entry["head"]["hash"])
            continue
        number, text, found = entry["number"], entry["text"], entry["hash"]
        if number != last + 1:
            yield f"Entry {last + 1} is missing; entry {number} follows entry {last}."
        if hashlib.sha256(f"{before}\n{text}".encode()).hexdigest() != found:
            yield f"Entry {number} was changed, or one before it was removed."
        if "seal" in entry:
            seals.append((number, found, entry["seal"]))
        before, last = found, number
    if head is None:
        yield "The head is missing: the end of the export was cut off."
    elif head != (last, before):
        yield (
            f"The chain ends at entry {last}; its head says entry {head[0]}. Entries were cut off or added"
            " behind it."
        )


def seal_faults(
    organisation: str, public_key: str, seals: Iterable[tuple[int, str, dict[str, str]]]
) -> Iterator[str]:
    """What is wrong with the seals, in words. ImportError where signatures cannot be checked."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for number, found, seal in seals:
        text = f"ml-connector audit\n{organisation}\n{number}\n{found}\n{seal['at']}".encode()
        if public_key and seal["public_key"] != public_key:
            yield f"The seal of entry {number} is by another key than the export names."
        try:
            key = Ed25519PublicKey.from_public_bytes(b64decode(seal["public_key"]))
            key.verify(b64decode(seal["signature"]), text)
        except (InvalidSignature, ValueError):
            yield f"The seal of entry {number} is not signed by the key it names."


def main(arguments: list[str]) -> int:
    """Print what is wrong; the exit code says whether anything is."""
    if len(arguments) != 1:
        print("usage: verify_audit.py EXPORT, or - for standard input", file=sys.stderr)
        return 2
    seals: list[tuple[int, str, dict[str, str]]] = []
    try:
        with open(0 if arguments[0] == "-" else arguments[0], encoding="utf-8") as export:
            lines = export.readlines()
        found = list(faults(lines, seals))
        end = json.loads(lines[-1]) if lines else {}
        signed = [seal for seal in seals if seal[2]["signature"]]
        try:
            found += seal_faults(end.get("organisation", ""), end.get("public_key", ""), signed)
            checked = f"Signatures checked: {len(signed)}, of the key {end.get('public_key', '')}."
        except ImportError:
            checked = f"Signatures not checked: {len(signed)}; that needs the Python package cryptography."
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{arguments[0]} is not an export of the audit chain: {error!r}", file=sys.stderr)
        return 2
    print("\n".join(found) if found else "Each entry follows the one before it, up to the head.")
    print(checked if signed else "No entry is signed.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Verifies an export of the audit chain with nothing but Python's own library: `python verify_audit.py
export.jsonl`, or `-` for standard input.

The export is one JSON object a line: `{"number", "hash", "text"}` in order, and a last line `{"head":
{"number", "hash"}}`. Each hash covers the text and the hash before it, so that an entry changed, removed,
added or moved breaks the chain; the head shows entries cut off at the end. Note the head somewhere else from
time to time: whoever can rewrite the whole file can make a new chain, but not one with the head you noted.

Exit codes: 0 unbroken · 1 something is wrong with the chain, every fault on a line of its own · 2 the file
cannot be read as an export.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator

GENESIS = "0" * 64


def faults(lines: Iterable[str]) -> Iterator[str]:
    """What is wrong with the chain, in words. ValueError or KeyError for lines that are no export."""
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
        before, last = found, number
    if head is None:
        yield "The head is missing: the end of the export was cut off."
    elif head != (last, before):
        yield (
            f"The chain ends at entry {last}; its head says entry {head[0]}. Entries were cut off or added"
            " behind it."
        )


def main(arguments: list[str]) -> int:
    """Print what is wrong; the exit code says whether anything is."""
    if len(arguments) != 1:
        print("usage: verify_audit.py EXPORT, or - for standard input", file=sys.stderr)
        return 2
    try:
        with open(0 if arguments[0] == "-" else arguments[0], encoding="utf-8") as export:
            found = list(faults(export))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{arguments[0]} is not an export of the audit chain: {error!r}", file=sys.stderr)
        return 2
    print("\n".join(found) if found else "unbroken")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Whoever changes, removes, adds or reorders an entry of the audit chain is found out."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from ml_connector.runs.audit import GENESIS, chain_hash, verify

Entry = tuple[int, str, str]
texts = st.lists(st.text(max_size=8), min_size=1, max_size=8)


def chain(lines: list[str]) -> tuple[list[Entry], tuple[int, str]]:
    """A sound chain and its head."""
    entries, before = [], GENESIS
    for number, text in enumerate(lines, 1):
        before = chain_hash(before, text)
        entries.append((number, text, before))
    return entries, (len(entries), before)


@given(st.lists(st.text(max_size=8), max_size=8))
def test_an_untouched_chain_is_sound(lines: list[str]) -> None:
    """The empty one too."""
    assert [] == verify(*chain(lines))


@given(texts, st.data())
def test_a_changed_text_is_found(lines: list[str], data: st.DataObject) -> None:
    """One entry says something else."""
    entries, head = chain(lines)
    at, text = data.draw(st.integers(0, len(entries) - 1)), data.draw(st.text(max_size=8))
    assume(text != entries[at][1])
    entries[at] = (entries[at][0], text, entries[at][2])

    assert f"Entry {at + 1} was changed, or one before it was removed." in verify(entries, head)


@given(texts, st.data())
def test_a_removed_entry_is_found(lines: list[str], data: st.DataObject) -> None:
    """From the middle or from the end."""
    entries, head = chain(lines)
    del entries[data.draw(st.integers(0, len(entries) - 1))]

    assert verify(entries, head)


@given(texts, st.data())
def test_a_removed_entry_is_found_even_when_the_rest_is_numbered_again(
    lines: list[str], data: st.DataObject
) -> None:
    """Numbers are easy to mend; hashes are not."""
    entries, head = chain(lines)
    del entries[data.draw(st.integers(0, len(entries) - 1))]

    assert verify([(number, text, found) for number, (_, text, found) in enumerate(entries, 1)], head)


@given(texts, st.text(max_size=8), st.data())
def test_an_inserted_entry_is_found(lines: list[str], text: str, data: st.DataObject) -> None:
    """With a hash of its own that fits what is before it."""
    entries, head = chain(lines)
    at = data.draw(st.integers(0, len(entries)))
    before = entries[at - 1][2] if at else GENESIS
    entries.insert(at, (at + 1, text, chain_hash(before, text)))

    assert verify(entries, head)


@given(texts, st.data())
def test_two_entries_exchanged_are_found(lines: list[str], data: st.DataObject) -> None:
    """Order is part of what is proved."""
    entries, head = chain(lines)
    one, other = data.draw(st.integers(0, len(entries) - 1)), data.draw(st.integers(0, len(entries) - 1))
    assume(one != other)
    entries[one], entries[other] = entries[other], entries[one]

    assert verify(entries, head)


@given(texts)
def test_a_head_that_was_moved_is_found(lines: list[str]) -> None:
    """Cutting entries off and moving the head with them needs the old hash: an exported head tells."""
    entries, head = chain(lines)

    assert verify(entries[:-1], head) == [
        f"The chain ends at entry {len(lines) - 1}; its head says entry {len(lines)}. "
        "Entries were cut off or added behind it."
    ]

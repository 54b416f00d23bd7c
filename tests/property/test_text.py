"""A text of ours fits, and keeps what tells one pay from another; a text of a person's stays whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.problem import Problem
from ml_connector.domain.text import DEFAULT_TEXT, DIFFERENCE, entry_text

groups = st.text(st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=40)
dates = st.dates().map(str)
controls = st.integers(197001011, 209912319).map(str)
kinds = st.sampled_from(["", "BONUS", "OFFCYCLE"])
lengths = st.integers(10, 80)
suffixes = st.sampled_from(["", DIFFERENCE])


@given(st.lists(groups, min_size=1, max_size=3), dates, controls, kinds, lengths, suffixes)
def test_a_default_text_fits_and_keeps_date_control_kind_and_suffix(
    names: list[str], day: str, control: str, kind: str, length_max: int, suffix: str
) -> None:
    """Or it is a problem, where these alone with three letters of the group are too long."""
    kept = " ".join(filter(None, [day, control, kind]))
    subject = " ".join([*names, kept])
    text = entry_text(DEFAULT_TEXT, {"subject": subject}, length_max=length_max, suffix=suffix)

    shortest = min(len(" ".join(names)), 4) + 1 + len(kept) + len(suffix)
    if isinstance(text, Problem):
        assert length_max < shortest
        return
    assert len(text) <= length_max
    assert text.endswith(f" {kept}{suffix}")
    assert text == f"Payroll {subject}{suffix}" or len(f"Payroll {subject}{suffix}") > length_max


@given(st.text(st.characters(exclude_characters="{}"), max_size=60), lengths, suffixes)
def test_a_text_of_a_persons_is_whole_or_refused(written: str, length_max: int, suffix: str) -> None:
    text = entry_text(written, {"subject": "x"}, length_max=length_max, suffix=suffix)

    if len(written + suffix) <= length_max:
        assert written + suffix == text
    else:
        assert isinstance(text, Problem)

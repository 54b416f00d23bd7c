"""Which supplier of the source is which of the target, for all of them at once, and what people have to say.

    what was agreed on  →  the id in the other system, or our marker  →  VAT number, IBAN, chamber number

A number that two suppliers of one side share decides nothing: each of them is a question. None is made while
there is a question about it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ml_connector.domain.document import TOKEN
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.supplier import Supplier
from ml_connector.flows.purchasing.identity import Match, Suppliers, bank_identity, numbers_of

NEW = "new"
"""What people answer where a supplier is none of the other side's."""
CANDIDATES = 5
"""Of one question, the most alike."""


def answer_to(here: str, there: str) -> str:
    """How people answer a question."""
    return f"--same {here}={there}"


@dataclass(slots=True, kw_only=True)
class Pairs:
    """`found` is key at the source → supplier of the target; `new` are keys at the source of whom there is
    nobody there; `questions` is what people have to answer or to look at.
    """

    found: dict[str, Supplier] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    questions: list[Problem] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Pairing:
    """Pairs suppliers. `known` is key at the source → key there, as agreed on before; `same` is what people
    answered, code or key at the source → code or key there, or `NEW`; `tokens` are the markers that one
    may carry that was made for this key of the other side, which is the source where the flag is set.
    """

    source: Mapping[str, Supplier]
    target: Mapping[str, Supplier]
    known: Mapping[str, str]
    same: Mapping[str, str]
    tokens: Callable[[str, bool], Iterable[str]]
    pairs: Pairs = field(default_factory=Pairs)
    _taken: dict[str, str] = field(default_factory=dict)

    def done(self) -> Pairs:
        """All of them."""
        for key, identity in self._certain():
            self._link(key, identity)
        self._by_numbers()
        self.pairs.questions.extend(self._noticed())
        return self.pairs

    def _link(self, key: str, identity: str) -> None:
        """Two of the source for one of the target are a question about the second."""
        if identity in self._taken:
            first, other = self.source[self._taken[identity]], self.target[identity]
            why = f"{other} of the target belongs to {first} already"
            self._ask(self.source[key], why, ())
            return
        self._taken[identity] = key
        self.pairs.found[key] = self.target[identity]

    # --- what is certain ------------------------------------------------------------------------------------

    def _certain(self) -> Iterator[tuple[str, str]]:
        """What people said first, then what is on record."""
        said = dict(self._said())
        yield from said.items()
        marks = self._marks()
        for key, supplier in self.source.items():
            if key in said:
                continue
            if (identity := self.known.get(key, "")) in self.target:
                yield key, identity
            elif (external := supplier.external.lower()) in self.target:
                yield key, external
            elif (named := marks.get(key)) is not None:
                yield key, named

    def _said(self) -> Iterator[tuple[str, str]]:
        ours = {
            name: key for key, one in self.source.items() for name in (one.code, key) if name in self.same
        }
        wanted = set(self.same.values())
        theirs = {n: key for key, one in self.target.items() for n in (one.code, key) if n in wanted}
        for name, answer in sorted(self.same.items()):
            if name not in ours:
                self._unknown(name, "source")
            elif answer == NEW:
                self.pairs.new.add(ours[name])
            elif answer not in theirs:
                self._unknown(answer, "target")
            else:
                yield ours[name], theirs[answer]

    def _unknown(self, name: str, where: str) -> None:
        text = f"The {where} has no supplier {name}, which was given as an answer. Nothing was done with it."
        self.pairs.questions.append(Problem("supplier.ambiguous", name, text, Owner.ADMINISTRATOR))

    def _marks(self) -> dict[str, str]:
        """Key at the source → key there, of those that carry the other's id, or a marker made of it."""
        found = {one.external: key for key, one in self.target.items() if one.external}
        marks = {key: found[key] for key in self.source if key in found}
        if any(map(TOKEN.fullmatch, found)):
            for key in self.source.keys() - marks.keys():
                for token in self.tokens(key, True):
                    if token in found:
                        marks[key] = found[token]
        if any(TOKEN.fullmatch(one.external) for one in self.source.values()):
            of = {token: key for key in self.target for token in self.tokens(key, False)}
            for key, one in self.source.items():
                if one.external in of:
                    marks[key] = of[one.external]
        return marks

    # --- what numbers tell ----------------------------------------------------------------------------------

    def _by_numbers(self) -> None:
        everybody = Suppliers.of(self.target.values())
        shared = self._shared()
        matches: dict[str, Match] = {}
        for key, supplier in self.source.items():
            if key in self.pairs.found or key in self.pairs.new or self._is_asked(key):
                continue
            gone = self.known.get(key, "") or supplier.external
            is_gone = bool(gone) and not TOKEN.fullmatch(gone)
            matches[key] = everybody.match(replace(supplier, external=gone if is_gone else ""))
        wanted = Counter(one.supplier.key for one in matches.values() if one.supplier is not None)
        for key, match in matches.items():
            supplier, named = self.source[key], match.supplier
            candidates = [
                one for one in match.candidates if one.alike or one.supplier.key not in self._taken
            ][:CANDIDATES]
            if named is not None and wanted[named.key] == 1 and named.key not in self._taken:
                self._link(key, named.key)
            elif named is not None:
                others = [one for one in shared.get(key, ()) if one != key]
                why = f"{named} of the target has the same numbers"
                self._ask(supplier, f"{why}, and so have others", (named,), others)
            elif candidates:
                said = "; ".join(map(str, candidates))
                lost = f"{match.gone}, which it was, is gone there. " if match.gone else ""
                self._ask(
                    supplier, f"{lost}In the target it may be {said}", [one.supplier for one in candidates]
                )
            elif key in shared:
                others = [one for one in shared[key] if one != key]
                self._ask(supplier, "others here have the same numbers", (), others)
            elif supplier.open and self._is_foreign(supplier):
                self._of_other_books(supplier)
            elif supplier.open and not supplier.country:
                self._of_no_country(supplier)
            elif supplier.open:
                self.pairs.new.add(key)

    def _shared(self) -> dict[str, list[str]]:
        """Keys of open suppliers of the source, not paired yet, that have a number in common with others."""
        by_number: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key, supplier in self.source.items():
            if supplier.open:
                for number in set(numbers_of(supplier)):
                    by_number[number].append(key)
        return {
            key: keys
            for keys in by_number.values()
            if len(keys) > 1
            for key in keys
            if key not in self.pairs.found and key not in self.pairs.new
        }

    def _is_foreign(self, supplier: Supplier) -> bool:
        """Whether its id in the other system is none of there, and was not entered by us."""
        entered = supplier.external.lower()
        return bool(entered) and not TOKEN.fullmatch(supplier.external) and entered != self._ours(supplier)

    def _ours(self, supplier: Supplier) -> str:
        return self.known.get(supplier.key, "").lower()

    def _is_asked(self, key: str) -> bool:
        return any(problem.where == key for problem in self.pairs.questions)

    # --- what people are asked ------------------------------------------------------------------------------

    def _ask(
        self, supplier: Supplier, why: str, candidates: Iterable[Supplier], others: Iterable[str] = ()
    ) -> None:
        if not supplier.open:
            return
        names = [str(self.source[key]) for key in others]
        also = f" ({', '.join(names)})" if names else ""
        this = supplier.code or supplier.key
        answers = [answer_to(this, one.code or one.key) for one in candidates]
        answers.append(answer_to(this, NEW))
        text = (
            f"{supplier} of the source is not paired: {why}{also}. It waits, the others do not. Say"
            f" which it is, in a pass of its own: {', or '.join(answers)} if it is none of them. For example:"
            " ml-connector run suppliers --from SOURCE --to TARGET --same HERE=THERE"
        )
        self.pairs.questions.append(Problem("supplier.ambiguous", supplier.key, text, Owner.PROCUREMENT))

    def _of_other_books(self, supplier: Supplier) -> None:
        """It is not made, because that would write over what somebody else entered."""
        this = supplier.code or supplier.key
        text = (
            f"{supplier} of the source has {supplier.external} as its id in the other system, which the"
            " target does not have and which was not entered by us: it may be of another division or of"
            " another program. It waits, and its id is left as it is. If it is to be made in the target and"
            f" the id written over, say so in a pass of its own: {answer_to(this, NEW)}. Else name the one it"
            f" is there ({answer_to(this, 'THERE')}), or correct the id in the source."
        )
        self.pairs.questions.append(Problem("supplier.foreign_id", supplier.key, text, Owner.PROCUREMENT))

    def _of_no_country(self, supplier: Supplier) -> None:
        said = supplier.unclear or "it has none"
        text = (
            f"The country of {supplier} of the source cannot be told: {said}. It is not made in"
            f" the target, where a country would be guessed. Correct it in the source."
        )
        self.pairs.questions.append(Problem("supplier.country", supplier.key, text, Owner.PROCUREMENT))

    def _noticed(self) -> Iterator[Problem]:
        """What is paired and is not in order, and whom the source has no more."""
        for key, there in self.pairs.found.items():
            here = self.source[key]
            yield from _accounts(here, there)
            if here.open != there.open:
                closed, other, where = (here, there, "the target")
                if here.open:
                    closed, other, where = there, here, "the source"
                text = (
                    f"{closed} is {closed.closed or 'closed'}, and {other} is open in {where}. Neither is"
                    " blocked or opened by us. Block or open one of them, or say why it stays."
                )
                yield Problem("supplier.closed", key, text, Owner.PROCUREMENT)
        for key, identity in self.known.items():
            if key not in self.source and identity in self.target and identity not in self._taken:
                text = (
                    f"The source has no supplier {key} any more, which was {self.target[identity]} in"
                    f" the target: it was merged, or our user does not see it. It is left as it is."
                )
                yield Problem("supplier.lost", key, text, Owner.PROCUREMENT)


def _accounts(here: Supplier, there: Supplier) -> Iterator[Problem]:
    """Bank accounts that are none, and those that only the source has."""
    for one in here.accounts:
        if one.number[:2].isalpha() and not bank_identity(one.number):
            text = (
                f"The bank account {one.number} of {here} in the source is no IBAN: its check digits or its"
                f" length are wrong. It is not brought over. Correct it in the source."
            )
            yield Problem("supplier.iban", here.key, text, Owner.PROCUREMENT)
        elif one not in there.accounts:
            had = ", ".join(other.number for other in there.accounts) or "none"
            text = (
                f"{here} has the bank account {one.number} in the source, and the target has {had}. A"
                " changed account is how invoices are redirected: confirm it with the supplier by a way that"
                f" you know, then enter it in the target, or correct it in the source. The old one"
                " stays."
            )
            yield Problem("supplier.account", here.key, text, Owner.CONTROLLER)

"""Named people: who counts as a person where two are wanted. They are Django's own users.

A command is given by a user of the operating system, and several people may share one. So where two people
are wanted, each says who they are, and proves it with a secret of their own. Who counts as a person is then
changed by two people as well: one who could add a person, or set the secret of another, would be two.

Somebody who is removed keeps their name: what they approved stays theirs, and nobody else gets the name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from ml_connector.app.access import Access, Actor
from ml_connector.app.refusals import NotAllowed
from ml_connector.ports.storage import Clock
from ml_connector.store.models import WrongSecrets

WRONG_MAX = 5
"""Wrong secrets in a row for one name, after which none is taken for a while."""
LOCKED = timedelta(minutes=15)


class People:
    """The people of this installation, and whether two are wanted in one organisation."""

    def __init__(self, access: Access, actor: Actor, clock: Clock) -> None:
        self._access, self._actor, self._clock = access, actor, clock

    def names(self) -> list[str]:
        """Everybody who can be asked, in the order of the alphabet."""
        return list(
            User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
        )

    @property
    def two_people(self) -> bool:
        """Whether two people are wanted where something is settled or approved."""
        return bool(self._access.organisation.four_eyes)

    # --- who is one -----------------------------------------------------------------------------------------

    def add(self, name: str, secret: str, second: Actor | None = None) -> None:
        """Store a person with a secret. Where two people are wanted, two named people must say it. Raises
        `NotAllowed` for a name that is taken or none, and for a secret that is too easy.
        """
        self._check_two(second)
        user = User(username=name)
        try:
            user.clean_fields(exclude=["password"])
        except ValidationError as error:
            raise NotAllowed(" ".join(error.messages)) from None
        if earlier := User.objects.filter(username__iexact=name).first():
            if earlier.is_active:
                raise NotAllowed(f"There is a person {name} already.")
            raise NotAllowed(
                f"{earlier.username} was a person who is removed, and the name stays theirs. Take another."
            )
        _set(user, secret)
        with transaction.atomic():
            user.save()
            WrongSecrets.objects.filter(name=name).delete()
            self._note("person.added", name, _by(second))

    def set_secret(self, name: str, secret: str, second: Actor | None = None) -> None:
        """Give a person a new secret, which ends a lock. They say it themselves, or another named person
        does, for one who has forgotten it; where two people are wanted, two others do where there are two.
        """
        user = self._known(name)
        if not self._actor.person:
            raise NotAllowed(
                f"{name} must confirm this with their old secret, or another named person must: --as NAME."
            )
        if self._actor.person != name and len(self.names()) > 2:
            self._check_two(second, but=name)
        _set(user, secret)
        with transaction.atomic():
            user.save()
            WrongSecrets.objects.filter(name=name).delete()
            own = self._actor.person == name
            self._note("person.secret_set", name, {"own": own, **_by(second)})

    def remove(self, name: str, second: Actor | None = None) -> None:
        """Somebody is a person no more. Where two people are wanted, two named people must say it, and two
        people must be left. What they approved stays theirs.
        """
        user = self._known(name)
        if self.two_people and len(self.names()) <= 2:
            raise NotAllowed(
                f"Two people are required here, and known are: {', '.join(self.names())}. Add another one"
                " first: ml-connector people add NAME."
            )
        self._check_two(second)
        user.is_active = False
        user.set_unusable_password()
        with transaction.atomic():
            user.save()
            self._note("person.removed", name, _by(second))

    def set_policy(self, *, two_people: bool, second: Actor | None = None) -> None:
        """Say whether two people are wanted. Raises `NotAllowed` while there are fewer than two, and when one
        person alone, or nobody named, says that they are no longer wanted.
        """
        if two_people and len(self.names()) < 2:
            known = ", ".join(self.names()) or "nobody"
            raise NotAllowed(
                f"Two people can be required only when there are two; known are: {known}. Add another one:"
                " ml-connector people add NAME."
            )
        self._check_two(second)
        organisation = self._access.organisation
        with transaction.atomic():
            organisation.four_eyes = two_people
            organisation.save(update_fields=["four_eyes"])
            self._note("people.policy", organisation.slug, {"two_people": two_people, **_by(second)})

    # --- proving it -----------------------------------------------------------------------------------------

    def sign_in(self, name: str, secret: str) -> Actor:
        """The actor as this person. Raises `NotAllowed` when name and secret do not belong together, which is
        noted, and while too many wrong secrets lock the name. A name that is not known is treated alike, and
        takes as long.
        """
        with transaction.atomic():
            user, problem = self._check_secret(name, secret)
        if user is None:
            raise NotAllowed(problem)
        return replace(self._actor, person=user.get_username())

    def _check_secret(self, name: str, secret: str) -> tuple[AbstractBaseUser | None, str]:
        """Call in a transaction that is kept: one secret at a time is checked and counted for a name."""
        now = self._clock.now()
        WrongSecrets.objects.get_or_create(name=name[:150])
        wrong = WrongSecrets.objects.select_for_update().get(name=name[:150])
        if wrong.locked_until and now < wrong.locked_until:
            return None, (
                f"{name} is locked until {wrong.locked_until:%Y-%m-%d %H:%M:%S} UTC after {WRONG_MAX} wrong"
                " secrets in a row. Wait until then, or let another person set a new secret:"
                f" ml-connector people set-secret {name} --as NAME."
            )
        user = authenticate(username=name, password=secret)
        if user is not None:
            wrong.delete()
            return user, ""
        self._note("person.refused", name, {})
        text = f"{name} is not known here, or the secret is wrong."
        wrong.in_a_row, wrong.locked_until = wrong.in_a_row + 1, None
        if wrong.in_a_row >= WRONG_MAX:
            wrong.in_a_row, wrong.locked_until = 0, now + LOCKED
            self._note("person.locked", name, {"until": wrong.locked_until.isoformat()})
            text += (
                f" These were {WRONG_MAX} wrong secrets in a row: {name} is locked for"
                f" {LOCKED.seconds // 60} minutes."
            )
        wrong.save()
        return None, text

    # --- inside ---------------------------------------------------------------------------------------------

    def _known(self, name: str) -> User:
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise NotAllowed(f"There is no person {name}. Known are: {', '.join(self.names()) or 'nobody'}.")
        return user

    def _check_two(self, second: Actor | None, but: str = "") -> None:
        """Raises `NotAllowed` where two people are wanted and two named people do not say this; `but` is one
        who does not count.
        """
        said = {self._actor.person, second.person if second else ""} - {"", but}
        if self.two_people and len(said) < 2:
            others = f" other than {but}" if but else ""
            raise NotAllowed(
                f"Two people are required here, so two named people{others} must agree: --as NAME and"
                " --second NAME."
            )

    def _note(self, action: str, subject: str, detail: dict[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=self._actor.audited, action=action, subject=subject, detail=self._actor.noted(detail)
        )


def _set(user: User, secret: str) -> None:
    """Raises `NotAllowed` for a secret that is too easy."""
    try:
        validate_password(secret, user)
    except ValidationError as error:
        raise NotAllowed(" ".join(error.messages)) from None
    user.set_password(secret)


def _by(second: Actor | None) -> dict[str, str | int | bool | None]:
    return {"second": second.person} if second else {}

"""Named people: who counts as a person where two are wanted. They are Django's own users.

A command is given by a user of the operating system, and several people may share one. So where two people
are wanted, each says who they are, and proves it with a secret of their own.
"""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from ml_connector.app.access import Access, Actor
from ml_connector.app.refusals import NotAllowed


class People:
    """The people of this installation, and whether two are wanted in one organisation."""

    def __init__(self, access: Access, actor: Actor) -> None:
        self._access, self._actor = access, actor

    def add(self, name: str, secret: str) -> None:
        """Store a person with a secret. Where two people are wanted, a named person must do it. Raises
        `NotAllowed` for a name that is taken or none, and for a secret that is too easy.
        """
        self._check_named()
        user = User(username=name)
        try:
            user.clean_fields(exclude=["password"])
            validate_password(secret, user)
        except ValidationError as error:
            raise NotAllowed(" ".join(error.messages)) from None
        if User.objects.filter(username__iexact=name).exists():
            raise NotAllowed(f"There is a person {name} already.")
        user.set_password(secret)
        with transaction.atomic():
            user.save()
            self._note("person.added", name, {})

    def names(self) -> list[str]:
        """Everybody who can be asked, in the order of the alphabet."""
        return list(
            User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
        )

    @property
    def two_people(self) -> bool:
        """Whether two people are wanted where something is settled or approved."""
        return bool(self._access.organisation.four_eyes)

    def set_policy(self, *, two_people: bool) -> None:
        """Say whether two people are wanted. Raises `NotAllowed` while there are fewer than two, and when
        nobody named says that they are no longer wanted.
        """
        if two_people and len(self.names()) < 2:
            known = ", ".join(self.names()) or "nobody"
            raise NotAllowed(
                f"Two people can be wanted only when there are two, and known is: {known}. Add another one:"
                " ml-connector people add NAME."
            )
        self._check_named()
        organisation = self._access.organisation
        with transaction.atomic():
            organisation.four_eyes = two_people
            organisation.save(update_fields=["four_eyes"])
            self._note("people.policy", organisation.slug, {"two_people": two_people})

    def sign_in(self, name: str, secret: str) -> Actor:
        """The actor as this person. Raises `NotAllowed` when name and secret do not belong together, which is
        noted.
        """
        user = authenticate(username=name, password=secret)
        if user is None:
            self._note("person.refused", name, {})
            raise NotAllowed(f"{name} is no person known here, or this is not their secret.")
        return replace(self._actor, person=user.get_username())

    def _check_named(self) -> None:
        if self.two_people and not self._actor.person:
            raise NotAllowed("Two people are wanted here, so a named person must say this: --as NAME.")

    def _note(self, action: str, subject: str, detail: dict[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=self._actor.audited, action=action, subject=subject, detail=self._actor.noted(detail)
        )

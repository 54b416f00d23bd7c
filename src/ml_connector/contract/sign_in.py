"""The contract of a `SignIn` with a consent that a person gives and tokens that rotate.

A rotating refresh token is spent by using it; a connection dies when two renew at once, or when the new pair
is used before it is stored.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ml_connector.contract.world import SignInWorld
from ml_connector.errors import ConnectorError, NotSent, OutcomeUnknown, Refused, SignInLost

STATE = "a-state-nobody-guesses"


def sign_in(world: SignInWorld) -> str:
    """A person signs in; the redirect address that was used."""
    redirect = world.consent(world.sign_in.authorize_url(STATE))
    world.sign_in.exchange(redirect, STATE)
    return redirect


class SignInContract:
    """Claims that hold for every sign-in by consent."""

    def test_state_goes_with_the_address(self, world: SignInWorld) -> None:
        """The address that a person opens carries the state, and no secret."""
        url = world.sign_in.authorize_url(STATE)

        assert parse_qs(urlsplit(url).query)["state"] == [STATE]
        assert [secret for secret in world.secrets() if secret and secret in url] == []

    def test_consent_makes_calls_possible(self, world: SignInWorld) -> None:
        """After the consent calls are signed in, with tokens that were stored."""
        sign_in(world)

        world.call()

        state = world.tokens.read()
        assert (bool(state.access_token), bool(state.refresh_token), state.lost) == (True, True, "")

    def test_without_consent_a_person_is_asked(self, world: SignInWorld) -> None:
        """Nobody has signed in yet: a call says so."""
        with pytest.raises(SignInLost):
            world.call()

    def test_code_works_once(self, world: SignInWorld) -> None:
        """A redirect address that was used is refused, and the tokens in hand stay as they are."""
        redirect = sign_in(world)
        before = world.tokens.read()

        with pytest.raises(Refused):
            world.sign_in.exchange(redirect, STATE)

        assert before == world.tokens.read()

    def test_address_of_another_sign_in_is_refused(self, world: SignInWorld) -> None:
        """A redirect with another state is not used: it may be somebody else's consent."""
        redirect = world.consent(world.sign_in.authorize_url("another"))

        with pytest.raises(Refused) as caught:
            world.sign_in.exchange(redirect, STATE)

        assert caught.value.problem.code == "sign_in.state"
        assert world.tokens.read().access_token == ""

    def test_address_without_a_code_is_refused(self, world: SignInWorld) -> None:
        """A person pasted the wrong address: the text says what to paste."""
        with pytest.raises(Refused) as caught:
            world.sign_in.exchange("https://connector.example/", STATE)

        assert "whole address" in caught.value.problem.text

    def test_pair_is_stored_before_it_is_used(self, world: SignInWorld) -> None:
        """The renewed pair stands in the store when the first call with it leaves; before that, the renewal
        is on record.
        """
        sign_in(world)
        old = world.tokens.read()
        world.advance(world.life_seconds() + 1)

        world.call()

        new = world.tokens.read()
        assert old.refresh_token != new.refresh_token
        assert (new.renewing_since, new.lost) == (None, "")
        assert world.renewals() == 1

    def test_token_in_its_prime_is_not_renewed(self, world: SignInWorld) -> None:
        """While the token is good, calls do not renew it."""
        sign_in(world)

        for _ in range(3):
            world.call()
            world.advance(world.life_seconds() / 10)

        assert world.renewals() == 0

    def test_two_threads_renew_once(self, world: SignInWorld) -> None:
        """Two threads meet an expired token: one renews, both get on."""
        sign_in(world)
        world.advance(world.life_seconds() + 1)
        both, failures = threading.Barrier(4), []

        def call() -> None:
            both.wait()
            try:
                world.call()
            except ConnectorError as error:
                failures.append(error)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert (failures, world.renewals()) == ([], 1)

    def test_lost_answer_is_a_state(self, world: SignInWorld) -> None:
        """The answer to a renewal was lost: that is on record, nothing was posted, and no person is asked
        yet.
        """
        sign_in(world)
        world.advance(world.life_seconds() + 1)
        world.lose_next_token_answer()

        with pytest.raises((NotSent, OutcomeUnknown)):
            world.call()

        state = world.tokens.read()
        assert (state.renewing_since is None, state.lost) == (False, "")

    def test_lost_answer_is_made_up_for_within_the_grace(self, world: SignInWorld) -> None:
        """Where the vendor lets a spent token work for a while, the renewal is asked for again within it."""
        sign_in(world)
        world.advance(world.life_seconds() + 1)
        world.lose_next_token_answer()
        with pytest.raises((NotSent, OutcomeUnknown)):
            world.call()

        if world.grace_seconds():
            world.advance(world.grace_seconds() / 2)
            world.call()
            assert world.tokens.read().lost == ""
        else:
            with pytest.raises(SignInLost):
                world.call()

    def test_lost_answer_is_not_repeated_blindly(self, world: SignInWorld) -> None:
        """After the grace the spent token is not sent again: a person is asked, and the vendor is not."""
        sign_in(world)
        world.advance(world.life_seconds() + 1)
        world.lose_next_token_answer()
        with suppress(ConnectorError):
            world.call()
        asked = world.said().count("/token")
        world.advance(world.grace_seconds() + 60)

        for _ in range(2):
            with pytest.raises(SignInLost):
                world.call()

        assert asked == world.said().count("/token")
        assert world.tokens.read().lost

    def test_refusal_of_an_early_renewal_keeps_the_token(self, world: SignInWorld) -> None:
        """The vendor refused a young token and refuses to renew it yet: the pair in hand is kept, and nothing
        is repeated. One that renews at any age is asked once, and the call gets on."""
        sign_in(world)
        before = world.tokens.read()
        if not world.earliest_renewal_seconds():
            world.refuse_access_token()
            world.call()
            assert world.renewals() == 1
            return
        world.advance(world.earliest_renewal_seconds() / 2)
        world.refuse_access_token()

        with pytest.raises(SignInLost):
            world.call()

        after = world.tokens.read()
        assert (before.refresh_token, "", None) == (after.refresh_token, after.lost, after.renewing_since)

    def test_token_that_may_be_renewed_is(self, world: SignInWorld) -> None:
        """A read goes on over a refused token where the vendor renews at any age; elsewhere it is renewed as
        soon as that is allowed.
        """
        sign_in(world)
        world.advance(world.earliest_renewal_seconds() or 1)
        if not world.earliest_renewal_seconds():
            world.refuse_access_token()

        world.call()

        assert world.renewals() == 1

    def test_idle_sign_in_is_kept_alive(self, world: SignInWorld) -> None:
        """A sign-in that nobody used for a week is renewed, so that a monthly payroll outlives the refresh
        token.
        """
        sign_in(world)
        first = world.sign_in.renew()
        assert world.renewals() == 0
        world.advance(timedelta(days=8).total_seconds())

        second = world.sign_in.renew()

        assert world.renewals() == 1
        assert first is None or (second is not None and second > first)

    def test_consent_outlives_its_first_month_when_renewed(self, world: SignInWorld) -> None:
        """Renewed weekly, the sign-in works after two months."""
        sign_in(world)
        for _ in range(8):
            world.advance(timedelta(days=7, seconds=1).total_seconds())
            world.sign_in.renew()

        world.call()

        assert world.tokens.read().lost == ""

    def test_no_secret_is_seen(self, world: SignInWorld) -> None:
        """No secret, code or token stands in the record of exchanges."""
        redirect = sign_in(world)
        world.advance(world.life_seconds() + 1)
        world.call()
        with suppress(ConnectorError):
            world.sign_in.exchange(redirect, STATE)

        said = world.said()
        assert [secret for secret in world.secrets() if secret in said] == []
        assert parse_qs(urlsplit(redirect).query)["code"][0] not in said

"""People are told what touches the safety of their account, and told no more once it is mended."""

import pytest
from django.core.cache import cache
from django.test import Client

from kit import tenancy
from kit.alerts.models import Alert
from kit.users import tokens, two_factor
from kit.users.models import User
from tests.kit.users.test_signing_in import password_of
from tests.programs import make_token


@pytest.fixture(autouse=True)
def no_earlier_tries() -> None:
    cache.clear()


def told(user: User) -> dict[str, str]:
    """The alerts that stand, by key."""
    with tenancy.tenant(user.pk):
        return {alert.key: alert.headline() for alert in Alert.objects.unresolved()}


def sign_in(user: User, address: str, password: str = "") -> int:
    form = {"username": user.email, "password": password or password_of(user)}
    return Client().post("/login/", form, REMOTE_ADDR=address).status_code


def test_the_first_sign_in_is_no_news_and_one_from_elsewhere_is(owner: User) -> None:
    assert sign_in(owner, "192.0.2.1") == sign_in(owner, "192.0.2.1") == 302
    assert told(owner) == {}
    sign_in(owner, "192.0.2.2")
    sign_in(owner, "192.0.2.2")
    assert told(owner) == {"sign-in:192.0.2.2": "You signed in from a new address"}


def test_a_program_that_signs_in_from_elsewhere_is_told_of_too(owner: User) -> None:
    sign_in(owner, "192.0.2.1")
    body = {"email": owner.email, "password": password_of(owner)}
    answer = Client().post("/api/v1/auth/token", body, content_type="application/json", REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 200
    assert set(told(owner)) == {"sign-in:192.0.2.9"}


def test_a_lock_is_told_and_so_is_who_comes_in_after_it(owner: User) -> None:
    sign_in(owner, "192.0.2.1")
    for _ in range(7):
        sign_in(owner, "192.0.2.66", "wrong")
    assert set(told(owner)) == {"locked"}
    cache.clear()
    from axes.utils import reset

    reset(username=owner.email)
    sign_in(owner, "192.0.2.1")
    assert set(told(owner)) == {"sign-in:after-lock"}


def test_a_token_is_told_of_until_it_is_revoked(owner: User) -> None:
    token = make_token(owner, "read", name="Sheet")
    assert told(owner) == {f"token:{token.pk}": "The token Sheet was made"}
    with tenancy.tenant(owner.pk):
        tokens.revoke_token(owner_id=owner.pk, token_id=token.pk)
    assert told(owner) == {}


def test_a_new_password_is_told(client: Client, owner: User) -> None:
    client.force_login(owner)
    new = "a much longer secret 42"
    form = {"old_password": password_of(owner), "new_password1": new, "new_password2": new}
    assert client.post("/password/", form).status_code == 302
    assert set(told(owner)) == {"password"}


def test_a_second_factor_that_is_off_and_a_used_code_are_told_until_they_are_mended(owner: User) -> None:
    import pyotp

    def switch_on() -> tuple[str, ...]:
        two_factor.begin(owner)
        enrolment = two_factor.standing(owner).enrolment
        assert enrolment is not None
        return two_factor.confirm(owner, pyotp.TOTP(enrolment.secret).now())

    with tenancy.tenant(owner.pk):
        code = switch_on()[0]
    assert two_factor.check_code(owner, code)
    assert set(told(owner)) == {"recovery-code"}
    with tenancy.tenant(owner.pk):
        two_factor.replace_codes(owner)
        assert told(owner) == {}
        two_factor.switch_off(owner)
    assert set(told(owner)) == {"two-factor"}
    with tenancy.tenant(owner.pk):
        switch_on()
    assert told(owner) == {}

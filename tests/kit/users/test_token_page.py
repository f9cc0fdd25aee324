"""The page of one's tokens: made with the password, shown once, revoked one by one."""

import html
import re

from django.test import Client, override_settings

from kit import tenancy
from kit.users import tokens
from kit.users.models import Token, User
from tests.kit.users.test_signing_in import password_of
from tests.programs import make_token

PAGE = "/settings/tokens/"


def wanted(owner: User, **changes: object) -> dict[str, object]:
    return {"name": "Sheet", "scopes": ["read", "trade"], "days": "30", "password": password_of(owner), **changes}


def tokens_of(owner: User) -> list[Token]:
    with tenancy.tenant(owner.pk):
        return list(Token.objects.all())


def test_a_token_is_shown_once_and_does_what_was_chosen(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.post(PAGE, wanted(owner))
    found = re.search(r"<textarea[^>]*>([^<]+)</textarea>", answer.content.decode())
    assert found is not None
    text = html.unescape(found[1])
    assert "no-store" in answer["Cache-Control"]
    assert text not in client.get(PAGE).content.decode()
    program = Client(headers={"Authorization": f"Bearer {text}"})
    assert program.get("/api/v1/wallets").status_code == 200
    assert program.post("/api/v1/wallets", {}, content_type="application/json").status_code == 403


def test_a_token_needs_the_password_of_whose_it_is(client: Client, owner: User) -> None:
    client.force_login(owner)
    for wrong in ({"password": "wrong"}, {"scopes": []}, {"scopes": ["all"]}, {"name": ""}, {"days": "9999"}):
        assert client.post(PAGE, wanted(owner, **wrong)).status_code == 422, wrong
    assert tokens_of(owner) == []


def test_guessing_the_password_is_stopped_though_nothing_of_it_is_committed(client: Client, owner: User) -> None:
    client.force_login(owner)
    for _ in range(5):
        assert client.post(PAGE, wanted(owner, password="wrong")).status_code == 422
    locked = client.post(PAGE, wanted(owner))
    assert locked.status_code == 422
    assert "Too many wrong passwords" in locked.content.decode()
    changed = client.post(
        "/password/", {"old_password": password_of(owner), "new_password1": "x1y2z3a4b5", "new_password2": "x1y2z3a4b5"}
    )
    assert "Too many wrong passwords" in changed.content.decode()


def test_revoking_ends_the_one_and_is_nobody_elses_to_do(client: Client, owner: User, other_owner: User) -> None:
    token, other = make_token(owner, name="Lost laptop"), make_token(other_owner)
    client.force_login(owner)
    assert client.post(f"{PAGE}{other.pk}/revoke/").status_code == 404
    assert client.get(f"{PAGE}{token.pk}/revoke/").status_code == 405
    assert client.post(f"{PAGE}{token.pk}/revoke/").status_code == 302
    assert tokens_of(owner)[0].revoked_at is not None
    assert tokens_of(other_owner)[0].revoked_at is None
    page = client.get(PAGE).content.decode()
    assert "Lost laptop" in page
    assert "Revoked" in page


def test_asking_for_the_password_ends_neither_the_session_nor_a_token(client: Client, owner: User) -> None:
    """Even where the password would be hashed anew at the next sign-in, as after a change of the hasher's cost."""
    token = make_token(owner)
    client.force_login(owner)
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"]):
        assert client.post(PAGE, wanted(owner)).status_code == 200
    assert client.get(PAGE).status_code == 200
    program = Client(headers={"Authorization": f"Bearer {tokens.access_text(token)}"})
    assert program.get("/api/v1/wallets").status_code == 200


def test_a_token_that_asks_first_is_let_act_with_the_password_and_nobody_elses(
    client: Client, owner: User, other_owner: User
) -> None:
    client.force_login(owner)
    assert client.post(PAGE, wanted(owner, asks_first="on", scopes=["read", "trade"])).status_code == 200
    (token,) = tokens_of(owner)
    assert token.asks_first
    page, asking = f"{PAGE}{token.pk}/", f"{PAGE}{token.pk}/asking/"
    assert "asks first" in client.get(PAGE).content.decode()
    assert "it asks first" in client.get(page).content.decode()
    assert client.post(asking, {"password": "wrong"}).status_code == 422
    assert tokens_of(owner)[0].asks_first
    assert client.post(asking, {"password": password_of(owner)}).status_code == 302
    assert not tokens_of(owner)[0].asks_first
    assert client.post(asking, {"asks_first": "on"}).status_code == 302
    assert tokens_of(owner)[0].asks_first
    other = make_token(other_owner)
    for given in ({"asks_first": "on"}, {"password": password_of(owner)}):
        assert client.post(f"{PAGE}{other.pk}/asking/", given).status_code == 404
    assert not tokens_of(other_owner)[0].asks_first

"""People sign in with a page, programs with tokens; wrong passwords lock both for a while."""

import json
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client

from kit import clock
from kit.users import tasks
from kit.users.models import User
from tests.conftest import as_operators


def password_of(user: User) -> str:
    return f"password of {user.email}"


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


def test_a_program_trades_email_and_password_for_tokens_and_uses_them(client: Client, owner: User) -> None:
    tokens = post(client, "/api/v1/auth/token", {"email": "Owner@Example.com", "password": password_of(owner)}).json()
    assert set(tokens) == {"access", "refresh"}
    answer = client.get("/api/v1/wallets", headers={"Authorization": f"Bearer {tokens['access']}"})
    assert answer.status_code == 200
    renewed = post(client, "/api/v1/auth/refresh", {"refresh": tokens["refresh"]}).json()
    assert set(renewed) == {"access"}


def test_a_refresh_token_is_no_access_token_and_the_other_way_round(client: Client, owner: User) -> None:
    tokens = post(client, "/api/v1/auth/token", {"email": owner.email, "password": password_of(owner)}).json()
    assert client.get("/api/v1/wallets", headers={"Authorization": f"Bearer {tokens['refresh']}"}).status_code == 401
    assert post(client, "/api/v1/auth/refresh", {"refresh": tokens["access"]}).status_code == 401


def test_a_disabled_user_loses_both_tokens_at_once(client: Client, owner: User) -> None:
    tokens = post(client, "/api/v1/auth/token", {"email": owner.email, "password": password_of(owner)}).json()
    with as_operators():
        User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get("/api/v1/wallets", headers={"Authorization": f"Bearer {tokens['access']}"}).status_code == 401
    assert post(client, "/api/v1/auth/refresh", {"refresh": tokens["refresh"]}).status_code == 401


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_without_a_valid_token_the_answer_is_a_problem_that_says_how_to_sign_in(
    client: Client, db: None, token: str
) -> None:
    answer = client.get("/api/v1/wallets", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "/api/v1/auth/token" in answer.json()["detail"]


def test_a_session_may_use_the_api_only_with_its_csrf_token(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.get("/api/v1/wallets").status_code == 200
    refused = post(client, "/api/v1/wallets", {"name": "x", "role": "master"}, **{"Idempotency-Key": "k"})
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"


def test_five_wrong_passwords_lock_the_page_and_the_api_for_that_person(client: Client, owner: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/login/", {"username": owner.email, "password": "wrong"})
    locked = client.post("/login/", {"username": owner.email, "password": password_of(owner)})
    assert locked.status_code == 429
    assert "_auth_user_id" not in client.session
    program = post(client, "/api/v1/auth/token", {"email": owner.email, "password": password_of(owner)})
    assert program.status_code == 429
    for answer in (locked, program):
        assert answer["Retry-After"] == "900"
    assert program["Content-Type"] == "application/problem+json"
    assert program.json()["type"] == "urn:moniqo:problem:too_many_attempts"


def test_five_wrong_tries_at_the_api_lock_the_login_page_too(client: Client, owner: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        post(client, "/api/v1/auth/token", {"email": owner.email, "password": "wrong"})
    assert client.post("/login/", {"username": owner.email, "password": password_of(owner)}).status_code == 429


def test_a_wrong_password_does_not_lock_somebody_else(client: Client, owner: User, other_owner: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT + 1):
        client.post("/login/", {"username": owner.email, "password": "wrong"})
    assert (
        client.post("/login/", {"username": other_owner.email, "password": password_of(other_owner)}).status_code == 302
    )


def test_signing_in_and_out_and_changing_the_password(client: Client, owner: User) -> None:
    assert client.get("/").headers["Location"].startswith("/login/")
    assert client.post("/login/", {"username": owner.email, "password": password_of(owner)}).status_code == 302
    assert client.get("/password/").status_code == 200
    new = "correct horse battery staple 9"
    changed = client.post(
        "/password/", {"old_password": password_of(owner), "new_password1": new, "new_password2": new}
    )
    assert changed.status_code == 302
    client.post("/logout/")
    assert client.get("/").headers["Location"].startswith("/login/")
    assert client.post("/login/", {"username": owner.email, "password": new}).status_code == 302


def test_passwords_are_stored_with_argon2_and_nobody_signs_up_by_default(client: Client, owner: User) -> None:
    assert owner.password.startswith("argon2")
    assert settings.SIGN_UP_OPEN is False
    assert client.get("/signup/").status_code == 404


def test_email_addresses_are_one_person_whatever_their_case(owner: User) -> None:
    assert User.objects.get_by_natural_key("OWNER@example.COM") == owner


def test_other_spellings_of_the_address_share_one_count(client: Client, owner: User) -> None:
    for spelling in ("OWNER@example.com", "Owner@example.com", "oWner@example.com", "owNer@example.com", owner.email):
        client.post("/login/", {"username": spelling, "password": "wrong"})
    assert client.post("/login/", {"username": owner.email, "password": password_of(owner)}).status_code == 429


def test_somebody_who_is_signed_in_is_counted_while_guessing_another_persons_password(
    owner: User, other_owner: User
) -> None:
    client = Client()
    client.force_login(other_owner)
    for _ in range(5):
        post(client, "/api/v1/auth/token", {"email": owner.email, "password": "wrong"})
    right = {"email": owner.email, "password": password_of(owner)}
    assert post(client, "/api/v1/auth/token", right).status_code == 429


def test_what_is_old_of_signing_in_is_forgotten(live_db: str, client: Client, owner: User, other_owner: User) -> None:
    for user in (owner, other_owner):
        client.post("/login/", {"username": user.email, "password": password_of(user)})
        client = Client()
    ages = {owner.email: timedelta(days=settings.SIGN_IN_LOG_DAYS + 1), other_owner.email: timedelta(0)}
    now = clock.now()
    for log in AccessLog.objects.all():
        AccessLog.objects.filter(pk=log.pk).update(attempt_time=now - ages[log.username])
    first = Session.objects.order_by("expire_date").first()
    assert first is not None
    Session.objects.filter(pk=first.pk).update(expire_date=now - timedelta(days=1))
    tasks.forget_old_sign_ins()
    assert [log.username for log in AccessLog.objects.all()] == [other_owner.email]
    assert Session.objects.count() == 1


def test_a_program_signs_out_and_both_its_tokens_end_and_no_others(client: Client, owner: User) -> None:
    body = {"email": owner.email, "password": password_of(owner)}
    ended, kept = (post(client, "/api/v1/auth/token", body).json() for _ in range(2))
    answer = post(client, "/api/v1/auth/sign-out", {"refresh": ended["refresh"]})
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    for tokens, status in ((ended, 401), (kept, 200)):
        assert client.get("/api/v1/wallets", headers=_bearer(tokens)).status_code == status
        assert post(client, "/api/v1/auth/refresh", {"refresh": tokens["refresh"]}).status_code == status
    assert post(client, "/api/v1/auth/sign-out", {"refresh": ended["refresh"]}).status_code == 401
    assert post(client, "/api/v1/auth/sign-out", {"refresh": kept["access"]}).status_code == 401


def _bearer(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access']}"}


def test_what_somebody_sees_who_is_signed_in_is_kept_by_no_cache(client: Client, owner: User) -> None:
    signed_in = client.post("/login/", {"username": owner.email, "password": password_of(owner)})
    tokens = post(client, "/api/v1/auth/token", {"email": owner.email, "password": password_of(owner)})
    pages = [client.get(path) for path in ("/", "/wallets/", "/settings/tokens/", "/nowhere/", "/settings/log/")]
    programs = [
        Client().get("/api/v1/wallets", headers=_bearer(tokens.json())),
        Client().get("/api/v1/wallets"),
        tokens,
    ]
    for answer in (signed_in, *pages, *programs):
        assert "no-store" in answer["Cache-Control"]
    for answer in programs:
        assert {"Authorization", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}


def test_the_terminal_makes_an_operator_who_signs_in(
    live_db: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery 9")
    call_command("createsuperuser", "--noinput", email="chief@example.com", verbosity=0)
    signed_in = client.post("/login/", {"username": "chief@example.com", "password": "correct horse battery 9"})
    assert signed_in.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_an_object_of_a_person_holds_no_hash_until_it_is_asked_for(owner: User) -> None:
    found = User.objects.get(pk=owner.pk)
    assert "password" in found.get_deferred_fields()
    assert found.password == owner.password
    found.refresh_from_db()
    assert "password" in found.get_deferred_fields()

"""A token does what its scopes say, and nothing once it is revoked, over, or older than the password."""

import re
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from kit.audit.models import AuditEntry
from kit.audit.selectors import audit_log
from kit.audit.services import Area, record
from kit.errors import InvalidInputError, NotFoundError
from kit.users import tasks, tokens
from kit.users.middleware import OPEN
from kit.users.models import Token, User
from moniqo.api import api
from tests.conftest import as_operators
from tests.kit.users.test_signing_in import password_of, post
from tests.programs import bearer, by_password, make_token

NOBODY = "00000000-0000-4000-8000-000000000000"
WALLETS = "/api/v1/wallets"
# What each operation that writes needs; everything else that writes needs `manage`.
ORDERS = r"/orders$|/orders/\{.*\}/(cancel|amend)$|/positions/\{.*\}/close$|/approvals/[a-z]+$"
WRITING = {
    "trade": ORDERS + r"|/(farms|agents)/\{.*\}/(start|pause)$|/goals/\{.*\}/(pause|resume)$|/stop$|/call-off$"
    r"|/wallets/\{.*\}/(positions|close)$|/positions/\{.*\}$|/orders/cancel$",
    "move": r"/(deposit|allocate|collect|undo|apply|plans|rules|arrivals|derivatives)$|/rules/\{"
    r"|/(rebalancing|approve|decline)$"
    r"|/(allocations|plans)/preview$"
    r"|/(suspense|unassigned)/",
    "limits": r"/(limits|protection|exposure-limits|release|policy)$"
    r"|/advice/(settings|watches)$|/agents/\{.*\}/advice$",
    "read": r"/preview$|/sync$",
    "agent": r"/ai-state$",
}


def header(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.access_text(token)}"}


def sign_in(client: Client, user: User, **more: Any) -> Any:
    return post(client, "/api/v1/auth/token", {"email": user.email, "password": password_of(user), **more})


def scope_of(method: str, path: str) -> str:
    if method == "get":
        return "read"
    return next((scope for scope, pattern in WRITING.items() if re.search(pattern, path)), "manage")


def operations() -> list[tuple[str, str]]:
    """Those that a single scope is enough for: `POST /start` needs all of them."""
    paths = api.get_openapi_schema()["paths"]
    found = [(method, path) for path, methods in paths.items() if "/auth/" not in path for method in methods]
    return [operation for operation in found if operation != ("post", "/api/v1/start")]


# One that makes things and one that acts by itself; the others are asked with the slow proofs.
QUICK = ("manage", "agent")
SCOPES = [scope if scope in QUICK else pytest.param(scope, marks=pytest.mark.slow) for scope in tokens.EVERYTHING]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_with_one_scope_reaches_the_operations_of_that_scope_and_no_other(
    client: Client, owner: User, scope: str
) -> None:
    carried = bearer(owner, scope)
    wrong = {}
    for method, path in operations():
        answer = client.generic(
            method.upper(), re.sub(r"\{[^}]+\}", NOBODY, path), "{}", content_type="application/json", headers=carried
        )
        refused = answer.status_code == 403 and answer.json()["type"].endswith(":insufficient_scope")
        needed = scope_of(method, path)
        may = needed == scope or path.endswith("/tokens/current")
        if scope == "agent":
            may = needed in ("read", "agent") or re.search(ORDERS, path) is not None
        if refused is may:
            wrong[f"{method} {path}"] = answer.status_code
    assert wrong == {}


# All that a trading agent's program may do beside reading: whoever adds to it has thought about it.
AGENTS_MAY = {
    *(
        f"post /api/v1/approvals/{what}"
        for what in ("orders", "pauses", "halts", "starts", "allocations", "collections", "goals", "limits")
    ),
    "post /api/v1/saved-strategies/preview",
    "post /api/v1/orders",
    "post /api/v1/orders/preview",
    "post /api/v1/orders/{order_id}/amend",
    "post /api/v1/orders/cancel/preview",
    "post /api/v1/positions/{position_id}/close",
    "post /api/v1/orders/{order_id}/cancel",
    "put /api/v1/wallets/{wallet_id}/ai-state",
    "post /api/v1/connections/{connection_id}/sync",
    "post /api/v1/start/preview",
    "post /api/v1/wallets/{wallet_id}/allocate/preview",
    "post /api/v1/wallets/{wallet_id}/collect/preview",
    "post /api/v1/wallets/{wallet_id}/deposit/preview",
    "post /api/v1/wallets/{wallet_id}/stop/preview",
}


def test_an_agents_token_changes_no_limit_no_connection_nothing_live_and_no_money(client: Client, owner: User) -> None:
    carried = bearer(owner, "agent")
    reached = set()
    for method, path in operations():
        answer = client.generic(
            method.upper(), re.sub(r"\{[^}]+\}", NOBODY, path), "{}", content_type="application/json", headers=carried
        )
        if method != "get" and answer.status_code != 403:
            reached.add(f"{method} {path}")
    assert reached == AGENTS_MAY


def test_a_token_that_asks_first_reads_a_sync_included_and_asks_and_nothing_else(client: Client, owner: User) -> None:
    """Whatever its scopes: nothing that writes, an answer to a question included."""
    token = tokens.open_token(
        owner, kind=Token.Kind.PERSONAL, name="Asks", scopes=tokens.EVERYTHING, lifetime=timedelta(hours=1),
        asks_first=True,
    )  # fmt: skip
    carried, wrong = header(token), {}
    for method, path in [*operations(), ("post", "/api/v1/start")]:
        answer = client.generic(
            method.upper(), re.sub(r"\{[^}]+\}", NOBODY, path), "{}", content_type="application/json", headers=carried
        )
        refused = answer.status_code == 403 and answer.json()["type"].endswith(":asks_first")
        may = scope_of(method, path) == "read" or re.search(r"/approvals/[a-z]+$", path) is not None
        if refused is may:
            wrong[f"{method} {path}"] = answer.status_code
    assert wrong == {}


def test_what_reads_without_get_are_previews_and_a_sync() -> None:
    found = {path for method, path in operations() if method != "get" and scope_of(method, path) == "read"}
    assert {path for path in found if not path.endswith("/preview")} == {"/api/v1/connections/{connection_id}/sync"}


@pytest.mark.parametrize(("scopes", "may"), [(["move", "read"], False), (["read", "trade"], True), (["agent"], True)])
def test_a_token_asks_first_only_with_a_scope_that_asks(owner: User, scopes: list[str], may: bool) -> None:
    given = {"kind": Token.Kind.PERSONAL, "name": "Asks", "scopes": scopes, "lifetime": timedelta(hours=1)}
    later = tokens.open_token(owner, **given)
    with nullcontext() if may else pytest.raises(InvalidInputError, match="trade or agent"):
        tokens.open_token(owner, **given, asks_first=True)
    with tenancy.tenant(owner.pk), nullcontext() if may else pytest.raises(InvalidInputError, match="trade or agent"):
        tokens.let_ask_first(owner_id=owner.pk, token_id=later.pk, asks_first=True)


def test_the_description_names_the_scope_of_every_operation_that_writes() -> None:
    schema = api.get_openapi_schema()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            needed = scope_of(method, path)
            if path == "/api/v1/start" and method == "post":
                assert operation["security"] == [{"ReadTradeMoveManageLimitsToken": []}]
            elif "/auth/" not in path and method != "get" and needed != "manage":
                name = "TradeOrAgent" if re.search(ORDERS, path) else needed.capitalize()
                assert operation["security"] == [{f"{name}Token": []}], path


def test_a_browser_session_may_do_what_its_pages_do(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.get(WALLETS).status_code == 200
    answer = client.post(f"{WALLETS}/{NOBODY}/allocate/preview", {}, content_type="application/json")
    assert answer.status_code == 422


def test_a_revoked_token_is_refused_at_once_and_the_others_go_on(client: Client, owner: User) -> None:
    lost, kept = make_token(owner), make_token(owner)
    assert client.get(WALLETS, headers=header(lost)).status_code == 200
    with tenancy.tenant(owner.pk):
        tokens.revoke_token(owner_id=owner.pk, token_id=lost.pk)
    assert client.get(WALLETS, headers=header(lost)).status_code == 401
    assert client.get(WALLETS, headers=header(kept)).status_code == 200


def test_revoking_a_sign_in_ends_its_access_and_its_refresh_token(client: Client, owner: User) -> None:
    held = sign_in(client, owner).json()
    with tenancy.tenant(owner.pk):
        tokens.revoke_token(owner_id=owner.pk, token_id=Token.objects.get().pk)
    assert client.get(WALLETS, headers={"Authorization": f"Bearer {held['access']}"}).status_code == 401
    assert post(client, "/api/v1/auth/refresh", {"refresh": held["refresh"]}).status_code == 401


def test_nobody_revokes_or_finds_somebody_elses_token(owner: User, other_owner: User) -> None:
    token = make_token(owner)
    with tenancy.tenant(other_owner.pk):
        assert not Token.objects.exists()
        with pytest.raises(NotFoundError):
            tokens.revoke_token(owner_id=other_owner.pk, token_id=token.pk)


def test_a_changed_password_ends_every_token_whoever_changed_it(client: Client, owner: User) -> None:
    held, personal = sign_in(client, owner).json(), make_token(owner)
    owner.set_password("another one altogether 7")
    with tenancy.tenant(owner.pk):
        owner.save()
    assert client.get(WALLETS, headers={"Authorization": f"Bearer {held['access']}"}).status_code == 401
    assert client.get(WALLETS, headers=header(personal)).status_code == 401
    assert post(client, "/api/v1/auth/refresh", {"refresh": held["refresh"]}).status_code == 401


def test_a_changed_password_ends_the_other_sessions(owner: User) -> None:
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        browser.post("/login/", {"username": owner.email, "password": password_of(owner)})
    new = "correct horse battery staple 9"
    here.post("/password/", {"old_password": password_of(owner), "new_password1": new, "new_password2": new})
    assert here.get("/preferences/").status_code == 200
    assert elsewhere.get("/preferences/").status_code == 302


def test_tokens_end_by_themselves_an_access_token_first(client: Client, owner: User) -> None:
    held = sign_in(client, owner).json()
    access = {"Authorization": f"Bearer {held['access']}"}
    with time_machine.travel(clock.now() + tokens.ACCESS_LIFETIME + timedelta(seconds=1)):
        assert client.get(WALLETS, headers=access).status_code == 401
        renewed = post(client, "/api/v1/auth/refresh", {"refresh": held["refresh"]}).json()
        assert client.get(WALLETS, headers={"Authorization": f"Bearer {renewed['access']}"}).status_code == 200
    with time_machine.travel(clock.now() + tokens.SIGN_IN_LIFETIME + timedelta(seconds=1)):
        assert post(client, "/api/v1/auth/refresh", {"refresh": held["refresh"]}).status_code == 401


def test_a_program_may_sign_in_for_less_than_everything(client: Client, owner: User) -> None:
    held = sign_in(client, owner, scopes=["read"], name="Dashboard in the hall").json()
    access = {"Authorization": f"Bearer {held['access']}"}
    assert client.get(WALLETS, headers=access).status_code == 200
    assert post(client, WALLETS, {}, **access).status_code == 403
    assert sign_in(client, owner, scopes=["everything"]).status_code == 422
    assert sign_in(client, owner, scopes=[]).status_code == 422


def test_the_last_use_is_known_to_the_minute(client: Client, owner: User) -> None:
    token = make_token(owner)
    client.get(WALLETS, headers=header(token))
    with tenancy.tenant(owner.pk):
        used = Token.objects.get(pk=token.pk).last_used_at
        assert used is not None
        Token.objects.filter(pk=token.pk).update(last_used_at=used - timedelta(minutes=2))
    client.get(WALLETS, headers=header(token))
    with tenancy.tenant(owner.pk):
        again = Token.objects.get(pk=token.pk).last_used_at
    assert again is not None
    assert again >= used


def test_a_token_that_counts_is_found_with_its_owner_in_one_statement(
    live_db: str, owner: User, other_owner: User
) -> None:
    token, theirs = make_token(owner), connections["default"]
    with CaptureQueriesContext(theirs) as asked:
        found = Token.objects.counting(token.pk, owner.pk)
    assert found is not None
    assert len(asked) == 1
    person = User.objects.with_hash(owner.pk)
    with tenancy.tenant(owner.pk):
        known = Token.objects.get(pk=token.pk)
    for one, other in ((found, known), (found.owner, person)):
        assert other is not None
        for field in other._meta.concrete_fields:
            assert getattr(one, field.attname) == getattr(other, field.attname), field
    with transaction.atomic():
        assert Token.objects.counting(token.pk, other_owner.pk) is None
        assert Token.objects.counting(token.pk, owner.pk) == token
        assert tenant_of(theirs) == ""
    assert tenant_of(theirs) == ""
    assert Token.objects.counting(token.pk, other_owner.pk) is None
    assert Token.objects.counting(NOBODY, owner.pk) is None


def tenant_of(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.user_id', true), '')")
        return str(cursor.fetchone()[0])


def test_what_another_key_or_another_purpose_signed_is_no_token(client: Client, owner: User) -> None:
    with override_settings(SECRET_KEY="another-key-" * 6):
        foreign = tokens.access_text(make_token(owner))
    assert client.get(WALLETS, headers={"Authorization": f"Bearer {foreign}"}).status_code == 401


def test_tokens_outlive_a_change_of_the_secret_key_as_long_as_the_old_one_is_named(client: Client, owner: User) -> None:
    carried = bearer(owner)
    with override_settings(SECRET_KEY="another-key-" * 6, SECRET_KEY_FALLBACKS=["tests-only-" * 6]):
        assert client.get(WALLETS, headers=carried).status_code == 200
    with override_settings(SECRET_KEY="another-key-" * 6):
        assert client.get(WALLETS, headers=carried).status_code == 401


def test_a_token_needs_a_name_and_something_it_may_do(owner: User) -> None:
    for scopes, name in ((["read"], " "), ([], "x"), (["all"], "x")):
        with pytest.raises(InvalidInputError):
            tokens.open_token(owner, kind=Token.Kind.PERSONAL, name=name, scopes=scopes, lifetime=timedelta(days=1))


def test_what_is_long_over_is_forgotten(live_db: str, owner: User) -> None:
    old, running = make_token(owner), make_token(owner)
    with tenancy.tenant(owner.pk), as_operators():
        Token.objects.filter(pk=old.pk).update(expires_at=clock.now() - timedelta(days=91))
    tasks.forget_old_sign_ins()
    with tenancy.tenant(owner.pk):
        assert [token.pk for token in Token.objects.all()] == [running.pk]


@pytest.mark.parametrize("is_session", [False, True])
def test_signing_in_takes_nobody_from_a_header_or_a_cookie(
    client: Client, owner: User, other_owner: User, is_session: bool
) -> None:
    """What is noted there is the owner's, done by the owner; that somebody else was signed in is nobody's business."""
    headers = {} if is_session else bearer(other_owner)
    if is_session:
        client.force_login(other_owner)
    for password in ("wrong", password_of(owner)):
        body = {"email": owner.email, "password": password}
        client.post("/api/v1/auth/token", body, content_type="application/json", headers=headers)
    with tenancy.tenant(owner.pk):
        noted = list(AuditEntry.objects.order_by("id"))
        shown = [row.who for row in audit_log(owner_id=owner.pk)]
    assert [(entry.action, entry.actor_id, entry.token) for entry in noted] == [
        ("Sign-in refused", None, ""),
        ("Token signed in", owner.pk, ""),
    ]
    assert shown == ["You", "Somebody"]


def test_a_token_of_somebody_else_is_read_nowhere_where_nobody_has_to_sign_in(
    client: Client, other_owner: User
) -> None:
    paths = api.get_openapi_schema()["paths"]
    free = {path for path, methods in paths.items() for told in methods.values() if not told.get("security")}
    assert free
    assert all(path.startswith(OPEN) for path in free)
    for path in (*free, "/api/v1/docs", "/api/v1/openapi.json"):
        answer = client.get(path, headers=bearer(other_owner))
        assert not answer.wsgi_request.user.is_authenticated, path


def test_the_log_never_names_a_person_who_is_no_operator(owner: User, other_owner: User, operator: User) -> None:
    with tenancy.tenant(owner.pk):
        for actor in (other_owner, operator):
            record(Area.MONEY, "Deposit", owner_id=owner.pk, actor_id=actor.pk)
        assert [row.who for row in audit_log(owner_id=owner.pk)] == [f"Operator {operator}", "Somebody"]


TOKENS = "/api/v1/tokens"


def make(client: Client, user: User, headers: dict[str, str] | None = None, **more: Any) -> Any:
    body = {"name": "Made by a program", "scopes": ["read"], "password": password_of(user), **more}
    return client.post(TOKENS, body, content_type="application/json", headers=headers or {})


def test_tokens_are_made_listed_and_revoked_by_a_program(client: Client, owner: User, other_owner: User) -> None:
    headers = by_password(owner, "read", "manage")
    answer = make(client, owner, headers, days=30)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["scopes"], made["status"], made["last_used_at"]) == (["read"], "in_force", None)
    carried = {"Authorization": f"Bearer {made['token']}"}
    assert client.get(WALLETS, headers=carried).status_code == 200
    listed = {row["id"]: row for row in client.get(TOKENS, headers=headers).json()["items"]}
    assert listed[made["id"]]["last_used_at"] is not None
    assert made["token"] not in str(listed)
    assert client.delete(f"{TOKENS}/{made['id']}", headers=by_password(other_owner)).status_code == 404
    assert client.delete(f"{TOKENS}/{made['id']}", headers=headers).json()["status"] == "revoked"
    assert client.get(WALLETS, headers=carried).status_code == 401
    assert client.get(TOKENS, headers=bearer(other_owner)).json()["items"][0]["name"] == "A test's program"


def test_a_program_makes_no_token_that_may_do_more_than_its_own_or_without_the_password(
    client: Client, owner: User
) -> None:
    headers = by_password(owner, "read", "manage")
    refused = make(client, owner, headers, scopes=["read", "move"])
    assert (refused.status_code, refused.json()["fields"]) == (422, {"scopes": "Among read, manage."})
    assert make(client, owner, bearer(owner, "read", "trade", "agent")).status_code == 403
    assert make(client, owner, headers, days=0).status_code == 422
    statuses = [make(client, owner, headers, password="wrong").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    assert make(client, owner, headers).status_code == 429

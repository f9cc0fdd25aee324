"""A trader connects a real account: its key is tried and sealed, and nothing is sent before they say so in person."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.users.models import User
from portfolio.tasks import sync_all
from tests.programs import by_password
from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire
from tests.wallets.books import fund, make_wallet
from tests.wallets.keys import give_true_keys, key_of
from wallets.models import Account, Connection, Credential, Platform, SyncRun
from wallets.sync.runs import sync_connection
from wallets.venues.credentials import read_credentials

NEW = "/wallets/connections/new/"
API = "/api/v1/connections"
JSON = "application/json"


@pytest.fixture(autouse=True)
def _true_to_life(exchanges: Exchanges) -> None:
    give_true_keys(exchanges)


@pytest.fixture
def browser(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def program(owner: User) -> Client:
    return Client(headers=by_password(owner))


@pytest.fixture
def watched(owner: User, program: Client, exchanges: Exchanges) -> Iterator[Connection]:
    body = {"platform": "binance", "name": "Mine", "credentials": key_of(exchanges.binance())}
    made = program.post(API, body, content_type=JSON)
    assert made.status_code == 201, made.content
    with tenancy.tenant(owner.pk):
        yield Connection.objects.get()


@pytest.mark.parametrize("slug", ["binance", "binanceusdm", "okx", "bybit", "coinbase", "kraken"])
def test_an_account_is_connected_by_its_form_and_watched(
    browser: Client, owner: User, exchanges: Exchanges, slug: str
) -> None:
    page = browser.get(NEW).content.decode()
    assert reverse("wallets:connection-join", args=(slug,)) in page
    form = browser.get(f"{NEW}{slug}/").content.decode()
    wire = exchanges.wires["binance" if slug == "binanceusdm" else slug]
    credentials = key_of(wire)
    assert all(f'name="{field}"' in form for field in credentials)
    answer = browser.post(f"{NEW}{slug}/", {"name": "My account", **credentials})
    with tenancy.tenant(owner.pk):
        made = Connection.objects.get()
        assert answer.headers["Location"] == reverse("trading:first-limits", args=(made.pk,))
        assert (made.platform_id, made.venue, made.is_paper, made.live_at) == (slug, slug, False, None)
        assert read_credentials(connection=made) == credentials
        assert SyncRun.objects.get().connection_id == made.pk
    shown = browser.get(reverse("wallets:connection", args=(made.pk,))).content.decode()
    assert "Watching" in shown
    assert "no order is sent" in shown
    assert not any(secret in shown for secret in credentials.values())


def test_the_same_key_is_no_second_account(program: Client, watched: Connection, exchanges: Exchanges) -> None:
    body = {"platform": "binance", "name": "Again", "credentials": key_of(exchanges.binance())}
    refused = program.post(API, body, content_type=JSON)
    assert (refused.status_code, "Mine uses this key already" in refused.json()["detail"]) == (409, True)
    assert len(program.get(API).json()) == 1


def test_what_the_venue_says_against_a_key_is_shown_and_nothing_is_kept(
    browser: Client, program: Client, owner: User, exchanges: Exchanges
) -> None:
    wrong = key_of(exchanges.okx()) | {"secret": "0" * 32}
    page = browser.post(f"{NEW}okx/", {"name": "Mine", **wrong})
    assert page.status_code == 422
    assert "Invalid Sign" in page.content.decode()
    assert wrong["secret"] not in page.content.decode()
    said = program.post(API, {"platform": "okx", "name": "Mine", "credentials": wrong}, content_type=JSON)
    assert said.status_code == 424
    assert "Invalid Sign" in said.json()["detail"]
    with tenancy.tenant(owner.pk):
        assert not Connection.objects.exists()
        assert not Credential.objects.exists()


def test_what_cannot_be_a_key_is_refused_before_the_venue_is_asked(
    browser: Client, program: Client, exchanges: Exchanges
) -> None:
    for given, field in (({"api_key": "short"}, "api_key"), ({"secret": ""}, "secret"), ({"pin": "1234"}, "pin")):
        credentials = key_of(exchanges.binance()) | given
        body = {"platform": "binance", "name": "Mine", "credentials": credentials}
        said = program.post(API, body, content_type=JSON)
        assert (said.status_code, set(said.json()["fields"])) == (422, {field})
    page = browser.post(f"{NEW}binance/", {"name": "", **key_of(exchanges.binance()), "api_key": "short"})
    assert page.status_code == 422
    assert exchanges.asked == []


def test_a_key_that_may_withdraw_is_taken_from_who_insists_and_marked(
    browser: Client, program: Client, owner: User, exchanges: Exchanges
) -> None:
    exchanges.binance().key.rights.add("withdraw")
    given = {"name": "Mine", **key_of(exchanges.binance())}
    refused = browser.post(f"{NEW}binance/", given)
    assert refused.status_code == 422
    assert "This key may withdraw money." in refused.content.decode()
    assert 'type="checkbox" name="accept_withdrawals"' in refused.content.decode()
    body = {"platform": "binance", "name": "Mine", "credentials": key_of(exchanges.binance())}
    said = program.post(API, body, content_type=JSON)
    assert (said.status_code, set(said.json()["fields"])) == (422, {"accept_withdrawals"})
    browser.post(f"{NEW}binance/", given | {"accept_withdrawals": "on"})
    (found,) = program.get(API).json()
    card = browser.get(reverse("wallets:connection", args=(found["id"],)))
    assert "Key may withdraw" in card.content.decode()
    assert found["permissions"] == ["read", "trade", "withdraw"]


def test_the_key_is_tried_again_and_replaced(program: Client, watched: Connection, exchanges: Exchanges) -> None:
    told = program.post(f"{API}/{watched.pk}/test").json()
    assert (told["can_trade"], told["can_withdraw"], told["is_told"]) == (True, False, True)
    exchanges.binance().key.rights.discard("trade")
    assert program.post(f"{API}/{watched.pk}/test").json()["can_trade"] is False
    assert program.get(f"{API}/{watched.pk}").json()["permissions"] == ["read"]
    exchanges.binance().key.rights.add("trade")
    exchanges.binance().key.secret = "b" * 64
    refused = program.post(f"{API}/{watched.pk}/test")
    assert refused.status_code == 424
    body = {"credentials": key_of(exchanges.binance())}
    changed = program.put(f"{API}/{watched.pk}/credentials", body, content_type=JSON)
    assert changed.status_code == 200
    assert changed.json()["permissions"] == ["read", "trade"]
    assert read_credentials(connection=watched)["secret"] == "b" * 64
    assert exchanges.binance().key.secret not in changed.content.decode()


def test_only_its_owner_in_person_makes_it_live(
    browser: Client, program: Client, watched: Connection, owner: User, other_owner: User
) -> None:
    address = reverse("wallets:connection-live", args=(watched.pk,))
    right: dict[str, Any] = {"password": f"password of {owner.email}", "typed": "Mine"}
    assert program.post(address, right).status_code == 302  # to the sign-in page: a token is no session
    stranger = Client()
    stranger.force_login(other_owner)
    assert stranger.post(address, right).status_code == 404
    for wrong, said in (({"password": "guess"}, "not your password"), ({"typed": "mine"}, "Type Mine as it is")):
        refused = browser.post(address, right | wrong)
        assert refused.status_code == 422
        assert said in refused.content.decode()
    assert program.get(f"{API}/{watched.pk}").json()["live_at"] is None
    answer = browser.post(address, right, follow=True)
    assert "Live money" in answer.content.decode()
    assert program.get(f"{API}/{watched.pk}").json()["is_watching"] is False
    browser.post(reverse("wallets:connection-watch", args=(watched.pk,)))
    assert program.get(f"{API}/{watched.pk}").json()["live_at"] is None


def test_nobody_guesses_the_password_that_makes_it_live(browser: Client, watched: Connection, owner: User) -> None:
    address = reverse("wallets:connection-live", args=(watched.pk,))
    right = {"password": f"password of {owner.email}", "typed": "Mine"}
    for _ in range(5):
        assert browser.post(address, right | {"password": "guess"}).status_code == 422
    locked = browser.post(address, right)
    assert locked.status_code == 422
    assert "Too many wrong passwords" in locked.content.decode()


def test_a_key_that_may_not_trade_makes_nothing_live(
    browser: Client, program: Client, watched: Connection, owner: User, exchanges: Exchanges
) -> None:
    exchanges.binance().key.rights.discard("trade")
    program.post(f"{API}/{watched.pk}/test")
    given = {"password": f"password of {owner.email}", "typed": "Mine"}
    refused = browser.post(reverse("wallets:connection-live", args=(watched.pk,)), given)
    assert (refused.status_code, "may not trade" in refused.content.decode()) == (422, True)


def test_no_operation_of_the_api_makes_one_live(program: Client, watched: Connection) -> None:
    for path in ("", "/state", "/credentials"):
        for method in ("patch", "put", "post"):
            body = {"name": "Mine", "state": "active", "live_at": "2026-01-01T00:00:00Z", "credentials": {}}
            getattr(program, method)(f"{API}/{watched.pk}{path}", body, content_type=JSON)
    assert program.get(f"{API}/{watched.pk}").json()["live_at"] is None


def test_the_first_sync_reads_the_account(live_db: str, owner: User, program: Client, exchanges: Exchanges) -> None:
    exchanges.binance().account.deposit("BTC", Decimal("0.123456789012345678"))
    body = {"platform": "binance", "name": "Mine", "credentials": key_of(exchanges.binance())}
    made = program.post(API, body, content_type=JSON).json()
    run = sync_connection(owner_id=owner.pk, connection_id=made["id"], run_id=made["last_sync"]["id"])
    assert run.status == SyncRun.Status.OK
    found = program.get(f"{API}/{made['id']}/syncs/{run.pk}").json()["assets"]
    assert [(row["asset"], row["venue_total"]) for row in found] == [("BTC", "0.123456789012345678")]


def test_a_platform_that_is_switched_off_takes_no_account(program: Client, exchanges: Exchanges) -> None:
    Platform.objects.filter(slug="binance").update(is_active=False)
    body = {"platform": "binance", "name": "Mine", "credentials": key_of(exchanges.binance())}
    assert program.post(API, body, content_type=JSON).status_code == 409
    assert program.post(API, body | {"platform": "nowhere"}, content_type=JSON).status_code == 404
    assert exchanges.asked == []


def test_a_newcomer_is_led_from_the_key_to_a_master_with_money(
    live_db: str, owner: User, browser: Client, exchanges: Exchanges
) -> None:
    exchanges.binance().account.deposit("BTC", Decimal("0.5"))
    exchanges.binance().account.deposit("USDT", Decimal(1000))
    browser.post(f"{NEW}binance/", {"name": "Mine", **key_of(exchanges.binance())})
    with tenancy.tenant(owner.pk):
        made = Connection.objects.get()
        page = reverse("wallets:connection", args=(made.pk,))
        run = SyncRun.objects.get()
    sync_connection(owner_id=owner.pk, connection_id=made.pk, run_id=run.pk)
    shown = browser.get(page).content.decode()
    assert f"/wallets/new/?connection={made.pk}" in shown
    form = browser.get(f"/wallets/new/?connection={made.pk}").content.decode()
    assert f'value="{made.pk}" selected' in form
    master = browser.post("/wallets/new/", {"name": "Fund", "connection": made.pk})
    assert master["Location"] == page
    with tenancy.tenant(owner.pk):
        second = SyncRun.objects.exclude(pk=run.pk).get()
    sync_connection(owner_id=owner.pk, connection_id=made.pk, run_id=second.pk)
    take = reverse("wallets:connection-assign-all", args=(made.pk,))
    assert take in browser.get(page).content.decode()
    for _ in range(2):
        browser.post(take)
    with tenancy.tenant(owner.pk):
        held = Account.objects.filter(kind="wallet").values_list("asset", "balance")
        assert dict(held) == {"BTC": Decimal("0.5"), "USDT": Decimal(1000)}
        third = SyncRun.objects.get(status="running")
    sync_connection(owner_id=owner.pk, connection_id=made.pk, run_id=third.pk)
    shown = browser.get(page).content.decode()
    assert take not in shown
    assert shown.count("Agrees") == 2
    assert "tab=deposit" not in browser.get("/wallets/").content.decode()  # money comes to the exchange, not to us


def put_key(program: Client, connection: Connection, wire: Wire) -> Any:
    body = {"credentials": key_of(wire)}
    return program.put(f"{API}/{connection.pk}/credentials", body, content_type=JSON)


def test_another_key_ends_a_live_connection(
    browser: Client, program: Client, watched: Connection, owner: User, exchanges: Exchanges
) -> None:
    given = {"password": f"password of {owner.email}", "typed": "Mine"}
    browser.post(reverse("wallets:connection-live", args=(watched.pk,)), given)
    Connection.objects.filter(pk=watched.pk).update(next_try_at=clock.now() + timedelta(hours=1))
    exchanges.binance().key.secret = "b" * 64
    changed = put_key(program, watched, exchanges.binance()).json()
    assert (changed["is_watching"], changed["live_at"], changed["next_try_at"]) == (True, None, None)


def test_no_way_leads_to_one_key_in_two_connections(program: Client, watched: Connection, exchanges: Exchanges) -> None:
    first = key_of(exchanges.binance())
    program.put(f"{API}/{watched.pk}/state", {"state": "archived"}, content_type=JSON)
    body = {"platform": "binance", "name": "Again", "credentials": first}
    again = program.post(API, body, content_type=JSON)
    assert again.status_code == 201
    restored = program.put(f"{API}/{watched.pk}/state", {"state": "active"}, content_type=JSON)
    assert (restored.status_code, "uses this key already" in restored.json()["detail"]) == (409, True)
    exchanges.binance().key.key = "c" * 64
    body |= {"name": "Third", "credentials": key_of(exchanges.binance())}
    third = program.post(API, body, content_type=JSON).json()["id"]
    exchanges.binance().key.key = first["api_key"]
    stolen = program.put(f"{API}/{third}/credentials", {"credentials": first}, content_type=JSON)
    assert stolen.status_code == 409


def test_a_key_is_replaced_while_the_connection_is_paused(
    browser: Client, program: Client, watched: Connection, exchanges: Exchanges
) -> None:
    program.put(f"{API}/{watched.pk}/state", {"state": "paused"}, content_type=JSON)
    exchanges.binance().key.secret = "b" * 64
    answer = browser.post(reverse("wallets:connection-key", args=(watched.pk,)), key_of(exchanges.binance()))
    assert answer.status_code == 302
    assert read_credentials(connection=watched)["secret"] == "b" * 64


def test_what_is_archived_or_paused_is_not_made_live(
    browser: Client, program: Client, watched: Connection, owner: User
) -> None:
    address = reverse("wallets:connection-live", args=(watched.pk,))
    for state in ("paused", "archived"):
        program.put(f"{API}/{watched.pk}/state", {"state": state}, content_type=JSON)
        refused = browser.post(address, {"password": f"password of {owner.email}", "typed": "Mine"})
        assert (refused.status_code, "active first" in refused.content.decode()) == (422, True)


def test_a_real_account_with_money_in_wallets_is_not_archived(
    program: Client, watched: Connection, owner: User
) -> None:
    fund(make_wallet(owner, connection=watched), 5, "BTC")
    refused = program.put(f"{API}/{watched.pk}/state", {"state": "archived"}, content_type=JSON)
    assert (refused.status_code, "still hold BTC" in refused.json()["detail"]) == (409, True)


def test_what_nothing_can_be_signed_with_is_the_traders_to_correct(program: Client, exchanges: Exchanges) -> None:
    broken = key_of(exchanges.wires["coinbase"]) | {"secret": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE"}
    body = {"platform": "coinbase", "name": "Mine", "credentials": broken}
    refused = program.post(API, body, content_type=JSON)
    assert refused.status_code == 424
    assert "nothing can be signed with this key" in refused.json()["detail"]
    assert not [path for path in exchanges.asked if "key_permissions" in path]


def test_an_account_is_synced_before_any_wallet_stands_for_it(
    live_db: str, owner: User, program: Client, exchanges: Exchanges
) -> None:
    body = {"platform": "binance", "name": "Mine", "credentials": key_of(exchanges.binance())}
    assert program.post(API, body, content_type=JSON).status_code == 201
    assert sync_all.run() == 1


def test_only_what_was_shown_is_taken(browser: Client, watched: Connection, owner: User, exchanges: Exchanges) -> None:
    make_wallet(owner, connection=watched)
    SyncRun.objects.update(status="failed")  # the first one, which no worker carries out here
    sync_connection(owner_id=owner.pk, connection_id=watched.pk)
    exchanges.binance().account.deposit("USDT", 10)
    sync_connection(owner_id=owner.pk, connection_id=watched.pk)
    address = reverse("wallets:connection-assign", args=(watched.pk, "USDT"))
    form = browser.get(address).content.decode()
    assert 'name="amount" value="10"' in form
    exchanges.binance().account.deposit("USDT", 5000)
    sync_connection(owner_id=owner.pk, connection_id=watched.pk)
    answer = browser.post(address, {"key": "one", "amount": "10"}, follow=True)
    assert "has changed since it was shown" in answer.content.decode()
    assert not Account.objects.filter(kind="wallet", balance__gt=0).exists()
    browser.post(address, {"key": "two", "amount": "5010"})
    assert Account.objects.get(kind="wallet", asset="USDT").balance == 5010

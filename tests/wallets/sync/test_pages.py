"""The connections page: worst first, syncing in sight, and nothing of anybody else's."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from kit.audit.models import AuditEntry
from kit.users.models import User
from markets.models import Instrument
from tests.wallets.books import balance, make_wallet
from wallets.models import Connection, Platform, SyncRun, Wallet
from wallets.services import deposit
from wallets.sync import runs as sync
from wallets.sync.health import connection_health, freshness
from wallets.venues.accounts import create_demo_connection
from wallets.venues.demo import account as demo

PAGE = "/wallets/connections/"


def account(user: User, name: str = "Paper account", amount: int = 100) -> Wallet:
    with tenancy.tenant(user.pk):
        connection = create_demo_connection(owner_id=user.pk, name=name)
        wallet = make_wallet(user, name=name, connection=connection)
        deposit(owner_id=user.pk, wallet_id=wallet.pk, amount=Decimal(amount), asset="USDT", key=str(uuid4()))
    return wallet


def synced(wallet: Wallet, arrived: int = 0) -> SyncRun:
    with tenancy.tenant(wallet.owner_id):
        if arrived:
            demo.credit(
                owner_id=wallet.owner_id, connection_id=wallet.connection_id, asset="USDT", amount=Decimal(arrived)
            )
        return sync.sync_connection(owner_id=wallet.owner_id, connection_id=wallet.connection_id)


@pytest.fixture
def browser(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


def text(client: Client, path: str = PAGE, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_without_connections_it_says_what_to_do(browser: Client) -> None:
    assert "No account is connected" in text(browser)


def test_what_agrees_and_what_does_not_is_shown_worst_first(browser: Client, owner: User) -> None:
    synced(account(owner, "Agreeing"))
    synced(account(owner, "Differing"), arrived=7)
    page = text(browser)
    assert page.index("Differing") < page.index("Agreeing")
    assert "Explain" in page
    assert "None: it happened at the venue" in page


def test_the_health_order_puts_broken_before_unexplained_before_old(owner: User) -> None:
    for name in ("d fine", "c old", "b unexplained", "a broken"):
        synced(account(owner, name), arrived=3 if name.startswith("b") else 0)
    with tenancy.tenant(owner.pk):
        Connection.objects.filter(name="a broken").update(status=Connection.Status.FAILED)
        Connection.objects.filter(name="c old").update(synced_at=clock.now() - timedelta(hours=1))
        health = connection_health(owner_id=owner.pk)
        assert [row.connection.name for row in health] == ["a broken", "b unexplained", "c old", "d fine"]
        assert [row.status for row in health] == ["failed", "ok", "stale", "ok"]


def test_figures_become_stale_after_three_intervals() -> None:
    def word(minutes: int) -> str:
        return freshness(Connection(status="ok", synced_at=clock.now() - timedelta(minutes=minutes))).word

    assert (word(14), word(16)) == ("ok", "stale")


def test_a_sync_of_the_future_is_no_fresh_one_and_its_age_says_so() -> None:
    synced_at = clock.now() + timedelta(hours=1)
    ahead = freshness(Connection(status="ok", synced_at=synced_at))
    assert (ahead.word, ahead.is_ahead, ahead.is_behind) == ("stale", True, True)
    nearly = freshness(Connection(status="ok", synced_at=synced_at), now=synced_at - timedelta(seconds=2))
    assert nearly.word == "ok", "two machines' clocks differ by a second or two"


@pytest.mark.parametrize("state", ["paused", "archived"])
def test_what_is_not_active_is_carried_forward_however_well_it_synced(state: str) -> None:
    resting = freshness(Connection(state=state, status="ok", synced_at=clock.now()))
    assert (resting.word, resting.is_behind) == (state, True)


def test_sync_now_shows_its_progress_and_asks_again(browser: Client, owner: User) -> None:
    wallet = account(owner)
    path = f"{PAGE}{wallet.connection_id}/syncs/"
    answer = browser.post(path, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    card = answer.content.decode()
    assert "Waiting for a worker" in card
    assert "every 1s" in card
    assert "<html" not in card
    with tenancy.tenant(owner.pk):
        run = SyncRun.objects.get()
        sync.sync_connection(owner_id=owner.pk, connection_id=wallet.connection_id, run_id=run.pk)
    done = text(browser, f"{PAGE}{wallet.connection_id}/", **{"HX-Request": "true"})
    assert "every 1s" not in done
    assert "Agrees" in done


def test_sync_now_works_without_javascript(browser: Client, owner: User) -> None:
    wallet = account(owner)
    answer = browser.post(f"{PAGE}{wallet.connection_id}/syncs/", follow=True)
    assert "The sync has started" in answer.content.decode()


def test_a_connection_is_paused_and_made_active_again(browser: Client, owner: User) -> None:
    wallet = account(owner)
    path = f"{PAGE}{wallet.connection_id}/state/"
    card = browser.post(path, {"state": "paused"}, headers={"HX-Request": "true"}).content.decode()
    assert "Make active" in card
    assert "<html" not in card
    with tenancy.tenant(owner.pk):
        assert not SyncRun.objects.exists()
    refused = browser.post(f"{PAGE}{wallet.connection_id}/syncs/", follow=True)
    assert "Make Paper account active first" in refused.content.decode()
    with tenancy.tenant(owner.pk):
        assert not SyncRun.objects.exists()
    assert "is active now" in browser.post(path, {"state": "active"}, follow=True).content.decode()
    assert "Choose one of" in browser.post(path, {"state": "nonsense"}, follow=True).content.decode()


def test_a_connection_gets_another_name_that_no_other_has(browser: Client, owner: User) -> None:
    wallet = account(owner)
    account(owner, "Second account")
    path = f"{PAGE}{wallet.connection_id}/edit/"
    assert 'value="Paper account"' in text(browser, path)
    taken = browser.post(path, {"name": "Second account"})
    assert (taken.status_code, "Choose another name" in taken.content.decode()) == (422, True)
    assert browser.post(path, {"name": "  "}).status_code == 422
    assert "Main account is saved" in browser.post(path, {"name": " Main account "}, follow=True).content.decode()
    with tenancy.tenant(owner.pk):
        assert Connection.objects.get(pk=wallet.connection_id).name == "Main account"
        assert AuditEntry.objects.filter(action="Connection renamed", subject="Main account").count() == 1


def test_archiving_is_reviewed_and_can_be_taken_back(browser: Client, owner: User) -> None:
    wallet = account(owner)
    page = text(browser, f"{PAGE}{wallet.connection_id}/archive/")
    assert "It neither syncs nor trades from then on" in page
    path = f"{PAGE}{wallet.connection_id}/state/"
    assert f'action="{path}"' in page
    assert 'name="state" value="archived"' in page
    assert "is archived now" in browser.post(path, {"state": "archived"}, follow=True).content.decode()
    assert "Archive" not in text(browser, f"{PAGE}{wallet.connection_id}/edit/").partition("<main")[2]
    assert "is active now" in browser.post(path, {"state": "active"}, follow=True).content.decode()


def test_what_arrived_is_assigned_after_a_look_at_it(browser: Client, owner: User) -> None:
    wallet = account(owner)
    synced(wallet, arrived=7)
    path = f"{PAGE}{wallet.connection_id}/suspense/USDT/"
    assert "Add to the master" in text(browser, path)
    for _ in range(2):
        assert browser.post(path, {"key": "once"}).status_code == 302
    with tenancy.tenant(owner.pk):
        assert balance(wallet) == 107


def test_another_owner_finds_none_of_it(browser: Client, other_owner: User) -> None:
    wallet = account(other_owner, "Secret account")
    synced(wallet, arrived=7)
    assert "Secret account" not in text(browser)
    for path in ("", "edit/", "archive/", "syncs/", "state/", "suspense/USDT/"):
        address = f"{PAGE}{wallet.connection_id}/{path}"
        answer = browser.post(address, {"state": "paused"}) if path in ("syncs/", "state/") else browser.get(address)
        assert answer.status_code == 404
    assert browser.post(f"{PAGE}{wallet.connection_id}/suspense/USDT/", {"key": "x"}).status_code == 404


def test_somebody_who_is_not_signed_in_is_sent_to_the_login(client: Client, db: None) -> None:
    assert client.get(PAGE).status_code == 302


def test_the_number_of_queries_does_not_depend_on_the_number_of_connections(browser: Client, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            text(browser)
        return len(captured)

    synced(account(owner, "One"))
    one = queries()
    for name in ("Two", "Three"):
        wallet = account(owner, name)
        synced(wallet)
        synced(wallet, arrived=1)
    assert queries() == one


def test_hidden_amounts_are_not_in_the_page(browser: Client, owner: User) -> None:
    synced(account(owner, amount=98_765))
    assert "98,765" in text(browser)
    owner.privacy = True
    owner.save()
    assert "98,765" not in text(browser)


# --- opening an account -----------------------------------------------------------------------------------------------

NEW = f"{PAGE}new/demo/"


def test_an_account_is_opened_by_its_form_and_syncs(browser: Client, owner: User) -> None:
    answer = browser.post(NEW, {"name": " Practice ", "venue": "simulated"}, follow=True)
    with tenancy.tenant(owner.pk):
        made = Connection.objects.get()
        assert answer.redirect_chain == [(f"/trading/limits/connection/{made.pk}/first/", 302)]
        assert (made.name, made.venue, made.is_paper) == ("Practice", "simulated", True)
        assert SyncRun.objects.get().connection_id == made.pk


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "Taken", "venue": "simulated"}, "Choose another name"),
        ({"name": " ", "venue": "simulated"}, "This field is required."),
        ({"name": "Mine", "venue": "nowhere"}, "nowhere is not one of the available choices."),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said_at_the_form(
    browser: Client, owner: User, given: dict[str, str], sentence: str
) -> None:
    account(owner, "Taken")
    answer = browser.post(NEW, given)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    with tenancy.tenant(owner.pk):
        assert Connection.objects.count() == 1


def test_two_owners_may_use_the_same_name(browser: Client, owner: User, other_owner: User) -> None:
    account(other_owner, "Practice")
    assert browser.post(NEW, {"name": "Practice", "venue": "simulated"}).status_code == 302
    with tenancy.tenant(owner.pk):
        assert Connection.objects.get().owner_id == owner.pk


def test_no_account_is_opened_where_the_operator_switched_them_off(browser: Client, owner: User) -> None:
    Platform.objects.update(is_active=False)
    answer = browser.post(NEW, {"name": "Practice", "venue": "simulated"})
    assert answer.status_code == 422
    assert "switched off" in answer.content.decode()


def test_prices_that_a_feed_brings_can_be_chosen(browser: Client, owner: User) -> None:
    Instrument.objects.create(venue="kraken", symbol="BTC/EUR", base="BTC", quote="EUR", tick_size=1, lot_size=1)
    assert browser.post(NEW, {"name": "Practice", "venue": "kraken"}).status_code == 302
    with tenancy.tenant(owner.pk):
        assert Connection.objects.get().venue == "kraken"

"""What derivatives have won or lost is part of what everybody is worth: a change of the market, and no flow."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from kit import clock
from kit.users.models import User
from portfolio.models import DailyPerformance, Snapshot
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.selectors.standings import standings
from portfolio.services import roll_up_days, take_snapshots
from portfolio.valuation import PRICE_IS_OLD_AFTER, value_scope
from tests.portfolio.fund import Fund, set_price
from tests.programs import bearer
from wallets.hierarchy.tree import wallet_tree
from wallets.models import Connection, Platform, VenuePosition, Wallet
from wallets.services import give_derivatives
from wallets.venues.accounts import set_connection_state

D = Decimal


def whole(fund: Fund) -> Any:
    return value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk)


def test_a_derivative_counts_once_at_every_level_and_its_margin_not_again(fund: Fund) -> None:
    fund.deposit("1000")
    fund.derive("250", side="short", contracts="25", size="0.01", entry="1100", mark="100")
    found = whole(fund)
    assert (found.equity, found.cash, found.invested, found.derivatives_pnl) == (1250, 1000, 0, 250)
    assert (found.unrealized_pnl, found.gross_exposure, found.net_exposure) == (250, 25, -25)
    assert standings(owner_id=fund.owner.pk)[fund.wallets["master"].pk].value == 1250
    (master,) = [node for node in wallet_tree(owner_id=fund.owner.pk) if node.role == "master"]
    (held,) = master.holdings
    assert (master.value, master.free_value) == (1250, 1000)
    assert (held.balance, held.unrealized_pnl, held.available, held.value) == (1000, 250, 1000, 1250)
    # What nobody has claimed, once there is a wallet for it: the fund's value is the same.
    own = Wallet.objects.create(owner=fund.owner, connection=fund.connection, name="Unassigned", role="unassigned")
    stand = standings(owner_id=fund.owner.pk)
    values = {stand[pk].value for pk in (fund.wallets["master"].pk, own.pk)}
    assert (values, stand[fund.owner.pk].value) == ({D(1000), D(250)}, 1250)


def test_what_it_wins_is_the_markets_and_no_flow(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("1000")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    for profit in ("250", "-125", "0"):
        fund.derive(profit)
        take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    VenuePosition.objects.all().delete()
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    rows = list(Snapshot.objects.filter(scope=fund.owner.pk).order_by("at"))
    assert [row.equity for row in rows] == [1000, 1250, 875, 1000, 1000]
    assert [row.unrealized_pnl for row in rows] == [0, 250, -125, 0, 0]
    assert [row.flow for row in rows] == [1000, 0, 0, 0, 0]
    assert {row.adjustments for row in rows} == {D(0)}
    assert [row.twr_index for row in rows] == pytest.approx([1, 1.25, 0.875, 1, 1])
    roll_up_days(owner_id=fund.owner.pk)
    day = DailyPerformance.objects.get(scope=fund.owner.pk)
    assert (day.flow, day.market, day.realized, day.adjustments, day.high, day.low) == (1000, 0, 0, 0, 1250, 875)


def test_an_inverse_contract_wins_what_it_settles_in(fund: Fund) -> None:
    """30 contracts of 100 USD, sold at 30,000 and now at 25,000: 0.02 BTC are won, 0.12 BTC are short."""
    fund.deposit("0.5", "BTC")
    set_price("25000")
    fund.derive(
        "0.02", side="short", contracts="30", size="100", entry="30000", mark="25000", settle="BTC", is_inverse=True
    )
    found = whole(fund)
    assert (found.equity, found.invested, found.derivatives_pnl) == (13000, 12500, 500)
    assert (found.gross_exposure, found.net_exposure) == (15500, 9500)


def test_a_base_in_bitcoin_values_it_there(fund: Fund) -> None:
    fund.owner.base_currency = "BTC"
    fund.owner.save()
    fund.deposit("1000")
    fund.derive("250", contracts="5")
    found = whole(fund)
    assert (found.equity, found.derivatives_pnl, found.gross_exposure) == (D("12.5"), D("2.5"), 15)


def test_what_is_not_told_any_more_is_carried_and_flagged(fund: Fund) -> None:
    fund.deposit("1000")
    fund.derive("0.5", settle="BTC")
    assert (whole(fund).equity, whole(fund).is_stale) == (1050, False)
    with connection.cursor() as cursor:  # nobody says the price of what it settles in any more
        cursor.execute("DELETE FROM markets_ticker")
    assert (whole(fund).equity, whole(fund).is_stale) == (1050, True)
    set_price("100")
    assert not whole(fund).is_stale
    fund.derive("0.5", settle="BTC", at=clock.now() - PRICE_IS_OLD_AFTER - timedelta(minutes=1))
    assert (whole(fund).equity, whole(fund).is_stale) == (1050, True)
    fund.derive("7", settle="XYZ")
    assert (whole(fund).equity, whole(fund).unpriced) == (1050, ("XYZ",))


def test_pages_and_api_explain_it(fund: Fund, client: Client) -> None:
    fund.deposit("1000")
    fund.derive("-40", side="long", contracts="12.5", size="0.01", entry="420", mark="100")
    client.force_login(fund.owner)
    summary = client.get("/api/v1/portfolio/summary").json()
    assert {name: summary[name] for name in ("equity", "cash", "invested", "derivatives_pnl", "unrealized_pnl")} == {
        "equity": "960", "cash": "1000", "invested": "0", "derivatives_pnl": "-40", "unrealized_pnl": "-40",
    }  # fmt: skip
    page = client.get("/portfolio/explain/net-value/").content.decode()
    for said in ("BTC/USDT:USDT, long", "12.5", "0.01", "420", "Open derivatives"):
        assert said in page
    assert "BTC/USDT:USDT" in client.get("/portfolio/explain/open-pnl/").content.decode()
    assert "derivative, its notional" in client.get("/portfolio/explain/gross-exposure/").content.decode()
    assert "1 derivative" in client.get("/").content.decode()
    wallet = client.get(f"/wallets/{fund.wallets['master'].pk}/").content.decode()
    assert "of open derivatives" in wallet
    told = client.get(f"/api/v1/wallets/{fund.wallets['master'].pk}").json()
    assert (told["value"], told["holdings"][0]["unrealized_pnl"]) == ("960", "-40")
    found = Scope(owner=fund.owner, period=Period.ALL)
    assert (found.unrealized, found.freshness.oldest_price_at is not None) == (-40, True)


def test_what_is_handed_over_is_a_flow_where_it_goes_and_comes(fund: Fund, moments: Iterator[datetime]) -> None:
    """From the unassigned wallet to an agent's, and on to the other farm: nobody wins or loses by it."""
    own = Wallet.objects.create(owner=fund.owner, connection=fund.connection, name="Unassigned", role="unassigned")
    fund.wallets["unassigned"] = own
    fund.deposit("1000")
    fund.move("master", "farm a", "400")
    fund.derive("250")
    fund.derive("-50", side="short", base="ETH")
    before = take(fund)
    assert {name: row.equity for name, row in before.items()} == {
        "unassigned": 200, "master": 1000, "farm a": 400, "agent a": 0, "farm b": 0, "agent b": 0, None: 1200,
    }  # fmt: skip
    give(fund, "agent a")
    after = take(fund)
    assert {name: (row.equity, row.flow) for name, row in after.items()} == {
        "unassigned": (0, -200), "master": (1200, 200), "farm a": (600, 200), "agent a": (200, 200),
        "farm b": (0, 0), "agent b": (0, 0), None: (1200, 0),
    }  # fmt: skip
    assert {name: row.twr_index for name, row in after.items()} == {name: row.twr_index for name, row in before.items()}
    give(fund, "farm b")
    fund.derive("350")  # and 100 more since
    moved = take(fund)
    assert {name: (row.equity, row.flow) for name, row in moved.items() if row.equity or row.flow} == {
        "master": (1300, 0), "farm a": (400, -200), "agent a": (0, -200), "farm b": (300, 200), None: (1300, 0),
    }  # fmt: skip
    assert moved["farm b"].twr_index == pytest.approx(1.5)
    give(fund, None)
    assert take(fund)["unassigned"].equity == 300
    stand = standings(owner_id=fund.owner.pk)
    assert stand[fund.wallets["farm b"].pk].profit == 100
    assert {stand[fund.wallets[name].pk].profit for name in ("farm a", "agent a", "agent b")} == {D(0)}
    tree = {node.id: node.value for node in wallet_tree(owner_id=fund.owner.pk)}
    assert tree == {pk: one.value for pk, one in stand.items() if pk != fund.owner.pk}


def test_with_an_archived_account_they_leave_as_money_does_and_come_back_so(fund: Fund) -> None:
    other = fund.connection
    fund.deposit("1000")
    fund.connection = Connection.objects.create(
        owner=fund.owner, platform=other.platform, name="Futures", venue=other.venue, status="ok"
    )
    own = Wallet.objects.create(owner=fund.owner, connection=fund.connection, name="Unassigned", role="unassigned")
    fund.wallets["unassigned"] = own
    fund.derive("250")
    before = take(fund)
    for state, equity, flow in (("archived", 1000, -250), ("active", 1250, 250)):
        set_connection_state(owner_id=fund.owner.pk, connection_id=fund.connection.pk, state=state)
        after = take(fund)
        assert (after[None].equity, after[None].flow, after[None].twr_index) == (equity, flow, before[None].twr_index)
        assert (after["unassigned"].equity, after["unassigned"].flow) == (equity - 1000, flow)


def take(fund: Fund) -> dict[str | None, Snapshot]:
    take_snapshots(owner_id=fund.owner.pk)
    scopes = {wallet.pk: name for name, wallet in fund.wallets.items()} | {fund.owner.pk: None}
    newest = Snapshot.objects.order_by("scope", "-at").distinct("scope")
    return {scopes[row.scope]: row for row in newest}


def give(fund: Fund, name: str | None) -> None:
    wallet_id = fund.wallets[name].pk if name else None
    give_derivatives(owner_id=fund.owner.pk, connection_id=fund.connection.pk, wallet_id=wallet_id)


def test_an_account_without_any_says_so_instead_of_taking_a_setting_without_effect(fund: Fund) -> None:
    program = Client(headers=bearer(fund.owner, "move"))
    address = f"/api/v1/connections/{fund.connection.pk}/derivatives"
    told = program.put(address, {"wallet_id": str(fund.wallets["master"].pk)}, content_type="application/json")
    said = "Only spot is traded at Testing: it has no derivatives that could be anybody's."
    assert (told.status_code, told.json()["fields"]) == (422, {"wallet_id": said})
    assert program.put(address, {"wallet_id": None}, content_type="application/json").status_code == 200
    assert Connection.objects.get(pk=fund.connection.pk).derivatives_to_id is None


def test_whose_they_are_is_said_on_the_page_and_by_programs(fund: Fund, client: Client, other_owner: User) -> None:
    fund.connection.platform.capabilities = [Platform.Capability.DERIVATIVES]
    fund.connection.platform.save()
    master = fund.wallets["master"].pk
    page = f"/wallets/connections/{fund.connection.pk}/arrivals/"
    address = f"/api/v1/connections/{fund.connection.pk}/derivatives"
    client.force_login(fund.owner)
    assert "They are those of master" in client.get(page).content.decode()
    client.post(f"{page}derivatives/", {"wallet": str(master)})
    assert Connection.objects.get(pk=fund.connection.pk).derivatives_to_id == master
    program = Client(headers=bearer(fund.owner, "move"))
    told = program.put(address, {"wallet_id": None}, content_type="application/json")
    assert (told.status_code, told.json()) == (200, {"wallet_id": None})
    assert program.put(address, {"wallet_id": str(uuid4())}, content_type="application/json").status_code == 404
    client.force_login(other_owner)
    assert client.post(f"{page}derivatives/", {"wallet": str(master)}).status_code == 404
    stranger = Client(headers=bearer(other_owner, "move"))
    assert stranger.put(address, {"wallet_id": None}, content_type="application/json").status_code == 404

"""Protections hold buying back for a while: after a stop, after trades that lost, and after a fall."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from markets.models import Instrument
from tests.trading.desk import SYMBOL, Desk, fund, make_desk, set_price
from trading import services
from trading.models import EntryLock, Order, Position, RiskDecision, RiskLimit
from trading.risk.gate import Caps
from wallets.models import Wallet

D = Decimal


@pytest.fixture
def desk(owner: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(clock, "is_controlled", lambda: False)  # it is the present, only later
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def protect(on: Any, **caps: Any) -> RiskLimit:
    return services.set_limits(
        on=on, allowed_symbols=None, maximum_notional=None, notional_asset="USDT", caps=Caps(**caps)
    )


def refusal(order: Order) -> str:
    assert order.status == "rejected"
    return str(order.refusal)


def stop_out(desk: Desk, *, target: Decimal | None = None, at: str = "89") -> None:
    """Buy at 100 with a stop at 90 and leave by a level once the price is `at`."""
    set_price(desk.instrument, "100")
    desk.trade("buy", "1", exit_stop=D(90), exit_target=target)
    set_price(desk.instrument, at)
    (order,) = services.keep_protection(owner_id=desk.owner.pk)
    assert desk.execute(order).status == "filled"
    set_price(desk.instrument, "100")


def round_trip(desk: Desk, profit: str) -> None:
    set_price(desk.instrument, "100")
    desk.trade("buy", "1")
    set_price(desk.instrument, str(100 + D(profit)))
    desk.trade("sell", "1")
    set_price(desk.instrument, "100")


# --- a pause after a stop -------------------------------------------------------------------------------------------


def test_after_a_stop_its_market_is_left_alone_for_so_many_bars_and_then_not_any_more(desk: Desk) -> None:
    protect(desk.farm, cooldown_bars=3)
    stop_out(desk)
    order = desk.place("buy", "1")
    assert refusal(order).startswith(
        "Agent left BTC/USDT by its stop, and Trend farm wants a pause of 3 bars after one: nothing is bought there"
    )
    decision = RiskDecision.objects.get(order=order)
    assert (decision.limit, decision.numbers["lock"]["who"]) == ("cooldown_bars", "Trend farm")
    lock = EntryLock.objects.get()
    assert lock.until == Position.objects.get().closed_at + timedelta(hours=3)  # nobody says how long a bar is
    with clock.at(lock.until):
        set_price(desk.instrument, "100")
        assert desk.place("buy", "1").status == "submitting"


def test_a_target_or_a_sale_by_hand_begins_no_pause(desk: Desk) -> None:
    protect(desk.wallet, cooldown_bars=3)
    stop_out(desk, target=D(110), at="111")
    round_trip(desk, "-20")
    assert not EntryLock.objects.exists()
    stop_out(desk, target=D(110))
    assert EntryLock.objects.get().kind == "cooldown_bars"


def test_a_pause_holds_one_market_of_one_wallet_and_whoever_holds_something_may_leave(desk: Desk) -> None:
    protect(desk.master, cooldown_bars=3)
    ether = Instrument.objects.create(
        venue="simulated", symbol="ETH/USDT", base="ETH", quote="USDT", tick_size=D("0.01"), lot_size=D("0.001")
    )
    set_price(ether, "100")
    services.set_limits(on=desk.connection, allowed_symbols=[SYMBOL, "ETH/USDT"], maximum_notional=D(50_000))
    twin = Wallet.objects.create(
        owner=desk.owner, name="Twin", role="agent", parent=desk.farm, connection=desk.connection
    )
    stop_out(desk)
    fund(Desk(desk.owner, desk.connection, desk.master, desk.farm, twin, desk.instrument), "USDT", D(1000))
    assert desk.place("buy", "1", wallet=twin).status == "submitting"
    assert desk.trade("buy", "1", instrument=ether).status == "filled"
    EntryLock.objects.update(instrument=ether)
    assert desk.place("buy", "1", instrument=ether).status == "rejected"
    assert desk.trade("sell", "1", instrument=ether).status == "filled"


# --- trades that lost ----------------------------------------------------------------------------------------------


def test_trades_that_win_too_little_for_what_they_lose_hold_their_market_back_and_fewer_are_not_judged(
    desk: Desk,
) -> None:
    protect(desk.farm, minimum_profit_factor=D("1.2"), lookback_trades=3, lock_hours=2)
    round_trip(desk, "10")
    round_trip(desk, "-20")
    assert not EntryLock.objects.exists()  # of three trades there are two
    round_trip(desk, "2")
    lock = EntryLock.objects.get()
    assert (lock.kind, lock.until - lock.began_at <= timedelta(hours=2)) == ("minimum_profit_factor", True)
    said = refusal(desk.place("buy", "1"))
    assert said.startswith("The last 3 trades of Agent in BTC/USDT won 0.5")
    assert "Trend farm asks for 1.20" in said


def test_what_won_enough_holds_nothing_back_and_neither_does_what_never_lost(desk: Desk) -> None:
    protect(desk.wallet, minimum_profit_factor=D("1.2"), lookback_trades=2)
    for profit in ("10", "10", "-5", "30"):
        round_trip(desk, profit)
    assert not EntryLock.objects.exists()


def test_once_it_is_over_what_came_before_is_not_measured_again(desk: Desk) -> None:
    protect(desk.wallet, minimum_profit_factor=D(1), lookback_trades=2, lock_hours=1)
    round_trip(desk, "-5")
    round_trip(desk, "-5")
    first = EntryLock.objects.get()
    with clock.at(first.until + timedelta(minutes=1)):
        round_trip(desk, "-5")
        assert EntryLock.objects.get().until == first.until
        round_trip(desk, "-5")
        assert EntryLock.objects.get().until > clock.now()  # the same place, held anew


def test_a_check_reads_no_more_however_many_trades_there_were(desk: Desk) -> None:
    """As many statements, and what they read ends at as many trades as the limit counts."""
    protect(desk.wallet, minimum_profit_factor=D("0.01"), lookback_trades=2)
    counted = []
    for profits in (("9", "9"), ("9", "9", "9", "9")):
        for profit in profits[:-1]:
            round_trip(desk, profit)
        set_price(desk.instrument, "100")
        desk.trade("buy", "1")
        order = desk.place("sell", "1")
        with CaptureQueriesContext(connection) as queries:
            desk.execute(order)
        counted.append(len(queries))
    assert counted[0] == counted[1]
    # The newest two and no other: whatever was lost before them is not seen.
    assert not EntryLock.objects.exists()


# --- a fall ----------------------------------------------------------------------------------------------------------


def test_a_fall_holds_back_a_wallet_and_all_below_it_until_its_hours_are_over(desk: Desk) -> None:
    limit = protect(desk.farm, maximum_drawdown=D("0.2"), lookback_days=10, lock_hours=6)
    desk.trade("buy", "1")
    services.watch_drawdowns(owner_id=desk.owner.pk, fallen={(limit.pk, desk.farm.pk): D("0.1999")})
    assert not EntryLock.objects.exists()
    services.watch_drawdowns(owner_id=desk.owner.pk, fallen={(limit.pk, desk.farm.pk): D("0.2034")})
    order = desk.place("buy", "1")
    assert refusal(order).startswith(
        "Trend farm has fallen by 20.34 % from its highest within 10 days, and Trend farm allows 20.00 %"
    )
    assert RiskDecision.objects.get(order=order).limit == "maximum_drawdown"
    assert desk.trade("sell", "1").status == "filled"
    assert services.watched_drawdowns(owner_id=desk.owner.pk) == []  # nothing is measured while it is held
    lock = EntryLock.objects.get()
    assert timedelta() <= timedelta(hours=6) - (lock.until - lock.began_at) < timedelta(seconds=1)
    with clock.at(lock.until):
        (watched,) = services.watched_drawdowns(owner_id=desk.owner.pk)
        assert (watched.wallet_id, watched.since) == (desk.farm.pk, lock.until)


def test_a_connection_s_limit_is_each_of_its_masters_own(desk: Desk) -> None:
    limit = protect(desk.connection, maximum_drawdown=D("0.2"))
    watched = services.watched_drawdowns(owner_id=desk.owner.pk)
    assert [(one.limit_id, one.wallet_id, one.days) for one in watched] == [(limit.pk, desk.master.pk, 30)]


# --- seen, told and ended -------------------------------------------------------------------------------------------


def alerts(desk: Desk) -> list[tuple[str, bool]]:
    rows = Alert.objects.filter(owner_id=desk.owner.pk, key__startswith="protection:")
    return [(alert.title, alert.resolved_at is not None) for alert in rows]


def test_it_is_told_when_it_begins_and_when_it_is_over(desk: Desk) -> None:
    protect(desk.wallet, cooldown_bars=1)
    stop_out(desk)
    assert alerts(desk) == [("Agent buys BTC/USDT no more for a while", False)]
    services.end_what_is_over(owner_id=desk.owner.pk)
    assert alerts(desk)[0][1] is False
    with clock.at(clock.now() + timedelta(hours=2)):
        services.end_what_is_over(owner_id=desk.owner.pk)
        assert alerts(desk)[0][1] is True


@pytest.mark.parametrize(
    ("caps", "holds"),
    [({"cooldown_bars": 5}, True), ({"cooldown_bars": 2}, False), ({"cooldown_bars": None}, False)],
)
def test_a_limit_that_would_not_begin_it_ends_it(desk: Desk, caps: dict[str, Any], holds: bool) -> None:
    protect(desk.wallet, cooldown_bars=4)
    stop_out(desk)
    protect(desk.wallet, **caps)
    assert desk.place("buy", "1").status == ("rejected" if holds else "submitting")
    assert alerts(desk)[0][1] is not holds


def test_an_agent_that_was_moved_elsewhere_is_not_held_by_where_it_was(desk: Desk) -> None:
    protect(desk.farm, cooldown_bars=4)
    stop_out(desk)
    elsewhere = Wallet.objects.create(
        owner=desk.owner, name="Other", role="farm", parent=desk.master, connection=desk.connection
    )
    Wallet.objects.filter(pk=desk.wallet.pk).update(parent=elsewhere)
    assert desk.place("buy", "1").status == "submitting"


def test_pages_and_api_say_what_is_held_and_until_when(desk: Desk, client: Client) -> None:
    protect(desk.farm, cooldown_bars=3)
    stop_out(desk)
    client.force_login(desk.owner)
    for pk in (desk.wallet.pk, desk.farm.pk, desk.master.pk):
        page = client.get(reverse("wallets:wallet", args=[pk])).content.decode()
        assert "Agent left BTC/USDT by its stop" in page
        assert "Nothing is bought there until" in page
    assert (
        "Agent left BTC/USDT by its stop"
        in client.get(reverse("trading:limits", args=[desk.wallet.pk])).content.decode()
    )
    (told,) = client.get("/api/v1/locks", {"wallet_id": str(desk.master.pk)}).json()
    assert (told["kind"], told["symbol"], told["who"]) == ("cooldown_bars", SYMBOL, "Trend farm")
    assert told["wallet_id"] == str(desk.wallet.pk)
    assert client.get("/api/v1/locks").json() == [told]
    with clock.at(clock.now() + timedelta(hours=4)):
        assert client.get("/api/v1/locks").json() == []


def test_page_and_api_set_them_and_say_what_is_usual(desk: Desk, client: Client) -> None:
    client.force_login(desk.owner)
    page = reverse("trading:limits", args=[desk.wallet.pk])
    given = {"markets": "silent", "cooldown_bars": "4", "maximum_drawdown": "12.5", "minimum_profit_factor": "1.1"}
    assert (
        client.post(page, given | {"lookback_days": "14", "lookback_trades": "", "lock_hours": ""}).status_code == 302
    )
    said = client.get(f"/api/v1/wallets/{desk.wallet.pk}/limits").json()
    wanted = {
        "cooldown_bars": 4, "maximum_drawdown": "0.125", "minimum_profit_factor": "1.1", "lookback_days": 14,
        "lookback_trades": 20, "lock_hours": 24,
    }  # fmt: skip
    assert {name: said[name] for name in wanted} == wanted
    html = client.get(page).content.decode()
    assert "4 bars of pause after a stop" in html
    assert "within 14 days" in html
    body = {"allowed_symbols": None, "maximum_notional": None, "lookback_trades": 1}
    refused = client.put(f"/api/v1/wallets/{desk.wallet.pk}/limits", body, content_type="application/json")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["lookback_trades"])

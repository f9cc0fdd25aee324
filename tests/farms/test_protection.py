"""Stops and targets between the bars, on the latest price."""

from datetime import timedelta
from decimal import Decimal

import pytest

from farms import selectors
from farms.models import Agent
from farms.services import pause_agent
from kit import clock
from kit.alerts.models import Alert
from markets.models import Instrument
from tests.farms.conftest import CROSS_UP, PARAMETERS, T0, Desk, hire, make_instrument, store_hours
from trading.models import Order, Position
from trading.services import keep_protection, place_order
from wallets.models import Wallet
from wallets.venues.accounts import go_live

MINUTE = timedelta(minutes=1)


@pytest.fixture
def holding(desk: Desk) -> Desk:
    """The desk with an open position, entered at 103 with a stop well below."""
    desk.candles(CROSS_UP[:-1])
    desk.each(CROSS_UP[-1:])
    return desk


def tick(desk: Desk, price: float, *, minutes: int = 1) -> list[Order]:
    """One-minute bar that closes at `price`, and a look at the stops; the orders are executed."""
    at = desk.now + minutes * MINUTE
    store_hours(desk.instrument, at - MINUTE, [price], spread=0, timeframe="1m")
    with clock.at(at):
        placed = keep_protection(owner_id=desk.owner.pk)
        return [desk.execute(order.pk) for order in placed]


def stop_of(desk: Desk) -> Decimal:
    stop = Position.objects.get().exit_stop
    assert stop is not None
    return stop


def test_a_price_at_the_stop_sells_the_position_and_says_why(holding: Desk) -> None:
    stop = stop_of(holding)
    (order,) = tick(holding, float(stop))
    assert (order.side, order.status, order.reduce_only) == ("sell", "filled", True)
    position = Position.objects.get()
    assert position.closed_at is not None
    assert str(position.exit_reason).startswith("The stop at")
    assert order.protects_id == position.pk
    event = selectors.farm_page(owner_id=holding.owner.pk, farm_id=holding.farm.pk).events[0]
    assert (event.kind, event.agent, str(event.detail)) == ("protected", "One", str(order.reason))


def test_a_price_above_the_stop_changes_nothing(holding: Desk) -> None:
    assert tick(holding, float(stop_of(holding)) + 0.01) == []
    assert Position.objects.get().closed_at is None


def test_a_target_is_taken(holding: Desk) -> None:
    Position.objects.update(exit_target=Decimal(110))
    (order,) = tick(holding, 110.0)
    assert order.reason.exact == "The target at 110 was reached by 110."


def test_pausing_ends_decisions_and_not_protection(holding: Desk) -> None:
    pause_agent(owner_id=holding.owner.pk, agent_id=holding.agent.pk)
    assert len(tick(holding, 50.0)) == 1


def test_the_stop_is_placed_once_while_its_order_is_on_its_way(holding: Desk) -> None:
    at = holding.now + MINUTE
    store_hours(holding.instrument, holding.now, [50.0], spread=0, timeframe="1m")
    with clock.at(at):
        assert len(keep_protection(owner_id=holding.owner.pk)) == 1
        assert keep_protection(owner_id=holding.owner.pk) == []


def test_a_trailing_stop_follows_every_new_high_and_stays_when_the_price_falls(desk: Desk) -> None:
    Agent.objects.update(parameters={**PARAMETERS, "trail_atr": 2.0})
    desk.candles(CROSS_UP[:-1])
    (entered,) = desk.each(CROSS_UP[-1:])
    assert entered.trail is not None
    tick(desk, 112.0)
    assert stop_of(desk) == Decimal(112) - entered.trail
    tick(desk, 111.0, minutes=2)
    assert stop_of(desk) == Decimal(112) - entered.trail
    assert len(tick(desk, float(112 - entered.trail), minutes=3)) == 1


@pytest.mark.parametrize("level", ["wallet", "farm"])
def test_halting_ends_decisions_and_not_protection(holding: Desk, level: str) -> None:
    pk = holding.agent.wallet_id if level == "wallet" else holding.farm.wallet_id
    Wallet.objects.filter(pk=pk).update(trading_state="halted")
    (order,) = tick(holding, 50.0)
    assert order.status == "filled"
    assert Position.objects.get().closed_at is not None


def test_the_stop_in_a_market_that_is_delisted_is_for_the_venue_to_take_or_to_refuse(holding: Desk) -> None:
    Instrument.objects.filter(pk=holding.instrument.pk).update(is_active=False)
    (order,) = tick(holding, 50.0)
    assert (order.side, order.outcome) == ("sell", "rejected")
    assert str(order.refusal) == "Choose another symbol: TST/USDT is not traded here."
    assert not Alert.objects.exists()
    tick(holding, 50.0, minutes=2)
    alert = Alert.objects.get()
    assert (alert.kind, alert.title) == ("unprotected", "One cannot close its position")
    assert "TST/USDT is not active any more, and" in str(alert.body)
    assert "did not take the sale: sell TST there in another market, or send it to a venue that trades it." in str(
        alert.body
    )


def test_a_delisted_market_is_tried_ever_more_rarely_and_told_of_in_one_alert(holding: Desk) -> None:
    Instrument.objects.filter(pk=holding.instrument.pk).update(is_active=False)
    tried = [bool(tick(holding, 50.0, minutes=60 * hours)) for hours in range(1, 90)]
    assert sum(tried[:24]) >= 8
    assert sum(tried[24:]) <= 4
    assert Alert.objects.count() == 1


def test_a_refused_stop_is_tried_again_and_then_an_alert_is_raised(holding: Desk) -> None:
    Instrument.objects.filter(pk=holding.instrument.pk).update(kind=Instrument.Kind.FUTURE)
    for minutes in range(1, 8):
        tick(holding, 50.0, minutes=minutes)
    assert Order.objects.filter(status="rejected").count() == 5
    assert Alert.objects.get().title == "One cannot close its position"


def test_protection_goes_on_when_what_kept_it_from_selling_is_over(holding: Desk) -> None:
    markets = Instrument.objects.filter(pk=holding.instrument.pk)
    markets.update(is_active=False)
    for minutes in range(1, 11):
        tick(holding, 50.0, minutes=minutes)
    markets.update(is_active=True)
    (order,) = tick(holding, 50.0, minutes=30)
    assert order.status == "filled"
    assert Position.objects.get().closed_at is not None


def test_a_position_that_cannot_be_protected_does_not_keep_the_others_from_it(holding: Desk) -> None:
    instrument = make_instrument("OTH/USDT")
    with clock.at(holding.now):
        agent = hire(holding.owner, holding.farm, instrument, name="Two")
        first = Position.objects.create(
            owner=holding.owner, wallet=agent.wallet, instrument=instrument, quantity=1, entry_quantity=1,
            entry_price=100, exit_stop=90, opened_at=T0,
        )  # fmt: skip
        # The key of its order is taken by another one, so placing it is an error.
        place_order(
            wallet=holding.agent.wallet, instrument=holding.instrument, side="sell", quantity=Decimal("0.0001"),
            key=f"protect:{first.pk}:0", reason="",
        )  # fmt: skip
    store_hours(instrument, holding.now, [50.0], spread=0, timeframe="1m")
    (order,) = tick(holding, 50.0)
    assert order.wallet_id == holding.agent.wallet_id


def test_what_lives_in_the_present_is_guarded_by_the_present_only(holding: Desk) -> None:
    go_live(connection=holding.master.connection)
    assert tick(holding, 50.0) == []


def test_what_cannot_be_priced_is_left_alone(holding: Desk) -> None:
    Instrument.objects.filter(pk=holding.instrument.pk).update(symbol="GONE/USDT")
    with clock.at(T0):  # before the first bar there is no price
        assert keep_protection(owner_id=holding.owner.pk) == []

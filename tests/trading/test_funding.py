"""Funding of perpetuals is booked for every moment once, and a position whose margin is used up is closed, whatever
dies in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from markets.models import Ticker
from tests.trading.perpetual_desk import PerpetualDesk, make_perpetual_desk
from trading import services
from trading.models import Order
from wallets.models import DemoFunding, DemoPosition, Posting, VenueIncome, Wallet

D = Decimal
RATE = D("0.0001")


@pytest.fixture
def desk(owner: User) -> PerpetualDesk:
    return make_perpetual_desk(owner)


def fund(desk: PerpetualDesk) -> int:
    return services.settle_funding(owner_id=desk.owner.pk, connection_id=desk.connection.pk)


def pass_periods(desk: PerpetualDesk, periods: int) -> None:
    """Let so many moments of funding be passed since the position was opened, or funded last."""
    with tenancy.tenant(desk.owner.pk):
        held = DemoPosition.objects.exclude(quantity=0).get(connection=desk.connection)
        DemoPosition.objects.filter(pk=held.pk).update(funded_at=held.funded_at - periods * timedelta(hours=8))


def paid(desk: PerpetualDesk) -> list[Decimal]:
    with tenancy.tenant(desk.owner.pk):
        return list(DemoFunding.objects.filter(is_booked=True).order_by("at").values_list("amount", flat=True))


def test_a_short_receives_what_a_long_would_pay_and_it_goes_into_its_margin(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10", leverage=D(5))
    pass_periods(desk, 1)
    assert fund(desk) == 1
    position = desk.position()
    assert position is not None
    assert (position.funding, position.margin, desk.held("USDT")) == (1000 * RATE, 200 + 1000 * RATE, 200 + 1000 * RATE)
    assert desk.balance("USDT") == 100_000 - 1 + 1000 * RATE
    assert desk.balance("USDT", "funding") == -1000 * RATE
    with tenancy.tenant(desk.owner.pk):
        (row,) = VenueIncome.objects.exclude(funding=0)
        assert (row.funding, row.status, row.wallet_id) == (1000 * RATE, "booked", desk.wallet.pk)
        assert row.posting is not None
        assert row.posting.kind == "funding_payment"
    desk.assert_settled()


def test_a_long_pays_out_of_its_margin_and_its_liquidation_comes_nearer(desk: PerpetualDesk) -> None:
    desk.trade("buy", "10", leverage=D(5))
    before = desk.position()
    pass_periods(desk, 1)
    fund(desk)
    after = desk.position()
    assert before is not None
    assert after is not None
    assert after.margin == 200 - 1000 * RATE
    assert after.liquidation_price is not None
    assert before.liquidation_price is not None
    assert after.liquidation_price > before.liquidation_price
    desk.assert_settled()


def test_all_missed_periods_are_booked_once_however_often_it_is_asked(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10")
    pass_periods(desk, 5)
    assert [fund(desk), fund(desk)] == [5, 0]
    assert paid(desk) == [1000 * RATE] * 5
    desk.assert_settled()


def test_what_was_closed_in_between_was_funded_for_what_it_was(desk: PerpetualDesk) -> None:
    """The venue writes it down before it trades, and the trade is booked behind it."""
    desk.trade("sell", "10")
    pass_periods(desk, 2)
    desk.trade("buy", "4")
    position = desk.position()
    assert position is not None
    assert paid(desk) == [1000 * RATE] * 2
    assert position.funding == 2000 * RATE
    desk.trade("buy", "6")
    assert fund(desk) == 0
    desk.assert_settled()


def test_nothing_is_booked_ahead_of_a_trade_that_is_not_recorded(desk: PerpetualDesk) -> None:
    """The worker died after the venue filled: its fill comes first, as it did at the venue."""
    desk.trade("sell", "10")
    order = desk.place("buy", "4")
    with dying_before_recording(), pytest.raises(Died):
        desk.execute(order)
    later = clock.now() + timedelta(hours=8)
    with clock.simulated(lambda: later):
        assert fund(desk) == 0
        with tenancy.tenant(desk.owner.pk):
            assert [(row.is_booked, row.quantity) for row in DemoFunding.objects.all()] == [(False, -6)]
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    with clock.simulated(lambda: later):
        assert fund(desk) == 1
    assert paid(desk) == [600 * RATE]
    assert desk.books_agree()  # the proof finds a payment of the future, which it is


class Died(BaseException):
    """The process was killed."""


@contextmanager
def dying_before_recording() -> Iterator[None]:
    """A worker that is killed as soon as the venue has answered."""
    from trading.orders import sending

    def die(**given: Any) -> None:
        raise Died

    kept = sending.record_report
    sending.record_report = die  # type: ignore[assignment]
    try:
        yield
    finally:
        sending.record_report = kept


@pytest.mark.parametrize("where", ["venue", "posting", "position", "income"])
def test_a_crash_at_any_step_of_a_booking_leaves_both_or_neither(
    desk: PerpetualDesk, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.trade("sell", "10")
    pass_periods(desk, 3)
    steps: dict[str, tuple[Any, str]] = {
        "venue": (__import__("wallets.venues.demo.funding", fromlist=["x"]), "take_over"),
        "posting": (__import__("trading.orders.funding", fromlist=["x"]), "pay"),
        "position": (__import__("trading.orders.funding", fromlist=["x"]), "tell_position"),
        "income": (VenueIncome.objects, "create"),
    }
    owner, name = steps[where]
    real, calls = getattr(owner, name), []

    def fails(*args: Any, **given: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            real(*args, **given)
            raise Died
        return real(*args, **given)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fails)
        with pytest.raises(Died):
            fund(desk)
    assert paid(desk) == []
    assert fund(desk) == 3
    assert paid(desk) == [1000 * RATE] * 3
    with tenancy.tenant(desk.owner.pk):
        assert Posting.objects.filter(kind="funding_payment").count() == 3
    desk.assert_settled()


# --- liquidation ----------------------------------------------------------------------------------------------------


def test_a_short_is_liquidated_where_its_margin_is_used_up_and_its_owner_is_told(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10", leverage=D(10))  # liquidated at 108.91
    desk.price("108.90")
    assert desk.watch() == []
    desk.price("108.95")
    (order,) = desk.watch()
    assert order.liquidates
    assert (order.side, order.status, order.average_price) == ("buy", "filled", D("108.95"))
    assert "Liquidated" in str(order.reason)
    (closed,) = desk.closed()
    assert closed.realized_pnl == D("-89.5") - 1 - D("1.0895")
    with tenancy.tenant(desk.owner.pk):
        (alert,) = Alert.objects.filter(kind="liquidated")
    assert alert.level == "critical"
    assert "was liquidated in BTC/USDT-PERP" in str(alert.title)
    desk.assert_settled()
    assert desk.watch() == []


@pytest.mark.parametrize(("side", "gap"), [("buy", "40"), ("sell", "300")])
def test_a_gap_beyond_the_margin_costs_no_more_than_the_margin(desk: PerpetualDesk, side: str, gap: str) -> None:
    """The bankrupt position is closed at its bankruptcy price, and the venue's insurance bears what is beyond it."""
    desk.trade(side, "10", leverage=D(10))
    before = desk.balance("USDT")
    desk.price(gap)
    (order,) = desk.watch()
    assert order.status == "filled"
    lost = before - desk.balance("USDT")
    assert D("99.9") < lost <= 100
    assert desk.balance("USDT", "suspense") == 0
    desk.assert_settled()


def test_a_wallet_that_has_nothing_else_ends_at_zero_or_above(owner: User) -> None:
    desk = make_perpetual_desk(owner, cash=D("101.5"))
    desk.trade("buy", "9", leverage=D(10))
    desk.price("10")
    desk.watch()
    assert desk.position() is None
    assert 0 <= desk.balance("USDT") < 12
    desk.assert_settled()


@pytest.mark.parametrize("state", ["halted", "reducing"])
def test_no_halt_keeps_a_position_from_being_liquidated(desk: PerpetualDesk, state: str) -> None:
    desk.trade("sell", "10", leverage=D(10))
    with tenancy.tenant(desk.owner.pk):
        Wallet.objects.filter(pk=desk.wallet.pk).update(trading_state=state, protects_in_halt=False)
    desk.price("109")
    (order,) = desk.watch()
    assert order.status == "filled", order.refusal
    desk.assert_settled()


def test_a_liquidation_that_dies_on_its_way_is_gone_on_with_and_made_once(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10", leverage=D(10))
    desk.price("109")
    with dying_before_recording(), pytest.raises(Died):
        desk.watch()
    assert desk.watch() == []  # it is on its way
    with tenancy.tenant(desk.owner.pk):
        (order,) = Order.objects.filter(key__startswith=Order.LIQUIDATES)
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    assert desk.position() is None
    desk.assert_settled()


def test_an_old_price_liquidates_nothing(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10", leverage=D(10))
    Ticker.objects.update(price=D(200), at=datetime.now(UTC) - timedelta(minutes=3))
    assert desk.watch() == []

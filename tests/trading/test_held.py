"""What was paid, got and held at each moment is kept as positions change, and nobody can write it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, connections, transaction

from kit import clock, tenancy
from kit.users.models import User
from markets.models import Instrument, Ticker
from tests.trading.desk import Desk, fund, make_desk
from tests.trading.test_recording import tell, trade
from tests.trading.test_sums import close
from trading.models import HeldTotal, Position
from trading.positions.adopting import adopt
from trading.selectors.held import Held, held_at

D = Decimal
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(as_owner: User) -> Desk:
    return make_desk(as_owner)


def trades(
    desk: Desk, side: str, quantity: str, price: str, *, at: datetime, fee: str = "0", fee_asset: str = "USDT"
) -> None:
    """The desk trades and hears of it, at that price and moment."""
    order = desk.place(side, quantity)
    told = replace(trade(order.pk.int % 10**9, quantity, price, fee, fee_asset), at=at, side=side)
    tell(desk, order, "filled", [told])


def held(desk: Desk, moment: datetime) -> Held:
    [found] = held_at(owner_id=desk.owner.pk, moments=[moment])
    return found


def test_fees_in_quote_base_and_a_third_asset_are_paid_and_lost_in_what_was_got(desk: Desk) -> None:
    fund(desk, "BNB", D(1))
    other = Instrument.objects.create(
        venue="simulated", symbol="BNB/USDT", base="BNB", quote="USDT", tick_size=D("0.01"), lot_size=D("0.01")
    )
    Ticker.objects.create(instrument=other, price=D(50), source="testing", at=clock.now())
    now = clock.now()
    steps = [
        # bought or sold, quantity, price, fee, of what; paid, got, fees and quantity after it
        ("buy", "10", "100", "1", "USDT", (1001, 0, 1, 10)),
        ("buy", "10", "110", "0.01", "BTC", (2101, 0, D("2.1"), D("19.99"))),
        ("sell", "4", "120", "0.02", "BNB", (2101, 479, D("3.1"), D("15.99"))),
        ("sell", "5", "90", "2", "USDT", (2101, 927, D("5.1"), D("10.99"))),
    ]
    for number, (side, quantity, price, fee, asset, after) in enumerate(steps):
        trades(desk, side, quantity, price, at=now - HOUR * (8 - number), fee=fee, fee_asset=asset)
        row = held(desk, now)
        assert tuple(round(one, 12) for one in (row.paid, row.got, row.fees, row.quantity)) == after
        position = Position.objects.get()
        assert row.cost - row.paid + row.got == position.realized_pnl
        assert row.cost == round(position.quantity * position.entry_price, 18)
    # and of each moment of the past what stood right before it
    for number, (*_, after) in enumerate(steps):
        assert round(held(desk, now - HOUR * (8 - number) + HOUR / 2).got, 12) == after[1]
    assert held_at(owner_id=desk.owner.pk, moments=[now - HOUR * 8]) == []


def test_a_trade_that_is_told_late_corrects_what_stood_after_it(desk: Desk) -> None:
    now = clock.now()
    trades(desk, "buy", "2", "100", at=now - 4 * HOUR)
    trades(desk, "buy", "1", "120", at=now - 1 * HOUR)
    trades(desk, "sell", "1", "110", at=now - 2 * HOUR)
    told = [
        (row.quantity, round(row.paid, 9), round(row.got, 9))
        for hours in (3, 1.5, 0)
        for row in [held(desk, now - hours * HOUR)]
    ]
    assert told == [(2, 200, 0), (1, 200, 110), (2, 320, 110)]


def test_what_was_taken_up_counts_as_bought_at_its_price_then_and_dust_leaves_at_its_cost(desk: Desk) -> None:
    fund(desk, "BTC", D(3))
    adopt(owner_id=desk.owner.pk, wallet_id=desk.wallet.pk, symbol="BTC/USDT")
    moment = clock.now() + HOUR
    assert (held(desk, moment).paid, held(desk, moment).quantity) == (300, 3)
    trades(desk, "sell", "2.9995", "110", at=clock.now(), fee="0.5")
    row = held(desk, moment)
    assert (row.quantity, row.cost, row.positions) == (0, 0, 0)
    assert row.got == D("2.9995") * 110 - D("0.5") + D("0.0005") * 100
    assert row.got - row.paid == Position.objects.get().realized_pnl


def test_a_trade_that_is_over_when_it_is_told_was_bought_when_it_was_opened(desk: Desk) -> None:
    closed = datetime(2026, 3, 2, 12, tzinfo=UTC)
    close(desk, closed, D(5))
    assert (held(desk, closed).paid, held(desk, closed).got, held(desk, closed).quantity) == (100, 0, 1)
    after = held(desk, closed + HOUR)
    assert (after.paid, after.got, after.quantity, after.fees) == (100, 105, 0, D("0.1"))
    assert held_at(owner_id=desk.owner.pk, moments=[closed - HOUR]) == []
    assert held_at(owner_id=desk.owner.pk, moments=[closed], base="ETH") == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE trading_heldtotal SET paid = 1", "DELETE FROM trading_heldtotal", "TRUNCATE trading_heldtotal"],
)
def test_the_application_cannot_write_them(desk: Desk, statement: str) -> None:
    close(desk, datetime(2026, 3, 2, 12, tzinfo=UTC), D(5))
    assert HeldTotal.objects.count() == 2
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_was_held_is_looked_up_and_not_searched_for(live_db: str, owner: User) -> None:
    desk = make_desk(owner)
    with tenancy.tenant(owner.pk):
        trades(desk, "buy", "1", "100", at=clock.now() - HOUR)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.user_id', %s, false)", [str(owner.pk)])
        cursor.execute(
            "INSERT INTO trading_heldtotal (owner_id, wallet_id, instrument_id, at, quantity, cost, paid, got, fees) "
            "SELECT owner_id, wallet_id, instrument_id, at - n * interval '1 minute', 1, 1, 1, 0, 0 "
            "FROM trading_heldtotal, generate_series(1, 20000) AS n"
        )
        cursor.execute("ANALYZE trading_heldtotal")
    with tenancy.tenant(owner.pk), connection.cursor() as cursor:
        found = held_at(owner_id=owner.pk, moments=[clock.now() - HOUR * number for number in range(2, 100)])
        cursor.execute("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'trading_heldtotal'")
        ((read,),) = cursor.fetchall()
    assert len(found) == 98
    assert read == 0

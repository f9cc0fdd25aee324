"""Closed trades are summed up as they close: the sums are those of the rows, and nobody can write them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Q, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import days, display
from kit.display import Display
from kit.users.models import User
from markets.models import Instrument
from quant import metrics
from tests.conftest import as_operators
from tests.trading.desk import Desk, make_desk
from trading.models import Position, TradeDay, TradeTotal
from trading.selectors import Filters, list_trades
from trading.selectors.trades import sum_trades, trade_figures

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
profits = st.decimals("-1000", "1000", places=2)
moments = st.integers(0, 5 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@pytest.fixture
def desk(as_owner: User) -> Desk:
    return make_desk(as_owner)


def close(desk: Desk, at: datetime, profit: Decimal) -> Position:
    return Position.objects.create(
        owner=desk.owner,
        wallet=desk.wallet,
        instrument=desk.instrument,
        quantity=0,
        entry_quantity=1,
        entry_price=100,
        fees=Decimal("0.1"),
        realized_pnl=profit,
        opened_at=at - timedelta(hours=1),
        closed_at=at,
    )


def summed(group: str) -> dict[object, tuple[object, ...]]:
    """The sums as the rows of positions say them, by a field of theirs."""
    rows = Position.objects.filter(closed_at__isnull=False).order_by().values_list(group)
    sums = rows.annotate(
        n=Count("pk"), won=Count("pk", filter=Q(realized_pnl__gt=0)), net=Sum("realized_pnl"), paid=Sum("fees")
    )
    return {row[0]: row[1:] for row in sums}


def kept(model: type[TradeDay] | type[TradeTotal], group: str) -> dict[object, tuple[object, ...]]:
    rows = model.objects.filter(trades__gt=0).values_list(group, "trades", "won_trades", "won", "lost", "fees")
    return {key: (trades, wins, won - lost, fees) for key, trades, wins, won, lost, fees in rows}


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trades=st.lists(st.tuples(moments, profits), max_size=12), since=moments, removed=st.integers(0, 3))
def test_the_sums_are_those_of_the_rows_whatever_is_closed_corrected_or_removed(
    desk: Desk, trades: list[tuple[datetime, Decimal]], since: datetime, removed: int
) -> None:
    try:
        with transaction.atomic():
            made = [close(desk, at, profit) for at, profit in trades]
            for position in made[:removed]:
                with as_operators():
                    position.delete()
            for position in made[removed : removed + 1]:
                position.realized_pnl += 5
                position.save()
            assert kept(TradeTotal, "wallet_id") == summed("wallet_id")
            assert kept(TradeDay, "day") == summed("closed_at__date")
            assert_figures_agree(desk, since)
            for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
                with display.showing(Display(timezone=zone)):
                    assert_list_agrees(desk, since)
            raise UndoneError
    except UndoneError:
        pass


class UndoneError(Exception):
    """Takes an example's rows back."""


def assert_figures_agree(desk: Desk, since: datetime) -> None:
    inside = Position.objects.filter(closed_at__gte=since).values_list("realized_pnl", flat=True)
    expected = metrics.trade_summary(np.array([float(pnl) for pnl in inside]))
    for wallets in (None, [desk.wallet.pk], [desk.master.pk]):
        figures = trade_figures(owner_id=desk.owner.pk, since=since, wallet_ids=wallets)
        for name in ("trades", "win_rate", "profit_factor", "expectancy", "average_win", "average_loss"):
            assert getattr(figures, name) == pytest.approx(expected[name], abs=1e-9), name


def assert_list_agrees(desk: Desk, moment: datetime) -> None:
    """The sum below a list is that of all its rows, whatever is filtered."""
    day = days.day_of(moment)
    for filters in (
        Filters(),
        Filters(since=day),
        Filters(until=day),
        Filters(since=day, until=day),
        Filters(since=day - timedelta(days=2), until=day, wallet_id=desk.master.pk),
        Filters(instrument_id=desk.instrument.pk, wallet_id=desk.wallet.pk),
        Filters(instrument_id=desk.instrument.pk + 1),
        Filters(text="btc"),
        Filters(text="nothing like it"),
    ):
        rows = list_trades(owner_id=desk.owner.pk, filters=filters).rows
        total = sum_trades(owner_id=desk.owner.pk, filters=filters)
        won = sum(row.pnl > 0 for row in rows)
        assert (total.trades, total.won_trades) == (len(rows), won), filters
        assert (total.pnl, total.fees) == (sum(row.pnl for row in rows), sum(row.fees for row in rows)), filters
        assert total.win_rate == (won / len(rows) if rows else None)
        assert not rows or total.quote == "USDT"


def test_a_trade_counts_from_the_moment_it_closes(desk: Desk) -> None:
    desk.trade("buy", "1")
    assert not TradeTotal.objects.exists()
    desk.trade("sell", "1")
    [total] = TradeTotal.objects.all()
    [trade] = Position.objects.all()
    assert (total.trades, total.won - total.lost, total.fees) == (1, trade.realized_pnl, trade.fees)


@pytest.mark.parametrize("table", ["trading_tradetotal", "trading_tradeday"])
def test_the_application_cannot_write_them(desk: Desk, table: str) -> None:
    close(desk, NOON, Decimal(5))
    for statement in (f"UPDATE {table} SET won = 1", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_what_trades_made_is_not_added_where_they_are_paid_in_several_assets(desk: Desk) -> None:
    close(desk, NOON, Decimal(5))
    known = trade_figures(owner_id=desk.owner.pk, since=NOON - timedelta(days=1))
    assert (known.trades, known.quote, known.expectancy) == (1, "USDT", 5)
    desk.instrument = Instrument.objects.create(
        venue="simulated", symbol="ETH/BTC", base="ETH", quote="BTC", tick_size=Decimal("0.0001"), lot_size=1
    )
    close(desk, NOON, Decimal(1))
    several = trade_figures(owner_id=desk.owner.pk, since=NOON - timedelta(days=1))
    assert (several.quote, several.expectancy, several.profit_factor, several.average_win) == (None,) * 4
    assert (several.trades, several.win_rate) == (2, 1)
    for text in ("", "Agent"):
        total = sum_trades(owner_id=desk.owner.pk, filters=Filters(text=text))
        assert (total.trades, total.win_rate, total.quote) == (2, 1, None)
    alone = Filters(instrument_id=desk.instrument.pk)
    assert sum_trades(owner_id=desk.owner.pk, filters=alone).quote == "BTC"

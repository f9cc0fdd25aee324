"""Closed trades are counted by hour, exit, regime and the wallet above theirs: as they close, and never otherwise."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import tenancy
from kit.users.models import User
from markets.models import Instrument
from markets.services import store_candles
from quant.regimes import regime
from tests.conftest import as_operators
from tests.trading.desk import Desk, make_desk
from trading.models import Position, TradeSlice
from wallets.models import Wallet
from wallets.services import create_wallet

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
profits = st.decimals("-1000", "1000", places=2)
moments = st.integers(0, 5 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
causes = st.sampled_from(["", *Position.ExitCause.values])


@pytest.fixture
def desk(as_owner: User) -> Desk:
    return make_desk(as_owner)


def close(desk: Desk, at: datetime, profit: Decimal, cause: str = "stop") -> Position:
    return Position.objects.create(
        owner=desk.owner, wallet=desk.wallet, instrument=desk.instrument, quantity=0, entry_quantity=2, entry_price=100,
        exit_quantity=2, exit_price=103, fees=Decimal("0.1"), realized_pnl=profit, exit_cause=cause,
        opened_at=at - timedelta(hours=1), closed_at=at,
    )  # fmt: skip


def summed() -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The slices as the rows of positions say them."""
    found: dict[tuple[Any, ...], Counter[str]] = {}
    for one in Position.objects.exclude(closed_at=None):
        traded = one.entry_quantity * one.entry_price + one.exit_quantity * (one.exit_price or 0)
        kinds = ("all", ""), ("hour", f"{one.opened_at:%H}"), ("exit", one.exit_cause), ("regime", one.regime)
        for kind in kinds:
            sums = found.setdefault((one.wallet_id, one.closed_under, *kind), Counter())
            sums.update({"trades": 1, "won": int(one.realized_pnl > 0), "lost": int(one.realized_pnl < 0)})
            sums["net"] += one.realized_pnl  # type: ignore[assignment]  # a sum of decimals
            sums["traded"] += traded  # type: ignore[assignment]
    names = ("trades", "won", "lost", "net", "traded")
    return {key: tuple(sums[name] for name in names) for key, sums in found.items()}


def kept() -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {
        (one.wallet_id, one.under, one.by, one.key): (
            one.trades, one.won_trades, one.lost_trades, one.won - one.lost, one.traded,
        )
        for one in TradeSlice.objects.filter(trades__gt=0)
    }  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trades=st.lists(st.tuples(moments, profits, causes), max_size=10), removed=st.integers(0, 3))
def test_the_slices_are_those_of_the_rows_whatever_is_closed_corrected_or_removed(
    desk: Desk, trades: list[tuple[datetime, Decimal, str]], removed: int
) -> None:
    try:
        with transaction.atomic():
            made = [close(desk, *trade) for trade in trades]
            for position in made[:removed]:
                with as_operators():
                    position.delete()
            for position in made[removed : removed + 1]:
                position.realized_pnl += 5
                position.opened_at -= timedelta(hours=3)
                position.save()
            assert kept() == summed()
            raise RuntimeError
    except RuntimeError:
        pass


def test_a_trade_counts_where_it_was_closed_and_stays_there_when_it_is_corrected(desk: Desk) -> None:
    parent = desk.wallet.parent
    assert parent is not None
    assert parent.parent is not None
    other = create_wallet(owner_id=desk.owner.pk, name="Other", role="farm", parent=parent.parent)
    first = close(desk, NOON, Decimal(5))
    Wallet.objects.filter(pk=desk.wallet.pk).update(parent=other)
    close(desk, NOON, Decimal(7))
    first.realized_pnl = Decimal(6)
    first.save()
    sums = {one.under: one.won for one in TradeSlice.objects.filter(by="all")}
    assert sums == {parent.pk: 6, other.pk: 7}
    assert kept() == summed()


@pytest.mark.parametrize(
    ("closes", "said"),
    [
        (np.linspace(100, 140, 30), "rising"),
        (np.linspace(140, 100, 30), "falling"),
        (100 + np.resize([0.0, 5.0], 30), "sideways"),
        (np.full(30, 100.0), "sideways"),
        (np.linspace(100, 140, 20), ""),
    ],
)
def test_the_regime_is_that_of_the_days_that_were_over_when_it_was_opened(
    desk: Desk, closes: np.ndarray[Any, Any], said: str
) -> None:
    midnight = NOON.replace(hour=0) - timedelta(days=len(closes))
    days = (int(midnight.timestamp()) + 86_400 * np.arange(len(closes) + 5)) * 1000
    later = np.concatenate((closes, closes[-1] * np.array([9.0, 0.1, 9.0, 0.1, 9.0])))
    store_candles(
        instrument=desk.instrument, timeframe="1d", ts=days, open=later, high=later, low=later, close=later,
        volume=np.ones(len(later)),
    )  # fmt: skip
    position = close(desk, NOON, Decimal(1))
    position.refresh_from_db()
    assert position.regime == said == regime(closes)


@pytest.mark.parametrize(("kind", "cause"), [("by hand", "other"), ("run:somebody:1", "rules")])
def test_what_closes_a_position_is_written_in_it(desk: Desk, kind: str, cause: str) -> None:
    desk.trade("buy", "1")
    desk.trade("sell", "1", key=kind)
    assert Position.objects.get().exit_cause == cause
    assert TradeSlice.objects.get(by="exit").key == cause


def test_the_application_cannot_write_them(desk: Desk) -> None:
    close(desk, NOON, Decimal(5))
    for statement in ("UPDATE trading_tradeslice SET won = 1", "DELETE FROM trading_tradeslice"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_trades_of_before_are_counted_by_the_migration(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
        for hours, profit in ((0, 5), (30, -3), (31, 0)):
            close(desk, NOON + timedelta(hours=hours), Decimal(profit))
        counted = kept()
        assert Instrument.objects.filter(pk=desk.instrument.pk).exists()
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE trading_tradeslice NO FORCE ROW LEVEL SECURITY; DELETE FROM trading_tradeslice")
        cursor.execute("ALTER TABLE trading_tradeslice FORCE ROW LEVEL SECURITY")
        cursor.execute(import_module("trading.migrations.0036_slices").BEFORE)
    with tenancy.tenant(owner.pk):
        assert kept() == counted

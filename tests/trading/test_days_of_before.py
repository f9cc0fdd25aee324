"""A database with trades is brought up to date: its days are summed up again by where their trades closed."""

from importlib import import_module

from django.db import connections, transaction

from kit import tenancy
from tests.world import World
from trading.models import TradeDay

SUMS = ("wallet_id", "under", "instrument_id", "day", "trades", "won_trades", "lost_trades", "won", "lost", "fees")


def test_days_of_before_are_summed_up_again_in_the_transaction_that_makes_their_column_necessary(
    lived_db: World,
) -> None:
    migration = import_module("trading.migrations.0038_where_they_closed")
    with tenancy.tenant(lived_db.owner.pk):
        before = sorted(TradeDay.objects.values_list(*SUMS))
    assert before
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE trading_tradeday ALTER COLUMN under DROP NOT NULL")
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute(migration.BEFORE)
    with tenancy.tenant(lived_db.owner.pk):
        assert sorted(TradeDay.objects.values_list(*SUMS)) == before
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'trading_tradeday'::regclass AND attname = 'under'"
        )
        assert cursor.fetchone() == (True,)

"""The first entry that a venue does not know is found among a hundred thousand by reading a few."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from kit import tenancy
from kit.users.models import User
from markets.models import Instrument
from tests.wallets.books import fund, make_connection, make_wallet, ref
from wallets.ledger import Leg, Request, post_many
from wallets.models import Account, SyncRun, Wallet
from wallets.sync.diverging import first_diverging_entry
from wallets.venues.base import TradeReport

D = Decimal
START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def traders(as_owner: User) -> list[Wallet]:
    return make_traders(as_owner)


def make_traders(owner: User) -> list[Wallet]:
    """Three wallets of one account with money to trade."""
    Instrument.objects.create(
        venue="simulated", symbol="SOL/USDT", base="SOL", quote="USDT", tick_size="0.01", lot_size="0.001"
    )
    account = make_connection(owner)
    wallets = [make_wallet(owner, f"Trader {number}", account) for number in range(3)]
    for wallet in wallets:
        fund(wallet, 10**9)
    return wallets


def trade(number: int) -> TradeReport:
    """A purchase whose every amount is its own."""
    return TradeReport(
        trade_id=str(number), client_order_id="", symbol="SOL/USDT", side="buy", price=D(number + 1),
        quantity=D(1), fee=D(number + 1).scaleb(-9), fee_asset="USDT", liquidity="taker",
        at=START + timedelta(seconds=number),
    )  # fmt: skip


def booked(wallet: Wallet, trade: TradeReport, wrong: Decimal) -> Request:
    legs = [
        Leg(ref(wallet), ref(wallet, kind="clearing"), trade.price * trade.quantity + wrong),
        Leg(ref(wallet, "SOL", "clearing"), ref(wallet, "SOL"), trade.quantity),
        Leg(ref(wallet), ref(wallet, kind="fees"), trade.fee),
    ]
    return Request(f"fill:{trade.trade_id}", "trade", legs)


def book(traders: list[Wallet], trades: list[TradeReport], wrong: dict[int, Decimal] | None = None) -> None:
    requests = [
        booked(traders[place % len(traders)], one, (wrong or {}).get(place, D(0))) for place, one in enumerate(trades)
    ]
    for start in range(0, len(requests), 250):
        post_many(owner_id=traders[0].owner_id, requests=requests[start : start + 250])


def found(traders: list[Wallet], told: list[TradeReport], drift: Decimal) -> Any:
    run = SyncRun.objects.create(owner_id=traders[0].owner_id, connection_id=traders[0].connection_id)
    return first_diverging_entry(run, "USDT", drift, told)


def key_of(entry: Any) -> str | None:
    return entry.transfer.posting.key if entry else None


def test_a_wrong_entry_is_found_wherever_it_stands_and_whatever_the_venue_muddles(traders: list[Wallet]) -> None:
    trades = [trade(number) for number in range(40)]
    book(traders, trades, {17: D("1e-18")})
    assert key_of(found(traders, trades, D("1e-18"))) == "fill:17"
    hand = [*trades[:9], trade(99), *trades[9:30], trade(98), *trades[30:]]  # by hand, at the venue
    assert key_of(found(traders, hand, D("1e-18"))) == "fill:17"
    late = [*trades[:4], trades[5], trades[4], *trades[6:]]  # at one moment, in another order
    assert key_of(found(traders, late, D("1e-18"))) == "fill:17"
    assert key_of(found(traders, [*trades[:3], *trades[4:]], D(4))) == "fill:3"


def test_where_the_venue_moved_by_itself_there_is_none(traders: list[Wallet]) -> None:
    trades = [trade(number) for number in range(12)]
    book(traders, trades)
    assert found(traders, trades, D(5)) is None
    assert found(traders, [*trades[:5], trade(77), *trades[5:]], D(-78)) is None
    assert found(traders, [trade(76), *trades, trade(77)], D(-155)) is None


def test_a_drift_of_1e_18_is_found_by_reading_few_of_many(live_db: str, owner: User) -> None:
    """Also where the planner has last looked when there was nothing but what had been undone."""
    with tenancy.tenant(owner.pk):
        book(make_traders(owner), [trade(number) for number in range(300)])
        transaction.set_rollback(True)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE wallets_transfer")
        cursor.execute("ALTER TABLE wallets_transfer SET (autovacuum_enabled = off)")
    with tenancy.tenant(owner.pk):
        traders = make_traders(owner)
    with tenancy.tenant(owner.pk):
        found(traders, [], D(1))  # a plan that the connection keeps from when there was nothing
    find_among(traders, count=1_500, place=901, scans=3)


@pytest.mark.slow
def test_a_drift_of_1e_18_is_found_among_a_hundred_thousand_entries(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        traders = make_traders(owner)
    find_among(traders, count=34_000, place=23_456)


def find_among(traders: list[Wallet], *, count: int, place: int, scans: int = 0) -> None:
    """Three entries of the wallets a trade, two of them in USDT; one is wrong.

    Without statistics the one transfer that is shown may be looked for along any index, at most `scans` times.
    """
    trades = [trade(number) for number in range(count)]
    book(traders, trades, {place: D("1e-18")})
    with tenancy.tenant(traders[0].owner_id):
        entries = Account.objects.filter(kind="wallet").aggregate(Sum("version"))["version__sum"]
        assert entries >= 3 * count
        before = _read()
        with CaptureQueriesContext(database) as asked:
            entry = found(traders, trades, D("1e-18"))
        read = _read() - before
        assert key_of(entry) == f"fill:{place}"
    halvings = (6 * count).bit_length()
    assert len(asked) <= halvings + 15
    # Each halving asks six accounts (clearing and fees of three wallets), and each of them halves its own chain.
    assert read <= 2 * 6 * halvings * halvings + scans * 3 * (count + 1)


def _read() -> int:
    """Rows of transfers that this transaction has read so far, by index or not."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables "
            "WHERE relname = 'wallets_transfer'"
        )
        return int(cursor.fetchone()[0])

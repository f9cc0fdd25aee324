"""A list that shows its newest rows reads about as many as it shows, however many there are and whoever made them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit import tenancy
from moniqo.home.activity import recent_activity
from tests.conftest import made_once, make_user
from tests.trading.desk import Desk, make_desk
from trading.models import Order, Position
from trading.selectors import Filters, Listing, closed_positions, list_orders, list_trades, orders
from trading.selectors.orders import ORDER_SORTS
from trading.selectors.trades import TRADE_SORTS
from wallets.models import Wallet

MANY = 600
FEW = 100  # a dozen rows of each kind, their wallets and their instruments
LAST = datetime(2026, 6, 1, tzinfo=UTC)


def quiet_one() -> tuple[Desk, Wallet]:
    """A wallet that traded once, long ago; since then only the other one did, and nothing was refused."""
    owner = make_user("owner@example.com")
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
        return desk, _trade(desk)


@pytest.fixture(scope="module")
def _made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], tuple[Desk, Wallet]]]:
    with made_once(django_db_blocker, quiet_one) as copies:
        yield copies


@pytest.fixture
def desk(_made: Callable[[], tuple[Desk, Wallet]], db: None) -> Iterator[Desk]:
    desk, _ = _made()
    with tenancy.tenant(desk.owner.pk):
        yield desk


@pytest.fixture
def quiet(_made: Callable[[], tuple[Desk, Wallet]], desk: Desk) -> Wallet:
    return _made()[1]


def _trade(desk: Desk) -> Wallet:
    quiet = Wallet.objects.create(
        owner=desk.owner, name="Quiet", role=Wallet.Role.AGENT, parent=desk.farm, connection=desk.connection
    )
    wallets = [quiet, *[desk.wallet] * MANY]
    Order.objects.bulk_create(_order(desk, wallet, number) for number, wallet in enumerate(wallets))
    Position.objects.bulk_create(_position(desk, wallet, number) for number, wallet in enumerate(wallets))
    return quiet


def _without(*ways: str) -> None:
    with connection.cursor() as cursor:
        for way in ways:
            cursor.execute(f"SET LOCAL enable_{way} = off")


def _order(desk: Desk, wallet: Wallet, number: int) -> Order:
    at = LAST - timedelta(days=90) + timedelta(minutes=number)
    is_refused = wallet != desk.wallet
    return Order(
        owner=desk.owner, wallet=wallet, connection=desk.connection, instrument=desk.instrument, key=str(number),
        client_order_id=uuid4().hex, side="buy", quantity=1 + number, status="rejected" if is_refused else "draft",
        reference_price=100, created_at=at, closed_at=at if is_refused else None, due_at=None if is_refused else at,
    )  # fmt: skip


def _position(desk: Desk, wallet: Wallet, number: int) -> Position:
    at = LAST - timedelta(days=90) + timedelta(minutes=number)
    return Position(
        owner=desk.owner, wallet=wallet, instrument=desk.instrument, quantity=0, entry_quantity=1, entry_price=100,
        realized_pnl=Decimal(1 + number), fees=Decimal(number), opened_at=at,
        closed_at=at + timedelta(milliseconds=30_000 + number),
    )  # fmt: skip


def test_the_orders_and_trades_of_a_quiet_wallet_are_found_among_those_of_a_busy_one(desk: Desk, quiet: Wallet) -> None:
    for shown in (orders, closed_positions):
        for wallet_ids, expected in (([quiet.pk], 1), ([desk.farm.pk], 8), (None, 8)):
            found: Any = shown(owner_id=desk.owner.pk, wallet_ids=wallet_ids, limit=8)
            assert len(found) == expected
            assert found == tuple(sorted(found, key=_moment, reverse=True))


def test_what_happened_lately_is_read_from_the_newest_of_each_kind(desk: Desk, quiet: Wallet) -> None:
    # There are no statistics of rows that are not committed: have an index used wherever one could be.
    _without("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort")
    found, read = _read(lambda: recent_activity(owner_id=desk.owner.pk))
    assert {event.before.split()[1] for event in found} == {"closed", "opened"}
    assert read < FEW


@pytest.mark.parametrize(
    ("listed", "sort"),
    [
        *((list_trades, f"{sign}{key}") for key in TRADE_SORTS for sign in ("", "-")),
        *((list_orders, f"{sign}{key}") for key in ORDER_SORTS for sign in ("", "-")),
    ],
)
def test_a_page_in_any_order_reads_about_as_many_rows_as_it_shows(
    desk: Desk, quiet: Wallet, listed: Callable[..., Listing[Any]], sort: str
) -> None:
    _without("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort")
    found, read = _read(lambda: listed(owner_id=desk.owner.pk, filters=Filters(), sort=sort), " ORDER BY ")
    assert found.sort == sort
    assert len(found.rows) == 50
    # A group of equals is sorted as a whole where the newest come first though the others run backwards.
    assert read < FEW or sort == "-status"


def _moment(row: Any) -> datetime:
    moment: datetime = row.created_at if hasattr(row, "created_at") else row.closed_at
    return moment


def _read(ask: Callable[[], Any], of: str = "") -> tuple[Any, int]:
    """What is found, and how many rows of orders and positions its statements touched, or those that hold `of`."""
    with CaptureQueriesContext(connection) as captured:
        found = ask()
    read = 0
    for query in captured.captured_queries:
        if of not in query["sql"]:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            (plan,) = cursor.fetchone()
        read += sum(_touched(node) for node in _nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    return found, read


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _touched(node: dict[str, Any]) -> int:
    if node.get("Relation Name") not in ("trading_order", "trading_position"):
        return 0
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int(rows * node["Actual Loops"])

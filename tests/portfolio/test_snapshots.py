"""What a snapshot says, with numbers worked out by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from kit import clock, tenancy
from kit.errors import ConflictError
from kit.users.models import User
from markets.models import Candle
from portfolio.models import FlowMark, Snapshot
from portfolio.services import take_snapshots
from portfolio.valuation import value_scope
from tests.portfolio.fund import Fund, make_instrument, set_price
from wallets.models import Connection

D = Decimal


def latest(fund: Fund, name: str | None) -> Snapshot:
    """The newest snapshot of a wallet by name, or of all wallets together."""
    scope = fund.wallets[name].pk if name else fund.owner.pk
    return Snapshot.objects.filter(scope=scope).order_by("-at")[0]


def test_every_wallet_and_the_whole_are_valued_at_once(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("1000")
    fund.move("master", "farm a", "400")
    fund.move("farm a", "agent a", "300")
    fund.buy("agent a", "2", "100", fee="1")
    set_price("110")

    assert take_snapshots(owner_id=fund.owner.pk, at=next(moments)) == 6

    equity = {name: latest(fund, name).equity for name in (*fund.wallets, None)}
    assert equity == {
        "master": D(1019),
        "farm a": D(419),
        "agent a": D(319),  # 300 − 200 − 1 + 2 × 110
        "farm b": D(0),
        "agent b": D(0),
        None: D(1019),
    }
    whole = latest(fund, None)
    assert (whole.cash, whole.invested) == (D(799), D(220))
    assert (whole.unrealized_pnl, whole.realized_pnl, whole.fees) == (D(20), D(-1), D(1))
    assert (whole.gross_exposure, whole.net_exposure) == (D(220), D(220))
    assert not whole.is_stale
    assert whole.unpriced == []


def test_an_allocation_is_a_flow_for_the_farm_and_nothing_for_its_master(
    fund: Fund, moments: Iterator[datetime]
) -> None:
    fund.deposit("1000")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    fund.move("master", "farm a", "400")
    fund.move("farm a", "agent a", "300")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    assert {name: latest(fund, name).flow for name in (*fund.wallets, None)} == {
        "master": 0, "farm a": 400, "agent a": 300, "farm b": 0, "agent b": 0, None: 0,
    }  # fmt: skip

    fund.move("agent a", "farm b", "50")
    fund.withdraw("100")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    assert {name: latest(fund, name).flow for name in (*fund.wallets, None)} == {
        "master": -100, "farm a": -50, "agent a": -50, "farm b": 50, "agent b": 0, None: -100,
    }  # fmt: skip

    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    assert {latest(fund, name).flow for name in (*fund.wallets, None)} == {D(0)}


def test_a_trade_and_its_fee_are_no_flow(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("1000", wallet="agent a")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    fund.buy("agent a", "3", "100", fee="0.5")
    fund.sell("agent a", "1", "120", fee="0.25")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    agent = latest(fund, "agent a")
    assert (agent.flow, agent.adjustments, agent.fees) == (D(0), D(0), D("0.75"))
    assert agent.equity == D("1019.25")  # +20 from the sale − 0.75, two still worth what they cost
    assert agent.realized_pnl == D("19.25")


def test_a_correction_of_the_books_is_told_apart(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("1000")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    fund.correct("master", "10")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    master = latest(fund, "master")
    assert (master.equity, master.flow, master.adjustments) == (D(990), D(0), D(-10))
    assert master.twr_index == pytest.approx(0.99)


def test_a_flow_is_valued_at_the_price_of_its_moment(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("2", "BTC")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    assert latest(fund, "master").flow == D(200)
    set_price("150")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    master = latest(fund, "master")
    assert (master.equity, master.flow) == (D(300), D(0))
    assert master.twr_index == pytest.approx(1.5)


def test_an_asset_without_a_price_is_listed_and_flows_in_once_it_has_one(
    fund: Fund, moments: Iterator[datetime]
) -> None:
    fund.deposit("1000")
    fund.deposit("5", "XYZ")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    master = latest(fund, "master")
    assert (master.equity, master.flow, master.unpriced) == (D(1000), D(1000), ["XYZ"])

    set_price("4", "XYZ")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    master = latest(fund, "master")
    assert (master.equity, master.flow, master.unpriced) == (D(1020), D(20), [])
    assert master.twr_index == pytest.approx(1.0)


def test_a_moment_is_written_once(fund: Fund, moments: Iterator[datetime]) -> None:
    at = next(moments)
    fund.deposit("1000")
    assert take_snapshots(owner_id=fund.owner.pk, at=at) == 6
    fund.deposit("1")
    assert take_snapshots(owner_id=fund.owner.pk, at=at) == 0
    assert Snapshot.objects.count() == 6
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    assert latest(fund, "master").flow == D(1)


def test_the_past_cannot_be_written_from_the_balances_of_now(fund: Fund, moments: Iterator[datetime]) -> None:
    at = next(moments)
    take_snapshots(owner_id=fund.owner.pk, at=at)
    with pytest.raises(ConflictError, match="value a later moment"):
        take_snapshots(owner_id=fund.owner.pk, at=at - timedelta(seconds=1))


def test_a_connection_that_failed_leaves_the_last_known_value_and_says_so(fund: Fund) -> None:
    fund.deposit("1000")
    take_snapshots(owner_id=fund.owner.pk)
    assert not latest(fund, "master").is_stale
    Connection.objects.update(status=Connection.Status.FAILED)
    take_snapshots(owner_id=fund.owner.pk)
    assert (latest(fund, "master").equity, latest(fund, "master").is_stale) == (D(1000), True)


def test_an_old_price_is_used_and_flagged(fund: Fund) -> None:
    fund.deposit("1", "BTC")
    set_price("100", at=clock.now() - timedelta(hours=1))
    take_snapshots(owner_id=fund.owner.pk)
    assert (latest(fund, "master").equity, latest(fund, "master").is_stale) == (D(100), True)


def test_history_is_valued_at_the_closes_of_its_time_and_is_never_stale(fund: Fund) -> None:
    bitcoin, at = make_instrument(), datetime(2024, 3, 1, 8, tzinfo=UTC)
    opening = int((at - timedelta(hours=4)).timestamp() * 1000)
    Candle.objects.create(instrument=bitcoin, timeframe="4h", ts=opening, open=70, high=80, low=60, close=75, volume=1)
    fund.connection.status = Connection.Status.STALE
    fund.connection.save()
    with clock.at(at):
        fund.deposit("2", "BTC")
        take_snapshots(owner_id=fund.owner.pk)
    assert (latest(fund, "master").equity, latest(fund, "master").is_stale) == (D(150), False)


def test_what_is_worth_now_is_read_without_writing_anything(fund: Fund, moments: Iterator[datetime]) -> None:
    fund.deposit("1000")
    fund.move("master", "agent a", "400")
    take_snapshots(owner_id=fund.owner.pk, at=next(moments))
    fund.buy("agent a", "1", "100")
    set_price("140")
    fund.deposit("60")
    marks = list(FlowMark.objects.order_by("pk").values_list("flow", flat=True))

    now = value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk)

    assert (now.equity, now.flow, now.unrealized_pnl) == (D(1100), D(60), D(40))
    assert now.twr_index == pytest.approx(1100 / 1060)
    assert value_scope(owner_id=fund.owner.pk, scope=fund.wallets["agent a"].pk).equity == D(440)
    assert Snapshot.objects.count() == 6
    assert list(FlowMark.objects.order_by("pk").values_list("flow", flat=True)) == marks


def test_a_value_read_at_or_before_the_newest_snapshot_goes_on_from_it(fund: Fund, moments: Iterator[datetime]) -> None:
    """A page whose moment is fixed may see a snapshot of a later one: money moved between them is no loss."""
    first, second = next(moments), next(moments)
    with clock.at(first):
        fund.deposit(1000)
        take_snapshots(owner_id=fund.owner.pk)
    with clock.at(second):
        fund.withdraw(400)
        take_snapshots(owner_id=fund.owner.pk)
    for moment in (second, second - timedelta(seconds=1)):
        with clock.at(moment):
            found = value_scope(owner_id=fund.owner.pk, scope=fund.wallets["master"].pk)
        assert (found.equity, found.flows, found.twr_index) == (600, 600, 1.0)


@pytest.mark.parametrize("year", [2017, 2024])
def test_months_of_the_past_are_made_when_they_are_needed(fund: Fund, year: int) -> None:
    for month in (1, 2, 12):
        assert take_snapshots(owner_id=fund.owner.pk, at=datetime(year, month, 1, tzinfo=UTC)) == 6
    assert Snapshot.objects.filter(at__year=year).count() == 18


def test_a_month_beyond_reason_is_refused(as_owner: User) -> None:
    with pytest.raises(DatabaseError, match="pass a day between"), transaction.atomic():
        take_snapshots(owner_id=as_owner.pk, at=datetime(1999, 1, 1, tzinfo=UTC))


def test_a_forgotten_filter_shows_nothing_of_others_through_any_month(
    owner: User, other_owner: User, moments: Iterator[datetime]
) -> None:
    at = next(moments)
    with tenancy.tenant(owner.pk):
        Fund.make(owner)
        take_snapshots(owner_id=owner.pk, at=at)
        take_snapshots(owner_id=owner.pk, at=at + timedelta(days=40))
        assert Snapshot.objects.count() == 12
    with tenancy.tenant(other_owner.pk):
        assert Snapshot.objects.count() == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM portfolio_snapshot")
            assert cursor.fetchone() == (0,)
    for month in ("202603", "202604"):
        with (
            tenancy.tenant(owner.pk),
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT count(*) FROM portfolio_snapshot_{month}")


def test_every_month_is_closed_to_direct_use_and_keeps_row_level_security(fund: Fund) -> None:
    take_snapshots(owner_id=fund.owner.pk, at=datetime(2024, 5, 5, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
                   (SELECT count(*) FROM aclexplode(c.relacl) AS acl JOIN pg_roles AS role ON role.oid = acl.grantee
                    WHERE acl.grantee <> c.relowner AND NOT (rolbypassrls AND privilege_type = 'SELECT'))
            FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
            WHERE inhparent = 'portfolio_snapshot'::regclass
            """
        )
        months = cursor.fetchall()
    assert months
    assert {(forced, grants) for _, forced, grants in months} == {(True, 0)}

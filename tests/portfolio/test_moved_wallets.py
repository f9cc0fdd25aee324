"""A wallet that gets another place takes its value along as a flow: no profit, no loss, no return of anybody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from farms.selectors.breakdown import Breakdown, Dimension, account_of, history_of
from kit import clock
from kit.display import Display, showing
from markets.models import Instrument
from portfolio import corrections
from portfolio.elsewhere import Elsewhere
from portfolio.models import Correction, DailyPerformance, Snapshot
from portfolio.selectors.calendar import Unit
from portfolio.selectors.contribution import By, Contribution
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.scope import Scope
from portfolio.selectors.standings import standings
from portfolio.services import roll_up_days, take_snapshots
from portfolio.trees import Trees
from tests.portfolio.fund import Fund, make_instrument, set_price_then
from tests.portfolio.test_history import DAY, HOUR, MINUTE, candles, price_at, value, work
from tests.portfolio.test_history import START as BEGAN
from tests.portfolio.test_routes import earned, earning, parts  # noqa: F401 - the fixture
from trading.models import Fill, Order, Position
from trading.orders.margin import record_perpetual
from trading.positions.accounting import Execution
from trading.positions.filling import add_to_position, take_from_position
from trading.positions.leveraged import leveraged
from trading.positions.standing import tell_position
from wallets.hierarchy import archiving
from wallets.ledger import post
from wallets.models import Wallet
from wallets.venues.base import TradeReport

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(("which", "to"), [("agent a", "farm b"), ("agent b", "farm a")])
def test_an_agent_that_moves_is_nobodys_profit(earning: Fund, which: str, to: str) -> None:  # noqa: F811
    fund = earning
    fund.sell(which, "0.5", "130", fee="1")
    take_snapshots(owner_id=fund.owner.pk, at=clock.now() - timedelta(minutes=30))
    wallet, target, made = fund.wallets[which], fund.wallets[to], parts(fund)
    assert made[wallet.pk][1] != 0
    before, values = earned(fund), {pk: one.value for pk, one in standings(owner_id=fund.owner.pk).items()}
    value = values[wallet.pk]
    assert value
    archiving.change_place(archiving.lock_to_move(wallet), target)
    assert earned(fund) == before
    take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    assert earned(fund) == before
    after = {pk: one.value for pk, one in standings(owner_id=fund.owner.pk).items()}
    left = fund.wallets["farm a" if to == "farm b" else "farm b"]
    assert after[left.pk] == values[left.pk] - value
    assert after[target.pk] == values[target.pk] + value
    assert after[fund.wallets["master"].pk] == values[fund.wallets["master"].pk]
    assert parts(fund) == made  # to the market, to trades and to fees falls what did before
    day = DailyPerformance.objects.filter(wallet=target).latest("day")
    assert day.flow >= value


def test_what_it_made_and_traded_is_of_where_it_stood_then(fund: Fund) -> None:
    """In whatever period, by agents and by farms, and in the histories of both."""

    def lived(day: int, price: str) -> datetime:
        moment = START + timedelta(days=day)
        set_price_then(price, at=moment)
        return moment

    def value() -> None:
        take_snapshots(owner_id=fund.owner.pk, at=clock.now())

    with clock.at(lived(0, "100")):
        fund.deposit("1000", wallet="agent a")
        fund.buy("agent a", "2", "100")
        value()
    with clock.at(lived(1, "110")):
        fund.sell("agent a", "2", "110")
        fund.buy("agent a", "1", "110")
        value()
    with clock.at(lived(2, "120")):
        archiving.change_place(archiving.lock_to_move(fund.wallets["agent a"]), fund.wallets["farm b"])
    with clock.at(lived(3, "150")):
        fund.sell("agent a", "1", "150")
        value()
    roll_up_days(owner_id=fund.owner.pk)
    first, second = (START.date() + timedelta(days=number) for number in (1, 3))
    told = {
        Period.ALL: {("agent a", "farm a"): 30, ("agent a", "farm b"): 30},
        Span(None, first): {("agent a", "farm a"): 20},
        Span(second, None): {("agent a", "farm b"): 30},
    }
    with clock.at(START + timedelta(days=3, hours=1)), showing(Display(timezone="UTC")):
        for period, made in told.items():
            found = Contribution.of(Scope(owner=fund.owner, period=period), by=By.AGENT)
            assert found.total == sum(part.profit for part in found.parts)
            assert {(part.name, part.place): part.profit for part in found.parts if part.profit} == made
            assert all(
                part.opening + part.flows + part.profit == part.closing
                for part in found.parts
                if part.opening is not None and part.flows is not None
            )
        for name, made, won in (("farm a", 30, 20), ("farm b", 30, 40)):
            scope = Scope(owner=fund.owner, period=Period.ALL, wallet_id=fund.wallets[name].pk)
            found = Contribution.of(scope)
            assert {part.name: part.profit for part in found.parts} == {"agent a": made}
            account = account_of(str(fund.wallets[name].pk), owner=fund.owner)
            history = history_of(account, owner=fund.owner, unit=Unit.DAY).total
            broken = Breakdown(owner=fund.owner, by=Dimension.FARM, period=Period.ALL).lines
            (line,) = (one for one in broken if one.account.name == name)
            assert history is not None
            for trades in (scope.trade_figures, history.trades, line.trades):
                assert (trades.trades, trades.won) == (1, won)
        (line,) = Breakdown(owner=fund.owner, by=Dimension.AGENT, period=Period.ALL).lines
        assert (line.trades.trades, line.trades.won, line.profit) == (2, 60, 60)


def test_a_period_that_ended_before_a_farm_moved_tells_of_its_agents(fund: Fund) -> None:
    fund.add("other master", None)
    for number, price in enumerate(("100", "110", "120")):
        with clock.at(START + timedelta(days=number)):
            set_price_then(price, at=clock.now())
            if number == 0:
                fund.deposit("1000", wallet="agent a")
                fund.buy("agent a", "2", "100")
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
            if number == 2:
                archiving.change_place(archiving.lock_to_move(fund.wallets["farm a"]), fund.wallets["other master"])
    roll_up_days(owner_id=fund.owner.pk)
    before = Span(None, START.date() + timedelta(days=1))
    with clock.at(START + timedelta(days=3)), showing(Display(timezone="UTC")):
        for wallet in (None, "master", "farm a"):
            of = fund.wallets[wallet].pk if wallet else None
            found = Contribution.of(Scope(owner=fund.owner, period=before, wallet_id=of), by=By.AGENT)
            assert [(part.name, part.place, part.profit) for part in found.parts] == [
                ("agent a", "farm a", Decimal(20))
            ]
        found = Contribution.of(Scope(owner=fund.owner, period=before, wallet_id=fund.wallets["master"].pk))
        assert [(part.name, part.place, part.profit) for part in found.parts] == [("farm a", "master", Decimal(20))]


def test_the_past_is_worked_out_with_everybody_where_they_stood_then(fund: Fund) -> None:
    """After a change of time zone, and again for a trade that was told late: whatever was said stays."""
    owner_id, agent = fund.owner.pk, fund.wallets["agent a"]
    candles(BEGAN - HOUR, BEGAN + 4 * DAY)
    with clock.at(BEGAN):
        fund.deposit("1000", wallet="agent a")
        fund.deposit("400", wallet="agent b")
        fund.buy("agent a", "1", str(price_at(BEGAN)), fee="1")
        fund.sell("agent a", "1", "180")
        fund.buy("agent a", "2", str(price_at(BEGAN)))
    moved_at, now = BEGAN + 2 * DAY + HOUR, BEGAN + 4 * DAY - HOUR
    for number in range(0, 49, 3):
        value(fund, BEGAN + number * HOUR)
    with clock.at(moved_at):
        archiving.change_place(archiving.lock_to_move(agent), fund.wallets["farm b"])
    for number in range(51, 96, 3):
        value(fund, BEGAN + number * HOUR)
    before = said()
    fund.owner.timezone = "America/New_York"
    fund.owner.save(update_fields=["timezone"])
    with clock.at(now):
        corrections.ask_to_close(owner_id=owner_id, since=None)
        work(owner_id)
        midnights = Snapshot.objects.exclude(pk__in=before)
        assert midnights.count() == 4 * (len(fund.wallets) + 1)
        for at in set(midnights.values_list("at", flat=True)):
            worth = dict(midnights.filter(at=at).values_list("scope", "equity"))
            held, farms = worth[agent.pk], [worth[fund.wallets[f"farm {letter}"].pk] for letter in "ab"]
            assert farms == ([held, 400] if at < moved_at else [0, 400 + held])
        assert not any(midnights.values_list("flow", flat=True))
        for one in midnights:  # nothing was realized since the value before, wherever the wallet has gone meanwhile
            earlier = Snapshot.objects.filter(scope=one.scope, at__lt=one.at).latest("at")
            assert (one.realized_pnl, one.fees) == (earlier.realized_pnl, earlier.fees)
        assert {pk: one for pk, one in said().items() if pk in before} == before
        every = said()
        Correction.objects.create(
            owner_id=owner_id, kind="late", wallet=agent, since=BEGAN, until=now, created_at=clock.now()
        )
        work(owner_id)
        assert said() == every


def said() -> dict[int, tuple[Any, ...]]:
    return {row.pk: figures(row) for row in Snapshot.objects.all()}


def figures(row: Snapshot) -> tuple[Any, ...]:
    told = (row.equity, row.flow, row.flows, row.realized_pnl, row.fees, row.adjustments)
    return *told, pytest.approx(row.twr_index)


@pytest.mark.parametrize("kind", [Instrument.Kind.SPOT, Instrument.Kind.PERPETUAL])
@pytest.mark.parametrize("sold", ["2", "0.5"])
def test_a_trade_of_before_a_move_that_is_told_after_it_is_as_if_it_had_been_told_at_once(
    fund: Fund, sold: str, kind: str
) -> None:
    """For the farm that was left, for the one that was come to, and whatever is valued from then on."""
    candles(BEGAN - HOUR, BEGAN + 2 * DAY)
    book = booked if kind == Instrument.Kind.SPOT else booked_with_leverage
    at_once = lived(fund, sold, book, told=BEGAN + 5 * HOUR, undone=True)
    late = lived(fund, sold, book, told=BEGAN + 11 * HOUR, undone=False)
    assert late == at_once
    closed = Position.objects.filter(wallet=fund.wallets["agent a"], closed_at__isnull=False)
    assert set(closed.values_list("closed_under", flat=True)) <= {fund.wallets["farm a"].pk}
    assert closed.exists() == (sold == "2")


def lived(fund: Fund, sold: str, book: Callable[..., None], *, told: datetime, undone: bool) -> dict[Any, Any]:
    """Bought at the beginning, sold after five hours, moved after eight; what every value says in the end."""
    owner_id, agent, happened = fund.owner.pk, fund.wallets["agent a"], BEGAN + 5 * HOUR
    with transaction.atomic():
        with clock.at(BEGAN):
            fund.deposit("1000", wallet="agent a")
            fund.deposit("400", wallet="agent b")
            book(fund, "buy", "2", BEGAN)
        for number in range(1, 16):
            at = BEGAN + number * HOUR
            with clock.at(at):
                if at == told:
                    book(fund, "sell", sold, happened)
                revalued(fund, at)
                if number == 8:
                    archiving.change_place(archiving.lock_to_move(agent), fund.wallets["farm b"])
            revalued(fund, at + 5 * MINUTE)
            value(fund, at + 5 * MINUTE)
            if at == told != happened:
                with clock.at(at + 6 * MINUTE):
                    Correction.objects.create(
                        owner_id=owner_id, kind="late", wallet=agent, since=happened, until=told, created_at=clock.now()
                    )
                    work(owner_id)
        found = {(row.scope, row.at): figures(row) for row in Snapshot.objects.all()}
        transaction.set_rollback(undone)
    return found


def revalued(fund: Fund, at: datetime) -> None:
    """What is open in a perpetual is worth what it costs then, as its monitor has it."""
    for position in Position.objects.select_related("wallet__connection", "instrument").filter(
        closed_at=None, leverage__isnull=False
    ):
        with clock.at(at):
            tell_position(position.wallet, position.instrument, leveraged(position), Decimal(price_at(at)))


def booked(fund: Fund, side: str, quantity: str, happened: datetime) -> None:
    """A trade of that moment, told now: in the books, in its position, and as a fill."""
    wallet, instrument, price = fund.wallets["agent a"], make_instrument(), Decimal(price_at(happened))
    size, cost, key = Decimal(quantity), Decimal(quantity) * price, f"trade-{fund.keys()}"
    paid, got = ("USDT", "BTC") if side == "buy" else ("BTC", "USDT")
    legs = [
        fund._leg("agent a", "wallet", "agent a", "clearing", paid, cost if side == "buy" else size),
        fund._leg("agent a", "clearing", "agent a", "wallet", got, size if side == "buy" else cost),
        fund._leg("agent a", "wallet", "agent a", "fees", "USDT", 1),
    ]
    posting = post(owner_id=fund.owner.pk, key=key, kind="trade", legs=legs)
    order = Order.objects.create(
        owner=fund.owner, wallet=wallet, connection=fund.connection, instrument=instrument, key=key,
        client_order_id=key, side=side, type="market", quantity=size, status="submitting", reference_price=price,
        due_at=clock.now(),
    )  # fmt: skip
    add = add_to_position if side == "buy" else take_from_position
    trade = TradeReport(key, key, instrument.symbol, side, price, size, Decimal(1), "USDT", "taker", happened)
    add(order, trade, Execution(size, price, Decimal(1)))
    Fill.objects.create(
        owner=fund.owner, order=order, wallet=wallet, connection=fund.connection, instrument=instrument,
        venue_trade_id=key, side=side, price=price, quantity=size, fee=1, fee_asset="USDT", filled_at=happened,
        posting_id=posting.pk,
    )  # fmt: skip


def booked_with_leverage(fund: Fund, side: str, quantity: str, happened: datetime) -> None:
    """The same in the perpetual beside the market, at twice its margin."""
    wallet, price, key = fund.wallets["agent a"], Decimal(price_at(happened)), f"trade-{fund.keys()}"
    spot = make_instrument()
    perpetual, _ = Instrument.objects.get_or_create(
        venue=spot.venue, symbol="BTC/USDT-PERP", kind=Instrument.Kind.PERPETUAL,
        defaults={
            "base": spot.base, "quote": spot.quote, "settle": spot.quote, "prices_of": spot,
            "tick_size": spot.tick_size, "lot_size": spot.lot_size, "maintenance_margin": Decimal("0.005"),
        },
    )  # fmt: skip
    order = Order.objects.create(
        owner=fund.owner, wallet=wallet, connection=fund.connection, instrument=perpetual, key=key,
        client_order_id=key, side=side, type="market", quantity=Decimal(quantity), status="submitting",
        reference_price=price, due_at=clock.now(), leverage=2, reduce_only=side == "sell",
    )  # fmt: skip
    trade = TradeReport(
        key, key, perpetual.symbol, side, price, Decimal(quantity), Decimal(1), "USDT", "taker", happened
    )  # fmt: skip
    posting, realized = record_perpetual(order, trade, is_last=True)
    Fill.objects.create(
        owner=fund.owner, order=order, wallet=wallet, connection=fund.connection, instrument=perpetual,
        venue_trade_id=key, side=side, price=price, quantity=Decimal(quantity), fee=1, fee_asset="USDT",
        filled_at=happened, posting_id=posting.pk, realized=realized,
    )  # fmt: skip


def test_many_moves_are_taken_back_in_as_many_statements_as_two(fund: Fund) -> None:
    """What a wallet had realized at each move is read once for all moves, and is what is read for one alone."""

    def elsewhere() -> Elsewhere:
        venues = dict(Wallet.objects.values_list("pk", "connection__venue"))
        return Elsewhere(owner_id=fund.owner.pk, trees=Trees(owner_id=fund.owner.pk), venues=venues)

    def asked(at: datetime) -> tuple[int, dict[str, list[Any]]]:
        found = elsewhere()
        with CaptureQueriesContext(connection) as statements:
            told = found.told(at)
        return len(statements), told

    agent, moves = fund.wallets["agent a"], []
    with clock.at(START):
        fund.deposit("1000", wallet="agent a")
    for number in range(6):
        at = START + timedelta(days=number + 1)
        set_price_then("100", at=at)
        with clock.at(at):
            fund.buy("agent a", "1", "100")
            fund.sell("agent a", "1", str(101 + number))
        with clock.at(at + HOUR):
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
            target = fund.wallets["farm b" if number % 2 == 0 else "farm a"]
            archiving.change_place(archiving.lock_to_move(Wallet.objects.get(pk=agent.pk)), target)
        moves.append(at)
    (few, _), (many, told) = asked(moves[4]), asked(START)
    assert many == few
    one_by_one = elsewhere()
    for at in reversed(moves):  # each move is looked at by itself, from the last on
        one_by_one.told(at)
    assert one_by_one.told(START) == told

"""A venue denies an order that it took: nothing that protects a position, or is in the way of leaving it, waits for
ever. Real ccxt over real HTTP against a simulated exchange; the clock is moved by the test."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import stamina

from kit import clock
from kit.alerts.models import Alert
from kit.users.models import User
from tests.simulators.account import Placed
from tests.simulators.okx import Okx
from tests.simulators.server import Exchanges
from tests.trading.desk import set_price
from tests.trading.exchange_desk import desk_at
from tests.trading.test_resting_stops import VENUES, Held, held_at
from trading import services
from trading.models import Cancellation, Order
from trading.orders.terms import Limit
from wallets.models import Connection, Wallet
from wallets.venues.base import TradeReport
from wallets.venues.ccxt.adapter import CcxtVenue
from wallets.venues.ccxt.dialects import dialect_of

D = Decimal


class Time:
    """The present, which only the test moves on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, seconds: int) -> None:
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Iterator[Time]:
    moved = Time()
    with stamina.set_testing(True, attempts=1), clock.simulated(moved):
        yield moved


@pytest.fixture(params=VENUES)
def held(request: pytest.FixtureRequest, as_owner: User, exchanges: Exchanges, time: Time) -> Held:
    """Half a bitcoin, whose stop at 45,000 rests at the exchange."""
    held = held_at(exchanges, as_owner, request.param)
    held.work()
    held.work()
    assert held.stop.status == "open"
    return held


def forget(held: Held, order: Order) -> None:
    """The exchange loses it, as if it had never been there."""
    name = dialect_of(order.connection.venue).names.sent(order.client_order_id)
    (there,) = (one for one in held.account.orders if one.client_id == name)
    held.account.orders.remove(there)


def go_on(held: Held, time: Time, at: str, *, turns: int = 5) -> None:
    """Twenty seconds and a new price, again and again."""
    for _ in range(turns):
        time.pass_by(20)
        set_price(held.desk.instrument, at)
        held.work()


def test_a_stop_that_the_venue_forgets_is_given_up_and_watched_here(held: Held, time: Time) -> None:
    stop = held.stop
    forget(held, stop)
    go_on(held, time, "50000")
    stop.refresh_from_db()
    assert (stop.status, stop.events.last().answer) == ("cancelled", {"known": False})
    assert "does not rest at the venue" in str(Alert.objects.get(kind="unrested", resolved_at=None))
    held.price("44000")
    go_on(held, time, "44000", turns=2)
    assert held.sold() == D("0.5")
    assert held.position.closed_at is not None


def test_one_denial_ends_nothing(held: Held, time: Time) -> None:
    time.pass_by(60)
    there = held.stops[0]
    held.account.orders.remove(there)
    held.work()
    held.work()
    assert held.stop.status == "open"
    held.account.orders.append(there)
    go_on(held, time, "50000")
    assert (held.stop.status, len(held.stops)) == ("open", 1)
    assert not Alert.objects.filter(kind="order", resolved_at=None).exists()


def test_a_position_whose_stop_was_forgotten_can_be_closed(held: Held, time: Time) -> None:
    forget(held, held.stop)
    sale = services.close_position(owner_id=held.desk.owner.pk, position_id=held.position.pk, key="now")
    assert sale.status == "waiting"
    go_on(held, time, "50000")
    assert (held.desk.fresh(sale).status, held.sold()) == ("filled", D("0.5"))
    assert held.is_left()


def test_a_stop_that_okx_does_not_tell_once_it_is_cancelled_keeps_nobody_waiting(
    as_owner: User, exchanges: Exchanges, time: Time
) -> None:
    """It is among the ended ones, which are asked for by number."""
    held = held_at(exchanges, as_owner, "okx")
    exchanges.okx().forgets_stops = True
    held.work()
    held.work()
    sale = services.close_position(owner_id=as_owner.pk, position_id=held.position.pk, key="now")
    assert sale.status == "waiting"
    held.work()
    held.work()
    assert held.is_left()
    assert held.sold() == D("0.5")


def test_everything_can_be_left_although_a_stop_was_forgotten(held: Held, time: Time) -> None:
    forget(held, held.stop)
    own, wallets = held.desk.owner.pk, [held.desk.master.pk]
    for _ in range(5):
        closing = services.close_all(owner_id=own, wallet_ids=wallets, reason="Enough.")  # type: ignore[arg-type]
        go_on(held, time, "50000", turns=1)
    assert closing.is_done
    assert held.is_left()
    assert held.sold() == D("0.5")


def test_a_target_is_carried_out_although_the_stop_was_forgotten(held: Held, time: Time) -> None:
    services.move_levels(owner_id=held.desk.owner.pk, position_id=held.position.pk, levels={"exit_target": D(55_000)})
    forget(held, held.stop)
    held.price("55100")
    go_on(held, time, "55100")
    assert held.is_left()
    assert held.sold() == D("0.5")


def test_a_sale_behind_a_limit_that_was_forgotten_is_sent(as_owner: User, exchanges: Exchanges, time: Time) -> None:
    desk = desk_at(exchanges, as_owner, "binance")
    held = Held(desk, exchanges.wires["binance"].account, exchanges)
    held.account.fee_in_base = False
    desk.trade("buy", "0.5")
    limit = desk.trade("sell", "0.5", limit=Limit(D(60_000)))
    assert limit.status == "open"
    forget(held, limit)
    sale = services.close_position(owner_id=as_owner.pk, position_id=held.position.pk, key="now")
    go_on(held, time, "50000")
    assert (desk.fresh(limit).status, desk.fresh(sale).status) == ("cancelled", "filled")
    assert held.is_left()


def test_an_entry_that_was_forgotten_ends_when_somebody_asks_for_that_and_not_before(held: Held, time: Time) -> None:
    entry = held.desk.trade("buy", "0.01", limit=Limit(D(40_000)))
    forget(held, entry)
    go_on(held, time, "50000")
    assert held.desk.fresh(entry).status == "open"
    services.request_cancellation(owner_id=held.desk.owner.pk, order_id=entry.pk)
    go_on(held, time, "50000")
    assert (held.desk.fresh(entry).status, held.desk.held("USDT")) == ("cancelled", 0)
    assert not Cancellation.objects.filter(order=entry, closed_at=None).exists()
    assert not Alert.objects.filter(kind="order", resolved_at=None).exists()


def test_a_trade_that_the_venue_still_tells_of_is_booked_first(
    held: Held, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = held.stop
    held.price("44000")  # it sells there
    monkeypatch.setattr(CcxtVenue, "order", lambda *_: None)  # and is denied
    monkeypatch.setattr(CcxtVenue, "numbered", lambda *_: None)
    if isinstance(wire := held.exchanges.wires[held.desk.connection.venue], Okx):
        wire.lags = True  # its list of all fills comes later
    go_on(held, time, "44000")
    stop.refresh_from_db()
    assert (stop.status, stop.filled_quantity) == ("filled", D("0.5"))
    assert (held.sold(), held.is_left()) == (D("0.5"), True)


def test_nobody_else_asks_while_the_venue_takes_long_to_answer_who_heard_the_denial(
    held: Held, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer comes within a lease, all of them together do not."""
    forget(held, held.stop)
    go_on(held, time, "50000", turns=2)
    time.pass_by(60)
    set_price(held.desk.instrument, "50000")
    stop, asked = held.stop, list[str]()

    def slow(name: str) -> None:
        answer = getattr(CcxtVenue, name)

        def ask(venue: CcxtVenue, *given: Any) -> Any:
            asked.append(name)
            time.pass_by(40)
            if len(asked) <= 3:
                held.desk.resolve(stop)
            return answer(venue, *given)

        monkeypatch.setattr(CcxtVenue, name, ask)

    for name in ("order", "open_orders", "trades_since"):
        slow(name)
    held.desk.resolve(stop)
    assert asked == ["order", "open_orders", "trades_since"]
    assert held.desk.fresh(stop).status == "cancelled"


def test_who_comes_back_after_the_lease_changes_nothing(
    held: Held, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has found the stop where it was, while the first still waits for a list of its trades."""
    stop = held.stop
    (there,) = held.stops
    forget(held, stop)
    go_on(held, time, "50000", turns=2)
    time.pass_by(60)
    bought = Order.objects.get(side="buy").fills.get()
    trade = TradeReport(
        "9", stop.client_order_id, "BTC/USDT", "sell", D(45_000), D("0.1"), D(0), "USDT", "taker", bought.filled_at
    )

    def trades_since(*_: Any) -> tuple[TradeReport, ...]:
        held.account.orders.append(there)
        time.pass_by(50)
        held.desk.resolve(stop)
        return (trade,)

    monkeypatch.setattr(CcxtVenue, "trades_since", trades_since)
    held.desk.resolve(stop)
    assert (held.desk.fresh(stop).status, held.sold()) == ("open", 0)


def test_a_stop_that_the_market_has_passed_is_not_believed_for_longer_than_a_minute(held: Held, time: Time) -> None:
    set_price(held.desk.instrument, "44000")  # the exchange does not carry it out
    held.work()
    assert (held.sold(), held.stop.status) == (0, "open")
    go_on(held, time, "44000", turns=2)
    assert not Alert.objects.filter(kind="unprotected").exists()
    assert (held.sold(), held.stop.status) == (0, "open")
    go_on(held, time, "44000", turns=2)
    assert "has not sold" in Alert.objects.get(level="critical", about=f"position:{held.position.pk}").story()
    go_on(held, time, "44000", turns=2)
    assert held.sold() == D("0.5")
    assert held.is_left()


def test_a_stop_that_is_touched_twice_is_not_passed(held: Held, time: Time) -> None:
    for _ in range(2):
        go_on(held, time, "44990", turns=2)
        go_on(held, time, "46000", turns=2)
    go_on(held, time, "44990", turns=2)
    assert not Alert.objects.filter(kind="unprotected").exists()
    assert (held.sold(), held.stop.status) == (0, "open")


def test_where_nothing_is_carried_out_nobody_is_told_that_it_is(held: Held, time: Time) -> None:
    Wallet.objects.filter(pk=held.desk.wallet.pk).update(trading_state="halted", protects_in_halt=False)
    go_on(held, time, "44000", turns=6)
    assert not Alert.objects.filter(kind="unprotected").exists()
    assert (held.sold(), held.stop.status) == (0, "open")


@pytest.mark.parametrize("is_live", [False, True])
def test_what_another_key_does_not_know_is_no_word(held: Held, time: Time, is_live: bool) -> None:
    """It may be of another account: also where its owner lets it trade at once."""
    stop = held.stop
    time.pass_by(60)
    held.desk.connection.credentials.update(updated_at=time())
    if not is_live:
        Connection.objects.filter(pk=held.desk.connection.pk).update(live_at=None)
    forget(held, stop)
    go_on(held, time, "50000", turns=8)
    stop.refresh_from_db()
    assert stop.status == "open"
    assert Alert.objects.unresolved().filter(about=f"order:{stop.pk}").exists()


def test_a_venue_that_was_away_has_denied_nothing(held: Held, time: Time) -> None:
    limit = held.stop
    Alert.objects.create(
        owner=held.desk.owner, key=f"order:{limit.pk}", kind="order", title="Nobody knows", level="critical",
        raised_at=time() - timedelta(hours=1),
    )  # fmt: skip
    time.pass_by(3600)
    forget(held, limit)
    go_on(held, time, "50000", turns=1)
    limit.refresh_from_db()
    assert limit.status == "open"


def test_a_stop_that_is_filled_while_it_is_doubted_sells_once(held: Held, time: Time) -> None:
    for seconds in (0, 20, 20, 25):
        time.pass_by(seconds)
        set_price(held.desk.instrument, "44000")
        services.keep_protection(owner_id=held.desk.owner.pk)
    assert Cancellation.objects.filter(order=held.stop).exists()  # the sale waits
    held.price("44000")  # now it sells there after all
    go_on(held, time, "44000", turns=3)
    assert held.sold() == D("0.5")
    assert held.is_left()


def test_a_stop_whose_limit_the_price_has_jumped_over_is_ended_and_the_position_sold(
    as_owner: User, exchanges: Exchanges, time: Time
) -> None:
    """Coinbase knows stops with a limit only: what falls deeper than that at once rests there, and sells nothing."""
    held = held_at(exchanges, as_owner, "coinbase")
    held.work()
    held.work()
    (there,) = held.stops
    assert (there.trigger, there.price) == (45_000, 42_750)
    held.price("40000")
    held.work()
    assert (there.is_set_off, held.sold(), held.stop.status) == (True, 0, "open")
    go_on(held, time, "40000", turns=7)
    assert "has not sold" in Alert.objects.get(level="critical", about=f"position:{held.position.pk}").story()
    assert (there.state, held.sold()) == ("cancelled", D("0.5"))
    assert held.is_left()


def test_a_stop_whose_limit_is_met_again_sells_there_and_not_twice(
    as_owner: User, exchanges: Exchanges, time: Time
) -> None:
    held = held_at(exchanges, as_owner, "coinbase")
    held.work()
    held.work()
    held.price("40000")
    go_on(held, time, "40000", turns=4)
    held.price("43000")
    go_on(held, time, "43000", turns=3)
    assert held.sold() == D("0.5")
    assert held.is_left()


def crowd(held: Held, number: int = 1_001) -> None:
    """So many orders of the market are younger than ours."""
    account = held.account
    market = next(iter(account.markets.values()))
    account.orders += [
        Placed(next(account.numbers), f"x{at}", market, "buy", "limit", D("0.001"), D(1), account.now_ms(),
               state="cancelled")
        for at in range(number)
    ]  # fmt: skip


def test_a_stop_that_is_older_than_what_coinbase_lists_is_found_moved_and_ended(
    as_owner: User, exchanges: Exchanges, time: Time
) -> None:
    held = held_at(exchanges, as_owner, "coinbase")
    held.work()
    held.work()
    crowd(held)
    go_on(held, time, "50000")
    assert not Alert.objects.filter(kind="order", resolved_at=None).exists()
    own, pk = held.desk.owner.pk, held.position.pk
    services.move_levels(owner_id=own, position_id=pk, levels={"exit_stop": D(47_000)})
    go_on(held, time, "50000", turns=3)
    assert [order.trigger for order in held.stops] == [47_000]
    services.close_position(owner_id=own, position_id=pk, key="now")
    crowd(held)
    go_on(held, time, "50000", turns=3)
    assert held.sold() == D("0.5")
    assert held.is_left()


def test_a_stop_that_was_filled_and_is_older_than_what_coinbase_lists_is_found_by_its_number(
    as_owner: User, exchanges: Exchanges, time: Time
) -> None:
    held = held_at(exchanges, as_owner, "coinbase")
    held.work()
    held.work()
    held.price("44000")
    crowd(held)
    held.work()
    assert held.sold() == D("0.5")
    assert held.is_left()
    assert not Alert.objects.filter(kind="order").exists()

"""Perpetuals on paper: short and long, leverage, margin in the ledger, and what is turned down in words."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import clock, tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.candles import copying
from markets.models import Instrument
from markets.prices import latest_price
from markets.services import list_perpetuals
from portfolio import rewriting
from portfolio.models import Snapshot
from portfolio.services import take_snapshots
from quant.candles import Candles
from tests.trading.perpetual_desk import FEE, PERPETUAL, PerpetualDesk, make_perpetual_desk
from tests.trading.test_funding import Died, dying_before_recording
from trading import services
from trading.models import Fill, Order, RiskDecision
from trading.orders.intents import Terms
from trading.orders.terms import Limit, Trigger
from trading.positions.levels import WrongSideError
from trading.risk.checks import CHECKS
from trading.risk.gate import Market, Proposal, Standing
from wallets.ledger import AccountRef, Leg, post
from wallets.models import VenueIncome, Wallet
from wallets.services import sync_connection
from wallets.sync import looking
from wallets.venues.demo import following

D = Decimal
CASH = D(100_000)


@pytest.fixture
def desk(owner: User) -> PerpetualDesk:
    return make_perpetual_desk(owner)


def refusal(desk: PerpetualDesk, order: Order) -> tuple[str, str]:
    """Which check refused it, and the sentence."""
    with tenancy.tenant(desk.owner.pk):
        decision = RiskDecision.objects.get(order=order)
    return decision.limit, str(order.refusal)


def test_each_spot_market_has_one_perpetual_at_its_prices(desk: PerpetualDesk) -> None:
    perpetual = desk.instrument
    assert list_perpetuals(venue="simulated") == 0
    assert (perpetual.settle, perpetual.kind, perpetual.max_leverage) == ("USDT", "perpetual", 20)
    assert (perpetual.tick_size, perpetual.lot_size) == (desk.spot.tick_size, desk.spot.lot_size)
    desk.price("123.45")
    quote = latest_price(instrument_id=perpetual.pk)
    assert quote is not None
    assert quote.price == D("123.45")
    assert not Instrument.objects.filter(prices_of=perpetual).exists()


def test_a_short_sells_without_a_coin_holds_its_margin_and_wins_as_the_price_falls(desk: PerpetualDesk) -> None:
    order = desk.trade("sell", "10", leverage=D(5))
    assert (order.status, order.filled_quantity) == ("filled", 10)
    position = desk.position()
    assert position is not None
    assert (position.direction, position.quantity, position.entry_price) == ("short", 10, 100)
    assert (position.margin, desk.held("USDT")) == (200, 200)
    assert desk.balance("USDT") == CASH - 1  # the fee alone: nothing was paid for it
    assert position.liquidation_price is not None
    assert position.liquidation_price.quantize(D("0.01")) == D("118.81")  # (1000 + 200) / (10 × 1.01)
    desk.assert_settled()

    desk.price("90")
    desk.trade("buy", "10", reduce_only=True)
    (closed,) = desk.closed()
    assert closed.realized_pnl == 100 - 1 - D("0.9")
    assert desk.balance("USDT") == CASH + closed.realized_pnl
    assert (desk.balance("USDT", "profit"), desk.balance("USDT", "costs")) == (-100, D("1.9"))
    desk.assert_settled()


def test_a_young_margin_is_nothing_under_way(desk: PerpetualDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "REST_SECONDS", 0)
    desk.trade("sell", "10", leverage=D(5))
    with tenancy.tenant(desk.owner.pk):
        leg = Leg(AccountRef(desk.wallet.pk, "USDT", "external"), AccountRef(desk.wallet.pk, "USDT"), D(25))
        post(owner_id=desk.owner.pk, key="never arrived", kind="deposit", legs=[leg])
        run = sync_connection(owner_id=desk.owner.pk, connection_id=desk.connection.pk)
    assert (run.status, run.step) == ("drift", "Books and venue differ in USDT.")


def test_a_long_with_leverage_takes_a_part_of_what_it_is_worth(desk: PerpetualDesk) -> None:
    desk.trade("buy", "100", leverage=D(20))
    assert desk.held("USDT") == 500  # of 10,000
    desk.price("101")
    desk.trade("sell", "40")
    position = desk.position()
    assert position is not None
    assert (position.quantity, position.margin, desk.held("USDT")) == (60, 300, 300)
    assert position.realized_pnl == 40 - 10 - D("4.04")
    desk.assert_settled()


def test_one_order_turns_a_position_round(desk: PerpetualDesk) -> None:
    desk.trade("buy", "10", leverage=D(2))
    desk.price("110")
    order = desk.trade("sell", "25", leverage=D(4))
    assert order.status == "filled"
    (closed,), position = desk.closed(), desk.position()
    assert position is not None
    assert (closed.direction, closed.exit_quantity, closed.exit_price) == ("long", 10, 110)
    assert (position.direction, position.quantity, position.entry_price) == ("short", 15, 110)
    assert position.margin == D("412.5")  # 15 × 110 ÷ 4
    fee = 25 * 110 * FEE
    assert closed.realized_pnl == 100 - 1 - fee * 10 / 25
    assert position.realized_pnl == -fee * 15 / 25
    with tenancy.tenant(desk.owner.pk):
        assert Fill.objects.filter(order=order).count() == 1
    desk.assert_settled()


def test_an_order_within_the_position_only_reduces_from_then_on(desk: PerpetualDesk) -> None:
    desk.trade("buy", "10")
    order = desk.place("sell", "4")
    assert order.reduce_only
    assert order.hold_id is None
    assert not desk.place("buy", "1", reduce_only=False).reduce_only


@pytest.mark.parametrize(("first", "second"), [("buy", "sell"), ("sell", "buy")])
@pytest.mark.parametrize("leaves", ["10", "4"])
def test_what_was_traded_before_is_booked_before_whoever_is_heard_of_first(
    desk: PerpetualDesk, first: str, second: str, leaves: str
) -> None:
    """The worker that added to the position died before it recorded that; the position is reduced or left."""
    desk.trade(first, "10", leverage=D(2))
    desk.price("103")
    added = desk.place(first, "5", leverage=D(4))
    with dying_before_recording(), pytest.raises(Died):
        desk.execute(added)
    desk.price("95")
    left = desk.place(second, leaves, leverage=D(3))
    assert left.status == "submitting", left.refusal
    assert desk.execute(left).filled_quantity == 0
    with tenancy.tenant(desk.owner.pk):
        assert "booked first" in str(left.events.order_by("-pk")[0].detail)
    position = desk.position()
    assert position is not None
    assert position.quantity == 10
    assert desk.resolve(desk.fresh(added)).status == "filled"
    desk.fall_due(left)
    assert desk.resolve(left).status == "filled"
    desk.assert_settled()


def test_positions_of_two_wallets_of_one_account_do_not_net(desk: PerpetualDesk) -> None:
    desk.trade("buy", "10")
    with tenancy.tenant(desk.owner.pk):
        other = make_other_wallet(desk)
    order = desk.execute(desk.place("sell", "10", wallet=other))
    assert order.status == "filled"
    position = desk.position()
    assert position is not None
    assert position.quantity == 10
    desk.trade("sell", "10")
    assert desk.position() is None


def make_other_wallet(desk: PerpetualDesk) -> Wallet:
    other = Wallet.objects.create(
        owner=desk.owner, connection=desk.connection, name="Other", role="agent", parent=desk.farm
    )
    leg = Leg(AccountRef(desk.wallet.pk, "USDT"), AccountRef(other.pk, "USDT"), D(5_000))
    post(owner_id=desk.owner.pk, key="other", kind="allocate", legs=[leg])
    return other


def test_a_limit_order_rests_with_its_margin_and_gives_back_what_it_does_not_need(desk: PerpetualDesk) -> None:
    order = desk.trade("sell", "10", limit=Limit(D(105)), leverage=D(5))
    assert (order.status, desk.held("USDT")) == ("open", D(210) + D("1.05"))
    desk.price("106", at=clock.now() + timedelta(seconds=1))
    following.match_account(owner_id=desk.owner.pk, connection_id=desk.connection.pk)
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    position = desk.position()
    assert position is not None
    assert (position.entry_price, position.margin, desk.held("USDT")) == (105, 210, 210)
    desk.assert_settled()


# --- bad input ------------------------------------------------------------------------------------------------------


SOLD_DEAR = {
    "a limit below the market": {"limit": Limit(D(50))},
    "two prices": {"trigger": Trigger("oco", D(50), target=D(101))},
    "a stop": {"trigger": Trigger("stop", D(99))},
    "a stop limit": {"trigger": Trigger("stop_limit", D(99)), "limit": Limit(D(50))},
}


@pytest.mark.parametrize("name", SOLD_DEAR)
def test_what_is_sold_short_is_judged_and_held_by_what_it_may_be_sold_for(desk: PerpetualDesk, name: str) -> None:
    """Its limit is the least that it is sold for, and the margin is of what it is."""
    assert refusal(desk, desk.place("sell", "600", leverage=D(2), **SOLD_DEAR[name]))[0] == "maximum_notional"
    order = desk.place("sell", "100", leverage=D(2), **SOLD_DEAR[name])
    assert desk.held("USDT") >= 100 * 98 / 2
    if order.status == "waiting":
        desk.price("101" if name == "two prices" else "98.5")
        desk.watch()
    assert desk.execute(order).status == "filled"
    desk.assert_settled()


@pytest.mark.parametrize(("side", "nearer", "beyond"), [("sell", "118", "119"), ("buy", "81", "80.5")])
def test_a_stop_beyond_the_liquidation_price_protects_nothing_and_is_refused(
    desk: PerpetualDesk, side: str, nearer: str, beyond: str
) -> None:
    """Five times its margin, 1 % of maintenance: at 118.81 or at 80.81 it is over."""
    limit, told = refusal(desk, desk.place(side, "10", leverage=D(5), exit_stop=D(beyond)))
    assert limit == "liquidation"
    assert "118.81" in told or "80.81" in told
    assert desk.trade(side, "10", leverage=D(5), exit_stop=D(nearer)).status == "filled"
    position = desk.position()
    assert position is not None
    with tenancy.tenant(desk.owner.pk), pytest.raises(WrongSideError, match="liquidated"):
        services.move_levels(owner_id=desk.owner.pk, position_id=position.pk, levels={"exit_stop": D(beyond)})


def test_a_trail_that_stands_beyond_the_liquidation_price_is_refused(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10", leverage=D(5))  # liquidated at 118.81
    position = desk.position()
    assert position is not None
    with tenancy.tenant(desk.owner.pk):
        with pytest.raises(WrongSideError, match=r"118\.81,") as told:
            services.move_levels(owner_id=desk.owner.pk, position_id=position.pk, levels={"exit_trail": D(30)})
        assert set(told.value.fields) == {"exit_trail"}
        services.move_levels(owner_id=desk.owner.pk, position_id=position.pk, levels={"exit_trail": D(10)})
        services.move_levels(owner_id=desk.owner.pk, position_id=position.pk, levels={"exit_target": D(50)})


def test_what_is_added_with_leverage_leaves_no_stop_beyond_the_liquidation_price(desk: PerpetualDesk) -> None:
    desk.trade("buy", "1", exit_stop=D(60))
    limit, told = refusal(desk, desk.place("buy", "20", leverage=D(20)))
    assert limit == "liquidation"
    assert "stop at 60.00 " in told
    assert desk.trade("buy", "20", leverage=D(20), exit_stop=D("99")).status == "filled"


def test_a_preview_counts_what_is_won_by_what_it_closes(desk: PerpetualDesk) -> None:
    desk.trade("buy", "4", leverage=D(2))
    desk.price("110")
    with tenancy.tenant(desk.owner.pk):
        terms = Terms("sell", D(1), "Some of it.")
        preview = services.preview_order(wallet=desk.wallet, instrument=desk.instrument, terms=terms)
    before = desk.balance("USDT") - desk.held("USDT")
    desk.trade("sell", "1")
    assert preview.free_after == pytest.approx(desk.balance("USDT") - desk.held("USDT"), abs=D("0.02"))
    assert preview.free_after > before + 55


def test_the_risk_of_a_turn_is_of_what_is_left_of_it(desk: PerpetualDesk) -> None:
    desk.trade("sell", "1")
    terms = Terms("buy", D(3), "Turn.", exit_stop=D(90))
    with tenancy.tenant(desk.owner.pk):
        preview = services.preview_order(wallet=desk.wallet, instrument=desk.instrument, terms=terms)
    assert preview.risk == 2 * (preview.price - 90)


def test_leverage_above_the_maximum_is_refused_with_its_number(desk: PerpetualDesk) -> None:
    limit, said = refusal(desk, desk.place("buy", "1", leverage=D(21)))
    assert limit == "leverage"
    assert "A leverage of 21 is not offered" in said
    assert "from 1 to 20" in said


@pytest.mark.parametrize("leverage", ["0", "0.5", "-3", "NaN", "Infinity"])
def test_a_leverage_below_one_is_no_leverage(desk: PerpetualDesk, leverage: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        desk.place("buy", "1", leverage=D(leverage))
    assert "leverage" in error.value.fields


def test_a_spot_market_takes_no_leverage(desk: PerpetualDesk) -> None:
    with pytest.raises(InvalidInputError, match="traded without leverage"):
        desk.place("buy", "1", instrument=desk.spot, leverage=D(2))


def test_reduce_only_that_would_increase_is_refused(desk: PerpetualDesk) -> None:
    limit, said = refusal(desk, desk.place("sell", "1", reduce_only=True))
    assert (limit, "there is none in BTC/USDT-PERP" in said) == ("position", True)
    desk.trade("sell", "5")
    limit, said = refusal(desk, desk.place("sell", "1", reduce_only=True))
    assert (limit, "make smaller" in said) == ("position", True)
    limit, said = refusal(desk, desk.place("buy", "6", reduce_only=True))
    assert (limit, "would open the other side" in said) == ("position", True)


def test_reduce_only_with_nothing_to_reduce_is_refused_for_that_while_an_entry_is_under_way(
    desk: PerpetualDesk,
) -> None:
    desk.place("buy", "1")
    order = desk.place("sell", "1", reduce_only=True)
    assert order.status == "rejected"
    assert "An order that only reduces has to go against a position" in str(order.refusal)


def test_margin_that_is_not_there_is_refused_with_what_is_missing(desk: PerpetualDesk) -> None:
    with tenancy.tenant(desk.owner.pk):
        services.set_limits(on=desk.connection, allowed_symbols=[PERPETUAL], maximum_notional=D(10_000_000))
    limit, said = refusal(desk, desk.place("sell", "5000", leverage=D(2)))
    assert limit == "funds"
    assert "252,500" in said or "USDT" in said
    assert desk.trade("sell", "5000", leverage=D(20)).status == "filled"
    desk.assert_settled()


def test_a_limit_that_would_turn_a_position_round_is_refused(desk: PerpetualDesk) -> None:
    desk.trade("buy", "5")
    limit, said = refusal(desk, desk.place("sell", "6", limit=Limit(D(120))))
    assert (limit, "at the market alone" in said) == ("position", True)


def test_a_perpetual_of_a_real_account_is_refused() -> None:
    market = Market(PERPETUAL, "BTC", "USDT", False, True, True, D(1), D(1), D(1), D(100), timedelta(0))
    order = Proposal(False, D(1), D(1), False, market, Standing(), ())
    assert "only the perpetuals of paper accounts" in str(dict(CHECKS)["instrument"](order))


# --- what it is worth -----------------------------------------------------------------------------------------------


def equity(desk: PerpetualDesk) -> Snapshot:
    with tenancy.tenant(desk.owner.pk):
        take_snapshots(owner_id=desk.owner.pk, at=clock.now())
        return Snapshot.objects.filter(wallet=desk.wallet).latest("at")


def test_equity_has_the_open_profit_once_before_and_after_it_is_realized(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10", leverage=D(5))
    desk.price("90")
    open_ = equity(desk)
    assert (open_.equity, open_.unrealized_pnl, open_.realized_pnl) == (CASH - 1 + 100, 100, -1)
    assert (open_.gross_exposure, open_.net_exposure) == (900, -900)
    desk.trade("buy", "10")
    over = equity(desk)
    assert over.equity == CASH + 100 - D("1.9")
    assert (over.unrealized_pnl, over.realized_pnl) == (0, 100 - D("1.9"))
    assert (over.flow, over.adjustments) == (0, 0)


def test_values_of_the_past_have_what_was_open_then(desk: PerpetualDesk) -> None:
    """Short, added to, turned round, reduced, closed: worked out afterwards, when nothing of it is open any more."""
    begin = clock.now().replace(minute=30, second=0, microsecond=0) - timedelta(hours=3)
    moments = [begin + timedelta(minutes=5 * number) for number in range(8)]
    ts = np.array([int(at.timestamp()) * 1000 + 60_000 * number for at in moments for number in range(5)]) - 300_000
    prices = np.repeat([100.0, 95, 92, 104, 99, 97, 103, 101], 5)
    copying.write(instrument_id=desk.spot.pk, timeframe="1m", candles=Candles(ts, *[prices.copy() for _ in range(5)]))
    trades = [("sell", "10"), ("sell", "3"), ("buy", "20"), None, ("sell", "4"), ("sell", "3"), None, None]
    for at, trade in zip(moments, trades, strict=True):
        if at in (moments[0], moments[-1]):
            with clock.at(at), tenancy.tenant(desk.owner.pk):
                take_snapshots(owner_id=desk.owner.pk)
        if trade is not None:
            with clock.at(at + timedelta(seconds=30)):
                assert desk.trade(*trade).status == "filled"
    with tenancy.tenant(desk.owner.pk):
        done = rewriting.write(owner_id=desk.owner.pk, moments=moments[1:-1])
        rows = list(Snapshot.objects.filter(wallet=desk.wallet).order_by("at"))
    assert (done.skipped, [row.at for row in rows]) == (0, moments)
    assert [row.unrealized_pnl for row in rows] == [0, 10 * 5, 10 * 8 + 3 * 3, 7 * 12, 7 * 7, 3 * 5, 0, 0]
    assert [row.net_exposure for row in rows] == [0, -10 * 95, -13 * 92, 7 * 104, 7 * 99, 3 * 97, 0, 0]
    for row in rows:  # the money was paid in today: the books of then have none of it
        assert row.equity - row.realized_pnl - row.funding - row.unrealized_pnl in (0, CASH)


def test_what_it_brought_stands_in_the_list_of_what_derivatives_brought(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10")
    desk.price("80")
    desk.trade("buy", "10")
    with tenancy.tenant(desk.owner.pk):
        rows = VenueIncome.objects.filter(wallet=desk.wallet).order_by("pk")
        assert [(row.realized, row.fee, row.status) for row in rows] == [
            (0, 1, "booked"),
            (200, D("0.8"), "booked"),
        ]


# --- stops of a short -----------------------------------------------------------------------------------------------


def test_a_shorts_stop_is_reached_by_the_ask_and_its_target_too(desk: PerpetualDesk) -> None:
    desk.price("100", bid=D(99), ask=D(101))
    desk.trade("sell", "10", leverage=D(2), exit_stop=D(110), exit_target=D(90))
    desk.price("109", bid=D(108), ask=D("109.99"))
    assert desk.watch() == []
    desk.price("109.5", bid=D(109), ask=D(110))
    (order,) = desk.watch()
    assert (order.side, order.status, order.average_price) == ("buy", "filled", 110)
    assert desk.position() is None
    desk.assert_settled()


def test_a_shorts_stop_follows_the_ask_down_and_never_back(desk: PerpetualDesk) -> None:
    desk.trade("sell", "10", leverage=D(2), exit_trail=D(5))
    for price, stop in (("98", "103"), ("95", "100"), ("97", "100")):
        desk.price(price)
        assert desk.watch() == []
        position = desk.position()
        assert position is not None
        assert position.exit_stop == D(stop)
    desk.price("100")
    (order,) = desk.watch()
    assert order.status == "filled"


def test_a_shorts_levels_on_the_wrong_side_are_refused(desk: PerpetualDesk) -> None:
    for wrong in ({"exit_stop": D(99)}, {"exit_target": D(101)}):
        with pytest.raises(WrongSideError) as error:
            desk.place("sell", "1", **wrong)
        assert error.value.fields.keys() == wrong.keys()
    assert desk.place("sell", "1", exit_stop=D(101), exit_target=D(99)).status == "submitting"


# --- any trades at all ----------------------------------------------------------------------------------------------

sides = st.sampled_from(("buy", "sell"))
sizes = st.integers(1, 30).map(str)
moves = st.integers(9_500, 10_500).map(lambda cents: f"{D(cents) / 100:f}")


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(sides, sizes, moves), min_size=2, max_size=6))
def test_after_any_trades_venue_ledger_and_positions_agree_to_the_last_digit(
    desk: PerpetualDesk, given_: list[tuple[str, str, str]]
) -> None:
    for side, size, price in given_:
        desk.price(price)
        order = desk.trade(side, size, leverage=D(3))
        assert order.status == "filled", order.refusal
        desk.assert_settled()
    position = desk.position()
    if position is not None:
        desk.trade("sell" if position.is_long else "buy", str(position.quantity))
    desk.assert_settled()
    with tenancy.tenant(desk.owner.pk):
        fills = Fill.objects.filter(wallet=desk.wallet)
        cash = sum((one.price * one.quantity * (1 if one.side == "sell" else -1) - one.fee for one in fills), D(0))
    assert desk.balance("USDT") == CASH + cash
    assert sum((one.realized_pnl for one in desk.closed()), D(0)) == cash

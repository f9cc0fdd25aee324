"""Each fill rule on candles small enough to work out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from quant.backtest import BacktestResult, Config, Market, Size, Trade, run_backtest, run_portfolio
from quant.candles import Candles
from quant.errors import CandleError, ParameterError
from quant.strategies.base import Intents
from tests.quant.market import HOUR_MS

FREE = {"taker_fee": 0.0, "maker_fee": 0.0, "size": Size("units", 1.0), "cash": 1_000.0}


def bars(*prices: tuple[float, float, float, float], volume: float = 100.0) -> Candles:
    table = np.array(prices, dtype=float)
    return Candles(np.arange(len(table)) * HOUR_MS, *table.T, np.full(len(table), volume))


def wants(count: int, *entries: tuple[int, int], exits: tuple[int, ...] = (), **prices: dict[int, float]) -> Intents:
    """Intents with entries (bar, side), exits by bar, and protective prices by bar."""
    enter, leave = np.zeros(count, dtype=np.int8), np.zeros(count, dtype=bool)
    for bar, side in entries:
        enter[bar] = side
    leave[list(exits)] = True
    arrays = {}
    for name, values in prices.items():
        arrays[name] = np.full(count, np.nan)
        for bar, value in values.items():
            arrays[name][bar] = value
    return Intents(enter=enter, exit=leave, **arrays)


def run(candles: Candles, intents: Intents, **options: Any) -> BacktestResult:
    return run_backtest(candles, intents, Config(**(FREE | options)))


def only(result: BacktestResult) -> Trade:
    assert len(result.trades) == 1
    return result.trades[0]


FLAT_100 = (100, 101, 99, 100)


def test_a_signal_is_filled_at_the_next_open() -> None:
    candles = bars(FLAT_100, (102, 104, 101, 103), (105, 106, 104, 105), FLAT_100)
    trade = only(run(candles, wants(4, (0, 1), exits=(1,))))
    assert (trade.entry_ts, trade.entry_price) == (HOUR_MS, 102)
    assert (trade.exit_ts, trade.exit_price, trade.reason) == (2 * HOUR_MS, 105, "exit")
    assert trade.pnl == 3


def test_a_signal_can_be_filled_at_its_close_to_match_peers() -> None:
    candles = bars(FLAT_100, (102, 104, 101, 103), (105, 106, 104, 105))
    trade = only(run(candles, wants(3, (0, 1), exits=(1,)), fill="signal_close"))
    assert (trade.entry_price, trade.exit_price) == (100, 103)


def test_the_last_signal_is_never_filled_and_an_open_position_is_no_trade() -> None:
    candles = bars(FLAT_100, FLAT_100, (100, 111, 99, 110))
    result = run(candles, wants(3, (0, 1), (2, -1)))
    assert len(result.trades) == 0
    assert result.open_positions[0].quantity == 1
    assert result.open_positions[0].unrealized_pnl == 10
    assert result.final_equity == 1_010


@pytest.mark.parametrize(("gap", "price"), [("open", 90), ("stop", 95)])
def test_a_gap_through_the_stop_fills_at_the_open(gap: str, price: float) -> None:
    candles = bars(FLAT_100, FLAT_100, (90, 92, 88, 91))
    trade = only(run(candles, wants(3, (0, 1), stop={0: 95}), gap=gap))
    assert (trade.exit_price, trade.reason) == (price, "stop")


@pytest.mark.parametrize(("gap", "price"), [("open", 112), ("stop", 105)])
def test_a_gap_through_the_target_fills_at_the_open_too(gap: str, price: float) -> None:
    candles = bars(FLAT_100, FLAT_100, (112, 113, 111, 112))
    trade = only(run(candles, wants(3, (0, 1), target={0: 105}), gap=gap))
    assert (trade.exit_price, trade.reason) == (price, "target")


def test_the_stop_comes_before_the_target_inside_a_bar() -> None:
    candles = bars(FLAT_100, FLAT_100, (100, 120, 80, 110))
    trade = only(run(candles, wants(3, (0, 1), stop={0: 95}, target={0: 105})))
    assert (trade.exit_price, trade.reason) == (95, "stop")


def test_the_stop_works_on_the_entry_bar() -> None:
    candles = bars(FLAT_100, (100, 101, 94, 100), FLAT_100)
    trade = only(run(candles, wants(3, (0, 1), stop={0: 95})))
    assert (trade.entry_ts, trade.exit_ts, trade.exit_price) == (HOUR_MS, HOUR_MS, 95)


def test_an_entry_that_opens_beyond_its_stop_leaves_at_once() -> None:
    candles = bars(FLAT_100, (94, 96, 93, 95))
    assert only(run(candles, wants(2, (0, 1), stop={0: 95}))).pnl == 0


def test_a_short_is_the_mirror_of_a_long() -> None:
    candles = bars(FLAT_100, FLAT_100, (104, 106, 103, 105))
    trade = only(run(candles, wants(3, (0, -1), stop={0: 103})))
    assert (trade.side, trade.exit_price, trade.pnl) == ("short", 104, -4)


def test_the_trailing_stop_follows_the_best_price_from_the_next_bar_on() -> None:
    candles = bars(FLAT_100, (100, 110, 100, 109), (109, 110, 106, 107), (107, 108, 104, 105))
    trade = only(run(candles, wants(4, (0, 1), trail={0: 5})))
    # The bar that made the high of 110 went down to 100 as well, which is not held against the trail.
    assert (trade.exit_ts, trade.exit_price, trade.reason) == (3 * HOUR_MS, 105, "trail")


def test_the_opposite_entry_reverses() -> None:
    candles = bars(FLAT_100, FLAT_100, (103, 104, 102, 103), (101, 102, 100, 101))
    result = run(candles, wants(4, (0, 1), (1, -1), exits=(2,)))
    assert [(trade.side, trade.reason, trade.pnl) for trade in result.trades] == [
        ("long", "reverse", 3),
        ("short", "exit", 2),
    ]


def test_takers_pay_fee_and_slippage_and_targets_pay_the_maker_fee() -> None:
    candles = bars(FLAT_100, FLAT_100, (100, 111, 99, 110))
    trade = only(run(candles, wants(3, (0, 1), target={0: 110}), taker_fee=0.01, maker_fee=0.005, slippage=0.02))
    assert trade.entry_price == pytest.approx(102)
    assert trade.exit_price == 110
    assert trade.fee == pytest.approx(1.02 + 0.55)
    assert trade.pnl == pytest.approx(8 - 1.57)


def test_funding_is_paid_by_longs_at_the_open_of_the_bar() -> None:
    candles = bars(FLAT_100, FLAT_100, (100, 101, 99, 100), FLAT_100)
    rates = np.array([0.01, 0.01, 0.01, 0.0])
    trade = only(run_backtest(candles, wants(4, (0, 1), exits=(2,)), Config(**FREE), funding=rates))
    # Entered at bar 1's open, after its funding; held over bar 2's.
    assert trade.funding == pytest.approx(1.0)
    assert trade.pnl == pytest.approx(-1.0)


def test_the_volume_cap_cuts_an_entry_and_spreads_an_exit() -> None:
    candles = bars(FLAT_100, FLAT_100, FLAT_100, (98, 99, 97, 98), (96, 97, 95, 96), (94, 95, 93, 94), volume=4)
    candles.volume[2:] = 1
    trade = only(run(candles, wants(6, (0, 1), exits=(1,)), size=Size("units", 3), volume_cap=0.5))
    # Two of the three wanted fit into bar 1; half a unit leaves at each of the opens 100, 98, 96 and 94.
    assert trade.quantity == 2
    assert (trade.exit_ts, trade.exit_price) == (5 * HOUR_MS, 97)


@pytest.mark.parametrize(
    ("size", "quantity"),
    [(Size("units", 2), 2), (Size("fraction", 0.5), 5), (Size("risk", 0.01), 2), (Size("fraction", 3), 10)],
)
def test_sizes(size: Size, quantity: float) -> None:
    candles = bars(FLAT_100, FLAT_100, FLAT_100)
    result = run(candles, wants(3, (0, 1), exits=(1,), stop={0: 95}), size=size)
    assert only(result).quantity == pytest.approx(quantity)


def test_the_strategys_weight_scales_the_size() -> None:
    candles = bars(FLAT_100, FLAT_100, FLAT_100)
    trade = only(run(candles, wants(3, (0, 1), exits=(1,), size={0: 0.25}), size=Size("fraction", 0.8)))
    assert trade.quantity == pytest.approx(2)


def test_units_that_cannot_be_paid_are_refused_and_counted() -> None:
    candles = bars(FLAT_100, FLAT_100, FLAT_100)
    result = run(candles, wants(3, (0, 1)), size=Size("units", 11))
    assert (len(result.trades), result.refused_entries, result.final_equity) == (0, 1, 1_000)


def test_fixed_units_are_made_however_large_the_account() -> None:
    candles = bars(FLAT_100, FLAT_100, FLAT_100)
    result = run(candles, wants(3, (0, 1), exits=(1,)), cash=1e12)
    assert (len(result.trades), result.refused_entries) == (1, 0)


def test_pyramiding_is_off_unless_allowed() -> None:
    candles = bars(*[FLAT_100] * 5)
    intents = wants(5, (0, 1), (1, 1), (2, 1), exits=(3,))
    assert only(run(candles, intents)).quantity == 1
    assert only(run(candles, intents, max_entries=2)).quantity == 2


def test_instruments_share_cash_and_the_first_is_served_first() -> None:
    candles = bars(*[FLAT_100] * 4)
    both = [candles, candles], [wants(4, (0, 1), exits=(2,))] * 2
    result = run_portfolio(*both, Config(**(FREE | {"size": Size("fraction", 0.7)})))
    assert [trade.instrument for trade in result.trades] == [0, 1]
    assert [trade.quantity for trade in result.trades] == pytest.approx([7, 3])


def test_lengths_must_agree() -> None:
    with pytest.raises(CandleError, match="one value per candle"):
        run(bars(FLAT_100), wants(2))


@pytest.mark.parametrize(
    "options",
    [
        {"cash": 0.0},
        {"slippage": 1.0},
        {"fill": "never"},
        {"gap": "?"},
        {"volume_cap": 0.0},
        {"leverage": 0.0},
        {"max_entries": 0},
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Config(**options)


@pytest.mark.parametrize("text", ["", "units", "units:", "units:0", "all:1", "risk:nan", "fraction:-1"])
def test_sizes_that_are_not_sizes_are_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        Size.parse(text)


def test_no_candles_give_no_trades_and_keep_the_cash() -> None:
    empty = bars(FLAT_100)[:0]
    result = run(empty, wants(0))
    assert (len(result.trades), result.final_equity, result.metrics["sharpe"]) == (0, 1_000, None)


# --- with a market's rules -------------------------------------------------------------------------------------------

AGENT = {"market": Market(lot=Decimal("0.5"), tick=Decimal("0.5"), minimum=Decimal(60), cushion=Decimal("0.01"))}


def test_an_agent_trades_in_whole_lots_and_leaves_a_cushion() -> None:
    candles = bars(*[FLAT_100] * 3)
    result = run(candles, wants(3, (0, 1)), size=Size("fraction", 1.0), **AGENT)
    assert result.open_positions[0].quantity == 9.5  # of 10 that cost 1,010 with what is set aside
    assert run(candles, wants(3, (0, 1)), size=Size("fraction", 0.05), **AGENT).refused_entries == 1  # half a lot is 50


def test_an_agent_without_a_signal_does_nothing() -> None:
    assert run(bars(*[FLAT_100] * 3), wants(3), **AGENT).final_equity == 1_000


def test_an_agents_levels_stand_on_the_tick() -> None:
    candles = bars(FLAT_100, (100, 101, 95.4, 96), FLAT_100)
    assert only(run(candles, wants(3, (0, 1), stop={0: 95.75}), **AGENT)).exit_price == 96  # half up


def test_an_agent_that_would_be_short_leaves_and_one_that_leaves_enters_at_the_next_bar() -> None:
    candles = bars(*[FLAT_100] * 6)
    trade = only(run(candles, wants(6, (0, 1), (2, -1)), **AGENT))
    assert (trade.exit_ts, trade.reason) == (3 * HOUR_MS, "exit")
    both = run(candles, wants(6, (0, 1), (2, 1), exits=(2,)), **AGENT)
    assert only(both).exit_ts == 3 * HOUR_MS
    assert not both.open_positions


def test_an_agent_enters_beyond_no_level() -> None:
    for levels in ({"stop": {0: 102.0}}, {"target": {0: 102.0}}, {"trail": {0: 102.0}}):
        result = run(bars(FLAT_100, (102, 103, 101, 102), FLAT_100), wants(3, (0, 1), **levels), **AGENT)
        assert (result.refused_entries, len(result.trades)) == (1, 0)


def test_an_agent_does_not_act_on_what_was_said_before_a_gap() -> None:
    candles = bars(*[FLAT_100] * 6)
    candles.ts[3:] += HOUR_MS
    assert not run(candles, wants(6, (2, 1)), **AGENT).open_positions
    assert run(candles, wants(6, (0, 1), exits=(2,)), **AGENT).open_positions


def test_an_agents_open_comes_first_for_a_trail_and_for_a_target() -> None:
    gap = bars(FLAT_100, FLAT_100, (110, 111, 106, 107), FLAT_100)
    assert only(run(gap, wants(4, (0, 1), trail={0: 3.0}), **AGENT)).exit_price == 107
    target = bars(FLAT_100, FLAT_100, (110, 111, 90, 91), FLAT_100)
    trade = only(run(target, wants(4, (0, 1), stop={0: 95.0}, target={0: 105.0}), taker_fee=0.001, **AGENT))
    assert (trade.exit_price, trade.reason) == (110, "target")
    assert trade.fee == pytest.approx(0.1 + 0.11)  # it leaves at the market


def test_several_instruments_have_no_one_market() -> None:
    with pytest.raises(ParameterError, match="one instrument"):
        run_portfolio([bars(FLAT_100)], [wants(1)], Config(**AGENT))  # type: ignore[arg-type]

"""What moves together, in shares of a whole: √(wᵀCw), and what the gate makes of it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import clock
from kit.users.models import User
from markets.models import Instrument
from markets.services import ensure_instrument, store_candles
from quant.candles import DAY_MS
from quant.correlation import correlation
from tests.trading.desk import Desk, make_desk, set_price
from trading.models import RiskDecision
from trading.risk.correlated import Book
from trading.risk.gate import Caps
from trading.risk.open_below import Place, books_of
from trading.services import set_limits

D = Decimal
NAMES = {1: "A", 2: "B", 3: "C"}


def book(worth: dict[int, Any], known: dict[tuple[int, int], Any], value: Any = 100) -> Book:
    def of(one: int, other: int) -> Decimal | None:
        found = known.get((min(one, other), max(one, other)))
        return D(1) if one == other else None if found is None else D(str(found))

    return Book(D(value), NAMES, of, {market: D(str(amount)) for market, amount in worth.items()})


@pytest.mark.offline
def test_one_position_is_its_share_and_two_that_move_as_one_add_up() -> None:
    assert book({1: 30}, {}).figure().now == D("0.3")
    assert book({1: 30, 2: 40}, {(1, 2): 1}).figure().now == D("0.7")
    assert book({1: 30, 2: 40}, {(1, 2): 0}).figure().now == D("0.5")
    assert book({1: 30, 2: 40}, {(1, 2): -1}).figure().now == D("0.1")
    assert book({1: 30, 2: -30}, {(1, 2): 1}).figure().now == 0
    assert book({}, {}).figure().now == 0


@pytest.mark.offline
def test_what_nobody_knows_moves_together_for_the_worse_and_is_named() -> None:
    long = book({1: 30, 2: 40}, {}).figure()
    hedged = book({1: 30, 2: -40}, {}).figure()
    assert long.now == hedged.now == D("0.7")
    assert long.guessed == ("A",) or long.guessed == ("B",)
    assert book({1: 30, 2: 40}, {}, value=0).figure().value is None


weights = st.integers(min_value=-90, max_value=90)


@pytest.mark.offline
@given(st.lists(weights, min_size=3, max_size=3), st.integers(min_value=0, max_value=2), weights)
def test_it_is_the_matrix_product_from_whichever_market_it_is_seen(own: list[int], seen: int, more: int) -> None:
    known = {(1, 2): 0.8, (1, 3): -0.4, (2, 3): 0.1}
    matrix = np.array([[1, 0.8, -0.4], [0.8, 1, 0.1], [-0.4, 0.1, 1]])
    vector = np.array(own, dtype=float) / 100
    vector[seen] += more / 100
    found = book(dict(enumerate(own, start=1)), known).seen_from(seen + 1).after(D(more) / 100)
    assert float(found) == pytest.approx(float(np.sqrt(vector @ matrix @ vector)), abs=1e-6)


@pytest.mark.offline
def test_a_correlation_needs_days_and_movement() -> None:
    wave = np.sin(np.arange(40.0))
    assert correlation(wave, wave, least=30) == 1
    assert correlation(wave, -wave, least=30) == -1
    assert correlation(wave, np.ones(40), least=30) is None
    gaps = wave.copy()
    gaps[:11] = np.nan
    assert correlation(wave, gaps, least=30) is None


# --- at the desk --------------------------------------------------------------------------------------------------


def market(symbol: str, moves: Callable[[int], float], *, days: int = 95, timeframe: str = "1d") -> Instrument:
    """A market whose closes at midnight follow `moves`."""
    made, _ = ensure_instrument(
        venue="simulated", symbol=symbol, tick_size=D("0.01"), lot_size=D("0.001"), minimum_notional=D(10),
        is_simulated=True,
    )  # fmt: skip
    length = {"1d": DAY_MS, "4h": DAY_MS // 6}[timeframe]
    last = int(clock.now().timestamp() * 1000) // DAY_MS * DAY_MS
    ends = last - np.arange(days, dtype=np.int64)[::-1] * DAY_MS
    closes = 100 * np.exp(np.cumsum([moves(day) for day in range(days)]))
    store_candles(
        instrument=made, timeframe=timeframe, ts=ends - length, open=closes, high=closes, low=closes, close=closes,
        volume=np.ones(days),
    )  # fmt: skip
    set_price(made, "100")
    return made


def wave(day: int) -> float:
    return float(0.02 * np.sin(day * 1.7))


def other(day: int) -> float:
    return float(0.02 * np.cos(day * 1.7))


@pytest.fixture
def desk(as_owner: User) -> Desk:
    """100,000 USDT; 10,000 of it in BTC, bought before the farm got its cap of 15 %."""
    desk = make_desk(as_owner)
    market("BTC/USDT", wave)
    market("SAME/USDT", wave, timeframe="4h")
    market("APART/USDT", other)
    market("NEW/USDT", wave, days=20)
    symbols = ["BTC/USDT", "SAME/USDT", "APART/USDT", "NEW/USDT"]
    set_limits(on=desk.connection, allowed_symbols=symbols, maximum_notional=D(50_000))
    desk.trade("buy", "100")
    caps = Caps(maximum_correlated=D("0.15"))
    set_limits(on=desk.farm, allowed_symbols=None, maximum_notional=None, caps=caps)
    return desk


def bought(desk: Desk, symbol: str, quantity: str) -> str:
    """What is said of a buy; "" where it is allowed."""
    instrument = Instrument.objects.get(symbol=symbol, venue="simulated")
    order = desk.place("buy", quantity, instrument=instrument)
    decision = RiskDecision.objects.get(order=order)
    assert decision.allowed or decision.limit == "maximum_correlated"
    return str(decision.explanation) if not decision.allowed else ""


def test_what_moves_as_one_is_refused_with_the_figures_and_what_does_not_is_allowed(desk: Desk) -> None:
    told = bought(desk, "SAME/USDT", "60")
    assert told.startswith("What moves together at Trend farm would come to 16.0")
    assert "more than the 15.00 % that it allows; it is 10.0" in told
    assert "too little is known" not in told
    assert bought(desk, "APART/USDT", "60") == ""
    decision = RiskDecision.objects.latest("pk")
    step = next(step for step in decision.numbers["path"] if step["name"] == "Trend farm")
    assert D("0.10") < D(step["correlated"]["now"]) < D(step["correlated"]["after"]) < D("0.15")


def test_a_market_without_history_moves_with_all_and_the_refusal_says_so(desk: Desk) -> None:
    told = bought(desk, "NEW/USDT", "60")
    assert "Of BTC/USDT too little is known: they are taken to move as one with the others." in told
    assert bought(desk, "NEW/USDT", "40") == ""


def test_what_is_on_its_way_counts_and_a_sale_never_does(desk: Desk) -> None:
    assert bought(desk, "SAME/USDT", "40") == ""
    assert "it is 14." in bought(desk, "APART/USDT", "100")
    assert desk.trade("sell", "100").status == "filled"


def test_without_a_price_of_all_that_is_there_nothing_is_bought(desk: Desk) -> None:
    assert desk.trade("buy", "1", instrument=Instrument.objects.get(symbol="APART/USDT")).status == "filled"
    Instrument.objects.get(symbol="APART/USDT").ticker.delete()
    place = Place(desk.farm.pk, "simulated", "USDT")
    assert books_of([place])[place].figure().value is None
    assert "Nobody knows what Trend farm is worth" in bought(desk, "BTC/USDT", "1")

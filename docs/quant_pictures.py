"""The pictures of docs/quant.md: SVGs of small panels, each drawn from what the code itself answers on the data shown.

A picture that needs a rule worked out runs the rule: the fills are fills of `run_backtest`, the figures those of
`quant.metrics`. Data are tiny by hand, or random with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from quant import metrics, strategies
from quant.allocation import METHODS, Constraints, Group, allocate
from quant.backtest import BacktestResult, Config, Size, run_backtest, run_portfolio
from quant.candles import DAY_MS, Candles, Floats, aggregate
from quant.market_simulator import advance, initial_state, to_candles
from quant.strategies.base import Intents, Strategy
from quant.sweeps import space
from quant.validation import (
    bootstrap,
    combinatorial_splits,
    cross_validate,
    deflated_sharpe,
    expected_best_sharpe,
    sharpe_figure,
    shuffled_drawdown,
    stressed_costs,
    walk_forward,
)

START_MS: Final = 1_704_067_200_000
CANDLE_SEED, ALLOCATION_SEED, FIGURE_SEED = 7, 8, 9
WIDTH, EDGE = 860.0, 12.0
HOUR_MS: Final = 3_600_000
YEAR: Final = 365.0
INK: Final = {
    "price": "#5b6472", "up": "#18794e", "down": "#c0362c", "line": "#3b6fd4", "fill": "#c0362c33", "quiet": "#c9ced8",
    "other": "#d08700",
}  # fmt: skip
ASSETS: Final = ("#3b6fd4", "#18794e", "#d08700", "#8e4ec6")


@dataclass
class Panel:
    """A part of a picture with its own scale: x from `left` to `right`, y from `low` to `high`."""

    x: float
    y: float
    width: float
    height: float
    left: float
    right: float
    low: float
    high: float
    parts: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        across, up = (x - self.left) / (self.right - self.left or 1), (y - self.low) / (self.high - self.low or 1)
        return self.x + across * self.width, self.y + (1 - up) * self.height

    def line(self, xs: Iterable[float], ys: Iterable[float], colour: str, *, dashed: bool = False) -> None:
        places = [self.at(x, y) for x, y in zip(xs, ys, strict=True) if np.isfinite(y)]
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="1.3"{dash}/>')

    def across(self, y: float, colour: str) -> None:
        """A dashed level over the whole width."""
        self.line((self.left, self.right), (y, y), colour, dashed=True)

    def upright(self, x: float, colour: str) -> None:
        """A dashed line over the whole height."""
        self.line((x, x), (self.low, self.high), colour, dashed=True)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: str) -> None:
        (left, top), (right, bottom) = self.at(min(x0, x1), max(y0, y1)), self.at(max(x0, x1), min(y0, y1))
        self.parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 0.8):.1f}" '
            f'height="{max(bottom - top, 0.8):.1f}" fill="{colour}"/>'
        )

    def arrow(self, x: float, y: float, side: int) -> None:
        """An entry: a triangle that points at its price."""
        px, py = self.at(x, y)
        tip, foot = py + 3 * side, py + 12 * side
        shape = f"{px:.1f},{tip:.1f} {px - 4:.1f},{foot:.1f} {px + 4:.1f},{foot:.1f}"
        self.parts.append(f'<polygon points="{shape}" fill="{INK["up"] if side > 0 else INK["down"]}"/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        px, py = self.at(x, y)
        self.parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>')

    def say(self, title: str, below: str = "") -> None:
        """What stands above the panel, in one or two lines."""
        for number, text in enumerate((title, below)):
            weight, colour = ("600", "#1c2024") if number == 0 else ("400", INK["price"])
            self.parts.append(
                f'<text x="{self.x:.0f}" y="{self.y - 18 + 12 * number:.0f}" font-size="10" font-weight="{weight}" '
                f'font-family="sans-serif" fill="{colour}">{_escaped(text)}</text>'
            )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def picture(panels: Iterable[Panel], title: str, height: float) -> str:
    """An SVG with a light ground, readable on light and dark pages."""
    drawn = "".join("".join(panel.parts) for panel in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img">'
        f"<title>{_escaped(title)}</title>"
        f'<rect width="{WIDTH:.0f}" height="{height:.0f}" rx="8" fill="#fbfbfd"/>{drawn}</svg>\n'
    )


def cell(number: int, columns: int, height: float, xs: tuple[float, float], ys: tuple[float, float]) -> Panel:
    """The panel with this number in a grid, with room for two lines of text above it."""
    across, down = (WIDTH - 2 * EDGE) / columns, height + 44
    x, y = EDGE + number % columns * across, EDGE + number // columns * down + 26
    return Panel(x, y, across - 14, height, *xs, *ys)


def grid_height(count: int, columns: int, height: float) -> float:
    return 2 * EDGE + -(-count // columns) * (height + 44)


# Strategies.


def simulated_hours() -> Candles:
    """Ninety days of simulated hours."""
    _, minutes = advance(initial_state(CANDLE_SEED, start_ms=START_MS), 90 * 1440)
    return aggregate(to_candles(START_MS, minutes, 0), 60)


def strategy_picture(strategy: Strategy, market: Candles) -> str:
    """Price with the strategy's entries (triangles) and exits (dots)."""
    intents: Intents = strategy.intents(market, strategy.defaults())
    bars = slice(len(market) - 700, len(market))
    close = market.close[bars]
    panel = Panel(EDGE, EDGE, WIDTH - 2 * EDGE, 216, 0, close.size - 1, float(close.min()), float(close.max()))
    panel.line(range(close.size), close, INK["price"])
    side = 0
    for bar, (enter, leave) in enumerate(zip(intents.enter[bars], intents.exit[bars], strict=True)):
        if enter and int(enter) != side:
            side = int(enter)
            panel.arrow(bar, close[bar], side)
        elif leave and side:
            side = 0
            panel.dot(bar, close[bar], INK["line"])
    return picture([panel], f"{strategy.name}: entries and exits on simulated hours", 240)


# Fill rules.

FREE: Final[Mapping[str, Any]] = {"taker_fee": 0.0, "maker_fee": 0.0, "size": Size("units", 1.0), "cash": 1_000.0}
QUIET: Final = (100, 101, 99, 100)


@dataclass(frozen=True)
class Example:
    """A rule on a few bars: prices, entries and exits by bar, protective prices for the first entry, and options."""

    rule: str
    bars: tuple[tuple[float, float, float, float], ...]
    entries: tuple[tuple[int, int], ...] = ((0, 1),)
    exits: tuple[int, ...] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    volume: tuple[float, ...] = ()
    funding: tuple[float, ...] = ()
    shows: str = "fills"


CALM: Final = (QUIET, QUIET, QUIET, QUIET)
RISE: Final = (QUIET, (102, 104, 101, 103), (105, 107, 104, 106), (106, 107, 105, 106))
GAP: Final = (QUIET, QUIET, (90, 92, 88, 91), (91, 92, 90, 91))
LEAP: Final = (QUIET, QUIET, (112, 113, 111, 112), (112, 113, 111, 112))
FALL: Final = (QUIET, QUIET, (98, 99, 97, 98), (96, 97, 95, 96), (94, 95, 93, 94))
EXAMPLES: Final = (
    Example("fill: next open", RISE, exits=(1,)),
    Example("fill: signal close", RISE, exits=(1,), options={"fill": "signal_close"}),
    Example("gap: open (stop 95)", GAP, levels={"stop": 95}),
    Example("gap: stop (stop 95)", GAP, levels={"stop": 95}, options={"gap": "stop"}),
    Example("gap: open (target 105)", LEAP, levels={"target": 105}),
    Example("stop before target", (QUIET, QUIET, (100, 110, 90, 104), QUIET), levels={"stop": 95, "target": 105}),
    Example("stop on the entry bar", (QUIET, (100, 101, 94, 99), QUIET), levels={"stop": 95}),
    Example(
        "trailing by 5, from the next bar", (QUIET, (100, 110, 100, 109), (109, 110, 106, 107), (107, 108, 104, 105)),
        levels={"trail": 5},
    ),
    Example("opposite entry reverses", (*RISE[:3], (103, 104, 101, 102)), entries=((0, 1), (1, -1)), exits=(2,)),
    Example("shorts mirror longs", (QUIET, QUIET, (104, 106, 103, 105), QUIET), ((0, -1),), levels={"stop": 103}),
    Example(
        "taker 1 %, slippage 2 %, maker 0.5 %", (QUIET, QUIET, (100, 112, 99, 110), QUIET), levels={"target": 110},
        options={"taker_fee": 0.01, "maker_fee": 0.005, "slippage": 0.02}, shows="fee",
    ),
    Example("funding 1 % at bars 1 and 2", CALM, exits=(2,), funding=(0.0, 0.01, 0.01, 0.0), shows="funding"),
    Example(
        "volume cap 50 %: 3 wanted", FALL, exits=(1,), volume=(4, 4, 2, 2, 2),
        options={"size": Size("units", 3), "volume_cap": 0.5}, shows="quantity",
    ),
    Example("size units:2", CALM, exits=(2,), options={"size": Size("units", 2)}, shows="quantity"),
    Example("size units:11 of 1,000: refused", CALM, options={"size": Size("units", 11)}, shows="refused"),
    Example("size fraction:0.5", CALM, exits=(2,), options={"size": Size("fraction", 0.5)}, shows="quantity"),
    Example(
        "size risk:0.01, stop 95", CALM, exits=(2,), levels={"stop": 95}, options={"size": Size("risk", 0.01)},
        shows="quantity",
    ),
    Example(
        "size volatility:0.5", (QUIET, (100, 102, 99, 101), (101, 103, 100, 100), (100, 101, 99, 100), QUIET),
        entries=((2, 1),), exits=(3,), options={"size": Size("volatility", 0.5), "volatility_window": 2},
        shows="quantity",
    ),
    Example(
        "pyramiding: max entries 2", RISE, entries=((0, 1), (1, 1)), exits=(2,), options={"max_entries": 2},
        shows="quantity",
    ),
    Example(
        "two instruments, fraction:0.7 each", CALM, exits=(2,), options={"size": Size("fraction", 0.7)}, shows="shared"
    ),
)  # fmt: skip


def _answer(example: Example) -> tuple[Candles, BacktestResult]:
    count = len(example.bars)
    enter, leave = np.zeros(count, dtype=np.int8), np.zeros(count, dtype=np.bool_)
    for bar, side in example.entries:
        enter[bar] = side
    leave[list(example.exits)] = True
    levels = {name: np.where(enter != 0, value, np.nan) for name, value in example.levels.items()}
    intents = Intents(enter=enter, exit=leave, **levels)
    volume = np.array(example.volume or [100.0] * count)
    opened, high, low, close = np.array(example.bars, dtype=float).T
    candles = Candles(np.arange(count) * HOUR_MS, opened, high, low, close, volume)
    config = Config(**{**FREE, **example.options})
    if example.shows == "shared":
        return candles, run_portfolio([candles, candles], [intents, intents], config)
    return candles, run_backtest(
        candles, intents, config, funding=np.array(example.funding) if example.funding else None
    )


def _words(example: Example, result: BacktestResult) -> str:
    trades = list(result.trades)
    if example.shows == "refused":
        return f"{result.refused_entries} entry refused, none made"
    if example.shows == "shared":
        return " and ".join(f"{trade.quantity:.3g}" for trade in trades) + " units: the first is served first"
    last = trades[-1]
    prices = f"in {last.entry_price:g}, out {last.exit_price:g}"
    extra = {
        "fee": f", fees {last.fee:.4g}",
        "funding": f", paid {last.funding:g} (bar 2)",
        "quantity": f", {last.quantity:.4g} units",
    }
    return prices + extra.get(example.shows, f" ({last.reason})")


def fills_picture() -> str:
    """Every fill rule on a few bars: triangles are entries, blue dots exits, dashed lines stops and targets."""
    panels, columns, height = [], 4, 84.0
    for number, example in enumerate(EXAMPLES):
        candles, result = _answer(example)
        shown = [candles.low.min(), candles.high.max(), *(example.levels.get(name, 100) for name in ("stop", "target"))]
        panel = cell(
            number, columns, height, (-0.6, len(candles) - 0.4), (float(min(shown)) - 2, float(max(shown)) + 2)
        )
        for bar in range(len(candles)):
            colour = INK["price"] if candles.close[bar] >= candles.open[bar] else INK["quiet"]
            panel.line((bar, bar), (candles.low[bar], candles.high[bar]), colour)
            panel.box(bar - 0.15, candles.open[bar], bar + 0.15, candles.close[bar], colour)
        for name, colour in (("stop", INK["down"]), ("target", INK["up"])):
            if name in example.levels:
                panel.across(example.levels[name], colour)
        late = 0.3 if example.options.get("fill") == "signal_close" else -0.3
        for trade in result.trades:
            opened, closed = trade.entry_ts / HOUR_MS, trade.exit_ts / HOUR_MS
            panel.arrow(opened + late, trade.entry_price, 1 if trade.side == "long" else -1)
            inside = 0.3 if trade.reason in {"stop", "target", "trail"} else late
            panel.dot(closed + inside, trade.exit_price, INK["line"])
        panel.say(example.rule, _words(example, result))
        panels.append(panel)
    return picture(panels, "Every fill rule on a few bars", grid_height(len(panels), columns, height))


# Metrics.


def _span(*series: Floats) -> tuple[float, float]:
    values = np.concatenate([one[np.isfinite(one)] for one in series])
    return float(values.min()), float(values.max())


def _known(value: Any) -> float:
    """A figure that these data are large enough for: `float` refuses the None of one that they are not."""
    return float(value)


def metrics_picture() -> str:
    """Each metric of one made-up year of days, with a deposit in the middle, and of its trades."""
    generator = np.random.default_rng(FIGURE_SEED)
    returns = generator.normal(0.0012, 0.018, 365)
    values, flows = [1_000.0], np.zeros(366)
    flows[180] = 800.0
    for day, change in enumerate(returns, start=1):
        values.append(values[-1] * (1 + change) + flows[day])
    worth, days = np.array(values), range(366)
    index = metrics.twr_index(worth, flows)
    table = metrics.summary(worth, periods_per_year=YEAR, flows=flows)
    paid = np.array([-1_000.0, -800.0, worth[-1]])
    owner = _known(metrics.xirr(paid, np.array([0, 180, 365]) * DAY_MS))
    columns, height, panels = 2, 90.0, []

    scaled = worth / worth[0]
    panel = cell(0, columns, height, (0, 365), _span(scaled, index))
    panel.line(days, scaled, INK["quiet"])
    panel.line(days, index, INK["line"])
    panel.say(
        f"TWR {table['total_return']:.1%}, annualised {table['annualised_return']:.1%}, XIRR {owner:.1%}",
        "grey: value over the start, with a deposit on day 180; blue: time-weighted index",
    )
    panels.append(panel)

    falls = metrics.drawdown_series(index)
    panel = cell(1, columns, height, (0, 365), (float(falls.min()), 0.0))
    panel.line(days, falls, INK["down"])
    for place in (table["max_drawdown_peak"], table["max_drawdown_trough"], table["max_drawdown_recovery"]):
        if place is not None:
            panel.upright(place, INK["quiet"])
    panel.say(
        f"Drawdown: maximum {table['max_drawdown']:.1%}, current {table['current_drawdown']:.1%}, "
        f"Calmar {table['calmar']:.2f}",
        "dashed: peak, trough and, where there was one, recovery",
    )
    panels.append(panel)

    counts, edges = np.histogram(returns, bins=40)
    panel = cell(2, columns, height, (float(edges[0]), float(edges[-1])), (0, float(counts.max())))
    for count, left, right in zip(counts, edges, edges[1:], strict=False):
        panel.box(left, 0, right, count, INK["quiet"])
    panel.upright(-table["value_at_risk"], INK["other"])
    panel.upright(-table["expected_shortfall"], INK["down"])
    panel.say(
        f"Volatility {table['volatility']:.1%} a year; value at risk {table['value_at_risk']:.2%} (orange)",
        f"expected shortfall {table['expected_shortfall']:.2%} (red), both at 95 % per day",
    )
    panels.append(panel)

    ratio, error = table["sharpe"], table["sharpe_error"]
    panel = cell(
        3, columns, height, (min(ratio - 2.5 * error, 0), max(ratio + 2.5 * error, table["sortino"] + 0.5)), (0, 3)
    )
    panel.line((ratio - 2 * error, ratio + 2 * error), (2, 2), INK["line"])
    panel.dot(ratio, 2, INK["line"])
    panel.dot(table["sortino"], 1, INK["up"])
    panel.upright(0, INK["quiet"])
    panel.say(
        f"Sharpe {ratio:.2f} ± {error:.2f} (n = {table['returns']}), Sortino {table['sortino']:.2f}",
        "blue: the Sharpe ratio and two standard errors; green: Sortino; dashed: zero",
    )
    panels.append(panel)

    pnl = generator.normal(6, 40, 40)
    trades = metrics.trade_summary(pnl)
    panel = cell(4, columns, height, (0, 40), _span(pnl))
    for number, gain in enumerate(pnl):
        panel.box(number + 0.15, 0, number + 0.85, gain, INK["up"] if gain > 0 else INK["down"])
    panel.across(trades["average_win"], INK["up"])
    panel.across(trades["average_loss"], INK["down"])
    panel.say(
        f"Win rate {trades['win_rate']:.0%}, profit factor {trades['profit_factor']:.2f}, expectancy "
        f"{trades['expectancy']:+.1f}",
        f"dashed: average win {trades['average_win']:.1f}, loss {trades['average_loss']:.1f}; longest streaks "
        f"{trades['winning_streak']} won, {trades['losing_streak']} lost",
    )
    panels.append(panel)

    opened = np.sort(generator.integers(0, 340, 12))
    closed = opened + generator.integers(5, 25, 12)
    share = _known(metrics.exposure(opened, closed, start_ms=0, end_ms=365))
    turned = _known(metrics.turnover(np.full(12, 2 * 500.0), worth, periods_per_year=YEAR))
    panel = cell(5, columns, height, (0, 365), (0, 12))
    for number, (first, last) in enumerate(zip(opened, closed, strict=True)):
        panel.box(first, number + 0.2, last, number + 0.8, INK["line"])
    panel.say(
        f"Exposure {share:.0%}, turnover {turned:.1f} a year", "twelve trades of 500 over a year, overlaps count once"
    )
    panels.append(panel)

    window = 60
    sharpe = metrics.rolling_sharpe(returns, window, periods_per_year=YEAR)
    sortino = metrics.rolling_sortino(returns, window, periods_per_year=YEAR)
    panel = cell(6, columns, height, (0, 364), _span(sharpe, sortino))
    panel.line(range(365), sharpe, INK["line"])
    panel.line(range(365), sortino, INK["up"])
    panel.across(0, INK["quiet"])
    panel.say("Rolling Sharpe (blue) and Sortino (green)", f"over {window} days, from the {window}th on")
    panels.append(panel)

    spread = metrics.rolling_volatility(returns, window, periods_per_year=YEAR)
    earned, fallen = metrics.rolling_return(returns, window), metrics.rolling_drawdown(returns, window)
    panel = cell(7, columns, height, (0, 364), _span(spread, earned, fallen))
    panel.line(range(365), spread, INK["other"])
    panel.line(range(365), earned, INK["line"])
    panel.line(range(365), fallen, INK["down"])
    panel.across(0, INK["quiet"])
    panel.say("Rolling volatility (orange), return (blue), drawdown (red)", f"over {window} days; volatility per year")
    panels.append(panel)
    return picture(panels, "Each metric on one made-up year of days", grid_height(8, columns, height))


# Honest statistics.


def validation_picture() -> str:
    """Each test: of luck on worthless trials, of splits in time, and of what else could have happened."""
    generator = np.random.default_rng(FIGURE_SEED)
    columns, height, panels = 2, 90.0, []
    trials = generator.normal(0, 0.01, (730, 200))
    ratios = trials.mean(axis=0) / trials.std(axis=0, ddof=1)
    yearly, luck = ratios * YEAR**0.5, expected_best_sharpe(float(ratios.var(ddof=1)), 200) * YEAR**0.5
    deflated = _known(deflated_sharpe(ratios, n=730, skew=0, kurtosis=3))
    counts, edges = np.histogram(yearly, bins=30)
    panel = cell(0, columns, height, (float(edges[0]), max(float(edges[-1]), luck) + 0.1), (0, float(counts.max())))
    for count, left, right in zip(counts, edges, edges[1:], strict=False):
        panel.box(left, 0, right, count, INK["quiet"])
    panel.upright(luck, INK["other"])
    panel.upright(float(yearly.max()), INK["down"])
    panel.say(
        f"Deflated Sharpe ratio of the best of 200 worthless trials: {deflated:.2f}",
        f"red: its Sharpe ratio {yearly.max():.2f}; orange: what luck alone is expected to show, {luck:.2f}",
    )
    panels.append(panel)

    found = cross_validate(np.random.default_rng(1).normal(0, 0.01, (900, 200)), periods_per_year=YEAR)
    panel = cell(1, columns, height, _span(found.inside), _span(found.outside, np.zeros(1)))
    for inside, outside in zip(found.inside, found.outside, strict=True):
        panel.dot(inside, outside, INK["line"])
    panel.across(0, INK["quiet"])
    panel.say(
        f"Cross-validation: the chosen trials promise {found.inside.mean():.2f} and earn {found.outside.mean():.2f}",
        "each dot a split: Sharpe ratio inside (right) against outside (up); dashed: zero",
    )
    panels.append(panel)

    splits = combinatorial_splits(120, groups=6, held_out=2, purge=4, embargo=4)
    panel = cell(2, columns, height, (0, 120), (0, len(splits)))
    for row, split in enumerate(splits):
        for places, colour in ((split.train, INK["line"]), (split.test, INK["other"])):
            for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1):
                panel.box(float(run[0]), row + 0.15, float(run[-1] + 1), row + 0.85, colour)
    panel.say(
        f"Combinatorial splits: {len(splits)} of 6 groups, 2 held out",
        "blue: chosen on; orange: held out; blank: purged before, embargoed after",
    )
    panels.append(panel)

    market = simulated_hours()
    where = space(strategies.get("trend_following"), {"fast": [10, 20], "slow": [40, 60]}, {"adx_min": 0})
    walk = walk_forward(where, market, train_bars=900, test_bars=250, workers=1)
    panel = cell(3, columns, height, (0, float(len(market))), (0, float(len(walk.windows))))
    for row, step in enumerate(reversed(walk.windows)):
        panel.box(step.train_from, row + 0.15, step.test_from, row + 0.85, INK["line"])
        panel.box(step.test_from, row + 0.15, step.test_to, row + 0.85, INK["other"])
    panel.say("Walk-forward", "blue: chose the parameters; orange: traded them unseen; time runs to the right")
    panels.append(panel)

    pnl = generator.normal(6, 40, 80)
    ranges = (
        shuffled_drawdown(pnl, cash=1_000, samples=500, seed=1),
        stressed_costs(pnl, np.full(80, 1_000.0), mean=0.002, samples=500, seed=1).profit,
        bootstrap(generator.normal(0.0012, 0.018, 365), sharpe_figure(YEAR), samples=500, seed=1),
    )
    names = ("Shuffled drawdown", "Profit at dearer costs", "Bootstrapped Sharpe ratio")
    for number, (name, one) in enumerate(zip(names, ranges, strict=True), start=4):
        reach = (one.high - one.low) * 0.3
        low, high = min(one.low, one.actual) - reach, max(one.high, one.actual) + reach
        panel = cell(number, columns, height, (low, high), (0, 2))
        panel.line((one.low, one.high), (1, 1), INK["line"])
        panel.dot(one.middle, 1, INK["line"])
        panel.upright(one.actual, INK["other"])
        panel.say(
            f"{name}: {one.low:.3g} … {one.high:.3g}",
            f"5 % to 95 % with the median {one.middle:.3g} as a dot; dashed: as it was, {one.actual:.3g}",
        )
        panels.append(panel)
    return picture(panels, "Each statistical test on made-up data", grid_height(7, columns, height))


# Allocation.


def simulated_returns() -> Floats:
    """A hundred and eighty days of four simulated assets."""
    _, minutes = advance(initial_state(ALLOCATION_SEED, start_ms=START_MS), 180 * 1440)
    closes = minutes[1439::1440, :, 3]
    returns: Floats = np.diff(closes, axis=0) / closes[:-1]
    return returns


def _rows(rows: list[tuple[str, Floats, Floats]], title: str) -> str:
    """One row per answer: its name, weights on the left, shares of the risk on the right."""
    height, parts = 22.0, []
    panel = Panel(0, 0, WIDTH, 1, 0, WIDTH, 0, 1)
    for x, heading in ((230.0, "weights; what is missing is cash"), (560.0, "shares of the risk")):
        parts.append(
            f'<text x="{x}" y="16" font-size="10" font-family="sans-serif" fill="{INK["price"]}">{heading}</text>'
        )
    for number, (name, weights, risks) in enumerate(rows):
        y = 24 + number * height
        parts.append(
            f'<text x="{EDGE}" y="{y + 14:.0f}" font-size="11" font-family="sans-serif">{_escaped(name)}</text>'
        )
        for start, shares in ((230.0, weights), (560.0, risks)):
            left = start
            for share, colour in zip(shares, ASSETS, strict=True):
                width = max(float(share), 0.0) * 288
                parts.append(f'<rect x="{left:.1f}" y="{y + 3:.0f}" width="{width:.1f}" height="15" fill="{colour}"/>')
                left += width
    panel.parts = parts
    return picture([panel], title, 30 + len(rows) * height)


def allocation_picture() -> str:
    """The weights of every method on the simulated assets."""
    returns = simulated_returns()
    answers = [(method.replace("_", " "), allocate(returns, method)) for method in METHODS]
    return _rows(
        [(name, answer.weights, answer.risk_contributions) for name, answer in answers],
        "Weights and shares of the risk by method: BTC, ETH, SOL, BNB",
    )


def constraints_picture() -> str:
    """What each constraint does to the maximum Sharpe ratio on the simulated assets."""
    returns, now = simulated_returns(), np.array([0.1, 0.1, 0.4, 0.4])
    cases = {
        "none": Constraints(),
        "maximum 40 %": Constraints(maximum=0.4),
        "minimum 10 %": Constraints(minimum=0.1),
        "group of the first two at least 50 %": Constraints(groups=(Group("majors", (0, 1), minimum=0.5),)),
        "capacity of the last 20 % of capital": Constraints(
            capital=1_000.0, capacity=np.array([1_000.0, 1_000.0, 1_000.0, 200.0])
        ),
        "turnover 30 % from 10, 10, 40, 40 %": Constraints(current=now, turnover=0.3),
        "cash reserve 25 %": Constraints(cash_reserve=0.25),
    }
    answers = [(name, allocate(returns, "maximum_sharpe", limits)) for name, limits in cases.items()]
    return _rows(
        [(name, answer.weights, answer.risk_contributions) for name, answer in answers],
        "The maximum Sharpe ratio under each constraint: BTC, ETH, SOL, BNB",
    )


def pictures() -> dict[str, str]:
    """Every picture by its name."""
    market = simulated_hours()
    return {
        **{strategy.slug: strategy_picture(strategy, market) for strategy in strategies.catalog()},
        "fills": fills_picture(),
        "metrics": metrics_picture(),
        "validation": validation_picture(),
        "allocation": allocation_picture(),
        "constraints": constraints_picture(),
    }

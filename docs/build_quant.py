"""Writes docs/quant.md and its pictures from the code: run `python docs/build_quant.py` after changing `quant/`.

Texts are the docstrings and schemas themselves, so the page cannot say something else than the code; a test fails when
it is out of date. Pictures are drawn from the simulated market with a fixed seed.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from quant import metrics, strategies, validation  # noqa: E402
from quant.allocation import METHODS, Constraints, Options, allocate  # noqa: E402
from quant.backtest import Config, Size  # noqa: E402
from quant.candles import Candles, aggregate  # noqa: E402
from quant.indicators.catalog import CATALOG  # noqa: E402
from quant.market_simulator import advance, initial_state, to_candles  # noqa: E402
from quant.strategies.base import Intents, Strategy  # noqa: E402

INTRODUCTION: Final = """
Generated from the code by `docs/build_quant.py`. Fractions, not percent; times are milliseconds UTC; `(T, N)` are
periods by assets. What was measured stands at the end.
"""
START_MS: Final = 1_704_067_200_000
CANDLE_SEED, ALLOCATION_SEED = 7, 8
WIDTH, HEIGHT, EDGE = 860, 240, 12
INK: Final = {"price": "#5b6472", "up": "#18794e", "down": "#c0362c", "line": "#3b6fd4", "fill": "#c0362c33"}

METRICS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    "TWR": ("r_t = (V_t − F_t) / V_{t−1} − 1, index = Π(1 + r_t)", metrics.twr_returns),
    "XIRR": ("Σ a_i · (1 + x)^(−days_i / 365) = 0", metrics.xirr),
    "Annualised return": ("(1 + R)^(periods per year / n) − 1", metrics.annualised_return),
    "Volatility": ("s · √(periods per year), s with n − 1", metrics.volatility),
    "Sharpe ratio": ("(mean − r_f) / s · √(periods per year)", metrics.sharpe),
    "Sortino ratio": ("mean(r − t) / √(Σ min(r − t, 0)² / n) · √(periods per year)", metrics.sortino),
    "Drawdown": ("I_t / max(I_0 … I_t) − 1", metrics.drawdown_series),
    "Maximum and current drawdown": ("min of the drawdowns; the last of them", metrics.drawdowns),
    "Calmar ratio": ("annualised return / |maximum drawdown|", metrics.calmar),
    "Value at risk": ("−quantile(r, 1 − confidence)", metrics.value_at_risk),
    "Expected shortfall": ("−mean of the worst 1 − confidence of r", metrics.expected_shortfall),
    "Win rate": ("trades with profit / trades", metrics.win_rate),
    "Profit factor": ("Σ profits / Σ losses", metrics.profit_factor),
    "Expectancy": ("mean profit and loss of a trade", metrics.expectancy),
    "Average win": ("mean of profits", metrics.average_win),
    "Average loss": ("mean of losses", metrics.average_loss),
    "Streaks": ("longest run of wins, of losses", metrics.longest_streak),
    "Turnover": ("traded notional per year / mean equity", metrics.turnover),
    "Exposure": ("time with a position / time", metrics.exposure),
    "Rolling Sharpe ratio": ("the Sharpe ratio of the last w returns", metrics.rolling_sharpe),
    "Rolling Sortino ratio": ("the Sortino ratio of the last w returns", metrics.rolling_sortino),
    "Rolling volatility": ("the volatility of the last w returns", metrics.rolling_volatility),
    "Rolling return": ("Π(1 + r) − 1 over the last w returns", metrics.rolling_return),
    "Rolling drawdown": ("the maximum drawdown of the last w returns", metrics.rolling_drawdown),
}
FORMULAS: Final = {
    "equal": "w_i = 1 / N",
    "inverse_volatility": "w_i ∝ 1 / σ_i",
    "minimum_variance": "min w'Σw",
    "mean_variance": "max τ·μ'w − ½·w'Σw − τ·c·Σ|w − w₀|",
    "maximum_sharpe": "max μ'w / √(w'Σw)",
    "risk_parity": "w_i · (Σw)_i equal for all i",
    "hierarchical_risk_parity": "recursive halves of the tree's leaves, each by 1 / variance",
    "maximum_diversification": "max σ'w / √(w'Σw)",
    "momentum": "w_i ∝ max(Σ_t 2^(−age_t / half-life) · r_ti, 0)",
    "performance_based": "w_i ∝ max(Π(1 + r_ti) − 1, 0)",
    "risk_adjusted": "w_i ∝ max(μ_i / σ_i, 0)",
    "fractional_kelly": "max μ'w − w'Σw / (2·f), Σw ≤ 1",
}
TESTS: Final = (
    validation.deflated_sharpe,
    validation.probabilistic_sharpe,
    validation.overfitting,
    validation.combinatorial_splits,
    validation.cross_validate,
    validation.walk_forward,
    validation.shuffled_drawdown,
    validation.stressed_costs,
    validation.bootstrap,
    validation.judge,
)


def text_of(thing: Callable[..., Any] | ModuleType | type) -> str:
    """A docstring with its indentation removed."""
    return inspect.cleandoc(thing.__doc__ or "")


def block(text: str) -> str:
    """A docstring as a paragraph, or as it stands where its columns matter."""
    return f"```text\n{text}\n```\n" if re.search(r"\S {2,}\S", text) else f"{text}\n"


def points(xs: Iterable[float], ys: Iterable[float], low: float, high: float, total: int) -> list[tuple[float, float]]:
    """Positions in the picture of values over bars 0 … total - 1."""
    scale = (WIDTH - 2 * EDGE) / max(total - 1, 1)
    return [
        (EDGE + x * scale, HEIGHT - EDGE - (y - low) / (high - low) * (HEIGHT - 2 * EDGE))
        for x, y in zip(xs, ys, strict=True)
        if np.isfinite(y)
    ]


def path(places: Iterable[tuple[float, float]], colour: str, *, fill: str = "none") -> str:
    """A line through the places."""
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{line}" fill="{fill}" stroke="{colour}" stroke-width="1.3"/>'


def picture(parts: Iterable[str], title: str) -> str:
    """An SVG with a light ground, readable on light and dark pages."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{title}</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fbfbfd"/>{"".join(parts)}</svg>\n'
    )


def candles() -> Candles:
    """Ninety days of simulated hours."""
    _, minutes = advance(initial_state(CANDLE_SEED, start_ms=START_MS), 90 * 1440)
    return aggregate(to_candles(START_MS, minutes, 0), 60)


def strategy_picture(strategy: Strategy, market: Candles) -> str:
    """Price with the strategy's entries (triangles) and exits (dots)."""
    intents: Intents = strategy.intents(market, strategy.defaults())
    bars = slice(len(market) - 700, len(market))
    close = market.close[bars]
    low, high, total = float(close.min()), float(close.max()), close.size
    parts = [path(points(range(total), close, low, high, total), INK["price"])]
    side = 0
    for bar, (enter, leave) in enumerate(zip(intents.enter[bars], intents.exit[bars], strict=True)):
        ((x, y),) = points([bar], [close[bar]], low, high, total)
        if enter and int(enter) != side:
            side = int(enter)
            tip, foot = y + 4 * side, y + 14 * side
            shape = f"{x:.1f},{tip:.1f} {x - 5:.1f},{foot:.1f} {x + 5:.1f},{foot:.1f}"
            parts.append(f'<polygon points="{shape}" fill="{INK["up"] if side > 0 else INK["down"]}"/>')
        elif leave and side:
            side = 0
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{INK["line"]}"/>')
    return picture(parts, f"{strategy.name}: entries and exits on simulated hours")


def metrics_picture(market: Candles) -> str:
    """A value index and, below it, its drawdown."""
    index = market.close / market.close[0]
    falls = metrics.drawdown_series(index)
    total = index.size
    top = [(x, EDGE + (y - EDGE) * 0.6) for x, y in points(range(total), index, index.min(), index.max(), total)]
    base = HEIGHT * 0.7
    scale = (HEIGHT - EDGE - base) / float(falls.min())
    under = [(x, base + fall * scale) for (x, _), fall in zip(top, falls, strict=True)]
    closed = [(top[0][0], base), *under, (top[-1][0], base)]
    return picture([path(top, INK["line"]), path(closed, INK["down"], fill=INK["fill"])], "An index and its drawdown")


def allocation_picture() -> str:
    """The weights of every method on the simulated assets."""
    _, minutes = advance(initial_state(ALLOCATION_SEED, start_ms=START_MS), 180 * 1440)
    closes = minutes[1439::1440, :, 3]
    returns = np.diff(closes, axis=0) / closes[:-1]
    colours = ("#3b6fd4", "#18794e", "#d08700", "#8e4ec6")
    parts, row = [], (HEIGHT - 2 * EDGE) / len(METHODS)
    for number, method in enumerate(METHODS):
        answer, left, y = allocate(returns, method), 210.0, EDGE + number * row
        parts.append(
            f'<text x="{EDGE}" y="{y + row * 0.7:.1f}" font-size="12" font-family="sans-serif">'
            f"{method.replace('_', ' ')}</text>"
        )
        for weight, colour in zip(answer.weights, colours, strict=True):
            width = weight * (WIDTH - 210 - EDGE)
            parts.append(
                f'<rect x="{left:.1f}" y="{y + 2:.1f}" width="{width:.1f}" height="{row - 4:.1f}" fill="{colour}"/>'
            )
            left += width
    return picture(parts, "Weights by method: BTC, ETH, SOL, BNB; what is missing is cash")


def strategy_section(strategy: Strategy) -> str:
    """What it does, its parameters, its rules and its picture."""
    module = sys.modules[strategy.compute.__module__]
    rows = ["| parameter | default | range | |", "|---|---|---|---|"]
    for parameter in strategy.schema:
        default = "see below" if parameter.kind == "data" else parameter.default
        span = ", ".join(parameter.choices) or (
            "data"
            if parameter.kind == "data"
            else f"{parameter.minimum:g} … {parameter.maximum:g}, step {parameter.step:g}"
        )
        rows.append(f"| `{parameter.name}` | {default} | {span} | {parameter.help} |")
    rules = "".join(f"\nRule: {rule.message}\n" for rule in strategy.rules)
    warmup = strategy.warmup(strategy.defaults())
    return (
        f"### {strategy.name} (`{strategy.slug}`)\n\n{block(text_of(module))}\n"
        + "\n".join(rows)
        + f"\n{rules}\nWarm-up with the defaults: {warmup} bars.\n\n![{strategy.name}](quant/{strategy.slug}.svg)\n"
    )


def page() -> str:
    """The whole page."""
    from quant.allocation import allocate as function
    from quant.allocation import compare as comparison
    from quant.backtest import kernel
    from quant.strategies.validator import check

    module_of_allocation = sys.modules[function.__module__]
    indicators = ["| indicator | parameters | |", "|---|---|---|"]
    for indicator in CATALOG.values():
        asked = [f"{name} {default}" for name, default in indicator.periods.items()]
        asked += [f"multiple {indicator.multiple:g}"] if indicator.multiple else []
        indicators.append(f"| `{indicator.name}` | {', '.join(asked)} | {indicator.help} |")
    parts = [
        "# The trading core\n",
        INTRODUCTION,
        "## Strategies\n",
        block(text_of(sys.modules[Strategy.__module__])),
        *(strategy_section(strategy) for strategy in strategies.catalog()),
        "### Indicators for composed rules\n",
        "\n".join(indicators) + "\n",
        "### Rules that every strategy keeps\n",
        block(text_of(check)),
        "## Fill rules\n",
        block(text_of(kernel)),
        block(text_of(Config)),
        block(text_of(Size)),
        "## Metrics\n",
        "![An index and its drawdown](quant/metrics.svg)\n",
        *(f"### {name}\n\n`{formula}`\n\n{block(text_of(function))}" for name, (formula, function) in METRICS.items()),
        "## Honest statistics\n",
        *(f"### `{test.__name__}`\n\n{block(text_of(test))}" for test in TESTS),
        "## Allocation\n",
        block(text_of(module_of_allocation)),
        "![Weights by method](quant/allocation.svg)\n",
        *(f"### `{name}`\n\n`{FORMULAS[name]}`\n\n{block(text_of(method))}" for name, method in METHODS.items()),
        "### Constraints\n",
        block(text_of(Constraints)),
        block(text_of(Options)),
        "### Comparison\n",
        block(text_of(sys.modules[comparison.__module__])),
        (ROOT / "docs" / "quant" / "measured.md").read_text(),
    ]
    return "\n".join(parts)


def build() -> dict[Path, str]:
    """Every file of the page by its place."""
    market, folder = candles(), ROOT / "docs" / "quant"
    files = {folder / f"{strategy.slug}.svg": strategy_picture(strategy, market) for strategy in strategies.catalog()}
    files[folder / "metrics.svg"] = metrics_picture(market)
    files[folder / "allocation.svg"] = allocation_picture()
    files[ROOT / "docs" / "quant.md"] = page()
    return files


if __name__ == "__main__":
    for place, text in build().items():
        place.write_text(text)

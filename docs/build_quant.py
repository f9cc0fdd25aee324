"""Writes docs/quant.md and its pictures from the code: run `python docs/build_quant.py` after changing `quant/`.

With a folder of recorded candles (`python docs/build_quant.py DIR`) it also computes the walk-forward table of
docs/quant/measured.md again, from the four files `binance_{BTC,ETH,SOL,BNB}USDT_4h.csv.gz`.

Texts are the docstrings and schemas themselves, so the page cannot say something else than the code; a test fails when
it is out of date. `docs/quant_pictures.py` draws the pictures.
"""

from __future__ import annotations

import gzip
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from docs.quant_pictures import pictures  # noqa: E402
from quant import metrics, strategies, validation  # noqa: E402
from quant.allocation import METHODS, Constraints, Options, compare  # noqa: E402
from quant.backtest import Config, Size  # noqa: E402
from quant.indicators.catalog import CATALOG  # noqa: E402
from quant.strategies.base import Strategy  # noqa: E402

INTRODUCTION: Final = """
Generated from the code by `docs/build_quant.py`. Fractions, not percent; times are milliseconds UTC; `(T, N)` are
periods by assets. What was measured stands at the end.
"""
# Of the walk-forward table: 180 four-hour bars back, a week of them between rebalances, a fraction of what is traded.
LOOKBACK, WEEK, COST = 180, 42, 0.001
# Formula, unit, source, and the function whose docstring decides the edge cases.
METRICS: Final[dict[str, tuple[str, str, str, Callable[..., Any]]]] = {
    "TWR": (
        "r_t = (V_t − F_t) / V_{t−1} − 1, index = Π(1 + r_t)",
        "fraction per period; the index starts at 1",
        "Bacon 2008; GIPS",
        metrics.twr_returns,
    ),
    "XIRR": (
        "Σ a_i · (1 + x)^(−days_i / 365) = 0",
        "fraction per year of 365 days",
        "the spreadsheet function of this name",
        metrics.xirr,
    ),
    "Annualised return": (
        "(1 + R)^(periods per year / n) − 1",
        "fraction per year",
        "Bacon 2008",
        metrics.annualised_return,
    ),
    "Volatility": ("s · √(periods per year), s with n − 1", "fraction per year", "Markowitz 1952", metrics.volatility),
    "Sharpe ratio": (
        "(mean − r_f) / s · √(periods per year)",
        "pure number, per year",
        "Sharpe 1966; Lo 2002; Mertens 2002",
        metrics.sharpe,
    ),
    "Sortino ratio": (
        "mean(r − t) / √(Σ min(r − t, 0)² / n) · √(periods per year)",
        "pure number, per year",
        "Sortino & Price 1994",
        metrics.sortino,
    ),
    "Drawdown": (
        "I_t / max(I_0 … I_t) − 1",
        "fraction of the peak, ≤ 0",
        "Magdon-Ismail & Atiya 2004",
        metrics.drawdown_series,
    ),
    "Maximum and current drawdown": (
        "min of the drawdowns; the last of them",
        "fraction of the peak, ≤ 0; positions from 0",
        "Magdon-Ismail & Atiya 2004",
        metrics.drawdowns,
    ),
    "Calmar ratio": (
        "annualised return / |maximum drawdown|",
        "pure number",
        "Magdon-Ismail & Atiya 2004",
        metrics.calmar,
    ),
    "Value at risk": (
        "−quantile(r, 1 − confidence)",
        "fraction per period, a loss is positive",
        "Jorion 2001",
        metrics.value_at_risk,
    ),
    "Expected shortfall": (
        "−mean of the worst 1 − confidence of r",
        "fraction per period, a loss is positive",
        "Acerbi & Tasche 2002",
        metrics.expected_shortfall,
    ),
    "Win rate": (
        "trades with profit / trades",
        "fraction of trades; None without trades",
        "counting",
        metrics.win_rate,
    ),
    "Profit factor": ("Σ profits / Σ losses", "pure number", "counting", metrics.profit_factor),
    "Expectancy": (
        "mean profit and loss of a trade",
        "quote per trade; None without trades",
        "mean",
        metrics.expectancy,
    ),
    "Average win": ("mean of profits", "quote", "mean", metrics.average_win),
    "Average loss": ("mean of losses", "quote, < 0", "mean", metrics.average_loss),
    "Streaks": ("longest run of wins, of losses", "trades; 0 without any", "counting", metrics.longest_streak),
    "Turnover": ("traded notional per year / mean equity", "times per year", "as written", metrics.turnover),
    "Exposure": (
        "time with a position / time",
        "fraction of time; None for an empty span",
        "counting",
        metrics.exposure,
    ),
    "Rolling Sharpe ratio": (
        "the Sharpe ratio of the last w returns",
        "pure number, per year; NaN before the window is full",
        "as the figure itself",
        metrics.rolling_sharpe,
    ),
    "Rolling Sortino ratio": (
        "the Sortino ratio of the last w returns",
        "pure number, per year; NaN before the window is full",
        "as the figure itself",
        metrics.rolling_sortino,
    ),
    "Rolling volatility": (
        "the volatility of the last w returns",
        "fraction per year; NaN before the window is full",
        "as the figure itself",
        metrics.rolling_volatility,
    ),
    "Rolling return": (
        "Π(1 + r) − 1 over the last w returns",
        "fraction over the window; NaN before the window is full",
        "as the figure itself",
        metrics.rolling_return,
    ),
    "Rolling drawdown": (
        "the maximum drawdown of the last w returns",
        "fraction, ≤ 0; NaN before the window is full",
        "as the figure itself",
        metrics.rolling_drawdown,
    ),
}
# What is traded, as a formula, and where the idea comes from; C is the close, all of it known when the bar has closed.
STRATEGIES: Final = {
    "trend_following": (
        "enter ±1 where MA_fast crosses MA_slow and ADX ≥ adx_min; stop = C ∓ stop_atr · ATR",
        "Donchian's five and twenty day averages; Wilder 1978 for ATR and ADX",
    ),
    "breakout": (
        "enter +1 where C_t > max(H_{t−n} … H_{t−1}), −1 where C_t < min(L_{t−n} … L_{t−1}); leave at the middle",
        "Donchian's channel; Crabel 1990 for the opening range",
    ),
    "price_action": (
        "enter where a pattern stands within zone_atr · ATR of the last confirmed swing",
        "Nison 1991 for the patterns; Brooks 2009 for levels",
    ),
    "mean_reversion": (
        "z = (C − SMA_n) / s_n; enter +1 where z falls below −entry (or comes back above it), leave at ∓leave",
        "Bollinger for the bands; Poterba & Summers 1988",
    ),
    "mixed": ("score = Σ w_i · vote_i / Σ w_i; enter where |score| reaches agreement", "weighted majority voting"),
    "custom": ("enter where all (or any) of the comparisons hold", "whoever composed it"),
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


def strategy_section(strategy: Strategy) -> str:
    """What it does, its parameters, its rules and its picture."""
    module = sys.modules[strategy.compute.__module__]
    rows = ["| parameter | label | default | range | unit | |", "|---|---|---|---|---|---|"]
    for parameter in strategy.schema:
        default = parameter.in_words(parameter.default) if parameter.kind == "data" else parameter.default
        span = ", ".join(f"{value} ({words})" for value, words in parameter.options) or (
            "data"
            if parameter.kind == "data"
            else f"{parameter.minimum:g} … {parameter.maximum:g}, step {parameter.step:g}"
        )
        rows.append(
            f"| `{parameter.name}` | {parameter.title} | {default} | {span} | {parameter.unit} | {parameter.help} |"
        )
    formula, source = STRATEGIES.get(strategy.slug, ("", ""))
    about = f"`{formula}`\n\nSource: {source}.\n\n" if formula else ""
    rules = "".join(f"\nRule: {rule.message}\n" for rule in strategy.rules)
    warmup = strategy.warmup(strategy.defaults())
    return (
        f"### {strategy.name} (`{strategy.slug}`)\n\n{about}{block(text_of(module))}\n"
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
        "![Every fill rule on a few bars](quant/fills.svg)\n",
        "## Metrics\n",
        "![Each metric on one made-up year of days](quant/metrics.svg)\n",
        *(
            f"### {name}\n\n`{formula}`\n\nUnit: {unit}. Source: {source}.\n\n{block(text_of(function))}"
            for name, (formula, unit, source, function) in METRICS.items()
        ),
        "## Honest statistics\n",
        "![Each statistical test on made-up data](quant/validation.svg)\n",
        *(f"### `{test.__name__}`\n\n{block(text_of(test))}" for test in TESTS),
        "## Allocation\n",
        block(text_of(module_of_allocation)),
        "![Weights and shares of the risk by method](quant/allocation.svg)\n",
        *(f"### `{name}`\n\n`{FORMULAS[name]}`\n\n{block(text_of(method))}" for name, method in METHODS.items()),
        "### Constraints\n",
        "![The maximum Sharpe ratio under each constraint](quant/constraints.svg)\n",
        block(text_of(Constraints)),
        block(text_of(Options)),
        "### Comparison\n",
        block(text_of(sys.modules[comparison.__module__])),
        *((ROOT / "docs" / "quant" / name).read_text() for name in ("sources.md", "measured.md")),
    ]
    return "\n".join(parts)


def walk_forward_table(folder: Path) -> str:
    """All methods on four recorded assets, walking forward."""
    closes = []
    for coin in ("BTC", "ETH", "SOL", "BNB"):
        with gzip.open(folder / f"binance_{coin}USDT_4h.csv.gz", "rt") as file:
            closes.append(np.loadtxt(file, delimiter=",", skiprows=1, usecols=4))
    prices = np.column_stack(closes)
    found = compare(
        prices[1:] / prices[:-1] - 1,
        lookback=LOOKBACK,
        rebalance_every=WEEK,
        cost=COST,
        options=Options(periods_per_year=6 * 365),
    )
    rows = ["| method | return | volatility | Sharpe | drawdown | turnover | beats equal |", "|---" * 7 + "|"]
    for one in found.tracks:
        shares = (f"{share:.1%}" for share in (one.total_return, one.volatility))
        beats = "" if one.beats_equal is None else f"{one.beats_equal:.0%} "
        figures = [one.method, *shares, f"{one.sharpe:.2f}", f"{one.max_drawdown:.1%}", f"{one.turnover:.2f}"]
        rows.append(f"| {' | '.join(figures)} | {beats}|")
    return "\n".join([*rows, "", f"> {found.verdict}", ""])


def measure(folder: Path) -> None:
    """Write the walk-forward table again; it is the last thing of its file."""
    place = ROOT / "docs" / "quant" / "measured.md"
    before, _, _ = place.read_text().partition("| method | return |")
    place.write_text(before + walk_forward_table(folder))


def build() -> dict[Path, str]:
    """Every file of the page by its place."""
    folder = ROOT / "docs" / "quant"
    files = {folder / f"{name}.svg": drawn for name, drawn in pictures().items()}
    files[ROOT / "docs" / "quant.md"] = page()
    return files


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    for place, text in build().items():
        place.write_text(text)

"""Indicators by name, for rules that people compose: what each is called, what it may be asked, how long it settles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from quant import indicators
from quant.candles import Candles, Floats

SOURCES: Final = ("open", "high", "low", "close", "volume")
LONGEST: Final = 1000


@dataclass(frozen=True)
class Indicator:
    """An indicator that rules may name.

    `periods` are its whole-number parameters with their defaults (2 … `LONGEST`); `multiple` is the default of its
    width in deviations, if it has one; `from_source` tells whether it is computed from a chosen price or volume.
    `label` is what people choose it by, and `is_price` whether it lives where the prices do, as a stop has to.
    """

    name: str
    label: str
    help: str
    compute: Callable[[Candles, Floats, Mapping[str, Any]], Floats]
    periods: Mapping[str, int]
    settling: int = 1
    from_source: bool = True
    multiple: float | None = None
    is_price: bool = False

    def settle(self, params: Mapping[str, Any]) -> int:
        """Bars until it has forgotten where the data began."""
        return sum(int(params[name]) for name in self.periods) * self.settling + 1


def _band(side: int) -> Callable[[Candles, Floats, Mapping[str, Any]], Floats]:
    def compute(_: Candles, values: Floats, params: Mapping[str, Any]) -> Floats:
        spread: Floats = params["multiple"] * indicators.deviation(values, params["period"])
        return indicators.sma(values, params["period"]) + side * spread

    return compute


def _macd(line: int) -> Callable[[Candles, Floats, Mapping[str, Any]], Floats]:
    def compute(_: Candles, values: Floats, params: Mapping[str, Any]) -> Floats:
        return indicators.macd(values, params["fast"], params["slow"], params["signal"])[line]

    return compute


def _of_source(function: Callable[[Floats, int], Floats]) -> Callable[[Candles, Floats, Mapping[str, Any]], Floats]:
    return lambda _, values, params: function(values, params["period"])


def _of_candles(function: Callable[[Candles, int], Floats]) -> Callable[[Candles, Floats, Mapping[str, Any]], Floats]:
    return lambda candles, _, params: function(candles, params["period"])


_EMA, _WILDER = indicators.EMA_SETTLING, indicators.WILDER_SETTLING
_MACD_PERIODS: Final = {"fast": 12, "slow": 26, "signal": 9}

CATALOG: Final = {
    indicator.name: indicator
    for indicator in (
        Indicator("price", "Price", "The price or volume itself.", lambda _, values, params: values, {}, is_price=True),
        Indicator(
            "sma",
            "Simple average (SMA)",
            "Simple moving average.",
            _of_source(indicators.sma),
            {"period": 20},
            is_price=True,
        ),
        Indicator(
            "ema",
            "Exponential average (EMA)",
            "Exponential moving average.",
            _of_source(indicators.ema),
            {"period": 20},
            _EMA,
            is_price=True,
        ),
        Indicator(
            "rsi",
            "Relative strength (RSI)",
            "Relative strength index, 0 to 100.",
            _of_source(indicators.rsi),
            {"period": 14},
            _WILDER,
        ),
        Indicator(
            "roc",
            "Change as a fraction",
            "Change over the period as a fraction.",
            _of_source(indicators.roc),
            {"period": 10},
        ),
        Indicator(
            "highest",
            "Highest",
            "Highest of the period, this bar's included.",
            _of_source(indicators.highest),
            {"period": 20},
            is_price=True,
        ),
        Indicator(
            "lowest",
            "Lowest",
            "Lowest of the period, this bar's included.",
            _of_source(indicators.lowest),
            {"period": 20},
            is_price=True,
        ),
        Indicator(
            "zscore",
            "Distance from the mean (z-score)",
            "Distance from the mean in deviations.",
            _of_source(indicators.zscore),
            {"period": 20},
        ),
        Indicator(
            "deviation",
            "Standard deviation",
            "Standard deviation.",
            _of_source(indicators.deviation),
            {"period": 20},
        ),
        Indicator(
            "upper_band",
            "Upper Bollinger band",
            "Bollinger's upper band.",
            _band(+1),
            {"period": 20},
            multiple=2.0,
            is_price=True,
        ),
        Indicator(
            "lower_band",
            "Lower Bollinger band",
            "Bollinger's lower band.",
            _band(-1),
            {"period": 20},
            multiple=2.0,
            is_price=True,
        ),
        Indicator("macd", "MACD", "MACD line.", _macd(0), _MACD_PERIODS, _EMA),
        Indicator("macd_signal", "MACD's signal line", "MACD signal line.", _macd(1), _MACD_PERIODS, _EMA),
        Indicator(
            "atr",
            "Average true range (ATR)",
            "Average true range.",
            _of_candles(indicators.atr),
            {"period": 14},
            _WILDER,
            from_source=False,
        ),
        Indicator(
            "adx",
            "Strength of the trend (ADX)",
            "Strength of the trend, 0 to 100.",
            _of_candles(indicators.adx),
            {"period": 14},
            2 * _WILDER,
            from_source=False,
        ),
    )
}

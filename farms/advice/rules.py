"""What the demo asks in place of a language model: rules of thumb, in this process, which cost nothing.

It gets the very words that a model gets and answers as one does, so what follows is the same code. Its row of the
operators' list is of the demo alone: nobody else is offered it, and whoever reads a proposal reads its name.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from farms.advice.client import Endpoint, Message, Reply

# In the one row that a migration makes. No server is asked there: names of `.internal` are nobody's.
ADDRESS: Final = "http://demo.internal"
# What that row calls them, and no other may be called.
NAME: Final = "demo rules"
# A token of English is about so many characters.
CHARACTERS: Final = 4
STOP_ATR: Final = 2.0
TARGET_ATR: Final = 3.0
HORIZON: Final = 12
OVERBOUGHT: Final = 70.0
OVERSOLD: Final = 30.0
# How sure they are: more of a strong trend (by its ADX), and of a price that has not run far from its average.
LEAST_SURE: Final = 0.4
STRONGEST: Final = 60.0
BY_STRENGTH: Final = 0.4
BY_NEARNESS: Final = 0.1
FAR_ATR: Final = 2.0
DIGITS: Final = 12


def ask(endpoint: Endpoint, messages: Sequence[Message], *, schema: Mapping[str, Any]) -> Reply:
    """The answer, as `client.ask` gives a model's."""
    told = json.loads(next(one["content"] for one in messages if one["role"] == "user"))  # a second try adds words
    text = json.dumps(_answered(told["markets"]))
    asked = sum(len(one["content"]) for one in messages)
    return Reply(text, False, asked // CHARACTERS, len(text) // CHARACTERS, 0)


def _answered(markets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the first market that has a trend and room left in it; to hold the first where none has."""
    return next((found for one in markets if (found := _followed(one))), _held(markets[0]))


def _followed(market: Mapping[str, Any]) -> dict[str, Any] | None:
    found, price, way = market["indicators"], market["price"], _way(market)
    if not way:
        return None
    if (found["rsi_14"] >= OVERBOUGHT) if way > 0 else (found["rsi_14"] <= OVERSOLD):
        return None
    stop, target = price - way * STOP_ATR * found["atr_14"], price + way * TARGET_ATR * found["atr_14"]
    if min(stop, target) <= 0 or stop == target:
        return None
    where, strength = "above" if way > 0 else "below", min(found.get("adx_14", 0.0), STRONGEST)
    away = abs(price - found["ema_20"]) / found["atr_14"]
    sure = LEAST_SURE + BY_STRENGTH * strength / STRONGEST + BY_NEARNESS * max(1 - away / FAR_ATR, 0)
    return {
        "action": "buy" if way > 0 else "sell",
        "instrument": market["instrument"],
        "size_percent": 50,
        "stop": _price(stop),
        "target": _price(target),
        "horizon_candles": HORIZON,
        "confidence": round(sure, 2),
        "reasons": [
            f"The price is {where} its average of 20 candles, and that one {where} the one of 50.",
            f"The RSI of {found['rsi_14']:.0f} leaves room, at an ADX of {strength:.0f}.",
        ],
        "exposure": None,
        "mood": round(way * strength / 100, 2),
    }


def _price(value: float) -> float:
    """With as many digits as a price has, however small it is."""
    return float(f"{value:.{DIGITS}g}")


def _way(market: Mapping[str, Any]) -> int:
    """1 up, -1 down where that can be followed, 0 for neither: the price beyond its averages, the fast one ahead."""
    found, price = market["indicators"], market["price"]
    if not {"ema_20", "sma_50", "atr_14", "rsi_14"} <= found.keys():
        return 0
    if price > found["ema_20"] > found["sma_50"]:
        return 1
    is_long = (market.get("position") or {}).get("side") == "long"
    is_down = price < found["ema_20"] < found["sma_50"]
    return -1 if is_down and (is_long or market["can_be_sold_short"]) else 0


def _held(market: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "action": "hold",
        "instrument": market["instrument"],
        "size_percent": 0,
        "stop": None,
        "target": None,
        "horizon_candles": HORIZON,
        "confidence": 0.5,
        "reasons": ["The price is between its averages, or has run far already: nothing speaks for a trade."],
        "exposure": None,
        "mood": None,
    }

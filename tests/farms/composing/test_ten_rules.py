"""Ten rules that traders write, composed on the page by its fields and buttons alone, and saved."""

from typing import Any

import pytest
from django.test import Client

from farms.models import StrategyVersion
from kit import tenancy
from kit.users.models import User
from markets.models import Instrument
from quant import strategies
from tests.farms.composing.test_pages import NEW, sentences


class Page:
    """The page as somebody without JavaScript uses it: fields are filled in, buttons pressed."""

    def __init__(self, client: Client, market: Instrument) -> None:
        self.client = client
        self.fields: dict[str, str] = dict(client.get(NEW).context["form"].data)
        self.fill({"market": str(market.pk), "timeframe": "1h", "view": "form"})

    def fill(self, fields: dict[str, str]) -> None:
        self.fields |= fields

    def press(self, do: str) -> None:
        answer = self.client.post(NEW, self.fields | {"do": do})
        assert answer.status_code == 200
        self.fields = dict(answer.context["form"].data)
        self.fields.pop("do", None)

    def choose(self, place: str, what: str, **more: Any) -> None:
        """Choose an indicator or a number in the first field of a value, and fill in those that it brings."""
        self.fill({f"rules.{place}.is": what})
        self.press("look")
        names = {f"rules.{place}.{name}": str(value) for name, value in more.items()}
        assert set(names) <= set(self.fields), (place, what, sorted(self.fields))
        self.fill(names)

    def conditions(self, place: str, kind: str, wanted: list[Any]) -> None:
        """Conditions in a group, each (left, how, right); a list with its kind in front is a group of its own."""
        self.fill({f"rules.{place}.kind": kind})
        self.press("look")
        while f"rules.{place}.2.op" in self.fields:
            self.press(f"drop:{place}.2")
        for number, one in enumerate(wanted, start=1):
            inner = f"{place}.{number}"
            if isinstance(one, list):
                self.press(f"group:{place}")
                self.conditions(inner, one[0], one[1:])
                continue
            if number > 1:
                self.press(f"condition:{place}")
            (left, left_more), op, (right, right_more) = one
            self.choose(f"{inner}.left", left, **left_more)
            self.fill({f"rules.{inner}.op": op})
            self.choose(f"{inner}.right", right, **right_more)

    def save(self, name: str) -> Any:
        return self.client.post(NEW, self.fields | {"name": name})


def value(what: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return what, more


def number(amount: float) -> tuple[str, dict[str, Any]]:
    return "number", {"value": amount}


PRICE = value("price")
NOTHING = value("none")
# Name → entry (all of), exit (any of; None for never), stop, target, trail; and what of the words tells them apart.
RULES: dict[str, tuple[list[Any], list[Any] | None, Any, Any, Any, str]] = {
    "Golden cross": (
        [(value("sma", period=50), "crosses_above", value("sma", period=200))],
        [(value("sma", period=50), "crosses_below", value("sma", period=200))],
        value("percent", share=8), NOTHING, NOTHING, "sma(50) crosses above sma(200)",
    ),
    "Dip in an uptrend": (
        [(value("rsi", period=14), "crosses_above", number(40)), (PRICE, ">", value("sma", period=100))],
        [(value("rsi", period=14), ">", number(70))],
        value("atr_times", times=2, period=14), NOTHING, NOTHING, "all of: rsi(14) crosses above 40; close > sma(100)",
    ),
    "Breakout of twenty days": (
        [(PRICE, ">", value("highest", period=20, source="high", bars_ago=1))],
        [(PRICE, "<", value("lowest", period=10, source="low", bars_ago=1))],
        value("lowest", period=10, source="low"), NOTHING, NOTHING, "close > highest(20, high) 1 bars ago",
    ),
    "Back to the mean": (
        [(PRICE, "<", value("lower_band", period=20, multiple=2))],
        [(PRICE, ">", value("sma", period=20))],
        value("percent", share=3), NOTHING, NOTHING, "close < lower_band(20, 2)",
    ),
    "MACD": (
        [(value("macd"), "crosses_above", value("macd_signal"))],
        [(value("macd"), "crosses_below", value("macd_signal"))],
        value("atr_times", times=2.5), NOTHING, NOTHING, "macd(12, 26, 9) crosses above macd_signal(12, 26, 9)",
    ),
    "Momentum": (
        [(value("roc", period=10), ">", number(0.03))],
        [(value("roc", period=10), "<", number(0))],
        NOTHING, NOTHING, value("percent", share=5), "roc(10) > 0.03",
    ),
    "Pullback": (
        [(value("ema", period=10), ">", value("ema", period=30)), (PRICE, "crosses_above", value("ema", period=10))],
        None,
        value("lowest", period=10, source="low"), value("atr_times", times=4), NOTHING, "ema(10) > ema(30)",
    ),
    "Burst of volume": (
        [(value("zscore", period=20, source="volume"), ">", number(2)), (PRICE, ">", value("price", source="open"))],
        [(PRICE, "<", value("price", source="open"))],
        value("atr_times", times=1.5), NOTHING, NOTHING, "all of: zscore(20, volume) > 2; close > open",
    ),
    "Strong trend": (
        [(value("adx", period=10), ">", number(20)), (PRICE, ">", value("highest", period=20, bars_ago=1))],
        None,
        NOTHING, NOTHING, value("atr_times", times=3), "adx(10) > 20",
    ),
    "Oversold, in one way or the other": (
        [(PRICE, ">", value("sma", period=150)),
         ["any", (value("rsi", period=7), "<", number(35)), (value("zscore", period=10), "<", number(-1.5))]],
        [(value("rsi", period=7), ">", number(55))],
        value("percent", share=4), value("percent", share=6), NOTHING,
        "all of: close > sma(150); (any of: rsi(7) < 35; zscore(10) < -1.5)",
    ),
}  # fmt: skip


def compose(page: Page, name: str) -> None:
    entry, leave, stop, target, trail, _ = RULES[name]
    page.conditions("entry", "all", entry)
    if leave is None:
        page.fill({"rules.exit.kind": "never"})
        page.press("look")
    else:
        page.conditions("exit", "any", leave)
    for place, (what, more) in (("stop", stop), ("target", target), ("trail", trail)):
        page.choose(place, what, **more)


@pytest.mark.slow
def test_ten_rules_are_composed_without_json_and_saved(client: Client, market: Instrument, owner: User) -> None:
    client.force_login(owner)
    assert len(RULES) == 10
    for name, (*_, words) in RULES.items():
        page = Page(client, market)
        compose(page, name)
        answer = page.save(name)
        assert answer.status_code == 302, (name, sentences(answer))
        with tenancy.tenant(owner.pk):
            made = StrategyVersion.objects.get(saved__name=name)
        said = strategies.get("custom").schema[1].in_words(made.parameters["entry"])
        assert words in said, name


def test_a_nested_rule_is_composed_by_buttons(client: Client, market: Instrument, owner: User) -> None:
    client.force_login(owner)
    page = Page(client, market)
    name = list(RULES)[-1]
    compose(page, name)
    answer = page.save(name)
    assert answer.status_code == 302, sentences(answer)
    assert "all of: close &gt; sma(150); (any of:" in client.get(answer["Location"]).content.decode()

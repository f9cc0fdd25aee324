"""What a person is asked for a backtest; the strategy's schema makes its part of the form."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import QueryDict

from farms.forms import PREFIX, parameter_field, written
from farms.laboratory.asking import CASH, FEE, Wish
from farms.models import Agent, Backtest
from kit import days
from kit.formatting import respelled
from kit.forms import AmountField, PercentField
from kit.models import MONEY
from markets.candles.known import Series
from markets.models import Instrument, Timeframe
from quant import strategies
from quant.strategies import Strategy

SIZINGS: Final = (
    ("fraction", "Share of its equity"),
    ("risk", "What it may lose at the stop"),
    ("volatility", "How far it may move in a year"),
)


class MarketsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # Django's own has none at run time
    """Markets that have candles, each with the timeframes that there are."""

    frames: dict[int, list[str]]

    def label_from_instance(self, obj: Instrument) -> str:
        gone = "" if obj.is_active else " · no longer traded"
        return f"{obj.symbol} · {obj.venue} · {', '.join(self.frames.get(obj.pk, []))}{gone}"


class BacktestForm(forms.Form):
    """A backtest; what it begins with is an agent's, an earlier backtest's, or the usual."""

    markets = MarketsField(
        Instrument.objects.none(),
        help_text="Several share one account's cash: choose them with Ctrl or ⌘. Beside each are its candles.",
        widget=forms.SelectMultiple(attrs={"size": 5}),
    )
    timeframe = forms.ChoiceField(choices=Timeframe.choices, initial=Timeframe.H1)
    since = forms.DateField(
        label="First day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty for as far back as the candles of all go.",
    )
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty for up to now.",
    )
    cash = AmountField(
        min_value=Decimal(1),
        initial=CASH,
        label="It starts with",
        help_text="In the quote asset of the markets.",
        **MONEY,
    )
    taker_fee = PercentField(initial=FEE, label="Fee, in %", help_text="Of each entry and exit that takes a price.")
    slippage = PercentField(
        initial=Decimal("0.0005"),
        label="Slippage, in %",
        help_text="What each market order and stop loses on its price.",
    )
    sizing = forms.ChoiceField(label="An entry is sized by", choices=SIZINGS, initial="fraction")
    size = PercentField(initial=Decimal(1), label="Size, in %", help_text="Of its equity, for each entry.")

    def __init__(
        self,
        given: QueryDict | None,
        *,
        strategy: Strategy,
        known: list[Series],
        agent: Agent | None = None,
        like: Backtest | None = None,
    ) -> None:
        kept = like.parameters if like else agent.parameters if agent else strategy.defaults()
        super().__init__(given, initial=_facts(like, agent, kept))
        self.strategy, self.agent = strategy, agent
        field = self.fields["markets"]
        assert isinstance(field, MarketsField)  # noqa: S101 - for the type checker
        field.frames = {}
        for one in known:
            field.frames.setdefault(one.instrument_id, []).append(one.timeframe)
        field.queryset = Instrument.objects.filter(pk__in=field.frames)
        # Only spot can be traded, which has one direction: there is nothing to ask.
        self.schema = [item for item in strategy.schema if item.kind != "data" and item.name != "direction"]
        composed = [item for item in strategy.schema if item.kind == "data"]
        self.kept = {item.name: kept.get(item.name, item.default) for item in composed}
        self.rules = [(item.title, respelled(item.in_words(self.kept[item.name]))) for item in composed]
        for item in self.schema:
            self.fields[PREFIX + item.name] = parameter_field(item)

    def wish(self) -> Wish:
        """What is asked for; days are the reader's."""
        given = self.cleaned_data
        return Wish(
            strategy=self.strategy.slug,
            parameters=self.kept | {item.name: given[PREFIX + item.name] for item in self.schema},
            agent_id=self.agent.pk if self.agent else None,
            instrument_ids=[market.pk for market in given["markets"]],
            timeframe=given["timeframe"],
            since=days.begins(given["since"]) if given["since"] else None,
            until=days.ends(given["until"]) if given["until"] else None,
            cash=given["cash"],
            taker_fee=given["taker_fee"],
            slippage=given["slippage"],
            sizing=given["sizing"],
            size=given["size"],
        )


# What the service calls by another name than the form.
RENAMED: Final = {"instrument_ids": "markets"}


def _facts(like: Backtest | None, agent: Agent | None, parameters: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {PREFIX + name: written(value) for name, value in parameters.items()}
    if like is not None:
        assumed = like.assumptions
        sizing, _, size = assumed["size"].partition(":")
        facts |= {
            "markets": like.instruments,
            "timeframe": like.timeframe,
            "since": days.day_of(like.since),
            "until": days.day_of(like.until - days.INSTANT),
            "cash": like.cash,
            "taker_fee": Decimal(str(assumed["taker_fee"])),
            "slippage": Decimal(str(assumed["slippage"])),
            "sizing": sizing,
            "size": Decimal(size),
        }
    elif agent is not None:
        sizing = "risk" if agent.sizing == Agent.Sizing.RISK else "fraction"
        facts |= {
            "markets": [agent.instrument_id], "timeframe": agent.timeframe, "sizing": sizing, "size": agent.size,
        }  # fmt: skip
    return facts


def offered() -> dict[str, Strategy]:
    """The strategies by slug, in the order of the catalogue."""
    return {strategy.slug: strategy for strategy in strategies.catalog()}

"""What a person is asked alike for a backtest and for a sweep: candles, days, and what trading costs."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from farms.laboratory.asking import CASH, FEE, Wish
from farms.models import Agent, Backtest, Sweep
from farms.services.promoting import SLIPPAGE, sized_as
from kit import days
from kit.decimals import plain
from kit.formatting import respelled
from kit.forms import AmountField, PercentField
from kit.http import named_row
from kit.models import MONEY
from markets.candles.known import Series
from markets.models import Instrument, Timeframe
from quant.strategies import Strategy

SIZINGS: Final = (
    ("fraction", "Share of its equity"),
    ("risk", "What it may lose at the stop"),
    ("volatility", "How far it may move in a year"),
)


class Framed:
    """A field of markets that have candles, each with the timeframes that there are."""

    frames: dict[int, list[str]]

    def label_from_instance(self, obj: Instrument) -> str:
        gone = "" if obj.is_active else " · no longer traded"
        return f"{obj.symbol} · {obj.venue} · {', '.join(self.frames.get(obj.pk, []))}{gone}"


class AssumedForm(forms.Form):
    """The part of the form that is the same; `place` names the field of its market or markets."""

    place: ClassVar[str]

    timeframe = forms.ChoiceField(choices=Timeframe.choices, initial=Timeframe.H1)
    since = forms.DateField(
        label="First day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty for as far back as the candles go.",
    )
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty for up to now.",
    )
    cash = AmountField(
        min_value=Decimal(1), initial=CASH, label="It starts with", help_text="In the quote asset.", **MONEY
    )
    taker_fee = PercentField(initial=FEE, label="Fee, in %", help_text="Of each entry and exit that takes a price.")
    slippage = PercentField(
        initial=SLIPPAGE,
        label="Slippage, in %",
        help_text="What each market order and stop loses on its price.",
    )
    sizing = forms.ChoiceField(label="An entry is sized by", choices=SIZINGS, initial="fraction")
    size = PercentField(initial=Decimal(1), label="Size, in %", help_text="Of its equity, for each entry.")
    leverage = AmountField(
        label="Leverage",
        help_text="A position in a perpetual is worth at most so many times its equity; on spot it is 1.",
        min_value=Decimal(1),
        max_digits=9,
        decimal_places=4,
        initial=1,
        required=False,
    )

    def __init__(
        self,
        given: QueryDict | None,
        *,
        strategy: Strategy,
        known: list[Series],
        agent: Agent | None,
        kept: dict[str, Any],
        initial: dict[str, Any],
    ) -> None:
        """`kept` are the parameters that it begins with; those that are composed stay as they are."""
        super().__init__(given, initial=initial)
        self.strategy, self.agent = strategy, agent
        field: Any = self.fields[self.place]
        field.frames = {}
        for one in known:
            field.frames.setdefault(one.instrument_id, []).append(one.timeframe)
        field.queryset = Instrument.objects.filter(pk__in=field.frames)
        # Spot is bought and sold again, on own money: where no perpetual is offered there is nothing to ask.
        is_short = field.queryset.filter(kind=Instrument.Kind.PERPETUAL).exists()
        if not is_short:
            del self.fields["leverage"]
        self.schema = [
            item for item in strategy.schema if item.kind != "data" and (is_short or item.name != "direction")
        ]
        composed = [item for item in strategy.schema if item.kind == "data"]
        self.kept = {item.name: kept.get(item.name, item.default) for item in composed}
        self.rules = [(item.title, respelled(item.in_words(self.kept[item.name]))) for item in composed]

    def wish_of(self, parameters: dict[str, Any], markets: Sequence[Instrument]) -> Wish:
        """What is asked for beside the composed parameters; days are the reader's."""
        given = self.cleaned_data
        return Wish(
            strategy=self.strategy.slug,
            parameters=self.kept | parameters,
            agent_id=self.agent.pk if self.agent else None,
            instrument_ids=[market.pk for market in markets],
            timeframe=given["timeframe"],
            since=days.begins(given["since"]) if given["since"] else None,
            until=days.ends(given["until"]) if given["until"] else None,
            cash=given["cash"],
            taker_fee=given["taker_fee"],
            slippage=given["slippage"],
            sizing=given["sizing"],
            size=given["size"],
            leverage=given.get("leverage") or Decimal(1),
        )


def begins_with(like: Backtest | Sweep | None, agent: Agent | None) -> dict[str, Any]:
    """What the form begins with: an earlier one's, an agent's, or nothing of its own."""
    if like is not None:
        sizing, _, size = like.assumptions["size"].partition(":")
        return {
            "timeframe": like.timeframe,
            "since": days.day_of(like.since),
            "until": days.day_of(like.until - days.INSTANT),
            "cash": like.cash,
            "taker_fee": Decimal(str(like.assumptions["taker_fee"])),
            "slippage": Decimal(str(like.assumptions["slippage"])),
            "sizing": sizing,
            "size": Decimal(size),
            "leverage": plain(Decimal(str(like.assumptions["leverage"]))),
        }
    if agent is not None:
        sizing, size = sized_as(agent)
        return {"timeframe": agent.timeframe, "sizing": sizing, "size": size, "leverage": plain(agent.leverage)}
    return {}


def begun(request: HttpRequest, earlier: QuerySet[Any], known: Mapping[str, Strategy]) -> dict[str, Any]:
    """Whose rules the form begins with, of those that are `known`: `?strategy=` those, `?agent=` an agent's, `?like=`
    those of an earlier one."""
    agent: Agent | None = named_row(request, "agent", Agent.objects.all())
    like: Backtest | Sweep | None = named_row(request, "like", earlier)
    own = like.strategy if like else agent.strategy if agent else request.GET.get("strategy", "")
    return {"agent": agent, "like": like, "strategy": known.get(own) or next(iter(known.values()))}


def shown(form: AssumedForm, start: Mapping[str, Any], known: Mapping[str, Strategy]) -> dict[str, Any]:
    """What its page shows; another strategy is offered where nobody's rules were named."""
    is_named = bool(start["like"] or start["agent"])
    offered = [] if is_named else [(each.slug, each.name) for each in known.values()]
    return {"form": form, "strategies": offered, **start}

"""The forms of advice: the owner's setting, and an agent's level."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from farms.advice.reading import OfAgent, OfThing, Wanted
from farms.advice.wanting import MOST_CANDLES, MOST_COST, MOST_ORDERS, MOST_TOKENS
from farms.models import AdviceLevel
from kit.forms import AmountField, WholeField
from kit.models import MONEY
from markets.candles.known import known_series
from markets.models import Instrument, Timeframe

EXPLAINED = {
    "off": "Off: nobody is asked about it",
    "comment": "Comment: what a model says is shown, and nothing else",
    "propose": "Propose: each proposal is a question on Approvals",
    "act": "Act on paper: each proposal is an order, inside its wallet and limits",
}


class AdviceForm(forms.Form):
    """Whether, where, and what it may use."""

    is_on = forms.BooleanField(label="Ask language models for advice", required=False)
    endpoint_id = forms.ChoiceField(
        label="Endpoint", required=False, help_text="Where they are asked: the operators' list."
    )
    day_tokens = WholeField(label="Tokens in 24 hours", min_value=0, max_value=MOST_TOKENS)
    month_tokens = WholeField(label="Tokens in 30 days", min_value=0, max_value=MOST_TOKENS)
    day_cost = AmountField(label="US dollars in 24 hours", min_value=0, max_value=MOST_COST, **MONEY)
    month_cost = AmountField(label="US dollars in 30 days", min_value=0, max_value=MOST_COST, **MONEY)

    def __init__(self, given: QueryDict | None, *, wanted: Wanted) -> None:
        setting = wanted.setting
        names = ("is_on", "day_tokens", "month_tokens", "day_cost", "month_cost")
        initial: dict[str, Any] = {name: getattr(setting, name) for name in names}
        initial["endpoint_id"] = str(setting.endpoint_id or "")
        for name in ("day_cost", "month_cost"):
            initial[name] = Decimal(initial[name]).normalize()
        super().__init__(given, initial=initial)
        field = self.fields["endpoint_id"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [("", "Nowhere"), *((str(one.pk), f"{one.name}: {one.model}") for one in wanted.endpoints)]

    @property
    def budgets(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("day_tokens", "month_tokens", "day_cost", "month_cost")}

    @property
    def endpoint(self) -> UUID | None:
        text = self.cleaned_data["endpoint_id"]
        return UUID(text) if text else None


class MarketField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own has none at run time
    """A market with where it is traded: some are at several venues."""

    def label_from_instance(self, obj: Instrument) -> str:
        return f"{obj.symbol} · {obj.venue}"


class MarketForm(forms.Form):
    """Which market is looked at, in candles of which length."""

    market = MarketField(Instrument.objects.none(), empty_label=None)
    timeframe = forms.ChoiceField(choices=Timeframe.choices, label="Candles of", initial=Timeframe.H1)

    def __init__(self, given: QueryDict | None) -> None:
        super().__init__(given)
        field = self.fields["market"]
        assert isinstance(field, MarketField)  # noqa: S101 - for the type checker
        known = {series.instrument_id for series in known_series()}
        field.queryset = Instrument.objects.filter(pk__in=known, is_active=True).order_by("symbol", "venue")


class WatchForm(forms.Form):
    """At which candles a farm or a market is asked about."""

    timeframe = forms.ChoiceField(choices=Timeframe.choices, label="Candles of")
    every = WholeField(
        label="Asked at every so manieth candle",
        min_value=0,
        max_value=MOST_CANDLES,
        help_text="1: at the close of each; 0: only when you ask.",
    )

    def __init__(self, given: QueryDict | None, *, found: OfThing) -> None:
        """Of a market its timeframe is known."""
        watch, timeframes = found.watch, found.timeframes
        initial = {"every": watch.every if watch else 0, "timeframe": watch.timeframe if watch else timeframes[0]}
        super().__init__(given, initial=initial)
        if found.about.instrument is not None:
            del self.fields["timeframe"]
            return
        field = self.fields["timeframe"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(one, Timeframe(one).label) for one in timeframes]


class LevelForm(forms.Form):
    """What advice may come to for one agent."""

    level = forms.ChoiceField(label="What advice may come to")
    every = WholeField(
        label="Asked at every so manieth candle",
        min_value=0,
        max_value=MOST_CANDLES,
        help_text="1: at the close of each; 0: only when you ask.",
    )
    daily_orders = WholeField(
        label="Most orders in 24 hours", min_value=0, max_value=MOST_ORDERS, help_text="Where it acts on paper."
    )

    def __init__(self, given: QueryDict | None, *, found: OfAgent) -> None:
        level = found.level
        super().__init__(given, initial={name: getattr(level, name) for name in ("level", "every", "daily_orders")})
        field = self.fields["level"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        offered = [one for one in AdviceLevel.Level if one != AdviceLevel.Level.ACT or found.acts_on_paper]
        field.choices = [(one.value, EXPLAINED[one.value]) for one in offered]

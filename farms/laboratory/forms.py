"""What a person is asked for a backtest; the strategy's schema makes its part of the form."""

from dataclasses import replace
from typing import Any, Final

from django import forms
from django.http import QueryDict

from farms.composing.readings import in_words
from farms.forms import PREFIX, parameter_field, written
from farms.laboratory.asking import Wish
from farms.laboratory.assumed import AssumedForm, Framed, begins_with
from farms.models import Agent, Backtest, StrategyVersion
from markets.candles.known import Series
from markets.models import Instrument
from quant import strategies
from quant.strategies import Strategy


class MarketsField(Framed, forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # Django's own has none at run time
    """Several of them."""


class BacktestForm(AssumedForm):
    """A backtest; what it begins with is an agent's, an earlier backtest's, or the usual.

    The rules of a saved `version` are shown in words and not asked for.
    """

    place = "markets"
    field_order = ("markets",)

    markets = MarketsField(
        Instrument.objects.none(),
        help_text="Several share one account's cash: choose them with Ctrl or ⌘. Beside each are its candles.",
        widget=forms.SelectMultiple(attrs={"size": 5}),
    )

    def __init__(
        self,
        given: QueryDict | None,
        *,
        strategy: Strategy,
        known: list[Series],
        agent: Agent | None = None,
        like: Backtest | None = None,
        version: StrategyVersion | None = None,
    ) -> None:
        kept = like.parameters if like else agent.parameters if agent else strategy.defaults()
        initial = {PREFIX + name: written(value) for name, value in kept.items()} | begins_with(like, agent)
        if like is not None:
            initial["markets"] = like.instruments
        elif agent is not None:
            initial["markets"] = [agent.instrument_id]
        elif version is not None:
            initial |= {"markets": [version.instrument_id], "timeframe": version.timeframe}
        super().__init__(given, strategy=strategy, known=known, agent=agent, kept=kept, initial=initial)
        self.version = version
        if version is not None:
            self.schema, self.rules = [], in_words(strategy.slug, version.parameters)
        for item in self.schema:
            self.fields[PREFIX + item.name] = parameter_field(item)

    def wish(self) -> Wish:
        """What is asked for."""
        given: dict[str, Any] = self.cleaned_data
        if self.version is not None:
            wish = self.wish_of({}, given["markets"])
            return replace(wish, strategy="", parameters=None, version_id=self.version.pk)
        return self.wish_of({item.name: given[PREFIX + item.name] for item in self.schema}, given["markets"])


# What the service calls by another name than the form.
RENAMED: Final = {"instrument_ids": "markets"}


def offered() -> dict[str, Strategy]:
    """The strategies by slug, in the order of the catalogue."""
    return {strategy.slug: strategy for strategy in strategies.catalog()}

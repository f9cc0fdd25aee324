"""The page on which rules are written, as one form: its questions are made anew from what stands in it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson
from django import forms

from farms.composing import raw as texts
from farms.composing.checking import valid
from farms.composing.nodes import JsonField, Node, Sheet, questions
from farms.composing.raw import Raw
from farms.forms import InstrumentField
from farms.models import Agent
from kit.errors import InvalidInputError
from kit.forms import TextField
from markets.models import Instrument, Timeframe
from quant.strategies import Strategy

JSON: Final = "json"
# What the service calls by another name than the form; sentences about rules stand above it.
RENAMED: Final = {"instrument_id": "market"}


class MarketField(InstrumentField):
    """Markets of any venue."""

    def label_from_instance(self, obj: Instrument) -> str:
        return f"{obj.symbol} · {obj.venue}"


class ComposeForm(forms.Form):
    """A strategy's name and rules, and the market on whose candles they are drawn and checked."""

    name = TextField(max_length=80)
    market = MarketField(
        Instrument.objects.none(),
        label="Looked at on",
        empty_label=None,
        help_text="The rules are drawn and checked on its candles. Only perpetuals can be sold short.",
        error_messages={"invalid_choice": "Choose a market that is traded and has candles."},
    )
    timeframe = forms.ChoiceField(label="Candles", choices=Timeframe.choices)
    agents = forms.MultipleChoiceField(
        label="Who follows the newest version, from the next candle on",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose again: somebody of these follows it no more."},
    )
    document = JsonField(
        label="Rules as JSON",
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}),
        max_length=100_000,
    )

    nodes: list[tuple[str, Node]]

    def __init__(
        self,
        given: Mapping[str, Any],
        raw: Raw,
        *,
        strategy: Strategy,
        markets: list[Instrument],
        is_json: bool = False,
        is_saving: bool = False,
        followers: list[Agent] | None = None,
    ) -> None:
        sheet = Sheet()
        found = {one.pk: one for one in markets}
        chosen = str(given.get("market", ""))
        self.shown_on = found.get(int(chosen)) if chosen.isdecimal() and len(chosen) < 18 else None
        may_short = self.shown_on is None or self.shown_on.kind != Instrument.Kind.SPOT
        self.nodes = [] if is_json else questions(sheet, strategy, raw, may_short=may_short)
        sides = {} if is_json or may_short else _sides(strategy)
        side = texts.text(raw, "direction")
        self.was = next((one for one in (side, str(given.get("was", ""))) if one != "long" and one in sides), "")
        self._is_turned = is_saving and bool(self.was) and side == self.was
        self.turned = ""
        if self.was and self.shown_on is not None:
            self.turned = (
                f"{self.shown_on.symbol} is a spot market, which nobody sells short: the direction was "
                f"{sides[self.was]} and is {sides['long']} now."
            )
        super().__init__({**given, **sheet.texts})
        self.strategy, self.is_json = strategy, is_json
        self._params: dict[str, Any] | None = None
        sheet.form = self
        field = self.fields["market"]
        assert isinstance(field, InstrumentField)  # noqa: S101 - for the type checker
        field.queryset = Instrument.objects.filter(pk__in=found)
        self.fields["name"].required = is_saving
        if is_json:
            self.fields["document"].help_text = "What is left out has its default."
        else:
            del self.fields["document"]
        if followers:
            choices = [
                (str(one.pk), f"{one.name}, {one.instrument.symbol}, version {_number(one)}") for one in followers
            ]
            self.fields["agents"].choices = choices  # type: ignore[attr-defined]  # a field of choices
        else:
            del self.fields["agents"]
        self.fields.update(sheet.fields)

    def clean(self) -> dict[str, Any]:
        """The rules as parameters of the strategy, if every answer is right by itself."""
        given = super().clean() or self.cleaned_data
        if self._is_turned:
            self.add_error(f"{texts.ROOT}.direction", self.turned)
        asked = ["document"] if self.is_json else [name for name in self.fields if name.startswith(f"{texts.ROOT}.")]
        if not any(name in self.errors for name in asked):
            params = given["document"] if self.is_json else {name: node.value() for name, node in self.nodes}
            try:
                if not isinstance(params, dict):
                    raise InvalidInputError("Write the parameters as a JSON object: a name and a value for each.")
                self._params = valid(self.strategy, params)
            except InvalidInputError as error:
                self.add_error("document" if self.is_json else None, str(error))
        return given

    @property
    def params(self) -> dict[str, Any] | None:
        """The valid parameters, whatever else of the form is still wrong; None where these are."""
        self.errors  # noqa: B018 - looks at what was given
        return self._params

    @property
    def market_id(self) -> int:
        market: Instrument = self.cleaned_data["market"]
        return market.pk

    @property
    def agent_ids(self) -> list[UUID]:
        return [UUID(text) for text in self.cleaned_data.get("agents", [])]

    @property
    def rules(self) -> list[Node]:
        return [node for _, node in self.nodes]


def as_json(params: Mapping[str, Any]) -> str:
    """The parameters as people read JSON."""
    return orjson.dumps(params, option=orjson.OPT_INDENT_2).decode()


def digest(params: Mapping[str, Any]) -> str:
    """A short name of exactly these parameters."""
    return sha256(orjson.dumps(params, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _sides(strategy: Strategy) -> Mapping[str, str]:
    """The directions that the strategy may have, and their words."""
    return {value: words for item in strategy.schema if item.name == "direction" for value, words in item.options}


def _number(agent: Agent) -> int:
    return agent.version.number if agent.version else 0

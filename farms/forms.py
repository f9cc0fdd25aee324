"""What a person is asked for a new farm and a new agent. The strategy's schema makes its part of the form."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import QueryDict

from farms.models import Agent, Farm
from farms.services import DEFAULT_SIZE
from kit import glossary
from kit.decimals import plain
from kit.formatting import respelled
from kit.forms import AmountField, NumberField, PercentField, TextField, WholeField
from markets.models import Instrument, Timeframe
from quant.strategies import Parameter, Strategy
from wallets.models import Wallet

PREFIX: Final = "p_"


class FarmForm(forms.Form):
    """A farm under one of the owner's master wallets."""

    # Composed rules cannot be edited in a form yet, so no farm of them is offered.
    kind = forms.ChoiceField(
        label="Kind of strategies",
        choices=[(value, label) for value, label in Farm.Kind.choices if value != Farm.Kind.CUSTOM],
        help_text="Offered first when an agent is hired; mixed for agents of several kinds.",
    )
    name = TextField(max_length=80)
    master = forms.ModelChoiceField(Wallet.objects.none(), label="Funded by", empty_label=None)
    maximum_share = PercentField(
        initial=Decimal("0.6"), **glossary.field("maximum_share", label="Most in one instrument, in %")
    )
    target_weight = PercentField(
        required=False,
        **glossary.field("target", label="Target share of the master, in %", more="Empty for no target."),
    )

    def __init__(self, given: QueryDict | None, *, like: Farm | None = None, is_new: bool = True) -> None:
        super().__init__(given, initial=_facts_of_farm(like) if like else {})
        if not is_new:
            del self.fields["master"]
            return
        field = self.fields["master"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = Wallet.objects.filter(role=Wallet.Role.MASTER)


class InstrumentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own has none at run time
    """Markets, with a word beside those that no limit lets an agent buy; `allowed` is None where no limit says."""

    allowed: Collection[str] | None = None

    def label_from_instance(self, obj: Instrument) -> str:
        return obj.symbol if self.allows(obj) else f"{obj.symbol} · not allowed by your limits"

    def allows(self, market: Instrument) -> bool:
        return self.allowed is None or market.symbol in self.allowed


class AgentForm(forms.Form):
    """An agent on an instrument of the farm's venue; `strategy` says which further fields there are."""

    name = TextField(max_length=80)
    instrument = InstrumentField(Instrument.objects.none(), empty_label=None)
    timeframe = forms.ChoiceField(choices=Timeframe.choices, initial=Timeframe.H1)
    sizing = forms.ChoiceField(label="An entry is sized by", choices=Agent.Sizing.choices)
    cash_share = PercentField(
        initial=DEFAULT_SIZE[Agent.Sizing.CASH],
        **glossary.field("size_by_cash", label="Share of its cash, in %"),
    )
    risk_share = PercentField(
        initial=DEFAULT_SIZE[Agent.Sizing.RISK],
        **glossary.field("size_by_risk", label="Risk per trade, in %"),
    )

    leverage = AmountField(
        **glossary.field("leverage", more="Of a perpetual; on spot it is 1."),
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
        venue: str,
        like: Agent | None = None,
        is_new: bool = True,
        allowed: Collection[str] | None = None,
    ) -> None:
        super().__init__(given, initial=_facts_of_agent(like) if like else {})
        field = self.fields["instrument"]
        assert isinstance(field, InstrumentField)  # noqa: S101 - for the type checker
        field.allowed = allowed
        field.queryset = Instrument.objects.filter(venue=venue, is_active=True)
        if allowed:
            field.initial = field.queryset.filter(symbol__in=allowed).first()
        if not is_new:
            del self.fields["instrument"]
        # Where only spot can be traded there is one direction and no leverage: there is nothing to ask.
        is_short = like.instrument.is_perpetual if like and not is_new else _has_perpetuals(venue)
        asked = [item for item in strategy.schema if item.kind != "data"]
        self.schema = [item for item in asked if is_short or item.name != "direction"]
        if not is_short:
            del self.fields["leverage"]
        composed = [item for item in strategy.schema if item.kind == "data"] if like else []
        # Rules that no field can ask for stay as they are, and are shown in words.
        self.kept = {item.name: like.parameters.get(item.name, item.default) for item in composed} if like else {}
        self.rules = [(item.title, respelled(item.in_words(self.kept[item.name]))) for item in composed]
        for item in self.schema:
            self.fields[PREFIX + item.name] = parameter_field(item)

    @property
    def leverage_now(self) -> Decimal:
        """The leverage that was asked for; 1 where nothing is."""
        return self.cleaned_data.get("leverage") or Decimal(1)

    @property
    def size(self) -> Decimal:
        """The fraction that the chosen sizing goes by."""
        name = "risk_share" if self.cleaned_data["sizing"] == Agent.Sizing.RISK else "cash_share"
        fraction: Decimal = self.cleaned_data[name]
        return fraction

    def parameters(self) -> dict[str, Any]:
        """The strategy's parameters by their own names."""
        return self.kept | {item.name: self.cleaned_data[PREFIX + item.name] for item in self.schema}


def _has_perpetuals(venue: str) -> bool:
    return Instrument.objects.filter(venue=venue, is_active=True, prices_of__isnull=False).exists()


def _facts_of_farm(farm: Farm) -> dict[str, Any]:
    """What a form of the farm begins with."""
    return {
        "kind": farm.kind,
        "name": farm.name,
        "master": farm.wallet.parent_id,
        "maximum_share": farm.maximum_share,
        "target_weight": farm.wallet.target_weight,
    }


def _facts_of_agent(agent: Agent) -> dict[str, Any]:
    """What a form of the agent begins with."""
    size = "risk_share" if agent.sizing == Agent.Sizing.RISK else "cash_share"
    return {
        "name": agent.name,
        "instrument": agent.instrument_id,
        "timeframe": agent.timeframe,
        "sizing": agent.sizing,
        size: agent.size,
        "leverage": plain(agent.leverage),
        **{PREFIX + name: written(value) for name, value in agent.parameters.items()},
    }


def written(value: Any) -> Any:
    """A number as people write it: `4`, not `4.0`."""
    return plain(Decimal(str(value))) if isinstance(value, float) else value


def parameter_field(item: Parameter) -> forms.Field:
    """The field that asks for a parameter which is no data."""
    words: dict[str, Any] = {
        "label": f"{item.title} ({item.unit})" if item.unit else item.title,
        "help_text": item.help,
        "initial": written(item.default),
    }
    if item.kind == "choice":
        return forms.ChoiceField(choices=item.options, **words)
    if item.kind == "int":
        return WholeField(min_value=_whole(item.minimum), max_value=_whole(item.maximum), **words)
    return NumberField(min_value=item.minimum, max_value=item.maximum, **words)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)

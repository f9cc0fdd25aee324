"""What a person is asked for a new farm and a new agent. The strategy's schema makes its part of the form."""

from decimal import Decimal
from typing import Any, Final

from django import forms

from farms.models import Agent, Farm
from kit.forms import ExactDecimalField
from markets.models import Instrument, Timeframe
from quant.strategies import Parameter, Strategy
from wallets.models import Wallet

PERCENT: Final = Decimal(100)
PREFIX: Final = "p_"


class PercentField(ExactDecimalField):
    """Asked for in percent, handed on as a fraction."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=Decimal(0), max_value=PERCENT, decimal_places=6, **options)

    def clean(self, value: Any) -> Decimal | None:
        percent = super().clean(value)
        return None if percent is None else percent / PERCENT


class FarmForm(forms.Form):
    """A farm under one of the owner's master wallets."""

    name = forms.CharField(max_length=80)
    master = forms.ModelChoiceField(Wallet.objects.none(), label="Funded by", empty_label=None)
    kind = forms.ChoiceField(label="Kind of strategies", choices=Farm.Kind.choices)
    maximum_share = PercentField(
        label="Most in one instrument, in %", initial=60, help_text="Of the farm's value, all its agents together."
    )
    target_weight = PercentField(
        label="Target share of the master, in %", required=False, help_text="Empty for no target."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["master"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = Wallet.objects.filter(role=Wallet.Role.MASTER)


class AgentForm(forms.Form):
    """An agent on an instrument of the farm's venue; `strategy` says which further fields there are."""

    name = forms.CharField(max_length=80)
    instrument = forms.ModelChoiceField(Instrument.objects.none(), empty_label=None)
    timeframe = forms.ChoiceField(choices=Timeframe.choices, initial=Timeframe.H1)
    sizing = forms.ChoiceField(label="An entry takes", choices=Agent.Sizing.choices)
    size = PercentField(
        label="Size, in %", initial=50, help_text="Of its free cash: what is spent, or lost when the stop is reached."
    )

    def __init__(self, *args: Any, strategy: Strategy, venue: str, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["instrument"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = Instrument.objects.filter(venue=venue, is_active=True)
        self.schema = [item for item in strategy.schema if item.kind != "data"]
        for item in self.schema:
            self.fields[PREFIX + item.name] = _field(item)

    def parameters(self) -> dict[str, Any]:
        """The strategy's parameters by their own names."""
        return {item.name: self.cleaned_data[PREFIX + item.name] for item in self.schema}


def _field(item: Parameter) -> forms.Field:
    words: dict[str, Any] = {
        "label": item.name.replace("_", " ").capitalize(),
        "help_text": item.help,
        "initial": item.default,
    }
    if item.kind == "choice":
        return forms.ChoiceField(choices=[(choice, choice) for choice in item.choices], **words)
    if item.kind == "int":
        return forms.IntegerField(min_value=_whole(item.minimum), max_value=_whole(item.maximum), **words)
    return forms.FloatField(min_value=item.minimum, max_value=item.maximum, **words)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)

"""What a person is asked about the policy of a farm: a field for each agent and each market that it has."""

from datetime import time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.forms import BoundField
from django.http import QueryDict

from farms.engine.policy import DAYS
from farms.policy.readings import PolicyRow
from farms.policy.services import Policy
from kit import glossary
from kit.forms import PercentField

WEIGHT: Final = "weight_"
CAP: Final = "cap_"


class HourField(forms.TimeField):
    """A time of day, in hours and minutes."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        super().__init__(required=False, widget=widget, **options)


class PolicyForm(forms.Form):
    """The whole policy: what is left empty is no cap, no hour, no weight."""

    maximum_share = PercentField(
        min_value=Decimal("0.01"), **glossary.field("maximum_share", label="Most in one instrument, in %")
    )
    allowed_symbols = forms.MultipleChoiceField(
        **glossary.field("farm_markets"), required=False, widget=forms.CheckboxSelectMultiple
    )
    trading_days = forms.TypedMultipleChoiceField(
        **glossary.field("trading_days"),
        required=False,
        coerce=int,
        choices=list(enumerate(DAYS, start=1)),
        widget=forms.CheckboxSelectMultiple,
    )
    opens_at = HourField(**glossary.field("opens_at"))
    closes_at = HourField(**glossary.field("closes_at"))

    nets = forms.BooleanField(**glossary.field("nets"), required=False)

    maximum_correlated = PercentField(
        required=False,
        min_value=Decimal("0.01"),
        **glossary.field("maximum_correlated", label="Moves together, at most, in %"),
    )

    def __init__(self, given: QueryDict | None, *, row: PolicyRow) -> None:
        policy = row.policy
        initial: dict[str, Any] = {
            "maximum_share": policy.maximum_share,
            "allowed_symbols": policy.allowed_symbols,
            "trading_days": policy.trading_days,
            "opens_at": policy.opens_at,
            "closes_at": policy.closes_at,
            "nets": policy.nets,
            "maximum_correlated": policy.maximum_correlated,
            **{f"{WEIGHT}{member.id}": member.weight for member in row.members},
            **{f"{CAP}{symbol}": cap for symbol, cap in policy.caps.items()},
        }
        super().__init__(given, initial=initial, label_suffix="")
        self._members = row.members
        self._capped = sorted({member.symbol for member in row.members} | policy.caps.keys())
        for member in row.members:
            self.fields[f"{WEIGHT}{member.id}"] = PercentField(required=False, label=f"{member.name}, in %")
        for symbol in self._capped:
            self.fields[f"{CAP}{symbol}"] = PercentField(
                required=False, min_value=Decimal("0.01"), label=f"{symbol}, in %"
            )
        field = self.fields["allowed_symbols"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [(symbol, symbol) for symbol in row.choices]

    @property
    def weights(self) -> list[BoundField]:
        """A field for each agent."""
        return [self[f"{WEIGHT}{member.id}"] for member in self._members]

    @property
    def caps(self) -> list[BoundField]:
        """A field for each market that an agent trades or a cap names."""
        return [self[f"{CAP}{symbol}"] for symbol in self._capped]

    def policy(self) -> Policy:
        """What to keep, once the form is valid."""
        given = self.cleaned_data
        caps: dict[str, Decimal | None] = {symbol: given[f"{CAP}{symbol}"] for symbol in self._capped}
        weights: dict[UUID, Decimal | None] = {member.id: given[f"{WEIGHT}{member.id}"] for member in self._members}
        opens: time | None = given["opens_at"]
        return Policy(
            maximum_share=given["maximum_share"],
            caps={symbol: cap for symbol, cap in caps.items() if cap is not None},
            allowed_symbols=tuple(given["allowed_symbols"]),
            trading_days=tuple(given["trading_days"]),
            opens_at=opens,
            closes_at=given["closes_at"],
            nets=given["nets"],
            maximum_correlated=given["maximum_correlated"],
            weights=weights,
        )

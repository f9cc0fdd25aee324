"""How a person sets a limit of exposure: in percent of net value."""

from decimal import Decimal
from typing import Any

from django import forms

from kit.forms import AmountField, PercentField, TextField
from portfolio.exposure.levels import USUAL_MARGIN
from portfolio.exposure.limits import MOST, Wish
from portfolio.exposure.models import ExposureLimit


class LimitForm(forms.Form):
    """One limit. What it is of and what it does have their usual values."""

    kind = forms.ChoiceField(label="What is limited", choices=ExposureLimit.Kind)
    subject = TextField(
        label="Of which asset or venue", max_length=40, required=False, help_text="Empty: each of them."
    )
    limit = AmountField(
        label="Limit, in % of net value", max_digits=12, decimal_places=6, min_value=Decimal(0), max_value=MOST * 100,
        help_text="Leverage too: 200 % is twice the net value.",
    )  # fmt: skip
    action = forms.ChoiceField(label="When it is broken", choices=ExposureLimit.Action)
    recovers = forms.BooleanField(
        label="Give the wallets back by itself once it is kept again", required=False, initial=False
    )
    margin = PercentField(
        label="Margin, in % of the limit", max_digits=9, initial=USUAL_MARGIN,
        help_text="A level falls once so much lies between, so that nothing flickers.",
    )  # fmt: skip

    def wish(self) -> Wish:
        """The limit of a valid form."""
        given: dict[str, Any] = self.cleaned_data
        return Wish(
            given["kind"], given["limit"] / 100, given["subject"], given["margin"], given["action"], given["recovers"]
        )

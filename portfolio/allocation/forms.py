"""How a person asks for weights: the method, the days, and what the weights must keep."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from kit.forms import AmountField, PercentField
from portfolio.allocation.asking import FEWEST_BACK, MOST_BACK, USUAL_BACK, Asked, Limits
from portfolio.allocation.methods import CHOICES, Method


class MethodForm(forms.Form):
    """A method out of the picker. What only one of them wants to know has its usual value."""

    method = forms.ChoiceField(
        label="Method",
        choices=[(slug, one.label) for slug, one in CHOICES.items()],
        initial="risk_parity",
        widget=forms.RadioSelect,
    )
    days = forms.IntegerField(
        label="Days to look back",
        initial=USUAL_BACK,
        min_value=FEWEST_BACK,
        max_value=MOST_BACK,
        help_text="60 whole days that all share, or twice as many as there are wallets, are enough for every method.",
    )
    minimum = PercentField(label="Least weight of each, in %", max_digits=9, initial=Decimal(0))
    maximum = PercentField(label="Most weight of each, in %", max_digits=9, initial=Decimal(1))
    cash_reserve = PercentField(
        label="Kept here as cash, in %", max_digits=9, initial=Decimal(0), help_text="Above the minimum balance."
    )
    turnover = AmountField(
        label="Turnover, at most, in %",
        max_digits=9,
        decimal_places=6,
        min_value=Decimal(0),
        max_value=Decimal(200),
        required=False,
        help_text="All changes of weights together. Empty for no bound.",
    )
    risk_tolerance = AmountField(
        label="Risk tolerance", max_digits=9, decimal_places=4, min_value=Decimal(0), max_value=Decimal(100),
        initial=Decimal("0.5"), help_text="For mean and variance: 0 looks at risk alone.",
    )  # fmt: skip
    half_life = forms.IntegerField(
        label="Half-life, in days", initial=30, min_value=1, max_value=MOST_BACK,
        help_text="For momentum: after so many days a return counts half.",
    )  # fmt: skip
    kelly_fraction = PercentField(
        label="Part of the full Kelly stake, in %", max_digits=9, min_value=Decimal(1), initial=Decimal("0.25")
    )

    def clean_cash_reserve(self) -> Decimal:
        reserve: Decimal = self.cleaned_data["cash_reserve"]
        if reserve >= 1:
            raise forms.ValidationError("A reserve of all leaves nothing to give: choose less than 100 %.")
        return reserve

    def methods(self) -> Iterator[tuple[Any, Method]]:
        """Each radio button with the words that explain it."""
        return zip(self["method"], CHOICES.values(), strict=True)

    def asked(self) -> Asked:
        """The wish of a valid form."""
        given = self.cleaned_data
        turnover = None if given["turnover"] is None else given["turnover"] / 100
        limits = Limits(
            minimum=given["minimum"],
            maximum=given["maximum"],
            cash_reserve=given["cash_reserve"],
            turnover=turnover,
        )
        options = {name: float(given[name]) for name in ("risk_tolerance", "half_life", "kelly_fraction")}
        return Asked(given["method"], given["days"], options, limits)

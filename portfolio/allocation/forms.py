"""How a person asks for weights: the method, the days, and what the weights must keep."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, cast

from django import forms

from kit.forms import AmountField, PercentField, WholeField
from portfolio.allocation.asking import FEWEST_BACK, MOST_BACK, USUAL_BACK, Asked, Limits
from portfolio.allocation.filters import Trait, called
from portfolio.allocation.methods import CHOICES, Method

# The form's names of what programs send as constraints.
OF_FORM: Final = {
    f"constraints.{name}": name
    for name in ("minimum", "maximum", "cash_reserve", "turnover", "maximum_risk_score", "kinds", "statuses")
}


class MethodForm(forms.Form):
    """A method out of the picker. What only one of them wants to know has its usual value."""

    method = forms.ChoiceField(
        label="Method",
        choices=[(slug, one.label) for slug, one in CHOICES.items()],
        initial="risk_parity",
        widget=forms.RadioSelect,
    )
    days = WholeField(
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
    maximum_risk_score = AmountField(
        label="Risk score, at most",
        max_digits=5,
        decimal_places=2,
        min_value=Decimal(0),
        max_value=Decimal(100),
        required=False,
        help_text="Who is above it gets nothing. Empty for no bound.",
    )
    kinds = forms.MultipleChoiceField(
        label="Only these kinds", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: all of them."
    )
    statuses = forms.MultipleChoiceField(
        label="Only what is now", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: all of them."
    )
    risk_tolerance = AmountField(
        label="Risk tolerance", max_digits=9, decimal_places=4, min_value=Decimal(0), max_value=Decimal(100),
        initial=Decimal("0.5"), help_text="For mean and variance: 0 looks at risk alone.",
    )  # fmt: skip
    half_life = WholeField(
        label="Half-life, in days", initial=30, min_value=1, max_value=MOST_BACK,
        help_text="For momentum: after so many days a return counts half.",
    )  # fmt: skip
    kelly_fraction = PercentField(
        label="Part of the full Kelly stake, in %", max_digits=9, min_value=Decimal(1), initial=Decimal("0.25")
    )

    def __init__(self, *args: Any, traits: Iterable[Trait] = (), **options: Any) -> None:
        """`traits` are those of the wallets that would be weighed: what may be filtered by."""
        super().__init__(*args, **options)
        known = list(traits)
        kinds = {slug: name for one in known for slug, name in one.kinds.items()}
        self._offer("kinds", sorted(kinds.items(), key=lambda one: one[1]))
        self._offer("statuses", [(one, called(one).capitalize()) for one in sorted({one.status for one in known})])

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """A filter by what is there; what was chosen before stays a choice."""
        chosen = [(one, one) for one in self.initial.get(name, ()) if one not in dict(choices)]
        field = cast("forms.MultipleChoiceField", self.fields[name])
        field.choices = [*choices, *chosen]

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
            maximum_risk_score=given["maximum_risk_score"],
            kinds=tuple(given["kinds"]),
            statuses=tuple(given["statuses"]),
        )
        options = {name: float(given[name]) for name in ("risk_tolerance", "half_life", "kelly_fraction")}
        return Asked(given["method"], given["days"], options, limits)

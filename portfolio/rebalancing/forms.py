"""How a person lets a wallet rebalance by itself: a method and what its weights keep, when, and who has to agree."""

from decimal import Decimal
from typing import Any

from django import forms

from kit.forms import AmountField, PercentField, WholeField
from portfolio.allocation.forms import MethodForm
from portfolio.rebalancing.models import MOST_HOURS, USUAL, RebalanceRule
from portfolio.rebalancing.rules import Wish
from portfolio.rebalancing.selectors import WEEKDAYS

Every = RebalanceRule.Every


class RebalanceForm(MethodForm):
    """The picker of methods with a rhythm."""

    rhythm = forms.ChoiceField(
        label="When",
        choices=[
            (Every.DAY.value, "Every day"),
            *((f"{Every.WEEK.value}:{number}", f"Every {name}") for number, name in enumerate(WEEKDAYS, 1)),
            *((f"{Every.MONTH.value}:{number}", f"On day {number} of every month") for number in range(1, 32)),
        ],
        initial=f"{Every.WEEK.value}:1",
        help_text="In a month that is shorter, on its last day.",
    )
    hour = forms.TypedChoiceField(
        label="At", choices=[(hour, f"{hour:02d}:00") for hour in range(24)], coerce=int, initial=3,
        help_text="In your time zone.",
    )  # fmt: skip
    band = PercentField(
        label="Only if a weight is farther off than, in %", max_digits=9, initial=USUAL["band"],
        help_text="As long as all are nearer to their targets, nothing moves.",
    )  # fmt: skip
    automatic_up_to = AmountField(
        label="By itself if it moves at most, in %", max_digits=9, decimal_places=6, min_value=Decimal("0.01"),
        max_value=Decimal(200), required=False,
        help_text="Of the capital, in and out. What moves more waits for you; leave it empty and each plan does.",
    )  # fmt: skip
    approve_within = WholeField(
        label="A plan waits for me, in hours", min_value=1, max_value=MOST_HOURS, initial=USUAL["approve_within"],
        help_text="Then it is over, and nothing has moved.",
    )  # fmt: skip
    after_goals = forms.BooleanField(label="Also after a goal has brought money home here", required=False)

    turnover = AmountField(
        label="Moved at most by one run, in %",
        max_digits=9,
        decimal_places=6,
        min_value=Decimal(0),
        max_value=Decimal(200),
        required=False,
        help_text="Of the capital, in and out: it goes so far towards the weights, and the next run goes on.",
    )

    rule_fields = ("rhythm", "hour", "band", "turnover", "automatic_up_to", "approve_within", "after_goals")
    field_order = ("method", *rule_fields)

    @property
    def weight_fields(self) -> list[str]:
        """The names of those that are about the weights."""
        return [name for name in self.fields if name != "method" and name not in self.rule_fields]

    def wish(self) -> Wish:
        """The rule of a valid form, switched on."""
        given: dict[str, Any] = self.cleaned_data
        every, _, on_day = given["rhythm"].partition(":")
        automatic = given["automatic_up_to"]
        return Wish(
            self.asked(),
            every,
            int(on_day) if on_day else None,
            given["hour"],
            given["band"],
            None if automatic is None else automatic / 100,
            given["approve_within"],
            given["after_goals"],
        )


def initial_of(rule: RebalanceRule) -> dict[str, Any]:
    """What the form begins with where there is a rule."""
    wish = rule.wish
    limits, options = wish.limits, wish.options
    return {
        "method": wish.method,
        "days": wish.back,
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "cash_reserve": limits.cash_reserve,
        "turnover": None if limits.turnover is None else limits.turnover * 100,
        "maximum_risk_score": limits.maximum_risk_score,
        "kinds": list(limits.kinds),
        "statuses": list(limits.statuses),
        **{name: Decimal(str(options[name])) for name in ("risk_tolerance", "kelly_fraction") if name in options},
        **({"half_life": int(options["half_life"])} if "half_life" in options else {}),
        "rhythm": rule.every if rule.on_day is None else f"{rule.every}:{rule.on_day}",
        "hour": rule.hour,
        "band": rule.band,
        "automatic_up_to": None if rule.automatic_up_to is None else rule.automatic_up_to * 100,
        "approve_within": rule.approve_within,
        "after_goals": rule.after_goals,
    }

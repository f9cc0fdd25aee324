"""What the wizard asks for, step by step, and each action with its options."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from goals.actions import AGENTS, EVERYTHING, FARM, LONGEST_EXTENSION, MASTER, PROFIT
from goals.models import Goal
from goals.targets import MEASURES, METRICS, OPERATORS
from kit import display
from kit.forms import AmountField, MomentField, PercentField, TextField, WholeField
from wallets.models import Wallet

CUSTOM: Final = Goal.Kind.CUSTOM.value
WHATS: Final = [
    (
        Goal.Kind(kind).label,
        [(f"{kind}.{measure}", METRICS[metric].label) for measure, (metric, _) in measures.items()],
    )
    for kind, measures in MEASURES.items()
] + [("Custom", [(CUSTOM, "Comparisons of your own")])]
MOMENT: Final = "%Y-%m-%dT%H:%M"
Choices = Sequence[tuple[str, str]]


class ChangeField(AmountField):
    """A change of a target, asked for in percent and kept as a fraction; below zero it is less."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            min_value=Decimal("-99.99"), max_value=Decimal(1000), decimal_places=6, required=True, **options
        )

    def clean(self, value: Any) -> Decimal:
        percent = super().clean(value)
        if not percent:
            raise ValidationError("Give a change other than zero, such as 10 or -10.")
        return Decimal(percent) / 100


class KindForm(forms.Form):
    """What is wanted, and what it is called."""

    name = TextField(max_length=80, label="Name")
    what = forms.ChoiceField(
        choices=WHATS, widget=forms.RadioSelect, label="What is measured", error_messages={"required": "Choose one."}
    )


class TargetForm(forms.Form):
    """How much of it, and by when."""

    value = AmountField(label="Target")
    match = forms.ChoiceField(
        label="Reached when", choices=[("all", "all comparisons hold"), ("any", "any comparison holds")]
    )
    minimum_trades = WholeField(
        required=False,
        min_value=0,
        max_value=1_000_000,
        label="At least so many trades",
        help_text="Before that it is not measured. Empty for what makes sense.",
    )
    minimum_days = WholeField(
        required=False,
        min_value=0,
        max_value=1_000_000,
        label="At least so many days",
        help_text="Ratios need thirty whole days.",
    )
    starts_at = MomentField(label="Begins", help_text="Empty for now. What happened since a start in the past counts.")
    ends_at = MomentField(label="Deadline", help_text="Empty for none; then it is never missed.")
    adjust_by = PercentField(
        required=False,
        label="Adjust by, in %",
        help_text="While it runs: up when ahead of plan, down when behind. Empty for a target that stays.",
    )
    adjust_days = WholeField(
        required=False, min_value=1, max_value=LONGEST_EXTENSION, label="At most once in so many days"
    )

    def __init__(self, data: Any = None, *, what: str, base: str, **options: Any) -> None:
        super().__init__(data, **options)
        kind, _, measure = what.partition(".")
        zone = display.current().timezone
        for name in ("starts_at", "ends_at"):
            self.fields[name].label = f"{self.fields[name].label}, in {zone}"
        if kind == CUSTOM:
            del self.fields["value"]
            return
        del self.fields["match"]
        metric = METRICS[MEASURES.get(kind, {}).get(measure, ("trades", ""))[0]]
        if metric.unit == "share":
            self.fields["value"] = PercentField(label=f"{metric.label}, in %")
        elif metric.unit == "money":
            self.fields["value"].label = f"{metric.label}, in {base}"
        else:
            self.fields["value"].label = metric.label
        self.fields["value"].help_text = metric.help
        if metric.source in {"fills", "value"} or metric.name in {"trades", "profit"}:
            del self.fields["minimum_trades"]
        if metric.source != "days":
            del self.fields["minimum_days"]
        self.order_fields(["value"])


class ConditionForm(forms.Form):
    """One comparison of a custom goal; rates are percent."""

    metric = forms.ChoiceField(
        label="Of",
        choices=[
            (metric.name, f"{metric.label}, in %" if metric.unit == "share" else metric.label)
            for metric in METRICS.values()
        ],
    )
    operator = forms.ChoiceField(label="is", choices=list(OPERATORS.items()))
    value = AmountField(label="this")

    @property
    def told(self) -> dict[str, Any]:
        given = self.cleaned_data
        is_share = METRICS[given["metric"]].unit == "share"
        value = given["value"] / 100 if is_share else given["value"]
        return {"metric": given["metric"], "operator": given["operator"], "value": f"{value:f}"}


class ScopeForm(forms.Form):
    """Who works for it."""

    who = forms.ChoiceField(
        label="Who works for it",
        widget=forms.RadioSelect,
        choices=[("fund", "The whole fund, with all that will ever be in it"), ("some", "Only these")],
    )
    wallets = forms.MultipleChoiceField(
        label="Farms, agents and wallets",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Each with everything below it.",
    )

    def __init__(self, data: Any = None, *, places: Choices, **options: Any) -> None:
        super().__init__(data, **options)
        field = self.fields["wallets"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = places

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("who") == "some" and not given.get("wallets") and "wallets" not in self.errors:
            self.add_error("wallets", "Choose at least one farm, agent or wallet.")
        return given


# --- actions ---------------------------------------------------------------------------------------------------------


class ActionForm(forms.Form):
    """Something to do that needs no further word."""

    do = TextField(widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, places: Choices = (), sources: Choices = (), assets: Sequence[str] = (),
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(data, **options)
        self.places, self.sources, self.assets = places, sources, assets
        self.offer()

    def offer(self) -> None:
        """Fill in what can be chosen."""

    def told(self) -> dict[str, Any]:
        """As `goals.actions` reads it."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}


class CollectForm(ActionForm):
    """How much, from where and to where."""

    amount = forms.ChoiceField(
        label="Collect",
        choices=[
            (PROFIT, "Free realised profit since it began"),
            (EVERYTHING, "Everything that is free"),
            ("fixed", "A fixed amount"),
        ],
    )
    fixed = AmountField(required=False, label="The fixed amount", min_value=Decimal(0), help_text="Of the last only.")
    asset = forms.ChoiceField(required=False, label="The fixed amount is in")
    to = forms.ChoiceField(label="To")
    only = forms.MultipleChoiceField(
        label="Only from", required=False, widget=forms.CheckboxSelectMultiple, help_text="None for all in scope."
    )

    def offer(self) -> None:
        self.fields["to"].choices = [  # type: ignore[attr-defined]  # a choice field
            (MASTER, "Its master"),
            (FARM, "Its farm"),
            *self.places,
        ]
        self.fields["only"].choices = self.sources  # type: ignore[attr-defined]  # a choice field
        if len(self.assets) > 1:
            self.fields["asset"].choices = [(one, one) for one in self.assets]  # type: ignore[attr-defined]  # the same
        else:
            del self.fields["asset"]
            self.fields["fixed"].label = " in ".join(("The fixed amount", *self.assets))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("amount") == "fixed" and not given.get("fixed") and "fixed" not in self.errors:
            self.add_error("fixed", "Give an amount above zero.")
        return given

    def told(self) -> dict[str, Any]:
        given = self.cleaned_data
        amount = f"{given['fixed']:f}" if given["amount"] == "fixed" else given["amount"]
        asset = {"asset": given["asset"]} if given["amount"] == "fixed" and given.get("asset") else {}
        return {"do": "collect", "amount": amount, "from": given["only"], "to": given["to"], **asset}


class ShareForm(forms.Form):
    """A part of what was collected, and who gets it."""

    to = forms.ChoiceField(label="To")
    share = PercentField(label="Share, in %")

    def __init__(self, data: Any = None, *, places: Choices, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["to"].choices = [  # type: ignore[attr-defined]  # a choice field
            (AGENTS, "Agents, by what they earned"),
            (FARM, "Farms, by what they earned"),
            (MASTER, "Master"),
            *places,
        ]


class RenewForm(ActionForm):
    """The target of the goal that follows."""

    rule = forms.ChoiceField(
        label="With",
        choices=[
            ("same", "the same target"),
            ("percentage", "the target changed by"),
            ("ratchet", "the most that was reached"),
            ("average", "the mean of the last three"),
        ],
    )
    value = AmountField(required=False, label="Change, in %", help_text="Of the second only; below zero for less.")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("rule") == "percentage" and not given.get("value") and "value" not in self.errors:
            self.add_error("value", "Give a change, such as 10 for ten percent more.")
        return given

    def told(self) -> dict[str, Any]:
        given = self.cleaned_data
        change = {"value": f"{given['value'] / 100:f}"} if given["rule"] == "percentage" else {}
        return {"do": "renew", "rule": given["rule"], **change}


class ExtendForm(ActionForm):
    """How long, and how often at most."""

    days = WholeField(min_value=1, max_value=LONGEST_EXTENSION, label="By so many days", initial=7)
    times = WholeField(min_value=1, max_value=LONGEST_EXTENSION, label="At most so often", initial=1)


class AdjustForm(ActionForm):
    """How the target of the next one differs."""

    value = ChangeField(label="Change of the target, in %", help_text="Below zero for less.")

    def told(self) -> dict[str, Any]:
        return {"do": "adjust", "value": f"{self.cleaned_data['value']:f}"}


FORMS: Final[Mapping[str, type[ActionForm]]] = {
    "collect": CollectForm, "renew": RenewForm, "extend": ExtendForm, "adjust": AdjustForm,
}  # fmt: skip
TITLES: Final = {
    "close": "Close every position in scope",
    "collect": "Collect money",
    "distribute": "Distribute what was collected",
    "pause": "Pause farms and agents in scope",
    "continue": "Let everything go on",
    "renew": "Begin again",
    "reduce": "Open nothing new in scope",
    "halt": "Halt everything in scope",
    "return": "Return all that is free to the master",
    "extend": "Extend the deadline",
    "adjust": "Begin again with another target",
}


def places_of(owner_id: UUID) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Where money can go, reserves first, and who can work for a goal, in the order of the tree: ids and names."""
    wallets = list(Wallet.objects.filter(owner_id=owner_id).order_by("created_at"))
    names = {wallet.pk: wallet.name for wallet in wallets}
    below: dict[UUID | None, list[Wallet]] = {}
    for wallet in wallets:
        below.setdefault(wallet.parent_id, []).append(wallet)

    def walk(parent: UUID | None, level: int) -> list[tuple[Wallet, int]]:
        return [pair for one in below.get(parent, []) for pair in ((one, level), *walk(one.pk, level + 1))]

    reserves = [one for one in wallets if one.role == Wallet.Role.RESERVE]
    others = [one for one in wallets if one.role not in Wallet.IDLE]
    places = [(str(one.pk), f"{one.name} ({one.get_role_display().lower()})") for one in (*reserves, *others)]
    workers = [
        (
            str(one.pk),
            f"{one.name} ({one.get_role_display().lower()}{_of(names[one.parent_id] if one.parent_id else '', level)})",
        )
        for one, level in walk(None, 0)
        if one.role not in Wallet.IDLE
    ]
    return places, workers


def _of(parent: str, level: int) -> str:
    return f" of {parent}" if parent and level > 1 else ""

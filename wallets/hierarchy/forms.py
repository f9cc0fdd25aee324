"""The forms of the wallet pages. They check what a field can tell; the services check the rest."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from kit import display, formatting, glossary
from kit.forms import AmountField, PercentField, TextField
from kit.models import MONEY
from wallets.hierarchy.parts import Part, read_part
from wallets.hierarchy.places import UNCHANGED
from wallets.hierarchy.tree import WalletNode
from wallets.models import Connection, Wallet


class PartOrAmountField(AmountField):
    """An amount as people write it, or a part: `25 %`, `all`, `to target`."""

    def clean(self, value: Any) -> Decimal | Part:
        part = read_part(value) if isinstance(value, str) else None
        if part is not None:
            return part
        amount: Decimal = super().clean(value)
        return amount


class MovementForm(forms.Form):
    """How much of which asset leaves `source`; a deposit has no source and brings the wallet's base asset.

    `can_split` says whether the target has agents that could get it on at once. The page asks for a preview as
    `data-preview` is typed and `data-choice` chosen; `data-asks` gets the focus back from the review.
    """

    asset = forms.ChoiceField(label="From", widget=forms.Select(attrs={"data-choice": True}))
    amount = PartOrAmountField(
        label="Amount",
        min_value=Decimal("1e-18"),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "data-preview": True, "data-asks": True}
        ),
        error_messages={"min_value": "Enter an amount above zero."},
    )
    split = forms.BooleanField(
        label="Split to its agents by target", required=False, widget=forms.CheckboxInput(attrs={"data-choice": True})
    )
    note = TextField(label="Note", max_length=200, required=False)

    def __init__(
        self, *args: Any, source: WalletNode | None, base_asset: str, can_split: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id, self.label_suffix = "movement_%s", ""
        choices = self.fields["asset"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101 - declared above
        if not can_split:
            del self.fields["split"]
        if source is None:
            choices.label = "Asset"
            choices.choices = [(base_asset, base_asset)]
            del self.fields["note"]
        else:
            free = {base_asset: Decimal(0)} | {held.asset: held.available for held in source.holdings}
            choices.choices = [
                (asset, _free(source.name, asset, amount))
                for asset, amount in free.items()
                if amount > 0 or asset == base_asset
            ]

    def write_amount(self, text: str) -> None:
        """Show another text in the field than what was sent."""
        self.data = {**{name: self.data.get(name, "") for name in self.fields if self.data.get(name)}, "amount": text}


class SettingsForm(forms.Form):
    """Name, target in percent of the parent, minimum balance, trading state: as far as the wallet has them.

    The minimum balance is left out while its reader hides amounts, and stays what it is then.
    """

    name = TextField(label="Name", max_length=80)
    target_percent = PercentField(
        **glossary.field("target", label="Target, % of its parent"), max_digits=9, required=False
    )
    minimum_balance = AmountField(
        **glossary.field("minimum_balance"),
        min_value=Decimal(0),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        error_messages={"min_value": "Enter zero or more."},
    )
    maximum_balance = AmountField(
        **glossary.field("maximum_balance"),
        min_value=Decimal(0),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        required=False,
        error_messages={"min_value": "Enter zero or more."},
    )
    trading_state = forms.ChoiceField(choices=Wallet.TradingState.choices, **glossary.field("trading_state"))

    def __init__(self, given: QueryDict | None = None, *, node: WalletNode) -> None:
        now = {name: getattr(node, name) for name in ("name", "minimum_balance", "maximum_balance", "trading_state")}
        super().__init__(given, initial=now | {"target_percent": node.target_weight})
        self.auto_id, self.label_suffix = "settings_%s", ""
        self.node = node
        for name in ("minimum_balance", "maximum_balance"):
            self.fields[name].label = f"{self.fields[name].label}, in {node.base_asset}"
        if node.parent_id is None or node.role in Wallet.IDLE:
            del self.fields["target_percent"]
        if node.role in Wallet.IDLE:
            del self.fields["trading_state"]
        if display.current().hide_amounts or node.role == Wallet.Role.UNASSIGNED:
            del self.fields["minimum_balance"], self.fields["maximum_balance"]

    @property
    def target_weight(self) -> Decimal | None:
        weight: Decimal | None = self.cleaned_data.get("target_percent")
        return weight

    @property
    def minimum(self) -> Decimal | None:
        """What to keep from now on; None leaves it as it is."""
        minimum: Decimal | None = self.cleaned_data.get("minimum_balance")
        return minimum

    @property
    def ceiling(self) -> Decimal | str | None:
        """What a sweep leaves from now on, None for no ceiling."""
        if "maximum_balance" not in self.fields:
            return UNCHANGED
        ceiling: Decimal | None = self.cleaned_data["maximum_balance"]
        return ceiling

    @property
    def state(self) -> str:
        return str(self.cleaned_data.get("trading_state", self.node.trading_state))


class WalletForm(forms.Form):
    """A new master wallet on one of the owner's connections."""

    name = TextField(label="Name", max_length=80)
    connection = forms.ModelChoiceField(Connection.objects.none(), label="Connection", empty_label=None)
    base_asset = forms.ChoiceField(
        **glossary.field("base_currency", more="This is the wallet's: those that count in one asset are added up."),
        required=False,
    )

    def __init__(self, *args: Any, owner_id: Any, base_asset: str, offered: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        bases = self.fields["base_asset"]
        assert isinstance(bases, forms.ChoiceField)  # noqa: S101 - declared above
        bases.choices = [(asset, asset) for asset in sorted({base_asset, *offered})]
        bases.initial = base_asset
        connections = self.fields["connection"]
        assert isinstance(connections, forms.ModelChoiceField)  # noqa: S101 - declared above
        connections.queryset = Connection.objects.filter(owner_id=owner_id)


class ReserveForm(forms.Form):
    """A new reserve; its master is in the address."""

    name = TextField(label="Name", max_length=80)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


def _free(name: str, asset: str, amount: Decimal) -> str:
    """An option's text; options hold no markup, so the privacy switch is asked here."""
    shown = formatting.MASK if display.current().hide_amounts else formatting.amount(amount, asset)
    return f"{name} · {shown} free"

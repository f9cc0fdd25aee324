"""The form that opens a paper account, and the operators' form of a platform."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from kit.decimals import plain
from kit.forms import AddressField, PercentField, TextField
from markets.exchanges import is_known
from wallets.models import Platform
from wallets.venues.accounts import DEMO
from wallets.venues.joining import INSIST
from wallets.venues.options import MAXIMUM_FEE, require_names, require_paper
from wallets.venues.registry import ADAPTERS

FEES: Final = ("maker", "taker")


class PaperAccountForm(forms.Form):
    """A new account at the paper exchange."""

    name = TextField(label="Name", max_length=80)
    venue = forms.ChoiceField(label="Prices")

    def __init__(self, given: QueryDict | None, *, venues: Sequence[tuple[str, str]]) -> None:
        super().__init__(given, initial={"name": "Paper account"}, label_suffix="")
        choices = self.fields["venue"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101 - declared above
        choices.choices = list(venues)


class BlindInput(forms.TextInput):
    """Shows what is being typed, and never what was sent before: half of a key pair is shown to nobody either."""

    def format_value(self, value: Any) -> str | None:
        return None


class KeyForm(forms.Form):
    """What a platform asks for, by its rows; nothing secret is ever sent back. `accept_withdrawals` shows once a key
    turned out to be able to withdraw."""

    def __init__(self, given: QueryDict | None, *, platform: Platform, name: str | None = None) -> None:
        super().__init__(given, label_suffix="")
        self.asked = list(platform.credential_fields.all())
        if name is not None:
            self.fields["name"] = TextField(label="Name", max_length=80, initial=name)
        for asked in self.asked:
            usual = {"autocomplete": "off", "spellcheck": "false"}
            widget = forms.PasswordInput(attrs=usual) if asked.secret else BlindInput(attrs=usual)
            self.fields[asked.name] = TextField(
                label=asked.label, help_text=asked.help, required=asked.required, widget=widget
            )
        self.fields[INSIST] = forms.BooleanField(
            label="I know that this key may withdraw money, and want to use it all the same",
            required=False,
            widget=forms.HiddenInput(),
        )
        if given is not None and given.get(INSIST):
            self.ask_to_insist()

    @property
    def credentials(self) -> dict[str, str]:
        """What was entered, by field; of a form that is valid."""
        return {asked.name: self.cleaned_data[asked.name] for asked in self.asked}

    def ask_to_insist(self) -> None:
        """From now on the form asks whether a key that may withdraw shall be used."""
        self.fields[INSIST].widget = forms.CheckboxInput()


class LiveForm(forms.Form):
    """The owner's own word that orders may be sent."""

    password = TextField(label="Your password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))
    typed = TextField(label="", widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, given: QueryDict | None, *, name: str) -> None:
        super().__init__(given, label_suffix="")
        self.fields["typed"].label = f"Type {name} to confirm"


class NameForm(forms.Form):
    """Another name for a connection."""

    name = TextField(label="Name", max_length=80)


class PlatformForm(forms.ModelForm[Platform]):
    """A platform whose adapter exists; fees in percent, what its adapter needs as one `name = value` per line."""

    maker = PercentField(label="Maker fee, %", help_text="Of the notional, of orders that rested.")
    taker = PercentField(label="Taker fee, %", help_text="Of the notional, of orders that did not.")
    base_url = AddressField(
        label="Base address",
        required=False,
        assume_scheme="https",
        help_text="Where its API stands if not at its usual address, such as a gateway or a simulator: the exchange's "
        "own host is the first part of the path there. A region is an option: hostname = my.okx.com",
    )
    capabilities = forms.MultipleChoiceField(
        choices=Platform.Capability, required=False, widget=forms.CheckboxSelectMultiple
    )
    options = TextField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What the adapter needs, one per line, such as: slippage_bps = 2. The paper exchange has "
        "slippage_bps; impact_bps for each depth (quote) that is taken, together at most maximum_bps; depth; queue (1: "
        "what rests is filled when the price has gone through its limit); latency_ms; latency_spread (0: none).",
    )

    class Meta:
        model = Platform
        fields = (
            "slug",
            "name",
            "adapter",
            "kind",
            "is_paper",
            "is_active",
            "base_url",
            "is_sandbox",
            "capabilities",
            "options",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in FEES:
            fee: Decimal | None = getattr(self.instance, f"{name}_fee")
            self.initial[name] = Decimal(0) if fee is None else fee
        options_now = self.instance.options if isinstance(self.instance.options, dict) else {}
        self.initial["options"] = "\n".join(f"{name} = {value}" for name, value in options_now.items())

    @property
    def changed_data(self) -> list[str]:
        """By the names of columns, which is how the log knows them."""
        changed = list(super().changed_data)
        return [name for name in changed if name not in FEES] + ["fees"] * any(name in FEES for name in changed)

    def clean_adapter(self) -> str:
        adapter: str = self.cleaned_data["adapter"]
        if adapter not in ADAPTERS and adapter != self.instance.adapter:
            raise ValidationError(f"Choose one of: {', '.join(sorted(ADAPTERS))}.")
        return adapter

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        adapter, is_paper = given.get("adapter"), given.get("is_paper")
        if adapter in ADAPTERS and is_paper != (adapter == DEMO):
            told = (
                "Orders never leave Moniqo at the paper exchange." if adapter == DEMO else "A real venue is no paper."
            )
            self.add_error("is_paper", told)
        for name in FEES:
            if given.get(name, 0) > MAXIMUM_FEE:
                self.add_error(name, f"A fee is at most {MAXIMUM_FEE * 100:f} %.")
        try:
            (require_paper if adapter == DEMO else require_names)(given.get("options", {}))
        except ValueError as error:
            self.add_error("options", str(error))
        slug = given.get("slug") or self.instance.slug
        if adapter == "ccxt" and slug and not is_known(slug):
            self.add_error("slug" if "slug" in self.fields else "adapter", f"ccxt knows no exchange {slug!r}.")
        return given

    def clean_options(self) -> dict[str, str]:
        lines = [line for line in self.cleaned_data["options"].splitlines() if line.strip()]
        pairs = [tuple(part.strip() for part in line.split("=", 1)) for line in lines]
        if wrong := [line for line, pair in zip(lines, pairs, strict=True) if len(pair) == 1 or not all(pair)]:
            raise ValidationError(f"Write it as name = value: {wrong[0]}")
        if twice := [name for name, number in Counter(name for name, _ in pairs).items() if number > 1]:
            raise ValidationError(f"Write {twice[0]} once.")
        return dict(pairs)

    def save(self, commit: bool = True) -> Platform:
        self.instance.fees = {name: plain(self.cleaned_data[name]) for name in FEES}
        return super().save(commit)

"""The filters of the lists, and the form of limits."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields, replace
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.http import QueryDict

from kit import glossary
from kit.forms import PERCENT, AmountField, MomentField, PercentField, TextField, WholeField
from kit.models import MONEY
from markets.bounds import SYMBOL_LENGTH
from markets.models import Timeframe
from trading.models import REFUSED, Order, Side, TimeInForce
from trading.models.orders import LIMITED
from trading.orders.terms import Limit, Trigger, limit_of, trigger_of
from trading.positions.levels import NAMES
from trading.risk.gate import Caps
from trading.risk.sizing import Sizing
from trading.selectors import LimitPath
from trading.selectors.filters import UNFINISHED, is_no_day
from wallets.connections.limits import FirstLimits

ANY: Final = ("", "Any")


class FilterForm(forms.Form):
    """Only the fields that the page offers. It shows what is on; what counts is `selectors.Filters`."""

    STATUSES: Final = ((UNFINISHED, "Unfinished"), *Order.Status.choices, (REFUSED, "Refused"))
    SIDES: Final = tuple(Side.choices)

    q = TextField(label="Search", widget=forms.TextInput(attrs={"type": "search", "placeholder": "Text, market"}))
    status = forms.ChoiceField(label="Status", choices=(ANY, *STATUSES))
    side = forms.ChoiceField(label="Side", choices=(ANY, *SIDES))
    instrument = forms.ChoiceField(label="Market")
    wallet = forms.ChoiceField(label="Wallet or farm")
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(
        self,
        names: tuple[str, ...],
        choices: Mapping[str, list[tuple[str, str]]],
        given: Mapping[str, str],
        **options: Any,
    ) -> None:
        super().__init__(initial={name: given.get(name, "") for name in names}, **options)
        for name in list(self.fields):
            if name not in names:
                del self.fields[name]
                continue
            asked = self.fields[name]
            asked.required = False
            if isinstance(asked, forms.DateField) and is_no_day(given.get(name, "")):
                # A browser drops from a field of days what is none, and who typed it has to see it.
                asked.widget = forms.TextInput(attrs={"aria-invalid": "true"})
        for name, offered in choices.items():
            if isinstance(field := self.fields.get(name), forms.ChoiceField):
                field.choices = [ANY, *offered]


def _level(term: str, more: str) -> AmountField:
    return AmountField(
        **glossary.field(term, more=more),
        required=False,
        show_hidden_initial=True,
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
    )


class LimitForm(forms.Form):
    """What the last step of a path allows. Nothing ticked allows nothing; only the choice to say nothing opens up."""

    LISTED: Final = "listed"
    SILENT: Final = "silent"

    markets = forms.ChoiceField(
        label="What may be bought here",
        choices=((LISTED, "Only the markets ticked below"), (SILENT, "What the rest of the path allows")),
    )
    symbols = forms.MultipleChoiceField(label="Markets", required=False, widget=forms.CheckboxSelectMultiple)
    maximum_notional = AmountField(
        **glossary.field("maximum_notional"),
        required=False,
        min_value=Decimal("1e-18"),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"min_value": "Enter an amount above zero, or none."},
    )
    maximum_daily_loss = PercentField(
        required=False,
        min_value=Decimal("0.01"),
        **glossary.field("maximum_daily_loss", label="May lose in a day, in %", more="Empty: no such limit."),
    )

    maximum_position = AmountField(
        **glossary.field("maximum_position"),
        required=False,
        min_value=Decimal("1e-18"),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        error_messages={"min_value": "Enter an amount above zero, or none."},
    )
    maximum_open_positions = WholeField(
        **glossary.field("maximum_open_positions"), required=False, min_value=0, max_value=100_000
    )
    maximum_risk = PercentField(
        required=False,
        min_value=Decimal("0.01"),
        **glossary.field("maximum_risk", label="Risk of one trade, at most, in %"),
    )
    default_stop = PercentField(
        required=False, min_value=Decimal("0.01"), **glossary.field("default_stop", label="Usual stop, in % below")
    )
    default_target = AmountField(
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(1000),
        max_digits=10,
        decimal_places=6,
        **glossary.field("default_target", label="Usual target, in % above"),
    )
    maximum_exposure = PercentField(
        required=False, min_value=Decimal("0.01"), **glossary.field("maximum_exposure", label="Exposure, at most, in %")
    )
    maximum_distance = PercentField(
        required=False,
        min_value=Decimal("0.01"),
        **glossary.field("maximum_distance", label="Worse than the market, at most, in %"),
    )
    maximum_orders_per_minute = WholeField(
        **glossary.field("maximum_orders_per_minute"), required=False, min_value=0, max_value=100_000
    )
    maximum_correlated = PercentField(
        required=False,
        min_value=Decimal("0.01"),
        **glossary.field("maximum_correlated", label="Moves together, at most, in %"),
    )
    cooldown_bars = WholeField(**glossary.field("cooldown_bars"), required=False, min_value=1, max_value=1000)
    maximum_drawdown = PercentField(
        required=False,
        min_value=Decimal("0.01"),
        **glossary.field("maximum_drawdown", label="Fall that holds buying back, in %"),
    )
    lookback_days = WholeField(**glossary.field("lookback_days"), required=False, min_value=1, max_value=365)
    minimum_profit_factor = AmountField(
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(1000),
        max_digits=12,
        decimal_places=8,
        **glossary.field("minimum_profit_factor"),
    )
    lookback_trades = WholeField(**glossary.field("lookback_trades"), required=False, min_value=2, max_value=1000)
    lock_hours = WholeField(**glossary.field("lock_hours"), required=False, min_value=1, max_value=8760)

    def __init__(self, given: QueryDict | None, *, path: LimitPath, usual: FirstLimits | None = None) -> None:
        """`usual` is what the form of a connection begins with that has said nothing yet."""
        own = path.own
        if usual is not None and own.allowed_symbols is None and own.maximum_notional is None:
            own = replace(own, **asdict(usual))
        initial = {
            # Who saves the form unread changes nothing: what has said nothing goes on saying nothing.
            "markets": self.SILENT if own.allowed_symbols is None else self.LISTED,
            "symbols": own.allowed_symbols or (),
            "maximum_notional": "" if own.maximum_notional is None else own.maximum_notional,
            "maximum_daily_loss": "" if own.maximum_daily_loss is None else own.maximum_daily_loss,
        }
        for cap in fields(Caps):
            said = getattr(own, cap.name)
            initial[cap.name] = "" if said is None else said
        if own.default_target is not None:
            initial["default_target"] = own.default_target * PERCENT
        super().__init__(given, initial=initial, label_suffix="")
        self.unit = path.unit if own.is_unpriced else own.notional_asset or path.unit
        most = self.fields["maximum_notional"]
        for name in ("maximum_notional", "maximum_position"):
            self.fields[name].label = f"{self.fields[name].label}, in {self.unit}"
        elsewhere = f"Orders in other assets are converted to {self.unit}. Empty: the rest of the path decides."
        most.help_text = f"{most.help_text} {elsewhere}"
        field = self.fields["symbols"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [(symbol, symbol) for symbol in path.choices]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        if given.get("markets") == self.SILENT and given.get("symbols"):
            self.add_error("symbols", "Untick the markets, or choose to allow only those that are ticked.")
        return given

    @property
    def caps(self) -> Caps:
        """What to store beyond markets, order and day, once the form is valid."""
        said = {field.name: self.cleaned_data[field.name] for field in fields(Caps)}
        # What is looked back on is what is usual where it is left empty.
        said |= {field.name: field.default for field in fields(Caps) if said[field.name] is None}
        if said["default_target"] is not None:
            said["default_target"] /= PERCENT
        return Caps(**said)

    @property
    def allowed_symbols(self) -> list[str] | None:
        """What to store, once the form is valid."""
        return None if self.cleaned_data["markets"] == self.SILENT else list(self.cleaned_data["symbols"])


class LevelsForm(forms.Form):
    """The levels of a position. What was not touched is not sent: a stop may have followed the price meanwhile."""

    exit_stop = _level("stop", "Empty: no stop.")
    exit_target = _level("profit_target", "Empty: no target.")
    exit_trail = _level("trail", "Empty: the stop stays where it is.")

    def moved(self) -> dict[str, Decimal | None]:
        """The levels that were changed, by name."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class AmendForm(forms.Form):
    """Another limit, trigger or quantity for an order that rests or waits; without the fields that it does not have.
    `key` makes sending it twice one wish."""

    trigger_price = AmountField(**glossary.field("trigger_price"), **MONEY)
    target_price = AmountField(**glossary.field("target_price"), **MONEY)
    trail = AmountField(**glossary.field("trigger_trail"), **MONEY)
    trail_share = PercentField(
        min_value=Decimal("0.01"), **glossary.field("trail_share", label="Trigger's share, in %")
    )
    limit_price = AmountField(
        **glossary.field("limit_price"),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
    )
    quantity = AmountField(
        **glossary.field("quantity", more="All that is wanted, with what is filled already."),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
    )
    key = TextField(max_length=100, widget=forms.HiddenInput)

    def leave_out(self, names: Collection[str]) -> None:
        """What the order does not have."""
        for name in names:
            del self.fields[name]


class TicketForm(forms.Form):
    """An order by hand: what, how much of it, and what protects it."""

    SIZES: Final = (
        (Sizing.QUANTITY.value, "A quantity"),
        (Sizing.AMOUNT.value, "An amount of money"),
        (Sizing.SHARE.value, "Percent of what is free, or of the position"),
        (Sizing.RISK.value, "Percent of the wallet that the way to the stop may cost"),
    )

    symbol = TextField(
        label="Market",
        max_length=SYMBOL_LENGTH,
        widget=forms.TextInput(attrs={"list": "markets", "autocomplete": "off"}),
    )
    side = forms.ChoiceField(label="Side", choices=Side.choices)
    type = forms.ChoiceField(label="Type", choices=Order.Type.choices, required=False)
    limit_price = AmountField(
        **glossary.field("limit_price", more="Only of a limit order."),
        required=False,
        min_value=Decimal("1e-18"),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        error_messages={"min_value": "Enter a price above zero."},
    )
    trigger_price = AmountField(
        **glossary.field("trigger_price", more=""),
        required=False,
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
    )
    trail = AmountField(
        **glossary.field("trigger_trail", more="Or as a share or in average ranges, below."),
        required=False,
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
    )
    trail_share = PercentField(
        required=False, min_value=Decimal("0.01"), **glossary.field("trail_share", label="Trigger's share, in %")
    )
    trail_atr = AmountField(
        **glossary.field("trail_atr", more="With the candles, below."),
        required=False,
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
    )
    trail_timeframe = forms.ChoiceField(
        **glossary.field("trail_timeframe"), choices=[("", "None"), *Timeframe.choices], required=False
    )
    target_price = AmountField(
        **glossary.field("target_price", more="Whichever is reached first sends the order."),
        required=False,
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
    )
    time_in_force = forms.ChoiceField(
        **glossary.field("time_in_force", more=""), choices=TimeInForce.choices, required=False
    )
    expires_at = MomentField(**glossary.field("good_until", more="Empty for every other one."))
    post_only = forms.BooleanField(**glossary.field("post_only"), required=False)
    reduce_only = forms.BooleanField(**glossary.field("reduce_only"), required=False)
    leverage = AmountField(
        **glossary.field("leverage", more="Only of a perpetual, whose name ends in -PERP. Empty: 1."),
        required=False,
        min_value=Decimal(1),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        error_messages={"min_value": "Enter a leverage of 1 or more."},
    )
    sizing_by = forms.ChoiceField(label="Size by", choices=SIZES)
    how_much = AmountField(
        label="How much",
        min_value=Decimal("1e-18"),
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        error_messages={"min_value": "Enter a size above zero."},
    )
    exit_stop = _level("stop", "Only with an entry. Empty: what is usual here, if anything.")
    exit_target = _level("profit_target", "Only with an entry. Empty: what is usual here, if anything.")
    exit_trail = _level("trail", "Only with an entry. Empty: the stop stays where it is.")
    why = TextField(label="Why", max_length=200, required=False, help_text="For yourself: it stays with the order.")

    # The fields that only some types have: a page shows them for those.
    OF: ClassVar = {
        "limit_price": LIMITED,
        "time_in_force": LIMITED,
        "expires_at": LIMITED,
        "post_only": LIMITED,
        "trigger_price": ("stop", "stop_limit", "take_profit", "oco"),
        "target_price": ("oco",),
        **dict.fromkeys(("trail", "trail_share", "trail_atr", "trail_timeframe"), ("trailing_stop",)),
    }

    @property
    def rows(self) -> list[tuple[forms.BoundField, str]]:
        """Each field with the types that it is of, empty where it is of all."""
        return [(field, " ".join(self.OF.get(field.name, ()))) for field in self]

    def levels(self) -> dict[str, Decimal | None]:
        return {name: self.cleaned_data[name] for name in NAMES}

    def limit(self) -> Limit | None:
        """Raises InvalidInputError, by field, for what does not go together."""
        said = self.cleaned_data
        if said["type"] not in LIMITED:
            return limit_of(
                said["type"], price=said["limit_price"], expires_at=said["expires_at"], post_only=said["post_only"]
            )
        return limit_of(
            said["type"],
            price=said["limit_price"],
            time_in_force=said["time_in_force"],
            expires_at=said["expires_at"],
            post_only=said["post_only"],
        )

    def trigger(self) -> Trigger | None:
        """Raises InvalidInputError, by field, for what does not go together."""
        said = self.cleaned_data
        return trigger_of(
            said["type"],
            price=said["trigger_price"],
            trail=said["trail"],
            trail_share=said["trail_share"],
            target=said["target_price"],
            atr=said["trail_atr"],
            timeframe=said["trail_timeframe"],
        )

    def size_now(self) -> Decimal:
        """The size as `quantity_of` takes it: fractions instead of percent."""
        size: Decimal = self.cleaned_data["how_much"]
        return size / PERCENT if self.cleaned_data["sizing_by"] in (Sizing.SHARE, Sizing.RISK) else size

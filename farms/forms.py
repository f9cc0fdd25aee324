"""What a person is asked for a new farm and a new agent. The strategy's schema makes its part of the form."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.http import QueryDict

from farms.models import Agent, Farm, StrategyVersion
from farms.services import DEFAULT_SIZE
from kit import glossary
from kit.decimals import plain
from kit.formatting import respelled
from kit.forms import AmountField, NumberField, PercentField, TextField, WholeField
from markets.models import Instrument, Timeframe
from quant.strategies import Parameter, Strategy
from wallets.models import Wallet

PREFIX: Final = "p_"


class FarmForm(forms.Form):
    """A farm under one of the owner's master wallets."""

    kind = forms.ChoiceField(
        label="Kind of strategies",
        choices=Farm.Kind.choices,
        help_text="What its agents may follow: one kind, any ready-made one (mixed), or your own rules too (custom).",
    )
    name = TextField(max_length=80)
    master = forms.ModelChoiceField(Wallet.objects.none(), label="Funded by", empty_label=None)
    maximum_share = PercentField(
        initial=Decimal("0.6"), **glossary.field("maximum_share", label="Most in one instrument, in %")
    )
    target_weight = PercentField(
        required=False,
        **glossary.field("target", label="Target share of the master, in %", more="Empty for no target."),
    )

    def __init__(self, given: QueryDict | None, *, like: Farm | None = None, is_new: bool = True) -> None:
        super().__init__(given, initial=_facts_of_farm(like) if like else {})
        if not is_new:
            del self.fields["master"]
            return
        field = self.fields["master"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = Wallet.objects.filter(role=Wallet.Role.MASTER)


class InstrumentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own has none at run time
    """Markets, with a word beside those that no limit lets an agent buy; `allowed` is None where no limit says."""

    allowed: Collection[str] | None = None

    def label_from_instance(self, obj: Instrument) -> str:
        return obj.symbol if self.allows(obj) else f"{obj.symbol} · not allowed by your limits"

    def allows(self, market: Instrument) -> bool:
        return self.allowed is None or market.symbol in self.allowed


class VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own has none at run time
    """Versions of a saved strategy, each with what it changed."""

    def label_from_instance(self, obj: StrategyVersion) -> str:
        changed = respelled("; ".join(obj.changes))
        return f"{obj}: {changed}" if changed else str(obj)


class AgentForm(forms.Form):
    """An agent on an instrument of the farm's venue; `strategy` says which further fields there are.

    Who follows a saved `version` is asked for none of its rules, which are shown in words; an agent that is there may
    choose another. A market that cannot be sold short is asked for no direction and no leverage; who sends them all the
    same is heard, and refused by the service. With `is_looking` what stands in the form is shown and not judged.
    """

    name = TextField(max_length=80)
    version = VersionField(
        StrategyVersion.objects.none(),
        label="Saved strategy",
        required=False,
        empty_label="None: rules of its own",
        help_text="Its rules are then those of the version, whatever they were.",
    )
    instrument = InstrumentField(Instrument.objects.none(), empty_label=None)
    timeframe = forms.ChoiceField(choices=Timeframe.choices, initial=Timeframe.H1)
    sizing = forms.ChoiceField(label="An entry is sized by", choices=Agent.Sizing.choices)
    cash_share = PercentField(
        initial=DEFAULT_SIZE[Agent.Sizing.CASH],
        **glossary.field("size_by_cash", label="Share of its cash, in %"),
    )
    risk_share = PercentField(
        initial=DEFAULT_SIZE[Agent.Sizing.RISK],
        **glossary.field("size_by_risk", label="Risk per trade, in %"),
    )

    leverage = AmountField(
        **glossary.field("leverage", more="Of a perpetual; on spot it is 1."),
        min_value=Decimal(1),
        max_digits=9,
        decimal_places=4,
        initial=1,
        required=False,
    )

    def __init__(
        self,
        given: QueryDict | None,
        *,
        strategy: Strategy,
        venue: str,
        like: Agent | None = None,
        is_new: bool = True,
        allowed: Collection[str] | None = None,
        version: StrategyVersion | None = None,
        is_looking: bool = False,
    ) -> None:
        super().__init__(given, initial=_facts_of_agent(like) if like else {})
        self.follows, self.is_looking = version, is_looking
        versions = self.fields["version"]
        assert isinstance(versions, VersionField)  # noqa: S101 - for the type checker
        versions.initial = version
        versions.queryset = StrategyVersion.objects.select_related("saved").filter(
            saved__strategy=strategy.slug, saved__archived_at=None
        )
        versions.queryset = versions.queryset.order_by("saved__name", "-number")
        if is_new or not versions.queryset.exists():
            del self.fields["version"]
        field = self.fields["instrument"]
        assert isinstance(field, InstrumentField)  # noqa: S101 - for the type checker
        field.allowed = allowed
        field.queryset = Instrument.objects.filter(venue=venue, is_active=True)
        if allowed:
            field.initial = field.queryset.filter(symbol__in=allowed).first()
        market = self._market(field) if is_new or like is None else like.instrument
        if not is_new:
            del self.fields["instrument"]
        is_sent = bool({"leverage", f"{PREFIX}direction"} & set(given or ())) and not is_looking
        is_short = is_sent or (market is not None and market.is_perpetual)
        asked = [item for item in strategy.schema if item.kind != "data" and version is None]
        self.schema = [item for item in asked if is_short or item.name != "direction"]
        if not is_short:
            del self.fields["leverage"]
        has = version.parameters if version else like.parameters if like else {}
        composed = [item for item in strategy.schema if (item.kind == "data" and like) or version]
        # What no field asks for stays as it is, and is shown in words.
        self.kept = {item.name: has.get(item.name, item.default) for item in composed}
        self.rules = [(item.title, respelled(item.in_words(self.kept[item.name]))) for item in composed]
        for item in self.schema:
            self.fields[PREFIX + item.name] = parameter_field(item)

    def full_clean(self) -> None:
        if self.is_looking:
            self._errors = ErrorDict()
        else:
            super().full_clean()

    def _market(self, field: InstrumentField) -> Instrument | None:
        """The market that is chosen, or that a browser shows as chosen."""
        try:
            return field.clean(self["instrument"].value())  # type: ignore[no-any-return]  # a field of instruments
        except ValidationError:
            return None if self.is_bound or field.queryset is None else field.queryset.first()

    @property
    def leverage_now(self) -> Decimal:
        """The leverage that was asked for; 1 where nothing is."""
        return self.cleaned_data.get("leverage") or Decimal(1)

    @property
    def size(self) -> Decimal:
        """The fraction that the chosen sizing goes by."""
        name = "risk_share" if self.cleaned_data["sizing"] == Agent.Sizing.RISK else "cash_share"
        fraction: Decimal = self.cleaned_data[name]
        return fraction

    @property
    def version_id(self) -> UUID | None:
        """The saved rules that it is to follow."""
        chosen = self.cleaned_data.get("version", self.follows)
        return chosen.pk if chosen else None

    def parameters(self) -> dict[str, Any]:
        """The strategy's parameters by their own names."""
        return self.kept | {item.name: self.cleaned_data[PREFIX + item.name] for item in self.schema}


def _facts_of_farm(farm: Farm) -> dict[str, Any]:
    """What a form of the farm begins with."""
    return {
        "kind": farm.kind,
        "name": farm.name,
        "master": farm.wallet.parent_id,
        "maximum_share": farm.maximum_share,
        "target_weight": farm.wallet.target_weight,
    }


def _facts_of_agent(agent: Agent) -> dict[str, Any]:
    """What a form of the agent begins with."""
    size = "risk_share" if agent.sizing == Agent.Sizing.RISK else "cash_share"
    return {
        "name": agent.name,
        "instrument": agent.instrument_id,
        "timeframe": agent.timeframe,
        "sizing": agent.sizing,
        size: agent.size,
        "leverage": plain(agent.leverage),
        **{PREFIX + name: written(value) for name, value in agent.parameters.items()},
    }


def written(value: Any) -> Any:
    """A number as people write it: `4`, not `4.0`."""
    return plain(Decimal(str(value))) if isinstance(value, float) else value


def parameter_field(item: Parameter) -> forms.Field:
    """The field that asks for a parameter which is no data."""
    words: dict[str, Any] = {
        "label": f"{item.title} ({item.unit})" if item.unit else item.title,
        "help_text": item.help,
        "initial": written(item.default),
    }
    if item.kind == "choice":
        return forms.ChoiceField(choices=item.options, **words)
    if item.kind == "int":
        return WholeField(min_value=_whole(item.minimum), max_value=_whole(item.maximum), **words)
    return NumberField(min_value=item.minimum, max_value=item.maximum, **words)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)

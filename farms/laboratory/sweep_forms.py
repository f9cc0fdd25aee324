"""What a person is asked for a sweep: from, to and step of each number, and which choices are tried."""

from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.http import QueryDict

from farms.forms import PREFIX, written
from farms.laboratory.assumed import AssumedForm, Framed, begins_with
from farms.laboratory.sweep_asking import MOST_TRIALS, TRIALS, SweepWish
from farms.models import Agent, Sweep
from kit.forms import NumberField, WholeField
from markets.candles.known import Series
from markets.models import Instrument
from quant.strategies import Parameter, Strategy

FROM, TO, STEP = "from_", "to_", "step_"
# Values of an axis at most: a sweep of one parameter has as many trials.
MOST_VALUES: Final = 1_000
# So many parameters are tried where nothing is chosen yet, each at about so many values around the usual one.
USUAL_AXES: Final = 2
USUAL_STEPS: Final = 8


class MarketField(Framed, forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own has none at run time
    """One of them."""


@dataclass(frozen=True, slots=True)
class Range:
    """The fields of a number: the value alone where it ends where it begins."""

    title: str
    help: str
    fields: tuple[BoundField, BoundField, BoundField]


class SweepForm(AssumedForm):
    """A sweep; what it begins with is an agent's, an earlier sweep's, or the usual."""

    place = "market"
    field_order = ("market", "timeframe", "since", "until", "method", "trials", "measure")

    market = MarketField(Instrument.objects.none(), empty_label=None, help_text="Beside each are its candles.")
    method = forms.ChoiceField(
        label="Sets are chosen by",
        choices=Sweep.Method.choices,
        initial=Sweep.Method.GRID,
        help_text="A grid tries every combination; an estimator looks at what was tried before.",
    )
    trials = WholeField(
        label="Sets at most",
        initial=TRIALS,
        min_value=2,
        max_value=MOST_TRIALS,
        help_text="At random, or by an estimator.",
    )
    measure = forms.ChoiceField(
        label="Compared by",
        choices=Sweep.Measure.choices,
        initial=Sweep.Measure.SHARPE,
        help_text="More of it is better.",
    )

    def __init__(
        self,
        given: QueryDict | None,
        *,
        strategy: Strategy,
        known: list[Series],
        agent: Agent | None = None,
        like: Sweep | None = None,
    ) -> None:
        kept = like.parameters if like else agent.parameters if agent else strategy.defaults()
        axes = dict(like.axes) if like else {}
        initial = begins_with(like, agent)
        if like is not None:
            asked = {"method": like.method, "trials": like.trials, "measure": like.measure}
            initial |= {"market": like.instruments[0], **asked}
        elif agent is not None:
            initial["market"] = agent.instrument_id
        super().__init__(given, strategy=strategy, known=known, agent=agent, kept=kept, initial=initial)
        self.numbers = [item for item in self.schema if item.kind in ("int", "float")]
        self.choices = [item for item in self.schema if item.kind == "choice"]
        usual = [item.name for item in self.numbers if item.kind == "int" and item.step][:USUAL_AXES]
        for item in self.numbers:
            value = kept.get(item.name, item.default)
            values = axes.get(item.name) or (_around(item, value) if item.name in usual and not like else [value])
            self._ask(item, values)
        for item in self.choices:
            tried = axes.get(item.name) or [kept.get(item.name, item.default)]
            self.fields[PREFIX + item.name] = forms.MultipleChoiceField(
                label=item.title,
                help_text=item.help,
                choices=item.options,
                initial=tried,
                widget=forms.SelectMultiple(attrs={"size": len(item.choices)}),
            )

    def _ask(self, item: Parameter, values: list[Any]) -> None:
        step = values[1] - values[0] if len(values) > 1 else item.step or 1
        title = f"{item.title} ({item.unit})" if item.unit else item.title
        for prefix, word, value in ((FROM, "from", values[0]), (TO, "to", values[-1]), (STEP, "step", step)):
            kind = WholeField if item.kind == "int" else NumberField
            self.fields[prefix + item.name] = kind(
                label=f"{title}, {word}", initial=written(round(value, 10) if isinstance(value, float) else value)
            )

    @property
    def general(self) -> list[BoundField]:
        """The fields that are no range of a number."""
        ranged = {prefix + item.name for prefix in (FROM, TO, STEP) for item in self.numbers}
        return [self[name] for name in self.fields if name not in ranged]

    @property
    def ranges(self) -> list[Range]:
        """The numbers, each with its three fields."""
        return [
            Range(
                f"{item.title} ({item.unit})" if item.unit else item.title,
                item.help,
                (self[FROM + item.name], self[TO + item.name], self[STEP + item.name]),
            )
            for item in self.numbers
        ]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for item in self.numbers:
            start, end, step = (given.get(prefix + item.name) for prefix in (FROM, TO, STEP))
            if start is None or end is None or step is None:
                continue  # which is said at its field
            if end < start:
                self.add_error(TO + item.name, ValidationError("It has to end where it begins, or after."))
            elif end > start and step <= 0:
                self.add_error(STEP + item.name, ValidationError("It has to be above zero."))
            elif end > start and (end - start) / step >= MOST_VALUES:
                self.add_error(STEP + item.name, ValidationError(f"These are more than {MOST_VALUES:,} values."))
        return given

    def asked(self) -> SweepWish:
        """What is asked for."""
        given = self.cleaned_data
        values = {item.name: self._values(item) for item in self.numbers}
        values |= {item.name: list(given[PREFIX + item.name]) for item in self.choices}
        fixed = {name: found[0] for name, found in values.items() if len(found) == 1}
        return SweepWish(
            wish=self.wish_of(fixed, [given["market"]]),
            axes={name: found for name, found in values.items() if len(found) > 1},
            method=given["method"],
            trials=given["trials"],
            measure=given["measure"],
        )

    def _values(self, item: Parameter) -> list[Any]:
        start, end, step = (self.cleaned_data[prefix + item.name] for prefix in (FROM, TO, STEP))
        if end <= start:
            return [start]
        # Steps such as 0.1 do not fit exactly: the end itself must not be lost to rounding.
        count = int((end - start) / step + 1e-9) + 1
        return [round(start + step * number, 10) for number in range(count)]


# What the service calls by another name than the form; what it says of values stands above the form.
RENAMED: Final = {"instrument_ids": "market"}


def sweepable(strategy: Strategy) -> bool:
    """Whether there is something to try values of."""
    return any(item.kind in ("int", "float") or (item.kind == "choice" and item.name != "direction")
               for item in strategy.schema)  # fmt: skip


def _around(item: Parameter, value: Any) -> list[Any]:
    """About `USUAL_STEPS` values from half of the usual one to twice of it, in whole steps of the schema."""
    step = item.step or 1
    low = max(item.minimum or 0, value / 2)
    high = min(item.maximum or value * 2, value * 2)
    step = max(round((high - low) / USUAL_STEPS / step), 1) * step
    values = [low + step * number for number in range(USUAL_STEPS + 2) if low + step * number <= high]
    return [int(found) for found in values] if item.kind == "int" else values

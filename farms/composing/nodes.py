"""What a strategy is asked for, as a tree of questions that a template shows and that becomes its parameters.

Every question is a field of an ordinary form, named after its place; `Sheet` collects them. Each node knows how to put
the answers of its fields together: `value()` is asked after the form has found them all right.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

import orjson
from django import forms
from django.core.exceptions import ValidationError

from farms.composing import raw as texts
from farms.composing.raw import ATR_TIMES, NEVER, NONE, NUMBER, ROOT, SHARE, Raw
from farms.forms import parameter_field
from kit.asking import read_json
from kit.errors import InvalidInputError
from kit.forms import PERCENT, NumberField, TextField, WholeField
from markets.prices import to_price
from quant.indicators.catalog import CATALOG, SOURCES, Indicator
from quant.strategies import Parameter, Strategy, grammar, mixed
from quant.strategies.base import Shape
from quant.strategies.grammar import Bounds

Choices = Sequence[tuple[str, str]]

GROUPS: Final[Choices] = (("all", "all of these hold"), ("any", "any of these holds"))
OPERATORS: Final[Choices] = (
    (">", "is above"),
    (">=", "is at least"),
    ("<", "is below"),
    ("<=", "is at most"),
    ("crosses_above", "crosses above"),
    ("crosses_below", "crosses below"),
)
_INDICATORS: Final[Choices] = tuple((one.name, one.label) for one in CATALOG.values())
_PRICES: Final[Choices] = tuple((one.name, one.label) for one in CATALOG.values() if one.is_price)
_DISTANCES: Final[Choices] = (
    (NONE, "None"),
    (ATR_TIMES, "Times the average true range"),
    (SHARE, "A part of the close"),
)
# What the first field of a value offers, by where the value stands.
OFFERED: Final[Mapping[str, Choices]] = {
    "operand": (*_INDICATORS, (NUMBER, "A number")),
    "level": (*_DISTANCES, *_PRICES),
    "distance": _DISTANCES,
    "weight": ((NONE, "Always the same"), (NUMBER, "A number"), *_INDICATORS),
}
_PERIODS: Final = {"period": "Over, bars", "fast": "Fast, bars", "slow": "Slow, bars", "signal": "Signal, bars"}


class Sheet:
    """The fields of a form and what stands in them, collected while its questions are made."""

    form: forms.Form

    def __init__(self) -> None:
        self.fields: dict[str, forms.Field] = {}
        self.texts: dict[str, str] = {}

    def ask(self, name: str, text: str, question: forms.Field) -> "Ask":
        """One more question, with the text that stands in its field."""
        self.fields[name], self.texts[name] = question, text
        return Ask(self, name)

    def answer(self, name: str) -> Any:
        return self.form.cleaned_data[name]


@dataclass(slots=True)
class Ask:
    """One field."""

    sheet: Sheet
    name: str
    kind: ClassVar[str] = "ask"

    @property
    def bound(self) -> forms.BoundField:
        return self.sheet.form[self.name]

    def value(self) -> Any:
        return self.sheet.answer(self.name)


@dataclass(slots=True)
class Term:
    """An indicator with its parameters, a number, a distance, or nothing."""

    title: str
    choice: Ask
    asks: dict[str, Ask]
    kind: ClassVar[str] = "term"

    def value(self) -> Any:
        found = {name: ask.value() for name, ask in self.asks.items()}
        what = self.choice.value()
        if what == NONE:
            return None
        if what == NUMBER:
            return found["value"]
        if what == ATR_TIMES:
            return {"atr": found["times"], "period": found["period"]}
        if what == SHARE:
            return {"percent": float(to_price(found["share"]) / PERCENT)}
        return {"indicator": what, **found}


@dataclass(slots=True)
class Condition:
    """Two values compared."""

    title: str
    place: str
    left: Term
    op: Ask
    right: Term
    can_go: bool
    kind: ClassVar[str] = "condition"

    def value(self) -> Any:
        return {"left": self.left.value(), "op": self.op.value(), "right": self.right.value()}


@dataclass(slots=True)
class Group:
    """Conditions and groups of them, of which all have to hold or any."""

    title: str
    place: str
    choice: Ask
    members: "list[Condition | Group]"
    can_go: bool
    can_nest: bool
    kind: ClassVar[str] = "group"

    def value(self) -> Any:
        if (which := self.choice.value()) == NEVER:
            return None
        return {which: [member.value() for member in self.members]}


@dataclass(slots=True)
class Member:
    """A strategy that votes."""

    title: str
    place: str
    strategy: Ask
    weight: Ask
    parameters: "list[tuple[str, Node]]"
    can_go: bool
    kind: ClassVar[str] = "member"

    def value(self) -> Any:
        params = {name: node.value() for name, node in self.parameters}
        return {"strategy": self.strategy.value(), "weight": self.weight.value(), "params": params}


@dataclass(slots=True)
class Members:
    """The strategies that vote."""

    title: str
    place: str
    members: list[Member] = field(default_factory=list)
    can_grow: bool = True
    kind: ClassVar[str] = "members"

    def value(self) -> Any:
        return [member.value() for member in self.members]


Node = Ask | Term | Condition | Group | Member | Members


class JsonField(TextField):
    """Nested data of a strategy that says nothing of its shape."""

    def clean(self, value: Any) -> Any:
        try:
            return read_json(super().clean(value))
        except InvalidInputError as error:
            raise ValidationError(f"Write JSON. {error}") from error


def questions(sheet: Sheet, strategy: Strategy, raw: Raw, *, may_short: bool) -> list[tuple[str, Node]]:
    """A node for each parameter, by name; without `may_short` no side but long is offered."""
    return [
        (item.name, _parameter(sheet, _long_only(item) if item.name == "direction" and not may_short else item, raw))
        for item in strategy.schema
    ]


def _long_only(item: Parameter) -> Parameter:
    return replace(item, choices=("long",), words=(dict(item.options)["long"],), default="long")


def _parameter(sheet: Sheet, item: Parameter, raw: Raw, above: str = "") -> Node:
    place = f"{above}{item.name}"
    if item.kind != "data":
        text = texts.text(raw, item.name, texts.written(item.default))
        if item.kind == "choice" and len(item.choices) == 1:
            text = item.choices[0]
        return sheet.ask(f"{ROOT}.{place}", text, parameter_field(item))
    if item.shape == "rules":
        return _group(sheet, place, texts.at(raw, item.name), item.title, may_be_empty=item.may_be_empty)
    if item.shape == "members":
        return _members(sheet, place, texts.at(raw, item.name), item.title)
    if item.shape == "json":
        usual = orjson.dumps(item.default, option=orjson.OPT_INDENT_2).decode()
        area = forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})
        question = JsonField(label=item.title, help_text=item.help, widget=area)
        return sheet.ask(f"{ROOT}.{place}", texts.text(raw, item.name, usual), question)
    return _term(sheet, place, texts.at(raw, item.name), item.title, item.shape)


def _group(
    sheet: Sheet, place: str, raw: Raw, title: str, *, may_be_empty: bool = False, depth: int = 1, can_go: bool = False
) -> Group:
    choices = [*GROUPS, *([(NEVER, "never")] if may_be_empty else [])]
    which = texts.text(raw, "kind", "all")
    choice = sheet.ask(f"{ROOT}.{place}.kind", which, forms.ChoiceField(label="When", choices=choices))
    members: list[Condition | Group] = []
    found = [] if which == NEVER else texts.rows(raw) or [texts.CONDITION]
    for number, row in enumerate(found, start=1):
        inner, called = f"{place}.{number}", f"{title}, {number}"
        if "kind" in row and depth < grammar.DEEPEST:
            members.append(_group(sheet, inner, row, called, depth=depth + 1, can_go=len(found) > 1))
        else:
            members.append(_condition(sheet, inner, row, called, can_go=len(found) > 1))
    return Group(title, place, choice, members, can_go, can_nest=depth < grammar.DEEPEST)


def _condition(sheet: Sheet, place: str, raw: Raw, title: str, *, can_go: bool) -> Condition:
    left = _term(sheet, f"{place}.left", texts.at(raw, "left"), "Compared", "operand", usual="price")
    compared = forms.ChoiceField(label="How", choices=OPERATORS)
    op = sheet.ask(f"{ROOT}.{place}.op", texts.text(raw, "op", ">"), compared)
    right = _term(sheet, f"{place}.right", texts.at(raw, "right"), "With", "operand", usual="sma")
    return Condition(title, place, left, op, right, can_go)


def _term(sheet: Sheet, place: str, raw: Raw, title: str, shape: Shape | str, *, usual: str = NONE) -> Term:
    what = texts.text(raw, "is", usual)
    offered = OFFERED[shape]
    if what in CATALOG and what not in dict(offered):
        offered = (*offered, (what, CATALOG[what].label))  # a program chose it
    choice = sheet.ask(f"{ROOT}.{place}.is", what, forms.ChoiceField(label=title, choices=offered))
    asked = _FIELDS[what]() if what in _FIELDS else _of_indicator(CATALOG[what]) if what in CATALOG else {}
    if what == NUMBER and shape == "weight":
        asked = {"value": (_number("Number", grammar.WEIGHTS), "1")}
    asks = {
        name: sheet.ask(f"{ROOT}.{place}.{name}", texts.text(raw, name, usual), question)
        for name, (question, usual) in asked.items()
    }
    return Term(title, choice, asks)


def _members(sheet: Sheet, place: str, raw: Raw, title: str) -> Members:
    found = texts.rows(raw) or [texts.MEMBER]
    names = [(one.slug, one.name) for one in mixed.MEMBERS.values()]
    made = Members(title, place, can_grow=len(found) < mixed.MOST_MEMBERS)
    for number, row in enumerate(found, start=1):
        inner = f"{place}.{number}"
        slug = texts.text(row, "strategy", "trend_following")
        strategy = sheet.ask(f"{ROOT}.{inner}.strategy", slug, forms.ChoiceField(label="Strategy", choices=names))
        usual = texts.written(mixed.WEIGHT.default)
        weight = sheet.ask(f"{ROOT}.{inner}.weight", texts.text(row, "weight", usual), parameter_field(mixed.WEIGHT))
        schema = mixed.MEMBERS[slug].schema if slug in mixed.MEMBERS else ()
        own = texts.at(row, "params")
        parameters = [(item.name, _parameter(sheet, item, own, f"{inner}.params.")) for item in schema]
        made.members.append(Member(f"Vote {number}", inner, strategy, weight, parameters, len(found) > 1))
    return made


Asked = dict[str, tuple[forms.Field, Any]]


def _whole(label: str, bounds: Bounds) -> forms.Field:
    return WholeField(label=label, min_value=int(bounds[0]), max_value=int(bounds[1]))


def _number(label: str, bounds: Bounds) -> forms.Field:
    return NumberField(label=label, min_value=bounds[0], max_value=bounds[1])


def _shares() -> Bounds:
    least, most = grammar.SHARES
    return least * float(PERCENT), most * float(PERCENT)


_FIELDS: Final[Mapping[str, Callable[[], Asked]]] = {
    NONE: dict,
    NUMBER: lambda: {"value": (_number("Number", grammar.NUMBERS), "1")},
    ATR_TIMES: lambda: {
        "times": (_number("Times", grammar.ATRS), "2.5"),
        "period": (_whole("Over, bars", grammar.PERIODS), grammar.DEFAULT_ATR),
    },
    SHARE: lambda: {"share": (_number("Of the close, in %", _shares()), "5")},
}


def _of_indicator(one: Indicator) -> Asked:
    asked: Asked = {name: (_whole(_PERIODS[name], grammar.PERIODS), usual) for name, usual in one.periods.items()}
    if one.multiple is not None:
        asked["multiple"] = (_number("Deviations", grammar.MULTIPLES), texts.written(one.multiple))
    if one.from_source:
        sources = [(source, source.capitalize()) for source in SOURCES]
        asked["source"] = (forms.ChoiceField(label="Of", choices=sources), "close")
    asked["bars_ago"] = (_whole("Bars ago", grammar.BARS_AGO), 0)
    return asked

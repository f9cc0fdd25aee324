"""Rules become the fields of a form and come back from it as they were; rows are added and taken out."""

from typing import Any

import pytest
from django import forms
from hypothesis import given, settings
from hypothesis import strategies as some

from farms.composing import raw
from farms.composing.nodes import OPERATORS, Sheet, questions
from quant import strategies
from quant.indicators.catalog import CATALOG, SOURCES, Indicator
from quant.strategies import Strategy, grammar

CUSTOM = strategies.get("custom")
MIXED = strategies.get("mixed")
periods = some.integers(2, 1000)


def indicator(one: Indicator) -> some.SearchStrategy[dict[str, Any]]:
    fields: dict[str, Any] = {"indicator": some.just(one.name), "bars_ago": some.integers(0, 1000)}
    fields |= dict.fromkeys(one.periods, periods)
    fields |= {"source": some.sampled_from(SOURCES)} if one.from_source else {}
    fields |= {"multiple": some.integers(1, 100).map(lambda tenths: tenths / 10)} if one.multiple else {}
    return some.fixed_dictionaries(fields)


indicators = some.sampled_from(sorted(CATALOG.values(), key=lambda one: one.name)).flatmap(indicator)
operands = indicators | some.integers(-(10**6), 10**6).map(lambda number: number / 1000)
conditions = some.fixed_dictionaries({"left": operands, "op": some.sampled_from(grammar.OPERATORS), "right": operands})


def groups(members: some.SearchStrategy[Any]) -> some.SearchStrategy[dict[str, Any]]:
    several = some.lists(members, min_size=1, max_size=3)
    return some.sampled_from(["all", "any"]).flatmap(lambda kind: several.map(lambda found: {kind: found}))


rules = groups(conditions | groups(conditions | groups(conditions)))
distances = (
    some.none()
    | some.fixed_dictionaries({"atr": some.integers(1, 10_000).map(lambda parts: parts / 100), "period": periods})
    | some.fixed_dictionaries({"percent": some.integers(1, 9900).map(lambda parts: parts / 10_000)})
)
documents = some.fixed_dictionaries(
    {
        "direction": some.sampled_from(["long", "short"]),
        "entry": rules,
        "exit": some.none() | rules,
        "stop": distances | indicators,
        "target": distances | indicators,
        "trail": distances,
        "size": some.none() | indicators | some.integers(1, 10_000).map(lambda parts: parts / 100),
    }
)


def answered(strategy: Strategy, tree: raw.Raw, *, may_short: bool = True) -> dict[str, Any]:
    """The parameters that a form with these texts comes to."""
    form = asked(strategy, tree, may_short=may_short)
    assert form.is_valid(), form.errors
    return strategy.validate({name: node.value() for name, node in form.nodes})


def asked(strategy: Strategy, tree: raw.Raw, *, may_short: bool = True) -> Any:
    sheet = Sheet()
    nodes = questions(sheet, strategy, tree, may_short=may_short)
    sheet.form = forms.Form(sheet.texts)
    sheet.form.fields.update(sheet.fields)
    sheet.form.nodes = nodes  # type: ignore[attr-defined]
    return sheet.form


def posted(strategy: Strategy, tree: raw.Raw) -> raw.Raw:
    """What a browser sends back of the form, as a tree."""
    return raw.read(dict(asked(strategy, tree).data))


@given(documents)
@settings(max_examples=25, deadline=None)
def test_any_rules_come_back_from_the_form_as_they_were(document: dict[str, Any]) -> None:
    whole = CUSTOM.validate(document)
    tree = raw.spread(CUSTOM, whole)
    assert answered(CUSTOM, tree) == whole
    assert answered(CUSTOM, posted(CUSTOM, tree)) == whole


@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda one: one.slug)
def test_every_parameter_of_every_strategy_is_asked_for(strategy: Strategy) -> None:
    assert [name for name, _ in asked(strategy, {}).nodes] == [item.name for item in strategy.schema]
    usual = strategy.validate({})
    assert answered(strategy, raw.spread(strategy, usual)) == usual


def test_members_of_a_mixture_come_back_with_weights_and_their_own_rules() -> None:
    own = CUSTOM.validate({"stop": None})
    members = [
        {"strategy": "breakout", "weight": 2.5, "params": {"direction": "both"}},
        {"strategy": "custom", "weight": 1, "params": own},
    ]
    whole = MIXED.validate({"members": members, "agreement": 0.7})
    assert answered(MIXED, posted(MIXED, raw.spread(MIXED, whole))) == whole


def test_an_empty_form_asks_for_one_condition_and_one_member() -> None:
    assert len(answered(CUSTOM, {})["entry"]["all"]) == 1
    assert len(answered(MIXED, {})["members"]) == 1


def test_rows_are_added_and_taken_out_by_their_place() -> None:
    tree = posted(CUSTOM, raw.spread(CUSTOM, CUSTOM.validate({})))
    tree = posted(CUSTOM, raw.act(tree, "condition:entry"))
    tree = posted(CUSTOM, raw.act(tree, "group:entry"))
    tree = posted(CUSTOM, raw.act(tree, "condition:entry.4"))
    entry = answered(CUSTOM, tree)["entry"]
    assert [next(iter(member)) for member in entry["all"]] == ["left", "left", "left", "any"]
    assert len(entry["all"][3]["any"]) == 2
    tree = raw.act(raw.act(tree, "drop:entry.1"), "drop:entry.3.1")
    after = answered(CUSTOM, tree)["entry"]["all"]
    assert after == [*entry["all"][1:3], {"any": entry["all"][3]["any"][1:]}]


def test_members_are_added_and_taken_out() -> None:
    tree = raw.act(posted(MIXED, raw.spread(MIXED, MIXED.validate({}))), "member:members")
    assert [one["strategy"] for one in answered(MIXED, tree)["members"]] == [
        "trend_following", "breakout", "trend_following",
    ]  # fmt: skip
    tree = raw.act(posted(MIXED, tree), "drop:members.1")
    assert [one["strategy"] for one in answered(MIXED, tree)["members"]] == ["breakout", "trend_following"]


@pytest.mark.parametrize(
    "do", ["", "look", "drop:", "drop:entry", "condition:nothing.1", "drop:entry.x", "dance:entry"]
)
def test_what_names_no_row_changes_nothing(do: str) -> None:
    tree = raw.spread(CUSTOM, CUSTOM.validate({}))
    assert answered(CUSTOM, raw.act(tree, do)) == CUSTOM.validate({})


def test_another_indicator_is_asked_for_its_own_parameters() -> None:
    tree = posted(CUSTOM, raw.spread(CUSTOM, CUSTOM.validate({})))
    tree["entry"]["1"]["left"]["is"] = "macd"
    left = answered(CUSTOM, tree)["entry"]["all"][0]["left"]
    assert left == {"indicator": "macd", "fast": 12, "slow": 26, "signal": 9, "source": "close", "bars_ago": 0}


@pytest.mark.parametrize(
    "fields",
    [
        {"rules.entry": "x", "rules.entry.1.op": ">"},
        {"rules.entry.1": "x"},
        {"rules.entry.1.1.1.1.1.1.1.1.1.1.1.1": "x"},
        {"rules.": "x", "rules": "y", "rules..": "z"},
        {"rules.entry.99999999999999.op": ">"},
        {"rules.entry.\u0661.op": ">"},
        {"rules.members.1.params.entry.kind": "x"},
    ],
)
@pytest.mark.parametrize("strategy", [CUSTOM, MIXED], ids=lambda one: one.slug)
def test_whatever_is_posted_becomes_a_form(strategy: Strategy, fields: dict[str, str]) -> None:
    form = asked(strategy, raw.read(fields))
    form.is_valid()
    assert [name for name, _ in form.nodes] == [item.name for item in strategy.schema]


def test_a_field_out_of_range_says_so_where_it_stands() -> None:
    tree = posted(CUSTOM, raw.spread(CUSTOM, CUSTOM.validate({})))
    tree["entry"]["1"]["left"]["period"] = "5000"
    tree["stop"]["times"] = "much"
    assert asked(CUSTOM, tree).errors == {
        "rules.entry.1.left.period": ["Ensure this value is less than or equal to 1000."],
        "rules.stop.times": ["Enter a number with the digits 0 to 9 and a point, such as 1250.5."],
    }


def test_no_short_side_is_offered_where_nothing_can_be_sold_short() -> None:
    for strategy in strategies.catalog():
        form = asked(strategy, {"direction": "short"}, may_short=False)
        assert [value for value, _ in form.fields["rules.direction"].choices] == ["long"]
        assert answered(strategy, {"direction": "short"}, may_short=False)["direction"] == "long"


def test_every_comparison_has_words() -> None:
    assert tuple(dict(OPERATORS)) == grammar.OPERATORS

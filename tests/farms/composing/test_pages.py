"""The pages on which strategies are written: what they show as somebody edits, what they save, and what they refuse."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from farms.composing import raw
from farms.composing.checking import LOOKED_AT
from farms.models import SavedStrategy, StrategyVersion
from kit import tenancy
from kit.users.models import User
from markets.models import Candle, Instrument
from quant import strategies
from tests.farms.composing.conftest import ENTRY, PRICE, RULES, average
from tests.farms.laboratory.conftest import SINCE
from tests.quant.market import HOUR_MS

NEW = "/strategies/new/"


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def flat(tree: dict[str, Any], above: str = raw.ROOT) -> dict[str, str]:
    """The fields of a form by their names."""
    found: dict[str, str] = {}
    for name, value in tree.items():
        found |= flat(value, f"{above}.{name}") if isinstance(value, dict) else {f"{above}.{name}": value}
    return found


def filled(market: Instrument, params: dict[str, Any] = RULES, *, slug: str = "custom", **more: str) -> dict[str, str]:
    """What a browser sends of the page with these rules in it."""
    strategy = strategies.get(slug)
    tree = raw.spread(strategy, strategy.validate(params))
    return {"name": "Mine", "market": str(market.pk), "timeframe": "1h", "view": "form"} | flat(tree) | more


def sentences(answer: Any) -> list[str]:
    """What the page finds wrong."""
    return [text for found in answer.context["form"].errors.values() for text in found]


def newest(owner: User) -> StrategyVersion:
    with tenancy.tenant(owner.pk):
        return StrategyVersion.objects.select_related("saved").latest("created_at")


def test_rules_are_written_looked_at_and_saved_without_json(browser: Client, market: Instrument, owner: User) -> None:
    page = browser.get(NEW)
    assert [node.title for node in page.context["form"].rules[1:4]] == ["Enter when", "Leave when", "Stop"]
    answer = browser.post(NEW, filled(market))
    assert answer.status_code == 302, sentences(answer)
    made = newest(owner)
    assert (made.saved.name, made.saved.strategy, made.number, made.bars) == ("Mine", "custom", 1, LOOKED_AT)
    assert made.parameters == strategies.get("custom").validate(RULES)
    shown = browser.get(answer["Location"]).content.decode()
    assert "close crosses above sma(10)" in shown
    assert "Checked on 1,000 candles of 1h of TST/USDT" in shown
    assert "Mine" in browser.get("/strategies/").content.decode()


def test_a_row_is_added_on_the_page_and_nothing_saved(browser: Client, market: Instrument, owner: User) -> None:
    part = browser.post(
        NEW,
        filled(market, do="condition:entry"),
        headers={"HX-Request": "true", "HX-Target": "composer"},
    )
    html = part.content.decode()
    assert part.status_code == 200
    assert html.lstrip().startswith("<form")
    assert 'name="rules.entry.2.left.is"' in html
    assert browser.post(NEW, filled(market, do="group:entry")).status_code == 200  # the whole page without JavaScript
    with tenancy.tenant(owner.pk):
        assert not SavedStrategy.objects.exists()


def test_the_signals_are_drawn_as_one_edits(browser: Client, market: Instrument) -> None:
    def drawn(**more: str) -> tuple[str, dict[str, int]]:
        preview = browser.post(NEW, filled(market, **({"do": "look"} | more))).context["preview"]
        return preview.words, {trace["name"]: len(trace["x"]) for trace in preview.chart["data"]}

    words, traces = drawn()
    assert "The last 300 candles of 1h of TST/USDT:" in words
    assert traces["Price"] == 300
    assert f"{traces['Buy']} signals to enter, {traces['Leave']} signals to leave" in words
    assert "sma(10)" in traces
    more, others = drawn(**{"rules.entry.1.right.period": "40"})
    assert more != words
    assert 0 < others["Buy"] < traces["Buy"]


def test_stops_and_targets_are_drawn_where_something_would_have_been_held(browser: Client, market: Instrument) -> None:
    near = RULES | {"stop": {"percent": 0.01}, "target": {"percent": 0.02}}
    preview = browser.post(NEW, filled(market, near, do="look")).context["preview"]
    traces = {trace["name"]: trace for trace in preview.chart["data"]}
    stop, target, price = (traces[name] for name in ("Stop", "Target", "Price"))
    held = [at for at, level in enumerate(stop["y"]) if level is not None]
    assert 0 < len(held) < 300
    assert held == [at for at, level in enumerate(target["y"]) if level is not None]
    assert all(stop["y"][at] < target["y"][at] for at in held)
    assert stop["line"]["dash"] == "dash"
    ends = {words: int(number) for number, words in re.findall(r"(\d+) (at the [a-z]+|by the rules)", preview.words)}
    assert len(traces["Exit with profit"]["x"]) == ends["at the target"] > 0
    assert len(traces["Exit with loss"]["x"]) == ends["at the stop"] > 0
    place = price["x"].index(traces["Exit with loss"]["x"][0])
    assert price["low"][place] <= traces["Exit with loss"]["y"][0]
    entered = sum(ends.values()) + ("still held" in preview.words)
    assert f"An agent would have entered {entered} times" in preview.words


def test_what_is_wrong_stands_at_its_field_while_one_edits_and_is_not_drawn(
    browser: Client, market: Instrument
) -> None:
    page = browser.post(NEW, filled(market, **{"do": "look", "rules.entry.1.right.period": "1"}))
    assert page.status_code == 200
    assert page.context["preview"] is None
    assert 'id="id_rules.entry.1.right.period_error"' in page.content.decode()
    assert "Put right what is marked" in page.content.decode()


def test_the_same_rules_as_json_and_back(browser: Client, market: Instrument, owner: User) -> None:
    page = browser.post(NEW, filled(market, do="json"))
    document = page.context["form"]["document"].value()
    assert '"crosses_above"' in document
    changed = document.replace('"period": 10', '"period": 12')
    given = {"name": "Mine", "market": str(market.pk), "timeframe": "1h", "view": "json", "document": changed}
    back = browser.post(NEW, given | {"do": "form"})
    assert back.context["form"]["rules.entry.1.right.period"].value() == "12"
    assert browser.post(NEW, given).status_code == 302
    assert newest(owner).parameters["entry"]["all"][0]["right"]["period"] == 12


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{", "Write JSON. This is no JSON"),
        ("[]", "Write the parameters as a JSON object"),
        ('{"size": 1e999}', "1e999 cannot be kept"),
        ('{"size": 1, "size": 2}', "Send size once"),
        ('{"entry": {"all": []}}', "Make entry a group"),
        ('{"entry": {"all": [{"left": {"indicator": "magic"}, "op": ">", "right": 1}]}}', "Name an indicator in"),
    ],
)
def test_json_that_is_no_rules_says_so(browser: Client, market: Instrument, document: str, sentence: str) -> None:
    given = {"name": "Mine", "market": str(market.pk), "timeframe": "1h", "view": "json", "document": document}
    for do, status in (("look", 200), ("form", 200), ("", 422)):
        answer = browser.post(NEW, given | ({"do": do} if do else {}))
        assert answer.status_code == status
        assert sentence in " ".join(sentences(answer))
        assert answer.context["form"]["document"].value() == document


ALWAYS = {"all": [{"left": PRICE, "op": ">", "right": 0}]}
NEVER = {"all": [{"left": PRICE, "op": ">", "right": 10**9}]}


@pytest.mark.parametrize(
    ("slug", "params", "fields", "sentence"),
    [
        ("trend_following", {}, {"rules.fast": "60", "rules.slow": "20"}, "Set fast below slow"),
        ("trend_following", {}, {"rules.fast": "1"}, "greater than or equal to 2"),
        ("custom", RULES, {"rules.stop.share": "100"}, "less than or equal to 99"),
        ("custom", RULES | {"size": 1}, {"rules.size.value": "1000000000"}, "less than or equal to 100"),
        ("custom", RULES | {"stop": {"indicator": "highest", "period": 50}}, {}, "'stop on the wrong side'"),
        ("custom", RULES, {"rules.entry.1.left.is": "magic"}, "magic is not one of the available choices"),
        ("custom", RULES | {"entry": NEVER}, {}, "'never fires'"),
        ("custom", RULES | {"entry": ALWAYS, "exit": None}, {}, "'always fires'"),
        ("custom", RULES | {"stop": None}, {}, "'no protection'"),
        ("custom", RULES, {"rules.entry.1.right.period": "1000"}, "has 1100 candles of 1h, and these rules need"),
        ("custom", RULES, {"timeframe": "4h"}, "TST/USDT has 0 candles of 4h"),
        ("custom", RULES, {"name": ""}, "This field is required."),
        ("custom", RULES, {"market": "0"}, "Choose a market that is traded and has candles."),
    ],
)  # fmt: skip
def test_what_is_not_saved_says_why(
    browser: Client, market: Instrument, owner: User, slug: str, params: dict[str, Any], fields: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    answer = browser.post(f"{NEW}?strategy={slug}", filled(market, params, slug=slug) | fields)
    assert answer.status_code == 422
    assert sentence in " ".join(sentences(answer))
    with tenancy.tenant(owner.pk):
        assert not SavedStrategy.objects.exists()


def test_a_gap_and_a_market_that_is_gone_are_refused(browser: Client, market: Instrument) -> None:
    last = int(SINCE.timestamp() * 1000) + 1_050 * HOUR_MS
    Candle.objects.filter(instrument=market, ts=last).delete()
    answer = browser.post(NEW, filled(market))
    assert answer.status_code == 422
    assert "TST/USDT has a gap in its candles of 1h, with 49 after it" in " ".join(sentences(answer))
    Instrument.objects.filter(pk=market.pk).update(is_active=False)
    answer = browser.post(NEW, filled(market))
    assert answer.status_code == 422
    assert sentences(answer) == ["Choose a market that is traded and has candles."]


def test_on_a_spot_market_no_short_side_is_offered(browser: Client, market: Instrument) -> None:
    page = browser.get(f"{NEW}?strategy=trend_following&market={market.pk}")
    assert [value for value, _ in page.context["form"].fields["rules.direction"].choices] == ["long"]


def test_a_short_side_that_becomes_long_on_a_spot_market_is_said_and_not_saved_at_once(
    browser: Client, market: Instrument, owner: User
) -> None:
    told = "TST/USDT is a spot market, which nobody sells short: the direction was Short and is Long now."
    short = filled(market, RULES | {"direction": "short"})
    looked = browser.post(NEW, short | {"do": "look"})
    assert told in looked.content.decode()
    again = filled(market) | {"was": looked.context["form"].was, "do": "look"}  # as the page stands now
    assert told in browser.post(NEW, again).content.decode()
    refused = browser.post(NEW, short)
    assert refused.status_code == 422
    assert sentences(refused) == [told]
    assert browser.post(NEW, filled(market) | {"was": "short"}).status_code == 302
    assert newest(owner).parameters["direction"] == "long"
    assert told not in browser.post(NEW, filled(market, do="look")).content.decode()


def test_without_candles_the_page_says_what_is_missing(browser: Client) -> None:
    assert "There are no candles of any market yet" in browser.get(NEW).content.decode()


def test_a_name_is_taken_once(browser: Client, market: Instrument) -> None:
    assert browser.post(NEW, filled(market)).status_code == 302
    again = browser.post(NEW, filled(market))
    assert again.status_code == 422
    assert sentences(again) == ["Choose another name: this one is taken."]
    assert sentences(browser.post(NEW, filled(market, name="mINE"))) == ["Choose another name: this one is taken."]


def test_somebody_else_finds_nothing(browser: Client, market: Instrument, owner: User, other_owner: User) -> None:
    browser.post(NEW, filled(market))
    made = newest(owner)
    browser.force_login(other_owner)
    addresses = [
        reverse("strategies:strategy", args=(made.saved_id,)),
        reverse("strategies:edit", args=(made.saved_id,)),
        f"{NEW}?like={made.pk}",
        f"{NEW}?agent={made.pk}",
        f"{NEW}?like=nothing",
        f"{NEW}?strategy=magic",
    ]
    assert {browser.get(one).status_code for one in addresses} == {404}
    assert browser.get("/strategies/").context["rows"] == []


def test_a_mixture_is_composed_with_weights(browser: Client, market: Instrument, owner: User) -> None:
    own = {"entry": ENTRY, "exit": RULES["exit"], "stop": {"percent": 0.05}}
    fast = {
        "strategy": "trend_following",
        "params": {"ma": "sma", "fast": 3, "slow": average(9)["period"], "adx_min": 0},
    }
    members = [{"strategy": "custom", "weight": 3, "params": own}, fast]
    answer = browser.post(f"{NEW}?strategy=mixed", filled(market, {"members": members}, slug="mixed"))
    assert answer.status_code == 302, sentences(answer)
    assert [(one["strategy"], one["weight"]) for one in newest(owner).parameters["members"]] == [
        ("custom", 3.0), ("trend_following", 1.0),
    ]  # fmt: skip

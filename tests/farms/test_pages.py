"""The pages of farms and agents: what they show, to whom, and what it costs."""

import re
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from farms import views
from farms.models import Agent, Farm
from farms.selectors import Fold, farm_row
from farms.selectors.agents import BARS_SHOWN
from farms.services import create_agent
from kit import clock, tenancy
from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import (
    CALM,
    CROSS_UP,
    HOUR,
    T0,
    Desk,
    hire,
    make_desk,
    make_instrument,
    make_master,
    store_hours,
)
from trading.services import set_limits
from wallets.services import allocate, deposit


@pytest.fixture
def traded(owner: User) -> Desk:
    """An agent that has won a round trip and holds the next position."""
    with tenancy.tenant(owner.pk), clock.at(T0):
        desk = make_desk(owner)
        desk.candles(CROSS_UP[:-1])
        desk.each([103.0, 108.0, 112.0, 104.0, 98.0, 104.0, 112.0])
    return desk


@pytest.fixture
def pages(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def addresses(desk: Desk) -> list[str]:
    return [
        reverse("farms:list"),
        reverse("farms:farm", args=(desk.farm.pk,)),
        reverse("farms:agent", args=(desk.agent.pk,)),
        reverse("farms:hire", args=(desk.farm.pk,)),
        reverse("farms:new"),
    ]


def test_a_stranger_is_asked_to_sign_in(client: Client, traded: Desk) -> None:
    assert {client.get(address).status_code for address in addresses(traded)} == {302}


def test_somebody_else_finds_nothing(client: Client, traded: Desk, other_owner: User) -> None:
    client.force_login(other_owner)
    _, *details = addresses(traded)[:4]
    assert {client.get(address).status_code for address in details} == {404}
    assert traded.farm.name not in client.get(reverse("farms:list")).content.decode()


@pytest.mark.parametrize("name", ["farm-start", "farm-pause", "agent-start", "agent-pause"])
def test_somebody_else_changes_nothing(client: Client, traded: Desk, other_owner: User, name: str) -> None:
    client.force_login(other_owner)
    pk = (traded.farm if name.startswith("farm") else traded.agent).pk
    assert client.post(reverse(f"farms:{name}", args=(pk,))).status_code == 404
    with tenancy.tenant(traded.owner.pk):
        assert Farm.objects.get().status == "rehearsing"
        assert Agent.objects.get().status == "running"


def test_the_list_shows_farms_with_their_agents(pages: Client, traded: Desk) -> None:
    page = pages.get(reverse("farms:list")).content.decode()
    assert traded.farm.name in page
    assert traded.agent.name in page
    assert "TST/USDT · 1h" in page


def test_an_empty_list_offers_to_make_a_farm(pages: Client) -> None:
    page = pages.get(reverse("farms:list")).content.decode()
    assert reverse("farms:new") in page
    assert "<table" not in page


def test_the_farm_says_what_its_agents_decided(pages: Client, traded: Desk) -> None:
    page = pages.get(reverse("farms:farm", args=(traded.farm.pk,))).content.decode()
    assert "crossed above the slow" in page
    assert "profit-chart" in page
    assert "TST/USDT" in page


def test_the_agent_says_why_it_did_what_it_did(pages: Client, traded: Desk) -> None:
    address = reverse("farms:agent", args=(traded.agent.pk,))
    page = pages.get(address).content.decode()
    assert "Go long" in page
    assert "market-chart" in page
    assert "Stop distance" in page
    everything, decisions = (len(pages.get(address, {"show": show}).context["runs"]) for show in ("all", "acted"))
    assert everything > decisions >= 2


def test_bars_on_which_nothing_was_done_are_folded(
    pages: Client, traded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = reverse("farms:agent", args=(traded.agent.pk,))
    listed = pages.get(address, {"show": "all"}).context["runs"]
    monkeypatch.setattr(views, "RUNS_SHOWN", 2)
    pages_of = pages.get(address).context["listed"].paginator.num_pages
    assert pages_of >= 2
    unfolded: list[tuple[int, str]] = []
    for number in range(1, pages_of + 1):
        for run in pages.get(address, {"page": number}).context["runs"]:
            if isinstance(run, Fold):
                unfolded += [(run.count, "hold")]
                assert run.since <= run.newest.bar_closed_at
            else:
                unfolded += [(1, run.decision)]
    expected: list[tuple[int, str]] = []
    for kind, same in groupby(run.decision for run in listed):
        count = len(list(same))
        expected += [(count, kind)] if kind == "hold" else [(1, kind)] * count
    assert unfolded == expected
    foot = re.compile(r"of ([0-9,]+) (\w+)</span>(?:.|\n)*?<span>([0-9,]+) holds? folded between them</span>")
    for number in range(1, pages_of + 1):
        told = pages.get(address, {"page": number})
        found = foot.search(told.content.decode())
        held = sum(run.count for run in told.context["runs"] if isinstance(run, Fold))
        assert found is not None
        assert found.groups() == (str(sum(run.decision != "hold" for run in listed)), "decisions", str(held))
    assert f"of {len(listed)} runs</span>" in pages.get(address, {"show": "all"}).content.decode()
    assert any(count > 1 for count, _ in unfolded)


def test_an_agent_that_only_held_shows_one_fold(pages: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk), clock.at(T0):
        desk = make_desk(owner)
        desk.candles(CALM)
        desk.each([100.0, 100.0, 100.0])
    (fold,) = pages.get(reverse("farms:agent", args=(desk.agent.pk,))).context["runs"]
    assert (fold.count, fold.since) == (3, fold.newest.bar_closed_at - 2 * HOUR)


def test_the_chart_goes_back_as_far_as_is_asked_for(pages: Client, traded: Desk) -> None:
    address = reverse("farms:agent", args=(traded.agent.pk,))
    assert pages.get(address).context["page"].spans == ("1D", "1W", "1M", "All")
    assert pages.get(address, {"span": "forever"}).context["page"].span == "1W"
    shown = pages.get(address, {"span": "1D"}).context["page"]
    assert (len(shown.candles), {len(values) for values in shown.indicators.values()}) == (traded.bars, {traded.bars})
    store_hours(traded.instrument, T0 + traded.bars * HOUR, [100.0 + hour % 7 for hour in range(600)])
    long = pages.get(address, {"span": "All"}).context["page"]
    assert len(long.candles) <= BARS_SHOWN
    assert long.candles.high.max() == pytest.approx(112.5)
    assert {len(values) for values in long.indicators.values()} == {len(long.candles)}


def test_the_chart_marks_trades_with_their_results_and_the_levels_of_what_is_held(pages: Client, traded: Desk) -> None:
    chart = pages.get(reverse("farms:agent", args=(traded.agent.pk,))).context["chart"]
    names = [trace["name"] for trace in chart["data"]]
    assert {"Entry", "Exit with loss", "Entry price", "Stop"} <= set(names)
    exits = chart["data"][names.index("Exit with loss")]
    assert exits["text"][0].startswith("Exit at ")
    assert "%" in exits["text"][0]
    assert chart["layout"]["uirevision"] == f"{traded.agent.pk} 1W"
    assert chart["layout"]["showlegend"]


def test_profit_is_value_less_what_was_given(pages: Client, traded: Desk) -> None:
    (farm,) = pages.get(reverse("farms:list")).context["rows"]
    (agent,) = farm.agents
    assert agent.funding == Decimal(5_000)
    assert agent.profit == agent.value - 5_000
    assert farm.profit == agent.profit != 0


def test_what_was_given_in_another_asset_is_given_at_its_price(desk: Desk) -> None:
    desk.candles([100.0])
    owner_id, farm_wallet = desk.owner.pk, desk.farm.wallet
    with clock.at(desk.now):
        deposit(owner_id=owner_id, wallet_id=desk.master.pk, amount=Decimal(2), asset="TST", key="in kind")
        allocate(
            owner_id=owner_id, source_id=desk.master.pk, target_id=farm_wallet.pk, asset="TST", amount=Decimal(2),
            key="to the farm",
        )  # fmt: skip
        farm = farm_row(owner_id=owner_id, farm_id=desk.farm.pk)
    assert (farm.value, farm.funding, farm.profit) == (5_200, 5_200, 0)


def test_hidden_amounts_are_nowhere_in_the_pages(pages: Client, traded: Desk) -> None:
    (farm,) = pages.get(reverse("farms:list")).context["rows"]
    secrets = {f"{amount:,.2f}" for amount in (farm.value, abs(farm.profit))} | {f"{farm.agents[0].free:,.0f}.00"}
    shown = "".join(pages.get(address).content.decode() for address in addresses(traded)[:3])
    assert [secret for secret in secrets if secret.split(".")[0] not in shown] == []
    User.objects.update(privacy=True)
    for address in addresses(traded)[:3]:
        page = pages.get(address).content.decode()
        # The whole part of an amount below a thousand may well be a minute or a part of a token.
        wholes = {secret.split(".")[0] for secret in secrets if "," in secret}
        assert not [secret for secret in secrets | wholes if secret in page]


def test_starting_and_pausing_from_the_page(pages: Client, traded: Desk) -> None:
    steps = (("farm-pause", "paused"), ("farm-start", "running"))
    for name, status in steps:
        answer = pages.post(reverse(f"farms:{name}", args=(traded.farm.pk,)), follow=True)
        assert answer.context["farm"].status == status
    for name, status in (("agent-pause", "paused"), ("agent-start", "running")):
        answer = pages.post(reverse(f"farms:{name}", args=(traded.agent.pk,)), follow=True)
        assert answer.context["agent"].status == status


def test_the_agent_says_that_limits_forbid_its_market(pages: Client, traded: Desk) -> None:
    address = reverse("farms:agent", args=(traded.agent.pk,))
    assert "It cannot buy anything." not in pages.get(address).content.decode()
    with tenancy.tenant(traded.owner.pk):
        set_limits(on=traded.agent.wallet, allowed_symbols=["OTH/USDT"], maximum_notional=None)
    page = pages.get(address).content.decode()
    assert "The limits on its path do not allow TST/USDT." in page
    assert reverse("trading:limits", args=(traded.agent.wallet_id,)) in page


def test_without_a_master_wallet_a_farm_is_not_asked_for_yet(pages: Client) -> None:
    assert pages.get(reverse("farms:new"))["Location"] == reverse("wallets:create")


def test_a_farm_and_an_agent_are_made_by_their_forms(pages: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        master = make_master(owner)
        instrument = make_instrument()
    pages.post(reverse("farms:new"), {"name": "Fresh", "master": master.pk, "kind": "mixed", "maximum_share": "40"})
    with tenancy.tenant(owner.pk):
        farm = Farm.objects.get()
    assert farm.maximum_share == Decimal("0.4")
    address = reverse("farms:hire", args=(farm.pk,)) + "?strategy=trend_following"
    form = pages.get(address).context["form"]
    given = {name: field.initial for name, field in form.fields.items() if field.initial is not None}
    answer = pages.post(
        address, {**given, "name": "Rookie", "instrument": instrument.pk, "sizing": "risk", "risk_share": "2"}
    )
    assert answer.status_code == 302
    with tenancy.tenant(owner.pk):
        agent = Agent.objects.get()
    assert (agent.size, agent.sizing, agent.status) == (Decimal("0.02"), "risk", "paused")


def test_a_wrong_form_comes_back_with_its_sentences(pages: Client, traded: Desk) -> None:
    address = reverse("farms:hire", args=(traded.farm.pk,)) + "?strategy=trend_following"
    given: dict[str, Any] = {
        "name": "Rookie", "instrument": traded.instrument.pk, "timeframe": "1h", "sizing": "cash",
        "cash_share": "50", "risk_share": "1",
        "p_ma": "ema", "p_fast": 60, "p_slow": 20, "p_adx_min": 20, "p_atr_period": 14, "p_stop_atr": 2,
        "p_trail_atr": 3, "p_direction": "long",
    }  # fmt: skip
    answer = pages.post(address, given)
    assert answer.status_code == 422
    assert "Set fast below slow" in answer.content.decode()


@pytest.mark.parametrize("index", [0, 1, 2])
def test_more_rows_ask_no_more_queries(pages: Client, traded: Desk, index: int) -> None:
    address = addresses(traded)[index]
    pages.get(address)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            pages.get(address)
        return len(queries)

    before = count()
    with tenancy.tenant(traded.owner.pk), clock.at(traded.now):
        hire(traded.owner, traded.farm, traded.instrument, name="Two")
        hire(traded.owner, traded.farm, make_instrument("OTH/USDT"), name="Three")
        traded.each([120.0, 125.0, 90.0])
    assert count() <= before


def test_what_a_form_asks_for_has_labels_units_and_choices_in_words(pages: Client, traded: Desk) -> None:
    page = pages.get(reverse("farms:hire", args=(traded.farm.pk,)) + "?strategy=trend_following")
    html = page.content.decode()
    for words in ("Fast average (bars)", "Stop distance (ATR)", "Exponential (EMA)"):
        assert words in html
    assert "Stop atr" not in html
    assert ">Direction</label>" not in html  # of a spot market there is one
    agent = pages.get(reverse("farms:agent", args=(traded.agent.pk,))).content.decode()
    for words in ("Fast average", "Simple (SMA)", " bars"):
        assert words in agent


def test_only_a_perpetual_is_asked_for_its_direction_and_leverage(pages: Client, traded: Desk) -> None:
    address = reverse("farms:hire", args=(traded.farm.pk,)) + "?strategy=trend_following"
    spot, perpetual = traded.instrument, Instrument.objects.get(prices_of=traded.instrument)
    asked = {"p_direction", "leverage"}

    def fields(answer: Any) -> set[str]:
        assert (answer.status_code, answer.context["form"].errors) == (200, {})
        return asked & set(answer.context["form"].fields)

    page = pages.get(address)
    form = page.context["form"]
    given = {name: form[name].value() for name in form.fields if form[name].value() is not None} | {"name": ""}
    look = given | {"do": "look"}
    assert (form["instrument"].value(), fields(page)) == (spot.pk, set())
    assert fields(pages.post(address, look | {"instrument": perpetual.pk})) == asked
    assert fields(pages.post(address, look | {"instrument": spot.pk, "p_direction": "short"})) == set()
    with tenancy.tenant(traded.owner.pk):
        assert not Agent.objects.filter(name="").exists()
    # Who sends it all the same, as without JavaScript, is not hired long in silence.
    sent = given | {"name": "Both", "sizing": "cash", "instrument": spot.pk, "p_direction": "both"}
    refused = pages.post(address, sent)
    told = "TST/USDT is a spot market, which nobody sells short: trade it long."
    assert (refused.status_code, refused.context["form"].errors) == (422, {"__all__": [told]})


def test_what_the_farms_kind_allows_is_offered_and_composed_rules_as_saved_strategies(
    pages: Client, traded: Desk
) -> None:
    with tenancy.tenant(traded.owner.pk):
        Farm.objects.filter(pk=traded.farm.pk).update(kind="breakout")
    page = pages.get(reverse("farms:hire", args=(traded.farm.pk,)))
    offered = [slug for slug, _ in page.context["strategies"]]
    assert offered == [page.context["strategy"].slug] == ["breakout"]
    with tenancy.tenant(traded.owner.pk):
        Farm.objects.filter(pk=traded.farm.pk).update(kind="custom")
    page = pages.get(reverse("farms:hire", args=(traded.farm.pk,)))
    assert not {"custom", "mixed"} & {slug for slug, _ in page.context["strategies"]}
    kinds = dict(pages.get(reverse("farms:new")).context["form"].fields["kind"].choices)
    assert next(iter(pages.get(reverse("farms:new")).context["form"].fields)) == "kind"
    assert "custom" in kinds
    assert 'href="/strategies/new/"' in page.content.decode()


def test_risk_per_trade_starts_at_one_percent(pages: Client, traded: Desk) -> None:
    form = pages.get(reverse("farms:hire", args=(traded.farm.pk,))).context["form"]
    assert (form["risk_share"].value(), form["cash_share"].value()) == ("1", "50")
    with tenancy.tenant(traded.owner.pk):
        made = create_agent(
            owner_id=traded.owner.pk,
            farm_id=traded.farm.pk,
            name="Careful",
            strategy="breakout",
            instrument_id=traded.instrument.pk,
            timeframe="1h",
            sizing="risk",
        )
    assert made.size == Decimal("0.01")


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        (
            "custom",
            ("Enter when", "all of: rsi(14) crosses above 40; close &gt; sma(100)", "2.5 × atr(14) from the close"),
        ),
        ("mixed", ("Strategies that vote", "Breakout with weight 1 (direction: Long and short)")),
    ],
)
def test_composed_rules_are_shown_in_words(pages: Client, traded: Desk, slug: str, words: tuple[str, ...]) -> None:
    with tenancy.tenant(traded.owner.pk):
        made = create_agent(
            owner_id=traded.owner.pk,
            farm_id=traded.farm.pk,
            name="Composed",
            strategy=slug,
            instrument_id=traded.instrument.pk,
            timeframe="1h",
        )
    html = pages.get(reverse("farms:agent", args=(made.pk,))).content.decode()
    assert not [each for each in words if each not in html]


def test_an_agent_that_has_not_run_says_so(pages: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk), clock.at(T0):
        desk = make_desk(owner)
    page = pages.get(reverse("farms:agent", args=(desk.agent.pk,)))
    assert page.context["runs"] == []
    assert "nothing is here yet" in page.content.decode()


def test_agents_are_sorted_by_their_headers_and_runs_by_their_bars(pages: Client, traded: Desk) -> None:
    with tenancy.tenant(traded.owner.pk):
        for name in ("Able", "zeal"):
            create_agent(
                owner_id=traded.owner.pk, farm_id=traded.farm.pk, name=name, strategy="breakout",
                instrument_id=traded.instrument.pk, timeframe="4h",
            )  # fmt: skip
    for address in (reverse("farms:list"), reverse("farms:farm", args=(traded.farm.pk,))):

        def names(sort: str, address: str = address) -> list[str]:
            context = pages.get(address, {"sort": sort}).context
            agents = context["agents"] if "agents" in context else context["farms"][0].agents
            return [agent.name for agent in agents.object_list]

        assert names("name") == ["Able", "One", "zeal"]
        assert names("-name") == ["zeal", "One", "Able"]
        assert names("-trades")[0] == "One"
        assert names("profit")[0] == names("-profit")[0] == "One"  # the others have no money, and so no profit
        assert names("luck") == names("")
    address = reverse("farms:agent", args=(traded.agent.pk,))

    def bars(**query: str) -> list[int]:
        return [run.id for run in pages.get(address, {"show": "acted"} | query).context["runs"]]

    assert bars(sort="bar") == bars()[::-1]
    assert "sort=bar" in pages.get(address, {"show": "acted"}).content.decode()
    assert "sort=bar" not in pages.get(address).content.decode()


def test_a_market_that_the_limits_allow_is_chosen_first_and_the_others_say_so(pages: Client, desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        own = desk.agent.instrument
    other = Instrument.objects.create(
        venue=own.venue, symbol="AAA/USDT", base="AAA", quote="USDT", tick_size=own.tick_size, lot_size=own.lot_size
    )
    form = pages.get(reverse("farms:hire", args=[desk.farm.pk])).context["form"]
    told = {str(value): label for value, label in form.fields["instrument"].choices}
    assert told[str(other.pk)] == "AAA/USDT · not allowed by your limits"
    assert "not allowed" not in told[str(own.pk)]
    assert f'value="{own.pk}" selected' in str(form["instrument"])


def test_what_is_asked_for_in_percent_is_explained_in_percent(pages: Client, desk: Desk) -> None:
    form = pages.get(reverse("farms:new")).context["form"]
    assert "in %" in form.fields["target_weight"].label
    assert not any("fraction" in str(field.help_text) for field in form.fields.values())

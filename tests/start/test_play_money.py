"""Play money in one go: reviewed, made once, funded, limited and running; or nothing at all."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.urls import reverse

from farms.models import Agent, Farm
from farms.services import run_agent
from kit import clock, tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.models import Instrument
from markets.services import store_candles
from moniqo.start.recipes import RECIPES, find_offer, make_plan
from moniqo.start.services import start_with_play_money
from tests.programs import bearer
from tests.start.conftest import bring_prices
from trading.models import RiskLimit
from trading.selectors import wallet_limits
from wallets.models import Account, Connection, FundAllocation, Platform, SyncRun, Wallet

MADE = (Connection, Wallet, Farm, Agent, FundAllocation, SyncRun)
START = "/start/"


def counted(owner: User) -> dict[str, int]:
    with tenancy.tenant(owner.pk):
        return {model.__name__: model.objects.count() for model in MADE}


def start(owner_id: UUID, recipe: str = "calm", amount: int = 10_000, key: str = "once") -> Farm:
    offer = find_offer()
    assert offer is not None
    plan = make_plan(offer=offer, recipe=recipe, amount=Decimal(amount))
    with tenancy.tenant(owner_id):
        return start_with_play_money(owner_id=owner_id, plan=plan, key=key)


def free(wallet_id: UUID) -> Decimal:
    return Account.objects.get(wallet_id=wallet_id, asset="USDT", kind="wallet").available


@pytest.fixture
def pages(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.mark.parametrize("recipe", [recipe.slug for recipe in RECIPES])
def test_a_recipe_is_made_funded_limited_and_running(owner: User, prices: Any, recipe: str) -> None:
    farm = start(owner.pk, recipe)
    with tenancy.tenant(owner.pk):
        agents = list(farm.agents.select_related("instrument", "wallet"))
        master = Wallet.objects.get(role=Wallet.Role.MASTER)
        assert farm.status == Farm.Status.RUNNING
        assert [agent.status for agent in agents] == [Agent.Status.RUNNING] * 3
        assert len({agent.instrument_id for agent in agents}) == 3
        assert {free(agent.wallet_id) for agent in agents} == {Decimal(3000)}
        assert free(farm.wallet_id) == 0
        assert free(master.pk) == 1000
        for agent in agents:
            path = wallet_limits(owner_id=owner.pk, wallet_id=agent.wallet_id)
            assert path.obstacle_to(agent.instrument.symbol) == ""
            assert path.maximum_notional == 2500
        assert SyncRun.objects.count() == 1


@pytest.mark.parametrize("recipe", [recipe.slug for recipe in RECIPES])
def test_a_started_agent_decides_at_the_close_of_its_candle(
    owner: User, prices: tuple[Instrument, ...], recipe: str
) -> None:
    farm = start(owner.pk, recipe)
    with tenancy.tenant(owner.pk):
        for agent in farm.agents.all():
            _bring_candles(agent.instrument_id, agent.timeframe)
            assert run_agent(owner_id=owner.pk, agent_id=agent.pk) is None  # that candle closed before it was started
            step = TIMEFRAME_MS[agent.timeframe]
            closes = moment((milliseconds(clock.now()) // step + 1) * step)
            with time_machine.travel(closes + timedelta(seconds=1), tick=False):
                _bring_candles(agent.instrument_id, agent.timeframe)
                assert run_agent(owner_id=owner.pk, agent_id=agent.pk) is not None


def _bring_candles(instrument_id: int, timeframe: str) -> None:
    step = TIMEFRAME_MS[timeframe]
    closes = 100 + np.sin(np.arange(400) / 9)
    store_candles(
        instrument=Instrument.objects.get(pk=instrument_id),
        timeframe=timeframe,
        ts=milliseconds(clock.now()) // step * step + step * np.arange(-400, 0, dtype=np.int64),
        open=closes,
        high=closes + 0.5,
        low=closes - 0.5,
        close=closes,
        volume=np.ones(400),
    )


def test_the_review_lists_everything_and_makes_nothing(pages: Client, owner: User, prices: Any) -> None:
    before = counted(owner)
    page = pages.get(START, {"amount": "10000", "recipe": "quick"})
    html = page.content.decode()
    lines = re.findall(r"<li>(.*?)</li>", html[html.index('class="steps making"') :].partition("</ol>")[0], re.DOTALL)
    assert len(lines) == 10
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", " ".join(lines)))
    for words in ("Paper account", "BTC/USDT · Trend following · 5-minute candles", "15-minute candles", "at most 60"):
        assert words in text
    assert "2,500.00" in text
    assert counted(owner) == before == dict.fromkeys(before, 0)


def test_confirming_twice_makes_it_once_and_leads_to_the_farm(pages: Client, owner: User, prices: Any) -> None:
    html = pages.get(START, {"amount": "10000", "recipe": "calm"}).content.decode()
    given = dict(re.findall(r'type="hidden" name="(amount|recipe|key)" value="([^"]*)"', html))
    answers = [pages.post(START, given) for _ in range(2)]
    with tenancy.tenant(owner.pk):
        farm = Farm.objects.get()
    assert [answer["Location"] for answer in answers] == [reverse("farms:farm", args=(farm.pk,))] * 2
    assert counted(owner)["Agent"] == 3
    assert pages.get(answers[0]["Location"]).status_code == 200


def test_a_program_gets_what_the_review_says_and_makes_it_once(client: Client, owner: User, prices: Any) -> None:
    headers = bearer(owner) | {"Idempotency-Key": "mine"}
    wanted = {"amount": "10000", "recipe": "calm"}

    def post(path: str, body: dict[str, str]) -> Any:
        return client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)

    plan = post("/start/preview", wanted).json()
    assert (plan["to_farm"], plan["left"], plan["maximum_notional"]) == ("9000", "1000", "2500")
    assert counted(owner)["Wallet"] == 0
    first, second = post("/start", wanted), post("/start", wanted)
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
    assert counted(owner)["Agent"] == len(plan["members"]) == 3
    with tenancy.tenant(owner.pk):
        made = list(Agent.objects.order_by("created_at").values_list("name", "parameters", "size"))
    told = [(member["name"], member["parameters"], Decimal(member["size"])) for member in plan["members"]]
    assert [name for name, _, _ in made] == [name for name, _, _ in told]
    assert all(given.items() <= kept.items() for (_, kept, _), (_, given, _) in zip(made, told, strict=True))
    for other in ({"amount": "20000"}, {"recipe": "quick"}):
        conflict = post("/start", wanted | other)
        assert (conflict.status_code, conflict.json()["type"]) == (409, "urn:moniqo:problem:idempotency_conflict")
    refused = post("/start", wanted | {"amount": "1"})
    assert (refused.status_code, set(refused.json()["fields"])) == (422, {"amount"})


def test_a_token_that_may_not_do_all_of_it_does_nothing(client: Client, owner: User, prices: Any) -> None:
    headers = bearer(owner, "read", "manage", "trade") | {"Idempotency-Key": "mine"}
    refused = client.post("/api/v1/start", {"amount": "10000"}, content_type="application/json", headers=headers)
    assert refused.status_code == 403
    assert "it needs the scopes move, limits" in refused.json()["detail"]
    assert counted(owner)["Wallet"] == 0


def test_two_presses_at_once_make_it_once(live_db: str, owner: User) -> None:
    bring_prices()

    def press(_: int) -> UUID:
        try:
            return start(owner.pk).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as presses:
        farms = set(presses.map(press, range(4)))
    assert len(farms) == 1
    assert counted(owner)["Connection"] == 1


def test_a_failure_in_the_middle_leaves_nothing(owner: User, prices: tuple[Instrument, ...]) -> None:
    """A market is switched off after the review: an agent is refused when account, money and farm are there."""
    offer = find_offer()
    assert offer is not None
    plan = make_plan(offer=offer, recipe="calm", amount=Decimal(10_000))
    Instrument.objects.filter(pk=plan.members[-1].instrument.pk).update(is_active=False)
    before = counted(owner)
    with tenancy.tenant(owner.pk), pytest.raises(InvalidInputError):
        start_with_play_money(owner_id=owner.pk, plan=plan, key="once")
    assert counted(owner) == before == dict.fromkeys(before, 0)


def test_a_page_that_is_refused_says_so_and_leaves_nothing(pages: Client, owner: User, prices: Any) -> None:
    Platform.objects.update(is_active=False)
    answer = pages.post(START, {"amount": "10000", "recipe": "calm", "key": "k"})
    assert answer.status_code == 422
    assert "switched off here" in answer.content.decode()
    assert counted(owner)["Connection"] == 0


@pytest.mark.parametrize("currency", ["EUR", "GBP", "BTC"])
def test_whatever_an_owner_counts_in_the_limits_are_in_what_is_paid(owner: User, prices: Any, currency: str) -> None:
    User.objects.filter(pk=owner.pk).update(base_currency=currency)
    farm = start(owner.pk)
    with tenancy.tenant(owner.pk):
        limit = RiskLimit.objects.get()
    assert (limit.maximum_notional, limit.notional_asset, farm.status) == (2500, "USDT", "running")


def test_whoever_has_one_already_gets_another_beside_it(owner: User, prices: Any) -> None:
    first, second = start(owner.pk, key="first"), start(owner.pk, key="second")
    assert [first.name, second.name] == ["Calm trend", "Calm trend 2"]
    with tenancy.tenant(owner.pk):
        assert set(Connection.objects.values_list("name", flat=True)) == {"Play money", "Play money 2"}


@pytest.mark.parametrize("amount", ["", "12", "lots", "99999999999", "NaN"])
def test_an_amount_of_no_use_is_refused_where_it_was_typed(pages: Client, prices: Any, amount: str) -> None:
    answer = pages.get(START, {"amount": amount, "recipe": "calm"})
    assert answer.status_code == 422
    assert 'id="id_amount_error"' in answer.content.decode()


def test_a_recipe_that_there_is_not_is_refused(pages: Client, owner: User, prices: Any) -> None:
    assert pages.post(START, {"amount": "10000", "recipe": "nope", "key": "k"}).status_code == 422
    assert counted(owner)["Wallet"] == 0


def test_without_a_key_nothing_is_made(pages: Client, owner: User, prices: Any) -> None:
    assert pages.post(START, {"amount": "10000", "recipe": "calm"}).status_code == 422
    assert counted(owner)["Wallet"] == 0


def test_while_nothing_has_a_price_the_page_says_so(pages: Client, db: None) -> None:
    page = pages.get(START)
    assert page.status_code == 200
    assert "No market has a price yet" in page.content.decode()


@pytest.fixture
def stranger(other_owner: User) -> Client:
    client = Client()
    client.force_login(other_owner)
    return client


def test_nobody_else_sees_what_was_made(stranger: Client, owner: User, prices: Any) -> None:
    farm = start(owner.pk)
    assert stranger.get(reverse("farms:farm", args=(farm.pk,))).status_code == 404


def test_the_empty_pages_and_the_menu_lead_here(pages: Client, db: None) -> None:
    for path in ("/", "/farms/", "/wallets/"):
        assert f'href="{START}"' in pages.get(path).content.decode().partition("<main")[2]
    assert f'href="{START}"' in pages.get("/trading/orders/").content.decode()

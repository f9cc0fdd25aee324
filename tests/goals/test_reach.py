"""What a collection may take, from where, and where it may go; and what is said of it before it happens."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from goals import services
from goals.models import Goal
from goals.steps import ACHIEVED as ACTIONS_READ
from goals.steps import MISSED as MISSED_READ
from kit.errors import InvalidInputError
from kit.users.models import User
from tests.goals.conftest import Ground
from tests.goals.test_acting import achieve, bitcoin_fund, miss, moved
from tests.goals.test_api import API, made, make
from tests.goals.test_pages import Journey
from tests.goals.test_told import text_of

D = Decimal


@pytest.fixture
def client(ground: Ground, client: Client) -> Client:
    client.force_login(ground.desk.owner)
    return client


def change(client: Client, goal: str, **changes: Any) -> Any:
    return client.patch(f"{API}/{goal}", json.dumps(changes), content_type="application/json")


def base_is(ground: Ground, currency: str) -> None:
    with ground.tenant():
        User.objects.filter(pk=ground.owner_id).update(base_currency=currency)


def test_a_fixed_amount_is_told_in_the_asset_that_moves(ground: Ground, client: Client) -> None:
    base_is(ground, "BTC")
    fixed = {"do": "collect", "amount": "0.01", "to": "master"}
    goal = made(client, ground, target="1", actions=[fixed])
    assert goal["actions"] == [{**fixed, "from": [], "asset": "USDT"}]
    # The page is told in its reader's way: a stablecoin's amount is dollars.
    said = "Collect $0.01 from everything in scope to the master."
    assert said in text_of(client, f"/goals/{goal['id']}/")
    walk = Journey(client).press("next", name="Fixed", what="trade_volume.count").press("next", value="1")
    walk.press("next", who="fund").press("add-actions-collect")
    assert "The fixed amount in USDT" in walk.html
    walk.press("next", actions__0__amount="fixed", actions__0__fixed="0.01")
    assert (walk.step, said in walk.html) == ("review", True)
    with ground.tenant():
        kept = Goal.objects.get(pk=goal["id"])
    ground.round_trip()
    achieve(ground, kept)
    ground.carry_out(kept)
    assert moved(ground, kept) == [(ground.desk.wallet.pk, ground.desk.master.pk, "USDT", D("0.01"))]


def test_where_several_assets_are_kept_a_fixed_amount_says_which(ground: Ground, client: Client) -> None:
    bitcoin_fund(ground, "2")
    base_is(ground, "EUR")
    fixed = {"do": "collect", "amount": "1", "to": "master"}
    said = make(client, ground, scope="fund", actions=[fixed]).json()["fields"]["actions.0.asset"]
    assert said == "The wallets keep BTC and USDT: say of which the amount is, or collect from some of them only."
    said = make(client, ground, scope="fund", actions=[fixed | {"asset": "ETH"}]).json()["fields"]["actions.0.asset"]
    assert said == "Choose what is kept where it is collected: BTC, USDT."
    assert "actions.0.asset" in make(client, ground, actions=[{"do": "collect", "asset": "BTC"}]).json()["fields"]
    finer = make(client, ground, scope="fund", actions=[fixed | {"asset": "USDT", "amount": "1.001"}]).json()["fields"]
    assert finer["actions.0.amount"] == "An amount of USDT is one of steps of 0.01: leave the further decimals out."
    goal = made(client, ground, scope="fund", actions=[fixed | {"asset": "BTC"}])
    assert "Collect 1 BTC" in text_of(client, f"/goals/{goal['id']}/").replace("\xa0", " ")
    walk = Journey(client, f"/goals/{goal['id']}/edit/").press("next").press("next").press("next")
    assert walk.fields["actions-0-asset"] == ["BTC"]


def test_a_collection_is_held_to_its_scope_and_goes_up(ground: Ground, client: Client) -> None:
    desk = ground.desk
    other = ground.wallet("Other farm", "farm", desk.master)
    agent = ground.wallet("Its agent", "agent", other)
    reserve = ground.wallet("Savings", "reserve", desk.master)
    elsewhere = ground.wallet("Bitcoin savings", "reserve", bitcoin_fund(ground, "2")[0])
    scope = [str(desk.wallet.pk)]
    for given, place, said in (
        ({"to": agent}, "to", "Its agent is not above all that gives"),
        ({"to": other}, "to", "Other farm is not above all that gives"),
        ({"to": elsewhere}, "to", "Bitcoin savings is not above all that gives"),
        ({"from": agent}, "from", "Its agent does not work for this goal"),
        ({"from": desk.farm}, "from", "does not work for this goal"),
        ({"from": reserve}, "from", "Savings does not work for this goal"),
        ({"to": desk.wallet}, "to", "would give to itself"),
    ):
        action = {"do": "collect", **{name: str(wallet.pk) for name, wallet in given.items()}}
        answer = make(client, ground, scope=scope, actions=[action])
        assert answer.status_code == 422, given
        assert said in answer.json()["fields"][f"actions.0.{place}"], given
    swing = make(client, ground, actions=[{"do": "collect", "to": str(desk.farm.pk)}])
    assert "would give to itself" in swing.json()["fields"]["actions.0.to"]
    for to in (desk.farm, desk.master, reserve):
        goal = made(client, ground, scope=scope, actions=[{"do": "collect", "to": str(to.pk)}])
    answer = change(client, goal["id"], actions=["close", {"do": "collect", "from": [str(agent.pk)]}])
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["actions.1.from"])
    # Rewards go to whom they are given.
    share = {"do": "distribute", "shares": [{"to": str(agent.pk), "share": "1"}]}
    made(client, ground, scope=scope, actions=["collect", share])
    walk = Journey(client).press("next", name="Up", what="trade_volume.count").press("next", value="1")
    walk.press("next", who="some", wallets=str(desk.wallet.pk)).press("add-actions-collect")
    assert f'value="{agent.pk}"' not in walk.html
    assert f'value="{other.pk}"' not in walk.html
    for wallet in (desk.farm, desk.master, reserve, desk.wallet):
        assert f'value="{wallet.pk}"' in walk.html


def test_a_running_goal_is_not_lowered_to_what_is_reached(ground: Ground, client: Client) -> None:
    goal = made(client, ground, target="5")
    draft = made(client, ground, target="5", draft=True)
    ground.round_trip()
    ground.update()
    answer = change(client, goal["id"], target="1")
    assert answer.status_code == 422
    assert "reaches it already" in answer.json()["fields"]["target.value"]
    assert client.get(f"{API}/{goal['id']}").json()["target"]["value"] == "5"
    assert change(client, goal["id"], target="2").status_code == 200
    assert change(client, draft["id"], target="1").status_code == 200
    with ground.tenant(), pytest.raises(InvalidInputError, match="reaches it already"):
        services.change(owner_id=ground.owner_id, goal_id=goal["id"], target=1)


def test_a_preview_follows_the_order_of_its_actions_and_says_why_nothing_moves(ground: Ground, client: Client) -> None:
    collect = {"do": "collect", "amount": "profit", "to": "master"}
    nothing = "Nothing in scope has a free profit to collect that was realised since the goal began."
    for actions, said in (
        ([collect], [nothing]),
        (["close", collect], ["Positions are closed first: what they bring is not counted here.", nothing]),
        ([collect, "close"],
         [nothing, "Positions are closed after the collection: what they bring stays in their wallets."]),
        (["close"], ["Positions are closed and nothing is collected: what they bring stays in their wallets."]),
    ):  # fmt: skip
        goal = made(client, ground, actions=actions)
        preview = client.get(f"{API}/{goal['id']}/preview").json()
        assert (preview["moves"], preview["stays"]) == ([], said)


def test_an_extension_is_told_as_one(ground: Ground, client: Client) -> None:
    goal = ground.goal(on_miss=[{"do": "extend", "days": 3, "times": 1}])
    miss(ground, goal)
    event = client.get(f"{API}/{goal.pk}/events").json()["items"][0]
    assert (event["kind"], event["detail"].startswith("Until ")) == ("extended", True)
    said = text_of(client, f"/goals/{goal.pk}/")
    assert "Deadline extended" in said
    assert "Target adjusted" not in said


def test_goals_of_a_wallet_that_is_nobodys_or_anothers_are_not_found(
    ground: Ground, client: Client, make_ground: Any
) -> None:
    made(client, ground, scope="fund")
    assert len(client.get(API, {"wallet_id": str(ground.desk.wallet.pk)}).json()) == 1
    for wallet in ("00000000-0000-0000-0000-000000000000", str(make_ground().desk.wallet.pk)):
        for path in (API, f"{API}/ended"):
            answer = client.get(path, {"wallet_id": wallet})
            assert (answer.status_code, "There is no such wallet." in answer.content.decode()) == (404, True)


def test_an_amount_is_not_torn_apart_where_it_stands_beside_words(ground: Ground, client: Client) -> None:
    """The line below the figure spaces its parts: the decimals of an amount are no part of their own."""
    goal = made(client, ground, kind="profit_target", target="1728000")
    html = client.get(f"/goals/{goal['id']}/").content.decode()
    assert '<dd class="sub"><span>of $1,728,000<span class="frac">.00</span></span>' in html


def test_the_api_describes_a_goals_target_and_the_keys_of_each_action(client: Client) -> None:
    """And these are the keys that are read."""
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    for name in ("GoalOut", "GoalIn", "GoalChange"):
        fields = schemas[name]["properties"]
        assert "measure" in fields["target"]["description"]
        for place, known in (("actions", ACTIONS_READ), ("on_miss", MISSED_READ)):
            keys = fields[place]["items"]["properties"]
            assert set(keys["do"]["enum"]) == set(known)
            assert all(one["description"] for one in keys.values())
    keys = set(schemas["GoalIn"]["properties"]["actions"]["items"]["properties"])
    assert keys == {"do", "amount", "asset", "from", "to", "shares", "rule", "value"}

"""Goals for programs: what is refused says why and where, what is shown is what pages show, to the last digit."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goals import selectors
from goals.models import Goal, GoalAction, GoalEvent
from kit import clock
from kit.decimals import plain
from kit.users.models import User
from tests.goals.conftest import Ground

API = "/api/v1/goals"
HUGE = "9" * 5000
JUNK: list[Any] = [
    None, True, False, [], {}, "", " ", "x", "NaN", "Infinity", "1e5", "²", "٣", "\x00", -1, 0, 1.5, 10**40, HUGE,
    [[]], [None], [{}], {"a": {"b": [1, None]}}, ["x", ["y"]], "00000000-0000-0000-0000-000000000000",
]  # fmt: skip


@pytest.fixture
def client(ground: Ground, client: Client) -> Client:
    client.force_login(ground.desk.owner)
    return client


def asked(ground: Ground, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Two hundred trades",
        "kind": "trade_volume",
        "target": {"measure": "count", "value": "200"},
        "scope": [str(ground.desk.farm.pk)],
        "ends_at": (clock.now() + timedelta(days=10)).isoformat(),
        **changes,
    }


def make(client: Client, ground: Ground, **changes: Any) -> Any:
    return client.post(API, json.dumps(asked(ground, **changes)), content_type="application/json")


def made(client: Client, ground: Ground, **changes: Any) -> dict[str, Any]:
    answer = make(client, ground, **changes)
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def past(**ago: float) -> str:
    return (clock.now() - timedelta(**ago)).isoformat()


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "Give the goal a name"),
    ({"name": "n" * 81}, "name", "at most 80"),
    ({"target": "0"}, "target.value", "above zero"),
    ({"target": "-5"}, "target.value", "above zero"),
    ({"target": "1.5"}, "target.value", "whole"),
    ({"target": "1" + "0" * 30}, "target.value", "larger than anything"),
    ({"kind": "strategy_performance", "target": {"measure": "win_rate", "value": "60"}}, "target.value", "0.6 is 60 %"),
    ({"kind": "strategy_performance", "target": {"measure": "drawdown", "value": "0"}}, "target.value", "never below"),
    ({"kind": "strategy_performance", "target": {"measure": "sharpe", "value": "2", "minimum_days": 5}},
     "target.minimum_days", "30 whole days"),
    ({"target": {"measure": "median", "value": "1"}}, "target.measure", "count, notional"),
    ({"target": {"value": "1", "deadline": "x"}}, "target.deadline", "no such field"),
    ({"kind": "custom", "target": {"conditions": []}}, "target.conditions", "one to 8"),
    ({"kind": "custom", "target": {"conditions": [{"metric": "luck", "operator": ">", "value": "1"}]}},
     "target.conditions.0.metric", "trades, fills"),
    ({"kind": "custom", "target": {"conditions": [{"metric": "trades", "operator": "!=", "value": "1"}]}},
     "target.conditions.0.operator", "Choose one of"),
    ({"kind": "custom", "target": {"conditions": [{"metric": "trades", "operator": "<=", "value": "9"}]}},
     "target.conditions", "reached already"),
    ({"kind": "custom", "target": {"match": "any", "conditions": [
        {"metric": "trades", "operator": ">=", "value": "9"}, {"metric": "profit", "operator": "<", "value": "1"}]}},
     "target.conditions", "reached already"),
    ({"kind": "custom", "target": {"conditions": [
        {"metric": "win_rate", "operator": ">", "value": "0.6"},
        {"metric": "win_rate", "operator": "<", "value": "0.5"}]}},
     "target.conditions", "Win rate cannot be above 0.6 and below 0.5 at once"),
    ({"kind": "custom", "target": {"conditions": [
        {"metric": "profit", "operator": ">=", "value": "5"}, {"metric": "profit", "operator": "<", "value": "5"}]}},
     "target.conditions", "Profit cannot be at least 5 and below 5 at once"),
    ({"kind": "custom", "target": {"conditions": [
        {"metric": "trades", "operator": ">", "value": "5"}, {"metric": "trades", "operator": "<", "value": "6"}]}},
     "target.conditions", "Closed trades cannot be above 5 and below 6 at once"),
    ({"kind": "custom", "target": {"conditions": [
        {"metric": "trades", "operator": ">=", "value": "5"}, {"metric": "fills", "operator": "<=", "value": "2"}]}},
     "target.conditions", "Each closed trade has a fill"),
    ({"kind": "custom", "target": {"conditions": [
        {"metric": "win_rate", "operator": ">", "value": "0.6"},
        {"metric": "trades", "operator": "<=", "value": "9"}]}},
     "target.conditions", "measured after 10 closed trades"),
    ({"kind": "equity", "target": "5"}, "target.value", "reached already"),
    ({"kind": "equity", "target": "500000000", "ends_at": None}, "ends_at", "by when"),
    ({"ends_at": "2020-01-01T00:00:00Z", "starts_at": "2019-01-01T00:00:00Z"}, "ends_at", "over already"),
    ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at", "before the start"),
    ({"ends_at": "9990-12-31T23:59:59Z"}, "ends_at", "within"),
    ({"starts_at": "0009-01-01T00:00:00Z"}, "starts_at", "within"),
    ({"starts_at": "2999-01-01T00:00:00Z", "ends_at": None}, "starts_at", "within"),
    ({"scope": []}, "scope", "at least one"),
    ({"scope": "everything"}, "scope", "at least one"),
    ({"scope": ["agent"]}, "scope", "ids of wallets"),
    ({"scope": ["00000000-0000-0000-0000-000000000000"]}, "scope", "no such wallet"),
    ({"actions": [{"do": "sell"}]}, "actions.0.do", "close, collect"),
    ({"actions": ["distribute"]}, "actions.0.shares", "one to 12 shares"),
    ({"actions": [{"do": "distribute", "to": "master"}]}, "actions", "Collect before"),
    ({"actions": ["collect", {"do": "distribute", "shares": {"agents": "0.5", "master": "0.4"}}]},
     "actions.1.shares", "add up to 0.9"),
    ({"actions": ["collect", {"do": "distribute", "shares": {"agents": "0.7", "master": "0.4"}}]},
     "actions.1.shares", "add up to 1.1"),
    ({"actions": ["collect", {"do": "distribute", "shares": {"agents": "1.5", "master": "-0.5"}}]},
     "actions.1.shares.0.share", "up to 1"),
    ({"actions": [{"do": "collect", "amount": "-1"}]}, "actions.0.amount", "above zero"),
    ({"actions": [{"do": "collect", "to": "moon"}]}, "actions.0.to", "id of a wallet"),
    ({"actions": ["close", {"do": "collect", "to": "00000000-0000-0000-0000-000000000000"}]}, "actions.1.to",
     "no such wallet"),
    ({"actions": [{"do": "collect", "from": ["00000000-0000-0000-0000-000000000000"]}]}, "actions.0.from",
     "no such wallet"),
    ({"actions": ["collect", {"do": "distribute", "shares": [
        {"to": "master", "share": "0.5"}, {"to": "00000000-0000-0000-0000-000000000000", "share": "0.5"}]}]},
     "actions.1.shares.1.to", "no such wallet"),
    ({"actions": ["renew", "collect"]}, "actions", "Renew comes last"),
    ({"actions": [{"do": "renew", "rule": "percentage"}]}, "actions.0.value", "10 % more"),
    ({"actions": [{"do": "close", "now": True}]}, "actions.0.now", "no such field"),
    ({"actions": ["close", "close"]}, "actions", "once"),
    ({"on_miss": ["extend", "halt"]}, "on_miss", "stands alone"),
    ({"on_miss": ["halt", "adjust"]}, "on_miss", "wallets that trade"),
    ({"on_miss": ["adjust", "reduce"]}, "on_miss", "wallets that trade"),
    ({"actions": ["pause", "continue"]}, "actions", "not both"),
    ({"on_miss": [{"do": "extend", "days": 0}]}, "on_miss.0.days", "from 1"),
    ({"on_miss": ["halt"], "ends_at": None}, "on_miss", "never missed"),
    ({"accepts_changes": {"by": "2"}}, "accepts_changes.by", "up to 1"),
    ({"accepts_changes": {"by": "0.1"}, "ends_at": None}, "accepts_changes", "no plan"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "field", "said"), REFUSED, ids=[f"{field}-{said}" for _, field, said in REFUSED])
def test_what_makes_no_sense_is_refused_with_a_sentence_about_its_place(
    client: Client, ground: Ground, changes: dict[str, Any], field: str, said: str
) -> None:
    answer = make(client, ground, **changes)
    assert answer.status_code == 422, answer.content
    body = answer.json()
    assert said in body["fields"][field], body
    with ground.tenant():
        assert not Goal.objects.exists()


@pytest.mark.parametrize(
    ("match", "low", "high"),
    [("all", (">", "0.5"), ("<", "0.6")), ("all", (">=", "0.5"), ("<=", "0.5")), ("any", (">", "0.6"), ("<", "0.5"))],
)
def test_comparisons_that_leave_room_or_of_which_one_is_enough_are_taken(
    client: Client, ground: Ground, match: str, low: tuple[str, str], high: tuple[str, str]
) -> None:
    conditions = [{"metric": "win_rate", "operator": operator, "value": value} for operator, value in (low, high)]
    made(client, ground, kind="custom", target={"match": match, "conditions": conditions})


def test_what_has_been_done_since_its_start_is_no_goal(client: Client, ground: Ground) -> None:
    """Made or begun it would end at once, and move money that nobody has waited for."""
    began = past(hours=1)
    ground.round_trip(sold="120")
    for kind, target in (
        ("trade_volume", "1"), ("profit_target", "5"), ("trade_volume", {"measure": "notional", "value": "200"}),
    ):  # fmt: skip
        answer = make(client, ground, kind=kind, target=target, starts_at=began)
        assert (answer.status_code, "reaches it already" in answer.json()["fields"]["target.value"]) == (422, True)
    conditions = [
        {"metric": "trades", "operator": ">=", "value": "9"},
        {"metric": "fills", "operator": ">=", "value": "2"},
    ]
    custom = {"match": "any", "conditions": conditions}
    answer = make(client, ground, kind="custom", target=custom, starts_at=began)
    assert "reaches it already" in answer.json()["fields"]["target.conditions"]
    with ground.tenant():
        assert not Goal.objects.exists()
    assert made(client, ground, target="2", starts_at=began)["value"] == "1"
    assert made(client, ground, target="1")["value"] == "0"


def test_wallets_of_somebody_else_and_reserves_are_no_scope(client: Client, ground: Ground, make_ground: Any) -> None:
    theirs = make_ground().desk.farm
    reserve = ground.wallet("Savings", "reserve", ground.desk.master)
    for wallet, said in ((theirs, "no such wallet"), (reserve, "Nothing is traded there")):
        answer = make(client, ground, scope=[str(wallet.pk)])
        assert (answer.status_code, said in answer.json()["fields"]["scope"]) == (422, True)
    for action in ({"do": "collect", "to": str(theirs.pk)}, {"do": "collect", "from": [str(theirs.pk)]}):
        answer = make(client, ground, actions=[action])
        assert answer.status_code == 422, answer.content


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a body where something may be put."""
    if path:
        yield path
    inside = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in inside:
        yield from places(value, (*path, name))


def with_junk(body: dict[str, Any], path: tuple[Any, ...], junk: Any) -> dict[str, Any]:
    changed = deepcopy(body)
    inside = changed
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = junk
    return changed


BODIES: dict[str, dict[str, Any]] = {
    "simple": {
        "target": {"measure": "count", "value": "200", "minimum_trades": 3, "minimum_days": 0},
        "starts_at": "2026-01-01T00:00:00Z",
        "draft": False,
        "actions": [
            {"do": "collect", "amount": "5", "from": ["FARM"], "to": "master"},
            {"do": "distribute", "shares": [{"to": "agents", "share": "1"}]},
            {"do": "renew", "rule": "percentage", "value": "0.1"},
        ],
        "on_miss": [{"do": "extend", "days": 3, "times": 2}],
        "accepts_changes": {"by": "0.1", "every_days": 7},
    },
    "custom": {
        "kind": "custom",
        "target": {"match": "all", "conditions": [{"metric": "trades", "operator": ">=", "value": "9"}]},
        "on_miss": [{"do": "adjust", "value": "-0.1"}],
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BODIES)
def test_no_junk_anywhere_breaks_anything(client: Client, ground: Ground, name: str) -> None:
    body = asked(ground, **json.loads(json.dumps(BODIES[name]).replace("FARM", str(ground.desk.farm.pk))))
    assert make(client, ground, **body).status_code == 201
    tried = 0
    for path in places(body):
        for junk in JUNK:
            answer = client.post(API, json.dumps(with_junk(body, path, junk)), content_type="application/json")
            assert answer.status_code in (201, 422), (path, junk, answer.content)
            if answer.status_code == 422:
                assert answer.json()["fields"] or answer.json()["detail"], (path, junk)
                assert "Something went wrong" not in answer.json()["detail"]
            tried += 1
    assert tried > 300


@pytest.mark.parametrize("junk", ["NaN", "[1, 2]", "null", '"x"', "{", '{"name": NaN}', "7"])
def test_what_is_no_goal_at_all_is_refused(client: Client, junk: str) -> None:
    assert client.post(API, junk, content_type="application/json").status_code in (400, 422)


def test_a_request_with_a_key_makes_one_goal_however_often_it_is_sent(
    client: Client, ground: Ground, make_ground: Any
) -> None:
    body, key = asked(ground), {"Idempotency-Key": "once"}

    def send(body: Any, headers: Any, by: Client = client) -> Any:
        return by.post(API, json.dumps(body), content_type="application/json", headers=headers)

    first, again = send(body, key), send(body, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    other = send(body | {"name": "Another"}, key)
    assert (other.status_code, "new key" in other.json()["detail"]) == (409, True)
    assert send(body, {}).json()["id"] != send(body, {}).json()["id"]
    assert len(client.get(API).json()) == 3
    # A key is its owner's own.
    stranger, theirs = Client(), make_ground()
    stranger.force_login(theirs.desk.owner)
    assert send(asked(theirs), key, stranger).status_code == 201


def test_unknown_fields_are_refused(client: Client, ground: Ground) -> None:
    answer = make(client, ground, colour="red")
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["colour"])


def test_a_moment_without_a_zone_is_utc(client: Client, ground: Ground) -> None:
    goal = made(client, ground, starts_at="2026-03-29T02:30:00", ends_at="2036-01-29T02:30:00+09:00")
    assert goal["starts_at"] == "2026-03-29T02:30:00Z"
    assert goal["ends_at"] == "2036-01-28T17:30:00Z"


def test_what_has_ended_cannot_be_paused_resumed_cancelled_or_changed(client: Client, ground: Ground) -> None:
    goal = made(client, ground, target="1")
    ground.round_trip()
    ground.update()
    at = f"{API}/{goal['id']}"
    assert client.get(at).json()["status"] == "achieved"
    for action in ("pause", "resume", "cancel", "start"):
        answer = client.post(f"{at}/{action}")
        assert (answer.status_code, "detail" in answer.json()) == (409, True), action
    answer = client.patch(at, json.dumps({"name": "Other"}), content_type="application/json")
    assert (answer.status_code, "has ended" in answer.json()["detail"]) == (409, True)

    cancelled = made(client, ground)
    assert [client.post(f"{API}/{cancelled['id']}/cancel").json()["status"] for _ in range(2)] == ["cancelled"] * 2
    assert client.post(f"{API}/{cancelled['id']}/pause").status_code == 409


def test_nobody_sees_or_changes_the_goals_of_another(client: Client, ground: Ground, make_ground: Any) -> None:
    goal = made(client, ground)
    other = Client()
    other.force_login(make_ground().desk.owner)
    assert other.get(API).json() == []
    at = f"{API}/{goal['id']}"
    for path in ("", "/preview", "/progress", "/trades", "/fills", "/moves", "/events"):
        assert other.get(at + path).status_code == 404, path
    for path in ("/pause", "/resume", "/cancel", "/start"):
        assert other.post(at + path).status_code == 404, path
    answer = other.patch(at, json.dumps({"name": "Mine"}), content_type="application/json")
    assert answer.status_code == 404
    assert client.get(at).json()["name"] == "Two hundred trades"


def test_a_draft_counts_nothing_until_it_starts_and_does_not_end(client: Client, ground: Ground) -> None:
    began = clock.now()
    goal = made(client, ground, draft=True, target="1", starts_at=began.isoformat())
    assert (goal["status"], goal["value"], goal["state"]) == ("draft", None, "draft")
    ground.round_trip()
    assert ground.update() == []
    at = f"{API}/{goal['id']}"
    assert client.post(f"{at}/pause").status_code == 409
    assert client.get(f"{at}/preview").json()["moves"] == []
    answer = client.post(f"{at}/start")
    assert (answer.status_code, "reaches it already" in answer.json()["fields"]["target.value"]) == (422, True)
    client.patch(at, json.dumps({"target": "2"}), content_type="application/json")
    started = client.post(f"{at}/start").json()
    assert (started["status"], started["value"], started["is_reached"]) == ("active", "1", False)
    assert client.post(f"{at}/start").json()["status"] == "active"
    ground.round_trip()
    assert ground.update()


def test_a_draft_whose_time_has_passed_does_not_start(client: Client, ground: Ground) -> None:
    goal = made(client, ground, draft=True)
    with ground.tenant():
        Goal.objects.filter(pk=goal["id"]).update(starts_at=past(days=9), ends_at=past(days=1))
    answer = client.post(f"{API}/{goal['id']}/start")
    assert (answer.status_code, "over already" in answer.json()["fields"]["ends_at"]) == (422, True)


def test_a_goal_that_starts_in_the_future_is_scheduled_and_counts_nothing_before(
    client: Client, ground: Ground
) -> None:
    goal = made(client, ground, target="1", starts_at=(clock.now() + timedelta(days=1)).isoformat())
    assert (goal["state"], goal["status"]) == ("scheduled", "active")
    ground.round_trip()
    assert ground.update() == []
    shown = client.get(f"{API}/{goal['id']}").json()
    assert (shown["value"], shown["progress"], shown["plan"]) == ("0", 0, None)


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_few_goals_are_a_list_of_so_many(client: Client, ground: Ground, rows: int) -> None:
    wanted = [made(client, ground, name=f"Goal {number}")["id"] for number in range(rows)]
    found = client.get(API).json()
    assert isinstance(found, list)
    assert sorted(goal["id"] for goal in found) == sorted(wanted)
    assert len(client.get(f"{API}?status=draft").json()) == 0
    assert len(client.get(f"{API}?wallet_id={ground.desk.wallet.pk}").json()) == rows
    assert client.get(f"{API}?status=lost").status_code == 422


KINDS: list[dict[str, Any]] = [
    {"kind": "trade_volume", "target": "500"},
    {"kind": "profit_target", "target": "5000"},
    {"kind": "strategy_performance", "target": {"measure": "sharpe", "value": "2"}},
    {"kind": "equity", "target": "50000000"},
]


@pytest.mark.slow
def test_200_goals_take_as_many_queries_as_four(client: Client, ground: Ground) -> None:
    counts = []
    ground.round_trip()
    for number in (1, 50):
        for _ in range(number if number == 1 else number - 1):
            for kind in KINDS:
                ground.goal(**kind, scope=[ground.desk.farm.pk])
        ground.update()
        client.get(API)
        with CaptureQueriesContext(connection) as queries:
            found = client.get(API).json()
        assert len(found) == number * 4
        counts.append(len(queries))
    assert counts[0] == counts[1] < 30, counts


def test_what_the_api_says_is_what_the_selectors_say_to_the_last_digit(client: Client, ground: Ground) -> None:
    start = past(hours=30)
    for kind in KINDS:
        made(client, ground, **kind, starts_at=start)
    ground.round_trip(sold="117")
    ground.update()
    now = clock.now()
    with clock.at(now):
        shown = {goal["id"]: goal for goal in client.get(API).json()}
        with ground.tenant():
            rows = selectors.goal_rows(owner_id=ground.owner_id)
    assert len(rows) == len(KINDS)
    for row in rows:
        told = shown[str(row.id)]
        assert told["value"] == (None if row.reading.value is None else plain(row.reading.value))
        assert told["progress"] == row.reading.progress
        assert told["unknown"] == row.reading.unknown.exact
        assert (told["plan"] is None) == (row.plan is None)
        if row.plan is not None:
            for name in ("planned", "ahead", "pace", "needed", "to_go"):
                value = getattr(row.plan, name)
                assert told["plan"][name] == (None if value is None else plain(value)), name


def test_a_ratio_without_enough_days_is_unknown_with_the_reason_and_never_zero(client: Client, ground: Ground) -> None:
    for measure in ("sharpe", "sortino", "drawdown", "return"):
        goal = made(client, ground, kind="strategy_performance", target={"measure": measure, "value": "0.5"})
        assert (goal["value"], goal["state"]) == (None, "unknown"), measure
        assert "0 so far" in goal["unknown"] or "No whole day" in goal["unknown"], measure
    for kind, measure in (("strategy_performance", "win_rate"), ("profit_target", "average")):
        goal = made(client, ground, kind=kind, target={"measure": measure, "value": "0.5"})
        assert (goal["value"], goal["unknown"]) == (None, "No trade has closed in the period yet."), measure


def test_a_profit_factor_without_a_loss_is_unknown(client: Client, ground: Ground) -> None:
    goal = made(
        client,
        ground,
        kind="strategy_performance",
        target={"measure": "profit_factor", "value": "2", "minimum_trades": 1},
    )
    ground.round_trip()
    ground.update()
    shown = client.get(f"{API}/{goal['id']}").json()
    assert (shown["value"], shown["status"]) == (None, "active")
    assert "no loss" in shown["unknown"]


@pytest.mark.parametrize("base", ["EUR", "BTC"])
def test_another_base_currency_is_converted_or_unknown(client: Client, ground: Ground, base: str) -> None:
    with ground.tenant():
        User.objects.filter(pk=ground.owner_id).update(base_currency=base)
    goal = made(client, ground, kind="profit_target", target="0.5")
    assert goal["base"] == base
    ground.round_trip()
    ground.update()
    shown = client.get(f"{API}/{goal['id']}").json()
    if base == "BTC":  # 9.73 USDT at 110 USDT
        assert Decimal(shown["value"]).quantize(Decimal("1e-6")) == Decimal("0.088455")
    else:  # nothing leads there
        assert shown["value"] is None
        assert shown["unknown"] == "Nothing says what USDT is worth: no market leads to it."
        assert shown["status"] == "active"


def test_everything_that_happened_is_told_page_by_page(client: Client, ground: Ground) -> None:
    goal = made(client, ground, target="1", actions=[{"do": "collect"}, {"do": "distribute", "to": "agents"}])
    ground.round_trip()
    ground.update()
    previewed = client.get(f"{API}/{goal['id']}/preview").json()
    with ground.tenant():
        found = Goal.objects.get(pk=goal["id"])
    ground.carry_out(found)
    at = f"{API}/{goal['id']}"
    moves = client.get(f"{at}/moves").json()["items"]
    names = ("source", "target", "asset", "amount")
    assert [[move[name] for name in names] for move in reversed(moves)] == [
        [move[name] for name in names] for move in previewed["moves"]
    ]
    assert previewed["totals"] == [{"asset": "USDT", "amount": "9.73"}], "what is shared out is the same money"
    assert [move["purpose"] for move in moves] == ["reward", "collect"]
    kinds = [event["kind"] for event in client.get(f"{at}/events").json()["items"]]
    assert kinds == ["acted", "acted", "achieved", "started", "created"]
    (trade,) = client.get(f"{at}/trades").json()["items"]
    assert trade["profit"] == "9.73"
    shown = client.get(at).json()
    assert shown["collected"] == shown["rewarded"] == [{"asset": "USDT", "amount": "9.73"}]
    assert [(step["do"], step["status"]) for step in shown["steps"]] == [("collect", "done"), ("distribute", "done")]
    with ground.tenant():
        assert GoalAction.objects.count() == 2
        assert GoalEvent.objects.filter(goal=found).count() == 5


def test_a_change_keeps_what_is_left_out_and_counts_anew(client: Client, ground: Ground) -> None:
    goal = made(client, ground)
    ground.round_trip()
    ground.update()
    at = f"{API}/{goal['id']}"
    changed = client.patch(at, json.dumps({"target": "4"}), content_type="application/json").json()
    assert (changed["target"]["value"], changed["progress"], changed["name"]) == ("4", 0.25, "Two hundred trades")
    for body in ({"name": None}, {"starts_at": None}, {"scope": []}, {"target": None}, {"kind": "equity"}):
        answer = client.patch(at, json.dumps(body), content_type="application/json")
        assert answer.status_code == 422, body
    now = client.get(at).json()
    assert now == changed | {name: now[name] for name in ("pace", "plan")}  # which go on with time

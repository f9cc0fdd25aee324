"""What pages and programs say of goals: each comparison, each change, what is left in the last day, one unit of money,
and never more at once than a page holds.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goals import selectors, services
from goals.acting import TRIES_TO_COLLECT
from goals.models import Goal, GoalAction, GoalAssignment, GoalProgress
from goals.plan import planned
from goals.targets import read
from goals.words import pace_in_words
from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from moniqo.home.activity import recent_activity
from tests.conftest import as_operators, make_user
from tests.farms.conftest import T0
from tests.farms.conftest import make_desk as make_farm
from tests.goals.conftest import Ground
from tests.goals.test_acting import COLLECT, fall_due, floor, second_agent
from tests.goals.test_pages import Journey
from tests.goals.test_series import trade
from wallets.hierarchy.allocations import RULE
from wallets.models import PostingKind, Wallet
from wallets.services import Move, move_along

D = Decimal
API = "/api/v1/goals"


@pytest.fixture
def client(ground: Ground) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=ground.owner_id))
    return client


def text_of(client: Client, path: str) -> str:
    """The words of a page's main part, as they are read."""
    html = client.get(path).content.decode()
    main = re.sub(
        r"<(script|template)\b.*?</\1>", " ", html.partition("<main")[2].partition("</main>")[0], flags=re.DOTALL
    )
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


# --- several comparisons ---------------------------------------------------------------------------------------------


def test_each_comparison_is_shown_with_its_value_what_is_wanted_and_whether_it_holds(
    ground: Ground, client: Client
) -> None:
    conditions = [
        {"metric": "trades", "operator": ">=", "value": "2"},
        {"metric": "profit", "operator": ">=", "value": "5"},
        {"metric": "win_rate", "operator": ">=", "value": "0.6"},
    ]
    goal = ground.goal("custom", {"conditions": conditions, "minimum_trades": 1})
    before = client.get(f"{API}/{goal.pk}").json()["comparisons"]
    assert [(one["value"], one["holds"]) for one in before] == [("0", False), ("0", False), (None, False)]
    assert before[2]["unknown"] == "No trade has closed in the period yet."
    ground.round_trip()
    ground.update()
    shown = client.get(f"{API}/{goal.pk}").json()
    names = ("metric", "operator", "threshold", "value", "holds")
    assert [tuple(one[name] for name in names) for one in shown["comparisons"]] == [
        ("trades", ">=", "2", "1", False), ("profit", ">=", "5", "9.73", True), ("win_rate", ">=", "0.6", "1", True),
    ]  # fmt: skip
    said = text_of(client, f"/goals/{goal.pk}/")
    for row in ("Closed trades", "at least 2", "Profit", "$9.73", "at least $5.00", "Win rate", "100", "at least 60"):
        assert row in said.partition("Comparisons")[2], row
    assert said.count("Does not hold") == 1
    assert "2 of 3 comparisons hold" in text_of(client, "/goals/")
    # What it ended with stays, whatever happens then.
    ground.round_trip()
    assert ground.update() == [goal.pk]
    ground.round_trip(sold="50")
    ended = client.get(f"{API}/{goal.pk}").json()["comparisons"]
    assert [(one["value"], one["holds"]) for one in ended] == [("2", True), ("19.46", True), ("1", True)]
    assert "Does not hold" not in text_of(client, f"/goals/{goal.pk}/")


def test_what_was_missed_or_cancelled_keeps_what_each_comparison_had_come_to(ground: Ground, client: Client) -> None:
    conditions = [{"metric": name, "operator": ">=", "value": "5"} for name in ("trades", "fills")]
    one, other, draft = (
        ground.goal("custom", {"match": "any", "conditions": conditions}, is_draft=is_draft) for is_draft in (0, 0, 1)
    )
    ground.round_trip()
    ground.update()
    with ground.tenant():
        for goal in (other, draft):
            services.cancel(owner_id=ground.owner_id, goal_id=goal.pk)
        now = clock.now()
        Goal.objects.filter(pk=one.pk).update(starts_at=now - timedelta(days=1), ends_at=now - timedelta(minutes=2))
    ground.update()
    for goal, status, values in (
        (one, "missed", ["1", "2"]),
        (other, "cancelled", ["1", "2"]),
        (draft, "cancelled", [None] * 2),
    ):
        told = client.get(f"{API}/{goal.pk}").json()
        assert (told["status"], [each["value"] for each in told["comparisons"]]) == (status, values)
        assert "one of them" in text_of(client, f"/goals/{goal.pk}/")


# --- what was changed ------------------------------------------------------------------------------------------------


def test_a_change_says_from_what_to_what_as_its_reader_writes_it(ground: Ground, client: Client) -> None:
    goal = ground.goal("profit_target", "500", ends_at=datetime(2031, 4, 30, 23, 30, tzinfo=UTC))
    with ground.tenant():
        services.change(
            owner_id=ground.owner_id, goal_id=goal.pk, target={"value": "750.5"}, scope="fund",
            ends_at=datetime(2031, 5, 1, 23, 30, tzinfo=UTC), actions=[COLLECT], accepts_changes={"by": "0.1"},
        )  # fmt: skip
    (event,) = (one for one in client.get(f"{API}/{goal.pk}/events").json()["items"] if one["kind"] == "changed")
    assert event["detail"] == (
        "Changed: target from “Profit at least 500 USDT” to “Profit at least 750.5 USDT”; "
        "deadline from “30 Apr 2031, 23:30 UTC” to “1 May 2031, 23:30 UTC”; "
        "scope from “Trend farm” to “whole fund”; "
        "actions from “none” to “Collect free realised profit from everything in scope to the master.”; "
        "adjusts itself from “none” to “0.1 every 7 days”."
    )
    User.objects.filter(pk=ground.owner_id).update(
        timezone="Asia/Tokyo", number_format="1.234,56", date_format="23.10.2026"
    )
    said = text_of(client, f"/goals/{goal.pk}/")
    assert "target from “Profit at least $500,00” to “Profit at least $750,50”" in said
    assert "deadline from “01.05.2031, 08:30 JST” to “02.05.2031, 08:30 JST”" in said
    assert "adjusts itself from “none” to “10\u202f% every 7 days”" in said.replace("10 %", "10\u202f%")


# --- the last day ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours_left", "value", "said"),
    [
        (24 * 5, "10", "6 trades a day instead of 2."),
        (24, "10", "30 trades a day instead of 2."),
        (23, "10", "30 trades to go in 23\u00a0hours."),
        (3, "39", "1 trade to go in 3\u00a0hours."),
        (0.5, "10", "30 trades to go in 30\u00a0minutes."),
        (0, "10", ""),
        (3, "40", ""),
    ],
)
def test_in_the_last_day_what_is_left_is_said_and_no_rate(hours_left: float, value: str, said: str) -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    target = read("trade_volume", "40")
    plan = planned(
        target, value=D(value), began_with=None, starts_at=now - timedelta(days=5),
        ends_at=now + timedelta(hours=hours_left), now=now,
    )  # fmt: skip
    assert plan is not None
    assert str(pace_in_words(target, plan, "USDT")) == said
    assert (plan.needed is None) == (hours_left < 24)


def test_the_page_of_a_goal_says_what_is_to_go_in_its_last_day(ground: Ground, client: Client) -> None:
    goal = ground.goal("profit_target", "100", ends_at=clock.now() + timedelta(hours=5, minutes=30))
    ground.round_trip()
    ground.update()
    said = text_of(client, f"/goals/{goal.pk}/")
    assert "To go $90.27 in 5 hours" in said.replace("$90 .27", "$90.27").replace("\u00a0", " ")
    assert "Needed" not in said
    plan = client.get(f"{API}/{goal.pk}").json()["plan"]
    assert (plan["needed"], plan["to_go"]) == (None, "90.27")


# --- what was done in part -------------------------------------------------------------------------------------------


def test_what_was_done_in_part_says_what_was_not(ground: Ground, client: Client) -> None:
    goal = ground.goal(target=1, actions=[COLLECT, "continue"])
    ground.round_trip()
    ground.desk.place("buy", "1")
    floor(ground, ground.desk.wallet, "99900")
    ground.update()
    for _ in range(TRIES_TO_COLLECT):
        fall_due(ground, goal)
        ground.carry_out(goal)
    with ground.tenant():
        step = GoalAction.objects.get(goal=goal, do="collect")
        alert = Alert.objects.get(key=f"goal:{goal.pk}:action-1")
    assert step.status == "partly"
    assert alert.headline() == "A goal: not all collected"
    said = text_of(client, f"/goals/{goal.pk}/")
    assert "Partly done" not in said
    assert "Not all collected" in said
    assert "of its profit is in open orders or positions, or below its minimum balance" in said


def test_what_others_took_before_is_told_of_who_took_it_and_is_nothing_left_undone(ground: Ground) -> None:
    desk = ground.desk
    goal = ground.goal(target=2, actions=[COLLECT])
    other = ground.goal(target=1, actions=[{"do": "collect", "amount": "2", "to": "master"}])
    ground.round_trip()
    ground.update()
    ground.carry_out(other)
    with ground.tenant():
        taken = Move(Wallet.objects.get(pk=desk.wallet.pk), desk.master, "USDT", D(4), D(4))
        move_along(owner_id=ground.owner_id, key=f"{RULE}test", kind=PostingKind.COLLECT, moves=[taken])
    ground.round_trip()
    ground.update()
    with ground.tenant():
        promised = [str(one) for one in selectors.preview(owner_id=ground.owner_id, goal_id=goal.pk).stays]
    ground.carry_out(goal)
    with ground.tenant():
        step = GoalAction.objects.get(goal=goal)
    told = [
        "Agent: $2.00 of its profit was collected by another goal.",
        "Agent: $4.00 of its profit was taken up before, by a rule or a plan.",
    ]
    assert promised == told
    assert str(step.result) == " ".join(["Collected $13.46.", *told])
    assert step.status == "done"  # all that was left of it came home


# --- one unit --------------------------------------------------------------------------------------------------------


def test_money_of_goals_is_told_in_one_way(ground: Ground, client: Client) -> None:
    """A fund in USDT reads in dollars: values, targets, sentences, and what was moved."""
    shares = [{"to": "agents", "share": "0.5"}, {"to": "master", "share": "0.5"}]
    goal = ground.goal(
        "profit_target", "8", actions=[COLLECT, {"do": "distribute", "shares": shares}],
        starts_at=clock.now() - timedelta(days=2),
    )  # fmt: skip
    running = ground.goal("profit_target", "900", starts_at=clock.now() - timedelta(days=2), actions=[COLLECT])
    ground.round_trip()
    pages = ["/goals/", "/goals/?status=all", "/goals/card/", *(f"/goals/{one.pk}/" for one in (goal, running))]
    ground.update()
    ground.carry_out(goal)
    for path in pages:
        said = client.get(path).content.decode() if "card/" in path else text_of(client, path)
        assert "$" in said, path
        assert re.findall(r"[0-9] ?(?:<wbr>)?(?:<[^>]*>)?USDT", said.replace("\u00a0", " ")) == [], path
    assert "$4.86 stays in Fund" in text_of(client, f"/goals/{goal.pk}/") or "$4.87 stays in Fund" in text_of(
        client, f"/goals/{goal.pk}/"
    )
    step = client.get(f"{API}/{goal.pk}").json()["steps"][0]
    assert step["result"] == "Collected 9.73 USDT."


def test_who_has_worked_for_a_goal_and_when_is_told_to_programs(ground: Ground, client: Client) -> None:
    goal = ground.goal(target=9, starts_at=clock.now() - timedelta(days=2))
    with ground.tenant():
        services.change(owner_id=ground.owner_id, goal_id=goal.pk, scope=[ground.desk.wallet.pk])
    told = client.get(f"{API}/{goal.pk}").json()["assignments"]
    assert [(one["wallet_id"], one["until"] is None) for one in told] == [
        (str(ground.desk.farm.pk), False), (str(ground.desk.wallet.pk), True),
    ]  # fmt: skip
    assert told[0]["until"] <= told[1]["since"]


def test_the_review_says_where_a_goal_with_a_past_leads(ground: Ground, client: Client) -> None:
    for day in range(1, 10):
        trade(ground, clock.now() - timedelta(days=day), 5)
    walk = Journey(client).press("next", name="Trades", what="trade_volume.count")
    times = {"ends_at": f"{clock.now() + timedelta(days=9):%Y-%m-%dT%H:%M}"}
    past = {"starts_at": f"{clock.now() - timedelta(days=10):%Y-%m-%dT%H:%M}"}
    walk.press("next", value="40", **times, **past).press("next").press("next")
    assert re.search(r"About \d+(\.\d)? at the deadline if the days to come are like those so far", walk.html)
    walk.press("back").press("back").press("back").press("next", starts_at="").press("next").press("next")
    assert "Not known before a week has passed since its start." in walk.html


def test_volume_leads_to_the_fills_that_it_is_made_of(ground: Ground, client: Client) -> None:
    ground.round_trip()  # before it begins
    goal = ground.goal("trade_volume", {"measure": "notional", "value": "9000"})
    ground.round_trip(sold="120")
    other = ground.wallet("Elsewhere", "farm", ground.desk.master)
    nowhere = ground.goal("trade_volume", {"measure": "notional", "value": "9000"}, scope=[other.pk])
    ground.update()
    fills = client.get(f"{API}/{goal.pk}/fills").json()["items"]
    assert [fill["side"] for fill in fills] == ["sell", "buy"]
    assert sum(D(fill["volume"]) for fill in fills) == ground.fresh(goal).value
    assert client.get(f"{API}/{nowhere.pk}/fills").json()["items"] == []
    html = client.get(f"/goals/{goal.pk}/").content.decode()
    assert [html.count(f"/trading/orders/{fill['order_id']}/") for fill in fills] == [1, 1]
    assert "Fills behind the number" in html
    assert "Trades behind the number" not in html
    assert "Nothing was filled in its time yet." in text_of(client, f"/goals/{nowhere.pk}/")


# --- not without limit -----------------------------------------------------------------------------------------------


def ended(ground: Ground, count: int) -> list[Goal]:
    """Goals that were achieved one after the other, the last one last."""
    pattern = ground.goal(target=5)
    with ground.tenant():
        rows = [
            Goal(
                owner_id=ground.owner_id, name=f"Ended {number}", kind=pattern.kind, target=pattern.target, base="USDT",
                starts_at=pattern.starts_at - timedelta(days=9), ends_at=pattern.ends_at, status="achieved",
                ended_at=clock.now() - timedelta(hours=count - number), value=5, progress=1,
            )
            for number in range(count)
        ]  # fmt: skip
        Goal.objects.bulk_create(rows)
        GoalAssignment.objects.bulk_create(
            GoalAssignment(owner_id=ground.owner_id, goal=row, wallet=ground.desk.farm, since=row.starts_at)
            for row in rows
        )
    return rows


def test_goals_that_have_ended_are_read_in_pages(ground: Ground, client: Client) -> None:
    ended(ground, 130)
    with CaptureQueriesContext(connection) as queries:
        first = client.get("/goals/?status=achieved").content.decode()
    assert len(re.findall(r'<article class="card goal"', first)) == 24
    assert "Ended 129" in first
    assert "Ended 105" not in first
    # Nothing of the pages that are not shown was read.
    assert not [query for query in queries if "Ended 105" in query["sql"]]
    ids = [query["sql"] for query in queries if 'FROM "goals_goalassignment"' in query["sql"]]
    assert all(sql.count("::uuid") <= 30 for sql in ids), ids
    last = text_of(client, "/goals/?status=achieved&page=6")
    assert "Ended 0" in last
    assert "Ended 100" not in last
    every = text_of(client, "/goals/?status=all")
    assert every.index("A goal") < every.index("Ended 129")  # what has not ended comes first
    assert "Ended 106" not in every

    listed = client.get(API).json()
    assert [one["name"] for one in listed[:2]] == ["A goal", "Ended 129"]
    assert len(listed) == 1 + selectors.MOST_ENDED
    names: list[str] = []
    cursor = ""
    while cursor is not None:
        page = client.get(f"{API}/ended?limit=60{f'&cursor={cursor}' if cursor else ''}").json()
        assert len(page["items"]) <= 60
        names += [one["name"] for one in page["items"]]
        cursor = page["next"]
    assert names == [f"Ended {number}" for number in reversed(range(130))]
    assert client.get(f"{API}/ended?status=missed").json()["items"] == []


def test_a_series_is_at_most_800_points_and_ends_with_its_newest(ground: Ground, client: Client) -> None:
    goal = ground.goal(target=9_000)
    now = clock.now()
    with ground.tenant():
        with as_operators():
            GoalProgress.objects.filter(goal=goal).delete()
        GoalProgress.objects.bulk_create(
            GoalProgress(
                owner_id=ground.owner_id, goal=goal, at=now - timedelta(minutes=5 * number), value=number, progress=0
            )
            for number in range(2_500)
        )
    points = client.get(f"{API}/{goal.pk}/progress").json()["points"]
    assert 400 < len(points) <= 800
    assert points[-1]["value"] == "0"
    assert [point["at"] for point in points] == sorted(point["at"] for point in points)
    with ground.tenant():
        assert len(selectors.series(owner_id=ground.owner_id, goal_id=goal.pk, most=3)) <= 3
        GoalProgress.objects.filter(goal=goal, value__gte=700).delete()
    assert len(client.get(f"{API}/{goal.pk}/progress").json()["points"]) == 700


# --- other pages -----------------------------------------------------------------------------------------------------


def test_one_posting_is_one_line_of_the_activity_with_its_parts(ground: Ground) -> None:
    desk = ground.desk
    second_agent(ground)
    reserve = ground.wallet("Savings", "reserve", desk.master)
    shares = [{"to": "agents", "share": "0.5"}, {"to": str(reserve.pk), "share": "0.3"}, {"to": "farm", "share": "0.2"}]
    goal = ground.goal(
        target=1, scope="fund",
        actions=[{"do": "collect", "amount": "all", "to": "master"}, {"do": "distribute", "shares": shares}],
    )  # fmt: skip
    ground.round_trip()
    ground.update()
    ground.carry_out(goal)
    with ground.tenant():
        found = recent_activity(owner_id=ground.owner_id)
    told = {one.before: one for one in found if one.icon in ("gift", "merge")}
    assert sorted(one.before for one in found if one.icon in ("gift", "merge")) == ["Collected", "Shared out"]
    shared, collected = told["Shared out"], told["Collected"]
    assert collected.amount == D("110009.73")
    assert str(collected.after).count("from ") == 2
    assert "10,000.00\u00a0USDT from Second" in str(collected.after)
    assert "to Savings" in str(shared.after)
    assert "to Trend farm" in str(shared.after)
    parts = [D(text.replace(",", "")) for text in re.findall(r"([0-9.,]+)\u00a0USDT to ", str(shared.after))]
    assert sum(parts) == shared.amount
    assert re.fullmatch(r"/wallets/postings/\d+/", shared.url)


def test_the_page_of_an_agent_shows_the_goals_it_works_for(goals_db: None) -> None:
    owner = make_user(f"{uuid4().hex}@example.com")
    with tenancy.tenant(owner.pk), clock.at(T0):
        desk = make_farm(owner)
    client = Client()
    client.force_login(owner)
    agent = desk.agent
    assert (
        f'hx-get="/goals/card/?wallet={agent.wallet_id}"' in client.get(f"/farms/agents/{agent.pk}/").content.decode()
    )

"""The pages of goals: the board, a goal, and the wizard, all of it without JavaScript."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from goals.models import Goal
from goals.templates import TEMPLATES
from kit import clock
from kit.users.models import User
from tests.conftest import make_user
from tests.goals.conftest import Ground
from tests.trading.desk import make_desk

D = Decimal


class Fields(HTMLParser):
    """What a browser would send of a page's wizard, without the buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.buttons: list[str] = []
        self._inside = False
        self._select = ""
        self._first = ""
        self._chosen = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value if value is not None else "" for name, value in attrs}
        if tag == "form":
            self._inside = "wizard" in given.get("class", "")
        if not self._inside:
            return
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "button" and name == "go":
            self.buttons.append(given["value"])
        if tag == "input" and name and (kind not in ("radio", "checkbox") or "checked" in given):
            self.sent.setdefault(name, []).append(given.get("value", "on" if kind in ("radio", "checkbox") else ""))
        if tag == "select":
            self._select, self._chosen, self._first = name, False, ""
        if tag == "option" and self._select:
            self._first = self._first or given["value"]
            if "selected" in given:
                self._chosen = True
                self.sent[self._select] = [given["value"]]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._inside:
            if not self._chosen:
                self.sent[self._select] = [self._first]
            self._select = ""
        if tag == "form":
            self._inside = False


class Journey:
    """Somebody who fills the wizard in and presses its buttons."""

    def __init__(self, client: Client, path: str = "/goals/new/") -> None:
        self.client, self.path = client, path
        self.answer: Any = client.get(path)
        self.path = path.partition("?")[0]

    @property
    def html(self) -> str:
        return str(self.answer.content.decode())

    @property
    def fields(self) -> dict[str, list[str]]:
        return Fields(self.html).sent

    @property
    def step(self) -> str:
        return self.fields["step"][0]

    def press(self, button: str, **typed: str | list[str]) -> "Journey":
        shown = Fields(self.html)
        assert button in shown.buttons
        sent = shown.sent | {
            name.replace("__", "-"): value if isinstance(value, list) else [value] for name, value in typed.items()
        }
        self.answer = self.client.post(self.path, sent | {"go": [button]})
        return self

    def errors(self) -> list[str]:
        return [text.strip() for text in re.findall(r'role="alert">.*?<span>(.*?)</span>', self.html, re.DOTALL)]


@pytest.fixture
def pages(ground: Ground) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=ground.owner_id))
    return client


def newest(ground: Ground) -> Goal:
    with ground.tenant():
        return Goal.objects.latest("created_at")


def test_a_goal_is_made_step_by_step_without_javascript(ground: Ground, pages: Client) -> None:
    ground.round_trip()
    walk = Journey(pages)
    walk.press("next", name="Three trades", what="trade_volume.count")
    assert walk.step == "target"
    walk.press("next", value="3", ends_at=f"{clock.now() + timedelta(days=9):%Y-%m-%dT%H:%M}")
    assert walk.step == "scope", walk.errors()
    walk.press("next", who="some", wallets=[str(ground.desk.farm.pk)])
    assert walk.step == "actions"
    walk.press("add-actions-collect").press("add-actions-distribute").press("add-on_miss-halt")
    assert walk.step == "actions"
    walk.press("next", actions__1__shares__0__to="master", actions__0__to="farm")
    assert walk.step == "review", walk.errors()
    assert "0 of 3" in walk.html
    assert "Collect free realised profit from everything in scope to each farm." in walk.html
    with ground.tenant():
        assert not Goal.objects.exists()  # looking makes nothing
    again = Journey(pages)
    again.answer = walk.answer
    done = walk.press("create").answer
    # Whoever presses twice has made one goal, and comes to it both times.
    assert again.press("create").answer["Location"] == done["Location"]
    with ground.tenant():
        assert Goal.objects.count() == 1
    goal = newest(ground)
    assert done["Location"] == f"/goals/{goal.pk}/"
    assert (goal.status, goal.target["conditions"][0]["value"]) == ("active", "3")
    assert [one["do"] for one in goal.actions] == ["collect", "distribute"]
    assert goal.on_miss == [{"do": "halt"}]
    assert pages.get(done["Location"]).status_code == 200


def test_going_back_loses_nothing_and_a_draft_is_kept(ground: Ground, pages: Client) -> None:
    walk = Journey(pages).press("next", name="Back and forth", what="strategy_performance.win_rate")
    walk.press("next", value="62.5", minimum_trades="40")
    walk.press("next").press("add-actions-renew").press("back").press("back").press("back")
    assert walk.step == "kind"
    assert walk.fields["actions-0-do"] == ["renew"]
    walk.press("next")
    assert (walk.fields["value"], walk.fields["minimum_trades"]) == (["62.5"], ["40"])
    walk.press("next").press("next").press("next", actions__0__rule="percentage", actions__0__value="-10")
    walk.press("draft")
    goal = newest(ground)
    assert goal.status == "draft"
    assert goal.target["conditions"] == [{"metric": "win_rate", "operator": ">=", "value": "0.625"}]
    assert goal.target["minimum_trades"] == 40
    assert goal.actions == [{"do": "renew", "rule": "percentage", "value": "-0.1"}]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"value": ""}, "This field is required."),
        ({"value": "many"}, ""),
        ({"value": "2.5"}, "Closed trades are whole: give a whole number."),
        ({"value": "0"}, "Give a target above zero: it is reached already."),
        ({"value": "9", "ends_at": "2020-01-01T00:00"}, "The deadline is before the start: choose a later one."),
        ({"value": "9", "ends_at": "soon"}, "Write a day and a time, such as 2026-12-31 18:00."),
        ({"value": "9", "starts_at": "2019-01-01T00:00", "ends_at": "2020-01-01T00:00"},
         "The deadline is over already: choose one that lies ahead."),
        ({"value": "9", "adjust_by": "10"},
         "A goal without a deadline has no plan to be ahead of or behind: set a deadline."),
    ],
)  # fmt: skip
def test_an_error_stands_beside_its_field_and_keeps_what_was_typed(
    pages: Client, typed: dict[str, Any], said: str
) -> None:
    walk = Journey(pages).press("next", name="Wrong", what="trade_volume.count").press("next", **typed)
    assert (walk.step, walk.answer.status_code) == ("target", 422)
    assert said in "".join(walk.errors()).replace("&quot;", '"')
    assert len(walk.errors()) == 1
    for name, value in typed.items():
        assert walk.fields[name] == [value]
    assert walk.fields["name"] == ["Wrong"]


def test_an_error_of_actions_and_scope_is_told_where_it_is(ground: Ground, pages: Client) -> None:
    walk = Journey(pages).press("next", name="Wrong", what="profit_target.total").press("next", value="100")
    walk.press("next", who="some")
    assert (walk.step, walk.errors()) == ("scope", ["Choose at least one farm, agent or wallet."])
    walk.press("next", who="fund").press("add-actions-distribute").press("next")
    assert walk.step == "actions"
    assert "Collect before you distribute" in walk.html
    walk.press("add-actions-collect").press("up-actions-1").press("add-shares-actions-1")
    walk.press("next", actions__1__shares__0__share="50", actions__1__shares__1__share="40")
    assert "The shares add up to 90.0\u202f%: make them 100\u202f%." in walk.html
    assert walk.fields["actions-1-shares-1-share"] == ["40"]
    walk.press("next", actions__1__shares__1__share="50", actions__0__amount="fixed")
    assert walk.errors() == ["Give an amount above zero."]
    walk.press("add-actions-renew").press("add-actions-pause")
    assert [walk.fields[f"actions-{place}-do"] for place in (2, 3)] == [["pause"], ["renew"]]  # which comes last
    walk.press("drop-actions-3").press("drop-actions-2")
    walk.press("drop-actions-1").press("add-on_miss-reduce").press("next", actions__0__amount="profit")
    assert "A goal without a deadline is never missed: set a deadline." in walk.html


def test_a_ceiling_that_is_passed_already_leads_back_to_the_target(pages: Client) -> None:
    walk = Journey(pages, "/goals/new/?template=ceiling").press("next").press("next", value="10")
    walk.press("next").press("next")
    assert (walk.step, walk.errors()) == ("target", ["It is reached already: choose one that lies ahead."])


def test_comparisons_of_ones_own(ground: Ground, pages: Client) -> None:
    walk = Journey(pages).press("next", name="Own", what="custom").press("add-conditions")
    walk.press("drop-conditions-0")
    assert "conditions-1-metric" not in walk.fields
    walk.press("add-conditions")
    walk.press(
        "next", match="any", conditions__0__metric="win_rate", conditions__0__value="60", conditions__1__value="250"
    )
    walk.press("next").press("next").press("create")
    assert newest(ground).target == {
        "match": "any",
        "conditions": [
            {"metric": "win_rate", "operator": ">=", "value": "0.6"},
            {"metric": "profit", "operator": ">=", "value": "250"},
        ],
        "minimum_trades": 10,
        "minimum_days": 0,
    }


@pytest.mark.parametrize("slug", TEMPLATES)
def test_every_template_leads_to_a_goal(ground: Ground, pages: Client, slug: str) -> None:
    walk = Journey(pages, f"/goals/new/?template={slug}").press("next")
    assert walk.step == "target"
    walk.press("next", **({"value": "900000"} if slug == "ceiling" else {})).press("next").press("next")
    assert walk.step == "review", walk.errors()
    walk.press("create")
    goal = newest(ground)
    assert (goal.name, goal.kind, goal.status) == (TEMPLATES[slug].name, TEMPLATES[slug].kind, "active")
    assert len(goal.actions) == len(TEMPLATES[slug].actions)


def test_what_was_not_touched_stays_as_it_was_when_a_goal_is_edited(ground: Ground, pages: Client) -> None:
    shares = [{"to": "agents", "share": "0.125"}, {"to": str(ground.desk.master.pk), "share": "0.875"}]
    collect = {"do": "collect", "amount": "12.5", "from": [str(ground.desk.wallet.pk)], "to": "master"}
    made = ground.goal(
        "custom",
        {"match": "any", "conditions": [{"metric": "win_rate", "operator": ">", "value": "0.555"},
                                        {"metric": "profit", "operator": "<", "value": "-12.34"}]},
        actions=[collect, {"do": "distribute", "shares": shares}, {"do": "renew", "rule": "ratchet"}],
        on_miss=[{"do": "extend", "days": 3, "times": 2}],
        accepts_changes={"by": "0.05", "every_days": 3},
        starts_at=clock.now() - timedelta(days=3, seconds=17, microseconds=5),
    )  # fmt: skip
    before = ground.fresh(made)
    walk = Journey(pages, f"/goals/{made.pk}/edit/")
    walk.press("next", name="Another name").press("next").press("next").press("next").press("save")
    after = ground.fresh(made)
    assert after.name == "Another name"
    for name in ("target", "actions", "on_miss", "accepts_changes", "starts_at", "ends_at", "kind"):
        assert getattr(after, name) == getattr(before, name), name
    with ground.tenant():
        assert [one.wallet_id for one in after.assignments.filter(until=None)] == [ground.desk.farm.pk]
        assert str(after.events.first().detail) == "Changed: name from “A goal” to “Another name”."  # type: ignore[union-attr]
    copy = Journey(pages, f"/goals/new/?like={made.pk}")
    copy.press("next").press("next").press("next").press("next").press("create")
    twin = newest(ground)
    assert twin.name == "Another name (copy)"
    assert (twin.target, twin.actions, twin.on_miss) == (after.target, after.actions, after.on_miss)


def test_a_goal_is_paused_resumed_and_cancelled_by_buttons(ground: Ground, pages: Client) -> None:
    goal = ground.goal()
    path = f"/goals/{goal.pk}/"
    assert pages.post(f"{path}pause/").status_code == 302
    assert "Paused" in pages.get(path).content.decode()
    pages.post(f"{path}resume/")
    assert ground.fresh(goal).paused_at is None
    assert "Cancel the goal" in pages.get(f"{path}cancel/").content.decode()
    assert ground.fresh(goal).status == "active"
    pages.post(f"{path}cancel/")
    assert ground.fresh(goal).status == "cancelled"
    assert "/edit/" not in pages.get(path).content.decode()
    assert pages.get(f"{path}edit/").status_code == 302


def test_a_draft_is_started_by_its_button_or_says_why_not(ground: Ground, pages: Client) -> None:
    with clock.at(clock.now() - timedelta(days=2)):
        late = ground.goal(ends_at=clock.now() + timedelta(days=1), is_draft=True)
    draft = ground.goal(is_draft=True)
    assert "Start" in pages.get(f"/goals/{draft.pk}/").content.decode()
    pages.post(f"/goals/{draft.pk}/start/")
    assert ground.fresh(draft).status == "active"
    said = pages.post(f"/goals/{late.pk}/start/", follow=True).content.decode()
    assert "The deadline" in said
    assert ground.fresh(late).status == "draft"


def test_the_number_leads_to_its_trades_and_what_was_moved_to_its_postings(ground: Ground, pages: Client) -> None:
    goal = ground.goal(target=1, actions=[{"do": "collect", "amount": "profit", "to": "master"}])
    ground.round_trip(quantity="10")
    would = pages.get(f"/goals/{goal.pk}/").content.decode()
    assert "If it were achieved now, this would move" in would
    ground.update()
    ground.carry_out(goal)
    html = pages.get(f"/goals/{goal.pk}/").content.decode()
    with ground.tenant():
        move = ground.fresh(goal).moves.get()
    assert re.search(r"/trading/positions/[0-9a-f-]{36}/", html)
    assert f"/wallets/postings/{move.posting_id}/" in html
    assert "Collected" in html
    assert "Achieved" in html
    board = pages.get("/goals/?status=achieved").content.decode()
    assert f"/goals/{goal.pk}/" in board


def test_the_board_filters_by_status_and_by_who_works_for_them(ground: Ground, pages: Client) -> None:
    other = ground.wallet("Other farm", "farm", ground.desk.master)
    here, there = ground.goal(name="Of the desk"), ground.goal(name="Of the other", scope=[other.pk])
    pages.post(f"/goals/{here.pk}/cancel/")
    of = lambda query: pages.get(f"/goals/{query}").content.decode()  # noqa: E731 - a name for three lines
    assert f"/goals/{here.pk}/" not in of("")
    assert "Of the other" in of("")
    assert "Of the desk" in of("?status=all")
    assert "Of the other" not in of(f"?status=all&wallet={ground.desk.wallet.pk}")
    card = of(f"card/?wallet={other.pk}")
    assert f"/goals/{there.pk}/" in card
    assert f"/goals/new/?wallet={other.pk}" in card


def test_who_has_nothing_is_told_what_a_goal_is(ground: Ground, pages: Client) -> None:
    board = pages.get("/goals/").content.decode()
    for template in TEMPLATES.values():
        assert f"?template={template.slug}" in board
    stranger = Client()
    stranger.force_login(make_user("nobody-yet@example.com"))
    assert "Make a master wallet" in stranger.get("/goals/").content.decode()
    assert stranger.get("/goals/new/")["Location"] == "/wallets/new/"


def test_another_owners_goal_is_not_there(ground: Ground, goals_db: None) -> None:
    goal = ground.goal()
    stranger = Client()
    desk = make_desk(make_user("stranger@example.com"))
    stranger.force_login(desk.owner)
    for path in ("", "edit/", "cancel/"):
        assert stranger.get(f"/goals/{goal.pk}/{path}").status_code == 404
    for path in ("pause/", "resume/", "start/", "cancel/", "edit/"):
        assert stranger.post(f"/goals/{goal.pk}/{path}").status_code == 404
    assert stranger.get(f"/goals/new/?like={goal.pk}").status_code == 404
    assert str(goal.pk) not in stranger.get("/goals/?status=all").content.decode()
    walk = Journey(stranger).press("next", name="Theirs", what="trade_volume.count").press("next", value="3")
    walk.press("next", who="some", wallets=[str(ground.desk.farm.pk)])
    assert walk.step == "scope", walk.errors()
    assert ground.fresh(goal).status == "active"


@pytest.fixture
def abroad(ground: Ground, pages: Client) -> Iterator[Client]:
    User.objects.filter(pk=ground.owner_id).update(
        timezone="Asia/Tokyo", base_currency="EUR", number_format="1.234,56", date_format="23.10.2026"
    )
    return pages


def test_moments_and_figures_are_read_and_written_as_their_reader_does(ground: Ground, abroad: Client) -> None:
    walk = Journey(abroad).press("next", name="Abroad", what="profit_target.total")
    assert "Profit, in EUR" in walk.html
    assert "Deadline, in Asia/Tokyo" in walk.html
    walk.press("next", value="1.234,5", ends_at="2031-05-01T08:30").press("next").press("next")
    assert "at least €1.234,50" in walk.html
    assert "01.05.2031, 08:30 JST" in walk.html
    walk.press("create")
    goal = newest(ground)
    assert goal.ends_at == datetime(2031, 4, 30, 23, 30, tzinfo=UTC)
    assert (goal.base, goal.target["conditions"][0]["value"]) == ("EUR", "1234.5")
    again = Journey(abroad, f"/goals/{goal.pk}/edit/").press("next")
    assert (again.fields["value"], again.fields["ends_at"]) == (["1234,5"], ["2031-05-01T08:30"])
    assert "01.05.2031" in abroad.get(f"/goals/{goal.pk}/").content.decode()


def test_no_amount_is_on_any_page_while_amounts_are_hidden(ground: Ground, pages: Client) -> None:
    goal = ground.goal("profit_target", "7654.32", actions=[{"do": "collect", "amount": "profit", "to": "master"}])
    ground.round_trip(quantity="37")
    ground.update()
    seen = Client()
    seen.force_login(User.objects.get(pk=ground.owner_id))
    paths = ("/goals/", f"/goals/{goal.pk}/", "/goals/card/", f"/goals/card/?wallet={ground.desk.farm.pk}")
    value = ground.fresh(goal).value
    assert value
    amounts = {f"{value:,.2f}", f"{value:.2f}", f"{value.normalize():f}", "7,654.32", "7654.32"}
    told = [seen.get(path).content.decode() for path in paths]
    assert all(any(one in html for one in amounts) for html in told)
    User.objects.filter(pk=ground.owner_id).update(privacy=True)
    for path in paths:
        html = pages.get(path).content.decode()
        assert "•••" in html
        assert not [one for one in amounts if one in html], path


def test_the_pages_cost_the_same_however_many_goals_there_are(
    ground: Ground, pages: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(12):
        ground.goal(name=f"Goal {number}")
    with django_assert_max_num_queries(30):
        pages.get("/goals/")
    with django_assert_max_num_queries(45):
        pages.get(f"/goals/{newest(ground).pk}/")


def test_ids_that_are_none_are_no_pages(pages: Client) -> None:
    for unknown in ("none", uuid4()):  # all of the fund's would look like its own
        assert pages.get(f"/goals/card/?wallet={unknown}").status_code == 404
    assert pages.get("/goals/?wallet=none").status_code == 200
    assert pages.get("/goals/new/?like=none").status_code == 404
    assert pages.get(f"/goals/{UUID(int=0)}/").status_code == 404

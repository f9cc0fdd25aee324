"""The rule and its runs by page and by program: the same services, refusals in words, nothing of other owners."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from kit import clock
from kit.audit.models import AuditEntry
from kit.tenancy import tenant
from kit.users.models import User
from portfolio.allocation import services as plans
from portfolio.rebalancing.models import RebalanceRule, RebalanceRun
from tests.portfolio.fund import D
from tests.portfolio.rebalancing.conftest import Ruled
from tests.programs import bearer
from tests.wallets.books import balance
from wallets.hierarchy import holds

FORM = {
    "method": "equal", "days": "90", "minimum": "0", "maximum": "100", "cash_reserve": "0", "turnover": "",
    "maximum_risk_score": "", "risk_tolerance": "0.5", "half_life": "30", "kelly_fraction": "25", "rhythm": "week:3",
    "hour": "4", "band": "5", "automatic_up_to": "", "approve_within": "24",
}  # fmt: skip


@pytest.fixture
def waiting(ruled: Ruled) -> RebalanceRun:
    """A run of the master's that waits, made at the present moment."""
    ruled.make(at=clock.now() - timedelta(days=3), automatic_up_to=None)
    ruled.look(clock.now())
    run = RebalanceRun.objects.get()
    assert run.status == "waiting"
    return run


def test_a_person_makes_a_rule_reads_it_changes_it_switches_it_and_takes_it_away(ruled: Ruled) -> None:
    client, master = Client(), ruled.fund.wallets["master"].pk
    client.force_login(ruled.fund.owner)
    address = reverse("rebalancing:rule", args=[master])
    assert address in client.get(reverse("wallets:rules", args=[master])).content.decode()
    assert "Make the rule" in client.get(address).content.decode()
    page = client.post(address, FORM | {"turnover": "20", "after_goals": "on"}, follow=True).content.decode()
    for words in ("master rebalances by itself from now on.", "Every Wednesday at 04:00: Equal",
                  "and after each goal that brings money home here", "Each plan waits 24 hours for you.",
                  "It would be put off now:", "No value was written down yet.", "It was not due yet"):  # fmt: skip
        assert words in page, words
    rule = RebalanceRule.objects.get()
    assert (rule.every, rule.on_day, rule.hour, rule.band, rule.automatic_up_to, rule.after_goals) == (
        "week", 3, 4, D("0.05"), None, True,
    )  # fmt: skip
    assert rule.wish.limits.turnover == D("0.2")
    assert 'value="20"' in page
    page = client.post(address, FORM | {"rhythm": "day", "automatic_up_to": "12.5"}, follow=True).content.decode()
    assert "What moves at most 12.50" in page
    rule.refresh_from_db()
    assert (rule.on_day, rule.automatic_up_to) == (None, D("0.125"))
    for wrong, said in (({"band": "101"}, "at most 100"), ({"approve_within": "500"}, "120"), ({"hour": "24"}, "24"),
                        ({"automatic_up_to": "0"}, "at least")):  # fmt: skip
        answer = client.post(address, FORM | wrong)
        assert (answer.status_code, said in answer.content.decode()) == (422, True), wrong
    off = client.post(reverse("rebalancing:switch", args=[master]), {"is_on": "off"}, follow=True).content.decode()
    assert "It is off: nothing moves by itself" in off
    client.post(reverse("rebalancing:remove", args=[master]))
    assert not RebalanceRule.objects.exists()
    actions = set(AuditEntry.objects.filter(action__startswith="Rebalancing").values_list("action", flat=True))
    assert actions == {f"Rebalancing rule {done}" for done in ("made", "set", "switched off", "removed")}
    for given, words in (({"approve_within": "1"}, "Each plan waits 1 hour for you."),
                         ({"approve_within": "1", "automatic_up_to": "5"}, "more waits 1 hour for you.")):  # fmt: skip
        assert words in client.post(address, FORM | given, follow=True).content.decode()
    shown = client.get(reverse("rebalancing:rule", args=[ruled.fund.wallets["agent a"].pk])).content.decode()
    assert ("has nothing below it" in shown, "Make the rule" in shown) == (True, False)
    agent = client.post(reverse("rebalancing:rule", args=[ruled.fund.wallets["agent a"].pk]), FORM)
    assert (agent.status_code, "has nothing below it" in agent.content.decode()) == (422, True)


def test_a_person_looks_at_a_run_weight_by_weight_and_approves_it(ruled: Ruled, waiting: RebalanceRun) -> None:
    client = Client()
    client.force_login(ruled.fund.owner)
    ruled.value()
    address = reverse("rebalancing:run", args=[waiting.pk])
    assert address in client.get(reverse("rebalancing:rule", args=[waiting.rule.wallet_id])).content.decode()
    page = client.get(address).content.decode()
    for words in ("Waits for approval", "one of 2 equal parts", "Every day: it was due at", "beyond the band of",
                  "It waits for you until", str(waiting.allocation_id), "Weight by weight"):  # fmt: skip
        assert words in page, words
    ruled.fund.deposit("100")
    again = client.post(f"{address}approve/", {"plan": str(waiting.allocation_id)}, follow=True).content.decode()
    assert "Money has moved since, so nothing was applied: look at it again." in again
    waiting.refresh_from_db()
    assert client.post(f"{address}approve/", {"plan": "nonsense"}).status_code == 404
    done = client.post(f"{address}approve/", {"plan": str(waiting.allocation_id)}, follow=True).content.decode()
    assert "It is done, all of it at once." in done
    assert "The plan, and undo" in done
    farms = [sum(balance(ruled.fund.wallets[f"{kind} {one}"]) for kind in ("farm", "agent")) for one in "ab"]
    assert farms == [550, 550]
    late = client.post(f"{address}decline/", follow=True).content.decode()
    assert "This run is over: done." in late


def test_a_person_declines_and_is_told_why_nothing_can_be_approved_now(ruled: Ruled, waiting: RebalanceRun) -> None:
    client = Client()
    client.force_login(ruled.fund.owner)
    address = reverse("rebalancing:run", args=[waiting.pk])
    holds.choose(owner_id=waiting.owner_id, wallet_id=waiting.rule.wallet_id, state="halted")
    refused = client.post(f"{address}approve/", {"plan": str(waiting.allocation_id)}, follow=True).content.decode()
    assert "Not now. master is halted." in refused
    assert "It is declined: nothing was moved." in client.post(f"{address}decline/", follow=True).content.decode()


def test_a_program_sets_approves_lists_and_takes_away(ruled: Ruled) -> None:
    client, master = Client(), ruled.fund.wallets["master"].pk
    asked: Any = {"content_type": "application/json", "headers": bearer(ruled.fund.owner)}
    api = "/api/v1"
    rule = f"{api}/wallets/{master}/rebalancing"
    wish = {
        "method": "equal", "every": "month", "on_day": 31, "hour": 23, "band": "0.1", "automatic_up_to": "0.3",
        "constraints": {"turnover": "0.5", "targets": [{"wallet_id": str(ruled.fund.wallets["farm a"].pk),
                                                        "maximum": "0.7"}]},
    }  # fmt: skip
    assert client.get(rule, **asked).status_code == 404
    made = client.put(rule, wish, **asked)
    assert made.status_code == 200, made.content
    told = made.json()
    assert (told["every"], told["on_day"], told["band"], told["automatic_up_to"]) == ("month", 31, "0.1", "0.3")
    assert told["put_off"] == ["No value was written down yet."]
    assert told["next_at"] is not None
    for wrong, field in (
        ({"on_day": None}, "on_day"), ({"every": "day"}, "on_day"), ({"every": "week", "on_day": 8}, "on_day"),
        ({"hour": 24}, "hour"), ({"band": "1.1"}, "band"), ({"automatic_up_to": "0"}, "automatic_up_to"),
        ({"approve_within": 121}, "approve_within"), ({"method": "hope"}, "method"),
    ):  # fmt: skip
        answer = client.put(rule, wish | wrong, **asked)
        assert (answer.status_code, field in answer.json()["fields"]) == (422, True), (wrong, answer.content)
    never: list[tuple[dict[str, Any], str]] = [
        ({"kinds": ["nonsense"]}, "kinds"), ({"minimum": "0.9"}, "minimum"),
        ({"minimum": "0.4", "cash_reserve": "0.3"}, "minimum"), ({"turnover": "0"}, "turnover"),
    ]  # fmt: skip
    for limits, field in never:
        answer = client.put(rule, wish | {"constraints": limits}, **asked)
        assert (answer.status_code, list(answer.json()["fields"])) == (422, [f"constraints.{field}"]), limits
        assert answer.json()["detail"]
    foreign = wish | {"constraints": {"targets": [{"wallet_id": str(uuid4())}]}}
    assert "constraints.targets" in client.put(rule, foreign, **asked).json()["fields"]
    farm = str(ruled.fund.wallets["farm a"].pk)
    for path, send in ((rule, client.put), (f"{api}/wallets/{master}/plans/preview", client.post)):
        twice = {"targets": [{"wallet_id": farm, "minimum": "0.1"}, {"wallet_id": farm, "minimum": "0.7"}]}
        answer = send(path, {"method": "equal", "on_day": 1, "constraints": twice} if path == rule else
                      {"method": "equal", "constraints": twice}, **asked)  # fmt: skip
        assert (answer.status_code, list(answer.json()["fields"])) == (422, ["constraints.targets.1.wallet_id"])
    assert (
        client.put(rule, wish | {"every": "day", "on_day": None, "automatic_up_to": None}, **asked).status_code == 200
    )
    ruled.look(clock.now() + timedelta(days=1))
    runs = client.get(f"{api}/rebalancing/runs?status=waiting&wallet_id={master}", **asked).json()["items"]
    (run,) = runs
    assert (run["reason"].startswith("farm b is 0.2 off its weight"), run["turnover"]) == (True, "0.3")
    assert client.get(f"{api}/rebalancing/runs?status=done", **asked).json()["items"] == []
    assert client.get(f"{api}/rebalancing/runs?status=odd", **asked).status_code == 422
    ruled.value()
    approve = f"{api}/rebalancing/runs/{run['id']}/approve"
    assert client.post(approve, {"plan_id": str(uuid4())}, **asked).status_code == 409
    ruled.fund.deposit("100")
    anew = client.post(approve, {"plan_id": run["plan_id"]}, **asked)
    assert (anew.status_code, anew.json()["status"]) == (202, "waiting")
    done = client.post(approve, {"plan_id": anew.json()["plan_id"]}, **asked)
    assert (done.status_code, done.json()["status"]) == (200, "done")
    assert client.post(f"{api}/rebalancing/runs/{run['id']}/decline", **asked).status_code == 409
    assert client.delete(rule, **asked).status_code == 204
    assert client.get(f"{api}/rebalancing", **asked).json() == []


def test_a_run_whose_plan_was_undone_says_when_it_was_taken_back_wherever_it_is_shown(
    ruled: Ruled, waiting: RebalanceRun
) -> None:
    client, owner = Client(), ruled.fund.owner
    client.force_login(owner)
    ruled.value()
    assert waiting.allocation_id is not None
    asked: Any = {"content_type": "application/json", "headers": bearer(owner)}
    address = f"/api/v1/rebalancing/runs/{waiting.pk}"
    done = client.post(f"{address}/approve", {"plan_id": str(waiting.allocation_id)}, **asked).json()
    assert (done["status"], done["taken_back_at"]) == ("done", None)
    pages = [
        reverse("rebalancing:run", args=[waiting.pk]),
        reverse("rebalancing:rule", args=[waiting.rule.wallet_id]),
    ]
    assert not any("taken back" in client.get(page).content.decode() for page in pages)
    back = plans.undo(owner_id=owner.pk, plan_id=waiting.allocation_id)
    told = client.get(address, **asked).json()
    assert abs(datetime.fromisoformat(told["taken_back_at"]) - back.created_at) < timedelta(milliseconds=1)
    assert client.get("/api/v1/rebalancing/runs", **asked).json()["items"] == [told]
    assert all("taken back" in client.get(page).content.decode() for page in pages)


def test_other_owners_see_and_change_nothing(ruled: Ruled, waiting: RebalanceRun, other_owner: User) -> None:
    client, master = Client(), waiting.rule.wallet_id
    stranger: Any = {"content_type": "application/json", "headers": bearer(other_owner)}
    api = "/api/v1"
    plan = {"plan_id": str(waiting.allocation_id)}
    assert client.get(f"{api}/rebalancing/runs", **stranger).json()["items"] == []
    for method, path, body in (
        ("get", f"wallets/{master}/rebalancing", None), ("put", f"wallets/{master}/rebalancing", {"method": "equal"}),
        ("delete", f"wallets/{master}/rebalancing", None), ("get", f"rebalancing/runs/{waiting.pk}", None),
        ("post", f"rebalancing/runs/{waiting.pk}/approve", plan),
        ("post", f"rebalancing/runs/{waiting.pk}/decline", None),
    ):  # fmt: skip
        sent = {} if body is None else {"data": body}
        assert getattr(client, method)(f"{api}/{path}", **sent, **stranger).status_code == 404, path
    client.force_login(other_owner)
    for name in ("rule", "switch", "remove"):
        assert client.post(reverse(f"rebalancing:{name}", args=[master]), FORM).status_code == 404
    for name in ("approve", "decline"):
        assert client.post(reverse(f"rebalancing:{name}", args=[waiting.pk]), plan).status_code == 404
    assert client.get(reverse("rebalancing:run", args=[waiting.pk])).status_code == 404
    with tenant(ruled.fund.owner.pk):
        waiting.refresh_from_db()
        assert waiting.status == "waiting"


def test_who_hides_amounts_sees_no_amount_of_a_run(ruled: Ruled, waiting: RebalanceRun) -> None:
    User.objects.filter(pk=ruled.fund.owner.pk).update(privacy=True)
    client = Client()
    client.force_login(ruled.fund.owner)
    page = client.get(reverse("rebalancing:run", args=[waiting.pk])).content.decode()
    assert "600" not in page
    assert "50.0" in page

"""Rules carry themselves out once for each reason, say why, and never do a thing twice whatever crashes."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from kit import clock
from kit.errors import InvalidInputError, NotFoundError
from kit.tenancy import tenant
from kit.users.models import User
from tests.portfolio.fund import D, Fund
from tests.programs import bearer
from tests.wallets.books import balance
from tests.wallets.test_hierarchy import Tree, down, plant
from wallets import services, tasks
from wallets.hierarchy import rules, undoing
from wallets.ledger import verify
from wallets.models import Connection, FundAllocation, Posting, RuleRun, Wallet, WalletRule


@pytest.fixture
def tree(as_owner: User) -> Tree:
    return plant(as_owner)


def make(wallet: Wallet, kind: str, every: str = "") -> WalletRule:
    return services.make_rule(owner_id=wallet.owner_id, wallet_id=wallet.pk, kind=kind, every=every)


def work(owner: User) -> list[tuple[str, str]]:
    return [(run.status, run.reason.exact) for run in services.apply_rules(owner_id=owner.pk)]


def pay_in(tree: Tree, amount: str, key: str) -> None:
    services.deposit(owner_id=tree.owner.pk, wallet_id=tree.master.pk, amount=D(amount), asset="USDT", key=key)


def test_new_deposits_are_shared_out_by_target_once_and_older_ones_never(tree: Tree) -> None:
    make(tree.master, "distribute")
    make(tree.farm, "distribute")
    assert work(tree.owner) == []
    pay_in(tree, "100", "second")
    assert work(tree.owner) == [("done", "100 USDT came to Master."), ("done", "40 USDT came to Farm.")]
    assert work(tree.owner) == []
    assert [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent)] == [1060, 20, 20]
    run = RuleRun.objects.earliest("pk")
    assert run.allocation is not None
    assert run.allocation.posting is not None
    assert run.allocation.note.exact == "Rule: share out what comes in"
    assert verify(owner_id=tree.owner.pk).ok


def test_what_a_rule_did_can_be_taken_back_and_is_not_done_again(tree: Tree) -> None:
    make(tree.farm, "distribute")
    down(tree, tree.master, tree.farm, 100)
    assert [status for status, _ in work(tree.owner)] == ["done"]
    done = RuleRun.objects.get().allocation
    assert done is not None
    undoing.undo(owner_id=tree.owner.pk, allocation_id=done.pk)
    assert work(tree.owner) == []
    assert (balance(tree.farm), balance(tree.agent)) == (100, 0)


def test_a_minimum_balance_is_filled_up_from_below(tree: Tree) -> None:
    down(tree, tree.master, tree.farm, 950)
    Wallet.objects.filter(pk=tree.master.pk).update(minimum_balance=200)
    make(tree.master, "reserve")
    assert work(tree.owner) == [("done", "Master lacks 150 USDT of its minimum balance.")]
    assert (balance(tree.master), balance(tree.farm)) == (200, 800)
    assert work(tree.owner) == []
    Wallet.objects.filter(pk=tree.master.pk).update(minimum_balance=2000)
    assert work(tree.owner)[0][0] == "done"
    assert balance(tree.master) == 1000
    told = "Master lacks 1000 USDT of its minimum balance. Nothing below it has that free."
    assert work(tree.owner) == [("nothing", told)]
    assert work(tree.owner) == []


def test_what_is_above_a_ceiling_goes_up_at_once(tree: Tree) -> None:
    Wallet.objects.filter(pk=tree.farm.pk).update(maximum_balance=300)
    make(tree.master, "sweep", "ceiling")
    down(tree, tree.master, tree.farm, 300)
    assert work(tree.owner) == []
    down(tree, tree.master, tree.farm, 25, "more")
    assert work(tree.owner) == [("done", "Farm is 25 USDT above its ceiling.")]
    assert balance(tree.farm) == 300
    assert work(tree.owner) == []


@pytest.mark.parametrize(("every", "pause"), [("hour", 1), ("day", 24), ("week", 24 * 7)])
def test_free_profit_is_swept_up_once_in_a_period(as_owner: User, every: str, pause: int) -> None:
    fund = Fund.make(as_owner)
    agent, farm, master = (fund.wallets[name] for name in ("agent a", "farm a", "master"))
    fund.deposit("1000", wallet="agent a")
    make(master, "sweep", every)
    at = datetime(2030, 1, 2, 12, 30, tzinfo=UTC)
    with clock.at(at):
        assert work(as_owner) == [("nothing", "There is no free profit below master.")]
    fund.buy("agent a", "2", "100", fee="1")
    fund.sell("agent a", "2", "130", fee="1")
    with clock.at(at):
        assert work(as_owner) == []
    with clock.at(at + timedelta(hours=pause)):
        assert work(as_owner) == [("done", "58 USDT of free profit below master.")]
        assert work(as_owner) == []
    assert [balance(one) for one in (agent, farm, master)] == [1000, 0, 58]
    with clock.at(at + timedelta(hours=2 * pause)):
        assert [status for status, _ in work(as_owner)] == ["nothing"]


def test_a_rule_that_is_off_does_nothing_and_misses_what_came_meanwhile(tree: Tree) -> None:
    rule = make(tree.master, "distribute")
    services.switch_rule(owner_id=tree.owner.pk, rule_id=rule.pk, is_on=False)
    pay_in(tree, "100", "while off")
    assert work(tree.owner) == []
    with clock.at(clock.now() + timedelta(seconds=5)):
        assert make(tree.master, "distribute").is_on
        assert work(tree.owner) == []
    Connection.objects.update(state="paused")
    pay_in_at = clock.now() + timedelta(seconds=9)
    with clock.at(pay_in_at):
        assert work(tree.owner) == []


def test_a_rule_that_is_killed_between_posting_and_log_has_done_nothing_and_does_it_once(
    live_db: str, owner: User
) -> None:
    """What the books and the log say is one transaction: a break at any statement leaves both or neither."""
    with tenant(owner.pk):
        tree = plant(owner)
        rule = make(tree.master, "distribute")
    with tenant(owner.pk):
        pay_in(tree, "100", "second")
    with connections["owner"].cursor() as cursor:  # the log cannot be written: a worker dies right there
        cursor.execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'killed'; END $$;"
            "CREATE TRIGGER die BEFORE INSERT ON wallets_rulerun FOR EACH ROW EXECUTE FUNCTION die()"
        )
    assert tasks.apply_rules_of(str(owner.pk)) == 0
    with tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == (1100, 0)
        assert not Posting.objects.filter(key__startswith="rule:").exists()
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP FUNCTION die CASCADE")
    done = []

    def once() -> None:
        done.append(tasks.apply_rules_of(str(owner.pk)))
        connections.close_all()

    threads = [threading.Thread(target=once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 1]
    with tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == (1060, 40)
        assert RuleRun.objects.filter(rule=rule).count() == 1


def test_rules_are_for_those_who_have_something_below(tree: Tree, other_owner: User) -> None:
    for wallet, kind, every, said in (
        (tree.agent, "distribute", "", "Agent has nothing below it"),
        (tree.farm, "nonsense", "", "Choose one of distribute"),
        (tree.farm, "sweep", "", "Choose one of ceiling"),
        (tree.farm, "reserve", "day", "Only a sweep has a rhythm"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            make(wallet, kind, every)
    rule = make(tree.farm, "reserve")
    assert make(tree.farm, "reserve") == rule
    with pytest.raises(NotFoundError):
        rules.find_rule(owner_id=other_owner.pk, rule_id=rule.pk)


def test_a_program_and_the_page_make_look_at_and_switch_a_rule(client: Client, tree: Tree, other_owner: User) -> None:
    asked: Any = {"content_type": "application/json", "headers": bearer(tree.owner)}
    api = "/api/v1"
    made = client.post(f"{api}/wallets/{tree.farm.pk}/rules", {"kind": "distribute"}, **asked)
    assert (made.status_code, made.json()["is_on"]) == (201, True)
    down(tree, tree.master, tree.farm, 100)
    rule = made.json()["id"]
    now = client.get(f"{api}/rules/{rule}/preview", headers=asked["headers"]).json()
    assert [(one["why"], one["lines"][0]["amount"], one["done"]) for one in now] == [
        ("100 USDT came to Farm.", "50", False)
    ]
    client.force_login(tree.owner)
    page = reverse("wallets:rules", args=[tree.farm.pk])
    assert f'href="{page}"' in client.get(reverse("wallets:wallet", args=[tree.farm.pk])).content.decode()
    assert "came to Farm." in client.get(page).content.decode()
    work(tree.owner)
    runs = client.get(f"{api}/rules/{rule}/runs", headers=asked["headers"]).json()["items"]
    newest = FundAllocation.objects.latest("created_at")
    assert [(one["status"], one["allocation_id"]) for one in runs] == [("done", str(newest.pk))]
    assert "There is no reason to do anything now." in client.get(page).content.decode()
    off = client.post(reverse("wallets:rule-switch", args=[rule]), {"is_on": "off"}, follow=True).content.decode()
    assert "Share out what comes in is off." in off
    swept = client.post(page, {"rule": "sweep:day"}, follow=True).content.decode()
    assert "Sweep up is on" in swept
    assert client.post(page, {"rule": "odd"}).status_code == 422
    client.force_login(other_owner)
    assert client.get(page).status_code == 404
    assert client.post(reverse("wallets:rule-switch", args=[rule]), {"is_on": "on"}).status_code == 404
    stranger = bearer(other_owner)
    for path in (f"rules/{rule}/preview", f"rules/{rule}/runs", f"wallets/{tree.farm.pk}/rules"):
        assert client.get(f"{api}/{path}", headers=stranger).status_code == 404
    assert client.patch(
        f"{api}/wallets/{tree.farm.pk}", {"maximum_balance": "5", "minimum_balance": "6"}, **asked
    ).json()["fields"] == {"maximum_balance": "At least the minimum balance."}
    answer = client.patch(f"{api}/wallets/{tree.farm.pk}", {"maximum_balance": "7"}, **asked).json()
    assert (answer["maximum_balance"], Decimal(answer["minimum_balance"])) == ("7", 0)

"""Plans of many lines: looked at, applied as one posting, taken back; what stays is said, and what is wrong refused."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.urls import reverse

from kit import clock
from kit.errors import ConflictError, InvalidInputError, MoniqoError, NotFoundError
from kit.tenancy import tenant
from kit.users.models import User
from tests.overtaking import in_the_middle_of
from tests.portfolio.fund import D, Fund
from tests.programs import bearer
from tests.wallets.books import balance, ref
from tests.wallets.test_hierarchy import Tree, down, plant
from wallets import services
from wallets.hierarchy import earnings, plans, undoing, wishes
from wallets.ledger import IdempotencyConflictError, InsufficientFundsError, Leg, post, verify
from wallets.models import AllocationLine, FundAllocation, Posting, Wallet

API = "/api/v1/allocations"


@pytest.fixture
def tree(as_owner: User) -> Tree:
    """600 in the farm, 300 of it with its agent."""
    tree = plant(as_owner)
    down(tree, tree.master, tree.farm, 600)
    down(tree, tree.farm, tree.agent, 300, "on")
    return tree


def draft(tree: Tree, **wish: Any) -> wishes.Draft:
    return wishes.draft(wishes.read_books(tree.owner.pk), **wish)


def keep(tree: Tree, **wish: Any) -> plans.Plan:
    books = wishes.read_books(tree.owner.pk)
    return plans.preview(owner_id=tree.owner.pk, draft=wishes.draft(books, **wish), books=books)


def apply(tree: Tree, plan: plans.Plan, key: str = "now") -> FundAllocation:
    return plans.apply(owner_id=tree.owner.pk, allocation_id=plan.allocation.pk, key=key)


def said(lines: Any) -> list[tuple[str, str, Decimal]]:
    return [(line.source.name, line.target.name, line.amount) for line in lines]


# --- what is wished for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "amount"), [({"amount": D(12)}, 12), ({"share": D("0.25")}, 100), ({"up_to": D(750)}, 150)]
)
def test_a_child_gets_an_amount_a_share_or_what_brings_it_to_one(tree: Tree, how: Any, amount: int) -> None:
    plan = keep(tree, do="allocate", wallet_id=tree.master.pk, target_id=tree.farm.pk, **how)
    assert said(plan.lines) == [("Master", "Farm", amount)]
    apply(tree, plan)
    assert balance(tree.farm) == 300 + amount


def test_a_whole_tree_gives_up_what_is_free_over_each_link_in_one_posting(tree: Tree) -> None:
    Wallet.objects.filter(pk=tree.farm.pk).update(minimum_balance=50)
    hold = Leg(ref(tree.agent), ref(tree.agent, kind="clearing"), D(120), phase="pending")
    post(owner_id=tree.owner.pk, key="hold", kind="hold", legs=[hold])
    plan = keep(tree, do="collect", wallet_id=tree.master.pk, what="free", below=True)
    assert said(plan.lines) == [("Agent", "Farm", 180), ("Farm", "Master", 180), ("Farm", "Master", 250)]
    assert "Agent: 120 USDT is in open orders or margin." in plan.allocation.stays.exact
    assert "Farm: 50 USDT is its minimum balance." in plan.allocation.stays.exact
    sides = {side.wallet.name: side for side in plan.sides}
    agent = sides["Agent"]
    assert (agent.free_before, agent.free_after, agent.held) == (180, 0, 120)
    assert (sides["Master"].balance_before, sides["Master"].balance_after) == (400, 830)
    before = Posting.objects.count()
    done = apply(tree, plan)
    assert Posting.objects.count() == before + 1
    assert (done.status, done.source, done.target, done.amount) == ("applied", None, tree.master, 430)
    assert [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent)] == [830, 50, 120]
    assert verify(owner_id=tree.owner.pk).ok


def test_children_come_back_to_their_targets_and_those_inside_the_band_stay(tree: Tree) -> None:
    other = services.create_wallet(
        owner_id=tree.owner.pk, name="Other", role="farm", parent=tree.master, target_weight=D("0.3")
    )
    near = services.create_wallet(
        owner_id=tree.owner.pk, name="Near", role="farm", parent=tree.master, target_weight=D("0.02")
    )
    plan = keep(tree, do="rebalance", wallet_id=tree.master.pk)
    assert said(plan.lines) == [("Farm", "Master", 200), ("Master", "Other", 300)]
    apply(tree, plan)
    assert (balance(tree.farm), balance(other), balance(near)) == (100, 300, 0)
    with pytest.raises(InvalidInputError, match="There is nothing to move"):
        keep(tree, do="rebalance", wallet_id=tree.master.pk)
    assert said(draft(tree, do="rebalance", wallet_id=tree.master.pk, band=D(0)).lines) == [("Master", "Near", 20)]


def test_what_is_short_is_shared_out(tree: Tree) -> None:
    Wallet.objects.filter(pk=tree.farm.pk).update(target_weight=None)
    Wallet.objects.filter(pk=tree.master.pk).update(minimum_balance=300)
    for name, weight in (("One", "0.3"), ("Two", "0.1")):
        services.create_wallet(
            owner_id=tree.owner.pk, name=name, role="farm", parent=tree.master, target_weight=D(weight)
        )
    plan = draft(tree, do="rebalance", wallet_id=tree.master.pk)
    assert said(plan.lines) == [("Master", "One", 75), ("Master", "Two", 25)]
    assert [one.exact for one in plan.stays] == [
        "One: 225 USDT of what it lacks is not free above it.", "Two: 75 USDT of what it lacks is not free above it.",
    ]  # fmt: skip


def test_only_what_was_earned_is_collected_once_and_new_money_is_none(as_owner: User) -> None:
    fund = Fund.make(as_owner)
    fund.deposit("1000", wallet="agent a")
    fund.buy("agent a", "2", "100", fee="1")
    fund.sell("agent a", "2", "130", fee="1")
    agent = fund.wallets["agent a"]
    books = wishes.read_books(as_owner.pk)
    plan = wishes.draft(books, do="collect", wallet_id=agent.pk, what="profit")
    assert [(line.amount, line.profit) for line in plan.lines] == [(58, 58)]
    kept = plans.preview(owner_id=as_owner.pk, draft=plan, books=books)
    plans.apply(owner_id=as_owner.pk, allocation_id=kept.allocation.pk, key="profit")
    fund.deposit("500", wallet="agent a")
    again = wishes.draft(wishes.read_books(as_owner.pk), do="collect", wallet_id=agent.pk, what="profit")
    assert again.lines == ()
    undoing.undo(owner_id=as_owner.pk, allocation_id=kept.allocation.pk)
    assert earnings.kept(owner_id=as_owner.pk, wallet_ids=[agent.pk]) == {agent.pk: 58}


# --- applied and taken back -----------------------------------------------------------------------------------------


def test_a_plan_is_applied_once_and_taken_back_while_the_money_is_there(tree: Tree) -> None:
    plan = keep(tree, do="collect", wallet_id=tree.farm.pk, what="free", below=True)
    done = apply(tree, plan)
    assert apply(tree, plan) == done
    with pytest.raises(ConflictError, match="carried out already"):
        apply(tree, plan, "another key")
    other = keep(tree, do="allocate", wallet_id=tree.master.pk, target_id=tree.farm.pk, amount=D(1))
    with pytest.raises(IdempotencyConflictError):
        apply(tree, other)
    back = undoing.undo(owner_id=tree.owner.pk, allocation_id=done.pk)
    assert undoing.undo(owner_id=tree.owner.pk, allocation_id=done.pk) == back
    assert [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent)] == [400, 300, 300]
    done.refresh_from_db()
    assert (done.status, back.status) == ("undone", "applied")
    gone = apply(tree, other, "second")
    down(tree, tree.farm, tree.agent, 301, "used")
    with pytest.raises(undoing.GoneError, match="Farm no longer has it free"):
        undoing.undo(owner_id=tree.owner.pk, allocation_id=gone.pk)
    assert verify(owner_id=tree.owner.pk).ok


def test_a_plan_whose_money_is_gone_moves_nothing(tree: Tree) -> None:
    plan = keep(tree, do="collect", wallet_id=tree.farm.pk, what="free", below=True)
    down(tree, tree.farm, tree.agent, 200, "meanwhile")
    found = plans.find(owner_id=tree.owner.pk, allocation_id=plan.allocation.pk)
    assert found.warnings == ("Farm has not enough free USDT any more: this plan cannot be applied now.",)
    with pytest.raises(InsufficientFundsError, match="is free and"):
        apply(tree, plan)
    assert [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent)] == [400, 100, 500]
    assert plans.find(owner_id=tree.owner.pk, allocation_id=plan.allocation.pk).is_open


def test_of_two_plans_for_the_same_money_at_once_one_is_carried_out(live_db: str, owner: User) -> None:
    with tenant(owner.pk):
        tree = plant(owner)
        wishes = [
            keep(tree, do="allocate", wallet_id=tree.master.pk, target_id=tree.farm.pk, amount=D(700)) for _ in range(4)
        ]
    ready, done, refused = threading.Barrier(4), list[str](), list[str]()

    def work(plan: plans.Plan) -> None:
        try:
            ready.wait(30)
            with tenant(owner.pk):
                done.append(apply(tree, plan, key=f"{plan.allocation.pk}").status)
        except MoniqoError as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(plan,)) for plan in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["applied"]
    assert len(refused) == 3
    assert all("is needed: ask for less, or add funds." in one for one in refused)
    with tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == (300, 700)
        assert verify(owner_id=owner.pk).ok


def test_the_same_plan_with_the_same_key_at_once_is_carried_out_once_and_told_twice(live_db: str, owner: User) -> None:
    """The second waits for the first to commit, and finds what it did."""
    tree, plan = planned(owner)
    with in_the_middle_of(as_owner_of(tree, plan), plans, "tell"), tenant(owner.pk):
        assert apply(tree, plan).status == "applied"
    with tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == (300, 700)


def test_what_is_applied_at_this_moment_can_be_undone(live_db: str, owner: User) -> None:
    tree, plan = planned(owner)
    with in_the_middle_of(as_owner_of(tree, plan), plans, "tell"), tenant(owner.pk):
        undoing.undo(owner_id=owner.pk, allocation_id=plan.allocation.pk)
    with tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == (1000, 0)


def planned(owner: User) -> tuple[Tree, plans.Plan]:
    with tenant(owner.pk):
        tree = plant(owner)
        return tree, keep(tree, do="allocate", wallet_id=tree.master.pk, target_id=tree.farm.pk, amount=D(700))


def as_owner_of(tree: Tree, plan: plans.Plan) -> Callable[[], FundAllocation]:
    def work() -> FundAllocation:
        with tenant(tree.owner.pk):
            return apply(tree, plan)

    return work


def test_plans_that_nobody_applied_are_forgotten(live_db: str, owner: User) -> None:
    with tenant(owner.pk):
        tree = plant(owner)
        with clock.at(clock.now() - timedelta(days=2 * settings.PLAN_DAYS)):
            old = keep(tree, do="allocate", wallet_id=tree.master.pk, target_id=tree.farm.pk, amount=D(1))
        new = keep(tree, do="allocate", wallet_id=tree.master.pk, target_id=tree.farm.pk, amount=D(2))
    assert plans.forget_previews() == 1
    with tenant(owner.pk):
        assert not FundAllocation.objects.filter(pk=old.allocation.pk).exists()
        assert AllocationLine.objects.filter(allocation=new.allocation.pk).count() == 1
        assert verify(owner_id=owner.pk).ok


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"do": "allocate", "target": "agent", "amount": "1"}, "target_id", "is not the parent of Agent"),
        ({"do": "allocate", "amount": "1"}, "target_id", "Say which child"),
        ({"do": "allocate", "target": "farm", "amount": "1", "share": "0.5"}, "", "one of them"),
        ({"do": "allocate", "target": "farm", "to_amount": "600"}, "to_amount", "Farm has that much already"),
        ({"do": "allocate", "target": "farm", "amount": "1", "asset": "US DT"}, "asset", "Name the asset"),
        ({"do": "allocate", "target": "farm", "amount": "0.0000000000000000001"}, "amount", "at most 18 decimals"),
        ({"do": "allocate", "target": "farm", "share": "1.5"}, "share", "up to 1"),
        ({"do": "collect", "target": "agent", "below": True}, "target_id", "Agent would give to itself"),
        ({"do": "collect", "target": "master"}, "target_id", "Master would give to itself"),
        ({"do": "collect"}, "", "nothing to move"),
        ({"do": "rebalance", "band": "1.5"}, "band", "from 0 to 1"),
    ],
)
def test_bad_wishes_have_a_sentence(client: Client, tree: Tree, wish: Any, field: str, words: str) -> None:
    named = {"farm": tree.farm, "agent": tree.agent, "master": tree.master}
    body = {name: value for name, value in wish.items() if name != "target"} | {"wallet_id": str(tree.master.pk)}
    if "target" in wish:
        body["target_id"] = str(named[wish["target"]].pk)
    answer = client.post(f"{API}/preview", body, content_type="application/json", headers=bearer(tree.owner))
    assert answer.status_code == 422
    told = answer.json().get("fields", {}).get(field, "") + answer.json()["detail"]
    assert words in told, told
    assert not FundAllocation.objects.filter(status="previewed").exists()


def test_more_than_is_free_is_refused_when_it_is_applied(client: Client, tree: Tree) -> None:
    wish = {"do": "allocate", "wallet_id": str(tree.master.pk), "target_id": str(tree.farm.pk), "amount": "401"}
    asked: Any = {"content_type": "application/json", "headers": bearer(tree.owner)}
    plan = client.post(f"{API}/preview", wish, **asked).json()
    assert plan["warnings"] == ["Master has not enough free USDT any more: this plan cannot be applied now."]
    headers = asked["headers"] | {"Idempotency-Key": "k"}
    refused = client.post(f"{API}/{plan['id']}/apply", headers=headers)
    assert (refused.status_code, refused.json()["detail"]) == (
        422, "Only 400 USDT is free and 401 USDT is needed: ask for less, or add funds.",
    )  # fmt: skip


# --- pages and API --------------------------------------------------------------------------------------------------


def test_a_program_looks_at_a_plan_and_carries_it_out(client: Client, tree: Tree, other_owner: User) -> None:
    asked: Any = {"content_type": "application/json", "headers": bearer(tree.owner)}
    wish = {"do": "collect", "wallet_id": str(tree.farm.pk), "below": True, "note": "Home"}
    made = client.post(f"{API}/preview", wish, **asked)
    plan = made.json()
    assert (made.status_code, plan["status"], plan["cost"], len(plan["lines"])) == (201, "previewed", "0", 3)
    assert client.get(API, headers=asked["headers"]).json()["items"][0]["kind"] != "collect"
    assert client.post(f"{API}/{plan['id']}/apply", **asked).status_code == 422, "a key is needed"
    headers = asked["headers"] | {"Idempotency-Key": "once"}
    for _ in range(2):
        done = client.post(f"{API}/{plan['id']}/apply", headers=headers)
        assert (done.status_code, done.json()["status"], done.json()["amount"]) == (201, "applied", "600")
    assert client.get(f"{API}/{plan['id']}", headers=headers).json()["posting_id"]
    newest = client.get(API, headers=headers).json()["items"][0]
    assert (newest["id"], len(newest["lines"]), newest["note"]) == (plan["id"], 3, "Home")
    stranger = bearer(other_owner) | {"Idempotency-Key": "x"}
    assert client.get(f"{API}/{plan['id']}", headers=stranger).status_code == 404
    assert client.post(f"{API}/{plan['id']}/apply", headers=stranger).status_code == 404
    with pytest.raises(NotFoundError):
        plans.find(owner_id=other_owner.pk, allocation_id=plan["id"])


def test_the_pages_make_a_plan_and_carry_it_out(client: Client, tree: Tree, other_owner: User) -> None:
    client.force_login(tree.owner)
    new = reverse("wallets:wish", args=[tree.master.pk])
    assert f'href="{new}"' in client.get(reverse("wallets:wallet", args=[tree.master.pk])).content.decode()
    for do in ("allocate", "collect", "rebalance"):
        assert client.get(new, {"do": do}).status_code == 200
    refused = client.post(f"{new}?do=allocate", {"child": tree.farm.pk, "how": "up_to", "amount": "5"})
    assert refused.status_code == 422
    assert "Farm has that much already" in refused.content.decode()
    made = client.post(f"{new}?do=collect", {"what": "free", "below": "on", "note": "Home"}, follow=True)
    page = made.content.decode()
    assert "What would move, all or nothing" in page
    plan = FundAllocation.objects.get(status="previewed")
    done = client.post(reverse("wallets:plan-apply", args=[plan.pk]), {"key": "k"}, follow=True).content.decode()
    assert "It is done, all of it at once." in done
    assert balance(tree.master) == 1000
    back = client.post(reverse("wallets:plan-undo", args=[plan.pk]), follow=True).content.decode()
    assert "It is taken back" in back
    assert balance(tree.master) == 400
    client.force_login(other_owner)
    for name in ("plan-apply", "plan-undo"):
        assert client.post(reverse(f"wallets:{name}", args=[plan.pk]), {"key": "k"}).status_code == 404
    assert client.get(reverse("wallets:plan", args=[plan.pk])).status_code == 404
    assert client.get(new).status_code == 404

"""Money goes over several links of the tree at once, and only passes the wallets on the way."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.urls import reverse

from kit.audit.models import AuditEntry
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.tenancy import tenant
from kit.users.models import User
from tests.wallets.books import balance, make_connection, ref
from tests.wallets.test_hierarchy import Tree, down, plant
from wallets import services
from wallets.hierarchy.routes import FUNDING, Move, move_along, route
from wallets.ledger import IdempotencyConflictError, InsufficientFundsError, Leg, post, statements, verify
from wallets.models import AllocationLine, Connection, Entry, Posting, PostingKind, Transfer, Wallet

D = Decimal


@dataclass
class Grove:
    """Two branches and a reserve; 100 USDT in the first agent's wallet, 40 in the second's, the rest in the master."""

    tree: Tree
    reserve: Wallet
    farm: Wallet
    agent: Wallet
    names: dict[str, Wallet] = field(default_factory=dict)

    def move(self, source: str, target: str, amount: str = "30", asset: str = "USDT") -> Move:
        return Move(self.names[source], self.names[target], asset, D(amount))

    def do(self, *moves: Move, key: str = "goal:1", kind: PostingKind = PostingKind.COLLECT, **detail: Any) -> Posting:
        return move_along(owner_id=self.tree.owner.pk, key=key, kind=kind, moves=moves, detail=detail)

    @property
    def balances(self) -> dict[str, Decimal]:
        return {name: balance(wallet) for name, wallet in self.names.items()}


def grow(owner: User) -> Grove:
    tree = plant(owner)
    create = services.create_wallet
    reserve = create(owner_id=owner.pk, name="Savings", role="reserve", parent=tree.master)
    farm = create(owner_id=owner.pk, name="Other farm", role="farm", parent=tree.master)
    agent = create(owner_id=owner.pk, name="Other agent", role="agent", parent=farm)
    for number, (target, amount) in enumerate([(tree.farm, 100), (farm, 40)]):
        down(tree, tree.master, target, amount, key=f"farm {number}")
    down(tree, tree.farm, tree.agent, 100, key="agent 1")
    down(tree, farm, agent, 40, key="agent 2")
    names = {
        "master": tree.master, "reserve": reserve, "farm a": tree.farm, "agent a": tree.agent, "farm b": farm,
        "agent b": agent,
    }  # fmt: skip
    return Grove(tree, reserve, farm, agent, names)


START = {"master": 860, "reserve": 0, "farm a": 0, "agent a": 100, "farm b": 0, "agent b": 40}


@pytest.fixture
def grove(as_owner: User) -> Grove:
    return grow(as_owner)


def names(way: Sequence[Wallet]) -> list[str]:
    return [wallet.name for wallet in way]


@pytest.mark.parametrize(
    ("source", "target", "way"),
    [
        ("agent a", "reserve", ["Agent", "Farm", "Master", "Savings"]),
        ("agent a", "agent b", ["Agent", "Farm", "Master", "Other farm", "Other agent"]),
        ("agent a", "master", ["Agent", "Farm", "Master"]),
        ("master", "agent b", ["Master", "Other farm", "Other agent"]),
        ("reserve", "farm a", ["Savings", "Master", "Farm"]),
        ("farm a", "agent a", ["Farm", "Agent"]),
    ],
)
def test_the_way_leads_over_direct_links_and_the_lowest_wallet_above_both(
    grove: Grove, source: str, target: str, way: list[str]
) -> None:
    assert names(route(grove.names[source], grove.names[target])) == way


def test_several_levels_are_one_posting_with_a_leg_per_link(grove: Grove) -> None:
    posting = grove.do(grove.move("agent a", "reserve"), kind=PostingKind.REWARD, goal="7", note="Five in a row")
    rows = Transfer.objects.filter(posting=posting).select_related("debit__wallet", "credit__wallet").order_by("pk")
    assert [(row.debit.wallet.name, row.credit.wallet.name, row.amount) for row in rows] == [
        ("Agent", "Farm", 30),
        ("Farm", "Master", 30),
        ("Master", "Savings", 30),
    ]
    assert grove.balances == START | {"agent a": 70, "reserve": 30}
    assert verify(owner_id=grove.tree.owner.pk).ok
    (logged,) = AuditEntry.objects.filter(action="Reward")
    assert (logged.subject, logged.area) == ("Agent → Savings", "money")
    assert logged.after == {"amount": "30", "asset": "USDT", "note": "Five in a row"}


def test_many_moves_are_done_together_and_what_an_earlier_brings_a_later_takes_on(grove: Grove) -> None:
    grove.do(
        grove.move("agent a", "master", "100"),
        grove.move("agent b", "master", "40"),
        grove.move("master", "reserve", "900"),
        grove.move("reserve", "agent b", "0.01"),
    )
    assert grove.balances == START | {"agent a": 0, "agent b": D("0.01"), "master": 100, "reserve": D("899.99")}


def test_every_leg_is_an_allocation_so_that_these_and_the_fills_add_up_to_the_balances(grove: Grove) -> None:
    # Two legs from a farm to its master are alike: each has a note of its own, and there is no third.
    grove.do(grove.move("agent a", "reserve"), grove.move("agent a", "master"))
    grove.do(grove.move("master", "agent b", "5"), key="goal:2", kind=PostingKind.REWARD)
    for name, wallet in grove.names.items():
        made = D(0)
        for one in statements.moved(owner_id=grove.tree.owner.pk, wallet_id=wallet.pk):
            made += one.amount if one.target_id == wallet.pk else -one.amount
        assert made == grove.balances[name], name
    *_, alike = AllocationLine.objects.filter(allocation__kind="collect", source=grove.names["farm a"])
    with pytest.raises(DatabaseError, match="says something else than its posting"), transaction.atomic():
        AllocationLine.objects.create(
            owner=grove.tree.owner, allocation_id=alike.allocation_id, number=9, source_id=alike.source_id,
            target_id=alike.target_id, asset="USDT", amount=30,
        )  # fmt: skip
    assert verify(owner_id=grove.tree.owner.pk).ok


def test_all_are_done_or_none(grove: Grove) -> None:
    with pytest.raises(InsufficientFundsError):
        grove.do(grove.move("agent a", "reserve", "100"), grove.move("agent b", "reserve", "40.01"))
    assert grove.balances == START
    assert not AuditEntry.objects.filter(action="Collect", subject__contains="Savings").exists()


def test_money_in_open_orders_stays(grove: Grove) -> None:
    agent = grove.tree.agent
    leg = Leg(ref(agent), ref(agent, kind="clearing"), D(90), phase="pending")
    post(owner_id=grove.tree.owner.pk, key="hold", kind="hold", legs=[leg])
    with pytest.raises(InsufficientFundsError):
        grove.do(grove.move("agent a", "reserve", "10.01"))
    grove.do(grove.move("agent a", "reserve", "10"))
    assert balance(grove.reserve) == 10


def test_the_same_key_does_it_once_also_when_the_connection_is_paused_meanwhile(grove: Grove) -> None:
    first = grove.do(grove.move("agent a", "reserve"), goal="7")
    grove.tree.agent.name = "Renamed"
    grove.tree.agent.save()
    Connection.objects.update(state="paused")
    again = grove.do(grove.move("agent a", "reserve"), goal="7")
    assert (again.pk, again.is_replay, balance(grove.reserve)) == (first.pk, True, 30)
    assert AuditEntry.objects.filter(subject="Agent → Savings").count() == 1
    for other in (grove.move("agent a", "reserve", "31"), grove.move("agent b", "reserve")):
        with pytest.raises(IdempotencyConflictError):
            grove.do(other, goal="7")


@pytest.mark.parametrize(
    ("amount", "asset", "said"),
    [
        ("0", "USDT", "above zero"), ("-1", "USDT", "above zero"), ("NaN", "USDT", "above zero"),
        ("Infinity", "USDT", "above zero"), ("1e18", "USDT", "above zero"), ("0.001", "USDT", "finer than 0.01"),
        ("0.000000001", "BTC", "finer than 0.00000001"), ("1", "US DT", "Name the asset"),
    ],
)  # fmt: skip
def test_an_amount_that_is_none_is_refused(grove: Grove, amount: str, asset: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        grove.do(grove.move("agent a", "reserve", amount, asset))


def test_nothing_goes_nowhere_or_over_two_trees(grove: Grove) -> None:
    with pytest.raises(InvalidInputError, match="has it already"):
        grove.do(grove.move("agent a", "agent a"))
    with pytest.raises(InvalidInputError, match="nothing to move"):
        grove.do()
    owner = grove.tree.owner
    second = make_connection(owner, "Second")
    grove.names["far"] = services.create_wallet(owner_id=owner.pk, name="Far", role="master", connection=second)
    with pytest.raises(InvalidInputError, match="stand under different masters"):
        grove.do(grove.move("agent a", "far"))
    grove.names["abroad"] = services.create_wallet(
        owner_id=owner.pk, name="Abroad", role="agent", parent=grove.farm, connection=second
    )
    with pytest.raises(InvalidInputError, match="different connections"):
        grove.do(grove.move("agent a", "reserve"), grove.move("farm b", "abroad", "1"))
    assert grove.balances == START | {"far": 0, "abroad": 0}


@pytest.mark.parametrize("change", [{"is_rehearsing": True}, {"state": "paused"}, {"state": "archived"}])
def test_nothing_moves_at_a_connection_that_is_not_active_or_belongs_to_the_past(
    grove: Grove, change: dict[str, Any]
) -> None:
    Connection.objects.update(**change)
    with pytest.raises(ConflictError, match=r"Wait until the history|make it active first"):
        grove.do(grove.move("agent a", "reserve"))
    assert grove.balances == START


@pytest.mark.parametrize("kind", sorted(set(PostingKind) - FUNDING))
def test_only_funding_goes_along_the_tree(grove: Grove, kind: PostingKind) -> None:
    with pytest.raises(ValueError, match="does not move money"):
        grove.do(grove.move("agent a", "reserve"), kind=kind)


def test_somebody_elses_wallet_is_not_there(grove: Grove, other_owner: User) -> None:
    with tenant(other_owner.pk):
        grove.names["theirs"] = plant(other_owner).agent
    for move in (grove.move("agent a", "theirs"), grove.move("theirs", "agent a")):
        with pytest.raises(NotFoundError):
            grove.do(move)


def test_a_statement_says_which_wallets_the_money_only_passed(client: Client, grove: Grove) -> None:
    posting = grove.do(grove.move("agent a", "reserve"), kind=PostingKind.REWARD, note="Five in a row")

    def passing(name: str) -> list[bool]:
        rows = statements.entries(owner_id=grove.tree.owner.pk, wallet_id=grove.names[name].pk, asset="USDT")
        return [line.is_passing for line in map(statements.entry_line, rows) if line.posting_id == posting.pk]

    assert (passing("agent a"), passing("farm a"), passing("master"), passing("reserve")) == (
        [False], [True, True], [True, True], [False],
    )  # fmt: skip
    assert Entry.objects.filter(transfer__posting=posting).count() == 6
    client.force_login(grove.tree.owner)
    page = client.get(reverse("wallets:wallet", args=[grove.tree.farm.pk])).content.decode()
    assert page.count("passing through") == 2
    assert page.count(f'href="{reverse("wallets:posting", args=[posting.pk])}"') == 4, "two entries, two legs"
    assert "Five in a row" in page
    whole = client.get(reverse("wallets:posting", args=[posting.pk])).content.decode()
    assert "Reward" in whole
    assert "Savings" in whole


def test_many_with_one_key_at_once_do_it_once(live_db: str, owner: User) -> None:
    with tenant(owner.pk):
        grove = grow(owner)
    ready, done = threading.Barrier(8), []

    def work() -> None:
        ready.wait(30)
        with tenant(owner.pk):
            done.append(grove.do(grove.move("agent a", "reserve"), grove.move("agent b", "reserve", "5")))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(posting.is_replay for posting in done) == [False, *[True] * 7]
    with tenant(owner.pk):
        assert grove.balances == START | {"agent a": 70, "agent b": 35, "reserve": 35}
        assert AuditEntry.objects.filter(subject__endswith="→ Savings", action="Collect").count() == 2

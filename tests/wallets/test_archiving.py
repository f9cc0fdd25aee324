"""Masters and reserves are put away empty, taken back, and a reserve moves to another master; money knows of it."""

import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from kit.errors import ConflictError, InvalidInputError, MoniqoError, NotFoundError
from kit.tenancy import tenant
from kit.users.models import User
from tests.overtaking import in_the_middle_of
from tests.programs import bearer
from tests.wallets.books import balance, make_connection, ref
from tests.wallets.test_hierarchy import Tree, down, plant, up
from wallets import services
from wallets.hierarchy import archiving
from wallets.hierarchy.routes import Move, move_along
from wallets.ledger import Leg, post
from wallets.models import PostingKind, Wallet

API = "/api/v1/wallets"


@pytest.fixture
def tree(as_owner: User) -> Tree:
    return plant(as_owner)


@pytest.fixture
def reserve(tree: Tree) -> Wallet:
    return services.create_wallet(owner_id=tree.owner.pk, name="Savings", role="reserve", parent=tree.master)


@pytest.fixture
def second(tree: Tree) -> Wallet:
    return services.create_wallet(
        owner_id=tree.owner.pk, name="Second", role="master", connection=tree.master.connection
    )


def archive(wallet: Wallet) -> Wallet:
    return services.archive_wallet(owner_id=wallet.owner_id, wallet_id=wallet.pk)


def move(wallet: Wallet, parent: Wallet) -> Wallet:
    return services.move_wallet(owner_id=wallet.owner_id, wallet_id=wallet.pk, parent_id=parent.pk)


def test_a_wallet_is_archived_once_it_is_empty_and_nothing_of_it_is_under_way(tree: Tree, reserve: Wallet) -> None:
    down(tree, tree.master, reserve, 100)
    leg = Leg(ref(reserve), ref(reserve, kind="clearing"), Decimal(40), phase="pending")
    pending = post(owner_id=tree.owner.pk, key="hold", kind="hold", legs=[leg])
    with pytest.raises(ConflictError, match="Savings has an order that has not ended"):
        archive(reserve)
    free = Leg(ref(reserve), ref(reserve, kind="clearing"), None, phase="void", pending_id=pending.transfer_ids[0])
    post(owner_id=tree.owner.pk, key="free", kind="release", legs=[free])
    with pytest.raises(ConflictError, match="Savings still holds USDT: move it"):
        archive(reserve)
    with pytest.raises(ConflictError, match="Archive what stands under Master first, such as Farm"):
        archive(tree.master)
    up(tree, reserve, tree.master, 100)
    first = archive(reserve).archived_at
    assert first is not None
    assert archive(reserve).archived_at == first


def test_what_is_archived_takes_no_money_and_what_was_done_stays_done(tree: Tree, reserve: Wallet) -> None:
    done = down(tree, tree.master, reserve, 100, key="before")
    up(tree, reserve, tree.master, 100)
    archive(reserve)
    usual: dict[str, Any] = {"owner_id": tree.owner.pk, "asset": "USDT", "amount": Decimal(1)}
    ends = {"source_id": tree.master.pk, "target_id": reserve.pk}
    for refused in (
        lambda: services.allocate(**usual, **ends, key="after"),
        lambda: services.preview_allocate(**usual, **ends),
        lambda: move_along(
            owner_id=tree.owner.pk, key="goal:1", kind=PostingKind.REWARD,
            moves=[Move(tree.master, reserve, "USDT", Decimal(1))],
        ),
    ):  # fmt: skip
        with pytest.raises(ConflictError, match="Savings is archived: restore it"):
            refused()
    assert (balance(reserve), balance(tree.master)) == (0, 1000)
    assert down(tree, tree.master, reserve, 100, key="before") == done
    services.restore_wallet(owner_id=tree.owner.pk, wallet_id=reserve.pk)
    down(tree, tree.master, reserve, 1, key="again")
    assert balance(reserve) == 1


def test_an_archived_master_gets_no_deposit_and_no_child(tree: Tree, second: Wallet) -> None:
    second = archive(second)
    with pytest.raises(ConflictError, match="archived"):
        services.deposit(owner_id=tree.owner.pk, wallet_id=second.pk, amount=Decimal(1), asset="USDT", key="d")
    with pytest.raises(ConflictError, match="Second is archived: restore it first"):
        services.create_wallet(owner_id=tree.owner.pk, name="Under it", role="reserve", parent=second)


def test_the_wallets_of_farms_and_agents_come_and_go_with_them(tree: Tree, other_owner: User) -> None:
    for wallet, keeper in ((tree.farm, "farm"), (tree.agent, "agent")):
        for act in (services.archive_wallet, services.restore_wallet):
            with pytest.raises(ConflictError, match=f"{wallet.name} is the wallet of an? {keeper}"):
                act(owner_id=tree.owner.pk, wallet_id=wallet.pk)
    with pytest.raises(NotFoundError):
        services.archive_wallet(owner_id=other_owner.pk, wallet_id=tree.master.pk)


def test_a_reserve_moves_to_another_master_with_its_money(tree: Tree, reserve: Wallet, second: Wallet) -> None:
    down(tree, tree.master, reserve, 100)
    assert move(reserve, second).parent_id == second.pk
    assert balance(reserve) == 100
    up(tree, reserve, second, 100)
    assert balance(second) == 100
    services.create_wallet(owner_id=tree.owner.pk, name="Savings", role="reserve", parent=tree.master)
    with pytest.raises(ConflictError, match="there is a wallet Savings at this place"):
        move(reserve, tree.master)


@pytest.mark.parametrize(
    ("which", "parent", "said"),
    [
        ("master", "farm", "Farm is Master itself or stands below it"),
        ("farm", "agent", "Agent is Farm itself or stands below it"),
        ("reserve", "reserve", "Savings is Savings itself"),
        ("master", "second", "Master is a master, and a master stands under nothing"),
        ("reserve", "farm", "Savings stands under a master: Farm is none"),
        ("reserve", "far", "Far is at another connection than Savings"),
        ("reserve", "euros", "Euros counts in EUR, Savings in USDT"),
    ],
)
def test_a_wallet_cannot_stand_everywhere(
    tree: Tree, reserve: Wallet, second: Wallet, which: str, parent: str, said: str
) -> None:
    far = make_connection(tree.owner, "Far")
    create = services.create_wallet
    wallets = {
        "master": tree.master, "farm": tree.farm, "agent": tree.agent, "reserve": reserve, "second": second,
        "far": create(owner_id=tree.owner.pk, name="Far", role="master", connection=far),
        "euros": create(owner_id=tree.owner.pk, name="Euros", role="master", connection=far, base_asset="EUR"),
    }  # fmt: skip
    with pytest.raises(InvalidInputError, match=said) as caught:
        move(wallets[which], wallets[parent])
    assert set(caught.value.fields) == {"parent_id"}


def attempt(owner: User, act: Callable[[], Any], ready: threading.Barrier, refused: list[str]) -> None:
    try:
        ready.wait(30)
        with tenant(owner.pk):
            act()
    except MoniqoError as error:
        refused.append(str(error))
    finally:
        connections.close_all()


def test_money_and_archiving_at_once_never_miss_each_other(live_db: str, owner: User) -> None:
    with tenant(owner.pk):
        tree = plant(owner)
        made = [
            services.create_wallet(owner_id=owner.pk, name=f"R{number}", role="reserve", parent=tree.master)
            for number in range(12)
        ]
    for reserve in made:
        ready, refused = threading.Barrier(2), list[str]()
        acts = (partial(archive, reserve), partial(down, tree, tree.master, reserve, 1, key=f"to {reserve.name}"))
        threads = [threading.Thread(target=attempt, args=(owner, act, ready, refused)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with tenant(owner.pk):
            reserve.refresh_from_db()
            assert (reserve.archived_at is None) == (balance(reserve) == 1)
            assert len(refused) == 1


def test_who_waits_for_a_move_finds_the_wallet_where_it_stands_then(live_db: str, owner: User) -> None:
    with tenant(owner.pk):
        tree = plant(owner)
        create = services.create_wallet
        reserve = create(owner_id=owner.pk, name="Savings", role="reserve", parent=tree.master)
        second = create(owner_id=owner.pk, name="Second", role="master", connection=tree.master.connection)

    def moving() -> None:
        with tenant(owner.pk):
            move(reserve, second)

    with in_the_middle_of(moving, archiving, "change_place"), tenant(owner.pk):
        assert archive(reserve).parent == second


# --- pages and API --------------------------------------------------------------------------------------------------


def test_a_program_archives_restores_and_moves(client: Client, tree: Tree, reserve: Wallet, second: Wallet) -> None:
    headers = bearer(tree.owner)
    down(tree, tree.master, reserve, 1)
    refused = client.post(f"{API}/{reserve.pk}/archive", headers=headers)
    assert (refused.status_code, refused.json()["detail"]) == (
        409, "Savings still holds USDT: move it to another wallet first.",
    )  # fmt: skip
    asked: Any = {"content_type": "application/json", "headers": headers}
    answer = client.post(f"{API}/{reserve.pk}/move", {"parent_id": str(second.pk)}, **asked)
    assert (answer.status_code, answer.json()["parent_id"]) == (200, str(second.pk))
    under_child = client.post(f"{API}/{tree.master.pk}/move", {"parent_id": str(tree.farm.pk)}, **asked)
    assert (under_child.status_code, under_child.json()["fields"]["parent_id"]) == (
        422, "Farm is Master itself or stands below it: choose another wallet.",
    )  # fmt: skip
    up(tree, reserve, second, 1)
    done = client.post(f"{API}/{reserve.pk}/archive", headers=headers)
    assert (done.status_code, done.json()["state_words"]) == (200, "Archived")
    assert done.json()["archived_at"]
    back = client.post(f"{API}/{reserve.pk}/restore", headers=headers)
    assert (back.status_code, back.json()["archived_at"]) == (200, None)


def test_the_pages_put_away_and_take_back(
    client: Client, tree: Tree, reserve: Wallet, second: Wallet, other_owner: User
) -> None:
    client.force_login(tree.owner)
    settings = client.get(reverse("wallets:tree"), {"wallet": reserve.pk, "tab": "settings"}).content.decode()
    for name in ("archive", "place"):
        assert f'href="{reverse(f"wallets:{name}", args=[reserve.pk])}"' in settings
    moved = client.post(reverse("wallets:place", args=[reserve.pk]), {"parent": second.pk}, follow=True)
    assert "Savings stands under Second now." in moved.content.decode()
    path = reverse("wallets:archive", args=[reserve.pk])
    assert "Archive Savings" in client.get(path).content.decode()
    page = client.post(path, follow=True).content.decode()
    assert "Savings is archived" in page
    assert f'<a href="{reverse("wallets:wallet", args=[reserve.pk])}">Savings</a>' in page.split("Archived:")[1]
    own = client.get(reverse("wallets:wallet", args=[reserve.pk])).content.decode()
    assert reverse("wallets:restore", args=[reserve.pk]) in own
    assert (
        "Savings is back." in client.post(reverse("wallets:restore", args=[reserve.pk]), follow=True).content.decode()
    )
    refused = client.post(reverse("wallets:archive", args=[tree.master.pk]), follow=True).content.decode()
    assert "Archive what stands under Master first" in refused
    client.force_login(other_owner)
    for name in ("archive", "restore", "place"):
        assert client.post(reverse(f"wallets:{name}", args=[reserve.pk])).status_code == 404

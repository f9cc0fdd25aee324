"""What was moved is moved back, once, with its split, and only as long as it is there."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kit import clock
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from tests.wallets.books import balance, make_connection, ref
from tests.wallets.test_hierarchy import Tree, down, plant, up
from wallets import services
from wallets.hierarchy import undoing
from wallets.ledger import IdempotencyConflictError, Leg, post, verify
from wallets.models import FundAllocation, Wallet


@pytest.fixture
def tree(as_owner: User) -> Tree:
    return plant(as_owner)


def agent(tree: Tree, name: str, weight: str | None) -> Wallet:
    target = None if weight is None else Decimal(weight)
    return services.create_wallet(
        owner_id=tree.owner.pk, name=name, role="agent", parent=tree.farm, target_weight=target
    )


def split(tree: Tree, amount: str, key: str = "split") -> FundAllocation:
    return services.allocate(
        owner_id=tree.owner.pk,
        source_id=tree.master.pk,
        target_id=tree.farm.pk,
        asset="USDT",
        amount=Decimal(amount),
        key=key,
        split=True,
    )


def undo(tree: Tree, done: FundAllocation) -> FundAllocation:
    return services.undo(owner_id=tree.owner.pk, allocation_id=done.pk)


def test_an_allocation_and_a_collection_are_taken_back(tree: Tree) -> None:
    done = down(tree, tree.master, tree.farm, 400)
    back = undo(tree, done)
    assert (back.kind, back.source, back.target, back.amount) == ("collect", tree.farm, tree.master, 400)
    assert (balance(tree.master), balance(tree.farm)) == (1000, 0)
    down(tree, tree.master, tree.farm, 300, "again")
    undo(tree, up(tree, tree.farm, tree.master, 120))
    assert (balance(tree.master), balance(tree.farm)) == (700, 300)
    assert verify(owner_id=tree.owner.pk).ok


def test_an_undo_happens_once(tree: Tree) -> None:
    done = down(tree, tree.master, tree.farm, 400)
    down(tree, tree.master, tree.farm, 400, "more")
    assert undo(tree, done) == undo(tree, done)
    assert balance(tree.farm) == 400


def test_what_is_no_longer_there_is_not_taken_back(tree: Tree) -> None:
    done = down(tree, tree.master, tree.farm, 400)
    down(tree, tree.farm, tree.agent, 1, "on")
    with pytest.raises(undoing.GoneError, match="Farm no longer has it free: the USDT was used or moved on"):
        undo(tree, done)
    assert (balance(tree.farm), balance(tree.agent)) == (399, 1)


def test_money_in_an_open_order_is_not_taken_back(tree: Tree) -> None:
    done = down(tree, tree.master, tree.farm, 400)
    hold = Leg(ref(tree.farm), ref(tree.farm, kind="clearing"), Decimal(1), phase="pending")
    post(owner_id=tree.owner.pk, key="hold", kind="hold", legs=[hold])
    with pytest.raises(undoing.GoneError, match="in open orders"):
        undo(tree, done)


def test_a_split_reaches_the_agents_by_their_targets_and_comes_back_from_them(tree: Tree) -> None:
    other, idle = agent(tree, "Other", "0.3333"), agent(tree, "Idle", None)
    done = split(tree, "100.01")
    shares = [balance(wallet) for wallet in (tree.farm, tree.agent, other, idle)]
    assert shares == [Decimal("16.68"), Decimal("50.00"), Decimal("33.33"), 0]
    undo(tree, done)
    assert [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent, other)] == [1000, 0, 0, 0]
    assert verify(owner_id=tree.owner.pk).ok


def test_targets_above_the_whole_share_it(tree: Tree) -> None:
    other = agent(tree, "Other", "1")
    split(tree, "90")
    assert [balance(wallet) for wallet in (tree.farm, tree.agent, other)] == [0, 30, 60]


def test_a_split_whose_part_was_used_is_not_taken_back_at_all(tree: Tree) -> None:
    done = split(tree, "100")
    up(tree, tree.agent, tree.farm, 10)
    with pytest.raises(undoing.GoneError, match="Agent no longer has it free"):
        undo(tree, done)
    assert (balance(tree.farm), balance(tree.agent)) == (60, 40)
    up(tree, tree.farm, tree.master, 60, "all of it")
    down(tree, tree.farm.parent, tree.farm, 5, "a little")  # type: ignore[arg-type]
    services.allocate(
        owner_id=tree.owner.pk, source_id=tree.farm.pk, target_id=tree.agent.pk, asset="USDT",
        amount=Decimal(5), key="to the agent",
    )  # fmt: skip
    with pytest.raises(undoing.GoneError, match="Agent no longer has it free"):
        undo(tree, done)


def test_a_repeated_split_changes_nothing_even_when_the_targets_have(tree: Tree) -> None:
    done = split(tree, "100")
    Wallet.objects.filter(pk=tree.agent.pk).update(target_weight=Decimal("0.9"))
    agent(tree, "New", "0.1")
    assert split(tree, "100") == done
    assert (balance(tree.farm), balance(tree.agent)) == (50, 50)
    with pytest.raises(IdempotencyConflictError):
        split(tree, "99")
    with pytest.raises(IdempotencyConflictError):
        down(tree, tree.master, tree.farm, 100, "split")


def test_the_longest_key_can_be_split(tree: Tree) -> None:
    split(tree, "100", key="k" * 100)
    assert balance(tree.agent) == 50


def test_a_preview_of_a_split_is_what_the_split_does(tree: Tree) -> None:
    agent(tree, "Other", "0.21")
    preview = services.preview_allocate(
        owner_id=tree.owner.pk, source_id=tree.master.pk, target_id=tree.farm.pk, asset="USDT",
        amount=Decimal("33.33"), split=True,
    )  # fmt: skip
    split(tree, "33.33")
    assert preview.source is not None
    for side in (preview.source, preview.target, *preview.split):
        assert balance(side.wallet) == side.balance_after
    assert len(preview.split) == 2


def test_without_targets_there_is_nothing_to_split_by(tree: Tree) -> None:
    Wallet.objects.filter(pk=tree.agent.pk).update(target_weight=None)
    with pytest.raises(InvalidInputError, match="No agent of Farm has a target"):
        split(tree, "10")
    assert balance(tree.farm) == 0


def test_agents_at_another_connection_get_no_part(tree: Tree) -> None:
    services.create_wallet(
        owner_id=tree.owner.pk, name="Apart", role="agent", parent=tree.farm, target_weight=Decimal("0.4"),
        connection=make_connection(tree.owner, "Second"),
    )  # fmt: skip
    split(tree, "100")
    assert (balance(tree.farm), balance(tree.agent)) == (50, 50)


def test_only_what_somebody_asked_for_is_taken_back(tree: Tree) -> None:
    deposit = FundAllocation.objects.get(kind="deposit")
    done = split(tree, "100")
    back = undo(tree, done)
    assert [line.target for line in done.lines.order_by("number")] == [tree.farm, tree.agent]
    for other in (deposit, back):
        with pytest.raises(ConflictError):
            undo(tree, other)


def test_an_undo_is_offered_for_ten_seconds(tree: Tree) -> None:
    done = down(tree, tree.master, tree.farm, 400)

    def offered(seconds: float, allocation: FundAllocation = done) -> undoing.Done | None:
        with clock.at(allocation.created_at + timedelta(seconds=seconds)):
            return undoing.recent(owner_id=tree.owner.pk, allocation_id=allocation.pk)

    shown = offered(9.9)
    assert shown is not None
    assert shown.can_undo
    assert offered(10) is None
    undo(tree, done)
    assert offered(1) is None
    deposit = offered(1, FundAllocation.objects.get(kind="deposit"))
    assert deposit is not None
    assert not deposit.can_undo


def test_the_other_owner_takes_nothing_back(tree: Tree, other_owner: User) -> None:
    done = down(tree, tree.master, tree.farm, 400)
    with pytest.raises(NotFoundError):
        services.undo(owner_id=other_owner.pk, allocation_id=done.pk)
    assert undoing.recent(owner_id=other_owner.pk, allocation_id=done.pk) is None

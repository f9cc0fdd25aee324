"""`post`: what it accepts, what it refuses, and what it leaves behind."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kit import clock, tenancy
from kit.users.models import User
from tests.wallets.books import balance, fund, held, make_wallet, move, ref
from wallets.ledger import (
    AlreadyResolvedError,
    IdempotencyConflictError,
    InsufficientFundsError,
    InvalidLegError,
    Leg,
    PendingTransferError,
    UnknownAccountError,
    post,
    settle,
    verify,
    void,
)
from wallets.models import Account, Entry, Posting, Transfer, Wallet


def pending(source: Wallet, amount: str | int, key: str = "hold") -> Transfer:
    leg = Leg(ref(source), ref(source, kind="clearing"), Decimal(amount), phase="pending")
    posting = post(owner_id=source.owner_id, key=key, kind="hold", legs=[leg])
    return Transfer.objects.select_related("debit", "credit").get(pk=posting.transfer_ids[0])


def test_money_comes_from_outside_and_moves_between_wallets(as_owner: User) -> None:
    one, two = make_wallet(as_owner, "One"), make_wallet(as_owner, "Two")
    fund(one, "100.5")
    move(one, two, "40.25")
    assert (balance(one), balance(two), balance(one, kind="external")) == (
        Decimal("60.25"),
        Decimal("40.25"),
        Decimal("-100.5"),
    )
    assert verify(owner_id=as_owner.pk).ok


def test_every_entry_tells_the_balance_after_it(as_owner: User) -> None:
    one, two = make_wallet(as_owner, "One"), make_wallet(as_owner, "Two")
    fund(one, 100)
    move(one, two, 30)
    move(two, one, 10)
    rows = Entry.objects.filter(account__wallet=one, account__kind="wallet").order_by("version")
    assert [(row.version, row.amount, row.balance_after) for row in rows] == [(1, 100, 100), (2, -30, 70), (3, 10, 80)]


def test_several_legs_on_one_account_take_effect_in_order(as_owner: User) -> None:
    one, two = make_wallet(as_owner, "One"), make_wallet(as_owner, "Two")
    fund(one, 10)
    legs = [
        Leg(ref(one), ref(two), Decimal(10)),
        Leg(ref(two), ref(one), Decimal(4)),
        Leg(ref(one), ref(two), Decimal(4)),
    ]
    posting = post(owner_id=as_owner.pk, key="several", kind="correct", legs=legs)
    assert (balance(one), balance(two)) == (0, 10)
    assert [transfer.amount for transfer in posting.transfers.order_by("pk")] == [10, 4, 4]
    assert posting.transfer_ids == tuple(posting.transfers.order_by("pk").values_list("pk", flat=True))


def test_more_than_is_free_is_refused_with_the_figures_and_the_transaction_lives_on(as_owner: User) -> None:
    one, two = make_wallet(as_owner, "One"), make_wallet(as_owner, "Two")
    fund(one, 10)
    pending(one, 4)
    with pytest.raises(InsufficientFundsError, match=r"Only 6\.00\sUSDT is free and 6\.01\sUSDT is needed") as refusal:
        move(one, two, "6.01", key="too much")
    assert (refusal.value.available, refusal.value.needed) == (6, Decimal("6.01"))
    assert not Posting.objects.filter(key="too much").exists()
    move(one, two, 6)


def test_a_refused_leg_takes_the_whole_posting_with_it(as_owner: User) -> None:
    one, two = make_wallet(as_owner, "One"), make_wallet(as_owner, "Two")
    fund(one, 10)
    with pytest.raises(InsufficientFundsError):
        post(
            owner_id=as_owner.pk,
            key="half",
            kind="correct",
            legs=[Leg(ref(one), ref(two), Decimal(1)), Leg(ref(one), ref(two), Decimal(10))],
        )
    assert (balance(one), balance(two)) == (10, 0)


def test_the_same_key_and_body_returns_the_first_posting(as_owner: User) -> None:
    one, two = make_wallet(as_owner, "One"), make_wallet(as_owner, "Two")
    fund(one, 10)
    with clock.at(datetime(2026, 1, 1, tzinfo=UTC)):
        first = move(one, two, "2", key="once")
    again = move(one, two, "2.000", key="once")
    assert (again.pk, again.transfer_ids, again.created_at) == (first.pk, first.transfer_ids, first.created_at)
    assert balance(two) == 2


@pytest.mark.parametrize("other", [{"amount": "3"}, {"kind": "collect"}, {"detail": {"note": "other"}}])
def test_the_same_key_with_another_body_is_refused(as_owner: User, other: dict[str, object]) -> None:
    one, two = make_wallet(as_owner, "One"), make_wallet(as_owner, "Two")
    fund(one, 10)
    move(one, two, 2, key="once")
    request: dict[str, object] = {"amount": "2", "kind": "allocate", "detail": None} | other
    with pytest.raises(IdempotencyConflictError, match="This key was used before with another request"):
        post(
            owner_id=as_owner.pk,
            key="once",
            kind=str(request["kind"]),
            legs=[Leg(ref(one), ref(two), Decimal(str(request["amount"])))],
            detail=request["detail"],  # type: ignore[arg-type]
        )
    assert balance(two) == 2


def test_two_owners_may_use_the_same_key(owner: User, other_owner: User) -> None:
    for user in (owner, other_owner):
        with tenancy.tenant(user.pk):
            post(
                owner_id=user.pk,
                key="deposit",
                kind="deposit",
                legs=[Leg(ref(wallet := make_wallet(user), kind="external"), ref(wallet), Decimal(1))],
            )
            assert balance(wallet) == 1


def test_a_hold_reserves_and_its_settlement_releases_the_rest(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, 100)
    hold = pending(wallet, 60)
    assert (balance(wallet), held(wallet)) == (100, 60)
    post(owner_id=as_owner.pk, key="fill", kind="trade", legs=[settle(hold, Decimal("45.5"))])
    assert (balance(wallet), held(wallet), balance(wallet, kind="clearing")) == (Decimal("54.5"), 0, Decimal("45.5"))
    assert verify(owner_id=as_owner.pk).ok


def test_a_void_releases_everything_and_moves_nothing(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, 100)
    post(owner_id=as_owner.pk, key="cancel", kind="release", legs=[void(pending(wallet, 60))])
    assert (balance(wallet), held(wallet), balance(wallet, kind="clearing")) == (100, 0, 0)


def test_a_partial_fill_settles_a_part_pays_the_fee_and_holds_the_rest_again(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, 100)
    hold = pending(wallet, 100)
    legs = [
        settle(hold, Decimal(40)),
        Leg(ref(wallet), ref(wallet, kind="fees"), Decimal("0.04")),
        Leg(ref(wallet), ref(wallet, kind="clearing"), Decimal("59.96"), phase="pending"),
        Leg(ref(wallet, "BTC", "clearing"), ref(wallet, "BTC"), Decimal("0.001")),
    ]
    post(owner_id=as_owner.pk, key="partial", kind="trade", legs=legs)
    assert (balance(wallet), held(wallet), balance(wallet, "BTC")) == (
        Decimal("59.96"),
        Decimal("59.96"),
        Decimal("0.001"),
    )
    assert verify(owner_id=as_owner.pk).ok


@pytest.mark.parametrize("resolution", ["settle", "void"])
def test_a_pending_transfer_is_resolved_once(as_owner: User, resolution: str) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, 100)
    hold = pending(wallet, 60)
    leg = void(hold) if resolution == "void" else settle(hold, Decimal(1))
    post(owner_id=as_owner.pk, key="first", kind="correct", legs=[leg])
    with pytest.raises(AlreadyResolvedError, match="settled or voided already"):
        post(owner_id=as_owner.pk, key="second", kind="correct", legs=[leg])
    with pytest.raises(AlreadyResolvedError, match="settled or voided already"):
        post(
            owner_id=as_owner.pk,
            key="both",
            kind="correct",
            legs=[void(other := pending(wallet, 1, "o")), void(other)],
        )


def test_more_than_was_reserved_is_not_settled(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, 100)
    with pytest.raises(PendingTransferError, match=r"reserves 60.*, not 61"):
        post(owner_id=as_owner.pk, key="more", kind="correct", legs=[settle(pending(wallet, 60), Decimal(61))])


def test_a_pending_transfer_is_resolved_between_its_own_accounts(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, 100)
    hold = pending(wallet, 60)
    elsewhere = Leg(ref(wallet), ref(wallet, kind="fees"), Decimal(60), phase="settle", pending_id=hold.pk)
    with pytest.raises(PendingTransferError, match="not pending between these accounts"):
        post(owner_id=as_owner.pk, key="elsewhere", kind="correct", legs=[elsewhere])


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1e18", "0.0000000000000000001"])
def test_an_amount_no_books_can_hold_is_refused(as_owner: User, amount: str) -> None:
    wallet = make_wallet(as_owner)
    with pytest.raises(InvalidLegError):
        Leg(ref(wallet, kind="external"), ref(wallet), Decimal(amount))


def test_eighteen_decimals_survive(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, "999999999999999999.999999999999999999")
    assert balance(wallet) == Decimal("999999999999999999.999999999999999999")


def test_a_leg_moves_one_asset(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    with pytest.raises(InvalidLegError, match="USDT and BTC need a leg each"):
        Leg(ref(wallet), ref(wallet, "BTC", "clearing"), Decimal(1))


def test_a_posting_without_legs_and_a_leg_to_itself_are_refused(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    with pytest.raises(InvalidLegError, match="at least one leg"):
        post(owner_id=as_owner.pk, key="none", kind="correct", legs=[])
    with pytest.raises(InvalidLegError, match="between two accounts"):
        post(owner_id=as_owner.pk, key="self", kind="trade", legs=[Leg(r := ref(wallet, kind="pnl"), r, Decimal(1))])


def test_another_owners_wallet_is_unknown(owner: User, other_owner: User) -> None:
    with tenancy.tenant(owner.pk):
        mine = make_wallet(owner)
        fund(mine, 10)
    with tenancy.tenant(other_owner.pk):
        theirs = make_wallet(other_owner)
        with pytest.raises(UnknownAccountError, match="belongs to somebody else"):
            move(theirs, mine, 1, key="gift")
        with pytest.raises(UnknownAccountError, match="belongs to somebody else"):
            post(owner_id=other_owner.pk, key="steal", kind="trade", legs=[Leg(ref(mine), ref(theirs), Decimal(1))])
        with pytest.raises(UnknownAccountError, match="tenant block"):
            fund(mine, 1)


def test_a_posting_needs_its_owners_tenant_block(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        wallet = make_wallet(owner)
    with pytest.raises(UnknownAccountError, match="tenant block"):
        fund(wallet, 1)


def test_rows_carry_the_controlled_moment(as_owner: User) -> None:
    moment = datetime(2025, 3, 4, 5, 6, tzinfo=UTC)
    wallet = make_wallet(as_owner)
    with clock.at(moment):
        fund(wallet, 1)
    assert {row.created_at for model in (Posting, Transfer, Entry) for row in model.objects.all()} == {moment}


def test_accounts_are_made_by_the_first_posting(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    assert not Account.objects.exists()
    fund(wallet, 1, "ETH")
    assert {(row.asset, row.kind) for row in Account.objects.all()} == {("ETH", "wallet"), ("ETH", "external")}

"""What the books accept and where they stop: amounts, balances, and what is reserved."""

from decimal import Decimal

import pytest

from kit.limits import DECIMALS, MAX_AMOUNT, MAX_BALANCE
from kit.users.models import User
from tests.wallets.books import balance, fund, held, make_wallet, ref
from wallets.ledger import InvalidLegError, Leg, LimitExceededError, post, verify
from wallets.models import PostingKind, Purpose
from wallets.models.kinds import PURPOSES

GRAIN = Decimal(1).scaleb(-DECIMALS)


def test_the_largest_amount_is_booked_to_its_last_digit(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    fund(wallet, str(MAX_AMOUNT - GRAIN))
    assert balance(wallet) == MAX_AMOUNT - GRAIN
    with pytest.raises(InvalidLegError, match=r"below 10\^18"):
        fund(wallet, str(MAX_AMOUNT))


def test_an_account_stops_before_its_balance_has_no_place(as_owner: User) -> None:
    """Neither side may go further: the wallet's above, the outside world's below zero."""
    wallet = make_wallet(as_owner)
    for _ in range(10):
        fund(wallet, str(MAX_AMOUNT - GRAIN))
    rest = MAX_BALANCE - 10 * (MAX_AMOUNT - GRAIN)
    with pytest.raises(LimitExceededError, match=r"no account may hold or owe 10\^19 USDT or more"):
        fund(wallet, str(rest))
    fund(wallet, str(rest - GRAIN))
    assert balance(wallet) == MAX_BALANCE - GRAIN
    assert balance(wallet, kind="external") == GRAIN - MAX_BALANCE
    for kind in ("suspense", "external"):
        with pytest.raises(LimitExceededError):
            post(
                owner_id=as_owner.pk,
                key=f"more from {kind}",
                kind="correct",
                legs=[Leg(ref(wallet, kind=kind), ref(wallet), GRAIN)],
            )
    assert verify(owner_id=as_owner.pk).ok


def test_nor_may_more_be_reserved_than_an_account_could_hold(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    leg = Leg(ref(wallet, kind="clearing"), ref(wallet), MAX_AMOUNT - GRAIN, phase="pending")
    post(owner_id=as_owner.pk, key="ten", kind="hold", legs=[leg] * 10)
    with pytest.raises(LimitExceededError):
        post(owner_id=as_owner.pk, key="eleventh", kind="hold", legs=[leg])
    assert held(wallet) == 0
    assert verify(owner_id=as_owner.pk).ok


def test_every_kind_of_posting_says_what_it_means_for_profit() -> None:
    assert set(PURPOSES) == set(PostingKind)
    flows = {"deposit", "withdraw", "assign", "claim", "allocate", "collect", "rebalance", "reward"}
    assert {kind for kind, purpose in PURPOSES.items() if purpose in (Purpose.FLOW, Purpose.FUNDING)} == flows

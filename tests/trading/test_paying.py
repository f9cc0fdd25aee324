"""A wallet pays what a venue took as far as it can."""

from decimal import Decimal
from uuid import uuid4

import pytest

from trading.orders.paying import within
from wallets.ledger import AccountRef, Leg

D = Decimal
WALLET = uuid4()
OWN, CLEARING, FEES, SUSPENSE = (
    AccountRef(WALLET, "USDT", kind) for kind in ("wallet", "clearing", "fees", "suspense")
)
COIN, BOUGHT = AccountRef(WALLET, "BTC"), AccountRef(WALLET, "BTC", "clearing")
HOLD = 7


def asked() -> list[Leg]:
    """A trade costs 100 of which 60 are held, 30 are to be held for the rest, and the fee is 5."""
    return [
        Leg(OWN, CLEARING, D(60), "settle", HOLD),
        Leg(OWN, CLEARING, D(30), "pending"),
        Leg(OWN, CLEARING, D(40)),
        Leg(BOUGHT, COIN, D(1)),
        Leg(OWN, FEES, D(5)),
    ]


@pytest.mark.parametrize(
    ("free", "paid", "fee", "held"),
    [(75, 40, 5, 30), (60, 40, 5, 15), (45, 40, 5, 0), (42, 40, 2, 0), (40, 40, 0, 0), (10, 10, 0, 0), (0, 0, 0, 0)],
)
def test_it_pays_in_order_and_holds_last_and_what_is_missing_stands_in_suspense(
    free: int, paid: int, fee: int, held: int
) -> None:
    legs = list(within(asked(), {"USDT": D(free)}, {HOLD: D(60)}))
    assert legs[0] == asked()[0]
    assert Leg(BOUGHT, COIN, D(1)) in legs

    def moved(debit: AccountRef, credit: AccountRef, phase: str = "posted") -> Decimal:
        found = [leg.amount for leg in legs if (leg.debit, leg.credit, leg.phase) == (debit, credit, phase)]
        assert len(found) <= 1
        return (found[0] if found else None) or D(0)

    assert (moved(OWN, CLEARING), moved(SUSPENSE, CLEARING)) == (paid, 40 - paid)
    assert (moved(OWN, FEES), moved(SUSPENSE, FEES)) == (fee, 5 - fee)
    assert moved(OWN, CLEARING, "pending") == held
    assert moved(SUSPENSE, CLEARING, "pending") == 0
    assert sum((leg.amount or D(0) for leg in legs if leg.debit == OWN), D(0)) <= free + 60


def test_what_is_released_and_what_comes_in_pay_too() -> None:
    """60 were held of which 20 are settled, and a rebate of 3 comes in: 43 are there without anything free."""
    legs = [Leg(OWN, CLEARING, D(20), "settle", HOLD), Leg(FEES, OWN, D(3)), Leg(OWN, CLEARING, D(50))]
    assert list(within(legs, {}, {HOLD: D(60)})) == [
        *legs[:2],
        Leg(OWN, CLEARING, D(43)),
        Leg(SUSPENSE, CLEARING, D(7)),
    ]


def test_a_hold_that_is_given_back_whole_pays_too() -> None:
    legs = [Leg(OWN, CLEARING, None, "void", HOLD), Leg(OWN, CLEARING, D(70), "pending")]
    assert list(within(legs, {"USDT": D(4)}, {HOLD: D(60)})) == [legs[0], Leg(OWN, CLEARING, D(64), "pending")]


def test_an_account_that_is_overdrawn_pays_nothing() -> None:
    assert list(within([Leg(OWN, FEES, D(5))], {"USDT": D(-2)}, {})) == [Leg(SUSPENSE, FEES, D(5))]

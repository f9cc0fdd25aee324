"""The one list of what a posting can be, and what each kind means for profit.

A kind that is missing here is refused by the database, and a new one has to say its purpose. Values and profit do not
ask for it: they read what came in and went out off the accounts, and a test holds them against this list.
"""

from enum import StrEnum
from typing import Final

from django.db import models


class Purpose(StrEnum):
    """What a kind of posting means for the wallets that it touches."""

    FLOW = "flow"  # money that came from outside or left: no profit of the wallet, nor of its owner
    FUNDING = "funding"  # between wallets of one owner: no profit of the wallet, nothing for its owner
    TRADING = "trading"  # what was given and got for it, the fees of it included
    FEES = "fees"  # a cost by itself
    CORRECTION = "correction"  # the books set right: neither earned nor put in
    RESERVATION = "reservation"  # nothing moves


class PostingKind(models.TextChoices):
    """What a posting is for. To add one: name it here, give it its purpose below, make the migration of the check."""

    DEPOSIT = "deposit", "Deposit"
    WITHDRAW = "withdraw", "Withdraw"
    ASSIGN = "assign", "Assigned from suspense"
    CLAIM = "claim", "Taken from unassigned"
    ALLOCATE = "allocate", "Allocate"
    COLLECT = "collect", "Collect"
    REWARD = "reward", "Reward"
    REBALANCE = "rebalance", "Rebalance"
    HOLD = "hold", "Hold"
    RELEASE = "release", "Release"
    TRADE = "trade", "Trade"
    REALIZED = "realized", "Profit of derivatives"
    FUNDING_PAYMENT = "funding_payment", "Funding payment"
    FEE = "fee", "Fee"
    SUSPENSE = "suspense", "Into suspense"
    CORRECT = "correct", "Correction"


PURPOSES: Final = {
    PostingKind.DEPOSIT: Purpose.FLOW,
    PostingKind.WITHDRAW: Purpose.FLOW,
    PostingKind.ASSIGN: Purpose.FLOW,
    PostingKind.CLAIM: Purpose.FUNDING,
    PostingKind.ALLOCATE: Purpose.FUNDING,
    PostingKind.COLLECT: Purpose.FUNDING,
    PostingKind.REWARD: Purpose.FUNDING,
    PostingKind.REBALANCE: Purpose.FUNDING,
    PostingKind.HOLD: Purpose.RESERVATION,
    PostingKind.RELEASE: Purpose.RESERVATION,
    PostingKind.TRADE: Purpose.TRADING,
    PostingKind.REALIZED: Purpose.TRADING,
    PostingKind.FUNDING_PAYMENT: Purpose.TRADING,
    PostingKind.FEE: Purpose.FEES,
    PostingKind.SUSPENSE: Purpose.CORRECTION,
    PostingKind.CORRECT: Purpose.CORRECTION,
}

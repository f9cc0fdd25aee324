"""Reads of the books: entries with their running balance, transfers and allocations, newest first."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from wallets.models import Account, Entry, FundAllocation, Transfer


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line of an account's statement. `other` says where the money came from or went to."""

    id: int
    version: int
    at: datetime
    kind: str
    amount: Decimal
    balance_after: Decimal
    other: str
    posting_id: int
    transfer_id: int
    detail: dict[str, Any]


def entries(*, owner_id: UUID, wallet_id: UUID, asset: str, kind: str = Account.Kind.WALLET) -> QuerySet[Entry]:
    """The statement of one account of the wallet, newest first, ready to page; `entry_line` reads its rows."""
    return (
        Entry.objects.filter(owner_id=owner_id, account__wallet_id=wallet_id, account__asset=asset, account__kind=kind)
        .select_related("transfer__posting", "transfer__debit__wallet", "transfer__credit__wallet")
        .order_by("-version")
    )


def entry_line(entry: Entry) -> EntryLine:
    """What a page shows of an entry that came from `entries`."""
    transfer = entry.transfer
    other = transfer.credit if transfer.debit_id == entry.account_id else transfer.debit
    where = other.wallet.name if other.kind == Account.Kind.WALLET else other.get_kind_display()
    return EntryLine(
        id=entry.pk,
        version=entry.version,
        at=entry.created_at,
        kind=transfer.posting.kind,
        amount=entry.amount,
        balance_after=entry.balance_after,
        other=where,
        posting_id=transfer.posting_id,
        transfer_id=transfer.pk,
        detail=transfer.posting.detail,
    )


def transfers(*, owner_id: UUID, wallet_id: UUID | None = None) -> QuerySet[Transfer]:
    """The owner's transfers, or those that touch one wallet, with accounts, wallets and posting."""
    rows = Transfer.objects.filter(owner_id=owner_id).select_related("posting", "debit__wallet", "credit__wallet")
    if wallet_id is not None:
        rows = rows.filter(Q(debit__wallet_id=wallet_id) | Q(credit__wallet_id=wallet_id))
    return rows


def allocations(*, owner_id: UUID, wallet_id: UUID | None = None) -> QuerySet[FundAllocation]:
    """Deposits, allocations and collections of the owner or of one wallet, newest first."""
    rows = FundAllocation.objects.filter(owner_id=owner_id).select_related("source", "target")
    if wallet_id is not None:
        rows = rows.filter(Q(source_id=wallet_id) | Q(target_id=wallet_id))
    return rows.order_by("-created_at")

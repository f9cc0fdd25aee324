"""Reads of the books: entries with their running balance, transfers and allocations, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Subquery

from kit import days
from kit.errors import InvalidInputError, NotFoundError
from kit.sentences import Sentence
from wallets.models import Account, AllocationLine, Entry, FundAllocation, Posting, Transfer


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line of an account's statement. `other` says where the money came from or went to.

    `is_passing` where the wallet only passed it on: the money was on its way between two others.
    """

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
    is_passing: bool

    @property
    def order_id(self) -> str:
        """The order it was done for, empty where it was for none."""
        return str(self.detail.get("order", ""))


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One transfer of a posting: from account to account, each the wallet's own money or what its kind says."""

    id: int
    phase: str
    asset: str
    amount: Decimal
    source: str
    source_wallet_id: UUID
    target: str
    target_wallet_id: UUID


@dataclass(frozen=True, slots=True)
class PostingPage:
    """One request to the ledger with all that it moved, oldest first; `order_id` is empty where it was for none."""

    posting: Posting
    lines: tuple[PostingLine, ...]
    note: Sentence
    allocation_id: UUID | None = None

    @property
    def order_id(self) -> str:
        return str(self.posting.detail.get("order", ""))


def posting_page(*, owner_id: UUID, posting_id: int) -> PostingPage:
    """A posting, its transfers and its note, three queries. Raises NotFoundError, also for somebody else's."""
    posting = Posting.objects.filter(owner_id=owner_id, pk=posting_id).first()
    if posting is None:
        raise NotFoundError("There is no such transfer: choose one of yours.")
    rows = posting.transfers.select_related("debit__wallet", "credit__wallet").order_by("pk")
    moved = posting.allocations.first()
    note = moved.note if moved else Sentence.of(str(posting.detail.get("note", "")))
    return PostingPage(posting, tuple(map(_posting_line, rows)), note, moved.pk if moved else None)


def _posting_line(transfer: Transfer) -> PostingLine:
    return PostingLine(
        id=transfer.pk,
        phase=transfer.get_phase_display(),
        asset=transfer.asset,
        amount=transfer.amount,
        source=_said(transfer.debit),
        source_wallet_id=transfer.debit.wallet_id,
        target=_said(transfer.credit),
        target_wallet_id=transfer.credit.wallet_id,
    )


def _said(account: Account) -> str:
    name = account.wallet.name
    return name if account.kind == Account.Kind.WALLET else f"{name}: {account.get_kind_display().lower()}"


@dataclass(frozen=True, slots=True)
class Span:
    """The reader's days from the first to the last, both included; None where it is open. `refused` says what is wrong
    with the days that were asked for: then every day is meant."""

    since: date | None = None
    until: date | None = None
    refused: Sentence | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Span":
        """The days `from` and `to` of an address."""
        try:
            since, until = (days.read(given.get(name, ""), name=name) for name in ("from", "to"))
            days.check(since, until, names=("from", "to"))
        except InvalidInputError as error:
            return cls(refused=error.sentence)
        return cls(since, until)

    @property
    def address(self) -> dict[str, str]:
        """The days as an address names them."""
        return {name: day.isoformat() for name, day in (("from", self.since), ("to", self.until)) if day}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Entries of an account after one of its numbers, up to and with another; None is open."""

    after: int | None = None
    last: int | None = None


ALL: Final = Numbers()


def numbers_of(span: Span, *, owner_id: UUID, wallet_id: UUID, asset: str, kind: str) -> Numbers:
    """Entries are numbered as they are made, so days are a range of numbers, whose ends are found by halving: a month
    of a long statement is read by the index of the numbers, like its first page."""
    own = Account.objects.filter(owner_id=owner_id, wallet_id=wallet_id, asset=asset, kind=kind)
    return Numbers(
        None if span.since is None else _last_version(own, days.begins(span.since) - days.INSTANT),
        None if span.until is None else _last_version(own, days.ends(span.until) - days.INSTANT),
    )


def entries(
    *, owner_id: UUID, wallet_id: UUID, asset: str, kind: str = Account.Kind.WALLET, numbers: Numbers = ALL
) -> QuerySet[Entry]:
    """The statement of one account of the wallet, newest first, ready to page; `entry_line` reads its rows."""
    own = Account.objects.filter(owner_id=owner_id, wallet_id=wallet_id, asset=asset, kind=kind)
    within = Q()
    if numbers.after is not None:
        within &= Q(version__gt=numbers.after)
    if numbers.last is not None:
        within &= Q(version__lte=numbers.last)
    return (
        # The account by its key: so the index of its numbers is read, and no more of it than is asked for.
        Entry.objects.filter(owner_id=owner_id, account_id=Subquery(own.values("pk")[:1]))
        .filter(within)
        .select_related("transfer__posting", "transfer__debit__wallet", "transfer__credit__wallet")
        .order_by("-version")
    )


def _last_version(account: QuerySet[Account], at: datetime) -> int:
    """The number of the account's last entry at that moment; 0 before its first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT version FROM ledger_as_of(%s, NULL, %s)", [list(account.values_list("pk", flat=True)), at]
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def entry_line(entry: Entry) -> EntryLine:
    """What a page shows of an entry that came from `entries`."""
    transfer = entry.transfer
    own, other = transfer.debit, transfer.credit
    if transfer.credit_id == entry.account_id:
        own, other = other, own
    ways = transfer.posting.detail.get("ways", [])
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
        is_passing=bool(ways) and not any(str(own.wallet_id) in way for way in ways),
    )


def transfers(*, owner_id: UUID, wallet_id: UUID | None = None) -> QuerySet[Transfer]:
    """The owner's transfers, or those that touch one wallet, with accounts, wallets and posting."""
    rows = Transfer.objects.filter(owner_id=owner_id).select_related("posting", "debit__wallet", "credit__wallet")
    if wallet_id is not None:
        rows = rows.filter(Q(debit__wallet_id=wallet_id) | Q(credit__wallet_id=wallet_id))
    return rows


def steps(*, owner_id: UUID, wallet_id: UUID | None = None) -> QuerySet[AllocationLine]:
    """Each line of what moved, of the owner or from or to one wallet, the newest last; plans are not among it."""
    rows = AllocationLine.objects.filter(owner_id=owner_id)
    rows = rows.exclude(allocation__status=FundAllocation.Status.PREVIEWED)
    if wallet_id is not None:
        rows = rows.filter(Q(source=wallet_id) | Q(target=wallet_id))
    return rows.select_related("allocation").prefetch_related("allocation__lines")


def moved(*, owner_id: UUID, wallet_id: UUID) -> QuerySet[AllocationLine]:
    """Each line that brought something to the wallet or took it, newest first, with its allocation and both ends."""
    return (
        AllocationLine.objects.filter(Q(source=wallet_id) | Q(target=wallet_id), owner_id=owner_id)
        .exclude(allocation__status=FundAllocation.Status.PREVIEWED)
        .select_related("allocation", "source", "target")
        .order_by("-allocation__created_at", "-number")
    )

"""What a venue holds and no wallet claims: a wallet of its own per real account, made by the sync.

It is its owner's money, so it counts in the fund's total, once, as any wallet's does. What the account held when it was
connected is there, and what the venue's history says came since (`wallets.sync.arriving`). Nobody trades with it: it
goes to a wallet of the connection as soon as the owner says so. A difference that nothing explains is nobody's money
yet and stands in suspense instead.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from kit import clock
from kit.alerts.services import resolve_alert
from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.limits import MAX_AMOUNT
from kit.live.publish import publish
from wallets.ledger import AccountRef, Leg, Request, post, post_many
from wallets.models import Account, Connection, Posting, PostingKind, SyncRun, Wallet
from wallets.sync.reconciliation import Look

ZERO: Final = Decimal(0)
NAME: Final = "Unassigned"


def unassigned_wallet(connection_id: UUID) -> Wallet | None:
    """The connection's, unless there is none or it was put away."""
    rows = Wallet.objects.filter(connection_id=connection_id, role=Wallet.Role.UNASSIGNED, archived_at=None)
    return rows.first()


def is_opening(connection: Connection) -> bool:
    """Whether the account is looked at for the first time, or for the first time since it was archived."""
    if connection.is_paper:
        return False
    if connection.synced_at is None:
        return True
    own = Wallet.objects.filter(connection=connection, role=Wallet.Role.UNASSIGNED)
    return own.exists() and not own.filter(archived_at=None).exists()


def opened_between(connection: Connection) -> tuple[datetime, datetime] | None:
    """Between which moments the account was looked at for the first time, or first again after it was archived."""
    ended = SyncRun.objects.filter(connection=connection, status__in=(SyncRun.Status.OK, SyncRun.Status.DRIFT))
    run = ended.order_by("created_at").first()
    first = (run.created_at, run.finished_at or run.created_at) if run else None
    own = unassigned_wallet(connection.pk)
    earlier = Wallet.objects.filter(connection=connection, role=Wallet.Role.UNASSIGNED).exclude(archived_at=None)
    if own is None or not earlier.exists():
        # The wallet of an account that was never archived may be made by a movement, which must not come before itself.
        return first
    reopened = (own.created_at, own.created_at)
    return max(first, reopened) if first else reopened


def open_unassigned(connection: Connection) -> Wallet:
    """The connection's unassigned wallet, made where there is none. The caller holds the connection's row."""
    if own := unassigned_wallet(connection.pk):
        return own
    masters = Wallet.objects.filter(owner_id=connection.owner_id, role=Wallet.Role.MASTER).order_by("created_at")
    first = masters.filter(connection=connection).first() or masters.first()
    own = Wallet.objects.create(
        owner_id=connection.owner_id,
        name=_name(connection),
        role=Wallet.Role.UNASSIGNED,
        connection=connection,
        base_asset=first.base_asset if first else connection.owner.base_currency,
    )
    publish(owner_id=connection.owner_id, event="wallets", data={"wallet": str(own.pk), "change": "created"})
    return own


def take_opening(run: SyncRun, connection: Connection, look: Look) -> dict[str, Decimal]:
    """Write down what the account held when it was connected; per asset. What is missing is no opening."""
    found = {asset: min(amount, MAX_AMOUNT / 2) for asset in look.assets() if (amount := look.drift(asset)) > 0}
    if not found:
        return {}
    own = open_unassigned(connection)
    post_many(
        owner_id=run.owner_id,
        requests=[
            Request(
                f"opening:{run.pk}:{asset}",
                PostingKind.DEPOSIT,
                [Leg(AccountRef(own.pk, asset, Account.Kind.EXTERNAL), AccountRef(own.pk, asset), amount)],
                {"connection": str(connection.pk), "run": str(run.pk)},
            )
            for asset, amount in found.items()
        ],
    )
    return found


def claim(
    *, owner_id: UUID, connection_id: UUID, asset: str, wallet_id: UUID, key: str, amount: Decimal | None = None
) -> Posting:
    """Make unassigned money a wallet's of the same connection: `amount`, by default all that is there of the asset.

    It moves between two wallets of one owner, so it is nobody's profit. Raises NotFoundError for another wallet,
    InvalidInputError for an amount that is none, ConflictError when there is nothing or less.
    """
    with transaction.atomic():
        earlier = Posting.objects.filter(owner_id=owner_id, key=key).first()
        if earlier is not None:
            return earlier
        own = unassigned_wallet(connection_id)
        account = Account.objects.filter(wallet=own, asset=asset, kind=Account.Kind.WALLET).first() if own else None
        free = account.available if account else ZERO
        target = (
            present_wallets(owner_id, connection_id).exclude(role=Wallet.Role.UNASSIGNED).filter(pk=wallet_id).first()
        )
        if target is None:
            raise NotFoundError("There is no such wallet at this connection.")
        if amount is not None and (not amount.is_finite() or amount <= 0):
            raise InvalidInputError("Take more than nothing.", fields={"amount": "Above zero."})
        if own is None or free <= 0 or (amount or ZERO) > free:
            raise ConflictError(f"There is not so much {asset} unassigned at this connection: look at it again.")
        leg = Leg(AccountRef(own.pk, asset), AccountRef(target.pk, asset), amount or free)
        posting = post(
            owner_id=owner_id,
            key=key,
            kind=PostingKind.CLAIM,
            legs=[leg],
            detail={"connection": str(connection_id)},
        )
    if leg.amount == free:
        resolve_alert(owner_id=owner_id, key=arrived_key(connection_id, asset))
    audit.record(
        audit.Area.MONEY,
        "Unassigned money taken",
        owner_id=owner_id,
        subject=target.name,
        after={"amount": leg.amount, "asset": asset},
    )
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(target.pk), "change": "claimed"})
    return posting


def release_archived(*, owner_id: UUID) -> int:
    """Let go of what was unassigned at connections that are archived now: nobody looks at it any more.

    It leaves the fund as money that is taken out does. A connection that is restored finds it again. Returns how many.
    """
    kept = Wallet.objects.filter(
        owner_id=owner_id,
        role=Wallet.Role.UNASSIGNED,
        archived_at=None,
        connection__state=Connection.State.ARCHIVED,
    )
    released = 0
    for own in kept.select_for_update(of=("self",)):
        for account in Account.objects.filter(wallet=own, kind=Account.Kind.WALLET, balance__gt=0):
            here, outside = AccountRef(own.pk, account.asset), AccountRef(own.pk, account.asset, Account.Kind.EXTERNAL)
            post(
                owner_id=owner_id,
                key=f"released:{own.pk}:{account.asset}:{account.version}",
                kind=PostingKind.WITHDRAW,
                legs=[Leg(here, outside, account.balance)],
                detail={"connection": str(own.connection_id), "note": "The connection was archived."},
            )
        own.archived_at = clock.now()
        own.save(update_fields=["archived_at"])
        released += 1
    return released


def present_wallets(owner_id: UUID, connection_id: UUID) -> QuerySet[Wallet]:
    """The connection's wallets that may take money."""
    return Wallet.objects.filter(owner_id=owner_id, connection=connection_id, archived_at=None)


def arrived_key(connection_id: UUID, asset: str) -> str:
    """The key of the alert that says that something of the asset came or went."""
    return f"movement:{connection_id}:{asset}"


def _name(connection: Connection) -> str:
    """Its own among the roots: two accounts may have been renamed to each other's names."""
    wanted = f"{NAME}, {connection.name}"[:70]
    taken = set(Wallet.objects.filter(owner_id=connection.owner_id, parent=None).values_list("name", flat=True))
    return next(name for name in (wanted, *(f"{wanted} {n}" for n in range(2, 1000))) if name not in taken)

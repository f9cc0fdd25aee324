"""Deposits and withdrawals that a venue's own history tells of, and what its owner wants done with them.

They are asked for only where books and venue differ. What such a movement explains is posted once, since the venue's id
of it is written down with the posting: a deposit into the wallet that the owner chose, or else into the unassigned one;
a withdrawal out of the wallet that the owner chose while it has that much free, or else out of what is unassigned. It
is a flow and nobody's profit. Everything else stays a difference: what was traded at the venue by hand has no history
of deposits, and must not become one.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from kit import tenancy
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert
from kit.audit import services as audit
from kit.errors import NotFoundError
from kit.sentences import amount as told_amount
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, post
from wallets.models import Account, Connection, Posting, PostingKind, SyncRun, VenueMovement, Wallet
from wallets.sync.reconciliation import Books, Look, last_at_rest
from wallets.sync.unassigned import arrived_key, open_unassigned, opened_between, present_wallets
from wallets.venues.base import MovementReport, Venue, VenueError
from wallets.venues.capabilities import capabilities_of

logger = logging.getLogger(__name__)

ZERO: Final = Decimal(0)
# Venues tell of a deposit when it was seen on its chain, and credit it when it is final.
SETTLING: Final = timedelta(days=2)
LONGEST: Final = timedelta(days=30)


def ask_movements(venue: Venue, connection: Connection, look: Look, now: datetime) -> tuple[MovementReport, ...]:
    """What the venue's history tells of the assets that do not add up; nothing where it has none or does not answer.

    Call it outside of transactions: a venue that stays away leaves the difference as it is, until the next sync.
    """
    unexplained = {asset for asset in look.assets() if look.unexplained(asset)}
    if connection.is_paper or not unexplained or capabilities_of(connection.platform_id)["movements"].works == "no":
        return ()
    with tenancy.tenant(connection.owner_id):
        rests = [last_at_rest(connection.pk, asset) for asset in unexplained]
    since = max(min((at for at in rests if at), default=connection.created_at) - SETTLING, now - LONGEST)
    try:
        told = venue.movements_since(since)
    except VenueError as error:
        logger.warning("The deposits and withdrawals of %s stay unknown: %s", connection.pk, error)
        return ()
    return tuple(report for report in told if report.asset in unexplained)


def book_movements(run: SyncRun, connection: Connection, look: Look, told: Sequence[MovementReport]) -> Books:
    """Post what the movements explain, within the caller's transaction, which holds the connection's row.

    What was in the account when it was connected is none of it, nor what its owner has explained since. Returns the
    books after it.
    """
    unexplained = [asset for asset in look.assets() if look.unexplained(asset)]
    books = look.books
    if not unexplained:
        return books
    _write_down(connection, told)
    waiting: dict[str, list[VenueMovement]] = {}
    rows = VenueMovement.objects.filter(connection=connection, status=VenueMovement.Status.WAITING)
    for movement in rows.filter(asset__in=unexplained).order_by("at", "pk"):
        waiting.setdefault(movement.asset, []).append(movement)
    opened = opened_between(connection) if waiting else None
    for asset, movements in waiting.items():
        known_until = explained_until(connection, asset, opened[0] if opened else None)
        new = [one for one in movements if known_until is None or one.at > known_until]
        for movement in fitting(new, look.unexplained(asset)):
            books = _book(run, connection, movement, books)
    return books


def fitting(movements: Sequence[VenueMovement], unexplained: Decimal) -> list[VenueMovement]:
    """Those that explain what is there: all of them where they are exactly it, else in turn what is within it."""
    if sum((one.change for one in movements), ZERO) == unexplained:
        return list(movements)
    found, rest = [], unexplained
    for one in movements:
        if one.change * rest > 0 and abs(one.change) <= abs(rest):
            found.append(one)
            rest -= one.change
    return found


def set_arrivals(
    *, owner_id: UUID, connection_id: UUID, deposits_to: UUID | None, withdrawals_from: UUID | None
) -> Connection:
    """Say which wallets take in deposits and bear withdrawals by themselves; None asks the owner each time.

    What has happened already stays as it is. Raises NotFoundError for a wallet that is none of the connection's.
    """
    connection = Connection.objects.filter(owner_id=owner_id, pk=connection_id).first()
    if connection is None:
        raise NotFoundError("There is no such connection.")
    chosen = {pk for pk in (deposits_to, withdrawals_from) if pk is not None}
    known = {one.pk: one.name for one in tradable_wallets(owner_id, connection_id).filter(pk__in=chosen)}
    if chosen - set(known):
        raise NotFoundError("There is no such wallet at this connection.")
    before = {"deposits_to": connection.deposits_to_id, "withdrawals_from": connection.withdrawals_from_id}
    after = {"deposits_to": deposits_to, "withdrawals_from": withdrawals_from}
    Connection.objects.filter(pk=connection_id).update(**{f"{name}_id": value for name, value in after.items()})
    connection.deposits_to_id, connection.withdrawals_from_id = deposits_to, withdrawals_from
    audit.record_change(
        audit.Area.MONEY,
        "What becomes of deposits and withdrawals changed",
        owner_id=owner_id,
        subject=connection.name,
        before={name: value and str(value) for name, value in before.items()},
        after={name: value and str(value) for name, value in after.items()},
    )
    return connection


def tradable_wallets(owner_id: UUID, connection_id: UUID) -> QuerySet[Wallet]:
    """The connection's wallets that somebody may choose, the masters first."""
    rows = present_wallets(owner_id, connection_id).exclude(role=Wallet.Role.UNASSIGNED)
    return rows.order_by("-parent", "created_at")


# --- inside ----------------------------------------------------------------------------------------------------------


def _write_down(connection: Connection, told: Iterable[MovementReport]) -> None:
    """Each once, whoever came first with it."""
    VenueMovement.objects.bulk_create(
        [
            VenueMovement(
                owner_id=connection.owner_id,
                connection=connection,
                kind=report.kind,
                venue_id=report.venue_id,
                asset=report.asset,
                amount=report.amount,
                at=report.at,
            )
            for report in told
        ],
        ignore_conflicts=True,
    )


def explained_until(connection: Connection, asset: str, opened_at: datetime | None) -> datetime | None:
    """Up to when the asset's movements are in the books by another way: the opening, or what the owner has said."""
    said = Posting.objects.filter(
        owner_id=connection.owner_id,
        kind=PostingKind.ASSIGN,
        transfers__asset=asset,
        detail__connection=str(connection.pk),
    )
    moments = [opened_at, said.order_by("-created_at").values_list("created_at", flat=True).first()]
    return max((at for at in moments if at), default=None)


def _book(run: SyncRun, connection: Connection, movement: VenueMovement, books: Books) -> Books:
    """Post one; the books after it, which are the same where no wallet can bear it."""
    came, suspense = movement.change > 0, books.suspense.get(movement.asset, ZERO)
    in_suspense = min(abs(suspense), movement.amount) if movement.change * suspense > 0 else ZERO
    for wallet in _takers(connection, movement):
        try:
            posting = post(
                owner_id=run.owner_id,
                key=f"movement:{connection.pk}:{movement.pk}",
                kind=PostingKind.DEPOSIT if came else PostingKind.WITHDRAW,
                legs=_legs(connection, wallet, movement, in_suspense),
                detail={"connection": str(connection.pk), "run": str(run.pk), "movement": movement.venue_id},
            )
        except InsufficientFundsError:
            continue
        movement.status, movement.wallet, movement.posting = VenueMovement.Status.BOOKED, wallet, posting
        movement.save(update_fields=["status", "wallet", "posting"])
        _tell(connection, movement, wallet)
        return books.after(
            movement.asset,
            movement.change,
            is_claimed=wallet.role != Wallet.Role.UNASSIGNED,
            from_suspense=in_suspense if came else -in_suspense,
        )
    return books


def _takers(connection: Connection, movement: VenueMovement) -> list[Wallet]:
    """The wallets that the movement may be of, the one that the owner chose first."""
    chosen = connection.deposits_to_id if movement.change > 0 else connection.withdrawals_from_id
    rows = present_wallets(connection.owner_id, connection.pk)
    return [*rows.filter(pk=chosen), open_unassigned(connection)] if chosen else [open_unassigned(connection)]


def _legs(connection: Connection, wallet: Wallet, movement: VenueMovement, in_suspense: Decimal) -> list[Leg]:
    """What stood in suspense comes from there, the rest from outside; of a withdrawal the other way round."""
    own, asset = AccountRef(wallet.pk, movement.asset), movement.asset
    keeper = Account.objects.filter(
        wallet__connection=connection, asset=asset, kind=Account.Kind.SUSPENSE, version__gt=0
    ).order_by("-version")
    legs = []
    if in_suspense:
        suspense = AccountRef(keeper.values_list("wallet_id", flat=True)[0], asset, Account.Kind.SUSPENSE)
        legs.append(Leg(suspense, own, in_suspense) if movement.change > 0 else Leg(own, suspense, in_suspense))
    if rest := movement.amount - in_suspense:
        outside = AccountRef(wallet.pk, asset, Account.Kind.EXTERNAL)
        legs.append(Leg(outside, own, rest) if movement.change > 0 else Leg(own, outside, rest))
    return legs


def _tell(connection: Connection, movement: VenueMovement, wallet: Wallet) -> None:
    """A deposit or a withdrawal was booked; who was to be asked is asked what of the unassigned money is to be done."""
    came = movement.change > 0
    title = "{amount} was deposited at {connection}" if came else "{amount} was withdrawn from {connection}"
    if wallet.role != Wallet.Role.UNASSIGNED:
        body = "As you wanted, {wallet} took it in." if came else "As you wanted, it is gone from {wallet}."
    else:
        body = "It is unassigned: say which wallet it is for." if came else "It is gone from what was unassigned."
    raise_alert(
        owner_id=connection.owner_id,
        key=arrived_key(connection.pk, movement.asset),
        level=Alert.Level.INFO if wallet.role != Wallet.Role.UNASSIGNED or not came else Alert.Level.WARNING,
        title=title,
        body=body,
        about=about("connection", connection.pk),
        amount=told_amount(movement.amount, movement.asset),
        connection=connection.name,
        wallet=wallet.name,
    )
    audit.record(
        audit.Area.MONEY,
        f"{movement.get_kind_display()} seen at the venue",
        owner_id=connection.owner_id,
        subject=wallet.name,
        after={"amount": movement.amount, "asset": movement.asset, "venue_id": movement.venue_id},
    )

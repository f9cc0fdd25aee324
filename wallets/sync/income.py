"""What derivatives bring and cost, by the venue's own account of it: realized profit, funding payments, and fees.

It is asked for only where books and venue differ, and goes to the wallet that the account's derivatives are of, whose
value they were part of while they were open: what was won becomes money there and changes no value. It is posted once,
by the venue's id, whatever is asked again, doubled, late or in another order, since the id is written down with it in
one transaction. Neither a flow nor a correction: `wallet_books` reads it off accounts of its own.

What was in the account when it was connected, and what its owner has explained since, is in the books already. Clocks
differ, so of what happened within a minute of such a moment, or of the look itself, the sum decides: where exactly what
the balance shows can be made of the entries by leaving out the first or the last of these few, it is made so. What is
no income of a derivative is not booked here: what moved is a movement (`wallets.sync.arriving`), a bonus a difference.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Final
from uuid import UUID

from django.db import connection as database

from kit import tenancy
from kit.limits import DECIMALS, MAX_AMOUNT
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, Request, post, post_many
from wallets.models import Account, Connection, Posting, PostingKind, SyncRun, VenueIncome, Wallet
from wallets.models.sync import is_bookable
from wallets.sync.reconciliation import Books, Look
from wallets.sync.unassigned import open_unassigned, opened_between, unassigned_wallet
from wallets.venues.base import IncomeReport, Venue, VenueError
from wallets.venues.capabilities import capabilities_of

logger = logging.getLogger(__name__)

ZERO: Final = Decimal(0)
# So near to a moment the venue's clock and ours do not say which of two came first.
CLOSE: Final = timedelta(minutes=1)
# What is told later than this after what came after it stays a difference; and no list reaches further back.
OVERLAP: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=90)
AT_ONCE: Final = 500
KIND: Final = Account.Kind


def ask_income(venue: Venue, connection: Connection, look: Look, now: datetime) -> tuple[IncomeReport, ...]:
    """What the venue tells, where something does not add up; nothing where it has none or does not answer.

    Call it outside of transactions: a venue that stays away leaves the difference as it is, until the next sync.
    """
    differs = any(look.unexplained(asset) for asset in look.assets())
    if connection.is_paper or not differs or capabilities_of(connection.platform_id)["income"].works == "no":
        return ()
    with tenancy.tenant(connection.owner_id):
        newest = VenueIncome.objects.filter(connection=connection).values_list("at", flat=True).first()
        opened = opened_between(connection)
    since = newest - OVERLAP if newest else (opened[0] if opened else now) - CLOSE
    try:
        told = venue.income_since(max(since, now - LONGEST))
    except VenueError as error:
        logger.warning("What derivatives brought at %s stays unknown: %s", connection.pk, error)
        return ()
    return tuple(report for report in told if _fits(report))


def book_income(run: SyncRun, connection: Connection, look: Look, told: Sequence[IncomeReport]) -> Books:
    """Post what is in the venue's balance by now, within the caller's transaction, which holds the connection's row.

    Returns the books after it; what it explains of a difference found earlier is no longer in suspense.
    """
    if capabilities_of(connection.platform_id)["income"].works == "no":
        return look.books
    opened = opened_between(connection)
    if opened is None:
        return look.books
    _write_down(connection, (report for report in told if report.at >= opened[0] - CLOSE))
    waiting: dict[str, list[VenueIncome]] = {}
    rows = VenueIncome.objects.filter(connection=connection, status=VenueIncome.Status.WAITING)
    for one in rows.order_by("at", "venue_id"):
        waiting.setdefault(one.asset, []).append(one)
    books = look.books
    for asset, entries in waiting.items():
        bounds = max(opened, _said_between(connection, asset) or opened)
        unexplained = look.unexplained(asset) if look.settled else None
        choice = choose(entries, unexplained, since=bounds, until=run.created_at)
        VenueIncome.objects.filter(pk__in=[one.pk for one in choice.known]).update(status=VenueIncome.Status.KNOWN)
        if choice.new:
            books = _book(run, connection, books, choice.new, unexplained)
    return books


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are in the books by another way, and which are to be booked now; the rest waits."""

    known: Sequence[VenueIncome]
    new: Sequence[VenueIncome]


def choose(
    entries: Sequence[VenueIncome], unexplained: Decimal | None, *, since: tuple[datetime, datetime], until: datetime
) -> Choice:
    """Of entries of one asset, oldest first, those that the balance shows and the books do not.

    Between the two moments of `since` the books were brought to what the venue held; `until` is about when it was
    looked at. `unexplained` is what those should come to, None where nobody knows.
    """
    ats = [one.at for one in entries]
    sums = [ZERO, *accumulate(one.change for one in entries)]
    first = [place for place in range(len(entries) + 1) if _may_part(ats, place, since[0] - CLOSE, since[1] + CLOSE)]
    last = [place for place in range(len(entries) + 1) if _may_part(ats, place, until - CLOSE, None)]
    begins, ends = sum(at <= since[0] for at in ats), sum(at <= until for at in ats)
    if unexplained is not None:
        # The nearest to what the clocks say, where several come to it.
        found = [
            (abs(one - begins) + abs(other - ends), one, other) for one, other in _pairs(sums, first, last, unexplained)
        ]
        if found:
            _, begins, ends = min(found)
    return Choice(entries[:begins], entries[begins:ends])


# --- inside ----------------------------------------------------------------------------------------------------------


def _may_part(ats: Sequence[datetime], place: int, after: datetime, before: datetime | None) -> bool:
    """Whether all in front of `place` may have come before what the two moments surround, and the others after it."""
    return (place == 0 or before is None or ats[place - 1] <= before) and (place == len(ats) or ats[place] >= after)


def _pairs(
    sums: Sequence[Decimal], first: Iterable[int], last: Sequence[int], unexplained: Decimal
) -> Iterable[tuple[int, int]]:
    """Where to begin and to end so that what lies between comes to it."""
    ends: dict[Decimal, list[int]] = {}
    for place in last:
        ends.setdefault(sums[place], []).append(place)
    for place in first:
        yield from ((place, end) for end in ends.get(sums[place] + unexplained, ()) if end >= place)


def _fits(report: IncomeReport) -> bool:
    """Whether the books can hold it; what they cannot stays a difference."""
    amounts = (report.realized, report.funding, report.fee)
    fine = all(abs(one) < MAX_AMOUNT and one == round(one, DECIMALS) for one in amounts)
    if not (fine and is_bookable(report.asset)):
        logger.warning("%s of %s cannot be booked: %s", report.venue_id, report.symbol, report)
    return fine and is_bookable(report.asset)


def _write_down(connection: Connection, told: Iterable[IncomeReport]) -> None:
    """Each once, whoever came first with it."""
    VenueIncome.objects.bulk_create(
        [
            VenueIncome(
                owner_id=connection.owner_id,
                connection=connection,
                venue_id=report.venue_id,
                symbol=report.symbol,
                asset=report.asset,
                realized=report.realized,
                funding=report.funding,
                fee=report.fee,
                at=report.at,
            )
            for report in told
        ],
        ignore_conflicts=True,
    )


def _said_between(connection: Connection, asset: str) -> tuple[datetime, datetime] | None:
    """When the account was looked at last before its owner explained a difference of the asset, if they did."""
    said = Posting.objects.filter(
        owner_id=connection.owner_id, kind=PostingKind.ASSIGN, transfers__asset=asset,
        detail__connection=str(connection.pk),
    )  # fmt: skip
    moment = said.order_by("-created_at").values_list("created_at", flat=True).first()
    if moment is None:
        return None
    runs = SyncRun.objects.filter(
        connection=connection, status__in=(SyncRun.Status.OK, SyncRun.Status.DRIFT), finished_at__lte=moment
    )
    run = runs.order_by("-created_at").first()
    return (run.created_at, run.finished_at or moment) if run else (moment, moment)


def _book(
    run: SyncRun, connection: Connection, books: Books, entries: Sequence[VenueIncome], unexplained: Decimal | None
) -> Books:
    """Post entries of one asset, as far as wallets can bear them; the books after it."""
    asset, wallet_id = entries[0].asset, _taker(connection)
    entries = sorted(entries, key=lambda one: one.change <= 0)  # what came pays for what went
    requests = [_request(run, connection, wallet_id, one) for one in entries]
    lent: list[Decimal] = []
    try:
        postings: list[Posting | None] = [*post_many(owner_id=run.owner_id, requests=requests)]
    except InsufficientFundsError:
        postings = [
            _post_alone(connection, wallet_id, one, request, lent)
            for one, request in zip(entries, requests, strict=True)
        ]
    booked = []
    for one, posting in zip(entries, postings, strict=True):
        if posting is not None:
            one.status, one.wallet_id, one.posting = VenueIncome.Status.BOOKED, wallet_id, posting
            booked.append(one)
    VenueIncome.objects.bulk_update(booked, ["status", "wallet", "posting"], batch_size=AT_ONCE)
    change = sum((one.change for one in booked), ZERO)
    explained = ZERO if unexplained is None else _out_of_suspense(run, connection, books, asset, change, unexplained)
    is_claimed = not Wallet.objects.filter(pk=wallet_id, role=Wallet.Role.UNASSIGNED).exists()
    books = books.after(asset, change, is_claimed=is_claimed, from_suspense=explained)
    taken = sum(lent, ZERO)
    books = books.after(asset, -taken, is_claimed=False, from_suspense=ZERO)
    return books.after(asset, taken, is_claimed=True, from_suspense=ZERO)


def _taker(connection: Connection) -> UUID:
    """The wallet that the account's derivatives are of."""
    with database.cursor() as cursor:
        cursor.execute("SELECT wallet_id FROM wallet_of_derivatives(%s)", [connection.pk])
        row = cursor.fetchone()
    found: UUID = row[0] if row else open_unassigned(connection).pk
    return found


def _request(run: SyncRun, connection: Connection, wallet_id: UUID, entry: VenueIncome) -> Request:
    """One posting of an entry: what came first, so that it pays for what went."""
    own = AccountRef(wallet_id, entry.asset)
    parts = ((KIND.PROFIT, entry.realized), (KIND.FUNDING, entry.funding), (KIND.COSTS, -entry.fee))
    beside = [(AccountRef(wallet_id, entry.asset, kind), amount) for kind, amount in parts]
    legs = [Leg(other, own, amount) for other, amount in beside if amount > 0]
    legs += [Leg(own, other, -amount) for other, amount in beside if amount < 0]
    kind = PostingKind.REALIZED if entry.realized else PostingKind.FUNDING_PAYMENT if entry.funding else PostingKind.FEE
    detail = {"connection": str(connection.pk), "run": str(run.pk), "income": entry.venue_id, "symbol": entry.symbol}
    return Request(f"income:{connection.pk}:{entry.pk}", kind, legs, detail)


def _post_alone(
    connection: Connection, wallet_id: UUID, entry: VenueIncome, request: Request, lent: list[Decimal]
) -> Posting | None:
    """Post it, with what the wallet lacks out of what is unassigned at the account; None where that is not enough."""
    owner_id = connection.owner_id
    try:
        return post_many(owner_id=owner_id, requests=[request])[0]
    except InsufficientFundsError:
        spare = unassigned_wallet(connection.pk)
    own = Account.objects.filter(wallet=wallet_id, asset=entry.asset, kind=KIND.WALLET).first()
    lacks = -entry.change - (own.available if own else ZERO)
    if spare is None or spare.pk == wallet_id or lacks <= 0:
        return None
    leg = Leg(AccountRef(spare.pk, entry.asset), AccountRef(wallet_id, entry.asset), lacks)
    claim = Request(f"{request.key}:claim", PostingKind.CLAIM, [leg], request.detail)
    try:
        posting = post_many(owner_id=owner_id, requests=[claim, request])[1]
    except InsufficientFundsError:
        return None
    lent.append(lacks)
    return posting


def _out_of_suspense(
    run: SyncRun, connection: Connection, books: Books, asset: str, change: Decimal, unexplained: Decimal
) -> Decimal:
    """Take out of suspense what was found earlier and is explained by what was booked now; how much, signed."""
    suspense = books.suspense.get(asset, ZERO)
    drift = unexplained - change - suspense
    if drift * suspense >= 0:
        return ZERO
    away = min(abs(suspense), abs(change), abs(drift))
    rows = Account.objects.filter(wallet__connection=connection, asset=asset, kind=KIND.SUSPENSE, version__gt=0)
    keeper = rows.order_by("-version").values_list("wallet_id", flat=True)[0]
    outside, inside = AccountRef(keeper, asset, KIND.EXTERNAL), AccountRef(keeper, asset, KIND.SUSPENSE)
    leg = Leg(inside, outside, away) if suspense > 0 else Leg(outside, inside, away)
    detail = {"connection": str(connection.pk), "run": str(run.pk)}
    post(owner_id=run.owner_id, key=f"income:{run.pk}:{asset}", kind=PostingKind.SUSPENSE, legs=[leg], detail=detail)
    return away if suspense > 0 else -away

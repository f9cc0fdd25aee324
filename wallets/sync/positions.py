"""Open positions in derivatives, as their venue tells them: what they have won or lost is part of what the fund is
worth (see the SQL function `wallet_derivatives`). Those of real accounts are not traded from here; those of paper
accounts are, and are told by whoever trades them (`keep_traded`), with the wallet that they are of.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from kit import clock, tenancy
from markets.bounds import ASSET_LENGTH, SYMBOL_LENGTH
from wallets.models import Connection, Platform, VenuePosition
from wallets.venues.base import PositionReport, Venue, VenueError

MARGIN_LENGTH: Final = 8
# An owner, a connection of theirs, and its positions.
Told = tuple[UUID, UUID, Sequence[PositionReport]]

logger = logging.getLogger(__name__)


def has_positions(platform: Platform) -> bool:
    """Whether accounts at the platform may have any."""
    return Platform.Capability.DERIVATIVES in platform.capabilities


def ask_positions(*, venue: Venue, connection: Connection) -> Sequence[PositionReport] | None:
    """What is open at the account; None when the venue did not answer and the last known ones are carried forward.

    Call it outside of transactions.
    """
    if connection.is_paper or not has_positions(connection.platform):
        return ()
    try:
        return venue.positions()
    except VenueError as error:
        logger.warning("The positions of %s are carried forward: %s", connection.pk, error)
        return None


def keep_positions(connection: Connection, told: Sequence[PositionReport]) -> None:
    """Keep what the venue has said, in the transaction that books what was closed: its value is nowhere twice."""
    if has_positions(connection.platform):
        _replace([(connection.owner_id, connection.pk, told)])


def keep_positions_of(told: Sequence[Told]) -> None:
    """Keep what the venues of many owners' connections have said, for a worker that has asked all of them."""
    with tenancy.system(), transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
        _replace(told)


def _replace(told: Sequence[Told]) -> None:
    now = clock.now()
    rows = [
        VenuePosition(
            owner_id=owner_id,
            connection_id=connection_id,
            symbol=report.symbol,
            base=report.base,
            side=report.side,
            quantity=report.quantity,
            contract_size=report.contract_size,
            entry_price=report.entry_price,
            mark_price=report.mark_price,
            unrealized_pnl=report.unrealized_pnl,
            settle=report.settle,
            leverage=report.leverage,
            margin_mode=(report.margin_mode or "")[:MARGIN_LENGTH],
            liquidation_price=report.liquidation_price,
            is_inverse=report.is_inverse,
            at=now,
        )
        for owner_id, connection_id, reports in told
        for report in reports
        if _fits(connection_id, report)
    ]
    unique = ("connection", "symbol", "side", "margin_mode", "wallet")
    others = [field.name for field in VenuePosition._meta.concrete_fields if field.name not in (*unique, "id", "owner")]
    VenuePosition.objects.bulk_create(rows, update_conflicts=True, unique_fields=unique, update_fields=others)
    VenuePosition.objects.filter(connection__in=[pk for _, pk, _ in told], wallet=None).exclude(at=now).delete()


def _fits(connection_id: UUID, report: PositionReport) -> bool:
    """Whether its names can be kept; one that cannot is left out, and the others stay."""
    fits = len(report.symbol) <= SYMBOL_LENGTH and max(len(report.settle), len(report.base)) <= ASSET_LENGTH
    if not fits:
        logger.warning("The position in %s of %s has names too long to be kept", report.symbol, connection_id)
    return fits


def keep_traded(connection: Connection, wallet_id: UUID, report: PositionReport | None, *, symbol: str) -> None:
    """Keep what a wallet of a paper account has in a perpetual now, None: nothing; in the transaction that books what
    was traded, so that its value is nowhere twice. It stays as it is told until prices move it (`mark_traded`)."""
    rows = VenuePosition.objects.filter(connection=connection, wallet_id=wallet_id, symbol=symbol)
    rows.exclude(side=report.side if report else "").delete()
    if report is None:
        return
    told = {
        "base": report.base,
        "quantity": report.quantity,
        "entry_price": report.entry_price,
        "mark_price": report.mark_price,
        "unrealized_pnl": report.unrealized_pnl,
        "settle": report.settle,
        "leverage": report.leverage,
        "liquidation_price": report.liquidation_price,
        "at": clock.now(),
    }
    VenuePosition.objects.update_or_create(
        owner_id=connection.owner_id, connection=connection, wallet_id=wallet_id, symbol=symbol, side=report.side,
        margin_mode=report.margin_mode or "", defaults=told,
    )  # fmt: skip


def mark_traded(*, owner_id: UUID) -> int:
    """Reckon the owner's positions in perpetuals of paper accounts by the prices of now; returns how many have one. Run
    it as the tenant."""
    given: dict[str, Any] = {"owner": owner_id, "now": clock.now(), "live": not clock.is_controlled()}
    with database.cursor() as cursor:
        cursor.execute(_MARK, given)
        return int(cursor.rowcount)


def mark_everybodys() -> None:
    """The same for everybody who has any; each as themselves."""
    with tenancy.system():
        rows = VenuePosition.objects.filter(wallet__isnull=False, connection__is_rehearsing=False)
        owners = list(rows.order_by().values_list("owner_id", flat=True).distinct())
    for owner_id in owners:
        with tenancy.tenant(owner_id):
            mark_traded(owner_id=owner_id)


_MARK: Final = """
WITH traded AS (
    SELECT held.id, market.instrument_id
    FROM wallets_venueposition AS held
    JOIN wallets_connection AS account ON account.id = held.connection_id AND account.is_rehearsing <> %(live)s
    JOIN market_instruments AS market ON market.venue = account.venue AND market.symbol = held.symbol
    WHERE held.owner_id = %(owner)s AND held.wallet_id IS NOT NULL
    ORDER BY held.id FOR NO KEY UPDATE OF held
)
UPDATE wallets_venueposition AS held
SET mark_price = quote.price, at = quote.at,
    unrealized_pnl = CASE held.side WHEN 'long' THEN 1 ELSE -1 END
                     * round(held.quantity * (quote.price - held.entry_price), 18)
FROM traded
JOIN market_quotes(ARRAY(SELECT DISTINCT instrument_id FROM traded), %(now)s, %(live)s) AS quote USING (instrument_id)
WHERE held.id = traded.id AND (held.mark_price, held.at) IS DISTINCT FROM (quote.price, quote.at)
"""

"""How far what is limited has fallen, in a day or from its highest: told to `trading`, which holds buying back."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from kit import clock, days
from kit.statements import planned_once
from kit.users.models import User
from portfolio import corrections
from portfolio.selectors.standings import Standing, standings
from trading.risk.locks import Watched
from trading.services import (
    end_what_is_over,
    watch_daily_losses,
    watch_drawdowns,
    watched_drawdowns,
    watched_for_daily_losses,
)
from wallets.models import Wallet

_FALL: Final = Decimal("1e-8")
# How far each scope stands below its highest of the days from `first` on.
_FALLS: Final = """
SELECT watched.limit_id, watched.wallet_id, 1 - latest.twr_index / highest.index
FROM unnest(%(limits)s::bigint[], %(wallets)s::uuid[], %(firsts)s::date[]) AS watched (limit_id, wallet_id, first)
JOIN wallet_places AS place ON place.wallet_id = watched.wallet_id
CROSS JOIN LATERAL (
    SELECT twr_index FROM portfolio_dailyperformance AS day
    WHERE day.scope = watched.wallet_id AND day.base = coalesce(place.base_asset, %(base)s)
    ORDER BY day DESC LIMIT 1
) AS latest
CROSS JOIN LATERAL (
    SELECT max(twr_high) AS index FROM portfolio_dailyperformance AS day
    WHERE day.scope = watched.wallet_id AND day.base = coalesce(place.base_asset, %(base)s)
        AND day.day >= watched.first
) AS highest
WHERE highest.index > 0
"""


def look_after_losses(*, owner_id: UUID) -> None:
    """Say how far everything that has a daily loss has fallen since its owner's midnight. Runs as the tenant.

    A wallet falls as its time-weighted index does; a connection loses what its masters lose together, as a share of
    what they would be worth now without that.
    """
    if not (watched := watched_for_daily_losses(owner_id=owner_id)):
        return
    zone = corrections.zone_of(owner_id)
    watch_daily_losses(
        owner_id=owner_id,
        lost=_lost(owner_id, zone, watched),
        day_ends=days.ends(days.day_of(clock.now(), zone), zone),
    )


def fallen_today(owner_id: UUID) -> dict[UUID, Decimal]:
    """The same by what each limit stands on, as it would be said now; 0 for what has risen."""
    if not (watched := watched_for_daily_losses(owner_id=owner_id)):
        return {}
    lost = _lost(owner_id, corrections.zone_of(owner_id), watched)
    return {watched[limit][1]: max(fall, Decimal(0)) for limit, fall in lost.items()}


def _lost(owner_id: UUID, zone: ZoneInfo, watched: Mapping[int, tuple[str, UUID]]) -> dict[int, Decimal]:
    stand = standings(owner_id=owner_id, where=zone)
    masters: dict[UUID, list[UUID]] = {}
    for pk, account in Wallet.objects.filter(owner_id=owner_id, role=Wallet.Role.MASTER).values_list(
        "pk", "connection_id"
    ):
        masters.setdefault(account, []).append(pk)
    lost = {
        limit: _fall([stand[wallet] for wallet in ([on] if kind == "wallet" else masters.get(on, []))])
        for limit, (kind, on) in watched.items()
    }
    return {limit: fall for limit, fall in lost.items() if fall is not None}


def look_after_drawdowns(*, owner_id: UUID) -> None:
    """Say how far every wallet whose fall is limited has fallen from its highest of the days that its limit looks back
    on, of today too: as many rows as those days, however long the history is. Runs as the tenant, after the days are
    rolled up. Where a protection has held once, days are measured that begin after its end."""
    end_what_is_over(owner_id=owner_id)
    if not (watched := watched_drawdowns(owner_id=owner_id)):
        return
    zone = corrections.zone_of(owner_id)
    today = days.day_of(clock.now(), zone)

    def first(one: Watched) -> date:
        earliest = today - timedelta(days=one.days - 1)
        return earliest if one.since is None else max(earliest, days.day_of(one.since, zone) + timedelta(days=1))

    given: dict[str, Any] = {
        "limits": [one.limit_id for one in watched],
        "wallets": [one.wallet_id for one in watched],
        "firsts": [first(one) for one in watched],
        "base": User.objects.values_list("base_currency", flat=True).get(pk=owner_id),
    }
    with planned_once(connection) as cursor:
        cursor.execute(_FALLS, given)
        rows = cursor.fetchall()
    fallen = {(limit_id, wallet_id): Decimal(fall).quantize(_FALL) for limit_id, wallet_id, fall in rows}
    watch_drawdowns(owner_id=owner_id, fallen=fallen)


def _fall(stand: Sequence[Standing]) -> Decimal | None:
    """How far they have fallen today, a fraction; None where that is not known, negative where they have risen."""
    if len(stand) == 1:
        (only,) = stand
        return None if only.today_return is None else -Decimal(only.today_return).quantize(_FALL)
    today = [each.today for each in stand if each.today is not None]
    without = sum((each.value for each in stand if each.value is not None), Decimal(0)) - sum(today, Decimal(0))
    if len(today) != len(stand) or without <= 0:
        return None
    return (-sum(today, Decimal(0)) / without).quantize(_FALL)

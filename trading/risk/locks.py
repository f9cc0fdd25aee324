"""The protections of the limits: what begins to hold buying back, and what is over.

A trade that closes is looked at where it is booked, in the same transaction: by its stop it begins a pause of its
market, and with the trades before it, as many as the limit counts, it says whether they won enough. How far a wallet
has fallen is said by whoever values wallets (`portfolio`, with each valuation). None of it reads more than the limit
names, however long the history is. Where a protection has held once, what came before its end is not measured again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from kit import clock
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alerts
from kit.live.publish import publish
from kit.sentences import moment
from trading.models import EntryLock, Position, RiskLimit
from trading.risk.locked import COOLDOWN, DRAWDOWN, PROFIT_FACTOR, Lock
from wallets.models import Wallet

_PROTECTING: Final = """
SELECT own.id FROM trading_risklimit AS own JOIN wallet_path(%s) AS step
    ON own.wallet_id = step.wallet_id OR own.connection_id = step.connection_id
WHERE own.minimum_profit_factor IS NOT NULL OR (%s AND own.cooldown_bars IS NOT NULL)
"""
# The newest of the pair since the limit last held it; none where there are not as many yet.
_FACTOR: Final = """
SELECT sum(greatest(newest.realized_pnl, 0)), sum(greatest(-newest.realized_pnl, 0))
FROM (
    SELECT realized_pnl FROM trading_position
    WHERE wallet_id = %s AND instrument_id = %s AND closed_at > %s
    ORDER BY closed_at DESC LIMIT %s
) AS newest
HAVING count(*) = %s
"""
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Watched:
    """A wallet whose fall is limited: from its highest since `since`, and within so many days at most."""

    limit_id: int
    wallet_id: UUID
    days: int
    since: datetime | None


def after_trade(position: Position, *, by_stop: bool) -> None:
    """Look at a round trip that has just closed, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_PROTECTING, [position.wallet_id, by_stop])
        limit_ids = [limit_id for (limit_id,) in cursor.fetchall()]
    closed_at = position.closed_at
    if not limit_ids or closed_at is None:
        return
    for limit in _limits(limit_ids):
        if by_stop and limit.cooldown_bars is not None:
            until = closed_at + limit.cooldown_bars * _bar(position.wallet_id)
            _begin(limit, COOLDOWN, Decimal(limit.cooldown_bars), until, position.wallet_id, position.instrument_id)
        if limit.minimum_profit_factor is not None:
            _judge(limit, limit.minimum_profit_factor, position, closed_at)


def _limits(limit_ids: Collection[int]) -> QuerySet[RiskLimit]:
    return RiskLimit.objects.select_related("wallet", "connection").filter(pk__in=limit_ids).order_by("pk")


def _bar(wallet_id: UUID) -> timedelta:
    """How long a bar is for whoever decides in the wallet; an hour where nobody says."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT trading_bar_of(%s)", [wallet_id])
        (bar,) = cursor.fetchone()
    length: timedelta = bar
    return length


def _judge(limit: RiskLimit, least: Decimal, position: Position, closed_at: datetime) -> None:
    held = EntryLock.objects.filter(
        limit=limit, kind=PROFIT_FACTOR, wallet_id=position.wallet_id, instrument_id=position.instrument_id
    ).first()
    since = held.until if held is not None else LONG_AGO
    number = limit.lookback_trades
    with connection.cursor() as cursor:
        cursor.execute(_FACTOR, [position.wallet_id, position.instrument_id, since, number, number])
        row = cursor.fetchone()
    if row is None or not row[1] or row[0] >= least * row[1]:
        return
    factor = (row[0] / row[1]).quantize(Decimal("1e-8"))
    until = closed_at + timedelta(hours=limit.lock_hours)
    _begin(limit, PROFIT_FACTOR, factor, until, position.wallet_id, position.instrument_id)


def watched_drawdowns(*, owner_id: UUID) -> list[Watched]:
    """Whose falls are limited now: a wallet by its own limit, each master by that of its connection."""
    limits = RiskLimit.objects.filter(owner_id=owner_id, maximum_drawdown__isnull=False)
    masters: dict[UUID | None, list[UUID]] = {}
    accounts = Wallet.objects.filter(owner_id=owner_id, role=Wallet.Role.MASTER, archived_at=None)
    for account, wallet_id in accounts.values_list("connection_id", "pk"):
        masters.setdefault(account, []).append(wallet_id)
    held = EntryLock.objects.filter(owner_id=owner_id, kind=DRAWDOWN).values_list("limit_id", "wallet_id", "until")
    since = {(limit_id, wallet_id): until for limit_id, wallet_id, until in held}
    now = clock.now()
    watched = [
        Watched(limit.pk, wallet_id, limit.lookback_days, since.get((limit.pk, wallet_id)))
        for limit in limits.order_by("pk")
        for wallet_id in ([limit.wallet_id] if limit.wallet_id else masters.get(limit.connection_id, []))
    ]
    return [one for one in watched if one.since is None or one.since <= now]


def watch_drawdowns(*, owner_id: UUID, fallen: Mapping[tuple[int, UUID], Decimal]) -> None:
    """Hold back what has fallen as far as it may. `fallen` is by limit and wallet, a fraction of the highest of at most
    eight decimals; what is missing is not known now."""
    limits = {limit.pk: limit for limit in _limits([limit_id for limit_id, _ in fallen])}
    now = clock.now()
    for (limit_id, wallet_id), fall in fallen.items():
        limit = limits.get(limit_id)
        if limit is None or limit.owner_id != owner_id or limit.maximum_drawdown is None:
            continue
        if fall >= limit.maximum_drawdown:
            _begin(limit, DRAWDOWN, min(fall, Decimal(1)), now + timedelta(hours=limit.lock_hours), wallet_id, None)


def _begin(
    limit: RiskLimit, kind: str, measured: Decimal, until: datetime, wallet_id: UUID, instrument_id: int | None
) -> None:
    """Hold it until then, unless that is past, or it is held longer already."""
    now = clock.now()
    if until <= now:
        return
    place = {"limit": limit, "kind": kind, "wallet_id": wallet_id, "instrument_id": instrument_id}
    given = {"measured": measured, "began_at": now, "until": until, "ended_at": None}
    lock, is_new = EntryLock.objects.get_or_create(owner_id=limit.owner_id, **place, defaults=given)
    if not is_new:
        fresh = EntryLock.objects.filter(pk=lock.pk).exclude(ended_at=None, until__gte=until)
        if not fresh.update(**given):
            return
    told = told_of([lock.pk])[lock.pk]
    raise_alert(
        owner_id=limit.owner_id,
        key=lock.alert_key,
        level=Alert.Level.INFO if kind == COOLDOWN else Alert.Level.WARNING,
        title=f"{told.wallet} buys {told.symbol or 'nothing'}{' no more' if told.symbol else ''} for a while",
        body="{why}: nothing is bought there until {until}. What it holds keeps its stops and can be sold.",
        about=about("wallet", wallet_id),
        why=told.why,
        until=moment(until),
    )
    publish(owner_id=limit.owner_id, event="farms", data={"wallet": str(wallet_id)})


def end_what_is_over(*, owner_id: UUID) -> None:
    """Say of every protection whose time is over that it is."""
    over = EntryLock.objects.filter(owner_id=owner_id, ended_at=None, until__lte=clock.now())
    _end(list(over.select_for_update(no_key=True).order_by("pk")))


def end_what_is_allowed(limit: RiskLimit) -> None:
    """After a limit was changed: end what it would not begin as it is now; whoever shortens a pause ends it."""
    kept = EntryLock.objects.filter(limit=limit, ended_at=None, until__gt=clock.now())
    _end([lock for lock in kept.select_for_update(no_key=True).order_by("pk") if not _holds(limit, lock)])


def _holds(limit: RiskLimit, lock: EntryLock) -> bool:
    if lock.kind == COOLDOWN:
        return limit.cooldown_bars is not None and lock.measured <= limit.cooldown_bars
    if lock.kind == DRAWDOWN:
        return limit.maximum_drawdown is not None and lock.measured >= limit.maximum_drawdown
    return limit.minimum_profit_factor is not None and lock.measured < limit.minimum_profit_factor


def _end(locks: Sequence[EntryLock]) -> None:
    if not locks:
        return
    now = clock.now()
    for lock in locks:
        lock.ended_at = now
        lock.until = min(lock.until, now)
        lock.save(update_fields=("ended_at", "until"))
    owner_id = locks[0].owner_id
    resolve_alerts(owner_id=owner_id, keys=[lock.alert_key for lock in locks])
    for wallet_id in {lock.wallet_id for lock in locks}:
        publish(owner_id=owner_id, event="farms", data={"wallet": str(wallet_id)})


def told_of(lock_ids: Collection[int]) -> dict[int, Lock]:
    """What is told of each of these."""
    if not lock_ids:
        return {}
    related = EntryLock.objects.select_related("wallet", "instrument", "limit__wallet", "limit__connection")
    return {lock.pk: _told(lock) for lock in related.filter(pk__in=lock_ids)}


def _told(lock: EntryLock) -> Lock:
    limit = lock.limit
    on = limit.wallet or limit.connection
    most = getattr(limit, lock.kind)
    return Lock(
        kind=lock.kind,
        who="" if on is None else on.name,
        wallet=lock.wallet.name,
        symbol="" if lock.instrument is None else lock.instrument.symbol,
        measured=lock.measured,
        most=lock.measured if most is None else Decimal(most),
        span={DRAWDOWN: limit.lookback_days, PROFIT_FACTOR: limit.lookback_trades}.get(lock.kind, 0),
        until=lock.until,
    )

"""The daily loss: once a wallet has fallen that far within a day, nothing is bought for it until the next.

A fall is that of the wallet's time-weighted index since the owner's midnight, so money that comes or goes is none; the
limit of a connection counts what its masters have lost together. Whoever values wallets says how far they have fallen
(`portfolio`, every five minutes); what is sold, stops and targets go on.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kit import clock
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.live.publish import publish
from kit.sentences import moment, number
from trading.models import RiskLimit


def watched(*, owner_id: UUID) -> dict[int, tuple[str, UUID]]:
    """The limits that name a daily loss: `wallet` or `connection`, and the id of what each stands on."""
    rows = RiskLimit.objects.filter(owner_id=owner_id, maximum_daily_loss__isnull=False)
    return {limit.pk: _on(limit) for limit in rows}


def _on(limit: RiskLimit) -> tuple[str, UUID]:
    if limit.wallet_id is not None:
        return "wallet", limit.wallet_id
    assert limit.connection_id is not None  # noqa: S101 - a limit stands on one of them
    return "connection", limit.connection_id


def watch(*, owner_id: UUID, lost: Mapping[int, Decimal], day_ends: datetime) -> None:
    """Let rest whatever has lost as much as it may, until `day_ends`, and end the rests of days that are over.

    `lost` is by limit, a fraction of what was there when the day began, of at most eight decimals; one that is
    missing is not known now.
    """
    now = clock.now()
    limits = RiskLimit.objects.select_for_update(of=("self",)).select_related("wallet", "connection")
    for limit in limits.filter(owner_id=owner_id, maximum_daily_loss__isnull=False).order_by("pk"):
        if limit.rests_until is not None and limit.rests_until <= now:
            end(limit)
        fallen, most = lost.get(limit.pk), limit.maximum_daily_loss
        if limit.rests_until is None and fallen is not None and most is not None and fallen >= most:
            _begin(limit, min(fallen, Decimal(1)), day_ends)


def _begin(limit: RiskLimit, lost: Decimal, until: datetime) -> None:
    limit.lost, limit.rests_until = lost, until
    limit.save(update_fields=("lost", "rests_until"))
    on = limit.wallet or limit.connection
    assert on is not None  # noqa: S101 - the limit stands on one of them
    raise_alert(
        owner_id=limit.owner_id,
        key=_key(limit),
        level=Alert.Level.WARNING,
        title=f"{on.name} has lost what it may lose in a day",
        body="It fell by {lost} %, and its limit is {most} %: nothing is bought for it until {until}. What it holds "
        "keeps its stops and can be sold.",
        about=about("wallet", on.pk) if limit.wallet_id else "",
        lost=number(f"{lost * 100:.2f}"),
        most=number(f"{(limit.maximum_daily_loss or 0) * 100:.2f}"),
        until=moment(until),
    )
    publish(owner_id=limit.owner_id, event="farms", data={"limit": str(limit.pk)})


def end(limit: RiskLimit) -> None:
    """Let it be bought for again."""
    limit.lost = limit.rests_until = None
    limit.save(update_fields=("lost", "rests_until"))
    resolve_alert(owner_id=limit.owner_id, key=_key(limit))
    publish(owner_id=limit.owner_id, event="farms", data={"limit": str(limit.pk)})


def _key(limit: RiskLimit) -> str:
    return f"daily-loss:{limit.pk}"

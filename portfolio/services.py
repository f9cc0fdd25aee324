"""Value what is there, remember it, and sum it up by day.

The five-minute job is here: ask `wallets` to look at every venue, each in a task of its own, then write what everything
is worth. A venue that does not answer, or not in time, changes nothing about the second step: the books keep their last
known balances, and the snapshot says that it is stale.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from celery import current_app
from django.db import DataError, Error, IntegrityError, connection, transaction
from django.db.models import Q

from kit import clock, days, months, sentences, tenancy
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert, resolve_kind
from kit.errors import ConflictError
from kit.live.publish import publish
from kit.statements import planned_once
from kit.users.models import User
from portfolio import corrections, daily, retention, valuation
from portfolio.exposure.limits import watch as watch_exposure
from portfolio.exposure.models import ExposureLimit
from portfolio.losses import look_after_drawdowns, look_after_losses
from portfolio.models import PortfolioState
from wallets.models import Wallet
from wallets.sync.positions import mark_traded
from wallets.sync.runs import are_under_way, carry_forward_late, request_due
from wallets.sync.unassigned import release_archived

# A sync that has not ended by then has died with its worker, and the next one may start.
SYNC_IS_DEAD_AFTER: Final = timedelta(minutes=10)
# A day that is not closed by then keeps the last snapshot before its midnight: prices have moved on since.
CLOSES_WITHIN: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
GAP: Final = "snapshot"

logger = logging.getLogger(__name__)


def take_snapshots(*, owner_id: UUID, at: datetime | None = None) -> int:
    """Write the value of each wallet (with all below it) and of all wallets together; returns how many rows.

    Runs as the tenant, in one transaction. A moment is written once: a second call for it, or a worker that was
    overtaken by another, writes nothing and returns 0. Raises ConflictError when `at` lies before the newest
    snapshots, because what is valued are the balances of now. Snapshots of the future, written by a clock that was
    ahead, keep no value of now from being written; they stay, because it may be our own clock that is wrong.
    """
    moment = at or clock.now()
    PortfolioState.held(owner_id)
    mark_traded(owner_id=owner_id)
    if at is None:
        _close_the_day_before(owner_id, moment)
    retention.make_month(moment)
    if not _claim(owner_id, moment, may_go_back=at is None and not clock.is_controlled()):
        newest = PortfolioState.objects.values_list("valued_at", flat=True).get(owner_id=owner_id)
        if at is not None and newest is not None and at < newest:
            raise ConflictError(f"Snapshots exist up to {newest:%Y-%m-%d %H:%M:%S}: value a later moment.")
        return 0
    written = _write(owner_id, moment)
    publish(owner_id=owner_id, event="portfolio", data={"at": moment})
    return written


def limited_in_exposure() -> list[UUID]:
    """Who limits exposure; a history that is being built is left alone. Runs as the system."""
    rows = ExposureLimit.objects.exclude(owner_id__in=PortfolioState.owners_building()).order_by()
    return list(rows.values_list("owner_id", flat=True).distinct())


def _close_the_day_before(owner_id: UUID, now: datetime) -> None:
    """Write what everything is worth as the last instant of the owner's day that has just ended, unless it is written.

    A day closes at its own midnight, so that its close is the next day's opening. Whoever values first after that
    midnight does this; where nobody comes in time, what was there before it stays the close.
    """
    zone = corrections.zone_of(owner_id)
    midnight = days.begins(days.day_of(now, zone), zone)
    if now - midnight > CLOSES_WITHIN:
        return
    newest = PortfolioState.objects.filter(owner_id=owner_id).values_list("valued_at", flat=True).first()
    if newest is not None and newest < midnight - days.INSTANT:
        with suppress(ConflictError):  # somebody else was here meanwhile
            take_snapshots(owner_id=owner_id, at=midnight - days.INSTANT)


def days_that_closed() -> list[UUID]:
    """Whose day has just ended, of all who have something to value. Runs as the system."""
    now = clock.now()
    known = PortfolioState.objects.filter(valued_at__isnull=False, building__isnull=True)
    found = User.objects.filter(pk__in=known.values("owner_id")).values_list("pk", "timezone")
    midnights: dict[str, datetime] = {}
    closed = []
    for pk, name in found:
        if name not in midnights:
            midnights[name] = days.begins(days.day_of(now, ZoneInfo(name)), ZoneInfo(name))
        if now - midnights[name] <= CLOSES_WITHIN:
            closed.append(pk)
    return closed


def close_day(*, owner_id: UUID) -> None:
    """Close the day that has just ended at its midnight, and open the next with the same. Runs as the tenant."""
    take_snapshots(owner_id=owner_id)
    roll_up_days(owner_id=owner_id)
    corrections.request_work(owner_id=owner_id)


def _write(owner_id: UUID, moment: datetime) -> int:
    """All values in one statement; when the database refuses it, each wallet's by itself, and who fails is told."""
    given = valuation.parameters(owner_id=owner_id, at=moment)
    try:
        written = _take(given)
    except (DataError, IntegrityError):
        logger.exception("The values of owner %s were not written at once: trying each wallet by itself", owner_id)
    else:
        resolve_kind(owner_id=owner_id, kind=GAP)
        return written
    written, names = 0, dict(Wallet.objects.filter(owner_id=owner_id).values_list("pk", "name"))
    for scope in (*names, owner_id):
        try:
            written += _take(given | {"only": scope})
            resolve_alert(owner_id=owner_id, key=_gap(scope))
        except (DataError, IntegrityError) as error:
            raise_alert(
                owner_id=owner_id,
                key=_gap(scope),
                level=Alert.Level.CRITICAL,
                title="A value was not written down",
                body="{wallet}: the history has a gap from {since} on. Look at its holdings and prices. "
                "The database said: {said}",
                about=about("wallet", scope) if scope in names else "",
                wallet=names.get(scope, "All wallets together"),
                since=sentences.moment(moment),
                said=sentences.quoted(str(error).splitlines()[0]),
            )
    return written


def _gap(scope: UUID) -> str:
    """The alert that says whose value was not written; the next one that is written resolves it."""
    return f"{GAP}:{scope}"


def _take(given: dict[str, Any]) -> int:
    with transaction.atomic(), planned_once(connection) as cursor:
        cursor.execute(valuation.TAKE_SNAPSHOTS, given)
        return int(cursor.rowcount)


def _claim(owner_id: UUID, moment: datetime, *, may_go_back: bool) -> bool:
    """Move the cursor to `moment`, which locks out other workers until the commit; False when it is there already.

    With `may_go_back` also from the future.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO portfolio_portfoliostate AS state (owner_id, valued_at, building_step) VALUES (%s, %s, '')
            ON CONFLICT (owner_id) DO UPDATE SET valued_at = excluded.valued_at
            WHERE state.valued_at IS NULL OR state.valued_at < excluded.valued_at
                  OR %s AND state.valued_at > %s
            """,
            [owner_id, moment, may_go_back, moment + clock.SKEW],
        )
        return int(cursor.rowcount) == 1


def roll_up_days(*, owner_id: UUID) -> int:
    """Bring the hourly and the daily table up to the newest snapshots; returns how many days were written.

    Runs as the tenant. Days of it that nobody closed at their midnight are asked to be closed afterwards.
    """
    before = PortfolioState.objects.filter(owner_id=owner_id).first()
    written = sum(part.days for part in _roll_up(owner_id))
    after = PortfolioState.objects.filter(owner_id=owner_id).first()
    if before and after and (before.rolled_to, before.rolled_in) != (after.rolled_to, after.rolled_in):
        is_there_still = before.rolled_in == after.rolled_in
        corrections.ask_to_close(owner_id=owner_id, since=before.rolled_to if is_there_still else None)
    return written


def catch_up(*, owner_id: UUID) -> bool:
    """The first month of what is not rolled up yet; False when nothing is left after it. Runs as the tenant."""
    state = PortfolioState.objects.get(owner_id=owner_id)
    before = state.hours_to
    next(_roll_up(owner_id), None)
    state.refresh_from_db()
    if state.hours_to is None or state.valued_at is None or state.hours_to == before:
        return False
    return state.hours_to <= state.valued_at - HOUR


def _roll_up(owner_id: UUID) -> Iterator[daily.Part]:
    """Part by part, the cursors after each; whoever stops goes on there."""
    state = PortfolioState.objects.select_for_update().filter(owner_id=owner_id).first()
    if state is None or state.valued_at is None:
        return
    zone = corrections.zone_of(owner_id)
    if state.rolled_in != zone.key:
        state.rolled_to, state.hours_to = retention.give_up_days(owner_id=owner_id, zone=zone)
        state.rolled_in = zone.key
    newest = days.day_of(state.valued_at, zone)
    begins = days.begins(newest, zone)
    hour = begins + (state.valued_at - begins) // HOUR * HOUR
    # The cursors may have gone ahead with a clock that was: they follow the snapshots back.
    parts = daily.roll_up_parts(
        owner_id=owner_id,
        since=min(state.rolled_to or daily.BEGINNING, newest),
        zone=zone,
        hours_since=min(state.hours_to, hour) if state.hours_to else None,
    )
    for part in parts:
        state.rolled_to = min(part.until, newest)
        state.hours_to = hour if part.until >= newest else days.ends(part.until, zone)
        state.save(update_fields=("rolled_to", "hours_to", "rolled_in"))
        yield part


def forget_snapshots() -> None:
    """Make the months ahead, sum up what is not yet, and forget what is older than the settings say.

    Step by step, each a transaction of its own: whoever is killed has done what is done, and the next night goes on.
    Runs outside of any tenant block.
    """
    months.make_ahead()
    with tenancy.system():
        known = PortfolioState.objects.filter(valued_at__isnull=False, building__isnull=True)
        owners = dict(User.objects.filter(pk__in=known.values("owner_id")).values_list("pk", "timezone"))
        # What is being put into the past goes on from what it has written there.
        behind = PortfolioState.owners_building().exists() or corrections.are_under_way()
    for owner_id, name in owners.items():
        try:
            while True:
                with tenancy.tenant(owner_id):
                    if not catch_up(owner_id=owner_id):
                        break
            retention.forget_hours(owner_id=owner_id, zone=ZoneInfo(name))
        except Error:
            logger.exception("The history of owner %s was not summed up: no snapshot is forgotten", owner_id)
            behind = True
    for month in () if behind else retention.old_months():
        retention.forget_month(month)


def begin_history(*, owner_id: UUID) -> None:
    """Value everything at once after a change of base currency, so that no page mixes figures of two; today from its
    midnight on, and what lies before once a worker has it in hand after this transaction is committed."""
    if not PortfolioState.owners_building().filter(owner_id=owner_id).exists():
        take_snapshots(owner_id=owner_id)
        corrections.close_yesterday(owner_id=owner_id)
        corrections.restate(owner_id=owner_id)
        roll_up_days(owner_id=owner_id)
        corrections.ask_to_close(owner_id=owner_id, since=None)
        corrections.request_work(owner_id=owner_id)


def request_days(*, owner_id: UUID) -> None:
    """Begin today at the owner's midnight, and have a worker bring the days before it up to date once this transaction
    is committed, as after a change of time zone."""
    if not PortfolioState.owners_building().filter(owner_id=owner_id).exists():
        corrections.close_yesterday(owner_id=owner_id)
    transaction.on_commit(lambda: current_app.send_task("portfolio.tasks.roll_up", args=(str(owner_id),)), robust=True)


def request_sync(*, owner_id: UUID) -> None:
    """Have a worker sync the owner as soon as this transaction is committed; the state shows how far it is."""
    transaction.on_commit(lambda: current_app.send_task("portfolio.tasks.sync_now", args=(str(owner_id),)), robust=True)


def ask_venues(*, owner_id: UUID) -> bool:
    """Have every venue of the owner asked; False when that is under way already.

    `value_what_came` is to follow. Runs outside of any tenant block.
    """
    with tenancy.tenant(owner_id):
        if not _begin_sync(owner_id):
            return False
        release_archived(owner_id=owner_id)
        request_due(owner_id=owner_id)
    return True


def value_what_came(*, owner_id: UUID, last_look: bool) -> bool:
    """Value everything once every venue has answered; False while one has not and this is not the `last_look`.

    At the last look a venue that is late is carried forward: its wallets have their last known balances, flagged.
    """
    with tenancy.tenant(owner_id):
        if not last_look and are_under_way(owner_id=owner_id):
            return False
    try:
        with tenancy.tenant(owner_id):
            carry_forward_late(owner_id=owner_id)
            take_snapshots(owner_id=owner_id)
            roll_up_days(owner_id=owner_id)
            look_after_losses(owner_id=owner_id)
            look_after_drawdowns(owner_id=owner_id)
            watch_exposure(owner_id=owner_id)
            corrections.find_late(owner_id=owner_id)
            corrections.request_work(owner_id=owner_id)
            PortfolioState.objects.filter(owner_id=owner_id).update(synced_at=clock.now())
    finally:
        with tenancy.tenant(owner_id):
            PortfolioState.objects.filter(owner_id=owner_id).update(syncing_since=None)
            publish(owner_id=owner_id, event="sync", data={"running": False})
    return True


def _begin_sync(owner_id: UUID) -> bool:
    now = clock.now()
    PortfolioState.objects.get_or_create(owner_id=owner_id)
    free = Q(syncing_since__isnull=True) | Q(syncing_since__lt=now - SYNC_IS_DEAD_AFTER)
    free |= Q(syncing_since__gt=now + clock.SKEW)  # begun in the future: by a clock that was wrong
    # A history that is being built writes its own snapshots; one of now would stand in its way.
    claimed = PortfolioState.objects.filter(free, owner_id=owner_id, building__isnull=True).update(syncing_since=now)
    if claimed:
        publish(owner_id=owner_id, event="sync", data={"running": True})
    return claimed == 1

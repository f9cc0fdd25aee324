"""Raise alerts, take note of them, resolve and mute them.

Raising is one statement, so that any number of workers may raise the same key at once: the first makes the row, the
others count up. An alert that is new or became graver calls its person: pages get the event `alert` and show a toast.
Whatever changes how many are open is the event `alerts`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from celery import current_app
from django.conf import settings
from django.db import connections, router, transaction

from kit import clock, tenancy
from kit.alerts.kinds import KINDS, LEVELS, PLATFORM, area_of, kind_of
from kit.alerts.models import Alert, Delivery, Message, MessageQuerySet, Mute, PlatformAlert
from kit.errors import InvalidInputError, NotFoundError
from kit.live.publish import publish
from kit.sentences import Told, Value, stored
from kit.users.models import User

TITLE_LENGTH: Final = 200
WAKING_SECONDS: Final = 10

# The levels stand in the order of their gravity; `%(levels)s` is that list. What is new or became graver is queued in
# the same statement for every channel that is to hear of it: neither exists without the other, whoever dies when.
_RAISE: Final = """
WITH raised AS (
    INSERT INTO {table} AS known ({whose} id, created_at, raised_at, last_seen_at, key, kind, level, title, body, facts,
                                  about, times, resolved_by_hand)
    VALUES ({whose_value} %(id)s, %(now)s, %(now)s, %(now)s, %(key)s, %(kind)s, %(level)s, %(title)s, %(body)s,
            %(facts)s, %(about)s, 1, false)
    ON CONFLICT ({whose} key) WHERE resolved_at IS NULL DO UPDATE
    SET title = excluded.title, body = excluded.body, facts = excluded.facts, about = excluded.about,
        times = known.times + 1, last_seen_at = excluded.last_seen_at,
        level = CASE WHEN {graver} THEN excluded.level ELSE known.level END,
        raised_at = CASE WHEN {graver} THEN excluded.raised_at ELSE known.raised_at END,
        acknowledged_at = CASE WHEN {graver} THEN NULL ELSE known.acknowledged_at END
    RETURNING id, raised_at = %(now)s AS calls, level
), queued AS (
    INSERT INTO alerts_delivery
        (id, created_at, next_try_at, owner_id, channel_id, {told}, purpose, status, tries, said)
    SELECT gen_random_uuid(), %(now)s, %(now)s, channel.owner_id, channel.id, raised.id, 'alert', 'waiting', 0, ''
    FROM raised, alerts_channel AS channel
    WHERE raised.calls AND %(is_news)s AND channel.is_active AND channel.owner_id IN ({hearers})
      AND array_position(%(levels)s, raised.level::text) >= array_position(%(levels)s, channel.level::text)
      AND (channel.areas = '[]' OR channel.areas ? %(area)s)
      AND %(key)s <> 'channel:' || channel.id
      AND NOT EXISTS (SELECT FROM alerts_mute AS mute
                      WHERE mute.owner_id = channel.owner_id AND mute.key IN (%(key)s, %(kind)s)
                        AND (mute.until IS NULL OR mute.until > %(now)s))
    RETURNING id
)
SELECT id, calls, level, EXISTS (SELECT FROM queued) FROM raised
"""
_GRAVER: Final = "array_position(%(levels)s, excluded.level::text) > array_position(%(levels)s, known.level::text)"
_RAISE_OWN: Final = _RAISE.format(
    table="alerts_alert",
    whose="owner_id,",
    whose_value="%(owner_id)s,",
    graver=_GRAVER,
    told="alert_id",
    hearers="%(owner_id)s",
)
_RAISE_PLATFORM: Final = _RAISE.format(
    table="alerts_platformalert",
    whose="",
    whose_value="",
    graver=_GRAVER,
    told="platform_alert_id",
    hearers="SELECT id FROM users_user WHERE is_staff AND is_active",
)


def raise_alert(
    *,
    owner_id: UUID,
    key: str,
    title: str,
    body: str = "",
    level: str = Alert.Level.WARNING,
    about: str = "",
    **facts: Value | Told | int,
) -> UUID:
    """Tell the owner `key`; returns the alert's id. While it lasts it is counted up and gets the newer words.

    `title` and `body` are templates whose values are `facts` (`kit.sentences`). The level never falls; when it rises,
    the alert counts as not acknowledged again. Runs as the tenant.
    """
    given = _given(key, title, body, level, about, facts) | {"owner_id": owner_id, "area": area_of(kind_of(key).name)}
    with connections[router.db_for_write(Alert)].cursor() as cursor:
        cursor.execute(_RAISE_OWN, given)
        alert_id, calls, level, is_queued = cursor.fetchone()
    if calls:
        _call(owner_id, alert_id, level)
    if is_queued:
        _wake_workers()
    return UUID(str(alert_id))


def raise_platform_alert(
    *,
    key: str,
    title: str,
    body: str = "",
    level: str = Alert.Level.WARNING,
    about: str = "",
    **facts: Value | Told | int,
) -> UUID:
    """The same for all operators."""
    with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute(_RAISE_PLATFORM, _given(key, title, body, level, about, facts) | {"area": PLATFORM})
        alert_id, calls, level, is_queued = cursor.fetchone()
    if calls:
        for operator_id in _operators():
            _call(operator_id, alert_id, level)
    if is_queued:
        _wake_workers()
    return UUID(str(alert_id))


def resolve_alert(*, owner_id: UUID, key: str) -> int:
    """Its cause is gone: close the alert `key`; returns how many there were (0 or 1). Runs as the tenant."""
    return resolve_alerts(owner_id=owner_id, keys=(key,))


def resolve_alerts(*, owner_id: UUID, keys: Collection[str]) -> int:
    """The same for several keys at once."""
    rows = Alert.objects.unresolved().filter(owner_id=owner_id, key__in=keys)
    return _resolved(owner_id, rows.update(resolved_at=clock.now()))


def resolve_kind(*, owner_id: UUID, kind: str) -> int:
    """The same for all alerts of a kind."""
    rows = Alert.objects.unresolved().filter(owner_id=owner_id, kind=kind)
    return _resolved(owner_id, rows.update(resolved_at=clock.now()))


def resolve_platform_alert(*, key: str) -> int:
    """Its cause is gone: close the platform's alert `key`; returns how many there were."""
    with tenancy.system():
        count: int = PlatformAlert.objects.unresolved().filter(key=key).update(resolved_at=clock.now())
    if count:
        for operator_id in _operators():
            _changed(operator_id)
    return count


# --- what a person does -----------------------------------------------------------------------------------------------


def acknowledge(*, user_id: UUID, alert_id: UUID) -> Message:
    """Take note of an alert; doing so twice changes nothing. Raises NotFoundError, also for somebody else's."""
    found = find_alert(user_id=user_id, alert_id=alert_id)
    by: dict[str, Any] = {"acknowledged_by_id": user_id} if isinstance(found, PlatformAlert) else {}
    rows = _rows_of(found).filter(pk=found.pk, acknowledged_at=None)
    if rows.update(acknowledged_at=clock.now(), **by):
        found.refresh_from_db()
        _changed(user_id)
    return found


def acknowledge_all(*, user_id: UUID, level: str = "", kind: str = "") -> int:
    """Take note of all open alerts, of one level or kind if it is given; returns how many."""
    now, count = clock.now(), 0
    only = {name: value for name, value in (("level", level), ("kind", kind)) if value}
    count += Alert.objects.open().filter(owner_id=user_id, **only).update(acknowledged_at=now)
    count += PlatformAlert.objects.open().filter(**only).update(acknowledged_at=now, acknowledged_by_id=user_id)
    if count:
        _changed(user_id)
    return count


def resolve_by_hand(*, user_id: UUID, alert_id: UUID) -> Message:
    """Call an alert settled; it comes back if its cause does. Raises NotFoundError."""
    found = find_alert(user_id=user_id, alert_id=alert_id)
    rows = _rows_of(found).filter(pk=found.pk)
    if rows.update(resolved_at=clock.now(), resolved_by_hand=True):
        found.refresh_from_db()
        _changed(user_id)
    return found


def mute(*, user_id: UUID, key: str, until: datetime | None = None) -> Mute:
    """Hear nothing of an alert's key, or of a kind, until a moment or for good; the newer wish replaces the older.

    What is muted is still written down. Raises InvalidInputError for a key of no kind, or a moment that is over.
    """
    if key.partition(":")[0] not in KINDS or len(key) > TITLE_LENGTH:
        raise InvalidInputError(
            "Name the key of an alert, or a kind.", fields={"key": f"A key, or one of {', '.join(KINDS)}."}
        )
    if until is not None and until <= clock.now():
        raise InvalidInputError("Mute until a moment to come.", fields={"until": "It is over."})
    made, _ = Mute.objects.update_or_create(owner_id=user_id, key=key, defaults={"until": until})
    _changed(user_id)
    return made


def unmute(*, user_id: UUID, mute_id: UUID) -> None:
    """Hear of it again. Raises NotFoundError."""
    if not Mute.objects.filter(owner_id=user_id, pk=mute_id).delete()[0]:
        raise NotFoundError("There is no such mute.")
    _changed(user_id)


def find_alert(*, user_id: UUID, alert_id: UUID) -> Message:
    """One's own alert, or as an operator the platform's. Raises NotFoundError."""
    found: Message | None = Alert.objects.filter(owner_id=user_id, pk=alert_id).first()
    found = found or PlatformAlert.objects.filter(pk=alert_id).first()
    if found is None:
        raise NotFoundError("There is no such alert.")
    return found


def _rows_of(found: Message) -> MessageQuerySet:
    """What is not resolved of its kind: one that somebody else has resolved meanwhile stays as it is."""
    rows = PlatformAlert.objects if isinstance(found, PlatformAlert) else Alert.objects
    return rows.unresolved()


def forget_old_alerts() -> int:
    """Delete what the settings say is old: resolved alerts, mutes that ran out, and deliveries, of everybody.

    Returns how many alerts.
    """
    before = clock.now() - timedelta(days=settings.ALERT_DAYS)
    with tenancy.system():
        Mute.objects.filter(until__lt=before).delete()
        Delivery.objects.filter(ended_at__lt=clock.now() - timedelta(days=settings.DELIVERY_DAYS)).delete()
        gone = [kind.objects.filter(resolved_at__lt=before).delete()[0] for kind in (Alert, PlatformAlert)]
    return sum(gone)


# --- writing and telling ----------------------------------------------------------------------------------------------


def _given(
    key: str, title: str, body: str, level: str, about: str, facts: dict[str, Value | Told | int]
) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "now": clock.now(),
        "key": key,
        "kind": kind_of(key).name,
        "level": str(level),
        "levels": list(LEVELS),
        "title": title[:TITLE_LENGTH],
        "body": body,
        "facts": orjson.dumps(stored(**facts)).decode(),
        "about": about,
        "is_news": not clock.is_controlled(),  # history that is built is told to nobody
    }


def _operators() -> list[UUID]:
    return list(User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True))


def _resolved(owner_id: UUID, count: int) -> int:
    if count:
        _changed(owner_id)
    return count


def _call(owner_id: UUID, alert_id: UUID, level: str) -> None:
    publish(owner_id=owner_id, event="alert", data={"id": alert_id, "level": level})
    _changed(owner_id)


def _changed(owner_id: UUID) -> None:
    publish(owner_id=owner_id, event="alerts", data={})


def _wake_workers() -> None:
    """Have it sent at once; beat sends what a worker that died, or was never told, leaves."""
    transaction.on_commit(
        lambda: current_app.send_task("kit.alerts.tasks.send_deliveries", expires=WAKING_SECONDS), robust=True
    )

"""An alert is raised once, counted up while it lasts, becomes graver but not milder, and ends with its cause."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections, transaction

from kit import clock, heartbeat, tenancy
from kit.alerts import tasks
from kit.alerts.models import Alert, PlatformAlert
from kit.alerts.services import (
    acknowledge,
    forget_old_alerts,
    mute,
    raise_alert,
    raise_platform_alert,
    resolve_alert,
    resolve_by_hand,
    resolve_kind,
)
from kit.users.models import User

KEY = "drift:here:BTC"


def the_alert() -> Alert:
    return Alert.objects.get(resolved_at=None)


def test_what_happens_again_is_counted_and_gets_the_newer_words(as_owner: User) -> None:
    first = raise_alert(owner_id=as_owner.pk, key=KEY, title="Once")
    assert raise_alert(owner_id=as_owner.pk, key=KEY, title="Twice", body="{n} more", n=7) == first
    alert = the_alert()
    assert (alert.times, alert.headline(), alert.story(), alert.kind) == (2, "Twice", "7 more", "drift")
    assert alert.last_seen_at > alert.created_at


def test_a_level_rises_and_calls_again_but_never_falls(as_owner: User) -> None:
    key = raise_alert(owner_id=as_owner.pk, key=KEY, title="Arrived", level="warning")
    acknowledge(user_id=as_owner.pk, alert_id=key)
    raise_alert(owner_id=as_owner.pk, key=KEY, title="Arrived", level="warning")
    assert the_alert().acknowledged_at is not None
    raise_alert(owner_id=as_owner.pk, key=KEY, title="Lost", level="critical")
    assert (the_alert().level, the_alert().acknowledged_at) == ("critical", None)
    raised = the_alert().raised_at
    raise_alert(owner_id=as_owner.pk, key=KEY, title="Lost", level="info")
    assert (the_alert().level, the_alert().raised_at) == ("critical", raised)


def test_one_that_was_resolved_is_history_and_its_cause_raises_another(as_owner: User) -> None:
    raise_alert(owner_id=as_owner.pk, key=KEY, title="Once")
    assert resolve_alert(owner_id=as_owner.pk, key=KEY) == 1
    assert resolve_alert(owner_id=as_owner.pk, key=KEY) == 0
    again = raise_alert(owner_id=as_owner.pk, key=KEY, title="Again")
    assert (Alert.objects.count(), the_alert().times) == (2, 1)
    resolve_by_hand(user_id=as_owner.pk, alert_id=again)
    assert set(Alert.objects.values_list("resolved_by_hand", flat=True)) == {True, False}


def test_a_kind_is_resolved_at_once_and_no_other(as_owner: User) -> None:
    for key in ("snapshot:a", "snapshot:b", "sync:a"):
        raise_alert(owner_id=as_owner.pk, key=key, title=key)
    assert resolve_kind(owner_id=as_owner.pk, kind="snapshot") == 2
    assert the_alert().key == "sync:a"


def test_a_key_of_no_kind_is_refused(as_owner: User) -> None:
    with pytest.raises(KeyError):
        raise_alert(owner_id=as_owner.pk, key="unheard-of:1", title="Nobody documented this")


def test_many_workers_raise_one_alert(live_db: str, owner: User) -> None:
    def one(_: int) -> UUID:
        try:
            with tenancy.tenant(owner.pk):
                return raise_alert(owner_id=owner.pk, key=KEY, title="At once")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(one, range(24)))) == 1
    with tenancy.tenant(owner.pk):
        assert the_alert().times == 24


def test_neither_alerts_nor_mutes_reach_somebody_else(owner: User, other_owner: User) -> None:
    with tenancy.tenant(owner.pk):
        raise_alert(owner_id=owner.pk, key=KEY, title="Mine")
        mute(user_id=owner.pk, key="sync")
    with tenancy.tenant(other_owner.pk):
        assert not Alert.objects.exists()
        raise_alert(owner_id=other_owner.pk, key="sync:x", title="Theirs")
        assert Alert.objects.open().count() == 1, "what others mute is heard"


@pytest.mark.parametrize(("key", "hours"), [(KEY, None), ("drift", None), (KEY, 1), ("drift", 24)])
def test_a_mute_of_a_key_or_a_kind_hides_it_until_its_time(as_owner: User, key: str, hours: int | None) -> None:
    raise_alert(owner_id=as_owner.pk, key=KEY, title="Loud")
    now = clock.now()
    mute(user_id=as_owner.pk, key=key, until=now + timedelta(hours=hours) if hours else None)
    assert (Alert.objects.open().count(), Alert.objects.muted().count()) == (0, 1)
    with clock.at(now + timedelta(hours=25)):
        assert Alert.objects.open().count() == (1 if hours else 0)


def test_ninety_days_after_its_end_an_alert_is_deleted(live_db: str, owner: User) -> None:
    long_ago = clock.now() - timedelta(days=91)
    with tenancy.tenant(owner.pk):
        with clock.at(long_ago):
            for key in ("sync:old", "sync:new", "sync:lasting"):
                raise_alert(owner_id=owner.pk, key=key, title=key)
            resolve_alert(owner_id=owner.pk, key="sync:old")
        resolve_alert(owner_id=owner.pk, key="sync:new")
    assert forget_old_alerts() == 1
    with tenancy.tenant(owner.pk):
        assert set(Alert.objects.values_list("key", flat=True)) == {"sync:new", "sync:lasting"}


def test_the_platforms_alerts_are_seen_by_staff_alone_and_written_by_none_of_them(
    live_db: str, owner: User, operator: User
) -> None:
    raise_platform_alert(key="ledger", title="The books", level="critical")
    with tenancy.tenant(owner.pk):
        assert not PlatformAlert.objects.exists()
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            PlatformAlert.objects.update(title="Nothing happened")
        assert PlatformAlert.objects.update(acknowledged_at=clock.now()) == 0
    assert not PlatformAlert.objects.exists()
    with tenancy.tenant(operator.pk):
        assert PlatformAlert.objects.get().headline() == "The books"
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            PlatformAlert.objects.all().delete()
        acknowledge(user_id=operator.pk, alert_id=PlatformAlert.objects.get().pk)
        assert PlatformAlert.objects.get().acknowledged_by_id == operator.pk
    with tenancy.system():
        User.objects.filter(pk=operator.pk).update(is_active=False)
    with tenancy.tenant(operator.pk), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM alerts_platformalert")
        assert cursor.fetchone()[0] == 0


def test_operators_hear_of_parts_without_a_sign_of_life_until_there_is_one(live_db: str, operator: User) -> None:
    with tenancy.system():
        PlatformAlert.objects.all().delete()
    with heartbeat._client() as redis:
        redis.delete(*(heartbeat._KEY.format(part) for part in heartbeat.PARTS))
    heartbeat.beat_once("orders")
    tasks.watch_parts("orders")
    with tenancy.tenant(operator.pk):
        silent = set(PlatformAlert.objects.unresolved().values_list("key", flat=True))
    assert silent == {"lag:prices", "lag:sync", "lag:streams", "lag:beat", "lag:protection", "lag:rest"}
    for part in heartbeat.PARTS:
        heartbeat.beat_once(part)
    tasks.watch_parts("orders")
    with tenancy.tenant(operator.pk):
        assert not PlatformAlert.objects.unresolved().exists()

"""An alert reaches each channel that fits, in its own format, signed, without what is hidden, and nothing else."""

import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction

from kit import clock, sentences, tenancy
from kit.alerts.channels import addresses, delivering, outside
from kit.alerts.channels.quiet import quiet_end
from kit.alerts.channels.services import change_channel, make_channel, remove_channel, send_test
from kit.alerts.kinds import AREAS, KINDS
from kit.alerts.models import Alert, Channel, Delivery
from kit.alerts.services import mute, raise_alert, raise_platform_alert, resolve_alert
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from tests.conftest import as_operators
from tests.kit.alerts.receivers import Post, Receiver

SECRET = "a secret of the receiver's"
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def webhook(user: User, receiver: Receiver, name: str = "Hook", **more: Any) -> Channel:
    with tenancy.tenant(user.pk):
        address = {"url": f"{receiver.url}/hook?to={name}", "secret": SECRET}
        return make_channel(owner_id=user.pk, kind="webhook", name=name, address=address, **more)


def tell(user: User, key: str = "sync:x", level: str = "warning", title: str = "A venue rejects", **facts: Any) -> UUID:
    with tenancy.tenant(user.pk):
        return raise_alert(owner_id=user.pk, key=key, level=level, title=title, **facts)


def deliveries(user: User) -> list[Delivery]:
    with tenancy.tenant(user.pk):
        return list(Delivery.objects.select_related("channel").order_by("created_at"))


def states(user: User) -> list[tuple[str, int]]:
    return [(delivery.status, delivery.tries) for delivery in deliveries(user)]


def later(**ahead: float) -> Any:
    return clock.at(clock.now() + timedelta(**ahead))


def test_every_kind_of_alert_is_in_one_area() -> None:
    assert sorted(kind for _, kinds in AREAS.values() for kind in kinds) == sorted(KINDS)


def test_a_webhook_gets_json_that_is_signed_and_named(live_db: str, owner: User, receiver: Receiver) -> None:
    webhook(owner, receiver)
    User.objects.filter(pk=owner.pk).update(privacy=True)
    alert = tell(owner, "drift:x:BTC", title="{amount} is missing", amount=sentences.amount(Decimal("1.5"), "BTC"))
    assert delivering.deliver(owner_id=owner.pk) == 1
    (got,) = receiver.received
    (sent,) = deliveries(owner)
    assert got.path == "/hook?to=Hook"
    assert got.headers["Idempotency-Key"] == got.json["id"] == str(sent.pk)
    assert got.json["type"] == "alert"
    told = got.json["alert"]
    assert (told["id"], told["kind"], told["level"], told["scope"]) == (str(alert), "drift", "warning", "own")
    assert "1.5" not in told["title"]
    assert "BTC is missing" in told["title"]
    at, digest = (part.partition("=")[2] for part in got.headers["Moniqo-Signature"].split(","))
    assert digest == hmac.new(SECRET.encode(), f"{at}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert abs(int(at) - clock.now().timestamp()) < 60
    assert (sent.status, sent.said, sent.channel.last_success_at is not None) == ("sent", "200 ok", True)
    assert delivering.deliver(owner_id=owner.pk) == 0, "what was sent is not sent again"


def test_each_kind_is_told_in_its_own_format(live_db: str, owner: User, receiver: Receiver, post: Post) -> None:
    named = {
        "slack": {"url": f"{receiver.url}/services/T/B/x"},
        "discord": {"url": f"{receiver.url}/api/webhooks/1/x"},
        "telegram": {"token": TOKEN, "chat": "-1001234567"},
        "email": {"email": "olive@example.com"},
    }
    with tenancy.tenant(owner.pk):
        for kind, address in named.items():
            make_channel(owner_id=owner.pk, kind=kind, name=kind, address=address)
    tell(owner, title="<!channel> @everyone\nBcc: eve@example.com", body="Look & see")
    assert delivering.deliver(owner_id=owner.pk) == 4
    got = {one.path.split("/")[1]: one for one in receiver.received}
    assert got["services"].json["text"].startswith("*Warning: &lt;!channel&gt; @everyone")
    assert "Look &amp; see" in got["services"].json["text"]
    assert got["api"].json["allowed_mentions"] == {"parse": []}
    assert got["api"].json["content"].startswith("**Warning: <!channel>")
    bot = got[f"bot{TOKEN}"]
    assert bot.path.endswith("/sendMessage")
    assert (bot.json["chat_id"], bot.json["text"].startswith("Warning: ")) == ("-1001234567", True)
    ((to, mail),) = post.mails
    assert (to, mail["To"], mail["From"], mail["Bcc"]) == ("olive@example.com", to, "moniqo@example.com", None)
    assert mail["Subject"] == "Warning: <!channel> @everyone Bcc: eve@example.com"
    assert "Look & see" in str(mail.get_payload())


def test_only_what_is_grave_enough_of_the_right_area_not_muted_and_new_is_queued(
    live_db: str, owner: User, other_owner: User, receiver: Receiver
) -> None:
    webhook(owner, receiver, "All", level="info")
    webhook(owner, receiver, "Grave", level="critical")
    webhook(owner, receiver, "Money", level="info", areas=["money"])
    paused = webhook(owner, receiver, "Paused")
    webhook(other_owner, receiver, "Theirs", level="info")
    with tenancy.tenant(owner.pk):
        change_channel(owner_id=owner.pk, channel_id=paused.pk, is_active=False)
        mute(user_id=owner.pk, key="goal")

    def told(*said: Any, **more: Any) -> set[str]:
        before = {delivery.pk for delivery in deliveries(owner)}
        tell(owner, *said, **more)
        return {delivery.channel.name for delivery in deliveries(owner) if delivery.pk not in before}

    assert told("sync:x", "info") == {"All"}
    assert told("sync:x", "info") == set(), "a repetition is not told"
    assert told("sync:x", "critical") == {"All", "Grave"}, "what became graver is"
    assert told("drift:x:BTC", "warning") == {"All", "Money"}
    assert told("goal:1", "critical") == set(), "what is muted is not told"
    with clock.at(clock.now() - timedelta(days=1)):
        assert told("drift:x:ETH", "critical") == set(), "history that is built is no news"
    assert deliveries(other_owner) == []
    with tenancy.tenant(owner.pk):
        raise_alert(owner_id=owner.pk, key="ledger", title="The books")
        transaction.set_rollback(True)
    assert len(deliveries(owner)) == 5, "what is rolled back is not told"
    delivering.deliver(owner_id=owner.pk)
    assert next((row.channel.name, row.status) for row in deliveries(owner)) == ("All", "skipped"), "told as graver"
    assert len(receiver.received) == 4


def test_what_is_not_taken_is_tried_later_and_later_then_given_up_and_told_in_the_inbox(
    live_db: str, owner: User, receiver: Receiver
) -> None:
    channel = webhook(owner, receiver)
    tell(owner)
    tell(owner, "sync:y")
    receiver.answers = [(503, {}, '{"message": "closed 4,096\\nfor today"}')] * 20
    delivering.deliver(owner_id=owner.pk)
    assert states(owner) == [("waiting", 1), ("waiting", 0)], "its other messages wait with it"
    assert deliveries(owner)[0].said == "It answered 503 closed 4,096 for today"
    delivering.deliver(owner_id=owner.pk)
    assert len(receiver.received) == 1, "not before its time"
    moment, pauses = clock.now(), []
    while (first := deliveries(owner)[0]).status == "waiting":
        pauses.append(round((first.next_try_at - moment).total_seconds()))
        moment = first.next_try_at
        with clock.at(moment):
            delivering.deliver(owner_id=owner.pk)
    assert pauses == [30, 60, 120, 240, 480, 960, 1920]
    assert (first.status, first.tries) == ("failed", 8)
    assert len({got.headers["Idempotency-Key"] for got in receiver.received}) <= 2
    with tenancy.tenant(owner.pk):
        alert = Alert.objects.get(kind="channel")
        assert alert.headline() == "Hook takes no messages"
        assert "closed 4,096 for today" in alert.story()
        assert not Delivery.objects.filter(alert=alert).exists(), "a channel is not told of itself"
        assert Channel.objects.get().last_error == "It answered 503 closed 4,096 for today"
    receiver.answers = []
    with clock.at(moment + timedelta(hours=2)):
        assert delivering.deliver(owner_id=owner.pk) == 1
    with tenancy.tenant(owner.pk):
        alert.refresh_from_db()
        assert alert.resolved_at is not None
        remove_channel(owner_id=owner.pk, channel_id=channel.pk)


def test_a_receiver_that_asks_for_time_gets_it_and_an_hour_at_most(
    live_db: str, owner: User, receiver: Receiver
) -> None:
    webhook(owner, receiver)
    for asked, waits in (("600", 600), ("999999", 3600), ("soon", 30)):
        tell(owner, f"sync:{asked}")
        receiver.answers = [(429, {"Retry-After": asked}, "slower")]
        delivering.deliver(owner_id=owner.pk)
        last = deliveries(owner)[-1]
        assert abs((last.next_try_at - clock.now()).total_seconds() - waits) < 5
        with tenancy.tenant(owner.pk):
            Delivery.objects.update(status="sent")


def test_many_workers_send_one_message_once_and_one_that_dies_leaves_it_to_another(
    live_db: str, owner: User, receiver: Receiver
) -> None:
    webhook(owner, receiver)
    for number in range(6):
        tell(owner, f"sync:{number}")

    def one(_: int) -> int:
        try:
            return delivering.deliver(owner_id=owner.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 6
    keys = [got.headers["Idempotency-Key"] for got in receiver.received]
    assert len(keys) == len(set(keys)) == 6
    tell(owner, "sync:last")
    with tenancy.tenant(owner.pk):
        delivery = delivering._next(owner.pk, set())
        assert delivery is not None
        assert delivering._taken(delivery) is not None  # and here the worker dies
    assert delivering.deliver(owner_id=owner.pk) == 0
    with later(minutes=4):
        assert owner.pk in delivering.owners_waiting()
        assert delivering.deliver(owner_id=owner.pk) == 1
    assert states(owner)[-1] == ("sent", 2)


def test_quiet_hours_hold_what_is_not_critical_until_they_are_over(
    live_db: str, owner: User, receiver: Receiver
) -> None:
    User.objects.filter(pk=owner.pk).update(timezone="Asia/Tokyo")
    webhook(owner, receiver, level="info", quiet_from=time(22), quiet_until=time(7))
    tell(owner, "sync:lasting")
    tell(owner, "sync:short")
    tell(owner, "sync:grave", "critical")
    tonight = (clock.now() + timedelta(days=1)).replace(hour=18, minute=0, second=0, microsecond=0)  # 3:00 in Tokyo
    with tenancy.tenant(owner.pk), as_operators():
        Delivery.objects.update(created_at=tonight, next_try_at=tonight)
    with clock.at(tonight):
        assert delivering.deliver(owner_id=owner.pk) == 1
        assert receiver.received[0].json["alert"]["key"] == "sync:grave"
        with tenancy.tenant(owner.pk):
            resolve_alert(owner_id=owner.pk, key="sync:short")
    held = [row for row in deliveries(owner) if row.status == "waiting"]
    assert [row.next_try_at for row in held] == [tonight + timedelta(hours=4)] * 2
    with clock.at(tonight + timedelta(hours=4)):
        assert delivering.deliver(owner_id=owner.pk) == 1
    assert receiver.received[1].json["alert"]["key"] == "sync:lasting"
    assert sorted(row.status for row in deliveries(owner)) == ["sent", "sent", "skipped"]


@pytest.mark.parametrize(
    ("moment", "since", "until", "end"),
    [
        ("2026-06-01 12:00", 22, 7, None),
        ("2026-06-01 20:00", 22, 7, "2026-06-02 05:00"),  # 22:00 in Berlin
        ("2026-06-02 04:59", 22, 7, "2026-06-02 05:00"),
        ("2026-06-02 05:00", 22, 7, None),
        ("2026-06-01 10:30", 12, 13, "2026-06-01 11:00"),
        ("2026-06-01 10:30", 12, 12, None),
        ("2026-03-28 23:30", 22, 7, "2026-03-29 05:00"),  # the night that is an hour shorter
        ("2026-10-24 22:30", 22, 7, "2026-10-25 06:00"),  # and the one that is an hour longer
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(moment: str, since: int, until: int, end: str | None) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    found = quiet_end(at, since=time(since), until=time(until), zone="Europe/Berlin")
    assert found == (None if end is None else datetime.fromisoformat(end).replace(tzinfo=UTC))


def test_operators_are_told_of_the_platform_on_their_own_channels_and_nobody_else_is(
    live_db: str, owner: User, operator: User, receiver: Receiver
) -> None:
    webhook(owner, receiver, "Trader")
    webhook(operator, receiver, "Operator", areas=["platform"])
    webhook(operator, receiver, "Money", areas=["money"])
    raise_platform_alert(key="lag:sync", title="No sign of life", level="critical")
    assert deliveries(owner) == []
    assert set(delivering.owners_waiting()) == {operator.pk}
    assert delivering.deliver(owner_id=operator.pk) == 1
    (got,) = receiver.received
    assert (got.path, got.json["alert"]["scope"]) == ("/hook?to=Operator", "platform")
    raise_platform_alert(key="lag:beat", title="No sign of life", level="critical")
    with tenancy.system():
        User.objects.filter(pk=operator.pk).update(is_staff=False)
    assert delivering.deliver(owner_id=operator.pk) == 0
    assert states(operator)[-1] == ("skipped", 0)


def test_a_test_says_what_the_receiver_says_and_no_secret(
    live_db: str, owner: User, receiver: Receiver, post: Post
) -> None:
    with tenancy.tenant(owner.pk):
        bot = make_channel(owner_id=owner.pk, kind="telegram", name="Bot", address={"token": TOKEN, "chat": "1"})
        mail = make_channel(owner_id=owner.pk, kind="email", name="Mail", address={"email": "nobody@example.com"})
    cases: list[tuple[Channel, Callable[[], object], str]] = [
        (bot, lambda: receiver.answers.append((400, {}, '{"ok":false,"description":"Bad Request: chat not found"}')),
         "It answered 400 Bad Request: chat not found"),
        (bot, lambda: receiver.answers.append((302, {"Location": "http://127.0.0.1:1/"}, "")),
         "It answered 302: it leads elsewhere, which is not followed."),
        (mail, lambda: post.unknown.add("nobody@example.com"), "The mail server answered 550: No such user here"),
        (bot, lambda: None, "200 ok"),
    ]  # fmt: skip
    for channel, prepare, said in cases:
        prepare()
        with tenancy.tenant(owner.pk):
            delivery = send_test(owner_id=owner.pk, channel_id=channel.pk)
        assert (delivery.said, delivery.status) == (said, "sent" if said == "200 ok" else "failed")
    assert receiver.received[-1].json["text"].startswith("Moniqo reaches you here")
    with tenancy.tenant(owner.pk):
        assert not Alert.objects.exists()
        send_test(owner_id=owner.pk, channel_id=bot.pk)
        with pytest.raises(ConflictError, match="Too many tests"):
            send_test(owner_id=owner.pk, channel_id=bot.pk)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/latest",
        "https://[::ffff:192.168.0.1]/", "https://[64:ff9b::a00:1]/", "https://0.0.0.0/", "https://localhost/",
        "https://user:pw@example.com/", "https:///nothing", "https://[fe80::1]/", "ftp://example.com/", "https://a:b/",
    ],
)  # fmt: skip
def test_an_address_inside_is_no_address(as_owner: User, url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make_channel(owner_id=as_owner.pk, kind="webhook", name="Hook", address={"url": url, "secret": SECRET})
    assert set(refused.value.fields) == {"url"}


def test_a_name_that_leads_inside_is_not_called_and_a_slow_receiver_not_waited_for(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.5)
    receiver.slowly = 0.1
    started = datetime.now(UTC)
    with pytest.raises(outside.OutsideError, match="did not answer within"):
        outside.post(f"{receiver.url}/", body=b"{}", headers={})
    assert datetime.now(UTC) - started < timedelta(seconds=3)
    receiver.reset()
    port = receiver.url.rpartition(":")[2]
    monkeypatch.setattr(settings, "CHANNELS_REACH_PRIVATE", False)
    with pytest.raises(outside.OutsideError, match="private network"):
        outside._connect("localhost", int(port))  # as any name would that somebody lets lead here
    assert receiver.received == []


def test_addresses_are_kept_sealed_in_their_place_and_move_to_a_new_key(
    live_db: str, owner: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = webhook(owner, receiver, "One"), webhook(owner, receiver, "Other")
    assert SECRET.encode() not in bytes(one.address)
    assert one.hint == "127.0.0.1"
    one.address = other.address
    with pytest.raises(addresses.UnreadableError):
        addresses.unseal(one)
    monkeypatch.setattr(settings, "CREDENTIAL_KEYS", [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS])
    assert addresses.count_old_addresses() == 2
    call_command("rotate_credentials")
    assert "2 credentials were encrypted again" in capsys.readouterr().out
    assert addresses.count_old_addresses() == 0
    monkeypatch.setattr(settings, "CREDENTIAL_KEYS", settings.CREDENTIAL_KEYS[:1])
    with tenancy.tenant(owner.pk):
        assert addresses.unseal(Channel.objects.get(name="One"))["secret"] == SECRET
    monkeypatch.setattr(settings, "CREDENTIAL_KEYS", [Fernet.generate_key().decode()])
    assert len(addresses.rotate_addresses()[1]) == 2
    tell(owner)
    delivering.deliver(owner_id=owner.pk)
    assert {row.said for row in deliveries(owner)} == {
        "Enter the address of this channel again: what is stored cannot be read with the keys that are configured."
    }

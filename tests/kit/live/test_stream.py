"""`/live`: only one's own events, with ids, replay after a reconnect, and bounded memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone

from kit import clock, tenancy
from kit.live import asgi, hub
from kit.live.hub import QUEUE_EVENTS, client_name
from kit.live.publish import broadcast, publish
from kit.users.models import User
from tests.conftest import WORKER, as_operators, cloned_database, make_user

PATIENCE_SECONDS = 10.0


class Browser:
    """The client's end of one request to the ASGI application."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.is_over = False
        self._arrived = asyncio.Event()
        self._left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message["body"].decode()
            self.is_over = not message.get("more_body", False)
        self._arrived.set()

    async def sees(self, text: str) -> None:
        """Wait until `text` has arrived."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while text not in self.text:
                self._arrived.clear()
                await self._arrived.wait()

    def leave(self) -> None:
        self._left.set()

    @property
    def last_event_id(self) -> str:
        return [line.removeprefix("id: ") for line in self.text.splitlines() if line.startswith("id: ")][-1]


def someone() -> UUID:
    """A person."""
    return make_user(f"{uuid4().hex}@example.com").pk


def session_of(owner_id: UUID) -> str:
    """The key of a new session of theirs."""
    client = Client()
    client.force_login(User.objects.get(pk=owner_id))
    return client.cookies["sessionid"].value


@asynccontextmanager
async def opened(owner_id: UUID | None, *, session: str = "", last_event_id: str = "") -> AsyncIterator[Browser]:
    """A browser that has the stream open."""
    session = session or (session_of(owner_id) if owner_id else "")
    browser = Browser()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/live",
        "query_string": b"",
        "headers": [
            (b"cookie", f"theme=dark; sessionid={session}".encode()),
            *([(b"last-event-id", last_event_id.encode())] if last_event_id else []),
        ],
    }
    task = asyncio.create_task(asgi.dispatch(_never)(scope, browser.receive, browser.send))
    await _until(lambda: bool(browser.text) or task.done())
    if browser.status == 200:
        await _until(lambda: _is_listening(owner_id))
    try:
        yield browser
    finally:
        browser.leave()
        await asyncio.wait_for(task, PATIENCE_SECONDS)


async def _never(*_: Any) -> None:
    raise AssertionError("Django was asked for the stream.")


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


def _is_listening(owner_id: UUID | None) -> bool:
    return f"moniqo:live:{owner_id}" in asgi.the_hub()._streams


def run(story: Coroutine[Any, Any, None]) -> None:
    """Play the story in an event loop of its own, and close what it opened there."""

    async def whole() -> None:
        try:
            await story
        finally:
            await asgi.the_hub().close()
            connections.close_all()

    asyncio.run(whole())


def tell(owner_id: UUID, event: str, **data: Any) -> None:
    """Publish as a view would, whose connection ends with its request."""
    publish(owner_id=owner_id, event=event, data=data)
    connections.close_all()


@pytest.fixture(scope="module")
def _database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), cloned_database(f"moniqo_{WORKER}_live"):
        yield


@pytest.fixture(autouse=True)
def _stage(_database: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Real commits; and the stories may publish from inside their event loop, where no view would be."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with django_db_blocker.unblock():
        yield
        connections.close_all()


def test_an_event_arrives_with_its_id_name_and_data() -> None:
    async def story() -> None:
        owner = someone()
        async with opened(owner) as browser:
            assert browser.status == 200
            assert browser.headers["content-type"].startswith("text/event-stream")
            assert browser.headers["x-accel-buffering"] == "no"
            assert browser.text == "retry: 3000\n\n"
            tell(owner, "order", id="42", words="two\nlines")
            await browser.sees('event: order\ndata: {"id":"42","words":"two\\nlines"}\n\n')
            assert browser.last_event_id

    run(story())


def test_nobody_hears_another_owners_events() -> None:
    async def story() -> None:
        owner, other = someone(), someone()
        async with opened(owner) as browser, opened(other) as other_browser:
            tell(other, "order", whose="other")
            tell(owner, "order", whose="owner")
            await browser.sees("owner")
            await other_browser.sees("other")
            assert "other" not in browser.text
            assert "owner" not in other_browser.text

    run(story())


@pytest.mark.parametrize("session", ["", "forged", "0123456789abcdef0123456789abcdef", "x' OR 1=1"])
def test_without_a_session_the_stream_stays_closed(session: str) -> None:
    async def story() -> None:
        async with opened(None, session=session) as browser:
            assert browser.status == 401
            assert browser.headers["cache-control"] == "no-store"

    run(story())


def test_a_session_that_is_over_or_of_somebody_switched_off_opens_nothing() -> None:
    async def story() -> None:
        owner = someone()
        over, off = session_of(owner), session_of(owner)
        Session.objects.filter(session_key=over).update(expire_date=timezone.now() - timedelta(minutes=1))
        async with opened(owner, session=over) as browser:
            assert browser.status == 401
        async with opened(owner, session=off) as browser:
            assert browser.status == 200
        with as_operators():
            User.objects.filter(pk=owner).update(is_active=False)
        async with opened(owner, session=off) as browser:
            assert browser.status == 401

    run(story())


def sign_out(owner: UUID, client: Client) -> None:
    assert client.post("/logout/").status_code == 302


def change_password(owner: UUID, client: Client) -> None:
    user = User.objects.get(pk=owner)
    user.set_password("correct horse battery staple 9")
    with tenancy.tenant(owner):
        user.save()


def switch_off(owner: UUID, client: Client) -> None:
    user = User.objects.get(pk=owner)
    user.is_active = False
    with as_operators():
        user.save(update_fields=("is_active",))


@pytest.mark.parametrize("end", [sign_out, change_password, switch_off])
def test_what_ends_the_session_ends_its_streams_at_once_and_opens_no_other(end: Any) -> None:
    async def story() -> None:
        owner, other = someone(), someone()
        client = Client()
        client.force_login(User.objects.get(pk=owner))
        session = client.cookies["sessionid"].value
        async with opened(owner, session=session) as browser, opened(other) as other_browser:
            await _until(asgi.the_hub()._subscribed.is_set)
            act(end, owner, client)
            await _until(lambda: browser.is_over)
            async with opened(owner, session=session) as again:
                assert again.status == 401
            tell(other, "order", whose="other")
            await other_browser.sees("other")
            assert not other_browser.is_over

    run(story())


def act(end: Any, owner: UUID, client: Client) -> None:
    """Do it as a view would, whose connection ends with its request."""
    try:
        end(owner, client)
    finally:
        connections.close_all()


def test_signing_out_of_one_browser_leaves_the_streams_of_another() -> None:
    async def story() -> None:
        owner, client = someone(), Client()
        client.force_login(User.objects.get(pk=owner))
        async with opened(owner, session=client.cookies["sessionid"].value) as left, opened(owner) as stays:
            await _until(asgi.the_hub()._subscribed.is_set)
            act(sign_out, owner, client)
            await _until(lambda: left.is_over)
            tell(owner, "order", number=1)
            await stays.sees("order")

    run(story())


def test_without_a_message_the_database_is_asked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.05)

    async def story() -> None:
        owner = someone()
        session = session_of(owner)
        async with opened(owner, session=session) as browser:
            Session.objects.filter(session_key=session).delete()
            await _until(lambda: browser.is_over)

    run(story())


def test_a_session_has_eight_streams_and_an_owner_sixty_four(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (hub.STREAMS_OF_SESSION, hub.STREAMS_OF_OWNER) == (8, 64)
    monkeypatch.setattr(hub, "STREAMS_OF_OWNER", 10)

    async def story() -> None:
        owner, other = someone(), someone()
        first, second = session_of(owner), session_of(owner)
        async with AsyncExitStack() as stack:
            for _ in range(8):
                assert (await stack.enter_async_context(opened(owner, session=first))).status == 200
            async with opened(owner, session=first) as ninth:
                assert (ninth.status, ninth.headers["retry-after"]) == (429, "30")
            for _ in range(2):
                assert (await stack.enter_async_context(opened(owner, session=second))).status == 200
            async with opened(owner, session=second) as eleventh:
                assert eleventh.status == 429
            assert (await stack.enter_async_context(opened(other))).status == 200
        async with opened(owner, session=first) as again:
            assert again.status == 200
        await _until(lambda: not asgi.the_hub()._sessions)

    run(story())


def test_a_page_that_reconnects_gets_what_it_missed_and_nothing_twice() -> None:
    async def story() -> None:
        owner = someone()
        async with opened(owner) as browser:
            tell(owner, "order", number="first")
            await browser.sees("first")
        tell(owner, "order", number="second")
        async with opened(owner, last_event_id=browser.last_event_id) as back:
            await back.sees("second")
            tell(owner, "order", number="third")
            await back.sees("third")
            assert "first" not in back.text
            assert "resync" not in back.text

    run(story())


@pytest.mark.parametrize("last_event_id", ["1-0", "99999999999999999999-0"])
def test_a_page_that_was_away_too_long_is_told_to_fetch_everything(last_event_id: str) -> None:
    async def story() -> None:
        async with opened(someone(), last_event_id=last_event_id) as browser:
            await browser.sees("event: resync\n")

    run(story())


def test_a_page_that_cannot_keep_up_is_told_to_fetch_everything_instead_of_growing() -> None:
    async def story() -> None:
        owner = someone()
        async with opened(owner) as browser:
            busy = asgi.the_hub()
            for number in range(10 * QUEUE_EVENTS):  # without giving the stream a turn to send
                busy._deliver(f"moniqo:live:{owner}", f'1-{number} order {{"number":{number}}}')
            await browser.sees("event: resync\n")
            assert browser.text.count("event: ") <= QUEUE_EVENTS

    run(story())


def test_after_redis_was_away_open_pages_fetch_everything() -> None:
    async def story() -> None:
        owner = someone()
        async with opened(owner) as browser:
            with redis.Redis.from_url(settings.REDIS_URL) as client:
                (subscription,) = (c for c in client.client_list(_type="pubsub") if c["name"] == client_name())
                client.client_kill_filter(_id=subscription["id"])
            await browser.sees("event: resync\n")
            tell(owner, "order", number="after")
            await browser.sees("after")

    run(story())


def test_a_quiet_stream_shows_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "PING_SECONDS", 0.05)

    async def story() -> None:
        async with opened(someone()) as browser:
            await browser.sees(": ping\n\n")

    run(story())


def test_a_browser_that_leaves_leaves_nothing_behind() -> None:
    async def story() -> None:
        owner = someone()
        async with opened(owner):
            assert _is_listening(owner)
        assert not _is_listening(owner)

    run(story())


def test_events_follow_the_commit_and_a_rollback_is_silent() -> None:
    async def story() -> None:
        owner = someone()
        async with opened(owner) as browser:
            _in_a_transaction(owner, "rolled-back")
            _in_a_transaction(owner, "committed")
            await browser.sees("committed")
            assert "rolled-back" not in browser.text

    run(story())


def _in_a_transaction(owner_id: UUID, fate: str) -> None:
    try:
        with transaction.atomic():
            publish(owner_id=owner_id, event="order", data={"fate": fate})
            if fate == "rolled-back":
                raise ZeroDivisionError
    except ZeroDivisionError:
        assert fate == "rolled-back"
    connections.close_all()


def test_history_is_no_news() -> None:
    async def story() -> None:
        owner = someone()
        async with opened(owner) as browser:
            with clock.at(clock.now()):
                tell(owner, "order", when="past")
            tell(owner, "order", when="now")
            await browser.sees("now")
            assert "past" not in browser.text

    run(story())


def test_a_failing_redis_fails_nobody(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    publish(owner_id=uuid4(), event="order", data={})
    assert "was not sent" in caplog.text


def test_an_event_name_that_would_break_the_format_is_refused() -> None:
    with pytest.raises(ValueError, match="one word"):
        publish(owner_id=uuid4(), event="two words", data={})


def test_only_get_opens_a_stream() -> None:
    async def story() -> None:
        browser = Browser()
        scope = {"type": "http", "method": "POST", "path": "/live", "query_string": b"", "headers": []}
        await asgi.dispatch(_never)(scope, browser.receive, browser.send)
        assert browser.status == 405

    asyncio.run(story())


def test_a_broadcast_reaches_everybody_and_leaves_their_place_alone() -> None:
    async def story() -> None:
        one, other = someone(), someone()
        async with opened(one) as browser, opened(other) as other_browser:
            tell(one, "order", number=1)
            await browser.sees("order")
            broadcast(event="prices", data={"instruments": [7]})
            connections.close_all()
            for listener in (browser, other_browser):
                await listener.sees('event: prices\ndata: {"instruments":[7]}\n\n')
            assert browser.text.count("id: ") == 1

    run(story())

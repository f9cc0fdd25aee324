"""The servers that channels reach, started once per process."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.kit.alerts.receivers import Post, Receiver, posting, receiving


@pytest.fixture(scope="session")
def _receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def receiver(_receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """A web server that has received nothing yet; private addresses may be called."""
    _receiver.reset()
    monkeypatch.setattr(settings, "CHANNELS_REACH_PRIVATE", True)
    monkeypatch.setattr(settings, "TELEGRAM_URL", _receiver.url)
    return _receiver


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A mail server without mails, which this site sends by."""
    with posting() as post:
        login = {
            "host": "127.0.0.1",
            "port": post.port,
            "username": "",
            "password": "",
            "use_ssl": False,
            "use_tls": False,
        }
        monkeypatch.setattr(
            settings, "SMTP", {"login": login | {"use_ssl": False, "use_tls": False}, "sender": "moniqo@example.com"}
        )
        yield post

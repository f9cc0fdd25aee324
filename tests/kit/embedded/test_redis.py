"""The embedded Redis: closed to strangers, and the queue survives."""

import os
import signal
from pathlib import Path

import pytest
import redis

from kit.embedded.redis import Redis
from tests.kit.embedded.conftest import eventually


@pytest.mark.slow
def test_it_asks_for_a_password_and_never_shows_it(directory: Path) -> None:
    server = Redis(directory / "redis", persistent=False)
    server.start()
    try:
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        password = (server.directory / "password").read_text()
        assert password.encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
        assert password not in server.log.read_text()
    finally:
        server.stop()


def test_what_was_written_survives_a_kill(directory: Path) -> None:
    server = Redis(directory / "redis")
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        client.set("kept", 42)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(server.has_failed, "the killed server is noticed")
    port = server.port
    server.start()
    assert server.port == port, "addresses that were handed out stay valid"
    with redis.Redis.from_url(server.url()) as client:
        assert client.get("kept") == b"42"
    server.stop()

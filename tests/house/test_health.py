"""`/healthz` and `/readyz` say what is wrong, and nothing that is none of a stranger's business."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.db import connections
from django.test import Client

from kit import heartbeat

FIRST_FREE_DATABASE = 32


@pytest.fixture
def redis_of_my_own(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[redis.Redis]:
    """A numbered database that no other test worker writes signs of life to."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{FIRST_FREE_DATABASE + worker}"
    monkeypatch.setenv("REDIS_URL", url)
    settings.REDIS_URL = url
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield client
        client.flushdb()


def test_healthz_needs_neither_database_nor_redis(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_is_ready_when_every_part_is(client: Client, redis_of_my_own: redis.Redis) -> None:
    for part in heartbeat.PARTS:
        heartbeat.beat_once(part)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert set(response.json()["parts"]) == {"database", "redis", *heartbeat.PARTS}
    assert "no-cache" in response.headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("part", heartbeat.PARTS)
def test_a_part_without_fresh_sign_of_life_is_named(client: Client, redis_of_my_own: redis.Redis, part: str) -> None:
    for name in heartbeat.PARTS:
        heartbeat.beat_once(name)
    redis_of_my_own.set(f"moniqo:heartbeat:{part}", time.time() - heartbeat.FRESH_SECONDS[part] - 1)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert [name for name, state in response.json()["parts"].items() if not state["ok"]] == [part]
    redis_of_my_own.delete(f"moniqo:heartbeat:{part}")
    assert client.get("/readyz").json()["parts"][part] == {"ok": False, "detail": "no sign of life yet"}


@pytest.mark.django_db
@pytest.mark.parametrize("part", heartbeat.PARTS)
def test_a_sign_of_life_from_the_future_is_no_fresh_one(
    client: Client, redis_of_my_own: redis.Redis, part: str
) -> None:
    for name in heartbeat.PARTS:
        heartbeat.beat_once(name)
    redis_of_my_own.set(f"moniqo:heartbeat:{part}", time.time() + 3600)
    response = client.get("/readyz")
    assert response.status_code == 503
    found = response.json()["parts"][part]
    assert not found["ok"]
    assert "in the future: a clock was set" in found["detail"]
    redis_of_my_own.set(f"moniqo:heartbeat:{part}", time.time() + 2)
    assert client.get("/readyz").status_code == 200, "two machines' clocks differ by a second or two"


@pytest.mark.django_db
def test_a_redis_that_is_away_is_named_without_its_address(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = "redis://:password@127.0.0.1:1/0"
    monkeypatch.setenv("REDIS_URL", settings.REDIS_URL)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["redis"] == {"ok": False, "detail": "no answer: ConnectionError"}
    assert b"password" not in response.content


def test_a_database_that_is_away_is_named_without_its_address(
    client: Client, live_db: str, redis_of_my_own: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections["default"].close()
    monkeypatch.setitem(connections["default"].settings_dict, "PORT", "1")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["database"] == {"ok": False, "detail": "no answer: OperationalError"}
    assert b"127.0.0.1" not in response.content


def test_the_workers_tick_is_its_sign_of_life(redis_of_my_own: redis.Redis) -> None:
    assert heartbeat.age("orders") is None
    heartbeat.beat_tick.apply(args=("orders",))
    age = heartbeat.age("orders")
    assert age is not None
    assert age < 5
    assert heartbeat.age("beat") is None, "only beat itself may say that beat lives"


def test_the_container_check_follows_the_sign_of_life(redis_of_my_own: redis.Redis) -> None:
    def check() -> int:
        return subprocess.run(
            [sys.executable, "manage.py", "health", "worker"], check=False, capture_output=True, env=os.environ
        ).returncode

    assert check() == 1
    for part in ("orders", "protection", "prices", "rest"):
        heartbeat.beat_once(part)
    assert check() == 1, "nobody syncs"
    for part in ("sync", "streams"):
        heartbeat.beat_once(part)
    assert check() == 0

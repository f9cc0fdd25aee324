"""The schedule names tasks that exist, each goes to its queue, and beat carries nothing that it does not need."""

import os
import subprocess
import sys

import pytest

from moniqo import schedule, workers
from moniqo.celery import app


def queue_of(task: str, **options: str) -> str:
    return str(app.amqp.router.route(options, task)["queue"].name)


def test_every_task_of_the_schedule_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in schedule.SCHEDULE.values()} - set(app.tasks) == set()


def test_orders_wait_behind_nothing_but_orders() -> None:
    app.loader.import_default_modules()
    ours = [name for name in app.tasks if not name.startswith(("celery.", "tests."))]
    trading = {name for name in ours if name.startswith("trading.")}
    assert trading
    assert {name for name in ours if queue_of(name) == "orders"} == trading
    assert queue_of("wallets.tasks.sync_connection") == "sync"
    # Nobody waits for what is past.
    long = {f"portfolio.tasks.{name}" for name in ("correct", "forget_snapshots", "forget_rebalance_runs")}
    assert {queue_of(name) for name in long} == {"sync"}
    followers = {name for name in ours if name.startswith(("markets.", "portfolio.", "farms."))} - long
    assert {queue_of(name) for name in followers} == {"prices"}


def test_every_queue_has_workers_and_a_heartbeat() -> None:
    assert set(workers.wanted(workers.DEFAULT)) == {*schedule.QUEUES, workers.STREAMS}
    ticks = [entry for entry in schedule.SCHEDULE.values() if entry["task"] == "kit.heartbeat.beat_tick"]
    assert sorted(entry["options"]["queue"] for entry in ticks) == sorted(schedule.QUEUES)
    assert {entry["args"] for entry in ticks} == {(queue,) for queue in schedule.QUEUES}


@pytest.mark.parametrize(
    "text", ["orders", "orders=0", "order=1", "orders=2;sync=1", "sync=3-2", "sync=-2", "sync=2-", "streams=2"]
)
def test_a_wrong_number_of_workers_is_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="write it like orders=2,prices=1,sync=2-6"):
        workers.wanted(text)


def test_beat_imports_neither_django_nor_a_task_and_stays_small() -> None:
    script = """
import sys
import celery.apps.beat, celery.bin.beat, moniqo.beat
import kit.timetable
found = {name.partition(".")[0] for name in sys.modules}
print(sorted(found & {"numpy", "ccxt", "numba", "psycopg", "markets", "wallets", "trading", "farms", "goals"}))
print("django.db" in sys.modules, "django.apps" in sys.modules)
print(int(open("/proc/self/statm").read().split()[1]) * 4 // 1024 if sys.platform == "linux" else 0)
"""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, text=True, capture_output=True, check=True
    ).stdout.split("\n")
    assert answer[:2] == ["[]", "False False"]
    assert int(answer[2]) <= 75, "megabytes"

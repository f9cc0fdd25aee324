"""The schedule names tasks that exist, each goes to its queue, and beat carries nothing that it does not need."""

import os
import subprocess
import sys

import pytest
from celery.signals import task_success

from kit import heartbeat
from moniqo import schedule, workers
from moniqo.celery import app


def queue_of(task: str, **options: str) -> str:
    return str(app.amqp.router.route(options, task)["queue"].name)


def test_every_task_of_the_schedule_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in schedule.SCHEDULE.values()} - set(app.tasks) == set()


def test_orders_wait_behind_nothing_but_orders_and_stops_behind_no_venue() -> None:
    app.loader.import_default_modules()
    ours = [name for name in app.tasks if not name.startswith(("celery.", "tests."))]
    queues = {name: queue_of(name) for name in ours}
    trading = {name for name in ours if name.startswith("trading.")}
    names = ("keep_protection", "protect_positions_of", "carry_out_stops", "settle_funding")
    keeping = {f"trading.tasks.{name}" for name in names}
    assert {name for name in ours if queues[name] == "protection"} == keeping | {"wallets.tasks.match_orders"}
    comparing = {"trading.tasks.compare_orders", "trading.tasks.compare_orders_of"}  # which asks for whole lists
    assert {name for name in ours if queues[name] == "orders"} == trading - keeping - comparing
    assert trading > keeping
    # Agents run where prices are collected, and nothing else does.
    runs = {"farms.tasks.run_due_agents", "farms.tasks.run_agents_of"}
    assert {name for name in ours if queues[name] == "prices"} == {"markets.tasks.collect_prices"} | runs
    # What waits for venues, and what nobody's order waits for.
    venues = {name for name in ours if name.startswith("wallets.tasks.") and queues[name] == "sync"}
    assert {name for name in ours if queues[name] == "sync"} == venues | comparing
    assert {"wallets.tasks.sync_connection", "wallets.tasks.collect_exchange"} <= venues
    assert "wallets.tasks.verify_ledger" not in venues
    assert {queues[name] for name in ours if name.startswith(("portfolio.", "goals.", "kit."))} == {"rest"}


def test_what_follows_a_collection_is_sent_when_it_has_succeeded() -> None:
    app.loader.import_default_modules()
    assert {name for names in schedule.FOLLOWED_BY.values() for name in names} <= set(app.tasks)
    assert set(schedule.FOLLOWED_BY) <= set(app.tasks)
    app.control.purge()
    task_success.send(sender=app.tasks["markets.tasks.collect_prices"], result=None)
    assert (heartbeat.waiting("prices"), heartbeat.waiting("protection")) == (1, 2)
    task_success.send(sender=app.tasks["farms.tasks.run_due_agents"], result=None)
    assert (heartbeat.waiting("prices"), heartbeat.waiting("protection")) == (1, 2), "nothing follows it"
    app.control.purge()


def test_every_queue_has_workers_and_a_heartbeat() -> None:
    assert set(workers.wanted(workers.DEFAULT)) == {*schedule.QUEUES, workers.STREAMS}
    ticks = [entry for entry in schedule.SCHEDULE.values() if entry["task"] == "kit.heartbeat.beat_tick"]
    assert sorted(entry["options"]["queue"] for entry in ticks) == sorted(schedule.QUEUES)
    assert {entry["args"] for entry in ticks} == {(queue,) for queue in schedule.QUEUES}


@pytest.mark.parametrize(
    "text", ["orders", "orders=0", "order=1", "orders=2;sync=1", "sync=3-2", "sync=-2", "sync=2-", "streams=2"]
)
def test_a_wrong_number_of_workers_is_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="write it like orders=2-6,protection=1,prices=1-2,sync=2-6,rest=1-4"):
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

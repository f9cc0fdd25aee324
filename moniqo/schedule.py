"""THE schedule and the queues: everything Moniqo does on its own, and who does it, stands in this one table.

Tasks are named, not imported, and no Django is needed to read this: `moniqo.beat`, which only sends names, stays small.

Five queues, each with workers of its own, so that nothing waits behind what it has nothing to do with: `orders` go to
their venues, `protection` keeps stops, targets and the paper exchange's book and asks no venue, `prices` follows the
market and runs the agents that trade on it, `sync` is whatever else waits for venues, and `rest` is everything that
nobody's order waits for: values, goals, alerts and the nightly work.
"""

import os
from typing import Any, Final

from celery.schedules import crontab
from kombu import Exchange, Queue

from kit.timetable import Punctual

FEED_SECONDS: Final = float(os.environ.get("MONIQO_FEED_SECONDS", "5"))
SYNC_SECONDS: Final = float(os.environ.get("MONIQO_SYNC_SECONDS", "300"))

ORDERS, PROTECTION, PRICES, SYNC, REST = "orders", "protection", "prices", "sync", "rest"
QUEUES: Final = (ORDERS, PROTECTION, PRICES, SYNC, REST)
# What is asked for every few seconds is asked for so long after a whole multiple of them: a bar has just closed then.
AFTER_CLOSE_SECONDS: Final = 0.25


def every(seconds: float, task: str, *, queue: str = "", from_close: bool = False) -> dict[str, Any]:
    """A task that runs every `seconds`; a run that a busy worker could not start in time is dropped, not piled up.

    With `queue` it goes there instead of where its name belongs, and is told so. `from_close` counts from whole
    multiples of `seconds`, which bars close at, instead of from whenever beat began.
    """
    options: dict[str, Any] = {"expires": seconds}
    if queue:
        options["queue"] = queue
    when = Punctual(seconds, after=AFTER_CLOSE_SECONDS) if from_close else seconds
    return {"task": task, "schedule": when, "options": options, "args": (queue,) if queue else ()}


def nightly(hour: int, minute: int, task: str) -> dict[str, Any]:
    """A task of the small hours, UTC."""
    return {"task": task, "schedule": crontab(hour=str(hour), minute=str(minute))}


SCHEDULE: Final = {
    # One for each queue: sending it is beat's sign of life, carrying it out that of the queue's workers.
    **{f"heartbeat of {queue}": every(10, "kit.heartbeat.beat_tick", queue=queue) for queue in QUEUES},
    # Whichever queue still answers tells operators of those that do not.
    **{f"watch from {queue}": every(60, "kit.alerts.tasks.watch_parts", queue=queue) for queue in QUEUES},
    "watch platforms": every(300, "wallets.tasks.watch_platforms"),
    "collect prices": every(FEED_SECONDS, "markets.tasks.collect_prices", from_close=True),
    "follow exchanges": every(15, "wallets.tasks.collect_prices", from_close=True),
    # All follow the prices that were collected, at once; these are for where the feed fails, or a worker died.
    "match paper orders": every(10, "wallets.tasks.match_orders"),
    "keep protection": every(10, "trading.tasks.keep_protection"),
    "run agents": every(10, "farms.tasks.run_due_agents"),
    "watch exposure": every(15, "portfolio.tasks.watch_exposure"),
    # Whoever asks for a backtest wakes a worker; this is for where that was lost, or a worker died.
    "work in the laboratory": every(15, "farms.tasks.work_in_laboratory"),
    "keep advice": every(15, "farms.tasks.keep_advice"),
    "settle advice": every(120, "farms.tasks.settle_advice"),
    "update goals": every(10, "goals.tasks.update_goals"),
    "rebalance": every(60, "portfolio.tasks.rebalance"),
    "apply rules": every(60, "wallets.tasks.apply_rules"),
    "carry out stops": every(10, "trading.tasks.carry_out_stops"),
    "compare orders": every(30, "trading.tasks.compare_orders"),
    "settle funding": every(60, "trading.tasks.settle_funding"),
    # Beside spot markets that came since; a new paper account lists those of its venue at once.
    "list perpetuals": every(300, "wallets.tasks.list_perpetuals"),
    "resolve orders": every(10, "trading.tasks.resolve_orders"),
    # Whoever raises an alert wakes a worker; this is for what is tried again, and for what waited for an hour.
    "send to channels": every(10, "kit.alerts.tasks.send_deliveries"),
    "hear bots": every(10, "kit.alerts.tasks.hear_bots"),
    "close late approvals": every(60, "kit.approvals.tasks.close_late_approvals"),
    "queue digests": every(60, "kit.alerts.tasks.queue_digests"),
    # Wherever an owner is, their midnight is at one of these.
    "close days": {
        "task": "portfolio.tasks.close_days",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 60},
    },
    # Whoever asks for a sync wakes a worker; this is for those whose worker died, or was never told.
    "sync who waits": every(10, "wallets.tasks.sync_waiting"),
    "sync and snapshot": every(SYNC_SECONDS, "portfolio.tasks.sync_all"),
    "prove the books": nightly(3, 30, "wallets.tasks.verify"),
    "watch the proof of the books": every(600, "wallets.tasks.watch_proof"),
    "seal credentials with the newest key": nightly(3, 45, "wallets.tasks.keep_credentials"),
    "look at what keys may do": nightly(3, 50, "wallets.tasks.look_at_rights"),
    "thin out the series of goals": nightly(4, 30, "goals.tasks.thin_out_series"),
    "forget old approvals": nightly(4, 25, "kit.approvals.tasks.forget_old_approvals"),
    "forget old advice": nightly(4, 35, "farms.tasks.forget_old_advice"),
    "forget old alerts": nightly(4, 20, "kit.alerts.tasks.forget_old_alerts"),
    "forget old sign-ins": nightly(4, 10, "kit.users.tasks.forget_old_sign_ins"),
    "forget plans that nobody applied": nightly(4, 40, "wallets.tasks.forget_previews"),
    "keep tables by months": nightly(4, 50, "moniqo.tasks.keep_months"),
    "forget old runs of rebalancing": nightly(4, 55, "portfolio.tasks.forget_rebalance_runs"),
    "forget old snapshots": nightly(4, 15, "portfolio.tasks.forget_snapshots"),
    "forget old sync logs": nightly(4, 0, "wallets.tasks.prune_sync_log"),
}

# What follows a task that has succeeded, whoever started it: agents look at a bar, and protection and the paper
# exchange at a price, as soon as it is there.
FOLLOWED_BY: Final[dict[str, tuple[str, ...]]] = dict.fromkeys(
    ("markets.tasks.collect_prices", "wallets.tasks.collect_exchange"),
    ("farms.tasks.run_due_agents", "wallets.tasks.match_orders", "trading.tasks.keep_protection"),
)
# A follower that no worker could begin by then is dropped: the next collection is seconds away.
FOLLOWS_WITHIN: Final = 10

# What every process that sends or carries out tasks has to agree on.
CONFIGURATION: Final[dict[str, Any]] = {
    "task_queues": [Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    "task_default_queue": REST,
    "task_routes": {
        **{
            f"trading.tasks.{name}": {"queue": PROTECTION}
            for name in ("keep_protection", "protect_positions_of", "carry_out_stops", "settle_funding")
        },
        "wallets.tasks.match_orders": {"queue": PROTECTION},
        "trading.tasks.compare_orders*": {"queue": SYNC},
        "trading.*": {"queue": ORDERS},
        "markets.*": {"queue": PRICES},
        "farms.tasks.run_*": {"queue": PRICES},
        **{f"wallets.tasks.{name}": {"queue": SYNC} for name in ("sync_*", "collect_*", "look_at_rights*")},
    },
    "task_ignore_result": True,
    "timezone": "UTC",
    "broker_connection_retry_on_startup": True,
}

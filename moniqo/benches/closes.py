"""The process of the benchmark of latency: hires agents, lets real minutes close, and reads when their orders arrived.

    python -m moniqo.benches.closes 200 3 /tmp/ready

All agents enter at one close and leave at the next, on one-minute bars of the simulated markets. The first close is
not counted: workers that have just started load what they need.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up before models are imported
from django.db.models import Max  # noqa: E402

from farms.models import Agent, AgentRun, Farm  # noqa: E402
from farms.services import start_farm  # noqa: E402
from kit import tenancy  # noqa: E402
from kit.users.models import User  # noqa: E402
from markets.candles.reading import moment  # noqa: E402
from markets.models import Instrument, Timeframe  # noqa: E402
from markets.services import generate_history  # noqa: E402
from moniqo.benches.hired import hire  # noqa: E402
from moniqo.benches.references import round_trips, seconds, single_inserts  # noqa: E402
from quant import strategies  # noqa: E402
from trading.models import Order, OrderEvent  # noqa: E402
from wallets.models import DemoOrder  # noqa: E402

MINUTE: Final = timedelta(minutes=1)
ALWAYS: Final = {"all": [{"left": {"indicator": "price"}, "op": ">", "right": 0}]}
NEVER: Final = {"all": [{"left": {"indicator": "price"}, "op": "<", "right": 0}]}
ENTER: Final[dict[str, Any]] = {"entry": ALWAYS, "exit": None, "stop": None}
LEAVE: Final[dict[str, Any]] = {"entry": NEVER, "exit": ALWAYS, "stop": None}
# Within the minute: what was decided at its beginning is done by then, and the next close is still to come.
AFTER: Final = 45.0
WARM_UP: Final = 1
WAIT_SECONDS: Final = 120.0
COLD_SECONDS: Final = 20.0


def measure(agents: int, closes: int, ready: Path) -> dict[str, float]:
    """Seconds from the close to what follows it, over `closes` closes; and two references of this machine."""
    owner = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench").pk
    generate_history(days=1)
    markets = list(Instrument.objects.filter(venue=settings.FEED).order_by("pk"))
    with tenancy.tenant(owner):
        hire(owner, agents, markets, strategy="custom", parameters=ENTER, timeframe=Timeframe.M1)
    references = {
        "reference_1000_round_trips_seconds": seconds(round_trips),
        "reference_200_single_inserts_seconds": seconds(single_inserts),
    }
    ready.touch()
    time.sleep(COLD_SECONDS)
    _wait_for_the_middle()
    with tenancy.tenant(owner):
        for farm in Farm.objects.all():
            start_farm(owner_id=owner, farm_id=farm.pk)
    for number in range(WARM_UP + closes):
        _settle_rules(owner, ENTER if number % 2 == 0 else LEAVE)
        _wait_for_orders(owner, agents * (number + 1))
        _wait_for_the_middle()
    return _figures(owner, agents, closes) | {"load": os.getloadavg()[0]} | references


def _wait_for_the_middle() -> None:
    """Until the minute's second half, where rules are changed: no close is near."""
    second = time.time() % 60
    if not AFTER <= second < AFTER + 5:
        time.sleep((AFTER - second) % 60)


def _settle_rules(owner: UUID, parameters: dict[str, Any]) -> None:
    checked = strategies.get("custom").validate(parameters)
    with tenancy.tenant(owner):
        Agent.objects.update(parameters=checked)


def _wait_for_orders(owner: UUID, number: int) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        time.sleep(1)
        with tenancy.tenant(owner):
            if Order.objects.filter(closed_at__isnull=False).count() >= number:
                return
    raise RuntimeError(f"{number} orders were not done within {WAIT_SECONDS:.0f} s: repair that before measuring it.")


def _figures(owner: UUID, agents: int, closes: int) -> dict[str, float]:
    with tenancy.tenant(owner):
        bars = sorted(AgentRun.objects.filter(order__isnull=False).values_list("bar", flat=True).distinct())
        counted = bars[WARM_UP:]
        runs = AgentRun.objects.filter(bar__in=counted, order__isnull=False).select_related("order")
        done = dict(OrderEvent.objects.filter(to_status="filled").values_list("order").annotate(at=Max("created_at")))
        reached = dict(DemoOrder.objects.values_list("client_order_id", "created_at"))
        found: dict[str, list[float]] = {"decided": [], "reached": [], "recorded": [], "sent": []}
        spans: dict[Any, list[float]] = {bar: [] for bar in counted}
        for run in runs:
            order, closed = run.order, moment(run.bar) + MINUTE
            if order is None:
                continue
            found["decided"].append((order.created_at - closed).total_seconds())
            found["reached"].append((reached[order.client_order_id] - closed).total_seconds())
            found["sent"].append((reached[order.client_order_id] - order.created_at).total_seconds())
            found["recorded"].append((done[order.pk] - closed).total_seconds())
            spans[run.bar] += (found["decided"][-1], found["recorded"][-1])
    if len(counted) != closes or len(found["reached"]) != agents * closes:
        raise RuntimeError(f"{len(found['reached'])} orders on {len(counted)} bars: not every agent traded each time.")
    figures = {f"{name} {figure}": value for name, given in found.items() for figure, value in _cuts(given).items()}
    # Of the slowest close: from the first decision to the last answer that is in the books.
    return figures | {"orders per second": min(agents / (max(span) - min(span)) for span in spans.values())}


def _cuts(values: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20)
    return {"p50 seconds": cuts[9], "p95 seconds": cuts[18], "max seconds": max(values)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))) + "\n")

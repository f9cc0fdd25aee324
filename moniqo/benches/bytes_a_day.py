"""What the database grows by in a day of 200 agents on five-minute bars: the engine run over hours that end now.

Every five minutes all agents look at their bars, what they decide is carried out at the paper exchange, its account is
synced, and everything is valued, by the code that does so live. Then `moniqo.growth` measures as `manage.py growth`
does: rows of these hours by what a row takes, times 24 by the hours. What does not come from agents is not in it:
people who act, goals, deliveries, candles of a real feed.

    python -m moniqo.benches.bytes_a_day 200 6
"""

import json
import sys
import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from moniqo.benches.cluster import cluster, environment, measure_apart

AGENTS: Final = 200
HOURS: Final = 6
STEP: Final = timedelta(minutes=5)
STRATEGY: Final = "trend_following"


def bytes_a_day(*, agents: int = AGENTS, hours: int = HOURS) -> dict[str, float]:
    """Rows and bytes a day by table, and what a year of such days leaves when what is old has been forgotten."""
    with cluster() as server:
        given = environment(server) | {"MONIQO_DEMO_LATENCY_MS": "0"}
        return measure_apart("moniqo.benches.bytes_a_day", agents, hours, given=given)


def _measure(agents: int, hours: int) -> dict[str, float]:
    import django

    django.setup()

    from django.conf import settings
    from django.db import connections

    from kit import clock, months, tenancy
    from kit.users.models import User
    from markets.models import Candle, Instrument, Timeframe
    from markets.services import generate_history
    from moniqo.benches.hired import hire
    from moniqo.growth import measure
    from quant import strategies
    from wallets.models import Connection
    from wallets.venues.accounts import rehearse

    owner = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench").pk
    generate_history(days=2)
    end = clock.now().replace(second=0, microsecond=0)
    end -= timedelta(minutes=end.minute % 5)
    start = end - timedelta(hours=hours)
    months.make_ahead()
    markets = list(Instrument.objects.filter(venue=settings.FEED).order_by("pk"))
    with clock.at(start), tenancy.tenant(owner):
        parameters = strategies.get(STRATEGY).validate({})
        hire(owner, agents, markets, strategy=STRATEGY, parameters=parameters, timeframe=Timeframe.M5)
        account = Connection.objects.get()
        rehearse(connection=account)
    began = time.perf_counter()
    _play(owner, account.pk, [market.pk for market in markets], start, end)
    took = time.perf_counter() - began
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    found = {"agents": float(agents), "hours": float(hours), "seconds it ran": took}
    grown = measure(hours=(clock.now() - start).total_seconds() / 3600)
    days = (clock.now() - start).total_seconds() / (hours * 3600)  # the minutes since the last bar added nothing
    ours = [one for one in grown if one.table != Candle._meta.db_table]
    for one in ours:
        if one.rows_a_day:
            found |= {
                f"{one.table} rows": one.rows_a_day * days,
                f"{one.table} bytes a row": one.row_bytes,
                f"{one.table} bytes": one.bytes_a_day * days,
            }
    return found | {
        "all bytes a day": sum(one.bytes_a_day for one in ours) * days,
        "all bytes of a year": sum(one.bytes_in_a_year for one in ours) * days,
        "all bytes of a year, nothing forgotten": sum(one.bytes_a_day for one in ours) * days * 365,
    }


def _play(owner: UUID, account: UUID, markets: list[int], start: datetime, end: datetime) -> None:
    from farms.models import Agent
    from farms.services import History, Tape, bars_wanted
    from kit import clock, tenancy
    from portfolio.services import take_snapshots
    from trading.services import execute_order
    from wallets.sync.runs import sync_connection

    with tenancy.tenant(owner):
        parameters = Agent.objects.values_list("parameters", flat=True)[0]
    tape = Tape.of_past(instrument_ids=markets, since=start, until=end, bars=bars_wanted(STRATEGY, parameters))
    now = start
    while now < end:
        now += STEP
        with clock.at(now):
            with tenancy.tenant(owner):
                history = History(
                    owner_id=owner, tape=tape,
                    execute=lambda order_id: execute_order(owner_id=owner, order_id=order_id),
                )  # fmt: skip
                history.step()
                history.write()
            sync_connection(owner_id=owner, connection_id=account)
            with tenancy.tenant(owner):
                take_snapshots(owner_id=owner, at=now)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))) + "\n")

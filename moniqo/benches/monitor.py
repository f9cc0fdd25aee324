"""What a look at all stops and targets costs.

`manage.py bench monitor --positions N` has N protected positions of one owner over 200 instruments, a third of whose
stops follow the price, on a throw-away PostgreSQL. It measures a look at which nothing happens, one at which a
twentieth of the prices have risen, one at which all have, so that every stop that trails is moved, and one at which a
hundredth of the positions have to be left.
As many orders that wait for a price, a third of them trailing, are looked at in the same way. Beside them stands the
least that it could cost: reading the levels of as many rows.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from typing import Any, Final
from uuid import UUID, uuid4

from moniqo.benches.cluster import cluster, environment, measure_apart

POSITIONS: Final = 10_000
INSTRUMENTS: Final = 200
PASSES: Final = 15
PRICE: Final = Decimal(100)


def monitor(*, positions: int = POSITIONS) -> dict[str, float]:
    """Milliseconds of a look, the median of some; see the names."""
    with cluster() as server:
        return measure_apart("moniqo.benches.monitor", positions, given=environment(server))


def measure(number: int) -> dict[str, float]:
    """In a process of its own, on the throw-away cluster."""
    from django.db import connections

    from kit import tenancy
    from trading.positions.protection import look_at_levels

    owner, instruments = _make(number)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    figures: dict[str, float] = {"positions": number}

    def look(expected: int) -> Callable[[], None]:
        def now() -> None:
            with tenancy.tenant(owner):
                found = look_at_levels(owner_id=owner)
            assert (len(found.exits), len(found.unseen)) == (expected, 0)  # noqa: S101 - else another thing is measured

        return now

    _price(instruments, PRICE)
    figures["nothing reached, ms"] = _median(look(0))
    few, risen = instruments[::20], iter(range(1, 2 * PASSES + 1))
    figures["a twentieth of the prices risen, ms"] = _median(
        look(0), before=lambda: _price(few, PRICE + Decimal(next(risen)) / 100)
    )
    figures["all trailing stops moved, ms"] = _median(
        look(0), before=lambda: _price(instruments, PRICE + Decimal(next(risen)) / 100)
    )
    _let_some_be_reached(owner, number // 100)
    figures[f"{number // 100} reached, ms"] = _median(look(number // 100))
    figures["reading as many rows, ms"] = _median(lambda: _read(owner, number))
    figures |= _waiting(owner, instruments, number)
    return figures


def _waiting(owner: UUID, instruments: list[int], number: int) -> dict[str, float]:
    """The same of orders that wait for a trigger."""
    from django.db import connections

    from kit import tenancy
    from trading.models import Order
    from trading.orders.triggers import look_at_triggers

    _price(instruments, PRICE)
    _make_orders(owner, instruments, number)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE trading_order")

    def look(expected: int) -> Callable[[], None]:
        def now() -> None:
            with tenancy.tenant(owner):
                found = look_at_triggers(owner_id=owner)
            assert (len(found.reached), len(found.unseen)) == (expected, 0)  # noqa: S101 - else another thing is measured

        return now

    figures = {"waiting orders, nothing reached, ms": _median(look(0))}
    few, risen = instruments[::20], iter(range(1, 2 * PASSES + 1))
    figures["waiting orders, a twentieth of the prices risen, ms"] = _median(
        look(0), before=lambda: _price(few, PRICE + Decimal(next(risen)) / 100)
    )
    figures["waiting orders, all trailing triggers moved, ms"] = _median(
        look(0), before=lambda: _price(instruments, PRICE + Decimal(next(risen)) / 100)
    )
    _price(instruments, PRICE - 20)
    with tenancy.tenant(owner):
        assert Order.objects.count() == number  # noqa: S101 - else another thing is measured
    figures[f"{number} waiting orders, all reached, ms"] = _median(look(number))
    return figures


def _make_orders(owner: UUID, instruments: list[int], number: int) -> None:
    from kit import tenancy
    from trading.models import Order
    from wallets.models import Wallet

    with tenancy.tenant(owner):
        wallet = Wallet.objects.select_related("connection").filter(name="Agent 0").get()
        trailing = {"type": "trailing_stop", "trail": Decimal(5), "trigger_price": PRICE - 5}
        Order.objects.bulk_create(
            Order(
                owner_id=owner,
                wallet=wallet,
                connection=wallet.connection,
                instrument_id=instruments[n % INSTRUMENTS],
                key=f"bench {n}",
                client_order_id=f"bench{n}",
                side="sell",
                quantity=1,
                reference_price=PRICE,
                status="waiting",
                **(trailing if n % 3 == 0 else {"type": "stop", "trigger_price": PRICE - 10}),
            )
            for n in range(number)
        )


def _median(work: Callable[[], None], *, before: Callable[[], None] = lambda: None) -> float:
    taken = []
    for _ in range(PASSES):
        before()
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


def _make(number: int) -> tuple[UUID, list[int]]:
    from kit import clock, tenancy
    from kit.users.models import User
    from markets.models import Instrument
    from trading.models import Position
    from wallets.models import Connection, Platform, Wallet

    owner = User.objects.bulk_create([User(email=f"{uuid4()}@bench.invalid", name="Bench")])[0].pk
    steps = {"tick_size": Decimal("0.01"), "lot_size": Decimal("0.001"), "minimum_notional": Decimal(1)}
    instruments = Instrument.objects.bulk_create(
        Instrument(venue="bench", symbol=f"A{n}/USDT", base=f"A{n}", quote="USDT", **steps) for n in range(INSTRUMENTS)
    )
    with tenancy.tenant(owner):
        platform = Platform.objects.get(slug="demo")
        connection = Connection.objects.create(owner_id=owner, name="Bench", platform=platform, venue="bench")
        master = Wallet.objects.create(owner_id=owner, name="Fund", role="master", connection=connection)
        wallets = Wallet.objects.bulk_create(
            Wallet(owner_id=owner, name=f"Agent {n}", role="reserve", parent=master, connection=connection)
            for n in range(-(-number // INSTRUMENTS))
        )
        Position.objects.bulk_create(
            Position(
                owner_id=owner,
                wallet=wallets[n // INSTRUMENTS],
                instrument=instruments[n % INSTRUMENTS],
                quantity=1,
                entry_quantity=1,
                entry_price=PRICE,
                exit_stop=PRICE - 10,
                exit_target=PRICE + 10,
                exit_trail=Decimal(5) if n % 3 == 0 else None,
                opened_at=clock.now(),
            )
            for n in range(number)
        )
    return owner, [instrument.pk for instrument in instruments]


def _price(instruments: list[int], price: Decimal) -> None:
    from kit import clock
    from markets.models import Ticker

    rows = [Ticker(instrument_id=pk, price=price, source="bench", at=clock.now()) for pk in instruments]
    fields = ("price", "source", "at")
    Ticker.objects.bulk_create(rows, update_conflicts=True, unique_fields=("instrument",), update_fields=fields)


def _let_some_be_reached(owner: UUID, number: int) -> None:
    from kit import tenancy
    from trading.models import Position

    with tenancy.tenant(owner):
        some: Any = Position.objects.order_by("pk").values_list("pk", flat=True)[:number]
        Position.objects.filter(pk__in=list(some)).update(exit_target=PRICE - 20)


def _read(owner: UUID, number: int) -> None:
    from kit import tenancy
    from trading.models import Position

    with tenancy.tenant(owner):
        rows = Position.objects.filter(owner_id=owner, closed_at=None)
        assert len(rows.values_list("pk", "exit_stop", "exit_target")) == number  # noqa: S101 - as above


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
    import django

    django.setup()
    sys.stdout.write(f"{json.dumps(measure(int(sys.argv[1])))}\n")

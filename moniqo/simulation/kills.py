"""Workers that are really killed: a process sends itself a SIGKILL at a numbered step, and the sweepers go on.

A worker is a fork of this process that opens connections of its own. The venue is the demo exchange, whose books are in
the database and outlive it.
"""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.db.models import Sum

from kit import tenancy
from moniqo.simulation.crashes import new_process
from moniqo.simulation.flow import BETWEEN, LOOKS, next_due
from moniqo.simulation.invariants import unproved
from moniqo.simulation.stage import Stage, stage
from trading import services, tasks
from trading.models import Fill, Order, Position
from wallets.models import Account, DemoBalance, DemoOrder, DemoTrade, Wallet

Act = Callable[[Stage], object]

SYMBOL: Final = "AAA/USDT"
# More than any of the works has.
MOST_STEPS: Final = 200
_FINISHED, _FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Killed:
    """A worker that was killed at a step of its work, and what should not be so afterwards."""

    work: str
    step: int
    violations: tuple[str, ...]


# --- the work --------------------------------------------------------------------------------------------------------


def place(on: Stage) -> Order:
    """A buy with a stop; whoever asks again with its key gets the same order."""
    with tenancy.tenant(on.owner_id):
        return services.place_order(
            wallet=Wallet.objects.get(pk=on.wallets[0].pk),
            instrument=on.instruments[SYMBOL],
            side="buy",
            quantity=Decimal(3),
            key="the buy",
            reason="It is bought.",
            exit_stop=Decimal(90),
        )


def send(on: Stage) -> object:
    return services.execute_order(owner_id=on.owner_id, order_id=place(on).pk)


def resolve(on: Stage) -> object:
    return tasks.resolve_orders()


def protect(on: Stage) -> object:
    tasks.protect_positions_of(str(on.owner_id))
    return tasks.resolve_orders()


def stop_all(on: Stage) -> object:
    tasks.carry_out_stops()
    return tasks.resolve_orders()


def _nothing(_: Stage) -> None:
    pass


def _placed(on: Stage) -> None:
    place(on)
    on.clock.sleep(60)
    on.quote()


def _fallen(on: Stage) -> None:
    send(on)
    on.prices[SYMBOL] = Decimal(80)
    on.quote()


def _stopping(on: Stage) -> None:
    send(on)
    with tenancy.tenant(on.owner_id):
        services.stop(owner_id=on.owner_id, wallet_id=on.farm.pk, policy="flatten")


# What is done, by its name, after what was done before.
WORKS: Final[dict[str, tuple[Act, Act]]] = {
    "placing": (_nothing, place),
    "sending": (place, send),
    "resolving": (_placed, resolve),
    "protecting": (_fallen, protect),
    "stopping": (_stopping, stop_all),
}


# --- killing ---------------------------------------------------------------------------------------------------------


def kill_everywhere(work: str, *, every: int = 1, first: int = 1) -> Iterator[Killed]:
    """The work again and again, its worker killed at each step (or each so many), until one comes to its end."""
    for step in range(first, MOST_STEPS, every):
        killed = kill_at(work, step)
        if killed is None:
            return
        yield killed


def kill_at(work: str, step: int) -> Killed | None:
    """Kill the worker at that step, go on without it, and look; None where the work has no such step."""
    before, act = WORKS[work]
    with stage(f"{work}, step {step}", paper=True) as on:  # a number would be a flow's, whose owner it would be
        before(on)
        if not is_killed(on, act, step):
            return None
        found = _recovered(on, work)
        return Killed(work, step, tuple(found + unproved(on.owner_id)))


def move_under_fire(restarts: int) -> tuple[int, list[str]]:
    """Kill a worker so many times while it moves the stop of a position and watches it, at one step after the other;
    how often the position had its stop afterwards, where it was or where it was to be, and what should not be so once
    the price has reached it in the end."""
    kept, kills, step = 0, 0, 1
    with stage(restarts, paper=True) as on:
        send(on)
        with tenancy.tenant(on.owner_id):
            position_id, level = Position.objects.values_list("pk", "exit_stop").get()
        while kills < restarts:
            on.clock.sleep(1)
            on.quote()
            wanted = Decimal(85 + kills % 10)
            if not is_killed(on, partial(_move, position_id=position_id, level=wanted), step):
                step, level = 1, wanted
                continue
            kills, step = kills + 1, step + 1
            with tenancy.tenant(on.owner_id):
                found = Position.objects.filter(closed_at=None).values_list("exit_stop", flat=True).get()
            kept += found in (level, wanted)
            level = found
        on.prices[SYMBOL] = Decimal(80)
        on.quote()
        tasks.protect_positions_of(str(on.owner_id))
        return kept, _recovered(on, "moving") + unproved(on.owner_id)


def _move(on: Stage, *, position_id: UUID, level: Decimal) -> object:
    with tenancy.tenant(on.owner_id):
        services.move_levels(owner_id=on.owner_id, position_id=position_id, levels={"exit_stop": level})
    tasks.protect_positions_of(str(on.owner_id))
    return tasks.resolve_orders()


def is_killed(on: Stage, act: Act, step: int) -> bool:
    """Whether a process of its own that does it died at that step; it came to its end otherwise."""
    new_process()
    pid = os.fork()
    if pid == 0:  # nothing may come back from here into the program that was forked
        ended = _FAILED
        try:
            on.steps.begin(step, "process")
            act(on)
            ended = _FINISHED
        finally:
            os._exit(ended)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    if os.WEXITSTATUS(status) != _FINISHED:
        raise RuntimeError(f"The worker ended with {os.WEXITSTATUS(status)} instead of being killed.")
    return False


def _recovered(on: Stage, work: str) -> list[str]:
    """What should not be so once sweepers have looked until nothing is left to do."""
    if work == "placing":
        place(on)  # whoever asked heard nothing, and asks again
    for _ in range(LOOKS):
        due = next_due(on)
        if due is None:
            return list(_violations(on))
        on.clock.moment = max(due, on.clock.now() + BETWEEN)
        on.quote()
        tasks.resolve_orders()
        tasks.protect_positions_of(str(on.owner_id))
        tasks.carry_out_stops()
    return ["Something is still under way after all sweeps."]


def _violations(on: Stage) -> Iterator[str]:
    yield from on.errors.found
    with tenancy.tenant(on.owner_id):
        orders = list(Order.objects.values_list("client_order_id", "status", "side"))
        there = list(DemoOrder.objects.values_list("client_order_id", flat=True))
        fills = sorted(Fill.objects.values_list("venue_trade_id", "quantity", "price"))
        trades = sorted(
            (str(pk), quantity, price)
            for pk, quantity, price in DemoTrade.objects.values_list("pk", "quantity", "price")
        )
        held = Account.objects.filter(held__gt=0).exists()
        balances = dict(
            Account.objects.filter(kind=Account.Kind.WALLET, balance__gt=0)
            .values_list("asset")
            .annotate(Sum("balance"))
        )
        totals = dict(DemoBalance.objects.filter(total__gt=0).values_list("asset", "total"))
        open_ones = list(Position.objects.filter(closed_at=None).values_list("exit_stop", flat=True))
    if [status for _, status, _ in orders] != ["filled"] * len(orders):
        yield f"Not every order is filled: {orders}."
    if sorted(there) != sorted(name for name, _, _ in orders):
        yield f"The venue has the orders {there}, the books {orders}."
    if fills != trades:
        yield f"The venue has the trades {trades}, the books {fills}."
    if held:
        yield "Something is still held."
    if balances != totals:
        yield f"The venue has {totals}, the wallets {balances}."
    sold = any(side == "sell" for _, _, side in orders)
    if open_ones != ([] if sold else [Decimal(90)]):
        yield f"The stops of open positions are {open_ones}."

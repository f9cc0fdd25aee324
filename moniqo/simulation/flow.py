"""What happens on a stage: people, agents, workers and sweepers act in an order that the seed draws."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from kit import tenancy
from kit.errors import ConflictError
from moniqo.simulation.kept import at_rest, told, unkept
from moniqo.simulation.leveraged import due_funding, explain
from moniqo.simulation.people import Act, end_waiting
from moniqo.simulation.stage import CRASHES, Stage, work
from trading import services, tasks
from trading.models import Amendment, Cancellation, EmergencyStop, Order, Position
from trading.positions.filling import unprotected_key
from wallets.models import SyncRun
from wallets.services import sync_connection
from wallets.sync.turns import RUN_TIMEOUT

KINDS: Final = ("worker", "database")
# How often a task is delivered twice, and how often it is lost.
TWICE, LOST = 0.15, 0.1
# After faults have stopped: how often the sweepers look, and how much time passes between two looks.
LOOKS: Final = 60
BETWEEN, PAUSE = timedelta(seconds=8), timedelta(seconds=50)


# --- the market ------------------------------------------------------------------------------------------------------


def move_prices(on: Stage) -> Act:
    moved = {symbol: Decimal(str(round(on.rng.gauss(1, 0.05), 4))) for symbol in on.prices}

    def act(on: Stage) -> None:
        for symbol, factor in moved.items():
            on.prices[symbol] = max((on.prices[symbol] * factor).quantize(Decimal("0.01")), Decimal(1))
        on.quote()

    return act


def fall(on: Stage) -> Act:
    """The market falls through the stop of a position while nobody of us looks, and stays there or comes back."""
    below, comes_back = Decimal(str(round(on.rng.uniform(0.98, 0.999), 4))), on.rng.random() < 0.5

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            rows = Position.objects.filter(closed_at=None, exit_stop__isnull=False).select_related("instrument")
            position = rows.order_by("opened_at", "pk").first()
        if position is None or position.exit_stop is None:
            return "no stop"
        symbol = position.instrument.symbol
        before, on.prices[symbol] = on.prices[symbol], (position.exit_stop * below).quantize(Decimal("0.01"))
        on.quote()
        if comes_back:
            on.clock.sleep(2)
            on.prices[symbol] = before
            on.quote()
        return f"to {position.exit_stop * below} and {'back' if comes_back else 'no farther'}"

    return act


def wait(on: Stage) -> Act:
    seconds = on.rng.choice((1, 5, 12, 31, 46, 100))

    def act(on: Stage) -> None:
        on.clock.sleep(seconds)
        on.quote()

    return act


# --- workers ---------------------------------------------------------------------------------------------------------


def deliver(on: Stage) -> Act:
    """A worker gets a task: perhaps an old one, perhaps one that it or another has had already."""
    if not on.tasks:
        return lambda _: "no task waits"
    at = on.rng.randrange(len(on.tasks))
    chance = on.rng.random()
    name, given = on.tasks[at] if chance < TWICE else on.tasks.pop(at)
    if TWICE <= chance < TWICE + LOST:
        return lambda _: f"lost {name}"
    return lambda _: run_task(name, given)


def deliver_all(_: Stage) -> Act:
    """Workers get all that waits."""

    def act(on: Stage) -> None:
        while on.tasks:
            run_task(*on.tasks.pop(0))

    return act


def run_task(name: str, given: dict[str, Any]) -> object:
    known: dict[str, Callable[..., object]] = {
        "trading.tasks.execute_order": tasks.execute_order,
        "trading.tasks.execute_orders": tasks.execute_orders,
        "trading.tasks.cancel_order": tasks.cancel_order,
        "trading.tasks.change_order": tasks.change_order,
    }
    return known[name](**given) if name in known else f"not of orders: {name}"


def sweep(_: Stage) -> Act:
    return lambda _: tasks.resolve_orders()


def protect(_: Stage) -> Act:
    return lambda on: tasks.protect_positions_of(str(on.owner_id))


def go_on_stopping(_: Stage) -> Act:
    return lambda _: tasks.carry_out_stops()


def listen(_: Stage) -> Act:
    """The venue tells by itself that something has happened."""
    return lambda on: services.look_at_orders(owner_id=on.owner_id, connection_id=on.connection.pk, everything=True)


def sync(_: Stage) -> Act:
    def act(on: Stage) -> object:
        try:
            return sync_connection(owner_id=on.owner_id, connection_id=on.connection.pk)
        except ConflictError:
            return "not now"

    return act


Chosen = Callable[[Stage], Act]


@dataclass(frozen=True, slots=True)
class Scene:
    """What may happen on a stage: how often each act is done, how many steps it has at most, more or less, at one of
    which it is cut off; what is done `before` anything fails, what comes `first` then, and who looks until nothing is
    left to do."""

    acts: Mapping[Chosen, tuple[int, int]]
    first: Sequence[Chosen]
    looks: Sequence[Chosen]
    most: int
    before: Sequence[Chosen] = ()


# --- the whole -------------------------------------------------------------------------------------------------------


def play(on: Stage, scene: Scene) -> None:
    """A random flow and its recovery."""
    with on.exchange.reliable():
        for chosen in scene.before:
            _do(on, chosen)
    first, weights = scene.first, [weight for weight, _ in scene.acts.values()]
    for number in range(on.rng.randint(3, scene.most) + len(first)):
        chosen = first[number] if number < len(first) else on.rng.choices(list(scene.acts), weights)[0]
        steps = scene.acts[chosen][1]
        at = on.rng.randint(1, steps) if steps and on.rng.random() < CRASHES else 0
        _do(on, chosen, at=at, kind=on.rng.choice(KINDS))
        on.clock.sleep(on.rng.uniform(0, 2))
    recover(on, scene.looks)


def _do(on: Stage, chosen: Chosen, *, at: int = 0, kind: str = "") -> None:
    act = chosen(on)
    work(on, chosen.__name__, lambda: act(on), at=at, kind=kind)


def recover(on: Stage, looks: Sequence[Chosen]) -> None:
    """Faults stop, and the sweepers look until nothing is left to do."""
    on.exchange.calm()
    for act in (move_prices, protect, end_waiting):
        _do(on, act)
    for _ in range(LOOKS):
        while on.tasks:
            name, given = on.tasks.pop(0)
            work(on, name, partial(run_task, name, given))
        due = next_due(on)
        if due is None:
            break
        now = on.clock.now()
        on.clock.moment = min(max(due, now + BETWEEN), now + PAUSE)
        on.quote()
        for look in looks:
            _do(on, look)
    _do(on, sync)
    if on.perpetuals:
        _do(on, explain)
        _do(on, sync)
    with tenancy.tenant(on.owner_id):
        is_cut_off = SyncRun.objects.filter(status=SyncRun.Status.RUNNING).exists()
    if is_cut_off:  # one whose worker died is in the way until it is given up
        on.clock.moment += RUN_TIMEOUT
        _do(on, sync)


def next_due(on: Stage) -> datetime | None:
    """When the next thing is due that is under way: an order, a wish to cancel one, a stop, or a position that is to be
    left, or whose stop does not rest as it should. None when nothing is left to do."""
    kept = at_rest(on)
    known = [order.pk for order in kept]
    with tenancy.tenant(on.owner_id):
        due: list[Any] = [  # of what is unfinished every moment is known, but of what waits: constraints say so
            *Order.objects.unfinished().exclude(due_at=None).exclude(pk__in=known).values_list("due_at", flat=True),
            *Cancellation.objects.filter(closed_at=None).values_list("due_at", flat=True),
            *Amendment.objects.filter(closed_at=None).values_list("due_at", flat=True),
        ]
        if EmergencyStop.objects.filter(status="running").exists():
            due.append(on.clock.now())
        open_ones = Position.objects.filter(closed_at=None).select_related("instrument")
        due += [on.clock.now() for one in open_ones if reached(on, one)]
    due += [on.clock.now() for _ in unkept(on, kept)]
    due += due_funding(on) if on.perpetuals else []
    return min(due, default=None)


def reached(on: Stage, position: Position) -> bool:
    """Whether the price has come to one of the position's levels; not where what is left is worth less than the venue
    takes, and its owner was told so."""
    sign, price = 1 if position.is_long else -1, on.price(position.instrument.symbol)
    if price * position.quantity < position.instrument.minimum_notional and unprotected_key(position.pk) in told(on):
        return False
    bad, good = (position.exit_stop, position.liquidation_price), position.exit_target
    is_bad = any(level is not None and sign * (price - level) <= 0 for level in bad)
    return is_bad or (good is not None and sign * (price - good) >= 0)

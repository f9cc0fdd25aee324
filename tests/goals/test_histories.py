"""Whatever happens in whatever order, and commits however late: what was counted as it came is what there is.

Random histories of fills and trades in several wallets, goals whose scopes and times overlap and change, transactions
that commit long after others that began later. What was added up batch by batch is held against a count in Python, row
by row, which knows nothing of cursors, and against counting all anew. Rows are written past the foreign keys: a real
order for each would take a thousand times as long, and counting looks at none of it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goals import counting, services
from goals.models import Goal, GoalAssignment, GoalTotal
from kit import clock
from markets.models import Instrument
from tests.conftest import address
from tests.goals.conftest import Ground
from wallets.models import Wallet

NAMES = ("fund", "master", "farm a", "farm b", "a 1", "a 2", "b 1")
TRADERS = ("a 1", "a 2", "b 1")
ABOVE = {"a 1": ("farm a", "master"), "a 2": ("farm a", "master"), "b 1": ("farm b", "master")}
QUOTES = ("USDT", "USDC")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATE = ("first", "second")  # transactions that other ones overtake
CASES: Counter[str] = Counter()

POSITION = """
INSERT INTO trading_position (
    id, created_at, direction, quantity, entry_quantity, entry_price, exit_quantity, exit_price, fees, realized_pnl,
    entry_reason, exit_reason, opened_at, closed_at, instrument_id, owner_id, wallet_id, closed_in
) VALUES (gen_random_uuid(), %(at)s, 'long', 0, 1, 1, 1, 1, 0, %(profit)s, '[]', '[]', %(at)s, %(at)s, %(instrument)s,
          %(owner)s, %(wallet)s, pg_current_xact_id())
"""
FILL = """
INSERT INTO trading_fill (
    venue_trade_id, side, price, quantity, fee, fee_asset, liquidity, filled_at, connection_id, instrument_id,
    owner_id, posting_id, wallet_id, order_id
) VALUES (gen_random_uuid()::text, 'buy', %(price)s, 2, 0, 'USDT', 'taker', %(at)s, %(connection)s, %(instrument)s,
          %(owner)s, -nextval('trading_fill_id_seq'), %(wallet)s, gen_random_uuid())
"""

moments = st.integers(-500, 3000)  # minutes from START; some lie after every deadline
amounts = st.decimals(-50, 50, places=4)
scopes = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
step = st.one_of(
    st.tuples(
        st.just("trade"), st.sampled_from(TRADERS), st.sampled_from(QUOTES), moments, amounts,
        st.sampled_from(("now", "now", *LATE)),
    ),
    st.tuples(
        st.just("fill"), st.sampled_from(TRADERS), st.sampled_from(QUOTES), moments, st.decimals(1, 50, places=4),
        st.sampled_from(("now", "now", *LATE)),
    ),
    st.tuples(st.just("commit"), st.sampled_from(LATE)),
    st.tuples(st.just("update")),
    st.tuples(st.just("goal"), scopes, st.integers(-500, 60), st.none() | st.integers(800, 2000)),
    st.tuples(st.just("scope"), st.integers(0, 9), scopes),
    st.tuples(st.just("start"), st.integers(0, 9), st.integers(-500, 60)),
    st.tuples(st.just("deadline"), st.integers(0, 9), st.none() | st.integers(800, 2000)),
    st.tuples(st.just("pause"), st.integers(0, 9)),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    kind: str
    trader: str
    quote: str
    at: datetime
    value: Decimal


@dataclass
class World:
    ground: Ground
    wallets: dict[str, Wallet]
    instruments: dict[str, int]
    late: dict[str, psycopg.Connection[Any]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    pending: dict[str, list[Row]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def do(self, name: str, *given: Any) -> None:
        CASES[name] += 1
        getattr(self, name)(*given)

    def trade(self, trader: str, quote: str, minutes: int, profit: Decimal, when: str) -> None:
        self._write(POSITION, Row("trade", trader, quote, START + minutes * MINUTE, profit), when)

    def fill(self, trader: str, quote: str, minutes: int, price: Decimal, when: str) -> None:
        self._write(FILL, Row("fill", trader, quote, START + minutes * MINUTE, price), when)

    def _write(self, statement: str, row: Row, when: str) -> None:
        values = {
            "at": row.at, "profit": row.value, "price": row.value, "instrument": self.instruments[row.quote],
            "owner": self.ground.owner_id, "wallet": self.wallets[row.trader].pk,
            "connection": self.ground.desk.connection.pk,
        }  # fmt: skip
        if when == "now":
            with past_the_keys() as writer:
                writer.execute(statement.encode(), values)
            self.rows.append(row)
            return
        if when not in self.late:
            self.late[when] = _connect()
        self.late[when].execute(statement.encode(), values)
        self.pending.setdefault(when, []).append(row)

    def commit(self, name: str) -> None:
        if name in self.late:
            writer = self.late.pop(name)
            writer.commit()
            writer.close()
            self.rows += self.pending.pop(name, [])

    def update(self) -> None:
        self.ground.update()

    def goal(self, scope: Sequence[str], start: int, end: int | None) -> None:
        if len(self.goals) < 10:
            ends_at = None if end is None else START + end * MINUTE
            self.goals.append(
                self.ground.goal(target=10**9, scope=self.ids(scope), starts_at=START + start * MINUTE, ends_at=ends_at)
            )

    def ids(self, scope: Sequence[str]) -> Any:
        return "fund" if "fund" in scope else [self.wallets[name].pk for name in scope]

    def scope(self, number: int, scope: Sequence[str]) -> None:
        self._change(number, scope=self.ids(scope))

    def start(self, number: int, minutes: int) -> None:
        self._change(number, starts_at=START + minutes * MINUTE)

    def deadline(self, number: int, minutes: int | None) -> None:
        self._change(number, ends_at=None if minutes is None else START + minutes * MINUTE)

    def pause(self, number: int) -> None:
        if number < len(self.goals):
            with self.ground.tenant():
                services.pause(owner_id=self.ground.owner_id, goal_id=self.goals[number].pk)

    def _change(self, number: int, **changes: Any) -> None:
        if number < len(self.goals):
            with self.ground.tenant():
                services.change(owner_id=self.ground.owner_id, goal_id=self.goals[number].pk, **changes)

    def expected(self, goal: Goal) -> dict[str, tuple[Any, ...]]:
        """Row by row."""
        names = {wallet.pk: name for name, wallet in self.wallets.items()} | {None: "fund"}
        spans = [(names[one.wallet_id], one.since, one.until) for one in GoalAssignment.objects.filter(goal=goal)]
        sums: dict[str, list[Any]] = {}
        for row in self.rows:
            if row.at < goal.starts_at or (goal.ends_at is not None and row.at >= goal.ends_at):
                continue
            places = {"fund", row.trader, *ABOVE[row.trader]}
            if not any(
                place in places and since <= row.at and (until is None or row.at < until)
                for place, since, until in spans
            ):
                continue
            found = sums.setdefault(row.quote, [0, Decimal(0), 0, 0, 0, Decimal(0), Decimal(0)])
            if row.kind == "fill":
                found[0] += 1
                found[1] += row.value * 2
            else:
                found[2] += 1
                found[3] += row.value > 0
                found[4] += row.value < 0
                found[5] += max(row.value, Decimal(0))
                found[6] += max(-row.value, Decimal(0))
        return {quote: tuple(found) for quote, found in sums.items()}

    def counted(self, goal: Goal) -> dict[str, tuple[Any, ...]]:
        names = ("fills", "volume", "trades", "won_trades", "lost_trades", "won", "lost")
        return {
            total.quote: tuple(getattr(total, name) for name in names) for total in GoalTotal.objects.filter(goal=goal)
        }


def _connect() -> psycopg.Connection[Any]:
    writer = psycopg.connect(address("MONIQO_TEST_ADMIN_URL", str(connections["default"].settings_dict["NAME"])))
    writer.execute("SET session_replication_role = replica")
    return writer


@contextmanager
def past_the_keys() -> Iterator[psycopg.Connection[Any]]:
    writer = _connect()
    try:
        yield writer
        writer.commit()
    finally:
        writer.close()


def make_world(ground: Ground) -> World:
    desk = ground.desk
    other = Wallet(owner=desk.owner, connection=desk.connection, name="B", role="farm", parent=desk.master)
    wallets = {"master": desk.master, "farm a": desk.farm, "a 1": desk.wallet, "farm b": other}
    with ground.tenant():
        other.save()
        for name, farm in (("a 2", desk.farm), ("b 1", other)):
            wallets[name] = Wallet.objects.create(
                owner=desk.owner, connection=desk.connection, name=name, role="agent", parent=farm
            )
    coin, _ = Instrument.objects.get_or_create(
        venue="simulated", symbol="BTC/USDC",
        defaults={"base": "BTC", "quote": "USDC", "tick_size": Decimal("0.01"), "lot_size": Decimal("0.001")},
    )  # fmt: skip
    return World(ground, wallets, {"USDT": desk.instrument.pk, "USDC": coin.pk})


def check(make_ground: Callable[[], Ground], history: list[tuple[Any, ...]]) -> None:
    world = make_world(make_ground())
    now = START
    try:
        for name, *given_ in history:
            now += MINUTE
            with clock.at(now):
                world.do(name, *given_)
        with clock.at(now + MINUTE):
            world.update()  # while late ones are still under way
            for name in LATE:
                world.commit(name)
            for _ in range(2):
                world.update()
    finally:
        for writer in world.late.values():
            writer.close()
    with world.ground.tenant():
        goals = list(Goal.objects.filter(owner_id=world.ground.owner_id))
        assert all(goal.status == "active" for goal in goals)
        incremental = {goal.pk: world.counted(goal) for goal in goals}
        assert incremental == {goal.pk: world.expected(goal) for goal in goals}
        counting.recount(counting.lock(owner_id=world.ground.owner_id), goals)
        assert incremental == {goal.pk: world.counted(goal) for goal in goals}
    CASES["histories"] += 1
    CASES["goals compared"] += len(goals)
    CASES["totals compared"] += sum(len(found) for found in incremental.values())


ONE_BY_ONE = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], database=None
)
histories = st.lists(step, min_size=8, max_size=30).map(
    lambda steps: [("goal", ["fund"], -500, None), ("goal", ["farm a"], 0, 900), *steps]
)


@pytest.mark.slow
@settings(ONE_BY_ONE, max_examples=10)
@given(history=histories)
def test_what_was_counted_as_it_came_is_what_there_is(
    make_ground: Callable[[], Ground], history: list[tuple[Any, ...]]
) -> None:
    check(make_ground, history)


@pytest.mark.slow
@settings(ONE_BY_ONE, max_examples=400)
@given(history=histories)
def test_many_histories_are_counted_as_they_are(
    make_ground: Callable[[], Ground], history: list[tuple[Any, ...]]
) -> None:
    check(make_ground, history)
    print(dict(CASES))


def test_a_row_that_commits_after_ones_that_began_later_is_counted_once(make_ground: Callable[[], Ground]) -> None:
    check(
        make_ground,
        [
            ("goal", ["farm a"], 0, None),
            ("trade", "a 1", "USDT", 1, Decimal(5), "first"),
            ("trade", "a 1", "USDT", 2, Decimal(-3), "now"),
            ("update",),
            ("trade", "a 2", "USDT", 3, Decimal(7), "second"),
            ("update",),
            ("commit", "second"),
            ("update",),
            ("goal", ["a 2"], -10, None),
            ("commit", "first"),
            ("update",),
        ],
    )


def test_the_newest_transaction_is_not_passed_over_while_it_runs(make_ground: Callable[[], Ground]) -> None:
    """No snapshot lists it yet as running, and the one who counts is newer still."""
    late = ("trade", "a 1", "USDT", 0, Decimal(1), "first")
    check(make_ground, [("goal", ["fund"], -500, None), ("update",), late, ("update",), ("commit", "first")])

"""A program that knows only the API builds a fund: every operation is carried out, every list has been asked with no,
one, two and three rows."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection as database
from django.test import Client

from farms.advice import rules
from farms.laboratory import jobs, running
from farms.models import AdviceEndpoint, Agent, Backtest, Sweep
from farms.services import run_agent
from kit import clock, tenancy
from kit.alerts.services import raise_alert
from kit.users import tokens
from kit.users.models import User
from markets.models import Instrument
from markets.services import NewQuote, record_quotes
from portfolio.rebalancing.running import look
from portfolio.services import take_snapshots
from tests.api.test_contract import operations
from tests.farms.advice.conftest import make_endpoint
from tests.farms.conftest import CROSS_UP, PARAMETERS, make_instrument, store_hours
from tests.farms.laboratory.by_hand import carry_out_by_hand
from tests.farms.laboratory.conftest import hours, store
from tests.programs import make_token
from tests.simulators.server import Exchanges
from tests.wallets.keys import give_true_keys, key_of
from trading.models import Order
from trading.orders import life
from trading.risk.gate import Caps
from trading.services import execute_order, set_limits, watch_drawdowns
from wallets.models import Connection, Wallet
from wallets.services import sync_connection
from wallets.venues.accounts import create_demo_connection
from wallets.venues.demo import account as demo

PREFIX = "/api/v1"
ROWS = (1, 2)


@dataclass
class Program:
    """Signed in by token, as programs are. Remembers which operations it has carried out."""

    client: Client
    owner: User
    access: str = ""
    refresh: str = ""
    calls: int = 0
    done: set[tuple[str, str]] = field(default_factory=set)

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **ids: Any) -> Any:
        """Carry out the operation that the description calls `path`; returns what the answer holds."""
        self.calls += 1
        headers = {"Idempotency-Key": f"call {self.calls}"}
        if self.access:
            headers["Authorization"] = f"Bearer {self.access}"
        answer = self.client.generic(
            method.upper(), PREFIX + path.format(**ids), json.dumps(body or {}), "application/json", headers=headers
        )
        assert answer.status_code == status, (method, path, answer.content)
        self.done.add((method, PREFIX + path))
        return answer.json() if answer.content else None

    def sign_in(self) -> None:
        password = f"password of {self.owner.email}"
        tokens = self.call("post", "/auth/token", {"email": self.owner.email, "password": password})
        self.refresh = tokens["refresh"]
        self.access = self.call("post", "/auth/refresh", {"refresh": tokens["refresh"]})["access"]

    def rows(self, path: str, **ids: Any) -> list[Any]:
        answer = self.call("get", path, **ids)
        found: list[Any] = answer["items"] if isinstance(answer, dict) else answer
        return found

    def lists(self) -> dict[str, int]:
        """The number of rows of each list that is no part of something else, as the description knows them."""
        found = {}
        for method, path, operation in operations():
            answer = operation["responses"].get(200, {}).get("content", {}).get("application/json", {})
            shape = json.dumps(answer.get("schema", {}))
            mine = "{" not in path and "/operator/" not in path
            if method == "get" and mine and ('"array"' in shape or "/Page_" in shape):
                found[path.removeprefix(PREFIX)] = len(self.rows(path.removeprefix(PREFIX)))
        return found


@pytest.fixture
def markets(owner: User) -> list[Instrument]:
    """Two markets at a price of 100, with candles on whose last bar the strategy of these tests enters."""
    instruments = [make_instrument("TST/USDT"), make_instrument("OTH/USDT")]
    start = clock.now().replace(minute=0, second=0, microsecond=0) - len(CROSS_UP) * timedelta(hours=1)
    for instrument in instruments:
        store_hours(instrument, start, CROSS_UP)
        record_quotes([NewQuote(instrument.pk, *[Decimal(100)] * 3, "simulated", clock.now())])
    return instruments


@pytest.mark.django_db(databases=["default", "system"])
def test_every_operation_works_and_every_list_holds_any_number_of_rows(
    client: Client, owner: User, operator: User, markets: list[Instrument], exchanges: Exchanges
) -> None:
    program = Program(client, owner)
    program.sign_in()
    shared = {"/instruments", "/platforms", "/strategies"}
    look_at_markets(program, markets)
    # Who asks has signed in, and that is a token.
    assert {path: count for path, count in program.lists().items() if path not in shared and count} == {"/tokens": 1}
    for number in ROWS:
        grow(program, number, markets)
        hold_back(owner)
        counts = program.lists()
        once = ("/connections", "/agents", "/positions", "/rebalancing")
        assert {path: counts[path] for path in once} == dict.fromkeys(once, number)
        assert counts["/farms"] == counts["/rebalancing/runs"] == 2 * number
        assert counts["/plans"] == 3 * number
        assert counts["/wallets"] == 4 * number
        assert counts["/backtests"] == 2 * number
        assert counts["/sweeps"] == counts["/downloads"] == counts["/advice"] == number
        assert counts["/tokens"] == 1 + 2 * number  # one is made, one answers
        assert counts["/wallets/tree"] == counts["/positions/closed"] == number
        assert min(count for path, count in counts.items()) >= 1
    start_and_end(program)
    join_exchange(program, exchanges)
    operate(program, operator)
    carry_out(program)
    missed = {(method, path) for method, path, _ in operations()} - program.done
    assert missed == set()


def look_at_markets(program: Program, markets: list[Instrument]) -> None:
    """Its lists hold what there is, one by one and page by page."""
    assert [row["symbol"] for row in program.rows("/instruments")] == ["OTH/USDT", "TST/USDT"]
    first = program.call("get", "/instruments?limit=1")
    second = program.call("get", f"/instruments?limit=1&cursor={first['next']}")
    assert [page["items"][0]["symbol"] for page in (first, second)] == ["OTH/USDT", "TST/USDT"]
    assert (first["next"] is None, second["next"] is None) == (False, True)
    ids = {"instrument_id": markets[0].pk}
    assert program.call("get", "/instruments/{instrument_id}", **ids)["price"] == "100"
    assert program.call("get", "/instruments/{instrument_id}/candles?timeframe=1h", **ids)["items"]
    program.done.add(("get", f"{PREFIX}/instruments/{{instrument_id}}/candles"))


def hold_back(owner: User) -> None:
    """As if what was traded last had fallen too far."""
    with tenancy.tenant(owner.pk):
        wallet = Wallet.objects.filter(role=Wallet.Role.AGENT).latest("created_at")
        caps = Caps(maximum_drawdown=Decimal("0.1"))
        limit = set_limits(on=wallet, allowed_symbols=None, maximum_notional=None, caps=caps)
        watch_drawdowns(owner_id=owner.pk, fallen={(limit.pk, wallet.pk): Decimal("0.2")})


def operate(program: Program, operator: User) -> None:
    """What operators' programs do."""
    theirs = Program(program.client, operator, done=program.done)
    theirs.sign_in()
    shown = {row["slug"]: row for row in theirs.rows("/operator/platforms")}
    assert theirs.call("patch", "/operator/platforms/{slug}", {"is_active": True}, slug="demo") == shown["demo"]
    assert theirs.call("get", "/operator/credentials")["connections_with_old_keys"] == 0
    theirs.rows("/operator/connections")
    assert theirs.call("post", "/auth/sign-out", {"refresh": theirs.refresh})["status"] == "revoked"


def start_and_end(program: Program) -> None:
    """Play money in one request, and then everything that it made is put away again."""
    offer = program.call("get", "/start")
    wanted = {"amount": offer["usual"], "recipe": offer["recipes"][0]["slug"]}
    plan = program.call("post", "/start/preview", wanted)
    made = program.call("post", "/start", wanted, status=201)
    assert len(plan["members"]) == len(made["agent_ids"]) == 2  # a market each
    first = program.call("post", "/agents/{agent_id}/archive", agent_id=made["agent_ids"][0])
    farm = program.call("post", "/farms/{farm_id}/archive", farm_id=made["farm_id"])
    master = program.call("get", "/wallets/{wallet_id}", wallet_id=made["master_id"])
    assert (first["value"], farm["value"], Decimal(master["value"])) == ("0", "0", Decimal(plan["amount"]))
    take_back(program, made)


def join_exchange(program: Program, exchanges: Exchanges) -> None:
    """A real account, its key tried and replaced."""
    give_true_keys(exchanges)
    key = key_of(exchanges.binance())
    asked = {"platform": "binance", "name": "Binance", "credentials": key}
    made = program.call("post", "/connections", asked, status=201)["id"]
    program.call("post", "/connections/{connection_id}/test", connection_id=made)
    assert program.rows("/connections/{connection_id}/positions", connection_id=made) == []
    program.call("get", "/connections/{connection_id}/limits/usual", connection_id=made)
    with tenancy.tenant(program.owner.pk), database.cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, now())", [made])
    assert program.call("post", "/connections/{connection_id}/watch", connection_id=made)["is_watching"] is True
    program.call("put", "/connections/{connection_id}/credentials", {"credentials": key}, connection_id=made)
    exchanges.binance().account.deposit("USDT", 5)
    begun = program.rows("/connections/{connection_id}/syncs", connection_id=made)[0]["id"]
    sync_connection(connection_id=UUID(made), owner_id=program.owner.pk, run_id=UUID(begun))
    master = {"name": "At Binance", "role": "master", "connection_id": made}
    taker = program.call("post", "/wallets", master, status=201)["id"]
    program.call("put", "/connections/{connection_id}/arrivals", {"deposits_to": taker}, connection_id=made)
    program.call("put", "/connections/{connection_id}/derivatives", {"wallet_id": None}, connection_id=made)
    assert program.call("get", "/connections/{connection_id}/arrivals", connection_id=made)["is_told"]
    assert program.rows("/connections/{connection_id}/movements", connection_id=made) == []
    assert program.rows("/connections/{connection_id}/income", connection_id=made) == []
    path = "/connections/{connection_id}/unassigned/{asset}"
    program.call("post", path, {"wallet_id": taker}, status=201, connection_id=made, asset="USDT")


def take_back(program: Program, made: Any) -> None:
    """What was put away comes back, and finds another place."""
    program.call("post", "/farms/{farm_id}/restore", farm_id=made["farm_id"])
    agent = program.call("post", "/agents/{agent_id}/restore", agent_id=made["agent_ids"][0])
    master = program.call("get", "/wallets/{wallet_id}", wallet_id=made["master_id"])
    account = UUID(master["connection_id"])
    with tenancy.tenant(program.owner.pk):
        for asset in ("USDT", "TST"):
            demo.credit(owner_id=program.owner.pk, connection_id=account, asset=asset, amount=Decimal(1))
    begun = program.rows("/connections/{connection_id}/syncs", connection_id=str(account))[0]["id"]
    sync_connection(connection_id=account, owner_id=program.owner.pk, run_id=UUID(begun))
    found = {"connection_id": str(account), "asset": "USDT"}
    program.call("post", "/connections/{connection_id}/suspense/{asset}", {}, status=201, **found)
    program.call("post", "/connections/{connection_id}/suspense/{asset}", {}, status=201, **(found | {"asset": "TST"}))
    found = {"wallet_id": made["master_id"]}
    program.call("post", "/wallets/{wallet_id}/positions", {"symbol": "TST/USDT"}, status=201, **found)
    beside = {"name": "Beside", "role": "master", "connection_id": master["connection_id"]}
    second = program.call("post", "/wallets", beside, status=201)["id"]
    program.call("post", "/farms/{farm_id}/move", {"master_id": second}, farm_id=made["farm_id"])
    other = program.call("post", "/farms", {"master_id": second, "name": "Other", "kind": "mixed"}, status=201)
    pool = program.call("post", "/agents/{agent_id}/free", agent_id=agent["id"])["farm_id"]
    proposed = program.call("get", "/farms/{farm_id}/proposal", farm_id=pool)
    [line] = proposed["lines"]
    taken = {"seen": proposed["seen"], "lines": [{"agent_id": agent["id"], "farm_id": line["farm_id"]}]}
    program.call("post", "/farms/{farm_id}/proposal", taken, farm_id=pool)
    program.call("post", "/agents/{agent_id}/free", agent_id=agent["id"])
    program.call("post", "/agents/{agent_id}/move", {"farm_id": other["id"]}, agent_id=agent["id"])
    promote(program, agent["id"], master["base_asset"])
    for path, found in (
        ("/farms/{farm_id}", {"farm_id": other["id"]}),
        ("/agents/{agent_id}", {"agent_id": agent["id"]}),
    ):
        program.call("get", f"{path}/analytics", **found)
    savings = {"name": "Savings", "role": "reserve", "parent_id": made["master_id"]}
    reserve = program.call("post", "/wallets", savings, status=201)["id"]
    program.call("post", "/wallets/{wallet_id}/move", {"parent_id": second}, wallet_id=reserve)
    program.call("post", "/wallets/{wallet_id}/archive", wallet_id=reserve)
    program.call("post", "/wallets/{wallet_id}/restore", wallet_id=reserve)
    program.call("post", "/wallets/{wallet_id}/close", wallet_id=made["master_id"])


def promote(program: Program, agent: str, asset: str) -> None:
    """A copy in a farm at a real account of the same market, with the owner's word instead of a verdict."""
    with tenancy.tenant(program.owner.pk):
        real = Connection.objects.create(
            owner=program.owner, platform_id="okx", name="Real", venue="simulated", is_paper=False
        )
    account = {"name": "Real", "role": "master", "connection_id": str(real.pk), "base_asset": asset}
    master = program.call("post", "/wallets", account, status=201)["id"]
    farm = program.call("post", "/farms", {"master_id": master, "name": "Real", "kind": "mixed"}, status=201)["id"]
    lacks = program.call("get", "/agents/{agent_id}/promotions", agent_id=agent)
    wish = {"farm_id": farm, "override": {"words": lacks["override_words"], "reason": "To see it work."}}
    copy = program.call("post", "/agents/{agent_id}/promote", wish, status=201, agent_id=agent)
    assert copy["promoted_from"] == agent


def say_prices(markets: list[Instrument]) -> None:
    """What has stood for a minute, as on a slow machine, is no price to trade by."""
    record_quotes([NewQuote(each.pk, *[Decimal(100)] * 3, "simulated", clock.now()) for each in markets])


def grow(program: Program, number: int, markets: list[Instrument]) -> None:
    """One more of everything: an account whose master funds a farm whose agent trades, and all that can be asked."""
    say_prices(markets)
    with tenancy.tenant(program.owner.pk):
        connection = str(create_demo_connection(owner_id=program.owner.pk, name=f"Paper {number}").pk)
    master, farm, agent = build(program, number, connection, markets[0])
    say_prices(markets)
    trade(program, agent, markets)
    for wallet in (master["id"], farm["wallet_id"], agent["wallet_id"]):
        program.call("patch", "/wallets/{wallet_id}", {"trading_state": "active"}, wallet_id=wallet)
        program.call("get", "/wallets/{wallet_id}", wallet_id=wallet)
    collection = {"amount": "1", "note": "Back"}
    ids = {"wallet_id": agent["wallet_id"]}
    program.call("post", "/wallets/{wallet_id}/collect/preview", collection, **ids)
    moved = program.call("post", "/wallets/{wallet_id}/collect", collection, status=201, **ids)
    program.call("post", "/allocations/{allocation_id}/undo", status=201, allocation_id=moved["id"])
    wish = {"do": "collect", "wallet_id": agent["wallet_id"], "what": "free"}
    plan = program.call("post", "/allocations/preview", wish, status=201)["id"]
    program.call("get", "/allocations/{allocation_id}", allocation_id=plan)
    program.call("post", "/allocations/{allocation_id}/apply", status=201, allocation_id=plan)
    program.call("post", "/allocations/{allocation_id}/undo", status=201, allocation_id=plan)
    weigh(program, number, master["id"])
    rebalance(program, master["id"])
    rule = program.call(
        "post", "/wallets/{wallet_id}/rules", {"kind": "distribute"}, status=201, wallet_id=master["id"]
    )
    assert len(program.rows("/wallets/{wallet_id}/rules", wallet_id=master["id"])) == 1
    program.call("patch", "/rules/{rule_id}", {"is_on": False}, rule_id=rule["id"])
    for asked in ("preview", "runs"):
        program.call("get", f"/rules/{{rule_id}}/{asked}", rule_id=rule["id"])
    assert program.call("post", "/proof")["contradiction"] == ""
    program.call("get", "/proof")
    program.call("put", "/wallets/{wallet_id}/protection", {"protects": True}, **ids)
    program.call("post", "/wallets/{wallet_id}/stop/preview", {"policy": "keep"}, **ids)
    stop = program.call("post", "/wallets/{wallet_id}/stop", {"policy": "keep"}, status=202, **ids)["id"]
    program.call("get", "/stops/{stop_id}", stop_id=stop)
    program.call("post", "/stops/{stop_id}/call-off", stop_id=stop)
    program.call("patch", "/wallets/{wallet_id}", {"trading_state": "active"}, **ids)
    for state in ("paused", "active"):
        program.call("put", "/connections/{connection_id}/state", {"state": state}, connection_id=connection)
    program.call("post", "/connections/{connection_id}/sync", status=202, connection_id=connection)
    sync_connection(connection_id=UUID(connection), owner_id=program.owner.pk)
    sync = program.rows("/connections/{connection_id}/syncs", connection_id=connection)[0]["id"]
    program.call("get", "/connections/{connection_id}/syncs/{sync_id}", connection_id=connection, sync_id=sync)
    program.call("get", "/connections/{connection_id}", connection_id=connection)
    program.call("patch", "/connections/{connection_id}", {"name": f"Account {number}"}, connection_id=connection)
    assert program.rows("/wallets/{wallet_id}/entries", wallet_id=agent["wallet_id"])
    take_note(program, number)
    make_and_end_a_token(program, number)
    for position in (program.rows("/positions")[0], program.rows("/positions/closed")[0]):
        program.call("get", "/positions/{position_id}", position_id=position["id"])
    held = program.rows("/positions")[0]["id"]
    moved = program.call("patch", "/positions/{position_id}", {"exit_target": None}, position_id=held)
    assert moved["exit_target"] is None
    compose(program, number, markets[0], agent)
    want(program, number, farm["wallet_id"])
    try_out(program, number, agent)
    for figures in ("summary", "equity", "allocation", "performance", "calendar", "decomposition"):
        program.call("get", f"/portfolio/{figures}")
    for looked_back in ("contribution", "months", "comparison", "report", "breakdown", "history"):
        program.call("get", f"/portfolio/{looked_back}")
    limit_exposure(program)
    ask_owner(program, master, farm, agent, markets[0])
    program.call("post", "/positions/{position_id}/close", status=201, position_id=held)
    ask_a_model(program, agent)


def ask_a_model(program: Program, agent: Any) -> None:
    """About an agent: the question waits for a worker, and nobody works here."""
    endpoint = AdviceEndpoint.objects.exclude(base_url=rules.ADDRESS).first() or make_endpoint("http://127.0.0.1:9/v1")
    wish = {"is_on": True, "endpoint_id": str(endpoint.pk)}
    assert program.call("put", "/advice/settings", wish) == program.call("get", "/advice/settings")
    level = {"agent_id": agent["id"]}
    wanted = program.call("put", "/agents/{agent_id}/advice", {"level": "comment"}, **level)
    assert program.call("get", "/agents/{agent_id}/advice", **level) == wanted
    asked = program.call("post", "/advice", {"agent_id": agent["id"]}, status=202)["id"]
    assert program.call("get", "/advice/{call_id}", call_id=asked)["status"] == "waiting"
    assert program.call("get", "/advice/honesty")["settled"] == 0
    watch = {"farm_id": agent["farm_id"], "timeframe": agent["timeframe"], "every": 2}
    assert program.call("put", "/advice/watches", watch) == program.call("get", "/advice/watches")


def try_out(program: Program, number: int, agent: Any) -> None:
    """A backtest of rules that need few candles, cancelled and asked again."""
    average = {"indicator": "sma", "period": 2 + number}
    entry = {"all": [{"left": {"indicator": "price"}, "op": ">", "right": average}]}
    rules = {"entry": entry, "exit": None, "stop": {"percent": 0.05}}
    wish = {"agent_id": agent["id"], "strategy": "custom", "parameters": rules}
    asked = program.call("post", "/backtests", wish, status=202)["id"]
    assert program.call("post", "/backtests/{backtest_id}/cancel", backtest_id=asked)["status"] == "cancelled"
    program.call("post", "/backtests/{backtest_id}/repeat", status=202, backtest_id=asked)
    asked = program.call("post", "/sweeps", sweep_of(number), status=202)["id"]
    assert program.call("post", "/sweeps/{sweep_id}/cancel", sweep_id=asked)["status"] == "cancelled"
    past = {"exchange": "kraken", "symbol": "BTC/USD", "timeframe": "1h", "since": "2026-01-01T00:00:00Z"}
    asked = program.call("post", "/downloads", past, status=202)["id"]
    assert program.call("post", "/downloads/{download_id}/cancel", download_id=asked)["status"] == "cancelled"
    assert program.call("get", "/downloads/{download_id}", download_id=asked)["finished_at"]


def sweep_of(number: int) -> dict[str, Any]:
    """A sweep of two averages over a market with enough candles for them."""
    long = Instrument.objects.filter(symbol="LONG/USDT").first()
    if long is None:
        long = make_instrument("LONG/USDT")
        store(long, hours(bars=200))
    axes = {"fast": [2, 3, 4], "slow": [9 + number, 20]}
    rules = {"strategy": "trend_following", "parameters": PARAMETERS}
    return {**rules, "instrument_ids": [long.pk], "timeframe": "1h", "axes": axes}


def compose(program: Program, number: int, market: Instrument, agent: Any) -> None:
    """Rules that are saved, followed by the agent, and changed."""
    wish = {"strategy": "trend_following", "instrument_id": market.pk, "timeframe": "5m", "parameters": PARAMETERS}
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=50)
    store_hours(market, start, [100.0, 101.0, 102.0, 99.0] * 100, timeframe="5m")
    program.call("get", "/strategies/{slug}/schema", slug="trend_following")
    program.call("post", "/saved-strategies/preview", wish)
    made = program.call("post", "/saved-strategies", wish | {"name": f"Rules {number}"}, status=201)
    version = {"version_id": made["versions"][0]["id"]}
    followed = program.call("patch", "/agents/{agent_id}", version, agent_id=agent["id"])
    assert followed["version_id"] == version["version_id"]
    other = {"parameters": PARAMETERS | {"stop_atr": 3}, "agent_ids": [agent["id"]], "version": 1}
    program.call("patch", "/saved-strategies/{strategy_id}", other, strategy_id=made["id"])
    found = program.call("get", "/saved-strategies/{strategy_id}", strategy_id=made["id"])
    assert (found["version"], found["agents"], found["versions"][0]["agent_ids"]) == (2, 1, [agent["id"]])
    other = program.call("post", "/saved-strategies", wish | {"name": f"Unused {number}"}, status=201)
    program.call("post", "/saved-strategies/{strategy_id}/archive", strategy_id=other["id"])
    there = program.call("post", "/saved-strategies/{strategy_id}/restore", strategy_id=other["id"])
    assert there["archived_at"] is None


def carry_out(program: Program) -> None:
    """The newest backtest. It comes last: what has to be compiled may take longer than prices are young."""
    newest = program.rows("/backtests")[0]["id"]
    with tenancy.tenant(program.owner.pk):
        Backtest.objects.filter(pk=newest).update(
            status="running", claim=uuid4(), claimed_until=clock.now() + jobs.LEASE
        )
        job = Backtest.objects.get(pk=newest)
    running.run_backtest(job)
    assert program.call("get", "/backtests/{backtest_id}", backtest_id=newest)["verdict"]["trials"] == 1
    assert isinstance(program.rows("/backtests/{backtest_id}/trades", backtest_id=newest), list)
    asked = program.call("post", "/sweeps", sweep_of(0), status=202)["id"]
    carry_out_by_hand(Sweep(pk=asked, owner_id=program.owner.pk))
    assert program.call("get", "/sweeps/{sweep_id}", sweep_id=asked)["result"]["known_trials"] == 6
    assert len(program.rows("/sweeps/{sweep_id}/trials", sweep_id=asked)) == 6
    program.call("post", "/sweeps/{sweep_id}/trials/{number}/backtest", status=202, sweep_id=asked, number=1)


def rebalance(program: Program, master: str) -> None:
    """A rule of the master, and two of its runs."""
    wish = {"method": "equal", "every": "day", "hour": 0, "band": "0", "after_goals": True}
    path, ids = "/wallets/{wallet_id}/rebalancing", {"wallet_id": master}
    program.call("put", path, wish, **ids)
    program.call("delete", path, status=204, **ids)
    made = program.call("put", path, wish, **ids)
    assert made in program.rows("/rebalancing")
    assert (made["after_goals"], made["band"], program.call("get", path, **ids)) == (True, "0", made)
    for day, (decide, status) in enumerate((("decline", "declined"), ("approve", "done")), 1):
        with tenancy.tenant(program.owner.pk), clock.at(clock.now() + timedelta(days=day)):
            (run,) = look(owner_id=program.owner.pk, wallet_id=UUID(master))
        found = program.call("get", "/rebalancing/runs/{run_id}", run_id=run.pk)
        assert (found["status"], found["targets"][0]["weight"]) == ("waiting", "0.5")
        with tenancy.tenant(program.owner.pk):
            take_snapshots(owner_id=program.owner.pk)  # nothing is approved on old values
        body = {"plan_id": found["plan_id"]} if decide == "approve" else None
        done = program.call("post", f"/rebalancing/runs/{{run_id}}/{decide}", body, run_id=run.pk)
        assert done["status"] == status
    program.call("post", "/plans/{plan_id}/undo", status=201, plan_id=found["plan_id"])


def limit_exposure(program: Program) -> None:
    set_now = program.call("put", "/portfolio/exposure-limits", {"limits": [{"kind": "leverage", "limit": "2"}]})
    assert program.call("get", "/portfolio/exposure-limits")["limits"] == set_now["limits"]
    assert program.call("get", "/portfolio/exposure")["limits"]
    limit_id = set_now["limits"][0]["id"]
    program.call("post", "/portfolio/exposure-limits/{limit_id}/release", limit_id=limit_id)


def weigh(program: Program, number: int, master: str) -> None:
    """The master's farm and one beside it, weighed by a method that needs no history."""
    beside = {"master_id": master, "name": f"Beside {number}"}
    program.call("post", "/farms", beside, status=201)
    plan = program.call("post", "/wallets/{wallet_id}/plans/preview", {"method": "equal"}, wallet_id=master)
    assert [one["weight"] for one in plan["targets"]] == ["0.5", "0.5"]
    compared = program.call("get", "/wallets/{wallet_id}/plans/comparison", wallet_id=master)
    assert (compared["tracks"], "Nothing is compared yet" in compared["verdict"]) == ([], True)
    risk = program.call("get", "/wallets/{wallet_id}/risk", wallet_id=master)
    assert [one["risk_score"] for one in risk["children"]] == [None] * 2
    done = {"plan_id": plan["plan_id"]}
    program.call("post", "/wallets/{wallet_id}/plans", done, status=201, wallet_id=master)
    assert program.call("get", "/plans/{plan_id}", **done)["status"] == "applied"
    assert program.call("post", "/plans/{plan_id}/undo", status=201, **done)["status"] == "undone"


def want(program: Program, number: int, farm_wallet: str) -> None:
    """A goal of the farm, and everything that can be asked of it."""
    wanted = {
        "name": f"Trades {number}", "kind": "trade_volume", "target": 5, "scope": [farm_wallet], "draft": True,
        "actions": [{"do": "collect", "amount": "profit", "to": "master"}],
    }  # fmt: skip
    goal = program.call("post", "/goals", wanted, status=201)
    ids = {"goal_id": goal["id"]}
    for asked in ("/goals/{goal_id}", "/goals/{goal_id}/preview", "/goals/{goal_id}/progress"):
        program.call("get", asked, **ids)
    for listed in (
        "/goals/{goal_id}/trades",
        "/goals/{goal_id}/fills",
        "/goals/{goal_id}/moves",
        "/goals/{goal_id}/events",
    ):
        program.call("get", listed, **ids)
    program.call("patch", "/goals/{goal_id}", {"name": f"Many trades {number}"}, **ids)
    for state, done in (("active", "start"), ("active", "pause"), ("active", "resume"), ("cancelled", "cancel")):
        assert program.call("post", f"/goals/{{goal_id}}/{done}", **ids)["status"] == state


def ask_owner(program: Program, master: Any, farm: Any, agent: Any, market: Instrument) -> None:
    """Everything that can be asked for; nothing of it is wanted but a pause, and another token says so."""
    other = replace(program, access=tokens.access_text(make_token(program.owner)))
    wallet, asset = agent["wallet_id"], master["base_asset"]
    wishes: dict[str, dict[str, Any]] = {
        "orders": {"wallet_id": wallet, "symbol": market.symbol, "side": "buy", "quantity": "1"},
        "starts": {"agent_id": agent["id"]},
        "halts": {"wallet_id": wallet},
        "allocations": {"wallet_id": master["id"], "target_id": farm["wallet_id"], "asset": asset, "amount": "1"},
        "collections": {"wallet_id": wallet, "asset": asset, "amount": "1"},
        "goals": {"name": "Asked for", "kind": "trade_volume", "target": "500"},
        "limits": {"wallet_id": wallet, "maximum_notional": "5"},
    }
    for kind, wish in wishes.items():
        asked = program.call("post", f"/approvals/{kind}", wish, status=201)
        ids = {"approval_id": asked["id"]}
        assert program.call("get", "/approvals/{approval_id}", **ids)["status"] == "open"
        other.call("post", "/approvals/{approval_id}/answer", {"approved": False, "note": "No"}, **ids)
    asked = program.call("post", "/approvals/pauses", {"farm_id": farm["id"]}, status=201)
    told = other.call("post", "/approvals/{approval_id}/answer", {"approved": True}, approval_id=asked["id"])
    assert told["result"] == {"status": "paused"}
    program.call("post", "/farms/{farm_id}/start", farm_id=farm["id"])


def take_note(program: Program, number: int) -> None:
    """An alert that is acknowledged and settled, and one more key and kind that are not heard of."""
    with tenancy.tenant(program.owner.pk):
        raised = raise_alert(owner_id=program.owner.pk, key=f"sync:{number}", title="A venue rejects")
    program.call("get", "/alerts/{alert_id}", alert_id=raised)
    program.call("post", "/alerts/{alert_id}/acknowledge", alert_id=raised)
    program.call("post", "/alerts/{alert_id}/resolve", alert_id=raised)
    program.call("post", "/alerts/acknowledge")
    kept = program.call("post", "/alerts/mutes", {"key": f"sync:{number}"}, status=201)
    ended = program.call("post", "/alerts/mutes", {"key": "drift"}, status=201)
    assert kept["until"] is None
    program.call("delete", "/alerts/mutes/{mute_id}", mute_id=ended["id"])
    for name in (f"Mail {number}", f"More mail {number}"):
        wanted = {"kind": "email", "name": name, "address": {"email": "olive@example.com"}}
        channel = program.call("post", "/channels", wanted, status=201)
    program.call("delete", "/channels/{channel_id}", channel_id=channel["id"])
    bot = {"kind": "telegram", "name": f"Bot {number}", "address": {"token": "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5"}}
    bot = program.call("post", "/channels", bot, status=201)
    program.call("post", "/channels/{channel_id}/link", channel_id=bot["id"])
    (kept,) = (row for row in program.rows("/channels") if row["name"] == f"Mail {number}")
    program.call("patch", "/channels/{channel_id}", {"level": "critical"}, channel_id=kept["id"])
    tested = program.call("post", "/channels/{channel_id}/test", channel_id=kept["id"])
    assert "MONIQO_SMTP_URL" in tested["said"]


def make_and_end_a_token(program: Program, number: int) -> None:
    password = f"password of {program.owner.email}"
    wanted = {"name": f"Program {number}", "scopes": ["agent"], "password": password}
    made = program.call("post", "/tokens", wanted, status=201)
    assert "read" in program.call("get", "/tokens/current")["scopes"]
    assert program.call("delete", "/tokens/{token_id}", token_id=made["id"])["status"] == "revoked"


def build(program: Program, number: int, connection: str, market: Instrument) -> tuple[Any, Any, Any]:
    """A master with money, its farm, and the farm's agent with the money; all of them started."""
    wallet = {"name": f"Fund {number}", "role": "master", "connection_id": connection}
    master = program.call("post", "/wallets", wallet, status=201)
    ids = {"wallet_id": master["id"]}
    program.call("post", "/wallets/{wallet_id}/deposit/preview", {"amount": "10000"}, **ids)
    program.call("post", "/wallets/{wallet_id}/deposit", {"amount": "10000"}, status=201, **ids)
    limits = {"allowed_symbols": ["TST/USDT", "OTH/USDT"], "maximum_notional": "5000"}
    program.call("put", "/connections/{connection_id}/limits", limits, connection_id=connection)
    program.call("get", "/connections/{connection_id}/limits", connection_id=connection)
    program.call("put", "/wallets/{wallet_id}/limits", limits, **ids)
    program.call("get", "/wallets/{wallet_id}/limits", **ids)
    asked = program.call("get", "/wallets/{wallet_id}/ai-state", **ids)
    wish = {"version": asked["version"], "exposure": "1", "note": "Nothing but watching"}
    program.call("put", "/wallets/{wallet_id}/ai-state", wish, **ids)
    assert len(program.rows("/wallets/{wallet_id}/ai-state/history", **ids)) == 1
    farm = program.call("post", "/farms", {"master_id": master["id"], "name": f"Farm {number}"}, status=201)
    hired = {
        "farm_id": farm["id"],
        "name": f"Agent {number}",
        "strategy": "trend_following",
        "instrument_id": market.pk,
        "timeframe": "1h",
        "parameters": PARAMETERS,
    }
    agent = program.call("post", "/agents", hired, status=201)
    for source, target in ((master["id"], farm["wallet_id"]), (farm["wallet_id"], agent["wallet_id"])):
        movement = {"amount": "5000", "target_id": target}
        program.call("post", "/wallets/{wallet_id}/allocate/preview", movement, wallet_id=source)
        program.call("post", "/wallets/{wallet_id}/allocate", movement, status=201, wallet_id=source)
    for step in ("pause", "start"):
        program.call("post", f"/farms/{{farm_id}}/{step}", farm_id=farm["id"])
        program.call("post", f"/agents/{{agent_id}}/{step}", agent_id=agent["id"])
    program.call("get", "/farms/{farm_id}", farm_id=farm["id"])
    program.call("patch", "/farms/{farm_id}", {"maximum_share": "0.9"}, farm_id=farm["id"])
    policy = program.call("patch", "/farms/{farm_id}/policy", {"caps": {market.symbol: "0.8"}}, farm_id=farm["id"])
    assert policy == program.call("get", "/farms/{farm_id}/policy", farm_id=farm["id"])
    program.call("get", "/agents/{agent_id}", agent_id=agent["id"])
    program.call("patch", "/agents/{agent_id}", {"size": "0.4"}, agent_id=agent["id"])
    return master, farm, agent


def trade(program: Program, agent: Any, markets: list[Instrument]) -> None:
    """The agent enters one market; by hand the other is bought and sold again, and one more order is cancelled."""
    with tenancy.tenant(program.owner.pk):
        Agent.objects.filter(pk=agent["id"]).update(last_bar=None)  # as if it had been started a candle earlier
        run = run_agent(owner_id=program.owner.pk, agent_id=agent["id"])
    assert run is not None
    execute(program, str(run.order_id))
    assert program.rows("/agents/{agent_id}/runs", agent_id=agent["id"])
    assert program.call("get", "/agents/{agent_id}/next", agent_id=agent["id"])["conditions"]
    assert program.call("get", "/agents/{agent_id}/drift", agent_id=agent["id"])["backtest_id"] is None
    assert program.rows("/agents/{agent_id}/drift/fills", agent_id=agent["id"]) == []
    for side in ("buy", "sell"):
        execute(program, place(program, agent, markets[1], side))
    cancelled = place(program, agent, markets[1], "buy")
    with tenancy.tenant(program.owner.pk):  # the venue has taken it and not filled it yet
        life.move(life.locked(UUID(cancelled)), Order.Status.OPEN)
    which = {"wallet_id": agent["wallet_id"], "symbol": markets[1].symbol, "side": "buy"}
    going = program.call("post", "/orders/cancel/preview", which)["orders"]
    assert [one["id"] for one in going] == [cancelled]
    assert program.call("post", "/orders/cancel", which, status=202)["orders"] == [cancelled]
    program.call("post", "/orders/{order_id}/cancel", status=202, order_id=cancelled)
    program.call("get", "/orders/{order_id}", order_id=cancelled)
    with tenancy.tenant(program.owner.pk):
        life.move(life.locked(UUID(cancelled)), Order.Status.CANCELLED)
    rests = place(program, agent, markets[1], "buy", type="limit", limit_price="50")
    with tenancy.tenant(program.owner.pk):
        life.move(life.locked(UUID(rests)), Order.Status.OPEN)
    program.call("post", "/orders/{order_id}/amend", {"limit_price": "51"}, status=202, order_id=rests)


def place(program: Program, agent: Any, instrument: Instrument, side: str, **more: str) -> str:
    order = {"wallet_id": agent["wallet_id"], "symbol": instrument.symbol, "side": side, "quantity": "1", **more}
    assert program.call("post", "/orders/preview", order)["limit"] == ""
    placed = program.call("post", "/orders", order, status=201)
    assert placed["status"] == "submitting", placed["refusal"]
    return str(placed["id"])


def execute(program: Program, order: str) -> None:
    """What a worker does with a placed order."""
    execute_order(owner_id=program.owner.pk, order_id=UUID(order))

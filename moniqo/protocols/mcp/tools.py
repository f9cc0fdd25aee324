"""The tools, as data: each is one operation of the API, cut down to what a model needs.

A description is one line with an example. `takes` are the arguments it offers, of path, query and body; `gives` the
fields of the answer, and `inner` those of what stands in such a field. What an argument may be, what a field is and
which scope it needs is the operation's to say. No tool changes a limit, a credential, a token, live mode or a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Tool:
    """`is_destructive` says that it may undo what is there, `resumes` that trading goes on: a client that can ask its
    person does so before either. `then` is told beside an answer that is not the end.

    What `stops` something stands aside behind nobody: safety does not wait for pages. One that is not listed answers
    for a resource alone.
    """

    name: str
    method: str
    path: str
    description: str
    takes: str = ""
    gives: str = ""
    inner: Mapping[str, str] = field(default_factory=dict)
    is_destructive: bool = False
    resumes: bool = False
    stops: bool = False
    then: str = ""
    is_listed: bool = True

    @property
    def asks_first(self) -> bool:
        return self.is_destructive or self.resumes

    @property
    def is_question(self) -> bool:
        return self.path.startswith("/approvals/")


_ORDER: Final = "wallet_id symbol side quantity exit_stop exit_target exit_trail reason reduce_only"
_SENT: Final = "It was handed over, not filled: ask get_order with its id for what became of it."
_ASKED: Final = "It waits for the owner. The same call with the same idempotency_key says what became of it."
_QUESTION: Final = "id title lines status expires_at note result"
_AGENT: Final = "id name farm_id wallet_id strategy symbol timeframe status state value profit twr trades"

# What a token that asks first calls in their place.
INSTEAD: Final = {"place_order": "propose_order", "pause_agent": "propose_pause", "allocate": "propose_allocation"}

TOOLS: Final = (
    Tool(
        "get_portfolio", "GET", "/portfolio/summary",
        "What the fund or a wallet is worth and earned. Example: range=1M",
        "range wallet_id",
        "at base equity cash invested unrealized_pnl realized_pnl fees gross_exposure net_exposure open_positions "
        "sharpe today period is_stale unpriced",
        {"today": "flows profit twr", "period": "opening closing flows profit fees twr max_drawdown"},
    ),
    Tool(
        "list_wallets", "GET", "/wallets",
        "Master wallets, farms, agents and reserves with their money. Example: no argument",
        "cursor limit", "id name role parent_id base_asset state value free_value held_value",
    ),
    Tool(
        "list_positions", "GET", "/positions",
        "Open positions at the last price. Example: symbol=BTC/USDT",
        "wallet_id symbol cursor limit",
        "id wallet_id symbol direction quantity entry_price mark value unrealized_pnl exit_stop exit_target",
    ),
    Tool(
        "get_position", "GET", "/positions/{position_id}",
        "One position, open or closed: why it was entered and left, and what it made. Example: position_id=…",
        "position_id",
        "id wallet_id symbol direction entry_quantity entry_price exit_price mark unrealized_pnl pnl fees exit_stop "
        "exit_target exit_trail entry_reason exit_reason opened_at closed_at fills",
        {"fills": "filled_at side price quantity fee fee_asset"},
        is_listed=False,
    ),
    Tool(
        "list_trades", "GET", "/positions/closed",
        "Closed positions, last closed first. Example: limit=10",
        "wallet_id symbol cursor limit",
        "id wallet_id symbol quantity entry_price exit_price pnl fees exit_reason closed_at",
    ),
    Tool(
        "list_orders", "GET", "/orders",
        "Orders, newest first. Example: status=rejected",
        "wallet_id symbol status cursor limit",
        "id wallet_id symbol side quantity filled_quantity average_price outcome refusal created_at",
    ),
    Tool(
        "get_order", "GET", "/orders/{order_id}",
        "What became of an order, step by step. Example: order_id=…",
        "order_id",
        "id wallet_id symbol side quantity filled_quantity average_price outcome reason refusal events decisions fills",
        {
            "events": "created_at to_status detail",
            "decisions": "allowed limit explanation",
            "fills": "filled_at price quantity fee fee_asset",
        },
    ),
    Tool(
        "list_fills", "GET", "/fills",
        "Executions, newest first. Example: wallet_id=…",
        "wallet_id symbol cursor limit", "id order_id filled_at wallet_id symbol side price quantity fee fee_asset",
        is_listed=False,
    ),
    Tool(
        "list_farms", "GET", "/farms",
        "Farms with value, profit and state. Example: no argument",
        "cursor limit", "id name kind wallet_id status state value profit twr trades",
    ),
    Tool(
        "list_agents", "GET", "/agents",
        "Trading agents with their figures. Example: no argument",
        "cursor limit", _AGENT,
    ),
    Tool(
        "why", "GET", "/agents/{agent_id}/runs",
        "Why an agent did what it did, newest bar first. Example: agent_id=…, limit=5",
        "agent_id cursor limit",
        "bar_closed_at decision explanation close exit_stop exit_target order_id refusal",
    ),
    Tool(
        "list_goals", "GET", "/goals",
        "Goals and where they stand, worst first. Example: no argument",
        "status wallet_id", "id name kind status target_words value progress unknown ends_at",
    ),
    Tool(
        "list_alerts", "GET", "/alerts",
        "What needs attention. Example: status=open",
        "status level kind cursor limit", "id level kind title body created_at resolved_at",
    ),
    Tool(
        "list_markets", "GET", "/instruments",
        "What can be traded, with price and steps. Example: base=BTC",
        "venue symbol base quote cursor limit",
        "id venue symbol kind price priced_at tick_size lot_size minimum_notional",
    ),
    Tool(
        "get_candles", "GET", "/instruments/{instrument_id}/candles",
        "Bars of a market, newest first. Example: instrument_id=1, timeframe=1h, limit=24",
        "instrument_id timeframe since until cursor limit", "opened_at open high low close volume",
    ),
    Tool(
        "get_limits", "GET", "/wallets/{wallet_id}/limits",
        "What limits allow a wallet, and whose they are. Example: wallet_id=…",
        "wallet_id", "applied path",
        {
            "applied": "allowed_symbols maximum_notional notional_asset obstacle",
            "path": "name role maximum_notional maximum_daily_loss lost maximum_position maximum_open_positions "
            "maximum_risk",
        },
        is_listed=False,
    ),
    Tool(
        "get_backtest", "GET", "/backtests/{backtest_id}",
        "What a backtest found, and what that is worth. Example: backtest_id=…",
        "backtest_id",
        "id status step error strategy symbols timeframe since until quote final_equity total_return sharpe "
        "max_drawdown trades verdict",
        {"verdict": "is_significant trials deflated_sharpe"},
        is_listed=False,
    ),
    Tool(
        "explain_value", "GET", "/portfolio/decomposition",
        "What changed the value, day by day. Example: period=week",
        "wallet_id period from to", "base timezone total lines",
        {
            "total": "opening closing flow market realized funding fees adjustments",
            "lines": "begins ends opening closing flow market realized funding fees adjustments",
        },
    ),
    Tool(
        "propose_order", "POST", "/approvals/orders",
        "Ask the owner for an order. Example: idempotency_key=p-1, wallet_id=…, "
        "symbol=BTC/USDT, side=buy, quantity=0.01",
        "idempotency_key wallet_id symbol side quantity exit_stop exit_target reason", _QUESTION,
        then=_ASKED,
    ),
    Tool(
        "propose_pause", "POST", "/approvals/pauses",
        "Ask the owner to pause an agent or a farm. Example: idempotency_key=p-2, agent_id=…",
        "idempotency_key agent_id farm_id reason", _QUESTION, stops=True, then=_ASKED,
    ),
    Tool(
        "propose_allocation", "POST", "/approvals/allocations",
        "Ask the owner to move money to a child wallet. Example: idempotency_key=p-3, wallet_id=…, target_id=…, "
        "asset=USDT, amount=100",
        "idempotency_key wallet_id target_id asset amount reason", _QUESTION, then=_ASKED,
    ),
    Tool(
        "propose_goal", "POST", "/approvals/goals",
        "Ask the owner for a goal. Example: idempotency_key=p-4, name=Profit, kind=profit_target, target=500",
        "idempotency_key name kind target scope ends_at actions reason", _QUESTION, then=_ASKED,
    ),
    Tool(
        "place_order", "POST", "/orders",
        "Place an order through the risk gate. Example: idempotency_key=buy-1, wallet_id=…, symbol=BTC/USDT, side=buy, "
        "quantity=0.01, exit_stop=58000",
        f"idempotency_key {_ORDER}", "id symbol side quantity filled_quantity outcome refusal",
        is_destructive=True, then=_SENT,
    ),
    Tool(
        "cancel_order", "POST", "/orders/{order_id}/cancel",
        "Ask for the end of an order. Example: order_id=…",
        "order_id", "id symbol side quantity filled_quantity outcome",
        is_destructive=True, stops=True, then="It was asked for: ask get_order with its id for what the venue said.",
    ),
    Tool(
        "start_agent", "POST", "/agents/{agent_id}/start",
        "Let an agent act from its next bar on. Example: agent_id=…", "agent_id", "id name status state",
        resumes=True,
    ),
    Tool(
        "pause_agent", "POST", "/agents/{agent_id}/pause",
        "Stop an agent's decisions; a position keeps its stop. Example: agent_id=…",
        "agent_id", "id name status state", stops=True,
    ),
    Tool(
        "allocate", "POST", "/wallets/{wallet_id}/allocate",
        "Move money to a child wallet. Example: idempotency_key=a-1, wallet_id=…, target_id=…, asset=USDT, amount=100",
        "idempotency_key wallet_id target_id asset amount note", "id kind status asset amount", is_destructive=True,
    ),
    Tool(
        "collect", "POST", "/wallets/{wallet_id}/collect",
        "Bring money of a wallet to its parent. Example: idempotency_key=c-1, wallet_id=…, asset=USDT, amount=100",
        "idempotency_key wallet_id asset amount note", "id kind status asset amount", is_destructive=True,
    ),
)  # fmt: skip

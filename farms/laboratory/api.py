"""The laboratory for programs. The same services as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from farms.laboratory import asking
from farms.laboratory.asking import Wish
from farms.laboratory.drift import Pair, drift_of
from farms.laboratory.readings import Found, backtest_rows, backtests
from farms.laboratory.schemas import (
    BacktestDetailOut,
    BacktestIn,
    BacktestOut,
    BacktestTradeOut,
    DriftFillOut,
    DriftOut,
)
from kit.api import OptionalKey, Page, PageQuery, paginate, paginate_places
from kit.http import owner_of
from markets.candles.reading import moment
from markets.prices import to_price

router = Router()


@router.post("/backtests", response={202: BacktestOut}, summary="Ask for a backtest; a worker carries it out")
def create_backtest(request: HttpRequest, body: BacktestIn, key: OptionalKey = None) -> Any:
    """409 while twenty of yours are not done. Ask `GET /backtests/{backtest_id}` how far it is."""
    made = asking.request_backtest(owner_id=owner_of(request), wish=Wish(**body.all_fields()), key=key or "")
    return Status(202, Found(owner_id=owner_of(request), backtest_id=made.pk).row)


@router.get("/backtests", response=Page[BacktestOut], summary="Your backtests, newest first")
def list_backtests(request: HttpRequest, query: Query[PageQuery]) -> Any:
    page = paginate(backtests(owner_id=owner_of(request)), query)
    return page | {"items": backtest_rows(page["items"])}


@router.get(
    "/backtests/{backtest_id}", response=BacktestDetailOut, by_alias=True, summary="How far it is, and what it found"
)
def get_backtest(request: HttpRequest, backtest_id: UUID) -> Any:
    found = Found(owner_id=owner_of(request), backtest_id=backtest_id)
    row = {name: getattr(found.row, name) for name in BacktestOut.model_fields}
    return row | {"result": _result(found), "verdict": _verdict(found)}


@router.post("/backtests/{backtest_id}/cancel", response=BacktestOut, summary="End it before it is done")
def cancel_backtest(request: HttpRequest, backtest_id: UUID) -> Any:
    """409 when it has come to another end."""
    asking.cancel_backtest(owner_id=owner_of(request), backtest_id=backtest_id)
    return Found(owner_id=owner_of(request), backtest_id=backtest_id).row


@router.post("/backtests/{backtest_id}/repeat", response={202: BacktestOut}, summary="Ask exactly the same again")
def repeat_backtest(request: HttpRequest, backtest_id: UUID, key: OptionalKey = None) -> Any:
    """409 while twenty of yours are not done."""
    made = asking.repeat_backtest(owner_id=owner_of(request), backtest_id=backtest_id, key=key or "")
    return Status(202, Found(owner_id=owner_of(request), backtest_id=made.pk).row)


@router.get("/backtests/{backtest_id}/trades", response=Page[BacktestTradeOut], summary="Its trades, the last first")
def list_backtest_trades(request: HttpRequest, backtest_id: UUID, query: Query[PageQuery]) -> Any:
    found = Found(owner_id=owner_of(request), backtest_id=backtest_id)
    return paginate_places(found.result.trade_count if found.result else 0, query, present=found.trade_rows)


@router.get("/agents/{agent_id}/drift", response=DriftOut, summary="What its fills cost beyond its backtest")
def get_drift(request: HttpRequest, agent_id: UUID) -> Any:
    """Ask for a backtest of the agent (`POST /backtests`) to bring it up to date."""
    found = drift_of(owner_id=owner_of(request), agent_id=agent_id)
    return {
        "agent_id": agent_id,
        "backtest_id": found.backtest and found.backtest.pk,
        "is_waiting": found.waiting is not None,
        "quote": found.instrument.quote,
        "since": found.since,
        "until": found.until,
        "missing": found.missing,
        "accounts": [
            {
                "account": one.account,
                "matched": one.matched,
                "extra": one.extra,
                "notional": one.notional,
                "drift_cost": one.cost,
                "drift_points": one.total,
                "waited": one.waited,
                "slipped": one.slipped,
                "worst_points": one.worst,
            }
            for one in found.sums
        ],
    }


@router.get("/agents/{agent_id}/drift/fills", response=Page[DriftFillOut], summary="Fill by fill against its backtest")
def list_drift_fills(request: HttpRequest, agent_id: UUID, query: Query[PageQuery]) -> Any:
    """The newest first."""
    pairs = drift_of(owner_id=owner_of(request), agent_id=agent_id).pairs
    count = len(pairs)
    return paginate_places(count, query, present=lambda numbers: [_pair(pairs[count - number]) for number in numbers])


def _pair(pair: Pair) -> dict[str, Any]:
    real = pair.real
    return {
        "kind": pair.kind,
        "account": pair.account,
        "opened_at": pair.opened_at,
        "side": pair.side,
        "backtest_price": pair.expected and pair.expected.price,
        "price": real and real.price,
        "quantity": real and real.quantity,
        "filled_at": real and real.at,
        "order_id": real and real.order_id,
        "seconds_later": None if pair.later is None else pair.later.total_seconds(),
        "drift_points": pair.total,
        "waited": pair.waited,
        "slipped": pair.slipped,
        "drift_cost": pair.cost,
    }


def _result(found: Found) -> dict[str, Any] | None:
    result = found.result
    if result is None:
        return None
    kept, curve = result.breakdown, result.curve
    return {
        "statistics": result.statistics,
        "benchmark": result.benchmark,
        "months": kept["months"],
        "exit_reasons": [one | {"pnl": to_price(one["pnl"])} for one in kept["reasons"]],
        "distribution": kept["distribution"],
        "held": [_held(found, one) for one in kept["held"]],
        "curve": {
            "at": [moment(ts) for ts in curve["at"]],
            "equity": [to_price(value) for value in curve["equity"]],
            "drawdown": curve["drawdown"],
            "benchmark": [to_price(value) for value in curve["benchmark"]],
        },
        "seconds": result.seconds,
    }


def _held(found: Found, one: dict[str, Any]) -> dict[str, Any]:
    amounts = {name: to_price(one[name]) for name in ("quantity", "entry_price", "unrealized_pnl")}
    symbol = found.instruments[one["instrument"]].symbol
    return {"symbol": symbol, "side": one["side"], "since": moment(one["since"])} | amounts


def _verdict(found: Found) -> dict[str, Any] | None:
    verdict = found.verdict
    if verdict is None:
        return None
    names = ("is_significant", "trials", "deflated_sharpe", "created_at")
    return {name: getattr(verdict, name) for name in names} | {"answers": found.answers}

"""What ccxt tells, in our words. Amounts are taken as the exchange wrote them; what is missing is never guessed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from markets.exchanges import steps
from quant.contracts import unrealized_profit
from wallets.venues.base import (
    BalanceReport,
    CandleReport,
    MarginMode,
    MarketKind,
    MarketReport,
    OrderReport,
    PositionReport,
    Side,
    Status,
    TickerReport,
    TradeReport,
    VenueAnswerError,
)

ZERO: Final = Decimal(0)
KINDS: Final[dict[str, MarketKind]] = {"spot": "spot", "swap": "perpetual", "future": "future"}
# The margin modes by their names; what a venue calls otherwise, or does not say, is not known.
MARGIN_MODES: Final[dict[str, MarginMode]] = {"cross": "cross", "isolated": "isolated"}
# ccxt's words for an order's end; what is open is told apart by what was executed.
_ENDS: Final[dict[str, Status]] = {
    "closed": "filled",
    "filled": "filled",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "rejected": "rejected",
    "expired": "expired",
    "expired_in_match": "expired",
}


def number(value: Any) -> Decimal | None:
    """An amount as it was written; None for nothing. Raises VenueAnswerError for what is no number."""
    if value is None or value == "":
        return None
    if isinstance(value, float):  # nothing of ours makes one: a number that went through one has lost its digits
        raise VenueAnswerError(f"The venue gave {value!r}: no exact number.")
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise VenueAnswerError(f"The venue gave {str(value)[:40]!r}: no number.") from error


def amount(value: Any) -> Decimal:
    """The same, where nothing means zero."""
    return number(value) or ZERO


def moment(milliseconds: Any) -> datetime | None:
    """ccxt's timestamp; None for none."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds not in (None, "") else None


# --- markets and prices ----------------------------------------------------------------------------------------------


def market_report(exchange: Any, market: Mapping[str, Any]) -> MarketReport | None:
    """A market that can be traded here; None for options and for one without steps."""
    kind = KINDS.get(market["type"])
    precision = market["precision"]
    if kind is None or precision["price"] is None or precision["amount"] is None:
        return None
    tick, lot, minimum = steps(exchange, dict(market))
    return MarketReport(
        symbol=market["symbol"],
        base=market["base"],
        quote=market["quote"],
        tick_size=tick,
        lot_size=lot,
        minimum_notional=minimum,
        kind=kind,
        settle=market["settle"] or "",
        contract_size=number(market["contractSize"]) or Decimal(1),
        max_leverage=number(market["limits"].get("leverage", {}).get("max")) if kind != "spot" else None,
        minimum_quantity=amount(market["limits"]["amount"]["min"]),
        is_active=market["active"] is not False,
    )


def ticker_report(ticker: Mapping[str, Any], now: datetime) -> TickerReport | None:
    """A price and its moment, never later than now; None without a price."""
    price = number(ticker.get("last"))
    if not price or price < 0:
        return None
    at = min(moment(ticker.get("timestamp")) or now, now)
    return TickerReport(ticker["symbol"], price, number(ticker.get("bid")), number(ticker.get("ask")), at)


def candle_report(row: Sequence[Any]) -> CandleReport | None:
    """A row of ccxt's: milliseconds, open, high, low, close, volume; None when one of them is missing."""
    at, *values = row[:6]
    if at is None or len(values) < 5 or any(value is None for value in values):
        return None
    opened, high, low, close, volume = (amount(value) for value in values)
    return CandleReport(datetime.fromtimestamp(int(at) / 1000, UTC), opened, high, low, close, volume)


# --- balances --------------------------------------------------------------------------------------------------------


def balance_reports(rows: Iterable[tuple[str, str, Any, Any]]) -> tuple[BalanceReport, ...]:
    """From (account, asset, total, available); rows of the same account and asset are added up, zeros left out."""
    found: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for account, asset, total, available in rows:
        before = found.get((account, asset), (ZERO, ZERO))
        found[account, asset] = (before[0] + amount(total), before[1] + amount(available))
    kept = ((place, sums) for place, sums in sorted(found.items()) if any(sums))
    return tuple(BalanceReport(asset, total, free, account) for (account, asset), (total, free) in kept)


def unified_balances(answer: Mapping[str, Any]) -> tuple[BalanceReport, ...]:
    """From ccxt's own form of an account, of an exchange that has one and needs nothing special."""
    totals: Mapping[str, Any] = answer.get("total") or {}
    free: Mapping[str, Any] = answer.get("free") or {}
    return balance_reports(("spot", asset, total, free.get(asset)) for asset, total in totals.items())


def position_report(position: Mapping[str, Any]) -> PositionReport | None:
    """From ccxt's own form of a position; None for one that is closed.

    A venue that tells no profit is not taken for one that says zero: it follows from its prices.
    """
    quantity = amount(position.get("contracts"))
    if not quantity:
        return None
    profit, mark = number(position.get("unrealizedPnl")), number(position.get("markPrice"))
    size, entry = number(position.get("contractSize")) or Decimal(1), amount(position.get("entryPrice"))
    is_short, is_inverse = position.get("side") == "short", bool(position.get("inverse"))
    if profit is None and mark and entry:
        profit = unrealized_profit(
            contracts=abs(quantity), contract_size=size, entry_price=entry, mark_price=mark,
            is_long=not is_short, is_inverse=is_inverse,
        )  # fmt: skip
    if profit is None:
        raise VenueAnswerError(f"The venue told neither the profit nor the price of {position['symbol']}.")
    return PositionReport(
        symbol=position["symbol"],
        side="short" if is_short else "long",
        quantity=abs(quantity),
        contract_size=size,
        entry_price=entry,
        mark_price=mark,
        unrealized_pnl=profit,
        settle=str(position.get("settle") or ""),
        is_inverse=is_inverse,
        base=str(position.get("base") or ""),
        leverage=number(position.get("leverage")),
        margin_mode=MARGIN_MODES.get(str(position.get("marginMode"))),
        liquidation_price=number(position.get("liquidationPrice")) or None,
    )


# --- orders ----------------------------------------------------------------------------------------------------------


def side(value: Any) -> Side:
    """Raises VenueAnswerError for neither."""
    if value not in ("buy", "sell"):
        raise VenueAnswerError(f"The venue gave {str(value)[:40]!r} as a side.")
    return "buy" if value == "buy" else "sell"


def named(trade: Mapping[str, Any]) -> str:
    """The client order id of a trade, where the venue's list tells it."""
    info = trade.get("info") or {}
    return next(
        (str(info[name]) for name in ("clOrdId", "orderLinkId", "cl_ord_id", "clientOrderId") if info.get(name)), ""
    )


def trade_report(trade: Mapping[str, Any], client_order_id: str = "", fallback: str = "") -> TradeReport:
    """One execution; without a fee it costs nothing, which the venue's next list corrects."""
    fee = trade.get("fee") or {}
    at = moment(trade.get("timestamp"))
    if at is None or not trade.get("id"):
        raise VenueAnswerError("The venue told an execution without its id or moment.")
    return TradeReport(
        trade_id=str(trade["id"]),
        client_order_id=client_order_id,
        symbol=str(trade.get("symbol") or fallback),
        side=side(trade.get("side")),
        price=amount(trade.get("price")),
        quantity=amount(trade.get("amount")),
        fee=amount(fee.get("cost")),
        fee_asset=str(fee.get("currency") or ""),
        liquidity="maker" if trade.get("takerOrMaker") == "maker" else "taker",
        at=at,
        venue_order_id=str(trade.get("order") or ""),
    )


def order_report(
    order: Mapping[str, Any], trades: Sequence[TradeReport], *, client_order_id: str, symbol: str, now: datetime
) -> OrderReport:
    """An order with its executions, oldest first and each once."""
    quantity, filled = number(order.get("amount")), amount(order.get("filled"))
    each = {trade.trade_id: trade for trade in trades}
    return OrderReport(
        client_order_id=client_order_id,
        venue_order_id=str(order.get("id") or ""),
        symbol=str(order.get("symbol") or symbol),
        side=side(order.get("side")),
        quantity=quantity if quantity is not None else filled,
        filled_quantity=filled,
        status=status(str(order.get("status") or "open"), quantity, filled),
        trades=tuple(sorted(each.values(), key=lambda trade: (trade.at, trade.trade_id))),
        at=moment(order.get("timestamp")) or now,
        **_terms(order),
    )


def _terms(order: Mapping[str, Any]) -> dict[str, Any]:
    """What kind of order it is, and at which prices, as far as ccxt tells it."""
    told = str(order.get("type") or "").lower()
    price = number(order.get("price")) if "limit" in told else None
    profit = number(order.get("takeProfitPrice"))
    trigger = number(order.get("stopLossPrice")) or number(order.get("triggerPrice")) or profit
    kind = "market" if not price else "limit"
    if trigger:
        takes = ("profit" in told or trigger == profit) and not price
        kind = "take_profit" if takes else "stop_limit" if price else "stop"
    said = str(order.get("timeInForce") or "").lower()
    in_force = said if said in ("ioc", "fok") else "gtc"
    return {"kind": kind, "price": price or None, "trigger_price": trigger or None, "time_in_force": in_force}


def status(told: str, quantity: Decimal | None, filled: Decimal) -> Status:
    """`filled` only when all of it is: an order whose rest the venue gave back is cancelled with a part filled."""
    ended = _ENDS.get(told)
    if ended == "filled" and quantity is not None and filled < quantity:
        return "cancelled"
    if ended is not None:
        return ended
    return "partially_filled" if filled else "open"

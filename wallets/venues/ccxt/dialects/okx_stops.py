"""OKX's stops: orders of another kind, with names and numbers of their own.

A stop is an algo order, with an `algoId` and an `algoClOrdId`. When the market reaches it, it places an order that has
an `ordId`, no client id, and tells of which algo order it is. Here both are one: it goes by the stop's name and number,
and what is filled of it is what is filled of the order that it placed. Nothing is frozen for it at OKX until then.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wallets.venues.base import OrderRequest
from wallets.venues.ccxt.dialects.base import PAGES, Order
from wallets.venues.ccxt.mapping import amount

PAGE: Final = 100
# Those that place one order, by what one question lists; others, such as icebergs, place many.
LISTED: Final = ("conditional,oco", "trigger")
KINDS: Final = frozenset(",".join(LISTED).split(","))
# It has not placed all of it yet: one that is too large for an order becomes several.
GOES_ON: Final = frozenset({"live", "pause", "partially_effective"})
# Without an order that it has placed it has ended; ccxt does not know all of these.
ENDED: Final = frozenset({"canceled", "order_failed", "partially_failed"})
AT_MARKET: Final = (None, "", "-1")
# An order is made so long at most before its fill, where a stop has placed it.
BEFORE_MS: Final = 60_000


def place(exchange: Any, request: OrderRequest, name: str) -> Order:
    """Asked for here: ccxt would name it as another kind of order, and trade it on margin. What the stop places has no
    name there, or this one."""
    rows = exchange.privatePostTradeOrderAlgo(
        {
            "instId": exchange.market(request.symbol)["id"], "tdMode": "cash", "side": request.side,
            "ordType": "conditional", "sz": f"{request.quantity:f}", "slTriggerPx": f"{request.trigger_price:f}",
            "slTriggerPxType": "last", "slOrdPx": "-1", "algoClOrdId": name,
            "clOrdId": name,  # or ccxt would make one up
        }
    )  # fmt: skip
    return {"id": _taken(exchange, rows)["algoId"]}


def cancel(exchange: Any, market: Mapping[str, Any], key: str, value: str) -> bool:
    """End the stop of this `algoId` or `algoClOrdId`, and the orders that it has placed; False where there is none."""
    row = found(exchange, key, value)
    if row is None:
        return False
    if row["state"] in GOES_ON or not numbers_of(row):
        _taken(exchange, exchange.privatePostTradeCancelAlgos([{"instId": market["id"], "algoId": row["algoId"]}]))
    for number in numbers_of(row):
        exchange.cancel_order(None, market["symbol"], {"ordId": number})
    return True


def found(exchange: Any, key: str, value: str) -> dict[str, Any] | None:
    """The algo order of this `algoId` or `algoClOrdId`, if it places one order; by its `algoId` also where it is told
    among those that have ended only."""
    import ccxt

    try:
        rows = exchange.privateGetTradeOrderAlgo({key: value})["data"]
    except ccxt.OrderNotFound:
        rows = []
    kinds = sorted(KINDS) if key == "algoId" and not rows else ()  # "conditional", as ours are, comes first
    for kind in kinds:
        if rows := exchange.privateGetTradeOrdersAlgoHistory({key: value, "ordType": kind})["data"]:
            break
    return next((row for row in rows if row["ordType"] in KINDS), None)


def waiting(exchange: Any) -> Iterator[Order]:
    """Those of spot that the market has not reached."""
    for kinds in LISTED:
        asked: dict[str, Any] = {"ordType": kinds, "instType": "SPOT", "limit": PAGE}
        for _ in range(PAGES):
            rows = exchange.privateGetTradeOrdersAlgoPending(asked)["data"]
            yield from (joined(exchange, row, ()) for row in rows)
            if len(rows) < PAGE:
                break
            asked["after"] = rows[-1]["algoId"]


def joined(exchange: Any, stop: Mapping[str, Any], placed: Sequence[Mapping[str, Any]]) -> Order:
    """The stop and the orders that it has placed, as one order in ccxt's form."""
    told = (stop.get(name) for name in ("slOrdPx", "tpOrdPx", "ordPx"))
    limit = next((price for price in told if price not in AT_MARKET), "")
    order: Order = exchange.parse_order(stop)
    parts = [exchange.parse_order(row)["status"] for row in placed]
    status = "canceled" if stop["state"] in ENDED else "open"
    if parts and stop["state"] not in GOES_ON:
        status = next((word for word in ("open", "closed") if word in parts), "canceled")
    counts_quote = order["side"] == "buy" and not limit and stop.get("tgtCcy") == "quote_ccy"
    return order | {
        "amount": None if counts_quote else order["amount"],
        "id": stop["algoId"],
        "clientOrderId": stop.get("algoClOrdId") or None,
        "type": "limit" if limit else "market",
        "price": limit or None,
        "filled": sum((amount(row["accFillSz"]) for row in placed), amount(0)),
        "status": status,
        "info": {"ordIds": [row["ordId"] for row in placed]},
    }


def placed_by(exchange: Any, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The stop that has placed this order; None for an order that none has placed."""
    return found(exchange, "algoId", row["algoId"]) if row.get("algoId") else None


def named(exchange: Any, fills: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The fills, those of orders that stops of ours have placed under the names of these: a fill tells only the number
    of its order, and the orders of the last week tell the names."""
    nameless = [row for row in fills if row["instType"] == "SPOT" and not row["clOrdId"]]
    names: dict[str, str] = {}
    if nameless:
        since = min(int(row["ts"]) for row in nameless) - BEFORE_MS
        asked: dict[str, Any] = {"instType": "SPOT", "begin": since, "limit": PAGE}
        for _ in range(PAGES):
            rows = exchange.privateGetTradeOrdersHistory(asked)["data"]
            names |= {row["ordId"]: row["algoClOrdId"] for row in rows if row.get("algoClOrdId")}
            if len(rows) < PAGE:
                break
            asked["after"] = rows[-1]["ordId"]
    return ({**row, "clOrdId": row["clOrdId"] or names.get(row["ordId"], "")} for row in fills)


def numbers_of(stop: Mapping[str, Any]) -> list[str]:
    """The numbers of the orders that it has placed; none is nothing, or a zero."""
    return [number for number in stop.get("ordIdList") or [stop.get("ordId")] if number not in (None, "", "0")]


def _taken(exchange: Any, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The only row of an answer, whose own code may say no where that of the answer does not."""
    import ccxt

    row: Mapping[str, Any] = answer["data"][0]
    if str(row["sCode"]) != "0":
        exchange.throw_exactly_matched_exception(
            exchange.exceptions["exact"], row["sCode"], f"{exchange.id} {json.dumps(answer)}"
        )
        raise ccxt.ExchangeError(f"{exchange.id} {json.dumps(answer)}")
    return row

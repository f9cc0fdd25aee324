"""OKX's rows, as its answers and what it tells by itself have them."""

from decimal import Decimal
from typing import Any, Final

from tests.simulators.account import Earned, Fill, Held, Market, Placed
from tests.simulators.wire import text

STATES: Final = {"open": "live", "filled": "filled", "cancelled": "canceled"}
# Of an algo order, until it is set off; from then on it is `effective`, whatever becomes of the order that it placed.
ALGO_STATES: Final = {"open": "live", "cancelled": "canceled", "failed": "order_failed"}


def ticker_row(market: Market, now: str) -> dict[str, Any]:
    return {
        "instType": kind_of(market), "instId": market.id, "last": text(market.price), "lastSz": "0.1",
        "askPx": text(market.ask), "askSz": "11", "bidPx": text(market.bid), "bidSz": "5", "open24h": "49000",
        "high24h": "51000", "low24h": "48000", "volCcy24h": "2222", "vol24h": "2222", "sodUtc0": "2222",
        "sodUtc8": "2222", "ts": now,
    }  # fmt: skip


def kind_of(market: Market) -> str:
    return "SWAP" if market.is_perpetual else "SPOT"


def instrument_row(market: Market) -> dict[str, Any]:
    swap = market.is_perpetual
    return {
        "alias": "", "auctionEndTime": "", "baseCcy": "" if swap else market.base, "category": "1",
        "ctMult": "1" if swap else "", "ctType": "linear" if swap else "", "ctVal": text(market.size) if swap else "",
        "ctValCcy": market.base if swap else "", "expTime": "",
        "instFamily": f"{market.base}-{market.quote}" if swap else "",
        "instId": market.id, "instType": kind_of(market), "lever": text(market.leverage) if swap else "10",
        "listTime": "1606468572000", "lotSz": text(market.lot), "maxIcebergSz": "9999999999.0000000000000000",
        "maxLmtAmt": "1000000", "maxLmtSz": "9999999999", "maxMktAmt": "1000000", "maxMktSz": "", "maxStopSz": "",
        "maxTriggerSz": "9999999999.0000000000000000", "maxTwapSz": "9999999999.0000000000000000",
        "minSz": text(market.lot), "optType": "", "quoteCcy": "" if swap else market.quote,
        "settleCcy": market.quote if swap else "", "state": "live", "stk": "", "tickSz": text(market.tick),
        "uly": f"{market.base}-{market.quote}" if swap else "",
    }  # fmt: skip


def position_row(held: Held, now: int) -> dict[str, Any]:
    return {
        "adl": "1", "availPos": "", "avgPx": text(held.entry), "baseBal": "", "cTime": str(now), "ccy": "USDT",
        "deltaBS": "", "deltaPA": "", "fee": "0", "fundingFee": "0", "gammaBS": "", "gammaPA": "", "idxPx": "0",
        "imr": "", "instId": held.market.id, "instType": "SWAP", "interest": "", "last": text(held.market.price),
        "lever": text(held.market.leverage), "liab": "", "liabCcy": "",
        "liqPx": text(held.liquidation) if held.liquidation else "", "margin": "", "markPx": text(held.market.price),
        "mgnMode": held.margin, "mgnRatio": "", "mmr": "", "notionalUsd": "0", "pos": text(held.quantity), "posCcy": "",
        "posId": "307173036051017730", "posSide": "net", "realizedPnl": "0", "tradeId": "109844", "uTime": str(now),
        "upl": text(held.profit), "uplRatio": "0",
    }  # fmt: skip


def number_of(order: Placed) -> int:
    """The number of the order; of a stop that was set off the one of the order that it became."""
    return order.child or order.number


def algo_row(order: Placed) -> dict[str, Any]:
    """https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-get-algo-order-details"""
    works = order.is_set_off and order.state != "failed"
    last, child = order.fills[-1] if order.fills else None, str(order.child) if works else ""
    stop, limit = text(order.trigger or Decimal(0)), text(order.price) if order.price else "-1"
    is_trigger = order.style == "trigger"
    return {
        "activePx": "", "actualPx": text(last.price) if last else "", "actualSide": "sl" if works else "",
        "actualSz": text(order.quantity) if works else "0", "algoClOrdId": order.client_id,
        "algoId": str(order.number), "amendPxOnTriggerType": "0", "attachAlgoOrds": [], "cTime": str(order.at_ms),
        "callbackRatio": "", "callbackSpread": "", "ccy": "", "chaseType": "", "chaseVal": "", "clOrdId": "",
        "closeFraction": "", "failCode": "51008" if order.state == "failed" else "0", "instId": order.market.id,
        "instType": kind_of(order.market), "isTradeBorrowMode": "", "last": text(order.market.price), "lever": "",
        "linkedOrd": {"ordId": ""}, "maxChaseType": "", "maxChaseVal": "", "moveTriggerPx": "", "ordId": child,
        "ordIdList": [child] if child else [], "ordPx": limit if is_trigger else "",
        "ordType": order.style or "conditional", "posSide": "net", "pxLimit": "", "pxSpread": "", "pxVar": "",
        "quickMgnType": "", "reduceOnly": "false", "side": order.side, "slOrdPx": "" if is_trigger else limit,
        "slTriggerPx": "" if is_trigger else stop, "slTriggerPxType": "" if is_trigger else "last",
        "state": "effective" if works else ALGO_STATES[order.state], "sz": text(order.quantity), "szLimit": "",
        "tag": "", "tdMode": "cash", "tgtCcy": "base_ccy", "timeInterval": "", "tpOrdPx": "", "tpTriggerPx": "",
        "tpTriggerPxType": "", "triggerPx": stop if is_trigger else "", "triggerPxType": "last" if is_trigger else "",
        "triggerTime": str(order.at_ms) if order.is_set_off else "", "tradeQuoteCcy": order.market.quote,
        "uTime": str(order.at_ms),
    }  # fmt: skip


def order_row(order: Placed) -> dict[str, Any]:
    """Of one that a stop became with the names of that: it has none of its own."""
    algo = (order.client_id, str(order.number)) if order.trigger is not None else ("", "")
    last = order.fills[-1] if order.fills else None
    state = "partially_filled" if order.is_partial else STATES[order.state]
    return {
        "accFillSz": text(order.filled), "algoClOrdId": algo[0], "algoId": algo[1], "attachAlgoClOrdId": "",
        "attachAlgoOrds": [], "avgPx": text(order.average) if last else "", "cTime": str(order.at_ms),
        "category": "normal", "ccy": "", "clOrdId": order.child_name if algo[1] else order.client_id,
        "fee": text(-sum((fill.fee for fill in order.fills), Decimal(0))),
        "feeCcy": last.fee_asset if last else "", "fillPx": text(last.price) if last else "",
        "fillSz": text(last.quantity) if last else "0", "fillTime": str(last.at_ms) if last else "",
        "instId": order.market.id, "instType": kind_of(order.market), "lever": "",
        "ordId": str(number_of(order)), "ordType": order.kind, "pnl": "0", "posSide": "net",
        "px": text(order.price) if order.price else "",
        "rebate": "0", "rebateCcy": "USDT", "reduceOnly": str(order.reduce_only).lower(), "side": order.side,
        "slOrdPx": "", "slTriggerPx": "", "source": "7" if algo[1] else "", "state": state,
        "sz": text(order.quantity), "tag": "", "tdMode": "cross" if order.market.is_perpetual else "cash",
        "tgtCcy": "" if order.market.is_perpetual else "base_ccy", "tpOrdPx": "", "tpTriggerPx": "",
        "tradeId": str(last.number) if last else "", "uTime": str(order.at_ms),
    }  # fmt: skip


def fill_row(fill: Fill) -> dict[str, Any]:
    order = fill.order
    return {
        "billId": str(fill.number), "clOrdId": order.child_name if order.child else order.client_id,
        "execType": "M" if fill.is_maker else "T",
        "fee": text(-fill.fee), "feeCcy": fill.fee_asset, "fillIdxPx": "", "fillMarkPx": "", "fillPnl": "0",
        "fillPx": text(fill.price), "fillSz": text(fill.quantity), "fillTime": str(fill.at_ms),
        "instId": order.market.id, "instType": kind_of(order.market), "ordId": str(number_of(order)), "posSide": "net",
        "side": order.side, "subType": "1", "tag": "", "tradeId": str(fill.number), "ts": str(fill.at_ms),
    }  # fmt: skip


def bill_row(one: Earned) -> dict[str, Any]:
    """https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-bills-details-last-7-days"""
    market, fill = one.market, one.fill
    kind, sub = {
        "trade": ("2", "1" if fill and fill.order.side == "buy" else "2"),
        "funding": ("8", "174" if one.funding > 0 else "173"),
        "liquidation": ("5", "104"),
        "transfer": ("1", "11" if one.realized > 0 else "12"),
    }[one.kind]
    earned = Decimal(0) if one.kind == "transfer" else one.realized + one.funding
    return {
        "bal": "0", "balChg": text(one.change), "billId": str(one.number), "ccy": one.asset, "clOrdId": "",
        "execType": "T" if fill else "", "fee": text(-one.fee), "fillFwdPx": "", "fillIdxPx": "", "fillMarkPx": "",
        "fillMarkVol": "", "fillPxUsd": "", "fillPxVol": "", "fillTime": str(one.at_ms) if fill else "", "from": "",
        "instId": market.id if market else "", "instType": kind_of(market) if market else "", "interest": "0",
        "mgnMode": "cross" if market else "", "notes": "", "ordId": str(fill.order.number) if fill else "",
        "pnl": text(earned), "posBal": "0", "posBalChg": "0", "px": text(fill.price) if fill else "", "subType": sub,
        "sz": text(fill.quantity) if fill else text(abs(one.change)), "tag": "", "to": "",
        "tradeId": str(fill.number) if fill else "", "ts": str(one.at_ms), "type": kind,
    }  # fmt: skip

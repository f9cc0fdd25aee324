"""OKX, with a trading and a funding account."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from tests.simulators.account import Account, Market, Moved, Placed, RefusedError
from tests.simulators.okx_lines import OkxLines
from tests.simulators.okx_rows import (
    algo_row,
    bill_row,
    fill_row,
    instrument_row,
    kind_of,
    number_of,
    order_row,
    position_row,
    ticker_row,
)
from tests.simulators.wire import Key, Request, SaidNoError, length_of, signed, text

NOES: Final = {
    "funds": ("51008", "Order failed. Insufficient USDT balance in account."),
    "lot_size": ("51121", "Order quantity must be a multiple of the lot size."),
    "price": ("51006", "Order price is not within the price limit."),
    "trigger": ("51280", "SL trigger price must be less than the last price"),
    "minimum_notional": ("51020", "Your order should meet or exceed the minimum order amount."),
    "symbol": ("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist."),
    "duplicate": ("51016", "Client order ID already exists."),
    "unknown_order": ("51603", "Order does not exist"),
}
# Fills of the last three days are in one list at once; all of them are in another one, which may lag.
RECENT_MS: Final = 3 * 86_400_000


def markets() -> list[Market]:
    return [
        Market("BTC-USDT", "BTC", "USDT", Decimal(50000), Decimal("0.1"), Decimal("0.00000001"), Decimal("0.1")),
        Market("ETH-USDT", "ETH", "USDT", Decimal(2500), Decimal("0.01"), Decimal("0.000001"), Decimal("0.1")),
        Market("BTC-USDT-SWAP", "BTC", "USDT", Decimal(50000), Decimal("0.1"), Decimal("0.01"), Decimal("0.1"),
               is_perpetual=True, size=Decimal("0.01"), leverage=Decimal(100)),
    ]  # fmt: skip


def no(code: str, words: str, status: int = 200, *, data: list[Any] | None = None) -> SaidNoError:
    return SaidNoError(status, {"code": code, "data": data or [], "msg": words})


class Okx(OkxLines):
    """https://www.okx.com/docs-v5/en/"""

    hosts = ("www.okx.com", "ws.okx.com")
    public: ClassVar[dict[str, str]] = {
        "GET /api/v5/public/instruments": "instruments",
        "GET /api/v5/market/tickers": "tickers",
        "GET /api/v5/market/candles": "candles",
        "GET /api/v5/market/history-candles": "candles",
    }
    private: ClassVar[dict[str, str]] = {
        "GET /api/v5/account/balance": "balance",
        "GET /api/v5/asset/balances": "funding",
        "GET /api/v5/asset/deposit-history": "deposits",
        "GET /api/v5/asset/withdrawal-history": "withdrawals",
        "GET /api/v5/account/bills": "bills",
        "GET /api/v5/account/bills-archive": "bills",
        "GET /api/v5/account/positions": "positions",
        "GET /api/v5/account/config": "config",
        "POST /api/v5/trade/order": "create",
        "GET /api/v5/trade/order": "order",
        "POST /api/v5/trade/amend-order": "amend",
        "POST /api/v5/trade/cancel-order": "cancel",
        "GET /api/v5/trade/orders-pending": "pending",
        "GET /api/v5/trade/orders-history": "history",
        "GET /api/v5/trade/fills": "fills",
        "GET /api/v5/trade/fills-history": "fills_history",
        "POST /api/v5/trade/order-algo": "create_algo",
        "GET /api/v5/trade/order-algo": "algo",
        "POST /api/v5/trade/cancel-algos": "cancel_algo",
        "GET /api/v5/trade/orders-algo-pending": "algos",
        "GET /api/v5/trade/orders-algo-history": "algo_history",
    }

    def __init__(self) -> None:
        self.account = Account(markets(), main="trading", fee_in_base=True)
        self.account.doubles_stop_ids = True
        self.key = Key("okx-key-of-the-tests", "okxSecretOfTheTests0001", "okx-passphrase")
        self.answers: dict[str, Any] = {}
        self.forgets_after_two_hours = False
        self.forgets_stops = False  # whether one that was cancelled is told among the ended ones only
        self.lags = False  # whether the list of all fills has none of them yet
        self.repeats_logins = False  # says a login that it does not understand back, with the key in it
        self.account.changed = self._tell

    def check(self, request: Request) -> None:
        told = request.headers
        if told.get("ok-access-key") != self.key.key:
            raise no("50111", "Invalid OK-ACCESS-KEY", 401)
        if self.key.is_expired:
            raise no("50119", "API key doesn't exist", 401)
        if self.key.is_elsewhere:
            raise no("50110", "Your IP 127.0.0.1 is not included in your API key's okx-key IP whitelist.", 401)
        if told.get("ok-access-passphrase") != self.key.password:
            raise no("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.", 401)
        query = f"?{request.query_string}" if request.query_string else ""
        payload = told["ok-access-timestamp"] + request.method + request.path + query + request.body
        if base64.b64encode(signed(self.key.secret, payload).digest()).decode() != told["ok-access-sign"]:
            raise no("50113", "Invalid Sign", 401)
        sent = datetime.fromisoformat(told["ok-access-timestamp"]).astimezone(UTC).timestamp() * 1000
        if abs(sent - self.account.now_ms()) > 30_000:
            raise no("50102", "Timestamp request expired", 401)
        if request.method == "POST" and "trade" not in self.key.rights:
            raise no("50120", "This API key doesn't have permission to use this function", 401)

    def refused(self, reason: str) -> SaidNoError:
        code, words = NOES[reason]
        if reason in ("symbol", "unknown_order"):
            return no(code, words)
        told = {"clOrdId": "", "ordId": "", "tag": "", "ts": str(self.account.now_ms()), "sCode": code, "sMsg": words}
        return no("1", "All operations failed", data=[told])

    def _routed(self, request: Request) -> Any:
        if request.path in self.answers:
            self.check(request)
            return self.answers[request.path]
        return {"code": "0", "data": super()._routed(request), "msg": ""}

    # --- public --------------------------------------------------------------------------------------------------

    def instruments(self, request: Request) -> Any:
        kind = request.fields["instType"]
        return [instrument_row(market) for market in self.account.markets.values() if kind_of(market) == kind]

    def tickers(self, request: Request) -> Any:
        kind, now = request.fields["instType"], str(self.account.now_ms())
        return [ticker_row(one, now) for one in self.account.markets.values() if kind_of(one) == kind]

    def candles(self, request: Request) -> Any:
        """Newest first, between `before` and `after`, both excluded."""
        asked = request.fields
        length = length_of(asked["bar"].removesuffix("utc"))
        bars = self.account.bars(
            self.account.market(asked["instId"]), length, int(asked["before"]) + 1, int(asked["after"])
        )
        shown = bars[-int(asked["limit"]) :]
        return [[str(at), price, price, price, price, "1.5", "75000", "75000", "1"] for at, price in reversed(shown)]

    # --- the account ---------------------------------------------------------------------------------------------

    def balance(self, request: Request | None) -> Any:
        profit = sum((held.profit for held in self.account.positions.values()), Decimal(0))
        details = []
        for asset, total in self.account.wallets["trading"].items():
            held, gain = self.account.held(asset), profit if asset == "USDT" else Decimal(0)
            details.append(
                {"availBal": text(total - held), "availEq": text(total - held + gain), "cashBal": text(total),
                 "ccy": asset, "crossLiab": "0", "disEq": "0", "eq": text(total + gain), "eqUsd": "0",
                 "fixedBal": "0", "frozenBal": text(held), "interest": "0", "isoEq": "0", "isoLiab": "0",
                 "isoUpl": "0", "liab": "0", "maxLoan": "", "mgnRatio": "", "notionalLever": "0",
                 "ordFrozen": text(held), "spotInUseAmt": "", "twap": "0", "uTime": str(self.account.now_ms()),
                 "upl": text(gain), "uplLiab": "0"}
            )  # fmt: skip
        now = str(self.account.now_ms())
        return [{"adjEq": "", "details": details, "imr": "", "isoEq": "0", "mgnRatio": "", "mmr": "",
                 "notionalUsd": "", "ordFroz": "", "totalEq": "0", "uTime": now}]  # fmt: skip

    def funding(self, request: Request) -> Any:
        return [
            {"availBal": text(total), "bal": text(total), "ccy": asset, "frozenBal": "0"}
            for asset, total in self.account.wallets.get("funding", {}).items()
        ]

    def deposits(self, request: Request) -> Any:
        return [
            {"actualDepBlkConfirm": "10", "amt": text(one.amount), "areaCodeFrom": "", "ccy": one.asset,
             "chain": f"{one.asset}-ERC20", "depId": str(one.number), "from": "", "fromWdId": "",
             "state": "2" if one.is_done else "0", "to": "0x6e5f", "ts": str(one.at_ms), "txId": f"0x{one.number:x}"}
            for one in self._moves(request, deposits=True)
        ]  # fmt: skip

    def withdrawals(self, request: Request) -> Any:
        return [
            {"amt": text(one.amount), "ccy": one.asset, "chain": f"{one.asset}-ERC20", "clientId": "",
             "fee": text(one.fee), "feeCcy": one.asset, "from": "156****359", "memo": "", "nonTradableAsset": False,
             "state": "2" if one.is_done else "0", "to": "0xa30d", "ts": str(one.at_ms), "txId": f"0x{one.number:x}",
             "wdId": str(one.number)}
            for one in self._moves(request, deposits=False)
        ]  # fmt: skip

    def _moves(self, request: Request, *, deposits: bool) -> list[Moved]:
        """Newest first, between `before` and `after`, both excluded."""
        asked = request.fields
        found = self.account.moves(deposits=deposits, since_ms=int(asked.get("before", -1)) + 1)
        return [one for one in found if one.at_ms < int(asked.get("after", 10**15))][: int(asked.get("limit", 100))]

    def bills(self, request: Request) -> Any:
        """Newest first, older than `after`; of the last week in one list, of three months in the other."""
        asked = request.fields
        since = int(asked.get("begin", 0))
        if not request.path.endswith("archive"):
            since = max(since, self.account.now_ms() - 604_800_000)
        told = sorted(self.account.told_earned(since_ms=since), key=lambda one: one.number, reverse=True)
        older = [one for one in told if one.number < int(asked.get("after", 10**30))]
        page = [bill_row(one) for one in older[: min(int(asked.get("limit", 100)), self.account.page)]]
        return page[::-1] if self.account.reverses_earned else page

    def positions(self, request: Request) -> Any:
        return [position_row(held, self.account.now_ms()) for held in self.account.positions.values()]

    def config(self, request: Request) -> Any:
        rights = [{"read": "read_only"}.get(right, right) for right in sorted(self.key.rights)]
        return [{"acctLv": "2", "acctStpMode": "cancel_maker", "autoLoan": False, "ctIsoMode": "automatic",
                 "greeksType": "PA", "ip": "", "label": "moniqo", "level": "Lv1", "mainUid": "44705892343619584",
                 "perm": ",".join(rights), "posMode": "net_mode", "uid": "44705892343619584"}]  # fmt: skip

    # --- orders --------------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Any:
        asked = request.fields
        client_id = asked.get("clOrdId", "")
        if not (client_id.isalnum() and len(client_id) <= 32):
            raise no("51000", "Parameter clOrdId error")
        market = self.account.market(asked["instId"])
        if asked["ordType"] == "market" and not market.is_perpetual and asked.get("tgtCcy") != "base_ccy":
            raise no("51000", "this account counts the quote asset")
        if asked["tdMode"] != ("cross" if market.is_perpetual else "cash"):
            raise no("51010", "Request unsupported under current account mode")
        order = self.account.place(
            client_id=client_id,
            market_id=market.id,
            side=asked["side"],
            kind="market" if asked["ordType"] == "market" else "limit",
            quantity=Decimal(asked["sz"]),
            price=Decimal(asked["px"]) if asked.get("px") else None,
            reduce_only=asked.get("reduceOnly") in (True, "true"),
            immediate=asked["ordType"] in ("ioc", "fok"),
            post_only=asked["ordType"] == "post_only",
            turns_down=False,
        )
        return [{"clOrdId": client_id, "ordId": str(order.number), "tag": "", "ts": str(order.at_ms), "sCode": "0",
                 "sMsg": "Order placed"}]  # fmt: skip

    def create_algo(self, request: Request) -> Any:
        """https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-post-place-algo-order: of spot, a stop at the
        market. Nothing is frozen until it is set off."""
        asked = request.fields
        if asked["ordType"] != "conditional" or asked.get("slOrdPx") != "-1":
            raise no("51000", "Parameter ordType error")
        if asked["tdMode"] != "cash":
            raise no("51010", "Request unsupported under current account mode")
        if not (asked["algoClOrdId"].isalnum() and len(asked["algoClOrdId"]) <= 32):
            raise no("51000", "Parameter algoClOrdId error")
        try:
            order = self.account.place(
                client_id=asked["algoClOrdId"], market_id=asked["instId"], side=asked["side"], kind="market",
                quantity=Decimal(asked["sz"]), trigger=Decimal(asked["slTriggerPx"]), style="conditional",
                freezes=False,
            )  # fmt: skip
        except RefusedError as refusal:
            if refusal.reason != "duplicate":
                raise
            raise no("1", "", data=[_algo_told(code="51065", words="algoClOrdId already exists.")]) from refusal
        return [_algo_told(order)]

    def _algo_found(self, asked: dict[str, Any]) -> Placed | None:
        name, number = asked.get("algoClOrdId", ""), asked.get("algoId", "")
        found = self.account.find(number=number) if number else self.account.find(client_id=name)
        return found if found and found.trigger is not None else None

    def algo(self, request: Request) -> Any:
        found = self._algo_found(request.fields)
        forgets = self.forgets_after_two_hours or self.forgets_stops
        if found is None or (forgets and found.state == "cancelled"):
            raise RefusedError("unknown_order")
        return [algo_row(found)]

    def algo_history(self, request: Request) -> Any:
        """https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-get-algo-order-history: by number, of one
        type."""
        asked = request.fields
        if not asked.get("algoId"):
            raise no("50015", "Either parameter state or algoId is required")
        found = self._algo_found({"algoId": asked["algoId"]})
        is_told = found and not (found.waits and found.state == "open")
        return [algo_row(found)] if found and is_told and asked["ordType"] == (found.style or "conditional") else []

    def algos(self, request: Request) -> Any:
        """Those that were not set off yet, of the types that are asked for."""
        asked = request.fields
        rows = [
            order
            for order in reversed(self.account.orders)
            if order.state == "open" and order.waits and (order.style or "conditional") in asked["ordType"].split(",")
            and asked.get("instType") in (None, kind_of(order.market))
        ]  # fmt: skip
        return [algo_row(order) for order in _after(rows, request, lambda order: order.number)]

    def cancel_algo(self, request: Request) -> Any:
        found = self._algo_found(request.fields)
        if found is None or found.state != "open" or not found.waits:
            words = "Cancellation failed as the order does not exist."
            raise no("1", "", data=[_algo_told(code="51400", words=words)])
        return [_algo_told(self.account.cancel(found))]

    def _found(self, request: Request) -> Placed | None:
        """One that is no algo order; what such a one became has a number, and seldom a name."""
        asked = request.fields
        name, number = asked.get("clOrdId", ""), asked.get("ordId", "")
        for order in reversed(self.account.orders):
            own = order.client_id if order.trigger is None else order.child_name
            is_meant = own == name if name else str(number_of(order)) == number
            if is_meant and not order.waits:
                return order if order.market.id == asked["instId"] else None
        return None

    def order(self, request: Request) -> Any:
        found = self._found(request)
        forgotten = found and self.forgets_after_two_hours and found.state == "cancelled" and not found.fills
        if found is None or forgotten:
            raise RefusedError("unknown_order")
        return [order_row(found)]

    def cancel(self, request: Request) -> Any:
        found = self._found(request)
        if found is None or found.state != "open":
            told = {"clOrdId": "", "ordId": "", "ts": str(self.account.now_ms()), "sCode": "51400",
                    "sMsg": "Cancellation failed as the order does not exist."}  # fmt: skip
            raise no("1", "All operations failed", data=[told])
        self.account.cancel(found)
        return [{"clOrdId": found.client_id, "ordId": str(number_of(found)), "ts": str(self.account.now_ms()),
                 "sCode": "0", "sMsg": ""}]  # fmt: skip

    def amend(self, request: Request) -> Any:
        asked, found = request.fields, self._found(request)
        try:
            self.account.amend(found, Decimal(asked["newSz"]), Decimal(asked["newPx"]), least=False)
        except RefusedError as refusal:
            if refusal.reason != "unknown_order":
                raise
            told = {"clOrdId": "", "ordId": "", "ts": str(self.account.now_ms()), "reqId": "", "sCode": "51503",
                    "sMsg": "Order modification failed as the order does not exist."}  # fmt: skip
            raise no("1", "All operations failed", data=[told]) from refusal
        return [{"clOrdId": asked.get("clOrdId", ""), "ordId": str(found.number if found else ""), "reqId": "",
                 "ts": str(self.account.now_ms()), "sCode": "0", "sMsg": ""}]  # fmt: skip

    def pending(self, request: Request) -> Any:
        rows = [order for order in reversed(self.account.orders) if order.state == "open" and not order.waits]
        return [order_row(order) for order in _after(rows, request, number_of)]

    def history(self, request: Request) -> Any:
        """What has ended; a stop that was never set off was no order."""
        asked = request.fields
        rows = [
            one
            for one in reversed(self.account.orders)
            if one.state in ("filled", "cancelled") and not one.waits
            and asked.get("instId") in (None, one.market.id) and asked["instType"] == kind_of(one.market)
        ]  # fmt: skip
        return [order_row(order) for order in _after(rows, request, number_of)]

    def fills(self, request: Request) -> Any:
        return self._fills(request, self.account.now_ms() - RECENT_MS)

    def fills_history(self, request: Request) -> Any:
        return [] if self.lags else self._fills(request, 0)

    def _fills(self, request: Request, since: int) -> Any:
        asked = request.fields
        since = max(since, int(asked.get("begin", 0)))
        told = self.account.fills(market_id=asked.get("instId", ""), since_ms=since)[::-1]
        rows = [
            fill
            for fill in told
            if asked.get("ordId") in (None, str(number_of(fill.order)))
            and asked.get("instType") in (None, kind_of(fill.order.market))
        ]
        return [fill_row(fill) for fill in _after(rows, request, lambda fill: fill.number)]


def _algo_told(order: Placed | None = None, code: str = "0", words: str = "") -> dict[str, Any]:
    name, number = (order.client_id, str(order.number)) if order else ("", "")
    return {"algoClOrdId": name, "algoId": number, "clOrdId": "", "sCode": code, "sMsg": words, "tag": ""}


def _after(rows: list[Any], request: Request, number: Callable[[Any], int]) -> list[Any]:
    """A page of what is older than `after`."""
    asked = request.fields
    older = [row for row in rows if "after" not in asked or number(row) < int(asked["after"])]
    return older[: int(asked.get("limit", 100))]

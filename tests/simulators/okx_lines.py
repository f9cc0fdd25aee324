"""What OKX tells by itself: https://www.okx.com/docs-v5/en/#overview-websocket"""

import base64
import json
from abc import abstractmethod
from typing import Any

from tests.simulators.account import Market
from tests.simulators.okx_rows import algo_row, order_row, position_row, ticker_row
from tests.simulators.sockets import Socket
from tests.simulators.wire import Request, Wire, signed, text


class OkxLines(Wire):
    """A public line, a private one, and one for algo orders; the last two want a login first."""

    repeats_logins: bool

    @abstractmethod
    def balance(self, request: Request | None) -> Any:
        """The account, as its own route tells it."""

    def opens(self, path: str) -> bool:
        return path.endswith(("/ws/v5/public", "/ws/v5/private", "/ws/v5/business"))

    def told(self, line: Socket, message: str) -> None:
        if message == "ping":
            line.send("pong")
            return
        asked = json.loads(message)
        if asked["op"] == "login":
            self._sign_in(line, asked["args"][0], message)
        elif asked["op"] == "subscribe":
            for wanted in asked["args"]:
                self._subscribe(line, wanted)

    def _sign_in(self, line: Socket, given: dict[str, str], message: str) -> None:
        payload = given["timestamp"] + "GET" + "/users/self/verify"
        if self.repeats_logins:
            code, words = "60012", f"Illegal request: {message}"
        elif given["apiKey"] != self.key.key or self.key.is_elsewhere:
            code, words = "60005", "Invalid apiKey"
        elif self.key.is_expired:
            code, words = "60032", "API key doesn't exist."
        elif given["passphrase"] != self.key.password:
            code, words = "60024", "Wrong passphrase"
        elif base64.b64encode(signed(self.key.secret, payload).digest()).decode() != given["sign"]:
            code, words = "60007", "Invalid sign"
        elif abs(int(given["timestamp"]) * 1000 - self.account.now_ms()) > 30_000:
            code, words = "60006", "Timestamp request expired"
        else:
            line.is_signed_in = True
            line.send({"event": "login", "code": "0", "msg": "", "connId": "a4d3ae55"})
            return
        line.send({"event": "error", "code": code, "msg": words, "connId": "a4d3ae55"})
        line.drop()

    def _subscribe(self, line: Socket, wanted: dict[str, str]) -> None:
        channel = wanted["channel"]
        if "/public" not in line.address and not line.is_signed_in:
            line.send({"event": "error", "code": "60011", "msg": "Please log in", "connId": "a4d3ae55"})
            return
        if (channel == "orders-algo") != ("/business" in line.address):
            line.send({"event": "error", "code": "60018", "msg": "Wrong URL or channel", "connId": "a4d3ae55"})
            return
        line.channels.add((channel, wanted["instId"]) if channel == "tickers" else channel)
        line.send({"event": "subscribe", "arg": wanted, "connId": "a4d3ae55"})
        if channel == "account":
            self._tell("balance", list(self.account.wallets["trading"]))
        if channel == "tickers":
            self.tell_price(self.account.market(wanted["instId"]))

    def tell_price(self, market: Market, *, at_ms: int = 0) -> None:
        """What is told of a market when its last price or its book has changed."""
        row = ticker_row(market, str(at_ms or self.account.now_ms()))
        told = {"arg": {"channel": "tickers", "instId": market.id}, "data": [row]}
        self.lines.tell("/public", ("tickers", market.id), told)

    def _tell(self, what: str, about: Any) -> None:
        uid = {"uid": "44705892343619584"}
        if what == "order":
            order, fill = about
            if order.trigger is not None:
                arg = {"channel": "orders-algo", "instType": "ANY", **uid}
                self.lines.tell("/business", "orders-algo", {"arg": arg, "data": [algo_row(order)]})
            if order.waits or order.state == "failed":
                return
            arg = {"channel": "orders", "instType": "ANY", **uid}
            row = order_row(order) | {
                "code": "0", "msg": "", "execType": ("M" if fill.is_maker else "T") if fill else "", "amendResult": "",
                "fillFee": text(-fill.fee) if fill else "0", "fillFeeCcy": fill.fee_asset if fill else "",
                "notionalUsd": "", "reqId": "",
            }  # fmt: skip
            self.lines.tell("/private", "orders", {"arg": arg, "data": [row]})
            if fill and order.market.is_perpetual:
                held = [position_row(one, self.account.now_ms()) for one in self.account.positions.values()]
                arg = {"channel": "positions", "instType": "ANY", **uid}
                self.lines.tell("/private", "positions", {"arg": arg, "eventType": "event_update", "data": held})
        else:
            (balance,) = self.balance(None)
            told = {"arg": {"channel": "account", **uid}, "eventType": "event_update", "curPage": 1, "lastPage": True}
            self.lines.tell("/private", "account", told | {"data": [balance]})

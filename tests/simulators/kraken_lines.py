"""What Kraken tells by itself: an account on a line that wants a token, and tickers on another.

https://docs.kraken.com/api/docs/guides/spot-ws-intro
"""

import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from tests.simulators.account import Market
from tests.simulators.sockets import Socket
from tests.simulators.wire import Request, Wire

PUBLIC, PRIVATE = "/ws.", "/ws-auth."
HEX: Final = 32
# What its older names of assets are; those of its newer websocket are these, but for Bitcoin's and Dogecoin's.
OLD: Final = {"BTC": "XBT", "DOGE": "XDG", "LUNC": "LUNA", "LUNA": "LUNA2"}
NEW: Final = {"BTC": "BTC", "DOGE": "DOGE"}


def txid(number: int) -> str:
    return f"O{number:05d}-AAAAA-AAAAAA"


def old_name(market: Market) -> str:
    return f"{OLD.get(market.base, market.base)}/{market.quote}"


def new_name(market: Market) -> str:
    return f"{(OLD | NEW).get(market.base, market.base)}/{market.quote}"


class KrakenLines(Wire):
    """Numbers are written as numbers, and what is told of an account is counted."""

    tokens: list[str]

    def token(self, request: Request) -> Any:
        self.tokens.append(f"WW91ciBhdXRoZW50aWNhdGlvbiB0b2tlbiBnb2VzIGhlcmU{len(self.tokens)}")
        return {"token": self.tokens[-1], "expires": 900}

    def opens(self, path: str) -> bool:
        return path.endswith("/v2")

    def told(self, line: Socket, message: str) -> None:
        asked = json.loads(message)
        if asked["method"] == "ping":
            line.send({"method": "pong", "time_in": "2023-09-24T14:10:23.799685Z"})
            return
        given, told = asked["params"], {"method": "subscribe", "req_id": asked["req_id"]}
        if PUBLIC in line.address:
            self._follow(line, given["symbol"], told)
            return
        if given["token"] not in self.tokens:
            line.send({**told, "error": "EAccount:Invalid permissions", "success": False})
            return
        channel = given["channel"]
        line.channels.add(channel)
        line.send({**told, "result": {"channel": channel, "snapshot": True}, "success": True})
        line.tell_counted(channel, lambda number: _counted(channel, "snapshot", [], number))

    def _follow(self, line: Socket, names: list[str], told: dict[str, Any]) -> None:
        markets = {new_name(market): market for market in self.account.markets.values()}
        for name in names:
            if name not in markets:
                words = f"Currency pair not supported {name}"
                line.send({**told, "error": words, "success": False, "symbol": name})
                continue
            line.channels.add(name)
            line.send({**told, "result": {"channel": "ticker", "snapshot": True, "symbol": name}, "success": True})
            line.tell(self._ticker(markets[name], "snapshot"))

    def tell_price(self, market: Market, *, at_ms: int = 0) -> None:
        """What is told of a market with every trade."""
        self.lines.tell(PUBLIC, new_name(market), self._ticker(market, "update", at_ms=at_ms))

    def _ticker(self, market: Market, kind: str, *, at_ms: int = 0) -> str:
        at = datetime.fromtimestamp((at_ms or self.account.now_ms()) / 1000, UTC)
        figures = {
            "bid": market.bid, "bid_qty": "0.01362603", "ask": market.ask, "ask_qty": "17.17988863",
            "last": market.price, "volume": "2158.32346723", "vwap": "50090.5", "low": "49000", "high": "51000.5",
            "change": "-267.9", "change_pct": "-0.41",
        }  # fmt: skip
        row = ", ".join(f'"{name}": {value}' for name, value in figures.items())
        data = f'{{"symbol": "{new_name(market)}", {row}, "timestamp": "{at.isoformat().replace("+00:00", "Z")}"}}'
        return f'{{"channel": "ticker", "type": "{kind}", "data": [{data}]}}'

    def _tell(self, what: str, about: Any) -> None:
        if what == "balance":
            rows: list[Any] = [
                {
                    "asset": asset,
                    "asset_class": "currency",
                    "balance": float(self.account.total(asset)),
                    "type": "trade",
                }
                for asset in about
            ]
            self._tell_counted("balances", rows)
            return
        order, fill = about
        row = {
            "order_id": txid(order.number),
            "cl_ord_id": str(UUID(order.client_id)) if len(order.client_id) == HEX else order.client_id,
            "order_status": {"open": "new", "cancelled": "canceled"}.get(order.state, order.state),
            "exec_type": "trade" if fill else "new", "timestamp": "2023-09-22T10:33:05.709950Z",
            "symbol": new_name(order.market), "side": order.side, "order_type": order.kind,
            "order_qty": float(order.quantity), "cum_qty": float(order.filled),
        }  # fmt: skip
        if fill:
            row |= {
                "exec_id": f"T{fill.number}", "last_qty": float(fill.quantity), "last_price": float(fill.price),
                "cost": float(fill.quantity * fill.price), "liquidity_ind": "m" if fill.is_maker else "t",
            }  # fmt: skip
        self._tell_counted("executions", [row])

    def _tell_counted(self, channel: str, rows: list[Any]) -> None:
        for line in self.lines.asked(PRIVATE, channel):
            line.tell_counted(channel, lambda number: _counted(channel, "update", rows, number))


def _counted(channel: str, kind: str, rows: list[Any], number: int) -> dict[str, Any]:
    return {"channel": channel, "type": kind, "data": rows, "sequence": number}

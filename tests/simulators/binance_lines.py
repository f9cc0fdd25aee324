"""What Binance tells by itself: an account over the WebSocket API or under a listen key, and tickers."""

import json
from decimal import Decimal
from typing import Any, Final

from tests.simulators.account import Account, Fill, Market, Placed
from tests.simulators.sockets import Socket
from tests.simulators.wire import Request, SaidNoError, Wire, signed, text

STATES: Final = {"open": "NEW", "filled": "FILLED", "cancelled": "CANCELED"}


def no(code: int, words: str, status: int = 400, **more: Any) -> SaidNoError:
    return SaidNoError(status, {"code": code, "msg": words, **more})


class BinanceLines(Wire):
    """https://developers.binance.com/docs"""

    futures: Account
    listen_keys: list[str]

    def listen_key(self, request: Request) -> Any:
        """With the key alone, unsigned: https://developers.binance.com/docs/derivatives/usds-margined-futures"""
        if request.headers.get("x-mbx-apikey") != self.key.key or self.key.is_expired or self.key.is_elsewhere:
            raise no(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        if request.method == "POST":
            self.listen_keys.append(f"pqia91ma19a5s61cv6a81va65sdf19v8a65a{len(self.listen_keys)}")
        return {"listenKey": self.listen_keys[-1]}

    def opens(self, path: str) -> bool:
        if "/fstream." in path and "/private/" in path:
            return any(path.endswith(f"?listenKey={key}") for key in self.listen_keys)
        return True

    def connected(self, line: Socket) -> None:
        if "listenKey=" in line.address:
            line.channels.add("account")

    def told(self, line: Socket, message: str) -> None:
        asked = json.loads(message)
        if asked["method"] == "userDataStream.subscribe.signature":
            self._sign_in(line, asked)
        elif asked["method"] == "SUBSCRIBE":
            line.channels.update(asked["params"])
            line.send({"result": None, "id": asked["id"]})
            for market in (self.futures if "/fstream." in line.address else self.account).markets.values():
                self.tell_price(market)

    def _sign_in(self, line: Socket, asked: dict[str, Any]) -> None:
        given = dict(asked["params"])
        signature = given.pop("signature")
        payload = "&".join(f"{name}={given[name]}" for name in sorted(given))
        if given["apiKey"] != self.key.key or self.key.is_expired or self.key.is_elsewhere:
            error = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
        elif signed(self.key.secret, payload).hexdigest() != signature:
            error = {"code": -1022, "msg": "Signature for this request is not valid."}
        else:
            line.channels.add("account")
            line.send({"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}, "rateLimits": []})
            return
        line.send({"id": asked["id"], "status": 401, "error": error, "rateLimits": []})

    def tell_price(self, market: Market, *, at_ms: int = 0) -> None:
        """A day's figures of a market, as they are told every second in which something changed."""
        side = "/fstream." if market.is_perpetual else "/stream."
        now, plain = at_ms or self.account.now_ms(), not market.is_perpetual
        book = {"b": text(market.bid), "B": "31.21", "a": text(market.ask), "A": "40.66"} if plain else {}
        told = {
            "e": "24hrTicker", "E": now, "s": market.id, "p": "-0.1", "P": "-0.1", "w": text(market.price),
            "c": text(market.price), "Q": "0.1", "o": "50094.99", "h": "50100.0", "l": "49000.0", "v": "8913.3",
            "q": "445665000.0", "O": now - 86_400_000, "C": now, "F": 0, "L": 18150, "n": 18151, **book,
        }  # fmt: skip
        self.lines.tell(side, f"{market.id.lower()}@ticker", told)

    def _tell_spot(self, what: str, about: Any) -> None:
        account, now = self.account, self.account.now_ms()
        if what == "order":
            event = _execution_report(*about, now=now)
        else:
            rows = [
                {"a": asset, "f": text(account.total(asset) - account.held(asset)), "l": text(account.held(asset))}
                for asset in about
            ]
            event = {"e": "outboundAccountPosition", "E": now, "u": now, "B": rows}
        self.lines.tell("/ws-api.", "account", {"subscriptionId": 0, "event": event})

    def _tell_futures(self, what: str, about: Any) -> None:
        account, now = self.futures, self.futures.now_ms()
        if what == "order":
            event: dict[str, Any] = {"e": "ORDER_TRADE_UPDATE", "E": now, "T": now, "o": _futures_update(*about)}
        else:
            rows = [
                {"a": asset, "wb": text(account.total(asset)), "cw": text(account.total(asset)), "bc": "0"}
                for asset in about
            ]
            held = [
                {"s": one.market.id, "pa": text(one.quantity), "ep": text(one.entry), "bep": text(one.entry),
                 "cr": "0", "up": text(one.profit), "mt": one.margin, "iw": "0", "ps": "BOTH"}
                for one in account.positions.values()
            ]  # fmt: skip
            event = {"e": "ACCOUNT_UPDATE", "E": now, "T": now, "a": {"m": "ORDER", "B": rows, "P": held}}
        self.lines.tell("/fstream.", "account", event)


def _execution_report(order: Placed, fill: Fill | None, *, now: int) -> dict[str, Any]:
    """https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream"""
    is_cancelled = order.state == "cancelled"
    return {
        "e": "executionReport", "E": now, "s": order.market.id,
        "c": "web_cancelled" if is_cancelled else order.client_id, "S": order.side.upper(), "o": order.kind.upper(),
        "f": "GTC", "q": text(order.quantity), "p": text(order.price or Decimal(0)), "P": "0.00000000",
        "F": "0.00000000", "g": -1, "C": order.client_id if is_cancelled else "",
        "x": "TRADE" if fill else "CANCELED" if is_cancelled else "NEW",
        "X": "PARTIALLY_FILLED" if order.is_partial else STATES[order.state], "r": "NONE", "i": order.number,
        "l": text(fill.quantity) if fill else "0.00000000", "z": text(order.filled),
        "L": text(fill.price) if fill else "0.00000000", "n": text(fill.fee) if fill else "0",
        "N": fill.fee_asset if fill else None, "T": now, "t": fill.number if fill else -1, "I": 8641984,
        "w": order.state == "open", "m": fill.is_maker if fill else False, "M": False, "O": order.at_ms,
        "Z": text(order.cost), "Y": text(fill.quantity * fill.price) if fill else "0.00000000", "Q": "0.00000000",
        "W": order.at_ms, "V": "NONE",
    }  # fmt: skip


def _futures_update(order: Placed, fill: Fill | None) -> dict[str, Any]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Order-Update"""
    told = {
        "s": order.market.id, "c": order.client_id, "S": order.side.upper(), "o": order.kind.upper(), "f": "GTC",
        "q": text(order.quantity), "p": text(order.price or Decimal(0)), "ap": text(order.average), "sp": "0",
        "x": "TRADE" if fill else "CANCELED" if order.state == "cancelled" else "NEW",
        "X": "PARTIALLY_FILLED" if order.is_partial else STATES[order.state], "i": order.number,
        "l": text(fill.quantity) if fill else "0", "z": text(order.filled), "L": text(fill.price) if fill else "0",
        "T": order.at_ms, "t": fill.number if fill else 0, "b": "0", "a": "0", "m": fill.is_maker if fill else False,
        "R": order.reduce_only, "wt": "CONTRACT_PRICE", "ot": order.kind.upper(), "ps": "BOTH", "cp": False,
        "rp": "0", "pP": False, "si": 0, "ss": 0, "V": "NONE", "pm": "NONE", "gtd": 0,
    }  # fmt: skip
    return told | ({"N": fill.fee_asset, "n": text(fill.fee)} if fill else {})

"""What Coinbase tells by itself: tickers on one line, the orders of an account on another; never balances.

https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-overview
"""

import json
import time
from abc import abstractmethod
from datetime import UTC, datetime
from threading import Thread
from typing import Any, Final

from tests.simulators.account import Market, Placed
from tests.simulators.sockets import Socket
from tests.simulators.wire import Wire, text

PUBLIC, PRIVATE = "/advanced-trade-ws.", "/advanced-trade-ws-user."
CHANNELS: Final = {PUBLIC: ("ticker", "ticker_batch", "heartbeats"), PRIVATE: ("user", "heartbeats")}
STATES: Final = {"open": "OPEN", "filled": "FILLED", "cancelled": "CANCELLED"}
# Open orders in one message of the first that is told.
TOGETHER: Final = 50


def iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class CoinbaseLines(Wire):
    """Everything on a line is counted together, and a line on which nothing comes is closed."""

    # How often it beats for whoever wants it, and after how long without a word a line is closed.
    beat_seconds: float = 1.0
    idle_seconds: float = 60.0

    @abstractmethod
    def knows(self, token: str, method: str = "", address: str = "") -> bool:
        """Whether this is a token of the key, for now, and for this request or for a line."""

    def opens(self, path: str) -> bool:
        return any(part in path for part in CHANNELS)

    def connected(self, line: Socket) -> None:
        Thread(target=self._beat, args=(line,), daemon=True).start()

    def _beat(self, line: Socket) -> None:
        lines, told, at, beats = self.lines, 0, time.monotonic(), 0
        while line in lines.open():
            time.sleep(self.beat_seconds)
            if told != line.counts["all"]:
                told, at = line.counts["all"], time.monotonic()
            if ("heartbeats", "") in line.channels:
                beats += 1
                event = {"current_time": iso(self.account.now_ms()), "heartbeat_counter": beats}
                self._say(line, "heartbeats", [event])
            elif time.monotonic() - at > self.idle_seconds:
                line.drop()

    def told(self, line: Socket, message: str) -> None:
        asked = json.loads(message)
        if asked["type"] != "subscribe":
            return
        channel, products = asked["channel"], asked.get("product_ids") or []
        part = next(part for part in CHANNELS if part in line.address)
        if channel not in CHANNELS[part]:
            line.send({"type": "error", "message": f"channel {channel} is not supported"})
        elif channel == "user" and not self.knows(asked.get("jwt", "")):
            line.send({"type": "error", "message": "authentication failure"})
        else:
            wanted = list(dict.fromkeys(self.told_as(product) for product in products)) or [""]
            line.channels.update((channel, product) for product in wanted)
            listed: dict[str, list[str]] = {}
            for name, product in sorted(line.channels):
                listed.setdefault(name, []).append(product or ("3b910e93" if name == "user" else name))
            self._say(line, "subscriptions", [{"subscriptions": listed}], say=line.send)
            if channel == "user":
                self._say_open(line)
            for product in wanted if "ticker" in channel else ():
                event = self._told_ticker(self.account.market(product), "snapshot", channel)
                self._say(line, channel, [event])

    def told_as(self, product: str) -> str:
        """A market in USDC is that in USD, where there is one, and is told under its name."""
        alias = product.removesuffix("C")
        return alias if product.endswith("-USDC") and alias in self.account.markets else product

    def _say_open(self, line: Socket) -> None:
        rows = [order_told(order) for order in self.account.orders if order.state == "open"]
        for start in range(0, max(len(rows), 1), TOGETHER):
            event = {"type": "snapshot", "orders": rows[start : start + TOGETHER], "positions": {}}
            self._say(line, "user", [event])

    def _say(self, line: Socket, channel: str, events: list[Any], *, at_ms: int = 0, say: Any = None) -> None:
        told = {"channel": channel, "client_id": "", "timestamp": iso(at_ms or self.account.now_ms())}
        line.tell_counted("all", lambda number: {**told, "sequence_num": number - 1, "events": events}, say)

    def tell_price(self, market: Market, *, at_ms: int = 0) -> None:
        """What is told of a market with every match, and every five seconds where that is asked for."""
        for channel in ("ticker", "ticker_batch"):
            for line in self.lines.asked(PUBLIC, (channel, market.id)):
                self._say(line, channel, [self._told_ticker(market, "update", channel)], at_ms=at_ms)

    def _told_ticker(self, market: Market, kind: str, channel: str) -> dict[str, Any]:
        """The batched one has neither bid nor ask."""
        row = {
            "type": "ticker", "product_id": market.id, "price": text(market.price), "volume_24_h": "16038.28770938",
            "low_24_h": "49000", "high_24_h": "51000.5", "low_52_w": "15460", "high_52_w": "148240",
            "price_percent_chg_24_h": "-4.15775596190603",
        }  # fmt: skip
        if channel == "ticker":
            row |= {"best_bid": text(market.bid), "best_bid_quantity": "0.02000000", "best_ask": text(market.ask),
                    "best_ask_quantity": "0.01500000"}  # fmt: skip
        return {"type": kind, "tickers": [row]}

    def _tell(self, what: str, about: Any) -> None:
        if what == "order":
            event = {"type": "update", "orders": [order_told(about[0])], "positions": {}}
            for line in self.lines.asked(PRIVATE, ("user", "")):
                self._say(line, "user", [event])


def trigger_status(order: Placed) -> str:
    if order.trigger is None:
        return "INVALID_ORDER_TYPE"
    return "STOP_PENDING" if order.waits else "STOP_TRIGGERED"


def order_told(order: Placed) -> dict[str, Any]:
    """https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels#user-channel"""
    fees = sum((fill.fee for fill in order.fills), order.cost * 0)
    kind = "Stop Limit" if order.trigger else order.kind.capitalize()
    return {
        "avg_price": text(order.average), "cancel_reason": "User requested cancel" * (order.state == "cancelled"),
        "client_order_id": order.client_id, "completion_percentage": text(order.filled / order.quantity * 100),
        "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE", "cumulative_quantity": text(order.filled),
        "filled_value": text(order.cost), "leaves_quantity": text(order.quantity - order.filled),
        "limit_price": text(order.price) if order.price else "", "number_of_fills": str(len(order.fills)),
        "order_id": str(order.number), "order_side": order.side.upper(), "order_type": kind,
        "outstanding_hold_amount": text(order.held), "post_only": "false", "product_id": order.market.id,
        "product_type": "SPOT", "reject_reason": "", "retail_portfolio_id": "a8c1e8ab",
        "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE", "status": STATES[order.state],
        "stop_price": text(order.trigger) if order.trigger else "",
        "time_in_force": "IMMEDIATE_OR_CANCEL" if order.immediate else "GOOD_UNTIL_CANCELLED",
        "total_fees": text(fees), "total_value_after_fees": text(order.cost + fees),
        "trigger_status": trigger_status(order), "creation_time": iso(order.at_ms), "end_time": "0001-01-01T00:00:00Z",
        "start_time": "0001-01-01T00:00:00Z",
    }  # fmt: skip

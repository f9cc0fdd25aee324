"""What Bybit tells by itself: an account on a private line, and tickers on a public line for each kind of market."""

import json
from typing import Any, Final

from tests.simulators.account import Market
from tests.simulators.sockets import Socket
from tests.simulators.wire import Wire, signed, text

# https://bybit-exchange.github.io/docs/v5/ws/connect
SPOT, LINEAR, PRIVATE = "/v5/public/spot", "/v5/public/linear", "/v5/private"
SPOT_AT_ONCE: Final = 10


def name_of(market: Market) -> str:
    """Spot and linear markets share their names."""
    return market.id.removeprefix("linear:")


class BybitLines(Wire):
    """https://bybit-exchange.github.io/docs/v5/websocket/public/ticker"""

    def opens(self, path: str) -> bool:
        return path.endswith((SPOT, LINEAR, PRIVATE))

    def told(self, line: Socket, message: str) -> None:
        asked = json.loads(message)
        told = {"req_id": str(asked.get("req_id", "")), "conn_id": "cejreaspqfh3sjdnldmg-p"}
        is_public = not line.address.endswith(PRIVATE)
        if asked["op"] == "ping" and is_public:
            line.send({**told, "success": True, "ret_msg": "pong", "op": "ping"})
        elif asked["op"] == "ping":
            line.send({**told, "op": "pong", "args": [str(self.account.now_ms())]})
        elif asked["op"] == "auth":
            key, expires, signature = asked["args"]
            right = signed(self.key.secret, f"GET/realtime{expires}").hexdigest() == signature
            line.is_signed_in = right and key == self.key.key and not self.key.is_expired
            words = "" if line.is_signed_in else "Your api key has expired." if right else "Params Error"
            line.send({"success": line.is_signed_in, "ret_msg": words, "op": "auth", "conn_id": told["conn_id"]})
        elif asked["op"] == "subscribe" and is_public:
            self._follow(line, asked["args"], told)
        elif asked["op"] == "subscribe":
            words = "" if line.is_signed_in else "Request not authorized"
            line.channels.update(asked["args"] if line.is_signed_in else ())
            line.send({**told, "success": line.is_signed_in, "ret_msg": words, "op": "subscribe"})

    def _follow(self, line: Socket, topics: list[str], told: dict[str, str]) -> None:
        markets = {f"tickers.{name_of(one)}": one for one in self._told_on(line)}
        unknown = next((topic for topic in topics if topic not in markets), None)
        if line.address.endswith(SPOT) and len(topics) > SPOT_AT_ONCE:
            line.send({**told, "success": False, "ret_msg": "args size >10", "op": "subscribe"})
        elif unknown:
            words = f"error:handler not found,topic:{unknown}"
            line.send({**told, "success": False, "ret_msg": words, "op": "subscribe"})
        else:
            line.channels.update(topics)
            line.send({**told, "success": True, "ret_msg": "subscribe", "op": "subscribe"})
            for topic in topics:
                line.tell(self._ticker(markets[topic], "snapshot"))

    def _told_on(self, line: Socket) -> list[Market]:
        is_linear = line.address.endswith(LINEAR)
        return [one for one in self.account.markets.values() if one.is_perpetual == is_linear]

    def tell_price(self, market: Market, *, at_ms: int = 0) -> None:
        """Of spot everything, of derivatives what has changed."""
        part, kind = (LINEAR, "delta") if market.is_perpetual else (SPOT, "snapshot")
        self.lines.tell(part, f"tickers.{name_of(market)}", self._ticker(market, kind, at_ms=at_ms))

    def _ticker(self, market: Market, kind: str, *, at_ms: int = 0) -> dict[str, Any]:
        """Without bid and ask where it is of spot."""
        data = {"symbol": name_of(market), "lastPrice": text(market.price)}
        if market.is_perpetual:
            data |= {"bid1Price": text(market.bid), "ask1Price": text(market.ask), "markPrice": text(market.price)}
        if kind == "snapshot":
            data |= {
                "highPrice24h": "51000.5", "lowPrice24h": "49000", "prevPrice24h": "49500", "volume24h": "6780.866843",
                "turnover24h": "141946527.22907118", "price24hPcnt": "0.0196",
            }  # fmt: skip
            data |= (
                {"tickDirection": "PlusTick", "prevPrice1h": "49900", "indexPrice": text(market.price),
                 "openInterest": "68744.761", "openInterestValue": "1183601235.91", "bid1Size": "84.489",
                 "nextFundingTime": "1673280000000", "fundingRate": "-0.000212", "ask1Size": "83.020"}
                if market.is_perpetual
                # What is no collateral has no index.
                else {"usdIndexPrice": text(market.price) if market.base in ("BTC", "ETH") else ""}
            )  # fmt: skip
        ts = at_ms or self.account.now_ms()
        return {"topic": f"tickers.{data['symbol']}", "ts": ts, "type": kind, "cs": 2588407389, "data": data}

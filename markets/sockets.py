"""Sessions that listen: the websockets of exchanges, through ccxt.pro.

ccxt reads what it is told by itself and keeps whatever it awaits in futures. Three things it leaves to its user: a
message that it cannot read stops its reading without a word; a line that breaks between two waits is dialled anew
without a word; and what it has planned for later is not given up when the session is closed. Here each of them ends
the line, so that whoever listens knows that something was missed. `ccxt.pro` loads a module of every exchange: it is
imported by the process that listens, when it listens first.
"""

import asyncio
from functools import cache
from typing import Any, Final

from kit.errors import InvalidInputError
from markets.exchanges import Access, configured, exactly, signing

# What a listener is called with in place of a message when a line stands.
CONNECTED: Final = None
# So many pings within the time after which an open line without an answer counts as broken.
_PINGS: Final = 3
# ccxt's ways to sign: requests, and the lines of an exchange that signs them otherwise (Coinbase).
_SIGNS: Final = ("sign", "create_auth_token")


def open_socket(access: Access, *, silence: float) -> Any:
    """ccxt's exchange for listening, in the running loop; `close_socket` ends it.

    `listener(url, message)`, to be set, hears every message before ccxt reads it, and `CONNECTED`. `broken` is a
    future that fails when a line does; one that answers no ping for `silence` seconds counts as broken. Markets are to
    be given to it (`exchanges.load_markets`, in a thread). Raises InvalidInputError for an exchange that cannot stream.
    """
    import ccxt.pro

    if access.exchange_id not in ccxt.pro.exchanges:
        raise InvalidInputError(f"Ask {access.exchange_id} instead: ccxt knows no websocket of it.")
    exchange = configured(_listening(access.exchange_id), access)
    pings = {"keepAlive": int(silence * 1000 / _PINGS), "maxPingPongMisses": _PINGS - 1}
    exchange.streaming = exchange.extend(exchange.streaming, pings)
    exchange.broken = asyncio.get_running_loop().create_future()
    exchange.broken.add_done_callback(lambda broken: broken.cancelled() or broken.exception())  # nobody has to ask
    exchange.planned = []
    return exchange


async def close_socket(exchange: Any) -> None:
    """Close every line of the session and forget what it had planned."""
    for handle in exchange.planned:
        handle.cancel()
    exchange.broken.cancel()
    await exchange.close()


@cache
def _listening(exchange_id: str) -> Any:
    """ccxt's class of the exchange, whose numbers are those that the exchange wrote and whose lines break aloud."""
    import ccxt.pro
    from ccxt.async_support.base.ws.client import Client

    exchange = getattr(ccxt.pro, exchange_id)

    def take(self: Any, message: Any) -> None:
        try:
            Client.handle_message(self, message)
        except Exception as error:  # noqa: BLE001 - whatever it is, ccxt would listen no more and not say so
            self.on_error(_unreadable(exchange_id, error))

    def read(self: Any, told: Any) -> None:
        text = told.decode() if isinstance(told, bytes) else told
        self.on_message_callback(self, exactly(text, exchange_id) if text.startswith(("{", "[")) else text)

    line = type("Line", (Client,), {"handle_message": take, "handle_text_or_binary_message": read})

    def client(self: Any, url: str) -> Any:
        found = exchange.client(self, url)
        found.__class__ = line  # ccxt names the class of its lines itself
        return found

    def hear(self: Any, client: Any, message: Any) -> None:
        self.listener(client.url, message)  # first: what it says of a refusal is more than what ccxt makes of it
        exchange.handle_message(self, client, message)

    def stand(self: Any, client: Any, message: Any = None) -> None:
        exchange.on_connected(self, client, message)
        self.listener(client.url, CONNECTED)

    def fail(self: Any, client: Any, error: Any) -> None:
        exchange.on_error(self, client, error)
        _break(self, error)

    def end(self: Any, client: Any, code: Any) -> None:
        exchange.on_close(self, client, code)
        _break(self, client.error or ccxt.NetworkError(f"{exchange_id} closed the line"))

    def plan(self: Any, timeout: float, method: Any, *given: Any) -> Any:
        self.planned.append(exchange.delay(self, timeout, method, *given))
        return self.planned[-1]

    changes = {
        **{name: signing(exchange, name) for name in _SIGNS if hasattr(exchange, name)},
        "number": str,
        "last_status": 0,
        "on_json_response": lambda self, text: exactly(text, exchange_id),
        "client": client,
        "handle_message": hear,
        "on_connected": stand,
        "on_error": fail,
        "on_close": end,
        "delay": plan,
        "listener": staticmethod(lambda url, message: None),
    }
    return type(exchange_id, (exchange,), changes)


def _break(exchange: Any, error: Any) -> None:
    if not exchange.broken.done():
        exchange.broken.set_exception(error)


def _unreadable(exchange_id: str, error: Exception) -> Exception:
    """ccxt's own errors as they are; of others the kind alone, because their words may quote what was told."""
    import ccxt

    unread = f"{exchange_id} told something that is no message ({type(error).__name__})"
    found: Exception = error if isinstance(error, ccxt.BaseError) else ccxt.BadResponse(unread)
    return found

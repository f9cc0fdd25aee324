"""Which operation works at which venue: declared here, read by pages, documents and adapters, and held to the adapters
by a test that asks each of them. What a venue lacks is known before anybody asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Works = Literal["yes", "partly", "no"]

OPERATIONS: Final[Mapping[str, str]] = {
    "markets": "Markets, their steps and limits",
    "tickers": "Prices",
    "candles": "Candles",
    "balances": "Balances",
    "positions": "Positions in derivatives",
    "market_order": "Orders at the market",
    "limit_order": "Limit orders",
    "ioc": "Limit orders that end with what is there at once",
    "fok": "Limit orders that are filled at once as a whole, or not",
    "gtd": "Limit orders that end at a moment",
    "post_only": "Limit orders that only rest",
    "amend": "Changing an order that rests, in its place",
    "stop_order": "Stops of positions that rest at the venue",
    "reduce_only": "Orders that only reduce",
    "cancel": "Cancelling",
    "find": "Finding an order by our own id",
    "open_orders": "Open orders",
    "trades": "Trades since a moment",
    "movements": "Deposits and withdrawals",
    "income": "Profit, funding and fees of derivatives",
    "permissions": "What a key may do",
    "sandbox": "The venue's own test system",
    "streams": "Account by websocket",
    "price_streams": "Prices by websocket",
}


@dataclass(frozen=True, slots=True)
class Can:
    """Whether an operation works, and what to know about it."""

    works: Works = "yes"
    note: str = ""


YES: Final = Can()
NO: Final = Can("no")
_SPOT_ONLY: Final = Can("no", "Spot only.")
_SPOT_REDUCES: Final = Can("no", "A spot account cannot sell what it does not hold, so none is needed.")
_POLLED: Final = Can("no", "Not yet: asked for at each sync, and while an order is under way.")
_PRICES_POLLED: Final = Can("no", "Not yet: asked for every few seconds.")
_STREAMED: Final = Can(note="Told as it changes; asked for all the same, less often while it stands.")
_ORDERS_STREAMED: Final = Can(
    "partly",
    "Its orders, as they change. It tells no balance: they are asked for a moment after an order changed, and at each "
    "sync as ever.",
)
_LAST_STREAMED: Final = Can(
    "partly",
    "Told as it changes, on spot without bid and ask; asked for all the same, less often while it stands.",
)
_UNKNOWN_MOVES: Final = Can("no", "Not asked for yet: what arrives or leaves is a difference that its owner explains.")
_MOVES: Final = Can(note="Those of coins; asked for where books and venue differ.")
_MOVES_AND_TRANSFERS: Final = Can(
    note="Those of coins, and transfers to and from futures and margin; asked for where books and venue differ."
)
_NO_DERIVATIVES: Final = Can("no", "Spot only: there is none.")
_INCOME: Final = Can(note="Asked for where books and venue differ; each once, by the venue's own id.")
_UNKNOWN_INCOME: Final = Can("no", "Not asked for: what derivatives bring is a difference that its owner explains.")
_ENDED_BY_US: Final = Can("partly", "Moniqo cancels it when the moment has come, and has to run then.")
_WATCHED: Final = Can("no", "Moniqo watches them, and has to run then.")
_REPLACED: Final = Can(
    "no",
    "The venue ends it before another takes its place: meanwhile nothing of it rests, what is filled until then is "
    "taken off, and its place in the queue is lost.",
)
_IN_PLACE: Final = Can(note="It keeps its name, its number and its trades there; only a limit and a quantity change.")
_AT_ONCE: Final = Can(
    "partly",
    "As long as nothing of it is filled: the venue ends it and places another in one message, whose place in the queue "
    "is the last. Later, or where the other is turned down, as elsewhere.",
)
_RESTING_STOPS: Final = Can(note="At the market once the last price is there; Moniqo looks whether they rest.")
_FEW_STOPS: Final = Can(
    note="At the market once the last price is there, at most thirty of each market and account; Moniqo looks whether "
    "they rest, and watches the others."
)
_UNFROZEN_STOPS: Final = Can(
    note="At the market once the last price is there. Nothing is frozen at the venue until then; Moniqo looks whether "
    "they rest."
)
_LIMITED_STOPS: Final = Can(
    "partly",
    "As stop-limit orders whose limit lies 5 % below the stop: the venue knows none at the market. Where the price "
    "jumps over that, Moniqo ends the order after a minute and sells at the market, and has to run then.",
)
_ONE_WAY: Final = Can(note="In the one-way position mode; quantities count contracts.")


def _declared(**differing: Can) -> Mapping[str, Can]:
    """An operation works unless something else is said; an order is changed in its place only where that is said."""
    return {name: differing.get(name, _REPLACED if name == "amend" else YES) for name in OPERATIONS}


def _of_ccxt(**differing: Can) -> Mapping[str, Can]:
    """The same of an exchange: an order that ends at a moment is sent as one that is good until it is cancelled."""
    return _declared(**{"gtd": _ENDED_BY_US, "stop_order": _WATCHED, **differing})


CAPABILITIES: Final[Mapping[str, Mapping[str, Can]]] = {
    "demo": _declared(
        candles=Can("no", "Those of the exchange whose prices it has."),
        positions=Can(note="Perpetuals beside its spot markets, each wallet's with a margin of its own."),
        limit_order=Can(note="Matched against each new price and each bar; at most its depth for each of them."),
        stop_order=_WATCHED,
        reduce_only=Can(note="Of perpetuals; a spot account cannot sell what it does not hold."),
        movements=Can("no", "Play money comes from Moniqo itself."),
        income=Can("no", "Booked as it happens: with the trade, and with each payment of funding."),
        permissions=Can(note="It needs no key."),
        sandbox=Can("no", "It is one."),
        streams=Can("no", "It has no news that Moniqo does not make itself."),
        price_streams=Can("no", "Those of the exchange whose prices it has."),
    ),
    "binance": _of_ccxt(
        balances=Can(note="Spot and funding account."),
        positions=Can("no", "Spot only: its futures are an exchange of their own, Binance USD-M."),
        amend=_AT_ONCE,
        stop_order=_RESTING_STOPS,
        reduce_only=_SPOT_REDUCES,
        find=Can(note="It forgets an id once its order has ended, so Moniqo asks before it sends."),
        trades=Can("partly", "Asked for market by market: of those that are known here."),
        movements=_MOVES_AND_TRANSFERS,
        income=Can("no", "Spot only: its futures are an exchange of their own, Binance USD-M."),
        streams=_STREAMED,
        price_streams=_STREAMED,
    ),
    "binanceusdm": _of_ccxt(
        tickers=Can("partly", "The last price, without bid and ask."),
        balances=Can(note="The wallet's balance; the profit of open positions stands with them."),
        positions=_ONE_WAY,
        amend=_IN_PLACE,
        find=Can(note="It forgets an id once its order has ended, so Moniqo asks before it sends."),
        trades=Can("partly", "Asked for market by market: of those that are known here."),
        movements=Can(note="Transfers from and to other accounts at Binance; asked for where books and venue differ."),
        income=_INCOME,
        sandbox=Can("no", "Its testnet was closed to programs."),
        streams=_STREAMED,
        price_streams=Can("no", "Nobody follows them: what it settles in is priced by the markets of Binance."),
    ),
    "okx": _of_ccxt(
        balances=Can(note="Trading and funding account; cash, without the profit of open positions."),
        positions=_ONE_WAY,
        amend=_IN_PLACE,
        stop_order=_UNFROZEN_STOPS,
        find=Can(note="Of orders that ended without a fill, seven days back."),
        movements=_MOVES,
        income=_INCOME,
        streams=_STREAMED,
        price_streams=_STREAMED,
    ),
    "bybit": _of_ccxt(
        balances=Can(note="The unified account, and the funding account if the key may transfer between accounts."),
        positions=Can(note="Linear ones, in the one-way position mode; quantities count the base asset."),
        amend=_IN_PLACE,
        stop_order=_FEW_STOPS,
        movements=_UNKNOWN_MOVES,
        income=_INCOME,
        streams=_STREAMED,
        price_streams=_LAST_STREAMED,
    ),
    "coinbase": _of_ccxt(
        tickers=Can("partly", "The last price, without bid and ask."),
        positions=_SPOT_ONLY,
        market_order=Can("partly", "A purchase is a limit order 1 % above the ask, filled at once or not at all."),
        reduce_only=_SPOT_REDUCES,
        stop_order=_LIMITED_STOPS,
        find=Can("partly", "Among what is open and the last thousand orders of its market: Coinbase finds orders by "
                           "its own id only. One that has ended before those is found by that id, once it is known."),
        sandbox=NO,
        movements=_UNKNOWN_MOVES,
        income=_NO_DERIVATIVES,
        streams=_ORDERS_STREAMED,
        price_streams=_STREAMED,
    ),
    "kraken": _of_ccxt(
        candles=Can("partly", "The last 720 of each length."),
        balances=Can(note="What earns is held, and is available only where Kraken lets it be spent at once."),
        positions=_SPOT_ONLY,
        amend=_IN_PLACE,
        stop_order=_RESTING_STOPS,
        reduce_only=_SPOT_REDUCES,
        fok=Can("no", "Kraken knows no such order."),
        find=Can(note="Under a UUID that is the same number. It forgets an id once its order has ended, so Moniqo asks "
                      "before it sends."),
        sandbox=NO,
        movements=_UNKNOWN_MOVES,
        income=_NO_DERIVATIVES,
        streams=_STREAMED,
        price_streams=_STREAMED,
    ),
}  # fmt: skip
# Venues whose accounts, and whose prices, are told by websocket.
STREAMED_ACCOUNTS: Final = frozenset(slug for slug, table in CAPABILITIES.items() if table["streams"].works != "no")
STREAMED_PRICES: Final = frozenset(slug for slug, table in CAPABILITIES.items() if table["price_streams"].works != "no")
# Of these only a part is told: balances are asked for as ever.
STREAMED_IN_PART: Final = frozenset(slug for slug, table in CAPABILITIES.items() if table["streams"].works == "partly")

_UNTRIED: Final = Can("partly", "As ccxt does it; nobody has compared it with this exchange.")

# Venues at which the stop of a position rests.
RESTING_STOPS: Final = frozenset(slug for slug, table in CAPABILITIES.items() if table["stop_order"].works != "no")

_UNASKED: Final[Mapping[str, Can]] = {
    "stop_order": _WATCHED, "amend": _REPLACED,
    "streams": _POLLED, "price_streams": _PRICES_POLLED, "movements": _UNKNOWN_MOVES, "income": _UNKNOWN_INCOME,
}  # fmt: skip


def capabilities_of(slug: str) -> Mapping[str, Can]:
    """What the venue can do; an exchange that an operator has added is untried."""
    return CAPABILITIES.get(slug) or {name: _UNASKED.get(name, _UNTRIED) for name in OPERATIONS}

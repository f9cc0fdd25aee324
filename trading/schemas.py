"""What trading's API takes and gives."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from kit.api import Amount, Body, PartsOut, PositiveAmount, PositiveShare, RowOut, Words, parts_of

# What the page's filter takes too: an outcome, or `unfinished`.
OrderStatus = Literal[
    "unfinished", "draft", "waiting", "submitting", "open", "partially_filled", "filled", "cancelled", "refused",
    "rejected", "expired", "uncertain",
]  # fmt: skip


class OrderOut(RowOut):
    """Quantities in base, prices in quote.

    `notional` is what the order is worth in quote: what was filled of it, for what it was filled for; as long as
    nothing was, all of it at the `reference_price`.

    The gate refuses, a venue rejects: both leave the `status` `rejected` and the reason in `refusal`, and the `outcome`
    is `refused` or `rejected`; of any other order it is its status.

    A sale that is `waiting` without a trigger, or with one that was reached, is sent as soon as the stop of its
    position, which rests at the venue, has made way for it.
    """

    id: UUID
    created_at: datetime
    symbol: str
    side: str
    type: str
    quantity: Amount
    limit_price: Amount | None
    trigger_price: Amount | None
    trail: Amount | None
    trail_share: Amount | None
    trail_atr: Amount | None
    trail_timeframe: str
    target_price: Amount | None
    triggered_at: datetime | None = Field(description="When the market reached its trigger, or it was sent for that.")
    time_in_force: str
    expires_at: datetime | None
    post_only: bool
    reduce_only: bool
    leverage: Amount | None = Field(description="Of a perpetual: how many times its margin what it opens is worth.")
    filled_quantity: Amount
    crossed_quantity: Amount
    reference_price: Amount
    average_price: Amount | None
    notional: Amount
    exit_stop: Amount | None
    exit_target: Amount | None
    status: str
    outcome: str
    reason: Words
    refusal: Words
    refusal_parts: PartsOut = parts_of("refusal")
    wallet_id: UUID
    client_order_id: str
    origin: Literal["moniqo", "external"] = Field(
        description="`external` where somebody placed it at the venue: it is kept in the account's unassigned wallet."
    )
    replaces: UUID | None = Field(description="The order whose place it took.")
    closed_at: datetime | None


class FillOut(RowOut):
    id: int
    order_id: UUID
    filled_at: datetime
    symbol: str
    side: str
    price: Amount
    quantity: Amount
    fee: Amount
    fee_asset: str
    liquidity: str = Field(description="`maker` or `taker` at the venue, `internal` where it was crossed in a farm.")
    venue_trade_id: str
    realized: Amount | None = Field(
        description="Of a perpetual, which no base asset moves for: what it realized in quote, before the fee."
    )
    wallet_id: UUID


class EventOut(RowOut):
    created_at: datetime
    from_status: str
    to_status: str
    detail: Words
    answer: dict[str, Any]


class DecisionOut(RowOut):
    created_at: datetime
    allowed: bool
    limit: str
    explanation: Words
    explanation_parts: PartsOut = parts_of("explanation")
    numbers: dict[str, Any]


class AmendIn(Body):
    """What is left out stays. `quantity` is all that is wanted, with what was filled of the order before. The rest is
    of an order that waits for its trigger: of a trailing one `trail` or `trail_share`, of one that cancels the other
    `trigger_price` and `target_price`."""

    limit_price: PositiveAmount | None = None
    quantity: PositiveAmount | None = None
    trigger_price: PositiveAmount | None = None
    target_price: PositiveAmount | None = None
    trail: PositiveAmount | None = None
    trail_share: PositiveShare | None = None


class AmendmentOut(Schema):
    """The wish to have an order with other terms: open until `closed_at`; `result` says what became of it."""

    order_id: UUID
    limit_price: Amount | None
    quantity: Amount
    way: str = Field(
        description="How its venue changes an order: it `ends` it before another is placed, or does both `at_once`, or "
        "changes it `in_place`. One that waits for its trigger is changed `here`."
    )
    risk: str = Field(description="What may happen between its old terms and the new ones.")
    result: Words
    closed_at: datetime | None


class OrderLifeOut(OrderOut):
    """The order with everything that happened to it. `replaced_by` is the order that took its place."""

    replaced_by: UUID | None = Field(description="The order that took its place, null where none did.")
    is_ending: bool = Field(
        description="Whether its end was asked for, and has not come. One that is `submitting` will be cancelled as "
        "soon as the venue has answered."
    )

    events: list[EventOut] = Field(
        description="Its steps; those of an order that was never filled are let go after a year, as operators set it."
    )
    decisions: list[DecisionOut] = Field(description="What the gate said of it; goes with the steps.")
    fills: list[FillOut]


class PositionOut(RowOut):
    """An open position. What depends on the price is null while there is none."""

    id: UUID
    wallet_id: UUID
    symbol: str
    direction: str
    quantity: Amount
    entry_price: Amount
    mark: Amount | None
    mark_at: datetime | None
    mark_source: str
    value: Amount | None
    unrealized_pnl: Amount | None
    realized_pnl: Amount
    fees: Amount
    break_even: Amount | None
    exit_stop: Amount | None
    exit_target: Amount | None
    exit_trail: Amount | None
    leverage: Amount | None = Field(description="Of a perpetual: that of the last order that opened it.")
    margin_mode: str = Field(description="Of a perpetual: isolated, since it can lose no more than its margin.")
    margin: Amount | None = Field(description="Of a perpetual: what stands for it, in quote.")
    margin_shortfall: Amount = Field(
        description="What of its margin is not held, because its wallet has no more, in quote."
    )
    liquidation_price: Amount | None = Field(description="Of a perpetual: where it is closed, its margin used up.")
    funding: Amount = Field(description="What funding has brought it, less what it took, in quote.")
    exit_fee: Amount | None = Field(description="What closing all of it at the mark would cost now, about, in quote.")
    profit_if_left: Amount | None = Field(
        description="What the trade would have made if all of it were closed at the mark now, fees paid, in quote."
    )
    entry_reason: Words
    opened_at: datetime


class TradeOut(RowOut):
    """A closed position; `pnl` is net of all fees, in quote."""

    id: UUID
    wallet_id: UUID
    symbol: str
    direction: str
    quantity: Amount
    entry_price: Amount
    exit_price: Amount | None
    fees: Amount
    pnl: Amount
    pnl_return: Amount | None
    entry_reason: Words
    exit_reason: Words
    opened_at: datetime
    closed_at: datetime


class RoundTripOut(RowOut):
    """A position from its first fill on. `quantity` is what is open now, "0" once it is closed.

    `pnl` is net of all fees that were paid: of what was sold so far while it is open. What depends on the price is null
    while there is none, or nothing is open.
    """

    id: UUID
    wallet_id: UUID
    symbol: str
    direction: str
    quantity: Amount
    entry_quantity: Amount
    entry_price: Amount
    exit_quantity: Amount
    exit_price: Amount | None
    mark: Amount | None
    value: Amount | None
    unrealized_pnl: Amount | None
    pnl: Amount
    fees: Amount
    break_even: Amount | None
    stop_rests: bool = Field(description="Whether the venue has its stop now; else Moniqo watches it.")
    exit_stop: Amount | None
    exit_target: Amount | None
    exit_trail: Amount | None
    leverage: Amount | None = Field(description="Of a perpetual: that of the last order that opened it.")
    margin: Amount | None = Field(description="Of a perpetual: what stands for it, in quote.")
    margin_shortfall: Amount = Field(
        description="What of its margin is not held, because its wallet has no more, in quote."
    )
    liquidation_price: Amount | None = Field(description="Of a perpetual: where it is closed, its margin used up.")
    funding: Amount = Field(description="What funding has brought it, less what it took, in quote.")
    entry_reason: Words
    exit_reason: Words
    opened_at: datetime
    closed_at: datetime | None
    orders: list[OrderOut]
    fills: list[FillOut]


class AdoptIn(Body):
    """In which spot market of the wallet's venue it is to be a position."""

    symbol: str = Field(max_length=40, examples=["BTC/USDT"])


class AdoptedOut(Schema):
    """The open position with what was taken up; `entry_reason` says that it was not bought."""

    id: UUID
    wallet_id: UUID
    quantity: Amount
    entry_price: Amount
    entry_reason: Words


class StillOpenOut(Schema):
    """A position that is not closed yet, and why; `order_id` is what it waits for, or what came to nothing."""

    position_id: UUID
    wallet_id: UUID
    symbol: str
    why: Words
    order_id: UUID | None


class LeavingOut(Schema):
    """How far leaving everything is: ask again until `is_done`, then collect. `exits` were placed just now."""

    is_done: bool
    exits: list[UUID]
    open: list[StillOpenOut]


class OrderIn(Body):
    """An order of `quantity` (base asset) in whole lots: anything else is refused with 422, which names the nearest.

    At the market, unless its `type` is `limit`: then it is filled at `limit_price` (quote, a multiple of the tick) or
    better, and `time_in_force` says how long it is good: until it is cancelled (`gtc`, which is meant where nothing is
    said), with what is there at once (`ioc`), all of it at once or nothing (`fok`), or until `expires_at` (`gtd`). One
    that is `post_only` rests and takes nothing that is there. What the venue does not take is refused with 422.

    A `stop` waits until the market is as bad as its `trigger_price` (the bid for a sale, the ask for a buy) and is sent
    then at the market, a `stop_limit` within its limit; a `take_profit` waits until it is as good; the trigger of a
    `trailing_stop` stays `trail` (quote), `trail_share` (of the price) or `trail_atr` average true ranges (of the last
    14 candles of `trail_timeframe`, as they are when it is placed) behind the best one. An `oco` has two triggers, the
    bad `trigger_price` and the good `target_price`: whichever is reached first sends it, once. They wait in Moniqo,
    which has to run; an old price sends nothing. A trigger that the market has reached already is refused with 422.

    A perpetual of a paper account is bought and sold without holding any of it: an order against the position makes it
    smaller, and what goes beyond it opens the other side, at the market alone. One that is `reduce_only` and would do
    anything else is refused, and so are a `leverage` above the market's `max_leverage` and a margin that is not there.

    `exit_stop` and `exit_target` (quote) protect the position that a buy opens: it is sold when the bid reaches one of
    them (a short is bought back when the ask does), until it is closed, in a halted wallet too. With `exit_trail` the
    stop follows so far below the best bid, or above the best ask. They are rounded to the nearest tick; a level that
    the market has reached already, and a trail that is not below it, is refused with 422.
    """

    wallet_id: UUID
    symbol: str = Field(max_length=40, examples=["BTC/USDT"])
    side: Literal["buy", "sell"]
    quantity: PositiveAmount
    type: Literal["market", "limit", "stop", "stop_limit", "take_profit", "trailing_stop", "oco"] = "market"
    limit_price: PositiveAmount | None = None
    trigger_price: PositiveAmount | None = None
    trail: PositiveAmount | None = None
    trail_share: PositiveShare | None = None
    trail_atr: PositiveAmount | None = None
    trail_timeframe: Literal["1m", "5m", "15m", "1h", "4h", "1d"] | None = None
    target_price: PositiveAmount | None = None
    time_in_force: Literal["gtc", "ioc", "fok", "gtd"] | None = None
    expires_at: AwareDatetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    leverage: PositiveAmount | None = Field(
        None, description="Of a perpetual: how many times its margin what it opens is worth; 1 where nothing is said."
    )
    exit_stop: PositiveAmount | None = None
    exit_target: PositiveAmount | None = None
    exit_trail: PositiveAmount | None = None
    reason: str = Field("", max_length=200)


class OrderPreviewOut(Schema):
    """What an order would do now; nothing was placed. Quantities in base, all else in quote.

    `limit` names what would refuse it, empty when it is `allowed`. `fee` is what the venue charges for taking and
    `spread` what half the way between bid and ask costs; `position` and `free` are of before and after, `risk` what the
    way to its stop costs and `value` what the wallet is worth, null where that is not known. `stop` is where its stop
    stands at first: one that follows may stand above `exit_stop`.
    """

    allowed: bool
    limit: str
    explanation: Words
    quantity: Amount
    price: Amount
    notional: Amount
    fee: Amount
    spread: Amount = Field(description="What half the way between bid and ask costs, in quote.")
    slippage: Amount | None = Field(
        description="What an order at the market costs beside the middle of bid and ask, half the spread included, in "
        "quote: what the paper exchange would fill it at now. Null where it rests or waits, or has no price."
    )
    slippage_bps: Amount | None = Field(description="The same in basis points of its worth at the middle.")
    slippage_by: Literal["book", "model", ""] = Field(
        description="How it was found: it walks the `book` of `walked_at`, or the participation `model` says it."
    )
    walked_at: datetime | None = Field(description="When the exchange was asked for that book.")
    position: Amount = Field(description="What the wallet holds of it now, in base.")
    position_after: Amount = Field(description="What it would hold afterwards, in base.")
    free: Amount
    free_after: Amount
    value: Amount | None
    exit_stop: Amount | None
    exit_target: Amount | None
    exit_trail: Amount | None
    stop: Amount | None = Field(description="Where its stop stands at first, in quote.")
    margin: Amount | None = Field(description="Of a perpetual: what would stand for the position afterwards, in quote.")
    liquidation_price: Amount | None = Field(
        description="Of a perpetual: where the position would be liquidated afterwards, null where no price is as bad."
    )
    risk: Amount | None = Field(description="What the way from the price to the stop costs, in quote.")


class LevelsIn(Body):
    """The levels of an open position, in quote: what is left out stays, null takes a level away.

    They are rounded to the nearest tick; one that the bid has reached already is refused with 422. A stop follows at
    `exit_trail` below the best bid from the next price on, and never moves back by itself.
    """

    exit_stop: PositiveAmount | None = None
    exit_target: PositiveAmount | None = None
    exit_trail: PositiveAmount | None = None


class Narrow(Schema):
    """`wallet_id` includes every wallet below it; 404 for one that you do not have."""

    wallet_id: UUID | None = None
    symbol: str | None = None


class OrderNarrow(Narrow):
    """`status` takes what `outcome` says, and `unfinished`: `refused` are those that the gate refused, `rejected`
    those that the venue did."""

    status: OrderStatus | None = None


class StopIn(Body):
    policy: Literal["flatten", "keep", "close_derivatives"]


class StopOut(Schema):
    """An emergency stop: `running` until all of it is done; `result` says what is done or what it waits for."""

    id: UUID
    wallet_id: UUID
    policy: str
    status: str
    result: Words
    created_at: datetime
    done_at: datetime | None


class StoppedOrderOut(Schema):
    id: UUID
    wallet_id: UUID
    side: str


class StoppedPositionOut(Schema):
    """`value` at the last price, in the quote asset; `loses` are the stop and the target that go with what is sold."""

    id: UUID
    wallet_id: UUID
    symbol: str
    quantity: Amount
    value: Amount | None
    is_sold: bool
    loses: list[str]


class StopPreviewOut(Schema):
    orders: list[StoppedOrderOut]
    positions: list[StoppedPositionOut]
    notes: list[Words]

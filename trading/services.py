"""Everything that writes orders, fills, positions and limits.

* `placing`: intents become rows, each with the gate's decision and a hold on funds, in one transaction;
* `previewing`: what an order would do, judged by the same gate and not written;
* `sending`: the row meets the venue, outside of any transaction, and whatever happens is resolved later;
* `together`: many of them meet their venues at once;
* `recording`: what the venue said becomes fills, entries, positions and the order's state, in one transaction;
* `cancelling`: the wish to end an order is a row as well, and is carried out like one;
* `amending`: an order that rests gets other terms: another takes its place; one that waits too (`amending_waiting`);
* `changing`: a venue that changes orders by itself is asked to, and another stands for what it did;
* `cancelling_all`: many orders end at once, after their owner has seen which;
* `adopting`: orders that somebody placed at a venue are known here too;
* `told`: a venue has told by itself that something happened to orders: it is asked about them;
* `moving`: a person or a program moves the levels of a position;
* `adopting`: what a wallet holds without a trade becomes a position;
* `closing`: a person leaves a position, or everything below a wallet is left;
* `exits`: the stop and the target of a position are carried out, and its liquidation;
* `funding`: what positions in perpetuals receive and pay every eight hours is booked;
* `shortfalls`: what is missing of a margin is held as its wallet has it;
* `stopping`: the emergency stop of a wallet and all below it;
* `limits`: what the user allows;
* `daily_loss`: who has lost what they may lose in a day;
* `locks`: what protections hold back for a while.
"""

from trading.orders.adopting import accounts_to_compare, compare_orders
from trading.orders.amending import RISKS as RISKS_OF_AMENDING
from trading.orders.amending import amend_order, due_amendments, finish_amendment, way_of
from trading.orders.cancelling import cancel_order, end_in_time, orders_past_their_time, request_cancellation
from trading.orders.cancelling_all import Which, cancel_all
from trading.orders.cancelling_all import preview_all as preview_cancelling_all
from trading.orders.changing import change_order
from trading.orders.closing import BEFORE_COLLECTING, Closing, StillOpen, close_all, close_position
from trading.orders.exits import keep_protection
from trading.orders.forgetting import DECISIONS, EVENTS
from trading.orders.funding import settle_account as settle_funding
from trading.orders.intents import OrderConflictError, Place, Terms
from trading.orders.placing import Batch, place_order
from trading.orders.previewing import Preview, preview_order, quantity_of
from trading.orders.recording import record_report
from trading.orders.sending import execute_order, resolve_order, resolve_together
from trading.orders.shortfalls import accounts_short_of_margin, make_up_margins
from trading.orders.stopping import call_off, due_stops, preview_stop, stop
from trading.orders.stopping import carry_out as carry_out_stop
from trading.orders.terms import Limit, require_lots
from trading.orders.together import execute_together
from trading.orders.told import look_at_orders
from trading.positions.adopting import adopt, unclaimed
from trading.positions.levels import WrongSideError
from trading.positions.moving import move_levels
from trading.risk.daily_loss import watch as watch_daily_losses
from trading.risk.daily_loss import watched as watched_for_daily_losses
from trading.risk.limits import set_limits
from trading.risk.locks import end_what_is_over, watch_drawdowns, watched_drawdowns

__all__ = (
    "BEFORE_COLLECTING",
    "DECISIONS",
    "EVENTS",
    "RISKS_OF_AMENDING",
    "Batch",
    "Closing",
    "Limit",
    "OrderConflictError",
    "Place",
    "Preview",
    "StillOpen",
    "Terms",
    "Which",
    "WrongSideError",
    "accounts_short_of_margin",
    "accounts_to_compare",
    "adopt",
    "amend_order",
    "call_off",
    "cancel_all",
    "cancel_order",
    "carry_out_stop",
    "change_order",
    "close_all",
    "close_position",
    "compare_orders",
    "due_amendments",
    "due_stops",
    "end_in_time",
    "end_what_is_over",
    "execute_order",
    "execute_together",
    "finish_amendment",
    "keep_protection",
    "look_at_orders",
    "make_up_margins",
    "move_levels",
    "orders_past_their_time",
    "place_order",
    "preview_cancelling_all",
    "preview_order",
    "preview_stop",
    "quantity_of",
    "record_report",
    "request_cancellation",
    "require_lots",
    "resolve_order",
    "resolve_together",
    "set_limits",
    "settle_funding",
    "stop",
    "unclaimed",
    "watch_daily_losses",
    "watch_drawdowns",
    "watched_drawdowns",
    "watched_for_daily_losses",
    "way_of",
)

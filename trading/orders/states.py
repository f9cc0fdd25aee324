"""The life of an order, as a table.

    draft → submitting → open → partially_filled → filled | cancelled | rejected | expired

`waiting` is where an order is until the market reaches its trigger: then it is sent.
`uncertain` is where an order waits while nobody knows whether the venue has it; it leaves only with the venue's word.
Terminal states have no way out. The same table stands in the database as a trigger, so no code path can go around it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kit.errors import ConflictError

DRAFT: Final = "draft"
WAITING: Final = "waiting"
SUBMITTING: Final = "submitting"
OPEN: Final = "open"
PARTIALLY_FILLED: Final = "partially_filled"
FILLED: Final = "filled"
CANCELLED: Final = "cancelled"
REJECTED: Final = "rejected"
EXPIRED: Final = "expired"
UNCERTAIN: Final = "uncertain"

TERMINAL: Final = frozenset({FILLED, CANCELLED, REJECTED, EXPIRED})
UNFINISHED: Final = frozenset({DRAFT, WAITING, SUBMITTING, OPEN, PARTIALLY_FILLED, UNCERTAIN})
# Of what is no market order: it waits for a price.
RESTING: Final = frozenset({WAITING, OPEN, PARTIALLY_FILLED})
ON_ITS_WAY: Final = frozenset({SUBMITTING, UNCERTAIN})
# The wish to end one that is on its way is kept, and carried out once the venue has answered.
CANCELLABLE: Final = frozenset({WAITING, SUBMITTING, OPEN, PARTIALLY_FILLED, UNCERTAIN})

# From any of these the venue's answer may take an order to wherever the venue says it is.
_ANSWERS: Final = frozenset({OPEN, PARTIALLY_FILLED, UNCERTAIN}) | TERMINAL

NEXT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        DRAFT: frozenset({WAITING, SUBMITTING, REJECTED}),
        WAITING: frozenset({SUBMITTING, CANCELLED, EXPIRED}),
        SUBMITTING: _ANSWERS,
        OPEN: _ANSWERS - {OPEN},
        # What was filled stays filled: the rest may end, the whole is never rejected or unfilled again.
        PARTIALLY_FILLED: frozenset({FILLED, CANCELLED, EXPIRED, UNCERTAIN}),
        # Back to submitting only when the venue, asked after the grace, does not know the order.
        UNCERTAIN: (_ANSWERS | {SUBMITTING}) - {UNCERTAIN},
        **{status: frozenset() for status in TERMINAL},
    }
)


class TransitionError(ConflictError):
    """An order cannot go from where it is to where it was sent."""

    code = "order_transition"


def is_allowed(before: str, after: str) -> bool:
    """Whether an order may go from `before` to `after` in one step; staying is no step."""
    return after in NEXT[before]


def check(before: str, after: str) -> None:
    """Raise TransitionError unless the step is allowed or is none."""
    if before != after and not is_allowed(before, after):
        raise TransitionError(f"Look at the order again: it is {before} and cannot become {after}.")

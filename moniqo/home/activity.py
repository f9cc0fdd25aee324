"""What happened lately, newest first, from one query over everything that leaves a trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.urls import reverse

MOST: Final = 12

# Each part reads its newest rows by its own index; what it says is put into words below.
_ACTIVITY: Final = """
(
    SELECT 'funds' AS kind, moved.created_at AS at, moved.kind AS what, moved.amount, moved.asset,
           coalesce(source.name, '') AS name, coalesce(target.name, '') AS other,
           coalesce(moved.target_id, moved.source_id)::text AS link
    FROM wallets_fundallocation AS moved
    LEFT JOIN wallets_wallet AS source ON source.id = moved.source_id
    LEFT JOIN wallets_wallet AS target ON target.id = moved.target_id
    WHERE moved.owner_id = %(owner)s
    ORDER BY moved.created_at DESC LIMIT %(most)s
)
UNION ALL
(
    SELECT 'closed', position.closed_at, position.exit_reason, position.realized_pnl, instrument.quote,
           wallet.name, instrument.symbol, position.id::text
    FROM trading_position AS position
    JOIN wallets_wallet AS wallet ON wallet.id = position.wallet_id
    JOIN markets_instrument AS instrument ON instrument.id = position.instrument_id
    WHERE position.owner_id = %(owner)s AND position.closed_at IS NOT NULL
    ORDER BY position.closed_at DESC LIMIT %(most)s
)
UNION ALL
(
    SELECT 'opened', position.opened_at, position.entry_reason, position.entry_quantity, instrument.base,
           wallet.name, instrument.symbol, position.id::text
    FROM trading_position AS position
    JOIN wallets_wallet AS wallet ON wallet.id = position.wallet_id
    JOIN markets_instrument AS instrument ON instrument.id = position.instrument_id
    WHERE position.owner_id = %(owner)s
    ORDER BY position.opened_at DESC LIMIT %(most)s
)
UNION ALL
(
    SELECT 'refused', placed.created_at, placed.refusal, placed.quantity, instrument.base, wallet.name,
           instrument.symbol, placed.id::text
    FROM trading_order AS placed
    JOIN wallets_wallet AS wallet ON wallet.id = placed.wallet_id
    JOIN markets_instrument AS instrument ON instrument.id = placed.instrument_id
    WHERE placed.owner_id = %(owner)s AND placed.status IN ('rejected', 'uncertain')
    ORDER BY placed.created_at DESC LIMIT %(most)s
)
UNION ALL
(
    SELECT 'sync', run.created_at, run.status, NULL, '', connection.name, run.error, connection.id::text
    FROM wallets_syncrun AS run
    JOIN wallets_connection AS connection ON connection.id = run.connection_id
    WHERE run.owner_id = %(owner)s AND run.status IN ('drift', 'failed')
    ORDER BY run.created_at DESC LIMIT %(most)s
)
UNION ALL
(
    SELECT 'joined', work.started_at, '', NULL, '', agent.name, farm.name, agent.id::text
    FROM farms_agentfarmassignment AS work
    JOIN farms_agent AS agent ON agent.id = work.agent_id
    JOIN farms_farm AS farm ON farm.id = work.farm_id
    WHERE work.owner_id = %(owner)s
    ORDER BY work.started_at DESC LIMIT %(most)s
)
ORDER BY at DESC LIMIT %(most)s
"""

ICONS: Final = {
    "deposit": "arrow-down-to-line",
    "allocate": "split",
    "collect": "merge",
    "closed": "arrow-left-right",
    "opened": "layers-2",
    "refused": "triangle-alert",
    "sync": "triangle-alert",
    "joined": "cpu",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a sentence in two halves around an amount, which a page may mask.

    `tone` is "", "warn" or "bad". `is_profit` says that the amount is one and carries a sign.
    """

    at: datetime
    icon: str
    before: str
    amount: Decimal | None
    asset: str
    after: str
    url: str
    tone: str = ""
    is_profit: bool = False


def recent_activity(*, owner_id: UUID, most: int = MOST) -> Sequence[Event]:
    """The newest events of the owner: money moved, positions, refused orders, sync problems, agents at work."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVITY, {"owner": owner_id, "most": most})
        return [_event(*row) for row in cursor.fetchall()]


def _event(
    kind: str, at: datetime, what: str, amount: Decimal | None, asset: str, name: str, other: str, link: str
) -> Event:
    match kind:
        case "funds":
            return _funds(at, what, amount, asset, name, other, link)
        case "closed":
            return Event(
                at, ICONS[kind], f"{name} closed {other}:", amount, asset, _because(what),
                reverse("trading:trades"), is_profit=True,
            )  # fmt: skip
        case "opened":
            return Event(at, ICONS[kind], f"{name} opened", amount, asset, _because(what), reverse("trading:positions"))
        case "refused":
            url = reverse("trading:order", args=[link])
            return Event(at, ICONS[kind], f"{name} did not get", amount, asset, _because(what), url, "warn")
        case "joined":
            return Event(at, ICONS[kind], f"{name} joined {other}", None, "", "", reverse("farms:agent", args=[link]))
    problem = "Books and venue differ" if what == "drift" else "Sync failed"
    return Event(
        at, ICONS["sync"], f"{problem} at {name}", None, "", _because(other), reverse("wallets:connections"), "bad"
    )


def _funds(at: datetime, what: str, amount: Decimal | None, asset: str, name: str, other: str, link: str) -> Event:
    verbs = {"deposit": ("Deposited", f"to {other}"), "collect": ("Collected", f"from {name}")}
    before, after = verbs.get(what, ("Allocated", f"to {other}"))
    return Event(at, ICONS.get(what, "split"), before, amount, asset, after, reverse("wallets:wallet", args=[link]))


def _because(reason: str) -> str:
    return f"· {reason}" if reason else ""

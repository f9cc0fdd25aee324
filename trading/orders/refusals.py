"""What an agent wants and the gate refuses is told to its owner: nobody sits there and reads the answer.

One alert per agent's wallet and side, counted up while it goes on; the next order of that side that passes ends it.
"""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from kit.alerts.links import about
from kit.alerts.services import raise_alert, resolve_alerts
from trading.models import Order
from trading.orders import states
from wallets.models import Wallet


def tell_of_refusals(orders: Collection[Order]) -> None:
    """After orders were placed: raise for those of agents that were refused, resolve for those that passed."""
    passed: dict[UUID, list[str]] = defaultdict(list)
    for order in orders:
        if order.wallet.role != Wallet.Role.AGENT or order.protects_id is not None:
            continue
        key = f"refused:{order.wallet_id}:{order.side}"
        if order.status != states.REJECTED:
            passed[order.owner_id].append(key)
            continue
        raise_alert(
            owner_id=order.owner_id,
            key=key,
            title=f"The gate refuses what {order.wallet.name} wants to {order.side}",
            body="{refusal}",
            about=about("order", order.pk),
            refusal=order.refusal,
        )
    for owner_id, keys in passed.items():
        resolve_alerts(owner_id=owner_id, keys=keys)

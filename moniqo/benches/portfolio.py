"""What Portfolio costs with 100 wallets, 1,000,000 snapshots and 50,000 trades: statements and server time per request.

The demo's fund on a throw-away cluster, its history multiplied as in `growth`, with further agents' wallets that hold
money. Beside it stand, in the same run, a statement that does nothing and the page of the demo as it was built.
"""

import json
import os
import sys
from typing import Any, Final
from uuid import UUID

from kit.embedded.postgres import SUPERUSER
from moniqo.benches.cluster import cluster, environment, measure_apart
from moniqo.benches.growth import ADMIN

WALLETS: Final = 100
POSITIONS: Final = 50_000
REQUESTS: Final = 200
NOTHING: Final = "reference: a statement that does nothing, ms"


def portfolio() -> dict[str, float]:
    """Statements, milliseconds at the median and the 95th percentile, small and at the stated size."""
    with cluster() as server:
        given = environment(server) | {ADMIN: server.url(SUPERUSER), "MONIQO_DEMO_LATENCY_MS": "0"}
        return measure_apart("moniqo.benches.portfolio", given=given)


def measure() -> dict[str, float]:
    """In a process of its own, on the throw-away cluster."""
    from moniqo.benches.growth import counts, multiply
    from moniqo.demo import rehearsal, trader

    user, _ = trader.prepare()
    rehearsal.build(owner_id=user.pk, candles=None, say=lambda text: None)
    figures = _page(user, "small")
    _hire(user.pk)
    multiply(user.pk, positions=POSITIONS)
    figures |= _page(user, "at size") | {NOTHING: _nothing()} | counts(user.pk)
    figures["wallets"] = float(_wallets(user.pk))
    figures["load of the machine"] = os.getloadavg()[0]
    return figures


def _page(user: Any, when: str) -> dict[str, float]:
    from moniqo.benches.pages import measured, signed_in

    found = measured(signed_in(user), "Portfolio", "/", REQUESTS)
    return {
        f"statements, {when}": float(found.queries),
        f"p50 ms, {when}": found.p50_ms,
        f"p95 ms, {when}": found.p95_ms,
    }


def _hire(owner_id: UUID) -> None:
    """Wallets with money of their own below the first farm, until there are `WALLETS`."""
    from decimal import Decimal

    from kit import tenancy
    from wallets.ledger import AccountRef, Leg, post
    from wallets.models import Account, PostingKind, Wallet

    with tenancy.tenant(owner_id):
        farm = Wallet.objects.filter(role=Wallet.Role.FARM).order_by("created_at")[0]
        for number in range(WALLETS - Wallet.objects.count()):
            wallet = Wallet.objects.create(
                owner_id=owner_id, connection_id=farm.connection_id, name=f"Further {number}", parent=farm,
                role=Wallet.Role.AGENT, base_asset=farm.base_asset,
            )  # fmt: skip
            source, target = (
                AccountRef(wallet.pk, farm.base_asset, kind) for kind in (Account.Kind.EXTERNAL, Account.Kind.WALLET)
            )
            legs = [Leg(source, target, Decimal(100))]
            post(owner_id=owner_id, key=f"bench {number}", kind=PostingKind.DEPOSIT, legs=legs)


def _wallets(owner_id: UUID) -> int:
    from kit import tenancy
    from wallets.models import Wallet

    with tenancy.tenant(owner_id):
        return Wallet.objects.filter(owner_id=owner_id).count()


def _nothing() -> float:
    from moniqo.benches.snapshots import took

    return min(took("SELECT 1") for _ in range(REQUESTS))


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(measure()) + "\n")

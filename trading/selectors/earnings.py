"""What wallets have realized by trading, for whoever moves their money."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from markets.prices import price_in
from wallets.models import Account, Wallet

# Before the first trade there can be.
BEGINNING: Final = datetime(2009, 1, 1, tzinfo=UTC)


def of_wallets(owner_id: UUID) -> dict[UUID, Decimal | None]:
    """Of the closed trades of each wallet, and of its derivatives, net of fees and with their funding payments.

    In its base asset; None where another asset has no price.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallet_id, quote, profit FROM wallet_profits(%s, %s)", [owner_id, BEGINNING])
        rows = cursor.fetchall()
    kinds = (Account.Kind.PROFIT, Account.Kind.FUNDING, Account.Kind.COSTS)
    of_derivatives = Account.objects.filter(owner_id=owner_id, kind__in=kinds).exclude(balance=0)
    rows += [
        (wallet_id, asset, -balance)
        for wallet_id, asset, balance in of_derivatives.values_list("wallet_id", "asset", "balance")
    ]
    places = {
        pk: (base, venue)
        for pk, base, venue in Wallet.objects.filter(pk__in={row[0] for row in rows}).values_list(
            "pk", "base_asset", "connection__venue"
        )
    }
    earned: dict[UUID, Decimal | None] = {}
    rates: dict[tuple[str, str, str], Decimal | None] = {}
    for wallet_id, quote, profit in rows:
        base, venue = places[wallet_id]
        market = (quote, base, venue)
        if market not in rates:
            found = None if quote == base else price_in(asset=quote, base=base, venue=venue)
            rates[market] = Decimal(1) if quote == base else found.price if found else None
        rate, before = rates[market], earned.get(wallet_id, Decimal(0))
        earned[wallet_id] = None if rate is None or before is None else before + profit * rate
    return earned

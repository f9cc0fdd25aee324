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


def of_derivatives(owner_id: UUID, since: datetime = BEGINNING) -> list[tuple[UUID, str, Decimal]]:
    """(wallet, asset, profit) of what derivatives brought from `since` on, with funding, less fees: by the books."""
    kinds = (Account.Kind.PROFIT, Account.Kind.FUNDING, Account.Kind.COSTS)
    accounts = list(Account.objects.filter(owner_id=owner_id, kind__in=kinds, wallet__isnull=False))
    before: dict[int, Decimal] = {}
    if accounts and since > BEGINNING:
        with connection.cursor() as cursor:
            ids = [account.pk for account in accounts]
            cursor.execute("SELECT account_id, balance FROM ledger_as_of(%s, NULL, %s)", [ids, since])
            before = dict(cursor.fetchall())
    brought = ((one.wallet_id, one.asset, before.get(one.pk, Decimal(0)) - one.balance) for one in accounts)
    return [row for row in brought if row[2]]


def of_wallets(owner_id: UUID) -> dict[UUID, Decimal | None]:
    """Of the closed trades of each wallet, and of its derivatives, net of fees and with their funding payments.

    In its base asset; None where another asset has no price.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallet_id, quote, profit FROM wallet_profits(%s, %s)", [owner_id, BEGINNING])
        rows = cursor.fetchall()
    rows += of_derivatives(owner_id)
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

"""What shall be listened to now: accounts of people, and the prices that somebody follows.

Read again every few seconds; what makes a line another line (a new key, another address, a connection that was made
active again) is part of it, so that the old one ends and a new one begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max

from kit import tenancy
from markets.exchanges import Access
from markets.models import Instrument
from wallets.models import Connection, Platform
from wallets.sync.following import exchanges_to_follow
from wallets.venues.capabilities import STREAMED_ACCOUNTS, STREAMED_PRICES
from wallets.venues.ccxt.opening import access_of
from wallets.venues.credentials import read_credentials


@dataclass(frozen=True, slots=True)
class Place:
    """What of a platform's row says where its sockets are."""

    slug: str
    base_url: str
    is_sandbox: bool
    options: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account to listen to. Its key is no part of it, only when it was entered."""

    connection_id: UUID
    owner_id: UUID
    name: str = field(compare=False)
    place: Place
    since: datetime | None
    keys: datetime
    fields: int


@dataclass(frozen=True, slots=True)
class PriceLine:
    """The markets of an exchange whose prices somebody follows, by symbol."""

    place: Place
    symbols: tuple[str, ...]


def wanted_accounts() -> dict[UUID, AccountLine]:
    """Every active account with a key at a venue that tells by itself, of everybody."""
    with tenancy.system():
        rows = (
            Connection.objects.filter(
                state=Connection.State.ACTIVE, is_paper=False, platform__adapter="ccxt", platform__in=STREAMED_ACCOUNTS
            )
            .alias(fields=Count("credentials"))
            .filter(fields__gt=0)
            .annotate(keys=Max("credentials__updated_at"), number=Count("credentials"))
            .order_by()
            .values_list("pk", "owner_id", "name", "platform_id", "active_since", "keys", "number")
        )
        found = list(rows)
    places = _places({row[3] for row in found})
    return {
        pk: AccountLine(pk, owner_id, name, places[slug], since, keys, number)
        for pk, owner_id, name, slug, since, keys, number in found
    }


def wanted_prices() -> dict[str, PriceLine]:
    """Every exchange whose prices are collected, by its name, as far as it tells them by itself."""
    feed = settings.FEED.removeprefix("ccxt:") if settings.FEED.startswith("ccxt:") else ""
    slugs = STREAMED_PRICES & {*exchanges_to_follow(), feed}
    if not slugs:
        return {}
    symbols: dict[str, list[str]] = {}
    followed = Instrument.objects.filter(venue__in=slugs, is_active=True, is_simulated=False, prices_of=None).order_by(
        "symbol"
    )
    for venue, symbol in followed.values_list("venue", "symbol"):
        symbols.setdefault(venue, []).append(symbol)
    places = _places(symbols)
    return {slug: PriceLine(places[slug], tuple(symbols[slug])) for slug in symbols.keys() & places.keys()}


def access_of_account(line: AccountLine) -> Access:
    """Where to listen, with the key in clear: for the one session that is opened with it.

    Raises MoniqoError when the key cannot be read, or the connection is not active any more.
    """
    with tenancy.tenant(line.owner_id):
        connection = Connection.objects.select_related("platform").get(pk=line.connection_id)
        return access_of(connection.platform, read_credentials(connection=connection))


def access_of_prices(line: PriceLine) -> Access:
    """Where to listen to public prices, which are those of the exchange itself and never of its test system."""
    platform = Platform.objects.get(slug=line.place.slug)
    platform.is_sandbox = False
    return replace(access_of(platform, {}), credentials={})


def _places(slugs: Any) -> Mapping[str, Place]:
    rows = Platform.objects.filter(slug__in=list(slugs))
    return {row.slug: Place(row.slug, row.base_url, row.is_sandbox, repr(sorted(row.options.items()))) for row in rows}

"""The wiring of the adapter: from a connection's row to a session, the only module here that knows the tables."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from django.conf import settings

from kit import clock
from kit.errors import ConflictError
from markets.exchanges import Access
from markets.models import Instrument
from wallets.models import Connection, Platform
from wallets.venues.capabilities import capabilities_of
from wallets.venues.ccxt.adapter import CcxtVenue
from wallets.venues.ccxt.dialects import dialect_of
from wallets.venues.credentials import read_credentials

# Our names of credentials, and ccxt's.
CREDENTIALS: Final[Mapping[str, str]] = {
    "api_key": "apiKey",
    "secret": "secret",
    "password": "password",
    "uid": "uid",
    "private_key": "privateKey",
    "wallet_address": "walletAddress",
    "token": "token",
}


def open_ccxt_venue(connection: Connection) -> CcxtVenue:
    """The connection's account at its exchange. Raises CredentialError when the credentials cannot be read."""
    return open_platform(
        connection.platform, read_credentials(connection=connection), symbols=partial(_symbols, connection.venue)
    )


def open_platform(
    platform: Platform, credentials: Mapping[str, str], *, symbols: Callable[[], Sequence[str]] | None = None
) -> CcxtVenue:
    """An account at the platform with these credentials, named as we or as ccxt name them; others are left out.

    `symbols` are the markets to ask about where the exchange wants one named: the instruments that are known, if not
    given. A private key is often pasted on one line, with its line breaks written out: they are put back.
    """
    return CcxtVenue(
        access=access_of(platform, credentials),
        dialect=dialect_of(platform.slug),
        symbols=symbols or partial(_symbols, platform.slug),
        clock=clock.now,
    )


def access_of(platform: Platform, credentials: Mapping[str, str]) -> Access:
    """Where and as whom to talk to the platform, by question or by socket; credentials as for `open_platform`."""
    if platform.is_sandbox and capabilities_of(platform.slug)["sandbox"].works == "no":
        raise ConflictError(f"Ask the operator: {platform.slug} has no test system to connect to.")
    named = {CREDENTIALS.get(name, name): value.replace("\\n", "\n") for name, value in credentials.items() if value}
    return Access(
        exchange_id=platform.slug,
        credentials={name: value for name, value in named.items() if name in CREDENTIALS.values()},
        base_url=settings.CCXT_BASE_URL or platform.base_url,
        is_sandbox=platform.is_sandbox and not settings.CCXT_BASE_URL,
        options={**dialect_of(platform.slug).options, **platform.options},
        throttles=not settings.CCXT_BASE_URL,
        timeout_ms=settings.VENUE_TIMEOUT_MS,
    )


def _symbols(venue: str) -> list[str]:
    """The venue's markets that are known here: what can be ordered through us."""
    rows = Instrument.objects.filter(venue=venue, is_active=True, is_simulated=False, prices_of=None)
    return list(rows.order_by("symbol").values_list("symbol", flat=True))

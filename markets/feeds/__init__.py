"""Where prices come from. The setting `MONIQO_FEED` names one: `simulated`, or `ccxt:<exchange>` for public prices."""

from django.conf import settings

from kit.errors import InvalidInputError
from kit.live.publish import broadcast
from markets.feeds import ccxt
from markets.services import generate_history, play_simulated_markets, simulated_since

SIMULATED = "simulated"
CCXT = "ccxt:"


def collect() -> list[int]:
    """Collect prices once and tell every open page; returns the ids of the instruments that have a new price.

    Simulated markets that exist are played on whatever the feed, so paper accounts on them never stand still.
    """
    feed = settings.FEED
    if feed == SIMULATED:
        if simulated_since(SIMULATED) is None:
            generate_history()
        quoted = play_simulated_markets()
    elif feed.startswith(CCXT):
        quoted = play_simulated_markets() + ccxt.collect(feed.removeprefix(CCXT))
    else:
        raise InvalidInputError(f"Set MONIQO_FEED to simulated or ccxt:<exchange>: {feed!r} is neither.")
    if quoted:
        broadcast(event="prices", data={"instruments": quoted})
    return quoted

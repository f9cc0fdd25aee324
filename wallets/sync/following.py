"""Prices of the exchanges that accounts are at: their balances are valued by them, and their orders placed at them."""

import logging

from django.conf import settings

from kit import tenancy
from kit.live.publish import broadcast
from markets.exchanges import FeedError
from markets.feeds import ccxt
from markets.models import Instrument
from wallets.models import Connection, Platform
from wallets.sync.listing import parent_of

logger = logging.getLogger(__name__)


def exchanges_to_follow() -> list[str]:
    """The exchanges whose spot markets price somebody's active account and that the feed does not follow anyway."""
    with tenancy.system():
        active = Connection.objects.filter(state=Connection.State.ACTIVE, is_paper=False, platform__adapter="ccxt")
        spot = active.filter(platform__capabilities__contains=[Platform.Capability.SPOT])
        names = set(spot.order_by().values_list("venue", flat=True).distinct())
        others = set(active.order_by().values_list("venue", flat=True).distinct()) - names
    parents = {parent.slug for venue in others if (parent := parent_of(venue))}
    # Of a parent that nobody's account needed yet there is nothing to follow.
    needed = set(Instrument.objects.filter(venue__in=parents).order_by().values_list("venue", flat=True).distinct())
    return sorted((names | needed) - {settings.FEED.removeprefix("ccxt:")})


def collect_exchange(slug: str) -> list[int]:
    """Bring the exchange's tickers and candles up to now and tell every open page; the instruments with a new price.

    One that stays away is asked again with the next round, and prices show their age meanwhile.
    """
    base_url = Platform.objects.filter(slug=slug).values_list("base_url", flat=True).first() or ""
    try:
        quoted = ccxt.collect(slug, base_url)
    except FeedError as error:
        logger.warning("%s: %s", slug, error)
        return []
    if quoted:
        broadcast(event="prices", data={"instruments": quoted})
    return quoted

"""What this app does in the background."""

import logging

from celery import shared_task

from markets import feeds
from markets.exchanges import FeedError

logger = logging.getLogger(__name__)


@shared_task(name="markets.tasks.collect_prices")
def collect_prices() -> None:
    """Bring candles and tickers up to now. Safe to run twice at once."""
    try:
        feeds.collect()
    except FeedError as error:  # the next collection is seconds away, and prices show their age meanwhile
        logger.warning("%s", error)

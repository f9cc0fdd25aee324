"""Whether an exchange tells its prices by itself. While it does, it is asked for them once in a while only."""

from django.conf import settings
from django.core.cache import cache


def note_price_line(exchange_id: str, *, stands: bool) -> None:
    """Whether the exchange tells its prices by itself from now on; what nobody says again is over soon."""
    if stands:
        cache.set(_stands(exchange_id), 1, settings.STREAM_SILENCE_SECONDS)
    else:
        cache.delete(_stands(exchange_id))


def need_not_ask(exchange_id: str) -> bool:
    """Whether the exchange tells its prices by itself and was asked within the time after which it is checked."""
    if cache.get(_stands(exchange_id)) is None:
        return False
    return not cache.add(f"markets:checked:{exchange_id}", 1, settings.PRICE_CHECK_SECONDS)


def _stands(exchange_id: str) -> str:
    return f"markets:told:{exchange_id}"

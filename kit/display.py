"""How the person who asks wants to see figures: currency, time zone, and whether amounts may be seen at all.

The choice belongs to the request, not to a template: a filter, a chart and a toast must all agree, and an amount that
one of them forgot to mask would be on the page. So it is a context variable that a middleware sets and every
formatter reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Display:
    """`currency` is the asset values are shown in, `timezone` an IANA name, `hide_amounts` the privacy switch.

    `is_exact` keeps every digit of a sentence, as programs want it.
    """

    currency: str = "USDT"
    timezone: str = "UTC"
    hide_amounts: bool = False
    is_exact: bool = False


_display: ContextVar[Display] = ContextVar("moniqo_display", default=Display())  # noqa: B039 - frozen


def current() -> Display:
    """The display of the current request; the defaults outside of one."""
    return _display.get()


@contextmanager
def showing(display: Display) -> Iterator[None]:
    """Format everything in the block the way `display` says."""
    token = _display.set(display)
    try:
        yield
    finally:
        _display.reset(token)

"""How the person who asks wants to see figures: currency, time zone, and whether amounts may be seen at all.

The choice belongs to the request, not to a template: a filter, a chart and a toast must all agree, and an amount that
one of them forgot to mask would be on the page. So it is a context variable that a middleware sets and every
formatter reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

# How numbers are written: what sets thousands apart, and what stands before the decimals.
NUMBERS: Final = {
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": ("\u202f", ","),
    "1 234.56": ("\u202f", "."),
}
# How days are written: a day, a day without its year, and a month.
DATES: Final = {
    "23 Oct 2026": ("%-d %b %Y", "%-d %b", "%b %Y"),
    "2026-10-23": ("%Y-%m-%d", "%m-%d", "%Y-%m"),
    "23.10.2026": ("%d.%m.%Y", "%d.%m.", "%m.%Y"),
    "23/10/2026": ("%d/%m/%Y", "%d/%m", "%m/%Y"),
    "10/23/2026": ("%m/%d/%Y", "%m/%d", "%m/%Y"),
}


@dataclass(frozen=True, slots=True)
class Display:
    """`currency` is the asset values are shown in, `timezone` an IANA name, `hide_amounts` the privacy switch.

    `numbers` and `dates` are the keys of `NUMBERS` and `DATES`. `is_exact` keeps every digit of a sentence, as programs
    want it.
    """

    currency: str = "USDT"
    timezone: str = "UTC"
    hide_amounts: bool = False
    is_exact: bool = False
    numbers: str = "1,234.56"
    dates: str = "23 Oct 2026"


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

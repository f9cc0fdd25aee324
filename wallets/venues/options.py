"""What operators may set of a platform, and within which bounds: a slip there would be every trader's."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from kit.decimals import parse

# Nobody asks for more; 25 is 0.25 that was meant in another unit.
MAXIMUM_FEE: Final = Decimal("0.1")
# Of the paper exchange: each option with the least and the most that it may be.
PAPER: Final[Mapping[str, tuple[Decimal, Decimal]]] = {
    "slippage_bps": (Decimal(0), Decimal(10_000)),
    "impact_bps": (Decimal(0), Decimal(10_000)),
    "maximum_bps": (Decimal(0), Decimal(10_000)),
    "depth": (Decimal(1), Decimal(10) ** 18),
    "latency_ms": (Decimal(0), Decimal(60_000)),
    "latency_spread": (Decimal(0), Decimal(2)),
    "queue": (Decimal(0), Decimal(1)),
}
_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9_]*")


def require_paper(options: Mapping[str, str]) -> None:
    """Raise ValueError, with a sentence, for options that the paper exchange does not have, or cannot use."""
    for name, value in options.items():
        if name not in PAPER:
            raise ValueError(f"There is no option {name}: choose among {', '.join(PAPER)}.")
        least, most = PAPER[name]
        try:
            fits = least <= parse(value) <= most
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"{name} has to be a number from {least:f} to {most:f}.")


def require_names(options: Mapping[str, str]) -> None:
    """Raise ValueError, with a sentence, for names that no option of an exchange's has."""
    if wrong := [name for name in options if not _NAME.fullmatch(name)]:
        raise ValueError(f"{wrong[0]} is no name of an option: letters, digits and _ make one.")

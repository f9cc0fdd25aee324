"""The assumptions of a backtest, all of them explicit, each an option.

The defaults are the pessimistic ones: fills at the next open, gaps at the open, taker fees on everything that takes.
`fill="signal_close"` and `gap="stop"` exist to reproduce the numbers of tools that assume them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, get_args

from quant.errors import ParameterError

Fill = Literal["next_open", "signal_close"]
Gap = Literal["open", "stop"]
SizeKind = Literal["units", "fraction", "risk", "volatility"]
SIZE_KINDS: Final[tuple[SizeKind, ...]] = get_args(SizeKind)


@dataclass(frozen=True)
class Size:
    """How large an entry is before the strategy's own weight.

    units       `amount` of the base asset; refused, not cut, when it cannot be paid
    fraction    `amount` × equity, the entry fee included
    risk        such that the way from the fill to the stop costs `amount` × equity; refused without a stop
    volatility  such that the position moves `amount` (per year) × equity by its own recent volatility
    """

    kind: SizeKind
    amount: float

    def __post_init__(self) -> None:
        if self.kind not in SIZE_KINDS:
            raise ParameterError(f"Size entries by one of {', '.join(SIZE_KINDS)}: {self.kind!r} is none of them.")
        if not (self.amount > 0 and math.isfinite(self.amount)):
            raise ParameterError(f"Give the size {self.kind} a positive amount: {self.amount:g} is not.")

    @classmethod
    def parse(cls, text: str) -> Size:
        """From "units:1", "fraction:0.5", "risk:0.01" or "volatility:0.2"."""
        kind, _, amount = text.partition(":")
        try:
            return cls(kind, float(amount))  # type: ignore[arg-type]  # checked on construction
        except ValueError as error:
            if isinstance(error, ParameterError):
                raise
            raise ParameterError(f"Write the size as kind:amount, such as fraction:0.5: {text!r} is not.") from None


@dataclass(frozen=True)
class Market:
    """The market that an agent trades, and what is set aside beside the fee of a purchase (a share of its price).

    With one a run is what the agent does on paper. It only goes long, in whole lots of at least `minimum` (quote), and
    its levels stand on the tick. At an open it sends one order: who leaves does not enter again, and who would enter
    beyond a stop or a target does not. What a bar said before a gap nobody acts on. All that leaves, leaves at the
    market, so targets pay the taker fee too.
    """

    lot: Decimal
    tick: Decimal
    minimum: Decimal
    cushion: Decimal

    def __post_init__(self) -> None:
        if not (self.lot.is_finite() and self.tick.is_finite() and self.lot > 0 and self.tick > 0):
            raise ParameterError("Give a market a lot and a tick above zero.")
        if not (self.minimum.is_finite() and self.minimum >= 0 and 0 <= self.cushion < 1):
            raise ParameterError("Give a market a smallest order of zero or more, and a cushion from 0 to below 1.")


@dataclass(frozen=True)
class Config:
    """Everything a run assumes. Rates are fractions, money is in quote.

    `volume_cap` is the most of a bar's volume that may be filled, None for no limit. `max_entries` above 1 allows
    pyramiding. `volatility_window` is the number of bars whose closes estimate volatility for `Size` "volatility".
    `market` lets one instrument be traded as an agent would.

    Nobody calls the margin: on shorts and leverage equity may fall below zero. The position is held on, and entries are
    refused until equity is positive again.
    """

    cash: float = 10_000.0
    taker_fee: float = 0.001
    maker_fee: float = 0.001
    slippage: float = 0.0
    size: Size = Size("fraction", 1.0)
    fill: Fill = "next_open"
    gap: Gap = "open"
    volume_cap: float | None = None
    leverage: float = 1.0
    max_entries: int = 1
    volatility_window: int = 30
    market: Market | None = None

    def __post_init__(self) -> None:
        limits = (
            ("cash", self.cash > 0, "Start with positive cash."),
            ("taker_fee", 0 <= self.taker_fee < 1, "Give the fee as a fraction from 0 to below 1."),
            ("slippage", 0 <= self.slippage < 1, "Give the slippage as a fraction from 0 to below 1."),
            (
                "maker_fee",
                -0.01 <= self.maker_fee < 1,
                "Give the maker fee as a fraction below 1, no lower than a rebate of -0.01.",
            ),
            ("fill", self.fill in get_args(Fill), f"Choose a fill of {' or '.join(get_args(Fill))}."),
            ("gap", self.gap in get_args(Gap), f"Choose a gap of {' or '.join(get_args(Gap))}."),
            (
                "volume_cap",
                self.volume_cap is None or 0 < self.volume_cap <= 1,
                "Give the volume cap as a share above 0, up to 1.",
            ),
            ("leverage", self.leverage > 0, "Give a positive leverage; 1 trades with own money only."),
            ("max_entries", self.max_entries >= 1, "Allow at least one entry per position."),
            ("volatility_window", self.volatility_window >= 2, "Estimate volatility from at least two bars."),
        )
        for field, holds, message in limits:
            if not holds:
                raise ParameterError(message, field)

"""What a plan by method is asked for: the method, what it wants to know, the days to look at, what it must keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from kit.decimals import plain
from kit.errors import InvalidInputError
from portfolio.allocation.methods import CHOICES

ZERO: Final = Decimal(0)
FEWEST_BACK: Final = 2
MOST_BACK: Final = 730
USUAL_BACK: Final = 90


@dataclass(frozen=True, slots=True)
class Bound:
    """What one target must keep: fractions of the capital, and the most it can take in the base asset."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    capacity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What all weights must keep, fractions of the capital; `bounds` are of single targets and come first.

    `minimum_history` in days: who has fewer is left as it is. Who is below the yearly `minimum_sharpe` gets nothing.
    """

    minimum: Decimal = ZERO
    maximum: Decimal = Decimal(1)
    cash_reserve: Decimal = ZERO
    turnover: Decimal | None = None
    minimum_history: int = 0
    minimum_sharpe: Decimal | None = None
    bounds: Mapping[UUID, Bound] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish for weights. `options` are those of `quant.allocation.Options` by name."""

    method: str
    back: int = USUAL_BACK
    options: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()

    def check(self) -> "Asked":
        """Itself. Raises InvalidInputError for a method that there is not, and for numbers that make no sense."""
        if self.method not in CHOICES:
            told = f"Choose one of {', '.join(CHOICES)}."
            raise InvalidInputError(told, fields={"method": "Not one of these."})
        if not FEWEST_BACK <= self.back <= MOST_BACK:
            told = f"Look back {FEWEST_BACK} to {MOST_BACK} days."
            raise InvalidInputError(told, fields={"days": told})
        if self.limits.minimum > self.limits.maximum:
            told = "The least weight is above the most."
            raise InvalidInputError(told, fields={"minimum": told})
        return self

    @property
    def as_json(self) -> dict[str, Any]:
        """For the record of the plan: what was asked for, amounts exact."""
        limits = self.limits
        told = {
            name: _plain(getattr(limits, name))
            for name in ("minimum", "maximum", "cash_reserve", "turnover", "minimum_history", "minimum_sharpe")
        }
        bounds = {
            str(wallet): {name: _plain(getattr(bound, name)) for name in ("minimum", "maximum", "capacity")}
            for wallet, bound in limits.bounds.items()
        }
        return {
            "options": {name: _plain(value) for name, value in self.options.items()},
            "days": self.back,
            "constraints": told | {"targets": bounds},
        }


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value

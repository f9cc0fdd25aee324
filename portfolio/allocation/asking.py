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
# The names of what is asked for, as it is kept and as programs send it.
AMOUNTS: Final = ("minimum", "maximum", "cash_reserve", "turnover", "minimum_sharpe", "maximum_risk_score")
OF_ONE: Final = ("minimum", "maximum", "capacity", "maximum_risk_score")
FILTERS: Final = ("kinds", "statuses")


@dataclass(frozen=True, slots=True)
class Bound:
    """What one target must keep: fractions of the capital, the most it can take in the base asset, its risk score."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    capacity: Decimal | None = None
    maximum_risk_score: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What all weights must keep, fractions of the capital; `bounds` are of single targets and come first.

    `minimum_history` in days: who has fewer is left as it is. Who is below the yearly `minimum_sharpe`, or whose risk
    score (0 to 100) is above `maximum_risk_score`, gets nothing. `kinds` and `statuses` are filters: who is of none of
    them is left as it is; empty lets everybody in.
    """

    minimum: Decimal = ZERO
    maximum: Decimal = Decimal(1)
    cash_reserve: Decimal = ZERO
    turnover: Decimal | None = None
    minimum_history: int = 0
    minimum_sharpe: Decimal | None = None
    maximum_risk_score: Decimal | None = None
    kinds: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    bounds: Mapping[UUID, Bound] = field(default_factory=dict)

    def risk_of(self, wallet_id: UUID) -> Decimal | None:
        """The highest risk score that this wallet may have; its own bound comes first."""
        own = self.bounds.get(wallet_id)
        return self.maximum_risk_score if own is None or own.maximum_risk_score is None else own.maximum_risk_score

    @property
    def looks_at_risk(self) -> bool:
        return self.maximum_risk_score is not None or any(
            one.maximum_risk_score is not None for one in self.bounds.values()
        )


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
            raise InvalidInputError(told, fields={"constraints.minimum": told})
        return self

    @property
    def as_json(self) -> dict[str, Any]:
        """For the record of the plan: what was asked for, amounts exact."""
        limits = self.limits
        told = {name: _plain(getattr(limits, name)) for name in (*AMOUNTS, "minimum_history")}
        told |= {name: list(getattr(limits, name)) for name in FILTERS}
        bounds = {
            str(wallet): {name: _plain(getattr(bound, name)) for name in OF_ONE}
            for wallet, bound in limits.bounds.items()
        }
        return {
            "options": {name: _plain(value) for name, value in self.options.items()},
            "days": self.back,
            "constraints": told | {"targets": bounds},
        }

    @classmethod
    def of_json(cls, method: str, told: Mapping[str, Any]) -> "Asked":
        """What `as_json` has told."""
        given = told["constraints"]
        named: dict[str, Any] = {name: tuple(given.get(name, ())) for name in FILTERS}
        named |= {name: _read(given.get(name)) for name in AMOUNTS}
        limits = Limits(
            minimum_history=given["minimum_history"],
            bounds={
                UUID(wallet): Bound(**{name: _read(bound.get(name)) for name in OF_ONE})
                for wallet, bound in given["targets"].items()
            },
            **named,
        )
        return cls(method, told["days"], told["options"], limits)


def _read(text: str | None) -> Any:
    return None if text is None else Decimal(text)


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value

"""How an exposure stands against limits: what is measured, how near it is, and what would help. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any, Final
from uuid import UUID

from kit.sentences import Sentence, amount, money, sentence, share
from portfolio.exposure.levels import INFINITE, Level, level_of, usage_of
from portfolio.exposure.measuring import ZERO, Exposure, Slice
from portfolio.exposure.models import ExposureLevel, ExposureLimit

Kind = ExposureLimit.Kind
# Quantities and amounts are suggested with so many decimals, rounded so that they are enough.
STEP: Final = Decimal("1e-8")
SHOWN: Final = Decimal("1e-4")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a limit looks at. `amount` is in the scope's base, `measured` that as a fraction of net value.

    Both are None where that is not known now. `usage` is of the limit (`portfolio.exposure.levels`).
    """

    subject: str
    name: str
    amount: Decimal | None
    measured: Decimal | None
    usage: Decimal | None
    of: Slice | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A measure beside its limit, the level that it has now, since when, and what its breach has done.

    `excess` is how much is too much, of a floor how much is missing, in `base`; below zero it is what is left until
    then. `held` are the wallets that it holds, as `holder`, where somebody has looked. `is_idle`: it is a
    limit of leverage that spot alone cannot reach.
    """

    limit: ExposureLimit
    measure: Measure
    level: Level
    base: str
    excess: Decimal | None
    since: datetime | None
    holder: str = ""
    held: Sequence[UUID] = ()
    is_idle: bool = False

    @property
    def word(self) -> str:
        return self.level.word

    @property
    def chip(self) -> str:
        """The colour of the level."""
        return {Level.OK: "ok", Level.BREACH: "bad"}.get(self.level, "warn")

    @property
    def exact(self) -> str:
        """What is measured with every digit, for whoever reckons again."""
        return "" if self.measure.measured is None else f"{self.measure.measured:f}"

    @property
    def what(self) -> str:
        """What is limited, in words."""
        name = self.measure.name
        return {
            Kind.ASSET: f"Share of {name}",
            Kind.VENUE: f"Share at {name}",
            Kind.LEVERAGE: "Leverage",
            Kind.STABLE: "Stable coins",
        }[Kind(self.limit.kind)]

    @property
    def suggestion(self) -> Sentence:
        """What would keep the limit, or how much is left of it."""
        if self.measure.usage is None:
            return Sentence("Not known now: nobody says a price. It counts as it was last.")
        if self.excess is None:
            return Sentence("There is no net value to carry it: close positions or bring money in.")
        if self.excess > 0:
            return _remedy(self.limit, self.measure, self.excess, self.base)
        if self.is_idle:
            return Sentence("Nothing but spot is held, whose leverage is never above 1: it has no effect until then.")
        left = money((-self.excess).quantize(STEP), self.base)
        if self.level == Level.BREACH:
            back = share((1 - self.limit.margin).quantize(SHOWN))
            return sentence("It is kept again; the breach is over below {back} of the limit.", back=back)
        return sentence(
            "{left} less and it is reached." if self.limit.is_floor else "{left} more and it is reached.", left=left
        )


def _remedy(limit: ExposureLimit, measure: Measure, excess: Decimal, base: str) -> Sentence:
    """`Sell 0.3 BTC or raise the limit.`"""
    worth = money(excess.quantize(STEP, ROUND_UP), base)
    if limit.kind == Kind.ASSET and measure.of is not None and measure.of.price:
        much = amount((excess / measure.of.price).quantize(STEP, ROUND_UP), measure.subject)
        return sentence(
            "{verb} {much} or raise the limit.", verb="Sell" if measure.of.net > 0 else "Buy back", much=much
        )
    if limit.kind == Kind.VENUE:
        return sentence("Move {worth} away from {name} or raise the limit.", worth=worth, name=measure.name)
    if limit.kind == Kind.STABLE:
        return sentence("Turn {worth} into stable coins or lower the floor.", worth=worth)
    return sentence("Close positions of {worth} or raise the limit.", worth=worth)


def standing_of(limit: ExposureLimit, exposure: Exposure, known: Mapping[str, ExposureLevel]) -> tuple[Standing, ...]:
    """How the exposure stands against the limit, a row per subject, the nearest first; `known` are its levels so far.

    What was known of a subject that is not there any more is measured as nothing.
    """
    found = {one.subject: one for one in measures(limit, exposure)}
    for subject in known.keys() - found.keys():
        found[subject] = _measure(limit, exposure, subject, subject, ZERO)
    rows = []
    is_idle = limit.kind == Kind.LEVERAGE and limit.bound >= 1 and not any(part.symbol for part in exposure.parts)
    for measure in found.values():
        before = known.get(measure.subject)
        level = level_of(measure.usage, before=Level(before.level) if before else Level.OK, margin=limit.margin)
        since = before.since if before and before.level == level else None
        rows.append(
            Standing(
                limit, measure, level, exposure.base, _excess(limit, measure, exposure), since,
                before.holder if before else "", is_idle=is_idle,
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.level, -(row.measure.usage or ZERO), row.measure.name)))


def measures(limit: ExposureLimit, exposure: Exposure) -> list[Measure]:
    """What the limit looks at in the exposure: its one subject, or each that there is."""
    if limit.kind == Kind.LEVERAGE:
        return [_measure(limit, exposure, "", "", exposure.gross)]
    if limit.kind == Kind.STABLE:
        return [_measure(limit, exposure, "", "", exposure.stable)]
    slices = exposure.by_asset if limit.kind == Kind.ASSET else exposure.venues
    found = [
        _measure(limit, exposure, one.key, one.name, abs(one.net) if limit.kind == Kind.ASSET else one.value, one)
        for one in slices
    ]
    if limit.kind == Kind.ASSET:
        found = [one for one in found if one.subject not in exposure.unpriced]
        found += [Measure(asset, asset, None, None, None) for asset in exposure.unpriced]
    if limit.subject:
        found = [one for one in found if one.subject == limit.subject]
        found = found or [_measure(limit, exposure, limit.subject, limit.subject, ZERO)]
    return found


def concerned(limit: ExposureLimit, subject: str, exposure: Exposure) -> set[UUID]:
    """The masters whose wallets have what the limit is about; of a floor all that have anything."""
    return {
        part.root_id
        for part in exposure.parts
        if limit.kind == Kind.STABLE
        or (limit.kind == Kind.VENUE and part.venue == subject)
        or (part.exposed and (limit.kind == Kind.LEVERAGE or (limit.kind == Kind.ASSET and part.underlying == subject)))
    }


def _measure(
    limit: ExposureLimit, exposure: Exposure, subject: str, name: str, value: Decimal, of: Slice | None = None
) -> Measure:
    if not exposure.now.is_known:
        return Measure(subject, name, None, None, None, of)
    measured = exposure.share(value)
    usage = usage_of(measured, limit.bound, is_floor=limit.is_floor)
    if measured is None and value > 0 and not limit.is_floor:
        usage = INFINITE  # something is at risk, and nothing is there to carry it
    elif measured is None and not value:
        usage = ZERO
    return Measure(subject, name, value, measured, usage, of)


def _excess(limit: ExposureLimit, measure: Measure, exposure: Exposure) -> Decimal | None:
    if measure.amount is None or measure.measured is None:
        return None if measure.usage else ZERO
    allowed: Decimal = limit.bound * exposure.now.equity
    return allowed - measure.amount if limit.is_floor else measure.amount - allowed


def rows_of(standings: Sequence[Standing]) -> list[dict[str, Any]]:
    """Standings as programs are told them."""
    return [
        {
            "limit_id": one.limit.pk, "kind": one.limit.kind, "subject": one.measure.subject, "name": one.measure.name,
            "measured": one.measure.measured, "limit": one.limit.bound,
            "usage": None if one.measure.usage in (None, INFINITE) else one.measure.usage,
            "level": one.word, "since": one.since, "suggestion": one.suggestion.exact,
            "held_wallets": list(one.held),
        }
        for one in standings
    ]  # fmt: skip
